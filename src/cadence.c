/*
 * cadence.c - see cadence.h.
 *
 * Candidates are weighed one after the other; the longest wins and names the
 * rule.  A failure replaces them: it doubles from the interval.  Only the
 * cap shortens, and not below the floor.  skipHours and skipDays push the
 * moment itself, last, because they speak of the clock and not of a wait.
 */
#include <assert.h>
#include <stdint.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/cadence.h"

enum {
	DOUBLINGS_MAX = 16,
	NETWORK_RETRY_S = 60,
	/* A source silent for a day is asked every 3 hours. */
	QUIET_PARTS = 8,
	HOUR_S = 3600, DAY_S = 86400
};

static const char *const rule_names[CADENCE_RULE_COUNT] = {
	[CADENCE_INTERVAL] = "interval",
	[CADENCE_ADAPTIVE] = "quiet source",
	[CADENCE_FLOOR] = "interval-min",
	[CADENCE_MAX_AGE] = "Cache-Control or Expires",
	[CADENCE_TTL] = "ttl",
	[CADENCE_UPDATE_PERIOD] = "sy:updatePeriod",
	[CADENCE_BACKOFF] = "failures",
	[CADENCE_RETRY_AFTER] = "Retry-After",
	[CADENCE_SKIP] = "skipHours or skipDays",
	[CADENCE_GONE] = "410 Gone",
	[CADENCE_CAP] = "interval-max",
	[CADENCE_GAP] = "entries may have been missed",
	[CADENCE_NETWORK_DOWN] = "network down",
};

const char *
cadence_rule_name(enum cadence_rule rule)
{
	assert(rule < CADENCE_RULE_COUNT);
	return rule_names[rule];
}

void
history_init(struct history *h)
{
	*h = (struct history){
		.visited_ms = DATE_NONE, .succeeded_ms = DATE_NONE,
		.changed_ms = DATE_NONE, .retry_after_s = -1, .max_age_s = -1,
		.ttl_s = -1, .update_s = -1, .pace_s = -1,
	};
}

static void
longer(struct cadence_answer *a, int64_t wait_s, enum cadence_rule rule)
{
	if (wait_s > a->wait_s) {
		a->wait_s = wait_s;
		a->rule = rule;
	}
}

static int64_t
quiet_s(int64_t now_ms, const struct history *h)
{
	if (h->changed_ms == DATE_NONE || h->changed_ms > now_ms)
		return -1;
	return (now_ms - h->changed_ms) / 1000 / QUIET_PARTS;
}

/* A working source: its interval, or what it or its server asks for. */
static struct cadence_answer
wait_of_success(int64_t now_ms, const struct cadence_limits *limits,
    const struct history *h)
{
	struct cadence_answer a = { 0, CADENCE_INTERVAL, limits->interval_s };

	if (h->gap && a.wait_s > limits->min_s) {
		a.wait_s = limits->min_s;
		a.rule = CADENCE_GAP;
	} else {
		longer(&a, quiet_s(now_ms, h), CADENCE_ADAPTIVE);
	}
	longer(&a, h->max_age_s, CADENCE_MAX_AGE);
	longer(&a, h->ttl_s, CADENCE_TTL);
	longer(&a, h->update_s, CADENCE_UPDATE_PERIOD);
	longer(&a, limits->min_s, CADENCE_FLOOR);
	return a;
}

static struct cadence_answer
wait_of_failure(const struct cadence_limits *limits, const struct history *h)
{
	unsigned doublings = h->failures - 1;
	struct cadence_answer a = { 0, CADENCE_BACKOFF, limits->interval_s };

	if (doublings > DOUBLINGS_MAX)
		doublings = DOUBLINGS_MAX;
	while (doublings-- > 0 && a.wait_s < limits->max_s)
		a.wait_s *= 2;
	longer(&a, limits->min_s, CADENCE_FLOOR);
	longer(&a, h->retry_after_s, CADENCE_RETRY_AFTER);
	return a;
}

