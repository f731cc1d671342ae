/*
 * extra.h - between an entry's lists (authors, categories, enclosures,
 * comments) and the one JSON text a revision keeps of them; the same for what
 * a feed says of itself, and for those who had an entry, too.
 *
 * Only http and https URLs go in: what comes out may be shown as a link.
 */
#ifndef FEEDMILL_STORE_EXTRA_H
#define FEEDMILL_STORE_EXTRA_H

#include "feedmill/model.h"
#include "feedmill/store.h"

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

/* Id, subtitle, rights, icon, logo, generator, authors, categories, language:
 * as plain text and within bounds; its title and its link are elsewhere. */
void extra_write_head(struct buf *, const struct feed_head *);
/* NULL: there is nothing. */
struct feed_head *extra_read_head(const char *json, struct arena *);

/* Of [[name, title, url]...], as records.c asks for it. */
const struct further *extra_read_further(const char *json, struct arena *);

#endif
