/*
 * html.h - from any HTML to HTML that is safe in any reader.
 *
 * Pure.  Gumbo behind a linear guard, an allow-list of elements, attributes
 * and URL schemes, our own serialiser.  The output is always well-formed
 * XML content (one parse by expat inside a <div> succeeds): no script, style,
 * event attribute, form, frame, meta, base, tracking pixel; every URL is
 * absolute; images carry loading="lazy".  What a page sends as its referrer
 * is the page's affair: ours say no-referrer in their head.
 * Time is linear in the input, whatever it is.
 */
#ifndef FEEDMILL_HTML_H
#define FEEDMILL_HTML_H

#include <stddef.h>

struct buf;

/* A source's own rules; all optional, all borrowed. */
struct html_rules {
	/* An element of the lowest level whose text contains this goes. */
	const char *const	*drop_text;	/* NULL-terminated */
	/* "images.weserv.nl": src=https://HOST/?url=X becomes X. */
	const char *const	*unwrap_images;	/* NULL-terminated hosts */
	/* Hosts whose frames stay frames. */
	const char *const	*frames;	/* NULL-terminated */
};

/* base: absolute, or NULL: then relative URLs are dropped. */
void html_sanitise(struct buf *, const char *html, size_t len,
    const char *base, const struct html_rules *);

/* The visible text, blocks separated by one space, entities decoded. */
void html_to_text(struct buf *, const char *html, size_t len);

/* The same for who needs but max bytes of it: there may be more, and what
 * comes after them may be wrong; without reading all of a long document. */
void html_to_text_start(struct buf *, const char *html, size_t len,
    size_t max);

/* Decode character references only ("&amp;lt;" is "&lt;" once). */
void html_decode_entities(struct buf *, const char *s, size_t len);

/* Does a link of this relation and type, either of which may be NULL, lead to
 * a feed?  rel=alternate of a feed's type does, and rel=feed of any type but
 * a page's. */
int html_is_feed_link(const char *rel, const char *type, const char *url);

/* The feeds a page advertises (<link> as above), in its
 * order, the first 32: url is absolute, type and title may be NULL; all
 * borrowed. */
void html_find_feeds(const char *html, size_t len, const char *base,
    void (*visit)(const char *url, const char *type, const char *title,
    void *arg), void *arg);

/* An absolute http or https URL in which nothing has to be escaped? */
int html_is_clean_url(const char *url);

/* Is this text markup at all? "1 < 2" is not, "<b>x</b>" and "&nbsp;" are. */
int html_looks_like(const char *s, size_t len);

#endif
