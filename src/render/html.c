/*
 * html.c - an outlet as a page for people: a river of entries by day.
 *
 * One column, readable on a phone and in the dark; titles, sources, times,
 * the beginning of the text as plain text, a picture beside it.  There is no
 * script and nothing a publisher wrote is markup, so the page is safe without
 * trust in the sanitiser.
 *
 * The words of the page are English and say so where the outlet speaks
 * another language; an entry whose language nobody told says that, too.
 */
#include <stdio.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/text.h"
#include "feedmill/model.h"
#include "feedmill/render.h"
#include "html.h"
#include "text.h"

#define DAY_MS	INT64_C(86400000)

enum { EXCERPT_BYTES = 360 };
/* What a reader can subscribe to. */
enum { FEEDS = OUTLET_ATOM | OUTLET_RSS | OUTLET_JSON };

const char render_html_style[] =
    ":root{color-scheme:light dark;--fg:#1c1e21;--dim:#5c6167;"
    "--line:#e1e4e8;--bg:#fff;--soft:#f4f5f7;--link:#0b57d0;"
    "--bad:#b3261e;--good:#146c2e;--mark:#ffe58a}\n"
    "@media(prefers-color-scheme:dark){:root{--fg:#e4e6e8;--dim:#9da3aa;"
    "--line:#32363b;--bg:#15171a;--soft:#212429;--link:#8ab4f8;"
    "--bad:#f2b8b5;--good:#7fd99a;--mark:#5c4a00}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:46rem;padding:1rem;color:var(--fg);"
    "background:var(--bg);font:1rem/1.6 system-ui,sans-serif;"
    "overflow-wrap:anywhere}\n"
    "a{color:var(--link)}\n"
    ":focus-visible{outline:2px solid var(--link);outline-offset:2px}\n"
    "h1{font-size:1.7rem;line-height:1.25;margin:.5rem 0}\n"
    "h2{font-size:.9rem;margin:2rem 0 0;padding-bottom:.3rem;"
    "color:var(--dim);border-bottom:1px solid var(--line)}\n"
    "h3{font-size:1.1rem;margin:0;line-height:1.4}\n"
    "h1 a,h2 a,h3 a{color:inherit;text-decoration:none}\n"
    "h1 a:hover,h2 a:hover,h3 a:hover,h1 a:focus,h2 a:focus,h3 a:focus"
    "{text-decoration:underline}\n"
    "h3 a:visited{color:var(--dim)}\n"
    "p{margin:.3rem 0}\n"
    "nav,.meta,footer{font-size:.875rem;color:var(--dim)}\n"
    "nav{background:var(--soft);border-radius:.4rem;padding:.5rem .8rem;"
    "margin:.8rem 0}\n"
    "nav a{margin-right:.6rem;display:inline-block}\n"
    ".meta a{color:inherit}\n"
    "article{padding:1rem 0;border-bottom:1px solid var(--line)}\n"
    "article::after{content:\"\";display:block;clear:both}\n"
    "article img{float:right;float:inline-end;width:7.5rem;"
    "height:5.6rem;object-fit:cover;margin-block:.2rem .3rem;"
    "margin-inline-start:1rem;border-radius:.4rem;"
    "position:relative;background:var(--soft)}\n"
    /* One that does not come is a quiet patch, not a broken picture. */
    "article img::after{content:\"\";position:absolute;inset:0;"
    "background:var(--soft)}\n"
    "@media(max-width:30rem){article img{width:5.5rem;height:4.2rem}}\n"
    "figure{margin:.8rem 0}svg{display:block;width:100%;height:auto;"
    "color:var(--link)}\n"
    ".bad{color:var(--bad)}.good{color:var(--good)}\n"
    "footer{margin-top:2rem}\n"
    "form{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem;"
    "margin:.8rem 0}\n"
    "input,button{font:inherit;color:inherit;background:var(--bg);"
    "border:1px solid var(--dim);border-radius:.4rem;"
    "padding:.35rem .7rem;min-height:2.75rem}\n"
    "input[type=search]{flex:1 1 12rem;min-width:0}\n"
    "button{background:var(--soft);cursor:pointer}\n"
    "mark{background:var(--mark);color:inherit;padding:0 .1em;"
    "border-radius:.2em}\n"
    ".hide{position:absolute;width:1px;height:1px;overflow:hidden;"
    "clip-path:inset(50%);white-space:nowrap}\n"
    ".skip{position:absolute;left:-99rem}\n"
    ".skip:focus{left:1rem;top:.3rem;background:var(--bg)}\n";

