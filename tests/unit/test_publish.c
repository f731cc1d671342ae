/* Rounds of publish: what is in the window and in which order, what is
 * written and what is not, failures. */
#include <sys/stat.h>
#include <zlib.h>

#include "publish_rig.h"

/* The last three, and all of two days; sorted by their own time; nothing of
 * hidden or removed sources, silent or superseded. */
static void
window(void **state)
{
	(void)state;
	add(1, T0 + 9 * HOUR, T0 - 100 * HOUR);
	add(3, T0 - 900 * HOUR, T0 - 47 * HOUR);	/* old, found late */
	add(1, T0, T0 - 3 * HOUR);
	add(2, T0, T0 - 3 * HOUR);
	add(4, T0, T0 - 3 * HOUR);
	add(1, T0, T0 - 3 * HOUR)->is_silent = 1;
	add(1, T0, T0 - 3 * HOUR)->is_current = 0;
	add(1, T0 + HOUR, T0 - 2 * HOUR);
	add(3, T0, T0);
	publish_now();
	assert_entries("8 9 3 2");
	assert_int_equal(mark_of("all"), 9);
	assert_int_equal(files, 4);	/* with two pages */
	assert_string_equal(failure, "");
	/* Far later than two days, yet at least three. */
	add(1, T0 + 2 * HOUR, T0 + 100 * HOUR);
	publish_now();
	assert_entries("10 8 9");
}

static void
window_is_bounded(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		add(1, T0 + i, T0);
	publish_now();
	assert_entries("100 99 98 97 96 95 94 93 92 91 90 89");
}

/* How far it has come cannot be read: that is said, nothing is written, and
 * the next round makes up for it. */
static void
unknown_progress(void **state)
{
	struct stat st;
	char path[128];

	(void)state;
	add(1, T0, T0);
	store.broken = 1;
	publish_now();
	assert_string_equal(failure, "outlet all: no such luck");
	snprintf(path, sizeof(path), "%s/www/all.atom", folder);
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(mark_of("all"), 0);
	archive_configure(archive, config);
	archive_flush(archive);
	run_archive();
	assert_string_equal(failure, "archive posts: no such luck");
	assert_int_equal(posts, 0);
	store.broken = 0;
	publish_now();
	archive_flush(archive);
	run_archive();
	assert_entries("1");
	assert_int_equal(posts, 1);
}

/* Nothing new: the same bytes, and no file is touched. */
static void
unchanged(void **state)
{
	char path[128];
	struct stat before, after;

	(void)state;
	add(1, T0, T0);
	publish_now();
	snprintf(path, sizeof(path), "%s/www/all.atom", folder);
	assert_int_equal(stat(path, &before), 0);
	publish_now();
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(files, 2);
	assert_int_equal(dones, 2);
	/* A twin that is lost comes back. */
	strcat(path, ".gz");
	assert_int_equal(unlink(path), 0);
	publish_now();
	assert_int_equal(stat(path, &after), 0);
}

/* What a kill left of formats that are no more; not what is others'. */
static void
swept(void **state)
{
	static const struct {
		const char *name;
		int stays;
	} left[] = {
		{ ".all.rss.new", 0 }, { ".all.rss.gz.new", 0 },
		{ "..all.rss.delta.new", 0 }, { ".all-archive-1.atom.new", 0 },
		{ ".htaccess.new", 1 }, { ".allow.new", 1 },
		{ "all.rss.new", 1 }, { ".all.rss", 1 },
	};
	char path[128];
	FILE *f;

	(void)state;
	add(1, T0, T0);
	publish_now();
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		snprintf(path, sizeof(path), "%s/www/%s", folder,
		    left[i].name);
		f = fopen(path, "w");
		assert_non_null(f);
		fclose(f);
	}
	config_unref(config);
	write_config("revision");
	publish_now();
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		snprintf(path, sizeof(path), "%s/www/%s", folder,
		    left[i].name);
		assert_int_equal(access(path, F_OK),
		    left[i].stays ? 0 : -1);
	}
}

static void
twin(void **state)
{
	char path[128], text[65536];
	struct buf b = { 0 };
	gzFile gz;
	int n;

	(void)state;
	add(1, T0, T0);
	publish_now();
	read_file("www/all.atom", &b);
	snprintf(path, sizeof(path), "%s/www/all.atom.gz", folder);
	gz = gzopen(path, "rb");
	n = gzread(gz, text, sizeof(text));
	gzclose(gz);
	assert_int_equal(n, b.len);
	assert_memory_equal(text, b.data, b.len);
	read_file("www/all.atom.gz", &b);
	/* No time in it, so that the same document gives the same file. */
	assert_memory_equal(b.data + 4, "\0\0\0\0", 4);
	buf_fini(&b);
}

static void
empty(void **state)
{
	(void)state;
	publish_now();
	assert_entries("");
	assert_string_equal(failure, "");
}

/* A file in the way of the folder: said, not idle for ever, and well again
 * with the next mark. */
static void
failing(void **state)
{
	char path[128];
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/www", folder);
	f = fopen(path, "w");
	fclose(f);
	add(1, T0, T0);
	publish_now();
	assert_non_null(strstr(failure, "outlet all: "));
	assert_non_null(strstr(failure, "www"));
	assert_int_equal(mark_of("all"), 0);
	assert_true(publish_is_idle(publish));
	assert_int_equal(unlink(path), 0);
	publish_flush(publish);		/* without a mark: a retry */
	run_publish();
	assert_string_equal(failure, "");
	assert_int_equal(mark_of("all"), 1);
}

/* Many marks, one round; one that comes meanwhile is not lost. */
static void
marks(void **state)
{
	(void)state;
	publish_configure(publish, config);
	publish_touch(publish);
	publish_touch(publish);
	publish_flush(publish);
	while (store.reads == 0)
		ev_run(loop, EVRUN_ONCE);
	add(1, T0, T0);
	publish_touch(publish);
	publish_flush(publish);
	assert_int_equal(store.reads, 1);
	dispatch();
	assert_false(publish_is_idle(publish));
	run_publish();
	assert_int_equal(store.reads, 2);
	assert_entries("1");
}

static void
freed_under_way(void **state)
{
	(void)state;
	publish_configure(publish, config);
	publish_flush(publish);
	while (store.reads == 0)
		ev_run(loop, EVRUN_ONCE);
	publish_free(publish);
	publish = NULL;
	dispatch();
	assert_int_equal(dones, 0);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(window),
		TEST(window_is_bounded),
		TEST(unknown_progress),
		TEST(unchanged),
		TEST(swept),
		TEST(twin),
		TEST(empty),
		TEST(failing),
		TEST(marks),
		TEST(freed_under_way),
	};

	return UNIT_RUN(tests);
}
