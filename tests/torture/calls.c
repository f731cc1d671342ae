/*
 * calls.c - what the program does to files besides SQLite: each of these
 * calls is turned into one here by the linker (--wrap, see the Makefile).
 *
 * What is not below the root of the disk (sockets, pipes, the log) passes.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"

enum { FDS_MAX = 4096 };

/* Of descriptors below the root. */
static struct open_file {
	struct node	*node;		/* of a file */
	char		*folder;	/* of a folder */
} files[FDS_MAX];

static struct open_file *
file_of(int fd)
{
	return disk_is_on() && fd >= 0 && fd < FDS_MAX ? &files[fd] : NULL;
}

static struct node *
node_of(int fd)
{
	struct open_file *f = file_of(fd);

	return f != NULL ? f->node : NULL;
}

static void
trim_slash(char *path)
{
	size_t n = strlen(path);

	if (n > 1 && path[n - 1] == '/')
		path[n - 1] = '\0';
}

/* Where name in dirfd is; 0 if that is not below the root. */
static int
locate(int dirfd, const char *name, char out[PATH_MAX])
{
	struct open_file *f;

	if (!disk_is_on())
		return 0;
	if (name[0] == '/') {
		snprintf(out, PATH_MAX, "%s", name);
		trim_slash(out);
		return disk_is_below(out);
	}
	f = file_of(dirfd);
	if (f == NULL || f->folder == NULL)
		return 0;
	snprintf(out, PATH_MAX, "%.2000s/%.2000s", f->folder, name);
	if (strcmp(name, ".") == 0)
		snprintf(out, PATH_MAX, "%s", f->folder);
	return 1;
}

static int
fail_with(int error)
{
	disk_leave();
	errno = error;
	return -1;
}

/* --------------------------------------------------------------- by name */

int __real_openat(int, const char *, int, ...);
int __wrap_openat(int, const char *, int, ...);

static void
note_opened(int fd, const char *path, int flags, int was_there)
{
	struct stat st;

	if (fd == -1 || fd >= FDS_MAX || fstat(fd, &st) == -1)
		return;
	files[fd] = (struct open_file){ 0 };
	if (S_ISDIR(st.st_mode)) {
		files[fd].folder = strdup(path);
		return;
	}
	if (!was_there)
		disk_note_created(path);
	files[fd].node = disk_node(path);
	if (was_there && (flags & O_TRUNC) != 0)
		disk_note_truncated(files[fd].node, 0);
}

static int
open_counted(int dirfd, const char *name, int flags, mode_t mode,
    const char *path)
{
	int error, fd, was_there;

	if (disk_enter(OP_OPEN, &error) != VERDICT_GO)
		return fail_with(error);
	was_there = access(path, F_OK) == 0;
	fd = __real_openat(dirfd, name, flags, mode);
	error = errno;
	note_opened(fd, path, flags, was_there);
	disk_leave();
	errno = error;
	return fd;
}

int
__wrap_openat(int dirfd, const char *name, int flags, ...)
{
	char path[PATH_MAX];
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(ap, mode_t);
	va_end(ap);
	if (!locate(dirfd, name, path))
		return __real_openat(dirfd, name, flags, mode);
	return open_counted(dirfd, name, flags, mode, path);
}

int __wrap_open(const char *, int, ...);

int
__wrap_open(const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return __wrap_openat(AT_FDCWD, name, flags, mode);
}

int __real_renameat(int, const char *, int, const char *);
int __wrap_renameat(int, const char *, int, const char *);

int
__wrap_renameat(int dirfd, const char *name, int to_fd, const char *to_name)
{
	char from[PATH_MAX], to[PATH_MAX];
	int error, rc;

	if (!locate(dirfd, name, from) || !locate(to_fd, to_name, to))
		return __real_renameat(dirfd, name, to_fd, to_name);
	if (disk_enter(OP_RENAME, &error) != VERDICT_GO)
		return fail_with(error);
	rc = __real_renameat(dirfd, name, to_fd, to_name);
	error = errno;
	if (rc == 0)
		disk_note_renamed(from, to);
	disk_leave();
	errno = error;
	return rc;
}

int __real_unlinkat(int, const char *, int);
int __wrap_unlinkat(int, const char *, int);

int
__wrap_unlinkat(int dirfd, const char *name, int flags)
{
	char path[PATH_MAX];
	int error, rc;

	if (!locate(dirfd, name, path))
		return __real_unlinkat(dirfd, name, flags);
	if (disk_enter(OP_UNLINK, &error) != VERDICT_GO)
		return fail_with(error);
	rc = __real_unlinkat(dirfd, name, flags);
	error = errno;
	if (rc == 0)
		disk_note_unlinked(path);
	disk_leave();
	errno = error;
	return rc;
}

