/* test_html.c - html.h: what becomes of HTML, and of the worst there is. */
#include "unit.h"

#include <stdio.h>
#include <time.h>

#include <jansson.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/html.h"

#include "../html_oracle.h"
#include "html_rows.h"

static const char vectors[] = "../shared/hostile/xss_vectors.json";
static const char page[] = "https://example.org/a/b.html";

/* Sanitised, judged, and sanitised again to the same. */
static char *
sanitise(const char *in, size_t len, const char *base,
    const struct html_rules *rules)
{
	struct buf once = { 0 }, twice = { 0 };
	const char *fault;

	html_sanitise(&once, in, len, base, rules);
	fault = html_fault(buf_str(&once), once.len, rules != NULL);
	if (fault != NULL)
		fail_msg("\"%.200s\": %s\n%s", in, fault, buf_str(&once));
	html_sanitise(&twice, buf_str(&once), once.len, base, NULL);
	if (rules == NULL && strcmp(buf_str(&once), buf_str(&twice)) != 0)
		fail_msg("\"%.200s\" gives \"%s\", which gives \"%s\"", in,
		    buf_str(&once), buf_str(&twice));
	buf_fini(&twice);
	return buf_take(&once);
}

static void
assert_becomes(const char *in, size_t len, const char *base,
    const struct html_rules *rules, const char *want)
{
	char *got = sanitise(in, len, base, rules);

	if (strcmp(got, want) != 0)
		fail_msg("\"%s\" gives\n\"%s\", not\n\"%s\"", in, got, want);
	free(got);
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		for (size_t j = 0; j < families[i].count; j++) {
			const struct row *r = &families[i].rows[j];

			assert_becomes(r->in, r->len, page, NULL, r->want);
		}
	}
}

/* No vector of the attack corpus gets through. */
static void
test_hostile_vectors(void **state)
{
	json_t *root = json_load_file(vectors, 0, NULL), *v;
	size_t i;

	(void)state;
	if (root == NULL) {
		print_message("%s is absent\n", vectors);
		skip();
	}
	assert_true(json_array_size(root) > 100);
	json_array_foreach(root, i, v) {
		const char *html = json_string_value(json_object_get(v,
		    "html"));

		free(sanitise(html, strlen(html), page, NULL));
		free(sanitise(html, strlen(html), NULL, NULL));
	}
	json_decref(root);
}

/* ------------------------------------------------------------------ bases */

static void
test_no_base(void **state)
{
	static const char in[] = "<a href=\"/p\">a</a>"
	    "<a href=\"http://h/\">b</a><img src=\"x.png\" alt=\"c\">";

	(void)state;
	assert_becomes(in, strlen(in), NULL, NULL,
	    "<a>a</a><a href=\"http://h/\">b</a>c");
	/* A base that is no place to go to makes nothing of a link. */
	assert_becomes(in, strlen(in), "javascript:x//", NULL,
	    "<a>a</a><a href=\"http://h/\">b</a>c");
}

/* ------------------------------------------------------------------ rules */

static void
test_drop_text(void **state)
{
	static const char *const drop[] = { "More feeds:", "sponsored", NULL };
	const struct html_rules rules = { .drop_text = drop };
	static const struct { const char *in, *want; } rows[] = {
		/* The footer of a feed proxy, with what sets it apart. */
		{ "<p>text</p><br><hr><div>More feeds: <a href=\"http://h/\">"
		    "h</a></div>", "<p>text</p>" },
		/* Words split over elements. */
		{ "<p>text</p><div>More <b>feeds</b>: x</div>",
		    "<p>text</p>" },
		/* The smallest element around it, not all of them. */
		{ "<div>a<p>is sponsored</p>b</div>", "<div>ab</div>" },
		/* Something follows: the line between the two stays. */
		{ "a<hr><p>sponsored</p><p>b</p>", "a<hr/><p>b</p>" },
		/* Without an element of its own, its line goes. */
		{ "one<br>two <i>is</i> sponsored<br>three",
		    "one<br/><br/>three" },
		{ "sponsored", "" },
		{ "nothing here", "nothing here" },
	};
	struct buf big = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_becomes(rows[i].in, strlen(rows[i].in), page, &rules,
		    rows[i].want);
	/* One element around all must not take all with it. */
	buf_puts(&big, "<div>");
	for (int i = 0; i < 200; i++)
		buf_puts(&big, "long text ");
	buf_puts(&big, "<br>More feeds: x</div>");
	char *got = sanitise(buf_str(&big), big.len, page, &rules);
	assert_non_null(strstr(got, "long text"));
	assert_null(strstr(got, "More feeds"));
	free(got);
	buf_fini(&big);
}

