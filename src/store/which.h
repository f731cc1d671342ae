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

struct which {
	int64_t	*at;		/* in the order asked for; to free() */
	size_t	 count, room;
};

int which_find(struct store_reader *, const struct store_filter *,
    int newest_first, struct which *ret, struct err *);

#endif
