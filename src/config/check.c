/*
 * check.c - what no single value can tell: limits that cross, names
 * that nothing has, things that are there twice.
 *
 * Everything is set by now, from whichever file or default; a mistake points
 * at the setting nearest to the user.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "private.h"

enum { SUGGESTIONS_MAX = 50 };

/* The node that sets it: of the feed, else of fetch or retention; or NULL. */
static const struct node *
setting_of(struct loader *l, const struct node *source, const char *name)
{
	const struct node *n = source != NULL ?
	    seen_get(l->seen, source, name) : NULL;

	for (size_t i = 0; n == NULL && i < config_sections_count; i++)
		n = seen_get(l->seen, &config_sections[i], name);
	return n;
}

/* Where one of the two is set, nearest to the user, else the feed itself:
 * one may be a default that the other does not agree with. */
static struct place
place_of(struct loader *l, const struct node *source, const char *name,
    const char *or_name)
{
	const struct node *n = setting_of(l, source, name);
	const struct node *other = setting_of(l, source, or_name);

	if (source != NULL && seen_get(l->seen, source, name) == NULL &&
	    seen_get(l->seen, source, or_name) != NULL)
		n = other;
	if (n == NULL)
		n = other;
	if (n != NULL)
		return n->at;
	if (source != NULL)
		return source->key->at;
	return (struct place){ .line = 0 };
}

static int
sets(struct loader *l, const struct node *source, const char *name)
{
	return source == NULL ? setting_of(l, NULL, name) != NULL :
	    seen_get(l->seen, source, name) != NULL;
}

/* Intervals of a feed, or, with node NULL, of the section fetch. */
static void
check_intervals(struct loader *l, const struct config_source *s,
    const struct node *node)
{
	char a[24], b[24];

	if (!sets(l, node, "interval") && !sets(l, node, "interval-min") &&
	    !sets(l, node, "interval-max"))
		return;
	text_format_duration(s->interval_min_s, a);
	text_format_duration(s->interval_max_s, b);
	if (s->interval_min_s > s->interval_max_s) {
		mistake_add(&l->mistakes, place_of(l, node, "interval-min",
		    "interval-max"), 0,
		    "interval-min %s is longer than interval-max %s", a, b);
		return;
	}
	if (!sets(l, node, "interval"))
		return;
	if (s->interval_s < s->interval_min_s)
		mistake_add(&l->mistakes, place_of(l, node, "interval",
		    "interval-min"), 1,
		    "interval is shorter than interval-min, which goes before "
		    "it: every %s at most", a);
	if (s->interval_s > s->interval_max_s)
		mistake_add(&l->mistakes, place_of(l, node, "interval",
		    "interval-max"), 1,
		    "interval is longer than interval-max, which goes before "
		    "it: every %s at least", b);
}

/* Only where it is set: what all feeds share is said once. */
static void
check_file(struct loader *l, const struct node *node, const char *name,
    const char *path)
{
	if (path == NULL || !sets(l, node, name) || l->without_secrets ||
	    access(path, R_OK) == 0)
		return;
	mistake_add(&l->mistakes, place_of(l, node, name, name), 1,
	    "%s cannot be read here: %s: %s", name, path, strerror(errno));
}

static void
check_source(struct loader *l, const struct config_source *s,
    const struct node *node)
{
	char a[24];

	check_intervals(l, s, node);
	if (s->max_size_bytes > l->out->config.fetch.bytes_in_flight &&
	    (sets(l, node, "max-size") || node == NULL)) {
		text_format_size(l->out->config.fetch.bytes_in_flight, a);
		mistake_add(&l->mistakes, place_of(l, node, "max-size",
		    "bytes-in-flight"), 0,
		    "max-size is more than bytes-in-flight of fetch, %s", a);
	}
	if (s->connect_timeout_ms > s->timeout_ms &&
	    sets(l, node, "connect-timeout"))
		mistake_add(&l->mistakes, place_of(l, node,
		    "connect-timeout", "timeout"), 1,
		    "connect-timeout is longer than timeout, which ends the "
		    "visit");
	check_file(l, node, "client-cert", s->client_cert);
	if (s->client_cert != NULL)
		check_file(l, node, "client-key", s->client_key);
	check_file(l, node, "ca-file", s->ca_file);
	if (node == NULL)
		return;
	if (s->password != NULL && s->user == NULL &&
	    seen_get(l->seen, node, "user") == NULL)
		mistake_add(&l->mistakes, place_of(l, node, "password",
		    "user"), 0,
		    "password without user");
	if (s->client_key != NULL && s->client_cert == NULL)
		mistake_add(&l->mistakes, place_of(l, node, "client-key",
		    "client-cert"), 0,
		    "client-key without client-cert");
}

/* -------------------------------------------------------------------- URLs */

struct by_url {
	char		*url;		/* resolved: one spelling */
	size_t		 i;
};

