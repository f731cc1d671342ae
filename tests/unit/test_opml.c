/* OPML: outlines, folders as tags, lists that are broken. */
#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/parse.h"
#include "unit.h"

static void
note(const struct opml_outline *o, void *arg)
{
	buf_printf(arg, "%s|%s|%s|", o->title != NULL ? o->title : "-",
	    o->xml_url, o->html_url != NULL ? o->html_url : "-");
	for (const char *p = o->tags; *p != '\0'; p++)
		buf_putc(arg, *p == '\n' ? ',' : *p);
	buf_putc(arg, '\n');
}

static void
check(const char *text, const char *wanted)
{
	struct buf got = { 0 };
	struct err err = { 0 };

	if (parse_opml(text, strlen(text), note, &got, &err) != 0)
		fail_msg("%s", err.msg);
	assert_string_equal(buf_str(&got), wanted);
	buf_fini(&got);
}

static void
test_list(void **state)
{
	(void)state;
	check("<?xml version='1.0'?><opml version='2.0'><body>"
	    "<outline text='News'><outline text='a' title='A &amp; B'"
	    " xmlUrl=' http://a.example/f ' htmlUrl='http://a.example/'/>"
	    "<outline title='Far'><outline text='c' xmlUrl='http://c.example/'"
	    "/></outline></outline>"
	    "<outline text='d' xmlUrl='http://d.example/'"
	    " category='/x/y, z,'/></body></opml>",
	    "A & B|http://a.example/f|http://a.example/|News\n"
	    "c|http://c.example/|-|News,Far\n"
	    "d|http://d.example/|-|x/y,z\n");
}

/* Names without regard to case, the prolog of other readers. */
static void
test_spellings(void **state)
{
	(void)state;
	check("\n<!DOCTYPE opml [<!ENTITY n 'N'>]><OPML><Body>"
	    "<Outline Text='&n;' XMLURL='http://a.example/'/></Body></OPML>",
	    "N|http://a.example/|-|\n");
}

/* Broken, and each outline still visited once. */
static void
test_mended(void **state)
{
	(void)state;
	check("<opml><body><outline text='a' xmlUrl='http://a.example/?x=1&y'/>"
	    "<outline text=b xmlUrl=http://b.example/ />",
	    "a|http://a.example/?x=1&y|-|\n"
	    "b|http://b.example/|-|\n");
}

static void
test_no_list(void **state)
{
	static const char *const texts[] = { "", "hello", "<rss/>",
	    "<html><body><outline xmlUrl='http://a.example/'/></body></html>" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct buf got = { 0 };
		struct err err = { 0 };

		assert_int_equal(parse_opml(texts[i], strlen(texts[i]), note,
		    &got, &err), -1);
		assert_true(strncmp(err.msg, "line ", 5) == 0);
		assert_int_equal(got.len, 0);
		buf_fini(&got);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_mended),
		cmocka_unit_test(test_no_list),
	};

	return UNIT_RUN(tests);
}
