/*
 * retention.h - old revisions go, in small steps; entries stay for ever.
 *
 * What is taken is the content of what was announced: an entry that comes
 * back after years is still known by its key, its time and its digests.
 *
 * The writer goes round all sources while nobody waits for it, also those
 * that bring nothing any more.
 */
#ifndef FEEDMILL_STORE_RETENTION_H
#define FEEDMILL_STORE_RETENTION_H

#include <stddef.h>
#include <stdint.h>

struct config;
struct db;
struct source_state;

struct retention {
	struct keep	*rules;		/* of sources that keep not all */
	size_t		 count, next;
	int		 is_told;	/* a tombstone is left of each entry */
	size_t		 batch;		/* revisions that go at once */
};

/* The rules of a configuration, and which source is which. */
void retention_configure(struct retention *, const struct config *,
    const struct source_state *states);
void retention_fini(struct retention *);

/*
 * Some of the revisions that are older than their source's keep and not
 * among its newest keep-at-least, nor such that an outlet has still to put
 * on one of its pages; inside a transaction, for limit_ms.
 * 1: there is more to do; 0: once round, all is done; -1: the database
 * failed.
 */
int retention_step(struct retention *, struct db *, int64_t now_ms,
    int limit_ms);

#endif
