/*
 * parse.h - from bytes to a feed.  Any bytes: this is the hostile border.
 *
 * Pure.  Two steps, both exported for their own tests: decode_text() makes
 * UTF-8 that expat accepts of whatever arrived; parse_feed() does that and
 * then reads RSS 0.9x/1.0/2.0, Atom 0.3/1.0 (RFC 4287) and JSON Feed 1.0/1.1.
 * The result is raw: texts are as written (trimmed), URLs relative, dates
 * parsed, xml:base absolute where anything is known to resolve it against.
 * normalise.h goes on from there.
 *
 * A damaged document yields every entry that was complete before the damage
 * and, where the damage allows, those after it; feed->damaged and
 * feed->error say so.  error.code is one of "not-well-formed", "encoding",
 * "namespace" (bozo), "limit" (its message names the limit: depth,
 * attributes, token, entries, entry; or says that declarations of entities
 * were refused), "not-a-feed", "empty", "memory".  Time is linear in the
 * bytes, whatever they are.
 */
#ifndef FEEDMILL_PARSE_H
#define FEEDMILL_PARSE_H

#include <stddef.h>

#include "feedmill/model.h"

struct buf;
struct err;

/*
 * All that may not grow.  What is over a limit is left out and the feed is
 * damaged; only a title is cut without a word.
 */
struct parse_limits {
	unsigned depth;		/* of elements */
	unsigned attributes;	/* of one element */
	unsigned token_bytes;	/* one tag, one comment */
	unsigned entries;
	unsigned title_bytes;
	unsigned entry_bytes;	/* all text of one entry */
};

extern const struct parse_limits parse_limits_default;

/* What is known of the document besides its bytes. */
struct parse_context {
	const char	*url;		/* where it is from; NULL: unknown */
	const char	*content_type;	/* HTTP header, or NULL */
	const char	*content_language, *content_location;	/* or NULL */
	const char	*charset;	/* the source's override, or NULL */
	int		 zone_s;	/* for dates without one */
	const struct parse_limits *limits;	/* NULL: the default */
};

/*
 * OUTCOME_OK or OUTCOME_DAMAGED with a feed of the caller's;
 * OUTCOME_NOT_A_FEED or OUTCOME_EMPTY with a feed that has format NONE,
 * OUTCOME_POSTPONED the same, where memory was short,
 * OUTCOME_UNREADABLE with whatever format it seemed to have: no entries, and
 * the reason in its error.  *ret is never NULL.
 */
enum outcome parse_feed(const char *bytes, size_t len,
    const struct parse_context *, struct feed **ret);

/* Static: expat's. */
const char *parse_library_version(void);

struct decoded {
	const char	*text;		/* UTF-8; in hold, or the bytes given */
	size_t		 len;
	char		*hold;		/* to free(), NULL if text is borrowed */
	const char	*encoding;	/* WHATWG name, static */
	unsigned	 bad_bytes;
	int		 lied;		/* the declared charset was false */
	int		 marks;		/* byte order marks beyond the first */
};

/* Never fails: at worst everything is U+FFFD.  BOM and the encoding in the
 * XML declaration are dealt with; text is for expat with "UTF-8" forced. */
void decode_text(const char *bytes, size_t len, const struct parse_context *,
    struct decoded *ret);
void decoded_fini(struct decoded *);

/*
 * OPML: calls visit for each outline that has an xmlUrl, folders as tags
 * joined by '\n'.  0, or -1 and a sentence with line and column.
 */
struct opml_outline {
	const char *title, *xml_url, *html_url, *tags;
};
int parse_opml(const char *bytes, size_t len,
    void (*visit)(const struct opml_outline *, void *arg), void *arg,
    struct err *);

#endif
