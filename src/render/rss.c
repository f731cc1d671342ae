/*
 * rss.c - an outlet as RSS 2.0, for programs that read nothing else.
 *
 * An item's guid is the Atom entry's id; its date is the entry's "published",
 * which never moves, and where it was revised Atom's "updated" stands beside
 * it.
 */
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/text.h"
#include "feedmill/model.h"
#include "feedmill/render.h"
#include "text.h"

static void
put_element(struct buf *b, const char *name, const char *text)
{
	if (text == NULL || *text == '\0')
		return;
	buf_printf(b, "<%s>", name);
	text_xml_escape_str(b, text);
	buf_printf(b, "</%s>\n", name);
}

/* RFC 822, which HTTP's form is one of. */
static void
put_date(struct buf *b, const char *name, int64_t ms)
{
	char text[DATE_TEXT_SIZE];

	date_format_http(date_in_range(ms), text);
	put_element(b, name, text);
}

void
render_rss_begin(struct buf *b, const struct outlet_head *head)
{
	buf_puts(b, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
	    "<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\""
	    " xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n<channel>\n");
	put_element(b, "title", head->title);
	put_element(b, "link", head->url);
	put_element(b, "description",
	    head->subtitle != NULL ? head->subtitle : head->title);
	if (is_language_tag(head->language))
		put_element(b, "language", head->language);
	put_date(b, "lastBuildDate", head->updated_ms);
	put_element(b, "generator", "feedmill");
	if (head->self != NULL) {
		buf_puts(b, "<atom:link rel=\"self\" "
		    "type=\"application/rss+xml\" href=\"");
		text_xml_escape_str(b, head->self);
		buf_puts(b, "\"/>\n");
	}
	for (const char *const *h = head->hubs; h != NULL && *h != NULL; h++) {
		buf_puts(b, "<atom:link rel=\"hub\" href=\"");
		text_xml_escape_str(b, *h);
		buf_puts(b, "\"/>\n");
	}
}

static void
put_categories(struct buf *b, const struct category *list)
{
	for (const struct category *c = list; c != NULL; c = c->next) {
		if (c->term == NULL || *c->term == '\0')
			continue;
		buf_puts(b, "<category");
		if (c->scheme != NULL) {
			buf_puts(b, " domain=\"");
			text_xml_escape_str(b, c->scheme);
			buf_putc(b, '"');
		}
		buf_putc(b, '>');
		text_xml_escape_str(b, c->term);
		buf_puts(b, "</category>\n");
	}
}

/* One at most; type and length are a must. */
static void
put_enclosure(struct buf *b, const struct enclosure *list)
{
	const struct enclosure *e = list;

	while (e != NULL && safe_link(e->url) == NULL)
		e = e->next;
	if (e == NULL)
		return;
	buf_puts(b, "<enclosure url=\"");
	text_xml_escape_str(b, e->url);
	buf_puts(b, "\" type=\"");
	if (!put_media_type(b, e->type))
		buf_puts(b, "application/octet-stream");
	buf_printf(b, "\" length=\"%lld\"/>\n",
	    (long long)(e->length > 0 ? e->length : 0));
}

static void
put_source(struct buf *b, const struct item *item)
{
	if (safe_link(item->source_url) == NULL)
		return;
	buf_puts(b, "<source url=\"");
	text_xml_escape_str(b, item->source_url);
	buf_puts(b, "\">");
	text_xml_escape_str(b, source_label(item));
	buf_puts(b, "</source>\n");
}

static void
put_updated(struct buf *b, const struct item *item)
{
	char text[DATE_TEXT_SIZE];

	if (item->updated_ms == DATE_NONE ||
	    item->updated_ms == item->published_ms)
		return;
	date_format_rfc3339(date_in_range(item->updated_ms), text);
	put_element(b, "atom:updated", text);
}

void
render_rss_item(struct buf *b, const struct outlet_head *head,
    const struct item *item)
{
	struct buf text = { 0 };

	buf_puts(b, "<item>\n");
	put_title(&text, item);
	put_element(b, "title", buf_str(&text));
	put_element(b, "link", safe_link(item->url));
	buf_printf(b, "<guid isPermaLink=\"false\">urn:uuid:%s</guid>\n",
	    item->uuid);
	put_date(b, "pubDate", item->published_ms);
	put_updated(b, item);
	buf_reset(&text);
	put_authors(&text, item);
	put_element(b, "dc:creator", buf_str(&text));
	put_categories(b, item->categories);
	put_element(b, "comments", safe_link(item->comments));
	put_enclosure(b, item->enclosures);
	put_source(b, item);
	buf_reset(&text);
	put_body(&text, head->content, item);
	put_element(b, "description", buf_str(&text));
	buf_puts(b, "</item>\n");
	buf_fini(&text);
}

void
render_rss_end(struct buf *b)
{
	buf_puts(b, "</channel>\n</rss>\n");
}