int __real_mkdir(const char *, mode_t);
int __wrap_mkdir(const char *, mode_t);

int
__wrap_mkdir(const char *name, mode_t mode)
{
	char path[PATH_MAX];
	int error, rc;

	if (!locate(AT_FDCWD, name, path))
		return __real_mkdir(name, mode);
	if (disk_enter(OP_MKDIR, &error) != VERDICT_GO)
		return fail_with(error);
	rc = __real_mkdir(name, mode);
	error = errno;
	if (rc == 0)
		disk_note_folder(path);
	disk_leave();
	errno = error;
	return rc;
}

/* --------------------------------------------------------- by descriptor */

int __real_close(int);
int __wrap_close(int);

int
__wrap_close(int fd)
{
	struct open_file *f = file_of(fd);

	if (f != NULL)
		*f = (struct open_file){ 0 };
	return __real_close(fd);
}

ssize_t __real_read(int, void *, size_t);
ssize_t __wrap_read(int, void *, size_t);

/* A short read is none of the disk's failures: a signal makes one. */
ssize_t
__wrap_read(int fd, void *p, size_t n)
{
	enum verdict v;
	ssize_t did;
	int error;

	if (node_of(fd) == NULL)
		return __real_read(fd, p, n);
	v = disk_enter(OP_READ, &error);
	if (v == VERDICT_FAIL)
		return fail_with(error);
	did = __real_read(fd, p, v == VERDICT_HALF ? (n + 1) / 2 : n);
	error = errno;
	disk_leave();
	errno = error;
	return did;
}

ssize_t __real_pread(int, void *, size_t, off_t);
ssize_t __wrap_pread(int, void *, size_t, off_t);

ssize_t
__wrap_pread(int fd, void *p, size_t n, off_t at)
{
	ssize_t did;
	int error;

	if (node_of(fd) == NULL)
		return __real_pread(fd, p, n, at);
	if (disk_enter(OP_READ, &error) != VERDICT_GO)
		return fail_with(error);
	did = __real_pread(fd, p, n, at);
	error = errno;
	disk_leave();
	errno = error;
	return did;
}

ssize_t __real_pwrite(int, const void *, size_t, off_t);

/*
 * Half of a write is what a disk does on which half of it fitted: the next
 * one fails, if it is still full then.
 */
static ssize_t
write_counted(int fd, const void *p, size_t n, off_t at)
{
	enum verdict v;
	ssize_t did;
	int error;

	v = disk_enter(OP_WRITE, &error);
	if (v == VERDICT_FAIL)
		return fail_with(error);
	if (v == VERDICT_HALF && n > 1)
		n /= 2;
	did = __real_pwrite(fd, p, n, at);
	error = errno;
	if (did > 0)
		disk_note_written(files[fd].node, p, (size_t)did, at);
	if (v == VERDICT_HALF)
		disk_half_done();
	disk_leave();
	errno = error;
	return did;
}

ssize_t __real_write(int, const void *, size_t);
ssize_t __wrap_write(int, const void *, size_t);

ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	ssize_t did;
	off_t at;

	if (node_of(fd) == NULL)
		return __real_write(fd, p, n);
	at = lseek(fd, 0, SEEK_CUR);
	did = write_counted(fd, p, n, at);
	if (did > 0)
		lseek(fd, at + did, SEEK_SET);
	return did;
}

ssize_t __wrap_pwrite(int, const void *, size_t, off_t);

ssize_t
__wrap_pwrite(int fd, const void *p, size_t n, off_t at)
{
	if (node_of(fd) == NULL)
		return __real_pwrite(fd, p, n, at);
	return write_counted(fd, p, n, at);
}

int __real_ftruncate(int, off_t);
int __wrap_ftruncate(int, off_t);

int
__wrap_ftruncate(int fd, off_t size)
{
	int error, rc;

	if (node_of(fd) == NULL)
		return __real_ftruncate(fd, size);
	if (disk_enter(OP_TRUNCATE, &error) != VERDICT_GO)
		return fail_with(error);
	rc = __real_ftruncate(fd, size);
	disk_note_truncated(files[fd].node, size);
	disk_leave();
	return rc;
}

int __real_fsync(int);
int __wrap_fsync(int);

int
__wrap_fsync(int fd)
{
	struct open_file *f = file_of(fd);
	int error;

	if (f == NULL || (f->node == NULL && f->folder == NULL))
		return __real_fsync(fd);
	if (disk_enter(f->node != NULL ? OP_SYNC : OP_SYNC_DIR, &error) !=
	    VERDICT_GO) {
		disk_note_sync_failed(f->node);
		return fail_with(error);
	}
	disk_note_synced(f->node);
	if (f->folder != NULL)
		disk_note_dir_synced(f->folder);
	disk_leave();
	return 0;
}
