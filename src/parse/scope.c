/*
 * scope.c - what an element's name means where it stands: namespaces,
 * xml:base and xml:lang in scope.
 *
 * Namespaces are resolved here and not by expat: an undeclared prefix is an
 * error to expat and an everyday sight in feeds.  Names are looked up once
 * per scope of namespaces and then found in a small cache, so that a feed of
 * a thousand items costs a few dozen look-ups.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "reader.h"

/* ------------------------------------------------------------ namespaces */

static void
bind(struct reader *r, const char *prefix, size_t len, const char *uri)
{
	uint32_t ns = name_space(uri);

	if (r->bound >= BINDINGS_MAX)
		return;
	if (ns == NS_FOREIGN && len > 0)
		ns = name_prefix(prefix, len);
	r->bindings[r->bound++] = (struct binding){
		.prefix = arena_strndup(r->arena, prefix, len),
		.len = len, .ns = ns };
}

uint32_t
scope_resolve(struct reader *r, const char *prefix, size_t len)
{
	for (unsigned i = r->bound; i-- > 0; ) {
		const struct binding *b = &r->bindings[i];

		if (b->len == len && memcmp(b->prefix, prefix, len) == 0)
			return b->ns;
	}
	if (len == 0)
		return NS_RSS;
	r->undeclared |= len != 3 || memcmp(prefix, "xml", 3) != 0;
	return name_prefix(prefix, len);
}

/*
 * A root in an unknown default namespace is still a feed: the namespace
 * becomes that of its own children (corpus: rss-odd-namespace.xml).
 */
static void
adopt_root_namespace(struct reader *r, const char *local)
{
	uint32_t ns = strcasecmp(local, "feed") == 0 ? NS_ATOM : NS_RSS;

	if (strcasecmp(local, "rss") != 0 && strcasecmp(local, "feed") != 0 &&
	    strcasecmp(local, "channel") != 0 && strcasecmp(local, "RDF") != 0)
		return;
	for (unsigned i = r->bound; i-- > 0; ) {
		if (r->bindings[i].len == 0) {
			if (r->bindings[i].ns == NS_FOREIGN)
				r->bindings[i].ns = ns;
			return;
		}
	}
}

static uint32_t
hash_name(const char *s, size_t *ret_len, const char **ret_colon)
{
	uint32_t h = 2166136261u;
	const char *p = s;

	*ret_colon = NULL;
	for (; *p != '\0'; p++) {
		h = (h ^ (unsigned char)*p) * 16777619u;
		if (*p == ':' && *ret_colon == NULL)
			*ret_colon = p;
	}
	*ret_len = (size_t)(p - s);
	return h;
}

static void
look_up(struct reader *r, const char *name, const char *colon, uint32_t where,
    struct cached *ret)
{
	const char *local = colon != NULL ? colon + 1 : name;
	uint32_t ns = scope_resolve(r, name,
	    colon != NULL ? (size_t)(colon - name) : 0);

	if (where == IN_DOCUMENT && colon != NULL && ns == NS_RDF)
		adopt_root_namespace(r, local);
	if (where == IN_DOCUMENT && ns == NS_FOREIGN && colon == NULL) {
		adopt_root_namespace(r, local);
		ns = scope_resolve(r, name, 0);
	}
	ret->ns = ns;
	ret->rule = name_rule(ns, local, where);
}

/* The rule of an element here, or NULL; *ret_ns is its namespace. */
const struct rule *
scope_rule(struct reader *r, const char *name, uint32_t where,
    uint32_t *ret_ns)
{
	const char *colon;
	size_t len;
	uint32_t h = hash_name(name, &len, &colon);
	struct cached *c = &r->cache[(h ^ where ^ r->scope) % CACHE_SLOTS];
	struct cached once;

	if (len >= CACHE_NAME) {
		look_up(r, name, colon, where, &once);
		*ret_ns = once.ns;
		return once.rule;
	}
	if (c->where != where || c->scope != r->scope ||
	    memcmp(c->name, name, len + 1) != 0) {
		look_up(r, name, colon, where, c);
		c->scope = r->scope;
		c->where = where;
		memcpy(c->name, name, len + 1);
	}
	*ret_ns = c->ns;
	return c->rule;
}

/* -------------------------------------------------- xml:base, xml:lang */

/* The base in scope made absolute, so that it does not matter how deep it
 * was said; as written where nothing is known to resolve it against. */
static const char *
join_base(struct reader *r, const char *under, const char *ref)
{
	const char *outer = under != NULL ? under : r->feed->url;
	char *joined;

	if (r->base_ref != NULL && r->base_under == under &&
	    strcmp(r->base_ref, ref) == 0)
		return r->base_result;
	joined = url_resolve(outer, ref);
	r->base_under = under;
	r->base_ref = arena_strdup(r->arena, ref);
	r->base_result = joined != NULL ? arena_strdup(r->arena, joined) :
	    outer != NULL ? under : r->base_ref;
	free(joined);
	return r->base_result;
}

void
scope_attributes(struct reader *r, struct frame *f, const char **atts)
{
	unsigned before = r->bound;

	for (; atts[0] != NULL; atts += 2) {
		const char *name = atts[0];

		if (name[0] != 'x' || name[1] != 'm' || name[2] != 'l')
			continue;
		if (strcmp(name, "xmlns") == 0)
			bind(r, "", 0, atts[1]);
		else if (strncmp(name, "xmlns:", 6) == 0)
			bind(r, name + 6, strlen(name + 6), atts[1]);
		else if (strcmp(name, "xml:lang") == 0)
			f->lang = arena_strdup(r->arena, atts[1]);
		else if (strcmp(name, "xml:base") == 0)
			f->base = join_base(r, f->base, atts[1]);
	}
	if (r->bound != before)
		r->scope = ++r->scopes;
}
