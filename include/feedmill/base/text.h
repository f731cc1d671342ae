/*
 * text.h - UTF-8, white space and escaping: the words all modules share.
 *
 * "Blank" is XML's: space, tab, CR, LF.  Lengths are bytes.
 */
#ifndef FEEDMILL_BASE_TEXT_H
#define FEEDMILL_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct buf;

/* Length of the valid UTF-8 prefix of s: len if all of it is valid. */
size_t text_utf8_valid(const char *s, size_t len);

size_t text_count_high(const char *s, size_t len);	/* bytes >= 0x80 */

/* One code point from p (p < end); advances *p by at least one byte.
 * A malformed byte yields U+FFFD. */
uint32_t text_utf8_next(const char **p, const char *end);
void text_utf8_put(struct buf *, uint32_t code_point);

/* May this code point stand in an XML 1.0 document (production Char)? */
int text_xml_char(uint32_t code_point);

/* Cut s to at most max bytes without splitting a code point. */
size_t text_utf8_cut(const char *s, size_t len, size_t max);

/* Unicode white space (the set of JavaScript's \s) off both ends: the
 * trimmed part is *s, its length is returned. */
size_t text_trim(const char **s, size_t len);

/* Append s as XML text: & < > escaped, and " ' too for an attribute;
 * code points XML cannot carry become U+FFFD or, if C0 controls, nothing. */
void text_xml_escape(struct buf *, const char *s, size_t len, int attribute);
void text_xml_escape_str(struct buf *, const char *s);	/* attribute-safe */

/* Every run of white space and controls becomes one space; both ends lose
 * theirs.  For titles and anything else that must fit a line. */
void text_collapse(struct buf *, const char *s, size_t len);

/* ASCII only, whatever the locale. */
int text_equal_nocase(const char *a, const char *b);
int text_prefix_nocase(const char *s, const char *prefix);
const char *text_find_nocase(const char *hay, const char *needle);

/* 0 to 15; -1: it is none. */
int text_hex_digit(char);

/* "15m", "1h30m", "2d" to seconds; "512K", "10M" to bytes.  -1: neither. */
int64_t text_parse_duration(const char *s);
int64_t text_parse_size(const char *s);
/* and back, shortest exact form, into at least 24 bytes. */
void text_format_duration(int64_t seconds, char out[24]);
void text_format_size(int64_t bytes, char out[24]);

#endif
