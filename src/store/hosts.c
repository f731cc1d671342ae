/* hosts.c - see hosts.h. */
#include "feedmill/store.h"

#include "db.h"
#include "hosts.h"
#include "reader.h"

int
hosts_write(struct db *db, const struct hsts_entry *e, int64_t now_ms,
    struct err *err)
{
	sqlite3_stmt *q = db_use(db, SQL_HSTS_DELETE);
	int rc;

	db_bind_text(q, 1, e->host);
	sqlite3_bind_int64(q, 2, now_ms);
	rc = db_run(q);
	if (rc == 0 && e->until_ms > now_ms) {
		q = db_use(db, SQL_HSTS_PUT);
		db_bind_text(q, 1, e->host);
		sqlite3_bind_int(q, 2, e->subdomains);
		sqlite3_bind_int64(q, 3, e->until_ms);
		rc = db_run(q);
	}
	return rc == 0 ? 0 : db_fail(db, err, "remember a host's https");
}

int
store_each_hsts(struct store_reader *r, store_hsts_fn *fn, void *arg,
    struct err *err)
{
	sqlite3_stmt *q = reader_prepare(r,
	    "SELECT host, subdomains, until_ms FROM hsts", err);
	int row = 0, stop = 0;

	if (q == NULL)
		return -1;
	while (!stop && (row = db_row(q)) == 1)
		stop = fn(&(struct hsts_entry){ .host = db_text(q, 0),
		    .subdomains = sqlite3_column_int(q, 1),
		    .until_ms = sqlite3_column_int64(q, 2) }, arg);
	if (row < 0)
		reader_fail(r, err);
	sqlite3_finalize(q);
	return row < 0 ? -1 : 0;
}
