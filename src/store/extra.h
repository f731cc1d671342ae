/*
 * extra.h - between an entry's lists (authors, categories, enclosures,
 * comments) and the one JSON text a revision keeps of them.
 *
 * Only http and https URLs go in: what comes out may be shown as a link.
 */
#ifndef FEEDMILL_STORE_EXTRA_H
#define FEEDMILL_STORE_EXTRA_H

#include "feedmill/model.h"

struct arena;
struct buf;

/* Append; nothing at all for an entry that has none of it. */
void extra_write(struct buf *, const struct entry *);

struct extra {
	struct person	*authors;
	struct category	*categories;
	struct enclosure *enclosures;
	const char	*comments;
};

/* json NULL or not readable: all empty. */
void extra_read(const char *json, struct arena *, struct extra *ret);

#endif
