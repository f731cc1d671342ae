/*
 * places.c - what a document is laid out by, and whether what it shows of a
 * record or of a source is still what was there: no text is read.
 *
 * Either along the sequence, where the sources have announced much of all
 * there is, or by their index: see which.c.  Along it the sources are told
 * apart here: a list of ten thousand is not put into a query each time.  The
 * newest of a few sources are found without either: newest.c.
 */
#include "feedmill/base/buf.h"
#include "feedmill/base/hash.h"
#include "feedmill/store.h"

#include "newest.h"
#include "reader.h"
#include "which.h"

#define PLACES_SELECT \
	"SELECT r.seq, r.entry_id, r.source_id, r.silent, r.announced_ms, " \
	"r.effective_ms, r.updated_ms, e.edits, e.published_ms, e.url, " \
	"e.uuid FROM revisions r "
#define PLACES_JOIN \
	"CROSS JOIN entries e ON e.id = r.entry_id " \
	"WHERE r.seq > ?1 AND r.seq <= ?2 AND (?3 OR r.silent = 0) " \
	"AND (?4 OR r.seq = e.seq) "
#define PLACES_OF \
	"AND r.source_id IN (SELECT value FROM json_each(?5)) "

/* by_index, newest_first */
static const char *const places_sql[2][2] = {
	{ PLACES_SELECT PLACES_JOIN "ORDER BY r.seq",
	  PLACES_SELECT PLACES_JOIN "ORDER BY r.seq DESC" },
	{ PLACES_SELECT "INDEXED BY revisions_source " PLACES_JOIN PLACES_OF
	  "ORDER BY r.seq LIMIT ?6",
	  PLACES_SELECT "INDEXED BY revisions_source " PLACES_JOIN PLACES_OF
	  "ORDER BY r.seq DESC LIMIT ?6" },
};

static const char one_place[] =
    PLACES_SELECT "CROSS JOIN entries e ON e.id = r.entry_id "
    "WHERE r.seq = ?1 AND (?2 OR r.silent = 0) AND (?3 OR r.seq = e.seq)";

static const char version_sql[] =
    "SELECT value, (SELECT coalesce(max(version), 0) FROM sources "
    "WHERE version > 0) FROM meta WHERE name = 'sources_shape'";

#define STAMP_COLUMNS \
	"SELECT id, name, configured_title, title, link, configured_url, " \
	"head FROM sources "
static const char stamps_sql[] = STAMP_COLUMNS "WHERE ?1 = 0 ORDER BY id";
static const char stamps_since_sql[] =
    STAMP_COLUMNS "WHERE version > ?1 AND version > 0";

/* NULL is not "". */
static uint64_t
mix_text(uint64_t stamp, sqlite3_stmt *q, int column)
{
	const char *text = db_text(q, column);

	return hash_64(text, text != NULL ?
	    (size_t)sqlite3_column_bytes(q, column) : 0,
	    stamp + (text != NULL));
}

static uint64_t
mix_number(uint64_t stamp, sqlite3_stmt *q, int column)
{
	int64_t n = sqlite3_column_int64(q, column);

	return hash_64(&n, sizeof(n), stamp);
}

/* ----------------------------------------------------------------- places */

static struct store_place
place_read(sqlite3_stmt *q)
{
	return (struct store_place){
		.seq = sqlite3_column_int64(q, 0),
		.entry_id = sqlite3_column_int64(q, 1),
		.source_id = sqlite3_column_int64(q, 2),
		.is_silent = sqlite3_column_int(q, 3),
		.announced_ms = sqlite3_column_int64(q, 4),
		.effective_ms = sqlite3_column_int64(q, 5),
		.updated_ms = sqlite3_column_int64(q, 6),
		/* The others of a revision never change but with edits. */
		.stamp = mix_text(mix_text(mix_number(mix_number(0, q, 7),
		    q, 8), q, 9), q, 10),
	};
}

static int
places_give(sqlite3_stmt *q, const struct which_ids *w, unsigned limit,
    store_place_fn *fn, void *arg)
{
	unsigned given = 0;
	int row;

	while ((row = db_row(q)) == 1) {
		struct store_place place;

		if (!which_has(w, sqlite3_column_int64(q, 2)))
			continue;
		place = place_read(q);
		if (fn(&place, arg) != 0 || ++given == limit)
			return 0;
	}
	return row;
}

