/*
 * test_store_hold.c - nothing the store does unasked holds up its writer.
 *
 * Counted, not timed: a layer over SQLite's own VFS sees which thread writes
 * to the database, which the writer is to leave to another.  That other one
 * may fail: it is told, the commits go on, and all is made good later.
 */
#include "../vfs_layer.h"
#include "store_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "feedmill/base/clock.h"
#include "feedmill/store_upkeep.h"

enum { LAST_PAGES = 256, WAIT_MS = 60 * 1000 };

/* ----------------------------------------------------------- who writes */

static sqlite3_vfs disk;
static sqlite3_io_methods methods;

static struct {
	pthread_mutex_t	 lock;
	pthread_t	 writer;	/* whose commits go into the log */
	int		 has_writer;
	int		 run, run_max;	/* pages of the database, by it */
	int		 by_others;
	int		 fail_with;	/* for pages of the database; 0: none */
	int		 failed;
} seen = { .lock = PTHREAD_MUTEX_INITIALIZER };

struct watched {
	struct layer_file layer;
	int		 is_database, is_log;
};

static int
note_database(void)
{
	int code;

	pthread_mutex_lock(&seen.lock);
	code = seen.fail_with;
	seen.failed += code != 0;
	if (!seen.has_writer || !pthread_equal(seen.writer, pthread_self()))
		seen.by_others++;
	else if (++seen.run > seen.run_max)
		seen.run_max = seen.run;
	pthread_mutex_unlock(&seen.lock);
	return code;
}

static void
note_log(void)
{
	pthread_mutex_lock(&seen.lock);
	seen.writer = pthread_self();
	seen.has_writer = 1;
	seen.run = 0;
	pthread_mutex_unlock(&seen.lock);
}

static int
w_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	const struct watched *w = (struct watched *)f;
	int code = w->is_database ? note_database() : SQLITE_OK;

	if (w->is_log)
		note_log();
	return code != SQLITE_OK ? code : layer_Write(f, p, n, at);
}

static int
w_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
    int *ret_flags)
{
	struct watched *w = (struct watched *)file;

	w->is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
	w->is_log = (flags & SQLITE_OPEN_WAL) != 0;
	return layer_open(vfs, name, file, sizeof(*w), flags, ret_flags,
	    &methods);
}

static void
watch(int fail_with)
{
	pthread_mutex_lock(&seen.lock);
	seen.has_writer = seen.run = seen.run_max = seen.by_others = 0;
	seen.failed = 0;
	seen.fail_with = fail_with;
	pthread_mutex_unlock(&seen.lock);
}

static int
times_failed(void)
{
	int n;

	pthread_mutex_lock(&seen.lock);
	n = seen.failed;
	pthread_mutex_unlock(&seen.lock);
	return n;
}

/* ------------------------------------------------------------ the visits */

enum { ENTRIES = 20 };

/* Words by the number, so that each text is another. */
static const char *
make_text(size_t n, size_t bytes)
{
	static char text[1 << 20];
	size_t len = 0;

	while (len + 16 < bytes)
		len += (size_t)sprintf(text + len, "%x ",
		    (unsigned)(n * 2654435761u + len * 40503u));
	return text;
}

static struct visit *
make_visit(struct fixture *f, int n, size_t bytes)
{
	struct item items[ENTRIES];
	char keys[ENTRIES][32];
	struct feed *feed;

	for (int i = 0; i < ENTRIES; i++) {
		snprintf(keys[i], sizeof(keys[i]), "//k/%d/%d", n, i);
		items[i] = (struct item){ keys[i], keys[i], T0,
		    make_text((size_t)n, bytes) };
	}
	feed = feed_of(items, ENTRIES);
	/* The writer reads it when we have begun with the next. */
	for (struct entry *e = feed->entries; e != NULL; e = e->next) {
		e->identity.key = arena_strdup(&feed->arena, e->identity.key);
		e->identity.alias = e->identity.key;
		e->title.value = arena_strdup(&feed->arena, e->title.value);
		e->content.value = e->title.value;
	}
	return visit_of(f, n % 3, feed);
}

struct tally {
	int	stored, failed;
};

