/*
 * file.c - see file.h.
 *
 * The temporary name is ".NAME.new" in the same folder: rename(2) does not
 * cross file systems, a listing does not show it, and file_sweep() knows it
 * again.  A NAME too long for that gives a hash of itself instead.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/hash.h"
#include "feedmill/base/mem.h"

enum { READ_BYTES = 65536, MODE_FILE = 0666, MODE_DIR = 0777 };

static const char temporary_end[] = ".new";

/* As O_CLOEXEC opens; again where a signal came in between. */
static int
open_again(int dirfd, const char *name, int flags, mode_t mode)
{
	int fd;

	do
		fd = openat(dirfd, name, flags | O_CLOEXEC, mode);
	while (fd == -1 && errno == EINTR);
	return fd;
}

static int
sync_again(int fd)
{
	int rc;

	do
		rc = fsync(fd);
	while (rc == -1 && errno == EINTR);
	return rc;
}

/* ------------------------------------------------------------- reading */

/* Room for all of a regular file at once; the loop is right without. */
static void
reserve_size(int fd, size_t max, struct buf *ret)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    (size_t)st.st_size <= max)
		buf_try_reserve(ret, (size_t)st.st_size + 1);
}

int
file_read_fd(int fd, const char *name, size_t max, struct buf *ret,
    struct err *e)
{
	size_t before = ret->len;
	ssize_t n;

	reserve_size(fd, max, ret);
	for (;;) {
		size_t room = ret->cap - ret->len;

		if (room < 2) {
			if (buf_try_reserve(ret, READ_BYTES) == NULL)
				return err_set(e, "%s: too large for memory",
				    name);
			room = ret->cap - ret->len;
		}
		n = read(fd, ret->data + ret->len, room - 1);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_set(e, "%s: %s", name, strerror(errno));
		if (n == 0)
			return 0;
		ret->len += (size_t)n;
		ret->data[ret->len] = '\0';
		if (ret->len - before > max)
			return err_set(e, "%s: larger than %zu bytes", name,
			    max);
	}
}

int
file_read(const char *path, size_t max, struct buf *ret, struct err *e)
{
	int fd = open_again(AT_FDCWD, path, O_RDONLY | O_NOCTTY, 0), rc;

	if (fd == -1)
		return err_set(e, "%s: %s", path, strerror(errno));
	rc = file_read_fd(fd, path, max, ret, e);
	close(fd);
	return rc;
}

/* ----------------------------------------------------------- replacing */

static void
temporary_name(const char *name, char out[NAME_MAX + 1])
{
	size_t len = strlen(name);
	char hex[DIGEST_HEX_SIZE];

	if (1 + len + strlen(temporary_end) <= NAME_MAX) {
		snprintf(out, NAME_MAX + 1, ".%s%s", name, temporary_end);
		return;
	}
	digest_hex(hash_128(name, len), hex);
	snprintf(out, NAME_MAX + 1, ".%s%s", hex, temporary_end);
}

