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
#include <assert.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/publish.h"
#include "feedmill/render.h"
#include "feedmill/rounds.h"
#include "feedmill/store.h"

#define WINDOW_MS	INT64_C(172800000)	/* 48 hours */

enum {
	WINDOW_FACTOR = 4,	/* bound of the window, in times of entries */
	FORMATS_MAX = 8,
	GZIP_LEVEL = 6,
	CHUNK_BYTES = 65536,
	HEAD_BYTES = 8192	/* about what begin and end append */
};

/* ----------------------------------------------------------- the reader's */

/* Where one item is in the buffers, and its place in the outlet. */
struct place {
	int64_t		 effective_ms, seq;
	size_t		 from[FORMATS_MAX], to[FORMATS_MAX];
};

/* One outlet being collected. */
struct window {
	const struct config_outlet *outlet;
	struct outlet_head head;
	struct buf	 items[FORMATS_MAX];	/* rendered, as they came */
	struct place	*places;
	size_t		 count, size;
	int64_t		 newest_ms;		/* announced */
	struct selection selection;
};

struct publishing {
	struct round	 round;
	int64_t		*reached;	/* per outlet; -1: failed */
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
	struct item item = record_item(r);
	struct place *place;

	if (w->count == 0)
		w->newest_ms = r->announced_ms;
	if (w->count >= (size_t)w->outlet->entries &&
	    r->announced_ms < w->newest_ms - WINDOW_MS)
		return 1;
	place = add_place(w);
	place->effective_ms = r->effective_ms;
	place->seq = r->seq;
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
collect(struct store_reader *reader, const struct config *config,
    struct window *w, struct err *err)
{
	struct store_filter filter = { 0 };

	if (selection_load(&w->selection, reader, config, w->outlet->tags,
	    w->outlet->sources, SELECT_PUBLISHED, err) == -1)
		return -1;
	w->head.sources = w->selection.shown;
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
join(struct buf *b, struct window *w, int i)
{
	const struct render_format *format = &render_formats[i];

	buf_reserve(b, w->items[i].len + w->count * strlen(format->between) +
	    HEAD_BYTES);
	format->begin(b, &w->head);
	for (size_t n = 0; n < w->count; n++) {
		const struct place *p = &w->places[n];

		if (n > 0)
			buf_puts(b, format->between);
		if (format->before != NULL)
			format->before(b, &w->head, p->effective_ms,
			    n > 0 ? &p[-1].effective_ms : NULL);
		buf_append(b, w->items[i].data + p->from[i],
		    p->to[i] - p->from[i]);
	}
	format->end(b);
	buf_fini(&w->items[i]);
}

/* ---------------------------------------------------------------- writing */

static int
holds(int fd, const struct buf *b)
{
	char chunk[CHUNK_BYTES];
	size_t at = 0;
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		if (b->len - at < (size_t)n ||
		    memcmp(b->data + at, chunk, (size_t)n) != 0)
			return 0;
		at += (size_t)n;
	}
	return n == 0 && at == b->len;
}

/* Is exactly this in the file? */
static int
is_there(int dirfd, const char *name, const struct buf *b)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int same;

	if (fd == -1)
		return 0;
	same = holds(fd, b);
	close(fd);
	return same;
}

/* RFC 1952 with no time in it: the same bytes for the same document. */
static void
compress(struct buf *out, const struct buf *b)
{
	struct libdeflate_compressor *z;
	size_t bound;

	z = libdeflate_alloc_compressor(GZIP_LEVEL);
	assert(z != NULL);
	bound = libdeflate_gzip_compress_bound(z, b->len);
	buf_reserve(out, bound);
	out->len = libdeflate_gzip_compress(z, b->data, b->len, out->data,
	    bound);
	assert(out->len > 0);
	libdeflate_free_compressor(z);
}

/*
 * The twin goes first: if the document is the new one, so is its twin, and
 * a run that was killed between the two is seen by the next.
 */
static int
write_file(struct publishing *p, int dirfd, const char *name,
    const struct buf *b, struct err *err)
{
	struct buf gz = { 0 }, gz_name = { 0 };
	int rc = 0;

	buf_printf(&gz_name, "%s.gz", name);
	if (is_there(dirfd, name, b) &&
	    faccessat(dirfd, buf_str(&gz_name), F_OK, 0) == 0)
		goto out;
	compress(&gz, b);
	rc = file_put(dirfd, buf_str(&gz_name), gz.data, gz.len, err);
	if (rc == 0)
		rc = file_put(dirfd, name, b->data, b->len, err);
	if (rc == 0)
		rc = file_sync_dir(dirfd, name, err);
	if (rc == 0)
		p->files++;
out:
	buf_fini(&gz);
	buf_fini(&gz_name);
	return rc;
}

static int
write_outlet(struct publishing *p, struct window *w, int dirfd,
    struct err *err)
{
	int rc = 0;

	for (int i = 0; render_formats[i].ending != NULL && rc == 0; i++) {
		const struct render_format *format = &render_formats[i];
		struct buf self = { 0 }, name = { 0 }, b = { 0 };

		if (!is_wanted(w->outlet, format))
			continue;
		render_self_url(&self, w->outlet, format);
		w->head.self = buf_str(&self);
		buf_printf(&name, "%s%s", w->outlet->name, format->ending);
		join(&b, w, i);
		rc = write_file(p, dirfd, buf_str(&name), &b, err);
		buf_fini(&b);
		buf_fini(&name);
		buf_fini(&self);
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
    const struct config_outlet *outlet, struct err *err)
{
	struct window w = { .outlet = outlet };
	struct buf directory = { 0 };
	char uuid[UUID_TEXT_SIZE];
	int dirfd = -1, rc = -1;

	if (store_outlet_uuid(reader, outlet->name, uuid, err) == -1)
		goto out;
	w.head = (struct outlet_head){
		.uuid = uuid, .title = outlet->title,
		.subtitle = outlet->subtitle, .language = outlet->language,
		.url = outlet->url, .hub = outlet->hub,
		.updated_ms = DATE_NONE, .content = outlet->content,
		.name = outlet->name, .formats = outlet->formats,
		.has_status = p->round.config->http.enabled &&
		    p->round.config->http.status,
	};
	render_directory(&directory, p->round.config, outlet->directory);
	dirfd = file_open_dir(buf_str(&directory), err);
	if (dirfd == -1)
		goto out;
	rc = collect(reader, p->round.config, &w, err);
	if (rc == 0)
		rc = write_outlet(p, &w, dirfd, err);
out:
	if (dirfd != -1)
		close(dirfd);
	buf_fini(&directory);
	window_fini(&w);
	return rc;
}

static void
run(struct store_reader *reader, struct round *round)
{
	struct publishing *p = (struct publishing *)round;
	int64_t last = store_last_seq(reader);

	for (size_t i = 0; i < round->config->outlets_count; i++) {
		const struct config_outlet *o = &round->config->outlets[i];
		struct err err = { 0 };

		p->reached[i] = last;
		if (publish_outlet(p, reader, o, &err) == -1) {
			p->reached[i] = -1;
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
	p->reached = xcalloc(round->config->outlets_count + 1,
	    sizeof(*p->reached));
}

static void
tell(struct publish *publish, const struct publishing *p)
{
	const struct config *config = p->round.config;
	struct published result = { .files = p->files };

	for (size_t i = 0; i < config->outlets_count; i++) {
		if (p->reached[i] != -1)
			store_mark_outlet(publish->store,
			    config->outlets[i].name, p->reached[i]);
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
	free(p->reached);
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
