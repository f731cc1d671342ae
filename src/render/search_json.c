/* search_json.c - what a search found, as feedmill.search/1. */
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/render.h"
#include "html.h"
#include "text.h"

/* The first member of an object has no comma before it. */
static void
put_string(struct buf *b, const char *name, const char *value)
{
	if (value == NULL)
		return;
	if (b->data[b->len - 1] != '{')
		buf_puts(b, ",\n");
	buf_printf(b, "\"%s\":", name);
	quote_json(b, value);
}

static void
begin(struct buf *b, const struct search_view *v)
{
	buf_putc(b, '{');
	put_string(b, "schema", "feedmill.search/1");
	put_string(b, "query", v->words);
	put_string(b, "in", v->outlet);
	put_string(b, "order", v->by_date ? "new" : "best");
	buf_printf(b, ",\n\"page\":%u,\n\"hits\":[", v->page);
}

/* [what was found], as `feedmill search` shows it. */
static void
put_snippet(struct buf *b, const char *s)
{
	struct buf text = { 0 };

	for (; *s != '\0'; s++) {
		int opens = strncmp(s, RENDER_FOUND, 3) == 0;

		if (opens || strncmp(s, RENDER_FOUND_END, 3) == 0) {
			buf_putc(&text, opens ? '[' : ']');
			s += 2;
		} else {
			buf_putc(&text, *s);
		}
	}
	put_string(b, "snippet", buf_str(&text));
	buf_fini(&text);
}

static void
put_hit(struct buf *b, const struct search_view *v, const struct item *item,
    const struct search_hit *hit)
{
	char date[DATE_TEXT_SIZE];
	struct buf title = { 0 }, urn = { 0 };

	date_format_rfc3339(date_in_range(item->effective_ms), date);
	put_title(&title, item);
	buf_printf(&urn, "urn:uuid:%s", item->uuid);
	buf_puts(b, b->data[b->len - 1] == '[' ? "\n{" : ",\n{");
	put_string(b, "title", buf_str(&title));
	put_string(b, "url", safe_link(item->url));
	put_string(b, "source", source_label(item));
	put_string(b, "date", date);
	put_string(b, "id", buf_str(&urn));
	put_snippet(b, hit->snippet);
	if (!v->by_date)
		buf_printf(b, ",\n\"rank\":%.6g", hit->rank);
	buf_putc(b, '}');
	buf_fini(&title);
	buf_fini(&urn);
}

static void
end(struct buf *b, const struct search_view *v)
{
	struct buf next = { 0 };

	buf_puts(b, v->shown > 0 ? "\n]" : "]");
	if (v->has_more) {
		search_put_address(&next, v, v->page + 1, v->by_date);
		put_string(b, "next", buf_str(&next));
	}
	if (v->behind > 0)
		buf_printf(b, ",\n\"behind\":%lld", (long long)v->behind);
	put_string(b, "error", v->problem);
	buf_puts(b, "}\n");
	buf_fini(&next);
}

const struct search_format render_search_json = {
	"application/json", begin, put_hit, end
};
