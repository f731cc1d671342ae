/* Posts: what render_post() writes, archive_read_post() reads; and the posts
 * of the old generators. */
#include <glob.h>
#include <stdio.h>

#include "feedmill/archive.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/model.h"
#include "feedmill/render.h"
#include "unit.h"

static struct feed *
read_str(const char *post, const char **site)
{
	struct err err = { 0 };

	return archive_read_post(post, strlen(post), site, &err);
}

/* ------------------------------------------------------------- round trip */

static const char *const titles[] = {
	"Plain", "Brackets ](http://evil.example/) and \"quotes\"",
	"[图] a [b](c) [[d]]", "back\\slash \\] \\", "*bold* _it_ `code` ~~x~~",
	"{{ site }} {% raw %} {: .x}", "<script>alert(1)</script> & &amp; &#10;",
	"^1 | table | $$x$$", "--- # : ' @ % ! [", "中文标题：“引号”", "a](b",
	"a]&#93;(b", "null", "1 < 2 && 3 > 2", "\u3000 inner \u00a0 blanks",
	"[a]: javascript:alert(1)",
};

static const char *const urls[] = {
	"http://a.example/1", "https://a.example/x?a=1&b=2#c",
	"https://a.example/(paren)", "https://a.example/a*b'c",
	"https://a.example/?q=%E4%B8%AD&amp;z=1",
	"https://a.example/x:", "https://a.example/%5D(%7B%20x",
};

static const char *const contents[] = {
	"", "<p>a</p>", "<p>a</p>\n\n\n<p>b</p>", "<pre>\n\n# x\n \n---\n</pre>",
	"{{ x }}{% y %}", "</div>\n</div>", "<div>\nx\n</div>",
	"<!--123-->led", "a &amp;#123; b", "\u3000\u3000indented",
	"[c](javascript:alert(1)) ![i](x)", "[a]: javascript:alert(1)\n[a]",
	"<pre>*[HTML]: \"x\"</pre>[^1]: note",
};

static void
assert_round_trip(const char *title, const char *url, const char *content,
    const char *stamp, int html)
{
	const struct item item = {
		.uuid = "11111111-2222-4333-8444-555555555555", .url = url,
		.title = title, .content = content, .stamp = stamp,
		.effective_ms = 1740340846000, .published_ms = 1740340846000,
		.updated_ms = 1740340846000, .source_name = "a [b], \"c\"",
	};
	struct buf b = { 0 }, body = { 0 }, shown = { 0 };
	const char *site = NULL;
	const struct entry *e;
	struct feed *f;

	render_post(&b, &item, html);
	f = read_str(buf_str(&b), &site);
	assert_non_null(f);
	e = f->entries;
	assert_string_equal(e->link, url);
	for (const char *p = title; *p != '\0'; p++)
		buf_putc(&shown, *p);
	assert_non_null(e->title.value);
	if (strstr(title, "\u3000") == NULL)
		assert_string_equal(e->title.value, buf_str(&shown));
	buf_printf(&body, "<!--%s-->%s", stamp, content);
	assert_string_equal(e->body, buf_str(&body));
	assert_string_equal(site, item.source_name);
	assert_int_equal(e->published_ms, 1740340846000);
	if (strcmp(stamp, "NaN") == 0)
		assert_true(e->dated_ms == DATE_NONE);
	else
		assert_int_equal(e->dated_ms, strtoll(stamp, NULL, 10));
	/* Nothing for Liquid, no end of the HTML block, no link in it. */
	assert_null(strchr(buf_str(&b), '{'));
	assert_null(strstr(strstr(buf_str(&b), "<div>"), "]("));
	assert_null(strstr(strstr(buf_str(&b), "<div>"), "]:"));
	assert_null(strstr(strstr(buf_str(&b), "<div>"), "\n\n"));
	feed_free(f);
	buf_fini(&b);
	buf_fini(&body);
	buf_fini(&shown);
}

static void
round_trip(void **state)
{
	(void)state;
	for (int html = 0; html < 2; html++) {
		for (size_t i = 0; i < sizeof(titles) / sizeof(*titles); i++)
			assert_round_trip(titles[i], urls[0], contents[1],
			    "1740340846000", html);
		for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++)
			assert_round_trip("t", urls[i], "x", "NaN", html);
		for (size_t i = 0; i < sizeof(contents) / sizeof(*contents);
		    i++)
			assert_round_trip("t", urls[0], contents[i], "-5000",
			    html);
	}
}

/* The link line alone, as the old readers take it:
 * \[([\s\S]*?)\]\(  and then up to the parenthesis. */
