/*
 * parse_json.c - see render_parse.h.
 *
 * Every put_ function adds a key only if there is a value; jansson refuses
 * what is not UTF-8 by returning NULL, and then the key is left out too.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/text.h"
#include "feedmill/model.h"
#include "feedmill/normalise.h"
#include "feedmill/render_parse.h"

static void
put(json_t *o, const char *key, json_t *value)
{
	if (value != NULL)
		json_object_set_new(o, key, value);
}

/* Trimmed, and without the controls that XML lets through by reference. */
static json_t *
string(const char *s, size_t len)
{
	struct buf clean = { 0 };
	json_t *v;

	len = text_trim(&s, len);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= 0x20 || c == '\n' || c == '\t' || c == '\r')
			buf_putc(&clean, s[i]);
	}
	v = clean.len > 0 ? json_stringn(clean.data, clean.len) : NULL;
	buf_fini(&clean);
	return v;
}

static void
put_str(json_t *o, const char *key, const char *s)
{
	if (s != NULL)
		put(o, key, string(s, strlen(s)));
}

/* n below 0: not said */
static void
put_int(json_t *o, const char *key, int64_t n)
{
	if (n >= 0)
		put(o, key, json_integer(n));
}

static void
put_bool(json_t *o, const char *key, int is)
{
	if (is >= 0)
		put(o, key, json_boolean(is));
}

static void
put_date(json_t *o, const char *key, int64_t ms)
{
	char text[DATE_TEXT_SIZE];

	if (ms == DATE_NONE)
		return;
	date_format_rfc3339(ms, text);
	put(o, key, json_string(text));
}

/* Only if there is something in it. */
static void
put_filled(json_t *o, const char *key, json_t *value)
{
	size_t n = json_is_array(value) ? json_array_size(value) :
	    json_object_size(value);

	if (n > 0)
		json_object_set_new(o, key, value);
	else
		json_decref(value);
}

static void
put_text(json_t *o, const char *key, const struct text *t,
    const struct feed *f, const struct entry *e)
{
	static const char *const types[] = {
		[TEXT_PLAIN] = "text", [TEXT_HTML] = "html",
		[TEXT_XHTML] = "xhtml",
	};
	struct buf safe = { 0 };
	char name[32];

	if (t->value == NULL)
		return;
	normalise_text(&safe, t, f, e, NULL);
	put(o, key, string(buf_str(&safe), safe.len));
	buf_fini(&safe);
	if (json_object_get(o, key) == NULL)
		return;
	snprintf(name, sizeof(name), "%s_type", key);
	put_str(o, name, types[t->type]);
	snprintf(name, sizeof(name), "%s_lang", key);
	put_str(o, name, t->lang);
}

/* ---------------------------------------------------------------- tables */

/* char *; int64_t, left out below 0; int, left out below 1; int, left out
 * below 0; double. */
enum kind { STRING, COUNT, SIZE, BOOLEAN, REAL };

struct member {
	const char	*key;
	enum kind	 kind;
	size_t		 at;
};

#define MEMBER(type, key, kind, field) \
	{ key, kind, offsetof(struct type, field) }
#define STR(type, field)	MEMBER(type, #field, STRING, field)
#define NUM(type, field)	MEMBER(type, #field, COUNT, field)
#define DIM(type, field)	MEMBER(type, #field, SIZE, field)

