/*
 * pages.c - see pages.h.
 *
 * How many pages an outlet has stands in the database, where the newest ends
 * in its file.  The database hears of a page one commit after it is there.
 * So a page found where the next one would go is looked at first: if
 * everything that was announced up to its end is on it, it is the page, and
 * stays.  Otherwise it belongs to another database, or to a time after a
 * backup, and is replaced.
 *
 * Where the newest page is missing (another folder, a hand that tidied) the
 * pages are gone through again from the first.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/date.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/config.h"
#include "feedmill/render.h"
#include "feedmill/rounds.h"
#include "feedmill/store.h"
#include "pages.h"
#include "write.h"

enum {
	PAGE_ANNOUNCEMENTS = 100,	/* or entries of the outlet, if less */
	/* Written in a round: others wait for the reader, and a first round
	 * of many sources has thousands of announcements. */
	PAGES_MAX = 8,
	/* Nobody does at the end of a single round: who follows the pages is
	 * to find every entry, also after the first of some hundred sources.
	 * After that of thousands the next rounds go on with them. */
	PAGES_LAST_MAX = 128,
	PAGES_MS = 10 * 1000,
	PAGE_BYTES_MAX = 256 << 20
};

/* Of a page, so that its end is among them. */
enum { SEALED_BYTES = 128 };

static const char sealed_at[] = "<!-- sealed at ";

static void
pages_mark_name(struct buf *b, const char *outlet)
{
	buf_printf(b, "pages:%s", outlet);
}

static void
sealed_mark_name(struct buf *b, const char *outlet)
{
	buf_printf(b, "%s%s", store_sealed_mark, outlet);
}

static void
filter_init(struct store_filter *f, const struct paging *g, int64_t after)
{
	*f = (struct store_filter){
		.source_ids = g->selection->ids, .after_seq = after,
		.with_silent = 1, .with_superseded = 1, .share = g->share,
	};
}

/* ------------------------------------------------------- where a page ends */

struct ending {
	const struct selection *selection;
	int64_t		 now_ms;
	unsigned	 count, full;
	int64_t		 seq;		/* 0: not yet */
	int64_t		 last;
	int		 is_due;
};

/* Does retention wait for a page with it? */
static int
is_old(const struct ending *e, const struct store_place *p)
{
	const struct selected *source = selection_find(e->selection,
	    p->source_id);

	return source != NULL && source->keep_s > 0 &&
	    p->announced_ms < e->now_ms - source->keep_s * 1000;
}

static int
find_end(const struct store_place *p, void *arg)
{
	struct ending *e = arg;

	e->count++;
	e->last = p->seq;
	e->is_due |= is_old(e, p);
	if (p->is_silent || e->count == e->full)
		e->seq = p->seq;
	return e->count == e->full;
}

/* ------------------------------------------------------ a page that is there */

struct inspection {
	const char	*text;
	const char	*at;		/* behind the last one found */
	int		 missing;
};

static int
find_entry(const struct record *r, void *arg)
{
	struct inspection *i = arg;
	const char *found = strstr(i->at, r->uuid);

	/* They stand in the same order, but for what was changed since. */
	if (found != NULL)
		i->at = found;
	else
		i->missing = strstr(i->text, r->uuid) == NULL;
	return i->missing;
}

static int64_t
read_sealed_seq(const char *text)
{
	const char *at = strstr(text, sealed_at);

	return at == NULL ? 0 :
	    strtoll(at + sizeof(sealed_at) - 1, NULL, 10);
}

