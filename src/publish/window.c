/*
 * window.c - see window.h.
 *
 * What is shown does not depend on the time of asking: the 48 hours of the
 * window count back from the newest announcement, not from now.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/date.h"
#include "feedmill/base/hash.h"
#include "feedmill/base/mem.h"
#include "window.h"

#define WINDOW_MS	INT64_C(172800000)	/* 48 hours */

enum { WINDOW_FACTOR = 4 };	/* bound of the window, in times of entries */

/* ---------------------------------------------------------------- sources */

void
stamps_fini(struct stamps *s)
{
	free(s->list);
	*s = (struct stamps){ 0 };
}

static int
compare_stamps(const void *a, const void *b)
{
	const struct source_stamp *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static struct source_stamp *
find_stamp(const struct stamps *s, int64_t id)
{
	const struct source_stamp key = { .id = id };

	return bsearch(&key, s->list, s->count, sizeof(*s->list),
	    compare_stamps);
}

static int
add_stamp(int64_t id, uint64_t stamp, void *arg)
{
	struct stamps *s = arg;

	if (s->count == s->size) {
		s->size = s->size * 2 + 64;
		s->list = xrealloc(s->list, s->size * sizeof(*s->list));
	}
	s->list[s->count++] = (struct source_stamp){ id, stamp };
	return 0;
}

static int
change_stamp(int64_t id, uint64_t stamp, void *arg)
{
	struct source_stamp *was = find_stamp(arg, id);

	if (was != NULL)
		was->stamp = stamp;
	return 0;
}

int
stamps_refresh(struct stamps *s, struct store_reader *reader,
    struct err *err)
{
	struct store_sources_version now;
	int rc = 0;

	if (store_sources_version(reader, &now, err) == -1)
		return -1;
	if (now.shape != s->version.shape || now.shown < s->version.shown) {
		s->count = 0;
		rc = store_each_stamp(reader, 0, add_stamp, s, err);
	} else if (now.shown != s->version.shown) {
		rc = store_each_stamp(reader, s->version.shown, change_stamp,
		    s, err);
	}
	if (rc == 0)
		s->version = now;
	else
		stamps_fini(s);
	return rc;
}

/* ----------------------------------------------------------------- window */

struct reading {
	struct window	*w;
	const struct window_query *q;
	int64_t		 newest_ms;	/* announced */
};

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

/* They come newest announcement first. */
static int
take_place(const struct store_place *p, void *arg)
{
	struct reading *r = arg;
	const struct source_stamp *source = find_stamp(r->q->stamps,
	    p->source_id);
	/* Others that have the entry, too, are shown with it: by what another
	 * shape tells. */
	const uint64_t of_sources[] = {
		source != NULL ? source->stamp : 0,
		(uint64_t)r->q->stamps->version.shape,
	};

	if (r->w->count == 0)
		r->newest_ms = p->announced_ms;
	if (r->w->count >= r->q->entries &&
	    p->announced_ms < r->newest_ms - WINDOW_MS)
		return 1;
	if (r->w->updated_ms == DATE_NONE ||
	    p->updated_ms > r->w->updated_ms)
		r->w->updated_ms = p->updated_ms;
	*add_place(r->w) = (struct place){
		.seq = p->seq, .entry_id = p->entry_id,
		.effective_ms = p->effective_ms,
		.stamp = hash_64(of_sources, sizeof(of_sources), p->stamp),
	};
	return 0;
}

static int
compare_shown(const void *a, const void *b, void *arg)
{
	const struct place *places = arg;
	const struct place *x = &places[*(const unsigned *)a];
	const struct place *y = &places[*(const unsigned *)b];

	if (x->effective_ms != y->effective_ms)
		return x->effective_ms < y->effective_ms ? 1 : -1;
	return (x->seq < y->seq) - (x->seq > y->seq);
}

static void
put_in_order(struct window *w)
{
	w->order = xcalloc(w->count + 1, sizeof(*w->order));
	for (size_t i = 0; i < w->count; i++)
		w->order[i] = (unsigned)i;
	if (w->count > 0)
		qsort_r(w->order, w->count, sizeof(*w->order), compare_shown,
		    w->places);
}

int
window_read(struct window *ret, const struct window_query *q,
    struct err *err)
{
	const struct store_filter filter = {
		.source_ids = q->ids, .limit = q->entries * WINDOW_FACTOR,
		.share = q->share,
	};
	struct reading r = { .w = ret, .q = q };

	*ret = (struct window){ .updated_ms = DATE_NONE };
	/* No ids at all would be a filter that takes every source. */
	if (q->ids != NULL && store_each_place(q->reader, &filter, 1,
	    take_place, &r, err) == -1)
		return -1;
	put_in_order(ret);
	return 0;
}

void
window_fini(struct window *w)
{
	free(w->places);
	free(w->order);
	*w = (struct window){ 0 };
}

size_t
window_match(const struct window *now, const struct window *before,
    size_t *ret)
{
	size_t k = 0, fresh = 0;

	for (size_t i = 0; i < now->count; i++) {
		const struct place *p = &now->places[i];

		while (k < before->count && before->places[k].seq > p->seq)
			k++;
		ret[i] = k < before->count && memcmp(&before->places[k], p,
		    sizeof(*p)) == 0 ? k : WINDOW_NEW;
		fresh += ret[i] == WINDOW_NEW;
	}
	return fresh;
}
