/*
 * tokenizer.h - from text and safe HTML to the words a search finds.
 *
 * Chinese and Japanese have no spaces and Korean hangs its particles on its
 * words, so each of their characters is a token, and a word of them is a
 * phrase: two characters are found inside any sentence.  Everything else is
 * unicode61's, without regard to case and diacritics.  Letters and digits are
 * asked for in both widths: they are indexed as they stand.
 *
 * What is stored is HTML from our own sanitiser: its tags and references are
 * no words.  What is asked for is plain text.
 */
#ifndef FEEDMILL_STORE_TOKENIZER_H
#define FEEDMILL_STORE_TOKENIZER_H

#include <stddef.h>
#include <sqlite3.h>

/* A text may be long: asked ever so often, anything but 0 ends it with
 * SQLITE_INTERRUPT. */
struct tokenizer_guard {
	int		(*is_to_end)(void *arg);	/* or NULL */
	void		*arg;
};

/* "cjk" for FTS5 tables of this connection; an SQLite code.  The guard is
 * borrowed, may change, and may be NULL. */
int tokenizer_register(sqlite3 *, struct tokenizer_guard *);

/* Length of the tag or the character reference at p; 0: neither. */
size_t markup_length(const char *p, const char *end);

#endif
