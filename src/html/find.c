/*
 * find.c - the feeds a page advertises: <link rel="alternate"> of a
 * feed's type or <link rel="feed">, in its head or wherever it stands.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/html.h"
#include "parts.h"

enum { FEEDS_MAX = 32 };

/* The value of an attribute, decoded; NULL if the tag has none. */
static char *
take_attribute(const struct html_token *t, const char *name)
{
	const char *p = t->name + t->name_len;
	struct html_attribute a;
	struct buf b = { 0 };

	while (html_attribute_next(t, &p, &a)) {
		if (!html_name_is(a.name, a.name_len, name))
			continue;
		if (a.value != NULL)
			html_decode_entities(&b, a.value, a.value_len);
		return buf_take(&b);
	}
	return NULL;
}

/* Is word one of the words of list? */
static int
has_word(const char *list, const char *word)
{
	size_t len = strlen(word);
	const char *p = list;

	while ((p = text_find_nocase(p, word)) != NULL) {
		if ((p == list || p[-1] == ' ') &&
		    (p[len] == '\0' || strchr(" \t\r\n", p[len]) != NULL))
			return 1;
		p += len;
	}
	return 0;
}

static int
is_feed_type(const char *type, const char *url)
{
	static const char *const types[] = {
		"application/rss+xml", "application/atom+xml",
		"application/rdf+xml", "application/feed+json",
	};
	size_t len = strcspn(type, "; ");

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (strlen(types[i]) == len &&
		    text_prefix_nocase(type, types[i]))
			return 1;
	}
	/* Sites list other things as JSON, too. */
	return text_equal_nocase(type, "application/json") &&
	    text_find_nocase(url, "feed") != NULL;
}

/* rel=feed is of an old draft of HTML, and of pages that are feeds. */
int
html_is_feed_link(const char *rel, const char *type, const char *url)
{
	if (rel == NULL)
		return 0;
	if (has_word(rel, "feed") &&
	    (type == NULL || !text_prefix_nocase(type, "text/html")))
		return 1;
	return type != NULL && has_word(rel, "alternate") &&
	    is_feed_type(type, url);
}

struct finder {
	char		*base;
	int		 based;		/* by a <base>: the first one counts */
	unsigned	 found;
	void		(*visit)(const char *, const char *, const char *,
			    void *);
	void		*arg;
};

static void
see_base(struct finder *f, const struct html_token *t)
{
	char *href = f->based ? NULL : take_attribute(t, "href");
	char *base = href != NULL ? url_resolve(f->base, href) : NULL;

	if (base != NULL && url_is_http(base)) {
		free(f->base);
		f->base = TAKE(base);
		f->based = 1;
	}
	free(base);
	free(href);
}

static void
see_link(struct finder *f, const struct html_token *t)
{
	char *rel = take_attribute(t, "rel");
	char *type = take_attribute(t, "type");
	char *href = take_attribute(t, "href");
	char *url = NULL, *title = NULL;

	if (href != NULL && *href != '\0')
		url = url_resolve(f->base, href);
	if (url != NULL && url_is_http(url) && html_is_feed_link(rel, type, url)) {
		title = take_attribute(t, "title");
		f->found++;
		f->visit(url, type, title, f->arg);
	}
	free(title);
	free(url);
	free(href);
	free(type);
	free(rel);
}

void
html_find_feeds(const char *html, size_t len, const char *base,
    void (*visit)(const char *url, const char *type, const char *title,
    void *arg), void *arg)
{
	struct finder f = { .base = xstrdup_null(base), .visit = visit,
	    .arg = arg };
	struct html_scan scan;
	struct html_token t;

	html_scan_init(&scan, html, len);
	while (f.found < FEEDS_MAX &&
	    html_scan_next(&scan, &t) != HTML_EOF) {
		if (t.kind != HTML_START)
			continue;
		if (t.tag == GUMBO_TAG_BASE)
			see_base(&f, &t);
		else if (t.tag == GUMBO_TAG_LINK)
			see_link(&f, &t);
	}
	free(f.base);
}