#define IMAGE(url) "<img src=\"" url "\" loading=\"lazy\"" \
    "/>"

static void
test_unwrap_images(void **state)
{
	static const char *const proxies[] = { "images.example", NULL };
	const struct html_rules rules = { .unwrap_images = proxies };
	static const struct { const char *in, *want; } rows[] = {
		{ "<img src=\"https://images.example?url=https://h/a.jpg\">",
		    IMAGE("https://h/a.jpg") },
		{ "<img src=\"https://images.example/?url=h/a.jpg&w=9\">",
		    IMAGE("https://h/a.jpg") },
		{ "<img src=\"//images.example/?w=9&url=http%3A%2F%2Fh%2Fa\">",
		    IMAGE("http://h/a") },
		{ "<img src=\"https://images.example/?url=ssl:h/a.jpg\">",
		    IMAGE("https://h/a.jpg") },
		/* Others, and what is no picture behind a proxy, stay. */
		{ "<img src=\"https://other.example/?url=h/a.jpg\">",
		    IMAGE("https://other.example/?url=h/a.jpg") },
		{ "<img src=\"https://images.example/?w=9\">",
		    IMAGE("https://images.example/?w=9") },
		{ "<img src=\"https://images.example/?url=javascript:x\">",
		    IMAGE("https://images.example/?url=javascript:x") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_becomes(rows[i].in, strlen(rows[i].in), page, &rules,
		    rows[i].want);
}

static void
test_frames(void **state)
{
	static const char *const hosts[] = { "video.example", NULL };
	const struct html_rules rules = { .frames = hosts };
	static const char kept[] = "<iframe src=//video.example/v width=5px"
	    " onload=x srcdoc=\"<b>\" sandbox=\"\"></iframe>";
	static const char linked[] =
	    "<iframe src=//video.example.evil.example/v></iframe>";

	(void)state;
	assert_becomes(kept, strlen(kept), page, &rules, "<iframe"
	    " src=\"https://video.example/v\" width=\"5\" loading=\"lazy\""
	    " sandbox=\"allow-scripts allow-same-origin allow-popups"
	    " allow-presentation\"></iframe>");
	assert_becomes(linked, strlen(linked), page, &rules,
	    "<a href=\"https://video.example.evil.example/v\">"
	    "https://video.example.evil.example/v</a>");
}

/* ------------------------------------------------------------------ limits */

/* Each of these took minutes, gigabytes or the stack without the guard. */
static const struct bomb {
	const char	*name, *first, *repeated, *last;
	unsigned	 times;
} bombs[] = {
	{ "depth", "", "<div>", "x", 200000 },
	{ "formatting", "", "<b>", "x", 200000 },
	{ "items in items", "", "<li><dd>", "x", 100000 },
	{ "ruby", "", "<ruby><rt>", "x", 100000 },
	{ "tables", "", "<table><tr><td>", "x", 60000 },
	{ "fostered", "<table>", "x<b></b>", "", 24000 },
	{ "reopened", "", "<p><font size=1 face=a>x</p>", "", 20000 },
	{ "adopted", "", "<b><div></b></div>", "", 40000 },
	{ "attributes", "<a", " x", ">t", 100000 },
	{ "attributes of the root", "", "<html a=1 b=2>", "", 60000 },
	{ "comments", "", "<!--", "", 200000 },
	{ "comments that end", "", "<!--", ">", 200000 },
	{ "declarations", "", "<!<?</!", "", 100000 },
	{ "names", "", "<b", "", 200000 },
	{ "cdata", "", "<![CDATA[", "", 60000 },
	{ "raw text", "", "<iframe><script/><xmp>", "", 60000 },
	{ "references", "", "&notit;", "", 100000 },
	{ "foreign", "", "<svg><style>", "", 80000 },
	{ "ends", "", "</p></br></div>", "", 60000 },
	{ "less than", "", "<", "", 500000 },
	{ "srcset", "<img srcset=\"", "a 1x,", "\">", 100000 },
};

static double
cpu_seconds(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

static void
test_bombs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bombs); i++) {
		struct buf in = { 0 }, out = { 0 };
		double start, took;

		buf_puts(&in, bombs[i].first);
		for (unsigned n = 0; n < bombs[i].times; n++)
			buf_puts(&in, bombs[i].repeated);
		buf_puts(&in, bombs[i].last);
		start = cpu_seconds();
		html_sanitise(&out, buf_str(&in), in.len, page, NULL);
		took = cpu_seconds() - start;
		/* Under 0.2 s in the release build; sanitizers are slow. */
		if (took > 5)
			fail_msg("%s: %.1f s", bombs[i].name, took);
		assert_null(html_fault(buf_str(&out), out.len, 0));
		if (out.len > 30 * in.len + 4096)
			fail_msg("%s: %zu bytes", bombs[i].name, out.len);
		buf_fini(&out);
		buf_fini(&in);
	}
}

