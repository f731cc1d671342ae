/*
 * settings.c - the settings of one group into the structs they are of, and
 * what is said of a name that is none, or comes twice.
 */
#include <assert.h>
#include <string.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "private.h"

enum {
	SUGGESTIONS_MAX = 200,	/* each is a walk over all names */
	NAMES_MAX = 200,	/* of settings in one place */
};

void
settings_complain_twice(struct loader *l, const struct node *n,
    const struct node *first, const char *what)
{
	COMPLAIN(l, n->key, "%s \"%s\" is given twice; first at %s:%u:%u",
	    what, n->key->text, first->key->at.file->name,
	    first->key->at.line, first->key->at.column);
}

static void
names_in(unsigned in, const char **names)
{
	size_t count = 0;

	assert(config_options_count + config_sections_count < NAMES_MAX);
	for (size_t i = 0; i < config_options_count; i++)
		if ((config_options[i].in & in) != 0)
			names[count++] = config_options[i].name;
	if (in == IN_FEED)
		names[count++] = "filter";
	for (size_t i = 0; in == IN_TOP && i < config_sections_count; i++)
		if (config_sections[i].name != NULL &&
		    config_sections[i].in != IN_FILTER)
			names[count++] = config_sections[i].name;
	names[count] = NULL;
}

/* Words that others use for it. */
static const char *
synonym(unsigned in, const char *name)
{
	static const struct {
		unsigned in;
		const char *other, *ours;
	} synonyms[] = {
		{ IN_TOP, "sources", "feeds" },
		{ IN_TOP, "subscriptions", "feeds" },
		{ IN_TOP, "outlets", "publish" },
		{ IN_TOP, "outputs", "publish" },
		{ IN_TOP, "archives", "archive" },
		{ IN_TOP, "server", "http" },
		{ IN_TOP, "logging", "log" },
		{ IN_TOP, "defaults", "fetch" },
		{ IN_FEED, "href", "url" },
		{ IN_FEED, "link", "url" },
		{ IN_FEED, "uri", "url" },
		{ IN_FEED, "name", "title" },
		{ IN_FEED, "encoding", "charset" },
		{ IN_FEED | IN_FETCH, "refresh", "interval" },
		{ IN_OUTLET | IN_ARCHIVE, "sources", "feeds" },
		{ IN_OUTLET | IN_ARCHIVE, "path", "directory" },
		{ IN_ARCHIVE, "posts", "per" },
		{ IN_OUTLET, "limit", "entries" },
		{ IN_HTTP, "port", "listen" },
		{ IN_HTTP, "address", "listen" },
	};

	for (size_t i = 0; i < ARRAY_LEN(synonyms); i++)
		if ((synonyms[i].in & in) != 0 &&
		    text_equal_nocase(synonyms[i].other, name))
			return synonyms[i].ours;
	return NULL;
}

/* A section where a setting of that name would be right, or NULL. */
static const char *
elsewhere(const char *name)
{
	for (size_t i = 0; i < config_sections_count; i++)
		if (option_find(config_sections[i].in, name) != NULL)
			return config_sections[i].name;
	return NULL;
}

void
settings_complain_unknown(struct loader *l, const struct node *key,
    unsigned in, const char *where)
{
	const char *names[NAMES_MAX];
	const char *near = synonym(in, key->text), *place = NULL;

	names_in(in, names);
	if (near == NULL && l->mistakes.count < SUGGESTIONS_MAX)
		near = config_suggest(key->text, names);
	if (near == NULL)
		place = elsewhere(key->text);
	if (key->kind != NODE_TEXT || strlen(key->text) > 100)
		COMPLAIN(l, key, "unknown setting in %s", where);
	else if (near != NULL)
		COMPLAIN(l, key, "unknown setting \"%s\" in %s; did you mean "
		    "\"%s\"?", key->text, where, near);
	else if (place != NULL)
		COMPLAIN(l, key, "unknown setting \"%s\" in %s; it belongs "
		    "to %s", key->text, where, place);
	else
		COMPLAIN(l, key, "unknown setting \"%s\" in %s", key->text,
		    where);
}

void
settings_apply(struct loader *l, unsigned in, const char *where,
    const struct node *map, const void *context, void *bases[OPTION_BASES])
{
	for (const struct node *n = map->first; n != NULL; n = n->next) {
		const struct option *o = option_find(in, n->key->text);
		const struct node *first;

		if (o == NULL) {
			if (in != IN_FEED ||
			    strcmp(n->key->text, "filter") != 0)
				settings_complain_unknown(l, n->key, in,
				    where);
			continue;
		}
		first = seen_put(l->seen, context, o->name, n);
		if (first != NULL)
			settings_complain_twice(l, n, first, "the setting");
		else
			value_set(l, o, n, bases[o->base]);
	}
}

int
settings_is_group(struct loader *l, const struct node *n, const char *what)
{
	if (n->kind == NODE_MAP && n->tag == NULL)
		return 1;
	if (!n->damaged)
		COMPLAIN(l, n, "%s must be a group of settings, \"name: "
		    "value\", each on its own line and indented%s", what,
		    n->kind == NODE_TEXT && strchr(n->text, ' ') != NULL ?
		    "; is a colon missing?" : "");
	return 0;
}

void
settings_set_initial(struct loader *l, enum option_base base, void *to)
{
	for (size_t i = 0; i < config_options_count; i++)
		if (config_options[i].base == base)
			value_set_initial(l, &config_options[i], to);
}
