/* Renderers: byte for byte against tests/corpus/render, and what must hold
 * of any item.  UPDATE=1 writes the files anew: read the difference. */
#include <stdio.h>

#include "feedmill/archive.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/model.h"
#include "feedmill/render.h"
#include "../../src/render/text.h"
#include "unit.h"

static const struct person loose_author = {
	.name = "B", .email = "b@c@d", .uri = "http://w.example/a <b>"
};
static const struct person author = {
	.next = (struct person *)&loose_author, .name = "王 征", .email = "wang@example.org", .uri = "http://w.example/"
};
static const struct person odd_author = {
	.name = "", .email = "not an address", .uri = "javascript:alert(1)"
};
static const struct category label = {
	.term = "ai", .scheme = "http://c.example/", .label = "人工智能"
};
static const struct category word = {
	.next = (struct category *)&label, .term = "a \"b\" <c>",
	.scheme = "Syndic8"
};
static const struct enclosure bad_file = {
	.url = "javascript:x", .type = "audio/mpeg", .length = 1
};
static const struct enclosure file = {
	.next = (struct enclosure *)&bad_file,
	.url = "https://f.example/a.mp3?x=1&y=2", .type = "audio/mpeg",
	.title = "Episode", .length = 123
};

static const struct feed_head nikkei = {
	.id = "tag:nikkei.com,2025:<not an iri>",
	.subtitle = { .value = "日本経済 & <more>" },
	.rights = { .value = "© 2025" }, .icon = "https://cn.nikkei.com/i.png",
	.logo = "data:image/png,x", .language = "zh-Hans",
	.authors = (struct person *)&odd_author,
	.generator = { .name = "Made by <hand>" },
};

static const struct item full = {
	.uuid = "11111111-2222-4333-8444-555555555555",
	.url = "https://cn.nikkei.com/columnviewpoint/58092-2025.html?a=1&b=2",
	.title = "DeepSeek被超越，AI竞赛进入新局面",
	.content = "<p>第一段</p>\n\n<pre>a\n\n  \n{b}</pre>",
	.summary = "<p>short</p>", .language = "zh-Hans",
	.stamp = "1740340846000", .effective_ms = 1740340846000,
	.published_ms = 1740340846000, .updated_ms = 1740344446000,
	.authors = &author, .categories = &word, .enclosures = &file,
	.comments = "https://cn.nikkei.com/comments",
	.source_name = "nikkei", .source_title = "日经中文网 & more",
	.source_link = "https://cn.nikkei.com/",
	.source_url = "https://cn.nikkei.com/rss.html", .seq = 7,
	.source_head = &nikkei, .further_count = 2, .further = {
		{ "另 & one", "https://other.example/feed?a=1&b=2" },
		{ "No link", "javascript:alert(1)" },
	},
};

static const struct item bare = {
	.uuid = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
	.url = "javascript:alert(1)", .title = " ",
	.content = "", .summary = "", .language = "Chinese, simplified",
	.stamp = "NaN", .effective_ms = 1740000000123,
	.published_ms = 1740000000123, .updated_ms = DATE_NONE,
	.authors = &odd_author, .source_name = "bare",
	.source_url = "https://bare.example/feed",
};

static const char *const hubs[] = { "https://hub.example/", NULL };
static const struct outlet_head head = {
	.uuid = "99999999-8888-4777-8666-555555555555",
	.title = "行星 <Planet>", .subtitle = "all & everything",
	.language = "zh", .url = "https://planet.example/",
	.self = "https://planet.example/all.atom",
	.hubs = hubs, .updated_ms = 1740344446000,
	.content = CONTENT_FULL,
};

static void
assert_golden(const char *name, const struct buf *b)
{
	char path[256];
	struct buf wanted = { 0 };
	struct err err = { 0 };

	snprintf(path, sizeof(path), "tests/corpus/render/%s", name);
	if (getenv("UPDATE") != NULL) {
		int fd = file_open_dir("tests/corpus/render", &err);

		assert_int_equal(file_replace(fd, name, b->data, b->len,
		    &err), 0);
	}
	if (file_read(path, 1 << 20, &wanted, &err) == -1)
		fail_msg("%s", err.msg);
	assert_string_equal(buf_str(b), buf_str(&wanted));
	buf_fini(&wanted);
}

static void
atom_of(struct buf *b, const struct outlet_head *h)
{
	render_atom_begin(b, h);
	render_atom_item(b, h, &full);
	render_atom_item(b, h, &bare);
	render_atom_end(b);
}

