/*
 * fields.c - what the rows of tags.c do with plain values, categories,
 * people and the head's odds and ends.
 *
 * A begin function sees the attributes and sets up its own frame; an end
 * function gets the trimmed text, in a buffer it may change, and fills in
 * the object of the parent frame.  The first value of the best rank stays;
 * an empty one never counts.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/date.h"
#include "feedmill/base/text.h"
#include "list.h"
#include "reader.h"

static int
takes(struct reader *r, const struct rule *rule, size_t len)
{
	const char **at = reader_field(r, rule);

	return len > 0 && (reader_parent(r)->ranks == NULL ? *at == NULL :
	    reader_outranks(r, rule));
}

void
end_string(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	const char **at = reader_field(r, rule);

	if (takes(r, rule, len))
		*at = reader_keep(r, s, len);
}

void
end_url(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	const char **at = reader_field(r, rule);

	if (takes(r, rule, len))
		*at = reader_url(r, s);
}

void
end_int(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	int *at = reader_field(r, rule);
	int64_t v = reader_count(s);

	(void)len;
	if (*at == 0 && v > 0 && v < 1000000)
		*at = (int)v;
}

void
end_int64(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	int64_t *at = reader_field(r, rule);
	int64_t v = reader_count(s);

	(void)len;
	if (v >= 0 && reader_outranks(r, rule))
		*at = v;
}

void
end_date(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	int64_t *at = reader_field(r, rule);
	uint8_t *ranks = reader_parent(r)->ranks;
	int64_t ms = len > 0 ? date_parse(s, r->context->zone_s) : DATE_NONE;

	if (rule->identity > r->dated && reader_entry(r) != NULL) {
		r->entry->dated_ms = ms;
		r->dated = rule->identity;
	}
	if (ms == DATE_NONE)
		return;
	/* Of the same element twice, the last is the one that was edited. */
	if (ranks[rule->field / 8] <= rule->rank) {
		ranks[rule->field / 8] = rule->rank;
		*at = ms;
	}
}

void
begin_guid(struct reader *r, const struct rule *rule, const char **atts)
{
	struct entry *e = reader_entry(r);
	const char *is = attribute(atts, "isPermaLink");

	(void)rule;
	if (is == NULL)
		return;
	if (text_equal_nocase(is, "true"))
		e->id_is_permalink = 1;
	else if (text_equal_nocase(is, "false"))
		e->id_is_permalink = 0;
}

/* ------------------------------------------------- categories and people */

static int
same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

void
category_add(struct category **list, struct category *c)
{
	for (struct category *q = *list; q != NULL; q = q->next) {
		if (same(q->term, c->term) && same(q->scheme, c->scheme))
			return;
	}
	LIST_APPEND(list, c);
}

void
begin_category(struct reader *r, const struct rule *rule, const char **atts)
{
	struct category *c = arena_zalloc(r->arena, sizeof(*c));
	const char *scheme = attribute(atts, "scheme");

	c->term = reader_attribute(r, attribute(atts, "term"));
	c->label = reader_attribute(r, attribute(atts, "label"));
	c->scheme = reader_attribute(r, scheme != NULL ? scheme :
	    attribute(atts, "domain"));
	reader_top(r)->object = c;
	if (rule->ns == NS_MEDIA && c->scheme == NULL)
		c->scheme = "http://search.yahoo.com/mrss/category_schema";
}

void
end_category(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	struct category *c = reader_top(r)->object;

	if (c->term == NULL && len > 0)
		c->term = reader_keep(r, s, len);
	if (c->term == NULL)
		c->term = c->label;
	if (c->term != NULL)
		category_add(reader_field(r, rule), c);
}

void
begin_person(struct reader *r, const struct rule *rule, const char **atts)
{
	(void)rule, (void)atts;
	reader_top(r)->object = arena_zalloc(r->arena,
	    sizeof(struct person));
	reader_top(r)->ranks = NULL;
}

void
end_person(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	struct person *p = reader_top(r)->object;
	struct person **list = reader_field(r, rule);

	if (p->name == NULL && p->email == NULL && p->uri == NULL)
		p = len > 0 ? person_parse(r->arena,
		    reader_keep(r, s, len), len) : NULL;
	if (p == NULL)
		return;
	if (rule->rank == 0)
		person_add(list, p);
	else if (reader_outranks(r, rule))
		*list = p;
}

/* "by <a>Name</a>": the text of the inner element stays in the outer's. */
void
end_inline(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	struct frame *f = reader_top(r);

	(void)rule;
	if (r->text.len > f->start && s + len < r->text.data + r->text.len)
		s[len] = ' ';
	f->start = r->text.len;
}

/* --------------------------------------------------------------- the rest */

void
begin_generator(struct reader *r, const struct rule *rule, const char **atts)
{
	struct generator *g = &reader_head(r)->generator;
	const char *uri = attribute(atts, "uri");

	(void)rule;
	if (g->name != NULL)
		return;
	g->uri = reader_url(r, uri != NULL ? uri :
	    attribute(atts, "url"));
	g->version = reader_attribute(r, attribute(atts, "version"));
}

void
end_generator(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	struct generator *g = &reader_head(r)->generator;

	(void)rule;
	if (g->name == NULL && len > 0)
		g->name = reader_keep(r, s, len);
}

void
begin_agent(struct reader *r, const struct rule *rule, const char **atts)
{
	struct generator *g = &reader_head(r)->generator;
	const char *uri = reader_url(r, attribute(atts, "resource"));

	(void)rule;
	if (g->uri == NULL)
		g->uri = uri;
	if (g->name == NULL)
		g->name = uri;
}

void
begin_resource(struct reader *r, const struct rule *rule, const char **atts)
{
	const char *url = reader_url(r, attribute(atts, "resource"));
	const char **at = reader_field(r, rule);

	if (url != NULL && reader_outranks(r, rule))
		*at = url;
}

void
begin_cloud(struct reader *r, const struct rule *rule, const char **atts)
{
	struct cloud *c = &reader_head(r)->cloud;

	(void)rule;
	c->domain = reader_attribute(r, attribute(atts, "domain"));
	c->port = reader_attribute(r, attribute(atts, "port"));
	c->path = reader_attribute(r, attribute(atts, "path"));
	c->protocol = reader_attribute(r, attribute(atts, "protocol"));
	c->register_procedure = reader_attribute(r,
	    attribute(atts, "registerProcedure"));
}
