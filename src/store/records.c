/*
 * records.c - queries, as a reader's job sees them.
 *
 * Which records (which.c), then each by its key: a single query with ORDER
 * BY would carry whole contents through a sort.
 */
#include <stdio.h>
#include <stdlib.h>

#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"
#include "feedmill/store.h"

#include "extra.h"
#include "reader.h"
#include "records.h"
#include "sources.h"
#include "statements.h"
#include "which.h"

#define RECORD_COLUMNS \
	"e.id, e.uuid, iif(e.scope IS NULL OR e.key NOT LIKE '#%', e.key, " \
	"s.name || e.key), e.url, s.id, s.name, " \
	"coalesce(s.configured_title, s.title, s.name), s.link, " \
	"s.configured_url, iif(r.seq IS NULL, e.ts, r.ts), e.ts, e.first_ts, " \
	"coalesce(r.effective_ms, e.published_ms), e.published_ms, " \
	"coalesce(r.updated_ms, e.published_ms), e.first_seen_ms, " \
	"coalesce(r.announced_ms, e.first_seen_ms), e.updates, r.number, " \
	"r.silent, r.language, r.image, r.extra, r.summary, r.content, " \
	"e.seq, "

/* In configured order; how many is a matter of taste. */
#define FURTHER \
	"(SELECT json_group_array(json_array(name, title, url)) FROM " \
	"(SELECT o.name AS name, coalesce(o.configured_title, o.name) AS " \
	"title, o.configured_url AS url FROM sightings g JOIN sources o " \
	"ON o.id = g.source_id WHERE g.entry_id = e.id AND o.id <> s.id " \
	"AND o.position IS NOT NULL ORDER BY o.position LIMIT 8))"

static const char one_record[] =
    "SELECT " RECORD_COLUMNS "r.seq, r.title, s.head, " FURTHER
    " FROM revisions r "
    "JOIN entries e ON e.id = r.entry_id "
    "JOIN sources s ON s.id = r.source_id WHERE r.seq = ?1";

/* Retention may have taken the content; the identity is still there. */
static const char all_entries[] =
    "SELECT " RECORD_COLUMNS "e.seq, e.title, NULL, NULL FROM entries e "
    "CROSS JOIN sources s ON s.id = e.source_id "
    "LEFT JOIN revisions r ON r.seq = e.seq ORDER BY e.id";

static const char *
or_empty(const char *s)
{
	return s != NULL ? s : "";
}

static void
record_read_times(sqlite3_stmt *q, struct record *rec)
{
	rec->timestamp_ms = db_time(q, 9);
	rec->newest_ms = db_time(q, 10);
	rec->first_timestamp_ms = db_time(q, 11);
	rec->effective_ms = sqlite3_column_int64(q, 12);
	rec->published_ms = sqlite3_column_int64(q, 13);
	rec->updated_ms = sqlite3_column_int64(q, 14);
	rec->first_seen_ms = sqlite3_column_int64(q, 15);
	rec->announced_ms = sqlite3_column_int64(q, 16);
}

static void
record_read(sqlite3_stmt *q, struct record *rec)
{
	rec->entry_id = sqlite3_column_int64(q, 0);
	rec->uuid = db_text(q, 1);
	rec->key = db_text(q, 2);
	rec->url = db_text(q, 3);
	rec->source_id = sqlite3_column_int64(q, 4);
	rec->source_name = db_text(q, 5);
	rec->source_title = db_text(q, 6);
	rec->source_link = db_text(q, 7);
	rec->source_url = db_text(q, 8);
	record_read_times(q, rec);
	rec->updates = (unsigned)sqlite3_column_int64(q, 17);
	rec->is_update = sqlite3_column_int(q, 18) > 0;
	rec->is_silent = sqlite3_column_int(q, 19);
	rec->language = db_text(q, 20);
	rec->image = db_text(q, 21);
	rec->summary = or_empty(db_text(q, 23));
	rec->content = or_empty(db_text(q, 24));
	rec->seq = sqlite3_column_int64(q, 26);
	rec->is_current = sqlite3_column_int64(q, 25) == rec->seq;
	rec->title = or_empty(db_text(q, 27));
}

