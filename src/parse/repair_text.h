/*
 * repair_text.h - characters to XML text, for a document written anew.
 *
 * What XML cannot carry (controls, U+FFFE, U+FFFF) is left out or becomes
 * U+FFFD.  Text that would need a reference a byte goes into a CDATA section
 * instead, which stays open until repair_text_end(): a document of nothing
 * but "&" does not grow.  Input is valid UTF-8.
 */
#ifndef FEEDMILL_PARSE_REPAIR_TEXT_H
#define FEEDMILL_PARSE_REPAIR_TEXT_H

#include <stddef.h>

struct buf;
struct entities;

struct repair_text {
	struct buf	*out;
	int		 in_section;
};

/* Before any markup is written, and before a place in out is remembered. */
void repair_text_end(struct repair_text *);

/* Text without references. */
void repair_text_put(struct repair_text *, const char *s, const char *end);

/*
 * Text with references, into an element or between quotes.  '<' is no
 * markup here.  Returns how many '&' began no reference.
 */
unsigned repair_text_decode(struct repair_text *, struct entities *,
    const char *s, const char *end);
unsigned repair_text_attribute(struct repair_text *, struct entities *,
    const char *s, const char *end);

#endif
