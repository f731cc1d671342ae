/*
 * day_html.c - all entries of a day, as a page for people.
 *
 * The river goes on here: the same look, the newest first, and a way to the
 * day before, the day after, and any other.
 */
#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/text.h"
#include "feedmill/render.h"
#include "html.h"
#include "text.h"

/* The outlet's own page; the first of all, where none is known. */
static void
put_home(struct buf *b, const struct outlet_head *head)
{
	int has_page = (head->formats & OUTLET_HTML) != 0;

	buf_puts(b, "<a href=\"");
	text_xml_escape_str(b, has_page ? head->name : "./");
	buf_puts(b, has_page ? ".html\">" : "\">");
}

static void
put_neighbour(struct buf *b, const struct outlet_head *head, int64_t ms,
    const char *rel, const char *label)
{
	if (ms == DATE_NONE)
		return;
	html_put_day_link(b, head, ms, 1, rel);
	buf_printf(b, "%s: ", label);
	html_put_day(b, head, ms);
	buf_puts(b, "</a>\n");
}

static void
put_neighbours(struct buf *b, const struct outlet_head *head,
    const struct day_view *v, const char *label)
{
	buf_printf(b, "<nav%s aria-label=\"%s\">\n", html_english(head),
	    label);
	put_home(b, head);
	buf_puts(b, "Newest</a>\n");
	put_neighbour(b, head, v->newer_ms, " rel=\"prev\"", "Newer");
	put_neighbour(b, head, v->older_ms, " rel=\"next\"", "Older");
	buf_puts(b, "</nav>\n");
}

static void
put_date_form(struct buf *b, const struct outlet_head *head,
    const struct day_view *v)
{
	char iso[DATE_TEXT_SIZE];

	date_format_iso24(date_in_range(v->day_ms), iso);
	buf_puts(b, "<form action=\"day\" lang=\"en\">\n<label for=\"date\">"
	    "Day</label>\n<input type=\"date\" id=\"date\" name=\"date\" "
	    "required");
	if (v->day_ms != DATE_NONE)
		buf_printf(b, " value=\"%.10s\"", iso);
	buf_puts(b, ">\n");
	if (head->name != NULL) {
		buf_puts(b, "<input type=\"hidden\" name=\"in\"");
		html_put_attribute(b, "value", head->name);
		buf_puts(b, ">\n");
	}
	buf_puts(b, "<button>Show</button>\n</form>\n");
}

void
render_day_begin(struct buf *b, const struct outlet_head *head,
    const struct day_view *v)
{
	char iso[DATE_TEXT_SIZE];

	date_format_iso24(date_in_range(v->day_ms), iso);
	html_begin(b, head->language);
	buf_puts(b, "<meta name=\"robots\" content=\"noindex\">\n<title>");
	if (v->problem == NULL)
		buf_printf(b, "%.10s \xe2\x80\x93 ", iso);
	text_xml_escape_str(b, head->title);
	buf_printf(b, "</title>\n<style>\n%s</style>\n</head>\n<body>\n"
	    "<a class=\"skip\" href=\"#river\"%s>Skip to content</a>\n"
	    "<header>\n<h1 dir=\"auto\">", render_html_style,
	    html_english(head));
	put_home(b, head);
	text_xml_escape_str(b, head->title);
	buf_puts(b, "</a></h1>\n");
	html_put_search(b, NULL, head->name, 0);
	put_neighbours(b, head, v, "Days");
	put_date_form(b, head, v);
	buf_puts(b, "</header>\n<main id=\"river\">\n");
	if (v->problem == NULL) {
		buf_puts(b, "<h2>");
		html_put_day(b, head, v->day_ms);
		if (v->page > 1)
			buf_printf(b, "<span%s>, page %u</span>",
			    html_english(head), v->page);
		buf_puts(b, "</h2>\n");
	}
}

static void
put_pages(struct buf *b, const struct outlet_head *head,
    const struct day_view *v)
{
	if (v->page <= 1 && !v->has_more)
		return;
	buf_printf(b, "<nav%s aria-label=\"Pages of this day\">\n",
	    html_english(head));
	if (v->page > 1) {
		html_put_day_link(b, head, v->day_ms, v->page - 1,
		    " rel=\"prev\"");
		buf_puts(b, "Page before</a>\n");
	}
	if (v->has_more) {
		html_put_day_link(b, head, v->day_ms, v->page + 1,
		    " rel=\"next\"");
		buf_puts(b, "More of this day</a>\n");
	}
	buf_puts(b, "</nav>\n");
}

void
render_day_end(struct buf *b, const struct outlet_head *head,
    const struct day_view *v)
{
	if (v->problem != NULL) {
		buf_printf(b, "<p class=\"bad\"%s>", html_english(head));
		text_xml_escape_str(b, v->problem);
		buf_puts(b, "</p>\n");
	} else if (v->shown == 0) {
		buf_printf(b, "<p%s>Nothing on this day.</p>\n",
		    html_english(head));
	}
	put_pages(b, head, v);
	if (v->shown > 0)
		put_neighbours(b, head, v, "Other days");
	buf_puts(b, "</main>\n<footer lang=\"en\"><p>Times are UTC. "
	    "Made by feedmill.</p></footer>\n</body>\n</html>\n");
}