static int
record_give(sqlite3_stmt *q, store_record_fn *fn, void *arg)
{
	struct record rec = { 0 };
	struct arena arena = { 0 };
	struct extra extra;
	char stamp[24] = "NaN";
	int code;

	record_read(q, &rec);
	if (rec.timestamp_ms != DATE_NONE)
		snprintf(stamp, sizeof(stamp), "%lld",
		    (long long)rec.timestamp_ms);
	rec.stamp = stamp;
	extra_read(db_text(q, 22), &arena, &extra);
	rec.authors = extra.authors;
	rec.categories = extra.categories;
	rec.enclosures = extra.enclosures;
	rec.comments = extra.comments;
	rec.source_head = extra_read_head(db_text(q, 28), &arena);
	rec.further = extra_read_further(db_text(q, 29), &arena);
	code = fn(&rec, arg);
	arena_fini(&arena);
	return code;
}

/* ------------------------------------------------------------ many records */

sqlite3_stmt *
records_prepare(struct store_reader *r, struct err *err)
{
	return reader_prepare(r, one_record, err);
}

int
records_give(struct store_reader *r, sqlite3_stmt *q, int64_t seq,
    store_record_fn *fn, void *arg, int *stop, struct err *err)
{
	int code = 0, row;

	sqlite3_bind_int64(q, 1, seq);
	row = db_row(q);
	if (row == 1)
		*stop = record_give(q, fn, arg);
	else if (row < 0)
		code = reader_fail(r, err);
	sqlite3_reset(q);
	return code;
}

int
store_each_record(struct store_reader *r, const struct store_filter *f,
    int newest_first, store_record_fn *fn, void *arg, struct err *err)
{
	struct which which = { 0 };
	sqlite3_stmt *q = NULL;
	int code, stop = 0;

	code = which_find(r, f, newest_first, &which, err);
	if (code == 0 && (q = records_prepare(r, err)) == NULL)
		code = -1;
	for (size_t i = 0; code == 0 && !stop && i < which.count; i++)
		code = records_give(r, q, which.at[i], fn, arg, &stop, err);
	sqlite3_finalize(q);
	free(which.at);
	return code;
}

int
store_each_of(struct store_reader *r, const int64_t *seqs, size_t count,
    store_record_fn *fn, void *arg, struct err *err)
{
	sqlite3_stmt *q = reader_statement(r, one_record, err);
	int code = q != NULL ? 0 : -1, stop = 0;

	for (size_t i = 0; code == 0 && !stop && i < count; i++)
		code = records_give(r, q, seqs[i], fn, arg, &stop, err);
	if (q != NULL)
		reader_done(q);
	return code;
}

int
store_each_entry(struct store_reader *r, store_record_fn *fn, void *arg,
    struct err *err)
{
	sqlite3_stmt *q = reader_prepare(r, all_entries, err);
	int row = 0, stop = 0;

	if (q == NULL)
		return -1;
	while (!stop && (row = db_row(q)) == 1)
		stop = record_give(q, fn, arg);
	if (row < 0)
		reader_fail(r, err);
	sqlite3_finalize(q);
	return row < 0 ? -1 : 0;
}

/* ------------------------------------------------------- single questions */

static sqlite3_stmt *
outlet_find(struct store_reader *r, const char *outlet, struct err *err)
{
	static const char sql[] =
	    "SELECT uuid, seq FROM outlets WHERE name = ?1";
	sqlite3_stmt *q = reader_statement(r, sql, err);

	if (q != NULL)
		db_bind_text(q, 1, outlet);
	return q;
}

int
store_has_sources(struct store_reader *r, const struct config *config)
{
	static const char sql[] = "SELECT value FROM meta WHERE name = ?1";
	struct err ignored;
	sqlite3_stmt *q = reader_statement(r, sql, &ignored);
	int has = 1;

	if (q == NULL)
		return 1;	/* their own queries will say why */
	db_bind_text(q, 1, sources_hash_name);
	if (db_row(q) == 1)
		has = sqlite3_column_int64(q, 0) == sources_hash(config);
	reader_done(q);
	return has;
}

int
store_outlet_seq(struct store_reader *r, const char *outlet, int64_t *ret,
    struct err *err)
{
	sqlite3_stmt *q = outlet_find(r, outlet, err);
	int row;

	if (q == NULL)
		return -1;
	row = db_row(q);
	if (row < 0)
		reader_fail(r, err);
	else
		*ret = row == 1 ? sqlite3_column_int64(q, 1) : 0;
	reader_done(q);
	return row < 0 ? -1 : 0;
}