static void
atom_full(void **state)
{
	struct buf b = { 0 };

	(void)state;
	atom_of(&b, &head);
	assert_golden("full.atom", &b);
	buf_fini(&b);
}

/* RFC 5005 section 4: an archive document. */
static void
atom_page(void **state)
{
	struct outlet_head h = head;
	struct buf b = { 0 };

	(void)state;
	h.hubs = NULL;
	h.self = "https://planet.example/all-archive-2.atom";
	h.current = "https://planet.example/all.atom";
	h.prev_archive = "https://planet.example/all-archive-1.atom";
	h.sealed_seq = 7;
	atom_of(&b, &h);
	assert_golden("page.atom", &b);
	buf_fini(&b);
}

static void
atom_modes(void **state)
{
	struct outlet_head h = head;
	struct buf b = { 0 };

	(void)state;
	h.content = CONTENT_SUMMARY;
	atom_of(&b, &h);
	assert_golden("summary.atom", &b);
	buf_reset(&b);
	h.content = CONTENT_NONE;
	atom_of(&b, &h);
	assert_golden("none.atom", &b);
	buf_fini(&b);
}

/* Every format of the table, as publish joins it. */
static void
all_formats(void **state)
{
	const struct outlet_source second = {
		.title = "B", .url = "http://b.example/\"x\"",
		.link = "javascript:x"
	};
	const struct outlet_source first = {
		.next = &second, .title = "A & a",
		.url = "http://a.example/?a=1&b=2",
		.link = "http://a.example/"
	};
	struct outlet_head h = head;

	(void)state;
	h.name = "all";
	h.formats = 31;
	h.has_status = h.has_search = 1;
	h.sources = &first;
	for (int i = 0; render_formats[i].ending != NULL; i++) {
		const struct render_format *f = &render_formats[i];
		struct buf b = { 0 };
		char name[32];

		f->begin(&b, &h);
		if (f->before != NULL)
			f->before(&b, &h, full.effective_ms, NULL);
		f->item(&b, &h, &full);
		buf_puts(&b, f->between);
		if (f->before != NULL)
			f->before(&b, &h, bare.effective_ms,
			    &full.effective_ms);
		f->item(&b, &h, &bare);
		if (f->after != NULL)
			f->after(&b, &h, bare.effective_ms);
		f->end(&b);
		assert_null(strstr(buf_str(&b), "href=\"javascript:"));
		snprintf(name, sizeof(name), "all%s", f->ending);
		assert_golden(name, &b);
		buf_fini(&b);
	}
}

