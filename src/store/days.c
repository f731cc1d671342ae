/* days.c - records by their own time, not by the sequence; see store.h. */
#include <stdlib.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"

#include "reader.h"
#include "records.h"
#include "which.h"

static void
put_sources(struct buf *sql, struct buf *ids, const int64_t *source_ids)
{
	if (source_ids == NULL)
		return;
	which_put_ids(ids, source_ids);
	/* The sign keeps SQLite from using the index of the sources. */
	buf_puts(sql, " AND +r.source_id IN "
	    "(SELECT value FROM json_each(?3))");
}

int
store_each_between(struct store_reader *r, const struct store_filter *f,
    int64_t from_ms, int64_t to_ms, store_record_fn *fn, void *arg,
    struct err *err)
{
	struct buf sql = { 0 }, ids = { 0 };
	sqlite3_stmt *q, *one = records_prepare(r, err);
	int code = -1, row = 0, stop = 0;

	buf_puts(&sql, "SELECT r.seq FROM revisions r WHERE "
	    "r.effective_ms >= ?1 AND r.effective_ms < ?2");
	put_sources(&sql, &ids, f->source_ids);
	which_put_states(&sql, f);
	buf_puts(&sql, " ORDER BY r.effective_ms DESC, r.seq DESC");
	if (f->limit > 0)
		buf_printf(&sql, " LIMIT %u OFFSET %u", f->limit, f->skip);
	if (one != NULL && (q = reader_prepare(r, sql.data, err)) != NULL) {
		sqlite3_bind_int64(q, 1, from_ms);
		sqlite3_bind_int64(q, 2, to_ms);
		/* Refused, harmlessly, where the text does not name it. */
		db_bind_text(q, 3, ids.data);
		code = 0;
		while (code == 0 && !stop && (row = db_row(q)) == 1)
			code = records_give(r, one,
			    sqlite3_column_int64(q, 0), fn, arg, &stop, err);
		if (row < 0)
			code = reader_fail(r, err);
		sqlite3_finalize(q);
	}
	sqlite3_finalize(one);
	buf_fini(&ids);
	buf_fini(&sql);
	return code;
}

int
store_time_near(struct store_reader *r, const int64_t *source_ids,
    int64_t ms, int is_after, int64_t *ret, struct err *err)
{
	struct buf sql = { 0 }, ids = { 0 };
	sqlite3_stmt *q;
	int row = -1;

	*ret = DATE_NONE;
	buf_printf(&sql, "SELECT r.effective_ms FROM revisions r "
	    "WHERE r.effective_ms %s ?1", is_after ? ">=" : "<");
	put_sources(&sql, &ids, source_ids);
	buf_printf(&sql, " ORDER BY r.effective_ms %s LIMIT 1",
	    is_after ? "" : "DESC");
	if ((q = reader_prepare(r, sql.data, err)) != NULL) {
		sqlite3_bind_int64(q, 1, ms);
		db_bind_text(q, 3, ids.data);
		row = db_row(q);
		if (row == 1)
			*ret = sqlite3_column_int64(q, 0);
		else if (row < 0)
			reader_fail(r, err);
	}
	sqlite3_finalize(q);
	buf_fini(&ids);
	buf_fini(&sql);
	return row < 0 ? -1 : 0;
}
