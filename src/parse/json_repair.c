/*
 * json_repair.c - see json_repair.h.
 *
 * Strings are copied with their escapes checked, words that are no JSON
 * become null (NaN) or what they mean (True), numbers too long for one are
 * strings, commas before a closing bracket are left out, and where the document ends too early it is closed
 * behind the last complete member of a list in the root object: the last
 * complete item.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "json_repair.h"

/* Integers of so many digits are numbers, longer ones are names. */
enum { DEPTH_MAX = 64, DIGITS_MAX = 18, NUMBER_MAX = 63 };

struct mender {
	const char	*p, *end;
	struct buf	*out;
	char		 open[DEPTH_MAX];
	unsigned	 depth;
	size_t		 good;		/* output up to a complete item */
};

static int
hex4(const char *p, const char *end, unsigned *ret)
{
	unsigned v = 0;

	if (end - p < 4)
		return 0;
	for (int i = 0; i < 4; i++) {
		int digit = text_hex_digit(p[i]);

		if (digit < 0)
			return 0;
		v = v * 16 + (unsigned)digit;
	}
	*ret = v;
	return 1;
}

/* After a backslash and 'u': a pair, a character, or U+FFFD for half. */
static void
unicode_escape(struct mender *m)
{
	unsigned hi, lo;

	if (!hex4(m->p, m->end, &hi)) {
		buf_puts(m->out, "\\ufffd");
		return;
	}
	if (hi >= 0xd800 && hi < 0xdc00 && m->end - m->p >= 10 &&
	    m->p[4] == '\\' && m->p[5] == 'u' &&
	    hex4(m->p + 6, m->end, &lo) && lo >= 0xdc00 && lo < 0xe000) {
		buf_puts(m->out, "\\u");
		buf_append(m->out, m->p, 10);
		m->p += 10;
		return;
	}
	if (hi >= 0xd800 && hi < 0xe000) {
		buf_puts(m->out, "\\ufffd");
	} else {
		buf_puts(m->out, "\\u");
		buf_append(m->out, m->p, 4);
	}
	m->p += 4;
}

static void
escape(struct mender *m)
{
	char c;

	if (++m->p >= m->end)
		return;
	c = *m->p++;
	if (c == 'u') {
		unicode_escape(m);
	} else if (c != '\0' && strchr("\"\\/bfnrt", c) != NULL) {
		buf_putc(m->out, '\\');
		buf_putc(m->out, c);
	} else {
		m->p--;		/* "\d" is "d" */
	}
}

static void
control(struct mender *m)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char c = (unsigned char)*m->p++;
	char escaped[] = { '\\', 'u', '0', '0', digits[c >> 4],
	    digits[c & 15] };

	buf_append(m->out, escaped, sizeof(escaped));
}

/* From the opening quote; 0 if the document ends inside. */
static int
string(struct mender *m)
{
	const char *from = m->p++;

	for (;;) {
		while (m->p < m->end && *m->p != '"' && *m->p != '\\' &&
		    (unsigned char)*m->p >= 0x20)
			m->p++;
		buf_append(m->out, from, (size_t)(m->p - from));
		if (m->p >= m->end)
			return 0;
		if (*m->p == '"') {
			buf_putc(m->out, *m->p++);
			return 1;
		}
		if (*m->p == '\\')
			escape(m);
		else
			control(m);
		from = m->p;
	}
}

static int
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t
digits(const char *s, const char *end)
{
	const char *p = s;

	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return (size_t)(p - s);
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? */
static int
is_number(const char *s, const char *end, int *ret_integer)
{
	const char *p = s + (*s == '-');
	size_t n = digits(p, end);

	if (n == 0 || (n > 1 && *p == '0'))
		return 0;
	p += n;
	*ret_integer = p == end;
	if (p < end && *p == '.') {
		if ((n = digits(p + 1, end)) == 0)
			return 0;
		p += 1 + n;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p += p + 1 < end && (p[1] == '+' || p[1] == '-') ? 2 : 1;
		if ((n = digits(p, end)) == 0)
			return 0;
		p += n;
	}
	return p == end;
}

static int
is_finite(const char *s, size_t len)
{
	char copy[NUMBER_MAX + 1];

	if (len > NUMBER_MAX)
		return 0;
	memcpy(copy, s, len);
	copy[len] = '\0';
	return isfinite(strtod(copy, NULL));
}

/* What is neither string nor bracket: a number, a word, a bare key. */
static void
scalar(struct mender *m)
{
	static const char *const words[] = { "true", "false", "null" };
	const char *s = m->p, *after;
	int integer;
	size_t len;

	while (m->p < m->end && (unsigned char)*m->p > ' ' &&
	    strchr("{}[]\",:", *m->p) == NULL)
		m->p++;
	len = (size_t)(m->p - s);
	for (after = m->p; after < m->end && is_blank(*after); after++)
		;
	if (is_number(s, m->p, &integer)) {
		if (integer ? len <= DIGITS_MAX : is_finite(s, len)) {
			buf_append(m->out, s, len);
			return;
		}
		if (!integer)
			len = 0;
	} else if (after == m->end || *after != ':') {
		for (size_t i = 0; i < ARRAY_LEN(words); i++) {
			if (strlen(words[i]) == len &&
			    strncasecmp(words[i], s, len) == 0) {
				buf_append(m->out, words[i], len);
				return;
			}
		}
		len = 0;
	}
	if (len == 0 || memchr(s, '\\', len) != NULL) {
		buf_puts(m->out, "null");
		return;
	}
	buf_putc(m->out, '"');
	buf_append(m->out, s, len);
	buf_putc(m->out, '"');
}

static void
drop_comma(struct mender *m)
{
	size_t n = m->out->len;

	while (n > 0 && is_blank(m->out->data[n - 1]))
		n--;
	if (n > 0 && m->out->data[n - 1] == ',')
		m->out->len = n - 1;
}

static int
close_bracket(struct mender *m, char c)
{
	if (m->depth == 0 || (m->open[m->depth - 1] == '{') != (c == '}'))
		return 0;
	drop_comma(m);
	buf_putc(m->out, c);
	m->depth--;
	if (m->depth == 2 && m->open[1] == '[')
		m->good = m->out->len;
	return 1;
}

int
json_mend(const char *s, size_t len, struct buf *out)
{
	struct mender m = { .p = s, .end = s + len, .out = out };

	while (m.p < m.end) {
		char c = *m.p;

		if (c == '"') {
			if (!string(&m))
				break;
			continue;
		}
		if ((unsigned char)c > ' ' && strchr("{}[],:", c) == NULL) {
			scalar(&m);
			continue;
		}
		m.p++;
		if (c == '{' || c == '[') {
			if (m.depth == DEPTH_MAX)
				break;
			m.open[m.depth++] = c;
			buf_putc(out, c);
		} else if (c == '}' || c == ']') {
			if (!close_bracket(&m, c))
				break;
			if (m.depth == 0)
				return 0;
		} else if ((unsigned char)c >= 0x20 || strchr("\t\r\n", c)) {
			buf_putc(out, c);
		}
	}
	/* Inside a list of the root: back behind its last member. */
	if (m.good > 0 && m.depth > 1 && m.open[1] == '[') {
		out->len = m.good;
		buf_putc(out, ']');
		m.depth = 1;
	}
	drop_comma(&m);
	while (m.depth > 0)
		buf_putc(out, m.open[--m.depth] == '{' ? '}' : ']');
	return 1;
}
