/* test_fetch_headers.c - header lines, good, odd and hostile. */
#include <stdio.h>

#include "feedmill/base/date.h"
#include "feedmill/base/mem.h"
#include "../../src/fetch/headers.h"
#include "unit.h"

static struct arena arena;
static struct fetch_head head;

/* 2024-05-01 10:00:00 UTC */
static const int64_t now_ms = INT64_C(1714557600000);

static int
finish(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

/* Lines up to NULL, under a status line, with a blank line after them. */
static void
read_lines(const char *const *lines)
{
	fetch_head_init(&head);
	fetch_head_line(&head, &arena, "HTTP/1.1 200 OK\r\n", 17);
	for (; *lines != NULL; lines++)
		fetch_head_line(&head, &arena, *lines, strlen(*lines));
	fetch_head_line(&head, &arena, "\r\n", 2);
}

#define READ(...)	read_lines((const char *const[]){ __VA_ARGS__, NULL })

static void
validators_are_byte_exact(void **state)
{
	(void)state;
	READ("ETag: W/\"a b,c\\\"\r\n", "last-modified:Sun, 06 Nov 94\r\n");
	assert_string_equal(head.etag, "W/\"a b,c\\\"");
	assert_string_equal(head.last_modified, "Sun, 06 Nov 94");
	READ("ETAG:\t  unquoted-gzip \t\r\n");
	assert_string_equal(head.etag, "unquoted-gzip");
	assert_null(head.last_modified);
	READ("ETag: \"\303\251\"");
	assert_string_equal(head.etag, "\"\303\251\"");
	READ("ETag: \"gr\374n\"");	/* ISO 8859-1 */
	assert_string_equal(head.etag, "\"gr\374n\"");
}

static void
unusable_validators_are_dropped(void **state)
{
	char line[VALIDATOR_MAX + 32];

	(void)state;
	READ("ETag: \"a\tb\"\r\n", "Last-Modified: a\001b\r\n");
	assert_null(head.etag);
	assert_null(head.last_modified);
	READ("ETag: \"\177\"\r\n", "Last-Modified:   \r\n",
	    "Content-Type: \377\r\n");
	assert_null(head.etag);
	assert_null(head.content_type);
	assert_null(head.last_modified);

	memset(line, 'e', sizeof(line));
	memcpy(line, "ETag: ", 6);
	line[6 + VALIDATOR_MAX] = '\0';
	READ(line);
	assert_int_equal(strlen(head.etag), VALIDATOR_MAX);
	line[6 + VALIDATOR_MAX] = 'e';
	line[6 + VALIDATOR_MAX + 1] = '\0';
	READ(line);
	assert_null(head.etag);
}

/* White space inside of them is any (RFC 9110 section 5.6.3). */
static void
lists_may_have_tabs(void **state)
{
	(void)state;
	READ("Cache-Control: public,\t max-age=60\r\n",
	    "Content-Type: text/xml;\tcharset=gbk\r\n",
	    "ETag: \"a\tb\"\r\n");
	assert_int_equal(fetch_head_max_age(&head), 60);
	assert_string_equal(head.content_type, "text/xml; charset=gbk");
	assert_null(head.etag);
	READ("Cache-Control: max-age=60\001\r\n");
	assert_int_equal(fetch_head_max_age(&head), -1);
}

static void
folded_values_are_dropped(void **state)
{
	(void)state;
	READ("ETag: \"a\r\n", " b\"\r\n", "Expires: 0\r\n");
	assert_null(head.etag);
	assert_string_equal(head.expires, "0");
	/* What is folded after a field nobody keeps hurts none. */
	READ("ETag: \"a\"\r\n", "X-Other: 1\r\n", "  2\r\n");
	assert_string_equal(head.etag, "\"a\"");
}

static void
first_of_several_wins(void **state)
{
	(void)state;
	READ("ETag: \"1\"\r\n", "ETag: \"2\"\r\n",
	    "Cache-Control: private\r\n", "Cache-Control: max-age=60\r\n");
	assert_string_equal(head.etag, "\"1\"");
	assert_int_equal(fetch_head_max_age(&head), 60);
}

static void
interim_heads_and_trailers_do_not_count(void **state)
{
	static const char *const lines[] = {
		"HTTP/1.1 103 Early Hints\r\n", "ETag: \"early\"\r\n", "\r\n",
		"HTTP/1.1 200 OK\r\n", "Content-Type: text/xml\r\n", "\r\n",
		"ETag: \"late\"\r\n", "HTTP/1.1 500 No\r\n",
	};

	(void)state;
	fetch_head_init(&head);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		fetch_head_line(&head, &arena, lines[i], strlen(lines[i]));
	assert_int_equal(head.status, 200);
	assert_true(head.complete);
	assert_null(head.etag);
	assert_string_equal(head.content_type, "text/xml");
}

static void
lengths(void **state)
{
	static const struct {
		const char	*a, *b;
		int64_t		 length;
		int		 unusable;
	} cases[] = {
		{ "Content-Length: 5", "X: y", 5, 0 },
		{ "Content-Length: 5", "Content-Length: 5", 5, 0 },
		{ "Content-Length: 5, 5", "X: y", 5, 0 },
		{ "Content-Length: 5", "Content-Length: 6", 6, 1 },
		{ "Content-Length: 5,6", "X: y", 6, 1 },
		{ "Content-Length: 12abc", "X: y", -1, 1 },
		{ "Content-Length: -5", "X: y", -1, 1 },
		{ "Content-Length: +5", "X: y", -1, 1 },
		{ "Content-Length:", "X: y", -1, 1 },
		{ "Content-Length: 99999999999999999999", "X: y",
		    INT64_MAX / 16, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		READ(cases[i].a, cases[i].b);
		assert_int_equal(head.length, cases[i].length);
		assert_int_equal(head.length_unusable, cases[i].unusable);
	}
}

static void
codings(void **state)
{
	static const struct {
		const char	*line;
		enum content_coding coding;
	} cases[] = {
		{ "X: y", CODING_NONE },
		{ "Content-Encoding: identity", CODING_NONE },
		{ "Content-Encoding: ", CODING_NONE },
		{ "Content-Encoding: GZip", CODING_GZIP },
		{ "Content-Encoding: x-gzip", CODING_GZIP },
		{ "Content-Encoding: identity, gzip", CODING_GZIP },
		{ "Content-Encoding: deflate", CODING_DEFLATE },
		{ "Content-Encoding: gzip, gzip", CODING_UNKNOWN },
		{ "Content-Encoding: br", CODING_UNKNOWN },
		{ "Content-Encoding: gzip;q=1", CODING_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		READ(cases[i].line);
		assert_int_equal(head.coding, cases[i].coding);
	}
	READ("Content-Encoding: gzip", "Content-Encoding: gzip");
	assert_int_equal(head.coding, CODING_UNKNOWN);
}

static void
retry_after(void **state)
{
	static const struct {
		const char	*value;
		int64_t		 seconds;
	} cases[] = {
		{ "Retry-After: 120", 120 },
		{ "Retry-After: 0", 0 },
		{ "Retry-After: 604800", 604800 },
		{ "Retry-After: 99999999999999999999", FOREVER_S },
		{ "Retry-After: -5", -1 },
		{ "Retry-After: 1.5", -1 },
		{ "Retry-After: soon", -1 },
		{ "Retry-After: 10 minutes", -1 },
		{ "Retry-After:", -1 },
		{ "Retry-After: Wed, 01 May 2024 10:05:00 GMT", 300 },
		{ "Retry-After: Wednesday, 01-May-24 10:05:00 GMT", 300 },
		{ "Retry-After: Wed, 01 May 2024 09:00:00 GMT", 0 },
		{ "Retry-After: Fri, 01 May 2099 10:00:00 GMT", FOREVER_S },
		{ "X: y", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		READ(cases[i].value);
		assert_int_equal(fetch_head_retry_after(&head, now_ms),
		    cases[i].seconds);
	}
	/* A server whose clock is a day fast means its own clock. */
	READ("Date: Thu, 02 May 2024 10:00:00 GMT",
	    "Retry-After: Thu, 02 May 2024 10:02:00 GMT");
	assert_int_equal(fetch_head_retry_after(&head, now_ms), 120);
}

static void
expires(void **state)
{
	static const char *const past[] = { "0", "-1", "now", "\"\"" };
	char line[64];

	(void)state;
	READ("Expires: Wed, 01 May 2024 11:00:00 GMT\r\n", "Age: 60\r\n");
	assert_int_equal(fetch_head_expires(&head), now_ms + 3540 * 1000);
	READ("Age: 60\r\n");
	assert_int_equal(fetch_head_expires(&head), DATE_NONE);
	for (size_t i = 0; i < ARRAY_LEN(past); i++) {
		snprintf(line, sizeof(line), "Expires: %s\r\n", past[i]);
		READ(line);
		assert_int_equal(fetch_head_expires(&head), 0);
	}
}

static void
max_age(void **state)
{
	static const struct {
		const char	*control, *age;
		int64_t		 seconds;
	} cases[] = {
		{ "X: y", "X: y", -1 },
		{ "Cache-Control: public", "X: y", -1 },
		{ "Cache-Control: max-age=43200", "X: y", 43200 },
		{ "Cache-Control: public,MAX-AGE=60 , x", "X: y", 60 },
		{ "Cache-Control: max-age=\"60\"", "X: y", 60 },
		{ "Cache-Control: max-age=60, max-age=7", "X: y", 60 },
		{ "Cache-Control: x=\"a, max-age=5\", max-age=9", "X: y", 9 },
		{ "Cache-Control: s-maxage=5", "X: y", -1 },
		{ "Cache-Control: max-age=", "X: y", -1 },
		{ "Cache-Control: max-age=-1", "X: y", -1 },
		{ "Cache-Control: max-age=1000000000000", "X: y", FOREVER_S },
		{ "Cache-Control: no-store", "X: y", 0 },
		{ "Cache-Control: no-cache, max-age=60", "X: y", 0 },
		{ "Cache-Control: max-age=60", "Age: 20", 40 },
		{ "Cache-Control: max-age=60", "Age: 90", 0 },
		{ "Cache-Control: max-age=60", "Age: -5", 60 },
		{ "Cache-Control: max-age=60", "Age: old", 60 },
		{ "Cache-Control: max-age=60", "Age: 9999999999999999999", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		READ(cases[i].control, cases[i].age);
		assert_int_equal(fetch_head_max_age(&head), cases[i].seconds);
	}
}

static void
dates(void **state)
{
	static const char *const all[] = {
		"Wed, 01 May 2024 10:00:00 GMT",
		"Thu, 29 Feb 2024 23:59:59 GMT",
		"Sat, 01 Mar 2025 00:00:00 GMT",
		"Tue, 29 Feb 2000 12:00:00 GMT",
		"Thu, 01 Jan 1970 00:00:00 GMT",
		"Fri, 31 Dec 2100 23:59:59 GMT",
		"Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT",
		"Sun Nov  6 08:49:37 1994",
		"Tue, 29 Feb 2023 12:00:00 GMT",
		"Wed, 31 Jun 2024 10:00:00 GMT",
		"Wed, 01 May 2024 10:00:00 EST",
		"Wed, 01 May 2024 25:00:00 GMT",
		"Wed, 01 Mai 2024 10:00:00 GMT",
		"0", "-1", "",
	};

	(void)state;
	/* The short cut says what the parser of all dates says. */
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		assert_int_equal(fetch_head_date(all[i]),
		    date_parse(all[i], 0));
	assert_int_equal(fetch_head_date(all[0]), now_ms);
	assert_int_equal(fetch_head_date(NULL), DATE_NONE);
}

static void
redirect_targets(void **state)
{
	static char line[LOCATION_MAX + 32];

	(void)state;
	READ("Location: /a b\r\n");
	assert_string_equal(head.location, "/a b");
	assert_false(head.location_unusable);
	READ("Location: /a\tb\r\n");
	assert_null(head.location);
	assert_true(head.location_unusable);
	memset(line, 'x', sizeof(line) - 1);
	memcpy(line, "Location: ", 10);
	READ(line);
	assert_true(head.location_unusable);
}

static void
lines_that_are_no_headers(void **state)
{
	(void)state;
	READ("no colon at all\r\n", ": empty name\r\n", " starts folded\r\n",
	    "IM: x, Feed\r\n");
	assert_true(head.complete);
	assert_true(head.im_feed);
	READ("IM: feedx\r\n");
	assert_false(head.im_feed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(validators_are_byte_exact),
		cmocka_unit_test(unusable_validators_are_dropped),
		cmocka_unit_test(lists_may_have_tabs),
		cmocka_unit_test(folded_values_are_dropped),
		cmocka_unit_test(first_of_several_wins),
		cmocka_unit_test(interim_heads_and_trailers_do_not_count),
		cmocka_unit_test(lengths),
		cmocka_unit_test(codings),
		cmocka_unit_test(retry_after),
		cmocka_unit_test(expires),
		cmocka_unit_test(max_age),
		cmocka_unit_test(dates),
		cmocka_unit_test(redirect_targets),
		cmocka_unit_test(lines_that_are_no_headers),
	};

	setenv("CMOCKA_MESSAGE_OUTPUT", "TAP", 0);
	return cmocka_run_group_tests(tests, NULL, finish);
}
