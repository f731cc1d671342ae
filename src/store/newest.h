/*
 * newest.h - from a few sources to the numbers of what they announced, newest
 * first, without reading what others have, nor all they have themselves.
 *
 * Each source's own come in order by its index; here they are merged.
 */
#ifndef FEEDMILL_STORE_NEWEST_H
#define FEEDMILL_STORE_NEWEST_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct store_reader;

/* With more of them asking each is what costs. */
enum { NEWEST_SOURCES_MAX = 64 };

struct newest;
/* Of those in (after, upto].  ids stay the caller's. */
struct newest *newest_new(struct store_reader *, const int64_t *ids,
    size_t count, int64_t after, int64_t upto);
/* 1 and the next number, 0: there is none, -1 and a sentence. */
int newest_next(struct newest *, int64_t *ret, struct err *);
void newest_free(struct newest *);

#endif
