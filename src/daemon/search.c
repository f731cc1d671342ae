/* search.c - see search.h. */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/err.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/config.h"
#include "feedmill/render.h"
#include "feedmill/rounds.h"
#include "feedmill/serve.h"
#include "feedmill/store.h"
#include "search.h"

enum {
	WORDS_BYTES = 1024,	/* as the store has it */
	WORDS_MAX = 32,
	PAGE_HITS = 20,
	PAGES_MAX = 50
};

_Static_assert(sizeof(RENDER_FOUND) == sizeof(STORE_FOUND) &&
    sizeof(RENDER_FOUND_END) == sizeof(STORE_FOUND_END), "the same marks");

struct search {
	struct errand	 errand;
	const struct search_format *format;
	struct search_view view;
	struct buf	 words, outlet;
	unsigned	 count;		/* hits seen, one more than are shown */
};

/* ---------------------------------------------------------- what is asked */

const struct config_outlet *
search_outlet(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->outlets_count; i++) {
		if (strcmp(config->outlets[i].name, name) == 0)
			return &config->outlets[i];
	}
	return NULL;
}

static unsigned
count_words(const char *s)
{
	const char *end = s + strlen(s);
	unsigned count = 0;
	int is_inside = 0;

	while (s < end) {
		uint32_t c = text_utf8_next(&s, end);
		int blank = c <= 0x20 || c == 0xa0 || c == 0x3000;

		count += !blank && !is_inside;
		is_inside = !blank;
	}
	return count;
}

/* Not even the field for them was sent. */
static const char not_typed[] = "Which words?";

/* NULL, or what is wrong with it. */
static const char *
take_words(struct search *s, const char *query)
{
	struct buf sent = { 0 };
	int found = serve_query_get(query, "q", &sent);

	if (found == 1)
		text_collapse(&s->words, buf_str(&sent), sent.len);
	buf_fini(&sent);
	s->view.words = buf_str(&s->words);
	if (found == -1)
		return "These words are not UTF-8.";
	if (s->words.len == 0)
		return found == 0 ? not_typed : "Which words?";
	if (s->words.len > WORDS_BYTES || count_words(s->view.words) >
	    WORDS_MAX) {
		/* Nor is all of it shown again. */
		s->words.len = 0;
		s->view.words = "";
		return "That is too much to look for: at most 32 words and "
		    "1,024 bytes.";
	}
	return NULL;
}

static const char *
take_outlet(struct search *s, const char *query)
{
	const struct config_outlet *o;
	int found = serve_query_get(query, "in", &s->outlet);

	if (found == 0 || (found == 1 && s->outlet.len == 0))
		return NULL;
	o = found == 1 ? search_outlet(s->errand.config,
	    buf_str(&s->outlet)) : NULL;
	if (o == NULL)
		return "There is no such outlet.";
	s->view.outlet = o->name;
	if (o->formats & OUTLET_HTML)
		s->view.outlet_title = o->title;
	return NULL;
}

/* One of two words, or nothing at all. */
static const char *
take_choice(const char *query, const char *name, const char *first,
    const char *second, int *ret)
{
	struct buf value = { 0 };
	int found = serve_query_get(query, name, &value), known = 1;

	if (found == 1 && strcmp(buf_str(&value), second) == 0)
		*ret = 1;
	else if (found == 1 && strcmp(buf_str(&value), first) == 0)
		*ret = 0;
	else
		known = found == 0;
	buf_fini(&value);
	return known ? NULL : "There is no such order, or no such format.";
}

static int
begin(struct errand *e, const char *query)
{
	struct search *s = (struct search *)e;
	int json = serve_call_wants_json(e->call);
	const char *problem = NULL, *next;
	int is_opened;

	s->view = (struct search_view){ .words = "", .page = 1 };
	next = query == NULL ? "That is too much to look for." :
	    take_choice(query, "format", "html", "json", &json);
	problem = next;
	if (query != NULL) {
		next = take_outlet(s, query);
		problem = problem != NULL ? problem : next;
		next = take_choice(query, "order", "best", "new",
		    &s->view.by_date);
		problem = problem != NULL ? problem : next;
		next = desk_take_page(query, PAGES_MAX,
		    &s->view.page);
		problem = problem != NULL ? problem : next;
		next = take_words(s, query);
		problem = problem != NULL ? problem : next;
	}
	s->format = json ? &render_search_json : &render_search_html;
	e->type = s->format->media_type;
	/* The page is opened, and nothing typed yet. */
	is_opened = problem == not_typed && !json;
	s->view.problem = is_opened ? NULL : problem;
	if (problem == NULL)
		return 0;
	e->status = is_opened ? 200 : 400;
	s->format->begin(&e->text, &s->view);
	s->format->end(&e->text, &s->view);
	return -1;
}

