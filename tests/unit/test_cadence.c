/* test_cadence.c - which rule wins, and by how much. */
#include "unit.h"

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/mem.h"
#include "feedmill/cadence.h"

#define MIN_S	900
#define DAY_S	86400
/* 2024-05-01T10:00:00Z, a Wednesday */
#define NOW_MS	INT64_C(1714557600000)

static const struct cadence_limits limits = { 1800, MIN_S, DAY_S, 10 };

static struct history
fresh(void)
{
	struct history h;

	history_init(&h);
	h.outcome = OUTCOME_OK;
	h.changed_ms = NOW_MS;
	return h;
}

static void
expect(const struct history *h, int64_t wait_s, enum cadence_rule rule)
{
	struct cadence_answer a = cadence_next(NOW_MS, &limits, h, 0);

	assert_string_equal(cadence_rule_name(a.rule),
	    cadence_rule_name(rule));
	assert_int_equal(a.wait_s, wait_s);
	assert_int_equal(a.next_ms, NOW_MS + wait_s * 1000);
}

static void
test_interval_without_hints(void **state)
{
	struct history h = fresh();

	(void)state;
	expect(&h, 1800, CADENCE_INTERVAL);
}

static void
test_hints_only_lengthen(void **state)
{
	struct history h = fresh();

	(void)state;
	h.ttl_s = 60;
	h.max_age_s = 5;
	expect(&h, 1800, CADENCE_INTERVAL);
	h.ttl_s = 7200;
	expect(&h, 7200, CADENCE_TTL);
	h.max_age_s = 7201;
	expect(&h, 7201, CADENCE_MAX_AGE);
	h.update_s = 10000;
	expect(&h, 10000, CADENCE_UPDATE_PERIOD);
}

static void
test_cap_beats_every_hint(void **state)
{
	struct history h = fresh();

	(void)state;
	h.ttl_s = INT64_C(1) << 40;
	expect(&h, DAY_S, CADENCE_CAP);
	h = fresh();
	h.failures = 1;
	h.retry_after_s = INT64_MAX / 2;
	expect(&h, DAY_S, CADENCE_CAP);
}

static void
test_quiet_sources_are_asked_less(void **state)
{
	struct history h = fresh();

	(void)state;
	h.pace_s = 4 * 1800;			/* active */
	expect(&h, 1800, CADENCE_INTERVAL);
	h.pace_s = 16 * 1800;			/* four times as rare */
	expect(&h, 2 * 1800, CADENCE_ADAPTIVE);
	h.changed_ms = NOW_MS - INT64_C(1000) * 64 * 1800;	/* silent */
	expect(&h, 4 * 1800, CADENCE_ADAPTIVE);
	h.pace_s = 10;				/* after a burst */
	expect(&h, 4 * 1800, CADENCE_ADAPTIVE);
	h.changed_ms = NOW_MS - INT64_C(10000000) * DAY_S;
	expect(&h, DAY_S, CADENCE_CAP);
	h.changed_ms = NOW_MS;
	h.pace_s = INT64_MAX / 1000;
	expect(&h, DAY_S, CADENCE_CAP);
	h.pace_s = -1;
	h.changed_ms = NOW_MS + 5000;		/* the clock was set back */
	expect(&h, 1800, CADENCE_INTERVAL);
}

static void
test_a_failure_is_never_asked_sooner_than_a_success(void **state)
{
	struct history h = fresh();

	(void)state;
	h.failures = 1;
	h.pace_s = 16 * 1800;
	expect(&h, 3600, CADENCE_ADAPTIVE);
	h.failures = 2;
	expect(&h, 3600, CADENCE_BACKOFF);
	h.failures = 3;
	expect(&h, 7200, CADENCE_BACKOFF);
	h.ttl_s = 10000;
	expect(&h, 10000, CADENCE_TTL);
	h.max_age_s = 20000;			/* was fresh, is stale */
	expect(&h, 10000, CADENCE_TTL);
	h.gap = 1;
	h.ttl_s = -1;
	expect(&h, 7200, CADENCE_BACKOFF);
}

