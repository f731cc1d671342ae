/* test_outage.c - when a failure is the network's and not a host's. */
#include "unit.h"

#include "feedmill/outage.h"

static void
test_one_host_is_its_own_affair(void **state)
{
	struct outage o = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_false(outage_failed(&o, i, 7, i * 1000, 50));
	assert_false(outage_failed(&o, 1, 7, 0, 1));
}

static void
test_all_of_a_few_hosts(void **state)
{
	struct outage o = { 0 };

	(void)state;
	assert_false(outage_failed(&o, 1, 11, 0, 3));
	assert_false(outage_failed(&o, 2, 12, 1, 3));
	assert_true(outage_failed(&o, 3, 13, 2, 3));
	assert_false(outage_failed(&o, 1, 11, 3, 3));	/* said once */
	assert_true(outage_answered(&o));
	assert_false(outage_answered(&o));
}

static void
test_an_answer_begins_anew(void **state)
{
	struct outage o = { 0 };

	(void)state;
	outage_failed(&o, 1, 11, 0, 3);
	outage_failed(&o, 2, 12, 1, 3);
	assert_false(outage_answered(&o));
	assert_false(outage_failed(&o, 3, 13, 2, 3));
}

static void
test_old_failures_do_not_count(void **state)
{
	struct outage o = { 0 };

	(void)state;
	outage_failed(&o, 1, 11, 0, 3);
	outage_failed(&o, 2, 12, 1, 3);
	assert_false(outage_failed(&o, 3, 13, 3600002, 3));
	o = (struct outage){ 0 };
	for (int i = 0; i < 10; i++)
		assert_false(outage_failed(&o, i, (uint64_t)i, i * 60000, 50));
}

/* Three sources, half an hour apart from each other. */
static void
test_a_few_hosts_have_more_time(void **state)
{
	struct outage o = { 0 };

	(void)state;
	assert_false(outage_failed(&o, 1, 11, 0, 3));
	assert_false(outage_failed(&o, 2, 12, 900000, 3));
	assert_false(outage_failed(&o, 1, 11, 1800000, 3));
	assert_true(outage_failed(&o, 3, 13, 1900000, 3));
}

static void
test_five_of_many_are_enough(void **state)
{
	struct outage o = { 0 };

	(void)state;
	for (uint64_t host = 1; host < 5; host++)
		assert_false(outage_failed(&o, 1, host, 0, 1000));
	assert_true(outage_failed(&o, 1, 5, 0, 1000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_host_is_its_own_affair),
		cmocka_unit_test(test_all_of_a_few_hosts),
		cmocka_unit_test(test_an_answer_begins_anew),
		cmocka_unit_test(test_old_failures_do_not_count),
		cmocka_unit_test(test_a_few_hosts_have_more_time),
		cmocka_unit_test(test_five_of_many_are_enough),
	};

	return UNIT_RUN(tests);
}
