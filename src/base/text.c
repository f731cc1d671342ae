/*
 * text.c - see text.h.  Escaping is in text_escape.c, durations and sizes
 * are in text_units.c.
 *
 * Valid UTF-8 is RFC 3629's: no surrogates, no overlong forms, nothing past
 * U+10FFFF.  What is malformed is replaced by the longest prefix of a valid
 * sequence at a time (Unicode 3.9, "maximal subparts"), as browsers do.
 */
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"

enum { REPLACEMENT = 0xFFFD };

/* What may follow a lead byte: how many bytes, and the range of the first
 * of them, which is where overlong forms and surrogates are told apart. */
struct lead {
	unsigned char	more, low, high;
};

static struct lead
lead_of(unsigned char c)
{
	if (c >= 0xC2 && c <= 0xDF)
		return (struct lead){ 1, 0x80, 0xBF };
	if (c >= 0xE0 && c <= 0xEF)
		return (struct lead){ 2, c == 0xE0 ? 0xA0 : 0x80,
		    c == 0xED ? 0x9F : 0xBF };
	if (c >= 0xF0 && c <= 0xF4)
		return (struct lead){ 3, c == 0xF0 ? 0x90 : 0x80,
		    c == 0xF4 ? 0x8F : 0xBF };
	return (struct lead){ 0, 0, 0 };
}

/* The code point at p, n > 0 bytes of room; *used is how many bytes it, or
 * what is malformed there, takes.  -1: malformed. */
static int32_t
decode(const unsigned char *p, size_t n, size_t *used)
{
	struct lead lead;
	uint32_t c = p[0];

	*used = 1;
	if (c < 0x80)
		return (int32_t)c;
	lead = lead_of(p[0]);
	if (lead.more == 0)
		return -1;
	c &= 0x3Fu >> lead.more;
	for (size_t i = 1; i <= lead.more; i++) {
		if (i >= n || p[i] < lead.low || p[i] > lead.high)
			return -1;
		c = c << 6 | (p[i] & 0x3F);
		*used = i + 1;
		lead.low = 0x80;
		lead.high = 0xBF;
	}
	return (int32_t)c;
}

size_t
text_utf8_valid(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t at = 0, used;
	uint64_t eight;

	while (at < len) {
		while (len - at >= sizeof(eight)) {
			memcpy(&eight, p + at, sizeof(eight));
			if (eight & UINT64_C(0x8080808080808080))
				break;
			at += sizeof(eight);
		}
		/* To the end of this run of other scripts, or of the text. */
		do {
			if (at == len)
				return len;
			if (decode(p + at, len - at, &used) == -1)
				return at;
			at += used;
		} while (at < len && p[at] >= 0x80);
	}
	return len;
}

size_t
text_count_high(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += (s[i] & 0x80) != 0;
	return n;
}

uint32_t
text_utf8_next(const char **p, const char *end)
{
	size_t used;
	int32_t c = decode((const unsigned char *)*p, (size_t)(end - *p),
	    &used);

	*p += used;
	return c == -1 ? REPLACEMENT : (uint32_t)c;
}

void
text_utf8_put(struct buf *b, uint32_t c)
{
	char out[4];
	size_t n;

	if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		c = REPLACEMENT;
	if (c < 0x80) {
		buf_putc(b, (char)c);
		return;
	}
	n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3F));
	out[0] = (char)((0xF00u >> n & 0xFF) | c);
	buf_append(b, out, n);
}

int
text_xml_char(uint32_t c)
{
	if (c < 0x20)
		return c == '\t' || c == '\n' || c == '\r';
	return c <= 0xD7FF || (c >= 0xE000 && c <= 0xFFFD) ||
	    (c >= 0x10000 && c <= 0x10FFFF);
}

size_t
text_utf8_cut(const char *s, size_t len, size_t max)
{
	size_t cut = max, used;

	if (len <= max)
		return len;
	/* Back to a lead byte; a sequence has at most three others. */
	while (cut > 0 && max - cut < 3 && ((unsigned char)s[cut] & 0xC0) ==
	    0x80)
		cut--;
	if (decode((const unsigned char *)s + cut, len - cut, &used) == -1)
		return max;	/* malformed: nothing there to keep whole */
	return cut;
}

static int
is_space(uint32_t c)
{
	if (c < 0x80)
		return c == ' ' || (c >= '\t' && c <= '\r');
	return c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
	    c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
	    c == 0x3000 || c == 0xFEFF;
}

/* White space, or a control (C0, DEL, C1): what text_collapse() swallows. */
static int
is_gap(uint32_t c)
{
	return is_space(c) || c < 0x20 || (c >= 0x7F && c < 0xA0);
}

static const char *
skip_space(const char *s, const char *end)
{
	while (s < end) {
		const char *next = s;

		if (!is_space(text_utf8_next(&next, end)))
			break;
		s = next;
	}
	return s;
}

size_t
text_trim(const char **s, size_t len)
{
	const char *end = *s + len, *p;

	*s = skip_space(*s, end);
	while (end > *s) {
		p = end - 1;
		while (p > *s && end - p < 4 &&
		    ((unsigned char)*p & 0xC0) == 0x80)
			p--;
		if (skip_space(p, end) != end)
			break;
		end = p;
	}
	return (size_t)(end - *s);
}

void
text_collapse(struct buf *b, const char *s, size_t len)
{
	const char *end = s + len, *word = NULL;
	size_t before = b->len;

	while (s < end) {
		const char *from = s;
		int gap = is_gap(text_utf8_next(&s, end));

		if (!gap && word == NULL)
			word = from;
		if (word == NULL || (!gap && s < end))
			continue;
		if (b->len > before)
			buf_putc(b, ' ');
		buf_append(b, word, (size_t)((gap ? from : s) - word));
		word = NULL;
	}
}

static int
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

int
text_equal_nocase(const char *a, const char *b)
{
	while (*a != '\0' && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return *a == '\0' && *b == '\0';
}

int
text_prefix_nocase(const char *s, const char *prefix)
{
	while (*prefix != '\0') {
		if (lower(*s++) != lower(*prefix++))
			return 0;
	}
	return 1;
}

const char *
text_find_nocase(const char *hay, const char *needle)
{
	for (; ; hay++) {
		if (text_prefix_nocase(hay, needle))
			return hay;
		if (*hay == '\0')
			return NULL;
	}
}

int
text_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
