/*
 * date_tokens.h - the text of a date to numbers, words and signs.
 *
 * Comments in parentheses are gone, white space is a mark on the token
 * behind it.  A text longer than any date, or of more tokens, gives none:
 * what reads them does bounded work.
 */
#ifndef FEEDMILL_BASE_DATE_TOKENS_H
#define FEEDMILL_BASE_DATE_TOKENS_H

#include <stdint.h>

enum { DATE_TEXT_BYTES = 160, DATE_TOKENS = 48, DATE_DIGITS = 18 };

enum kind { END, NUMBER, WORD, SIGN };

struct token {
	enum kind	 kind;
	const char	*p;		/* in the text, or a constant */
	unsigned	 len;		/* of a number: its digits */
	int64_t		 value;		/* of its first DATE_DIGITS */
	int		 gap;		/* blanks before it */
	int		 used;		/* the reader's mark */
};

/* How many tokens; the one behind the last is END. */
unsigned date_tokenise(const char *, char text[DATE_TEXT_BYTES],
    struct token[DATE_TOKENS + 1]);

int token_is_sign(const struct token *, char);
int token_is_word(const struct token *, const char *lower);

/* A number right behind the token before it, of so many digits. */
int token_is_joined(const struct token *, unsigned least, unsigned most);

#endif
