/* index.c - see index.h. */
#include "feedmill/base/clock.h"

#include "db.h"
#include "index.h"

/* One row at a time: FTS5 keeps them in memory until the commit, which it
 * does not when a statement adds several. */
static int
index_add(struct db *db, sqlite3_stmt *from)
{
	sqlite3_stmt *q = db_use(db, SQL_INDEX_ADD);
	int code;

	sqlite3_bind_int64(q, 1, sqlite3_column_int64(from, 0));
	sqlite3_bind_value(q, 2, sqlite3_column_value(from, 1));
	sqlite3_bind_value(q, 3, sqlite3_column_value(from, 2));
	code = db_run(q);
	sqlite3_clear_bindings(q);
	return code;
}

/* Where it ends is *seq: at the last, if there are no more. */
static int
index_add_some(struct db *db, int64_t last_seq, int limit_ms, int64_t *seq)
{
	sqlite3_stmt *q = db_use(db, SQL_INDEX_NEXT);
	int64_t late_ms = clock_mono_ms() + limit_ms;
	int row;

	sqlite3_bind_int64(q, 1, *seq);
	while ((row = db_row(q)) == 1) {
		if (index_add(db, q) != 0) {
			db_end(q);
			return -1;
		}
		*seq = sqlite3_column_int64(q, 0);
		if (clock_mono_ms() >= late_ms)
			return db_end(q);
	}
	*seq = last_seq;
	return row;
}

int
index_step(struct db *db, int64_t last_seq, int limit_ms, int64_t *seq)
{
	sqlite3_stmt *q;

	if (index_add_some(db, last_seq, limit_ms, seq) != 0)
		return -1;
	q = db_use(db, SQL_META_SET);
	db_bind_text(q, 1, "indexed_seq");
	sqlite3_bind_int64(q, 2, *seq);
	return db_run(q);
}
