/* test_fetch_site.c - URLs taken apart, and who is whose origin. */
#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "../../src/fetch/site.h"
#include <stdio.h>

#include "unit.h"

static struct arena arena;

static const struct {
	const char	*url, *shown, *host;
	unsigned	 port;
	int		 https, numeric;
	const char	*user, *password;
} good[] = {
	{ "https://a.example/feed", "https://a.example/feed", "a.example",
	    443, 1, 0, NULL, NULL },
	{ "http://a-b.example:8080/x?a=1&b=%20", "http://a-b.example:8080/"
	    "x?a=1&b=%20", "a-b.example", 8080, 0, 0, NULL, NULL },
	{ "HTTP://A.Example", "http://a.example/", "a.example", 80, 0, 0,
	    NULL, NULL },
	{ "https://a.example/x#part", "https://a.example/x", "a.example",
	    443, 1, 0, NULL, NULL },
	{ "https://u:p%40w@a.example/", "https://a.example/", "a.example",
	    443, 1, 0, "u", "p@w" },
	{ "https://u@a.example/", "https://a.example/", "a.example",
	    443, 1, 0, "u", NULL },
	{ "http://127.0.0.1:81/x", "http://127.0.0.1:81/x", "127.0.0.1",
	    81, 0, 1, NULL, NULL },
	{ "http://2130706433/", "http://127.0.0.1/", "127.0.0.1",
	    80, 0, 1, NULL, NULL },
	{ "http://0177.0.0.1/", "http://127.0.0.1/", "127.0.0.1",
	    80, 0, 1, NULL, NULL },
	{ "http://0x7f.1/", "http://127.0.0.1/", "127.0.0.1",
	    80, 0, 1, NULL, NULL },
	{ "http://[::1]:8080/x", "http://[::1]:8080/x", "::1",
	    8080, 0, 1, NULL, NULL },
	{ "https://a.example/a/../b/./c", "https://a.example/b/c",
	    "a.example", 443, 1, 0, NULL, NULL },
	{ "https://a.example/a b", "https://a.example/a%20b", "a.example",
	    443, 1, 0, NULL, NULL },
	{ "https://\345\244\247.example/x", "https://xn--pss.example/x",
	    "xn--pss.example", 443, 1, 0, NULL, NULL },
};

static const char *const bad[] = {
	"", "feed.xml", "/feed", "//a.example/", "http:", "http://",
	"ftp://a.example/", "file:///etc/passwd",
	"gopher://a.example/", "javascript:alert(1)", "data:,x",
	"http://a.example:0/", "http://a.example:65536/",
	"http://a.example:x/", "http://[::1/", "http://[fe80::1%25eth0]/",
	"http://a b.example/",
};

static void
urls_are_taken_apart(void **state)
{
	struct fetch_site s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		const char *why = fetch_site_parse(&s, &arena, good[i].url);

		if (why != NULL)
			fail_msg("%s: %s", good[i].url, why);
		assert_string_equal(s.url, good[i].shown);
		assert_string_equal(s.host, good[i].host);
		assert_int_equal(s.port, good[i].port);
		assert_int_equal(s.https, good[i].https);
		assert_int_equal(s.numeric, good[i].numeric);
		if (good[i].user == NULL)
			assert_null(s.user);
		else
			assert_string_equal(s.user, good[i].user);
		if (good[i].password == NULL)
			assert_null(s.password);
		else
			assert_string_equal(s.password, good[i].password);
	}
}

static void
what_is_no_web_url_is_refused(void **state)
{
	static char url[URL_MAX_BYTES + 64];
	struct fetch_site s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (fetch_site_parse(&s, &arena, bad[i]) == NULL)
			fail_msg("\"%s\" became %s", bad[i], s.url);
	memset(url, 'x', sizeof(url) - 1);
	memcpy(url, "http://a.example/", 17);
	assert_non_null(fetch_site_parse(&s, &arena, url));
	url[URL_MAX_BYTES] = '\0';
	assert_null(fetch_site_parse(&s, &arena, url));
}

