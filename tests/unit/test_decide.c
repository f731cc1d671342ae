/* test_decide.c - the table of decide.c, row by row. */
#include <stdio.h>

#include "unit.h"

#include "feedmill/base/date.h"
#include "feedmill/base/mem.h"

#include "../../src/store/decide.h"

#define T0	INT64_C(1700000000000)
#define NONE	DATE_NONE

enum { OWNER = 1, LISTER = 0 };

static const struct row {
	const char	*name;
	int64_t		 known_ms, seen_ms;
	uint64_t	 announced, stored, digest;
	int		 is_owner;
	enum updates_policy policy;
	enum decision	 decision;
	int		 announce, move_time, refresh, learn;
} rows[] = {
	{ "same time, same text", T0, T0, 1, 1, 1, OWNER, UPDATES_CHANGED,
	    DECISION_DUPLICATE, 0, 0, 0, 0 },
	{ "same time, other text", T0, T0, 1, 1, 2, OWNER, UPDATES_CHANGED,
	    DECISION_EDITED, 0, 0, 1, 0 },
	{ "an edit seen before", T0, T0, 1, 2, 2, OWNER, UPDATES_CHANGED,
	    DECISION_DUPLICATE, 0, 0, 0, 0 },
	{ "same second, other fraction", T0 + 1, T0 + 999, 1, 1, 1, OWNER,
	    UPDATES_STRICT, DECISION_DUPLICATE, 0, 0, 0, 0 },
	{ "before 1970, next second", -1, 0, 1, 1, 2, OWNER, UPDATES_CHANGED,
	    DECISION_UPDATE, 1, 1, 1, 1 },
	{ "newer, other text", T0, T0 + 1000, 1, 1, 2, OWNER,
	    UPDATES_CHANGED, DECISION_UPDATE, 1, 1, 1, 1 },
	{ "newer, other text, strict", T0, T0 + 1000, 1, 1, 2, OWNER,
	    UPDATES_STRICT, DECISION_UPDATE, 1, 1, 1, 1 },
	{ "newer, other text, never", T0, T0 + 1000, 1, 1, 2, OWNER,
	    UPDATES_NEVER, DECISION_REDATED, 0, 1, 1, 0 },
	{ "newer, same text", T0, T0 + 1000, 1, 1, 1, OWNER,
	    UPDATES_CHANGED, DECISION_REDATED, 0, 1, 0, 0 },
	{ "newer, same text, strict", T0, T0 + 1000, 1, 1, 1, OWNER,
	    UPDATES_STRICT, DECISION_UPDATE, 1, 1, 1, 1 },
	{ "newer, same text, never", T0, T0 + 1000, 1, 1, 1, OWNER,
	    UPDATES_NEVER, DECISION_REDATED, 0, 1, 0, 0 },
	{ "newer, an announced silent edit", T0, T0 + 1000, 1, 2, 2, OWNER,
	    UPDATES_CHANGED, DECISION_UPDATE, 1, 1, 1, 1 },
	{ "newer, an edit taken back", T0, T0 + 1000, 1, 2, 1, OWNER,
	    UPDATES_CHANGED, DECISION_REDATED, 0, 1, 1, 0 },
	{ "older", T0, T0 - 1000, 1, 1, 2, OWNER, UPDATES_CHANGED,
	    DECISION_STALE, 0, 0, 0, 0 },
	{ "older, strict", T0, T0 - 1000, 1, 1, 2, OWNER, UPDATES_STRICT,
	    DECISION_STALE, 0, 0, 0, 0 },
	{ "time missing", T0, NONE, 1, 1, 2, OWNER, UPDATES_CHANGED,
	    DECISION_STALE, 0, 0, 0, 0 },
	{ "time missing, strict", T0, NONE, 1, 1, 2, OWNER, UPDATES_STRICT,
	    DECISION_STALE, 0, 0, 0, 0 },
	{ "never a time, same text", NONE, NONE, 1, 1, 1, OWNER,
	    UPDATES_CHANGED, DECISION_DUPLICATE, 0, 0, 0, 0 },
	{ "never a time, other text", NONE, NONE, 1, 1, 2, OWNER,
	    UPDATES_STRICT, DECISION_EDITED, 0, 0, 1, 0 },
	{ "time learned", NONE, T0, 1, 1, 1, OWNER, UPDATES_CHANGED,
	    DECISION_LEARNED, 0, 1, 0, 0 },
	{ "time learned, other text", NONE, T0, 1, 1, 2, OWNER,
	    UPDATES_STRICT, DECISION_LEARNED, 0, 1, 1, 0 },
	{ "another source, newer", T0, T0 + 1000, 1, 1, 2, LISTER,
	    UPDATES_CHANGED, DECISION_FOREIGN, 0, 0, 0, 0 },
	{ "another source, learned", NONE, T0, 1, 1, 2, LISTER,
	    UPDATES_CHANGED, DECISION_FOREIGN, 0, 0, 0, 0 },
	{ "another source, never", T0, T0 + 1000, 1, 1, 2, LISTER,
	    UPDATES_NEVER, DECISION_FOREIGN, 0, 0, 0, 0 },
	{ "another source, newer, strict", T0, T0 + 1000, 1, 1, 1, LISTER,
	    UPDATES_STRICT, DECISION_UPDATE, 1, 1, 1, 1 },
	{ "another source, same time, strict", T0, T0, 1, 1, 2, LISTER,
	    UPDATES_STRICT, DECISION_DUPLICATE, 0, 0, 0, 0 },
	{ "another source, learned, strict", NONE, T0, 1, 1, 2, LISTER,
	    UPDATES_STRICT, DECISION_LEARNED, 0, 1, 0, 0 },
	{ "a new owner's first word", T0, T0 + 1000, 0, 1, 2, OWNER,
	    UPDATES_CHANGED, DECISION_REDATED, 0, 1, 1, 1 },
	{ "a new owner, no time yet", NONE, T0, 0, 1, 2, OWNER,
	    UPDATES_CHANGED, DECISION_LEARNED, 0, 1, 1, 1 },
	{ "a new owner, an old time", T0, T0 - 1000, 0, 1, 2, OWNER,
	    UPDATES_CHANGED, DECISION_STALE, 0, 0, 0, 1 },
};

