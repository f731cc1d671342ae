/*
 * normalise_text.c - the texts of a feed as readers and outlets may have them.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/arena.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/normalise.h"

/*
 * What the links of a text are relative to, malloc()ed or NULL: the nearest
 * xml:base there is, else the entry's page in RSS, else the document.
 */
static char *
text_base(const struct text *t, const struct feed *f, const struct entry *e)
{
	const char *base = t->base;

	if (base == NULL && e != NULL)
		base = e->base;
	if (base == NULL)
		base = f->head.base;
	if (base != NULL && base[0] != '\0') {
		char *absolute = url_resolve(f->url, base);

		if (absolute != NULL)
			return absolute;
	}
	/* RSS names no base; what it carries is a copy of the page. */
	if (f->url == NULL || f->format == FORMAT_RSS ||
	    f->format == FORMAT_RDF) {
		if (e != NULL && e->link != NULL && url_is_http(e->link))
			return url_resolve(NULL, e->link);
		if (f->head.link != NULL && url_is_http(f->head.link))
			return url_resolve(NULL, f->head.link);
	}
	return f->url != NULL ? url_resolve(NULL, f->url) : NULL;
}

void
normalise_text(struct buf *b, const struct text *t, const struct feed *f,
    const struct entry *e, const struct html_rules *rules)
{
	size_t len;
	char *base;

	if (t->value == NULL)
		return;
	len = strlen(t->value);
	if (t->type == TEXT_PLAIN) {
		buf_append(b, t->value, len);
		return;
	}
	base = text_base(t, f, e);
	html_sanitise(b, t->value, len, base, rules);
	free(base);
}

void
normalise_text_plain(struct buf *b, const struct text *t)
{
	if (t->value == NULL)
		return;
	if (t->type == TEXT_PLAIN)
		text_collapse(b, t->value, strlen(t->value));
	else
		html_to_text(b, t->value, strlen(t->value));
}

/* ----------------------------------------------------------- safe entries */

/* Plain text as HTML: its lines stay lines. */
static void
put_plain_as_html(struct buf *b, const char *s)
{
	size_t len = text_trim(&s, strlen(s));

	while (len > 0) {
		const char *newline = memchr(s, '\n', len);
		size_t n = newline != NULL ? (size_t)(newline - s) : len;

		text_xml_escape(b, s, n > 0 && s[n - 1] == '\r' ? n - 1 : n,
		    0);
		if (newline == NULL)
			return;
		buf_puts(b, "<br/>\n");
		s += n + 1;
		len -= n + 1;
	}
}

static const char *
safe_html(const struct text *t, const struct feed *f, const struct entry *e,
    const struct html_rules *rules, struct arena *a)
{
	struct buf b = { 0 };
	const char *s;
	size_t len;

	if (t->value == NULL)
		return "";
	if (t->type == TEXT_PLAIN)
		put_plain_as_html(&b, t->value);
	else
		normalise_text(&b, t, f, e, rules);
	s = buf_str(&b);
	len = text_trim(&s, b.len);
	s = arena_strndup(a, s, len);
	buf_fini(&b);
	return s;
}

static const char *
safe_title(const struct text *t, struct arena *a)
{
	struct buf b = { 0 };
	const char *title;

	normalise_text_plain(&b, t);
	title = arena_strdup(a, buf_str(&b));
	buf_fini(&b);
	return title;
}

/* ---------------------------------------------------------------- picture */

/* The src of the first <img> of our own serialiser's HTML. */
static const char *
picture_in(const char *html, struct arena *a)
{
	const char *img = html, *src;
	struct buf b = { 0 };
	const char *url = NULL;

	while (url == NULL && (img = strstr(img, "<img ")) != NULL) {
		size_t tag_len = strcspn(img, ">");

		src = memmem(img, tag_len, " src=\"http", 10);
		if (src != NULL) {
			src += 6;
			html_decode_entities(&b, src, strcspn(src, "\""));
			url = arena_strdup(a, buf_str(&b));
		}
		img += tag_len;
	}
	buf_fini(&b);
	return url;
}

static int
is_image(const char *type, const char *medium)
{
	return (type != NULL && text_prefix_nocase(type, "image/")) ||
	    (medium != NULL && text_equal_nocase(medium, "image"));
}

static const char *
picture_of(const struct entry *e, const struct safe_entry *s,
    struct arena *a)
{
	const char *url = picture_in(s->content, a);

	if (url == NULL)
		url = picture_in(s->summary, a);
	if (url == NULL && e->thumbnails != NULL)
		url = e->thumbnails->url;
	for (const struct media_content *m = e->media; url == NULL &&
	    m != NULL; m = m->next) {
		if (is_image(m->type, m->medium))
			url = m->url;
	}
	for (const struct enclosure *n = e->enclosures; url == NULL &&
	    n != NULL; n = n->next) {
		if (is_image(n->type, NULL))
			url = n->url;
	}
	if (url == NULL)
		url = e->image.url != NULL ? e->image.url : e->itunes.image;
	return url != NULL && url_is_http(url) ? arena_strdup(a, url) : NULL;
}

void
normalise_entry(const struct feed *f, const struct entry *e,
    const struct html_rules *rules, struct arena *a, struct safe_entry *ret)
{
	ret->title = safe_title(&e->title, a);
	ret->content = safe_html(&e->content, f, e, rules, a);
	ret->summary = safe_html(&e->summary, f, e, rules, a);
	ret->image = picture_of(e, ret, a);
}
