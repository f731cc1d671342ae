/* extra.c - see extra.h. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "feedmill/base/arena.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/normalise.h"

#include "extra.h"

/* Of a feed, because every entry is shown with it. */
enum { HEAD_TEXT_BYTES = 1000, HEAD_ITEMS = 8 };

/*
 * Written by hand, because every new entry pays for it; read by jansson.
 * Field order is fixed: the same entry gives the same bytes.
 */
static void
put_string(struct buf *b, const char *s)
{
	size_t plain;

	buf_putc(b, '"');
	for (; *s != '\0'; s += plain) {
		for (plain = 0; (unsigned char)s[plain] >= 0x20 &&
		    s[plain] != '"' && s[plain] != '\\'; plain++)
			;
		buf_append(b, s, plain);
		if (s[plain] == '\0')
			break;
		if (s[plain] == '"' || s[plain] == '\\') {
			buf_putc(b, '\\');
			buf_putc(b, s[plain]);
		} else {
			buf_printf(b, "\\u%04x", (unsigned char)s[plain]);
		}
		plain++;
	}
	buf_putc(b, '"');
}

/* ,"name":"value", the comma only after another member. */
static void
put_member(struct buf *b, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	if (b->len > 0 && b->data[b->len - 1] != '{')
		buf_putc(b, ',');
	put_string(b, name);
	buf_putc(b, ':');
	put_string(b, value);
}

static const char *
web_url(const char *url)
{
	return url != NULL && url_is_http(url) ? url : NULL;
}

static void
put_person(struct buf *b, const struct person *p)
{
	put_member(b, "name", p->name);
	put_member(b, "email", p->email);
	put_member(b, "uri", web_url(p->uri));
}

static void
put_category(struct buf *b, const struct category *c)
{
	put_member(b, "term", c->term);
	put_member(b, "scheme", c->scheme);
	put_member(b, "label", c->label);
}

static void
put_enclosure(struct buf *b, const struct enclosure *e)
{
	put_member(b, "url", web_url(e->url));
	put_member(b, "type", e->type);
	put_member(b, "title", e->title);
	if (e->length >= 0)
		buf_printf(b, ",\"length\":%lld", (long long)e->length);
}

/* The list is opened before its first item, so that none is empty. */
static void
open_item(struct buf *b, const char *list, int *is_open)
{
	if (!*is_open) {
		if (b->data[b->len - 1] != '{')
			buf_putc(b, ',');
		put_string(b, list);
		buf_puts(b, ":[{");
	} else {
		buf_puts(b, ",{");
	}
	*is_open = 1;
}

static void
close_list(struct buf *b, int is_open)
{
	if (is_open)
		buf_putc(b, ']');
}

static int
person_is_shown(const struct person *p)
{
	return (p->name != NULL && p->name[0] != '\0') ||
	    (p->email != NULL && p->email[0] != '\0') ||
	    web_url(p->uri) != NULL;
}

static void
put_authors(struct buf *b, const struct person *p, int most)
{
	int is_open = 0;

	for (; p != NULL && most > 0; p = p->next) {
		if (!person_is_shown(p))
			continue;
		most--;
		open_item(b, "authors", &is_open);
		put_person(b, p);
		buf_putc(b, '}');
	}
	close_list(b, is_open);
}

static void
put_categories(struct buf *b, const struct category *c, int most)
{
	int is_open = 0;

	for (; c != NULL && most > 0; c = c->next) {
		if (c->term == NULL || c->term[0] == '\0')
			continue;
		most--;
		open_item(b, "categories", &is_open);
		put_category(b, c);
		buf_putc(b, '}');
	}
	close_list(b, is_open);
}

static void
put_enclosures(struct buf *b, const struct enclosure *e)
{
	int is_open = 0;

	for (; e != NULL; e = e->next) {
		if (web_url(e->url) == NULL)
			continue;
		open_item(b, "enclosures", &is_open);
		put_enclosure(b, e);
		buf_putc(b, '}');
	}
	close_list(b, is_open);
}

void
extra_write(struct buf *ret, const struct entry *e)
{
	struct buf b = { 0 };

	buf_putc(&b, '{');
	put_authors(&b, e->authors, INT_MAX);
	put_categories(&b, e->categories, INT_MAX);
	put_enclosures(&b, e->enclosures);
	put_member(&b, "comments", web_url(e->comments));
	if (b.len > 1) {
		buf_putc(&b, '}');
		buf_append(ret, b.data, b.len);
	}
	buf_fini(&b);
}

/* --------------------------------------------------------------- a feed */

static void
put_bounded(struct buf *b, const char *name, const char *text)
{
	struct buf kept = { 0 };

	if (text == NULL)
		return;
	buf_append(&kept, text, text_utf8_cut(text, strlen(text),
	    HEAD_TEXT_BYTES));
	put_member(b, name, buf_str(&kept));
	buf_fini(&kept);
}

static void
put_text(struct buf *b, const char *name, const struct text *text)
{
	struct buf plain = { 0 };

	if (text->value != NULL)
		normalise_text_plain(&plain, text);
	put_bounded(b, name, buf_str(&plain));
	buf_fini(&plain);
}

