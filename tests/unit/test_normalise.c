/* test_normalise.c - normalise.h: URLs, choices, inheritance, safe texts. */
#include "unit.h"

#include "feedmill/base/arena.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "feedmill/normalise.h"
#include "feedmill/parse.h"

#include "../html_oracle.h"

/* A document from https://h.example/d/feed.xml, read and normalised. */
static struct feed *
read_feed_at(const char *url, const char *xml)
{
	const struct parse_context context = { .url = url };
	struct feed *f;

	assert_int_equal(parse_feed(xml, strlen(xml), &context, &f),
	    OUTCOME_OK);
	normalise_feed(f);
	return f;
}

static struct feed *
read_feed(const char *xml)
{
	return read_feed_at("https://h.example/d/feed.xml", xml);
}

static void
assert_is(const char *got, const char *want)
{
	if (want == NULL ? got != NULL : got == NULL || strcmp(got, want) != 0)
		fail_msg("\"%s\", not \"%s\"", got != NULL ? got : "NULL",
		    want != NULL ? want : "NULL");
}

#define ATOM(inner) "<feed xmlns=\"http://www.w3.org/2005/Atom\">" inner \
    "</feed>"
#define ENTRY(inner) ATOM("<entry>" inner "</entry>")
#define RSS(inner) "<rss version=\"2.0\"><channel>" inner "</channel></rss>"
#define ITEM(inner) RSS("<item><title>t</title>" inner "</item>")

/* ------------------------------------------------------------------- links */

static void
assert_link(const char *xml, const char *want)
{
	struct feed *f = read_feed(xml);

	assert_non_null(f->entries);
	assert_is(f->entries->link, want);
	feed_free(f);
}

static void
test_entry_link(void **state)
{
	(void)state;
	assert_link(ENTRY("<link href='http://a/'/>"), "http://a/");
	assert_link(ENTRY("<link href='p?q'/>"), "https://h.example/d/p?q");
	/* The one that is a page, wherever it stands. */
	assert_link(ENTRY("<link rel='alternate' type='application/pdf'"
	    " href='http://a/1'/><link href='http://a/2'/>"
	    "<link type='text/html' href='http://a/3'/>"), "http://a/3");
	assert_link(ENTRY("<link rel='self' href='http://a/1'/>"
	    "<link rel='enclosure' href='http://a/2'/>"
	    "<link rel='http://www.iana.org/assignments/relation/alternate'"
	    " href='http://a/3'/>"), "http://a/3");
	assert_link(ENTRY("<id>http://a/id</id>"
	    "<link rel='self' href='http://a/1'/>"), NULL);
	assert_link(ENTRY("<id>http://a/id</id>"), "http://a/id");
	assert_link(ITEM("<link>http://a/1</link><link>http://a/2</link>"),
	    "http://a/1");
	/* RSS: a guid is the link unless it says that it is not. */
	assert_link(ITEM("<guid>http://a/g</guid>"), "http://a/g");
	assert_link(ITEM("<guid isPermaLink='true'>http://a/g</guid>"),
	    "http://a/g");
	assert_link(ITEM("<guid isPermaLink='false'>http://a/g</guid>"), NULL);
	assert_link(ITEM("<guid>opaque</guid>"), NULL);
	assert_link(ITEM("<link>http://a/l</link><guid>http://a/g</guid>"),
	    "http://a/l");
	/* A proxy of feeds says where the entry was. */
	assert_link("<rss version='2.0' xmlns:f="
	    "'http://rssnamespace.org/feedburner/ext/1.0'><channel><item>"
	    "<link>http://proxy/</link><f:origLink>http://a/o</f:origLink>"
	    "</item></channel></rss>", "http://a/o");
}

