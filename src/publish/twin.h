/*
 * twin.h - from a document to its gzip twin, out of that of the
 * document it was before.
 *
 * Private to publish.  Pure.  One member (RFC 1952) without a time, whose
 * bytes depend on the document alone, whatever was there before.
 */
#ifndef FEEDMILL_PUBLISH_TWIN_H
#define FEEDMILL_PUBLISH_TWIN_H

#include <stddef.h>
#include <stdint.h>

#include "feedmill/base/hash.h"

struct buf;

/* The end of an item in the document, a place to cut. */
struct twin_cut {
	size_t		 end, len;	/* of the item */
	uint64_t	 hash;
};

/* Where the pieces of a document are in its twin. */
struct twin_piece {
	size_t		 from, len;	/* in the document */
	size_t		 at, bytes;	/* in the twin */
	uint64_t	 key;		/* to look for it */
};
struct twin {
	struct digest	 digest;	/* of the twin */
	size_t		 len;		/* 0: not known */
	int		 level;
	struct twin_piece *pieces;
	size_t		 count;
};
void twin_fini(struct twin *);

/* A document and its twin as they were. */
struct twin_before {
	const struct twin *twin;
	const struct buf *text, *gz;
};

/* before: NULL, or what is taken over where nothing has changed. */
void twin_make(struct twin *ret, struct buf *gz, const struct buf *text,
    const struct twin_cut *cuts, size_t count, const struct twin_before *);

/* Is this gzip the document's, whoever made it? */
int twin_fits(const struct buf *gz, const struct buf *text);

#endif
