/*
 * which.c - see which.h.
 */
#include <stdlib.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"

#include "reader.h"
#include "which.h"

int
store_last_seq(struct store_reader *r, int64_t *ret, struct err *err)
{
	/* Retention may have taken the last revision, not its number. */
	static const char sql[] = "SELECT coalesce((SELECT value FROM meta "
	    "WHERE name = 'last_seq'), 0)";
	sqlite3_stmt *q = reader_statement(r, sql, err);
	int row;

	if (q == NULL)
		return -1;
	row = db_row(q);
	if (row == 1)
		*ret = sqlite3_column_int64(q, 0);
	else
		reader_fail(r, err);
	reader_done(q);
	return row == 1 ? 0 : -1;
}

static void
which_add(struct which *n, int64_t number)
{
	if (n->count == n->room) {
		n->room = n->room > 0 ? 2 * n->room : 256;
		n->at = xrealloc(n->at, n->room * sizeof(*n->at));
	}
	n->at[n->count++] = number;
}

void
which_put_states(struct buf *sql, const struct store_filter *f)
{
	if (!f->with_silent)
		buf_puts(sql, " AND r.silent = 0");
	if (!f->with_superseded)
		buf_puts(sql, " AND r.seq = "
		    "(SELECT e.seq FROM entries e WHERE e.id = r.entry_id)");
}

static void
filter_write(struct buf *sql, const struct store_filter *f, int newest_first,
    const struct which_range *g)
{
	buf_puts(sql, "SELECT r.seq FROM revisions r "
	    "WHERE r.seq > ?1 AND r.seq <= ?2");
	/* The sign keeps SQLite from using the index on it. */
	if (f->source_ids != NULL)
		buf_printf(sql, " AND %sr.source_id IN "
		    "(SELECT value FROM json_each(?3))", g->scan ? "+" : "");
	which_put_states(sql, f);
	buf_printf(sql, " ORDER BY r.seq%s", newest_first ? " DESC" : "");
	if (f->limit > 0)
		buf_printf(sql, " LIMIT %u", f->limit);
}

void
which_put_ids(struct buf *json, const int64_t *ids)
{
	buf_putc(json, '[');
	for (; ids != NULL && *ids != 0; ids++)
		buf_printf(json, "%s%lld", json->len > 1 ? "," : "",
		    (long long)*ids);
	buf_putc(json, ']');
}

struct which_ids
which_ids_of(const int64_t *ids)
{
	struct which_ids w = { ids, 0 };

	while (ids != NULL && ids[w.count] != 0)
		w.count++;
	return w;
}

static int
compare_ids(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int
which_has(const struct which_ids *w, int64_t id)
{
	return w->ids == NULL || bsearch(&id, w->ids, w->count,
	    sizeof(*w->ids), compare_ids) != NULL;
}

/*
 * The last number announced before a moment.  Times never fall along the
 * sequence, so halving finds it: some forty rows read, and no index to keep.
 */
int
store_seq_before(struct store_reader *r, int64_t since_ms, int64_t *ret,
    struct err *err)
{
	sqlite3_stmt *q = reader_prepare(r, "SELECT seq, announced_ms FROM "
	    "revisions WHERE seq > ?1 ORDER BY seq LIMIT 1", err);
	int64_t low = 0, high = 0, middle;
	int row = q != NULL ? store_last_seq(r, &high, err) : -1;

	/* Before low all is older, after high all is not. */
	while (row >= 0 && low < high) {
		middle = low + (high - low) / 2;
		sqlite3_bind_int64(q, 1, middle);
		row = db_row(q);
		if (row == 1 && sqlite3_column_int64(q, 1) < since_ms)
			low = sqlite3_column_int64(q, 0);
		else
			high = middle;
		sqlite3_reset(q);
	}
	if (row < 0 && q != NULL)
		reader_fail(r, err);
	sqlite3_finalize(q);
	*ret = low;
	return row < 0 ? -1 : 0;
}

/* How much of all that was announced is theirs? */
static int
share_find(struct store_reader *r, const int64_t *ids, int64_t last,
    double *ret, struct err *err)
{
	struct buf json = { 0 };
	sqlite3_stmt *q;
	int row = -1;

	q = reader_prepare(r, "SELECT total(announced) FROM sources WHERE id IN "
	    "(SELECT value FROM json_each(?1))", err);
	which_put_ids(&json, ids);
	if (q != NULL) {
		db_bind_text(q, 1, json.data);
		row = db_row(q);
		if (row != 1)
			reader_fail(r, err);
	}
	if (row == 1 && last > 0)
		*ret = sqlite3_column_double(q, 0) / (double)last;
	sqlite3_finalize(q);
	buf_fini(&json);
	return row == 1 ? 0 : -1;
}

/*
 * Read along the sequence until enough is found, or everything the sources
 * have, by their index, and sort?  The first where they have announced much
 * of all there is, the second where little: an outlet must not become slower
 * as the database grows.
 */
static int
range_choose(struct store_reader *r, const struct store_filter *f,
    struct which_range *g, int64_t last, struct err *err)
{
	double share = f->share, length, scanned;

	g->scan = 1;
	if (f->source_ids == NULL)
		return 0;
	if (share <= 0 && share_find(r, f->source_ids, last, &share,
	    err) != 0)
		return -1;
	length = (double)(g->upto - g->after);
	scanned = f->limit > 0 && share > 0 ? (double)f->limit / share :
	    length;
	g->scan = (scanned < length ? scanned : length) <= share * length;
	return 0;
}

int
which_range(struct store_reader *r, const struct store_filter *f,
    struct which_range *g, struct err *err)
{
	int64_t last;

	*g = (struct which_range){ 0 };
	if (store_last_seq(r, &last, err) != 0)
		return -1;
	g->upto = f->upto_seq > 0 ? f->upto_seq : last;
	if (f->since_ms > 0 &&
	    store_seq_before(r, f->since_ms, &g->after, err) != 0)
		return -1;
	if (g->after < f->after_seq)
		g->after = f->after_seq;
	return range_choose(r, f, g, last, err);
}

static int
range_run(struct store_reader *r, const char *sql, const char *ids,
    const struct which_range *g, struct which *ret, struct err *err)
{
	sqlite3_stmt *q = reader_prepare(r, sql, err);
	int code;

	if (q == NULL)
		return -1;
	sqlite3_bind_int64(q, 1, g->after);
	sqlite3_bind_int64(q, 2, g->upto);
	/* Refused, harmlessly, where the text does not name it. */
	db_bind_text(q, 3, ids);
	while ((code = db_row(q)) == 1)
		which_add(ret, sqlite3_column_int64(q, 0));
	if (code != 0)
		reader_fail(r, err);
	sqlite3_finalize(q);
	return code;
}

int
which_find(struct store_reader *r, const struct store_filter *f,
    int newest_first, struct which *ret, struct err *err)
{
	struct buf sql = { 0 }, ids = { 0 };
	struct which_range g;
	int code;

	if (f->source_ids != NULL)
		which_put_ids(&ids, f->source_ids);
	code = which_range(r, f, &g, err);
	if (code == 0) {
		filter_write(&sql, f, newest_first, &g);
		code = range_run(r, sql.data, ids.data, &g, ret, err);
	}
	buf_fini(&sql);
	buf_fini(&ids);
	return code;
}
