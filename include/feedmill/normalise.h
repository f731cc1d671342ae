/*
 * normalise.h - from a feed as written to the same feed as meant.
 *
 * Pure.  After normalise_feed(): every URL of the model is absolute or gone
 * (xml:base, then the entry's, then the feed's, then the document's URL),
 * link and self are chosen from the links, a missing link is filled from a
 * permalink guid, authors and language are inherited as their format says.
 * Texts stay raw, because identity digests what the publisher wrote: what
 * may reach a browser is made by normalise_text(), for new entries only.
 */
#ifndef FEEDMILL_NORMALISE_H
#define FEEDMILL_NORMALISE_H

#include "feedmill/html.h"
#include "feedmill/model.h"

struct buf;

/* Uses feed->url as the document's own. */
void normalise_feed(struct feed *);

/*
 * Append text as a reader may see it: for TEXT_HTML and TEXT_XHTML sanitised
 * HTML with absolute links, well-formed; for TEXT_PLAIN the text itself,
 * not escaped.  entry NULL: a text of the feed's head.
 */
void normalise_text(struct buf *, const struct text *, const struct feed *,
    const struct entry *, const struct html_rules *);

/* The same as one line of plain text: markup gone, entities decoded. */
void normalise_text_plain(struct buf *, const struct text *);

/*
 * All of an entry that outlets show, in the arena given: what the store
 * keeps of a new or changed entry.
 */
struct safe_entry {
	const char	*title;		/* plain text, one line, maybe "" */
	const char	*content;	/* HTML or "" */
	const char	*summary;	/* HTML or "" */
	const char	*image;		/* URL of its first picture, or NULL */
};
void normalise_entry(const struct feed *, const struct entry *,
    const struct html_rules *, struct arena *, struct safe_entry *ret);

#endif
