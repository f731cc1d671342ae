/* test_agenda.c - whose turn it is, in simulated time. */
#include "unit.h"

#include <stdio.h>

#include "feedmill/agenda.h"
#include "feedmill/base/mem.h"

#define S	INT64_C(1000)
#define HOUR	(3600 * S)
#define NOW	(1000 * HOUR)

static struct agenda *a;

static int
set_up(void **state)
{
	(void)state;
	a = agenda_new();
	agenda_limit(a, 64, 2);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	agenda_free(a);
	return 0;
}

static void
put(int64_t id, const char *host, int64_t due_ms)
{
	agenda_put(a, id, host, (unsigned)id, due_ms);
}

/* Take all that go until then, each done at once; when the last one went,
 * how many there were, and the shortest time between two. */
static struct run {
	int64_t	 last_ms, least_ms;
	int	 count;
} run;

static void
run_until(int64_t from_ms, int64_t until_ms)
{
	int64_t now_ms = from_ms, wait_ms, id;

	run = (struct run){ .least_ms = INT64_MAX };
	while (now_ms <= until_ms) {
		while ((id = agenda_take(a, now_ms)) != -1) {
			if (run.count++ > 0 &&
			    now_ms - run.last_ms < run.least_ms)
				run.least_ms = now_ms - run.last_ms;
			run.last_ms = now_ms;
			agenda_put(a, id, "done", 0, AGENDA_NEVER);
			agenda_done(a, id);
		}
		wait_ms = agenda_wait_ms(a, now_ms);
		assert_true(wait_ms != 0);
		now_ms += wait_ms > 0 ? wait_ms : AGENDA_LOOK_MS;
	}
}

static void
test_the_order_of_many(void **state)
{
	(void)state;
	agenda_limit(a, 1, 1);
	assert_int_equal(agenda_take(a, NOW), -1);
	for (int i = 0; i < 500; i++)
		put(i, "h", NOW + (i * 37) % 500 + 1);
	for (int i = 0; i < 500; i += 3)		/* moved, and back */
		put(i, "h", NOW + 5000);
	for (int i = 0; i < 500; i += 3)
		put(i, "h", NOW + (i * 37) % 500 + 1);
	for (int i = 1; i <= 500; i++) {
		int64_t id = agenda_take(a, NOW + i);

		assert_int_equal(id * 37 % 500 + 1, i);
		assert_int_equal(agenda_take(a, NOW + i), -1);
		agenda_done(a, id);
		agenda_remove(a, id);
	}
	assert_int_equal(agenda_wait_ms(a, NOW), -1);
}

static void
test_a_start_spreads_what_is_overdue(void **state)
{
	(void)state;
	for (int i = 0; i < 500; i++) {
		char host[16];

		snprintf(host, sizeof(host), "h%d", i);
		put(i, host, NOW - i * 100);
	}
	run_until(NOW, NOW + HOUR);
	assert_int_equal(run.count, 500);
	assert_true(run.last_ms >= NOW + 60 * S);
	assert_int_equal(run.least_ms, AGENDA_SPREAD_MS);
}

/* Even a great many are asked within a quarter of an hour. */
static void
test_the_spread_has_an_end(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++)
		put(i, "h", NOW - i);
	run_until(NOW, NOW + HOUR);
	assert_int_equal(run.count, 20000);
	assert_true(run.last_ms <= NOW + AGENDA_SPREAD_MAX_MS);
}

static void
test_newcomers_do_not_wait(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++)
		put(i, "h", NOW - 1);
	for (int i = 50; i < 100; i++)
		put(i, "h", AGENDA_AT_ONCE);
	run_until(NOW, NOW);
	assert_int_equal(run.count, 51);
}