/* Of the page's own words, where they are not in its language. */
const char *
html_english(const struct outlet_head *head)
{
	if (!is_language_tag(head->language) ||
	    text_prefix_nocase(head->language, "en"))
		return "";
	return " lang=\"en\"";
}

void
html_put_attribute(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, " %s=\"", name);
	text_xml_escape_str(b, value);
	buf_putc(b, '"');
}

/* The moment for machines, in whole; and the time of day for people. */
static void
put_time(struct buf *b, int64_t ms, int with_date)
{
	char exact[DATE_TEXT_SIZE], iso[DATE_TEXT_SIZE];

	date_format_rfc3339(date_in_range(ms), exact);
	date_format_iso24(date_in_range(ms), iso);
	buf_printf(b, "<time datetime=\"%s\">", exact);
	if (with_date)
		buf_printf(b, "%.10s ", iso);
	buf_printf(b, "%.5s</time>", iso + 11);
}

static void
put_file(struct buf *b, const struct outlet_head *head,
    const struct render_format *f)
{
	text_xml_escape_str(b, head->name);
	buf_puts(b, f->ending);
}

/* Programs find the feeds by these. */
static void
put_alternates(struct buf *b, const struct outlet_head *head)
{
	for (int i = 0; render_formats[i].ending != NULL; i++) {
		const struct render_format *f = &render_formats[i];

		if (!(head->formats & f->bit) || !(f->bit & FEEDS))
			continue;
		buf_printf(b, "<link rel=\"alternate\" type=\"%.*s\" "
		    "href=\"", (int)strcspn(f->media_type, ";"),
		    f->media_type);
		put_file(b, head, f);
		buf_printf(b, "\" title=\"%s\">\n", f->label);
	}
}

/*
 * Files beside this one.  The first feed is shown with its whole address,
 * the one to copy into a reader; the list of subscriptions comes last.
 */
static void
put_formats(struct buf *b, const struct outlet_head *head)
{
	const char *slash;
	size_t folder_len;
	int is_first = 1;

	if ((head->formats & ~(unsigned)OUTLET_HTML) == 0)
		return;
	slash = strrchr(head->self, '/');
	folder_len = slash != NULL ? (size_t)(slash - head->self) + 1 : 0;
	buf_printf(b, "<nav%s aria-label=\"Subscribe\">\nSubscribe:\n",
	    html_english(head));
	for (int i = 0; render_formats[i].ending != NULL; i++) {
		const struct render_format *f = &render_formats[i];

		if (!(head->formats & f->bit) || f->bit == OUTLET_HTML)
			continue;
		buf_puts(b, "<a href=\"");
		put_file(b, head, f);
		buf_puts(b, "\">");
		if (is_first && (f->bit & FEEDS)) {
			text_xml_escape(b, head->self, folder_len, 0);
			put_file(b, head, f);
		} else {
			buf_puts(b, f->label);
		}
		buf_puts(b, "</a>\n");
		is_first = 0;
	}
	buf_puts(b, "</nav>\n");
}

static void
put_updated(struct buf *b, const struct outlet_head *head)
{
	buf_printf(b, "<p class=\"meta\"%s>", html_english(head));
	if (head->updated_ms == DATE_NONE) {
		buf_puts(b, "Nothing yet.");
	} else {
		buf_puts(b, "Updated ");
		put_time(b, head->updated_ms, 1);
		buf_puts(b, ". Times are UTC.");
	}
	if (head->has_status)
		buf_puts(b, " <a href=\"status\">Status of the sources</a>");
	buf_puts(b, "</p>\n");
}

