/*
 * publish.c - see publish.h.
 *
 * When a round is due, and on which thread it runs, is rounds.h's; here is
 * what it does: for each outlet collect its window, rendering each item as it
 * comes, put the items in order, join them, and write what changed.
 *
 * What is rendered does not depend on the time of rendering: the 48 hours of
 * the window count back from the newest announcement, not from now.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/delta.h"
#include "feedmill/publish.h"
#include "feedmill/render.h"
#include "feedmill/rounds.h"
#include "feedmill/store.h"
#include "publish_notes.h"
#include "publish_pages.h"
#include "publish_write.h"

#define WINDOW_MS	INT64_C(172800000)	/* 48 hours */

enum {
	TOMBSTONES_SHOWN = 100,	/* the latest, at most */
	WINDOW_FACTOR = 4,	/* bound of the window, in times of entries */
	FORMATS_MAX = 8,
	HEAD_BYTES = 8192	/* about what begin and end append */
};

/* ----------------------------------------------------------- the reader's */

/* Where one item is in the buffers, and its place in the outlet. */
struct place {
	int64_t		 effective_ms, seq, entry_id;
	size_t		 from[FORMATS_MAX], to[FORMATS_MAX];
};

/* One outlet being collected. */
struct window {
	const struct config *config;
	const struct config_outlet *outlet;
	struct outlet_head head;
	struct buf	 items[FORMATS_MAX];	/* rendered, as they came */
	struct place	*places;
	size_t		 count, size;
	int64_t		 newest_ms;		/* announced */
	int64_t		 last_seq, pages;	/* of the database; sealed */
	struct selection selection;
};

struct publishing {
	struct round	 round;
	struct published_outlet *outlets;	/* of the configuration */
	struct pages	*pages;		/* per outlet */
	unsigned	 files;
};

static int
is_wanted(const struct config_outlet *outlet, const struct render_format *f)
{
	return f->ending != NULL && (outlet->formats & f->bit) != 0;
}

static struct place *
add_place(struct window *w)
{
	if (w->count == w->size) {
		w->size = w->size * 2 + 64;
		w->places = xrealloc(w->places,
		    w->size * sizeof(*w->places));
	}
	return &w->places[w->count++];
}

/* Records come newest announcement first. */
static int
take_record(const struct record *r, void *arg)
{
	struct window *w = arg;
	struct item item = record_item(r, w->config);
	struct place *place;

	if (w->count == 0)
		w->newest_ms = r->announced_ms;
	if (w->count >= (size_t)w->outlet->entries &&
	    r->announced_ms < w->newest_ms - WINDOW_MS)
		return 1;
	place = add_place(w);
	place->effective_ms = r->effective_ms;
	place->seq = r->seq;
	place->entry_id = r->entry_id;
	if (w->head.updated_ms == DATE_NONE ||
	    r->updated_ms > w->head.updated_ms)
		w->head.updated_ms = r->updated_ms;
	for (int i = 0; render_formats[i].ending != NULL; i++) {
		place->from[i] = w->items[i].len;
		if (is_wanted(w->outlet, &render_formats[i]))
			render_formats[i].item(&w->items[i], &w->head,
			    &item);
		place->to[i] = w->items[i].len;
	}
	return 0;
}

static int
compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->effective_ms != y->effective_ms)
		return x->effective_ms < y->effective_ms ? 1 : -1;
	return (x->seq < y->seq) - (x->seq > y->seq);
}

static int
collect(struct store_reader *reader, struct window *w, struct err *err)
{
	struct store_filter filter = { 0 };

	/* No ids at all would be a filter that takes every source. */
	if (w->selection.count == 0)
		return 0;
	filter.source_ids = w->selection.ids;
	filter.limit = (unsigned)w->outlet->entries * WINDOW_FACTOR;
	if (store_each_record(reader, &filter, 1, take_record, w, err) == -1)
		return -1;
	if (w->count > 0)
		qsort(w->places, w->count, sizeof(*w->places),
		    compare_places);
	return 0;
}

/* The pieces are let go: two copies of a large outlet are enough. */
static void
join(struct buf *b, struct window *w, int i, struct delta *notes)
{
	const struct render_format *format = &render_formats[i];

	buf_reserve(b, w->items[i].len + w->count * strlen(format->between) +
	    HEAD_BYTES);
	format->begin(b, &w->head);
	notes->head = b->len;
	for (size_t n = 0; n < w->count; n++) {
		const struct place *p = &w->places[n];

		if (n > 0)
			buf_puts(b, format->between);
		if (format->before != NULL)
			format->before(b, &w->head, p->effective_ms,
			    n > 0 ? &p[-1].effective_ms : NULL);
		buf_append(b, w->items[i].data + p->from[i],
		    p->to[i] - p->from[i]);
		if (format->has_delta)
			delta_add(notes, p->entry_id, p->seq,
			    w->items[i].data + p->from[i],
			    p->to[i] - p->from[i]);
	}
	if (format->after != NULL && w->count > 0)
		format->after(b, &w->head,
		    w->places[w->count - 1].effective_ms);
	format->end(b);
	notes->digest = hash_128(b->data, b->len);
	buf_fini(&w->items[i]);
}

