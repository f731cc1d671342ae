/*
 * headers.h - from the header lines of an answer to what they mean.
 *
 * Pure.  Lines come one by one as the server sent them, hostile or not; what
 * is kept is cleaned: no control bytes, no outer blanks, bounded, and UTF-8 but
 * for validators, which are opaque bytes (RFC 9110 section 8.8.3), and
 * Location.  Strings live in the arena that was given.
 */
#ifndef FEEDMILL_FETCH_HEADERS_H
#define FEEDMILL_FETCH_HEADERS_H

#include <stddef.h>
#include <stdint.h>

#include "feedmill/base/arena.h"

enum {
	VALIDATOR_MAX = 1024,		/* a longer ETag is no ETag */
	LOCATION_MAX = 4096,
	FOREVER_S = 315360000,		/* ten years: what larger times become */
};

enum content_coding {
	CODING_NONE, CODING_GZIP, CODING_DEFLATE, CODING_UNKNOWN
};

struct fetch_head {
	long		 status;	/* 0: no status line yet */
	int		 complete;	/* the blank line has come */
	const char	*etag, *last_modified;	/* NULL: none usable */
	const char	*content_type, *content_language, *content_location;
	const char	*location;
	const char	*hsts;		/* Strict-Transport-Security */
	int		 location_unusable;	/* there, but too long or bad */
	enum content_coding coding;
	int		 chunked;
	int64_t		 length;	/* Content-Length, -1: none */
	int		 length_unusable;	/* not a number, or two of them */
	int		 im_feed;
	const char	*retry_after, *expires, *date;	/* as written */
	const char	*cache_control;
	const char	*link;		/* all of them, joined */
	int64_t		 age_s;		/* 0: none */
	const char	**last;		/* field an obs-fold would continue */
};

void fetch_head_init(struct fetch_head *);

/* One line with or without its CR LF.  A new status line (after a 1xx)
 * begins a new head; after the blank line of the last one trailers are
 * ignored. */
void fetch_head_line(struct fetch_head *, struct arena *, const char *,
    size_t len);

/* A date of a header, NULL too: milliseconds since 1970 or DATE_NONE. */
int64_t fetch_head_date(const char *);

/* Expires less Age, as said by Date's clock; DATE_NONE: none.  What is no date
 * ("0", "-1", "now") has expired long ago (RFC 9111 section 5.3). */
int64_t fetch_head_expires(const struct fetch_head *);

/* Seconds from now (wall time, ms) on; -1: none or not readable. */
int64_t fetch_head_retry_after(const struct fetch_head *, int64_t now_ms);

/* max-age less Age, 0 for no-store and no-cache; -1: none. */
int64_t fetch_head_max_age(const struct fetch_head *);

#endif
