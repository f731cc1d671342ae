/* Which parts of a document are new since which of its states, the notes and
 * tags that know it; and what a subscriber is given of it. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/config.h"
#include "feedmill/delta.h"
#include "../../src/serve/delta.h"
#include "../../src/serve/file.h"
#include "unit.h"

/* --------------------------------------------------------------- the pure */

/* "1a 2b": entry 1 with announcement and bytes of "a"... */
static void
make(struct delta *d, const char *parts)
{
	*d = (struct delta){ .digest = hash_128(parts, strlen(parts)) };
	for (; *parts != '\0'; parts += 2 + (parts[2] == ' ')) {
		int64_t seq = parts[1] >= 'a' ? parts[1] - 'a' + 1 :
		    parts[1] - 'A' + 1;

		delta_add(d, parts[0] - '0', seq, 2, delta_hash(parts, 2));
	}
}

/* Entries since a state, as "12", and whether that is all. */
static void
assert_since(const struct delta *d, int64_t state_ms, const char *wanted,
    int whole)
{
	char found[16] = "";
	size_t n = 0;

	for (size_t i = 0; i < d->count; i++) {
		if (d->parts[i].since_ms > state_ms)
			found[n++] = (char)('0' + d->parts[i].entry_id);
	}
	assert_string_equal(found, wanted);
	assert_int_equal(state_ms >= d->whole_ms, whole);
}

static void
follow(struct delta *d, const char *parts, int64_t now_ms)
{
	struct delta now;

	make(&now, parts);
	delta_follow(&now, d, now_ms, 7);
	delta_fini(d);
	*d = now;
}

static void
follows(void **state)
{
	struct delta d = { 0 };

	(void)state;
	follow(&d, "1a 2b", 100);
	assert_since(&d, 99, "12", 1);
	assert_since(&d, 100, "", 1);
	follow(&d, "3c 1a 2b", 200);
	assert_since(&d, 100, "3", 1);
	/* 2 has changed without an announcement, 1 was updated. */
	follow(&d, "1d 3c 2B", 300);
	assert_since(&d, 200, "12", 1);
	assert_since(&d, 100, "132", 1);
	/* 3 came with 200 and is gone: known to those of then. */
	follow(&d, "4e 1d 2B", 400);
	assert_since(&d, 300, "4", 1);
	assert_since(&d, 200, "412", 1);
	assert_since(&d, 199, "412", 0);
	/* Nothing of it is left: others may have been in between. */
	follow(&d, "5f 6g", 500);
	assert_since(&d, 400, "56", 0);
	assert_since(&d, 500, "", 1);
	delta_fini(&d);
}

/* Two states are never one, and one is never two. */
static void
moments(void **state)
{
	struct delta d = { 0 };

	(void)state;
	follow(&d, "1a", 100);
	d.seq = 3;
	follow(&d, "1a", 900);
	assert_int_equal(d.state_ms, 100);
	assert_int_equal(d.seq, 3);
	follow(&d, "2b 1a", 50);
	assert_int_equal(d.state_ms, 101);
	assert_since(&d, 100, "2", 1);
	delta_fini(&d);
}

static void
notes(void **state)
{
	struct delta d = { 0 }, again;
	struct buf b = { 0 }, c = { 0 };

	(void)state;
	for (int i = 0; i < 300; i++)
		delta_add(&d, i, 1000 - i, 5, delta_hash("bytes", 5));
	d.head = 77;
	d.state_ms = INT64_C(1740340846000);
	d.seq = 1000;
	d.page = 3;
	d.whole_ms = 5;
	d.secret = UINT64_MAX;
	d.digest = hash_128("x", 1);
	delta_write(&b, &d);
	assert_int_equal(delta_read(&again, buf_str(&b)), 0);
	delta_write(&c, &again);
	assert_string_equal(buf_str(&b), buf_str(&c));
	assert_int_equal(delta_fits(&again, 77 + 1500), 1);
	assert_int_equal(delta_fits(&again, 77 + 1499), 0);
	assert_int_equal(delta_fits(&again, 76), 0);
	delta_fini(&again);
	/* Cut anywhere it is none: never part of one. */
	for (size_t len = 0; len < b.len; len += 1 + len / 9) {
		char *cut = strndup(b.data, len);

		if (delta_read(&again, cut) == 0)
			fail_msg("read when cut at %zu", len);
		assert_null(again.parts);
		free(cut);
	}
	assert_int_equal(delta_read(&again, "feedmill-delta: 1\n"
	    "1 2 3 4 5 6 7 8 99999999999999999999\n"), -1);
	assert_int_equal(delta_read(&again, "feedmill-delta: 1\n"
	    "1 2 3 4 5 6 7 8 1\n1 2 -1 4 5\n"), -1);
	delta_fini(&d);
	buf_fini(&b);
	buf_fini(&c);
}

