/*
 * write.h - from a document's bytes to its file and the gzip twin.
 *
 * Private to publish.  What is there already is not written again; what is
 * written is durable when the call returns, or with its batch and the folder.
 */
#ifndef FEEDMILL_PUBLISH_WRITE_H
#define FEEDMILL_PUBLISH_WRITE_H

struct buf;
struct err;

struct file_batch;

/* *files counts documents that were replaced. */
int publish_write(int dirfd, const char *name, const struct buf *,
    unsigned *files, struct err *);
int publish_put(struct file_batch *, const char *name, const struct buf *,
    unsigned *files, struct err *);

#endif