/* Past a limit the markup is lost, the text is not. */
static void
test_text_survives_limits(void **state)
{
	struct buf in = { 0 };
	char *got;

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_puts(&in, "<div>");
	buf_puts(&in, "the text");
	got = sanitise(buf_str(&in), in.len, page, NULL);
	assert_non_null(strstr(got, "the text"));
	free(got);
	buf_fini(&in);
}

static void
test_data_image_bound(void **state)
{
	struct buf in = { 0 };

	(void)state;
	buf_puts(&in, "<img alt=\"t\" src=\"data:image/png;base64,");
	for (int i = 0; i < 40 * 1024; i++)
		buf_puts(&in, "AAAA");
	buf_puts(&in, "\">");
	assert_becomes(buf_str(&in), in.len, page, NULL, "t");
	buf_fini(&in);
}

/* -------------------------------------------------------------------- text */

static void
assert_text(const char *in, const char *want)
{
	struct buf b = { 0 };

	html_to_text(&b, in, strlen(in));
	if (strcmp(buf_str(&b), want) != 0)
		fail_msg("the text of \"%s\" is \"%s\", not \"%s\"", in,
		    buf_str(&b), want);
	buf_fini(&b);
}

static void
test_text(void **state)
{
	(void)state;
	assert_text("plain", "plain");
	assert_text("  a\n\t b ", "a b");
	assert_text("<p>a</p><p>b</p>", "a b");
	assert_text("a<br>b<b>c</b>", "a bc");
	assert_text("<td>a</td><td>b</td>", "a b");
	assert_text("a&nbsp;b &amp; c &lt;d&gt;", "a b & c <d>");
	assert_text("AT&T &amp;amp;", "AT&T &amp;");
	assert_text("<script>x</script>a<style>y</style>b", "ab");
	assert_text("<!-- x -->a<![CDATA[b]]>", "ab");
	assert_text("<svg><text>x</text></svg>a", "a");
	assert_text("<title>&lt;a <b></title>c", "<a <b> c");
	assert_text("1 < 2", "1 < 2");
	assert_text("a<iframe>x</iframe>b", "ab");
	assert_text("<b title=\">\">a</b>", "a");
	assert_text("\xff&#99999999999;", "\xef\xbf\xbd\xef\xbf\xbd");
	assert_text("", "");
}

static void
assert_decodes(const char *in, const char *want)
{
	struct buf b = { 0 };

	html_decode_entities(&b, in, strlen(in));
	assert_string_equal(buf_str(&b), want);
	buf_fini(&b);
}