void
html_begin(struct buf *b, const char *language)
{
	buf_puts(b, "<!doctype html>\n<html");
	html_put_attribute(b, "lang", is_language_tag(language) ? language :
	    "en");
	buf_puts(b, ">\n<head>\n<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, "
	    "initial-scale=1\">\n<meta name=\"referrer\" "
	    "content=\"no-referrer\">\n");
}

void
html_put_search(struct buf *b, const char *words, const char *outlet,
    int by_date)
{
	buf_puts(b, "<form role=\"search\" action=\"search\" lang=\"en\">\n"
	    "<label class=\"hide\" for=\"q\">Words to look for</label>\n"
	    "<input type=\"search\" id=\"q\" name=\"q\" lang=\"\" "
	    "dir=\"auto\" required maxlength=\"300\" "
	    "placeholder=\"Search\"");
	if (words != NULL && *words != '\0')
		html_put_attribute(b, "value", words);
	buf_puts(b, ">\n");
	if (outlet != NULL) {
		buf_puts(b, "<input type=\"hidden\" name=\"in\"");
		html_put_attribute(b, "value", outlet);
		buf_puts(b, ">\n");
	}
	if (by_date)
		buf_puts(b, "<input type=\"hidden\" name=\"order\" "
		    "value=\"new\">\n");
	buf_puts(b, "<button>Search</button>\n</form>\n");
}

void
render_html_begin(struct buf *b, const struct outlet_head *head)
{
	html_begin(b, head->language);
	buf_puts(b, "<title>");
	text_xml_escape_str(b, head->title);
	buf_puts(b, "</title>\n");
	put_alternates(b, head);
	buf_printf(b, "<style>\n%s</style>\n</head>\n<body>\n"
	    "<a class=\"skip\" href=\"#river\"%s>Skip to content</a>\n"
	    "<header>\n<h1 dir=\"auto\">", render_html_style,
	    html_english(head));
	text_xml_escape_str(b, head->title);
	buf_puts(b, "</h1>\n");
	if (head->subtitle != NULL) {
		buf_puts(b, "<p dir=\"auto\">");
		text_xml_escape_str(b, head->subtitle);
		buf_puts(b, "</p>\n");
	}
	if (head->has_search)
		html_put_search(b, NULL, head->name, 0);
	put_formats(b, head);
	put_updated(b, head);
	buf_puts(b, "</header>\n<main id=\"river\">\n");
}

/* "Mon, 24 Feb 2025" on an English page, else "2025-02-24". */
void
html_put_day(struct buf *b, const struct outlet_head *head, int64_t ms)
{
	char http[DATE_TEXT_SIZE], iso[DATE_TEXT_SIZE];

	date_format_http(date_in_range(ms), http);
	date_format_iso24(date_in_range(ms), iso);
	buf_printf(b, "<time datetime=\"%.10s\">", iso);
	if (*html_english(head) == '\0')
		buf_printf(b, "%.16s</time>", http);
	else
		buf_printf(b, "%.10s</time>", iso);
}

void
html_put_day_link(struct buf *b, const struct outlet_head *head, int64_t ms,
    unsigned page, const char *rel)
{
	char iso[DATE_TEXT_SIZE];

	date_format_iso24(date_in_range(ms), iso);
	buf_printf(b, "<a%s href=\"day?date=%.10s&amp;in=", rel, iso);
	text_xml_escape_str(b, head->name);
	if (page > 1)
		buf_printf(b, "&amp;page=%u", page);
	buf_puts(b, "\">");
}

/* The whole of the day, of which the river may show a part, is behind it. */
static void
put_day_heading(struct buf *b, const struct outlet_head *head, int64_t ms)
{
	buf_puts(b, "<h2>");
	if (head->has_search)
		html_put_day_link(b, head, ms, 1, "");
	html_put_day(b, head, ms);
	buf_puts(b, head->has_search ? "</a></h2>\n" : "</h2>\n");
}