static void
tags(void **state)
{
	struct delta d = { 0 };
	struct delta_base base;
	char tag[DELTA_TAG_SIZE], other[DELTA_TAG_SIZE];
	size_t len;

	(void)state;
	follow(&d, "1a", INT64_C(1740340846000));
	d.seq = 255;
	delta_tag(&d, tag);
	len = strlen(tag);
	assert_int_equal(delta_is_base(&d, tag, len, &base), 0);
	follow(&d, "2b 1a", INT64_C(1740340847000));
	assert_int_equal(delta_is_base(&d, tag, len, &base), 1);
	assert_int_equal(base.state_ms, INT64_C(1740340846000));
	assert_int_equal(base.seq, 255);
	/* Every character of it counts. */
	for (size_t i = 0; i < len; i++) {
		strcpy(other, tag);
		other[i] = other[i] == '0' ? '1' : '0';
		assert_int_equal(delta_is_base(&d, other, len, &base), 0);
		assert_int_equal(delta_is_base(&d, tag, i, &base), 0);
	}
	strcpy(other, tag);
	strcpy(other + len, "0");
	assert_int_equal(delta_is_base(&d, other, len + 1, &base), 0);
	/* That of other notes is nobody's. */
	d.secret++;
	assert_int_equal(delta_is_base(&d, tag, len, &base), 0);
	/* The longest there can be. */
	d.state_ms = d.seq = INT64_MAX;
	delta_tag(&d, tag);
	assert_true(strlen(tag) < DELTA_TAG_SIZE - 1);
	delta_fini(&d);
}

/* ----------------------------------------------------- documents and pages */

static char folder[64];
static struct config_outlet outlet = {
	.name = "all", .title = "All", .url = "http://x.example/",
	.directory = "www", .formats = OUTLET_ATOM,
};
static struct config config = { .outlets = &outlet, .outlets_count = 1 };
static struct documents documents;

static void
put(const char *name, const char *text)
{
	char path[128];
	struct err err = { 0 };
	int fd;

	snprintf(path, sizeof(path), "%s/www", folder);
	fd = file_open_dir(path, &err);
	assert_int_equal(file_replace(fd, name, text, strlen(text), &err), 0);
	close(fd);
}

#define ENTRY(id) "<entry>\n<id>urn:uuid:" id "</id>\n</entry>\n"

/* All of the document and its notes: 5 since 500, 4 since 400... */
static void
put_document(int64_t whole_ms, int64_t page)
{
	static const char head[] = "<feed>\n", tail[] = "</feed>\n";
	static const char *const entries[] = { ENTRY("5"), ENTRY("4") };
	struct delta d = { .secret = 9, .state_ms = 500, .seq = 50,
	    .whole_ms = whole_ms, .page = page };
	struct buf b = { 0 }, c = { 0 };

	buf_puts(&b, head);
	d.head = b.len;
	for (int i = 0; i < 2; i++) {
		size_t len = strlen(entries[i]);

		delta_add(&d, 5 - i, 50 - 10 * i, len,
		    delta_hash(entries[i], len));
		d.parts[i].since_ms = 500 - 100 * i;
		buf_puts(&b, entries[i]);
	}
	buf_puts(&b, tail);
	d.digest = hash_128(b.data, b.len);
	delta_write(&c, &d);
	put(".all.atom.delta", buf_str(&c));
	put("all.atom", buf_str(&b));
	delta_fini(&d);
	buf_fini(&b);
	buf_fini(&c);
	documents_load(&documents, &config);
}

