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

static json_t *
persons(const struct person *p, int one)
{
	json_t *list = json_array();

	for (; p != NULL; p = p->next) {
		json_t *o = json_object();

		put_str(o, "name", p->name);
		put_str(o, "email", p->email);
		put_str(o, "uri", p->uri);
		if (one) {
			json_decref(list);
			return o;
		}
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *
links(const struct link *l)
{
	json_t *list = json_array();

	for (; l != NULL; l = l->next) {
		json_t *o = json_object();

		put_str(o, "href", l->href);
		put_str(o, "rel", l->rel);
		put_str(o, "type", l->type);
		put_str(o, "hreflang", l->hreflang);
		put_str(o, "title", l->title);
		put_int(o, "length", l->length);
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *
categories(const struct category *c)
{
	json_t *list = json_array();

	for (; c != NULL; c = c->next) {
		json_t *o = json_object();

		put_str(o, "term", c->term);
		put_str(o, "scheme", c->scheme);
		put_str(o, "label", c->label);
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *
image(const struct image *i)
{
	json_t *o = json_object();

	put_str(o, "url", i->url);
	put_str(o, "title", i->title);
	put_str(o, "link", i->link);
	put_str(o, "description", i->description);
	put_int(o, "width", i->width > 0 ? i->width : -1);
	put_int(o, "height", i->height > 0 ? i->height : -1);
	return o;
}

static json_t *
itunes(const struct itunes *i)
{
	json_t *o = json_object();

	put_str(o, "author", i->author);
	put_str(o, "image", i->image);
	put_str(o, "subtitle", i->subtitle);
	put_str(o, "summary", i->summary);
	put_bool(o, "block", i->block);
	put_bool(o, "explicit", i->explicit_);
	put_int(o, "duration", i->duration_s);
	return o;
}

static void
put_head_extras(json_t *o, const struct feed_head *h)
{
	json_t *v = json_object();

	put_str(v, "domain", h->cloud.domain);
	put_str(v, "port", h->cloud.port);
	put_str(v, "path", h->cloud.path);
	put_str(v, "protocol", h->cloud.protocol);
	put_str(v, "register_procedure", h->cloud.register_procedure);
	put_filled(o, "cloud", v);
	v = json_object();
	put_str(v, "title", h->text_input.title);
	put_str(v, "description", h->text_input.description);
	put_str(v, "name", h->text_input.name);
	put_str(v, "link", h->text_input.link);
	put_filled(o, "text_input", v);
	v = json_object();
	put_str(v, "name", h->generator.name);
	put_str(v, "uri", h->generator.uri);
	put_str(v, "version", h->generator.version);
	put_filled(o, "generator", v);
	put_filled(o, "itunes", itunes(&h->itunes));
	put_filled(o, "image", image(&h->image));
}

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
	put_filled(o, "links", links(h->links));
	put_str(o, "language", h->language);
	put_date(o, "published", h->published_ms);
	put_date(o, "updated", h->updated_ms);
	put_date(o, "created", h->created_ms);
	put_filled(o, "authors", persons(h->authors, 0));
	put_filled(o, "contributors", persons(h->contributors, 0));
	put_filled(o, "publisher", persons(h->publisher, 1));
	put_filled(o, "categories", categories(h->categories));
	put_str(o, "icon", h->icon);
	put_str(o, "logo", h->logo);
	put_str(o, "docs", h->docs);
	put_str(o, "license", h->license);
	put_head_extras(o, h);
	return o;
}

static json_t *
enclosures(const struct enclosure *c)
{
	json_t *list = json_array();

	for (; c != NULL; c = c->next) {
		json_t *o = json_object();

		put_str(o, "url", c->url);
		put_str(o, "type", c->type);
		put_str(o, "title", c->title);
		put_int(o, "length", c->length);
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *
media(const struct entry *e)
{
	json_t *o = json_object(), *list = json_array();

	for (const struct media_thumbnail *t = e->thumbnails; t != NULL;
	    t = t->next) {
		json_t *v = json_object();

		put_str(v, "url", t->url);
		put_int(v, "width", t->width > 0 ? t->width : -1);
		put_int(v, "height", t->height > 0 ? t->height : -1);
		json_array_append_new(list, v);
	}
	put_filled(o, "thumbnails", list);
	list = json_array();
	for (const struct media_content *m = e->media; m != NULL;
	    m = m->next) {
		json_t *v = json_object();

		put_str(v, "url", m->url);
		put_str(v, "type", m->type);
		put_str(v, "medium", m->medium);
		put_int(v, "length", m->length);
		json_array_append_new(list, v);
	}
	put_filled(o, "contents", list);
	list = json_array();
	for (const struct link *l = e->peer_links; l != NULL; l = l->next) {
		json_t *v = json_object();

		put_str(v, "url", l->href);
		put_str(v, "type", l->type);
		json_array_append_new(list, v);
	}
	put_filled(o, "peer_links", list);
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

static json_t *
chapters(const struct chapter *c)
{
	json_t *list = json_array();

	for (; c != NULL; c = c->next) {
		json_t *o = json_object();

		put(o, "start", json_real(c->start_s));
		put_str(o, "title", c->title);
		put_str(o, "link", c->link);
		put_str(o, "image", c->image);
		json_array_append_new(list, o);
	}
	return list;
}

static void
put_entry_extras(json_t *o, const struct entry *e, const struct feed *f)
{
	put_str(o, "license", e->license);
	put_int(o, "comments_count", e->comments_count);
	put_filled(o, "publisher", persons(e->publisher, 1));
	put_filled(o, "image", image(&e->image));
	put_filled(o, "itunes", itunes(&e->itunes));
	put_filled(o, "media", media(e));
	put_filled(o, "geo", geo(&e->geo));
	put_filled(o, "chapters", chapters(e->chapters));
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
	put_filled(o, "links", links(e->links));
	put_date(o, "published", e->published_ms);
	put_date(o, "updated", e->updated_ms);
	put_date(o, "created", e->created_ms);
	put_date(o, "expires", e->expires_ms);
	put_filled(o, "authors", persons(e->authors, 0));
	put_filled(o, "contributors", persons(e->contributors, 0));
	put_text(o, "summary", &e->summary, f, e);
	put_text(o, "content", &e->content, f, e);
	put_str(o, "content_src", e->content_src);
	put_filled(o, "categories", categories(e->categories));
	put_filled(o, "enclosures", enclosures(e->enclosures));
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
