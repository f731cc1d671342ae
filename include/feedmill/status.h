/*
 * status.h - from what the store knows to what `feedmill status` and
 * /status say.
 *
 * Collected on the reader thread (or from a database opened for reading),
 * printed wherever.  A collected status owns its strings.
 */
#ifndef FEEDMILL_STATUS_H
#define FEEDMILL_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include "feedmill/store.h"

struct buf;
struct err;

struct status {
	struct arena		 arena;
	struct source_summary	*sources;
	size_t			 count;
	struct store_totals	 totals;
	int64_t			 now_ms;
	int			 running;	/* a daemon answers */
};

/* 0, or -1 and a sentence. */
int status_collect(struct store_reader *, struct status *, struct err *);
void status_fini(struct status *);

struct status_query {
	int		 json;
	int		 failing;		/* only sources with errors */
	const char	*const *names;		/* NULL-terminated; or NULL */
};

/* Returns how many sources it showed. */
size_t status_print(struct buf *, const struct status *,
    const struct status_query *);

#endif
