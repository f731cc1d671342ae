/*
 * json.c - JSON Feed 1.0 and 1.1.
 *
 * jansson reads the head and then each item by itself, which bounds memory
 * and keeps a broken item from its neighbours.  What it refuses (a lone
 * surrogate, a raw control, a comma too many) is mended once, like XML.
 */
#include <jansson.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/text.h"
#include "json_repair.h"
#include "json_slice.h"
#include "list.h"
#include "reader.h"

/* All but the items; and how much longer a text is when it is escaped. */
enum { REST_MAX = 1 << 20, ESCAPED_MAX = 6 };

struct json_reader {
	struct feed	*feed;
	struct arena	*arena;
	const struct parse_context *context;
	const char	*line_start;	/* of the line last counted */
	unsigned	 line;
};

/* Counts the lines up to at, which never goes back. */
static void
count_lines(struct json_reader *r, const char *at)
{
	const char *q;

	while ((q = memchr(r->line_start, '\n',
	    (size_t)(at - r->line_start))) != NULL) {
		r->line_start = q + 1;
		r->line++;
	}
}

/* A string, or a number where a string belongs; trimmed, NULL if empty. */
static const char *
take_string(struct json_reader *r, const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);
	const char *s;
	size_t len;

	if (json_is_integer(v))
		return arena_printf(r->arena, "%" JSON_INTEGER_FORMAT,
		    json_integer_value(v));
	if (json_is_real(v))
		return arena_printf(r->arena, "%.17g", json_real_value(v));
	if (!json_is_string(v))
		return NULL;
	s = json_string_value(v);
	len = text_trim(&s, strlen(s));
	return len > 0 ? arena_strndup(r->arena, s, len) : NULL;
}

static int64_t
take_date(struct json_reader *r, const json_t *o, const char *key)
{
	const char *s = take_string(r, o, key);

	return s != NULL ? date_parse(s, r->context->zone_s) : DATE_NONE;
}

static int64_t
take_count(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);
	double d = json_number_value(v);

	if (json_is_string(v))
		return reader_count(json_string_value(v));
	return json_is_number(v) && d >= 0 && d < 9e15 ? (int64_t)d : -1;
}

/* The members of a list, or what stands in its place. */
#define FOREACH_OF(list, i, v)						\
	for ((i) = 0; ((v) = json_is_array(list) ?			\
	    json_array_get(list, i) : (i) == 0 ? (list) : NULL) != NULL; (i)++)

/* ------------------------------------------------------------ the pieces */

static void
take_author(struct json_reader *r, const json_t *o, struct person **list)
{
	const char *line = json_string_value(o);
	struct person *p;

	if (line != NULL &&
	    (p = person_parse(r->arena, line, strlen(line))) != NULL)
		person_add(list, p);
	if (!json_is_object(o))
		return;
	p = arena_zalloc(r->arena, sizeof(*p));
	p->name = take_string(r, o, "name");
	p->uri = take_string(r, o, "url");
	if (p->uri != NULL && text_prefix_nocase(p->uri, "mailto:")) {
		p->email = p->uri + strlen("mailto:");
		p->uri = NULL;
	}
	if (p->name != NULL || p->uri != NULL || p->email != NULL)
		person_add(list, p);
}

/* 1.1 has authors, 1.0 author; some have both, or one object. */
static void
take_authors(struct json_reader *r, const json_t *o, struct person **list)
{
	const json_t *authors = json_object_get(o, "authors"), *a;
	size_t i;

	FOREACH_OF(authors, i, a)
		take_author(r, a, list);
	take_author(r, json_object_get(o, "author"), list);
}

static void
take_link(struct json_reader *r, const json_t *o, const char *key,
    const char *rel, const char *type, struct link **list)
{
	const char *href = take_string(r, o, key);
	struct link *l;

	if (href == NULL)
		return;
	l = arena_zalloc(r->arena, sizeof(*l));
	l->href = href;
	l->rel = rel;
	l->type = type;
	l->length = -1;
	LIST_APPEND(list, l);
}

static void
take_text(struct json_reader *r, const json_t *o, const char *key,
    enum text_type type, const char *lang, struct text *ret)
{
	const char *s = take_string(r, o, key);

	if (s == NULL || ret->value != NULL)
		return;
	ret->value = s;
	ret->type = type;
	ret->lang = lang;
}

