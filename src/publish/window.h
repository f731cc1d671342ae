/*
 * window.h - from the store to what an outlet shows, and in which
 * order, without reading a text.
 *
 * Private to publish.
 */
#ifndef FEEDMILL_PUBLISH_WINDOW_H
#define FEEDMILL_PUBLISH_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "feedmill/store.h"

struct err;
struct store_reader;

/* What records show of their sources, across rounds. */
struct source_stamp {
	int64_t		 id;
	uint64_t	 stamp;
};
struct stamps {
	struct store_sources_version version;
	struct source_stamp *list;	/* by id */
	size_t		 count, size;
};
int stamps_refresh(struct stamps *, struct store_reader *, struct err *);
void stamps_fini(struct stamps *);

struct place {
	int64_t		 seq, entry_id, effective_ms;
	uint64_t	 stamp;		/* as it was: so is what is shown */
};
struct window {
	struct place	*places;	/* newest announcement first */
	unsigned	*order;		/* of them, as they are shown */
	size_t		 count, size;
	int64_t		 updated_ms;	/* the newest of all; DATE_NONE */
};

struct window_query {
	struct store_reader *reader;
	const int64_t	*ids;		/* of sources, ascending; 0 ends */
	double		 share;		/* struct store_filter's */
	unsigned	 entries;	/* at least, if there are so many */
	const struct stamps *stamps;
};
int window_read(struct window *ret, const struct window_query *,
    struct err *);
void window_fini(struct window *);

/*
 * Where each place of now was before, as it is now: WINDOW_NEW for those
 * that were not.  Returns how many of these there are.
 */
#define WINDOW_NEW SIZE_MAX
size_t window_match(const struct window *now, const struct window *before,
    size_t *ret);

#endif