static const struct member person_members[] = {
	STR(person, name), STR(person, email), STR(person, uri), { 0 },
}, link_members[] = {
	STR(link, href), STR(link, rel), STR(link, type),
	STR(link, hreflang), STR(link, title), NUM(link, length), { 0 },
}, peer_members[] = {
	MEMBER(link, "url", STRING, href), STR(link, type), { 0 },
}, category_members[] = {
	STR(category, term), STR(category, scheme), STR(category, label),
	{ 0 },
}, enclosure_members[] = {
	STR(enclosure, url), STR(enclosure, type), STR(enclosure, title),
	NUM(enclosure, length), { 0 },
}, thumbnail_members[] = {
	STR(media_thumbnail, url), DIM(media_thumbnail, width),
	DIM(media_thumbnail, height), { 0 },
}, media_members[] = {
	STR(media_content, url), STR(media_content, type),
	STR(media_content, medium), NUM(media_content, length), { 0 },
}, chapter_members[] = {
	MEMBER(chapter, "start", REAL, start_s), STR(chapter, title),
	STR(chapter, link), STR(chapter, image), { 0 },
}, image_members[] = {
	STR(image, url), STR(image, title), STR(image, link),
	STR(image, description), DIM(image, width), DIM(image, height),
	{ 0 },
}, itunes_members[] = {
	STR(itunes, author), STR(itunes, image), STR(itunes, subtitle),
	STR(itunes, summary), MEMBER(itunes, "block", BOOLEAN, block),
	MEMBER(itunes, "explicit", BOOLEAN, explicit_),
	MEMBER(itunes, "duration", COUNT, duration_s), { 0 },
}, cloud_members[] = {
	STR(cloud, domain), STR(cloud, port), STR(cloud, path),
	STR(cloud, protocol), STR(cloud, register_procedure), { 0 },
}, input_members[] = {
	STR(text_input, title), STR(text_input, description),
	STR(text_input, name), STR(text_input, link), { 0 },
}, generator_members[] = {
	STR(generator, name), STR(generator, uri), STR(generator, version),
	{ 0 },
};

static json_t *
object(const void *of, const struct member *m)
{
	json_t *o = json_object();

	for (; m->key != NULL; m++) {
		const void *at = (const char *)of + m->at;
		int size;

		switch (m->kind) {
		case STRING:
			put_str(o, m->key, *(const char *const *)at);
			break;
		case COUNT:
			put_int(o, m->key, *(const int64_t *)at);
			break;
		case SIZE:
			size = *(const int *)at;
			put_int(o, m->key, size > 0 ? size : -1);
			break;
		case BOOLEAN:
			put_bool(o, m->key, *(const int *)at);
			break;
		case REAL:
			put(o, m->key, json_real(*(const double *)at));
			break;
		}
	}
	return o;
}

/* Every list of the model begins with the pointer to its next. */
static void
put_list(json_t *o, const char *key, const void *first,
    const struct member *m)
{
	json_t *list = json_array();

	for (const void *p = first; p != NULL; p = *(const void *const *)p)
		json_array_append_new(list, object(p, m));
	put_filled(o, key, list);
}

static void
put_one(json_t *o, const char *key, const void *of, const struct member *m)
{
	if (of != NULL)
		put_filled(o, key, object(of, m));
}

/* ------------------------------------------------------- heads and entries */

static json_t *
head(const struct feed_head *h, const struct feed *f, const struct entry *e)
{
	json_t *o = json_object();

	put_str(o, "id", h->id);
	put_text(o, "title", &h->title, f, e);
	put_text(o, "subtitle", &h->subtitle, f, e);
	put_text(o, "rights", &h->rights, f, e);
	put_text(o, "info", &h->info, f, e);
	put_str(o, "link", h->link);
	put_str(o, "self", h->self);
	put_str(o, "url", h->url);
	put_list(o, "links", h->links, link_members);
	put_str(o, "language", h->language);
	put_date(o, "published", h->published_ms);
	put_date(o, "updated", h->updated_ms);
	put_date(o, "created", h->created_ms);
	put_list(o, "authors", h->authors, person_members);
	put_list(o, "contributors", h->contributors, person_members);
	put_one(o, "publisher", h->publisher, person_members);
	put_list(o, "categories", h->categories, category_members);
	put_str(o, "icon", h->icon);
	put_str(o, "logo", h->logo);
	put_str(o, "docs", h->docs);
	put_str(o, "license", h->license);
	put_one(o, "cloud", &h->cloud, cloud_members);
	put_one(o, "text_input", &h->text_input, input_members);
	put_one(o, "generator", &h->generator, generator_members);
	put_one(o, "itunes", &h->itunes, itunes_members);
	put_one(o, "image", &h->image, image_members);
	return o;
}