static int
compare_url(const void *pa, const void *pb)
{
	const struct by_url *a = pa, *b = pb;
	int c = strcmp(a->url, b->url);

	return c != 0 ? c : a->i < b->i ? -1 : 1;
}

static void
complain_same_url(struct loader *l, size_t first, size_t second)
{
	const struct config_source *s = &l->out->config.sources[first];

	mistake_add(&l->mistakes, place_of(l, l->source_nodes[second], "url",
	    "url"), 0, "feed \"%s\" has this url already, at %s:%u", s->name,
	    s->file, s->line);
}

static void
check_urls(struct loader *l)
{
	const struct config *c = &l->out->config;
	struct by_url *all = xcalloc(c->sources_count + 1, sizeof(*all));
	size_t count = 0;

	for (size_t i = 0; i < c->sources_count; i++) {
		const char *url = c->sources[i].url;

		/* What a dump has hidden may have been two. */
		if (url == NULL || strstr(url, "...") != NULL)
			continue;
		all[count].url = url_resolve(NULL, url);
		all[count].i = i;
		count += all[count].url != NULL;
	}
	qsort(all, count, sizeof(*all), compare_url);
	for (size_t i = 1, first = 0; i < count; i++) {
		if (strcmp(all[i].url, all[first].url) == 0)
			complain_same_url(l, all[first].i, all[i].i);
		else
			first = i;
	}
	for (size_t i = 0; i < count; i++)
		free(all[i].url);
	free(all);
}

/* -------------------------------------------------------------- selections */

/* All tags, or all names of feeds: to be asked and to be suggested. */
struct known {
	const char	**names;
	size_t		 count, cap;
};

static void
learn(struct loader *l, struct known *k, const char *name)
{
	static const struct node something;

	if (seen_put(l->seen, k, name, &something) != NULL)
		return;
	if (k->count + 1 >= k->cap) {
		k->cap = k->cap > 0 ? 2 * k->cap : 64;
		k->names = xrealloc(k->names, k->cap * sizeof(*k->names));
	}
	k->names[k->count++] = name;
	k->names[k->count] = NULL;
}

/* The list's items were taken from this node's children, or from itself. */
static void
check_known(struct loader *l, struct known *k, const struct node *group,
    const char *setting, const char *what)
{
	const struct node *list = group != NULL ?
	    seen_get(l->seen, group, setting) : NULL;
	const struct node *n;

	if (list == NULL || list->kind == NODE_MAP || node_is_null(list))
		return;
	n = list->kind == NODE_LIST ? list->first : list;
	for (; n != NULL; n = list->kind == NODE_LIST ? n->next : NULL) {
		const char *near = NULL;

		if (n->kind != NODE_TEXT || *n->text == '\0' ||
		    strlen(n->text) > CONFIG_NAME_MAX_BYTES ||
		    seen_get(l->seen, k, n->text) != NULL)
			continue;
		if (k->count > 0 && l->mistakes.count < SUGGESTIONS_MAX)
			near = config_suggest(n->text, k->names);
		if (near != NULL)
			COMPLAIN(l, n, "no feed has the %s \"%s\"; did you "
			    "mean \"%s\"?", what, n->text, near);
		else
			COMPLAIN(l, n, "no feed has the %s \"%s\"", what,
			    n->text);
	}
}

static int
selects_any(const struct config *c, const char *const *tags,
    const char *const *sources, int publish)
{
	for (size_t i = 0; i < c->sources_count; i++)
		if ((publish ? c->sources[i].publish :
		    c->sources[i].archive) &&
		    config_selects(tags, sources, &c->sources[i]))
			return 1;
	return 0;
}

static int
any_list_is_unknown(struct loader *l, unsigned before)
{
	return l->mistakes.errors > before;
}

static void
check_selection(struct loader *l, struct known *tags, struct known *names,
    const struct node *node, const char *const *own_tags,
    const char *const *own_sources, const char *what, int publish)
{
	unsigned before = l->mistakes.errors;

	check_known(l, tags, node, "tags", "tag");
	check_known(l, names, node, "feeds", "name");
	if (node == NULL || any_list_is_unknown(l, before) ||
	    l->out->config.sources_count == 0)
		return;
	if (!selects_any(&l->out->config, own_tags, own_sources, publish))
		mistake_add(&l->mistakes, node->key->at, 0,
		    "%s \"%s\" selects no feed", what, node->key->text);
}

static void
check_selections(struct loader *l)
{
	const struct config *c = &l->out->config;
	struct known tags = { 0 }, names = { 0 };

	for (size_t i = 0; i < c->sources_count; i++) {
		learn(l, &names, c->sources[i].name);
		for (const char *const *t = c->sources[i].tags; *t; t++)
			learn(l, &tags, *t);
	}
	for (size_t i = 0; i < c->outlets_count; i++)
		check_selection(l, &tags, &names,
		    l->outlet_nodes != NULL ? l->outlet_nodes[i] : NULL,
		    c->outlets[i].tags, c->outlets[i].sources, "outlet", 1);
	for (size_t i = 0; i < c->archives_count; i++)
		check_selection(l, &tags, &names, l->archive_nodes[i],
		    c->archives[i].tags, c->archives[i].sources, "archive",
		    0);
	free(tags.names);
	free(names.names);
}

