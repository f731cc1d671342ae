/*
 * quote.c - text of a publisher in an archive: in Markdown, in HTML that a
 * site generator reads, as a link's destination, as a file's name.
 */
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/text.h"
#include "text.h"

/* "](" makes a link, "]:" at the beginning of a line defines one. */
int
closes_link(const char *s)
{
	return *s == ']' && (s[1] == '(' || s[1] == ':');
}

/*
 * Backslashes where Markdown and kramdown agree on them, references where
 * they do not.  A bracket that could close a link is a reference: the older
 * readers look for the first "](" and know no escapes.
 */
void
quote_markdown(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (closes_link(s))
			buf_puts(b, "&#93;");
		else if (strchr("\\`*_[]|$", *s) != NULL)
			buf_printf(b, "\\%c", *s);
		else if (strchr("<>&{~^", *s) != NULL)
			buf_printf(b, "&#%d;", *s);
		else
			buf_putc(b, *s);
	}
}

/* The URL as a link's destination: nothing that ends it, opens a table, a
 * template or a character reference. */
void
put_destination(struct buf *b, const char *url)
{
	for (; *url != '\0'; url++) {
		unsigned char c = (unsigned char)*url;

		if (c <= ' ' || c == 0x7f || strchr("()<>[]{}|\\^`\"'*", c))
			buf_printf(b, "%%%02X", c);
		else if (c == '&')
			buf_puts(b, url[strspn(url + 1, "#abcdefghijklmnopqrst"
			    "uvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") + 1]
			    == ';' ? "&amp;" : "&");
		else
			buf_putc(b, (char)c);
	}
}

void
quote_html(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (strchr("<>&{\"", *s) != NULL)
			buf_printf(b, "&#%d;", *s);
		else
			buf_putc(b, *s);
	}
}

/* Characters that may stand in a file name on any system and in any shell,
 * and that look like what they are. */
static int
is_name_char(uint32_t c)
{
	static const struct { uint32_t from, to; } bad[] = {
		{ 0x80, 0xa0 }, { 0xad, 0xad }, { 0x61c, 0x61c },
		{ 0x1680, 0x1680 }, { 0x180e, 0x180e }, { 0x2000, 0x206f },
		{ 0x3000, 0x3000 }, { 0xd800, 0xdfff }, { 0xe000, 0xf8ff },
		{ 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xfff0, 0xffff },
		{ 0xe0000, 0x10ffff },
	};

	if (c < 0x80)
		return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z') || c == '_';
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (c >= bad[i].from && c <= bad[i].to)
			return 0;
	}
	return 1;
}

/* "Good news: 5 > 4" to "Good-news-5-4". */
void
put_file_name(struct buf *b, const char *text, size_t max)
{
	const char *end = text + strlen(text);
	size_t was = b->len;
	int gap = 0;

	while (text < end) {
		uint32_t c = text_utf8_next(&text, end);

		if (!is_name_char(c)) {
			gap = b->len > was;
			continue;
		}
		if (b->len - was + 5 > max)
			break;
		if (gap)
			buf_putc(b, '-');
		gap = 0;
		text_utf8_put(b, c);
	}
}
