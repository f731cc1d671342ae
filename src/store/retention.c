/* retention.c - see retention.h. */
#include <stdlib.h>

#include "feedmill/base/clock.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/store.h"

#include "db.h"
#include "retention.h"

enum { BATCH = 64 };

struct keep {
	int64_t	 source_id, keep_s, at_least;
};

void
retention_configure(struct retention *r, const struct config *c,
    const struct source_state *states)
{
	retention_fini(r);
	r->rules = xcalloc(c->sources_count, sizeof(r->rules[0]));
	for (size_t i = 0; i < c->sources_count; i++) {
		if (c->sources[i].keep_s > 0)
			r->rules[r->count++] = (struct keep){ states[i].id,
			    c->sources[i].keep_s,
			    c->sources[i].keep_at_least };
	}
	for (size_t i = 0; i < c->outlets_count; i++)
		r->is_told |= c->outlets[i].tombstones == TOMBSTONES_ALL;
}

void
retention_fini(struct retention *r)
{
	free(r->rules);
	*r = (struct retention){ 0 };
}

static int
find_old(struct db *db, const struct keep *k, int64_t now_ms,
    int64_t seqs[BATCH], size_t *ret)
{
	sqlite3_stmt *q = db_use(db, SQL_REVISIONS_OLD);
	int row;

	*ret = 0;
	sqlite3_bind_int64(q, 1, k->source_id);
	sqlite3_bind_int64(q, 2, now_ms - k->keep_s * 1000);
	sqlite3_bind_int64(q, 3, k->at_least);
	sqlite3_bind_int64(q, 4, BATCH);
	while ((row = db_row(q)) == 1)
		seqs[(*ret)++] = sqlite3_column_int64(q, 0);
	return row;
}

/* One at a time: the index for search reads each text once more.  What is
 * the highest of all that were ever taken, check.c wants to know. */
static int
remove_one(struct retention *r, struct db *db, int64_t seq, int64_t now_ms)
{
	sqlite3_stmt *q;

	if (r->is_told) {
		q = db_use(db, SQL_TOMBSTONES_EXPIRE);
		sqlite3_bind_int64(q, 1, seq);
		sqlite3_bind_int64(q, 2, now_ms);
		if (db_run(q) != 0)
			return -1;
	}
	q = db_use(db, SQL_REVISION_DELETE);
	sqlite3_bind_int64(q, 1, seq);
	if (db_run(q) != 0)
		return -1;
	q = db_use(db, SQL_EXPIRED_SET);
	sqlite3_bind_int64(q, 1, seq);
	return db_run(q);
}

/* 1: it is time to go; 0: this source has nothing to give any more. */
static int
expire(struct retention *r, struct db *db, int64_t now_ms, int64_t late_ms)
{
	const struct keep *k = &r->rules[r->next];
	int64_t seqs[BATCH];
	size_t count;

	do {
		if (find_old(db, k, now_ms, seqs, &count) != 0)
			return -1;
		for (size_t i = 0; i < count; i++) {
			if (remove_one(r, db, seqs[i], now_ms) != 0)
				return -1;
			if (clock_mono_ms() >= late_ms)
				return 1;
		}
	} while (count == BATCH);
	return clock_mono_ms() >= late_ms;
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