static void
test_pace_is_of_the_newest_up_to_now(void **state)
{
	int64_t times[30];

	(void)state;
	for (int i = 0; i < 30; i++)
		times[i] = NOW_MS - (i + 1) * INT64_C(3600000);
	assert_int_equal(cadence_pace(times, 30, NOW_MS), 3600);
	assert_int_equal(cadence_pace(times, 1, NOW_MS), -1);
	/* ten hours later, nothing new */
	assert_int_equal(cadence_pace(times, 20, NOW_MS + 36000000),
	    3600 * 30 / 20);
}

/* ------------------------------------------------------- what is noted */

static const struct cadence_visit plain = { .now_ms = NOW_MS,
	.outcome = OUTCOME_OK, .retry_after_s = -1, .max_age_s = -1,
	.expires_ms = DATE_NONE, .date_ms = DATE_NONE, .pace_s = -1 };

static void
test_freshness_is_taken_from_headers(void **state)
{
	static const struct {
		enum outcome	 outcome;
		int64_t		 max_age_s, expires_ms, date_ms, fresh_s;
	} cases[] = {
		{ OUTCOME_OK, 43200, DATE_NONE, DATE_NONE, 43200 },
		{ OUTCOME_NOT_MODIFIED, 7200, DATE_NONE, DATE_NONE, 7200 },
		/* a 304 that says nothing: what was said still holds */
		{ OUTCOME_NOT_MODIFIED, -1, DATE_NONE, DATE_NONE, 7200 },
		{ OUTCOME_UNCHANGED, -1, DATE_NONE, DATE_NONE, -1 },
		/* by the server's clock */
		{ OUTCOME_OK, -1, 5000000, 1000000, 4000 },
		{ OUTCOME_OK, -1, NOW_MS + 60000, DATE_NONE, 60 },
		{ OUTCOME_OK, -1, 0, 1000000, 0 },
		/* no-store, max-age=0: not Expires either */
		{ OUTCOME_OK, 0, NOW_MS + 60000, DATE_NONE, 0 },
		/* nor the one that a 304 brings alone */
		{ OUTCOME_NOT_MODIFIED, -1, NOW_MS + 90000, DATE_NONE, 0 },
		{ OUTCOME_NOT_MODIFIED, 3600, DATE_NONE, DATE_NONE, 3600 },
		{ OUTCOME_BUSY, -1, NOW_MS + 90000, DATE_NONE, 3600 },
		{ OUTCOME_NOT_MODIFIED, -1, NOW_MS + 90000, DATE_NONE, 3600 },
		/* until a whole answer comes without one */
		{ OUTCOME_OK, -1, NOW_MS + 80000, DATE_NONE, 80 },
		{ OUTCOME_NOT_MODIFIED, -1, NOW_MS + 90000, DATE_NONE, 90 },
		/* an error page says nothing of the feed */
		{ OUTCOME_BUSY, 9999, DATE_NONE, DATE_NONE, 90 },
	};
	struct history h = fresh();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct cadence_visit v = plain;

		v.outcome = cases[i].outcome;
		v.max_age_s = cases[i].max_age_s;
		v.expires_ms = cases[i].expires_ms;
		v.date_ms = cases[i].date_ms;
		history_add_visit(&h, &v);
		assert_int_equal(h.max_age_s, cases[i].fresh_s);
	}
}

static void
test_a_gap_is_over_when_nothing_is_new(void **state)
{
	struct history h = fresh();
	struct cadence_visit v = plain;

	(void)state;
	v.has_document = v.gap = 1;
	v.news = 20;
	history_add_visit(&h, &v);
	expect(&h, MIN_S, CADENCE_GAP);
	v.has_document = 0;
	v.outcome = OUTCOME_NOT_MODIFIED;
	history_add_visit(&h, &v);
	expect(&h, 1800, CADENCE_INTERVAL);
}