static void
test_a_resume_spreads(void **state)
{
	(void)state;
	run_until(NOW, NOW);
	for (int i = 0; i < 100; i++)
		put(i, "h", NOW + i * 10 * S + 1);
	run_until(NOW, NOW + 100 * S);
	assert_int_equal(run.count, 10);
	/* asleep for nine hours */
	run_until(NOW + 9 * HOUR, NOW + 9 * HOUR);
	assert_int_equal(run.count, 1);
	run_until(NOW + 9 * HOUR + 1, NOW + 9 * HOUR + 60 * S);
	assert_int_equal(run.count, 89);
	assert_true(run.least_ms >= AGENDA_SPREAD_MS);
}

/* A reload puts everybody again; who has long been due is spread, without a
 * pause too. */
static void
test_a_reload_spreads(void **state)
{
	(void)state;
	run_until(NOW, NOW);
	for (int i = 0; i < 80; i++)
		put(i, "h", NOW - HOUR);
	put(99, "h", NOW + 3 * S);
	run_until(NOW + S, NOW + 30 * S);
	assert_int_equal(run.count, 81);
	assert_true(run.last_ms >= NOW + S + 79 * AGENDA_SPREAD_MS);
}

static void
test_nobody_goes_early(void **state)
{
	(void)state;
	run_until(NOW, NOW);
	put(1, "a", NOW + HOUR);
	run_until(NOW, NOW + HOUR - 1);
	assert_int_equal(run.count, 0);
	assert_int_equal(agenda_next_due(a), NOW + HOUR);
	run_until(NOW + HOUR, NOW + HOUR);
	assert_int_equal(run.count, 1);
}

/* All sources of the host wait; then they keep a distance. */
static void
test_a_held_host_is_left_alone(void **state)
{
	(void)state;
	run_until(NOW, NOW);
	for (int i = 0; i < 20; i++)
		put(i, "held", NOW + i);
	put(50, "other", NOW + 1);
	put(51, "held", AGENDA_AT_ONCE);	/* newcomers too */
	agenda_hold(a, "held", NOW + 600 * S, NOW);
	run_until(NOW, NOW + 600 * S - 1);
	assert_int_equal(run.count, 1);
	assert_int_equal(agenda_held_until(a, "held"), NOW + 600 * S);
	run_until(NOW + 600 * S, NOW + HOUR);
	assert_int_equal(run.count, 21);
	assert_true(run.least_ms >= AGENDA_SPACE_MS);
	assert_true(run.last_ms <= NOW + 600 * S + 21 * AGENDA_SPACE_MS);
}

static int64_t
distance(int64_t from_ms)
{
	for (int i = 0; i < 5; i++)
		put(i, "h", from_ms);
	run_until(from_ms, from_ms + 20 * 60 * S);
	assert_int_equal(run.count, 5);
	return run.least_ms;
}

static void
test_the_distance_doubles_and_halves(void **state)
{
	int64_t t = NOW;

	(void)state;
	run_until(NOW, NOW);
	for (int64_t space = AGENDA_SPACE_MS; space < 2 * 60 * S;
	    space *= 2) {
		agenda_hold(a, "h", t + 60 * S, t);
		agenda_hold(a, "h", t + 60 * S, t + 1);	/* the same one */
		t += 60 * S;
		assert_int_equal(distance(t), space);
		t += 25 * 60 * S;
	}
	for (int i = 0; i < 10; i++)
		agenda_hold(a, "h", t + 1 + i, t + i);
	t += 100;
	assert_int_equal(distance(t), AGENDA_SPACE_MAX_MS);
	assert_int_equal(distance(t + HOUR), AGENDA_SPACE_MAX_MS / 2);
	assert_true(distance(t + 9 * HOUR) <= AGENDA_SPREAD_MS);
}

/* The loop stood still while turns came up: the distance is kept. */
static void
test_turns_that_pile_up_keep_the_distance(void **state)
{
	(void)state;
	run_until(NOW, NOW);
	agenda_hold(a, "h", NOW + S, NOW);
	for (int i = 0; i < 20; i++)
		put(i, "h", NOW + 1);
	run_until(NOW + 2, NOW + 2);
	run_until(NOW + 60 * S, NOW + 300 * S);
	assert_int_equal(run.count, 20);
	assert_true(run.least_ms >= AGENDA_SPACE_MS);
}

