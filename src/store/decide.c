/*
 * decide.c - the dedup decision.
 *
 * A sighting stands in one of six relations to the time that is known, and
 * its text is the one last announced or another.  Who may announce what is
 * the policy's: `strict` takes any newer second from any source, `changed`
 * wants other text from the owner, `never` announces nothing.
 */
#include <assert.h>

#include "feedmill/base/date.h"
#include "feedmill/base/mem.h"

#include "decide.h"

enum { HOUR_MS = 3600 * 1000 };

/* Of the sighting's time to the known one, in whole seconds. */
enum relation {
	TIME_NEITHER,	/* both unknown */
	TIME_LEARNED,	/* only now known */
	TIME_LOST,	/* not said this time */
	TIME_OLDER, TIME_SAME, TIME_NEWER
};

static const enum decision table[][6][2] = {
	/*		     text as announced	 other text */
	[UPDATES_CHANGED] = {
		[TIME_NEITHER] = { DECISION_DUPLICATE, DECISION_DUPLICATE },
		[TIME_LEARNED] = { DECISION_LEARNED, DECISION_LEARNED },
		[TIME_LOST] = { DECISION_STALE, DECISION_STALE },
		[TIME_OLDER] = { DECISION_STALE, DECISION_STALE },
		[TIME_SAME] = { DECISION_DUPLICATE, DECISION_DUPLICATE },
		[TIME_NEWER] = { DECISION_REDATED, DECISION_UPDATE },
	},
	[UPDATES_STRICT] = {
		[TIME_NEITHER] = { DECISION_DUPLICATE, DECISION_DUPLICATE },
		[TIME_LEARNED] = { DECISION_LEARNED, DECISION_LEARNED },
		[TIME_LOST] = { DECISION_STALE, DECISION_STALE },
		[TIME_OLDER] = { DECISION_STALE, DECISION_STALE },
		[TIME_SAME] = { DECISION_DUPLICATE, DECISION_DUPLICATE },
		[TIME_NEWER] = { DECISION_UPDATE, DECISION_UPDATE },
	},
	[UPDATES_NEVER] = {
		[TIME_NEITHER] = { DECISION_DUPLICATE, DECISION_DUPLICATE },
		[TIME_LEARNED] = { DECISION_LEARNED, DECISION_LEARNED },
		[TIME_LOST] = { DECISION_STALE, DECISION_STALE },
		[TIME_OLDER] = { DECISION_STALE, DECISION_STALE },
		[TIME_SAME] = { DECISION_DUPLICATE, DECISION_DUPLICATE },
		[TIME_NEWER] = { DECISION_REDATED, DECISION_REDATED },
	},
};

const char *
decision_name(enum decision decision)
{
	static const char *const names[DECISION_COUNT] = {
		[DECISION_NEW] = "new", [DECISION_UPDATE] = "update",
		[DECISION_DUPLICATE] = "duplicate",
		[DECISION_EDITED] = "edited", [DECISION_REDATED] = "re-dated",
		[DECISION_LEARNED] = "learned", [DECISION_STALE] = "stale",
		[DECISION_FOREIGN] = "foreign",
	};

	assert(decision < DECISION_COUNT);
	return names[decision];
}

static enum relation
relation_of(int64_t known_ms, int64_t seen_ms)
{
	int64_t known_s = date_seconds(known_ms), s = date_seconds(seen_ms);

	if (known_ms == DATE_NONE)
		return seen_ms == DATE_NONE ? TIME_NEITHER : TIME_LEARNED;
	if (seen_ms == DATE_NONE)
		return TIME_LOST;
	return s < known_s ? TIME_OLDER : s > known_s ? TIME_NEWER : TIME_SAME;
}

struct verdict
decide(const struct decide_known *known, const struct decide_sighting *seen)
{
	struct verdict v = { 0 };
	enum relation relation;
	int is_baseline, differs;

	if (known == NULL)
		return (struct verdict){ .decision = DECISION_NEW,
		    .announce = 1, .move_time = 1, .refresh = 1, .learn = 1 };
	if (!seen->is_owner && seen->policy != UPDATES_STRICT)
		return (struct verdict){ .decision = DECISION_FOREIGN };

	/* A new owner words it differently: that alone is no change. */
	is_baseline = seen->is_owner && digest_is_zero(known->announced);
	differs = !is_baseline && !digest_equal(seen->digest,
	    known->announced);
	relation = relation_of(known->timestamp_ms, seen->timestamp_ms);
	v.decision = table[seen->policy][relation][differs];
	v.announce = v.decision == DECISION_UPDATE;
	v.learn = v.announce || is_baseline;
	v.move_time = relation == TIME_NEWER || relation == TIME_LEARNED;
	/*
	 * Text follows its owner, never back in time.  It does so also where
	 * the newer time was not worth an announcement.
	 */
	v.refresh = v.announce || (seen->is_owner &&
	    relation != TIME_OLDER && relation != TIME_LOST &&
	    !digest_equal(seen->digest, known->stored));
	if (v.decision == DECISION_DUPLICATE && v.refresh)
		v.decision = DECISION_EDITED;
	return v;
}

int64_t
decide_effective(int64_t timestamp_ms, int64_t first_seen_ms)
{
	if (timestamp_ms == DATE_NONE ||
	    timestamp_ms > first_seen_ms + HOUR_MS)
		return first_seen_ms;
	return timestamp_ms;
}
