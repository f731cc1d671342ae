/*
 * links.c - atom:link, link, enclosure, and what a relation means.
 */
#include <string.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "list.h"
#include "reader.h"

/* "http://www.iana.org/assignments/relation/self" is "self". */
static const char *
link_rel(struct reader *r, const char *rel)
{
	static const char *const iana[] = {
		"http://www.iana.org/assignments/relation/",
		"https://www.iana.org/assignments/relation/",
		"http://www.iana.org/assignments/relation#",
	};
	char *kept;

	rel = reader_attribute(r, rel);
	if (rel == NULL)
		return "alternate";
	for (size_t i = 0; i < ARRAY_LEN(iana); i++) {
		if (text_prefix_nocase(rel, iana[i]))
			rel += strlen(iana[i]);
	}
	kept = arena_strdup(r->arena, rel);
	if (strchr(kept, ':') == NULL) {
		for (char *p = kept; *p != '\0'; p++) {
			if (*p >= 'A' && *p <= 'Z')
				*p = (char)(*p + ('a' - 'A'));
		}
	}
	return kept;
}

static void
add_enclosure(struct reader *r, struct entry *e, const struct link *link)
{
	struct enclosure *enc = arena_zalloc(r->arena, sizeof(*enc));

	enc->url = link->href;
	enc->type = link->type;
	enc->title = link->title;
	enc->length = link->length;
	LIST_APPEND(&e->enclosures, enc);
}

static int
is_feed_type(const char *type)
{
	return type != NULL && !name_ends_with(type, "/xhtml+xml") &&
	    (name_ends_with(type, "+xml") || name_ends_with(type, "/xml"));
}

/* What a relation means to an entry besides being a link. */
static void
entry_relation(struct reader *r, struct entry *e, const struct link *l)
{
	if (strcmp(l->rel, "enclosure") == 0) {
		add_enclosure(r, e, l);
	} else if (strcmp(l->rel, "license") == 0) {
		if (e->license == NULL)
			e->license = l->href;
	} else if (strcmp(l->rel, "replies") == 0) {
		if (is_feed_type(l->type)) {
			if (e->comments_feed == NULL)
				e->comments_feed = l->href;
		} else if (e->comments == NULL) {
			e->comments = l->href;
		}
	}
}

static void
head_relation(struct reader *r, struct feed_head *h, const struct link *l)
{
	struct link *hub;

	if (strcmp(l->rel, "license") == 0 && h->license == NULL)
		h->license = l->href;
	if (strcmp(l->rel, "hub") != 0 || h != &r->feed->head)
		return;
	hub = arena_alloc(r->arena, sizeof(*hub));
	*hub = *l;
	hub->next = NULL;
	LIST_APPEND(&r->feed->hubs, hub);
}

static void
add_link(struct reader *r, struct link *l)
{
	if (reader_entry(r) != NULL) {
		LIST_APPEND(&reader_entry(r)->links, l);
		entry_relation(r, reader_entry(r), l);
	} else {
		LIST_APPEND(&reader_head(r)->links, l);
		head_relation(r, reader_head(r), l);
	}
}

/* RFC 4685: thr:count on the link to the replies. */
static void
count_replies(struct entry *e, const struct link *l, const char **atts)
{
	const char *count = attribute(atts, "count");

	if (strcmp(l->rel, "replies") == 0 && count != NULL &&
	    e->comments_count < 0)
		e->comments_count = reader_count(count);
}

void
begin_link(struct reader *r, const struct rule *rule, const char **atts)
{
	const char *href = attribute(atts, "href");
	const char *length = attribute(atts, "length");
	struct link *l;

	(void)rule;
	/* The empty reference is the base itself. */
	if (href != NULL && href[strspn(href, " \t\r\n")] == '\0')
		href = reader_top(r)->base;
	l = arena_zalloc(r->arena, sizeof(*l));
	reader_top(r)->object = l;
	l->href = reader_url(r, href);
	l->rel = link_rel(r, attribute(atts, "rel"));
	l->base = reader_top(r)->base;
	l->length = -1;
	l->type = reader_attribute(r, attribute(atts, "type"));
	l->hreflang = reader_attribute(r, attribute(atts, "hreflang"));
	l->title = reader_attribute(r, attribute(atts, "title"));
	if (length != NULL)
		l->length = reader_count(length);
	if (l->href != NULL)
		add_link(r, l);
	if (l->href != NULL && reader_entry(r) != NULL)
		count_replies(reader_entry(r), l, atts);
}

void
end_link(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	struct link *l = reader_top(r)->object;

	(void)rule;
	if (len == 0 || l->href != NULL)
		return;
	l->href = reader_url(r, s);
	add_link(r, l);
}

void
begin_enclosure(struct reader *r, const struct rule *rule, const char **atts)
{
	const char *url = attribute(atts, "url");
	const char *length = attribute(atts, "length");
	struct link link = { .length = -1 };

	(void)rule;
	link.href = reader_url(r, url != NULL ? url :
	    attribute(atts, "href"));
	if (link.href == NULL)
		return;
	link.type = reader_attribute(r, attribute(atts, "type"));
	if (length != NULL)
		link.length = reader_count(length);
	add_enclosure(r, reader_entry(r), &link);
}