static void
on_tally(const struct visit_result *r, void *arg)
{
	struct tally *t = arg;

	if (r->failed != NULL)
		t->failed++;
	else
		t->stored += (int)r->added;
}

/* As fast as they are taken, some at a time. */
static struct tally
hand_in(struct fixture *f, int from, int count, size_t bytes)
{
	struct tally t = { 0 };

	for (int i = from; i < from + count; i++) {
		struct visit *v = make_visit(f, i, bytes);

		store_visit(f->store, &v, on_tally, &t);
		while (store_queue_depth(f->store) >= 4) {
			usleep(200);
			store_dispatch(f->store);
		}
	}
	store_drain(f->store);
	return t;
}

static int
count_record(const struct record *r, void *arg)
{
	(void)r;
	++*(int *)arg;
	return 0;
}

static void
count_all(struct store_reader *r, void *arg)
{
	const struct store_filter all = { .with_silent = 1,
	    .with_superseded = 1 };
	struct err err;

	assert_int_equal(store_each_record(r, &all, 0, count_record, arg,
	    &err), 0);
}

static int
records(struct fixture *f)
{
	int n = 0;

	store_read(f->store, count_all, no_op, &n);
	store_drain(f->store);
	return n;
}

/* -------------------------------------------------------------- the log */

/* 40 MiB through the log: who takes them back? */
static void
test_writer_copies_little(void **state)
{
	struct fixture *f = *state;
	struct store_health h;
	struct tally t;

	watch(0);
	t = hand_in(f, 0, 60, 32000);
	store_health(f->store, &h);
	assert_int_equal(t.stored, 60 * ENTRIES);
	assert_true(h.log_max_bytes > 0);
	assert_true(h.helped_max_pages <= LAST_PAGES);
	pthread_mutex_lock(&seen.lock);
	assert_true(seen.run_max <= LAST_PAGES);
	assert_true(seen.by_others > 300);
	pthread_mutex_unlock(&seen.lock);
	close_store(f);
	check_integrity();
}

static void
wait_for_trouble(struct fixture *f, const char *what)
{
	int64_t late_ms = clock_mono_ms() + WAIT_MS;
	struct store_health h;

	do {
		assert_true(clock_mono_ms() < late_ms);
		usleep(20 * 1000);
		store_health(f->store, &h);
	} while (what != NULL ? strstr(h.trouble.msg, what) == NULL :
	    h.trouble.msg[0] != '\0');
}

static void
fails_to_copy(struct fixture *f, int code, const char *what)
{
	watch(code);
	assert_int_equal(hand_in(f, 0, 20, 32000).stored, 20 * ENTRIES);
	wait_for_trouble(f, what);
	assert_true(times_failed() > 0);
	/* The commits go on, and the reader sees them. */
	assert_int_equal(hand_in(f, 20, 10, 32000).stored, 10 * ENTRIES);
	assert_int_equal(records(f), 30 * ENTRIES);
	watch(0);
	/* It is tried again unasked. */
	wait_for_trouble(f, NULL);
	close_store(f);
	check_integrity();
	open_store(f);
	assert_int_equal(records(f), 30 * ENTRIES);
}

static void
test_no_room_to_copy(void **state)
{
	fails_to_copy(*state, SQLITE_FULL, "the disk is full");
}

static void
test_cannot_be_copied(void **state)
{
	fails_to_copy(*state, SQLITE_IOERR_WRITE, "input/output error");
}

/* Killed with all of it in the log, for nothing could be copied. */
static void
test_all_in_the_log(void **state)
{
	struct fixture *f = *state;

	watch(SQLITE_IOERR_WRITE);
	assert_int_equal(hand_in(f, 0, 20, 32000).stored, 20 * ENTRIES);
	wait_for_trouble(f, "input/output error");
	close_store(f);
	watch(0);
	check_integrity();
	open_store(f);
	assert_int_equal(records(f), 20 * ENTRIES);
}

/* Until it is killed; told: the visits that are stored. */
static void
store_and_tell(struct fixture *f, int told)
{
	open_store(f);
	for (int i = 0; i < 1000; i++) {
		if (hand_in(f, i, 1, 16000).stored != ENTRIES ||
		    write(told, &i, sizeof(i)) != sizeof(i))
			break;
	}
	_exit(1);
}

