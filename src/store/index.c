/* index.c - see index.h. */
#include "db.h"
#include "index.h"

/* Some 20 ms: what a visit may have to wait. */
enum { STEP_REVISIONS = 256 };

/* Where the step ends: retention may have left gaps. */
static int
step_end(struct db *db, int64_t last_seq, int64_t from, int64_t *ret)
{
	sqlite3_stmt *q = db_use(db, SQL_INDEX_NEXT);

	sqlite3_bind_int64(q, 1, from);
	sqlite3_bind_int64(q, 2, STEP_REVISIONS);
	if (db_row(q) != 1)
		return -1;
	*ret = sqlite3_column_type(q, 0) == SQLITE_NULL ? last_seq :
	    sqlite3_column_int64(q, 0);
	return db_end(q);
}

int
index_step(struct db *db, int64_t last_seq, int64_t *seq)
{
	sqlite3_stmt *q;
	int64_t end;

	if (step_end(db, last_seq, *seq, &end) != 0)
		return -1;
	q = db_use(db, SQL_INDEX_ADD);
	sqlite3_bind_int64(q, 1, *seq);
	sqlite3_bind_int64(q, 2, end);
	if (db_run(q) != 0)
		return -1;
	q = db_use(db, SQL_META_SET);
	db_bind_text(q, 1, "indexed_seq");
	sqlite3_bind_int64(q, 2, end);
	if (db_run(q) != 0)
		return -1;
	*seq = end;
	return 0;
}