int
store_outlet_uuid(struct store_reader *r, const char *outlet,
    char out[UUID_TEXT_SIZE], struct err *err)
{
	sqlite3_stmt *q = outlet_find(r, outlet, err);
	int row;

	if (q == NULL)
		return -1;
	row = db_row(q);
	if (row == 1)
		snprintf(out, UUID_TEXT_SIZE, "%s", or_empty(db_text(q, 0)));
	else if (row == 0)
		err_set(err, "the database knows no outlet %s", outlet);
	else
		reader_fail(r, err);
	reader_done(q);
	return row == 1 ? 0 : -1;
}

static void
summary_read(sqlite3_stmt *q, struct source_summary *s)
{
	s->id = sqlite3_column_int64(q, 0);
	s->name = db_text(q, 1);
	s->url = db_text(q, 2);
	s->title = db_text(q, 3);
	s->error = db_text(q, 4);
	s->outcome = db_text(q, 5);
	s->next_due_ms = sqlite3_column_int64(q, 6);
	s->visited_ms = db_time(q, 7);
	s->succeeded_ms = db_time(q, 8);
	s->changed_ms = db_time(q, 9);
	s->failures = (unsigned)sqlite3_column_int64(q, 10);
	s->entries = sqlite3_column_int64(q, 11);
	s->announced = sqlite3_column_int64(q, 12);
	s->gone = sqlite3_column_int(q, 13);
	s->removed = sqlite3_column_type(q, 14) == SQLITE_NULL;
}

int
store_each_source(struct store_reader *r,
    int (*fn)(const struct source_summary *, void *), void *arg,
    struct err *err)
{
	sqlite3_stmt *q = reader_prepare(r, "SELECT id, name, url, "
	    "coalesce(configured_title, title), error, outcome, next_due_ms, "
	    "visited_ms, succeeded_ms, changed_ms, failures, entries, "
	    "announced, gone, position "
	    "FROM sources LEFT JOIN dues ON source_id = id "
	    "ORDER BY position IS NULL, position, id", err);
	struct source_summary s;
	int row = 0, stop = 0;

	if (q == NULL)
		return -1;
	while (!stop && (row = db_row(q)) == 1) {
		summary_read(q, &s);
		stop = fn(&s, arg);
	}
	if (row < 0)
		reader_fail(r, err);
	sqlite3_finalize(q);
	return row < 0 ? -1 : 0;
}

int
store_each_state(struct store_reader *r, store_state_fn *fn, void *arg,
    struct err *err)
{
	sqlite3_stmt *q = reader_prepare(r, statement_sql[SQL_SOURCES_ALL],
	    err);
	int row = 0, stop = 0;

	if (q == NULL)
		return -1;
	while (!stop && (row = db_row(q)) == 1) {
		struct source_state st = { 0 };

		if (sqlite3_column_type(q, 3) == SQLITE_NULL)
			continue;	/* its place: not configured */
		sources_read_state(q, &st);
		stop = fn(db_text(q, 1), &st, arg);
		source_state_fini(&st);
	}
	if (row < 0)
		reader_fail(r, err);
	sqlite3_finalize(q);
	return row < 0 ? -1 : 0;
}

int
store_totals(struct store_reader *r, struct store_totals *ret,
    struct err *err)
{
	/* Counted while writing: a count(*) would read the whole table. */
	sqlite3_stmt *q = reader_prepare(r, "SELECT sum(entries), "
	    "sum(announced), count(position), sum(visits), "
	    "coalesce((SELECT value FROM meta WHERE name = 'last_seq'), 0), "
	    "(SELECT page_count FROM pragma_page_count) * "
	    "(SELECT page_size FROM pragma_page_size) FROM sources", err);
	int row;

	if (q == NULL)
		return -1;
	row = db_row(q);
	if (row == 1)
		*ret = (struct store_totals){
			.entries = sqlite3_column_int64(q, 0),
			.revisions = sqlite3_column_int64(q, 1),
			.sources = sqlite3_column_int64(q, 2),
			.visits = sqlite3_column_int64(q, 3),
			.last_seq = sqlite3_column_int64(q, 4),
			.database_bytes = sqlite3_column_int64(q, 5) };
	else
		reader_fail(r, err);
	sqlite3_finalize(q);
	return row == 1 ? 0 : -1;
}
