/*
 * search.c - from words to the records that have them.
 *
 * First the numbers of the best, by bm25, then each with its text: only what
 * is shown is read and made plain.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/html.h"
#include "feedmill/store.h"

#include "mend.h"
#include "reader.h"
#include "records.h"
#include "which.h"

enum {
	WORDS_MAX	= 32,
	WORDS_BYTES	= 1024,
	SNIPPET_BEFORE	= 60,		/* bytes, of the first word found */
	SNIPPET_BYTES	= 240,
};

static const char open_mark[] = STORE_FOUND, close_mark[] = STORE_FOUND_END;

/* -------------------------------------------------------------- the words */

static int
is_blank(uint32_t c)
{
	return c <= 0x20 || c == 0xa0 || c == 0x3000;
}

/* One word as a string of FTS5's: nothing in it is an operator. */
static void
put_quoted(struct buf *b, const char *word, const char *end)
{
	if (b->len > 0)
		buf_putc(b, ' ');
	buf_putc(b, '"');
	for (; word < end; word++) {
		if (*word == '"')
			buf_putc(b, '"');
		buf_putc(b, *word);
	}
	buf_putc(b, '"');
}

static int
put_expression(struct buf *b, const char *words, struct err *err)
{
	const char *end = words + strlen(words), *word = NULL, *p = words;
	int count = 0;

	while (p < end) {
		const char *at = p;
		int blank = is_blank(text_utf8_next(&p, end));

		if (!blank && word == NULL)
			word = at;
		if (word == NULL || (!blank && p < end))
			continue;
		put_quoted(b, word, blank ? at : p);
		word = NULL;
		count++;
	}
	if (count <= WORDS_MAX && end - words <= WORDS_BYTES)
		return 0;
	return err_set(err, "too long a search: at most %d words and %d "
	    "bytes", WORDS_MAX, WORDS_BYTES);
}

/* ------------------------------------------------------------ the numbers */

struct found {
	int64_t		 seq;
	double		 rank;
};

struct founds {
	struct found	*at;
	size_t		 count, room;
};

static void
founds_add(struct founds *all, int64_t seq, double rank)
{
	if (all->count == all->room) {
		all->room = all->room > 0 ? 2 * all->room : 64;
		all->at = xrealloc(all->at, all->room * sizeof(*all->at));
	}
	all->at[all->count++] = (struct found){ seq, rank };
}

/* A word of the title weighs as much as four of the text. */
static void
put_query(struct buf *sql, struct buf *ids, const struct store_filter *f)
{
	buf_printf(sql, "SELECT r.seq, %s AS score "
	    "FROM search CROSS JOIN revisions r ON r.seq = search.rowid "
	    "WHERE search MATCH ?1 AND r.seq > ?2 AND r.seq <= ?3 "
	    "AND r.announced_ms >= ?4",
	    f->by_date ? "0.0" : "bm25(search, 4.0, 1.0)");
	if (f->source_ids != NULL) {
		which_put_ids(ids, f->source_ids);
		buf_puts(sql, " AND r.source_id IN "
		    "(SELECT value FROM json_each(?5))");
	}
	which_put_states(sql, f);
	/* By its own number the index is read backwards, and no further than
	 * is wanted. */
	buf_puts(sql, f->by_date ? " ORDER BY search.rowid DESC" :
	    " ORDER BY score, r.seq DESC");
	if (f->limit > 0)
		buf_printf(sql, " LIMIT %u OFFSET %u", f->limit, f->skip);
}

static int
find(struct store_reader *r, const char *expression,
    const struct store_filter *f, struct founds *ret, struct err *err)
{
	struct buf sql = { 0 }, ids = { 0 };
	sqlite3_stmt *q;
	int row = -1;

	put_query(&sql, &ids, f);
	if ((q = reader_prepare(r, sql.data, err)) != NULL) {
		db_bind_text(q, 1, expression);
		sqlite3_bind_int64(q, 2, f->after_seq);
		sqlite3_bind_int64(q, 3, f->upto_seq > 0 ? f->upto_seq :
		    INT64_MAX);
		sqlite3_bind_int64(q, 4, f->since_ms);
		/* Refused, harmlessly, where the text does not name it. */
		db_bind_text(q, 5, ids.data);
		while ((row = db_row(q)) == 1)
			founds_add(ret, sqlite3_column_int64(q, 0),
			    -sqlite3_column_double(q, 1));
		if (row < 0)
			reader_fail(r, err);
	}
	sqlite3_finalize(q);
	buf_fini(&ids);
	buf_fini(&sql);
	return row;
}

/* -------------------------------------------------------------- the places */

#define MARKED(column) \
	"highlight(search, " column ", '" STORE_FOUND "', '" \
	STORE_FOUND_END "')"

static const char marked_text[] =
    "SELECT " MARKED("1") ", " MARKED("0") " FROM search "
    "WHERE search MATCH ?1 AND rowid = ?2";

