/* text.c - see text.h. */
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/html.h"
#include "feedmill/model.h"
#include "feedmill/render.h"
#include "text.h"

enum { TITLE_EXCERPT_BYTES = 90, SUMMARY_BYTES = 600,
	MEDIA_NAME_BYTES = 127 };

#define DATE_MIN_MS	INT64_C(-62135596800000)	/* year 1 */
#define DATE_MAX_MS	INT64_C(253402300799000)	/* end of 9999 */

/*
 * Raw in neither JSON nor YAML, or raw in one of them only: controls, C1
 * with NEL, the line separators, the byte order mark, what is no character.
 */
static int
must_escape(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) ||
	    c == 0x2028 || c == 0x2029 || c == 0xfeff ||
	    (c & 0xfffe) == 0xfffe;
}

static void
put_quoted(struct buf *b, uint32_t c)
{
	if (c == '"' || c == '\\')
		buf_printf(b, "\\%c", (int)c);
	else if (c == '\n')
		buf_puts(b, "\\n");
	else if (c == '\t')
		buf_puts(b, "\\t");
	else if (c == '\r')
		buf_puts(b, "\\r");
	else if (must_escape(c) && c < 0x10000)
		buf_printf(b, "\\u%04X", (unsigned)c);
	else if (must_escape(c))
		text_utf8_put(b, 0xfffd);
	else
		text_utf8_put(b, c);
}

void
quote_json(struct buf *b, const char *s)
{
	const char *end = s + strlen(s);

	buf_putc(b, '"');
	while (s < end)
		put_quoted(b, text_utf8_next(&s, end));
	buf_putc(b, '"');
}

void
quote_yaml(struct buf *b, const char *s)
{
	const char *end = s + strlen(s);

	buf_putc(b, '"');
	while (s < end) {
		uint32_t c = text_utf8_next(&s, end);

		if (c == '{')
			buf_puts(b, "\\u007B");
		else
			put_quoted(b, c);
	}
	buf_putc(b, '"');
}

const char *
safe_link(const char *url)
{
	return url != NULL && url_is_http(url) ? url : NULL;
}

const char *
safe_enclosure(const char *url)
{
	if (url != NULL && text_prefix_nocase(url, "magnet:"))
		return url;
	return safe_link(url);
}

static int
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int
is_alnum(char c)
{
	return is_alpha(c) || (c >= '0' && c <= '9');
}

int
is_language_tag(const char *s)
{
	int first = 1;

	if (s == NULL)
		return 0;
	for (;;) {
		size_t n = 0;

		while (first ? is_alpha(s[n]) : is_alnum(s[n]))
			n++;
		if (n < 1 || n > 8)
			return 0;
		if (s[n] == '\0')
			return 1;
		if (s[n] != '-')
			return 0;
		s += n + 1;
		first = 0;
	}
}

int
is_iri(const char *s)
{
	size_t scheme = 0;

	if (s == NULL || !is_alpha(*s))
		return 0;
	while (is_alnum(s[scheme]) || (s[scheme] != '\0' &&
	    strchr("+-.", s[scheme]) != NULL))
		scheme++;
	if (s[scheme] != ':' || s[scheme + 1] == '\0')
		return 0;
	for (s += scheme; *s != '\0'; s++) {
		if ((unsigned char)*s <= 0x20 || *s == 0x7f ||
		    strchr("<>\"{}|\\^`", *s) != NULL)
			return 0;
	}
	return 1;
}

/* The bytes of a name as media types have them (section 4.2). */
static size_t
restricted_name(const char *s)
{
	size_t n = 0;

	while (is_alnum(s[n]) || (s[n] != '\0' && n > 0 &&
	    strchr("!#$&-^_.+", s[n]) != NULL))
		n++;
	return n <= MEDIA_NAME_BYTES ? n : 0;
}

int
put_media_type(struct buf *b, const char *s)
{
	size_t type, subtype;

	if (s == NULL)
		return 0;
	s += strspn(s, " \t\r\n");
	type = restricted_name(s);
	subtype = type > 0 && s[type] == '/' ? restricted_name(s + type + 1) :
	    0;
	if (subtype == 0 ||
	    (s[type + 1 + subtype] != '\0' &&
	    strchr(" \t\r\n;", s[type + 1 + subtype]) == NULL))
		return 0;
	buf_append(b, s, type + 1 + subtype);
	return 1;
}

/* Where to cut text of len bytes so that at most max stay: behind a word if
 * one ends in the last quarter, never inside a character. */
static size_t
cut_at_word(const char *s, size_t len, size_t max)
{
	size_t cut = text_utf8_cut(s, len, max);

	for (size_t i = cut; i > cut - cut / 4; i--) {
		if (s[i] == ' ')
			return i;
	}
	return cut;
}

void
put_excerpt(struct buf *b, const char *html, size_t max)
{
	struct buf text = { 0 };

	html_to_text_start(&text, html, strlen(html), max);
	if (text.len <= max) {
		buf_puts(b, buf_str(&text));
	} else {
		buf_append(b, text.data, cut_at_word(text.data, text.len,
		    max));
		buf_puts(b, "\xe2\x80\xa6");
	}
	buf_fini(&text);
}

static int
is_set(const char *s)
{
	return s != NULL && *s != '\0';
}

static void
put_summary(struct buf *b, const struct item *item)
{
	struct buf text = { 0 };

	if (is_set(item->summary)) {
		buf_puts(b, item->summary);
	} else if (is_set(item->content)) {
		put_excerpt(&text, item->content, SUMMARY_BYTES);
		text_xml_escape(b, buf_str(&text), text.len, 0);
	}
	buf_fini(&text);
}

void
put_body(struct buf *b, enum content_mode mode, const struct item *item)
{
	buf_printf(b, "<!--%s-->",
	    item->stamp != NULL ? item->stamp : "NaN");
	if (mode == CONTENT_SUMMARY)
		put_summary(b, item);
	else if (mode == CONTENT_FULL && is_set(item->content))
		buf_puts(b, item->content);
	else if (mode == CONTENT_FULL && item->summary != NULL)
		buf_puts(b, item->summary);
}

void
put_title(struct buf *b, const struct item *item)
{
	size_t was = b->len;

	if (item->title != NULL)
		text_collapse(b, item->title, strlen(item->title));
	if (b->len == was && item->content != NULL)
		put_excerpt(b, item->content, TITLE_EXCERPT_BYTES);
	if (b->len == was && item->summary != NULL)
		put_excerpt(b, item->summary, TITLE_EXCERPT_BYTES);
	if (b->len == was && safe_link(item->url) != NULL)
		buf_puts(b, item->url);
	if (b->len == was)
		buf_puts(b, source_label(item));
}

const char *
source_label(const struct item *item)
{
	if (is_set(item->source_title))
		return item->source_title;
	if (is_set(item->source_name))
		return item->source_name;
	return is_set(item->source_url) ? item->source_url : "unknown";
}

void
put_authors(struct buf *b, const struct item *item)
{
	size_t was = b->len;

	for (const struct person *p = item->authors; p != NULL; p = p->next) {
		if (!is_set(p->name))
			continue;
		if (b->len > was)
			buf_puts(b, ", ");
		text_collapse(b, p->name, strlen(p->name));
	}
	if (b->len == was)
		buf_puts(b, source_label(item));
}

int64_t
date_in_range(int64_t ms)
{
	if (ms == DATE_NONE)
		return 0;
	return ms < DATE_MIN_MS ? DATE_MIN_MS :
	    ms > DATE_MAX_MS ? DATE_MAX_MS : ms;
}
