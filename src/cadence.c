/*
 * cadence.c - see cadence.h.
 *
 * Candidates are weighed one after the other; the longest wins and names the
 * rule.  A failure is one more of them.  Only the cap shortens, and not below
 * the floor.  skipHours and skipDays push the moment itself, last, because
 * they speak of the clock and not of a wait.
 *
 * sy:updateBase does not count: with it all who heed it would come at the same
 * moment, and a wait up to the next of its moments, which may only lengthen,
 * would be up to two periods.
 */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/cadence.h"

enum {
	DOUBLINGS_MAX = 16,
	NETWORK_RETRY_S = 60,
	/* A source is active if it publishes once in so many intervals. */
	ACTIVE_INTERVALS = 4,
	/* Recent enough to tell the pace. */
	PACE_ENTRIES = 20,
	DICE_SIDES = 1024,
	HOUR_S = 3600, DAY_S = 86400
};

static const char *const rule_names[CADENCE_RULE_COUNT] = {
	[CADENCE_INTERVAL] = "interval",
	[CADENCE_ADAPTIVE] = "publishes rarely",
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
	[CADENCE_POSTPONED] = "memory or files were short: interval-min",
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

/* Cache-Control goes before Expires (RFC 9111 section 5.3); Expires is by
 * the server's clock, if it says what that shows. */
static int64_t
fresh_s(const struct cadence_visit *v)
{
	int64_t from_ms = v->date_ms != DATE_NONE ? v->date_ms : v->now_ms;

	if (v->max_age_s != -1 || v->expires_ms == DATE_NONE)
		return v->max_age_s;
	return v->expires_ms > from_ms ?
	    v->expires_ms / 1000 - from_ms / 1000 : 0;
}

/* What 304 does not repeat still holds (RFC 9111 section 4.3.4), and so an
 * earlier max-age goes before an Expires that it brings. */
static void
learn_fresh(struct history *h, const struct cadence_visit *v)
{
	if (v->max_age_s == -1 && v->outcome == OUTCOME_NOT_MODIFIED &&
	    (v->expires_ms == DATE_NONE || h->has_max_age))
		return;
	h->max_age_s = fresh_s(v);
	h->has_max_age = v->max_age_s != -1;
}

void
history_add_visit(struct history *h, const struct cadence_visit *v)
{
	/* A damaged feed is read as far as it goes: it works. */
	int works = outcome_is_success(v->outcome) ||
	    v->outcome == OUTCOME_DAMAGED;

	h->visited_ms = v->now_ms;
	h->outcome = v->outcome;
	h->retry_after_s = v->retry_after_s;
	h->network_down = v->network_down;
	if (!works) {
		h->failures += !h->network_down &&
		    v->outcome != OUTCOME_POSTPONED;
		return;
	}
	h->failures = 0;
	h->succeeded_ms = v->now_ms;
	learn_fresh(h, v);
	h->gap = v->has_document && v->gap;
	if (!v->has_document)
		return;
	h->pace_s = v->pace_s;
	if (v->news > 0 || h->changed_ms == DATE_NONE)
		h->changed_ms = v->now_ms;
}

void
history_forgive(struct history *h)
{
	if (h->failures > 0)
		h->failures--;
	h->network_down = 1;
}

static void
shift(int64_t *ms, int64_t by_ms)
{
	if (*ms != DATE_NONE)
		*ms += by_ms;
}

void
history_shift(struct history *h, int64_t by_ms)
{
	shift(&h->visited_ms, by_ms);
	shift(&h->succeeded_ms, by_ms);
	shift(&h->changed_ms, by_ms);
}

static int
clamp(int64_t *ms, int64_t now_ms)
{
	if (*ms == DATE_NONE || *ms <= now_ms)
		return 0;
	*ms = now_ms;
	return 1;
}

int
history_clamp(struct history *h, int64_t now_ms)
{
	return clamp(&h->visited_ms, now_ms) |
	    clamp(&h->succeeded_ms, now_ms) | clamp(&h->changed_ms, now_ms);
}

static int
newest_first(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x > y ? -1 : x < y;
}

int64_t
cadence_pace(int64_t *times_ms, size_t n, int64_t now_ms)
{
	if (n < 2)
		return -1;
	qsort(times_ms, n, sizeof(*times_ms), newest_first);
	if (n > PACE_ENTRIES)
		n = PACE_ENTRIES;
	return (now_ms - times_ms[n - 1]) / (int64_t)n / 1000;
}

/* ------------------------------------------------------------- the rules */

static void
longer(struct cadence_answer *a, int64_t wait_s, enum cadence_rule rule)
{
	if (wait_s > a->wait_s) {
		a->wait_s = wait_s;
		a->rule = rule;
	}
}

/* The time between its entries; its silence, if that is longer already: a
 * burst says nothing about the weeks after it. */
static int64_t
rarity_s(int64_t now_ms, const struct history *h)
{
	int64_t silent_s = -1;

	if (h->changed_ms != DATE_NONE && h->changed_ms <= now_ms)
		silent_s = (now_ms - h->changed_ms) / 1000;
	return silent_s > h->pace_s ? silent_s : h->pace_s;
}

static int64_t
adaptive_s(int64_t now_ms, const struct cadence_limits *limits,
    const struct history *h)
{
	double rarity = (double)rarity_s(now_ms, h);

	if (rarity <= 0)
		return -1;
	return (int64_t)sqrt((double)limits->interval_s * rarity /
	    ACTIVE_INTERVALS);
}

/* A working source: its interval, or what it or its server asks for. */
static struct cadence_answer
wait_of_success(int64_t now_ms, const struct cadence_limits *limits,
    const struct history *h)
{
	struct cadence_answer a = { 0, CADENCE_INTERVAL, limits->interval_s };

	if (h->gap && h->failures == 0 && a.wait_s > limits->min_s) {
		a.wait_s = limits->min_s;
		a.rule = CADENCE_GAP;
	} else {
		longer(&a, adaptive_s(now_ms, limits, h), CADENCE_ADAPTIVE);
	}
	/* A failure comes after what was fresh has become stale. */
	if (h->failures == 0)
		longer(&a, h->max_age_s, CADENCE_MAX_AGE);
	longer(&a, h->ttl_s, CADENCE_TTL);
	longer(&a, h->update_s, CADENCE_UPDATE_PERIOD);
	longer(&a, limits->min_s, CADENCE_FLOOR);
	return a;
}

static struct cadence_answer
wait_of_failure(int64_t now_ms, const struct cadence_limits *limits,
    const struct history *h)
{
	struct cadence_answer a = wait_of_success(now_ms, limits, h);
	unsigned doublings = h->failures - 1;
	int64_t backoff_s = limits->interval_s;

	if (doublings > DOUBLINGS_MAX)
		doublings = DOUBLINGS_MAX;
	while (doublings-- > 0 && backoff_s < limits->max_s)
		backoff_s *= 2;
	if (backoff_s >= a.wait_s)
		a = (struct cadence_answer){ 0, CADENCE_BACKOFF, backoff_s };
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

static int64_t
share_of(int64_t range_ms, uint32_t dice)
{
	return range_ms * (dice % DICE_SIDES) / DICE_SIDES;
}

struct cadence_answer
cadence_next(int64_t now_ms, const struct cadence_limits *limits,
    const struct history *h, uint32_t dice)
{
	struct cadence_answer a;
	int64_t range_ms, latest_ms, skipped_ms;

	assert(limits->min_s > 0 && limits->min_s <= limits->max_s);
	if (h->outcome == OUTCOME_GONE)
		return (struct cadence_answer){ INT64_MAX, CADENCE_GONE, 0 };
	if (h->network_down)
		a = (struct cadence_answer){ 0, CADENCE_NETWORK_DOWN,
		    NETWORK_RETRY_S };
	else if (h->outcome == OUTCOME_POSTPONED)
		a = (struct cadence_answer){ 0, CADENCE_POSTPONED,
		    limits->min_s };
	else if (h->failures > 0)
		a = wait_of_failure(now_ms, limits, h);
	else
		a = wait_of_success(now_ms, limits, h);
	if (a.wait_s > limits->max_s) {
		a.wait_s = limits->max_s;
		a.rule = CADENCE_CAP;
	}

	range_ms = a.wait_s * 10 * limits->jitter_percent;
	a.next_ms = now_ms + a.wait_s * 1000 + share_of(range_ms, dice);
	latest_ms = now_ms + limits->max_s * 1000 + share_of(range_ms, dice);
	skipped_ms = skip(a.next_ms, latest_ms, h);
	if (skipped_ms > a.next_ms) {
		/* All that skip it would come when the hour strikes. */
		if (range_ms > HOUR_S * 1000)
			range_ms = HOUR_S * 1000;
		a.next_ms = skipped_ms + share_of(range_ms, dice);
		if (a.next_ms > latest_ms)
			a.next_ms = latest_ms;
		a.rule = CADENCE_SKIP;
	}
	return a;
}

int64_t
cadence_resume(int64_t now_ms, const struct cadence_limits *limits,
    const struct history *h, int64_t next_due_ms, uint32_t dice)
{
	int64_t from_ms = h->visited_ms, lo_ms, hi_ms;

	if (from_ms == DATE_NONE || next_due_ms <= 0 ||
	    next_due_ms == INT64_MAX)
		return next_due_ms;
	if (from_ms > now_ms)		/* the clock was set back */
		from_ms = now_ms;
	lo_ms = cadence_next(from_ms, limits, h, 0).next_ms;
	hi_ms = cadence_next(from_ms, limits, h, DICE_SIDES - 1).next_ms;
	if (next_due_ms >= lo_ms && next_due_ms <= hi_ms)
		return next_due_ms;
	return cadence_next(from_ms, limits, h, dice).next_ms;
}

int64_t
cadence_hold_ms(int64_t now_ms, const struct cadence_limits *limits,
    const struct history *h)
{
	int64_t wait_s = h->retry_after_s, left_ms;

	if (h->visited_ms == DATE_NONE || wait_s <= 0 ||
	    (h->outcome != OUTCOME_BUSY && h->outcome != OUTCOME_HTTP_ERROR))
		return 0;
	if (wait_s > limits->max_s)
		wait_s = limits->max_s;
	left_ms = h->visited_ms + wait_s * 1000 - now_ms;
	if (left_ms > wait_s * 1000)	/* the clock was set back */
		left_ms = wait_s * 1000;
	return left_ms > 0 ? left_ms : 0;
}

/* ------------------------------------------------------------ explained */

static void
explain_s(struct buf *b, const char *what, int64_t s)
{
	char text[24] = "-";

	if (s >= 0)
		text_format_duration(s, text);
	buf_printf(b, "%-26s %s\n", what, text);
}

static void
explain_at(struct buf *b, const char *what, int64_t ms, const char *none)
{
	char text[DATE_TEXT_SIZE];

	if (ms == DATE_NONE || ms == INT64_MAX || ms == 0)
		snprintf(text, sizeof(text), "%s", none);
	else
		date_format_rfc3339(ms - ms % 1000, text);
	buf_printf(b, "%-26s %s\n", what, text);
}

static const char *const day_names[] = { "Sun", "Mon", "Tue", "Wed", "Thu",
    "Fri", "Sat" };

static void
explain_skips(struct buf *b, const struct history *h)
{
	size_t start = b->len;

	buf_printf(b, "%-26s", "skipHours, skipDays (UTC)");
	for (unsigned i = 0; i < 24; i++)
		if ((h->skip_hours >> i & 1) != 0)
			buf_printf(b, " %u", i);
	for (unsigned i = 0; i < 7; i++)
		if ((h->skip_days >> i & 1) != 0)
			buf_printf(b, " %s", day_names[i]);
	buf_puts(b, b->len - start == 26 ? " -\n" : "\n");
}

static void
explain_inputs(struct buf *b, const struct cadence_limits *limits,
    const struct history *h)
{
	int64_t at_ms = h->visited_ms;
	const struct { const char *what; int64_t s; } waits[] = {
		{ "interval", limits->interval_s },
		{ "interval-min", limits->min_s },
		{ "interval-max", limits->max_s },
		{ "time between entries", h->pace_s },
		{ "silence at that visit", h->changed_ms == DATE_NONE ||
		    h->changed_ms > at_ms ? -1 :
		    (at_ms - h->changed_ms) / 1000 },
		{ "so, if it publishes rarely", adaptive_s(at_ms, limits, h) },
		{ "Cache-Control or Expires", h->max_age_s },
		{ "ttl", h->ttl_s },
		{ "sy:updatePeriod", h->update_s },
		{ "Retry-After", h->retry_after_s },
	};

	for (size_t i = 0; i < ARRAY_LEN(waits); i++)
		explain_s(b, waits[i].what, waits[i].s);
	explain_skips(b, h);
	buf_printf(b, "%-26s %u\n", "failures in a row", h->failures);
	buf_printf(b, "%-26s %s\n", "entries missed", h->gap ? "maybe" : "no");
	buf_printf(b, "%-26s up to %u%%, late only\n", "jitter",
	    limits->jitter_percent);
}

void
cadence_explain(struct buf *b, const struct cadence_limits *limits,
    const struct history *h, const struct cadence_facts *f)
{
	struct cadence_answer a;
	int visited = h->visited_ms != DATE_NONE;
	int is_held = f->held_ms > f->next_ms;
	int64_t next_ms = is_held ? f->held_ms : f->next_ms;

	explain_at(b, "now", f->now_ms, "-");
	explain_at(b, "last visit", h->visited_ms, "never");
	explain_at(b, "last success", h->succeeded_ms, "never");
	explain_at(b, "last new entry", h->changed_ms, "never");
	buf_printf(b, "%-26s %s\n", "last outcome",
	    visited ? outcome_name(h->outcome) : "-");
	explain_inputs(b, limits, h);
	explain_at(b, "host held until", f->held_ms, "-");
	a = cadence_next(visited ? h->visited_ms : f->now_ms, limits, h, 0);
	if (visited && a.rule != CADENCE_GONE)
		explain_s(b, "wait", a.wait_s);
	explain_at(b, "next visit", next_ms, next_ms == 0 ?
	    "at once" : "never");
	/* Two clocks: they may differ by a moment. */
	if (f->turn_ms != INT64_MAX && f->turn_ms - f->next_ms >= 1000)
		explain_at(b, "its turn", f->turn_ms, "-");
	buf_printf(b, "%-26s %s\n", "because of",
	    is_held ? "Retry-After of its host" :
	    f->next_ms == 0 ? visited ? "its address or the command line" :
	    "no visit yet" :
	    f->network_down ? cadence_rule_name(CADENCE_NETWORK_DOWN) :
	    cadence_rule_name(a.rule));
}
