/*
 * test_identify.c - identify.h: stamps, keys, aliases and digests, and the
 * keys of the real series against its truth.
 */
#include "unit.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include <jansson.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "feedmill/identify.h"
#include "feedmill/normalise.h"
#include "feedmill/parse.h"

static const char series[] = "../shared/series";

/* ------------------------------------------------------------------ stamp */

static void
test_stamp(void **state)
{
	static const struct {
		const char	*body;
		int64_t		 ms;
		size_t		 len;
	} rows[] = {
		{ "<!--1740340846000-->text", 1740340846000, 20 },
		{ "\n <!--1740340846123-->", 1740340846123, 22 },
		{ "<!-- 5 -->", 5, 10 },
		{ "<!---86400000-->x", -86400000, 16 },
		{ "<!--0-->", 0, 8 },
		{ "<!--NaN-->x", DATE_NONE, 10 },
		{ "<!-- comment -->x", DATE_NONE, 0 },
		{ "<!--12x-->", DATE_NONE, 0 },
		{ "<!---->", DATE_NONE, 0 },
		{ "<!--->", DATE_NONE, 0 },
		{ "<!--12", DATE_NONE, 0 },
		{ "<!--12345678901234567890-->", DATE_NONE, 0 },
		{ "x<!--12-->", DATE_NONE, 0 },
		{ "", DATE_NONE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = 99;
		int64_t ms = identify_stamp(rows[i].body, &len);

		if (ms != rows[i].ms || len != rows[i].len)
			fail_msg("\"%s\": %lld, %zu bytes", rows[i].body,
			    (long long)ms, len);
	}
}

/* -------------------------------------------------------------- documents */

static struct entry *
add(struct feed *f, const char *link, const char *id, const char *title)
{
	struct entry *e = feed_add_entry(f);

	e->link = link;
	e->id = id;
	e->title.value = title;
	return e;
}

static void
identify(struct feed *f)
{
	const struct identify_rules rules = { .scope = "src" };

	identify_feed(f, &rules);
}

static void
assert_key(const struct entry *e, const char *key, int scoped,
    const char *alias)
{
	assert_string_equal(e->identity.key, key);
	assert_int_equal(e->identity.scoped, scoped);
	if (alias == NULL)
		assert_null(e->identity.alias);
	else
		assert_string_equal(e->identity.alias, alias);
}

static void
test_keys(void **state)
{
	struct feed *f = feed_new();
	struct entry *url = add(f, "https://h.example/a/?utm_source=x", "g1",
	    "t");
	struct entry *same = add(f, "http://h.example/b",
	    "https://h.example/b/?utm_source=rss", "t");
	struct entry *guid = add(f, NULL, " g2\n", "t");
	struct entry *title = add(f, NULL, NULL, " Title ");
	struct entry *body = add(f, NULL, " ", NULL);
	struct entry *relative = add(f, "/not/absolute", "g3", "t");
	struct entry *tag = add(f, "tag:h.example,2020:1", "g4", "t");
	struct entry *other = add(f, "gemini://h.example/x", NULL, "t");

	(void)state;
	body->body = "text";
	identify(f);
	assert_key(url, "//h.example/a", 0, "g1");
	/* Another spelling of the link says nothing that it does not. */
	assert_key(same, "//h.example/b", 0, NULL);
	assert_key(guid, "src#g2", 1, "g2");
	assert_int_equal(strncmp(title->identity.key, "src#title:", 10), 0);
	assert_int_equal(strlen(title->identity.key), 10 + 32);
	assert_int_equal(strncmp(body->identity.key, "src#body:", 9), 0);
	assert_key(relative, "src#g3", 1, "g3");
	assert_key(tag, "src#g4", 1, "g4");
	assert_key(other, "gemini://h.example/x", 0, NULL);
	feed_free(f);
}

static void
test_nothing_at_all(void **state)
{
	struct feed *f = feed_new();
	struct entry *e = add(f, NULL, NULL, NULL);

	(void)state;
	identify(f);
	assert_true(e->identity.key[0] != '\0');
	assert_string_equal(e->identity.stamp, "NaN");
	assert_true(e->identity.timestamp_ms == DATE_NONE);
	feed_free(f);
	f = feed_new();
	identify(f);
	feed_free(f);
}

static void
test_own(void **state)
{
	const struct identify_rules rules = { .scope = "src", .own = 1 };
	struct feed *f = feed_new();
	struct entry *a = add(f, "http://h.example/a", "g", "t");
	struct entry *b = add(f, NULL, "h", "t");

	(void)state;
	identify_feed(f, &rules);
	assert_key(a, "src#//h.example/a", 1, "g");
	assert_key(b, "src#h", 1, "h");
	feed_free(f);
}

/* A status page: one URL, one guid for each incident. */
static void
test_one_page_many_entries(void **state)
{
	struct feed *f = feed_new();
	struct entry *a = add(f, "http://h.example/s", "1", "t");
	struct entry *b = add(f, "https://h.example/s/", "2", "t");
	struct entry *c = add(f, "http://h.example/s", NULL, "t");
	struct entry *d = add(f, "http://h.example/s", "http://h.example/s/",
	    "t");
	struct entry *e = add(f, "http://h.example/else", "3", "t");

	(void)state;
	identify(f);
	assert_key(a, "src#1", 1, "1");
	assert_key(b, "src#2", 1, "2");
	assert_key(c, "//h.example/s", 0, NULL);
	assert_key(d, "//h.example/s", 0, NULL);
	assert_key(e, "//h.example/else", 0, "3");
	feed_free(f);
}

/* The same item listed twice is one, and its guid is no alias then. */
static void
test_same_entry_twice(void **state)
{
	struct feed *f = feed_new();
	struct entry *a = add(f, "http://h.example/s", "1", "t");
	struct entry *b = add(f, "http://h.example/s", "1", "t");
	struct entry *c = add(f, "http://h.example/u", "2", "t");
	struct entry *d = add(f, "http://h.example/v", "2", "t");

	(void)state;
	identify(f);
	assert_key(a, "//h.example/s", 0, NULL);
	assert_key(b, "//h.example/s", 0, NULL);
	assert_key(c, "//h.example/u", 0, NULL);
	assert_key(d, "//h.example/v", 0, NULL);
	feed_free(f);
}

/* ------------------------------------------------- timestamps and digests */

static void
test_timestamp(void **state)
{
	struct feed *f = feed_new();
	struct entry *stamped = add(f, "http://h.example/1", NULL, "t");
	struct entry *dated = add(f, "http://h.example/2", NULL, "t");
	struct entry *nan = add(f, "http://h.example/3", NULL, "t");
	struct entry *early = add(f, "http://h.example/4", NULL, "t");

	(void)state;
	stamped->body = "<!--1740340846000-->b";
	dated->body = "b <!--5-->";
	nan->body = "<!--NaN-->b";
	early->body = "<!---1000-->b";
	stamped->dated_ms = dated->dated_ms = nan->dated_ms = 1700000000000;
	identify(f);
	assert_true(stamped->identity.timestamp_ms == 1740340846000);
	assert_string_equal(stamped->identity.stamp, "1740340846000");
	assert_true(dated->identity.timestamp_ms == 1700000000000);
	assert_string_equal(dated->identity.stamp, "1700000000000");
	/* A missing date that was read back stays missing. */
	assert_true(nan->identity.timestamp_ms == DATE_NONE);
	assert_string_equal(nan->identity.stamp, "NaN");
	assert_true(early->identity.timestamp_ms == -1000);
	assert_string_equal(early->identity.stamp, "-1000");
	feed_free(f);
}

static struct digest
digest_of(const char *title, const char *body)
{
	struct feed *f = feed_new();
	struct entry *e = add(f, "http://h.example/", NULL, title);
	struct digest d;

	e->body = body;
	identify(f);
	d = e->identity.digest;
	feed_free(f);
	return d;
}

static void
test_digest(void **state)
{
	struct digest d = digest_of("t", "body");

	(void)state;
	assert_true(digest_equal(d, digest_of(" t\n", "\tbody\xc2\xa0")));
	assert_true(digest_equal(d, digest_of("t", "<!--123-->body")));
	assert_true(digest_equal(d, digest_of("t", " <!--NaN-->\n body")));
	assert_false(digest_equal(d, digest_of("t", "<!--x-->body")));
	assert_false(digest_equal(d, digest_of("tb", "ody")));
	assert_false(digest_equal(d, digest_of("u", "body")));
	assert_true(digest_equal(digest_of(NULL, NULL), digest_of("", " ")));
}

/* --------------------------------------------------------- the real series */

struct seen {
	char	*key;
	int64_t	 newest_ms;
};

static int
by_key(const void *a, const void *b)
{
	return strcmp(((const struct seen *)a)->key,
	    ((const struct seen *)b)->key);
}

struct table {
	struct seen	*rows;
	size_t		 count, cap;
};

static void
see(struct table *t, const char *key, int64_t ms)
{
	for (size_t i = 0; i < t->count; i++) {
		if (strcmp(t->rows[i].key, key) == 0) {
			if (t->rows[i].newest_ms < ms)
				t->rows[i].newest_ms = ms;
			return;
		}
	}
	if (t->count == t->cap) {
		t->cap = t->cap > 0 ? 2 * t->cap : 256;
		t->rows = xrealloc(t->rows, t->cap * sizeof(*t->rows));
	}
	t->rows[t->count++] = (struct seen){ xstrdup(key), ms };
}

static void
see_document(struct table *t, const char *path)
{
	const struct parse_context context = { .url = "http://127.0.0.1/x" };
	struct buf bytes = { 0 };
	struct err err;
	struct feed *f;

	assert_int_equal(file_read(path, 64 << 20, &bytes, &err), 0);
	/* Truncated ones and error pages are not in the truth. */
	if (parse_feed(buf_str(&bytes), bytes.len, &context, &f) ==
	    OUTCOME_OK) {
		normalise_feed(f);
		identify(f);
		for (struct entry *e = f->entries; e != NULL; e = e->next)
			see(t, e->identity.key, e->identity.timestamp_ms);
	}
	feed_free(f);
	buf_fini(&bytes);
}

static int
is_document(const struct dirent *d)
{
	return strstr(d->d_name, ".xml") != NULL;
}

static void
see_step(struct table *t, const char *folder)
{
	struct dirent **names;
	int n = scandir(folder, &names, is_document, alphasort);

	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		char *path;

		assert_true(asprintf(&path, "%s/%s", folder,
		    names[i]->d_name) > 0);
		see_document(t, path);
		free(path);
		free(names[i]);
	}
	free(names);
}

