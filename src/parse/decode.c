/*
 * decode.c - which charset is this, really?
 *
 * Byte order mark; shape of UTF-16 and UTF-32; valid UTF-8 with something
 * beyond ASCII in it, whatever is declared; then the labels: the source's
 * override, HTTP, the XML declaration; a detector last.  A label that leaves
 * many bytes unreadable was a lie, and the next one gets its turn.
 */
#include <stdlib.h>
#include <string.h>

#include "charset.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/parse.h"
#include "reader.h"

enum { DECLARATION_BYTES = 1024 };

static const struct charset *
named(const char *label)
{
	return charset_find(label, strlen(label));
}

/* ------------------------------------------------------------------ marks */

static const struct {
	const char	*mark;
	size_t		 len;
	const char	*label;
} marks[] = {
	{ "\xff\xfe\0\0", 4, "utf-32le" }, { "\0\0\xfe\xff", 4, "utf-32be" },
	{ "\xff\xfe", 2, "utf-16le" }, { "\xfe\xff", 2, "utf-16be" },
	{ "\xef\xbb\xbf", 3, "utf-8" },
};

static const struct charset *
by_mark(const char *s, size_t len, size_t *ret_len)
{
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		if (len >= marks[i].len &&
		    memcmp(s, marks[i].mark, marks[i].len) == 0) {
			*ret_len = marks[i].len;
			return named(marks[i].label);
		}
	}
	return NULL;
}

/* The first characters of any feed are ASCII: "<", "{", or a blank. */
static const struct charset *
by_shape(const char *s, size_t len)
{
	unsigned zero = 0;

	if (len < 4)
		return NULL;
	if (memcmp(s, "\x4c\x6f\xa7\x94", 4) == 0)
		return named("ibm037");
	for (unsigned i = 0; i < 4; i++)
		zero |= s[i] == '\0' ? 1u << i : 0;
	switch (zero) {
	case 7:
		return named("utf-32be");
	case 14:
		return named("utf-32le");
	case 5:
		return named("utf-16be");
	case 10:
		return named("utf-16le");
	default:
		return NULL;
	}
}

/* ----------------------------------------------------------------- labels */

static const char *
http_charset(const char *type, size_t *ret_len)
{
	const char *p = type != NULL ? text_find_nocase(type, "charset=") :
	    NULL;

	if (p == NULL)
		return NULL;
	p += strlen("charset=");
	p += strspn(p, " \t\"'");
	*ret_len = strcspn(p, " \t;,\"'");
	return *ret_len > 0 ? p : NULL;
}

/* encoding="..." of the XML declaration, which may have junk before it. */
static const char *
declared_charset(const char *s, size_t len, size_t *ret_len)
{
	const char *end, *p;

	if (len > DECLARATION_BYTES)
		len = DECLARATION_BYTES;
	s = memmem(s, len, "<?xml", 5) != NULL ?
	    memmem(s, len, "<?xml", 5) : NULL;
	if (s == NULL || (end = strstr(s, "?>")) == NULL)
		return NULL;
	p = memmem(s, (size_t)(end - s), "encoding", 8);
	if (p == NULL)
		return NULL;
	p += 8;
	while (p < end && strchr(" \t\r\n=", *p) != NULL)
		p++;
	if (p >= end || (*p != '"' && *p != '\''))
		return NULL;
	for (s = ++p; p < end && *p != s[-1]; p++)
		;
	*ret_len = (size_t)(p - s);
	return s;
}

struct candidates {
	const struct charset	*label[3];
	unsigned		 count;
	const struct charset	*declared;	/* the first of them */
	int			 unknown;	/* a label nobody knows */
};

static void
add_candidate(struct candidates *c, const char *label, size_t len)
{
	const struct charset *cs = label != NULL && len > 0 ?
	    charset_find(label, len) : NULL;

	if (label != NULL && len > 0 && cs == NULL)
		c->unknown = 1;
	if (cs == NULL)
		return;
	if (c->declared == NULL)
		c->declared = cs;
	if (cs->wide == 1)
		c->label[c->count++] = cs;
}

