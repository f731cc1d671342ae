/* charset.h - from a label or a guess to UTF-8.  Pure. */
#ifndef FEEDMILL_PARSE_CHARSET_H
#define FEEDMILL_PARSE_CHARSET_H

#include <stddef.h>

struct buf;

struct charset {
	const char	*name;		/* WHATWG, lower case */
	const char	*iconv;		/* glibc's, the superset browsers use */
	const char	*labels;	/* other spellings, blank-separated */
	int		 wide;		/* bytes of a unit: 1, 2 or 4 */
	int		 stateful;	/* seven bits with escapes */
};

/* NULL: unknown, or one that is refused (UTF-7). */
const struct charset *charset_find(const char *label, size_t len);

/* What the bytes look like; NULL: no idea. */
const struct charset *charset_guess(const char *, size_t len);

/* Append as UTF-8; returns the bytes that became U+FFFD. */
size_t charset_decode(const struct charset *, const char *, size_t len,
    struct buf *out);

#endif
