/*
 * file.h - whole files, read and replaced.
 *
 * file_replace() is how everything is published: a reader sees the old file
 * or the new one, also across a crash, and never a part of either (temporary
 * name, write, fsync, rename, fsync of the folder).
 */
#ifndef FEEDMILL_BASE_FILE_H
#define FEEDMILL_BASE_FILE_H

#include <stddef.h>

struct buf;
struct err;

/* Append the file to ret; more than max bytes is an error. */
int file_read(const char *path, size_t max, struct buf *ret, struct err *);
int file_read_fd(int fd, const char *name, size_t max, struct buf *ret,
    struct err *);

int file_replace(int dirfd, const char *name, const void *, size_t len,
    struct err *);

/* What was renamed or removed in the folder stays so. */
int file_sync_dir(int dirfd, const char *name, struct err *);

/*
 * Many small files sooner: each is written at once but only synced and
 * renamed with the others, when the batch is flushed (by the caller, or by a
 * put that finds no room or its own name).  All of them are on their way to
 * the disk before the first is waited for, which takes half to a tenth of the
 * time of one after the other.  A failure leaves no temporary file behind,
 * and what was not renamed is not there.
 */
enum { FILE_BATCH_MAX = 250 };

struct file_batch {
	int		 dirfd;
	unsigned	 count;
	char		*names[FILE_BATCH_MAX];
};

int file_batch_put(struct file_batch *, const char *name, const void *,
    size_t len, struct err *);
int file_batch_flush(struct file_batch *, struct err *);
void file_batch_drop(struct file_batch *);	/* none of them after all */

/* Remove what a killed file_replace() left behind (".NAME.new"). */
void file_sweep(int dirfd);
/* Only of files STEM.SOMETHING, STEM-SOMETHING and .STEM.SOMETHING: others may
 * write there, too. */
void file_sweep_of(int dirfd, const char *stem);
/* All in a folder, if it is there. */
void file_sweep_folder(const char *path);

/* mkdir -p, mode 0755 less the umask; what was made outlives a power
 * failure. */
int file_make_dirs(const char *path, struct err *);

/* Open a directory, made if it is not there; -1 and a sentence. */
int file_open_dir(const char *path, struct err *);

#endif
