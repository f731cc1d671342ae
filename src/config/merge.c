/*
 * merge.c - from the trees of all files to one filled-in structure.
 *
 *	1. state, because paths begin there
 *	2. the plain sections of every file; named things are collected
 *	3. outlets, archives and feeds, which start from what 2 has set
 *
 * Sections of several files add up; a setting or a name given twice is a
 * mistake that names both places.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feedmill/base/mem.h"
#include "private.h"

/* The named things of one section, in order. */
struct named {
	const struct node **list;
	size_t		 count, cap;
};

struct merge {
	struct loader	*l;
	struct named	 outlets, archives, feeds;
	int		 has_publish;
};

/* ------------------------------------------------------------------- state */

static const char *
absolute(struct arena *a, const char *path)
{
	char *cwd = getcwd(NULL, 0);
	const char *joined = path_join(a, cwd != NULL ? cwd : "", path);

	free(cwd);
	return joined;
}

/* --state, else the file's, else systemd's, else ./var. */
static const char *
find_state(struct loader *l, struct node *const *roots, size_t count)
{
	struct arena *a = &l->out->arena;
	const struct option *o = option_find(IN_TOP, "state");
	const char *systemd = getenv("STATE_DIRECTORY");
	const struct node *n;

	if (l->options != NULL && l->options->state != NULL)
		return absolute(a, l->options->state);
	l->out->config.state = absolute(a, ".");
	for (size_t i = 0; i < count; i++) {
		if (roots[i] == NULL || roots[i]->kind != NODE_MAP)
			continue;
		for (n = roots[i]->first; n != NULL; n = n->next) {
			const char *was = l->out->config.state;
			unsigned errors = l->mistakes.errors;

			if (strcmp(n->key->text, o->name) != 0 ||
			    node_is_null(n))
				continue;
			value_set(l, o, n, &l->out->config);
			/* What is wrong with it is said once, later. */
			while (l->mistakes.errors > errors) {
				l->mistakes.errors--;
				free(l->mistakes.list[
				    --l->mistakes.count].sentence);
			}
			if (l->out->config.state != was)
				return l->out->config.state;
		}
	}
	if (systemd != NULL && systemd[0] == '/')
		return path_join(a, "", arena_strndup(a, systemd,
		    strcspn(systemd, ":")));
	return absolute(a, "var");
}

/* ---------------------------------------------------------------- sections */

static void
add_named(struct named *to, const struct node *n)
{
	if (to->count == to->cap) {
		to->cap = to->cap > 0 ? 2 * to->cap : 16;
		to->list = xrealloc(to->list, to->cap * sizeof(*to->list));
	}
	to->list[to->count++] = n;
}

static void
add_included(const struct node *feed, void *arg)
{
	add_named(arg, feed);
}

static void
collect(struct merge *m, const struct section *s, const struct node *map,
    struct named *to)
{
	for (const struct node *n = map->first; n != NULL; n = n->next) {
		const struct node *first = seen_put(m->l->seen, s,
		    n->key->text, n);

		if (first != NULL) {
			settings_complain_twice(m->l, n, first, s->title);
			continue;
		}
		add_named(to, n);
	}
}

static void
take_section(struct merge *m, const struct section *s, const struct node *n)
{
	void *bases[OPTION_BASES] = {
		[OF_CONFIG] = &m->l->out->config,
		[OF_SOURCE] = &m->l->out->defaults
	};

	if (node_is_null(n) || !settings_is_group(m->l, n, s->name))
		return;
	switch (s->in) {
	case IN_FEED:
		collect(m, s, n, &m->feeds);
		break;
	case IN_OUTLET:
		m->has_publish = 1;
		collect(m, s, n, &m->outlets);
		break;
	case IN_ARCHIVE:
		collect(m, s, n, &m->archives);
		break;
	default:
		settings_apply(m->l, s->in, s->title, n, s, bases);
	}
}

static const struct section *
section_find(const char *name)
{
	for (size_t i = 0; i < config_sections_count; i++)
		if (config_sections[i].name != NULL &&
		    config_sections[i].in != IN_FILTER &&
		    strcmp(config_sections[i].name, name) == 0)
			return &config_sections[i];
	return NULL;
}

/* state is known by now, and what "--state" says goes before the file: here
 * it is only checked. */
