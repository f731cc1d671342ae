/*
 * sources.c - which row is which source.
 *
 * A source is looked for by name and URL, then by name, then by URL, first
 * among the rows that are configured now and then among those that were:
 * whatever matches keeps its history.  Names and URLs are found by hash, so
 * that a hundred thousand sources are synchronised in one pass each.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"

#include "sources.h"
#include "writer.h"

struct row {
	struct source_state state;
	char		*name, *configured_url, *configured_title;
	int64_t		 position;	/* -1: not configured any more */
	int		 is_matched;
};

struct index {			/* rows by one of their strings */
	size_t		*first, *next;	/* row + 1; 0 ends */
	size_t		 mask;
};

struct sync {
	struct writer	*w;
	struct db	*db;
	const struct config *config;
	struct row	*rows;
	size_t		 count, room;
	struct index	 names, urls;
	struct row	**match;	/* of each configured source */
	int		 has_removed;
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
	read_history(q, &st->history);
}

static struct row *
sync_add_row(struct sync *sy)
{
	if (sy->count == sy->room) {
		sy->room = sy->room > 0 ? 2 * sy->room : 64;
		sy->rows = xrealloc(sy->rows, sy->room * sizeof(*sy->rows));
	}
	sy->rows[sy->count] = (struct row){ .position = -1 };
	return &sy->rows[sy->count++];
}