static void
media_types(void **state)
{
	static const struct {
		const char *said, *put;		/* NULL: it is none */
	} rows[] = {
		{ "audio/mpeg", "audio/mpeg" },
		{ " Audio/X-MPEG\n", "Audio/X-MPEG" },
		{ "audio/ogg; codecs=\"opus\"", "audio/ogg" },
		{ "audio/ogg;codecs=\"", "audio/ogg" },
		{ "application/vnd.a+b-c_d.1", "application/vnd.a+b-c_d.1" },
		{ NULL, NULL }, { "", NULL }, { "mp3", NULL }, { "/", NULL },
		{ "audio/", NULL }, { "/mpeg", NULL }, { "a/b/c", NULL },
		{ "a b/c", NULL }, { "a/b,c/d", NULL }, { "a/<b>", NULL },
		{ "\xc3\xa4/\xc3\xb6", NULL }, { "+a/b", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = { 0 };

		assert_int_equal(put_media_type(&b, rows[i].said),
		    rows[i].put != NULL);
		assert_string_equal(buf_str(&b), rows[i].put != NULL ?
		    rows[i].put : "");
		buf_fini(&b);
	}
}

static void
atom_empty(void **state)
{
	struct outlet_head h = head;
	struct buf b = { 0 };

	(void)state;
	h.updated_ms = DATE_NONE;
	h.hubs = NULL;
	h.subtitle = h.language = NULL;
	render_atom_begin(&b, &h);
	render_atom_end(&b);
	assert_non_null(strstr(b.data,
	    "<updated>1970-01-01T00:00:00Z</updated>"));
	assert_golden("empty.atom", &b);
	buf_fini(&b);
}

static void
posts(void **state)
{
	struct buf b = { 0 };

	(void)state;
	render_post(&b, &full, 0);
	assert_golden("full.md", &b);
	buf_reset(&b);
	render_post(&b, &full, 1);
	assert_golden("full.html", &b);
	buf_reset(&b);
	render_post(&b, &bare, 0);
	assert_golden("bare.md", &b);
	buf_fini(&b);
}

static void
export_lines(void **state)
{
	const struct export_line lines[] = {
		{ "//a.example/1", "http://a.example/1", "guid", "t \"{\n\\",
		    "s", "1740340846000", 1740340846000, 1740340846000, 3, 2 },
		{ "s#g", NULL, NULL, "", "s", "NaN", DATE_NONE, DATE_NONE, 4,
		    0 },
	};
	struct buf b = { 0 };

	(void)state;
	render_export_line(&b, &lines[0]);
	render_export_line(&b, &lines[1]);
	assert_golden("export.jsonl", &b);
	buf_fini(&b);
}

/* -------------------------------------------------------------- file names */

static void
assert_name(const char *title, const char *wanted_start)
{
	struct item item = full;
	char name[POST_NAME_SIZE];

	item.title = title;
	render_post_name(name, &item, 1, 0);
	if (strncmp(name, wanted_start, strlen(wanted_start)) != 0)
		fail_msg("%s is not %s", name, wanted_start);
	assert_true(strlen(name) <= 200);
	assert_null(strchr(name, '/'));
	assert_int_equal(strlen(name), strlen(wanted_start) + 19);
}

static void
names(void **state)
{
	char long_title[1000] = "", cut[200] = "2025-02-23-";
	static const char han[] = "\u957f";

	(void)state;
	assert_name("Good news: 5 > 4!", "2025-02-23-Good-news-5-4-");
	assert_name("a/../../b: c", "2025-02-23-a-b-c-");
	assert_name("../../etc/passwd", "2025-02-23-etc-passwd-");
	assert_name("...", "2025-02-23-");
	assert_name("--rf {{x}} {% y %}", "2025-02-23-rf-x-y-");
	assert_name("a\u202e\u2028b\xff" "c", "2025-02-23-a-b-c-");
	/* Wide letters and digits; what a normalised link would not find. */
	assert_name("\uff2e\uff28\uff2b\uff0f\uff13\u6708",
	    "2025-02-23-NHK-3\u6708-");
	assert_name("\ufb01x\u00b2 \uff76\uff9e", "2025-02-23-x-");
	assert_name("Cafe\u0301s", "2025-02-23-Cafe-s-");
	assert_name("Caf\u00e9 \u304c \u304b\u3099",
	    "2025-02-23-Caf\u00e9-\u304c-\u304b-");
	assert_name("\ud55c\uad6d \u0928\u092e\u0938\u094d\u0924\u0947",
	    "2025-02-23-\ud55c\uad6d-\u0928\u092e\u0938\u094d\u0924\u0947-");
	for (int i = 0; i < 300; i++)
		strcat(long_title, han);
	for (int i = 0; i < 39; i++)
		strcat(cut, han);
	strcat(cut, "-");
	assert_name(long_title, cut);
}

/* Of an entry: the title may change, and the date.  Of a revision: another
 * stamp is another post. */
static void
names_last(void **state)
{
	struct item other = full;
	char a[POST_NAME_SIZE], b[POST_NAME_SIZE];

	(void)state;
	other.title = "edited";
	other.stamp = "1740340847000";
	other.effective_ms += 86400000;
	render_post_name(a, &full, 0, 0);
	render_post_name(b, &other, 0, 0);
	assert_string_equal(a, b);
	other = full;
	other.stamp = "1740340847000";
	render_post_name(a, &full, 1, 0);
	render_post_name(b, &other, 1, 0);
	assert_string_not_equal(a, b);
	other = full;
	other.uuid = bare.uuid;
	render_post_name(b, &other, 1, 0);
	assert_string_not_equal(a, b);
}

static void
self_urls(void **state)
{
	static const struct { const char *url, *self; } rows[] = {
		{ "https://p.example/", "https://p.example/n.atom" },
		{ "https://p.example", "https://p.example/n.atom" },
		{ "https://p.example/tech", "https://p.example/n.atom" },
		{ "https://p.example/a/b?x=/y", "https://p.example/a/n.atom" },
		{ "http://[::1]:80/x/", "http://[::1]:80/x/n.atom" },
	};
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config_outlet o = { .name = "n", .url = rows[i].url };

		buf_reset(&b);
		render_self_url(&b, &o, &render_formats[0]);
		assert_string_equal(buf_str(&b), rows[i].self);
	}
	buf_fini(&b);
}