/* Along the sequence more than every other would be none of theirs. */
static int
is_merged(const struct store_filter *f, const struct which_ids *wanted,
    int newest_first)
{
	return newest_first && f->limit > 0 && wanted->ids != NULL &&
	    wanted->count <= NEWEST_SOURCES_MAX && f->share > 0 &&
	    f->share < .5;
}

/* 1: fn had enough; 0: it was given the place, if it is to be. */
static int
place_give(struct store_reader *r, sqlite3_stmt *q, int64_t seq,
    store_place_fn *fn, void *arg, unsigned *given, struct err *err)
{
	struct store_place place;
	int row, stop = 0;

	sqlite3_bind_int64(q, 1, seq);
	row = db_row(q);
	if (row < 0)
		return reader_fail(r, err);
	if (row == 1) {
		place = place_read(q);
		stop = fn(&place, arg) != 0;
		++*given;
	}
	sqlite3_reset(q);
	return stop;
}

static int
places_merge(struct store_reader *r, const struct store_filter *f,
    const struct which_range *g, const struct which_ids *wanted,
    store_place_fn *fn, void *arg, struct err *err)
{
	sqlite3_stmt *q = reader_statement(r, one_place, err);
	struct newest *n;
	unsigned given = 0;
	int64_t seq;
	int code = 0;

	if (q == NULL)
		return -1;
	n = newest_new(r, wanted->ids, wanted->count, g->after, g->upto);
	sqlite3_bind_int(q, 2, f->with_silent);
	sqlite3_bind_int(q, 3, f->with_superseded);
	while (given < f->limit && (code = newest_next(n, &seq, err)) == 1) {
		code = place_give(r, q, seq, fn, arg, &given, err);
		if (code != 0)
			break;
	}
	newest_free(n);
	reader_done(q);
	return code < 0 ? -1 : 0;
}

int
store_each_place(struct store_reader *r, const struct store_filter *f,
    int newest_first, store_place_fn *fn, void *arg, struct err *err)
{
	const struct which_ids wanted = which_ids_of(f->source_ids);
	struct buf ids = { 0 };
	struct which_range g = { 0 };
	sqlite3_stmt *q;
	int code;

	if (which_range(r, f, &g, err) != 0)
		return -1;
	if (is_merged(f, &wanted, newest_first))
		return places_merge(r, f, &g, &wanted, fn, arg, err);
	q = reader_statement(r, places_sql[!g.scan][!!newest_first], err);
	if (q == NULL)
		return -1;
	sqlite3_bind_int64(q, 1, g.after);
	sqlite3_bind_int64(q, 2, g.upto);
	sqlite3_bind_int(q, 3, f->with_silent);
	sqlite3_bind_int(q, 4, f->with_superseded);
	if (!g.scan) {
		which_put_ids(&ids, f->source_ids);
		db_bind_text(q, 5, ids.data);
		sqlite3_bind_int64(q, 6, f->limit > 0 ? (int64_t)f->limit :
		    -1);
	}
	code = places_give(q, &wanted, f->limit, fn, arg);
	if (code != 0)
		reader_fail(r, err);
	reader_done(q);
	buf_fini(&ids);
	return code;
}

/* ---------------------------------------------------------------- sources */

int
store_sources_version(struct store_reader *r, struct store_sources_version
    *ret, struct err *err)
{
	sqlite3_stmt *q = reader_statement(r, version_sql, err);
	int row;

	if (q == NULL)
		return -1;
	row = db_row(q);
	if (row == 1)
		*ret = (struct store_sources_version){
			.shape = sqlite3_column_int64(q, 0),
			.shown = sqlite3_column_int64(q, 1) };
	else
		reader_fail(r, err);
	reader_done(q);
	return row == 1 ? 0 : -1;
}

int
store_each_stamp(struct store_reader *r, int64_t since,
    int (*fn)(int64_t id, uint64_t stamp, void *arg), void *arg,
    struct err *err)
{
	sqlite3_stmt *q = reader_statement(r, since > 0 ? stamps_since_sql :
	    stamps_sql, err);
	int row, stop = 0;

	if (q == NULL)
		return -1;
	sqlite3_bind_int64(q, 1, since);
	while ((row = stop ? 0 : db_row(q)) == 1) {
		uint64_t stamp = 0;

		for (int column = 1; column <= 6; column++)
			stamp = mix_text(stamp, q, column);
		stop = fn(sqlite3_column_int64(q, 0), stamp, arg);
	}
	if (row < 0)
		reader_fail(r, err);
	reader_done(q);
	return row < 0 ? -1 : 0;
}