static void
take_tags(struct json_reader *r, const json_t *o, struct category **list)
{
	const json_t *tags = json_object_get(o, "tags"), *t;
	size_t i;

	FOREACH_OF(tags, i, t) {
		struct category *c;
		const char *s = json_string_value(t);
		size_t len = s != NULL ? text_trim(&s, strlen(s)) : 0;

		if (len == 0)
			continue;
		c = arena_zalloc(r->arena, sizeof(*c));
		c->term = arena_strndup(r->arena, s, len);
		category_add(list, c);
	}
}

static void
take_attachments(struct json_reader *r, const json_t *o, struct entry *e)
{
	const json_t *list = json_object_get(o, "attachments"), *a;
	size_t i;

	FOREACH_OF(list, i, a) {
		struct enclosure *enc;
		const char *url = take_string(r, a, "url");
		int64_t seconds;

		if (url == NULL)
			continue;
		enc = arena_zalloc(r->arena, sizeof(*enc));
		enc->url = url;
		enc->type = take_string(r, a, "mime_type");
		enc->title = take_string(r, a, "title");
		enc->length = take_count(a, "size_in_bytes");
		LIST_APPEND(&e->enclosures, enc);
		seconds = take_count(a, "duration_in_seconds");
		if (e->itunes.duration_s < 0)
			e->itunes.duration_s = seconds;
	}
}

/* --------------------------------------------------------- item and feed */

/* Of two dates the one that says more counts (see entry.dated_ms). */
static void
take_dates(struct json_reader *r, const json_t *o, struct entry *e)
{
	e->published_ms = take_date(r, o, "date_published");
	e->updated_ms = take_date(r, o, "date_modified");
	e->dated_ms = json_object_get(o, "date_modified") != NULL ?
	    e->updated_ms : e->published_ms;
}

static size_t
text_bytes(const json_t *o)
{
	static const char *const keys[] = { "title", "summary",
	    "content_html", "content_text" };
	size_t total = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		total += json_string_length(json_object_get(o, keys[i]));
	return total;
}

static void
cut_title(struct json_reader *r, struct text *title)
{
	size_t len = title->value != NULL ? strlen(title->value) : 0;
	size_t max = r->context->limits->title_bytes;

	if (len > max)
		title->value = arena_strndup(r->arena, title->value,
		    text_utf8_cut(title->value, len, max));
}

static void
take_item(struct json_reader *r, const json_t *o)
{
	struct entry *e = feed_add_entry(r->feed);

	e->line = r->line;
	e->id = take_string(r, o, "id");
	e->language = take_string(r, o, "language");
	take_text(r, o, "title", TEXT_PLAIN, e->language, &e->title);
	cut_title(r, &e->title);
	take_text(r, o, "summary", TEXT_PLAIN, e->language, &e->summary);
	take_text(r, o, "content_html", TEXT_HTML, e->language, &e->content);
	take_text(r, o, "content_text", TEXT_PLAIN, e->language,
	    &e->content);
	e->body = e->content.value != NULL ? e->content.value :
	    e->summary.value;
	take_link(r, o, "url", "alternate", NULL, &e->links);
	take_link(r, o, "external_url",
	    e->links == NULL ? "alternate" : "related", NULL, &e->links);
	take_dates(r, o, e);
	take_authors(r, o, &e->authors);
	take_tags(r, o, &e->categories);
	take_attachments(r, o, e);
	e->image.url = take_string(r, o, "image");
	if (e->image.url == NULL)
		e->image.url = take_string(r, o, "banner_image");
}

static void
take_hubs(struct json_reader *r, const json_t *o)
{
	const json_t *hubs = json_object_get(o, "hubs"), *h;
	size_t i;

	FOREACH_OF(hubs, i, h)
		take_link(r, h, "url", "hub", NULL, &r->feed->hubs);
}

static void
take_head(struct json_reader *r, const json_t *o)
{
	struct feed_head *h = &r->feed->head;

	h->language = take_string(r, o, "language");
	take_text(r, o, "title", TEXT_PLAIN, h->language, &h->title);
	cut_title(r, &h->title);
	take_text(r, o, "description", TEXT_PLAIN, h->language,
	    &h->subtitle);
	take_link(r, o, "home_page_url", "alternate", NULL, &h->links);
	take_link(r, o, "feed_url", "self", "application/feed+json",
	    &h->links);
	take_link(r, o, "next_url", "next", NULL, &h->links);
	h->icon = take_string(r, o, "favicon");
	h->logo = take_string(r, o, "icon");
	h->image.url = h->logo;
	take_authors(r, o, &h->authors);
	take_tags(r, o, &h->categories);
	take_hubs(r, o);
}