static void
test_decode(void **state)
{
	(void)state;
	assert_decodes("a", "a");
	assert_decodes("&amp;lt;", "&lt;");
	assert_decodes("<b>&eacute;&#233;&#xE9;</b>", "<b>ééé</b>");
	assert_decodes("&#146;&rsquo;", "\xe2\x80\x99\xe2\x80\x99");
	assert_decodes("&nosuch; & &x &", "&nosuch; & &x &");
	assert_decodes("&copy2", "©2");
	assert_decodes("&CounterClockwiseContourIntegral;", "∳");
}

static void
test_looks_like(void **state)
{
	static const char *const yes[] = { "<b>x</b>", "a &amp; b", "&nbsp;",
	    "&#8217;", "&#x41;", "a<br/>b", "</p>", "<IMG SRC=x>",
	    "<picture>", "<!--1740000000000-->x", "\n<!--NaN--> a < b" };
	static const char *const no[] = { "", "1 < 2", "a & b", "AT&T",
	    "<you@example.org>", "x <y> z", "&nosuch;", "<3", "a<b", "&;",
	    "&#;", "<!-- x", "a <!-- b --> c" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (!html_looks_like(yes[i], strlen(yes[i])))
			fail_msg("\"%s\" is markup", yes[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(no); i++) {
		if (html_looks_like(no[i], strlen(no[i])))
			fail_msg("\"%s\" is no markup", no[i]);
	}
}

static void
test_clean_url(void **state)
{
	(void)state;
	assert_true(html_is_clean_url("http://h/p?q=1&r#f"));
	assert_true(html_is_clean_url("HTTPS://H/"));
	assert_false(html_is_clean_url("http://"));
	assert_false(html_is_clean_url("http:///p"));
	assert_false(html_is_clean_url("http://h/a b"));
	assert_false(html_is_clean_url("http://h/\"x"));
	assert_false(html_is_clean_url("/p"));
	assert_false(html_is_clean_url("javascript://h/"));
	assert_false(html_is_clean_url(""));
}

/* -------------------------------------------------------------- discovery */

static void
note_feed(const char *url, const char *type, const char *title, void *arg)
{
	buf_printf(arg, "%s %s %s\n", url, type, title != NULL ? title : "-");
}

static void
assert_finds(const char *html, const char *base, const char *want)
{
	struct buf b = { 0 };

	html_find_feeds(html, strlen(html), base, note_feed, &b);
	assert_string_equal(buf_str(&b), want);
	buf_fini(&b);
}

static void
test_find_feeds(void **state)
{
	(void)state;
	assert_finds("<link rel=alternate type=application/rss+xml "
	    "href=\"/f?a&amp;b\" title='A &amp; B'>", page,
	    "https://example.org/f?a&b application/rss+xml A & B\n");
	assert_finds("<base href='/x/'><base href='/y/'>"
	    "<LINK REL='home ALTERNATE' TYPE='application/atom+xml; "
	    "charset=utf-8' HREF=f>", page, "https://example.org/x/f"
	    " application/atom+xml; charset=utf-8 -\n");
	/* No feeds: a style, an API, a script's text, a comment. */
	assert_finds("<link rel='alternate stylesheet' type=text/css href=s>"
	    "<link rel=alternate type=application/json href=/wp-json/1>"
	    "<script>'<link rel=alternate type=application/rss+xml href=x>'"
	    "</script><!-- <link rel=alternate type=application/rss+xml"
	    " href=y> --><link rel=alternate type=application/rss+xml"
	    " href='javascript:x'>", page, "");
	assert_finds("<link rel=alternate type=application/json"
	    " href=/feed.json><link rel=alternate"
	    " type=application/feed+json href=//h/j>", page,
	    "https://example.org/feed.json application/json -\n"
	    "https://h/j application/feed+json -\n");
	assert_finds("<link rel=alternate type=application/rss+xml href=f>",
	    NULL, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_hostile_vectors),
		cmocka_unit_test(test_no_base),
		cmocka_unit_test(test_drop_text),
		cmocka_unit_test(test_unwrap_images),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_text_survives_limits),
		cmocka_unit_test(test_data_image_bound),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_looks_like),
		cmocka_unit_test(test_clean_url),
		cmocka_unit_test(test_find_feeds),
	};

	url_init();
	return UNIT_RUN(tests);
}
