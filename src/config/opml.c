/*
 * opml.c - lists of subscriptions (OPML) as feeds of a configuration.
 *
 * What other readers put into such a list is cleaned first, so that nothing
 * in it is a mistake of the configuration: an address that cannot be asked is
 * left out, titles and tags become one line.  Feeds that are configured go
 * before those of a list, and a list before the next one.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/parse.h"
#include "value.h"

enum {
	OPML_MAX_BYTES = 16 << 20, SUBSCRIPTIONS_MAX = 20000,
	SLUG_MAX_BYTES = 40, HOST_MAX_BYTES = 100,
	TITLE_MAX_BYTES = 200, TAG_MAX_BYTES = 100, TAGS_MAX = 20
};

/* ---------------------------------------------------------- subscriptions */

/* One line of text that a configuration takes; NULL: nothing is left. */
static const char *
clean(struct arena *a, const char *s, size_t len, size_t max)
{
	struct buf plain = { 0 }, line = { 0 };
	const char *end = s + len, *ret = NULL;

	while (s < end) {
		uint32_t c = text_utf8_next(&s, end);

		text_utf8_put(&plain, c < 0x20 || (c >= 0x7f && c < 0xa0) ||
		    !text_xml_char(c) ? ' ' : c);
	}
	text_collapse(&line, buf_str(&plain), plain.len);
	if (line.len > 0)
		ret = arena_strndup(a, line.data,
		    text_utf8_cut(line.data, line.len, max));
	buf_fini(&plain);
	buf_fini(&line);
	return ret;
}

static const char *const *
split_tags(struct arena *a, const char *s)
{
	const char **tags = arena_zalloc(a, (TAGS_MAX + 1) * sizeof(*tags));
	size_t n = 0;

	while (s != NULL && *s != '\0' && n < TAGS_MAX) {
		size_t len = strcspn(s, "\n");

		tags[n] = clean(a, s, len, TAG_MAX_BYTES);
		n += tags[n] != NULL;
		s += len + (s[len] == '\n');
	}
	return tags;
}

int
config_subscription(struct arena *a, const struct opml_outline *o,
    struct config_subscription *ret)
{
	char *absolute;

	if (value_url_fault(a, o->xml_url) != NULL)
		return -1;
	absolute = url_resolve(NULL, o->xml_url);
	*ret = (struct config_subscription){
		.url = arena_strdup(a, absolute),
		.title = o->title == NULL ? NULL : clean(a, o->title,
		    strlen(o->title), TITLE_MAX_BYTES),
		.tags = split_tags(a, o->tags),
	};
	free(absolute);
	return 0;
}

/* Words of ASCII joined by "-"; nothing if there are other letters. */
static void
put_slug(struct buf *b, const char *s)
{
	for (; *s != '\0' && b->len < SLUG_MAX_BYTES; s++) {
		char c = *s >= 'A' && *s <= 'Z' ? (char)(*s | 0x20) : *s;

		if ((unsigned char)c >= 0x80) {
			buf_reset(b);
			return;
		}
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			buf_putc(b, c);
		else if (b->len > 0 && b->data[b->len - 1] != '-' &&
		    c != '\'')
			buf_putc(b, '-');
	}
	while (b->len > 0 && b->data[b->len - 1] == '-')
		b->data[--b->len] = '\0';
}

void
config_make_name(struct buf *b, const char *url, const char *title,
    int (*is_taken)(const char *name, void *arg), void *arg)
{
	size_t len;

	put_slug(b, title != NULL ? title : "");
	if (b->len < 2) {
		char *host = url_host(url);

		buf_reset(b);
		buf_printf(b, "%.*s", HOST_MAX_BYTES, host == NULL ? "feed" :
		    strncmp(host, "www.", 4) == 0 ? host + 4 : host);
		free(host);
	}
	len = b->len;
	for (unsigned n = 2; is_taken(b->data, arg); n++) {
		b->len = len;
		buf_printf(b, "-%u", n);
	}
}

/* ----------------------------------------------------------------- include */

struct including {
	struct loader	*l;
	const struct section *section;	/* feeds: its names are seen there */
	const struct node *option;	/* where the list is named */
	config_include_fn *add;
	void		*arg;
	size_t		 count, unusable;
};