static void
test_short_memory_is_nobodys_fault(void **state)
{
	struct history h = fresh();
	struct cadence_visit v = plain;

	(void)state;
	v.outcome = OUTCOME_TIMEOUT;
	history_add_visit(&h, &v);
	v.outcome = OUTCOME_POSTPONED;
	for (int i = 0; i < 5; i++) {
		history_add_visit(&h, &v);
		assert_int_equal(h.failures, 1);
		expect(&h, limits.min_s, CADENCE_POSTPONED);
	}
	v.outcome = OUTCOME_TIMEOUT;
	history_add_visit(&h, &v);
	assert_int_equal(h.failures, 2);
}

static void
test_failures_are_counted_and_forgiven(void **state)
{
	struct history h = fresh();
	struct cadence_visit v = plain;

	(void)state;
	h.changed_ms = DATE_NONE;
	v.outcome = OUTCOME_DNS;
	history_add_visit(&h, &v);
	history_add_visit(&h, &v);
	assert_int_equal(h.failures, 2);
	history_forgive(&h);
	assert_int_equal(h.failures, 1);
	expect(&h, 60, CADENCE_NETWORK_DOWN);
	v.network_down = 1;
	history_add_visit(&h, &v);
	assert_int_equal(h.failures, 1);
	assert_int_equal(h.succeeded_ms, DATE_NONE);
	v.network_down = 0;
	v.outcome = OUTCOME_DAMAGED;
	v.has_document = 1;
	history_add_visit(&h, &v);
	assert_int_equal(h.failures, 0);
	assert_int_equal(h.succeeded_ms, NOW_MS);
	assert_int_equal(h.changed_ms, NOW_MS);	/* the first sight of it */
}

/* ------------------------------------------------- after a pause, a jump */

static int64_t
resume(const struct history *h, int64_t due_ms)
{
	return cadence_resume(NOW_MS, &limits, h, due_ms, 0);
}

static void
test_kept_due_times_are_brought_within_the_rules(void **state)
{
	struct history h = fresh();

	(void)state;
	assert_int_equal(resume(&h, 0), 0);	/* never visited */
	h.visited_ms = NOW_MS - 600000;
	assert_int_equal(resume(&h, 0), 0);	/* moved: at once */
	assert_int_equal(resume(&h, INT64_MAX), INT64_MAX);
	/* as it was planned, with some jitter */
	assert_int_equal(resume(&h, NOW_MS + 1200000 + 77000),
	    NOW_MS + 1200000 + 77000);
	/* the interval was longer then, or the clock a year ahead */
	assert_int_equal(resume(&h, NOW_MS + INT64_C(31536000000)),
	    NOW_MS + 1200000);
	/* it was shorter */
	assert_int_equal(resume(&h, NOW_MS - 500000), NOW_MS + 1200000);
	/* visited by a clock that was ahead: neither frozen nor at once */
	h.visited_ms = NOW_MS + INT64_C(31536000000);
	h.changed_ms = h.visited_ms;
	assert_int_equal(resume(&h, h.visited_ms + 1800000),
	    NOW_MS + 1800000);
	/* overdue by far stays overdue: it is the agenda that spreads */
	h.visited_ms = h.changed_ms = NOW_MS - INT64_C(864000000);
	assert_int_equal(resume(&h, h.visited_ms + 1800000),
	    h.visited_ms + 1800000);
}

static void
test_a_refusal_holds_the_host_for_its_time(void **state)
{
	struct history h = fresh();

	(void)state;
	assert_int_equal(cadence_hold_ms(NOW_MS, &limits, &h), 0);
	h.visited_ms = NOW_MS - 10000;
	h.retry_after_s = 60;
	assert_int_equal(cadence_hold_ms(NOW_MS, &limits, &h), 0);
	h.outcome = OUTCOME_BUSY;
	assert_int_equal(cadence_hold_ms(NOW_MS, &limits, &h), 50000);
	h.outcome = OUTCOME_HTTP_ERROR;		/* 403 */
	assert_int_equal(cadence_hold_ms(NOW_MS, &limits, &h), 50000);
	assert_int_equal(cadence_hold_ms(NOW_MS + 60000, &limits, &h), 0);
	/* the clock was set back */
	assert_int_equal(cadence_hold_ms(NOW_MS - INT64_C(31536000000),
	    &limits, &h), 60000);
	h.retry_after_s = INT64_MAX / 2;
	h.visited_ms = NOW_MS;
	assert_int_equal(cadence_hold_ms(NOW_MS, &limits, &h),
	    INT64_C(1000) * DAY_S);
	h.retry_after_s = 0;
	assert_int_equal(cadence_hold_ms(NOW_MS, &limits, &h), 0);
}

