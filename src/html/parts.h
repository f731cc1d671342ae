/*
 * parts.h - what the parts of html.c share: tokens, the policy tables,
 * URLs as attributes may carry them, and the parse by gumbo.
 */
#ifndef FEEDMILL_HTML_PARTS_H
#define FEEDMILL_HTML_PARTS_H

#include <stddef.h>

#include <gumbo.h>

#include "feedmill/base/arena.h"

struct buf;
struct html_rules;

/* ------------------------------------------------ token.c: bytes to tokens */

enum html_kind { HTML_EOF, HTML_TEXT, HTML_START, HTML_END };

/* What the text of an element is, where it is not ordinary. */
enum html_raw {
	RAW_NONE,
	RAW_HIDDEN,		/* script, style: never shown */
	RAW_FALLBACK,		/* iframe, noembed: shown where it cannot */
	RAW_REFERENCES,		/* title, textarea: text with references */
	RAW_VERBATIM,		/* xmp, plaintext: not even those */
};

struct html_token {
	enum html_kind	 kind;
	const char	*start, *end;	/* the slice of the source */
	/* Of tags: */
	GumboTag	 tag;		/* GUMBO_TAG_UNKNOWN: see name */
	const char	*name;
	size_t		 name_len;
	unsigned	 attributes;
	int		 self_closing;
	/* Of text: */
	enum html_raw	 raw;
};

struct html_scan {
	const char	*p, *end;
	enum html_raw	 raw;		/* of the text that comes next */
	const char	*raw_name;
	unsigned	 unclosed;	/* raw elements known to have no end */
	int		 in_cdata;
	int		 open_comment;	/* no comment ends from here on */
	int		 no_more_gt;	/* no ">" from here on */
};

void html_scan_init(struct html_scan *, const char *html, size_t len);
enum html_kind html_scan_next(struct html_scan *, struct html_token *);

/* The next attribute of a start tag from *p on, which begins at the end of
 * its name: 0 at the end.  value is NULL where there is none. */
struct html_attribute {
	const char	*name, *value;
	size_t		 name_len, value_len;
};
int html_attribute_next(const struct html_token *, const char **p,
    struct html_attribute *);
int html_name_is(const char *name, size_t len, const char *lower);

/* -------------------------------------------------- policy.c: what may be */

/* How the tree builder treats a tag, as far as the guard has to know. */
enum html_class {
	CLASS_NONE,		/* not kept: its tags go, its content stays */
	CLASS_SKIP,		/* not kept, nor what is in it */
	CLASS_VOID,
	CLASS_P,		/* ends itself: never nests by itself */
	CLASS_ITEM,		/* li, dd, dt: ends one directly before it */
	CLASS_PLAIN,
	CLASS_FORMAT,		/* b, font...: opened anew where cut off */
	CLASS_SPECIAL,		/* blocks */
	CLASS_TABLE,
	CLASS_ROW,		/* rows, and groups of rows or columns */
	CLASS_CELL,
	CLASS_FRAME,		/* iframe: kept as far as the tree walk */
};

/* tag_name is of the source; "" for what gumbo knows. */
enum html_class html_class(GumboTag, const char *name, size_t len);

/* The name an element is written with, NULL if it is not to be. */
const char *html_element_name(const GumboElement *);
int html_is_void(GumboTag);
int html_ends_p(GumboTag);	/* a block that cannot stand in a <p> */
int html_breaks_text(GumboTag);	/* text before and after are two words */

enum html_value {
	VALUE_NONE,		/* the attribute goes */
	VALUE_TEXT, VALUE_NUMBER, VALUE_EMPTY, VALUE_DIR,
	VALUE_LINK, VALUE_IMAGE, VALUE_MEDIA, VALUE_SRCSET,
};

/* *ret_name is our own spelling. */
enum html_value html_attribute_value(const char *element, const char *name,
    const char **ret_name);

/* Could an attribute of this name be of use, on whatever element? */
int html_attribute_matters(const char *name, size_t len);

/* --------------------------------------------- place.c: where it may stand */

/* What is open around a node, as far as it decides what may follow. */
enum {
	HTML_IN_A = 1,
	HTML_IN_P = 2,
	HTML_IN_LI = 4,		/* and nothing since that an <li> may be in */
	HTML_IN_DD = 8,		/* the same for dd and dt */
};

/* May it stand directly in parent?  Only tables are particular. */
int html_has_place(GumboTag, GumboTag parent);

/* Would a parser put it where it is written, in parent and what is open? */
int html_stays(GumboTag, GumboTag parent, unsigned in);

/* What is open in an element that stands in this. */
unsigned html_inside(GumboTag, unsigned in);

/* -------------------------------------------------- url.c: attribute values */

/* Append the URL, escaped for an attribute; 0 and nothing if it may not be. */
int html_put_url(struct buf *, enum html_value, const char *value,
    const char *base, const struct html_rules *);
int html_put_srcset(struct buf *, const char *value, const char *base,
    const struct html_rules *);
int html_url_host_in(const char *url, const char *const *hosts);

/* ------------------------------------------------------------ attribute.c */

/* Where a text goes, and by whose rules. */
struct html_sink {
	struct buf	*out;
	const char	*base;
	const struct html_rules *rules;
	unsigned	 foreign;	/* hosts that are not ASCII */
};

void html_put_escaped(struct buf *, const char *, int in_attribute);

/* What it says, or NULL. */
const char *html_attribute(const GumboElement *, const char *name);
/* "640", "640px", "50%": how many, -1 where it is no number. */
long html_number(const char *value, int *ret_percent);

/* Appends ' name="value"', or nothing (0) where the value may not be. */
int sink_put_attribute(struct html_sink *, const char *name,
    enum html_value, const char *value);
void sink_put_attributes(struct html_sink *, const GumboElement *,
    const char *element);

/* ------------------------------------------------------------ guard.c */

/* Append the same document in the small dialect that gumbo reads in linear
 * time: see the file. */
void html_guard(struct buf *, const char *html, size_t len);

/* ------------------------------------------------------------- text.c */

/* Append text whose references are none, or those that sanitised HTML has,
 * decoded; 0 and nothing if there are others, or a CR. */
int html_decode_easy(struct buf *, const char *s, size_t len);

/* ------------------------------------------------------------ drop.c */

/* Turn what rules->drop_text says into what is not written. */
void html_drop(GumboNode *root, const struct html_rules *);

/* ------------------------------------------------------------ parse.c */

/* The fragment's root; all of it lives in the arena.  text: must outlive
 * the tree, holds no NUL. */
GumboNode *html_parse(struct arena *, const char *text, size_t len);

#endif