static void
read_truth(struct table *t, const char *path)
{
	FILE *f = fopen(path, "r");
	json_t *item;

	assert_non_null(f);
	while ((item = json_loadf(f, JSON_DISABLE_EOF_CHECK, NULL)) != NULL) {
		json_t *ts = json_object_get(item, "ts");

		see(t, json_string_value(json_object_get(item, "key")),
		    json_is_integer(ts) ? json_integer_value(ts) : DATE_NONE);
		json_decref(item);
	}
	fclose(f);
}

static void
table_fini(struct table *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->rows[i].key);
	free(t->rows);
}

static void
test_series(void **state)
{
	struct table got = { 0 }, want = { 0 };
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/expected_items.P1.jsonl", series);
	if (access(path, R_OK) == -1) {
		print_message("%s is absent\n", path);
		skip();
	}
	read_truth(&want, path);
	for (int step = 0; step < 10; step++) {
		snprintf(path, sizeof(path), "%s/step-%02d", series, step);
		see_step(&got, path);
	}
	qsort(got.rows, got.count, sizeof(*got.rows), by_key);
	qsort(want.rows, want.count, sizeof(*want.rows), by_key);
	for (size_t i = 0; i < got.count && i < want.count; i++) {
		assert_string_equal(got.rows[i].key, want.rows[i].key);
		if (date_seconds(got.rows[i].newest_ms) !=
		    date_seconds(want.rows[i].newest_ms))
			fail_msg("%s: %lld, not %lld", got.rows[i].key,
			    (long long)got.rows[i].newest_ms,
			    (long long)want.rows[i].newest_ms);
	}
	assert_int_equal(got.count, want.count);
	assert_true(want.count > 500);
	table_fini(&got);
	table_fini(&want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stamp),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_nothing_at_all),
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_one_page_many_entries),
		cmocka_unit_test(test_same_entry_twice),
		cmocka_unit_test(test_timestamp),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_series),
	};

	url_init();
	return UNIT_RUN(tests);
}
