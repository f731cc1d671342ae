/*
 * saves.h - what the loop wants remembered of its sources, newest only.
 *
 * A 304 changes times and nothing else; writing each would cost a commit, so
 * they wait here, one per source, until something is committed anyway or
 * their time is up.
 */
#ifndef FEEDMILL_STORE_SAVES_H
#define FEEDMILL_STORE_SAVES_H

#include <stddef.h>
#include <stdint.h>

#include "feedmill/cadence.h"

struct db;
struct err;
struct source_state;

struct save {
	struct save	*next;
	int64_t		 id;
	int		 has_due, has_state, has_validators;
	/* due */
	int64_t		 next_due_ms, visited_ms, succeeded_ms, max_age_s;
	/* state */
	char		*url, *permanent_url, *held_host, *error;
	struct history	 history;
	int		 gone;
	unsigned	 permanent_seen;
	/* validators */
	char		*validators_url, *etag, *last_modified;
};

struct save *save_new_due(const struct source_state *);
struct save *save_new_state(const struct source_state *);
struct save *save_new_validators(int64_t id, const char *url,
    const char *etag, const char *last_modified);
void save_free_all(struct save *);

struct saves {
	struct save	*list;
	struct save	**by_id;	/* ids are small: rows of a table */
	size_t		 room;
	size_t		 count;		/* in the list */
};

/* A gift; replaces, field for field, what waits for the same source. */
void saves_put(struct saves *, struct save *);
/* The same for what could not be written: what waits is newer. */
void saves_put_back(struct saves *, struct save *list);
struct save *saves_take(struct saves *);
void saves_fini(struct saves *);

/* A row of dues, sources or both; a changed outcome is also put in the
 * history of visits. */
int save_write(struct db *, const struct save *, struct err *);

#endif