static void
take_top(struct loader *l, const struct option *o, const struct node *n)
{
	const char *state = l->out->config.state;

	value_set(l, o, n, &l->out->config);
	l->out->config.state = state;
}

static void
take_root(struct merge *m, const struct node *root)
{
	struct loader *l = m->l;

	if (node_is_null(root) || !settings_is_group(l, root, "the file"))
		return;
	for (const struct node *n = root->first; n != NULL; n = n->next) {
		const struct section *s = section_find(n->key->text);
		const struct option *o = option_find(IN_TOP, n->key->text);
		/* A section may be in several files, once in each. */
		const struct node *first = s == NULL && o == NULL ? NULL :
		    seen_put(l->seen, s != NULL ? (const void *)root :
		    &config_options[0], n->key->text, n);

		if (first != NULL)
			settings_complain_twice(l, n, first,
			    s != NULL ? "the section" : "the setting");
		else if (s != NULL)
			take_section(m, s, n);
		else if (o != NULL)
			take_top(l, o, n);
		else
			settings_complain_unknown(l, n->key, IN_TOP,
			    "the main level");
	}
}

/* ------------------------------------------------------------ named things */

static const char *
where_of(struct loader *l, const char *title, const struct node *n)
{
	return arena_printf(&l->scratch, "%s \"%.100s\"", title,
	    n->key->text);
}

static int
is_file_name(const char *s)
{
	return *s != '\0' && *s != '.' &&
	    strlen(s) <= CONFIG_OUTLET_NAME_MAX_BYTES &&
	    s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789._-")] == '\0';
}

/* http:// and the first address that is not a unix socket. */
static const char *
own_url(struct loader *l)
{
	const char *const *listen = l->out->config.http.listen;
	const char *port;

	while (*listen != NULL && strncmp(*listen, "unix:", 5) == 0)
		listen++;
	if (!l->out->config.http.enabled || *listen == NULL)
		return "http://localhost/";
	port = strrchr(*listen, ':');
	if (strncmp(*listen, "0.0.0.0:", 8) == 0 ||
	    strncmp(*listen, "[::]:", 5) == 0)
		return arena_printf(&l->out->arena, "http://localhost%s/",
		    port);
	return arena_printf(&l->out->arena, "http://%s/", *listen);
}

static void
take_outlet(struct loader *l, const struct node *n, struct config_outlet *to)
{
	void *bases[OPTION_BASES] = { [OF_OUTLET] = to };
	const char *where = where_of(l, "outlet", n);

	to->name = arena_strdup(&l->out->arena, n->key->text);
	if (n->key->kind != NODE_TEXT || !is_file_name(to->name))
		COMPLAIN(l, n->key, "the name of an outlet becomes a file "
		    "name: letters, digits, \".\", \"_\" and \"-\" only");
	settings_set_initial(l, OF_OUTLET, to);
	if (!node_is_null(n) && settings_is_group(l, n, where))
		settings_apply(l, IN_OUTLET, where, n, n, bases);
	if (to->title == NULL)
		to->title = to->name;
	if (to->url == NULL)
		to->url = own_url(l);
}

static void
take_outlets(struct merge *m)
{
	struct loader *l = m->l;
	size_t count = m->has_publish ? m->outlets.count : 1;
	struct config_outlet *list = arena_zalloc(&l->out->arena,
	    (count + 1) * sizeof(*list));

	l->outlet_nodes = m->outlets.list;
	for (size_t i = 0; i < m->outlets.count; i++)
		take_outlet(l, m->outlets.list[i], &list[i]);
	if (!m->has_publish) {
		list[0].name = "all";
		settings_set_initial(l, OF_OUTLET, &list[0]);
		list[0].title = "feedmill";
		list[0].url = own_url(l);
	}
	l->out->config.outlets = list;
	l->out->config.outlets_count = count;
}

/* Where Jekyll makes pages of them: not among the posts. */
static void
place_lists(struct arena *a, struct config_archive *to)
{
	size_t len = strlen(to->directory);

	if (!to->with_lists)
		return;
	if (len > 7 && strcmp(to->directory + len - 7, "/_posts") == 0) {
		to->lists = arena_printf(a, "%.*s/lists", (int)len - 7,
		    to->directory);
		to->posts_from_lists = "../_posts/";
	} else {
		to->lists = arena_printf(a, "%s/lists", to->directory);
		to->posts_from_lists = "../";
	}
}

