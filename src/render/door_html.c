/*
 * door_html.c - the pages of the server's own: what there is, where no outlet
 * is a page itself, and that there is nothing.
 */
#include "feedmill/base/buf.h"
#include "feedmill/base/text.h"
#include "feedmill/render.h"
#include "html.h"

static void
begin(struct buf *b, const char *title)
{
	html_begin(b, "en");
	buf_printf(b, "<title>%s</title>\n<style>\n%s</style>\n</head>\n"
	    "<body>\n", title, render_html_style);
}

void
render_not_found(struct buf *b)
{
	begin(b, "Not found");
	buf_puts(b, "<main>\n<h1>Not found</h1>\n<p>There is nothing at this "
	    "address.</p>\n<p><a href=\"/\">What is new</a></p>\n</main>\n"
	    "</body>\n</html>\n");
}

void
render_index_begin(struct buf *b)
{
	begin(b, "feedmill");
	buf_puts(b, "<header><h1>Feeds</h1></header>\n<main>\n<ul>\n");
}

void
render_index_outlet(struct buf *b, const char *title, const char *const *paths)
{
	buf_puts(b, "<li>");
	text_xml_escape_str(b, title);
	for (; *paths != NULL; paths++) {
		buf_puts(b, " <a");
		html_put_attribute(b, "href", *paths);
		buf_putc(b, '>');
		text_xml_escape_str(b, *paths + 1);
		buf_puts(b, "</a>");
	}
	buf_puts(b, "</li>\n");
}

void
render_index_end(struct buf *b)
{
	buf_puts(b, "</ul>\n</main>\n<footer><p>feedmill</p></footer>\n"
	    "</body>\n</html>\n");
}
