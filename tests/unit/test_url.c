/* test_url.c - url.h: resolving, keys, and URLs shown. */
#include "unit.h"

#include <stdio.h>

#include <jansson.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"

static const char series[] = "../shared/series/";

struct row {
	const char	*in, *out;	/* out NULL: no usable URL */
};

static void
assert_string(const char *in, char *got, const char *want)
{
	if (want == NULL ? got != NULL : got == NULL || strcmp(got, want))
		fail_msg("\"%s\" gives \"%s\", not \"%s\"", in,
		    got != NULL ? got : "NULL", want != NULL ? want : "NULL");
	free(got);
}

/* And what came out comes out again. */
static void
assert_resolves(const char *base, const char *ref, const char *want)
{
	assert_string(ref, url_resolve(base, ref), want);
	if (want != NULL)
		assert_string(want, url_resolve(NULL, want), want);
}

/* ------------------------------------------------------------ resolving */

/* RFC 3986 sections 5.4.1 and 5.4.2, all of them. */
static void
test_rfc3986(void **state)
{
	static const struct row rows[] = {
		{ "g:h", "g:h" },
		{ "g", "http://a/b/c/g" },
		{ "./g", "http://a/b/c/g" },
		{ "g/", "http://a/b/c/g/" },
		{ "/g", "http://a/g" },
		{ "//g", "http://g" },
		{ "?y", "http://a/b/c/d;p?y" },
		{ "g?y", "http://a/b/c/g?y" },
		{ "#s", "http://a/b/c/d;p?q#s" },
		{ "g#s", "http://a/b/c/g#s" },
		{ "g?y#s", "http://a/b/c/g?y#s" },
		{ ";x", "http://a/b/c/;x" },
		{ "g;x", "http://a/b/c/g;x" },
		{ "g;x?y#s", "http://a/b/c/g;x?y#s" },
		{ "", "http://a/b/c/d;p?q" },
		{ ".", "http://a/b/c/" },
		{ "./", "http://a/b/c/" },
		{ "..", "http://a/b/" },
		{ "../", "http://a/b/" },
		{ "../g", "http://a/b/g" },
		{ "../..", "http://a/" },
		{ "../../", "http://a/" },
		{ "../../g", "http://a/g" },
		{ "../../../g", "http://a/g" },
		{ "../../../../g", "http://a/g" },
		{ "/./g", "http://a/g" },
		{ "/../g", "http://a/g" },
		{ "g.", "http://a/b/c/g." },
		{ ".g", "http://a/b/c/.g" },
		{ "g..", "http://a/b/c/g.." },
		{ "..g", "http://a/b/c/..g" },
		{ "./../g", "http://a/b/g" },
		{ "./g/.", "http://a/b/c/g/" },
		{ "g/./h", "http://a/b/c/g/h" },
		{ "g/../h", "http://a/b/c/h" },
		{ "g;x=1/./y", "http://a/b/c/g;x=1/y" },
		{ "g;x=1/../y", "http://a/b/c/y" },
		{ "g?y/./x", "http://a/b/c/g?y/./x" },
		{ "g?y/../x", "http://a/b/c/g?y/../x" },
		{ "g#s/./x", "http://a/b/c/g#s/./x" },
		{ "g#s/../x", "http://a/b/c/g#s/../x" },
		/* "http:g" for strict parsers; browsers are not. */
		{ "http:g", "http://a/b/c/g" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_resolves("http://a/b/c/d;p?q", rows[i].in, rows[i].out);
}

/* What is absolute already comes out as it went in. */
static void
test_absolute_stays(void **state)
{
	static const char *const urls[] = {
		"http://example.org", "https://example.org/",
		"https://example.org?q", "https://example.org/a/../b/./c",
		"https://example.org/a%2fb%zz?x=%e9&y=[1]|2^{3}`#f#g",
		"http://user:pass@example.org:80/", "http://[2001:db8::1]:8/x",
		"http://1.2.3.4/", "http://example.org./",
		"ftp://example.org/x", "file:///etc/motd",
		"mailto:a@example.org?subject=x y", "data:,a b",
		"urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
		"tag:example.org,2005:\xE4\xB8\xAD", "javascript:alert(1)",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		assert_resolves(NULL, urls[i], urls[i]);
		assert_resolves("https://b.example/x/y?z", urls[i], urls[i]);
	}
}

static void
test_forgiveness(void **state)
{
	static const struct row rows[] = {
		{ " \n\t/a \r\n", "https://h/a" },
		{ "\xC2\xA0/a\xE3\x80\x80", "https://h/a" },
		{ "/a\n\t b\r\n/c", "https://h/a%20b/c" },
		{ "/\xE4\xB8\xAD?\xE6\x96\x87#\xC3\xA9",
		    "https://h/%E4%B8%AD?%E6%96%87#%C3%A9" },
		{ "/\xFF", "https://h/%FF" },
		{ "/a\"b<c>d\x01", "https://h/a%22b%3Cc%3Ed" },
		{ "HTTPS://EXAMPLE.Org/Path", "https://example.org/Path" },
		{ "\\a\\b?c\\d", "https://h/a/b?c\\d" },
		{ "http:\\\\example.org\\a", "http://example.org/a" },
		{ "https:a", "https://h/x/a" },
		{ "http:a", NULL }, { "http:", NULL }, { "http://", NULL },
		{ "http:///a", NULL }, { "//", NULL }, { "http://@/", NULL },
		{ "http://a b/", NULL }, { "http://a<b/", NULL },
		{ "http://h:99999/", NULL }, { "http://h:8x/", NULL },
		{ "http://h:/", "http://h/" },
		{ "http://u\xC3\xA9:p@h/", "http://u%C3%A9:p@h/" },
		{ "http://\xFF/", NULL },
		{ "urn:a\x01" "b", "urn:a%01b" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_resolves("https://h/x/y", rows[i].in, rows[i].out);
}

static void
test_bases(void **state)
{
	static const struct {
		const char	*base, *ref, *url;
	} rows[] = {
		{ NULL, "/a", NULL }, { "", "a", NULL }, { NULL, "", NULL },
		{ "not a url", "/a", NULL },
		{ "not a url", "http://h/", "http://h/" },
		{ "http://h", "a", "http://h/a" },
		{ "http://h", "", "http://h" },
		{ "http://h?q", "a", "http://h/a" },
		{ "http://h/#old", "#new", "http://h/#new" },
		{ "http://h/a b/c", "d", "http://h/a%20b/d" },
		{ " HTTP://U@H:8080/x ", "//I/y", "http://i/y" },
		{ "http://U@H:8080/x", "y", "http://U@h:8080/y" },
		{ "http://bad host/", "a", NULL },
		{ "http:broken", "#a", NULL },
		{ "file:///a/b", "c", "file:///a/c" },
		{ "mailto:a@b", "c", NULL },
		{ "tag:x,1:y#z", "#w", "tag:x,1:y#w" },
		{ "tag:x,1:y", "", "tag:x,1:y" },
		{ "tag:x,1:y", "http://h", "http://h" },
		{ "tag:x,1:y #z", "", "tag:x,1:y" },
		{ NULL, "tag:x\xE3\x80\x80\x01", "tag:x" },
		{ "http://h/a/b/../c/d", "e", "http://h/a/c/e" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_resolves(rows[i].base, rows[i].ref, rows[i].url);
}

static void
test_idn(void **state)
{
	(void)state;
	assert_resolves(NULL, "https://\xE4\xBE\x8B\xE3\x81\x88.jp/",
	    "https://xn--r8jz45g.jp/");
	assert_resolves(NULL, "https://B\xC3\x9C" "CHER.example:8080",
	    "https://xn--bcher-kva.example:8080");
}

static void
test_length_is_bounded(void **state)
{
	char url[URL_MAX_BYTES + 2];

	(void)state;
	memset(url, 'a', sizeof(url));
	memcpy(url, "http://h/", 9);
	url[URL_MAX_BYTES] = '\0';
	assert_resolves(NULL, url, url);
	url[100] = ' ';		/* two bytes longer when escaped */
	assert_resolves(NULL, url, NULL);
	url[100] = url[URL_MAX_BYTES] = 'a';
	url[URL_MAX_BYTES + 1] = '\0';
	assert_resolves(NULL, url, NULL);
	memcpy(url, "data:,abc", 9);
	assert_resolves(NULL, url, url);
}

/* ----------------------------------------------------------------- keys */

static void
assert_key(const char *url, const char *key)
{
	assert_string(url, url_canonical(url), key);
	if (key != NULL)
		assert_string(key, url_canonical(key), key);
}

static void
test_canonical(void **state)
{
	static const struct row rows[] = {
		{ "http://example.org", "//example.org" },
		{ "https://Example.ORG:443/", "//example.org" },
		{ "http://example.org.:80//", "//example.org" },
		{ "https://example.org:80/", "//example.org:80" },
		{ "https://u:p@x@example.org/", "//example.org" },
		{ "FTP://H/x", "ftp://h/x" },
		{ " http://h/a \n b ", "//h/a%20b" },
		{ "http://h/%7Ea%2fB%e9%zz%", "//h/~a%2FB%E9%25zz%25" },
		{ "http://h/a//b/./c/../d/%2e%2E/", "//h/a/b" },
		{ "http://h/../../a/..", "//h" },
		{ "http://h/\xE4\xB8\xAD", "//h/%E4%B8%AD" },
		{ "http://h/\"<>\\^`{|}", "//h/%22%3C%3E%5C%5E%60%7B%7C%7D" },
		{ "http://h/?", "//h" },
		{ "http://h/?&b=2&&a=1&", "//h?b=2&a=1" },
		{ "http://h/a?b?c/", "//h/a?b?c/" },
		{ "http://h/?utm_source=x&a=1&UTM_Medium=y", "//h?a=1" },
		{ "http://h/?utm_&utm_a-b=1&xutm_a=1",
		    "//h?utm_&utm_a-b=1&xutm_a=1" },
		{ "http://h/?fbclid=1&gclid=2&yclid&msclkid&mc_cid&mc_eid"
		    "&igshid&spm=a&_ga&cmpid&at_medium&at_campaign&at_custom"
		    "&at_custom4", "//h" },
		{ "http://h/?at_custom44&spms&s", "//h?at_custom44&spms&s" },
		{ "http://h/?source=rss", "//h" },
		{ "http://h/?source=rss-1--2", "//h" },
		{ "http://h/?source=rssx&Source=rss&source=", "//h?source="
		    "rssx&Source=rss&source=" },
		{ "http://www.nikkei.com/a?print=1", "//www.nikkei.com/a" },
		{ "http://nikkei.com:81/a?print=1", "//nikkei.com:81/a" },
		{ "http://xnikkei.com/a?print=1", "//xnikkei.com/a?print=1" },
		{ "http://udn.com/?from=a&print=1", "//udn.com?print=1" },
		{ "http://dw.com/?maca=a&from=b", "//dw.com?from=b" },
		{ "http://a.zaobao.com.sg/?ref=a", "//a.zaobao.com.sg" },
		{ "http://zaobao.com/?ref=a", "//zaobao.com" },
		{ "http://ft.com/?full", "//ft.com" },
		{ "http://h/?utm%5Fsource=x&a", "//h?a" },
		{ "http://h/a#b", "//h/a" },
		{ "http://h/a#!b c", "//h/a#!b%20c" },
		{ "http://h/a#/b#c", "//h/a#/b%23c" },
		{ "http://[::1]:80/", "//[::1]" },
		{ "//H/a", "//h/a" },
		{ "", NULL }, { " ", NULL }, { "h/a", NULL },
		{ "mailto:a@b", NULL }, { "http:/h/", NULL },
		{ "http:///a", NULL }, { "http://./", NULL },
		{ "http://\xFF/", NULL }, { "http://h:\xFF/", NULL },
		{ "1http://h/", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_key(rows[i].in, rows[i].out);
}

/* Every URL that the series' sources brought has the series' key. */
static void
test_series_keys(void **state)
{
	char path[256], *line = NULL;
	size_t room = 0;
	unsigned n = 0;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%ssightings.tsv", series);
	f = fopen(path, "r");
	if (f == NULL)
		skip();
	while (getline(&line, &room, f) != -1) {
		char *rest = line, *columns[5] = { 0 };

		for (size_t i = 0; i < ARRAY_LEN(columns); i++)
			columns[i] = strsep(&rest, "\t");
		if (columns[4] == NULL || strcmp(columns[0], "step") == 0)
			continue;
		assert_key(columns[3], columns[4]);
		n++;
	}
	free(line);
	fclose(f);
	assert_true(n > 1000);
}

static void
test_series_items(void **state)
{
	char path[256], *line = NULL;
	size_t room = 0;

	(void)state;
	for (int p = 1; p <= 3; p++) {
		FILE *f;
		unsigned n = 0;

		snprintf(path, sizeof(path), "%sexpected_items.P%d.jsonl",
		    series, p);
		f = fopen(path, "r");
		if (f == NULL)
			skip();
		for (; getline(&line, &room, f) != -1; n++) {
			json_t *o = json_loads(line, 0, NULL);

			assert_key(json_string_value(json_object_get(o,
			    "url")), json_string_value(json_object_get(o,
			    "key")));
			json_decref(o);
		}
		fclose(f);
		assert_true(n > 100);
	}
	free(line);
}

/* ---------------------------------------------------------------- shown */

static void
test_parts(void **state)
{
	(void)state;
	assert_true(url_is_http("HTTPS://x") && url_is_http(" http://x"));
	assert_false(url_is_http("ftp://x") || url_is_http("http:x") ||
	    url_is_http("/x") || url_is_http("httpx://x"));
	assert_string("host", url_host("http://U:P@Ex.ORG:80/x"), "ex.org");
	assert_string("host", url_host("http://[::1]:80/"), "[::1]");
	assert_string("host", url_host("//h"), "h");
	assert_string("host", url_host("mailto:a@b"), NULL);
	assert_string("host", url_host("http://:80/"), NULL);
	assert_string("origin", url_origin("http://U@EX.org/x"),
	    "http://ex.org:80");
	assert_string("origin", url_origin("HTTPS://ex.org?x"),
	    "https://ex.org:443");
	assert_string("origin", url_origin("https://ex.org:8443/"),
	    "https://ex.org:8443");
	assert_string("origin", url_origin("/x"), NULL);
}

static void
test_redact(void **state)
{
	static const struct row rows[] = {
		{ "https://u:p@h:8/a?b=c#d", "https://h:8/a?b=c#d" },
		{ "https://h/?token=abc&x=1", "https://h/?token=...&x=1" },
		{ "https://h/?x=1;API_KEY=a", "https://h/?x=1;API_KEY=..." },
		{ "https://h/?apikey=a&access_token=b&sig=c",
		    "https://h/?apikey=...&access_token=...&sig=..." },
		{ "https://h/?user[password]=a=b", "https://h/?user[password]"
		    "=..." },
		{ "https://h/?key=a&keyword=b&author=c&auth=d",
		    "https://h/?key=...&keyword=b&author=c&auth=..." },
		{ "https://h/#access_token=a", "https://h/#access_token=..." },
		{ "https://h/?token", "https://h/?token" },
		{ "https://h/?=x&&", "https://h/?=x&&" },
		{ "mailto:x", "mailto:x" }, { "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string(rows[i].in, url_redact(rows[i].in),
		    rows[i].out);
}

static void
test_escapes(void **state)
{
	static const char raw[] = "aZ09-._~ /?\xc3\xa9%41\0\x7f";
	static const struct { const char *s; int byte; } rows[] = {
		{ "%41", 0x41 }, { "%aF", 0xaf }, { "%00z", 0 }, { "%", -1 },
		{ "%4", -1 }, { "%4g", -1 }, { "%g4", -1 }, { "41%", -1 },
		{ "", -1 }, { "%+4", -1 }, { "% 4", -1 },
	};
	struct buf b = { 0 };

	(void)state;
	url_put_escaped(&b, raw, sizeof(raw) - 1, url_is_unreserved);
	assert_string_equal(buf_str(&b),
	    "aZ09-._~%20%2F%3F%C3%A9%2541%00%7F");
	for (size_t i = 0; i + 2 < b.len; i++) {
		if (b.data[i] == '%')
			assert_int_equal(url_escaped_byte(b.data + i, 2), -1);
	}
	buf_fini(&b);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(url_escaped_byte(rows[i].s,
		    strlen(rows[i].s)), rows[i].byte);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc3986),
		cmocka_unit_test(test_absolute_stays),
		cmocka_unit_test(test_forgiveness),
		cmocka_unit_test(test_bases),
		cmocka_unit_test(test_idn),
		cmocka_unit_test(test_length_is_bounded),
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_series_keys),
		cmocka_unit_test(test_series_items),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_redact),
		cmocka_unit_test(test_escapes),
	};

	url_init();
	return UNIT_RUN(tests);
}