/* A context of its own for the addresses that are seen. */
static const char seen_urls;

/* 1: it was seen before. */
static int
see_url(struct including *in, const char *url, const struct node *n)
{
	char *key = url_canonical(url);
	const char *kept = key == NULL ? url : arena_strdup(&in->l->scratch,
	    key);

	free(key);
	return seen_put(in->l->seen, &seen_urls, kept, n) != NULL;
}

static struct node *
new_node(struct including *in, enum node_kind kind, const char *text)
{
	struct node *n = arena_zalloc(&in->l->scratch, sizeof(*n));

	n->kind = kind;
	n->text = text;
	n->at = in->option->at;
	return n;
}

static void
append_node(struct including *in, struct node *to, const char *key,
    struct node *n)
{
	if (key != NULL)
		n->key = new_node(in, NODE_TEXT, key);
	if (to->last != NULL)
		to->last->next = n;
	else
		to->first = n;
	to->last = n;
}

static int
is_seen(const char *name, void *arg)
{
	const struct including *in = arg;

	return seen_get(in->l->seen, in->section, name) != NULL;
}

static void
add_feed(struct including *in, const struct config_subscription *s)
{
	struct node *feed = new_node(in, NODE_MAP, NULL);
	struct buf name = { 0 };

	if (see_url(in, s->url, feed))
		return;
	config_make_name(&name, s->url, s->title, is_seen, in);
	feed->key = new_node(in, NODE_TEXT,
	    arena_strdup(&in->l->scratch, name.data));
	buf_fini(&name);
	append_node(in, feed, "url", new_node(in, NODE_TEXT, s->url));
	if (s->title != NULL)
		append_node(in, feed, "title",
		    new_node(in, NODE_TEXT, s->title));
	if (s->tags[0] != NULL) {
		struct node *tags = new_node(in, NODE_LIST, NULL);

		for (const char *const *t = s->tags; *t != NULL; t++)
			append_node(in, tags, NULL,
			    new_node(in, NODE_TEXT, *t));
		append_node(in, feed, "tags", tags);
	}
	seen_put(in->l->seen, in->section, feed->key->text, feed);
	in->add(feed, in->arg);
	in->count++;
}

static void
take_outline(const struct opml_outline *o, void *arg)
{
	struct including *in = arg;
	struct config_subscription s;

	if (in->count == SUBSCRIPTIONS_MAX ||
	    config_subscription(&in->l->scratch, o, &s) == -1)
		in->unusable++;
	else
		add_feed(in, &s);
}

static void
include_file(struct including *in, const char *path)
{
	struct buf bytes = { 0 };
	struct stat st;
	struct err e;

	in->unusable = 0;
	/* A pipe would be waited for. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		COMPLAIN(in->l, in->option, "%s is no file", path);
	else if (file_read(path, OPML_MAX_BYTES, &bytes, &e) == -1)
		COMPLAIN(in->l, in->option, "%s", e.msg);
	else if (parse_opml(bytes.data, bytes.len, take_outline, in,
	    &e) == -1)
		COMPLAIN(in->l, in->option, "%s: %s", path, e.msg);
	if (in->unusable > 0)
		mistake_add(&in->l->mistakes, in->option->at, 1, "%s: %zu "
		    "that cannot be asked left out", path, in->unusable);
	buf_fini(&bytes);
}

void
config_include(struct loader *l, const struct section *feeds,
    const struct node *const *list, size_t count, config_include_fn *add,
    void *arg)
{
	const char *const *paths = l->out->config.include_opml;
	struct including in = { .l = l, .section = feeds, .add = add,
	    .arg = arg, .option = seen_get(l->seen, &config_options[0],
	    "include-opml") };

	if (in.option == NULL)
		return;
	for (size_t i = 0; i < count; i++)
		for (const struct node *n = list[i]->first; n; n = n->next)
			if (n->kind == NODE_TEXT && n->tag == NULL &&
			    strcmp(n->key->text, "url") == 0)
				see_url(&in, n->text, n);
	for (; *paths != NULL; paths++)
		include_file(&in, *paths);
}
