/*
 * identify.h - from an entry to its identity: key, timestamp, digest.
 *
 * Pure.  A key is the canonical URL (url.h), across all sources;
 * without a usable link "source#guid", then "source#title" by hash.  Two
 * entries of one document with the same URL and different guids are scoped
 * to their guids.  A stamp (<!--milliseconds-->) that leads the body is the
 * timestamp; else the date the entry has.
 */
#ifndef FEEDMILL_IDENTIFY_H
#define FEEDMILL_IDENTIFY_H

#include "feedmill/model.h"

struct identify_rules {
	const char	*scope;		/* the source's name */
	int		 own;		/* identity: own - never shared */
};

/* Sets entry->identity of every entry. */
void identify_feed(struct feed *, const struct identify_rules *);

/*
 * The stamp that leads a body, if one does: milliseconds, or DATE_NONE for
 * "NaN"; *ret_len is how many bytes it takes (0: no stamp there).
 */
int64_t identify_stamp(const char *body, size_t *ret_len);

#endif