/* The short way says of a plain URL what the long one says: "#" takes it. */
static void
plain_urls_have_no_way_of_their_own(void **state)
{
	static const char *const urls[] = {
		"http://a.example/", "https://a.example/x/y.xml?q=1&r=a,b;c",
		"http://1.2.3.4/", "http://1.2.3.4:5/x", "http://1.2.3/",
		"http://a.1/", "http://a.1x/", "http://a.b1/", "http://1a/",
		"http://0x1/", "http://a.0x1/", "http://a..b/",
		"http://a.example./", "http://-a.example/", "http://a-/",
		"http://a.example:80/", "http://a.example:080/",
		"http://a.example:443/", "https://a.example:443/",
		"http://a.example:65535/", "http://a.example:65536/",
		"http://a.example:/", "http://a.example/.x", "http://a.example/..",
		"http://a.example/x?y=/../z", "http://a.example/%2e%2e/x",
		"http://a.example/%zz", "http://a.example/a%2Fb",
		"http://a.example/~a/b_c+d:e", "http://a.example?x",
		"http://256.1.1.1/", "http://1.2.3.4.5/", "http://a.example//x",
	};
	struct fetch_site s, t;
	char longer[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		const char *why, *other;

		snprintf(longer, sizeof(longer), "%s#", urls[i]);
		why = fetch_site_parse(&s, &arena, urls[i]);
		other = fetch_site_parse(&t, &arena, longer);
		if ((why == NULL) != (other == NULL))
			fail_msg("%s: %s, %s", urls[i], why, other);
		if (why != NULL)
			continue;
		assert_string_equal(s.url, t.url);
		assert_string_equal(s.host, t.host);
		assert_int_equal(s.port, t.port);
		assert_int_equal(s.numeric, t.numeric);
	}
}

static void
locations_are_relative(void **state)
{
	static const char *const cases[][2] = {
		{ "/x", "https://a.example/x" },
		{ "x?y", "https://a.example/dir/x?y" },
		{ "../x", "https://a.example/x" },
		{ "?y", "https://a.example/dir/feed?y" },
		{ "//b.example/x", "https://b.example/x" },
		{ "http://b.example/x", "http://b.example/x" },
		{ "/a b\303\251", "https://a.example/a%20b%C3%A9" },
		{ "#part", "https://a.example/dir/feed?q" },
	};
	struct fetch_site base, s;

	(void)state;
	assert_null(fetch_site_parse(&base, &arena,
	    "https://u:p@a.example/dir/feed?q"));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_null(fetch_site_follow(&s, &arena, &base,
		    cases[i][0]));
		assert_string_equal(s.url, cases[i][1]);
		assert_null(s.user);
	}
}

static void
http_becomes_https(void **state)
{
	static const char *const cases[][2] = {
		{ "http://a.example/x?y", "https://a.example/x?y" },
		{ "http://a.example:80/x", "https://a.example/x" },
		{ "http://a.example", "https://a.example/" },
		{ "http://a.example:8080/x", "https://a.example:8080/x" },
		{ "http://a.example:443/x", "https://a.example:443/x" },
		{ "http://a.example/http://b:80/", "https://a.example/http://"
		    "b:80/" },
		{ "http://[2600:77::1]:80/x", "https://[2600:77::1]/x" },
		{ "http://[2600:77::1]:81/x", "https://[2600:77::1]:81/x" },
		{ "https://a.example:80/x", "https://a.example:80/x" },
	};
	struct fetch_site s, t;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_null(fetch_site_parse(&s, &arena, cases[i][0]));
		assert_null(fetch_site_parse(&t, &arena, cases[i][1]));
		fetch_site_secure(&s, &arena);
		assert_string_equal(s.url, cases[i][1]);
		assert_string_equal(s.url, t.url);
		assert_string_equal(s.host, t.host);
		assert_int_equal(s.port, t.port);
		assert_int_equal(s.https, 1);
	}
}

static void
origins(void **state)
{
	static const struct {
		const char	*from, *to;
		int		 same;
	} cases[] = {
		{ "http://a.example/", "http://a.example:80/x", 1 },
		{ "http://a.example/", "http://A.EXAMPLE/x", 1 },
		{ "http://a.example/", "https://a.example/x", 1 },
		{ "https://a.example/", "https://a.example/x", 1 },
		{ "https://a.example/", "http://a.example/x", 0 },
		{ "http://a.example/", "http://a.example:81/", 0 },
		{ "http://a.example:81/", "https://a.example/", 0 },
		{ "http://a.example/", "https://a.example:8443/", 0 },
		{ "http://a.example/", "http://b.a.example/", 0 },
		{ "http://a.example/", "http://a.example.b/", 0 },
	};
	struct fetch_site from, to;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_null(fetch_site_parse(&from, &arena, cases[i].from));
		assert_null(fetch_site_parse(&to, &arena, cases[i].to));
		assert_int_equal(fetch_site_same_origin(&from, &to),
		    cases[i].same);
	}
}

static int
setup(void **state)
{
	(void)state;
	url_init();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_are_taken_apart),
		cmocka_unit_test(what_is_no_web_url_is_refused),
		cmocka_unit_test(plain_urls_have_no_way_of_their_own),
		cmocka_unit_test(locations_are_relative),
		cmocka_unit_test(http_becomes_https),
		cmocka_unit_test(origins),
	};

	setenv("CMOCKA_MESSAGE_OUTPUT", "TAP", 0);
	return cmocka_run_group_tests(tests, setup, teardown);
}
