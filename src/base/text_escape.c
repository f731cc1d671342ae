/*
 * text_escape.c - XML escaping, by runs.
 *
 * Nearly all text needs no change, so the loop looks for the next byte that
 * may: a table says which, and what lies before it is copied in one piece.
 */
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/text.h"

/* 0: copy.  1: markup.  2: quotes, markup in attributes.  3: a C0 control.
 * 4: not ASCII; valid or not, and U+FFFE or U+FFFF, is looked at. */
enum { COPY, MARKUP, QUOTE, CONTROL, OTHER };

static const unsigned char kinds[256] = {
	[0 ... 8] = CONTROL, [0x0B] = CONTROL, [0x0C] = CONTROL,
	[0x0E ... 0x1F] = CONTROL,
	['&'] = MARKUP, ['<'] = MARKUP, ['>'] = MARKUP,
	['"'] = QUOTE, ['\''] = QUOTE,
	/* A parser turns CR into LF, and both into a blank in an
	 * attribute; written as references they survive. */
	['\r'] = MARKUP, ['\t'] = QUOTE, ['\n'] = QUOTE,
	[0x80 ... 0xFF] = OTHER,
};

static const char *
reference(char c)
{
	switch (c) {
	case '&':  return "&amp;";
	case '<':  return "&lt;";
	case '>':  return "&gt;";
	case '"':  return "&quot;";
	case '\'': return "&#39;";
	case '\t': return "&#9;";
	case '\n': return "&#10;";
	default:   return "&#13;";
	}
}

/* The end of the run at s that is copied as it is. */
static const char *
run_end(const char *s, const char *end, int attribute)
{
	for (; s < end; s++) {
		unsigned char kind = kinds[(unsigned char)*s];

		if (kind == COPY || (kind == QUOTE && !attribute))
			continue;
		if (kind == OTHER) {
			const char *next = s;
			uint32_t c = text_utf8_next(&next, end);

			/* U+FFFD also says "malformed"; writing it anew is
			 * right in both cases. */
			if (c < 0xFFFD || c > 0xFFFF) {
				s = next - 1;
				continue;
			}
		}
		break;
	}
	return s;
}

void
text_xml_escape(struct buf *b, const char *s, size_t len, int attribute)
{
	const char *end = s + len;

	for (;;) {
		const char *stop = run_end(s, end, attribute);

		buf_append(b, s, (size_t)(stop - s));
		if (stop == end)
			return;
		s = stop;
		switch (kinds[(unsigned char)*s]) {
		case OTHER:
			text_utf8_next(&s, end);
			text_utf8_put(b, 0xFFFD);
			break;
		case CONTROL:
			s++;
			break;
		default:
			buf_puts(b, reference(*s++));
			break;
		}
	}
}

void
text_xml_escape_str(struct buf *b, const char *s)
{
	text_xml_escape(b, s, strlen(s), 1);
}