/* "https://jsonfeed.org/version/1.1" is "1.1", ".../1" is "1.0". */
static const char *
version(struct json_reader *r, const json_t *o)
{
	const char *s = take_string(r, o, "version");
	const char *slash = s != NULL ? strrchr(s, '/') : NULL;

	if (slash == NULL || strstr(s, "jsonfeed.org") == NULL)
		return NULL;
	return strcmp(slash, "/1") == 0 ? "1.0" : slash + 1;
}

static void
set_error(struct feed *f, const char *code, const char *message,
    unsigned line, unsigned column)
{
	f->bozo = 1;
	f->error.code = code;
	f->error.message = arena_strdup(&f->arena, message);
	f->error.line = line;
	f->error.column = column;
}

static json_t *
load(struct json_reader *r, const char *text, size_t len, unsigned column,
    int *ret_cut)
{
	struct feed *f = r->feed;
	json_error_t e;
	json_t *o = json_loadb(text, len, JSON_ALLOW_NUL, &e);
	struct buf mended = { 0 };

	*ret_cut = 0;
	if (o != NULL)
		return o;
	if (f->error.message == NULL)
		set_error(f, "not-well-formed", e.text, r->line +
		    (e.line > 1 ? (unsigned)e.line - 1 : 0),
		    (e.line > 1 ? 0 : column) +
		    (e.column > 0 ? (unsigned)e.column : 1));
	*ret_cut = json_mend(text, len, &mended);
	o = json_loadb(buf_str(&mended), mended.len,
	    JSON_ALLOW_NUL | JSON_DISABLE_EOF_CHECK, &e);
	buf_fini(&mended);
	return o;
}

static void
note_limit(struct feed *f, const char *name)
{
	set_error(f, "limit", name, 1, 1);
	f->damaged = 1;
}

static void
take_items(struct json_reader *r, struct json_slices *list)
{
	struct feed *f = r->feed;
	const struct parse_limits *limits = r->context->limits;
	const char *slice;
	size_t len;

	while ((slice = json_next(list, &len)) != NULL) {
		json_t *item;
		int cut;

		if (f->count >= limits->entries) {
			note_limit(f, "entries");
			return;
		}
		if (len / ESCAPED_MAX > limits->entry_bytes) {
			note_limit(f, "entry");
			continue;
		}
		count_lines(r, slice);
		item = load(r, slice, len,
		    (unsigned)(slice - r->line_start), &cut);
		if (json_is_object(item) &&
		    text_bytes(item) > limits->entry_bytes)
			note_limit(f, "entry");
		else if (json_is_object(item))
			take_item(r, item);
		json_decref(item);
	}
	f->damaged |= list->cut;
}

enum outcome
parse_json(struct feed *f, const char *text, size_t len,
    const struct parse_context *context)
{
	struct json_reader r = { f, &f->arena, context, text, 1 };
	struct json_slices items;
	struct buf rest = { 0 };
	json_t *o = NULL;
	const char *v = NULL;
	int cut;

	if (json_split(text, len, "items", &rest, &items) == 0 &&
	    rest.len <= REST_MAX)
		o = load(&r, buf_str(&rest), rest.len, 0, &cut);
	buf_fini(&rest);
	if (json_is_object(o))
		v = version(&r, o);
	if (!json_is_object(o) || (v == NULL &&
	    !json_is_array(json_object_get(o, "items")))) {
		set_error(f, "not-a-feed", o == NULL ?
		    "JSON that cannot be read" : "JSON, but no JSON Feed",
		    1, 1);
		json_decref(o);
		return OUTCOME_NOT_A_FEED;
	}
	f->format = FORMAT_JSON;
	f->version = v;
	f->damaged = cut;
	take_head(&r, o);
	take_items(&r, &items);
	json_decref(o);
	if (f->damaged && f->error.message == NULL)
		set_error(f, "not-well-formed", "the end is missing", r.line,
		    1);
	return f->damaged ? OUTCOME_DAMAGED : OUTCOME_OK;
}