static void
check_row(const struct row *r)
{
	struct decide_known known = { r->known_ms, { 0, r->announced },
	    { 0, r->stored } };
	struct decide_sighting seen = { r->seen_ms, { 0, r->digest },
	    r->is_owner, r->policy };
	struct verdict v = decide(&known, &seen);

	if (v.decision != r->decision)
		print_message("%s: %s\n", r->name, decision_name(v.decision));
	assert_int_equal(v.decision, r->decision);
	if (v.announce != r->announce || v.move_time != r->move_time ||
	    v.refresh != r->refresh || v.learn != r->learn)
		fail_msg("%s: announce %d move %d refresh %d learn %d",
		    r->name, v.announce, v.move_time, v.refresh, v.learn);
}

static void
test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

static void
test_new(void **state)
{
	struct decide_sighting seen = { .timestamp_ms = DATE_NONE,
	    .policy = UPDATES_NEVER };
	struct verdict v = decide(NULL, &seen);

	(void)state;
	assert_int_equal(v.decision, DECISION_NEW);
	assert_true(v.announce && v.move_time && v.refresh && v.learn);
}

static void
test_effective(void **state)
{
	(void)state;
	assert_int_equal(decide_effective(T0, T0 + 5), T0);
	assert_int_equal(decide_effective(DATE_NONE, T0), T0);
	/* An hour of skew is forgiven, a millisecond more is not. */
	assert_int_equal(decide_effective(T0 + 3600000, T0), T0 + 3600000);
	assert_int_equal(decide_effective(T0 + 3600001, T0), T0);
	assert_int_equal(decide_effective(INT64_MAX, T0), T0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_effective),
	};

	return UNIT_RUN(tests);
}
