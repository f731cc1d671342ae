/* test_resolve_guard.c - which addresses may be connected to: both sides of
 * every border of the table. */
#include <stdio.h>

#include <arpa/inet.h>

#include "feedmill/base/mem.h"
#include "feedmill/resolve.h"
#include "unit.h"

static const char *const refused[] = {
	"0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255",
	"100.64.0.0", "100.127.255.255", "127.0.0.1", "127.255.255.255",
	"168.63.129.16", "169.254.0.0", "169.254.169.254", "169.254.255.255",
	"172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.0.255",
	"192.0.2.1", "192.31.196.1", "192.52.193.1", "192.88.99.1",
	"192.168.0.0", "192.168.255.255", "192.175.48.1",
	"198.18.0.0", "198.19.255.255", "198.51.100.1", "203.0.113.1",
	"224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",

	"::", "::1", "::7f00:1", "::10.1.2.3", "::8.8.8.8",
	"::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:8.8.8.8",
	"64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1",
	"100::1", "1fff::1", "2001::1", "2001:0:53aa:64c::1",
	"2001:10::1", "2001:20::1", "2001:2::1", "2001:1ff:ffff::1",
	"2001:db8::1", "2001:db8:ffff::1", "2002:7f00:1::1", "2002:808:808::1",
	"2620:4f:8000::1", "3ffe::1", "3fff::1", "3fff:fff::1",
	"4000::1", "5f00::1", "fc00::1", "fd00:77::1", "fdff::1",
	"fe80::1", "fe80::1:2", "febf::1", "fec0::1", "ff02::1", "ff0e::1",
};

static const char *const public[] = {
	"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "11.22.33.44",
	"100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
	"168.63.129.15", "168.63.129.17",
	"169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
	"191.255.255.255", "192.0.1.0", "192.0.3.0", "192.167.255.255",
	"192.169.0.0", "198.17.255.255", "198.20.0.0", "203.0.112.255",
	"203.0.114.0", "223.255.255.255",

	"2000::1", "2001:200::1", "2001:db7:ffff::1", "2001:db9::1",
	"2003::1", "2400:cb00::1", "2600:77::1", "2620:4f:7fff::1",
	"2620:4f:8001::1", "2a00:1450::1", "3ffd::1", "3fff:1000::1",
};

static int
is_public(const char *text)
{
	union resolve_address a;

	memset(&a, 0, sizeof(a));
	a.any.sa_family = AF_INET;
	if (inet_pton(AF_INET, text, &a.in4.sin_addr) != 1) {
		a.any.sa_family = AF_INET6;
		assert_int_equal(inet_pton(AF_INET6, text, &a.in6.sin6_addr),
		    1);
	}
	return resolve_is_public(&a.any);
}

static void
special_addresses_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		if (is_public(refused[i]))
			fail_msg("%s passed", refused[i]);
}

static void
addresses_of_the_internet_pass(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(public); i++)
		if (!is_public(public[i]))
			fail_msg("%s was refused", public[i]);
}

static void
other_families_are_refused(void **state)
{
	struct sockaddr sa = { .sa_family = AF_UNIX };

	(void)state;
	assert_false(resolve_is_public(&sa));
	sa.sa_family = AF_UNSPEC;
	assert_false(resolve_is_public(&sa));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(special_addresses_are_refused),
		cmocka_unit_test(addresses_of_the_internet_pass),
		cmocka_unit_test(other_families_are_refused),
	};

	return UNIT_RUN(tests);
}
