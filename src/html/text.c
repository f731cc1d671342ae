/*
 * text.c - the text of HTML: without its markup, on one line.
 *
 * References are decoded by gumbo, which has all 2,231 names and their
 * exceptions; only text without "<" is given to it here, so that it does
 * nothing else.  It takes long for that, so the few references that our own
 * serialiser writes, and "&" that is none, are read here.
 */
#include <string.h>

#include "feedmill/base/arena.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/html.h"
#include "parts.h"

/* Text that gumbo reads as one run: "<" as a reference, no NUL. */
static void
put_as_text(struct buf *b, const char *s, size_t len, int verbatim)
{
	for (size_t i = 0, done = 0; i <= len; i++) {
		const char *instead = NULL;

		if (i < len && s[i] != '<' && s[i] != '\0' &&
		    !(verbatim && s[i] == '&'))
			continue;
		if (i < len && s[i] != '\0')
			instead = s[i] == '<' ? "&lt;" : "&amp;";
		buf_append(b, s + done, i - done);
		if (instead != NULL)
			buf_puts(b, instead);
		done = i + 1;
	}
}

/* How long the reference at s is, and *ret what it stands for ("&", if it is
 * none).  0: gumbo has to look. */
static size_t
read_easy(const char *s, const char *end, char *ret)
{
	static const struct {
		const char	*text;
		size_t		 len;
		char		 c;
	} easy[] = {
		{ "&amp;", 5, '&' }, { "&lt;", 4, '<' }, { "&gt;", 4, '>' },
		{ "&quot;", 6, '"' }, { "&#13;", 5, '\r' },
	};
	char next = s + 1 < end ? s[1] : ' ';

	for (size_t i = 0; i < ARRAY_LEN(easy); i++) {
		if ((size_t)(end - s) >= easy[i].len &&
		    memcmp(s, easy[i].text, easy[i].len) == 0) {
			*ret = easy[i].c;
			return easy[i].len;
		}
	}
	*ret = '&';
	return next != '#' && !((next | 0x20) >= 'a' && (next | 0x20) <= 'z');
}

int
html_decode_easy(struct buf *out, const char *s, size_t len)
{
	const char *end = s + len, *amp;
	size_t was = out->len, n;
	char c;

	/* gumbo makes it a newline. */
	if (memchr(s, '\r', len) != NULL)
		return 0;
	while ((amp = memchr(s, '&', (size_t)(end - s))) != NULL) {
		n = read_easy(amp, end, &c);
		if (n == 0) {
			out->len = was;
			return 0;
		}
		buf_append(out, s, (size_t)(amp - s));
		buf_putc(out, c);
		s = amp + n;
	}
	buf_append(out, s, (size_t)(end - s));
	return 1;
}

/* gumbo writes numbers past Unicode as bytes that are no UTF-8. */
static void
put_valid(struct buf *out, const char *s, size_t len)
{
	const char *end = s + len;
	size_t valid;

	while ((valid = text_utf8_valid(s, (size_t)(end - s))) <
	    (size_t)(end - s)) {
		buf_append(out, s, valid);
		s += valid;
		text_utf8_put(out, text_utf8_next(&s, end));
	}
	buf_append(out, s, valid);
}

static void
put_decoded(struct buf *out, const struct buf *text)
{
	struct arena arena = { 0 };
	struct buf easy = { 0 };
	GumboNode *root;

	if (text->len == 0)
		return;
	if (memchr(text->data, '&', text->len) == NULL) {
		put_valid(out, text->data, text->len);
		return;
	}
	if (html_decode_easy(&easy, text->data, text->len)) {
		put_valid(out, easy.data, easy.len);
		buf_fini(&easy);
		return;
	}
	buf_fini(&easy);
	root = html_parse(&arena, text->data, text->len);
	for (unsigned i = 0; i < root->v.element.children.length; i++) {
		const GumboNode *n = root->v.element.children.data[i];

		if (n->type == GUMBO_NODE_TEXT ||
		    n->type == GUMBO_NODE_WHITESPACE)
			put_valid(out, n->v.text.text,
			    strlen(n->v.text.text));
	}
	arena_fini(&arena);
}

void
html_decode_entities(struct buf *out, const char *s, size_t len)
{
	struct buf text = { 0 };

	put_as_text(&text, s, len, 0);
	put_decoded(out, &text);
	buf_fini(&text);
}

/* Text that is shown, its references still in it: at least max bytes of it,
 * or all there is; returns whether it is all. */
