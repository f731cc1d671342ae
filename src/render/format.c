/* format.c - the table of outlet formats, and where their documents are. */
#include <string.h>

#include "feedmill/render.h"

const struct render_format render_formats[] = {
	{ OUTLET_ATOM, ".atom", "application/atom+xml; charset=utf-8",
	    render_atom_begin, render_atom_item, "", render_atom_end,
	    "Atom", NULL, 1, NULL, 0 },
	{ OUTLET_RSS, ".rss", "application/rss+xml; charset=utf-8",
	    render_rss_begin, render_rss_item, "", render_rss_end,
	    "RSS", NULL, 1, NULL, 0 },
	{ OUTLET_JSON, ".json", "application/feed+json; charset=utf-8",
	    render_json_begin, render_json_item, ",\n", render_json_end,
	    "JSON Feed", NULL, 0, NULL, 0 },
	{ OUTLET_HTML, ".html", "text/html; charset=utf-8",
	    render_html_begin, render_html_item, "", render_html_end,
	    "Page", render_html_before, 0, render_html_after, 0 },
	{ OUTLET_OPML, ".opml", "text/x-opml; charset=utf-8",
	    render_opml_begin, render_opml_item, "", render_opml_end,
	    "OPML", NULL, 0, NULL, 1 },
	{ 0 }
};

void
render_directory(struct buf *b, const struct config *config,
    const char *directory)
{
	if (*directory != '/') {
		buf_puts(b, config->state);
		buf_putc(b, '/');
	}
	buf_puts(b, directory);
}

/* The outlet's page and its documents are in one folder, as the server has
 * them: "https://host/tech" is a page beside "https://host/tech.atom". */
static void
put_folder(struct buf *b, const struct config_outlet *outlet)
{
	const char *authority = strstr(outlet->url, "://"), *slash;
	size_t len = strcspn(outlet->url, "?#");

	authority = authority != NULL ? authority + 3 : outlet->url;
	slash = memrchr(outlet->url, '/', len);
	if (slash != NULL && slash >= authority)
		len = (size_t)(slash - outlet->url);
	buf_append(b, outlet->url, len);
	buf_putc(b, '/');
}

void
render_self_url(struct buf *b, const struct config_outlet *outlet,
    const struct render_format *format)
{
	put_folder(b, outlet);
	buf_puts(b, outlet->name);
	buf_puts(b, format->ending);
}

/* ------------------------------------------------------------------ pages */

const char render_page_infix[] = "-archive-";
const char render_page_item[] = "<!-- ";
const char render_page_silent[] = " silent";

void
render_page_name(struct buf *b, const char *outlet, int64_t number)
{
	buf_printf(b, "%s%s%lld.atom", outlet, render_page_infix,
	    (long long)number);
}

void
render_page_url(struct buf *b, const struct config_outlet *outlet,
    int64_t number)
{
	put_folder(b, outlet);
	render_page_name(b, outlet->name, number);
}

void
render_notes_name(struct buf *b, const char *document)
{
	buf_printf(b, ".%s.delta", document);
}