/* The document is changed by them, too. */
static int
take_tombstone(const struct tombstone *t, void *arg)
{
	struct window *w = arg;
	struct arena *arena = &w->selection.arena;
	struct outlet_tombstone *stone = arena_zalloc(arena, sizeof(*stone));

	stone->uuid = arena_strdup(arena, t->uuid);
	stone->at_ms = t->at_ms;
	stone->next = w->head.tombstones;
	w->head.tombstones = stone;
	if (w->head.updated_ms == DATE_NONE ||
	    t->at_ms > w->head.updated_ms)
		w->head.updated_ms = t->at_ms;
	return 0;
}

static int
collect_tombstones(struct store_reader *reader, struct window *w,
    struct err *err)
{
	const struct tombstone_filter filter = {
		.source_ids = w->selection.ids, .limit = TOMBSTONES_SHOWN,
		.with_expired = w->outlet->tombstones == TOMBSTONES_ALL,
	};

	if (w->selection.count == 0 || !(w->outlet->formats & OUTLET_ATOM) ||
	    w->outlet->tombstones == TOMBSTONES_NONE)
		return 0;
	return store_each_tombstone(reader, &filter, take_tombstone, w, err);
}

/* ---------------------------------------------------------------- writing */

/* The newest page is where the outlet's Atom document goes on. */
static int
seal_pages(struct publishing *p, struct store_reader *reader,
    const struct window *w, int dirfd, struct pages *pages, struct buf *url,
    struct err *err)
{
	const struct paging paging = {
		.reader = reader, .config = w->config, .outlet = w->outlet,
		.head = &w->head, .ids = w->selection.ids, .dirfd = dirfd,
	};

	if ((w->outlet->formats & OUTLET_ATOM) == 0)
		return 0;
	if (pages_seal(&paging, pages, &p->files, err) == -1)
		return -1;
	p->round.later |= pages->more;
	if (pages->count > 0)
		render_page_url(url, w->outlet, pages->count);
	return 0;
}

static int
write_document(struct publishing *p, struct window *w, int i, int dirfd,
    struct err *err)
{
	const struct render_format *format = &render_formats[i];
	struct delta notes = { .seq = w->last_seq };
	struct buf self = { 0 }, name = { 0 }, b = { 0 };
	int rc = 0;

	if (format->bit == OUTLET_ATOM)
		notes.page = w->pages;
	render_self_url(&self, w->outlet, format);
	w->head.self = buf_str(&self);
	buf_printf(&name, "%s%s", w->outlet->name, format->ending);
	join(&b, w, i, &notes);
	if (format->has_delta)
		rc = notes_put(dirfd, buf_str(&name), &notes, err);
	if (rc == 0)
		rc = publish_write(dirfd, buf_str(&name), &b, &p->files, err);
	delta_fini(&notes);
	buf_fini(&b);
	buf_fini(&name);
	buf_fini(&self);
	return rc;
}

static int
write_outlet(struct publishing *p, struct window *w, int dirfd,
    unsigned *changed, struct err *err)
{
	int rc = 0;

	for (int i = 0; render_formats[i].ending != NULL && rc == 0; i++) {
		unsigned before = p->files;

		if (!is_wanted(w->outlet, &render_formats[i]))
			continue;
		rc = write_document(p, w, i, dirfd, err);
		if (p->files > before)
			*changed |= render_formats[i].bit;
	}
	return rc;
}

static void
window_fini(struct window *w)
{
	for (int i = 0; i < FORMATS_MAX; i++)
		buf_fini(&w->items[i]);
	free(w->places);
	selection_fini(&w->selection);
}

static int
publish_outlet(struct publishing *p, struct store_reader *reader,
    const struct config_outlet *outlet, struct pages *pages,
    unsigned *changed, struct err *err)
{
	struct window w = { .config = p->round.config, .outlet = outlet };
	struct buf directory = { 0 }, page = { 0 };
	char uuid[UUID_TEXT_SIZE];
	int dirfd = -1, rc = -1;

	if (store_outlet_uuid(reader, outlet->name, uuid, err) == -1 ||
	    store_last_seq(reader, &w.last_seq, err) == -1)
		goto out;
	w.head = (struct outlet_head){
		.uuid = uuid, .title = outlet->title,
		.subtitle = outlet->subtitle, .language = outlet->language,
		.url = outlet->url, .hubs = outlet->hubs,
		.updated_ms = DATE_NONE, .content = outlet->content,
		.name = outlet->name, .formats = outlet->formats,
		.has_status = p->round.config->http.enabled &&
		    p->round.config->http.status,
		.has_search = p->round.config->http.enabled &&
		    p->round.config->http.search,
	};
	render_directory(&directory, p->round.config, outlet->directory);
	dirfd = file_open_dir(buf_str(&directory), err);
	if (dirfd == -1)
		goto out;
	rc = selection_load(&w.selection, reader, p->round.config,
	    outlet->tags, outlet->sources, SELECT_PUBLISHED, err);
	w.head.sources = w.selection.shown;
	/* The page is there before anything points to it. */
	if (rc == 0)
		rc = seal_pages(p, reader, &w, dirfd, pages, &page, err);
	if (page.len > 0)
		w.head.prev_archive = buf_str(&page);
	/* Where some are missing, nothing is told of what is on them. */
	w.pages = pages->more ? 0 : pages->count;
	if (rc == 0)
		rc = collect(reader, &w, err);
	if (rc == 0)
		rc = collect_tombstones(reader, &w, err);
	if (rc == 0)
		rc = write_outlet(p, &w, dirfd, changed, err);
out:
	if (dirfd != -1)
		close(dirfd);
	buf_fini(&directory);
	buf_fini(&page);
	window_fini(&w);
	return rc;
}

