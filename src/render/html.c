/*
 * html.c - an outlet as a page for people.
 *
 * One column, readable on a phone and in the dark; titles, sources, dates
 * and the beginning of the text as plain text.  There is no script and
 * nothing a publisher wrote is markup, so the page is safe without trust in
 * the sanitiser.
 */
#include <stdio.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/text.h"
#include "feedmill/model.h"
#include "feedmill/render.h"
#include "text.h"

enum { EXCERPT_BYTES = 500 };

static const char style[] =
    ":root{color-scheme:light dark;--fg:#1d1f21;--dim:#5f6368;"
    "--line:#e3e5e8;--bg:#fff;--link:#0b57d0}\n"
    "@media(prefers-color-scheme:dark){:root{--fg:#e6e6e6;--dim:#9aa0a6;"
    "--line:#33363a;--bg:#16181a;--link:#8ab4f8}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:44rem;padding:1rem;color:var(--fg);"
    "background:var(--bg);font:1rem/1.6 system-ui,\"Noto Sans CJK SC\","
    "\"PingFang SC\",sans-serif;overflow-wrap:anywhere}\n"
    "a{color:var(--link)}\nh1{font-size:1.6rem;margin:.5rem 0}\n"
    "nav a{margin-right:1rem}\n"
    "article{padding:.8rem 0;border-top:1px solid var(--line)}\n"
    "h2{font-size:1.1rem;margin:0;line-height:1.4}\n"
    "h2 a{color:inherit;text-decoration:none}\n"
    "h2 a:hover,h2 a:focus{text-decoration:underline}\n"
    "p{margin:.3rem 0}\n"
    ".meta,footer{font-size:.85rem;color:var(--dim)}\n"
    ".meta a{color:inherit}\n"
    ".skip{position:absolute;left:-99rem}\n.skip:focus{left:1rem}\n";

static void
put_attribute(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, " %s=\"", name);
	text_xml_escape_str(b, value);
	buf_putc(b, '"');
}

static void
put_language(struct buf *b, const char *tag)
{
	if (is_language_tag(tag))
		put_attribute(b, "lang", tag);
}

/* "2025-02-23 20:00 UTC", and for machines. */
static void
put_time(struct buf *b, int64_t ms)
{
	char exact[DATE_TEXT_SIZE], iso[DATE_TEXT_SIZE];

	date_format_rfc3339(date_in_range(ms), exact);
	date_format_iso24(date_in_range(ms), iso);
	buf_printf(b, "<time datetime=\"%s\">%.10s %.5s UTC</time>", exact,
	    iso, iso + 11);
}

/* The other formats of the outlet: files beside this one. */
static void
put_formats(struct buf *b, const struct outlet_head *head, int as_links)
{
	static const char *const names[] = {
		"Atom", "RSS", "JSON Feed", NULL, "OPML"
	};

	for (int i = 0; render_formats[i].ending != NULL; i++) {
		const struct render_format *f = &render_formats[i];
		size_t type_len = strcspn(f->media_type, ";");

		if (!(head->formats & f->bit) || names[i] == NULL)
			continue;
		if (as_links && f->bit == OUTLET_OPML)
			continue;
		buf_puts(b, as_links ? "<link rel=\"alternate\"" : "<a");
		if (as_links)
			buf_printf(b, " type=\"%.*s\"", (int)type_len,
			    f->media_type);
		buf_puts(b, " href=\"");
		text_xml_escape_str(b, head->name);
		buf_puts(b, f->ending);
		buf_printf(b, as_links ? "\" title=\"%s\">\n" : "\">%s</a>\n",
		    names[i]);
	}
}

void
render_html_begin(struct buf *b, const struct outlet_head *head)
{
	buf_puts(b, "<!doctype html>\n<html");
	put_language(b, head->language);
	buf_puts(b, ">\n<head>\n<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, "
	    "initial-scale=1\">\n<meta name=\"referrer\" "
	    "content=\"no-referrer\">\n<title>");
	text_xml_escape_str(b, head->title);
	buf_puts(b, "</title>\n");
	put_formats(b, head, 1);
	buf_printf(b, "<style>\n%s</style>\n</head>\n<body>\n"
	    "<a class=\"skip\" href=\"#river\">Skip to content</a>\n"
	    "<header>\n<h1>", style);
	text_xml_escape_str(b, head->title);
	buf_puts(b, "</h1>\n");
	if (head->subtitle != NULL) {
		buf_puts(b, "<p>");
		text_xml_escape_str(b, head->subtitle);
		buf_puts(b, "</p>\n");
	}
	buf_puts(b, "<nav aria-label=\"Subscribe\">\n");
	put_formats(b, head, 0);
	buf_puts(b, "</nav>\n<p class=\"meta\">");
	if (head->updated_ms == DATE_NONE) {
		buf_puts(b, "Nothing yet.");
	} else {
		buf_puts(b, "Updated ");
		put_time(b, head->updated_ms);
	}
	buf_puts(b, "</p>\n</header>\n<main id=\"river\">\n");
}

static void
put_linked(struct buf *b, const char *url, const char *text)
{
	if (safe_link(url) != NULL) {
		buf_puts(b, "<a");
		put_attribute(b, "href", url);
		buf_putc(b, '>');
	}
	text_xml_escape_str(b, text);
	if (safe_link(url) != NULL)
		buf_puts(b, "</a>");
}

static void
put_meta(struct buf *b, const struct item *item)
{
	struct buf authors = { 0 };
	const char *source = source_label(item);

	buf_puts(b, "<p class=\"meta\">");
	put_linked(b, item->source_link, source);
	put_authors(&authors, item);
	if (strcmp(buf_str(&authors), source) != 0) {
		buf_puts(b, " \xc2\xb7 ");
		text_xml_escape_str(b, buf_str(&authors));
	}
	buf_puts(b, " \xc2\xb7 ");
	put_time(b, item->effective_ms);
	buf_puts(b, "</p>\n");
	buf_fini(&authors);
}

void
render_html_item(struct buf *b, const struct outlet_head *head,
    const struct item *item)
{
	struct buf text = { 0 };
	const char *html = item->summary;

	buf_puts(b, "<article");
	put_language(b, item->language);
	buf_puts(b, ">\n<h2>");
	put_title(&text, item);
	put_linked(b, item->url, buf_str(&text));
	buf_puts(b, "</h2>\n");
	put_meta(b, item);
	if (html == NULL || *html == '\0')
		html = item->content;
	if (html != NULL && head->content != CONTENT_NONE) {
		buf_reset(&text);
		put_excerpt(&text, html, EXCERPT_BYTES);
		buf_puts(b, text.len > 0 ? "<p>" : "");
		text_xml_escape_str(b, buf_str(&text));
		buf_puts(b, text.len > 0 ? "</p>\n" : "");
	}
	buf_puts(b, "</article>\n");
	buf_fini(&text);
}

void
render_html_end(struct buf *b)
{
	buf_puts(b, "</main>\n<footer><p>Made by feedmill.</p></footer>\n"
	    "</body>\n</html>\n");
}
