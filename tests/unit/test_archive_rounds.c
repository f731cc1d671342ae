/* Rounds of archives: which posts are written, the lists of their months,
 * failures. */
#include <glob.h>
#include <sys/stat.h>

#include "publish_rig.h"

static size_t
count_posts(void)
{
	char pattern[128];
	glob_t found;
	size_t n;

	snprintf(pattern, sizeof(pattern), "%s/posts/*.md", folder);
	if (glob(pattern, 0, NULL, &found) != 0)
		return 0;
	n = found.gl_pathc;
	globfree(&found);
	return n;
}

/* In steps, though the database has not heard of the first one yet; the
 * silent ones too, the hidden source too. */
static void
archives(void **state)
{
	(void)state;
	for (int i = 0; i < 450; i++)
		add(i % 3 + 1, T0, T0)->is_silent = i % 2;
	add(4, T0, T0);
	archive_configure(archive, config);
	archive_flush(archive);
	run_archive();
	assert_int_equal(count_posts(), 450);
	assert_int_equal(posts, 450);
	assert_int_equal(mark_of("archive:posts"), 451);
	assert_int_equal(store.reads, 3);
	add(1, T0, T0)->stamp = "2";
	archive_touch(archive);
	archive_flush(archive);
	run_archive();
	assert_int_equal(posts, 451);
}

/* per: entry - a revision replaces the post of its entry. */
static void
archives_entries(void **state)
{
	struct record *r;

	(void)state;
	config_unref(config);
	write_config("entry");
	add(1, T0, T0);
	archive_configure(archive, config);
	archive_flush(archive);
	run_archive();
	store.records[0].is_current = 0;
	r = add(1, T0 + 48 * HOUR, T0);
	r->uuid = store.records[0].uuid;
	r->published_ms = T0;
	r->stamp = "2";
	r->title = "new";
	archive_touch(archive);
	archive_flush(archive);
	run_archive();
	assert_int_equal(posts, 2);
	assert_int_equal(count_posts(), 1);
}

static void
read_list(const char *name, struct buf *b)
{
	struct err err;
	char path[256];

	snprintf(path, sizeof(path), "%s/posts/lists/%s", folder, name);
	if (file_read(path, 1 << 20, b, &err) == -1)
		fail_msg("%s", err.msg);
}

static unsigned
count_lists(void)
{
	char pattern[128];
	glob_t found;
	unsigned n;

	snprintf(pattern, sizeof(pattern), "%s/posts/lists/*", folder);
	n = glob(pattern, 0, NULL, &found) == 0 ?
	    (unsigned)found.gl_pathc : 0;
	globfree(&found);
	return n;
}

/* One of each source and month; a new entry touches its own alone. */
static void
archive_lists(void **state)
{
	static const char head[] = "---\nlayout: page\ntitle: "
	    "\"A [b] 2025-02\"\nrender_with_liquid: false\n---\n* 2025-02-";
	static const char line[] = "* 2025-02-23 [new \\[x\\]](../2025-02-23-"
	    "new-x-";
	struct buf list = { 0 }, again = { 0 };
	struct stat before, after;
	char path[256];

	(void)state;
	add(1, T0, T0)->title = "old {{ x }}";
	add(1, T0 + 40 * 24 * HOUR, T0);
	add(3, T0, T0);
	add(2, T0, T0);			/* is archived, not published */
	add(4, T0, T0);			/* is not selected */
	archive_configure(archive, config);
	archive_flush(archive);
	run_archive();
	assert_int_equal(count_lists(), 4);
	assert_int_equal(mark_of("lists:posts"), 5);
	read_list("a-2025-02.md", &list);
	assert_int_equal(strncmp(buf_str(&list), head, strlen(head)), 0);
	assert_null(strstr(buf_str(&list), "{{"));
	assert_non_null(strstr(buf_str(&list), "([link](http://x.example/))"));
	snprintf(path, sizeof(path), "%s/posts/lists/a-2025-04.md", folder);
	assert_int_equal(stat(path, &before), 0);
	add(1, T0 + HOUR, T0)->title = "new [x]";
	archive_touch(archive);
	archive_flush(archive);
	run_archive();
	read_list("a-2025-02.md", &again);
	assert_non_null(strstr(buf_str(&again), line));
	assert_true(again.len > list.len);
	assert_int_equal(stat(path, &after), 0);
	assert_true(before.st_ino == after.st_ino);
	buf_fini(&list);
	buf_fini(&again);
}

static void
archive_fails(void **state)
{
	char path[128];
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/posts", folder);
	f = fopen(path, "w");
	fclose(f);
	add(1, T0, T0);
	archive_configure(archive, config);
	archive_flush(archive);
	run_archive();
	assert_non_null(strstr(failure, "archive posts: "));
	assert_int_equal(mark_of("archive:posts"), 0);
	assert_int_equal(unlink(path), 0);
	archive_flush(archive);
	run_archive();
	assert_string_equal(failure, "");
	assert_int_equal(count_posts(), 1);
}

/* The database has the sources of the next configuration: what those of this
 * one are called there nobody knows.  The next round has it all. */
static void
archive_waits(void **state)
{
	(void)state;
	add(1, T0, T0);
	store.is_ahead = 1;
	archive_configure(archive, config);
	archive_flush(archive);
	run_archive();
	assert_int_equal(store.reads, 1);
	assert_int_equal(count_posts(), 0);
	assert_int_equal(mark_of("archive:posts"), 0);
	store.is_ahead = 0;
	archive_configure(archive, config);
	archive_flush(archive);
	run_archive();
	assert_int_equal(count_posts(), 1);
	assert_int_equal(mark_of("archive:posts"), 1);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(archives),
		TEST(archives_entries),
		TEST(archive_lists),
		TEST(archive_fails),
		TEST(archive_waits),
	};

	return UNIT_RUN(tests);
}