/* What a browser would run, or what leads nowhere, is no link. */
static void
test_bad_links(void **state)
{
	static const char *const bad[] = { "javascript:x", "JavaScript:x",
	    "vbscript:x", "data:text/html,x", "file:///etc/passwd",
	    "about:blank", "http://", "blob:http://a/", "chrome://x",
	    "jar:http://a/!x", "view-source:http://a/" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct buf xml = { 0 };

		buf_printf(&xml, ITEM("<link>%s</link><guid>%s</guid>"
		    "<comments>%s</comments>"), bad[i], bad[i], bad[i]);
		struct feed *f = read_feed(buf_str(&xml));
		assert_is(f->entries->link, NULL);
		assert_null(f->entries->links);
		assert_is(f->entries->comments, NULL);
		feed_free(f);
		buf_fini(&xml);
	}
}

static void
test_base(void **state)
{
	struct feed *f = read_feed("<feed xmlns='http://www.w3.org/2005/Atom'"
	    " xml:base='/site/'><link href='home'/><icon>i.png</icon>"
	    "<link rel='self' href='self.xml'/>"
	    "<entry xml:base='sub/'><id>1</id><link href='e'/>"
	    "<link rel='enclosure' href='m.mp3' length='5'/>"
	    "<author><name>n</name><uri>me</uri></author>"
	    "<content type='html' xml:base='deep/'>&lt;a href='x'></content>"
	    "<summary type='html'>&lt;a href='y'></summary></entry></feed>");
	struct entry *e = f->entries;
	struct buf b = { 0 };

	(void)state;
	assert_is(f->head.link, "https://h.example/site/home");
	assert_is(f->head.self, "https://h.example/site/self.xml");
	assert_is(f->head.icon, "https://h.example/site/i.png");
	assert_is(e->id, "https://h.example/site/sub/1");
	assert_is(e->link, "https://h.example/site/sub/e");
	assert_is(e->enclosures->url, "https://h.example/site/sub/m.mp3");
	assert_is(e->authors->uri, "https://h.example/site/sub/me");
	normalise_text(&b, &e->content, f, e, NULL);
	normalise_text(&b, &e->summary, f, e, NULL);
	assert_is(buf_str(&b), "<a href=\"https://h.example/site/sub/deep/x\">"
	    "</a><a href=\"https://h.example/site/sub/y\"></a>");
	buf_fini(&b);
	feed_free(f);
}

/* RSS has no base: its links mean the site, its texts the page. */
static void
test_rss_base(void **state)
{
	struct feed *f = read_feed_at("https://proxy.example/f.xml",
	    RSS("<link>http://site.example/blog/</link>"
	    "<item><link>/p/1.html</link>"
	    "<description>&lt;img src=\"2.png\"></description></item>"));
	struct buf b = { 0 };

	(void)state;
	assert_is(f->entries->link, "http://site.example/p/1.html");
	normalise_text(&b, &f->entries->summary, f, f->entries, NULL);
	assert_non_null(strstr(buf_str(&b),
	    "\"http://site.example/p/2.png\""));
	buf_fini(&b);
	feed_free(f);
}

/* A file from nowhere: nothing is absolute, nothing is lost, nothing runs. */
static void
test_no_url(void **state)
{
	struct feed *f = read_feed_at(NULL, ITEM("<link>/a/b</link>"));

	(void)state;
	assert_is(f->entries->link, "/a/b");
	feed_free(f);
	f = read_feed_at(NULL, ITEM("<link>javascript:x</link>"));
	assert_is(f->entries->link, NULL);
	feed_free(f);
}

/* ------------------------------------------------------------- inheritance */

