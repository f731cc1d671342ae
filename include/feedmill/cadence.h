/*
 * cadence.h - from the history of a source to the time of its next visit,
 * and the rule that won.
 *
 * Pure arithmetic: no clock, no randomness, no I/O.  BEHAVIOUR section 2:
 * next is the largest of the floor, the source's interval (or the adaptive
 * rate) and every hint, capped by interval-max, then spread late, never
 * early.  Failures double; Retry-After is obeyed up to the cap.
 */
#ifndef FEEDMILL_CADENCE_H
#define FEEDMILL_CADENCE_H

#include <stdint.h>

#include "feedmill/model.h"

struct buf;

struct cadence_limits {
	int64_t		 interval_s, min_s, max_s;
	unsigned	 jitter_percent;
};

/* Kept per source, in memory and in the database. */
struct history {
	unsigned	 failures;	/* in a row */
	enum outcome	 outcome;	/* of the last visit */
	int64_t		 visited_ms, succeeded_ms, changed_ms;	/* or NONE */
	int64_t		 retry_after_s;	/* -1: none */
	int64_t		 max_age_s;	/* less Age, or until Expires; -1 */
	int64_t		 ttl_s, update_s;	/* of the document; -1 */
	uint32_t	 skip_hours;
	uint8_t		 skip_days;
	int64_t		 pace_s;	/* mean time between new entries; -1 */
	int		 gap;		/* the last document shared nothing */
	int		 network_down;	/* the failure was ours: no penalty */
};

enum cadence_rule {
	CADENCE_INTERVAL, CADENCE_ADAPTIVE, CADENCE_FLOOR, CADENCE_MAX_AGE,
	CADENCE_TTL, CADENCE_UPDATE_PERIOD, CADENCE_BACKOFF,
	CADENCE_RETRY_AFTER, CADENCE_SKIP, CADENCE_GONE, CADENCE_CAP,
	CADENCE_GAP, CADENCE_NETWORK_DOWN, CADENCE_RULE_COUNT
};

const char *cadence_rule_name(enum cadence_rule);

struct cadence_answer {
	int64_t		 next_ms;	/* wall time; INT64_MAX: never */
	enum cadence_rule rule;
	int64_t		 wait_s;	/* before jitter */
};

struct cadence_answer cadence_next(int64_t now_ms,
    const struct cadence_limits *, const struct history *, uint32_t dice);

void history_init(struct history *);

/* Every input and the rule that won, a line each. */
void cadence_explain(struct buf *, int64_t now_ms,
    const struct cadence_limits *, const struct history *,
    const struct cadence_answer *);

#endif
