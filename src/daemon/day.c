/* day.c - see day.h. */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/date.h"
#include "feedmill/base/err.h"
#include "feedmill/base/log.h"
#include "feedmill/config.h"
#include "feedmill/render.h"
#include "feedmill/rounds.h"
#include "feedmill/serve.h"
#include "feedmill/store.h"
#include "day.h"
#include "search.h"

#define DAY_MS	INT64_C(86400000)

enum { PAGE_ITEMS = 100, PAGES_MAX = 1000 };

struct day {
	struct errand	 errand;
	const struct config_outlet *outlet;
	struct outlet_head head;
	struct day_view	 view;
	unsigned	 count;		/* items seen, one more than shown */
};

/* ---------------------------------------------------------- what is asked */

/* "2025-02-24", as <input type=date> sends it. */
static int64_t
parse_day(const char *s)
{
	static const char shape[] = "0000-00-00";
	char again[DATE_TEXT_SIZE];
	int64_t ms;

	if (strlen(s) != sizeof(shape) - 1)
		return DATE_NONE;
	for (size_t i = 0; i < sizeof(shape) - 1; i++) {
		int digit = s[i] >= '0' && s[i] <= '9';

		if (digit != (shape[i] == '0') || (!digit && s[i] != '-'))
			return DATE_NONE;
	}
	ms = date_parse(s, 0);
	if (ms == DATE_NONE)
		return DATE_NONE;
	/* There is no 30th of February. */
	date_format_iso24(ms, again);
	return strncmp(s, again, sizeof(shape) - 1) == 0 ? ms : DATE_NONE;
}

static const char *
take_day(struct day *d, const char *query)
{
	struct buf value = { 0 };
	int found = serve_query_get(query, "date", &value);

	if (found == 1)
		d->view.day_ms = parse_day(buf_str(&value));
	buf_fini(&value);
	return d->view.day_ms != DATE_NONE ? NULL : "Which day? It is "
	    "written as 2025-02-24.";
}

/* Without a name it is the first. */
static const char *
take_outlet(struct day *d, const char *query)
{
	const struct config *config = d->errand.config;
	struct buf name = { 0 };
	int found = serve_query_get(query, "in", &name);
	const struct config_outlet *o = NULL;

	if (found == 1)
		o = search_outlet(config, buf_str(&name));
	else if (found == 0 && config->outlets_count > 0)
		o = &config->outlets[0];
	buf_fini(&name);
	d->head = (struct outlet_head){ .title = "Days" };
	if (o == NULL)
		return "There is no such outlet.";
	d->outlet = o;
	d->head = (struct outlet_head){
		.name = o->name, .title = o->title, .language = o->language,
		.content = o->content, .formats = o->formats,
		.has_search = 1,
	};
	return NULL;
}

static int
begin(struct errand *e, const char *query)
{
	struct day *d = (struct day *)e;
	const char *problem, *next;

	e->type = "text/html; charset=utf-8";
	d->view = (struct day_view){ .page = 1, .day_ms = DATE_NONE,
	    .older_ms = DATE_NONE, .newer_ms = DATE_NONE };
	query = query != NULL ? query : "";
	problem = take_outlet(d, query);
	next = take_day(d, query);
	problem = problem != NULL ? problem : next;
	next = desk_take_page(query, PAGES_MAX, &d->view.page);
	problem = problem != NULL ? problem : next;
	if (problem == NULL)
		return 0;
	e->status = 400;
	d->view.problem = problem;
	render_day_begin(&e->text, &d->head, &d->view);
	render_day_end(&e->text, &d->head, &d->view);
	return -1;
}

/* ----------------------------------------------------------- what is shown */

static int64_t
day_of(int64_t ms)
{
	return ms - ((ms % DAY_MS) + DAY_MS) % DAY_MS;
}

static int
find_neighbours(struct store_reader *r, const int64_t *ids,
    struct day_view *v, struct err *err)
{
	int64_t older, newer;

	if (store_time_near(r, ids, v->day_ms, 0, &older, err) == -1 ||
	    store_time_near(r, ids, v->day_ms + DAY_MS, 1, &newer, err) == -1)
		return -1;
	v->older_ms = older == DATE_NONE ? DATE_NONE : day_of(older);
	v->newer_ms = newer == DATE_NONE ? DATE_NONE : day_of(newer);
	return 0;
}

static int
take_record(const struct record *r, void *arg)
{
	struct day *d = arg;
	struct item item = record_item(r, d->errand.config);

	if (++d->count > PAGE_ITEMS)
		return 1;
	render_html_item(&d->errand.text, &d->head, &item);
	return 0;
}

static int
look(struct store_reader *r, struct day *d, struct err *err)
{
	struct store_filter filter = {
		.with_silent = 1, .limit = PAGE_ITEMS + 1,
		.skip = (d->view.page - 1) * PAGE_ITEMS,
	};
	int64_t *ids = NULL;
	int rc = search_sources(r, d->errand.config, d->outlet->name, &ids,
	    err);

	/* No ids at all would be a filter that takes every source. */
	if (rc == 0 && ids != NULL)
		rc = find_neighbours(r, ids, &d->view, err);
	filter.source_ids = ids;
	render_day_begin(&d->errand.text, &d->head, &d->view);
	if (rc == 0 && ids != NULL)
		rc = store_each_between(r, &filter, d->view.day_ms,
		    d->view.day_ms + DAY_MS, take_record, d, err);
	free(ids);
	return rc;
}

static void
read_store(struct store_reader *r, struct errand *e)
{
	struct day *d = (struct day *)e;
	struct err err = { 0 };

	e->status = 200;
	if (look(r, d, &err) == -1) {
		log_event(LOG_WARN, "a day cannot be read",
		    LOG_STR("error", err.msg));
		e->status = 503;
		d->view.problem = "This cannot be found out now.";
	}
	d->view.shown = d->count > PAGE_ITEMS ? PAGE_ITEMS : d->count;
	d->view.has_more = d->count > PAGE_ITEMS && d->view.page < PAGES_MAX;
	render_day_end(&e->text, &d->head, &d->view);
}

static void
refuse(const struct errand *e, struct buf *text, const char *sentence)
{
	const struct day *d = (const struct day *)e;
	const struct day_view view = {
		.page = 1, .day_ms = DATE_NONE, .older_ms = DATE_NONE,
		.newer_ms = DATE_NONE, .problem = sentence,
	};

	render_day_begin(text, &d->head, &view);
	render_day_end(text, &d->head, &view);
}

static void
fini(struct errand *e)
{
	(void)e;
}

const struct desk_kind day_kind = {
	sizeof(struct day), begin, read_store, refuse, fini
};
