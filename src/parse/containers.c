/*
 * containers.c - elements that hold others: root, head, entry, source,
 * image; and what is settled when one of them ends.
 */
#include <string.h>

#include "feedmill/html.h"
#include "reader.h"

/* rdf:about: above dc:identifier, below guid (tags.c). */
enum { RANK_ABOUT = 5, RANK_STAND_IN = 5 };

static void
open_head(struct reader *r)
{
	struct frame *f = reader_top(r);

	f->object = &r->feed->head;
	f->ranks = r->head_ranks;
	r->reading = 1;
}

static void
head_scope(struct reader *r)
{
	struct feed_head *h = &r->feed->head;
	struct frame *f = reader_top(r);

	if (h->language == NULL && f->lang != NULL && f->lang[0] != '\0')
		h->language = f->lang;
	if (f->base != NULL)
		h->base = f->base;
}

static void
root(struct reader *r, enum feed_format format, const char *version)
{
	open_head(r);
	head_scope(r);
	r->feed->format = format;
	r->feed->version = version;
}

void
begin_rss(struct reader *r, const struct rule *rule, const char **atts)
{
	const char *version = reader_attribute(r, attribute(atts, "version"));

	(void)rule;
	root(r, FORMAT_RSS, version);
}

/* RSS 1.0 and 0.90 differ in the namespace of what is inside. */
void
begin_rdf(struct reader *r, const struct rule *rule, const char **atts)
{
	const char *version = "1.0";

	(void)rule;
	for (; atts[0] != NULL; atts += 2) {
		if (strncmp(atts[0], "xmlns", 5) == 0 &&
		    strstr(atts[1], "netscape.com/rdf/simple/0.9") != NULL)
			version = "0.90";
	}
	root(r, FORMAT_RDF, version);
}

void
begin_feed(struct reader *r, const struct rule *rule, const char **atts)
{
	const char *version = reader_attribute(r, attribute(atts, "version"));

	root(r, FORMAT_ATOM, version != NULL ? version :
	    reader_top(r)->as == AS_OTHER ? "0.3" : "1.0");
	if (reader_top(r)->where == IN_ENTRY)
		begin_entry(r, rule, atts);
}

void
begin_head(struct reader *r, const struct rule *rule, const char **atts)
{
	const char *about = attribute(atts, "about");

	(void)rule;
	open_head(r);
	head_scope(r);
	if (r->feed->head.id == NULL)
		r->feed->head.id = reader_attribute(r, about);
}

void
end_head(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	(void)r, (void)rule, (void)s, (void)len;
}

void
begin_entry(struct reader *r, const struct rule *rule, const char **atts)
{
	struct frame *f = reader_top(r);
	struct entry *e;

	(void)rule;
	if (r->feed->count >= r->limits->entries) {
		r->limit = "entries";
		r->entry = NULL;
		f->where = 0;
		return;
	}
	e = feed_add_entry(r->feed);
	if (r->depth > 1 && f->lang != reader_parent(r)->lang)
		e->language = f->lang;
	e->base = f->base;
	e->line = r->offset;
	f->object = e;
	f->ranks = r->entry_ranks;
	memset(r->entry_ranks, 0, sizeof(r->entry_ranks));
	e->id = reader_attribute(r, attribute(atts, "about"));
	if (e->id != NULL)
		r->entry_ranks[offsetof(struct entry, id) / 8] = RANK_ABOUT;
	r->entry = e;
	r->entry_text = 0;
	r->dated = r->bodied = 0;
	r->has_lat = r->has_lon = 0;
}

/* What only a podcast's own words say stands in for what is missing. */
void
end_entry(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	struct entry *e = r->entry;

	(void)rule, (void)s, (void)len;
	if (e == NULL)
		return;
	if (e->authors == NULL && e->itunes.author != NULL)
		e->authors = person_parse(r->arena, e->itunes.author,
		    strlen(e->itunes.author));
	if (e->summary.value == NULL && e->content.value == NULL &&
	    e->itunes.summary != NULL) {
		e->summary.value = e->itunes.summary;
		e->summary.type = html_looks_like(e->itunes.summary,
		    strlen(e->itunes.summary)) ? TEXT_HTML : TEXT_PLAIN;
		e->summary.lang = reader_top(r)->lang;
		e->summary.base = reader_top(r)->base;
	}
	if (e->image.url == NULL)
		e->image.url = e->itunes.image;
	r->entry = NULL;
}

/* The same of the head. */
void
settle_head(struct reader *r)
{
	struct feed_head *h = &r->feed->head;
	const char *subtitle = h->itunes.subtitle != NULL ?
	    h->itunes.subtitle : h->itunes.summary;
	unsigned publisher = offsetof(struct feed_head, publisher) / 8;

	if (h->subtitle.value == NULL && subtitle != NULL) {
		h->subtitle.value = subtitle;
		h->subtitle.type = html_looks_like(subtitle,
		    strlen(subtitle)) ? TEXT_HTML : TEXT_PLAIN;
	}
	if (h->image.url == NULL)
		h->image.url = h->itunes.image;
	if (h->authors == NULL && h->itunes.author != NULL)
		h->authors = person_parse(r->arena, h->itunes.author,
		    strlen(h->itunes.author));
	if (h->authors == NULL && r->head_ranks[publisher] <= RANK_STAND_IN)
		h->authors = h->publisher;
	if (h->language == NULL && r->context->content_language != NULL)
		h->language = reader_attribute(r,
		    r->context->content_language);
}

void
begin_source(struct reader *r, const struct rule *rule, const char **atts)
{
	struct feed_head *h = arena_zalloc(r->arena, sizeof(*h));
	struct entry *e = reader_entry(r);

	(void)rule;
	feed_head_init(h);
	h->url = reader_url(r, attribute(atts, "url"));
	h->base = reader_top(r)->base;
	reader_top(r)->object = h;
	reader_top(r)->ranks = r->source_ranks;
	memset(r->source_ranks, 0, sizeof(r->source_ranks));
	if (e->source == NULL)
		e->source = h;
}

/* RSS: the text of <source> is the title of the feed it came from. */
void
end_source(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	struct feed_head *h = reader_top(r)->object;

	(void)rule;
	if (h->title.value == NULL && len > 0)
		h->title = (struct text){ .value = reader_keep(r, s, len),
		    .lang = reader_top(r)->lang };
}

void
begin_image(struct reader *r, const struct rule *rule, const char **atts)
{
	struct frame *f = reader_top(r);
	struct image *image;
	const char *url = attribute(atts, "url");

	f->object = (char *)reader_field(r, rule) - offsetof(struct image, url);
	f->ranks = NULL;
	image = f->object;
	if (image->url != NULL)
		f->object = arena_zalloc(r->arena, sizeof(*image));
	if (url == NULL)
		url = attribute(atts, "href");
	if (image->url == NULL && url != NULL)
		image->url = reader_url(r, url);
}

void
begin_input(struct reader *r, const struct rule *rule, const char **atts)
{
	struct feed_head *h = reader_head(r);

	(void)rule, (void)atts;
	reader_top(r)->object = &h->text_input;
	reader_top(r)->ranks = NULL;
}
