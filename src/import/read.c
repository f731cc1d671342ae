/* read.c - a file's bytes to a visit. */
#include <stdlib.h>
#include <string.h>

#include "feedmill/archive.h"
#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/identify.h"
#include "feedmill/model.h"
#include "feedmill/normalise.h"
#include "feedmill/parse.h"
#include "feedmill/store.h"

#include "private.h"

#define SOURCE_UNNAMED	"import"

/* Nobody polls a file: it may have all that was ever exported. */
enum { ENTRIES_MAX = 100 * 1000 };

/* A source that has this name or title, or one made for the occasion. */
static const struct config_source *
source_of(const struct config *c, const char *site,
    struct config_source *made)
{
	if (site == NULL || site[0] == '\0')
		site = SOURCE_UNNAMED;
	for (size_t i = 0; i < c->sources_count; i++)
		if (strcmp(c->sources[i].name, site) == 0 ||
		    (c->sources[i].title != NULL &&
		    strcmp(c->sources[i].title, site) == 0))
			return &c->sources[i];
	*made = (struct config_source){
		.name = site, .url = "", .updates = UPDATES_STRICT,
	};
	return made;
}

/*
 * A post may say what its entry is known by: its URL does not.  What it has
 * went through a renderer, so that its wording tells nothing: that of the
 * feed, when it is seen again, is no update of it.
 */
static void
identify_post(struct feed *feed, const struct identify_rules *rules)
{
	struct entry *e = feed->entries;
	const char *told = e->identity.key;

	identify_feed(feed, rules);
	e->identity.digest = (struct digest){ 0 };
	if (told == NULL)
		return;
	e->identity.scoped = told[0] == '#';
	e->identity.key = told[0] != '#' ? told :
	    arena_printf(&feed->arena, "%s%s", rules->scope, told);
}

static struct visit *
visit_of(struct feed *feed, int is_post, const char *site,
    const struct config *config, int64_t now_ms)
{
	struct visit *v = visit_new();
	struct config_source *made =
	    arena_zalloc(&feed->arena, sizeof(*made));
	struct identify_rules rules = { 0 };

	v->source = source_of(config, site, made);
	v->config = config_ref(config);
	v->outcome = OUTCOME_OK;
	v->fetched_ms = now_ms;
	v->is_import = 1;
	rules.scope = v->source->name;
	rules.own = v->source->identity_own;
	normalise_feed(feed);
	if (is_post)
		identify_post(feed, &rules);
	else
		identify_feed(feed, &rules);
	v->feed = feed;
	return v;
}

/* NULL: it is none. */
static struct feed *
read_feed(const char *bytes, size_t len, struct import_result *ret)
{
	struct parse_limits limits = parse_limits_default;
	const struct parse_context context = { .limits = &limits };
	struct buf why = { 0 };
	struct feed *feed;
	enum outcome outcome;

	limits.entries = ENTRIES_MAX;
	outcome = parse_feed(bytes, len, &context, &feed);
	if (outcome == OUTCOME_DAMAGED) {
		buf_printf(&why, "line %u: %s: %s", feed->error.line,
		    feed->error.code, feed->error.message);
		ret->why = buf_take(&why);
	} else if (outcome != OUTCOME_OK) {
		feed_free(feed);
		feed = NULL;
		ret->why = xstrdup(outcome == OUTCOME_POSTPONED ?
		    "no memory to read it" : "neither a post nor a feed");
	}
	return feed;
}

struct visit *
import_read(const char *bytes, size_t len, const struct config *config,
    int64_t now_ms, struct import_result *ret)
{
	const char *site = NULL;
	struct feed *feed;
	struct err e;
	int is_post;

	*ret = (struct import_result){ .state = IMPORT_TAKEN };
	feed = archive_read_post(bytes, len, &site, &e);
	is_post = feed != NULL;
	if (!is_post && (feed = read_feed(bytes, len, ret)) != NULL)
		site = feed->head.title.value;
	if (feed != NULL)
		return visit_of(feed, is_post, site, config, now_ms);
	ret->state = IMPORT_UNREADABLE;
	return NULL;
}
