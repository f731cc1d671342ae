/*
 * sources.c - the sources table and the configuration, made to agree: what
 * matches keeps its history, what is new gets a row, what is gone leaves its
 * entries to others.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/err.h"
#include "feedmill/base/hash.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"

#include "match.h"
#include "sources.h"
#include "writer.h"

const char sources_hash_name[] = "sources_hash";

int64_t
sources_hash(const struct config *c)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < c->sources_count; i++) {
		const struct config_source *s = &c->sources[i];

		hash = hash_64(s->name, strlen(s->name) + 1, hash);
		hash = hash_64(s->url, strlen(s->url), hash);
	}
	return (int64_t)(hash >> 1);
}

struct sync {
	struct writer	*w;
	struct db	*db;
	const struct config *config;
	struct match	 match;
	int		 has_heirs;	/* some may be heirs now */
};

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
	state_forget(&st->held_host);
	st->body_digest = (struct digest){ 0 };
	st->gone = 0;
	st->permanent_seen = 0;
	st->next_due_ms = 0;
	st->history.failures = 0;
	st->history.retry_after_s = st->history.max_age_s = -1;
	sqlite3_bind_int64(q, 1, st->id);
	db_bind_text(q, 2, url);
	if (db_run(q) != 0)
		return -1;
	q = db_use(sy->db, SQL_SOURCE_DUE_AT_ONCE);
	sqlite3_bind_int64(q, 1, st->id);
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
	/* Who comes back may be the only one left that lists an entry. */
	if (row->position < 0)
		sy->has_heirs = 1;
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

	for (size_t i = 0; i < sy->match.count; i++) {
		if (sy->match.rows[i].is_matched || sy->match.rows[i].position < 0)
			continue;
		sqlite3_bind_int64(q, 1, sy->match.rows[i].state.id);
		if (db_run(q) != 0)
			return -1;
		sy->has_heirs = 1;
	}
	return 0;
}

struct heir {
	int64_t	entry_id, source_id, timestamp_ms;
};

static int
write_heir(struct db *db, const struct heir *h)
{
	sqlite3_stmt *q = db_use(db, SQL_SIGHTING_OF_OWNER);

	sqlite3_bind_int64(q, 1, h->entry_id);
	if (db_run(q) != 0)
		return -1;
	q = db_use(db, SQL_ENTRY_OWNER);
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
write_hash(struct sync *sy)
{
	sqlite3_stmt *q = db_use(sy->db, SQL_META_SET);

	db_bind_text(q, 1, sources_hash_name);
	sqlite3_bind_int64(q, 2, sources_hash(sy->config));
	return db_run(q) == 0 ? 0 : -1;
}

static int
sync_write(struct sync *sy, struct source_state *states)
{
	const struct config *c = sy->config;
	int code = 0;

	for (size_t i = 0; code == 0 && i < c->sources_count; i++) {
		if (sy->match.of[i] == NULL) {
			code = write_new(sy, &c->sources[i], (int64_t)i,
			    &states[i]);
			continue;
		}
		code = write_matched(sy, sy->match.of[i], &c->sources[i],
		    (int64_t)i);
		states[i] = sy->match.of[i]->state;
		sy->match.of[i]->state = (struct source_state){ 0 };
		states[i].in_flight = !sy->w->was_synced &&
		    inflight_was_left(sy->w->inflight, states[i].id);
	}
	if (code == 0)
		code = write_removed(sy);
	if (code == 0 && sy->has_heirs)
		code = write_heirs(sy->db);
	return code == 0 && write_hash(sy) == 0 ? write_outlets(sy) : -1;
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
	code = match_sources(&sy.match, sy.db, config);
	if (code == 0)
		code = sync_write(&sy, states);
	if (code != 0)
		db_fail(sy.db, err, "bring the sources up to date");
	match_fini(&sy.match);
	if (code == 0)
		chores_set_retention(w, config, states);
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
	free(st->held_host);
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
