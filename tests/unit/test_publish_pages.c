/* Sealed pages: what is in them, that they stay, and what becomes of pages
 * that the database does not know, or that are not there. */
#include <sys/stat.h>

#include "publish_rig.h"

#define PAGE(n)	"www/all-archive-" #n ".atom"

static int
is_there(const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

static int
says(const char *name, const char *what)
{
	struct buf b = { 0 };
	int found;

	read_file(name, &b);
	found = strstr(buf_str(&b), what) != NULL;
	buf_fini(&b);
	return found;
}

static struct stat
stat_of(const char *name)
{
	char path[160];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(stat(path, &st), 0);
	return st;
}

/* As many as the outlet shows; superseded ones too, none of the hidden
 * source; the rest waits in the outlet's own document. */
static void
pages_fill(void **state)
{
	(void)state;
	add(1, T0, T0);
	add(2, T0, T0);
	add(3, T0 + HOUR, T0)->is_current = 0;
	publish_now();
	assert_false(is_there(PAGE(1)));
	assert_false(says("www/all.atom", "-archive"));
	assert_int_equal(mark_of("pages:all"), 0);
	add(1, T0, T0);
	add(1, T0, T0);
	publish_now();
	assert_entries_of(PAGE(1), "1 3 4");
	assert_false(is_there(PAGE(2)));
	assert_true(is_there(PAGE(1) ".gz"));
	assert_int_equal(mark_of("pages:all"), 1);
	assert_true(says("www/all.atom", "<link rel=\"prev-archive\" "
	    "type=\"application/atom+xml\" "
	    "href=\"http://p.example/all-archive-1.atom\"/>"));
	assert_false(says("www/all.atom", "fh:"));
	assert_false(says("www/all.json", "archive"));
	assert_true(says(PAGE(1), "<fh:archive/>"));
	assert_true(says(PAGE(1), "<link rel=\"current\" "
	    "type=\"application/atom+xml\" "
	    "href=\"http://p.example/all.atom\"/>"));
	assert_true(says(PAGE(1), "<updated>2025-02-23T21:00:46Z"));
	assert_false(says(PAGE(1), "-archive\" "));
}

/* What the outlet's document never shows does not wait. */
static void
pages_silent(void **state)
{
	(void)state;
	add(1, T0, T0);
	add(1, T0, T0)->is_silent = 1;
	publish_now();
	assert_entries_of(PAGE(1), "1 2");
	add(1, T0, T0);
	publish_now();
	assert_entries("3 1");
}

/* Sealed is sealed: whatever comes, whether the database has heard of them
 * or not, and though the rows are others by now. */
static void
pages_stay(void **state)
{
	struct stat first, second;

	(void)state;
	for (int i = 0; i < 7; i++)
		add(1, T0 + i, T0);
	publish_now();
	first = stat_of(PAGE(1));
	second = stat_of(PAGE(2));
	assert_true(says(PAGE(2), "rel=\"prev-archive\" type="
	    "\"application/atom+xml\" "
	    "href=\"http://p.example/all-archive-1.atom\""));
	for (int i = 0; i < 2; i++) {
		store.records[i].title = "edited";
		store.committed = i;
		add(1, T0, T0);
		publish_now();
		assert_int_equal(stat_of(PAGE(1)).st_ino, first.st_ino);
		assert_int_equal(stat_of(PAGE(2)).st_ino, second.st_ino);
	}
	assert_entries_of(PAGE(3), "7 8 9");
	assert_int_equal(mark_of("pages:all"), 3);
}

/* Killed between the file and the commit, and another page size since. */
static void
pages_found(void **state)
{
	(void)state;
	add(1, T0, T0);
	add(1, T0, T0)->is_silent = 1;
	publish_now();
	for (int i = 0; i < 3; i++)
		add(1, T0, T0);
	publish_now();
	assert_entries_of(PAGE(1), "1 2");
	assert_entries_of(PAGE(2), "3 4 5");
	memset(store.marks, 0, sizeof(store.marks));
	store.records[1].is_silent = 0;
	store.committed = 1;
	publish_now();
	assert_entries_of(PAGE(1), "1 2");
	assert_entries_of(PAGE(2), "3 4 5");
	assert_int_equal(mark_of("pages:all"), 2);
}

/* Pages of another database, or of what a backup has undone, are no pages. */
static void
pages_of_others(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		add(1, T0, T0);
	publish_now();
	memset(store.marks, 0, sizeof(store.marks));
	store.texts[1][0] = 'f';
	publish_now();
	assert_true(says(PAGE(1), "urn:uuid:f0000000"));
	memset(store.marks, 0, sizeof(store.marks));
	store.committed = 1;
	store.count = 2;
	publish_now();
	assert_int_equal(mark_of("pages:all"), 0);
	assert_false(says("www/all.atom", "-archive"));
}

/* The newest is lost: gone through again, and only that one is written. */
static void
pages_lost(void **state)
{
	char path[160];
	struct stat first;

	(void)state;
	for (int i = 0; i < 6; i++)
		add(1, T0, T0);
	publish_now();
	store.committed = 1;
	assert_int_equal(mark_of("pages:all"), 2);
	first = stat_of(PAGE(1));
	snprintf(path, sizeof(path), "%s/" PAGE(2), folder);
	assert_int_equal(unlink(path), 0);
	publish_now();
	assert_entries_of(PAGE(2), "4 5 6");
	assert_int_equal(stat_of(PAGE(1)).st_ino, first.st_ino);
}

/* Retention has taken the rows: the pages are still there and counted. */
static void
pages_outlive(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++)
		add(1, T0, T0);
	publish_now();
	for (int i = 0; i < 6; i++)
		store.records[i].source_id = 2;
	store.committed = 1;
	add(1, T0, T0);
	publish_now();
	assert_entries("7");
	assert_entries_of(PAGE(1), "1 2 3");
	assert_true(says("www/all.atom", "all-archive-2.atom"));
}

/* Eight in a round, for which nobody waits; the document always points to
 * the newest. */
static void
pages_in_steps(void **state)
{
	(void)state;
	store.committed = 1;
	for (int i = 0; i < 200; i++)
		add(1, T0, T0);
	publish_now();
	assert_int_equal(store.reads, 1);
	assert_int_equal(mark_of("pages:all"), 8);
	assert_true(says("www/all.atom", "all-archive-8.atom"));
	while (mark_of("pages:all") < 66 && store.reads < 20)
		publish_now();
	assert_int_equal(store.reads, 9);
	assert_entries_of(PAGE(66), "196 197 198");
	assert_true(says("www/all.atom", "all-archive-66.atom"));
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pages_fill),
		TEST(pages_silent),
		TEST(pages_stay),
		TEST(pages_found),
		TEST(pages_of_others),
		TEST(pages_lost),
		TEST(pages_outlive),
		TEST(pages_in_steps),
	};

	return UNIT_RUN(tests);
}