static void
told_mark_name(struct buf *b, const char *outlet)
{
	buf_printf(b, "hub:%s", outlet);
}

static int
read_told(struct store_reader *reader, const struct config_outlet *outlet,
    int64_t *ret, struct err *err)
{
	struct buf name = { 0 };
	int rc = 0;

	told_mark_name(&name, outlet->name);
	if (outlet->hubs[0] != NULL)
		rc = store_outlet_seq(reader, buf_str(&name), ret, err);
	buf_fini(&name);
	return rc;
}

static void
run(struct store_reader *reader, struct round *round)
{
	struct publishing *p = (struct publishing *)round;

	for (size_t i = 0; i < round->config->outlets_count; i++) {
		const struct config_outlet *o = &round->config->outlets[i];
		struct published_outlet *done = &p->outlets[i];
		struct err err = { 0 };

		*done = (struct published_outlet){ .outlet = o };
		if (store_last_seq(reader, &done->reached, &err) == -1 ||
		    read_told(reader, o, &done->told, &err) == -1 ||
		    publish_outlet(p, reader, o, &p->pages[i],
		    &done->changed, &err) == -1) {
			done->reached = -1;
			round_fail(round, &err, "outlet", o->name);
		}
	}
}

/* ------------------------------------------------------------- the loop's */

struct publish {
	struct rounds	*rounds;
	struct store	*store;
	publish_done_fn	*done;
	void		*arg;
};

static void
begin(struct round *round, void *arg)
{
	struct publishing *p = (struct publishing *)round;

	(void)arg;
	p->outlets = xcalloc(round->config->outlets_count + 1,
	    sizeof(*p->outlets));
	p->pages = xcalloc(round->config->outlets_count + 1,
	    sizeof(*p->pages));
}

static void
tell(struct publish *publish, const struct publishing *p)
{
	const struct config *config = p->round.config;
	struct published result = {
		.files = p->files, .config = config, .outlets = p->outlets,
		.outlets_count = config->outlets_count,
	};

	for (size_t i = 0; i < config->outlets_count; i++) {
		const char *name = config->outlets[i].name;

		if (p->outlets[i].reached == -1)
			continue;
		pages_mark(publish->store, name, &p->pages[i]);
		store_mark_outlet(publish->store, name,
		    p->outlets[i].reached);
	}
	if (p->round.failed.msg[0] != '\0')
		result.failed = &p->round.failed;
	publish->done(&result, publish->arg);
}

static void
end(struct round *round, void *arg)
{
	struct publishing *p = (struct publishing *)round;

	if (arg != NULL)
		tell(arg, p);
	free(p->outlets);
	free(p->pages);
	free(p);
}

static const struct rounds_kind kind = {
	"publishing", sizeof(struct publishing), begin, run, end
};

struct publish *
publish_new(struct ev_loop *loop, struct store *store, publish_done_fn *done,
    void *arg)
{
	struct publish *p = xcalloc(1, sizeof(*p));

	p->rounds = rounds_new(loop, store, &kind, p);
	p->store = store;
	p->done = done;
	p->arg = arg;
	return p;
}

void
publish_configure(struct publish *p, const struct config *config)
{
	rounds_configure(p->rounds, config);
}

void
publish_touch(struct publish *p)
{
	rounds_touch(p->rounds);
}

void
publish_flush(struct publish *p)
{
	rounds_flush(p->rounds);
}

void
publish_mark_told(struct publish *p, const char *outlet, int64_t seq)
{
	struct buf name = { 0 };

	told_mark_name(&name, outlet);
	store_mark_outlet(p->store, buf_str(&name), seq);
	buf_fini(&name);
}

int
publish_is_idle(const struct publish *p)
{
	return rounds_are_idle(p->rounds);
}

void
publish_free(struct publish *p)
{
	if (p == NULL)
		return;
	rounds_free(p->rounds);
	free(p);
}
