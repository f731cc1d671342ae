/*
 * quote.c - text of a publisher in an archive: in Markdown, in HTML that a
 * site generator reads, as a link's destination.
 */
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/url.h"
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
			url_put_escape(b, *url);
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