static void
old_readers(void **state)
{
	static const char wanted[] =
	    "](https://a.example/%28paren%29)\n------\n";

	(void)state;
	for (size_t i = 0; i < sizeof(titles) / sizeof(*titles); i++) {
		const struct item item = {
			.uuid = "u", .url = urls[2], .title = titles[i],
			.content = "x", .stamp = "1", .source_name = "s",
		};
		struct buf b = { 0 };
		char *line, *join;

		render_post(&b, &item, 0);
		line = strstr(buf_str(&b), "-->\n[");
		assert_non_null(line);
		join = strstr(line, "](");
		assert_non_null(join);
		assert_memory_equal(join, wanted, strlen(wanted));
		assert_null(strstr(line, "]:"));
		buf_fini(&b);
	}
}

static void
without_link(void **state)
{
	struct item item = {
		.uuid = "11111111-2222-4333-8444-555555555555",
		.title = "t", .content = "x", .stamp = "1", .source_name = "s",
	};
	struct buf b = { 0 };
	struct feed *f;

	(void)state;
	render_post(&b, &item, 0);
	f = read_str(buf_str(&b), NULL);
	assert_non_null(f);
	assert_null(f->entries->link);
	assert_string_equal(f->entries->id,
	    "urn:uuid:11111111-2222-4333-8444-555555555555");
	feed_free(f);
	buf_fini(&b);
}

/* The key a post of this one says; NULL: none.  *ret_post: all of it. */
static const char *
told_key(const struct item *item, struct buf *post, struct feed **ret)
{
	buf_reset(post);
	render_post(post, item, 0);
	*ret = read_str(buf_str(post), NULL);
	assert_non_null(*ret);
	return (*ret)->entries->identity.key;
}

static void
keys(void **state)
{
	static const struct { const char *key, *url, *told; } rows[] = {
		{ NULL, "http://a.example/", NULL },
		{ "//a.example/", "http://a.example/", NULL },
		{ "s#v1", "http://a.example/", "#v1" },
		{ "s#//a.example/", "http://a.example/", "#//a.example/" },
		{ "s#a\n \"b\"\\ {{x}} \u4e2d\u2028: # ", NULL,
		    "#a\n \"b\"\\ {{x}} \u4e2d\u2028: # " },
		{ "s##", NULL, "##" }, { "s#", NULL, NULL },
		{ "ftp://a.example/x", NULL, "ftp://a.example/x" },
		{ "no key at all", NULL, NULL },
	};
	struct item item = {
		.uuid = "11111111-2222-4333-8444-555555555555",
		.title = "t", .content = "x", .stamp = "1", .source_name = "s",
	};
	char longest[POST_KEY_MAX + 3] = "s#";
	const char *told;
	struct buf post = { 0 };
	struct feed *f;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		item.key = rows[i].key;
		item.url = rows[i].url;
		told = told_key(&item, &post, &f);
		assert_int_equal(told == NULL, rows[i].told == NULL);
		if (told != NULL)
			assert_string_equal(told, rows[i].told);
		assert_null(strchr(buf_str(&post), '{'));
		if (rows[i].told == NULL && item.url != NULL)
			assert_null(strstr(buf_str(&post), "\nkey: "));
		feed_free(f);
	}
	memset(longest + 2, '{', POST_KEY_MAX - 1);
	item.key = longest;
	assert_string_equal(told_key(&item, &post, &f), longest + 1);
	feed_free(f);
	strcat(longest, "{");
	assert_null(told_key(&item, &post, &f));
	feed_free(f);
	buf_fini(&post);
}

/* Theirs had none: what stands there is somebody else's. */
static void
key_of_others(void **state)
{
	struct feed *f = read_str("---\ntitle: \"t\"\nfrom: http://a.example/"
	    "\nkey: \"#x\"\n---\n<!--1-->\n[t](http://a.example/)\n------\n\n"
	    "x\n", NULL);

	(void)state;
	assert_non_null(f);
	assert_null(f->entries->identity.key);
	feed_free(f);
}

/* ----------------------------------------------------------- old dialects */

static void
nodebe4(void **state)
{
	static const char post[] = "---\nlayout: post\n"
	    "title: \"a \\\"b\\\" c\"\ndate: 2025-02-23T20:00:46.000Z\n"
	    "author: 王 征: x\nfrom: https://raw.example/a b\n"
	    "tags: [ 日本経済新聞 ]\ncomments: True\n"
	    "categories: [ 日本経済新聞 ]\n---\n<!--1740340846000-->\n"
	    "[[图] a \"b\" c](https://a.example/a%20b)\n------\n\n"
	    "<div>\n<p>x</p> &#123;\n</div>\n";
	const char *site;
	struct feed *f = read_str(post, &site);
	const struct entry *e;

	(void)state;
	assert_non_null(f);
	e = f->entries;
	assert_string_equal(e->link, "https://a.example/a%20b");
	assert_string_equal(e->title.value, "[图] a \"b\" c");
	assert_string_equal(e->authors->name, "王 征: x");
	assert_string_equal(site, "日本経済新聞");
	assert_string_equal(e->body,
	    "<!--1740340846000--><p>x</p> &#123;");
	assert_int_equal(e->dated_ms, 1740340846000);
	feed_free(f);
}

