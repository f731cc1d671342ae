/*
 * search_html.c - what a search found, as a page for people.
 *
 * The page speaks English; what was typed and what was found is in whatever
 * language it is.  There is no script, and what was typed is text wherever
 * it stands: in the title, in the form, in a link.
 */
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/render.h"
#include "html.h"
#include "text.h"

enum { MARK_BYTES = sizeof(RENDER_FOUND) - 1 };

static void
put_parameter(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, "%s=", name);
	url_put_escaped(b, value, strlen(value), url_is_unreserved);
}

void
search_put_address(struct buf *b, const struct search_view *v, unsigned page,
    int by_date)
{
	buf_puts(b, "search?");
	put_parameter(b, "q", v->words);
	if (v->outlet != NULL) {
		buf_putc(b, '&');
		put_parameter(b, "in", v->outlet);
	}
	if (by_date)
		buf_puts(b, "&order=new");
	if (page > 1)
		buf_printf(b, "&page=%u", page);
}

static void
put_link(struct buf *b, const struct search_view *v, unsigned page,
    int by_date, const char *attributes, const char *text)
{
	struct buf address = { 0 };

	search_put_address(&address, v, page, by_date);
	buf_printf(b, "<a%s", attributes);
	html_put_attribute(b, "href", buf_str(&address));
	buf_printf(b, ">%s</a>", text);
	buf_fini(&address);
}

static void
put_pages(struct buf *b, const struct search_view *v)
{
	buf_puts(b, "<nav aria-label=\"Pages\">\n");
	if (v->outlet_title != NULL) {
		buf_puts(b, "<a href=\"");
		text_xml_escape_str(b, v->outlet);
		buf_puts(b, ".html\" lang=\"\" dir=\"auto\">");
		text_xml_escape_str(b, v->outlet_title);
		buf_puts(b, "</a>\n");
	} else {
		buf_puts(b, "<a href=\"./\">What is new</a>\n");
	}
	buf_puts(b, "</nav>\n");
}

/* In which order; and the other one, one click away. */
static void
put_order(struct buf *b, const struct search_view *v)
{
	buf_puts(b, "<p class=\"meta\">");
	if (v->by_date) {
		put_link(b, v, 1, 0, "", "Best first");
		buf_puts(b, " \xc2\xb7 <b>Newest first</b>");
	} else {
		buf_puts(b, "<b>Best first</b> \xc2\xb7 ");
		put_link(b, v, 1, 1, "", "Newest first");
	}
	buf_puts(b, "</p>\n");
}

static void
begin(struct buf *b, const struct search_view *v)
{
	int asked = v->words[0] != '\0' && v->problem == NULL;

	html_begin(b, "en");
	buf_puts(b, "<meta name=\"robots\" content=\"noindex\">\n<title>");
	if (asked) {
		text_xml_escape_str(b, v->words);
		buf_puts(b, " \xe2\x80\x93 ");
	}
	buf_printf(b, "Search</title>\n<style>\n%s</style>\n</head>\n<body>\n"
	    "<a class=\"skip\" href=\"#results\">Skip to content</a>\n"
	    "<header>\n<h1>Search</h1>\n", render_html_style);
	put_pages(b, v);
	html_put_search(b, v->words, v->outlet, v->by_date);
	buf_puts(b, "</header>\n<main id=\"results\">\n");
	if (asked) {
		buf_puts(b, "<h2>Results for <q lang=\"\" dir=\"auto\">");
		text_xml_escape_str(b, v->words);
		buf_puts(b, v->page > 1 ? "</q>, page " : "</q>");
		if (v->page > 1)
			buf_printf(b, "%u", v->page);
		buf_puts(b, "</h2>\n");
		put_order(b, v);
	}
}