static int64_t
day_of(int64_t ms)
{
	ms = date_in_range(ms);
	return ms / DAY_MS - (ms % DAY_MS < 0);
}

void
render_html_before(struct buf *b, const struct outlet_head *head, int64_t ms,
    const int64_t *previous_ms)
{
	if (previous_ms == NULL || day_of(ms) != day_of(*previous_ms))
		put_day_heading(b, head, ms);
}

void
html_put_linked(struct buf *b, const char *url, const char *text)
{
	if (safe_link(url) != NULL) {
		buf_puts(b, "<a");
		html_put_attribute(b, "href", url);
		buf_putc(b, '>');
	}
	text_xml_escape_str(b, text);
	if (safe_link(url) != NULL)
		buf_puts(b, "</a>");
}

void
html_put_meta(struct buf *b, const struct item *item, int with_date)
{
	struct buf authors = { 0 };
	const char *source = source_label(item);

	buf_puts(b, "<p class=\"meta\">");
	html_put_linked(b, item->source_link, source);
	put_authors(&authors, item);
	if (strcmp(buf_str(&authors), source) != 0) {
		buf_puts(b, " \xc2\xb7 ");
		text_xml_escape_str(b, buf_str(&authors));
	}
	buf_puts(b, " \xc2\xb7 ");
	put_time(b, item->effective_ms, with_date);
	buf_puts(b, "</p>\n");
	buf_fini(&authors);
}

/* Beside the title that says what it is: no text of its own. */
static void
put_picture(struct buf *b, const char *url)
{
	if (url == NULL || safe_link(url) == NULL)
		return;
	buf_puts(b, "<img alt=\"\" loading=\"lazy\" decoding=\"async\" "
	    "referrerpolicy=\"no-referrer\"");
	html_put_attribute(b, "src", url);
	buf_puts(b, ">\n");
}

void
render_html_item(struct buf *b, const struct outlet_head *head,
    const struct item *item)
{
	struct buf text = { 0 };
	const char *html = item->summary;

	/* It runs as its title does: the picture, the line below, too. */
	buf_puts(b, "<article dir=\"auto\"");
	if (is_language_tag(item->language))
		html_put_attribute(b, "lang", item->language);
	else if (!is_language_tag(head->language))
		html_put_attribute(b, "lang", "");	/* not known */
	buf_puts(b, ">\n");
	put_picture(b, item->image);
	buf_puts(b, "<h3>");
	put_title(&text, item);
	html_put_linked(b, item->url, buf_str(&text));
	buf_puts(b, "</h3>\n");
	html_put_meta(b, item, 0);
	if (html == NULL || *html == '\0')
		html = item->content;
	if (html != NULL && head->content != CONTENT_NONE) {
		buf_reset(&text);
		put_excerpt(&text, html, EXCERPT_BYTES);
		buf_puts(b, text.len > 0 ? "<p dir=\"auto\">" : "");
		text_xml_escape_str(b, buf_str(&text));
		buf_puts(b, text.len > 0 ? "</p>\n" : "");
	}
	buf_puts(b, "</article>\n");
	buf_fini(&text);
}

void
render_html_after(struct buf *b, const struct outlet_head *head, int64_t ms)
{
	if (!head->has_search)
		return;
	buf_printf(b, "<nav%s aria-label=\"Older\">\n", html_english(head));
	html_put_day_link(b, head, ms, 1, "");
	buf_puts(b, "All of ");
	html_put_day(b, head, ms);
	buf_puts(b, "</a>\n");
	html_put_day_link(b, head, ms - DAY_MS, 1, " rel=\"next\"");
	buf_puts(b, "Older days</a>\n</nav>\n");
}

void
render_html_end(struct buf *b)
{
	buf_puts(b, "</main>\n<footer lang=\"en\"><p>Made by feedmill.</p>"
	    "</footer>\n</body>\n</html>\n");
}