/* Of two entries and a state each, one goes; its text may quote markup. */
static void
without(void **state)
{
	static const char stone[] = "<at:deleted-entry "
	    "xmlns:at=\"http://purl.org/atompub/tombstones/1.0\" "
	    "ref=\"urn:uuid:11111111-2222-4333-8444-555555555555\" "
	    "when=\"2025-02-23T20:00:46Z\"/>\n";
	struct item quoting = bare;
	struct buf whole = { 0 }, less = { 0 }, wanted = { 0 };

	(void)state;
	quoting.content = "<p></entry>\n<entry><id>urn:uuid:"
	    "11111111-2222-4333-8444-555555555555</id></p>";
	render_atom_begin(&whole, &head);
	render_atom_item(&whole, &head, &full);
	render_atom_item(&whole, &head, &quoting);
	render_atom_item(&whole, &head, &full);
	render_atom_end(&whole);
	assert_int_equal(render_atom_without(&less, whole.data, whole.len,
	    "00000000-2222-4333-8444-555555555555", DATE_NONE), 0);
	assert_int_equal(less.len, 0);
	assert_int_equal(render_atom_without(&less, whole.data, whole.len,
	    full.uuid, DATE_NONE), 2);
	render_atom_begin(&wanted, &head);
	render_atom_item(&wanted, &head, &quoting);
	render_atom_end(&wanted);
	assert_string_equal(less.data, wanted.data);
	buf_reset(&less);
	buf_reset(&wanted);
	assert_int_equal(render_atom_without(&less, whole.data, whole.len,
	    full.uuid, INT64_C(1740340846000)), 2);
	render_atom_begin(&wanted, &head);
	buf_puts(&wanted, stone);
	render_atom_item(&wanted, &head, &quoting);
	render_atom_end(&wanted);
	assert_string_equal(less.data, wanted.data);
	/* A page that was cut off, or is none. */
	buf_reset(&less);
	assert_int_equal(render_atom_without(&less, "<feed><entry>\n<id>",
	    18, full.uuid, DATE_NONE), 0);
	buf_fini(&whole);
	buf_fini(&less);
	buf_fini(&wanted);
}

static void
whose_post(void **state)
{
	static const char odd[] = "http://x.example/a b: c #d";
	struct item item = full;
	struct buf post = { 0 };

	(void)state;
	render_post(&post, &item, 0);
	assert_true(render_post_is_of(post.data, full.uuid, full.url,
	    NULL));
	assert_false(render_post_is_of(post.data, full.uuid, NULL, NULL));
	assert_false(render_post_is_of(post.data, full.uuid,
	    "https://cn.nikkei.com/columnviewpoint/58092-2025.html?a=1",
	    NULL));
	buf_reset(&post);
	item.url = odd;
	render_post(&post, &item, 1);
	assert_true(render_post_is_of(post.data, full.uuid, odd, NULL));
	buf_reset(&post);
	render_post(&post, &bare, 0);
	assert_true(render_post_is_of(post.data, bare.uuid, bare.url,
	    NULL));
	assert_true(render_post_is_of(post.data, bare.uuid, NULL, NULL));
	assert_false(render_post_is_of(post.data, full.uuid, NULL, NULL));
	/* Two on one page; a post that is older than keys is of any. */
	assert_true(render_post_is_of(post.data, bare.uuid, bare.url, "#v1"));
	buf_reset(&post);
	item.key = "a#v{1}\n";
	item.source_name = "a";
	render_post(&post, &item, 0);
	assert_true(render_post_is_of(post.data, full.uuid, odd, "#v{1}\n"));
	assert_false(render_post_is_of(post.data, full.uuid, odd, "#v{1}"));
	assert_false(render_post_is_of(post.data, full.uuid, odd,
	    "//a.example/"));
	/* Only the front matter says so. */
	assert_true(render_post_is_of("---\nfrom: http://a/\n---\n", "u",
	    "http://a/", NULL));
	assert_false(render_post_is_of("---\nx: y\n---\n\nfrom: http://a/\n",
	    "u", "http://a/", NULL));
	assert_false(render_post_is_of("\nfrom: http://a/\n---\n", "u",
	    "http://a/", NULL));
	buf_fini(&post);
}

