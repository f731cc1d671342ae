/*
 * which.h - from a filter to the numbers of the revisions it takes.
 *
 * Touches no content, and no more rows than it must: what is asked for again
 * and again (the newest few hundred of some sources) costs the same however
 * large the database is.
 */
#ifndef FEEDMILL_STORE_WHICH_H
#define FEEDMILL_STORE_WHICH_H

#include "feedmill/store.h"

struct buf;

struct which {
	int64_t	*at;		/* in the order asked for; to free() */
	size_t	 count, room;
};

/* A part of the sequence, and how to find in it what is asked for. */
struct which_range {
	int64_t	 after, upto;
	int	 scan;		/* read on until there is enough */
};
int which_range(struct store_reader *, const struct store_filter *,
    struct which_range *ret, struct err *);

int which_find(struct store_reader *, const struct store_filter *,
    int newest_first, struct which *ret, struct err *);

/* Parts of such a query, where r is a row of revisions: " AND ..." for
 * silent and superseded ones; the sources as a JSON array. */
void which_put_states(struct buf *sql, const struct store_filter *);
void which_put_ids(struct buf *json, const int64_t *ids);

/* Many sources, told apart without a query: ascending; NULL is all. */
struct which_ids {
	const int64_t	*ids;
	size_t		 count;
};
struct which_ids which_ids_of(const int64_t *ids);
int which_has(const struct which_ids *, int64_t id);

#endif
