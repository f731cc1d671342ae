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
	h.changed_ms = NOW_MS - INT64_C(1000) * DAY_S;
	expect(&h, DAY_S / 8, CADENCE_ADAPTIVE);
	h.changed_ms = NOW_MS - INT64_C(100000) * DAY_S;
	expect(&h, DAY_S, CADENCE_CAP);
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
test_explanation_names_the_rule(void **state)
{
	struct history h = fresh();
	struct cadence_answer a;
	struct buf b = { 0 };

	(void)state;
	h.ttl_s = 7200;
	a = cadence_next(NOW_MS, &limits, &h, 0);
	cadence_explain(&b, NOW_MS, &limits, &h, &a);
	assert_non_null(strstr(b.data, "because of                 ttl\n"));
	assert_non_null(strstr(b.data, "2h\n"));
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interval_without_hints),
		cmocka_unit_test(test_hints_only_lengthen),
		cmocka_unit_test(test_cap_beats_every_hint),
		cmocka_unit_test(test_quiet_sources_are_asked_less),
		cmocka_unit_test(test_gap_shortens_to_the_floor),
		cmocka_unit_test(test_failures_double_up_to_the_cap),
		cmocka_unit_test(test_retry_after_is_obeyed),
		cmocka_unit_test(test_gone_is_never_asked),
		cmocka_unit_test(test_network_down_is_no_penalty),
		cmocka_unit_test(test_jitter_is_late_never_early),
		cmocka_unit_test(test_skipped_hours_and_days_are_passed),
		cmocka_unit_test(test_all_hours_skipped_ends_at_the_cap),
		cmocka_unit_test(test_explanation_names_the_rule),
	};

	return UNIT_RUN(tests);
}
