/* test_file.c - file.h: whole files, read and replaced. */
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"

struct fixture {
	char	path[64];
	int	fd;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err e;

	strcpy(f->path, "/tmp/feedmill-file-XXXXXX");
	if (mkdtemp(f->path) == NULL)
		return -1;
	f->fd = file_open_dir(f->path, &e);
	*state = f;
	return f->fd == -1 ? -1 : 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	DIR *dir = fdopendir(f->fd);
	struct dirent *d;

	rewinddir(dir);
	while ((d = readdir(dir)) != NULL) {
		if (unlinkat(f->fd, d->d_name, 0) == -1)
			unlinkat(f->fd, d->d_name, AT_REMOVEDIR);
	}
	closedir(dir);
	rmdir(f->path);
	free(f);
	return 0;
}

static unsigned
count_names(struct fixture *f)
{
	DIR *dir = opendir(f->path);
	unsigned n = 0;
	struct dirent *d;

	while ((d = readdir(dir)) != NULL)
		n += strcmp(d->d_name, ".") != 0 &&
		    strcmp(d->d_name, "..") != 0;
	closedir(dir);
	return n;
}

static void
assert_content(struct fixture *f, const char *name, const char *want)
{
	char path[PATH_MAX];
	struct buf b = { 0 };
	struct err e;

	snprintf(path, sizeof(path), "%s/%s", f->path, name);
	assert_int_equal(file_read(path, 1 << 20, &b, &e), 0);
	assert_string_equal(buf_str(&b), want);
	buf_fini(&b);
}

static void
test_replace(void **state)
{
	struct fixture *f = *state;
	struct err e;

	assert_int_equal(file_replace(f->fd, "feed.xml", "old", 3, &e), 0);
	assert_content(f, "feed.xml", "old");
	assert_int_equal(file_replace(f->fd, "feed.xml", "new one", 7, &e),
	    0);
	assert_content(f, "feed.xml", "new one");
	assert_int_equal(file_replace(f->fd, "empty", NULL, 0, &e), 0);
	assert_content(f, "empty", "");
	assert_int_equal(count_names(f), 2);
}

/* A reader that has the old file open keeps all of it. */
static void
test_old_reader(void **state)
{
	struct fixture *f = *state;
	struct buf b = { 0 };
	struct err e;
	int fd;

	file_replace(f->fd, "x", "before", 6, &e);
	fd = openat(f->fd, "x", O_RDONLY | O_CLOEXEC);
	file_replace(f->fd, "x", "after!", 6, &e);
	assert_int_equal(file_read_fd(fd, "x", 100, &b, &e), 0);
	assert_string_equal(buf_str(&b), "before");
	close(fd);
	buf_fini(&b);
}

static void
test_long_name(void **state)
{
	struct fixture *f = *state;
	char name[NAME_MAX + 2];
	struct err e;

	memset(name, 'n', NAME_MAX);
	name[NAME_MAX] = '\0';
	assert_int_equal(file_replace(f->fd, name, "x", 1, &e), 0);
	assert_content(f, name, "x");
	assert_int_equal(count_names(f), 1);
	strcat(name, "n");
	assert_int_equal(file_replace(f->fd, name, "x", 1, &e), -1);
	assert_int_equal(count_names(f), 1);
}

/* A link planted under the temporary name is not written through. */
static void
test_planted_link(void **state)
{
	struct fixture *f = *state;
	struct err e;

	file_replace(f->fd, "victim", "precious", 8, &e);
	assert_int_equal(symlinkat("victim", f->fd, ".feed.new"), 0);
	assert_int_equal(file_replace(f->fd, "feed", "x", 1, &e), 0);
	assert_content(f, "victim", "precious");
	assert_content(f, "feed", "x");
}

/* The disk is full in the middle: the old file stays, nothing else does. */
static void
test_full_disk(void **state)
{
	struct fixture *f = *state;
	struct rlimit was, tight;
	static char large[100000];
	struct err e;

	file_replace(f->fd, "feed", "old", 3, &e);
	getrlimit(RLIMIT_FSIZE, &was);
	tight = was;
	tight.rlim_cur = 5000;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &tight);
	assert_int_equal(file_replace(f->fd, "feed", large, sizeof(large),
	    &e), -1);
	setrlimit(RLIMIT_FSIZE, &was);
	signal(SIGXFSZ, SIG_DFL);
	assert_string_equal(e.msg, "feed: File too large");
	assert_content(f, "feed", "old");
	assert_int_equal(count_names(f), 1);
}

/* The target is a folder: the rename fails, the temporary goes. */
static void
test_rename_fails(void **state)
{
	struct fixture *f = *state;
	struct err e;

	mkdirat(f->fd, "feed", 0755);
	assert_int_equal(file_replace(f->fd, "feed", "x", 1, &e), -1);
	assert_int_equal(count_names(f), 1);
}

