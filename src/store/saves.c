/* saves.c - see saves.h. */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"
#include "feedmill/model.h"
#include "feedmill/store.h"

#include "db.h"
#include "saves.h"
#include "visits.h"

struct save *
save_new_due(const struct source_state *st)
{
	struct save *s = xcalloc(1, sizeof(*s));

	s->id = st->id;
	s->has_due = 1;
	s->next_due_ms = st->next_due_ms;
	s->visited_ms = st->history.visited_ms;
	s->succeeded_ms = st->history.succeeded_ms;
	s->max_age_s = st->history.max_age_s;
	return s;
}

struct save *
save_new_state(const struct source_state *st)
{
	struct save *s = save_new_due(st);

	s->has_state = 1;
	s->url = xstrdup_null(st->url);
	s->permanent_url = xstrdup_null(st->permanent_url);
	s->held_host = xstrdup_null(st->held_host);
	s->error = xstrdup_null(st->error);
	s->history = st->history;
	s->gone = st->gone;
	s->permanent_seen = st->permanent_seen;
	return s;
}

struct save *
save_new_validators(int64_t id, const char *url, const char *etag,
    const char *last_modified)
{
	struct save *s = xcalloc(1, sizeof(*s));

	s->id = id;
	s->has_validators = 1;
	s->validators_url = xstrdup_null(url);
	s->etag = xstrdup_null(etag);
	s->last_modified = xstrdup_null(last_modified);
	return s;
}

static void
save_free(struct save *s)
{
	free(s->url);
	free(s->permanent_url);
	free(s->held_host);
	free(s->error);
	free(s->validators_url);
	free(s->etag);
	free(s->last_modified);
	free(s);
}

void
save_free_all(struct save *list)
{
	struct save *next;

	for (; list != NULL; list = next) {
		next = list->next;
		save_free(list);
	}
}

static void
swap(char **a, char **b)
{
	char *was = *a;

	*a = *b;
	*b = was;
}

/* What newer says goes into s; its old strings go into newer, to be freed. */
static void
save_merge(struct save *s, struct save *newer)
{
	if (newer->has_due) {
		s->has_due = 1;
		s->next_due_ms = newer->next_due_ms;
		s->visited_ms = newer->visited_ms;
		s->succeeded_ms = newer->succeeded_ms;
		s->max_age_s = newer->max_age_s;
	}
	if (newer->has_state) {
		s->has_state = 1;
		swap(&s->url, &newer->url);
		swap(&s->permanent_url, &newer->permanent_url);
		swap(&s->held_host, &newer->held_host);
		swap(&s->error, &newer->error);
		s->history = newer->history;
		s->gone = newer->gone;
		s->permanent_seen = newer->permanent_seen;
	}
	if (newer->has_validators) {
		s->has_validators = 1;
		swap(&s->validators_url, &newer->validators_url);
		swap(&s->etag, &newer->etag);
		swap(&s->last_modified, &newer->last_modified);
	}
}

static void
saves_make_room(struct saves *all, size_t id)
{
	size_t room = all->room > 0 ? all->room : 64;

	while (room <= id)
		room *= 2;
	if (room == all->room)
		return;
	all->by_id = xrealloc(all->by_id, room * sizeof(all->by_id[0]));
	memset(all->by_id + all->room, 0,
	    (room - all->room) * sizeof(all->by_id[0]));
	all->room = room;
}

static void
saves_add(struct saves *all, struct save *s)
{
	all->by_id[s->id] = s;
	s->next = all->list;
	all->list = s;
	all->count++;
}

void
saves_put(struct saves *all, struct save *s)
{
	struct save *waiting;

	saves_make_room(all, (size_t)s->id);
	waiting = all->by_id[s->id];
	if (waiting == NULL) {
		saves_add(all, s);
		return;
	}
	save_merge(waiting, s);
	save_free(s);
}

void
saves_put_back(struct saves *all, struct save *list)
{
	struct save *next, *waiting;

	for (; list != NULL; list = next) {
		next = list->next;
		saves_make_room(all, (size_t)list->id);
		waiting = all->by_id[list->id];
		if (waiting == NULL) {
			saves_add(all, list);
			continue;
		}
		/* The old one fills in what the newer does not say. */
		if (!waiting->has_due || !waiting->has_state ||
		    !waiting->has_validators) {
			save_merge(list, waiting);
			save_merge(waiting, list);
		}
		save_free(list);
	}
}

