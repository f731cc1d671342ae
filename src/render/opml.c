/* opml.c - the subscriptions of an outlet as OPML 2.0. */
#include "feedmill/base/buf.h"
#include "feedmill/base/text.h"
#include "feedmill/render.h"
#include "text.h"

static void
put_attribute(struct buf *b, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_printf(b, " %s=\"", name);
	text_xml_escape_str(b, value);
	buf_putc(b, '"');
}

void
render_opml_begin(struct buf *b, const struct outlet_head *head)
{
	buf_puts(b, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
	    "<opml version=\"2.0\">\n<head><title>");
	text_xml_escape_str(b, head->title);
	buf_puts(b, "</title></head>\n<body>\n");
	for (const struct outlet_source *s = head->sources; s; s = s->next) {
		buf_puts(b, "<outline type=\"rss\"");
		put_attribute(b, "text", s->title);
		put_attribute(b, "title", s->title);
		put_attribute(b, "xmlUrl", s->url);
		put_attribute(b, "htmlUrl", safe_link(s->link));
		put_attribute(b, "category", s->category);
		buf_puts(b, "/>\n");
	}
}

void
render_opml_item(struct buf *b, const struct outlet_head *head,
    const struct item *item)
{
	(void)b;
	(void)head;
	(void)item;
}

void
render_opml_end(struct buf *b)
{
	buf_puts(b, "</body>\n</opml>\n");
}
