/*
 * match.c - see match.h.
 *
 * Names and URLs are found by hash, so that a hundred thousand sources are
 * matched in one pass for each way to look.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/mem.h"

#include "db.h"
#include "match.h"
#include "sources.h"

struct index {			/* rows by one of their strings */
	size_t		*first, *next;	/* row + 1; 0 ends */
	size_t		 mask;
};

struct matching {
	struct match	*m;
	const struct config *config;
	struct index	 names, urls;
};

/* --------------------------------------------------------------- reading */

static enum outcome
outcome_of(const char *name)
{
	enum outcome outcome = OUTCOME_OK;

	if (name != NULL)
		outcome_from_name(name, &outcome);
	return outcome;
}

/* The columns from failures on, as SQL_SOURCES_ALL lists them. */
static void
read_history(sqlite3_stmt *q, struct history *h)
{
	h->failures = (unsigned)sqlite3_column_int64(q, 15);
	h->outcome = outcome_of(db_text(q, 16));
	h->visited_ms = db_time(q, 17);
	h->succeeded_ms = db_time(q, 18);
	h->changed_ms = db_time(q, 19);
	h->retry_after_s = sqlite3_column_int64(q, 20);
	h->max_age_s = sqlite3_column_int64(q, 21);
	h->ttl_s = sqlite3_column_int64(q, 22);
	h->update_s = sqlite3_column_int64(q, 23);
	h->skip_hours = (uint32_t)sqlite3_column_int64(q, 24);
	h->skip_days = (uint8_t)sqlite3_column_int(q, 25);
	h->pace_s = sqlite3_column_int64(q, 26);
	h->gap = sqlite3_column_int(q, 27);
	h->network_down = sqlite3_column_int(q, 28);
}

void
sources_read_state(sqlite3_stmt *q, struct source_state *st)
{
	st->id = sqlite3_column_int64(q, 0);
	st->url = db_strdup(q, 4);
	st->etag = db_strdup(q, 5);
	st->last_modified = db_strdup(q, 6);
	st->validators_url = db_strdup(q, 29);
	st->body_digest = db_digest(q, 7);
	st->title = db_strdup(q, 8);
	st->link = db_strdup(q, 9);
	st->error = db_strdup(q, 10);
	st->next_due_ms = sqlite3_column_int64(q, 11);
	st->gone = sqlite3_column_int(q, 12);
	st->permanent_seen = (unsigned)sqlite3_column_int64(q, 13);
	st->permanent_url = db_strdup(q, 14);
	st->held_host = db_strdup(q, 31);
	read_history(q, &st->history);
}

static struct row *
match_add_row(struct match *m)
{
	if (m->count == m->room) {
		m->room = m->room > 0 ? 2 * m->room : 64;
		m->rows = xrealloc(m->rows, m->room * sizeof(*m->rows));
	}
	m->rows[m->count] = (struct row){ .position = -1 };
	return &m->rows[m->count++];
}

static int
match_read(struct match *m, struct db *db)
{
	sqlite3_stmt *q = db_use(db, SQL_SOURCES_ALL);
	struct row *row;
	int code;

	while ((code = db_row(q)) == 1) {
		row = match_add_row(m);
		sources_read_state(q, &row->state);
		row->name = db_strdup(q, 1);
		row->configured_url = db_strdup(q, 2);
		if (sqlite3_column_type(q, 3) != SQLITE_NULL)
			row->position = sqlite3_column_int64(q, 3);
		row->configured_title = db_strdup(q, 30);
	}
	return code;
}

/* -------------------------------------------------------------- matching */

static size_t *
index_slot(const struct index *ix, const char *s)
{
	return &ix->first[hash_64(s, strlen(s), 0) & ix->mask];
}

static void
index_init(struct index *ix, size_t count)
{
	size_t buckets = 16;

	while (buckets < 2 * count)
		buckets *= 2;
	ix->mask = buckets - 1;
	ix->first = xcalloc(buckets, sizeof(*ix->first));
	ix->next = xcalloc(count, sizeof(*ix->next));
}

static void
index_add(struct index *ix, const char *s, size_t row)
{
	size_t *slot = index_slot(ix, s);

	ix->next[row] = *slot;
	*slot = row + 1;
}

static void
index_fini(struct index *ix)
{
	free(ix->first);
	free(ix->next);
}

enum { BY_NAME = 1, BY_URL = 2, LIVE = 4, REMOVED = 8 };

static int
row_fits(const struct row *row, const struct config_source *c, int how)
{
	return !row->is_matched &&
	    (how & (row->position >= 0 ? LIVE : REMOVED)) != 0 &&
	    (!(how & BY_NAME) || strcmp(row->name, c->name) == 0) &&
	    (!(how & BY_URL) || strcmp(row->configured_url, c->url) == 0);
}

static struct row *
find(struct matching *mg, const struct config_source *c, int how)
{
	const struct index *ix = how & BY_NAME ? &mg->names : &mg->urls;
	size_t at = *index_slot(ix, how & BY_NAME ? c->name : c->url);

	for (; at != 0; at = ix->next[at - 1]) {
		if (row_fits(&mg->m->rows[at - 1], c, how))
			return &mg->m->rows[at - 1];
	}
	return NULL;
}

static void
match_all(struct matching *mg)
{
	static const int passes[] = {
		BY_NAME | BY_URL | LIVE | REMOVED,
		BY_URL | LIVE, BY_NAME | LIVE,
		BY_URL | REMOVED, BY_NAME | REMOVED,
	};
	const struct config *c = mg->config;
	struct row **of = mg->m->of;

	for (size_t p = 0; p < ARRAY_LEN(passes); p++) {
		for (size_t i = 0; i < c->sources_count; i++) {
			if (of[i] != NULL)
				continue;
			of[i] = find(mg, &c->sources[i], passes[p]);
			if (of[i] != NULL)
				of[i]->is_matched = 1;
		}
	}
}

int
match_sources(struct match *m, struct db *db, const struct config *config)
{
	struct matching mg = { .m = m, .config = config };

	m->of = xcalloc(config->sources_count, sizeof(*m->of));
	if (match_read(m, db) != 0)
		return -1;
	index_init(&mg.names, m->count);
	index_init(&mg.urls, m->count);
	for (size_t i = 0; i < m->count; i++) {
		index_add(&mg.names, m->rows[i].name, i);
		index_add(&mg.urls, m->rows[i].configured_url, i);
	}
	match_all(&mg);
	index_fini(&mg.names);
	index_fini(&mg.urls);
	return 0;
}

void
match_fini(struct match *m)
{
	for (size_t i = 0; i < m->count; i++) {
		source_state_fini(&m->rows[i].state);
		free(m->rows[i].name);
		free(m->rows[i].configured_url);
		free(m->rows[i].configured_title);
	}
	free(m->rows);
	free(m->of);
}