/* ------------------------------------------------------------------- files */

/* An outlet's sealed pages are files beside its own ("all-archive-1.atom"):
 * no other outlet may be called like one. */
static void
check_page_name(struct loader *l, const char *name, struct place at)
{
	const char *p = strstr(name, "-archive-");
	size_t digits;

	for (; p != NULL; p = strstr(p + 1, "-archive-")) {
		digits = strspn(p + 9, "0123456789");
		if (digits > 0 && p[9 + digits] == '\0')
			mistake_add(&l->mistakes, at, 0, "outlet \"%s\" is "
			    "named like an archive page of another", name);
	}
}

/* What the two would write is one file: of outlets by name and folder. */
static void
check_outlet_files(struct loader *l)
{
	const struct config *c = &l->out->config;

	if (l->outlet_nodes == NULL)
		return;
	for (size_t i = 0; i < c->outlets_count; i++) {
		struct place at = l->outlet_nodes[i]->key->at;
		const char *file;

		check_page_name(l, c->outlets[i].name, at);
		/* Names are unique; names that differ in case are not where
		 * the folder is shared with other systems. */
		file = arena_printf(&l->scratch, "%s/%s",
		    c->outlets[i].directory, c->outlets[i].name);
		for (char *p = (char *)(uintptr_t)strrchr(file, '/'); *p; p++)
			if (*p >= 'A' && *p <= 'Z')
				*p = (char)(*p | 0x20);
		if (seen_put(l->seen, &c->outlets, file,
		    l->outlet_nodes[i]) == NULL)
			continue;
		mistake_add(&l->mistakes, at, 0, "outlet \"%s\" would write "
		    "the files of outlet \"%s\"", c->outlets[i].name,
		    seen_get(l->seen, &c->outlets, file)->key->text);
	}
}

/* A folder belongs to one archive, and to no outlet. */
static void
check_archive_files(struct loader *l)
{
	const struct config *c = &l->out->config;

	for (size_t i = 0; i < c->outlets_count; i++)
		if (l->outlet_nodes != NULL)
			seen_put(l->seen, &c->archives,
			    c->outlets[i].directory, l->outlet_nodes[i]);
	for (size_t i = 0; i < c->archives_count; i++) {
		const struct node *n = l->archive_nodes[i];
		const struct node *first = seen_put(l->seen, &c->archives,
		    c->archives[i].directory, n);

		if (first != NULL)
			mistake_add(&l->mistakes, place_of(l, n, "directory",
			    "directory"), 0,
			    "archive \"%s\" would write into the folder of "
			    "\"%s\"; give each its own directory",
			    c->archives[i].name, first->key->text);
	}
}

/* A hub asks for what it is told of. */
static void
check_hubs(struct loader *l)
{
	const struct config *c = &l->out->config;

	for (size_t i = 0; l->outlet_nodes != NULL && i < c->outlets_count;
	    i++) {
		const struct node *n = l->outlet_nodes[i];

		if (c->outlets[i].hubs[0] != NULL &&
		    seen_get(l->seen, n, "url") == NULL)
			mistake_add(&l->mistakes, place_of(l, n, "hubs",
			    "hubs"), 1, "no hub will find outlet \"%s\" at "
			    "%s; set its url", c->outlets[i].name,
			    c->outlets[i].url);
	}
}

static void
check_listen(struct loader *l)
{
	const char *const *listen = l->out->config.http.listen;
	const struct node *n = NULL;

	for (size_t i = 0; n == NULL && i < config_sections_count; i++)
		if (config_sections[i].in == IN_HTTP)
			n = seen_get(l->seen, &config_sections[i], "listen");
	if (n == NULL)
		return;
	for (size_t i = 0; listen[i] != NULL; i++) {
		if (seen_put(l->seen, listen, listen[i], n) == NULL)
			continue;
		COMPLAIN(l, n, "listen has %s twice",
		    listen[i]);
	}
}

void
config_check(struct loader *l)
{
	const struct config *c = &l->out->config;
	struct place main_file = { .line = 0 };

	check_source(l, &l->out->defaults, NULL);
	for (size_t i = 0; i < c->sources_count; i++)
		check_source(l, &c->sources[i], l->source_nodes[i]);
	check_urls(l);
	check_selections(l);
	check_outlet_files(l);
	check_archive_files(l);
	check_hubs(l);
	check_listen(l);
	if (c->sources_count == 0 && l->mistakes.errors == 0)
		mistake_add(&l->mistakes, main_file, 1,
		    "%s: there is no feed in it", c->path);
}