static int
write_all(int fd, const char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Towards the disk, without waiting: a failure is told by fsync(2). */
static int
begin_sync(int fd)
{
	sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return 0;
}

/* A new file with all of the bytes, synced; or an errno and no file. */
static int
write_new(int dirfd, const char *temporary, const void *p, size_t len,
    int (*sync)(int fd))
{
	int fd, saved;

	/* What a killed run left behind may be a link or belong to another;
	 * it goes, so that O_EXCL makes a file that is ours. */
	if (unlinkat(dirfd, temporary, 0) == -1 && errno != ENOENT)
		return -1;
	fd = open_again(dirfd, temporary,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, MODE_FILE);
	if (fd == -1)
		return -1;
	if (write_all(fd, p, len) == -1 || sync(fd) == -1) {
		saved = errno;
		close(fd);
		goto failed;
	}
	if (close(fd) == 0 || errno == EINTR)
		return 0;
	saved = errno;
failed:
	unlinkat(dirfd, temporary, 0);
	errno = saved;
	return -1;
}

static int
rename_new(int dirfd, const char *temporary, const char *name, struct err *e)
{
	int saved;

	if (renameat(dirfd, temporary, dirfd, name) == 0)
		return 0;
	saved = errno;
	unlinkat(dirfd, temporary, 0);
	return err_set(e, "%s: %s", name, strerror(saved));
}

static int
put(int dirfd, const char *name, const void *p, size_t len,
    struct err *e)
{
	char temporary[NAME_MAX + 1];

	temporary_name(name, temporary);
	if (write_new(dirfd, temporary, p, len, sync_again) == -1)
		return err_set(e, "%s: %s", name, strerror(errno));
	return rename_new(dirfd, temporary, name, e);
}

/* ------------------------------------------------------------- batches */

/* A file that was closed: what went wrong with it since is still told. */
static int
sync_closed(int dirfd, const char *temporary)
{
	int fd = open_again(dirfd, temporary, O_RDONLY | O_NOFOLLOW, 0);
	int rc, saved;

	if (fd == -1)
		return -1;
	rc = sync_again(fd);
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

/* On their way they are since they were written: one turn of the journal
 * serves many. */
static int
sync_batch(const struct file_batch *b, struct err *e)
{
	char temporary[NAME_MAX + 1];

	for (unsigned i = 0; i < b->count; i++) {
		temporary_name(b->names[i], temporary);
		if (sync_closed(b->dirfd, temporary) == -1)
			return err_set(e, "%s: %s", b->names[i],
			    strerror(errno));
	}
	return 0;
}

int
file_batch_flush(struct file_batch *b, struct err *e)
{
	char temporary[NAME_MAX + 1];
	int rc = sync_batch(b, e);

	for (unsigned i = 0; i < b->count; i++) {
		temporary_name(b->names[i], temporary);
		if (rc == 0)
			rc = rename_new(b->dirfd, temporary, b->names[i], e);
		else
			unlinkat(b->dirfd, temporary, 0);
		free(b->names[i]);
	}
	b->count = 0;
	return rc;
}

void
file_batch_drop(struct file_batch *b)
{
	char temporary[NAME_MAX + 1];

	for (unsigned i = 0; i < b->count; i++) {
		temporary_name(b->names[i], temporary);
		unlinkat(b->dirfd, temporary, 0);
		free(b->names[i]);
	}
	b->count = 0;
}

int
file_batch_put(struct file_batch *b, const char *name, const void *p,
    size_t len, struct err *e)
{
	char temporary[NAME_MAX + 1];
	int full = b->count == FILE_BATCH_MAX;

	for (unsigned i = 0; i < b->count && !full; i++)
		full = strcmp(b->names[i], name) == 0;
	if (full && file_batch_flush(b, e) == -1)
		return -1;
	temporary_name(name, temporary);
	if (write_new(b->dirfd, temporary, p, len, begin_sync) == -1)
		return err_set(e, "%s: %s", name, strerror(errno));
	b->names[b->count++] = xstrdup(name);
	return 0;
}

int
file_sync_dir(int dirfd, const char *name, struct err *e)
{
	/* Some file systems have no fsync for folders and say EINVAL:
	 * there, nothing better can be done. */
	if (sync_again(dirfd) == -1 && errno != EINVAL)
		return err_set(e, "%s: %s", name, strerror(errno));
	return 0;
}

int
file_replace(int dirfd, const char *name, const void *p, size_t len,
    struct err *e)
{
	if (put(dirfd, name, p, len, e) == -1)
		return -1;
	return file_sync_dir(dirfd, name, e);
}

static int
is_temporary(const char *name)
{
	size_t len = strlen(name), end = strlen(temporary_end);

	return name[0] == '.' && len > 1 + end &&
	    strcmp(name + len - end, temporary_end) == 0;
}

/* "" is of anything. */
static int
is_of(const char *name, const char *stem)
{
	size_t len = strlen(stem);

	name += strspn(name, ".");
	return strncmp(name, stem, len) == 0 &&
	    (len == 0 || name[len] == '.' || name[len] == '-');
}

void
file_sweep_of(int dirfd, const char *stem)
{
	/* A descriptor of its own: reading moves its position. */
	int fd = open_again(dirfd, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = fd != -1 ? fdopendir(fd) : NULL;
	struct dirent *d;

	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	while ((d = readdir(dir)) != NULL) {
		if (is_temporary(d->d_name) && is_of(d->d_name, stem))
			unlinkat(dirfd, d->d_name, 0);
	}
	closedir(dir);
}

void
file_sweep(int dirfd)
{
	file_sweep_of(dirfd, "");
}

void
file_sweep_folder(const char *path)
{
	int fd = open_again(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);

	if (fd == -1)
		return;
	file_sweep(fd);
	close(fd);
}

/* ------------------------------------------------------------- folders */

/* The name of a new folder is in its parent, and not yet on the disk. */
static int
sync_parent(const char *path)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd, rc, saved;

	if (slash == NULL)
		snprintf(parent, sizeof(parent), ".");
	else
		snprintf(parent, sizeof(parent), "%.*s/",
		    (int)(slash - path), path);
	fd = open_again(AT_FDCWD, parent, O_RDONLY | O_DIRECTORY, 0);
	/* Written and not read: there, nothing better can be done. */
	if (fd == -1)
		return errno == EACCES ? 0 : -1;
	rc = sync_again(fd);
	saved = errno;
	close(fd);
	errno = saved;
	return rc == -1 && errno != EINVAL ? -1 : 0;
}

/* One that cannot be synced goes, so that the next try does sync it. */
static int
make_dir(const char *path)
{
	int saved;

	if (mkdir(path, MODE_DIR) == -1)
		return -1;
	if (sync_parent(path) == 0)
		return 0;
	saved = errno;
	rmdir(path);
	errno = saved;
	return -1;
}

int
file_make_dirs(const char *path, struct err *e)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	struct stat st;
	int saved;

	if (len == 0 || len >= sizeof(part))
		return err_set(e, "%s: %s", path,
		    strerror(len == 0 ? ENOENT : ENAMETOOLONG));
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (make_dir(part) == 0)
			continue;
		saved = errno == EEXIST ? ENOTDIR : errno;
		/* Not only for EEXIST: on a read-only file system, or
		 * without permission, what is there is good enough. */
		if (stat(part, &st) == -1 || !S_ISDIR(st.st_mode))
			return err_set(e, "%s: %s", part, strerror(saved));
	}
	return 0;
}

int
file_open_dir(const char *path, struct err *e)
{
	int fd;

	if (file_make_dirs(path, e) == -1)
		return -1;
	fd = open_again(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd == -1)
		return err_set(e, "%s: %s", path, strerror(errno));
	return fd;
}
