/*
 * which.c - see which.h.
 */
#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"

#include "reader.h"
#include "which.h"

int
store_last_seq(struct store_reader *r, int64_t *ret, struct err *err)
{
	/* Retention may have taken the last revision, not its number. */
	return db_number(&r->db, "SELECT coalesce((SELECT value FROM meta "
	    "WHERE name = 'last_seq'), 0)", ret, err);
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

struct range {			/* of the sequence, and what to find in it */
	int64_t		 after, upto;
	const char	*ids;		/* JSON; NULL: all sources */
	int64_t		 limit;		/* 0: none */
	int		 scan;		/* read on until there are enough */
};

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
    const struct range *g)
{
	buf_puts(sql, "SELECT r.seq FROM revisions r "
	    "WHERE r.seq > ?1 AND r.seq <= ?2");
	/* The sign keeps SQLite from using the index on it. */
	if (g->ids != NULL)
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

/*
 * Read along the sequence until enough is found, or everything the sources
 * have, by their index, and sort?  The first where they have announced much
 * of all there is, the second where little: an outlet must not become slower
 * as the database grows.
 */
static int
range_choose(struct store_reader *r, struct range *g, int64_t last,
    struct err *err)
{
	sqlite3_stmt *q;
	double all = (double)last, wanted, length, scanned;
	int row;

	if (g->ids == NULL)
		return 0;
	q = reader_prepare(r, "SELECT total(announced) FROM sources WHERE id IN "
	    "(SELECT value FROM json_each(?1))", err);
	if (q == NULL)
		return -1;
	db_bind_text(q, 1, g->ids);
	row = db_row(q);
	wanted = row == 1 ? sqlite3_column_double(q, 0) : 0;
	if (row != 1)
		reader_fail(r, err);
	sqlite3_finalize(q);
	length = (double)(g->upto - g->after);
	scanned = g->limit > 0 && wanted > 0 ? (double)g->limit * all / wanted :
	    length;
	g->scan = (scanned < length ? scanned : length) * all <=
	    wanted * length;
	return row == 1 ? 0 : -1;
}

static int
range_of(struct store_reader *r, const struct store_filter *f,
    struct range *g, struct err *err)
{
	int64_t last;

	if (store_last_seq(r, &last, err) != 0)
		return -1;
	g->limit = f->limit;
	g->upto = f->upto_seq > 0 ? f->upto_seq : last;
	if (f->since_ms > 0 &&
	    store_seq_before(r, f->since_ms, &g->after, err) != 0)
		return -1;
	if (g->after < f->after_seq)
		g->after = f->after_seq;
	return range_choose(r, g, last, err);
}

static int
range_run(struct store_reader *r, const char *sql, const struct range *g,
    struct which *ret, struct err *err)
{
	sqlite3_stmt *q = reader_prepare(r, sql, err);
	int code;

	if (q == NULL)
		return -1;
	sqlite3_bind_int64(q, 1, g->after);
	sqlite3_bind_int64(q, 2, g->upto);
	/* Refused, harmlessly, where the text does not name it. */
	db_bind_text(q, 3, g->ids);
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
	struct range g = { 0 };
	int code;

	if (f->source_ids != NULL) {
		which_put_ids(&ids, f->source_ids);
		g.ids = ids.data;
	}
	code = range_of(r, f, &g, err);
	if (code == 0) {
		filter_write(&sql, f, newest_first, &g);
		code = range_run(r, sql.data, &g, ret, err);
	}
	buf_fini(&sql);
	buf_fini(&ids);
	return code;
}
