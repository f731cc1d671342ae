/*
 * list.c - what a source published in a month, as a page of the archive.
 *
 *	---
 *	layout: page
 *	title: "Source 2025-02"
 *	render_with_liquid: false
 *	---
 *	* 2025-02-24 [title](../_posts/2025-02-24-title-1f2e.md) ([link](URL))
 *
 * Posts are linked as the files they are: that works in any viewer of
 * Markdown, and on a site with jekyll-relative-links.  Titles are escaped as
 * in a post, for the same readers.
 */
#include <stdio.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/hash.h"
#include "feedmill/render.h"
#include "text.h"

enum { NAME_SOURCE_BYTES = 100 };

void
render_list_begin(struct buf *b, const struct list_head *head, int html)
{
	struct buf title = { 0 };

	buf_printf(&title, "%s %s", head->source_title, head->month);
	buf_puts(b, "---\nlayout: page\ntitle: ");
	quote_yaml(b, buf_str(&title));
	buf_puts(b, "\nrender_with_liquid: false\n---\n");
	if (html)
		buf_puts(b, "<ul>\n");
	buf_fini(&title);
}

static void
put_markdown_line(struct buf *b, const char *date, const char *title,
    const char *post, const char *url)
{
	buf_printf(b, "* %.10s ", date);
	if (post == NULL && url == NULL) {
		quote_markdown(b, title);
	} else {
		buf_putc(b, '[');
		quote_markdown(b, title);
		buf_puts(b, "](");
		put_destination(b, post != NULL ? post : url);
		buf_putc(b, ')');
	}
	if (post != NULL && url != NULL) {
		buf_puts(b, " ([link](");
		put_destination(b, url);
		buf_puts(b, "))");
	}
	buf_putc(b, '\n');
}

static void
put_anchor(struct buf *b, const char *title, const char *url)
{
	if (url != NULL) {
		buf_puts(b, "<a href=\"");
		put_destination(b, url);
		buf_puts(b, "\">");
	}
	quote_html(b, title);
	if (url != NULL)
		buf_puts(b, "</a>");
}

static void
put_html_line(struct buf *b, const char *date, const char *title,
    const char *post, const char *url)
{
	buf_printf(b, "<li>%.10s ", date);
	put_anchor(b, title, post != NULL ? post : url);
	if (post != NULL && url != NULL) {
		buf_puts(b, " (");
		put_anchor(b, "link", url);
		buf_putc(b, ')');
	}
	buf_puts(b, "</li>\n");
}

void
render_list_item(struct buf *b, const struct item *item, const char *post,
    int html)
{
	char date[DATE_TEXT_SIZE];
	struct buf title = { 0 };
	const char *url = safe_link(item->url);

	date_format_iso24(date_in_range(item->published_ms), date);
	put_title(&title, item);
	if (html)
		put_html_line(b, date, buf_str(&title), post, url);
	else
		put_markdown_line(b, date, buf_str(&title), post, url);
	buf_fini(&title);
}

void
render_list_end(struct buf *b, int more, int html)
{
	if (html)
		buf_puts(b, "</ul>\n");
	if (more)
		buf_puts(b, html ? "<p>There are more in this month.</p>\n" :
		    "\nThere are more in this month.\n");
}

int
render_list_leads(const char *line, size_t len, const char *to)
{
	struct buf markdown = { 0 }, html = { 0 };
	int yes;

	buf_puts(&markdown, "](");
	put_destination(&markdown, to);
	buf_putc(&markdown, ')');
	buf_puts(&html, " href=\"");
	put_destination(&html, to);
	buf_putc(&html, '"');
	yes = memmem(line, len, markdown.data, markdown.len) != NULL ||
	    memmem(line, len, html.data, html.len) != NULL;
	buf_fini(&markdown);
	buf_fini(&html);
	return yes;
}

/* A name that had to be changed could be that of another source. */
void
render_list_name(char out[POST_NAME_SIZE], const struct list_head *head,
    int html)
{
	struct buf name = { 0 };

	put_file_name(&name, head->source_name, NAME_SOURCE_BYTES);
	if (strcmp(buf_str(&name), head->source_name) != 0)
		buf_printf(&name, "%s%08llx", name.len > 0 ? "-" : "",
		    (unsigned long long)hash_64(head->source_name,
		    strlen(head->source_name), 0) & 0xffffffffULL);
	buf_printf(&name, "-%s.%s", head->month, html ? "html" : "md");
	snprintf(out, POST_NAME_SIZE, "%s", buf_str(&name));
	buf_fini(&name);
}
