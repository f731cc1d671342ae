/* date_tokens.c - see date_tokens.h. */
#include <string.h>

#include "feedmill/base/text.h"
#include "date_names.h"
#include "date_tokens.h"

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (unsigned char)c >= 0x80;
}

/* Without "(comments)", which RFC 5322 allows anywhere and nests; with one
 * space for any white space.  0: longer than any date. */
static int
copy_text(const char *s, char out[DATE_TEXT_BYTES])
{
	size_t len = text_trim(&s, strlen(s)), n = 0;
	const char *end = s + len;
	int depth = 0;

	while (s < end) {
		const char *from = s;
		uint32_t c = text_utf8_next(&s, end);

		if (c == '(') {
			depth++;
		} else if (c == ')') {
			depth -= depth > 0;
		} else if (depth == 0) {
			if (n + 5 > DATE_TEXT_BYTES)
				return 0;
			if (text_trim(&from, (size_t)(s - from)) == 0)
				out[n++] = ' ';
			while (from < s)
				out[n++] = *from++;
		}
	}
	out[n] = '\0';
	return 1;
}

static const char *
take_number(struct token *t, const char *s)
{
	t->kind = NUMBER;
	while (is_digit(*s)) {
		if (t->len++ < DATE_DIGITS)
			t->value = t->value * 10 + (*s - '0');
		s++;
	}
	return s;
}

/* A unit right behind a number is a word of its own; "Europe/Brussels" is
 * one word, "a.m." is read as "am". */
static const char *
take_word(struct token *t, const char *s, const struct token *before)
{
	size_t len = 1, unit;

	t->kind = WORD;
	if (before != NULL && before->kind == NUMBER && date_unit(s,
	    strlen(s), &unit) != UNIT_NONE && (unit > 1 ||
	    !is_letter(s[unit]))) {
		t->len = (unsigned)unit;
		return s + unit;
	}
	if ((*s == 'a' || *s == 'p') && strncmp(s + 1, ".m.", 3) == 0) {
		t->p = *s == 'a' ? "am" : "pm";
		t->len = 2;
		return s + 4;
	}
	while (is_letter(s[len]) ||
	    ((s[len] == '/' || s[len] == '_') && is_letter(s[len + 1])))
		len++;
	t->len = (unsigned)len;
	return s + len;
}

unsigned
date_tokenise(const char *s, char text[DATE_TEXT_BYTES],
    struct token t[DATE_TOKENS + 1])
{
	unsigned n = 0;
	int gap = 1;

	memset(t, 0, (DATE_TOKENS + 1) * sizeof(*t));
	if (!copy_text(s, text))
		return 0;
	for (s = text; *s != '\0'; ) {
		if (*s == ' ') {
			gap = 1;
			s++;
			continue;
		}
		if (n == DATE_TOKENS)
			return 0;
		t[n].p = s;
		t[n].gap = gap;
		if (is_digit(*s)) {
			s = take_number(&t[n], s);
		} else if (is_letter(*s)) {
			s = take_word(&t[n], s, n > 0 ? &t[n - 1] : NULL);
		} else {
			t[n].kind = SIGN;
			t[n].len = 1;
			s++;
		}
		gap = 0;
		n++;
	}
	return n;
}

int
token_is_sign(const struct token *t, char c)
{
	return t->kind == SIGN && *t->p == c;
}

int
token_is_word(const struct token *t, const char *lower)
{
	return t->kind == WORD && t->len == strlen(lower) &&
	    text_prefix_nocase(t->p, lower);
}

int
token_is_joined(const struct token *t, unsigned least, unsigned most)
{
	return t->kind == NUMBER && !t->gap && t->len >= least &&
	    t->len <= most;
}