static int
gather(struct buf *text, const char *html, size_t len, size_t max)
{
	struct html_scan scan;
	struct html_token t;
	GumboTag skip = GUMBO_TAG_LAST;

	html_scan_init(&scan, html, len);
	while (html_scan_next(&scan, &t) != HTML_EOF) {
		if (t.kind != HTML_TEXT) {
			if (html_breaks_text(t.tag))
				buf_putc(text, ' ');
			if (skip == GUMBO_TAG_LAST) {
				if (t.kind == HTML_START && !t.self_closing &&
				    html_class(t.tag, t.name, t.name_len) ==
				    CLASS_SKIP)
					skip = t.tag;
			} else if (t.tag == skip ||
			    html_breaks_text(t.tag)) {
				skip = GUMBO_TAG_LAST;
			}
		} else if (skip == GUMBO_TAG_LAST && t.raw != RAW_HIDDEN &&
		    t.raw != RAW_FALLBACK) {
			size_t n = (size_t)(t.end - t.start);

			put_as_text(text, t.start, n < max ? n : max,
			    t.raw == RAW_VERBATIM);
			if (n > max)
				return 0;
		}
		if (text->len >= max)
			return 0;
	}
	return 1;
}

void
html_to_text_start(struct buf *out, const char *html, size_t len, size_t max)
{
	/* What a reference that was cut off is wrong about, at most. */
	enum { CUT_MAX = 64 };
	size_t was = out->len, want = max < len ? 2 * max + 256 : SIZE_MAX;
	struct buf text = { 0 }, decoded = { 0 };
	int all;

	do {
		out->len = was;
		buf_reset(&text);
		buf_reset(&decoded);
		all = gather(&text, html, len, want);
		put_decoded(&decoded, &text);
		text_collapse(out, buf_str(&decoded), decoded.len);
		want *= 4;
	} while (!all && out->len - was < max + CUT_MAX);
	buf_fini(&decoded);
	buf_fini(&text);
}

void
html_to_text(struct buf *out, const char *html, size_t len)
{
	html_to_text_start(out, html, len, SIZE_MAX);
}

/* ------------------------------------------------------------ is it markup */

/* "&name;" that is a name, or "&#...;". */
static int
is_reference(const char *s, size_t len)
{
	struct buf decoded = { 0 };
	size_t n = 1;
	int yes;

	if (n < len && s[n] == '#')
		n++;
	while (n < len && n < 34 && ((s[n] >= '0' && s[n] <= '9') ||
	    ((s[n] | 0x20) >= 'a' && (s[n] | 0x20) <= 'z')))
		n++;
	if (n == len || s[n] != ';' || n < 3)
		return 0;
	if (s[1] == '#')
		return (s[2] >= '0' && s[2] <= '9') || (s[2] | 0x20) == 'x';
	html_decode_entities(&decoded, s, n + 1);
	yes = decoded.len > 0 && (decoded.len != n + 1 ||
	    memcmp(decoded.data, s, decoded.len) != 0);
	buf_fini(&decoded);
	return yes;
}

/* What leads with a comment was never meant to be read as it stands: it is
 * how feedmill and the archives before it carry the time of an entry. */
static int
leads_with_comment(const char *s, size_t len)
{
	size_t blank = 0;

	while (blank < len && memchr(" \t\r\n", s[blank], 4) != NULL)
		blank++;
	s += blank;
	len -= blank;
	return len >= 7 && memcmp(s, "<!--", 4) == 0 &&
	    memmem(s + 4, len - 4, "-->", 3) != NULL;
}

int
html_looks_like(const char *s, size_t len)
{
	enum { REFERENCES_MAX = 64 };
	struct html_scan scan;
	struct html_token t;
	const char *p = s, *end = s + len;

	if (leads_with_comment(s, len))
		return 1;
	html_scan_init(&scan, s, len);
	while (html_scan_next(&scan, &t) != HTML_EOF) {
		if (t.kind != HTML_TEXT && (t.tag != GUMBO_TAG_UNKNOWN ||
		    html_class(t.tag, t.name, t.name_len) != CLASS_NONE))
			return 1;
	}
	for (int n = 0; n < REFERENCES_MAX && (p = memchr(p, '&',
	    (size_t)(end - p))) != NULL; n++, p++) {
		if (is_reference(p, (size_t)(end - p)))
			return 1;
	}
	return 0;
}
