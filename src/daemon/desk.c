/* desk.c - see desk.h. */
#include <stdlib.h>

#include <ev.h>

#include "feedmill/base/clock.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/mill.h"
#include "feedmill/serve.h"
#include "feedmill/store.h"
#include "desk.h"

enum {
	LINE_PLACES = 128,	/* who waits, at most */
	PATIENCE_MS = 10000,	/* in the line and at the reader */
	READ_MS = 5000		/* at the reader */
};
#define LOOK_S	1.

struct desk {
	struct ev_loop	*loop;
	struct mill	*mill;
	struct errand	*first, **last;	/* the line */
	unsigned	 count;
	struct errand	*reading;	/* at the reader, or NULL */
	struct ev_timer	 timer;
	int		 is_closed;
};

static void
errand_free(struct errand *e)
{
	e->kind->fini(e);
	buf_fini(&e->text);
	config_unref(e->config);
	free(e);
}

static void
answer(struct errand *e)
{
	if (e->call != NULL)
		serve_call_answer(TAKE(e->call), e->status, e->type,
		    &e->text);
}

/* Also while it is at the reader: what is the reader's is not touched. */
static void
refuse(struct errand *e, const char *sentence)
{
	struct buf text = { 0 };

	if (e->call == NULL)
		return;
	e->kind->refuse(e, &text, sentence);
	serve_call_answer(TAKE(e->call), 503, e->type, &text);
}

static struct errand *
next_in_line(struct desk *d)
{
	struct errand *e = d->first;

	if (e == NULL)
		return NULL;
	d->first = e->next;
	if (d->first == NULL)
		d->last = &d->first;
	d->count--;
	return e;
}

static void
read_store(struct store_reader *r, void *arg)
{
	struct errand *e = arg;

	store_read_limit(r, READ_MS);
	e->kind->read(r, e);
}

/*
 * One was read, or somebody came: the next, if the reader is free.  Started
 * by itself once more at the end of each, never from inside.
 */
static void
start_next(struct desk *d, store_done_fn *was_read)
{
	struct errand *e;

	while (d->reading == NULL && (e = next_in_line(d)) != NULL) {
		if (d->is_closed || !serve_call_is_wanted(e->call)) {
			refuse(e, "Nobody waits for this any more.");
			errand_free(e);
			continue;
		}
		d->reading = e;
		store_read(mill_store(d->mill), read_store, was_read, e);
	}
	if (d->reading == NULL)
		ev_timer_stop(d->loop, &d->timer);
}

static void
store_was_read(void *arg)
{
	struct errand *e = arg;
	struct desk *d = e->desk;

	answer(e);
	errand_free(e);
	d->reading = NULL;
	start_next(d, store_was_read);
}

/* Whoever came first waits longest. */
static void
look_at_line(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct desk *d = timer->data;
	int64_t latest_ms = clock_mono_ms() - PATIENCE_MS;
	struct errand *e;

	(void)loop;
	(void)events;
	if (d->reading != NULL && d->reading->since_ms < latest_ms)
		refuse(d->reading, "This takes too long.");
	while (d->first != NULL && d->first->since_ms < latest_ms) {
		e = next_in_line(d);
		refuse(e, "Too many search at once.");
		errand_free(e);
	}
}

const char *
desk_take_page(const char *query, unsigned max, unsigned *ret)
{
	struct buf value = { 0 };
	int found = serve_query_get(query, "page", &value), ok = found == 0;
	const char *s = buf_str(&value);
	unsigned long n = 1;
	char *end;

	if (found == 1 && *s >= '0' && *s <= '9') {
		n = strtoul(s, &end, 10);
		ok = *end == '\0' && n >= 1 && n <= max;
	}
	buf_fini(&value);
	*ret = ok ? (unsigned)n : 1;
	return ok ? NULL : "There is no such page.";
}

struct desk *
desk_new(struct ev_loop *loop, struct mill *mill)
{
	struct desk *d = xcalloc(1, sizeof(*d));

	d->loop = loop;
	d->mill = mill;
	d->last = &d->first;
	ev_timer_init(&d->timer, look_at_line, LOOK_S, LOOK_S);
	d->timer.data = d;
	return d;
}

static void
queue(struct desk *d, struct errand *e)
{
	*d->last = e;
	d->last = &e->next;
	d->count++;
	if (!ev_is_active(&d->timer)) {
		ev_timer_set(&d->timer, LOOK_S, LOOK_S);
		ev_timer_start(d->loop, &d->timer);
	}
	start_next(d, store_was_read);
}

void
desk_take(struct desk *d, const struct desk_kind *kind,
    struct serve_call *call)
{
	struct errand *e = xcalloc(1, kind->size);
	const char *query = serve_call_query(call);

	e->kind = kind;
	e->desk = d;
	e->call = call;
	e->config = config_ref(mill_config(d->mill));
	e->since_ms = clock_mono_ms();
	if (kind->begin(e, query) == -1) {
		answer(e);
	} else if (d->is_closed || d->count >= LINE_PLACES) {
		refuse(e, "Too many search at once.");
	} else {
		queue(d, e);
		return;
	}
	errand_free(e);
}

void
desk_close(struct desk *d)
{
	struct errand *e;

	if (d == NULL)
		return;
	d->is_closed = 1;
	while ((e = next_in_line(d)) != NULL) {
		refuse(e, "The server stops.");
		errand_free(e);
	}
}

void
desk_free(struct desk *d)
{
	if (d == NULL)
		return;
	ev_timer_stop(d->loop, &d->timer);
	free(d);
}