static void
collect_candidates(const char *s, size_t len,
    const struct parse_context *context, struct candidates *ret)
{
	const char *head, *label;
	char *copy;
	size_t n = 0;

	*ret = (struct candidates){ 0 };
	if (context->charset != NULL)
		add_candidate(ret, context->charset,
		    strlen(context->charset));
	label = http_charset(context->content_type, &n);
	add_candidate(ret, label, n);
	head = s;
	copy = xstrndup(head, len < DECLARATION_BYTES ? len :
	    DECLARATION_BYTES);
	label = declared_charset(copy, strlen(copy), &n);
	add_candidate(ret, label, n);
	free(copy);
}

/* --------------------------------------------------------------- decoding */

static void
give(struct decoded *ret, struct buf *out, const struct charset *c,
    size_t bad)
{
	ret->len = out->len;
	ret->text = ret->hold = buf_take(out);
	ret->encoding = c->name;
	ret->bad_bytes = (unsigned)bad;
}

/* UTF-8 with its bad bytes replaced. */
static size_t
mend_utf8(const char *s, size_t len, struct buf *out)
{
	const char *end = s + len;
	size_t bad = 0;

	buf_reserve(out, len + len / 8 + 64);
	while (s < end) {
		size_t good = text_utf8_valid(s, (size_t)(end - s));

		buf_append(out, s, good);
		s += good;
		if (s < end) {
			buf_append(out, "\xef\xbf\xbd", 3);
			bad++;
			s++;
			while (s < end && (*s & 0xc0) == 0x80)
				s++;
		}
	}
	return bad;
}

/*
 * What is valid UTF-8 against bytes that are not.  Two bytes of Chinese or
 * Japanese are valid by chance now and then, three hardly ever, so a few of
 * those prove as much as many (corpus: bad-utf8.xml).
 */
static int
mostly_utf8(const char *s, size_t len)
{
	const char *end = s + len;
	size_t good = 0, longer = 0, bad = 0;

	while (s < end) {
		size_t n = text_utf8_valid(s, (size_t)(end - s));

		for (size_t i = 0; i < n; i++) {
			good += (s[i] & 0xc0) == 0xc0;
			longer += (s[i] & 0xe0) == 0xe0;
		}
		s += n;
		if (s < end) {
			bad++;
			s++;
		}
	}
	return good > bad || longer * 4 > bad || (good > 0 && bad <= 2);
}

static int
decode_as(const struct charset *c, const char *s, size_t len, size_t allowed,
    struct decoded *ret)
{
	struct buf out = { 0 };
	size_t bad;

	if (strcmp(c->iconv, "UTF-8") == 0) {
		if (allowed != (size_t)-1 && !mostly_utf8(s, len))
			return 0;
		bad = mend_utf8(s, len, &out);
		give(ret, &out, c, bad);
		return 1;
	}
	bad = charset_decode(c, s, len, &out);
	if (bad > allowed) {
		buf_fini(&out);
		return 0;
	}
	give(ret, &out, c, bad);
	return 1;
}

/* Eight-bit text that is not UTF-8. */
static void
decode_legacy(const char *s, size_t len, const struct candidates *c,
    struct decoded *ret)
{
	size_t allowed = text_count_high(s, len) / 10 + 1;
	const struct charset *guess;

	for (unsigned i = 0; i < c->count; i++) {
		if (decode_as(c->label[i], s, len, allowed, ret)) {
			ret->lied = c->label[i] != c->declared;
			return;
		}
	}
	if (mostly_utf8(s, len)) {
		ret->lied = c->declared != NULL &&
		    c->declared != named("utf-8");
		decode_as(named("utf-8"), s, len, (size_t)-1, ret);
		return;
	}
	ret->lied = 1;
	guess = charset_guess(s, len);
	if (guess != NULL && guess->wide == 1 &&
	    decode_as(guess, s, len, allowed, ret))
		return;
	decode_as(named("windows-1252"), s, len, (size_t)-1, ret);
}