static void
test_without_network_one_is_tried_now_and_then(void **state)
{
	(void)state;
	run_until(NOW, NOW);
	for (int i = 0; i < 500; i++)
		put(i, "h", NOW + i * S);
	agenda_probe(a, 1);
	run_until(NOW, NOW + HOUR);
	assert_in_range(run.count, 10, 3600 * S / AGENDA_PROBE_MS + 1);
	assert_true(run.least_ms >= AGENDA_PROBE_MS);
	agenda_probe(a, 0);			/* back: no herd */
	run_until(NOW + HOUR, NOW + HOUR + 10 * S);
	assert_in_range(run.count, 60, 90);
	run_until(NOW + HOUR + 10 * S + 1, NOW + 2 * HOUR);
	assert_true(run.least_ms >= AGENDA_SPREAD_MS);
}

/* After a long outage the tries are rare, but not after a resume. */
static void
test_tries_become_rarer(void **state)
{
	(void)state;
	run_until(NOW, NOW);
	for (int i = 0; i < 500; i++)
		put(i, "h", NOW);
	agenda_probe(a, 1);
	run_until(NOW, NOW + 10 * HOUR);
	assert_true(run.count < 10 * 12 + 10);
	assert_int_equal(agenda_take(a, run.last_ms + S), -1);
	run_until(run.last_ms + HOUR, run.last_ms + HOUR + 60 * S);
	assert_true(run.count >= 3);
}

/* Nor does somebody who waits wait for a try; the tries go on as they were. */
static void
test_who_insists_is_tried(void **state)
{
	(void)state;
	run_until(NOW, NOW);
	for (int i = 0; i < 50; i++)
		put(i, "h", i % 2 ? NOW : AGENDA_AT_ONCE);
	agenda_probe(a, 1);
	run_until(NOW, NOW + 15 * S);
	assert_int_equal(run.count, 2);		/* at 0 s and 10 s */
	put(99, "other", AGENDA_INSISTED);
	assert_int_equal(agenda_take(a, NOW + 16 * S), 99);
	put(99, "other", NOW + HOUR);
	agenda_done(a, 99);
	assert_int_equal(agenda_take(a, NOW + 16 * S), -1);
	run_until(NOW + 16 * S, NOW + 30 * S - 1);
	assert_int_equal(run.count, 0);
	run_until(NOW + 30 * S, NOW + 30 * S);
	assert_int_equal(run.count, 1);
}

/* The table of hosts grows with them and loses nobody. */
static void
test_many_hosts(void **state)
{
	char host[16];

	(void)state;
	run_until(NOW, NOW);
	for (int i = 0; i < 20000; i++) {
		snprintf(host, sizeof(host), "h%d", i);
		put(i, host, NOW + 1);
		if (i % 1000 == 17)
			agenda_hold(a, host, NOW + HOUR + i, NOW);
	}
	for (int i = 17; i < 20000; i += 1000) {
		snprintf(host, sizeof(host), "h%d", i);
		assert_int_equal(agenda_held_until(a, host),
		    NOW + HOUR + i);
	}
	assert_true(agenda_held_until(a, "h18") <= NOW);
	assert_int_equal(agenda_held_until(a, "nobody"), AGENDA_AT_ONCE);
	run_until(NOW + 1, NOW + 1);
	assert_int_equal(run.count, 19980);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_the_order_of_many),
		TEST(test_a_start_spreads_what_is_overdue),
		TEST(test_the_spread_has_an_end),
		TEST(test_newcomers_do_not_wait),
		TEST(test_a_resume_spreads),
		TEST(test_a_reload_spreads),
		TEST(test_nobody_goes_early),
		TEST(test_a_held_host_is_left_alone),
		TEST(test_the_distance_doubles_and_halves),
		TEST(test_turns_that_pile_up_keep_the_distance),
		TEST(test_without_network_one_is_tried_now_and_then),
		TEST(test_tries_become_rarer),
		TEST(test_who_insists_is_tried),
		TEST(test_many_hosts),
	};

	return UNIT_RUN(tests);
}
