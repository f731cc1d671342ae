/*
 * normalise.c - see normalise.h.  URLs and inheritance are here, texts in
 * normalise_text.c.
 *
 * A URL that a browser would run, or that has no place to go to, is as good
 * as none.  Most URLs are absolute and clean and stay the strings they are.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/normalise.h"

/* What a URL of the model may begin with.  Nothing here is run by anybody
 * who opens it. */
static const char *const schemes[] = {
	"http://", "https://", "mailto:", "ftp://", "magnet:", "tel:",
	"xmpp:", "irc:", "ircs:", "news:", "gemini://", "gopher://", "sip:",
	"sms:", "geo:", "webcal:", "acct:",
};

static int
is_allowed(const char *url)
{
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		if (text_prefix_nocase(url, schemes[i]))
			return 1;
	}
	return 0;
}

static int
has_controls(const char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s < ' ' || *s == 0x7F)
			return 1;
	}
	return 0;
}

/* ------------------------------------------------------------------ base */

/* base as written, made absolute by the document's own URL. */
static const char *
absolute_base(struct feed *f, const char *base)
{
	char *absolute;

	if (base == NULL || base[0] == '\0')
		return f->url;
	if (html_is_clean_url(base))
		return base;
	absolute = url_resolve(f->url, base);
	base = absolute != NULL ? arena_strdup(&f->arena, absolute) : f->url;
	free(absolute);
	return base;
}

/* The bases of an entry or a head, in order of nearness. */
struct scope {
	struct feed	*feed;
	const char	*base;		/* absolute, or NULL */
};

static struct scope
scope_of(struct feed *f, const char *inner, const char *outer)
{
	return (struct scope){ f, absolute_base(f, inner != NULL ? inner :
	    outer) };
}

static int
is_blank(const char *s)
{
	return s[strspn(s, " \t\r\n")] == '\0';
}

/* "a/b.html", which cannot turn out to be anything else. */
static int
is_relative(const char *ref)
{
	return ref[strcspn(ref, ":/?#")] != ':' && !has_controls(ref);
}

/* *url made absolute, or NULL.  Where nothing at all is known that it could
 * be relative to (a file read for "feedmill parse"), it stays. */
static void
fix(const struct scope *s, const char **url, const char *base)
{
	const char *ref = *url;
	char *absolute;

	if (ref == NULL || html_is_clean_url(ref))
		return;
	*url = NULL;
	if (is_blank(ref) && base == NULL)
		return;
	base = base != NULL ? absolute_base(s->feed, base) : s->base;
	if (base == NULL && is_relative(ref)) {
		*url = ref;
		return;
	}
	absolute = url_resolve(base, ref);
	if (absolute != NULL && is_allowed(absolute) &&
	    !has_controls(absolute))
		*url = arena_strdup(&s->feed->arena, absolute);
	free(absolute);
}

/* ----------------------------------------------------------------- lists */

#define DROP_WITHOUT(list, field)					\
	for (__typeof__(list) at_ = (list); *at_ != NULL;) {		\
		if ((*at_)->field == NULL)				\
			*at_ = (*at_)->next;				\
		else							\
			at_ = &(*at_)->next;				\
	}

static void
fix_links(const struct scope *s, struct link **list)
{
	for (struct link *l = *list; l != NULL; l = l->next)
		fix(s, &l->href, l->base);
	DROP_WITHOUT(list, href);
}

static void
fix_people(const struct scope *s, struct person *p)
{
	for (; p != NULL; p = p->next)
		fix(s, &p->uri, NULL);
}

static void
fix_image(const struct scope *s, struct image *i)
{
	fix(s, &i->url, NULL);
	fix(s, &i->link, NULL);
}

static void
fix_enclosures(const struct scope *s, struct entry *e)
{
	for (struct enclosure *n = e->enclosures; n != NULL; n = n->next)
		fix(s, &n->url, NULL);
	DROP_WITHOUT(&e->enclosures, url);
}

static void
fix_media(const struct scope *s, struct entry *e)
{
	for (struct media_thumbnail *t = e->thumbnails; t != NULL; t = t->next)
		fix(s, &t->url, NULL);
	DROP_WITHOUT(&e->thumbnails, url);
	for (struct media_content *m = e->media; m != NULL; m = m->next)
		fix(s, &m->url, NULL);
	DROP_WITHOUT(&e->media, url);
	for (struct chapter *c = e->chapters; c != NULL; c = c->next) {
		fix(s, &c->link, NULL);
		fix(s, &c->image, NULL);
	}
}

/* ---------------------------------------------------------------- choice */

static int
is_rss(const struct feed *f)
{
	return f->format == FORMAT_RSS || f->format == FORMAT_RDF;
}

/* How much a link's type says that it is for a browser.  RSS's own <link>
 * has no type and is the page; Atom's should say so. */
static int
page_rank(const struct feed *f, const char *type)
{
	if (type == NULL)
		return is_rss(f) ? 3 : 2;
	return text_prefix_nocase(type, "text/html") ||
	    text_prefix_nocase(type, "application/xhtml+xml") ? 3 : 1;
}

