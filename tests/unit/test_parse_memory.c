/*
 * test_parse_memory.c - expat is refused one allocation, or all from there
 * on: what a document is cannot be said then, and it is not to blame.
 */
#include <limits.h>

#include <expat.h>

#include "unit.h"

#include "feedmill/model.h"
#include "feedmill/parse.h"

static int asked, refused_from, refused_upto;

static int
is_refused(void)
{
	asked++;
	return asked >= refused_from && asked <= refused_upto;
}

static void *
try_malloc(size_t n)
{
	return is_refused() ? NULL : malloc(n);
}

static void *
try_realloc(void *p, size_t n)
{
	return is_refused() ? NULL : realloc(p, n);
}

/* In the place of the library's. */
XML_Parser
XML_ParserCreate(const XML_Char *encoding)
{
	static const XML_Memory_Handling_Suite suite = { try_malloc,
	    try_realloc, free };

	return XML_ParserCreate_MM(encoding, &suite, NULL);
}

/* Expat asks for memory for names, attributes, nesting and long texts. */
static const char good[] =
    "<?xml version='1.0'?><rss version='2.0' xmlns:a='urn:a' xmlns:b='urn:b'>"
    "<channel><title>t</title><item><title>one</title><link>http://a.example/"
    "1</link><description>&lt;p&gt;text &amp;amp; more&lt;/p&gt;"
    "</description><a:x y='1' z='2' a:w='3'><b:c><b:d><b:e/></b:d></b:c>"
    "</a:x></item></channel></rss>";
/* Read twice: mended after the first. */
static const char broken[] =
    "<rss version='2.0'><channel><title>t & u</title><item><title>one"
    "</title><link>http://a.example/1?a=b&c=d</link></item></channel></rss>";

static void
refuse_each(const char *text, int is_sticky)
{
	const struct parse_context context = { .url = "http://a.example/" };
	struct feed *feed;
	enum outcome outcome;

	for (int at = 1; ; at++) {
		asked = 0;
		refused_from = at;
		refused_upto = is_sticky ? INT_MAX : at;
		outcome = parse_feed(text, strlen(text), &context, &feed);
		if (asked < at) {
			assert_int_equal(outcome, OUTCOME_OK);
			assert_int_equal(feed->count, 1);
			feed_free(feed);
			break;
		}
		if (outcome != OUTCOME_POSTPONED)
			fail_msg("refused number %d: %s", at,
			    outcome_name(outcome));
		assert_string_equal(feed->error.code, "memory");
		feed_free(feed);
	}
	assert_true(asked > 10);
}

static void
test_well_formed(void **state)
{
	(void)state;
	refuse_each(good, 0);
	refuse_each(good, 1);
}

static void
test_mended(void **state)
{
	(void)state;
	refuse_each(broken, 0);
	refuse_each(broken, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_well_formed),
		cmocka_unit_test(test_mended),
	};

	return UNIT_RUN(tests);
}