/* As the page and as JSON; a publisher's own marks, and what was typed. */
static void
search_formats(void **state)
{
	static const struct search_format *const formats[] = {
		&render_search_html, &render_search_json };
	static const char *const names[] = { "search.html", "search.json" };
	const struct search_hit hit = { .rank = 1.5, .snippet =
	    "a " RENDER_FOUND "<b>" RENDER_FOUND RENDER_FOUND_END
	    RENDER_FOUND_END " \xee\x80\x82 " RENDER_FOUND "end" };
	struct search_view view = {
		.words = "<script>\"a\"&b 中 +%", .outlet = "all",
		.outlet_title = "All & <more>", .page = 2, .shown = 2,
		.has_more = 1, .behind = 3, .by_date = 1,
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buf b = { 0 };

		formats[i]->begin(&b, &view);
		formats[i]->hit(&b, &view, &full, &hit);
		formats[i]->hit(&b, &view, &bare, &hit);
		formats[i]->end(&b, &view);
		if (i == 0)
			assert_null(strstr(b.data, "<script"));
		assert_golden(names[i], &b);
		buf_fini(&b);
	}
}

static void
days(void **state)
{
	struct outlet_head h = head;
	struct day_view view = {
		.day_ms = INT64_C(1740268800000), .page = 2, .shown = 2,
		.has_more = 1, .older_ms = INT64_C(1739923200000),
		.newer_ms = DATE_NONE,
	};
	struct buf b = { 0 };

	(void)state;
	h.name = "all";
	h.formats = OUTLET_HTML;
	render_day_begin(&b, &h, &view);
	render_html_item(&b, &h, &full);
	render_html_item(&b, &h, &bare);
	render_day_end(&b, &h, &view);
	assert_golden("day.html", &b);
	buf_reset(&b);
	/* Nothing is known of what was asked for. */
	h = (struct outlet_head){ .title = "Days" };
	view = (struct day_view){ .day_ms = DATE_NONE, .page = 1,
	    .older_ms = DATE_NONE, .newer_ms = DATE_NONE,
	    .problem = "No <such> day." };
	render_day_begin(&b, &h, &view);
	render_day_end(&b, &h, &view);
	assert_non_null(strstr(b.data, "No &lt;such&gt; day."));
	assert_non_null(strstr(b.data, "<a href=\"./\">"));
	assert_null(strstr(b.data, "value="));
	buf_fini(&b);
}

/* What was found in a title is marked in it, and all else is text. */
static void
search_titles(void **state)
{
	const struct search_hit hit = { .snippet = "", .title =
	    "a <" RENDER_FOUND "b" RENDER_FOUND_END "> c" };
	const struct search_view view = { .words = "b", .page = 1 };
	const struct item item = { .uuid = "u", .title = "a <b> c",
	    .url = "http://a.example/?1&2" };
	struct buf b = { 0 };

	(void)state;
	render_search_html.hit(&b, &view, &item, &hit);
	assert_non_null(strstr(b.data, "<h3><a href=\"http://a.example/?1&amp;2"
	    "\">a &lt;<mark>b</mark>&gt; c</a></h3>"));
	buf_reset(&b);
	render_search_json.hit((buf_putc(&b, '['), &b), &view, &item, &hit);
	assert_non_null(strstr(b.data, "\"a <b> c\""));
	buf_fini(&b);
}

/* The server's own pages: what is not ours in them is text. */
static void
doors(void **state)
{
	static const char *const paths[] = { "/a&b.atom", "/a&b.json", NULL };
	struct buf b = { 0 };

	(void)state;
	render_index_begin(&b);
	render_index_outlet(&b, "<b>all</b>", paths);
	render_index_end(&b);
	assert_non_null(strstr(b.data, "<li>&lt;b&gt;all&lt;/b&gt; "
	    "<a href=\"/a&amp;b.atom\">a&amp;b.atom</a> "
	    "<a href=\"/a&amp;b.json\">a&amp;b.json</a></li>\n"));
	buf_reset(&b);
	render_not_found(&b);
	assert_non_null(strstr(b.data, "<h1>Not found</h1>"));
	assert_non_null(strstr(b.data, "<a href=\"/\">"));
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(atom_full),
		cmocka_unit_test(atom_page),
		cmocka_unit_test(atom_modes),
		cmocka_unit_test(media_types),
		cmocka_unit_test(atom_empty),
		cmocka_unit_test(all_formats),
		cmocka_unit_test(posts),
		cmocka_unit_test(export_lines),
		cmocka_unit_test(names),
		cmocka_unit_test(names_last),
		cmocka_unit_test(self_urls),
		cmocka_unit_test(without),
		cmocka_unit_test(whose_post),
		cmocka_unit_test(search_formats),
		cmocka_unit_test(days),
		cmocka_unit_test(search_titles),
		cmocka_unit_test(doors),
	};

	return UNIT_RUN(tests);
}