static int
is_skipped(int64_t ms, const struct history *h)
{
	int64_t s = date_seconds(ms);
	int64_t day = s / DAY_S;

	/* 1970-01-01 was a Thursday, day 4. */
	return (h->skip_hours >> (s / HOUR_S % 24) & 1) != 0 ||
	    (h->skip_days >> ((day + 4) % 7) & 1) != 0;
}

/* The first hour that is not skipped, at most the cap away. */
static int64_t
skip(int64_t next_ms, int64_t latest_ms, const struct history *h)
{
	while (is_skipped(next_ms, h) && next_ms < latest_ms)
		next_ms = (next_ms / 1000 / HOUR_S + 1) * HOUR_S * 1000;
	return next_ms < latest_ms ? next_ms : latest_ms;
}

struct cadence_answer
cadence_next(int64_t now_ms, const struct cadence_limits *limits,
    const struct history *h, uint32_t dice)
{
	struct cadence_answer a;
	int64_t spread_ms, skipped_ms;

	assert(limits->min_s > 0 && limits->min_s <= limits->max_s);
	if (h->outcome == OUTCOME_GONE)
		return (struct cadence_answer){ INT64_MAX, CADENCE_GONE, 0 };
	if (h->network_down)
		a = (struct cadence_answer){ 0, CADENCE_NETWORK_DOWN,
		    NETWORK_RETRY_S };
	else if (h->failures > 0)
		a = wait_of_failure(limits, h);
	else
		a = wait_of_success(now_ms, limits, h);
	if (a.wait_s > limits->max_s) {
		a.wait_s = limits->max_s;
		a.rule = CADENCE_CAP;
	}

	spread_ms = a.wait_s * 10 * limits->jitter_percent * (dice % 1024) /
	    1024;
	a.next_ms = now_ms + a.wait_s * 1000 + spread_ms;
	skipped_ms = skip(a.next_ms,
	    now_ms + limits->max_s * 1000 + spread_ms, h);
	if (skipped_ms > a.next_ms) {
		a.next_ms = skipped_ms;
		a.rule = CADENCE_SKIP;
	}
	return a;
}

static void
explain_s(struct buf *b, const char *what, int64_t s)
{
	char text[24] = "-";

	if (s >= 0)
		text_format_duration(s, text);
	buf_printf(b, "%-26s %s\n", what, text);
}

static void
explain_at(struct buf *b, const char *what, int64_t ms)
{
	char text[DATE_TEXT_SIZE] = "never";

	if (ms != DATE_NONE && ms != INT64_MAX)
		date_format_rfc3339(ms - ms % 1000, text);
	buf_printf(b, "%-26s %s\n", what, text);
}

void
cadence_explain(struct buf *b, int64_t now_ms,
    const struct cadence_limits *limits, const struct history *h,
    const struct cadence_answer *a)
{
	const struct { const char *what; int64_t s; } waits[] = {
		{ "interval", limits->interval_s },
		{ "interval-min", limits->min_s },
		{ "interval-max", limits->max_s },
		{ "quiet source", quiet_s(now_ms, h) },
		{ "Cache-Control or Expires", h->max_age_s },
		{ "ttl", h->ttl_s },
		{ "sy:updatePeriod", h->update_s },
		{ "Retry-After", h->retry_after_s },
		{ "mean time between entries", h->pace_s },
	};

	explain_at(b, "now", now_ms);
	explain_at(b, "last visit", h->visited_ms);
	explain_at(b, "last success", h->succeeded_ms);
	explain_at(b, "last new entry", h->changed_ms);
	buf_printf(b, "%-26s %s\n", "last outcome",
	    h->visited_ms == DATE_NONE ? "-" : outcome_name(h->outcome));
	buf_printf(b, "%-26s %u\n", "failures in a row", h->failures);
	for (size_t i = 0; i < ARRAY_LEN(waits); i++)
		explain_s(b, waits[i].what, waits[i].s);
	buf_printf(b, "%-26s %s\n", "entries missed",
	    h->gap ? "maybe" : "no");
	explain_at(b, "next visit", a->next_ms);
	buf_printf(b, "%-26s %s\n", "because of", cadence_rule_name(a->rule));
}
