/*
 * owner.h - whose word counts for an entry that several sources list.
 *
 * The first to bring it owns it.  When that one is not configured any more,
 * the next that listed it does, or lists it then.  A source that asks at the entry's own
 * site may take it, once, from one that does not: an aggregator yields to
 * the publisher.  What a document says of its site is not believed, only the
 * address it was configured with.
 */
#ifndef FEEDMILL_STORE_OWNER_H
#define FEEDMILL_STORE_OWNER_H

#include <stdint.h>

struct db;
struct known;

struct owner_claim {
	char	*site;		/* NULL: nothing to claim */
};

void owner_claim_init(struct owner_claim *, const char *source_url);
void owner_claim_fini(struct owner_claim *);

/* Is the owner no longer in the configuration? */
int owner_is_gone(struct db *, const struct known *);

/* May the source take the entry from its owner? */
int owner_claim_holds(const struct owner_claim *, struct db *,
    const struct known *);

/* The old owner stays listed; time and text of the new one are its own. */
int owner_move(struct db *, struct known *, int64_t source_id);

#endif
