/* test_hsts.c - which hosts are asked by https: RFC 6797. */
#include <stdio.h>

#include "feedmill/base/mem.h"
#include "feedmill/hsts.h"
#include "unit.h"

enum { DAY_S = 86400 };
static const int64_t now = INT64_C(1740340846000);

static struct {
	struct hsts	*hsts;
	unsigned	 told;
	char		 host[300];
	int		 subdomains;
	int64_t		 until_ms;
} t;

static void
changed(const struct hsts_entry *e, void *arg)
{
	assert_ptr_equal(arg, &t);
	t.told++;
	snprintf(t.host, sizeof(t.host), "%s", e->host);
	t.subdomains = e->subdomains;
	t.until_ms = e->until_ms;
}

static int
begin(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.hsts = hsts_new(changed, &t);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	hsts_free(t.hsts);
	return 0;
}

static void
fields_that_say_something(void **state)
{
	static const struct {
		const char	*value;
		int64_t		 age_s;
		int		 subdomains;
	} cases[] = {
		{ "max-age=31536000", 31536000, 0 },
		{ "max-age=31536000; includeSubDomains", 31536000, 1 },
		{ "MAX-AGE = 60 ;INCLUDESUBDOMAINS", 60, 1 },
		{ "includesubdomains;max-age=\"60\"", 60, 1 },
		{ ";; max-age=60;", 60, 0 },
		{ "max-age=60; preload", 60, 0 },
		{ "max-age=60; x=y; y=\"a;\\\"b\"; includeSubDomains", 60, 1 },
		{ "max-age=99999999999999999999999", 366 * DAY_S, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		t.subdomains = -1;
		hsts_hear(t.hsts, "a.example", "max-age=0", now);
		hsts_hear(t.hsts, "a.example", cases[i].value, now);
		if (hsts_until(t.hsts, "a.example", now) !=
		    now + cases[i].age_s * 1000)
			fail_msg("%s", cases[i].value);
		assert_int_equal(t.subdomains, cases[i].subdomains);
	}
}

static void
fields_that_say_nothing(void **state)
{
	static const char *const values[] = {
		"", ";", "includeSubDomains", "max-age", "max-age=",
		"max-age=-1", "max-age=1.5", "max-age=1d", "max-age=\"60",
		"max-age=\"\"", "max-age=60; max-age=60", "max-age=60 preload",
		"max-age=60; includeSubDomains; includeSubDomains",
		"max-age=60; includeSubDomains=1", "max-age=60, max-age=60",
		"max-age=60; x=", "=60", "max-age=60; y=\"\\",
		"max-age=60; \"includeSubDomains\"", "max-age==60",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		hsts_hear(t.hsts, "a.example", values[i], now);
		if (hsts_until(t.hsts, "a.example", now) != 0)
			fail_msg("%s", values[i]);
	}
	assert_int_equal(t.told, 0);
	/* Nor do they change what was said before. */
	hsts_hear(t.hsts, "a.example", "max-age=60", now);
	hsts_hear(t.hsts, "a.example", "max-age=0; max-age=0", now);
	assert_int_not_equal(hsts_until(t.hsts, "a.example", now), 0);
}

static void
names_and_those_below(void **state)
{
	(void)state;
	hsts_hear(t.hsts, "A.Example.", "max-age=60; includeSubDomains", now);
	hsts_hear(t.hsts, "b.example", "max-age=60", now);
	assert_string_equal(t.host, "b.example");
	assert_true(hsts_until(t.hsts, "a.example", now));
	assert_true(hsts_until(t.hsts, "a.EXAMPLE.", now));
	assert_true(hsts_until(t.hsts, "x.y.a.example", now));
	assert_true(hsts_until(t.hsts, "b.example", now));
	assert_false(hsts_until(t.hsts, "x.b.example", now));
	assert_false(hsts_until(t.hsts, "xa.example", now));
	assert_false(hsts_until(t.hsts, "example", now));
	assert_false(hsts_until(t.hsts, "", now));
	assert_false(hsts_until(t.hsts, ".", now));
	/* The one below has its own say, the one above still counts. */
	hsts_hear(t.hsts, "x.a.example", "max-age=10", now);
	assert_int_equal(hsts_until(t.hsts, "x.a.example", now), now + 10000);
	assert_int_equal(hsts_until(t.hsts, "x.a.example", now + 10000),
	    now + 60000);
}

static void
addresses_are_no_names(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "8.8.8.8", "::1",
	    "2600:77::1", "::ffff:8.8.8.8", "" };
	char longer[300] = "";
	struct hsts_entry e = { "8.8.8.8", 1, INT64_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		hsts_hear(t.hsts, hosts[i], "max-age=60", now);
		assert_false(hsts_until(t.hsts, hosts[i], now));
	}
	memset(longer, 'a', sizeof(longer) - 1);
	hsts_hear(t.hsts, longer, "max-age=60", now);
	hsts_remember(t.hsts, &e, now);
	assert_false(hsts_until(t.hsts, "8.8.8.8", now));
	assert_int_equal(t.told, 0);
}

