/*
 * html.c - what the store knows of the sources, as a page.
 *
 * What needs somebody's attention comes first: groups by state, and in each
 * the sources in the order of the database.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/render.h"
#include "feedmill/status.h"
#include "private.h"

static const struct group {
	const char	*state, *heading, *class;
} groups[] = {
	{ "failing", "Failing", "bad" },
	{ "gone", "Gone for good", "bad" },
	{ "new", "Not visited yet", "meta" },
	{ "ok", "Working", "good" },
	{ "off", "Not asked", "meta" },
};

static void
put_head(struct buf *b)
{
	buf_puts(b, "<!doctype html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
	    "content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=\"referrer\" content=\"no-referrer\">\n"
	    "<meta name=\"robots\" content=\"noindex\">\n");
	buf_printf(b, "<title>Status of the sources</title>\n"
	    "<style>\n%s</style>\n</head>\n<body>\n"
	    "<a class=\"skip\" href=\"#sources\">Skip to content</a>\n"
	    "<header>\n<h1>Status of the sources</h1>\n"
	    "<nav aria-label=\"Pages\">\n<a href=\"./\">What they brought"
	    "</a>\n<a href=\"status.json\">The same as JSON</a>\n</nav>\n",
	    render_html_style);
}

static size_t
count_state(const struct status *s, const char *state)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		n += strcmp(status_state(&s->sources[i]), state) == 0;
	return n;
}

static void
put_totals(struct buf *b, const struct status *s)
{
	char size[24], iso[DATE_TEXT_SIZE], exact[DATE_TEXT_SIZE];
	const char *sentence;

	text_format_size(s->totals.database_bytes, size);
	date_format_iso24(s->now_ms, iso);
	date_format_rfc3339(s->now_ms, exact);
	buf_printf(b, "<p>%zu failing, %zu working, %zu sources in all.</p>\n"
	    "<p class=\"meta\">%lld entries, %lld announcements, database "
	    "%s. As of <time datetime=\"%s\">%.10s %.8s</time> UTC.</p>\n",
	    count_state(s, "failing"), count_state(s, "ok"),
	    s->count - count_state(s, "removed"),
	    (long long)s->totals.entries, (long long)s->totals.last_seq,
	    size, exact, iso, iso + 11);
	for (int i = 0; i < TROUBLE_COUNT; i++) {
		if (s->trouble[i] == NULL)
			continue;
		sentence = status_troubles[i].sentence;
		buf_printf(b, "<p class=\"bad\"><strong>%c%s:</strong> ",
		    toupper((unsigned char)*sentence), sentence + 1);
		text_xml_escape_str(b, s->trouble[i]);
		buf_puts(b, "</p>\n");
	}
}

static void
put_moment(struct buf *b, const char *label, int64_t now_ms, int64_t ms)
{
	buf_printf(b, " \xc2\xb7 %s ", label);
	status_put_ago(b, now_ms, ms);
}

static void
put_error(struct buf *b, const struct source_summary *row)
{
	buf_puts(b, "<p class=\"bad\">");
	if (row->failures > 0)
		buf_printf(b, "%u failure%s in a row: ", row->failures,
		    row->failures == 1 ? "" : "s");
	buf_puts(b, "<bdi>");
	text_xml_escape_str(b, row->error);
	buf_puts(b, "</bdi></p>\n");
}

static void
put_times(struct buf *b, int64_t now_ms, const struct source_summary *row)
{
	int has_worked = row->succeeded_ms != DATE_NONE &&
	    row->succeeded_ms != 0;

	buf_printf(b, "<p class=\"meta\">%lld entr%s, %lld announced",
	    (long long)row->entries, row->entries == 1 ? "y" : "ies",
	    (long long)row->announced);
	put_moment(b, "visited", now_ms, row->visited_ms);
	if (row->outcome != NULL)
		buf_printf(b, " (%s)", row->outcome);
	if (row->outcome != NULL && !has_worked)
		buf_puts(b, " \xc2\xb7 has never worked");
	else if (row->succeeded_ms != row->visited_ms)
		put_moment(b, "last worked", now_ms, row->succeeded_ms);
	if (has_worked)
		put_moment(b, "last new", now_ms, row->changed_ms);
	buf_puts(b, " \xc2\xb7 next ");
	status_put_next(b, now_ms, row);
	buf_puts(b, "</p>\n");
}

/* Its title is in a language that nobody told; what is wrong comes before
 * the figures. */
static void
put_source(struct buf *b, int64_t now_ms, const struct source_summary *row)
{
	char *url = url_redact(row->url);
	int has_title = row->title != NULL && *row->title != '\0' &&
	    strcmp(row->title, row->name) != 0;

	buf_puts(b, "<article>\n<h3><bdi lang=\"\">");
	text_xml_escape_str(b, has_title ? row->title : row->name);
	buf_puts(b, "</bdi></h3>\n");
	if (row->error != NULL)
		put_error(b, row);
	buf_puts(b, "<p class=\"meta\">");
	if (has_title) {
		text_xml_escape_str(b, row->name);
		buf_puts(b, " \xc2\xb7 ");
	}
	text_xml_escape_str(b, url);
	buf_puts(b, "</p>\n");
	put_times(b, now_ms, row);
	buf_puts(b, "</article>\n");
	free(url);
}

static void
put_group(struct buf *b, const struct status *s, const struct group *g)
{
	size_t n = count_state(s, g->state);

	if (n == 0)
		return;
	buf_printf(b, "<h2><span class=\"%s\">%s</span>: %zu</h2>\n",
	    g->class, g->heading, n);
	for (size_t i = 0; i < s->count; i++) {
		if (strcmp(status_state(&s->sources[i]), g->state) == 0)
			put_source(b, s->now_ms, &s->sources[i]);
	}
}

void
status_print_html(struct buf *b, const struct status *s)
{
	put_head(b);
	put_totals(b, s);
	status_put_chart(b, &s->days);
	buf_puts(b, "</header>\n<main id=\"sources\">\n");
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		put_group(b, s, &groups[i]);
	if (s->count == 0)
		buf_puts(b, "<p>There are no sources: <code>feedmill add"
		    "</code> subscribes to one.</p>\n");
	buf_puts(b, "</main>\n<footer><p>feedmill " FEEDMILL_VERSION
	    "</p></footer>\n</body>\n</html>\n");
}
