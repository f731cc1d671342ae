/*
 * lists.c - what was published in a month, without its text: for the lists
 * of an archive.  An entry's first date never moves, so neither does its
 * place; and an index finds it, however much there is.
 */
#include <stdio.h>

#include "feedmill/base/err.h"
#include "feedmill/store.h"

#include "reader.h"

#define MONTH_OF(ms)	"strftime('%Y-%m', " ms " / 1000, 'unixepoch')"
#define MONTH_BEGIN(more) \
	"1000 * strftime('%s', ?2 || '-01'" more ")"

/* A date that strftime does not know is in no list. */
static const char touched[] =
    "SELECT DISTINCT e.source_id, s.name, "
    "coalesce(s.configured_title, s.title, s.name), "
    MONTH_OF("e.published_ms") " AS month FROM revisions r "
    "JOIN entries e ON e.id = r.entry_id "
    "JOIN sources s ON s.id = e.source_id "
    "WHERE r.seq > ?1 AND r.seq <= ?2 AND month IS NOT NULL";

/* Retention may have taken the state; the identity is still there.  A text is
 * only wanted in place of a title. */
static const char of_month[] =
    "SELECT e.id, e.uuid, e.url, s.id, s.name, "
    "coalesce(s.configured_title, s.title, s.name), "
    "iif(r.seq IS NULL, e.ts, r.ts), coalesce(r.effective_ms, "
    "e.published_ms), e.published_ms, coalesce(r.title, e.title), "
    "iif(r.title = '', r.summary, ''), iif(r.title = '', r.content, ''), "
    "coalesce(r.seq, 0), s.configured_url "
    "FROM entries e JOIN sources s ON s.id = e.source_id "
    "LEFT JOIN revisions r ON r.seq = e.seq WHERE e.source_id = ?1 "
    "AND e.seq > 0 "	/* 0: forgotten */
    "AND e.published_ms >= " MONTH_BEGIN("")
    " AND e.published_ms < " MONTH_BEGIN(", '+1 month'")
    " ORDER BY e.published_ms DESC, e.id DESC LIMIT ?3";

int
store_each_month(struct store_reader *r, int64_t after_seq, int64_t upto_seq,
    store_month_fn *fn, void *arg, struct err *err)
{
	sqlite3_stmt *q = reader_prepare(r, touched, err);
	int row = 0, stop = 0;

	if (q == NULL)
		return -1;
	sqlite3_bind_int64(q, 1, after_seq);
	sqlite3_bind_int64(q, 2, upto_seq);
	while (!stop && (row = db_row(q)) == 1) {
		const struct store_month month = {
			.source_id = sqlite3_column_int64(q, 0),
			.source_name = db_text(q, 1),
			.source_title = db_text(q, 2),
			.month = db_text(q, 3),
		};

		stop = fn(&month, arg);
	}
	if (row < 0)
		reader_fail(r, err);
	sqlite3_finalize(q);
	return row < 0 ? -1 : 0;
}

static const char *
or_empty(const char *s)
{
	return s != NULL ? s : "";
}

static int
give(sqlite3_stmt *q, store_record_fn *fn, void *arg)
{
	char stamp[24] = "NaN";
	const struct record rec = {
		.entry_id = sqlite3_column_int64(q, 0),
		.uuid = db_text(q, 1), .url = db_text(q, 2),
		.source_id = sqlite3_column_int64(q, 3),
		.source_name = db_text(q, 4), .source_title = db_text(q, 5),
		.timestamp_ms = db_time(q, 6),
		.effective_ms = sqlite3_column_int64(q, 7),
		.published_ms = sqlite3_column_int64(q, 8),
		.title = or_empty(db_text(q, 9)),
		.summary = or_empty(db_text(q, 10)),
		.content = or_empty(db_text(q, 11)),
		.seq = sqlite3_column_int64(q, 12),
		.source_url = db_text(q, 13), .stamp = stamp,
	};

	if (rec.timestamp_ms != DATE_NONE)
		snprintf(stamp, sizeof(stamp), "%lld",
		    (long long)rec.timestamp_ms);
	return fn(&rec, arg);
}

int
store_each_of_month(struct store_reader *r, int64_t source_id,
    const char *month, unsigned limit, store_record_fn *fn, void *arg,
    struct err *err)
{
	sqlite3_stmt *q = reader_prepare(r, of_month, err);
	int row = 0, stop = 0;

	if (q == NULL)
		return -1;
	sqlite3_bind_int64(q, 1, source_id);
	db_bind_text(q, 2, month);
	sqlite3_bind_int64(q, 3, limit);
	while (!stop && (row = db_row(q)) == 1)
		stop = give(q, fn, arg);
	if (row < 0)
		reader_fail(r, err);
	sqlite3_finalize(q);
	return row < 0 ? -1 : 0;
}
