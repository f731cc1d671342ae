/*
 * decide.h - from what is known of an entry and one sighting of it to what
 * that sighting is.  Pure: a table in decide.c and nothing else.
 */
#ifndef FEEDMILL_STORE_DECIDE_H
#define FEEDMILL_STORE_DECIDE_H

#include <stdint.h>

#include "feedmill/base/hash.h"
#include "feedmill/config.h"

/* What the database holds: updates and duplicates start from here. */
struct decide_known {
	int64_t		 timestamp_ms;	/* newest raw; DATE_NONE */
	struct digest	 announced;	/* of the last announcement; zero:
					   a new owner's, not yet seen */
	struct digest	 stored;	/* of the text that is kept */
};

struct decide_sighting {
	int64_t		 timestamp_ms;	/* raw; DATE_NONE */
	struct digest	 digest;
	int		 is_owner;	/* by the source that owns the entry */
	enum updates_policy policy;	/* of the source that lists it */
};

enum decision {
	DECISION_NEW,		/* never seen */
	DECISION_UPDATE,	/* to be announced again */
	DECISION_DUPLICATE,	/* nothing to do at all */
	DECISION_EDITED,	/* same time, other text: refresh it */
	DECISION_REDATED,	/* newer time, not announced: move it */
	DECISION_LEARNED,	/* a time where there was none */
	DECISION_STALE,		/* an older time, or none any more */
	DECISION_FOREIGN,	/* listed by a source that does not own it */
	DECISION_COUNT
};

struct verdict {
	enum decision	 decision;
	int		 announce;	/* gets the next number */
	int		 move_time;	/* timestamp := the sighting's */
	int		 refresh;	/* the kept text := the sighting's */
	int		 learn;		/* announced digest := the sighting's */
};

const char *decision_name(enum decision);

/* known NULL: never seen. */
struct verdict decide(const struct decide_known *,
    const struct decide_sighting *);

/*
 * The time to sort by and to show: the timestamp, or first_seen_ms where
 * there is none or it lies more than an hour after it.
 */
int64_t decide_effective(int64_t timestamp_ms, int64_t first_seen_ms);

#endif