static json_t *
media(const struct entry *e)
{
	json_t *o = json_object();

	put_list(o, "thumbnails", e->thumbnails, thumbnail_members);
	put_list(o, "contents", e->media, media_members);
	put_list(o, "peer_links", e->peer_links, peer_members);
	return o;
}

static json_t *
geo(const struct geo *g)
{
	json_t *o = json_object();

	put_str(o, "type", g->type);
	put_str(o, "coordinates", g->coordinates);
	if (g->has_point) {
		put(o, "lat", json_real(g->lat));
		put(o, "lon", json_real(g->lon));
	}
	return o;
}

static void
put_entry_extras(json_t *o, const struct entry *e, const struct feed *f)
{
	put_str(o, "license", e->license);
	put_int(o, "comments_count", e->comments_count);
	put_one(o, "publisher", e->publisher, person_members);
	put_one(o, "image", &e->image, image_members);
	put_one(o, "itunes", &e->itunes, itunes_members);
	put_filled(o, "media", media(e));
	put_filled(o, "geo", geo(&e->geo));
	put_list(o, "chapters", e->chapters, chapter_members);
	if (e->source != NULL)
		put_filled(o, "source", head(e->source, f, e));
}

static json_t *
entry(const struct entry *e, const struct feed *f)
{
	json_t *o = json_object();

	put_str(o, "id", e->id);
	put_bool(o, "id_is_permalink", e->id_is_permalink);
	put_text(o, "title", &e->title, f, e);
	put_str(o, "link", e->link);
	put_list(o, "links", e->links, link_members);
	put_date(o, "published", e->published_ms);
	put_date(o, "updated", e->updated_ms);
	put_date(o, "created", e->created_ms);
	put_date(o, "expires", e->expires_ms);
	put_list(o, "authors", e->authors, person_members);
	put_list(o, "contributors", e->contributors, person_members);
	put_text(o, "summary", &e->summary, f, e);
	put_text(o, "content", &e->content, f, e);
	put_str(o, "content_src", e->content_src);
	put_list(o, "categories", e->categories, category_members);
	put_list(o, "enclosures", e->enclosures, enclosure_members);
	put_str(o, "comments", e->comments);
	put_str(o, "comments_feed", e->comments_feed);
	put_text(o, "rights", &e->rights, f, e);
	put_str(o, "language", e->language);
	put_entry_extras(o, e, f);
	return o;
}

static json_t *
error(const struct feed *f)
{
	json_t *o;

	if (f->error.message == NULL)
		return json_null();
	o = json_object();
	put_str(o, "code", f->error.code);
	put_str(o, "message", f->error.message);
	put_int(o, "line", f->error.line);
	put_int(o, "column", f->error.column);
	return o;
}

static int
append(const char *s, size_t len, void *out)
{
	buf_append(out, s, len);
	return 0;
}

void
render_parse_json(struct buf *out, const struct feed *f)
{
	const char *format = feed_format_name(f->format);
	json_t *o = json_object(), *h, *list;

	put(o, "schema", json_string("feedmill.parse/1"));
	put(o, "bozo", json_boolean(f->bozo));
	put(o, "damaged", json_boolean(f->damaged));
	put(o, "error", error(f));
	put_str(o, "encoding", f->encoding);
	put(o, "format", format != NULL ? json_string(format) : json_null());
	put_str(o, "version", f->version);
	h = head(&f->head, f, NULL);
	put_int(h, "ttl", f->hints.ttl_min);
	list = json_array();
	for (const struct link *l = f->hubs; l != NULL; l = l->next)
		json_array_append_new(list, json_string(l->href));
	put_filled(h, "hubs", list);
	put(o, "feed", h);
	list = json_array();
	for (const struct entry *e = f->entries; e != NULL; e = e->next)
		json_array_append_new(list, entry(e, f));
	put(o, "entries", list);
	json_dump_callback(o, append, out, JSON_COMPACT);
	buf_putc(out, '\n');
	json_decref(o);
}