static void
take_archives(struct merge *m)
{
	struct loader *l = m->l;
	struct config_archive *list = arena_zalloc(&l->out->arena,
	    (m->archives.count + 1) * sizeof(*list));

	l->archive_nodes = m->archives.list;
	for (size_t i = 0; i < m->archives.count; i++) {
		const struct node *n = m->archives.list[i];
		const char *where = where_of(l, "archive", n);
		void *bases[OPTION_BASES] = { [OF_ARCHIVE] = &list[i] };

		list[i].name = arena_strdup(&l->out->arena, n->key->text);
		if (n->key->kind != NODE_TEXT || !is_file_name(list[i].name))
			COMPLAIN(l, n->key, "the name of an archive has "
			    "letters, digits, \".\", \"_\" and \"-\" only");
		settings_set_initial(l, OF_ARCHIVE, &list[i]);
		if (!node_is_null(n) && settings_is_group(l, n, where))
			settings_apply(l, IN_ARCHIVE, where, n, n, bases);
		place_lists(&l->out->arena, &list[i]);
	}
	l->out->config.archives = list;
	l->out->config.archives_count = m->archives.count;
}

static int
is_name(const char *s)
{
	size_t len = strlen(s);

	if (len == 0 || len > CONFIG_NAME_MAX_BYTES ||
	    s[0] == ' ' || s[len - 1] == ' ')
		return 0;
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7F)
			return 0;
	return 1;
}

static void
take_source(struct loader *l, const struct node *n, struct config_source *to)
{
	void *bases[OPTION_BASES] = { [OF_SOURCE] = to };
	const char *where = where_of(l, "feed", n);

	to->name = arena_strdup(&l->out->arena, n->key->text);
	to->file = n->key->at.file->name;
	to->line = n->key->at.line;
	if (n->key->kind != NODE_TEXT || !is_name(to->name))
		COMPLAIN(l, n->key, "the name of a feed is one line of at "
		    "most %d bytes, without tabs or spaces around it",
		    CONFIG_NAME_MAX_BYTES);
	if (node_is_null(n) && !n->damaged && !n->key->damaged)
		COMPLAIN(l, n->key, "%s has no url", where);
	if (node_is_null(n) || !settings_is_group(l, n, where))
		return;
	settings_apply(l, IN_FEED, where, n, n, bases);
	for (const struct node *c = n->first; c != NULL; c = c->next) {
		const struct node *first;

		if (strcmp(c->key->text, "filter") != 0)
			continue;
		first = seen_put(l->seen, n, "filter", c);
		if (first != NULL)
			settings_complain_twice(l, c, first, "the section");
		else if (!node_is_null(c) &&
		    settings_is_group(l, c, "filter"))
			settings_apply(l, IN_FILTER, where, c, c, bases);
	}
	if (seen_get(l->seen, n, "url") == NULL && !n->damaged)
		COMPLAIN(l, n->key, "%s has no url", where);
}

static void
take_sources(struct merge *m)
{
	struct loader *l = m->l;
	struct config_source *list = arena_zalloc(&l->out->arena,
	    (m->feeds.count + 1) * sizeof(*list));

	l->source_nodes = m->feeds.list;
	for (size_t i = 0; i < m->feeds.count; i++) {
		list[i] = l->out->defaults;
		list[i].order = (unsigned)i;
		take_source(l, m->feeds.list[i], &list[i]);
		list[i].file = arena_strdup(&l->out->arena, list[i].file);
	}
	l->out->config.sources = list;
	l->out->config.sources_count = m->feeds.count;
}

void
config_merge(struct loader *l, struct node *const *roots, size_t count)
{
	struct config *c = &l->out->config;
	struct merge m = { .l = l };

	c->state = find_state(l, roots, count);
	for (size_t i = 0; i < config_options_count; i++)
		if (config_options[i].base == OF_CONFIG &&
		    config_options[i].initial != NULL)
			value_set_initial(l, &config_options[i], c);
	settings_set_initial(l, OF_SOURCE, &l->out->defaults);
	for (size_t i = 0; i < count; i++)
		if (roots[i] != NULL)
			take_root(&m, roots[i]);
	config_include(l, section_find("feeds"), m.feeds.list, m.feeds.count,
	    add_included, &m.feeds);
	if (c->http.listen[0] == NULL)
		c->http.enabled = 0;
	take_outlets(&m);
	take_archives(&m);
	take_sources(&m);
}
