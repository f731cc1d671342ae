/*
 * found.h - from a name in an outlet's folder to what is there: is
 * it still what was written?
 *
 * Private to publish.  What cannot be read is not there.  Only plain files
 * count: a link is not followed, a pipe holds up nobody.
 */
#ifndef FEEDMILL_PUBLISH_FOUND_H
#define FEEDMILL_PUBLISH_FOUND_H

#include <stddef.h>
#include <stdint.h>

#include "feedmill/base/hash.h"

struct buf;

/* A file that was written, or looked at, and not touched since. */
struct file_mark {
	int64_t		 inode, bytes, changed_s, changed_ns;
};

/* All zero: there is none. */
struct file_mark found_mark(int dirfd, const char *name);

/* Is exactly this in the file? */
int found_is(int dirfd, const char *name, const struct buf *);

/* 1 and its bytes, at most so many. */
int found_read(int dirfd, const char *name, size_t max, struct buf *ret);
/* 1 and its bytes, if they are these. */
int found_read_known(int dirfd, const char *name, size_t len, struct digest,
    struct buf *ret);

#endif
