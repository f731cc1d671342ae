/* Feeds: the corpus byte for byte, what identity gets, limits, real feeds. */
#include <dirent.h>
#include <stdio.h>
#include <time.h>

#include "../../src/parse/reader.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/url.h"
#include "feedmill/normalise.h"
#include "feedmill/render_parse.h"
#include "unit.h"

static const struct parse_context context = {
	.url = "http://feed.example/dir/feed.xml"
};

static struct feed *
parse_with(const char *text, enum outcome wanted,
    const struct parse_limits *limits)
{
	struct parse_context c = context;
	struct feed *f;

	c.limits = limits;
	assert_int_equal(parse_feed(text, strlen(text), &c, &f), wanted);
	return f;
}

static struct feed *
parse(const char *text, enum outcome wanted)
{
	return parse_with(text, wanted, NULL);
}

static void
print_file(const char *path, struct buf *out)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	struct feed *f;

	if (file_read(path, 1 << 20, &b, &e) != 0)
		fail_msg("%s", e.msg);
	parse_feed(buf_str(&b), b.len, &context, &f);
	normalise_feed(f);
	render_parse_json(out, f);
	feed_free(f);
	buf_fini(&b);
}

/* Every document of the corpus prints what lies beside it. */
static void
test_corpus(void **state)
{
	static const char folder[] = "tests/corpus/parse";
	DIR *d = opendir(folder);
	struct dirent *de;
	unsigned compared = 0, wrong = 0;

	(void)state;
	assert_non_null(d);
	while ((de = readdir(d)) != NULL) {
		char path[600];
		struct buf is = { 0 }, should = { 0 };
		struct err e = { 0 };

		snprintf(path, sizeof(path), "%s/%s.expected.json", folder,
		    de->d_name);
		if (file_read(path, 1 << 20, &should, &e) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, de->d_name);
		print_file(path, &is);
		if (strcmp(buf_str(&is), buf_str(&should)) != 0) {
			print_error("%s:\n  is     %s  should %s",
			    de->d_name, buf_str(&is), buf_str(&should));
			wrong++;
		}
		compared++;
		buf_fini(&is);
		buf_fini(&should);
	}
	closedir(d);
	assert_int_equal(wrong, 0);
	assert_true(compared >= 50);
}

/* Looking up by bisection needs an order. */
static void
test_rules_are_sorted(void **state)
{
	(void)state;
	for (size_t i = 1; i < rules_count; i++) {
		if (strcasecmp(rules[i - 1].name, rules[i].name) > 0)
			fail_msg("%s before %s", rules[i - 1].name,
			    rules[i].name);
	}
}

/* The first present of pubDate, updated, dc:date, published - present, not
 * readable - whatever the order in the document. */
