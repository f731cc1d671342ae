/* index.c - see index.h. */
#include "feedmill/base/clock.h"

#include "db.h"
#include "index.h"

static int
index_fail(struct db *db, struct err *err)
{
	return db_fail(db, err, "index for search");
}

/* One row at a time, in order of seq: FTS5 keeps them in memory until the
 * commit, which it does not when a statement adds several. */
static int
put(struct db *db, enum statement which, sqlite3_stmt *from, int column,
    struct err *err)
{
	sqlite3_stmt *q = db_use(db, which);
	int code;

	sqlite3_bind_int64(q, 1, sqlite3_column_int64(from, 0));
	sqlite3_bind_value(q, 2, sqlite3_column_value(from, column));
	sqlite3_bind_value(q, 3, sqlite3_column_value(from, column + 1));
	/* Before SQLite is asked for anything else: it would forget why. */
	code = db_run(q) == 0 ? 0 : index_fail(db, err);
	sqlite3_clear_bindings(q);
	return code;
}

static int
forget_outdated(struct db *db, int64_t seq)
{
	sqlite3_stmt *q = db_use(db, SQL_OUTDATED_DELETE);

	sqlite3_bind_int64(q, 1, seq);
	return db_run(q);
}

/* A row is one call: what is too long for now cannot be begun. */
static int
is_too_long(sqlite3_stmt *row, int column, const struct index_limit *limit)
{
	return limit->row_bytes > 0 &&
	    sqlite3_column_bytes(row, column) > limit->row_bytes;
}

/* What was edited: 1 if it is time to go, else all of it. */
static int
index_edits(struct db *db, const struct index_limit *limit, int64_t late_ms,
    struct err *err)
{
	sqlite3_stmt *q = db_use(db, SQL_INDEX_OUTDATED);
	int64_t seq;
	int row;

	while ((row = db_row(q)) == 1) {
		if (is_too_long(q, 2, limit) || is_too_long(q, 4, limit)) {
			db_end(q);
			return 1;
		}
		seq = sqlite3_column_int64(q, 0);
		row = put(db, SQL_INDEX_REMOVE, q, 3, err) != 0 ||
		    put(db, SQL_INDEX_ADD, q, 1, err) != 0 ? -1 : 0;
		db_end(q);
		if (row != 0)
			return -1;
		if (forget_outdated(db, seq) != 0)
			return index_fail(db, err);
		if (clock_mono_ms() >= late_ms)
			return 1;
	}
	return row == 0 ? 0 : index_fail(db, err);
}

/* Where it ends is *seq: at the last, if there are no more. */
static int
index_add_some(struct db *db, int64_t last_seq,
    const struct index_limit *limit, int64_t late_ms, int64_t *seq,
    struct err *err)
{
	sqlite3_stmt *q = db_use(db, SQL_INDEX_NEXT);
	int row;

	sqlite3_bind_int64(q, 1, *seq);
	while ((row = db_row(q)) == 1) {
		if (is_too_long(q, 2, limit))
			return db_end(q);
		if (put(db, SQL_INDEX_ADD, q, 1, err) != 0) {
			db_end(q);
			return -1;
		}
		*seq = sqlite3_column_int64(q, 0);
		if (clock_mono_ms() >= late_ms)
			return db_end(q);
	}
	*seq = last_seq;
	return row == 0 ? 0 : index_fail(db, err);
}

int
index_has_edits(struct db *db)
{
	sqlite3_stmt *q = db_use(db, SQL_OUTDATED_ANY);
	int row = db_row(q);

	db_end(q);
	return row;
}

int
index_step(struct db *db, int64_t last_seq, const struct index_limit *limit,
    int64_t *seq, struct err *err)
{
	int64_t late_ms = clock_mono_ms() + limit->ms;
	int code = index_edits(db, limit, late_ms, err);
	sqlite3_stmt *q;

	if (code != 0)
		return code < 0 ? -1 : 0;
	if (index_add_some(db, last_seq, limit, late_ms, seq, err) != 0)
		return -1;
	q = db_use(db, SQL_META_SET);
	db_bind_text(q, 1, "indexed_seq");
	sqlite3_bind_int64(q, 2, *seq);
	return db_run(q) == 0 ? 0 : index_fail(db, err);
}

/* As the manual has it: less than two changes, and nothing was done. */
int
index_merge(struct db *db, int pages)
{
	sqlite3_stmt *q = db_use(db, SQL_INDEX_MERGE);
	int before = sqlite3_total_changes(db->sqlite);

	sqlite3_bind_int(q, 1, pages);
	if (db_run(q) != 0)
		return -1;
	return sqlite3_total_changes(db->sqlite) - before >= 2;
}
