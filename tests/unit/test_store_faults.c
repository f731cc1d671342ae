/*
 * test_store_faults.c - a disk that fails: each write, each sync, once or
 * from then on, as full or as broken.
 *
 * A layer over SQLite's own VFS counts the calls that change a file and
 * makes one of them fail.  Whatever happens: what was told is there, nothing
 * is there by halves, and when the disk is well again so is the store, with
 * no restart.
 */
#include "../vfs_layer.h"
#include "store_fixture.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* ------------------------------------------------------- a faulty disk */

static atomic_int calls, fail_at, is_sticky, fail_code;
static sqlite3_vfs disk;
static sqlite3_io_methods methods;

/* SQLITE_OK, or the fault that is due. */
static int
fault(void)
{
	int n = atomic_fetch_add(&calls, 1) + 1, at = fail_at;

	return at != 0 && (n == at || (is_sticky && n > at)) ? fail_code :
	    SQLITE_OK;
}

static int
f_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	int code = fault();

	/* Half of it arrives: the worst a disk may do. */
	if (code != SQLITE_OK)
		layer_Write(f, p, n / 2, at);
	return code != SQLITE_OK ? code : layer_Write(f, p, n, at);
}

static int
f_sync(sqlite3_file *f, int flags)
{
	int code = fault();

	return code != SQLITE_OK ? SQLITE_IOERR_FSYNC : layer_Sync(f, flags);
}

static int
f_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int code = fault();

	return code != SQLITE_OK ? SQLITE_IOERR_TRUNCATE :
	    layer_Truncate(f, size);
}

static int
f_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
    int *ret_flags)
{
	return layer_open(vfs, name, file, sizeof(struct layer_file), flags,
	    ret_flags, &methods);
}

static void
install_disk(void)
{
	methods = layer_methods;
	methods.xWrite = f_write;
	methods.xSync = f_sync;
	methods.xTruncate = f_truncate;
	layer_install(&disk, "faulty", sizeof(struct layer_file), f_open);
}

static void
set_fault(int at, int sticky, int code)
{
	calls = 0;
	fail_at = at;
	is_sticky = sticky;
	fail_code = code;
}

/* ------------------------------------------------------------ the story */

enum { VISITS = 6, ENTRIES = 30 };

static struct feed *
numbered_feed(int visit)
{
	struct item items[ENTRIES];
	char keys[ENTRIES][32];
	struct feed *feed;
	/* Long enough that pages overflow and many are written. */
	static char text[3000];

	if (text[0] == '\0')
		memset(text, 'x', sizeof(text) - 1);
	for (int i = 0; i < ENTRIES; i++) {
		snprintf(keys[i], sizeof(keys[i]), "//k/%d/%d", visit, i);
		items[i] = (struct item){ keys[i], keys[i], T0, text };
	}
	feed = feed_of(items, ENTRIES);
	for (struct entry *e = feed->entries; e != NULL; e = e->next) {
		e->identity.key = arena_strdup(&feed->arena, e->identity.key);
		e->identity.alias = e->identity.key;
	}
	return feed;
}

struct told {
	int	stored[VISITS], failed;
	int	next;
	char	reason[512];
};

static void
on_told(const struct visit_result *r, void *arg)
{
	struct told *t = arg;

	if (r->failed == NULL) {
		assert_int_equal(r->added, ENTRIES);
		t->stored[t->next] = 1;
	} else {
		assert_int_equal(r->added, 0);
		snprintf(t->reason, sizeof(t->reason), "%s", r->failed->msg);
		t->failed++;
	}
	t->next++;
}

/* Some one at a time, some in one group. */
static void
hand_in(struct fixture *f, struct told *t)
{
	for (int i = 0; i < VISITS; i++) {
		struct visit *v = visit_of(f, i % 3, numbered_feed(i));

		f->states[i % 3].history.visited_ms = NOW + i;
		f->states[i % 3].error = f->states[i % 3].error != NULL ?
		    f->states[i % 3].error : xstrdup("told");
		store_save_state(f->store, &f->states[i % 3]);
		store_visit(f->store, &v, on_told, t);
		if (i < 3)
			store_drain(f->store);
	}
	store_drain(f->store);
}

struct seen {
	int	counts[VISITS];
	int64_t	last_seq;
};

static int
see_record(const struct record *r, void *arg)
{
	struct seen *s = arg;
	int visit, at;

	assert_int_equal(sscanf(r->key, "//k/%d/%d", &visit, &at), 2);
	assert_int_equal(strlen(r->content), 2999);
	/* No number is given twice, none is left out by a failure. */
	assert_true(r->seq > s->last_seq);
	s->last_seq = r->seq;
	s->counts[visit]++;
	return 0;
}

static void
see_all(struct store_reader *r, void *arg)
{
	const struct store_filter all = { .with_silent = 1,
	    .with_superseded = 1 };
	struct err err;

	assert_int_equal(store_each_record(r, &all, 0, see_record, arg, &err),
	    0);
}

/* The disk is well again: everything is, and the saves are written. */
static void
check_recovery(struct fixture *f, const struct told *t)
{
	struct seen seen = { 0 };

	store_read(f->store, see_all, no_op, &seen);
	store_drain(f->store);
	for (int i = 0; i < VISITS; i++) {
		assert_true(seen.counts[i] == 0 || seen.counts[i] == ENTRIES);
		if (t->stored[i])
			assert_int_equal(seen.counts[i], ENTRIES);
	}
	for (int i = 0; i < VISITS; i++) {
		do_visit(f, visit_of(f, i % 3, numbered_feed(i)));
		assert_string_equal(f->failed, "");
		assert_int_equal(f->result.added,
		    seen.counts[i] == 0 ? ENTRIES : 0);
	}
	sync_sources(f);
	assert_string_equal(f->states[2].error, "told");
	assert_int_equal(f->states[2].history.visited_ms, NOW + 5);
	close_store(f);
	check_integrity();
}