static void
test_sweep(void **state)
{
	struct fixture *f = *state;
	struct err e;

	file_replace(f->fd, ".feed.xml.new", "half", 4, &e);
	file_replace(f->fd, "feed.xml.new", "not ours", 8, &e);
	file_replace(f->fd, ".new", "nor this", 8, &e);
	file_replace(f->fd, ".htaccess", "nor this", 8, &e);
	assert_int_equal(file_sync_dir(f->fd, f->path, &e), 0);
	file_sweep(f->fd);
	assert_int_equal(count_names(f), 3);
	assert_int_equal(faccessat(f->fd, ".feed.xml.new", F_OK, 0), -1);
	file_sweep(f->fd);
	assert_int_equal(count_names(f), 3);
}

static void
test_read_limits(void **state)
{
	struct fixture *f = *state;
	char path[PATH_MAX];
	struct buf b = { 0 };
	struct err e;

	file_replace(f->fd, "ten", "0123456789", 10, &e);
	snprintf(path, sizeof(path), "%s/ten", f->path);
	buf_puts(&b, "kept ");
	assert_int_equal(file_read(path, 10, &b, &e), 0);
	assert_string_equal(b.data, "kept 0123456789");
	assert_int_equal(file_read(path, 9, &b, &e), -1);
	assert_non_null(strstr(e.msg, "larger than 9 bytes"));
	assert_int_equal(file_read("/nonexistent/x", 9, &b, &e), -1);
	assert_string_equal(e.msg,
	    "/nonexistent/x: No such file or directory");
	assert_int_equal(file_read(f->path, 9, &b, &e), -1);
	/* No size to go by, and more than one read. */
	buf_reset(&b);
	assert_int_equal(file_read("/dev/zero", 200000, &b, &e), -1);
	assert_true(b.len > 200000 && b.len < 1000000);
	buf_fini(&b);
}

/* Nothing shows before the batch is flushed; a batch that is full, or that
 * has the name already, flushes itself; the last content wins. */
static void
test_batch(void **state)
{
	struct fixture *f = *state;
	struct file_batch b = { .dirfd = f->fd };
	char name[16];
	struct err e;

	for (int i = 0; i < FILE_BATCH_MAX; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(file_batch_put(&b, name, "1", 1, &e), 0);
	}
	assert_int_equal(faccessat(f->fd, "n0", F_OK, 0), -1);
	assert_int_equal(file_batch_put(&b, "more", "1", 1, &e), 0);
	assert_int_equal(b.count, 1);
	assert_content(f, "n0", "1");
	assert_int_equal(file_batch_put(&b, "more", "2", 1, &e), 0);
	assert_content(f, "more", "1");
	assert_int_equal(file_batch_flush(&b, &e), 0);
	assert_content(f, "more", "2");
	assert_int_equal(file_batch_flush(&b, &e), 0);
	assert_int_equal(count_names(f), FILE_BATCH_MAX + 1);
}

static void
test_batch_fails(void **state)
{
	struct fixture *f = *state;
	struct file_batch b = { .dirfd = f->fd };
	struct err e;

	assert_int_equal(mkdirat(f->fd, "taken", 0777), 0);
	assert_int_equal(file_batch_put(&b, "before", "x", 1, &e), 0);
	assert_int_equal(file_batch_put(&b, "taken", "x", 1, &e), 0);
	assert_int_equal(file_batch_put(&b, "after", "x", 1, &e), 0);
	assert_int_equal(file_batch_flush(&b, &e), -1);
	assert_non_null(strstr(e.msg, "taken: "));
	assert_int_equal(b.count, 0);
	assert_content(f, "before", "x");
	/* The folder and what came before it: no ".after.new". */
	assert_int_equal(count_names(f), 2);
}

static void
test_make_dirs(void **state)
{
	struct fixture *f = *state;
	char path[PATH_MAX];
	struct stat st;
	struct err e;
	int fd;

	snprintf(path, sizeof(path), "%s/a//b/c/", f->path);
	fd = file_open_dir(path, &e);
	assert_int_not_equal(fd, -1);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	assert_int_equal(file_make_dirs(path, &e), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(file_make_dirs("/", &e), 0);
	assert_int_equal(file_make_dirs("", &e), -1);
	file_replace(f->fd, "file", "", 0, &e);
	snprintf(path, sizeof(path), "%s/file/below", f->path);
	assert_int_equal(file_make_dirs(path, &e), -1);
	assert_non_null(strstr(e.msg, "/file: Not a directory"));
	snprintf(path, sizeof(path), "%s/a/b/c", f->path);
	for (int i = 0; i < 3; i++) {
		rmdir(path);
		*strrchr(path, '/') = '\0';
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_FOLDER(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
		WITH_FOLDER(test_replace),
		WITH_FOLDER(test_old_reader),
		WITH_FOLDER(test_long_name),
		WITH_FOLDER(test_planted_link),
		WITH_FOLDER(test_full_disk),
		WITH_FOLDER(test_rename_fails),
		WITH_FOLDER(test_sweep),
		WITH_FOLDER(test_read_limits),
		WITH_FOLDER(test_batch),
		WITH_FOLDER(test_batch_fails),
		WITH_FOLDER(test_make_dirs),
	};

	return UNIT_RUN(tests);
}
