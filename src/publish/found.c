/* found.c - see found.h. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "found.h"

struct file_mark
found_mark(int dirfd, const char *name)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return (struct file_mark){ 0 };
	return (struct file_mark){
		(int64_t)st.st_ino, (int64_t)st.st_size,
		(int64_t)st.st_ctim.tv_sec, (int64_t)st.st_ctim.tv_nsec,
	};
}

static int
open_plain(int dirfd, const char *name, struct stat *st)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);

	if (fd == -1)
		return -1;
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	close(fd);
	return -1;
}

/* Bytes that cannot be read are none. */
static int
read_plain(int fd, const char *name, size_t max, struct buf *ret)
{
	struct err ignored;

	if (file_read_fd(fd, name, max, ret, &ignored) == 0)
		return 1;
	buf_fini(ret);
	return 0;
}

int
found_read(int dirfd, const char *name, size_t max, struct buf *ret)
{
	struct stat st;
	int fd = open_plain(dirfd, name, &st), is_read;

	if (fd == -1)
		return 0;
	is_read = read_plain(fd, name, max, ret);
	close(fd);
	return is_read;
}

/* One of another length is not looked into. */
static int
read_of_length(int dirfd, const char *name, size_t len, struct buf *ret)
{
	struct stat st;
	int fd = open_plain(dirfd, name, &st), is_read;

	if (fd == -1)
		return 0;
	is_read = (size_t)st.st_size == len &&
	    read_plain(fd, name, len, ret) && ret->len == len;
	close(fd);
	return is_read;
}

int
found_read_known(int dirfd, const char *name, size_t len,
    struct digest digest, struct buf *ret)
{
	if (read_of_length(dirfd, name, len, ret) &&
	    digest_equal(hash_128(buf_str(ret), len), digest))
		return 1;
	buf_fini(ret);
	return 0;
}

int
found_is(int dirfd, const char *name, const struct buf *text)
{
	struct buf there = { 0 };
	int same = read_of_length(dirfd, name, text->len, &there) &&
	    memcmp(buf_str(&there), buf_str(text), text->len) == 0;

	buf_fini(&there);
	return same;
}
