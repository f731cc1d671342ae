/*
 * publish.c - see publish.h.
 *
 * One round at a time.  A round is a struct of its own: it is made on the
 * loop, filled on the store's reader thread, and read on the loop again; the
 * two sides never touch it at once.  It holds a reference to the
 * configuration it began with.
 *
 * What is rendered does not depend on the time of rendering: the 48 hours of
 * the window count back from the newest announcement, not from now.
 */
#include <assert.h>
#include <ev.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feedmill/base/arena.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "feedmill/config.h"
#include "feedmill/publish.h"
#include "feedmill/render.h"
#include "feedmill/store.h"

#define DEBOUNCE_S	1.
#define RETRY_S		30.
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
	struct arena	 arena;			/* of head.sources */
};

struct round {
	struct publish	*publish;	/* NULL: it is gone */
	const struct config *config;
	int64_t		*reached;	/* per outlet; -1: failed */
	unsigned	 files;
	struct err	 failed;	/* of the last that failed */
	int		 any_failed;
};

static struct item
item_of(const struct record *r)
{
	return (struct item){
		.uuid = r->uuid, .url = r->url, .title = r->title,
		.content = r->content, .summary = r->summary,
		.language = r->language, .image = r->image,
		.stamp = r->stamp, .effective_ms = r->effective_ms,
		.published_ms = r->published_ms, .updated_ms = r->updated_ms,
		.authors = r->authors, .categories = r->categories,
		.enclosures = r->enclosures, .comments = r->comments,
		.source_name = r->source_name,
		.source_title = r->source_title,
		.source_link = r->source_link, .source_url = r->source_url,
		.seq = r->seq,
	};
}

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
	struct item item = item_of(r);
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

/* The sources an outlet takes: those that are still configured, may be
 * published, and are selected. */
struct selection {
	const struct config *config;
	const struct config_outlet *outlet;
	int64_t		*ids;		/* ended by 0 */
	size_t		 count;
	struct arena	*arena;
	struct outlet_source **last;
};

/* Only for readers who may know the address: none with secrets in it. */
static void
list_source(struct selection *sel, const struct config_source *source,
    const struct source_summary *s)
{
	struct outlet_source *shown;
	char *redacted = url_redact(source->url);

	if (redacted != NULL && strcmp(redacted, source->url) == 0) {
		shown = arena_zalloc(sel->arena, sizeof(*shown));
		shown->title = arena_strdup(sel->arena,
		    source->title != NULL ? source->title :
		    s->title != NULL ? s->title : source->name);
		shown->url = arena_strdup(sel->arena, source->url);
		*sel->last = shown;
		sel->last = (struct outlet_source **)&shown->next;
	}
	free(redacted);
}

static int
select_source(const struct source_summary *s, void *arg)
{
	struct selection *sel = arg;
	const struct config_source *source;

	source = s->removed ? NULL :
	    config_find_source(sel->config, s->name);
	if (source == NULL || !source->publish ||
	    !config_selects(sel->outlet->tags, sel->outlet->sources, source))
		return 0;
	sel->ids = xrealloc(sel->ids, (sel->count + 2) * sizeof(*sel->ids));
	sel->ids[sel->count++] = s->id;
	sel->ids[sel->count] = 0;
	list_source(sel, source, s);
	return 0;
}

static int
collect(struct store_reader *reader, const struct config *config,
    struct window *w, struct err *err)
{
	struct outlet_source *list = NULL;
	struct selection sel = {
		.config = config, .outlet = w->outlet, .arena = &w->arena,
		.last = &list,
	};
	struct store_filter filter = { 0 };
	int rc;

	rc = store_each_source(reader, select_source, &sel, err);
	w->head.sources = list;
	if (rc == 0 && sel.count > 0) {
		filter.source_ids = sel.ids;
		filter.limit = (unsigned)w->outlet->entries * WINDOW_FACTOR;
		rc = store_each_record(reader, &filter, 1, take_record, w,
		    err);
	}
	free(sel.ids);
	if (w->count > 0)
		qsort(w->places, w->count, sizeof(*w->places),
		    compare_places);
	return rc;
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
write_file(struct round *round, int dirfd, const char *name,
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
		round->files++;
out:
	buf_fini(&gz);
	buf_fini(&gz_name);
	return rc;
}

static int
write_outlet(struct round *round, struct window *w, int dirfd,
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
		rc = write_file(round, dirfd, buf_str(&name), &b, err);
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
	arena_fini(&w->arena);
}

static int
publish_outlet(struct round *round, struct store_reader *reader,
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
	};
	render_directory(&directory, round->config, outlet->directory);
	dirfd = file_open_dir(buf_str(&directory), err);
	if (dirfd == -1)
		goto out;
	rc = collect(reader, round->config, &w, err);
	if (rc == 0)
		rc = write_outlet(round, &w, dirfd, err);
out:
	if (dirfd != -1)
		close(dirfd);
	buf_fini(&directory);
	window_fini(&w);
	return rc;
}

