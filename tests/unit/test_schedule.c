/* test_schedule.c - who goes when, and who has to wait. */
#include "unit.h"

#include <ev.h>

#include "feedmill/base/clock.h"
#include "feedmill/base/mem.h"
#include "feedmill/schedule.h"

enum { STARTED_MAX = 64 };

static struct bench {
	struct ev_loop	*loop;
	struct schedule	*schedule;
	int64_t		 started[STARTED_MAX];
	unsigned	 count;
	int		 open;		/* the gate */
} b;

static void
started(int64_t id, void *arg)
{
	(void)arg;
	assert_true(b.count < STARTED_MAX);
	b.started[b.count++] = id;
}

static int
gate(void *arg)
{
	(void)arg;
	return b.open;
}

static int
set_up(void **state)
{
	(void)state;
	b = (struct bench){ .open = 1 };
	b.loop = ev_loop_new(EVFLAG_AUTO);
	b.schedule = schedule_new(b.loop, started, gate, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	schedule_free(b.schedule);
	ev_loop_destroy(b.loop);
	return 0;
}

/* All that is due starts within a few turns without waiting. */
static void
turn(void)
{
	for (int i = 0; i < 5; i++) {
		ev_run(b.loop, EVRUN_NOWAIT);
		ev_sleep(0.002);
	}
}

static void
limit(unsigned all, unsigned per_host)
{
	schedule_limit(b.schedule,
	    (struct schedule_limits){ all, per_host });
}

static void
test_ties_go_in_order(void **state)
{
	(void)state;
	limit(10, 10);
	schedule_put(b.schedule, 1, "h", 2, 0);
	schedule_put(b.schedule, 2, "h", 0, 0);
	schedule_put(b.schedule, 3, "h", 1, 0);
	assert_int_equal(b.count, 0);	/* never from inside put */
	turn();
	assert_int_equal(b.count, 3);
	assert_int_equal(b.started[0], 2);
	assert_int_equal(b.started[1], 3);
	assert_int_equal(b.started[2], 1);
}

static void
test_one_at_a_time(void **state)
{
	(void)state;
	limit(1, 1);
	for (int i = 1; i <= 3; i++)
		schedule_put(b.schedule, i, "h", (unsigned)i, 0);
	for (int i = 1; i <= 3; i++) {
		turn();
		assert_int_equal(b.count, i);
		assert_int_equal(b.started[i - 1], i);
		schedule_done(b.schedule, i);
		schedule_put(b.schedule, i, "h", (unsigned)i, INT64_MAX);
	}
	turn();
	assert_int_equal(b.count, 3);
	assert_int_equal(schedule_next_due(b.schedule), INT64_MAX);
}

static void
test_a_busy_host_does_not_hold_up_others(void **state)
{
	(void)state;
	limit(10, 1);
	schedule_put(b.schedule, 1, "a", 1, 0);
	schedule_put(b.schedule, 2, "a", 2, 0);
	schedule_put(b.schedule, 3, "b", 3, 0);
	turn();
	assert_int_equal(b.count, 2);
	assert_int_equal(b.started[1], 3);
	schedule_done(b.schedule, 1);
	schedule_put(b.schedule, 1, "a", 1, INT64_MAX);
	turn();
	assert_int_equal(b.count, 3);
	assert_int_equal(b.started[2], 2);
}

static void
test_a_closed_gate_stops_all(void **state)
{
	(void)state;
	b.open = 0;
	limit(10, 10);
	schedule_put(b.schedule, 1, "a", 1, 0);
	turn();
	assert_int_equal(b.count, 0);
	b.open = 1;
	schedule_kick(b.schedule);
	turn();
	assert_int_equal(b.count, 1);
}

static void
test_the_future_waits(void **state)
{
	int64_t soon_ms = clock_wall_ms() + 60;

	(void)state;
	limit(10, 10);
	schedule_put(b.schedule, 1, "a", 1, soon_ms);
	turn();
	assert_int_equal(b.count, 0);
	while (b.count == 0)
		ev_run(b.loop, EVRUN_ONCE);
	assert_true(clock_wall_ms() >= soon_ms);
}

static void
test_removed_while_under_way(void **state)
{
	(void)state;
	limit(10, 1);
	schedule_put(b.schedule, 1, "a", 1, 0);
	schedule_put(b.schedule, 2, "a", 2, 0);
	turn();
	schedule_remove(b.schedule, 1);
	schedule_remove(b.schedule, 2);		/* parked */
	schedule_remove(b.schedule, 99);	/* unknown */
	schedule_done(b.schedule, 1);
	turn();
	assert_int_equal(b.count, 1);
	assert_int_equal(schedule_active(b.schedule), 0);
}

static void
test_moved_while_under_way(void **state)
{
	(void)state;
	limit(10, 1);
	schedule_put(b.schedule, 1, "a", 1, 0);
	turn();
	schedule_put(b.schedule, 1, "a", 1, 0);	/* again, when it is done */
	turn();
	assert_int_equal(b.count, 1);
	schedule_done(b.schedule, 1);
	turn();
	assert_int_equal(b.count, 2);
}

/* What is overdue when it is put goes in its order, spread; who is due at
 * once does not wait for that. */
static void
test_overdue_ones_are_spread(void **state)
{
	int64_t now_ms = clock_wall_ms();

	(void)state;
	limit(10, 10);
	for (int i = 1; i <= 3; i++)
		schedule_put(b.schedule, i, "h", (unsigned)i,
		    now_ms - 100000 * i);
	schedule_put(b.schedule, 9, "h", 9, 0);
	turn();
	assert_int_equal(b.count, 2);
	assert_int_equal(b.started[0], 9);
	assert_int_equal(b.started[1], 3);
	while (b.count < 4)
		ev_run(b.loop, EVRUN_ONCE);
	assert_int_equal(b.started[3], 1);
	assert_true(clock_wall_ms() >= now_ms + 250);
}

static void
test_a_held_host_waits(void **state)
{
	int64_t until_ms = clock_wall_ms() + 80, told_ms;

	(void)state;
	limit(10, 10);
	schedule_hold(b.schedule, "a", 80);
	schedule_put(b.schedule, 1, "a", 1, 0);
	schedule_put(b.schedule, 2, "b", 2, 0);
	turn();
	assert_int_equal(b.count, 1);
	assert_int_equal(b.started[0], 2);
	told_ms = schedule_held_until(b.schedule, "a");
	assert_true(told_ms >= until_ms - 5 && told_ms <= until_ms + 50);
	assert_int_equal(schedule_held_until(b.schedule, "b"), 0);
	assert_int_equal(schedule_held_until(b.schedule, "c"), 0);
	told_ms = schedule_due(b.schedule, 1);
	assert_true(told_ms >= until_ms - 5 && told_ms <= until_ms + 50);
	while (b.count < 2)
		ev_run(b.loop, EVRUN_ONCE);
	assert_true(clock_wall_ms() >= until_ms);
	assert_int_equal(schedule_held_until(b.schedule, "a"), 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_ties_go_in_order),
		TEST(test_one_at_a_time),
		TEST(test_a_busy_host_does_not_hold_up_others),
		TEST(test_a_closed_gate_stops_all),
		TEST(test_the_future_waits),
		TEST(test_removed_while_under_way),
		TEST(test_moved_while_under_way),
		TEST(test_overdue_ones_are_spread),
		TEST(test_a_held_host_waits),
	};

	return UNIT_RUN(tests);
}
