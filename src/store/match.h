/*
 * match.h - which row of the database is which configured source.
 *
 * A source is looked for by name and URL, then by URL, then by name, first
 * among the rows that are configured now and then among those that were:
 * whatever matches keeps its history.  The URL goes before the name, because
 * entries come from there: where two feeds swap their names, or one takes
 * another's, nothing of one becomes the other's.
 */
#ifndef FEEDMILL_STORE_MATCH_H
#define FEEDMILL_STORE_MATCH_H

#include <stddef.h>
#include <stdint.h>

#include "feedmill/store.h"

struct db;

struct row {
	struct source_state state;
	char		*name, *configured_url, *configured_title;
	int64_t		 position;	/* -1: not configured any more */
	int		 is_matched;
};

struct match {
	struct row	*rows;		/* all there are, by id */
	size_t		 count, room;
	struct row	**of;		/* of each configured source, or NULL */
};

/* -1: the database failed; match_fini() is due in any case. */
int match_sources(struct match *, struct db *, const struct config *);
void match_fini(struct match *);

#endif