static void
test_authors(void **state)
{
	static const struct { const char *xml, *name; } rows[] = {
		{ ATOM("<author><name>f</name></author><entry><id>1</id>"
		    "</entry>"), "f" },
		{ ATOM("<author><name>f</name></author><entry><id>1</id>"
		    "<source><author><name>s</name></author></source>"
		    "</entry>"), "s" },
		{ ATOM("<author><name>f</name></author><entry><id>1</id>"
		    "<author><name>e</name></author></entry>"), "e" },
		/* An RSS editor is not the author of each item. */
		{ RSS("<managingEditor>m</managingEditor><item>"
		    "<title>t</title></item>"), NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct feed *f = read_feed(rows[i].xml);
		struct person *p = f->entries->authors;

		assert_is(p != NULL ? p->name : NULL, rows[i].name);
		feed_free(f);
	}
}

static void
test_language(void **state)
{
	struct feed *f = read_feed(RSS("<language>zh-cn</language>"
	    "<item><title>t</title></item>"));

	(void)state;
	assert_is(f->entries->language, "zh-cn");
	feed_free(f);
}

/* ------------------------------------------------------------------- texts */

static void
assert_plain(enum text_type type, const char *value, const char *want)
{
	const struct text t = { .value = value, .type = type };
	struct buf b = { 0 };

	normalise_text_plain(&b, &t);
	assert_is(buf_str(&b), want);
	buf_fini(&b);
}

static void
test_plain(void **state)
{
	(void)state;
	assert_plain(TEXT_PLAIN, " a\n b &amp; <c> ", "a b &amp; <c>");
	assert_plain(TEXT_HTML, "a &amp; <b>b</b><br>c", "a & b c");
	assert_plain(TEXT_HTML, "AT&amp;amp;T", "AT&amp;T");
	assert_plain(TEXT_XHTML, "<b>a</b>\n<i>b</i>", "a b");
	assert_plain(TEXT_HTML, "<script>x</script>", "");
	assert_plain(TEXT_HTML, NULL, "");
}

static void
test_text_types(void **state)
{
	struct feed *f = feed_new();
	const struct text plain = { .value = "1 < 2 & <b>" };
	const struct text html = { .value = "1 < 2 & <b>",
	    .type = TEXT_HTML };
	struct buf b = { 0 };

	(void)state;
	normalise_text(&b, &plain, f, NULL, NULL);
	assert_is(buf_str(&b), "1 < 2 & <b>");
	buf_reset(&b);
	normalise_text(&b, &html, f, NULL, NULL);
	assert_is(buf_str(&b), "1 &lt; 2 &amp; <b></b>");
	buf_fini(&b);
	feed_free(f);
}

static void
test_safe_entry(void **state)
{
	struct feed *f = read_feed(ENTRY("<title type='html'>a &amp;lt; "
	    "&lt;b>b&lt;/b></title><link href='p'/>"
	    "<content type='html'>&lt;!--1740340846000-->&lt;p onclick=x>one"
	    "&lt;/p>&lt;script>y&lt;/script>&lt;img src='t.gif' width=1"
	    " height=1>&lt;img src='i.png?a&amp;amp;b'></content>"
	    "<summary>two &lt; lines\nof text</summary>"));
	struct arena a = { 0 };
	struct safe_entry s;

	(void)state;
	normalise_entry(f, f->entries, NULL, &a, &s);
	assert_is(s.title, "a < b");
	assert_is(s.content, "<p>one</p><img src=\"https://h.example/d/i.png"
	    "?a&amp;b\" loading=\"lazy\"/>");
	assert_is(s.summary, "two &lt; lines<br/>\nof text");
	assert_is(s.image, "https://h.example/d/i.png?a&b");
	assert_null(html_fault(s.content, strlen(s.content), 0));
	arena_fini(&a);
	feed_free(f);
}

static void
test_safe_entry_empty(void **state)
{
	struct feed *f = feed_new();
	struct entry *e = feed_add_entry(f);
	struct arena a = { 0 };
	struct safe_entry s;

	(void)state;
	normalise_feed(f);
	normalise_entry(f, e, NULL, &a, &s);
	assert_is(s.title, "");
	assert_is(s.content, "");
	assert_is(s.summary, "");
	assert_is(s.image, NULL);
	arena_fini(&a);
	feed_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entry_link),
		cmocka_unit_test(test_bad_links),
		cmocka_unit_test(test_base),
		cmocka_unit_test(test_rss_base),
		cmocka_unit_test(test_no_url),
		cmocka_unit_test(test_authors),
		cmocka_unit_test(test_language),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_text_types),
		cmocka_unit_test(test_safe_entry),
		cmocka_unit_test(test_safe_entry_empty),
	};

	url_init();
	return UNIT_RUN(tests);
}