/* Whole, or not at all: half an address is another one. */
static void
put_address(struct buf *b, const char *name, const char *url)
{
	if (url != NULL && strlen(url) <= HEAD_TEXT_BYTES)
		put_member(b, name, url);
}

void
extra_write_head(struct buf *ret, const struct feed_head *head)
{
	struct buf b = { 0 };

	buf_putc(&b, '{');
	put_address(&b, "id", head->id);
	put_text(&b, "subtitle", &head->subtitle);
	put_text(&b, "rights", &head->rights);
	put_address(&b, "icon", web_url(head->icon));
	put_address(&b, "logo", web_url(head->logo));
	put_bounded(&b, "generator", head->generator.name);
	put_bounded(&b, "language", head->language);
	put_authors(&b, head->authors, HEAD_ITEMS);
	put_categories(&b, head->categories, HEAD_ITEMS);
	if (b.len > 1) {
		buf_putc(&b, '}');
		buf_append(ret, b.data, b.len);
	}
	buf_fini(&b);
}

/* --------------------------------------------------------------- reading */

static const char *
get(const json_t *object, const char *name, struct arena *arena)
{
	return arena_strdup(arena,
	    json_string_value(json_object_get(object, name)));
}

static struct person *
read_person(const json_t *o, struct arena *arena)
{
	struct person *p = arena_zalloc(arena, sizeof(*p));

	p->name = get(o, "name", arena);
	p->email = get(o, "email", arena);
	p->uri = get(o, "uri", arena);
	return p;
}

static struct category *
read_category(const json_t *o, struct arena *arena)
{
	struct category *c = arena_zalloc(arena, sizeof(*c));

	c->term = get(o, "term", arena);
	c->scheme = get(o, "scheme", arena);
	c->label = get(o, "label", arena);
	return c;
}

static struct enclosure *
read_enclosure(const json_t *o, struct arena *arena)
{
	struct enclosure *e = arena_zalloc(arena, sizeof(*e));
	const json_t *length = json_object_get(o, "length");

	e->url = get(o, "url", arena);
	e->type = get(o, "type", arena);
	e->title = get(o, "title", arena);
	e->length = json_is_integer(length) ? json_integer_value(length) : -1;
	return e;
}

static struct person *
read_authors(const json_t *root, struct arena *arena)
{
	struct person *first = NULL, **last = &first;
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(root, "authors"), i, item) {
		*last = read_person(item, arena);
		last = &(*last)->next;
	}
	return first;
}

static struct category *
read_categories(const json_t *root, struct arena *arena)
{
	struct category *first = NULL, **last = &first;
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(root, "categories"), i, item) {
		*last = read_category(item, arena);
		last = &(*last)->next;
	}
	return first;
}

static json_t *
parse(const char *json)
{
	return json != NULL ? json_loads(json, 0, NULL) : NULL;
}

void
extra_read(const char *json, struct arena *arena, struct extra *ret)
{
	struct enclosure **enclosure = &ret->enclosures;
	json_t *root = parse(json), *item;
	size_t i;

	*ret = (struct extra){ 0 };
	if (root == NULL)
		return;
	ret->authors = read_authors(root, arena);
	ret->categories = read_categories(root, arena);
	json_array_foreach(json_object_get(root, "enclosures"), i, item) {
		*enclosure = read_enclosure(item, arena);
		enclosure = &(*enclosure)->next;
	}
	ret->comments = get(root, "comments", arena);
	json_decref(root);
}

struct feed_head *
extra_read_head(const char *json, struct arena *arena)
{
	json_t *root = parse(json);
	struct feed_head *head;

	if (root == NULL)
		return NULL;
	head = arena_zalloc(arena, sizeof(*head));
	feed_head_init(head);
	head->id = get(root, "id", arena);
	head->subtitle.value = get(root, "subtitle", arena);
	head->rights.value = get(root, "rights", arena);
	head->icon = get(root, "icon", arena);
	head->logo = get(root, "logo", arena);
	head->generator.name = get(root, "generator", arena);
	head->language = get(root, "language", arena);
	head->authors = read_authors(root, arena);
	head->categories = read_categories(root, arena);
	json_decref(root);
	return head;
}

const struct further *
extra_read_further(const char *json, struct arena *arena)
{
	const struct further *first = NULL, **last = &first;
	json_t *root, *item;
	struct further *f;
	size_t i;

	/* Nearly always there is none. */
	root = json != NULL && strcmp(json, "[]") != 0 ? parse(json) : NULL;
	json_array_foreach(root, i, item) {
		f = arena_zalloc(arena, sizeof(*f));
		f->name = arena_strdup(arena,
		    json_string_value(json_array_get(item, 0)));
		f->title = arena_strdup(arena,
		    json_string_value(json_array_get(item, 1)));
		f->url = arena_strdup(arena,
		    json_string_value(json_array_get(item, 2)));
		*last = f;
		last = &f->next;
	}
	json_decref(root);
	return first;
}
