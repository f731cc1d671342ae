/* retention.c - see retention.h. */
#include "feedmill/config.h"

#include "db.h"
#include "retention.h"

/*
 * With each visit, so that no visit pays for many: more than a document
 * brings as a rule, or a source would only grow.
 */
enum { STEP_REVISIONS = 64 };

int
retention_step(struct db *db, int64_t source_id,
    const struct config_source *c, int64_t now_ms)
{
	sqlite3_stmt *q;

	if (c->keep_s <= 0)
		return 0;
	q = db_use(db, SQL_REVISIONS_EXPIRE);
	sqlite3_bind_int64(q, 1, source_id);
	sqlite3_bind_int64(q, 2, now_ms - c->keep_s * 1000);
	sqlite3_bind_int64(q, 3, c->keep_at_least);
	sqlite3_bind_int64(q, 4, STEP_REVISIONS);
	return db_run(q);
}