static void
test_gap_shortens_to_the_floor(void **state)
{
	struct history h = fresh();

	(void)state;
	h.gap = 1;
	expect(&h, MIN_S, CADENCE_GAP);
}

static void
test_failures_double_up_to_the_cap(void **state)
{
	struct history h = fresh();
	int64_t before_s = 0;

	(void)state;
	for (h.failures = 1; h.failures < 100; h.failures++) {
		struct cadence_answer a =
		    cadence_next(NOW_MS, &limits, &h, 0);

		assert_true(a.wait_s == before_s * 2 || before_s == 0 ||
		    a.wait_s == DAY_S);
		before_s = a.wait_s;
	}
	assert_int_equal(before_s, DAY_S);
	h.failures = 1;
	expect(&h, 1800, CADENCE_BACKOFF);
	h.failures = 3;
	expect(&h, 7200, CADENCE_BACKOFF);
}

static void
test_retry_after_is_obeyed(void **state)
{
	struct history h = fresh();

	(void)state;
	h.outcome = OUTCOME_BUSY;
	h.failures = 1;
	h.retry_after_s = 5000;
	expect(&h, 5000, CADENCE_RETRY_AFTER);
}

static void
test_gone_is_never_asked(void **state)
{
	struct history h = fresh();

	(void)state;
	h.outcome = OUTCOME_GONE;
	h.failures = 1;
	assert_int_equal(cadence_next(NOW_MS, &limits, &h, 7).next_ms,
	    INT64_MAX);
}

static void
test_network_down_is_no_penalty(void **state)
{
	struct history h = fresh();

	(void)state;
	h.failures = 9;
	h.network_down = 1;
	expect(&h, 60, CADENCE_NETWORK_DOWN);
}

static void
test_jitter_is_late_never_early(void **state)
{
	struct history h = fresh();

	(void)state;
	for (uint32_t dice = 0; dice < 5000; dice += 7) {
		struct cadence_answer a =
		    cadence_next(NOW_MS, &limits, &h, dice);

		assert_true(a.next_ms >= NOW_MS + 1800 * 1000);
		assert_true(a.next_ms <= NOW_MS + 1980 * 1000);
	}
}

static void
test_skipped_hours_and_days_are_passed(void **state)
{
	struct history h = fresh();
	struct cadence_answer a;

	(void)state;
	h.skip_hours = 1u << 10 | 1u << 11;	/* until 12:00 */
	a = cadence_next(NOW_MS, &limits, &h, 0);
	assert_int_equal(a.rule, CADENCE_SKIP);
	assert_int_equal(a.next_ms, NOW_MS + 2 * 3600 * 1000);

	h.skip_hours = 0;
	h.skip_days = 1 << 3;			/* Wednesday: until midnight */
	a = cadence_next(NOW_MS, &limits, &h, 0);
	assert_int_equal(a.rule, CADENCE_SKIP);
	assert_int_equal(a.next_ms, NOW_MS + 14 * 3600 * 1000);
}

static void
test_those_that_skip_an_hour_do_not_come_together(void **state)
{
	struct cadence_limits spread = limits;
	struct history h = fresh();
	int64_t last_ms = NOW_MS + 7200000 - 1;

	(void)state;
	h.skip_hours = 1u << 10 | 1u << 11;	/* until 12:00 */
	spread.jitter_percent = 10;
	for (uint32_t dice = 0; dice < 1024; dice += 128) {
		struct cadence_answer a = cadence_next(NOW_MS, &spread, &h,
		    dice);

		assert_int_equal(a.rule, CADENCE_SKIP);
		assert_true(a.next_ms > last_ms);
		last_ms = a.next_ms;
	}
	assert_true(last_ms < NOW_MS + 7200000 + 1800 * 100);
}

