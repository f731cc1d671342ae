/* newest.c - see newest.h. */
#include <assert.h>
#include <stdlib.h>

#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"

#include "newest.h"
#include "reader.h"

enum { AHEAD = 32 };	/* asked for at once */

static const char newest_sql[] =
    "SELECT seq FROM revisions INDEXED BY revisions_source "
    "WHERE source_id = ?1 AND seq > ?2 AND seq <= ?3 "
    "ORDER BY seq DESC LIMIT ?4";

struct line {
	int64_t		 id, upto;
	int64_t		 seqs[AHEAD];
	unsigned	 at, count;
	int		 is_at_end;	/* nothing is behind these */
};

struct newest {
	struct store_reader *r;
	int64_t		 after;
	size_t		 count;
	struct line	 lines[];
};

struct newest *
newest_new(struct store_reader *r, const int64_t *ids, size_t count,
    int64_t after, int64_t upto)
{
	struct newest *n;

	assert(count <= NEWEST_SOURCES_MAX);
	n = xcalloc(1, sizeof(*n) + count * sizeof(n->lines[0]));
	n->r = r;
	n->after = after;
	n->count = count;
	for (size_t i = 0; i < count; i++) {
		n->lines[i].id = ids[i];
		n->lines[i].upto = upto;
	}
	return n;
}

void
newest_free(struct newest *n)
{
	free(n);
}

static int
refill(struct newest *n, struct line *line, struct err *err)
{
	sqlite3_stmt *q = reader_statement(n->r, newest_sql, err);
	int row;

	if (q == NULL)
		return -1;
	line->at = line->count = 0;
	sqlite3_bind_int64(q, 1, line->id);
	sqlite3_bind_int64(q, 2, n->after);
	sqlite3_bind_int64(q, 3, line->upto);
	sqlite3_bind_int64(q, 4, AHEAD);
	while ((row = db_row(q)) == 1)
		line->seqs[line->count++] = sqlite3_column_int64(q, 0);
	if (row < 0)
		reader_fail(n->r, err);
	reader_done(q);
	line->is_at_end = line->count < AHEAD;
	if (line->count > 0)
		line->upto = line->seqs[line->count - 1] - 1;
	return row < 0 ? -1 : 0;
}

int
newest_next(struct newest *n, int64_t *ret, struct err *err)
{
	struct line *best = NULL;

	for (size_t i = 0; i < n->count; i++) {
		struct line *line = &n->lines[i];

		if (line->at == line->count && !line->is_at_end &&
		    refill(n, line, err) != 0)
			return -1;
		if (line->at < line->count && (best == NULL ||
		    line->seqs[line->at] > best->seqs[best->at]))
			best = line;
	}
	if (best == NULL)
		return 0;
	*ret = best->seqs[best->at++];
	return 1;
}
