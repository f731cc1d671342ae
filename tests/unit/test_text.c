/* test_text.c - text.h: UTF-8, white space, escaping, units. */
#include "unit.h"

#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"

/* ---------------------------------------------------------------- UTF-8 */

static void
test_valid_prefix(void **state)
{
	static const struct {
		const char	*s;
		size_t		 len, valid;
	} rows[] = {
		{ "", 0, 0 },
		{ "plain", 5, 5 },
		{ "eight by eight, and some more", 29, 29 },
		{ "\xC3\xA9", 2, 2 },
		{ "\xE4\xB8\xAD\xF0\x9F\x98\x80", 7, 7 },
		{ "12345678\xFF", 9, 8 },
		{ "1234567\xC3\xA9" "12345678\x80", 18, 17 },
		{ "\xC0\x80", 2, 0 },		/* overlong NUL */
		{ "\xE0\x80\xAF", 3, 0 },	/* overlong slash */
		{ "\xF0\x80\x80\xAF", 4, 0 },
		{ "a\xED\xA0\x80", 4, 1 },	/* surrogate */
		{ "\xF4\x90\x80\x80", 4, 0 },	/* past U+10FFFF */
		{ "\xF4\x8F\xBF\xBF", 4, 4 },
		{ "ab\xE4\xB8", 4, 2 },		/* cut */
		{ "a\0b", 3, 3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(text_utf8_valid(rows[i].s, rows[i].len),
		    rows[i].valid);
}

/* Every code point there and back, whatever comes before it. */
static void
test_round_trip(void **state)
{
	struct buf b = { 0 };

	(void)state;
	for (uint32_t c = 1; c <= 0x10FFFF; c += c < 0x3000 ? 1 : 97) {
		const char *p;

		if (c >= 0xD800 && c <= 0xDFFF)
			continue;
		buf_reset(&b);
		text_utf8_put(&b, c);
		p = b.data;
		assert_int_equal(text_utf8_next(&p, b.data + b.len), c);
		assert_ptr_equal(p, b.data + b.len);
		assert_int_equal(text_utf8_valid(b.data, b.len), b.len);
	}
	buf_reset(&b);
	text_utf8_put(&b, 0xD800);
	text_utf8_put(&b, 0x110000);
	assert_string_equal(b.data, "\xEF\xBF\xBD\xEF\xBF\xBD");
	buf_fini(&b);
}

static void
test_malformed_is_replaced(void **state)
{
	const char bytes[] = "a\xE4\xB8" "b\xFF\xED\xA0\x80";
	const uint32_t want[] = {
		'a', 0xFFFD, 'b', 0xFFFD, 0xFFFD, 0xFFFD, 0xFFFD,
	};
	const char *p = bytes, *end = bytes + sizeof(bytes) - 1;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_int_equal(text_utf8_next(&p, end), want[i]);
	assert_ptr_equal(p, end);
}

static void
test_cut(void **state)
{
	const char s[] = "a\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80";
	const size_t cuts[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10 };

	(void)state;
	for (size_t max = 0; max < ARRAY_LEN(cuts); max++)
		assert_int_equal(text_utf8_cut(s, 10, max), cuts[max]);
	assert_int_equal(text_utf8_cut("\x80\x80\x80\x80\x80", 5, 4), 4);
}

/* ---------------------------------------------------------- white space */

static void
test_trim(void **state)
{
	static const struct {
		const char	*s, *trimmed;
	} rows[] = {
		{ "", "" },
		{ " \t\r\n\v\f", "" },
		{ " a b ", "a b" },
		{ "\xC2\xA0\xE3\x80\x80x\xEF\xBB\xBF", "x" },
		{ "\xE2\x80\xA8x\xE2\x80\xA9\xE1\x9A\x80", "x" },
		{ "\xE2\x80\x80\xE2\x80\xAF\xE2\x81\x9F", "" },
		{ "\xE2\x80\x8Bx", "\xE2\x80\x8Bx" },	/* not in \s */
		{ "\xC2\x85x", "\xC2\x85x" },		/* NEL is not */
		{ " \xA0 ", "\xA0" },			/* malformed */
		{ "x\x80\x80\x80\x80 ", "x\x80\x80\x80\x80" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *s = rows[i].s;
		size_t len = text_trim(&s, strlen(s));

		assert_int_equal(len, strlen(rows[i].trimmed));
		assert_memory_equal(s, rows[i].trimmed, len);
	}
}

static void
test_collapse(void **state)
{
	static const struct {
		const char	*s, *line;
	} rows[] = {
		{ "", "" },
		{ "  \n", "" },
		{ " a \r\n\t b  ", "a b" },
		{ "a\x01\x1B[31mb\x7F" "c", "a [31mb c" },
		{ "a\xC2\x85" "b\xE2\x80\xA8" "c\xE3\x80\x80", "a b c" },
		{ "\xE4\xB8\xAD  \xE6\x96\x87", "\xE4\xB8\xAD \xE6\x96\x87" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf b = { 0 };

		text_collapse(&b, rows[i].s, strlen(rows[i].s));
		assert_string_equal(buf_str(&b), rows[i].line);
		buf_fini(&b);
	}
}

/* ------------------------------------------------------------- escaping */

static void
assert_escaped(const char *s, size_t len, int attribute, const char *want)
{
	struct buf b = { 0 };

	text_xml_escape(&b, s, len, attribute);
	assert_string_equal(buf_str(&b), want);
	buf_fini(&b);
}

static void
test_xml_escape(void **state)
{
	(void)state;
	assert_escaped("", 0, 0, "");
	assert_escaped("a & b < c > d", 13, 0, "a &amp; b &lt; c &gt; d");
	assert_escaped("\"'\n", 3, 0, "\"'\n");
	assert_escaped("\"'\n\t", 4, 1, "&quot;&#39;&#10;&#9;");
	assert_escaped("a\rb", 3, 0, "a&#13;b");
	assert_escaped("a\0b\x1B" "c", 5, 0, "abc");
	assert_escaped("\xEF\xBF\xBE\xEF\xBF\xBF", 6, 0,
	    "\xEF\xBF\xBD\xEF\xBF\xBD");
	assert_escaped("x\xFFy\xE4\xB8", 5, 0,
	    "x\xEF\xBF\xBDy\xEF\xBF\xBD");
	assert_escaped("\xF0\x9F\x98\x80\xE4\xB8\xAD", 7, 0,
	    "\xF0\x9F\x98\x80\xE4\xB8\xAD");
}

static void
test_xml_char(void **state)
{
	(void)state;
	assert_true(text_xml_char('\t') && text_xml_char('a') &&
	    text_xml_char(0xFFFD) && text_xml_char(0x10FFFF));
	assert_false(text_xml_char(0) || text_xml_char(0x1F) ||
	    text_xml_char(0xD800) || text_xml_char(0xFFFE) ||
	    text_xml_char(0x110000));
}

static void
test_nocase(void **state)
{
	const char hay[] = "Content-Type: TEXT/html";

	(void)state;
	assert_true(text_equal_nocase("AbC", "aBc"));
	assert_false(text_equal_nocase("abc", "abcd"));
	assert_false(text_equal_nocase("[", "{"));
	assert_true(text_prefix_nocase("HTTPS://x", "https:"));
	assert_false(text_prefix_nocase("ht", "http"));
	assert_ptr_equal(text_find_nocase(hay, "text/HTML"), hay + 14);
	assert_null(text_find_nocase(hay, "xml"));
	assert_ptr_equal(text_find_nocase(hay, ""), hay);
}

/* ---------------------------------------------------------------- units */

static void
test_durations(void **state)
{
	static const struct {
		const char	*text;
		int64_t		 seconds;
	} rows[] = {
		{ "0", 0 }, { "90", 90 }, { "15m", 900 }, { "1h30m", 5400 },
		{ "2d", 172800 }, { "1w", 604800 }, { "1d12h", 129600 },
		{ "", -1 }, { "m", -1 }, { "1x", -1 }, { "1h30", -1 },
		{ "30m1h", -1 }, { "1h1h", -1 }, { "-1s", -1 }, { "1 h", -1 },
		{ "99999999999999999999", -1 }, { "9223372036854775807h", -1 },
	};
	char text[24];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(text_parse_duration(rows[i].text),
		    rows[i].seconds);
	for (int64_t s = 0; s < 3000000; s += 1237) {
		text_format_duration(s, text);
		assert_int_equal(text_parse_duration(text), s);
	}
	text_format_duration(5400, text);
	assert_string_equal(text, "1h30m");
	text_format_duration(864000, text);
	assert_string_equal(text, "10d");
	text_format_duration(1209600, text);
	assert_string_equal(text, "2w");
	text_format_duration(0, text);
	assert_string_equal(text, "0s");
}

static void
test_sizes(void **state)
{
	static const struct {
		const char	*text;
		int64_t		 bytes;
	} rows[] = {
		{ "0", 0 }, { "512", 512 }, { "512K", 524288 },
		{ "10M", 10485760 }, { "10MB", 10485760 },
		{ "10 MiB", 10485760 }, { "1g", 1 << 30 }, { "5B", 5 },
		{ "", -1 }, { "K", -1 }, { "1X", -1 }, { "1KM", -1 },
		{ "1BB", -1 }, { "99999999999T", -1 },
	};
	char text[24];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(text_parse_size(rows[i].text),
		    rows[i].bytes);
	for (int64_t n = 0; n < (int64_t)1 << 42; n = n * 3 + 512) {
		text_format_size(n, text);
		assert_int_equal(text_parse_size(text), n);
	}
	text_format_size(10485760, text);
	assert_string_equal(text, "10M");
	text_format_size(0, text);
	assert_string_equal(text, "0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid_prefix),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_malformed_is_replaced),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_collapse),
		cmocka_unit_test(test_xml_escape),
		cmocka_unit_test(test_xml_char),
		cmocka_unit_test(test_nocase),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_sizes),
	};

	return UNIT_RUN(tests);
}