/* The first of the alternates that are most likely a page. */
static const char *
choose_alternate(const struct feed *f, const struct link *l)
{
	const char *href = NULL;
	int best = 0;

	for (; l != NULL; l = l->next) {
		int rank = page_rank(f, l->type);

		if (rank > best && strcmp(l->rel, "alternate") == 0) {
			best = rank;
			href = l->href;
		}
	}
	return href;
}

/* Feeds have one. */
static const char *
choose_self(const struct link *l)
{
	for (; l != NULL; l = l->next) {
		if (strcmp(l->rel, "self") == 0)
			return l->href;
	}
	return NULL;
}

/*
 * A guid that is the link: where RSS does not say that it is none, and the
 * id of what has no links at all, in the other formats.
 */
static const char *
permalink(const struct scope *s, const struct entry *e)
{
	const char *url = e->id;

	if (url == NULL || !url_is_http(url) ||
	    strpbrk(url, " \t\r\n<>\"") != NULL)
		return NULL;
	if (s->feed->format == FORMAT_RSS ? e->id_is_permalink == 0 :
	    e->links != NULL)
		return NULL;
	fix(s, &url, NULL);
	return url;
}

/* ----------------------------------------------------------------- heads */

/* Atom: an id is a URI, and a relative one means one in its base. */
static void
fix_id(const struct scope *s, const char **id)
{
	char *absolute;

	if (s->feed->format != FORMAT_ATOM || *id == NULL ||
	    s->base == NULL || strchr(*id, ':') != NULL)
		return;
	absolute = url_resolve(s->base, *id);
	if (absolute != NULL)
		*id = arena_strdup(&s->feed->arena, absolute);
	free(absolute);
}

static void
fix_head(struct feed *f, struct feed_head *h, const char *outer)
{
	struct scope s = scope_of(f, h->base, outer);

	fix_id(&s, &h->id);
	fix_links(&s, &h->links);
	fix(&s, &h->link, NULL);
	fix(&s, &h->self, NULL);
	fix(&s, &h->url, NULL);
	if (h->link == NULL)
		h->link = choose_alternate(f, h->links);
	if (h->self == NULL)
		h->self = choose_self(h->links);
	fix_people(&s, h->authors);
	fix_people(&s, h->contributors);
	fix_people(&s, h->publisher);
	fix(&s, &h->generator.uri, NULL);
	fix(&s, &h->icon, NULL);
	fix(&s, &h->logo, NULL);
	fix_image(&s, &h->image);
	fix(&s, &h->docs, NULL);
	fix(&s, &h->license, NULL);
	fix(&s, &h->text_input.link, NULL);
	fix(&s, &h->itunes.image, NULL);
}

/* --------------------------------------------------------------- entries */

static void
choose_link(struct feed *f, const struct scope *s, struct entry *e)
{
	fix(s, &e->link, NULL);
	/* Some put the guid there. */
	if (e->origin_link != NULL && !url_is_http(e->origin_link))
		e->origin_link = NULL;
	fix(s, &e->origin_link, NULL);
	if (e->origin_link != NULL)
		e->link = e->origin_link;
	if (e->link == NULL)
		e->link = choose_alternate(f, e->links);
	if (e->link == NULL)
		e->link = permalink(s, e);
}

/* Atom section 4.2.1, and JSON Feed: who wrote all wrote each. */
static void
inherit(struct feed *f, struct entry *e)
{
	if (e->language == NULL)
		e->language = f->head.language;
	if (e->authors != NULL ||
	    (f->format != FORMAT_ATOM && f->format != FORMAT_JSON))
		return;
	if (e->source != NULL && e->source->authors != NULL)
		e->authors = e->source->authors;
	else
		e->authors = f->head.authors;
}

/* What an entry's URLs are relative to.  RSS does not say; its feeds mean
 * the site, which need not be where the document came from. */
static struct scope
entry_scope(struct feed *f, const struct entry *e)
{
	if (e->base == NULL && f->head.base == NULL && is_rss(f) &&
	    f->head.link != NULL && url_is_http(f->head.link))
		return (struct scope){ f, f->head.link };
	return scope_of(f, e->base, f->head.base);
}

static void
fix_entry(struct feed *f, struct entry *e)
{
	struct scope s = entry_scope(f, e);

	fix_id(&s, &e->id);
	fix_links(&s, &e->links);
	choose_link(f, &s, e);
	fix_enclosures(&s, e);
	fix_media(&s, e);
	fix_links(&s, &e->peer_links);
	fix_people(&s, e->authors);
	fix_people(&s, e->contributors);
	fix_people(&s, e->publisher);
	fix(&s, &e->content_src, e->content.base);
	fix(&s, &e->comments, NULL);
	fix(&s, &e->comments_feed, NULL);
	fix(&s, &e->license, NULL);
	fix_image(&s, &e->image);
	fix(&s, &e->itunes.image, NULL);
	if (e->source != NULL)
		fix_head(f, e->source, e->base != NULL ? e->base :
		    f->head.base);
	inherit(f, e);
}

void
normalise_feed(struct feed *f)
{
	struct scope s;

	fix_head(f, &f->head, NULL);
	s = scope_of(f, f->head.base, NULL);
	fix_links(&s, &f->hubs);
	for (struct entry *e = f->entries; e != NULL; e = e->next)
		fix_entry(f, e);
}