static void
round_run(struct store_reader *reader, void *arg)
{
	struct round *round = arg;
	int64_t last = store_last_seq(reader);

	for (size_t i = 0; i < round->config->outlets_count; i++) {
		const struct config_outlet *o = &round->config->outlets[i];
		struct err err = { 0 };

		round->reached[i] = last;
		if (publish_outlet(round, reader, o, &err) == 0)
			continue;
		err_prefix(&err, "outlet %s", o->name);
		round->reached[i] = -1;
		round->failed = err;
		round->any_failed = 1;
	}
}

static void
round_free(struct round *round)
{
	config_unref(round->config);
	free(round->reached);
	free(round);
}

/* ------------------------------------------------------------- the loop's */

struct publish {
	struct ev_loop	*loop;
	struct store	*store;
	publish_done_fn	*done;
	void		*arg;
	const struct config *config;
	struct round	*round;		/* under way */
	ev_timer	 timer;		/* until the next */
	int		 dirty;		/* marked since the last began */
	int		 urgent;	/* do not wait the second */
	int		 retry;		/* the last one failed */
	struct err	 failed;	/* what the log knows; "" is none */
};

/* Set the timer for what is to be done next, if anything is. */
static void
arm(struct publish *p)
{
	ev_timer_stop(p->loop, &p->timer);
	if (p->round != NULL || p->config == NULL)
		return;
	if (!p->dirty && !p->retry)
		return;
	ev_timer_set(&p->timer, !p->dirty ? RETRY_S :
	    p->urgent ? 0. : DEBOUNCE_S, 0.);
	ev_timer_start(p->loop, &p->timer);
}

/* A full disk is said once, and once more when it is over. */
static void
note_failure(struct publish *p, const struct round *round)
{
	const char *now = round->any_failed ? round->failed.msg : "";

	if (strcmp(now, p->failed.msg) == 0)
		return;
	if (*now != '\0')
		log_event(LOG_ERROR, "publishing fails",
		    LOG_STR("error", now));
	else
		log_event(LOG_INFO, "publishing works again");
	p->failed = round->failed;
}

static void
round_done(void *arg)
{
	struct round *round = arg;
	struct publish *p = round->publish;
	struct published result = { .files = round->files };

	if (p == NULL) {
		round_free(round);
		return;
	}
	p->round = NULL;
	for (size_t i = 0; i < round->config->outlets_count; i++) {
		if (round->reached[i] != -1)
			store_mark_outlet(p->store,
			    round->config->outlets[i].name,
			    round->reached[i]);
	}
	note_failure(p, round);
	p->retry = round->any_failed;
	if (round->any_failed)
		result.failed = &round->failed;
	arm(p);
	p->done(&result, p->arg);
	round_free(round);
}

static void
timer_up(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct publish *p = timer->data;
	struct round *round = xcalloc(1, sizeof(*round));

	(void)loop;
	(void)events;
	assert(p->round == NULL);
	p->dirty = p->urgent = p->retry = 0;
	p->round = round;
	round->publish = p;
	round->config = config_ref(p->config);
	round->reached = xcalloc(p->config->outlets_count + 1,
	    sizeof(*round->reached));
	store_read(p->store, round_run, round_done, round);
}

struct publish *
publish_new(struct ev_loop *loop, struct store *store, publish_done_fn *done,
    void *arg)
{
	struct publish *p = xcalloc(1, sizeof(*p));

	p->loop = loop;
	p->store = store;
	p->done = done;
	p->arg = arg;
	ev_timer_init(&p->timer, timer_up, 0., 0.);
	p->timer.data = p;
	return p;
}

static void
warn_of_formats(const struct config_outlet *outlet)
{
	unsigned unknown = outlet->formats;

	for (int i = 0; render_formats[i].ending != NULL; i++)
		unknown &= ~render_formats[i].bit;
	if (unknown != 0)
		log_event(LOG_WARN, "outlet format not supported",
		    LOG_STR("outlet", outlet->name),
		    LOG_INT("formats", unknown));
}

void
publish_touch(struct publish *p)
{
	if (p->dirty)
		return;		/* the timer runs, or will */
	p->dirty = 1;
	arm(p);
}

void
publish_configure(struct publish *p, const struct config *config)
{
	const struct config *old = p->config;

	p->config = config_ref(config);
	config_unref(old);
	for (size_t i = 0; i < config->outlets_count; i++)
		warn_of_formats(&config->outlets[i]);
	publish_touch(p);
}

void
publish_flush(struct publish *p)
{
	if (!p->dirty && !p->retry)
		return;
	p->dirty = p->urgent = 1;
	arm(p);
}

int
publish_is_idle(const struct publish *p)
{
	return p->round == NULL && !p->dirty;
}

void
publish_free(struct publish *p)
{
	if (p == NULL)
		return;
	ev_timer_stop(p->loop, &p->timer);
	if (p->round != NULL)
		p->round->publish = NULL;	/* frees itself when done */
	config_unref(p->config);
	free(p);
}