/* ---------------------------------------------------------- what is found */

static int
add_sources(struct store_reader *r, const struct config *config,
    const struct config_outlet *o, int64_t **ids, size_t *count,
    struct err *err)
{
	struct selection sel = { 0 };
	int rc = selection_load(&sel, r, config, o->tags, o->sources,
	    SELECT_PUBLISHED, err);

	if (rc == 0 && sel.count > 0) {
		*ids = xrealloc(*ids, (*count + sel.count + 1) *
		    sizeof(**ids));
		memcpy(*ids + *count, sel.ids, (sel.count + 1) *
		    sizeof(**ids));
		*count += sel.count;
	}
	selection_fini(&sel);
	return rc;
}

int
search_sources(struct store_reader *r, const struct config *config,
    const char *outlet, int64_t **ret_ids, struct err *err)
{
	size_t count = 0;
	int rc = 0;

	*ret_ids = NULL;
	/* Names could lead to feeds that are not published. */
	if (!store_has_sources(r, config))
		return err_set(err, "a reload is under way");
	for (size_t i = 0; rc == 0 && i < config->outlets_count; i++) {
		const struct config_outlet *o = &config->outlets[i];

		if (outlet == NULL || strcmp(o->name, outlet) == 0)
			rc = add_sources(r, config, o, ret_ids, &count, err);
	}
	return rc;
}

static int
take_hit(const struct store_hit *hit, void *arg)
{
	struct search *s = arg;
	struct item item = record_item(hit->record, s->errand.config);
	const struct search_hit shown = { hit->snippet, hit->rank,
	    hit->title };

	if (++s->count > PAGE_HITS)
		return 1;
	s->format->hit(&s->errand.text, &s->view, &item, &shown);
	return 0;
}

static int
look(struct store_reader *r, struct search *s, struct err *err)
{
	struct store_filter filter = {
		.with_silent = 1, .limit = PAGE_HITS + 1,
		.skip = (s->view.page - 1) * PAGE_HITS,
		.by_date = s->view.by_date,
	};
	int64_t *ids = NULL;
	int rc = search_sources(r, s->errand.config, s->view.outlet, &ids,
	    err);

	filter.source_ids = ids;
	/* No ids at all would be a filter that takes every source. */
	if (rc == 0 && ids != NULL)
		rc = store_search(r, s->view.words, &filter, take_hit, s,
		    err);
	free(ids);
	return rc;
}

static void
read_store(struct store_reader *r, struct errand *e)
{
	struct search *s = (struct search *)e;
	struct err err = { 0 };
	int64_t last;

	e->status = 200;
	s->format->begin(&e->text, &s->view);
	if (look(r, s, &err) == -1) {
		log_event(LOG_WARN, "search failed",
		    LOG_STR("error", err.msg));
		e->status = 503;
		s->view.problem = "This cannot be found out now.";
	}
	s->view.shown = s->count > PAGE_HITS ? PAGE_HITS : s->count;
	s->view.has_more = s->count > PAGE_HITS && s->view.page < PAGES_MAX;
	if (store_last_seq(r, &last, &err) == 0)
		s->view.behind = last - store_search_seq(r);
	s->format->end(&e->text, &s->view);
}

static void
refuse(const struct errand *e, struct buf *text, const char *sentence)
{
	const struct search *s = (const struct search *)e;
	const struct search_view view = {
		.words = buf_str(&s->words), .outlet = s->view.outlet,
		.outlet_title = s->view.outlet_title, .page = 1,
		.problem = sentence,
	};

	s->format->begin(text, &view);
	s->format->end(text, &view);
}

static void
fini(struct errand *e)
{
	struct search *s = (struct search *)e;

	buf_fini(&s->words);
	buf_fini(&s->outlet);
}

const struct desk_kind search_kind = {
	sizeof(struct search), begin, read_store, refuse, fini
};