static void
test_identity_date(void **state)
{
	static const struct {
		const char	*inner;
		int64_t		 ms;
	} cases[] = {
		{ "<published>2024-05-01T00:00:00Z</published>",
		    1714521600000 },
		{ "<dc:date>2024-05-02T00:00:00Z</dc:date>"
		    "<published>2024-05-01T00:00:00Z</published>",
		    1714608000000 },
		{ "<published>2024-05-01T00:00:00Z</published>"
		    "<updated>2024-05-03T00:00:00Z</updated>"
		    "<dc:date>2024-05-02T00:00:00Z</dc:date>",
		    1714694400000 },
		{ "<updated>2024-05-03T00:00:00Z</updated>"
		    "<pubDate>22:11</pubDate>", DATE_NONE },
		{ "<pubDate/><updated>2024-05-03T00:00:00Z</updated>",
		    DATE_NONE },
		{ "<updated>2024-05-03T00:00:00Z</updated>"
		    "<updated>2024-05-04T00:00:00Z</updated>",
		    1714694400000 },
		{ "<title>x</title>", DATE_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[1024];
		struct feed *f;

		snprintf(text, sizeof(text), "<rss version='2.0' xmlns:dc="
		    "'http://purl.org/dc/elements/1.1/'><channel><item>%s"
		    "</item></channel></rss>", cases[i].inner);
		f = parse(text, OUTCOME_OK);
		assert_int_equal(f->count, 1);
		if (f->entries->dated_ms != cases[i].ms)
			fail_msg("case %zu: %lld", i,
			    (long long)f->entries->dated_ms);
		feed_free(f);
	}
}

static void
test_identity_body(void **state)
{
	static const struct {
		const char	*inner, *body;
	} cases[] = {
		{ "<summary>s</summary>", "s" },
		{ "<summary>s</summary><description>d</description>", "d" },
		{ "<media:group><media:description>m</media:description>"
		    "</media:group><description>d</description>", "m" },
		{ "<description>d</description>"
		    "<content:encoded>&lt;b></content:encoded>", "<b>" },
		{ "<content:encoded> </content:encoded>"
		    "<description>d</description>", "d" },
		{ "<title>x</title>", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[1024];
		struct feed *f;

		snprintf(text, sizeof(text), "<rss xmlns:content="
		    "'http://purl.org/rss/1.0/modules/content/' xmlns:media="
		    "'http://search.yahoo.com/mrss/'><channel><item>%s"
		    "</item></channel></rss>", cases[i].inner);
		f = parse(text, OUTCOME_OK);
		if (cases[i].body == NULL)
			assert_null(f->entries->body);
		else
			assert_string_equal(f->entries->body, cases[i].body);
		feed_free(f);
	}
}

static void
test_hints(void **state)
{
	struct feed *f = parse("<rss><channel><ttl>99999999999999999999</ttl>"
	    "<skipHours><hour>0</hour><hour>24</hour><hour>7</hour>"
	    "<hour>-1</hour></skipHours><skipDays><day>Sunday</day>"
	    "<day>saturday</day></skipDays><sy:updatePeriod>daily"
	    "</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>"
	    "</channel></rss>", OUTCOME_OK);

	(void)state;
	assert_int_equal(f->hints.ttl_min, 366 * 24 * 60);
	assert_int_equal(f->hints.skip_hours, 1u << 0 | 1u << 7);
	assert_int_equal(f->hints.skip_days, 1u << 0 | 1u << 6);
	assert_int_equal(f->hints.update_s, 86400 / 4);
	feed_free(f);
}

static void
assert_limit(struct feed *f, const char *name)
{
	assert_true(f->damaged);
	assert_string_equal(f->error.code, "limit");
	assert_string_equal(f->error.message, name);
	feed_free(f);
}

/* What is complete stays; the error names the limit. */
static void
test_limits(void **state)
{
	struct parse_limits few = parse_limits_default;
	struct feed *f;

	(void)state;
	few.entries = 2;
	f = parse_with("<rss><channel><item/><item/><item/></channel></rss>",
	    OUTCOME_DAMAGED, &few);
	assert_int_equal(f->count, 2);
	assert_limit(f, "entries");
	few = parse_limits_default;
	few.depth = 4;
	f = parse_with("<rss><channel><item><author><name><x/></name>"
	    "</author><title>t</title></item></channel></rss>",
	    OUTCOME_DAMAGED, &few);
	assert_string_equal(f->entries->title.value, "t");
	assert_limit(f, "depth");
	few = parse_limits_default;
	few.entry_bytes = 10;
	f = parse_with("<rss><channel><item><description>0123456789abc"
	    "</description></item><item><title>t</title></item></channel>"
	    "</rss>", OUTCOME_DAMAGED, &few);
	assert_int_equal(f->count, 2);
	assert_string_equal(f->entries->next->title.value, "t");
	assert_limit(f, "entry");
	few = parse_limits_default;
	few.token_bytes = 20;
	f = parse_with("<rss><channel><item><enclosure url='0123456789012345'/>"
	    "<title>t</title></item></channel></rss>", OUTCOME_DAMAGED,
	    &few);
	assert_null(f->entries->enclosures);
	assert_string_equal(f->entries->title.value, "t");
	assert_limit(f, "token");
	few = parse_limits_default;
	few.attributes = 2;
	f = parse_with("<rss><channel><item><a b='' c='' d=''>x</a>"
	    "<title>t</title></item></channel></rss>", OUTCOME_DAMAGED,
	    &few);
	assert_string_equal(f->entries->title.value, "t");
	assert_limit(f, "attributes");
}

/* A long title is cut between characters, and that is no damage. */
static void
test_title_is_cut(void **state)
{
	struct parse_limits few = parse_limits_default;
	struct feed *f;

	(void)state;
	few.title_bytes = 4;
	f = parse_with("<rss><channel><item><title>\u4e2d\u6587</title>"
	    "</item></channel></rss>", OUTCOME_OK, &few);
	assert_string_equal(f->entries->title.value, "\u4e2d");
	feed_free(f);
}

/* Lists of one entry end somewhere. */
static void
test_lists_are_bounded(void **state)
{
	struct buf b = { 0 };
	struct feed *f;
	unsigned n = 0;

	(void)state;
	buf_puts(&b, "<rss><channel><item>");
	for (unsigned i = 0; i < 2000; i++)
		buf_printf(&b, "<category>c%u</category>", i);
	buf_puts(&b, "</item></channel></rss>");
	f = parse(b.data, OUTCOME_OK);
	for (struct category *c = f->entries->categories; c; c = c->next)
		n++;
	assert_true(n >= 100 && n <= 256);
	feed_free(f);
	buf_fini(&b);
}

static void
test_lines(void **state)
{
	struct feed *f = parse("<rss>\n<channel>\n\n<item/>\n<item/>"
	    "</channel></rss>", OUTCOME_OK);

	(void)state;
	assert_int_equal(f->entries->line, 4);
	assert_int_equal(f->entries->next->line, 5);
	feed_free(f);
}

/* Outcomes of what is no feed; never NULL, never a format. */
static void
test_no_feeds(void **state)
{
	static const struct {
		const char	*text;
		enum outcome	 outcome;
	} cases[] = {
		{ "", OUTCOME_EMPTY }, { " \n\t", OUTCOME_EMPTY },
		{ "<html><body>x</body></html>", OUTCOME_NOT_A_FEED },
		{ "<!DOCTYPE html><title>x", OUTCOME_NOT_A_FEED },
		{ "hello", OUTCOME_NOT_A_FEED },
		{ "<urlset><url/></urlset>", OUTCOME_NOT_A_FEED },
		{ "{\"error\":1}", OUTCOME_NOT_A_FEED },
		{ "[1]", OUTCOME_NOT_A_FEED }, { "{", OUTCOME_NOT_A_FEED },
		{ "<", OUTCOME_NOT_A_FEED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct feed *f = parse(cases[i].text, cases[i].outcome);

		assert_int_equal(f->format, FORMAT_NONE);
		assert_non_null(f->error.message);
		feed_free(f);
	}
}

/* Hostile megabytes of one thing take no longer than the square would. */
static void
test_linear_time(void **state)
{
	static const char *const pieces[] = {
		"<a>", "<item>", "<div>", "& ", "&nbsp;", "< ", "<b ",
		"<![CDATA[ ", "<!-- a", "<item a=\"", "</b>", "<?a ", "<!A ",
		"<title>a<title>", "<x><y></x>", "<p xmlns:a='b'>", "@",
		"<!ENTITY a 'b'>", "<n a='1' a='2'>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct buf b = { 0 };
		struct feed *f;
		struct timespec from, to;

		buf_puts(&b, "<rss><channel><item><title>");
		while (b.len < 1 << 20)
			buf_puts(&b, pieces[i]);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
		parse_feed(b.data, b.len, &context, &f);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
		if (to.tv_sec - from.tv_sec > 5)
			fail_msg("%s: %ld s", pieces[i],
			    (long)(to.tv_sec - from.tv_sec));
		feed_free(f);
		buf_fini(&b);
	}
}

/* Every entry of the real feeds, as many as their index says. */
static void
count_real_feeds(const char *folder, const char *index, int name_column,
    int count_column)
{
	char path[512], line[4096];
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", folder, index);
	in = fopen(path, "r");
	if (in == NULL) {
		print_message("# %s is not here\n", path);
		skip();
	}
	while (fgets(line, sizeof(line), in) != NULL) {
		const char *fields[32] = { 0 };
		struct buf b = { 0 };
		struct err e = { 0 };
		struct feed *f;
		int n = 0;

		for (char *p = line, *w; n < 32 &&
		    (w = strsep(&p, "\t\n")) != NULL; )
			fields[n++] = w;
		if (n <= count_column || atoi(fields[count_column]) == 0)
			continue;
		snprintf(path, sizeof(path), "%s/rss/%s", folder,
		    fields[name_column]);
		if (file_read(path, 10 << 20, &b, &e) != 0)
			fail_msg("%s", e.msg);
		assert_int_equal(parse_feed(buf_str(&b), b.len, &context,
		    &f), OUTCOME_OK);
		if (f->count != (size_t)atoi(fields[count_column]))
			fail_msg("%s: %zu, not %s", path, f->count,
			    fields[count_column]);
		for (struct entry *x = f->entries; x != NULL; x = x->next)
			assert_non_null(x->title.value);
		feed_free(f);
		buf_fini(&b);
	}
	fclose(in);
}

static void
test_real_feeds(void **state)
{
	(void)state;
	count_real_feeds("../shared/realfeeds", "INDEX.tsv", 0, 6);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_rules_are_sorted),
		cmocka_unit_test(test_identity_date),
		cmocka_unit_test(test_identity_body),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_title_is_cut),
		cmocka_unit_test(test_lists_are_bounded),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_no_feeds),
		cmocka_unit_test(test_linear_time),
		cmocka_unit_test(test_real_feeds),
	};

	url_init();
	return UNIT_RUN(tests);
}