/* What was found is marked; a publisher's own marks open nothing twice. */
static void
put_marked(struct buf *b, const char *s)
{
	int is_open = 0;

	while (*s != '\0') {
		const char *mark = strstr(s, "\xee\x80");
		size_t len = mark != NULL ? (size_t)(mark - s) : strlen(s);

		text_xml_escape(b, s, len, 0);
		s += len;
		if (*s == '\0')
			break;
		if (strncmp(s, RENDER_FOUND, MARK_BYTES) == 0) {
			buf_puts(b, is_open ? "" : "<mark>");
			is_open = 1;
		} else if (strncmp(s, RENDER_FOUND_END, MARK_BYTES) == 0) {
			buf_puts(b, is_open ? "</mark>" : "");
			is_open = 0;
		} else {
			text_xml_escape(b, s, strnlen(s, MARK_BYTES), 0);
		}
		s += strnlen(s, MARK_BYTES);
	}
	buf_puts(b, is_open ? "</mark>" : "");
}

static void
put_hit_title(struct buf *b, const struct item *item,
    const struct search_hit *hit)
{
	const char *url = safe_link(item->url);
	struct buf title = { 0 };

	if (hit->title == NULL || *hit->title == '\0') {
		put_title(&title, item);
		html_put_linked(b, url, buf_str(&title));
		buf_fini(&title);
		return;
	}
	if (url != NULL) {
		buf_puts(b, "<a");
		html_put_attribute(b, "href", url);
		buf_putc(b, '>');
	}
	put_marked(b, hit->title);
	buf_puts(b, url != NULL ? "</a>" : "");
}

static void
put_hit(struct buf *b, const struct search_view *v, const struct item *item,
    const struct search_hit *hit)
{
	(void)v;
	buf_puts(b, "<article dir=\"auto\"");
	html_put_attribute(b, "lang", is_language_tag(item->language) ?
	    item->language : "");
	buf_puts(b, ">\n<h3>");
	put_hit_title(b, item, hit);
	buf_puts(b, "</h3>\n");
	html_put_meta(b, item, 1);
	if (hit->snippet[0] != '\0') {
		buf_puts(b, "<p dir=\"auto\">");
		put_marked(b, hit->snippet);
		buf_puts(b, "</p>\n");
	}
	buf_puts(b, "</article>\n");
}

static void
put_turns(struct buf *b, const struct search_view *v)
{
	if (v->page <= 1 && !v->has_more)
		return;
	buf_puts(b, "<nav aria-label=\"More results\">\n");
	if (v->page > 1)
		put_link(b, v, v->page - 1, v->by_date, " rel=\"prev\"",
		    "Page before");
	if (v->has_more)
		put_link(b, v, v->page + 1, v->by_date, " rel=\"next\"",
		    "More results");
	buf_puts(b, "\n</nav>\n");
}

static void
put_hint(struct buf *b)
{
	buf_puts(b, "<p class=\"meta\">An entry is found if all the words "
	    "are in its title or text: whole words, whatever their case and "
	    "accents; of Chinese, Japanese and Korean any part.</p>\n");
}

static void
end(struct buf *b, const struct search_view *v)
{
	if (v->problem != NULL) {
		buf_puts(b, "<p class=\"bad\">");
		text_xml_escape_str(b, v->problem);
		buf_puts(b, "</p>\n");
	} else if (v->words[0] == '\0') {
		put_hint(b);
	} else if (v->shown == 0) {
		buf_printf(b, "<p>%s</p>\n", v->page > 1 ?
		    "There is nothing more." : "Nothing was found.");
		put_hint(b);
	}
	if (v->behind > 0)
		buf_printf(b, "<p class=\"meta\">The newest %lld are not yet "
		    "to be found.</p>\n", (long long)v->behind);
	put_turns(b, v);
	buf_puts(b, "</main>\n<footer><p>Times are UTC. Made by feedmill.</p>"
	    "</footer>\n</body>\n</html>\n");
}

const struct search_format render_search_html = {
	"text/html; charset=utf-8", begin, put_hit, end
};