/* 1 if the fault was reached. */
static int
one_story(struct fixture *f, int at, int sticky, int code)
{
	struct told told = { 0 };
	int reached;

	if (f->store == NULL)
		open_store(f);
	set_fault(at, sticky, code);
	hand_in(f, &told);
	reached = calls >= at;
	set_fault(0, 0, 0);
	assert_int_equal(told.next, VISITS);
	if (sticky && reached && told.failed > 0 && code == SQLITE_FULL &&
	    strstr(told.reason, "the disk is full") == NULL &&
	    strstr(told.reason, "input/output") == NULL)
		fail_msg("%s", told.reason);
	check_recovery(f, &told);
	remove_files();
	assert_int_equal(mkdir(folder, 0700), 0);
	return reached;
}

/* Every call that changes a file, the near ones all, the far ones by steps. */
static void
every_fault(struct fixture *f, int sticky, int code)
{
	int at, step = 1;

	for (at = 1; one_story(f, at, sticky, code); at += step) {
		if (at > 16)
			step = 7;
	}
	assert_true(at > 40);
}

static void
test_full_once(void **state)
{
	every_fault(*state, 0, SQLITE_FULL);
}

static void
test_full_and_stays(void **state)
{
	every_fault(*state, 1, SQLITE_FULL);
}

static void
test_broken_once(void **state)
{
	every_fault(*state, 0, SQLITE_IOERR_WRITE);
}

static void
test_broken_and_stays(void **state)
{
	every_fault(*state, 1, SQLITE_IOERR_WRITE);
}

/* -------------------------------------------------------------- the start */

/* A kill at any write of the first start leaves nothing, or all of it. */
static void
test_killed_at_birth(void **state)
{
	struct fixture *f = *state;
	int status = 1;
	pid_t pid;

	for (int at = 1; status != 0; at++) {
		if (f->store != NULL)
			close_store(f);
		remove_files();
		assert_int_equal(mkdir(folder, 0700), 0);
		pid = fork();
		if (pid == 0) {
			struct err err;
			struct store *st;

			/* From there on nothing is written any more. */
			set_fault(at, 1, SQLITE_IOERR_WRITE);
			st = try_open(STORE_OWN, &err);
			_exit(st == NULL);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		open_store(f);
		VISIT(f, 0, { "//a/1", NULL, T0, "A" });
		EXPECT(f, 1, 0, 0);
		assert_true(at < 1000);
	}
}

static int
count_any(const struct record *r, void *arg)
{
	(void)arg;
	return r->title == NULL;
}

static void
read_damaged(struct store_reader *r, void *arg)
{
	struct err err;

	(void)arg;
	if (store_each_entry(r, count_any, &err, &err) != 0)
		assert_int_equal(err.exit_status, 65);
}

static void
read_and_write(struct fixture *f)
{
	struct visit *v = visit_of(f, 0, numbered_feed(0));

	store_read(f->store, read_damaged, no_op, NULL);
	store_visit(f->store, &v, on_visit, f);
	store_drain(f->store);
	close_store(f);
}

/* Bytes turned over anywhere: refused or served as far as it goes, never a
 * crash, and the exit status is 65. */
static void
test_damaged_pages(void **state)
{
	struct fixture *f = *state;
	struct err err;
	off_t size;
	int fd;

	for (int i = 0; i < VISITS; i++)
		do_visit(f, visit_of(f, i % 3, numbered_feed(i)));
	close_store(f);
	fd = open(path, O_RDWR);
	size = lseek(fd, 0, SEEK_END);
	for (off_t at = 0; at < 100; at += 4) {
		char was[64], bad[64];
		off_t where = at < 50 ? at : at * (size / 100);

		assert_int_equal(pread(fd, was, sizeof(was), where), 64);
		memset(bad, 0xa5, sizeof(bad));
		assert_int_equal(pwrite(fd, bad, sizeof(bad), where), 64);
		f->store = try_open(STORE_OWN, &err);
		if (f->store != NULL)
			read_and_write(f);
		else if (err.exit_status != 65)
			fail_msg("%ld: %s", (long)where, err.msg);
		assert_int_equal(pwrite(fd, was, sizeof(was), where), 64);
	}
	close(fd);
}

/* Another process holds the database for a while: it is waited for. */
static void
test_waits_for_another(void **state)
{
	struct fixture *f = *state;
	struct visit *v;
	const struct item item = { "//a/1", NULL, T0, "A" };
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL,
	    NULL), SQLITE_OK);
	v = visit_of(f, 0, feed_of(&item, 1));
	store_visit(f->store, &v, on_visit, f);
	usleep(200 * 1000);
	store_dispatch(f->store);
	assert_int_equal(store_queue_depth(f->store), 1);
	assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL),
	    SQLITE_OK);
	store_drain(f->store);
	assert_string_equal(f->failed, "");
	EXPECT(f, 1, 0, 0);
	sqlite3_close(db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_full_once),
		TEST(test_full_and_stays),
		TEST(test_broken_once),
		TEST(test_broken_and_stays),
		TEST(test_killed_at_birth),
		TEST(test_damaged_pages),
		TEST(test_waits_for_another),
	};

	/* A thousand faults told are of no use to anybody. */
	if (getenv("VERBOSE") == NULL &&
	    freopen("/dev/null", "w", stderr) == NULL)
		return 1;
	install_disk();
	return UNIT_RUN(tests);
}
