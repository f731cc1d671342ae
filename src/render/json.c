/*
 * json.c - an outlet as JSON Feed 1.1 (jsonfeed.org/version/1.1).
 *
 * Dates with milliseconds where there are any, extensions under "_feedmill".
 */
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/model.h"
#include "feedmill/render.h"
#include "text.h"

/* ,"key":"value" if there is a value. */
static void
put_string(struct buf *b, const char *key, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	buf_printf(b, ",\n\"%s\":", key);
	quote_json(b, value);
}

static void
put_date(struct buf *b, const char *key, int64_t ms)
{
	char text[DATE_TEXT_SIZE];

	date_format_rfc3339(date_in_range(ms), text);
	put_string(b, key, text);
}

static void
put_urn(struct buf *b, const char *key, const char *uuid)
{
	buf_printf(b, "\"%s\":\"urn:uuid:%s\"", key, uuid);
}

static void
put_hubs(struct buf *b, const char *const *hubs)
{
	if (hubs == NULL || *hubs == NULL)
		return;
	buf_puts(b, ",\n\"hubs\":[");
	for (const char *const *h = hubs; *h != NULL; h++) {
		buf_printf(b, "%s{\"type\":\"WebSub\"",
		    h > hubs ? "," : "");
		put_string(b, "url", *h);
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
}

void
render_json_begin(struct buf *b, const struct outlet_head *head)
{
	buf_puts(b, "{\"version\":\"https://jsonfeed.org/version/1.1\"");
	put_string(b, "title", head->title);
	put_string(b, "home_page_url", safe_link(head->url));
	put_string(b, "feed_url", head->self);
	put_string(b, "description", head->subtitle);
	if (is_language_tag(head->language))
		put_string(b, "language", head->language);
	put_hubs(b, head->hubs);
	buf_puts(b, ",\n\"_feedmill\":{");
	put_urn(b, "id", head->uuid);
	put_date(b, "updated", head->updated_ms);
	buf_puts(b, "},\n\"items\":[\n");
}

static void
put_people(struct buf *b, const struct item *item)
{
	int any = 0;

	buf_puts(b, ",\n\"authors\":[");
	for (const struct person *p = item->authors; p != NULL; p = p->next) {
		if (p->name == NULL || *p->name == '\0')
			continue;
		buf_printf(b, "%s{\"name\":", any++ ? "," : "");
		quote_json(b, p->name);
		put_string(b, "url", is_iri(p->uri) ? safe_link(p->uri) :
		    NULL);
		buf_putc(b, '}');
	}
	if (!any) {
		buf_puts(b, "{\"name\":");
		quote_json(b, source_label(item));
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
}

static void
put_tags(struct buf *b, const struct category *list)
{
	const char *open = ",\n\"tags\":[";

	for (const struct category *c = list; c != NULL; c = c->next) {
		const char *tag = c->label != NULL ? c->label : c->term;

		if (tag == NULL || *tag == '\0')
			continue;
		buf_puts(b, open);
		quote_json(b, tag);
		open = ",";
	}
	if (*open == ',' && open[1] == '\0')
		buf_putc(b, ']');
}

static void
put_attachments(struct buf *b, const struct enclosure *list)
{
	const char *open = ",\n\"attachments\":[";

	for (const struct enclosure *e = list; e != NULL; e = e->next) {
		if (safe_enclosure(e->url) == NULL)
			continue;
		buf_puts(b, open);
		buf_puts(b, "{\"mime_type\":");
		buf_putc(b, '"');
		if (!put_media_type(b, e->type))
			buf_puts(b, "application/octet-stream");
		buf_putc(b, '"');
		put_string(b, "url", e->url);
		put_string(b, "title", e->title);
		if (e->length >= 0)
			buf_printf(b, ",\"size_in_bytes\":%lld",
			    (long long)e->length);
		buf_putc(b, '}');
		open = ",";
	}
	if (*open == ',' && open[1] == '\0')
		buf_putc(b, ']');
}

static void
put_further(struct buf *b, const struct item *item)
{
	if (item->further_count == 0)
		return;
	buf_puts(b, ",\n\"further\":[");
	for (unsigned i = 0; i < item->further_count; i++) {
		buf_printf(b, "%s{\"source\":", i > 0 ? "," : "");
		quote_json(b, item->further[i].title);
		put_string(b, "source_feed", safe_link(item->further[i].url));
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
}

static void
put_source(struct buf *b, const struct item *item)
{
	buf_puts(b, ",\n\"_feedmill\":{\"source\":");
	quote_json(b, source_label(item));
	put_string(b, "source_url", safe_link(item->source_link));
	put_string(b, "source_feed", safe_link(item->source_url));
	put_string(b, "comments", safe_link(item->comments));
	put_further(b, item);
	buf_putc(b, '}');
}

void
render_json_item(struct buf *b, const struct outlet_head *head,
    const struct item *item)
{
	struct buf text = { 0 };

	buf_putc(b, '{');
	put_urn(b, "id", item->uuid);
	put_string(b, "url", safe_link(item->url));
	put_title(&text, item);
	put_string(b, "title", buf_str(&text));
	buf_reset(&text);
	put_body(&text, head->content, item);
	put_string(b, "content_html", buf_str(&text));
	put_string(b, "image", safe_link(item->image));
	put_date(b, "date_published", item->published_ms);
	put_date(b, "date_modified", item->updated_ms);
	put_people(b, item);
	put_tags(b, item->categories);
	if (is_language_tag(item->language))
		put_string(b, "language", item->language);
	put_attachments(b, item->enclosures);
	put_source(b, item);
	buf_putc(b, '}');
	buf_fini(&text);
}

void
render_json_end(struct buf *b)
{
	buf_puts(b, "\n]}\n");
}