static int
start(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/feedmill-delta-XXXXXX");
	config.state = folder;
	return mkdtemp(folder) == NULL;
}

static int
stop(void **state)
{
	char command[128];

	(void)state;
	documents_free(&documents);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

/* The ids given to who has this state, as "5 4"; "-": nothing can be. */
static void
assert_given(int64_t state_ms, int64_t seq, const char *wanted)
{
	const struct document *doc = documents_find(&documents, "/all.atom");
	const struct delta_base base = { state_ms, seq };
	struct buf b = { 0 }, ids = { 0 };

	assert_non_null(doc);
	assert_int_equal(doc->delta.state_ms, 500);
	if (delta_compose(&documents, &config, doc, &base, &b) == -1) {
		buf_puts(&ids, "-");
	} else {
		assert_true(strncmp(b.data, "<feed>\n", 7) == 0);
		assert_string_equal(b.data + b.len - 8, "</feed>\n");
	}
	for (const char *s = b.data; ids.len == 0 || *ids.data != '-'; s++) {
		s = strstr(s, "urn:uuid:");
		if (s == NULL)
			break;
		s += 9;
		buf_printf(&ids, "%s%.*s", ids.len > 0 ? " " : "",
		    (int)strcspn(s, "<"), s);
	}
	assert_string_equal(buf_str(&ids), wanted);
	buf_fini(&b);
	buf_fini(&ids);
}

static void
gives(void **state)
{
	(void)state;
	put_document(300, 0);
	assert_given(400, 40, "5");
	assert_given(300, 30, "5 4");
	assert_given(299, 30, "-");	/* and there is no page */
}

static void
gives_of_pages(void **state)
{
	(void)state;
	put("all-archive-1.atom", "<!-- sealed at 12 -->\n<feed>\n"
	    "<!-- 10 -->\n" ENTRY("1") "<!-- 12 -->\n" ENTRY("2")
	    "</feed>\n");
	/* 3 was never announced, 2 was before and is, 4 is in both; what had
	 * the number 13 is forgotten. */
	put("all-archive-2.atom", "<!-- sealed at 24 -->\n<feed>\n"
	    "<!-- 13 silent -->\n<!-- 20 -->\n" ENTRY("6") "<!-- 21 silent -->\n" ENTRY("3")
	    "<!-- 22 -->\n" ENTRY("2") "<!-- 23 -->\n" ENTRY("4")
	    "<!-- 24 -->\n" ENTRY("7") "</feed>\n");
	put_document(400, 2);
	assert_given(399, 24, "5 4");
	assert_given(350, 20, "5 4 7 2");
	assert_given(350, 19, "5 4 7 2 6");
	assert_given(150, 11, "5 4 7 2 6");
	assert_given(1, 1, "5 4 7 2 6 1");
	assert_given(1, 51, "-");	/* of a time that never was */
	put_document(400, 3);		/* one page is not there */
	assert_given(1, 1, "-");
}

/* Notes of another document are no notes. */
static void
only_its_own(void **state)
{
	(void)state;
	put_document(300, 0);
	put("all.atom", "<feed>\n</feed>\n");
	documents_load(&documents, &config);
	assert_int_equal(documents_find(&documents,
	    "/all.atom")->delta.state_ms, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows),
		cmocka_unit_test(moments),
		cmocka_unit_test(notes),
		cmocka_unit_test(tags),
		cmocka_unit_test_setup_teardown(gives, start, stop),
		cmocka_unit_test_setup_teardown(gives_of_pages, start, stop),
		cmocka_unit_test_setup_teardown(only_its_own, start, stop),
	};

	return UNIT_RUN(tests);
}