/* 1: this file is the next page, and *ret_seq its end. */
static int
is_next_page(const struct paging *g, const char *name, int64_t after,
    int64_t *ret_seq, struct err *err)
{
	int fd = openat(g->dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	struct buf text = { 0 };
	struct inspection i = { 0 };
	struct store_filter filter;
	struct err ignored;
	int64_t seq, last;
	int rc = 0;

	if (fd == -1)
		return 0;
	if (store_last_seq(g->reader, &last, err) == -1) {
		rc = -1;
		goto out;
	}
	if (file_read_fd(fd, name, PAGE_BYTES_MAX, &text, &ignored) == -1)
		goto out;
	i.text = i.at = buf_str(&text);
	seq = read_sealed_seq(i.text);
	if (seq <= after || seq > last ||
	    strstr(i.text, g->head->uuid) == NULL)
		goto out;
	filter_init(&filter, g, after);
	filter.upto_seq = seq;
	rc = store_each_record(g->reader, &filter, 0, find_entry, &i, err);
	if (rc == 0 && !i.missing) {
		*ret_seq = seq;
		rc = 1;
	}
out:
	close(fd);
	buf_fini(&text);
	return rc;
}

/* -------------------------------------------------------------- a new page */

struct page {
	const struct config *config;
	struct outlet_head head;
	struct buf	 items;
};

static int
add_item(const struct record *r, void *arg)
{
	struct page *page = arg;
	struct item item = record_item(r, page->config);

	if (page->head.updated_ms == DATE_NONE ||
	    r->updated_ms > page->head.updated_ms)
		page->head.updated_ms = r->updated_ms;
	buf_printf(&page->items, "%s%lld%s -->\n", render_page_item,
	    (long long)r->seq, r->is_silent ? render_page_silent : "");
	render_atom_item(&page->items, &page->head, &item);
	return 0;
}

static const struct render_format *
atom_format(void)
{
	const struct render_format *f = render_formats;

	while (f->bit != OUTLET_ATOM)
		f++;
	return f;
}

static int
write_page(const struct paging *g, struct file_batch *batch,
    const char *name, int64_t number, int64_t after, int64_t upto,
    unsigned *files, struct err *err)
{
	struct buf self = { 0 }, previous = { 0 }, current = { 0 }, b = { 0 };
	struct page page = { .config = g->config, .head = *g->head };
	struct store_filter filter;
	int rc;

	page.head.updated_ms = DATE_NONE;
	page.head.hubs = NULL;		/* nothing will be told of it */
	page.head.sealed_seq = upto;
	filter_init(&filter, g, after);
	filter.upto_seq = upto;
	rc = store_each_record(g->reader, &filter, 0, add_item, &page, err);
	render_page_url(&self, g->outlet, number);
	render_self_url(&current, g->outlet, atom_format());
	if (number > 1)
		render_page_url(&previous, g->outlet, number - 1);
	page.head.self = buf_str(&self);
	page.head.current = buf_str(&current);
	page.head.prev_archive = number > 1 ? buf_str(&previous) : NULL;
	render_atom_begin(&b, &page.head);
	buf_append(&b, page.items.data, page.items.len);
	render_atom_end(&b);
	if (rc == 0)
		rc = publish_put(batch, name, &b, files, err);
	buf_fini(&page.items);
	buf_fini(&self);
	buf_fini(&previous);
	buf_fini(&current);
	buf_fini(&b);
	return rc;
}

/* --------------------------------------------------------------------- all */

/* 1: there is one page more. */
static int
seal_next(const struct paging *g, struct pages *pages,
    struct file_batch *batch, unsigned *files, struct err *err)
{
	struct ending e = { .selection = g->selection,
	    .now_ms = clock_wall_ms(), .full = PAGE_ANNOUNCEMENTS };
	struct store_filter filter;
	struct buf name = { 0 };
	int64_t seq;
	int rc;

	if (g->outlet->entries < PAGE_ANNOUNCEMENTS)
		e.full = (unsigned)g->outlet->entries;
	filter_init(&filter, g, pages->seq);
	filter.limit = e.full;
	rc = store_each_place(g->reader, &filter, 0, find_end, &e, err);
	/* All there is: the next is due when the youngest of it is old. */
	if (e.is_due)
		e.seq = e.last;
	if (rc == -1 || e.seq == 0)
		return rc;
	render_page_name(&name, g->outlet->name, pages->count + 1);
	seq = e.seq;
	rc = is_next_page(g, buf_str(&name), pages->seq, &seq, err);
	if (rc == 0)
		rc = write_page(g, batch, buf_str(&name), pages->count + 1,
		    pages->seq, seq, files, err);
	buf_fini(&name);
	if (rc == -1)
		return -1;
	pages->seq = seq;
	pages->count++;
	pages->changed = 1;
	return 1;
}

/* A page that is not there, or is none of this database, is no page. */
static int
recall(const struct paging *g, struct pages *pages, struct err *err)
{
	struct buf mark = { 0 }, name = { 0 };
	char head[SEALED_BYTES + 1] = "";
	int64_t last = 0;
	int fd, rc;

	pages_mark_name(&mark, g->outlet->name);
	rc = store_outlet_seq(g->reader, buf_str(&mark), &pages->count, err);
	if (rc == 0)
		rc = store_last_seq(g->reader, &last, err);
	render_page_name(&name, g->outlet->name, pages->count);
	fd = pages->count == 0 ? -1 : openat(g->dirfd, buf_str(&name),
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	if (fd != -1 && read(fd, head, SEALED_BYTES) > 0)
		pages->seq = read_sealed_seq(head);
	if (pages->seq <= 0 || pages->seq > last)
		*pages = (struct pages){ .changed = pages->count > 0 };
	if (fd != -1)
		close(fd);
	buf_reset(&mark);
	sealed_mark_name(&mark, g->outlet->name);
	if (rc == 0)
		rc = store_outlet_seq(g->reader, buf_str(&mark), &last, err);
	pages->changed |= last != pages->seq;
	buf_fini(&mark);
	buf_fini(&name);
	return rc;
}

/* Those that are found do not count: until the database has heard of them
 * they are found in every round. */
static int
seal_some(const struct paging *g, struct pages *pages,
    struct file_batch *batch, unsigned *files, struct err *err)
{
	unsigned end = *files + (g->is_last ? PAGES_LAST_MAX : PAGES_MAX);
	int64_t late_ms = clock_mono_ms() + PAGES_MS;
	int rc;

	do {
		rc = seal_next(g, pages, batch, files, err);
	} while (rc == 1 && *files < end && clock_mono_ms() < late_ms);
	return rc;
}

int
pages_seal(const struct paging *g, struct pages *pages, unsigned *files,
    struct err *err)
{
	struct file_batch batch = { .dirfd = g->dirfd };
	unsigned begun = *files;
	struct err ignored;
	int rc;

	*pages = (struct pages){ 0 };
	if (recall(g, pages, err) == -1)
		return -1;
	/* No ids at all would be a filter that takes every source. */
	if (g->selection->ids == NULL)
		return 0;
	rc = seal_some(g, pages, &batch, files, err);
	pages->more = rc == 1;
	/* Those before one that cannot be written need not be made again. */
	if (file_batch_flush(&batch, rc == -1 ? &ignored : err) == -1)
		rc = -1;
	if (rc != -1 && *files > begun)
		rc = file_sync_dir(g->dirfd, g->outlet->name, err);
	file_batch_drop(&batch);
	return rc == -1 ? -1 : 0;
}

void
pages_mark(struct store *store, const char *outlet, const struct pages *p)
{
	struct buf name = { 0 };

	if (!p->changed)
		return;
	pages_mark_name(&name, outlet);
	store_mark_outlet(store, buf_str(&name), p->count);
	buf_reset(&name);
	sealed_mark_name(&name, outlet);
	store_mark_outlet(store, buf_str(&name), p->seq);
	buf_fini(&name);
}
