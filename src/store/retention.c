/* retention.c - see retention.h. */
#include <stdlib.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/store.h"

#include "db.h"
#include "retention.h"

/*
 * Many at once are cheaper: the index for search writes a part of its own
 * for each statement.  How many that may be depends on how long they are:
 * half of a step's time, for the rest of it others follow.
 */
enum { BATCH_MAX = 64, BATCH_MS = 5 };

struct keep {
	int64_t	 source_id, keep_s, at_least;
	char	**marks;		/* of outlets with it; NULL ends */
};

/* The outlets that put what it announces on pages: they do so with the next
 * round once something waits here. */
static char **
marks_of(const struct config *c, const struct config_source *source)
{
	char **marks = xcalloc(c->outlets_count + 1, sizeof(*marks));
	size_t count = 0;

	for (size_t i = 0; i < c->outlets_count; i++) {
		const struct config_outlet *o = &c->outlets[i];
		struct buf mark = { 0 };

		if (!source->publish || (o->formats & OUTLET_ATOM) == 0 ||
		    !config_selects(o->tags, o->sources, source))
			continue;
		buf_printf(&mark, "%s%s", store_sealed_mark, o->name);
		marks[count++] = buf_take(&mark);
	}
	return marks;
}

void
retention_configure(struct retention *r, const struct config *c,
    const struct source_state *states)
{
	retention_fini(r);
	r->batch = 1;
	r->rules = xcalloc(c->sources_count, sizeof(r->rules[0]));
	for (size_t i = 0; i < c->sources_count; i++) {
		if (c->sources[i].keep_s > 0)
			r->rules[r->count++] = (struct keep){ states[i].id,
			    c->sources[i].keep_s,
			    c->sources[i].keep_at_least,
			    marks_of(c, &c->sources[i]) };
	}
	for (size_t i = 0; i < c->outlets_count; i++)
		r->is_told |= c->outlets[i].tombstones == TOMBSTONES_ALL;
}

void
retention_fini(struct retention *r)
{
	for (size_t i = 0; i < r->count; i++) {
		for (char **mark = r->rules[i].marks; *mark != NULL; mark++)
			free(*mark);
		free(r->rules[i].marks);
	}
	free(r->rules);
	*r = (struct retention){ 0 };
}

/* Up to here all of it is on pages. */
static int
find_sealed(struct db *db, const struct keep *k, int64_t *ret)
{
	int row = 1;

	*ret = INT64_MAX;
	for (char **mark = k->marks; row >= 0 && *mark != NULL; mark++) {
		sqlite3_stmt *q = db_use(db, SQL_OUTLET_SEQ);
		int64_t seq = 0;

		db_bind_text(q, 1, *mark);
		row = db_row(q);
		if (row == 1) {
			seq = sqlite3_column_int64(q, 0);
			row = db_end(q);
		}
		if (seq < *ret)
			*ret = seq;
	}
	return row < 0 ? -1 : 0;
}

/* Their numbers: the oldest of the source, in order. */
static int
find_old(struct db *db, const struct keep *k, int64_t now_ms, size_t limit,
    int64_t seqs[BATCH_MAX], size_t *ret)
{
	sqlite3_stmt *q;
	int64_t sealed;
	int row;

	*ret = 0;
	if (find_sealed(db, k, &sealed) != 0)
		return -1;
	q = db_use(db, SQL_REVISIONS_OLD);
	sqlite3_bind_int64(q, 1, k->source_id);
	sqlite3_bind_int64(q, 2, now_ms - k->keep_s * 1000);
	sqlite3_bind_int64(q, 3, k->at_least);
	sqlite3_bind_int64(q, 4, (int64_t)limit);
	sqlite3_bind_int64(q, 5, sealed);
	while ((row = db_row(q)) == 1)
		seqs[(*ret)++] = sqlite3_column_int64(q, 0);
	return row;
}

/* Whoever reads the outlets hears of it, where they are to. */
static int
tell(const struct retention *r, struct db *db, const int64_t *seqs,
    size_t count, int64_t now_ms)
{
	for (size_t i = 0; r->is_told && i < count; i++) {
		sqlite3_stmt *q = db_use(db, SQL_TOMBSTONES_EXPIRE);

		sqlite3_bind_int64(q, 1, seqs[i]);
		sqlite3_bind_int64(q, 2, now_ms);
		if (db_run(q) != 0)
			return -1;
	}
	return 0;
}

/* What is the highest of all that were ever taken, check.c wants to know. */
static int
delete_range(struct db *db, int64_t source_id, int64_t first, int64_t last)
{
	sqlite3_stmt *q = db_use(db, SQL_REVISIONS_DELETE);

	sqlite3_bind_int64(q, 1, source_id);
	sqlite3_bind_int64(q, 2, first);
	sqlite3_bind_int64(q, 3, last);
	if (db_run(q) != 0)
		return -1;
	q = db_use(db, SQL_EXPIRED_SET);
	sqlite3_bind_int64(q, 1, last);
	return db_run(q);
}

static size_t
next_batch(size_t batch, int64_t took_ms)
{
	if (took_ms > BATCH_MS)
		return batch > 1 ? batch / 2 : 1;
	return 2 * batch < BATCH_MAX ? 2 * batch : BATCH_MAX;
}

/* 1: it is time to go; 0: this source has nothing to give any more. */
static int
expire(struct retention *r, struct db *db, int64_t now_ms, int64_t late_ms)
{
	const struct keep *k = &r->rules[r->next];
	int64_t seqs[BATCH_MAX], since_ms;
	size_t count, limit;

	do {
		since_ms = clock_mono_ms();
		if (since_ms >= late_ms)
			return 1;
		limit = r->batch;
		if (find_old(db, k, now_ms, limit, seqs, &count) != 0)
			return -1;
		if (tell(r, db, seqs, count, now_ms) != 0 || (count > 0 &&
		    delete_range(db, k->source_id, seqs[0],
		    seqs[count - 1]) != 0))
			return -1;
		r->batch = next_batch(limit, clock_mono_ms() - since_ms);
	} while (count == limit);
	return 0;
}

int
retention_step(struct retention *r, struct db *db, int64_t now_ms,
    int limit_ms)
{
	int64_t late_ms = clock_mono_ms() + limit_ms;
	int code;

	while (r->next < r->count) {
		code = expire(r, db, now_ms, late_ms);
		if (code != 0)
			return code;
		r->next++;
	}
	r->next = 0;
	return 0;
}
