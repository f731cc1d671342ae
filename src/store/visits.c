/* visits.c - see visits.h. */
#include "db.h"
#include "visits.h"

int
visits_put(struct db *db, const struct visit_row *row)
{
	sqlite3_stmt *q = db_use(db, SQL_VISIT_PUT);

	sqlite3_bind_int64(q, 1, row->source_id);
	sqlite3_bind_int64(q, 2, row->number % VISITS_KEPT);
	db_bind_time(q, 3, row->at_ms);
	db_bind_text(q, 4, outcome_name(row->outcome));
	sqlite3_bind_int64(q, 5, row->sighted);
	sqlite3_bind_int64(q, 6, row->added);
	sqlite3_bind_int64(q, 7, row->updated);
	return db_run(q);
}