static void
test_all_hours_skipped_ends_at_the_cap(void **state)
{
	struct history h = fresh();

	(void)state;
	h.skip_hours = 0xffffff;
	h.skip_days = 0x7f;
	assert_int_equal(cadence_next(NOW_MS, &limits, &h, 0).next_ms,
	    NOW_MS + INT64_C(1000) * DAY_S);
}

static void
expect_line(const struct history *h, const struct cadence_facts *f,
    const char *line)
{
	struct buf b = { 0 };

	cadence_explain(&b, &limits, h, f);
	if (strstr(buf_str(&b), line) == NULL)
		fail_msg("no \"%s\" in:\n%s", line, buf_str(&b));
	buf_fini(&b);
}

static void
test_explanation_names_the_rule(void **state)
{
	struct history h = fresh();
	struct cadence_facts f = { .now_ms = NOW_MS };

	(void)state;
	expect_line(&h, &f, "because of                 no visit yet\n");
	expect_line(&h, &f, "next visit                 at once\n");
	h.visited_ms = NOW_MS;
	h.ttl_s = 7200;
	h.skip_hours = 1u << 23 | 1;
	h.skip_days = 1;
	f.next_ms = NOW_MS + 7200000;
	expect_line(&h, &f, "because of                 ttl\n");
	expect_line(&h, &f, "ttl                        2h\n");
	expect_line(&h, &f, "skipHours, skipDays (UTC)  0 23 Sun\n");
	expect_line(&h, &f, "next visit                 "
	    "2024-05-01T12:00:00Z\n");
	f.held_ms = f.turn_ms = NOW_MS + 10800000;
	expect_line(&h, &f, "because of                 "
	    "Retry-After of its host\n");
	expect_line(&h, &f, "next visit                 "
	    "2024-05-01T13:00:00Z\n");
	expect_line(&h, &f, "its turn                   "
	    "2024-05-01T13:00:00Z\n");
	f = (struct cadence_facts){ .now_ms = NOW_MS, .next_ms = INT64_MAX };
	h.outcome = OUTCOME_GONE;
	expect_line(&h, &f, "next visit                 never\n");
	expect_line(&h, &f, "because of                 410 Gone\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interval_without_hints),
		cmocka_unit_test(test_hints_only_lengthen),
		cmocka_unit_test(test_cap_beats_every_hint),
		cmocka_unit_test(test_quiet_sources_are_asked_less),
		cmocka_unit_test(
		    test_a_failure_is_never_asked_sooner_than_a_success),
		cmocka_unit_test(test_pace_is_of_the_newest_up_to_now),
		cmocka_unit_test(test_freshness_is_taken_from_headers),
		cmocka_unit_test(test_a_gap_is_over_when_nothing_is_new),
		cmocka_unit_test(test_short_memory_is_nobodys_fault),
		cmocka_unit_test(test_failures_are_counted_and_forgiven),
		cmocka_unit_test(
		    test_kept_due_times_are_brought_within_the_rules),
		cmocka_unit_test(test_a_refusal_holds_the_host_for_its_time),
		cmocka_unit_test(test_gap_shortens_to_the_floor),
		cmocka_unit_test(test_failures_double_up_to_the_cap),
		cmocka_unit_test(test_retry_after_is_obeyed),
		cmocka_unit_test(test_gone_is_never_asked),
		cmocka_unit_test(test_network_down_is_no_penalty),
		cmocka_unit_test(test_jitter_is_late_never_early),
		cmocka_unit_test(test_skipped_hours_and_days_are_passed),
		cmocka_unit_test(
		    test_those_that_skip_an_hour_do_not_come_together),
		cmocka_unit_test(test_all_hours_skipped_ends_at_the_cap),
		cmocka_unit_test(test_explanation_names_the_rule),
	};

	return UNIT_RUN(tests);
}
