/* repair_text.c - see repair_text.h. */
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/text.h"
#include "reader.h"
#include "repair_text.h"

/* Bytes that may not simply be copied: of each block most may. */
static const unsigned char special[256] = {
	[0 ... 8] = 1, [11 ... 12] = 1, [14 ... 31] = 1,
	['&'] = 1, ['<'] = 1, ['>'] = 1, ['"'] = 1, [0xef] = 1,
};

/* How many bytes the character at s takes that XML cannot carry: a control
 * or U+FFFE, U+FFFF.  0: it can. */
static size_t
unfit(const char *s, const char *end)
{
	unsigned char c = (unsigned char)*s;

	if (c < 0x20)
		return special[c];
	return c == 0xef && end - s >= 3 && (unsigned char)s[1] == 0xbf &&
	    (unsigned char)s[2] >= 0xbe ? 3 : 0;
}

/* Copies what may be copied, drops or replaces what is unfit; returns where
 * something else stands, or end. */
static const char *
put_run(struct buf *out, const char *s, const char *end)
{
	while (s < end) {
		const char *from = s;
		size_t bad;

		while (s < end && !special[(unsigned char)*s])
			s++;
		buf_append(out, from, (size_t)(s - from));
		if (s == end)
			break;
		bad = unfit(s, end);
		if (bad > 1)
			buf_append(out, "\xef\xbf\xbd", 3);
		else if (bad == 0 && (unsigned char)*s != 0xef)
			break;
		else if (bad == 0)
			buf_putc(out, *s);
		s += bad > 0 ? bad : 1;
	}
	return s;
}

/* ------------------------------------------------------------ in elements */

static void
begin_section(struct repair_text *t)
{
	if (!t->in_section)
		buf_append(t->out, "<![CDATA[", 9);
	t->in_section = 1;
}

void
repair_text_end(struct repair_text *t)
{
	if (t->in_section)
		buf_append(t->out, "]]>", 3);
	t->in_section = 0;
}

/* "]]>" may be nowhere in a text. */
static void
put_greater(struct repair_text *t)
{
	const struct buf *out = t->out;

	if (out->len < 2 || memcmp(out->data + out->len - 2, "]]", 2) != 0) {
		buf_putc(t->out, '>');
		return;
	}
	repair_text_end(t);
	buf_append(t->out, "&gt;", 4);
}

void
repair_text_put(struct repair_text *t, const char *s, const char *end)
{
	while ((s = put_run(t->out, s, end)) < end) {
		if (*s == '>') {
			put_greater(t);
		} else {
			if (*s != '"')
				begin_section(t);
			buf_putc(t->out, *s);
		}
		s++;
	}
}

/* ---------------------------------------------------------- in attributes */

static void
put_quoted(struct repair_text *t, const char *s, const char *end)
{
	while ((s = put_run(t->out, s, end)) < end)
		text_xml_escape(t->out, s++, 1, 1);
}

/* -------------------------------------------------------------- references */

static unsigned
decode(struct repair_text *t, struct entities *entities, const char *s,
    const char *end, void (*put)(struct repair_text *, const char *,
    const char *))
{
	struct buf decoded = { 0 };
	unsigned bad = 0;

	while (s < end) {
		const char *amp = memchr(s, '&', (size_t)(end - s));
		size_t n;

		put(t, s, amp != NULL ? amp : end);
		if (amp == NULL)
			break;
		buf_reset(&decoded);
		n = entity_read(entities, amp + 1, end, &decoded);
		if (n == 0) {
			bad++;
			put(t, amp, amp + 1);
		} else {
			put(t, buf_str(&decoded),
			    buf_str(&decoded) + decoded.len);
		}
		s = amp + 1 + n;
	}
	buf_fini(&decoded);
	return bad;
}

unsigned
repair_text_decode(struct repair_text *t, struct entities *entities,
    const char *s, const char *end)
{
	return decode(t, entities, s, end, repair_text_put);
}

unsigned
repair_text_attribute(struct repair_text *t, struct entities *entities,
    const char *s, const char *end)
{
	return decode(t, entities, s, end, put_quoted);
}