/* At any moment, most of them in the middle of a copy. */
static void
test_killed(void **state)
{
	struct fixture *f = *state;
	int told[2], last, n;
	pid_t pid;

	for (int round = 0; round < 5; round++) {
		close_store(f);
		remove_files();
		assert_int_equal(mkdir(folder, 0700), 0);
		assert_int_equal(pipe(told), 0);
		pid = fork();
		if (pid == 0)
			store_and_tell(f, told[1]);
		close(told[1]);
		for (last = -1; last < 30 + 11 * round; )
			if (read(told[0], &last, sizeof(last)) <= 0)
				break;
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		while (read(told[0], &n, sizeof(n)) == sizeof(n))
			last = n;
		close(told[0]);
		assert_true(last >= 30 + 11 * round);
		check_integrity();
		open_store(f);
		n = records(f);
		assert_true(n >= (last + 1) * ENTRIES);
		assert_int_equal(n % ENTRIES, 0);
	}
}

/* Somebody reads for long: the log grows, no more, and is taken back. */
static void
test_long_reader(void **state)
{
	struct fixture *f = *state;
	struct store_health h;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM meta",
	    NULL, NULL, NULL), SQLITE_OK);
	watch(0);
	assert_int_equal(hand_in(f, 0, 40, 32000).stored, 40 * ENTRIES);
	store_health(f->store, &h);
	assert_string_equal(h.trouble.msg, "");
	assert_true(h.log_bytes > 20 << 20);
	sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	sqlite3_close(db);
	/* It begins anew with a commit after all of it was copied. */
	for (int i = 40; h.log_bytes > 20 << 20; i++) {
		assert_true(i < 1000);
		usleep(20 * 1000);
		hand_in(f, i, 1, 100);
		store_health(f->store, &h);
	}
	pthread_mutex_lock(&seen.lock);
	assert_true(seen.run_max <= LAST_PAGES);
	pthread_mutex_unlock(&seen.lock);
}

/* ---------------------------------------------------------- long steps */

static int64_t indexed;

static void
read_indexed(struct store_reader *r, void *arg)
{
	(void)arg;
	indexed = store_search_seq(r);
}

static void
check_index(void)
{
	struct store_checked r;
	struct store_findings findings = { 0 };
	struct err err;

	assert_int_equal(store_check(path, NULL, &findings, &r, &err), 0);
	assert_int_equal(r.findings, 0);
	assert_true(r.was_index_read);
}

static void
wait_for_index(struct fixture *f, int64_t seq)
{
	int64_t late_ms = clock_mono_ms() + WAIT_MS;

	for (indexed = 0; indexed < seq; usleep(1000)) {
		assert_true(clock_mono_ms() < late_ms);
		store_read(f->store, read_indexed, no_op, NULL);
		store_drain(f->store);
	}
}

/* 400 KB take longer to index than anybody is to wait: a visit that comes
 * in the middle cuts it short, and it is done afterwards. */
static void
test_long_step(void **state)
{
	struct fixture *f = *state;
	struct store_health h = { 0 };
	struct tally t;
	int n = 0;

	hand_in(f, n++, 1, 400 * 1000);
	while (h.steps_cut == 0 && n < ENTRIES) {
		/* The next is under way. */
		wait_for_index(f, n);
		t = hand_in(f, n++, 1, 100);
		assert_int_equal(t.stored, ENTRIES);
		store_health(f->store, &h);
	}
	assert_int_equal(h.steps_cut, 1);
	assert_string_equal(h.trouble.msg, "");
	wait_for_index(f, n * ENTRIES);
	close_store(f);
	check_index();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_writer_copies_little),
		TEST(test_no_room_to_copy),
		TEST(test_cannot_be_copied),
		TEST(test_all_in_the_log),
		TEST(test_killed),
		TEST(test_long_reader),
		TEST(test_long_step),
	};

	methods = layer_methods;
	methods.xWrite = w_write;
	layer_install(&disk, "watched", sizeof(struct watched), w_open);
	return UNIT_RUN(tests);
}
