/* Charsets: the order of evidence, labels, bad bytes. */
#include "feedmill/parse.h"
#include "unit.h"

/* Decodes, compares, and frees. */
static void
check(const char *bytes, size_t len, const char *type, const char *text,
    const char *encoding, unsigned bad, int lied)
{
	const struct parse_context context = { .content_type = type };
	struct decoded d;

	decode_text(bytes, len, &context, &d);
	if (d.len != strlen(text) || memcmp(d.text, text, d.len) != 0)
		fail_msg("is \"%.*s\", should be \"%s\"", (int)d.len, d.text,
		    text);
	assert_string_equal(d.encoding, encoding);
	assert_int_equal(d.bad_bytes, bad);
	assert_int_equal(!!d.lied, lied);
	decoded_fini(&d);
}

#define CHECK(bytes, type, text, encoding, bad, lied) \
	check(bytes, sizeof(bytes) - 1, type, text, encoding, bad, lied)

static void
test_marks(void **state)
{
	(void)state;
	CHECK("\xef\xbb\xbf<a>\xc3\xa9", "text/xml; charset=gbk",
	    "<a>\u00e9", "utf-8", 0, 0);
	CHECK("\xff\xfe<\0a\0>\0-N", NULL, "<a>\u4e2d", "utf-16le", 0, 0);
	CHECK("\xfe\xff\0<\0a\0>N-", NULL, "<a>\u4e2d", "utf-16be", 0, 0);
	CHECK("\xff\xfe\0\0<\0\0\0a\0\0\0>\0\0\0", NULL, "<a>", "utf-32le",
	    0, 0);
	CHECK("\0\0\xfe\xff\0\0\0<\0\0\0a\0\0\0>", NULL, "<a>", "utf-32be",
	    0, 0);
}

/* UTF-16 and UTF-32 show by their zeros; half a pair is one bad unit. */
static void
test_shapes(void **state)
{
	(void)state;
	CHECK("<\0?\0x\0m\0", NULL, "<?xm", "utf-16le", 0, 0);
	CHECK("\0<\0?\0x\0m", NULL, "<?xm", "utf-16be", 0, 0);
	CHECK("<\0\0\0a\0\0\0", NULL, "<a", "utf-32le", 0, 0);
	CHECK("\0\0\0<\0\0\0a", NULL, "<a", "utf-32be", 0, 0);
	CHECK("<\0a\0\0\xd8>\0", NULL, "<a\ufffd>", "utf-16le", 1, 0);
}

/* Valid UTF-8 beyond ASCII is UTF-8, whatever anybody says. */
static void
test_utf8_wins(void **state)
{
	(void)state;
	CHECK("<a>\xe4\xb8\xad", "text/xml; charset=gb2312", "<a>\u4e2d",
	    "utf-8", 0, 1);
	CHECK("<?xml version='1.0' encoding='big5'?><a>\xe4\xb8\xad", NULL,
	    "<?xml version='1.0' encoding='big5'?><a>\u4e2d", "utf-8", 0, 1);
	CHECK("<?xml version='1.0' encoding='utf-16'?><a/>", NULL,
	    "<?xml version='1.0' encoding='utf-16'?><a/>", "utf-8", 0, 1);
	CHECK("<a>plain", "text/xml; charset=us-ascii", "<a>plain",
	    "windows-1252", 0, 0);
}

/* Labels mean the supersets browsers read. */
static void
test_labels(void **state)
{
	(void)state;
	CHECK("<a>\xe9\x80", "text/xml; charset=\"ISO-8859-1\"",
	    "<a>\u00e9\u20ac", "windows-1252", 0, 0);
	CHECK("<a>\xd6\xec\xe9\x46\xbb\xf9", "a/b;charset=GB_2312-80",
	    "<a>\u6731\u9555\u57fa", "gb18030", 0, 0);
	CHECK("<a>\xa4\xa4\xa4\xe5", "a/b;charset=Big5", "<a>\u4e2d\u6587",
	    "big5", 0, 0);
	CHECK("<a>\x93\xfa\x96\x7b", "a/b;charset=x-sjis", "<a>\u65e5\u672c",
	    "shift_jis", 0, 0);
	CHECK("<a>\xb0\xa1", "a/b;charset=ks_c_5601-1987", "<a>\uac00",
	    "euc-kr", 0, 0);
	CHECK("<a>\033$BF|K\\\033(B", "a/b;charset=ISO-2022-JP",
	    "<a>\u65e5\u672c", "iso-2022-jp", 0, 0);
	CHECK("<a>\xcf\xf0", "a/b;charset=cp1251", "<a>\u041f\u0440",
	    "windows-1251", 0, 0);
}

