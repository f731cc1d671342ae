/*
 * text.h - the pieces of text every renderer needs; private to render.
 *
 * A link is shown only where its scheme can do no harm: whatever a publisher
 * called a URL, "javascript:" never becomes one.
 */
#ifndef FEEDMILL_RENDER_TEXT_H
#define FEEDMILL_RENDER_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "feedmill/config.h"

struct buf;
struct item;

/* s as a JSON string with its quotes. */
void quote_json(struct buf *, const char *s);
/* The same is a double-quoted scalar of YAML, if no brace is in it: Liquid
 * shall find no tag. */
void quote_yaml(struct buf *, const char *s);

/* Text for Markdown and for HTML, as kramdown and Liquid read them. */
void quote_markdown(struct buf *, const char *s);
void quote_html(struct buf *, const char *s);
/* Does a bracket here end a link's text, or a definition's? */
int closes_link(const char *s);
/* A URL as a link's destination in either. */
void put_destination(struct buf *, const char *url);
/* "Good-news-5-4": at most max bytes that any file system takes. */
void put_file_name(struct buf *, const char *text, size_t max);

/* The URL if it may be shown as a link, else NULL. */
const char *safe_link(const char *url);
/* The same for enclosures, which may be magnets. */
const char *safe_enclosure(const char *url);

/* Is it a language tag by its grammar ("zh-Hans", not "Chinese, simplified")?
 * NULL is none. */
int is_language_tag(const char *);
/* Is it an IRI by its looks: a scheme, and nothing that has to be escaped?
 * NULL is none. */
int is_iri(const char *);
/* "type/subtype" of a media type (RFC 6838), appended without parameters: as
 * many get those wrong as right.  0: it is none, NULL too. */
int put_media_type(struct buf *, const char *);

/* The item's title; where it has none, the beginning of its text, its URL or
 * its source's name.  Never empty. */
void put_title(struct buf *, const struct item *);

/* At most max bytes of the HTML's text, cut at a word where there is one,
 * with an ellipsis if anything is missing.  Plain text. */
void put_excerpt(struct buf *, const char *html, size_t max);

/* What stands for the item in an outlet, as HTML: content, summary or
 * nothing, led by the stamp, which the next aggregator knows it again by. */
void put_body(struct buf *, enum content_mode, const struct item *);

/* "Name One, Name Two", or the source where nobody is named. */
void put_authors(struct buf *, const struct item *);

/* What readers know the source by: its title, its name, its URL. */
const char *source_label(const struct item *);

/* ms inside the years a four-digit date can say. */
int64_t date_in_range(int64_t ms);

#endif