/* Around the first word that was found, else from the beginning. */
static void
cut_snippet(struct buf *ret, const char *text, size_t len)
{
	const char *first = strstr(text, open_mark), *from = text;
	size_t n, opened = 0, closed = 0;

	if (first != NULL && first - text > SNIPPET_BEFORE) {
		from = first - SNIPPET_BEFORE;
		while (from < first && ((unsigned char)*from & 0xc0) == 0x80)
			from++;
		buf_puts(ret, "…");
	}
	len -= (size_t)(from - text);
	n = text_utf8_cut(from, len, SNIPPET_BYTES);
	/* A mark that would have nothing in it. */
	if (n < len && n >= sizeof(open_mark) - 1 && memcmp(from + n -
	    (sizeof(open_mark) - 1), open_mark, sizeof(open_mark) - 1) == 0)
		n -= sizeof(open_mark) - 1;
	for (const char *p = from; p < from + n; p++) {
		opened += strncmp(p, open_mark, sizeof(open_mark) - 1) == 0;
		closed += strncmp(p, close_mark, sizeof(close_mark) - 1) == 0;
	}
	buf_append(ret, from, n);
	if (opened > closed)
		buf_puts(ret, close_mark);
	if (n < len)
		buf_puts(ret, "…");
}

static void
put_text(struct buf *text, sqlite3_stmt *q, int column)
{
	const char *html = db_text(q, column);

	if (html != NULL)
		html_to_text(text, html, strlen(html));
}

static int
mark_found(struct store_reader *r, sqlite3_stmt *q, int64_t seq,
    struct buf *ret_snippet, struct buf *ret_title, struct err *err)
{
	struct buf text = { 0 };
	int row;

	sqlite3_bind_int64(q, 2, seq);
	row = db_row(q);
	if (row < 0)
		return reader_fail(r, err);
	if (row == 1) {
		put_text(&text, q, 0);
		put_text(ret_title, q, 1);
	}
	cut_snippet(ret_snippet, buf_str(&text), text.len);
	buf_fini(&text);
	return db_end(q);
}

/* --------------------------------------------------------------- together */

struct giving {
	struct store_hit hit;
	store_search_fn	*fn;
	void		*arg;
};

static int
give_hit(const struct record *record, void *arg)
{
	struct giving *g = arg;

	g->hit.record = record;
	return g->fn(&g->hit, g->arg);
}

static int
give_all(struct store_reader *r, const char *expression,
    const struct founds *all, struct giving *g, struct err *err)
{
	sqlite3_stmt *one = records_prepare(r, err);
	sqlite3_stmt *marked = reader_prepare(r, marked_text, err);
	int code = one != NULL && marked != NULL ? 0 : -1, stop = 0;

	if (code == 0)
		db_bind_text(marked, 1, expression);
	for (size_t i = 0; code == 0 && !stop && i < all->count; i++) {
		struct buf snippet = { 0 }, title = { 0 };

		code = mark_found(r, marked, all->at[i].seq, &snippet, &title,
		    err);
		g->hit.rank = all->at[i].rank;
		g->hit.snippet = buf_str(&snippet);
		g->hit.title = buf_str(&title);
		if (code == 0)
			code = records_give(r, one, all->at[i].seq, give_hit,
			    g, &stop, err);
		buf_fini(&snippet);
		buf_fini(&title);
	}
	sqlite3_finalize(marked);
	sqlite3_finalize(one);
	return code;
}

/* Who can mend it will hear of it; where a table of it is missing SQLite
 * does not say that it is of the index. */
static void
note_damage(struct store_reader *r, struct err *err)
{
	int code = r->db.failed;

	if (code == SQLITE_ERROR && mend_is_needed(&r->db)) {
		err_prefix(err, "the index for search is damaged (`feedmill "
		    "db reindex` makes it anew)");
		err->exit_status = 65;
		code = SQLITE_CORRUPT_VTAB;
	}
	r->met_damage = code == SQLITE_CORRUPT_VTAB;
}

int
store_search(struct store_reader *r, const char *words,
    const struct store_filter *f, store_search_fn *fn, void *arg,
    struct err *err)
{
	struct giving g = { .fn = fn, .arg = arg };
	struct buf expression = { 0 };
	struct founds all = { 0 };
	int code = put_expression(&expression, words, err);

	r->db.failed = SQLITE_OK;
	/* Nothing at all would be a mistake in FTS5's grammar. */
	if (code == 0 && expression.len > 0)
		code = find(r, buf_str(&expression), f, &all, err);
	if (code == 0 && all.count > 0)
		code = give_all(r, buf_str(&expression), &all, &g, err);
	if (code < 0)
		note_damage(r, err);
	buf_fini(&expression);
	free(all.at);
	return code;
}

int64_t
store_search_seq(struct store_reader *r)
{
	struct err err;
	int64_t seq;

	if (db_number(&r->db, "SELECT value FROM meta "
	    "WHERE name = 'indexed_seq'", &seq, &err) != 0)
		return 0;
	return seq;
}
