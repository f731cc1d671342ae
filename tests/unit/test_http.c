/* What a request says: its conditions, ranges and encodings, its query. */
#include "feedmill/base/buf.h"
#include "feedmill/serve.h"
#include "../../src/serve/http.h"
#include "unit.h"

static void
queries(void **state)
{
	static const struct {
		const char *query, *name, *value;
		int	 rc;
	} rows[] = {
		{ "q=a", "q", "a", 1 },
		{ "", "q", "", 0 },
		{ "q", "q", "", 1 },
		{ "q=", "q", "", 1 },
		{ "Q=a", "q", "", 0 },
		{ "qq=a&q=b", "q", "b", 1 },
		{ "q=a&q=b", "q", "a", 1 },
		{ "&&x&q=a+b%20c", "q", "a b c", 1 },
		{ "%71=a", "q", "a", 1 },
		{ "q=%E4%b8%AD", "q", "\xe4\xb8\xad", 1 },
		{ "q=%", "q", "%", 1 },
		{ "q=%4&x=1", "q", "%4", 1 },
		{ "q=%4g%zz%%41", "q", "%4g%zz%A", 1 },
		{ "q=a=b;c?d", "q", "a=b;c?d", 1 },
		{ "q=%26&x", "q", "&", 1 },
		{ "q=%00", "q", "", -1 },
		{ "q=a%ff", "q", "", -1 },
		{ "q=%ed%a0%80", "q", "", -1 },
		{ "q=\xc3\xa9", "q", "\xc3\xa9", 1 },
		{ "x=%ff&q=a", "q", "a", 1 },
		{ "=a", "", "a", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf value = { 0 };

		assert_int_equal(serve_query_get(rows[i].query, rows[i].name,
		    &value), rows[i].rc);
		if (rows[i].rc != -1)
			assert_string_equal(buf_str(&value), rows[i].value);
		buf_fini(&value);
	}
}

static void
judges(void **state)
{
	/* 2025-02-23T20:00:46Z */
#define DAY "Sun, 23 Feb 2025 "
	static const struct {
		struct http_ask	 ask;
		int		 status;
		size_t		 first, len;
	} rows[] = {
		{ { .is_get = 1 }, 200, 0, 100 },
		{ { .if_none_match = "\"e\"" }, 304, 0, 100 },
		{ { .if_none_match = "\"a\",\"e\"" }, 304, 0, 100 },
		{ { .if_none_match = " W/\"e\" " }, 304, 0, 100 },
		{ { .if_none_match = "*" }, 304, 0, 100 },
		{ { .if_none_match = " , ,\"e\" ," }, 304, 0, 100 },
		{ { .if_none_match = "\"a,b\" , \"e\"" }, 304, 0, 100 },
		{ { .if_none_match = "\"E\"" }, 200, 0, 100 },
		{ { .if_none_match = "e" }, 200, 0, 100 },
		{ { .if_none_match = "\"a,\"e\"" }, 200, 0, 100 },
		{ { .if_none_match = "\"" }, 200, 0, 100 },
		{ { .if_none_match = "\"a\"",
		    .if_modified_since = DAY "20:00:46 GMT" }, 200, 0, 100 },
		{ { .if_modified_since = DAY "20:00:46 GMT" }, 304, 0, 100 },
		{ { .if_modified_since = DAY "20:00:45 GMT" }, 200, 0, 100 },
		{ { .if_modified_since = "Sunday, 23-Feb-25 20:00:46 GMT" },
		    304, 0, 100 },
		{ { .if_modified_since = "Sun Feb 23 20:00:46 2025" },
		    304, 0, 100 },
		{ { .if_modified_since = "Sat Mar  1 20:00:46 2025 " },
		    304, 0, 100 },
		/* What is no date of HTTP's is ignored, two are none. */
		{ { .if_modified_since = "sometime" }, 200, 0, 100 },
		{ { .if_modified_since = "2025-02-23T20:00:46Z" }, 200, 0,
		    100 },
		{ { .if_modified_since = DAY "20:00:46 +0000" }, 200, 0,
		    100 },
		{ { .if_modified_since = DAY "20:00:46 GMT, "
		    DAY "20:00:46 GMT" }, 200, 0, 100 },
		{ { .if_unmodified_since = "2025-02-22T20:00:46Z" }, 200, 0,
		    100 },
		{ { .if_match = ", \"e\"" }, 200, 0, 100 },
		{ { .if_match = "\"e\"" }, 200, 0, 100 },
		{ { .if_match = "*" }, 200, 0, 100 },
		{ { .if_match = "W/\"e\"" }, 412, 0, 100 },
		{ { .if_match = "\"x\"", .if_none_match = "\"e\"" }, 412, 0,
		    100 },
		{ { .if_match = "\"e\"", .if_unmodified_since =
		    DAY "20:00:45 GMT" }, 200, 0, 100 },
		{ { .if_unmodified_since = DAY "20:00:45 GMT" }, 412, 0,
		    100 },
		{ { .if_unmodified_since = DAY "20:00:46 GMT" }, 200, 0,
		    100 },
		{ { .is_get = 1, .range = "bytes=0-9" }, 206, 0, 10 },
		{ { .is_get = 0, .range = "bytes=0-9" }, 200, 0, 100 },
		{ { .is_get = 1, .range = "bytes=90-" }, 206, 90, 10 },
		{ { .is_get = 1, .range = "bytes=-5" }, 206, 95, 5 },
		{ { .is_get = 1, .range = "bytes=-500" }, 206, 0, 100 },
		{ { .is_get = 1, .range = "bytes=5-500" }, 206, 5, 95 },
		{ { .is_get = 1, .range = "bytes=100-" }, 416, 0, 100 },
		{ { .is_get = 1, .range = "bytes=-0" }, 416, 0, 100 },
		{ { .is_get = 1, .range = "bytes=99999999999999999999-" },
		    416, 0, 100 },
		{ { .is_get = 1, .range =
		    "bytes=0-99999999999999999999" }, 206, 0, 100 },
		{ { .is_get = 1, .range = "bytes=9-0" }, 200, 0, 100 },
		{ { .is_get = 1, .range = "bytes=-" }, 200, 0, 100 },
		{ { .is_get = 1, .range = "bytes=" }, 200, 0, 100 },
		{ { .is_get = 1, .range = "bytes=0-1,3-4" }, 200, 0, 100 },
		{ { .is_get = 1, .range = "lines=0-1" }, 200, 0, 100 },
		{ { .is_get = 1, .range = "bytes=0-1", .if_range = "\"e\"" },
		    206, 0, 2 },
		{ { .is_get = 1, .range = "bytes=0-1", .if_range = "\"x\"" },
		    200, 0, 100 },
		{ { .is_get = 1, .range = "bytes=0-1",
		    .if_range = "W/\"e\"" }, 200, 0, 100 },
		{ { .is_get = 1, .range = "bytes=0-1", .if_range = "\"e\" " },
		    206, 0, 2 },
		{ { .is_get = 1, .range = "bytes=0-1", .if_range = "\"e\"x" },
		    200, 0, 100 },
		{ { .is_get = 1, .range = "bytes=0-1, bytes=3-4" }, 200, 0,
		    100 },
		{ { .is_get = 1, .range = "bytes=0-1",
		    .if_range = DAY "20:00:46 GMT" }, 206, 0, 2 },
		{ { .is_get = 1, .range = "bytes=0-1",
		    .if_range = DAY "20:00:47 GMT" }, 200, 0, 100 },
		{ { .is_get = 1, .range = "bytes=0-1",
		    .if_none_match = "\"e\"" }, 304, 0, 100 },
	};
	const struct http_thing thing = { "\"e\"", 1740340846000, 100 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct http_answer a = http_judge(&rows[i].ask, &thing);

		if (a.status != rows[i].status)
			fail_msg("row %zu: %d", i, a.status);
		if (a.status != 206)
			continue;
		assert_int_equal(a.first, rows[i].first);
		assert_int_equal(a.len, rows[i].len);
	}
}

static void
encodings(void **state)
{
	static const char *const yes[] = {
		"gzip", "gzip;", "GZIP", "x-gzip", "*", "deflate, gzip",
		"gzip;q=0.1", "br;q=1, gzip ; q=0.001", "*;q=0, gzip",
		"gzip;q=1",
		"identity;q=0, gzip", "gzip;q=0.5, identity;q=0.5",
		"gzip;x=\"a, gzip;q=0\"", "gzip;level=9;Q=0.2", ", ,gzip",
	};
	static const char *const no[] = {
		"", "gzip;q=0", "gzip;q=0.000", "identity", "gzipx", "br",
		"*, gzip;q=0", "*;q=0", ";q=1",
		"gzip;q=0.5, identity", "gzip;q=0.2, *;q=0.7", "gzip;q=x",
		"x;y=\"gzip, gzip\"",
	};

	(void)state;
	assert_false(http_prefers_gzip(NULL));
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
		if (!http_prefers_gzip(yes[i]))
			fail_msg("%s", yes[i]);
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++) {
		if (http_prefers_gzip(no[i]))
			fail_msg("%s", no[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges),
		cmocka_unit_test(encodings),
		cmocka_unit_test(queries),
	};

	return UNIT_RUN(tests);
}