static void
nodebe4_nan(void **state)
{
	static const char post[] = "---\nlayout: post\ntitle: \"t\"\n"
	    "date: 2021-06-01T00:00:00.000Z\nfrom: https://a.example/1\n"
	    "---\n<!--NaN-->\n[t](https://a.example/1)\n------\n\n<div>\n"
	    "x\n</div>";
	struct feed *f = read_str(post, NULL);

	(void)state;
	assert_non_null(f);
	assert_true(f->entries->dated_ms == DATE_NONE);
	assert_int_equal(f->entries->published_ms, 1622505600000);
	assert_string_equal(f->entries->body, "<!--NaN-->x");
	feed_free(f);
}

static void
duty_machine(void **state)
{
	static const char post[] = "\xef\xbb\xbf<!--1740249544000-->\r\n"
	    "[a\nb](https://a.example/1)\r\n------\n\n"
	    "<div><i>x</i></div>\n\n<p>y</p>\n";
	struct feed *f = read_str(post, NULL);

	(void)state;
	assert_non_null(f);
	assert_string_equal(f->entries->title.value, "a b");
	assert_string_equal(f->entries->link, "https://a.example/1");
	assert_string_equal(f->entries->body, "<!--1740249544000-->"
	    "<div><i>x</i></div>\n\n<p>y</p>");
	feed_free(f);
}

static void
without_stamp(void **state)
{
	static const char post[] = "[t](https://a.example/1)\n------\n\n"
	    "日期：2020-06-28 10:00:00\n\nx\n";
	struct feed *f = read_str(post, NULL);

	(void)state;
	assert_non_null(f);
	assert_int_equal(f->entries->published_ms, 1593338400000);
	assert_int_equal(f->entries->dated_ms, 1593338400000);
	feed_free(f);
}

static void
no_posts(void **state)
{
	static const char *const texts[] = {
		"", "\n", "plain text\nof a page", "---", "---\n---\n",
		"---\ntitle: \"x\"\n---\n", "<!--123-->", "[", "[x]", "[x](",
		"---\ntitle: x\nfrom: http://a.example/\nnever ends",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct feed *f = read_str(texts[i], NULL);

		if (f != NULL)
			fail_msg("taken for a post: %s", texts[i]);
	}
}

/* The documents the project starts from. */
static void
seeds(void **state)
{
	static const struct { const char *file, *stamp, *link; } rows[] = {
		{ "000", "<!--1740340846000--><", "https://cn.nikkei.com/"
		    "columnviewpoint/column/58092-2025-02-24-05-00-46.html" },
		{ "001", "<!--1740249544000--><",
		    "https://www.voachinese.com/a/7984584.html" },
		{ "002", NULL, NULL },
		{ "003", "<!--1737684422000--><", "https://cn.nytimes.com/"
		    "technology/20250124/deepseek-china-ai-chips/" },
		{ "004", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char pattern[64];
		struct buf b = { 0 };
		struct err err = { 0 };
		struct feed *f;
		glob_t found;

		snprintf(pattern, sizeof(pattern), "../shared/seeds/%s_*",
		    rows[i].file);
		if (glob(pattern, 0, NULL, &found) != 0) {
			print_message("# ../shared/seeds is absent\n");
			skip();
		}
		assert_int_equal(file_read(found.gl_pathv[0], 1 << 24, &b,
		    &err), 0);
		globfree(&found);
		f = archive_read_post(b.data, b.len, NULL, &err);
		if (rows[i].link == NULL) {
			assert_null(f);
		} else {
			assert_non_null(f);
			assert_string_equal(f->entries->link, rows[i].link);
			assert_memory_equal(f->entries->body, rows[i].stamp,
			    strlen(rows[i].stamp));
			assert_true(strlen(f->entries->body) > 2000);
		}
		feed_free(f);
		buf_fini(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(old_readers),
		cmocka_unit_test(without_link),
		cmocka_unit_test(keys),
		cmocka_unit_test(key_of_others),
		cmocka_unit_test(nodebe4),
		cmocka_unit_test(nodebe4_nan),
		cmocka_unit_test(duty_machine),
		cmocka_unit_test(without_stamp),
		cmocka_unit_test(no_posts),
		cmocka_unit_test(seeds),
	};

	return UNIT_RUN(tests);
}