/* The source's override, then HTTP, then the declaration. */
static void
test_order(void **state)
{
	static const char bytes[] =
	    "<?xml version='1.0' encoding='koi8-r'?><a>\xcf\xf0";
	struct parse_context c = { .charset = "windows-1251",
	    .content_type = "text/xml; charset=iso-8859-5" };
	struct decoded d;

	(void)state;
	decode_text(bytes, sizeof(bytes) - 1, &c, &d);
	assert_string_equal(d.encoding, "windows-1251");
	decoded_fini(&d);
	c.charset = NULL;
	decode_text(bytes, sizeof(bytes) - 1, &c, &d);
	assert_string_equal(d.encoding, "iso-8859-5");
	decoded_fini(&d);
	c.content_type = "text/xml";
	decode_text(bytes, sizeof(bytes) - 1, &c, &d);
	assert_string_equal(d.encoding, "koi8-r");
	decoded_fini(&d);
}

/* One bad byte costs one character, not the document and not its charset. */
static void
test_bad_bytes(void **state)
{
	(void)state;
	CHECK("<a>\xe4\xb8\xad \xe9 x", NULL, "<a>\u4e2d \ufffd x", "utf-8",
	    1, 0);
	CHECK("<a>\xe4\xb8\xad\xe4\xb8", "a/b;charset=utf-8",
	    "<a>\u4e2d\ufffd", "utf-8", 1, 0);
	CHECK("<a>\xd6\xd0\xce\xc4\xd6\xd0\xce\xc4\xd6\xd0\xce\xc4\xff",
	    "a/b;charset=gbk",
	    "<a>\u4e2d\u6587\u4e2d\u6587\u4e2d\u6587\ufffd", "gb18030", 1,
	    0);
}

/* Nothing declared, or a lie: what do the words look like? */
static void
test_guesses(void **state)
{
	(void)state;
	CHECK("<a>caf\xe9</a>", NULL, "<a>caf\u00e9</a>", "windows-1252", 0,
	    1);
	CHECK("<?xml version='1.0' encoding='utf-8'?><a>\xd6\xd0\xce\xc4"
	    "\xb1\xea\xcc\xe2</a>", NULL,
	    "<?xml version='1.0' encoding='utf-8'?><a>\u4e2d\u6587\u6807"
	    "\u9898</a>", "gb18030", 0, 1);
	CHECK("<a>\xcf\xf0\xe8\xe2\xe5\xf2 \xec\xe8\xf0, \xea\xe0\xea "
	    "\xe4\xe5\xeb\xe0 \xf3 \xf2\xe5\xe1\xff \xf1\xe5\xe3\xee\xe4\xed"
	    "\xff \xf3\xf2\xf0\xee\xec</a>", NULL,
	    "<a>\u041f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440, "
	    "\u043a\u0430\u043a \u0434\u0435\u043b\u0430 \u0443 "
	    "\u0442\u0435\u0431\u044f "
	    "\u0441\u0435\u0433\u043e\u0434\u043d\u044f "
	    "\u0443\u0442\u0440\u043e\u043c</a>", "windows-1251", 0, 1);
}

/* UTF-7 smuggles markup past filters: its label is one nobody knows. */
static void
test_refused(void **state)
{
	(void)state;
	CHECK("<a>+ADw-script+AD4-", "a/b;charset=utf-7",
	    "<a>+ADw-script+AD4-", "utf-8", 0, 1);
	CHECK("", NULL, "", "utf-8", 0, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_utf8_wins),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_bad_bytes),
		cmocka_unit_test(test_guesses),
		cmocka_unit_test(test_refused),
	};

	return UNIT_RUN(tests);
}
