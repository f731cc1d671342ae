/*
 * rows.h - the rows a visit writes: entries, revisions, sightings, aliases.
 */
#ifndef FEEDMILL_STORE_ROWS_H
#define FEEDMILL_STORE_ROWS_H

#include "feedmill/normalise.h"

#include "known.h"

/* An announcement of this visit: a new entry or an update. */
struct change {
	struct known	*known;
	const struct entry *entry;
	struct safe_entry safe;
	const char	*language;	/* or NULL */
	int64_t		 effective_ms;
	size_t		 place;		/* of the entry in the document */
	unsigned	 number;	/* 0: new; n: the nth update */
	int		 is_silent;
	int64_t		 seq;
};

int rows_insert_entry(struct db *, struct known *);
int rows_update_entry(struct db *, const struct known *);
int rows_insert_revision(struct db *, const struct change *,
    int64_t source_id, int64_t announced_ms);
/* The text of the current revision, if retention left it. */
int rows_refresh_revision(struct db *, int64_t seq, const struct entry *,
    const struct safe_entry *, const char *language);
/* When readers were told that the revision was updated; *ret stays where
 * nobody knows any more. */
int rows_updated_ms(struct db *, int64_t seq, int64_t *ret);
int rows_put_sighting(struct db *, int64_t entry_id, int64_t source_id,
    int64_t timestamp_ms, int64_t since_ms);
int rows_delete_sighting(struct db *, int64_t entry_id, int64_t source_id);
int rows_put_alias(struct db *, int64_t source_id, const struct digest *guid,
    int64_t entry_id);

#endif
