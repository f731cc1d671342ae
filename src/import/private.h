/*
 * private.h - what the files of the import share.
 *
 *	import.c	files and folders, one after the other
 *	note.c		what came of them, for who waits
 *	read.c		a file's bytes to a visit
 *	batch.c		files and what came of them as bytes, and back
 *	send.c		to a daemon
 *	take.c		in the daemon
 */
#ifndef FEEDMILL_IMPORT_PRIVATE_H
#define FEEDMILL_IMPORT_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "feedmill/base/buf.h"
#include "feedmill/import.h"

struct visit;

enum {
	FILE_MAX_BYTES = 64 << 20,	/* one of them */
	BATCH_MAX_BYTES = 1 << 20,	/* or some, together */
	BATCH_MAX_FILES = 128
};

enum import_state { IMPORT_TAKEN, IMPORT_UNREADABLE, IMPORT_NOT_STORED };

/* What came of a file. */
struct import_result {
	enum import_state state;
	unsigned	 added, updated, duplicate;
	char		*why;	/* or NULL; of one taken: what was left out */
};

/* Pure.  NULL if it is neither a post nor a feed. */
struct visit *import_read(const char *bytes, size_t len,
    const struct config *, int64_t now_ms, struct import_result *ret);

/* ------------------------------------------------------------ the wire */

/* The files of a batch one after the other, each "LENGTH\n" and bytes. */
void batch_put(struct buf *, const char *bytes, size_t len);
/* The next: 1, and *at moves on; 0: there is none; -1: this is no batch. */
int batch_next(const char **at, size_t *left, const char **ret_bytes,
    size_t *ret_len);
/* How many there are; -1: no batch, or more than one may have. */
int batch_count(const char *bytes, size_t len);

/* What came of each of them, a line each: the state, three numbers, why. */
void result_put(struct buf *, const struct import_result *);
/* why is in the line, which is written to.  0, or -1: it is none. */
int result_next(char **at, struct import_result *ret);

/* ----------------------------------------------------------- the walk */

struct import {
	const struct import_target *to;
	struct imported	*sum;
	int64_t		 told_ms;	/* monotonic */
	unsigned	 queued;	/* at our store */
	struct buf	 batch;		/* for the daemon */
	char		*paths[BATCH_MAX_FILES];
	unsigned	 count;
	struct err	*failed;
	int		 is_over;	/* failed says why */
};

/* Counted, and told where it is a mistake. */
void import_note(struct import *, const char *path,
    const struct import_result *);
void import_note_unreadable(struct import *, const char *why);
void import_note_not_stored(struct import *, const char *why);

/* Now, or with others; what was not sent yet. */
void import_send(struct import *, const char *path, const char *bytes,
    size_t len);
void import_flush(struct import *);

#endif