static void
it_ends_or_is_taken_back(void **state)
{
	(void)state;
	hsts_hear(t.hsts, "a.example", "max-age=60", now);
	assert_true(hsts_until(t.hsts, "a.example", now + 59999));
	assert_false(hsts_until(t.hsts, "a.example", now + 60000));
	hsts_hear(t.hsts, "a.example", "max-age=60", now + 60000);
	assert_true(hsts_until(t.hsts, "a.example", now + 60000));
	hsts_hear(t.hsts, "a.example", "max-age=0", now + 60000);
	assert_false(hsts_until(t.hsts, "a.example", now + 60000));
	assert_string_equal(t.host, "a.example");
	assert_int_equal(t.until_ms, 0);
	t.told = 0;
	hsts_hear(t.hsts, "a.example", "max-age=0", now);
	assert_int_equal(t.told, 0);
}

static void
what_is_told(void **state)
{
	static const char year[] = "max-age=31536000";
	int64_t year_ms = INT64_C(31536000000);

	(void)state;
	hsts_hear(t.hsts, "a.example", year, now);
	assert_int_equal(t.told, 1);
	assert_int_equal(t.until_ms, now + year_ms);
	/* An hour later is not worth telling, a day later is. */
	hsts_hear(t.hsts, "a.example", year, now + 3600 * 1000);
	assert_int_equal(t.told, 1);
	assert_int_equal(hsts_until(t.hsts, "a.example", now),
	    now + 3600 * 1000 + year_ms);
	hsts_hear(t.hsts, "a.example", year, now + DAY_S * INT64_C(1000));
	assert_int_equal(t.told, 2);
	hsts_hear(t.hsts, "a.example", "max-age=31536000;includeSubDomains",
	    now + DAY_S * INT64_C(1000));
	assert_int_equal(t.told, 3);
	/* Sooner than before is: it must not be kept too long. */
	hsts_hear(t.hsts, "a.example", "max-age=60;includeSubDomains", now);
	assert_int_equal(t.told, 4);
	assert_int_equal(t.until_ms, now + 60000);
	hsts_hear(t.hsts, "a.example", "max-age=60;includeSubDomains",
	    now + 20000);
	assert_int_equal(t.told, 5);
}

static void
an_earlier_life_is_remembered(void **state)
{
	struct hsts_entry e = { "a.example", 1, now + 1000 };
	struct hsts_entry over = { "b.example", 1, now };

	(void)state;
	hsts_remember(t.hsts, &e, now);
	hsts_remember(t.hsts, &over, now);
	assert_true(hsts_until(t.hsts, "x.a.example", now));
	assert_false(hsts_until(t.hsts, "b.example", now - 1));
	assert_int_equal(t.told, 0);
}

static void
there_is_an_end_to_it(void **state)
{
	char host[32];

	(void)state;
	hsts_hear(t.hsts, "soon.example", "max-age=10", now);
	for (int i = 1; i < HSTS_HOSTS_MAX; i++) {
		/* In no order. */
		snprintf(host, sizeof(host), "h%d.example",
		    i * 4099 % HSTS_HOSTS_MAX);
		hsts_hear(t.hsts, host, "max-age=1000", now);
	}
	assert_true(hsts_until(t.hsts, "soon.example", now));
	assert_int_equal(t.told, HSTS_HOSTS_MAX);
	hsts_hear(t.hsts, "more.example", "max-age=500", now);
	assert_true(hsts_until(t.hsts, "more.example", now));
	assert_false(hsts_until(t.hsts, "soon.example", now));
	assert_int_equal(t.told, HSTS_HOSTS_MAX + 2);
	for (int i = 1; i < HSTS_HOSTS_MAX; i++) {
		snprintf(host, sizeof(host), "h%d.example", i);
		if (!hsts_until(t.hsts, host, now))
			fail_msg("%s is lost", host);
	}
}

int
main(void)
{
#define TEST(name)	cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(fields_that_say_something),
		TEST(fields_that_say_nothing),
		TEST(names_and_those_below),
		TEST(addresses_are_no_names),
		TEST(it_ends_or_is_taken_back),
		TEST(what_is_told),
		TEST(an_earlier_life_is_remembered),
		TEST(there_is_an_end_to_it),
	};

	return UNIT_RUN(tests);
}
