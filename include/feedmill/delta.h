/*
 * delta.h - from a document and what it was before to what is new in it
 * since any of its states (RFC 3229, instance manipulation "feed").
 *
 * Pure.  The publisher keeps notes beside each document: of which parts it
 * consists and since which state each of them is in it as it is.  A state is
 * the moment at which it was published; its tag names that moment, and a
 * check tells our tags from made-up ones.  So every tag ever given is known,
 * across restarts, and nothing has to be kept for it.
 *
 * A moment, not a counter: where a backup was restored a counter would name
 * two different states with one number.
 */
#ifndef FEEDMILL_DELTA_H
#define FEEDMILL_DELTA_H

#include <stddef.h>
#include <stdint.h>

#include "feedmill/base/hash.h"

struct buf;

/* One entry's bytes in the document. */
struct delta_part {
	int64_t		 entry_id, seq;	/* of its announcement */
	size_t		 len;
	uint64_t	 hash;
	int64_t		 since_ms;	/* the state it came with */
};

struct delta {
	uint64_t	 secret;	/* of these notes, from the first on */
	int64_t		 state_ms;
	int64_t		 seq;		/* last announcement, known then */
	/* Whoever has a later state, or this one, finds in the document all
	 * that it has not; others have to look on sealed pages, too. */
	int64_t		 whole_ms;
	int64_t		 page;		/* number of the last; 0: none */
	struct digest	 digest;	/* of the document */
	size_t		 head;		/* bytes before the first part */
	struct delta_part *parts;	/* in document order, malloc()ed */
	size_t		 count;
};

/* -1: these are no such notes.  All zero then. */
int delta_read(struct delta *, const char *text);
void delta_write(struct buf *, const struct delta *);
void delta_fini(struct delta *);

/* A part is added with what its bytes are told by; its since_ms is
 * delta_follow()'s. */
uint64_t delta_hash(const char *bytes, size_t len);
void delta_add(struct delta *, int64_t entry_id, int64_t seq, size_t len,
    uint64_t hash);

/*
 * now is new, after before (its count is 0: there was none): which parts are
 * new with it.  The secret is used for the first notes of all.
 */
void delta_follow(struct delta *now, const struct delta *before,
    int64_t now_ms, uint64_t secret);

/* Where the parts are, in a document of len bytes: 0 if they do not fit. */
int delta_fits(const struct delta *, size_t len);

/* The opaque part of the tag, without quotes and without an end for the
 * coding. */
enum { DELTA_TAG_SIZE = 80 };
void delta_tag(const struct delta *, char out[DELTA_TAG_SIZE]);

/* A state of the past. */
struct delta_base {
	int64_t		 state_ms, seq;
};

/* 1: this is the tag of an earlier state. */
int delta_is_base(const struct delta *, const char *tag, size_t len,
    struct delta_base *ret);

#endif
