/* lock.c - see lock.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"

#include "lock.h"

int
lock_name(const char *database, const char *suffix, char ret[LOCK_NAME_SIZE])
{
	char *real = realpath(database, NULL);
	int len = snprintf(ret, LOCK_NAME_SIZE, "%s%s",
	    real != NULL ? real : database, suffix);

	free(real);
	return len < LOCK_NAME_SIZE ? 0 : -1;
}

static int
open_beside(const char *database, const char *suffix, struct err *err)
{
	char path[LOCK_NAME_SIZE];
	int fd;

	if (lock_name(database, suffix, path) != 0) {
		err->exit_status = 69;
		err_set(err, "%s: the name is too long", database);
		return -1;
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0) {
		err_set(err, "could not open %s: %s", path, strerror(errno));
		err->exit_status = errno == ENOSPC || errno == EROFS ||
		    errno == EIO ? 74 : 69;
	}
	return fd;
}

static void
refuse(const char *database, int fd, struct err *err)
{
	char pid[16] = { 0 };
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? strspn(pid, "0123456789") : 0] = '\0';
	err_set(err, "database %s is in use by another feedmill (pid %s)",
	    database, pid[0] != '\0' ? pid : "unknown");
	err->exit_status = 75;
}

int
lock_take(const char *database, struct err *err)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open_beside(database, ".lock", err);
	int error;

	if (fd < 0)
		return -1;
	if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
		error = errno;
		if (error == EAGAIN || error == EACCES) {
			refuse(database, fd, err);
		} else {
			err_set(err, "could not lock %s.lock: %s", database,
			    strerror(error));
			err->exit_status = 74;
		}
		close(fd);
		return -1;
	}
	/* A disk too full for a pid is no reason not to start. */
	if (ftruncate(fd, 0) == 0)
		dprintf(fd, "%ld\n", (long)getpid());
	return fd;
}

void
lock_give(int fd)
{
	/* The file stays: removing it would open a gap between two takers. */
	if (fd >= 0)
		close(fd);
}

int
lock_is_held(const char *database)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[LOCK_NAME_SIZE];
	int fd, is_held;

	if (lock_name(database, ".lock", path) != 0)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	is_held = fcntl(fd, F_OFD_GETLK, &whole) == 0 &&
	    whole.l_type != F_UNLCK;
	close(fd);
	return is_held;
}

int
inflight_open(struct inflight *f, const char *database, struct err *err)
{
	ssize_t n;

	*f = (struct inflight){ .fd = open_beside(database, ".inflight", err) };
	if (f->fd < 0)
		return -1;
	n = pread(f->fd, f->slots, sizeof(f->slots), 0);
	for (size_t i = 0; n > 0 && i < (size_t)n / sizeof(f->slots[0]); i++) {
		if (f->slots[i] > 0)
			f->left[f->left_count++] = f->slots[i];
	}
	memset(f->slots, 0, sizeof(f->slots));
	if (ftruncate(f->fd, 0) != 0) {
		err_set(err, "could not clear %s.inflight: %s", database,
		    strerror(errno));
		err->exit_status = 74;
		close(f->fd);
		return -1;
	}
	return 0;
}

void
inflight_close(struct inflight *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

static void
inflight_put(struct inflight *f, size_t slot, int64_t id)
{
	f->slots[slot] = id;
	/* Best effort: with a full disk a crash would go unnoticed, no more. */
	if (pwrite(f->fd, &id, sizeof(id), (off_t)(slot * sizeof(id))) < 0)
		return;
}

void
inflight_mark(struct inflight *f, int64_t id, int yes)
{
	int64_t wanted = yes ? 0 : id;

	for (size_t i = 0; i < INFLIGHT_SLOTS; i++) {
		if (f->slots[i] == wanted) {
			inflight_put(f, i, yes ? id : 0);
			return;
		}
	}
}

int
inflight_was_left(const struct inflight *f, int64_t id)
{
	for (size_t i = 0; i < f->left_count; i++) {
		if (f->left[i] == id)
			return 1;
	}
	return 0;
}
