/*
 * cadence.h - from the history of a source to the time of its next visit,
 * and the rule that won.
 *
 * Pure arithmetic: no clock, no randomness, no I/O.  Next is the largest of
 * the floor, the source's interval, the adaptive rate and every hint (HTTP
 * caching, RFC 9111; Retry-After, RFC 9110; ttl, skipHours and skipDays of
 * RSS; sy:updatePeriod), capped by interval-max, then spread late, never
 * early.
 *
 * The adaptive rate: a source that publishes every four intervals or more
 * often is asked at its interval; one that publishes four times as rarely,
 * half as often.  (The square root is what makes the mean delay smallest for
 * a given number of requests; test_cadence_year.c measures it.)
 *
 * A failing source is never asked sooner than a working one; its wait
 * doubles with each failure.  Retry-After is obeyed up to the cap.
 */
#ifndef FEEDMILL_CADENCE_H
#define FEEDMILL_CADENCE_H

#include <stddef.h>
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
	int64_t		 max_age_s;	/* less Age, or until Expires; -1.
					 * 0: said not to be kept */
	int64_t		 ttl_s, update_s;	/* of the document; -1 */
	uint32_t	 skip_hours;
	uint8_t		 skip_days;
	int64_t		 pace_s;	/* mean time between new entries; -1 */
	int		 gap;		/* the last document shared nothing */
	int		 network_down;	/* the failure was ours: no penalty */
	int		 has_max_age;	/* max_age_s is not of an Expires;
					 * forgotten by a restart */
};

enum cadence_rule {
	CADENCE_INTERVAL, CADENCE_ADAPTIVE, CADENCE_FLOOR, CADENCE_MAX_AGE,
	CADENCE_TTL, CADENCE_UPDATE_PERIOD, CADENCE_BACKOFF,
	CADENCE_RETRY_AFTER, CADENCE_SKIP, CADENCE_GONE, CADENCE_CAP,
	CADENCE_GAP, CADENCE_NETWORK_DOWN, CADENCE_POSTPONED,
	CADENCE_RULE_COUNT
};

const char *cadence_rule_name(enum cadence_rule);

struct cadence_answer {
	int64_t		 next_ms;	/* wall time; INT64_MAX: never */
	enum cadence_rule rule;
	int64_t		 wait_s;	/* before jitter */
};

/* For a visit that has just ended: now is history's visited_ms. */
struct cadence_answer cadence_next(int64_t now_ms,
    const struct cadence_limits *, const struct history *, uint32_t dice);

/*
 * A due time that was kept while the limits, the clock or the machine may
 * have changed: brought back to what the rules allow, so that a shorter
 * interval is felt at once and a clock that was a year ahead freezes nobody.
 * 0 (at once) and INT64_MAX (never) stay.
 */
int64_t cadence_resume(int64_t now_ms, const struct cadence_limits *,
    const struct history *, int64_t next_due_ms, uint32_t dice);

/* For how many more ms the source's host wants to be left alone, all of its
 * sources: Retry-After with a refusal.  0: it does not. */
int64_t cadence_hold_ms(int64_t now_ms, const struct cadence_limits *,
    const struct history *);

/* What a visit brought, as far as it matters here. */
struct cadence_visit {
	int64_t		 now_ms;
	enum outcome	 outcome;
	int64_t		 retry_after_s;	/* -1: none */
	int64_t		 max_age_s;	/* of Cache-Control, less Age; -1 */
	int64_t		 expires_ms, date_ms;	/* or DATE_NONE */
	int		 network_down;	/* nobody is to blame */
	int		 has_document;	/* then also: */
	unsigned	 news;		/* entries added or revised */
	int		 gap;
	int64_t		 pace_s;
};
void history_init(struct history *);
void history_add_visit(struct history *, const struct cadence_visit *);
/* The last failure turned out to be the network's. */
void history_forgive(struct history *);
/* The wall clock was set: times gone by keep their distance. */
void history_shift(struct history *, int64_t by_ms);
/* What would be in the future, by a clock that was ahead, is now: has
 * anything changed? */
int history_clamp(struct history *, int64_t now_ms);

/*
 * The mean time between entries, from the dates of a document's: of the
 * newest, up to now, so that a feed that has fallen silent slows down though
 * its dates stand still.  -1: fewer than two.  Sorts times.
 */
int64_t cadence_pace(int64_t *times_ms, size_t count, int64_t now_ms);

/* Every input and the rule that won, a line each. */
struct cadence_facts {
	int64_t		 now_ms;
	int64_t		 next_ms;	/* 0: at once, INT64_MAX: never */
	int64_t		 turn_ms;	/* later than that: others first */
	int64_t		 held_ms;	/* its host, until then; 0: not */
	int		 network_down;
};
void cadence_explain(struct buf *, const struct cadence_limits *,
    const struct history *, const struct cadence_facts *);

#endif