struct save *
saves_take(struct saves *all)
{
	struct save *list = all->list;

	for (struct save *s = list; s != NULL; s = s->next)
		all->by_id[s->id] = NULL;
	all->list = NULL;
	all->count = 0;
	return list;
}

void
saves_fini(struct saves *all)
{
	save_free_all(saves_take(all));
	free(all->by_id);
	*all = (struct saves){ 0 };
}

static void
bind_history(sqlite3_stmt *q, const struct history *h)
{
	sqlite3_bind_int64(q, 2, h->failures);
	if (h->visited_ms != DATE_NONE)
		db_bind_text(q, 3, outcome_name(h->outcome));
	db_bind_time(q, 4, h->changed_ms);
	sqlite3_bind_int64(q, 5, h->retry_after_s);
	sqlite3_bind_int64(q, 6, h->ttl_s);
	sqlite3_bind_int64(q, 7, h->update_s);
	sqlite3_bind_int64(q, 8, h->skip_hours);
	sqlite3_bind_int(q, 9, h->skip_days);
	sqlite3_bind_int64(q, 10, h->pace_s);
	sqlite3_bind_int(q, 11, h->gap);
	sqlite3_bind_int(q, 12, h->network_down);
}

/* 1 if the outcome differs from the row's, and the number of its visits. */
static int
outcome_differs(struct db *db, const struct save *s, int64_t *ret_visits)
{
	sqlite3_stmt *q = db_use(db, SQL_SOURCE_OUTCOME);
	const char *was;
	int row, differs;

	sqlite3_bind_int64(q, 1, s->id);
	row = db_row(q);
	if (row != 1)
		return row;
	was = db_text(q, 0);
	*ret_visits = sqlite3_column_int64(q, 1);
	differs = was == NULL ||
	    strcmp(was, outcome_name(s->history.outcome)) != 0;
	db_end(q);
	return differs;
}

static int
save_write_state(struct db *db, const struct save *s)
{
	struct visit_row row = { .source_id = s->id,
	    .outcome = s->history.outcome, .at_ms = s->history.visited_ms };
	sqlite3_stmt *q;
	int differs = 0;

	/* A state saved before the first visit is no visit. */
	if (s->history.visited_ms != DATE_NONE)
		differs = outcome_differs(db, s, &row.number);
	if (differs < 0 || (differs && visits_put(db, &row) != 0))
		return -1;
	q = db_use(db, SQL_SOURCE_SAVE);
	sqlite3_bind_int64(q, 1, s->id);
	bind_history(q, &s->history);
	sqlite3_bind_int(q, 13, s->gone);
	sqlite3_bind_int64(q, 14, s->permanent_seen);
	db_bind_text(q, 15, s->permanent_url);
	db_bind_text(q, 16, s->error);
	db_bind_text(q, 17, s->url);
	db_bind_text(q, 18, s->held_host);
	return db_run(q);
}

static int
save_write_due(struct db *db, const struct save *s)
{
	sqlite3_stmt *q = db_use(db, SQL_SOURCE_DUE);

	sqlite3_bind_int64(q, 1, s->id);
	sqlite3_bind_int64(q, 2, s->next_due_ms);
	db_bind_time(q, 3, s->visited_ms);
	db_bind_time(q, 4, s->succeeded_ms);
	sqlite3_bind_int64(q, 5, s->max_age_s);
	return db_run(q);
}

static int
save_write_validators(struct db *db, const struct save *s)
{
	sqlite3_stmt *q = db_use(db, SQL_SOURCE_VALIDATORS);

	sqlite3_bind_int64(q, 1, s->id);
	db_bind_text(q, 2, s->validators_url);
	db_bind_text(q, 3, s->etag);
	db_bind_text(q, 4, s->last_modified);
	return db_run(q);
}

int
save_write(struct db *db, const struct save *s, struct err *err)
{
	if ((s->has_due && save_write_due(db, s) != 0) ||
	    (s->has_state && save_write_state(db, s) != 0) ||
	    (s->has_validators && save_write_validators(db, s) != 0))
		return db_fail(db, err, "save the state of a source");
	return 0;
}