static void
borrow(struct decoded *ret, const char *s, size_t len, const char *encoding)
{
	ret->text = s;
	ret->len = len;
	ret->encoding = encoding;
}

static int
has_high(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] & 0x80)
			return 1;
	}
	return 0;
}

static void
decode_bytes(const char *s, size_t len, const struct parse_context *context,
    struct decoded *ret)
{
	const struct charset *utf8 = named("utf-8");
	struct candidates c;

	collect_candidates(s, len, context, &c);
	if (text_utf8_valid(s, len) != len) {
		decode_legacy(s, len, &c, ret);
		ret->lied |= c.unknown;
		return;
	}
	for (unsigned i = 0; i < c.count; i++) {
		if (c.label[i]->stateful && memchr(s, '\033', len) != NULL &&
		    decode_as(c.label[i], s, len, (size_t)-1, ret))
			return;
	}
	if (has_high(s, len)) {
		borrow(ret, s, len, utf8->name);
		ret->lied = c.unknown ||
		    (c.declared != NULL && c.declared != utf8);
		return;
	}
	borrow(ret, s, len, c.count > 0 ? c.label[0]->name : utf8->name);
	ret->lied = c.unknown ||
	    (c.declared != NULL && c.declared->wide > 1);
}

/* The high bits of a block at once; feeds are mostly ASCII or not at all. */
static int
has_high_fast(const char *s, size_t len)
{
	size_t i = 0;

	for (; i + 64 <= len; i += 64) {
		uint64_t w[8], any = 0;

		memcpy(w, s + i, sizeof(w));
		for (int k = 0; k < 8; k++)
			any |= w[k];
		if (any & 0x8080808080808080u)
			return 1;
	}
	return has_high(s + i, len - i);
}

int
decode_trusted(const char *s, size_t len, const struct parse_context *context,
    struct decoded *ret)
{
	const struct charset *utf8 = named("utf-8");
	struct candidates c;
	size_t mark = 0;

	if (len >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0)
		mark = 3;
	s += mark;
	len -= mark;
	*ret = (struct decoded){ .text = s, .len = len,
	    .encoding = utf8->name };
	if (len < 4 || by_shape(s, len) != NULL ||
	    memcmp(s, "\xef\xbb\xbf", 3) == 0)
		return 0;
	collect_candidates(s, len, context, &c);
	for (unsigned i = 0; i < c.count; i++) {
		if (c.label[i]->stateful)
			return 0;
	}
	if (mark > 0)
		return 1;
	ret->lied = c.unknown;
	if (c.declared == NULL || c.declared == utf8)
		return 1;
	if (has_high_fast(s, len))
		ret->lied = 1;
	else if (c.declared->wide > 1)
		ret->lied = 1;
	else
		ret->encoding = c.label[0]->name;
	return 1;
}

void
decode_text(const char *s, size_t len, const struct parse_context *context,
    struct decoded *ret)
{
	const struct charset *c;
	size_t mark = 0;

	*ret = (struct decoded){ .text = s, .len = len };
	c = by_mark(s, len, &mark);
	s += mark;
	len -= mark;
	if (c == NULL)
		c = by_shape(s, len);
	if (c == NULL)
		decode_bytes(s, len, context, ret);
	else if (strcmp(c->name, "utf-8") != 0)
		decode_as(c, s, len, (size_t)-1, ret);
	else if (text_utf8_valid(s, len) == len)
		borrow(ret, s, len, c->name);
	else
		decode_as(c, s, len, (size_t)-1, ret);
	while (ret->len >= 3 && memcmp(ret->text, "\xef\xbb\xbf", 3) == 0) {
		ret->text += 3;
		ret->len -= 3;
		ret->marks++;
	}
}

void
decoded_fini(struct decoded *d)
{
	free(d->hold);
	*d = (struct decoded){ 0 };
}
