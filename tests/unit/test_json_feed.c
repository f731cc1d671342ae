/* JSON Feed: fields, and what is tolerated. */
#include <stdio.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/parse.h"
#include "unit.h"

static struct feed *
parse(const char *text, enum outcome wanted)
{
	static const struct parse_context context = { .url =
	    "http://feed.example/feed.json" };
	struct feed *f;
	enum outcome outcome = parse_feed(text, strlen(text), &context, &f);

	if (outcome != wanted)
		fail_msg("%s: %s", text, outcome_name(outcome));
	return f;
}

#define JSON(items) "{\"version\":\"https://jsonfeed.org/version/1.1\"," \
	"\"items\":[" items "],\"title\":\"T\"}"

static void
test_fields(void **state)
{
	struct feed *f = parse("{"
	    "\"version\":\"https://jsonfeed.org/version/1\","
	    "\"title\":\" T \",\"home_page_url\":\"/\",\"feed_url\":\"/f\","
	    "\"author\":{\"name\":\"Ann\"},\"hubs\":[{\"type\":\"WebSub\","
	    "\"url\":\"http://hub.example/\"}],\"items\":[{\"id\":7,"
	    "\"external_url\":\"http://b.example/\",\"content_text\":\"a<b\","
	    "\"date_published\":\"2024-05-01T00:00:00Z\","
	    "\"date_modified\":\"2024-05-02T00:00:00Z\","
	    "\"author\":{\"url\":\"mailto:b@b.example\"},"
	    "\"attachments\":[{\"url\":\"x\",\"size_in_bytes\":-1},{}]}]}",
	    OUTCOME_OK);
	struct entry *e = f->entries;

	(void)state;
	assert_int_equal(f->format, FORMAT_JSON);
	assert_string_equal(f->version, "1.0");
	assert_string_equal(f->head.title.value, "T");
	assert_string_equal(f->head.authors->name, "Ann");
	assert_string_equal(f->hubs->href, "http://hub.example/");
	assert_string_equal(e->id, "7");
	assert_string_equal(e->links->rel, "alternate");
	assert_int_equal(e->content.type, TEXT_PLAIN);
	assert_string_equal(e->body, "a<b");
	assert_int_equal(e->dated_ms, 1714608000000);
	assert_string_equal(e->authors->email, "b@b.example");
	assert_int_equal(e->enclosures->length, -1);
	assert_null(e->enclosures->next);
	feed_free(f);
}

/* A broken item costs nobody else. */
static void
test_broken_item(void **state)
{
	static const char *const broken[] = {
		"{\"id\":\"x\" \"title\":1}", "null", "7", "[]", "\"s\"",
		"{\"id\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		char text[512];
		struct feed *f;
		struct entry *e, *last = NULL;

		snprintf(text, sizeof(text), JSON("{\"id\":\"a\"},%s,"
		    "{\"id\":\"b\"}"), broken[i]);
		f = parse(text, OUTCOME_OK);
		for (e = f->entries; e != NULL; e = e->next)
			last = e;
		assert_non_null(last);
		assert_string_equal(f->entries->id, "a");
		assert_string_equal(last->id, "b");
		feed_free(f);
	}
}

static void
test_mended(void **state)
{
	struct feed *f = parse(JSON("{\"id\":\"\\ud800\\udc00\\ud800\","
	    "\"title\":\"a\x01" "b\\qc\",},"), OUTCOME_OK);

	(void)state;
	assert_true(f->bozo);
	assert_string_equal(f->entries->id, "\U00010000\ufffd");
	assert_non_null(strstr(f->entries->title.value, "qc"));
	feed_free(f);
}

/* Numbers too long to be any and words of other languages cost no feed; an
 * id of twenty digits keeps them all. */
static void
test_scalars(void **state)
{
	struct feed *f = parse("{\"version\":"
	    "\"https://jsonfeed.org/version/1.1\",\"_n\":1e99999,"
	    "expired:True,\"_h\":0x10,\"_u\":undefined,\"items\":["
	    "{\"id\":12345678901234567890,\"title\":\"x\","
	    "\"attachments\":{\"url\":\"http://a.example/\","
	    "\"size_in_bytes\":\"5\",\"duration_in_seconds\":NaN},"
	    "\"authors\":[\"Ann <a@b.example>\"],\"tags\":\"t\"}],"
	    "\"authors\":\"Bob\"}", OUTCOME_OK);
	struct entry *e = f->entries;

	(void)state;
	assert_int_equal(f->count, 1);
	assert_string_equal(f->head.authors->name, "Bob");
	assert_string_equal(e->id, "12345678901234567890");
	assert_string_equal(e->enclosures->url, "http://a.example/");
	assert_int_equal(e->enclosures->length, 5);
	assert_int_equal(e->itunes.duration_s, -1);
	assert_string_equal(e->authors->name, "Ann");
	assert_string_equal(e->authors->email, "a@b.example");
	assert_string_equal(e->categories->term, "t");
	feed_free(f);
}

/* Complete items stay, the one that was cut goes. */
static void
test_truncated(void **state)
{
	static const char whole[] = JSON("{\"id\":\"a\",\"title\":\"x\"},"
	    "{\"id\":\"b\",\"title\":\"y\"}");
	const char *first = strstr(whole, ",{\"id\":\"b\"");

	(void)state;
	for (size_t len = (size_t)(first - whole); len < sizeof(whole) - 14;
	    len++) {
		char *cut = strndup(whole, len);
		struct feed *f = parse(cut, OUTCOME_DAMAGED);
		size_t wanted = len < strlen(whole) - 13 ? 1 : 2;

		if (f->count != wanted && whole[len - 1] != '}')
			fail_msg("%s: %zu entries", cut, f->count);
		assert_string_equal(f->entries->id, "a");
		assert_string_equal(f->entries->title.value, "x");
		feed_free(f);
		free(cut);
	}
}

static void
test_depth(void **state)
{
	struct buf b = { 0 };
	struct feed *f;

	(void)state;
	buf_puts(&b, "{\"version\":\"https://jsonfeed.org/version/1\","
	    "\"items\":[{\"id\":\"a\"},{\"x\":");
	for (int i = 0; i < 100000; i++)
		buf_putc(&b, '[');
	f = parse(b.data, OUTCOME_DAMAGED);
	assert_int_equal(f->count, 1);
	feed_free(f);
	buf_fini(&b);
}

static void
test_line(void **state)
{
	struct feed *f = parse(JSON("\n{\"id\":\"a\"},\n\n{\"id\":\"b\"}"),
	    OUTCOME_OK);

	(void)state;
	assert_int_equal(f->entries->line, 2);
	assert_int_equal(f->entries->next->line, 4);
	feed_free(f);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_broken_item),
		cmocka_unit_test(test_mended),
		cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_line),
	};

	return UNIT_RUN(tests);
}