static int
sync_read(struct sync *sy)
{
	sqlite3_stmt *q = db_use(sy->db, SQL_SOURCES_ALL);
	struct row *row;
	int code;

	while ((code = db_row(q)) == 1) {
		row = sync_add_row(sy);
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
sync_find(struct sync *sy, const struct config_source *c, int how)
{
	const struct index *ix = how & BY_NAME ? &sy->names : &sy->urls;
	size_t at = *index_slot(ix, how & BY_NAME ? c->name : c->url);

	for (; at != 0; at = ix->next[at - 1]) {
		if (row_fits(&sy->rows[at - 1], c, how))
			return &sy->rows[at - 1];
	}
	return NULL;
}

static void
sync_match(struct sync *sy)
{
	static const int passes[] = {
		BY_NAME | BY_URL | LIVE | REMOVED,
		BY_NAME | LIVE, BY_URL | LIVE,
		BY_NAME | REMOVED, BY_URL | REMOVED,
	};
	const struct config *c = sy->config;

	index_init(&sy->names, sy->count);
	index_init(&sy->urls, sy->count);
	for (size_t i = 0; i < sy->count; i++) {
		index_add(&sy->names, sy->rows[i].name, i);
		index_add(&sy->urls, sy->rows[i].configured_url, i);
	}
	for (size_t p = 0; p < ARRAY_LEN(passes); p++) {
		for (size_t i = 0; i < c->sources_count; i++) {
			if (sy->match[i] != NULL)
				continue;
			sy->match[i] = sync_find(sy, &c->sources[i],
			    passes[p]);
			if (sy->match[i] != NULL)
				sy->match[i]->is_matched = 1;
		}
	}
}

/* --------------------------------------------------------------- writing */

static void
state_forget(char **s)
{
	free(*s);
	*s = NULL;
}

/* Another address: what the old one said of itself is void, entries stay. */
static int
write_moved(struct sync *sy, struct row *row, const char *url)
{
	sqlite3_stmt *q = db_use(sy->db, SQL_SOURCE_MOVED);
	struct source_state *st = &row->state;

	state_forget(&st->url);
	st->url = xstrdup(url);
	state_forget(&st->etag);
	state_forget(&st->last_modified);
	state_forget(&st->validators_url);
	state_forget(&st->error);
	state_forget(&st->permanent_url);
	st->body_digest = (struct digest){ 0 };
	st->gone = 0;
	st->permanent_seen = 0;
	st->next_due_ms = 0;
	st->history.failures = 0;
	st->history.retry_after_s = st->history.max_age_s = -1;
	sqlite3_bind_int64(q, 1, st->id);
	db_bind_text(q, 2, url);
	return db_run(q);
}

static int
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static int
write_matched(struct sync *sy, struct row *row, const struct config_source *c,
    int64_t position)
{
	sqlite3_stmt *q;

	if (strcmp(row->configured_url, c->url) != 0 &&
	    write_moved(sy, row, c->url) != 0)
		return -1;
	if (row->position == position && strcmp(row->name, c->name) == 0 &&
	    same_text(row->configured_title, c->title))
		return 0;
	q = db_use(sy->db, SQL_SOURCE_CONFIGURE);
	sqlite3_bind_int64(q, 1, row->state.id);
	db_bind_text(q, 2, c->name);
	db_bind_text(q, 3, c->title);
	sqlite3_bind_int64(q, 4, position);
	return db_run(q);
}

static int
write_new(struct sync *sy, const struct config_source *c, int64_t position,
    struct source_state *ret)
{
	sqlite3_stmt *q = db_use(sy->db, SQL_SOURCE_INSERT);

	db_bind_text(q, 1, c->name);
	db_bind_text(q, 2, c->url);
	db_bind_text(q, 3, c->title);
	sqlite3_bind_int64(q, 4, position);
	if (db_run(q) != 0)
		return -1;
	ret->id = sqlite3_last_insert_rowid(sy->db->sqlite);
	ret->url = xstrdup(c->url);
	ret->history = (struct history){ .visited_ms = DATE_NONE,
	    .succeeded_ms = DATE_NONE, .changed_ms = DATE_NONE,
	    .retry_after_s = -1, .max_age_s = -1, .ttl_s = -1,
	    .update_s = -1, .pace_s = -1 };
	return 0;
}

static int
write_removed(struct sync *sy)
{
	sqlite3_stmt *q = db_use(sy->db, SQL_SOURCE_REMOVE);

	for (size_t i = 0; i < sy->count; i++) {
		if (sy->rows[i].is_matched || sy->rows[i].position < 0)
			continue;
		sqlite3_bind_int64(q, 1, sy->rows[i].state.id);
		if (db_run(q) != 0)
			return -1;
		sy->has_removed = 1;
	}
	return 0;
}

struct heir {
	int64_t	entry_id, source_id, timestamp_ms;
};

static int
write_heir(struct db *db, const struct heir *h)
{
	sqlite3_stmt *q = db_use(db, SQL_ENTRY_OWNER);

	sqlite3_bind_int64(q, 1, h->entry_id);
	sqlite3_bind_int64(q, 2, h->source_id);
	db_bind_time(q, 3, h->timestamp_ms);
	if (db_run(q) != 0)
		return -1;
	q = db_use(db, SQL_SIGHTING_DELETE);
	sqlite3_bind_int64(q, 1, h->entry_id);
	sqlite3_bind_int64(q, 2, h->source_id);
	return db_run(q);
}

/* What a removed source owned goes to the next that listed it. */
static int
write_heirs(struct db *db)
{
	sqlite3_stmt *q = db_use(db, SQL_HEIRS);
	struct heir *heirs = NULL;
	size_t count = 0, room = 0;
	int code;

	while ((code = db_row(q)) == 1) {
		if (count == room) {
			room = room > 0 ? 2 * room : 64;
			heirs = xrealloc(heirs, room * sizeof(*heirs));
		}
		heirs[count++] = (struct heir){ sqlite3_column_int64(q, 0),
		    sqlite3_column_int64(q, 1), db_time(q, 2) };
	}
	for (size_t i = 0; code == 0 && i < count; i++)
		code = write_heir(db, &heirs[i]);
	free(heirs);
	return code;
}

static int
write_outlets(struct sync *sy)
{
	sqlite3_stmt *q = db_use(sy->db, SQL_OUTLET_ADD);
	char uuid[UUID_TEXT_SIZE];

	for (size_t i = 0; i < sy->config->outlets_count; i++) {
		uuid_mint(uuid);
		db_bind_text(q, 1, sy->config->outlets[i].name);
		db_bind_text(q, 2, uuid);
		if (db_run(q) != 0)
			return -1;
	}
	return 0;
}

static int
sync_write(struct sync *sy, struct source_state *states)
{
	const struct config *c = sy->config;
	int code = 0;

	for (size_t i = 0; code == 0 && i < c->sources_count; i++) {
		if (sy->match[i] == NULL) {
			code = write_new(sy, &c->sources[i], (int64_t)i,
			    &states[i]);
			continue;
		}
		code = write_matched(sy, sy->match[i], &c->sources[i],
		    (int64_t)i);
		states[i] = sy->match[i]->state;
		sy->match[i]->state = (struct source_state){ 0 };
		states[i].in_flight = !sy->w->was_synced &&
		    inflight_was_left(sy->w->inflight, states[i].id);
	}
	if (code == 0)
		code = write_removed(sy);
	if (code == 0 && sy->has_removed)
		code = write_heirs(sy->db);
	return code == 0 ? write_outlets(sy) : -1;
}

static void
sync_fini(struct sync *sy)
{
	for (size_t i = 0; i < sy->count; i++) {
		source_state_fini(&sy->rows[i].state);
		free(sy->rows[i].name);
		free(sy->rows[i].configured_url);
		free(sy->rows[i].configured_title);
	}
	free(sy->rows);
	free(sy->match);
	index_fini(&sy->names);
	index_fini(&sy->urls);
}

int
sources_sync(struct writer *w, const struct config *config,
    struct source_state **ret, struct err *err)
{
	struct sync sy = { .w = w, .db = &w->db, .config = config };
	struct source_state *states;
	int code;

	if (writer_flush_saves(w, err) != 0)
		return -1;
	states = xcalloc(config->sources_count, sizeof(*states));
	sy.match = xcalloc(config->sources_count, sizeof(*sy.match));
	code = sync_read(&sy);
	if (code == 0) {
		sync_match(&sy);
		code = sync_write(&sy, states);
	}
	if (code != 0)
		db_fail(sy.db, err, "bring the sources up to date");
	sync_fini(&sy);
	if (code != 0) {
		sources_free_states(states, config->sources_count);
		return -1;
	}
	w->is_syncing = 1;
	*ret = states;
	return 0;
}

void
source_state_fini(struct source_state *st)
{
	free(st->url);
	free(st->etag);
	free(st->last_modified);
	free(st->validators_url);
	free(st->permanent_url);
	free(st->title);
	free(st->link);
	free(st->error);
	*st = (struct source_state){ 0 };
}

void
sources_free_states(struct source_state *states, size_t count)
{
	for (size_t i = 0; i < count; i++)
		source_state_fini(&states[i]);
	free(states);
}
