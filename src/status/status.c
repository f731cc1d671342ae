/* status.c - see status.h. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/date.h"
#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/cadence.h"
#include "feedmill/config.h"
#include "feedmill/status.h"
#include "private.h"

#define DAY_MS	INT64_C(86400000)

struct collecting {
	struct status	*status;
	size_t		 cap;
};

static int
collect_source(const struct source_summary *from, void *arg)
{
	struct collecting *c = arg;
	struct status *s = c->status;
	struct source_summary *to;

	if (s->count == c->cap) {
		c->cap = c->cap * 2 + 64;
		s->sources = xrealloc(s->sources,
		    c->cap * sizeof(*s->sources));
	}
	to = &s->sources[s->count++];
	*to = *from;
	to->name = arena_strdup(&s->arena, from->name);
	to->url = arena_strdup(&s->arena, from->url);
	to->title = arena_strdup(&s->arena, from->title);
	to->error = arena_strdup(&s->arena, from->error);
	to->outcome = arena_strdup(&s->arena, from->outcome);
	return 0;
}

/* A difference of numbers: nothing is counted. */
static int
collect_days(struct store_reader *r, struct status_days *days, struct err *e)
{
	int64_t today_ms = clock_wall_ms() / DAY_MS * DAY_MS, last, before;

	days->first_ms = today_ms - (STATUS_DAYS - 1) * DAY_MS;
	if (store_last_seq(r, &last, e) == -1)
		return -1;
	for (int i = STATUS_DAYS - 1; i >= 0; i--) {
		if (store_seq_before(r, days->first_ms + i * DAY_MS, &before,
		    e) == -1)
			return -1;
		days->announced[i] = last > before ? last - before : 0;
		last = before;
	}
	return 0;
}

void
status_fini(struct status *s)
{
	arena_fini(&s->arena);
	free(s->sources);
	*s = (struct status){ 0 };
}

int
status_collect(struct store_reader *r, struct status *s, struct err *e)
{
	struct collecting c = { .status = s };

	if (store_each_source(r, collect_source, &c, e) == 0 &&
	    collect_days(r, &s->days, e) == 0 &&
	    store_totals(r, &s->totals, e) == 0)
		return 0;
	status_fini(s);
	return -1;
}

const struct status_trouble_name status_troubles[TROUBLE_COUNT] = {
	[TROUBLE_DATABASE] = { "database_error",
	    "the database cannot be written" },
	[TROUBLE_OUTLETS] = { "outlets_error", "an outlet cannot be written" },
	[TROUBLE_ARCHIVES] = { "archives_error",
	    "an archive cannot be written" },
};

void
status_take_trouble(struct status *s, enum status_trouble which,
    const char *why)
{
	s->trouble[which] = *why != '\0' ? arena_strdup(&s->arena, why) :
	    NULL;
}

static int
is_named(const struct source_summary *row, const char *name)
{
	return strcmp(name, row->name) == 0 || strcmp(name, row->url) == 0;
}

static int
is_wanted(const struct source_summary *row, const struct status_query *q)
{
	if (q->failing && (row->disabled || (row->failures == 0 &&
	    !row->gone)))
		return 0;
	if (q->names == NULL || q->names[0] == NULL)
		return !row->removed;
	for (size_t i = 0; q->names[i] != NULL; i++)
		if (is_named(row, q->names[i]))
			return 1;
	return 0;
}

const char *
status_unknown_name(const struct status *s, const struct status_query *q)
{
	for (size_t i = 0; q->names != NULL && q->names[i] != NULL; i++) {
		size_t n = 0;

		while (n < s->count && !is_named(&s->sources[n], q->names[i]))
			n++;
		if (n == s->count)
			return q->names[i];
	}
	return NULL;
}

/* ---------------------------------------------------------------- text */

void
status_put_ago(struct buf *b, int64_t now_ms, int64_t ms)
{
	char text[24];
	int64_t s;

	if (ms == DATE_NONE || ms == 0) {
		buf_puts(b, "never");
		return;
	}
	s = (now_ms - ms) / 1000;
	s = s < 0 ? -s : s;
	/* Nobody wants "2d3h14m7s". */
	s -= s >= 86400 ? s % 3600 : s >= 600 ? s % 60 : 0;
	text_format_duration(s, text);
	buf_printf(b, ms > now_ms ? "in %s" : "%s ago", text);
}

void
status_put_next(struct buf *b, int64_t now_ms,
    const struct source_summary *row)
{
	if (row->next_due_ms == INT64_MAX || row->gone)
		buf_puts(b, "never");
	else if (row->next_due_ms <= now_ms)
		buf_puts(b, "now");
	else
		status_put_ago(b, now_ms, row->next_due_ms);
}

void
status_configure(struct source_summary *row, const struct config *config)
{
	const struct config_source *source = row->removed ? NULL :
	    config_find_source(config, row->name);

	if (source == NULL)
		return;
	if (source->url_from != NULL)
		row->url = source->url_from;
	row->disabled = !source->enabled;
	if (row->disabled)
		row->next_due_ms = INT64_MAX;
}

const char *
status_state(const struct source_summary *row)
{
	if (row->removed)
		return "removed";
	if (row->disabled)
		return "off";
	if (row->gone)
		return "gone";
	if (row->outcome == NULL)
		return "new";
	return row->failures > 0 ? "failing" : "ok";
}

static void
print_row(struct buf *b, int64_t now_ms, const struct source_summary *row)
{
	char *url = url_redact(row->url);

	buf_printf(b, "%-8s %s\n", status_state(row), row->name);
	buf_printf(b, "         %s\n", url);
	buf_printf(b, "         entries %lld, announced %lld; last visit ",
	    (long long)row->entries, (long long)row->announced);
	status_put_ago(b, now_ms, row->visited_ms);
	if (row->outcome != NULL)
		buf_printf(b, " (%s)", row->outcome);
	buf_puts(b, "; last new ");
	status_put_ago(b, now_ms, row->changed_ms);
	buf_puts(b, "; next ");
	status_put_next(b, now_ms, row);
	buf_putc(b, '\n');
	if (row->error != NULL) {
		buf_puts(b, "         ");
		if (row->failures > 0)
			buf_printf(b, "%u failure%s in a row: ",
			    row->failures, row->failures == 1 ? "" : "s");
		buf_printf(b, "%s\n", row->error);
	}
	free(url);
}

static size_t
print_text(struct buf *b, const struct status *s,
    const struct status_query *q)
{
	size_t shown = 0;
	char size[24];

	for (size_t i = 0; i < s->count; i++) {
		if (!is_wanted(&s->sources[i], q))
			continue;
		print_row(b, s->now_ms, &s->sources[i]);
		shown++;
	}
	text_format_size(s->totals.database_bytes, size);
	buf_printf(b, "%s%lld sources, %lld entries, %lld announcements, "
	    "database %s, %s\n", shown > 0 ? "\n" : "",
	    (long long)s->totals.sources, (long long)s->totals.entries,
	    (long long)s->totals.last_seq, size,
	    s->running ? "daemon running" : "daemon not running");
	for (int i = 0; i < TROUBLE_COUNT; i++) {
		if (s->trouble[i] != NULL)
			buf_printf(b, "%s: %s\n", status_troubles[i].sentence,
			    s->trouble[i]);
	}
	return shown;
}

/* ---------------------------------------------------------------- JSON */

static json_t *
time_json(int64_t ms)
{
	char text[DATE_TEXT_SIZE];

	if (ms == DATE_NONE || ms == INT64_MAX || ms == 0)
		return json_null();
	date_format_rfc3339(ms, text);
	return json_string(text);
}

static json_t *
text_json(const char *s)
{
	json_t *j = s != NULL ? json_string(s) : NULL;

	return j != NULL ? j : json_null();
}

static json_t *
row_json(const struct source_summary *row)
{
	char *url = url_redact(row->url);
	json_t *j = json_object();

	json_object_set_new(j, "name", text_json(row->name));
	json_object_set_new(j, "state", text_json(status_state(row)));
	json_object_set_new(j, "url", text_json(url));
	json_object_set_new(j, "title", text_json(row->title));
	json_object_set_new(j, "outcome", text_json(row->outcome));
	json_object_set_new(j, "error", text_json(row->error));
	json_object_set_new(j, "failures", json_integer(row->failures));
	json_object_set_new(j, "last_visit", time_json(row->visited_ms));
	json_object_set_new(j, "last_success", time_json(row->succeeded_ms));
	json_object_set_new(j, "last_new_entry", time_json(row->changed_ms));
	json_object_set_new(j, "next_visit", time_json(row->next_due_ms));
	json_object_set_new(j, "entries", json_integer(row->entries));
	json_object_set_new(j, "announced", json_integer(row->announced));
	free(url);
	return j;
}

static json_t *
days_json(const struct status_days *days)
{
	json_t *list = json_array();
	char day[DATE_TEXT_SIZE];

	for (int i = 0; i < STATUS_DAYS; i++) {
		date_format_iso24(days->first_ms + i * DAY_MS, day);
		day[strlen("2025-02-24")] = '\0';
		json_array_append_new(list, json_pack("{s:s, s:I}", "date",
		    day, "announced", (json_int_t)days->announced[i]));
	}
	return list;
}

static size_t
print_json(struct buf *b, const struct status *s,
    const struct status_query *q)
{
	json_t *root = json_object(), *rows = json_array();
	size_t shown = 0;
	char *text;

	for (size_t i = 0; i < s->count; i++) {
		if (!is_wanted(&s->sources[i], q))
			continue;
		json_array_append_new(rows, row_json(&s->sources[i]));
		shown++;
	}
	json_object_set_new(root, "schema", json_string("feedmill.status/1"));
	json_object_set_new(root, "version", json_string(FEEDMILL_VERSION));
	json_object_set_new(root, "time", time_json(s->now_ms));
	json_object_set_new(root, "running", json_boolean(s->running));
	json_object_set_new(root, "entries", json_integer(s->totals.entries));
	json_object_set_new(root, "announcements",
	    json_integer(s->totals.last_seq));
	json_object_set_new(root, "database_bytes",
	    json_integer(s->totals.database_bytes));
	json_object_set_new(root, "days", days_json(&s->days));
	for (int i = 0; i < TROUBLE_COUNT; i++)
		json_object_set_new(root, status_troubles[i].key,
		    text_json(s->trouble[i]));
	json_object_set_new(root, "sources", rows);
	text = json_dumps(root, JSON_INDENT(1));
	buf_puts(b, text != NULL ? text : "{}");
	buf_putc(b, '\n');
	free(text);
	json_decref(root);
	return shown;
}

size_t
status_print(struct buf *b, const struct status *s,
    const struct status_query *q)
{
	return q->json ? print_json(b, s, q) : print_text(b, s, q);
}

/* ------------------------------------------------------------------- why */

struct why {
	const struct config	*config;
	const struct config_source *source;
	char			*host, *url;
	struct history		 history;
	struct cadence_facts	 facts;
};

struct cadence_limits
status_limits(const struct config *config, const struct config_source *s)
{
	return (struct cadence_limits){
		.interval_s = s->interval_s, .min_s = s->interval_min_s,
		.max_s = s->interval_max_s,
		.jitter_percent = (unsigned)config->fetch.jitter_percent,
	};
}

static int
why_of_state(const char *name, const struct source_state *st, void *arg)
{
	struct why *w = arg;

	if (strcmp(name, w->source->name) != 0)
		return 0;
	w->history = st->history;
	w->facts.next_ms = st->gone ? INT64_MAX : st->next_due_ms;
	w->host = url_host(st->url);
	w->url = xstrdup(st->url);
	return 1;
}

/* Retry-After of any source holds its host. */
static int
hold_of_state(const char *name, const struct source_state *st, void *arg)
{
	struct why *w = arg;
	const struct config_source *s = config_find_source(w->config, name);
	char *host = st->held_host != NULL ? xstrdup(st->held_host) :
	    url_host(st->url);
	struct cadence_limits limits;
	int64_t hold_ms = 0;

	if (s != NULL && host != NULL && w->host != NULL &&
	    strcmp(host, w->host) == 0) {
		limits = status_limits(w->config, s);
		hold_ms = cadence_hold_ms(w->facts.now_ms, &limits,
		    &st->history);
	}
	free(host);
	if (hold_ms > 0 && w->facts.now_ms + hold_ms > w->facts.held_ms)
		w->facts.held_ms = w->facts.now_ms + hold_ms;
	return 0;
}

void
status_put_https(struct buf *b, const struct hsts *hsts, const char *url,
    int64_t now_ms)
{
	char *host = strncmp(url, "http://", 7) == 0 ? url_host(url) : NULL;
	int64_t until_ms = host != NULL ? hsts_until(hsts, host, now_ms) : 0;
	char when[DATE_TEXT_SIZE];

	free(host);
	if (until_ms == 0)
		return;
	date_format_rfc3339(until_ms / 1000 * 1000, when);
	buf_printf(b, "%-26s %s: its host wants it so (HSTS)\n",
	    "asked by https until", when);
}

static void
nobody_is_told(const struct hsts_entry *e, void *arg)
{
	(void)e, (void)arg;
}

struct remembering {
	struct hsts	*hsts;
	int64_t		 now_ms;
};

static int
remember_host(const struct hsts_entry *e, void *arg)
{
	const struct remembering *r = arg;

	hsts_remember(r->hsts, e, r->now_ms);
	return 0;
}

static int
explain_https(struct store_reader *r, const char *url, int64_t now_ms,
    struct buf *b, struct err *e)
{
	struct remembering all = { hsts_new(nobody_is_told, NULL), now_ms };
	int rc = store_each_hsts(r, remember_host, &all, e);

	status_put_https(b, all.hsts, url, now_ms);
	hsts_free(all.hsts);
	return rc;
}

int
status_explain(struct store_reader *r, const struct config *config,
    const struct config_source *source, int64_t now_ms, struct buf *b,
    struct err *e)
{
	const struct cadence_limits limits = status_limits(config, source);
	struct why w = { .config = config, .source = source,
	    .facts.now_ms = now_ms };
	int rc;

	history_init(&w.history);
	rc = store_each_state(r, why_of_state, &w, e);
	if (rc == 0)
		rc = store_each_state(r, hold_of_state, &w, e);
	if (rc == 0) {		/* as a start would have it */
		w.facts.next_ms = cadence_resume(now_ms, &limits, &w.history,
		    w.facts.next_ms, 0);
		cadence_explain(b, &limits, &w.history, &w.facts);
	}
	if (rc == 0 && w.url != NULL)
		rc = explain_https(r, w.url, now_ms, b, e);
	free(w.host);
	free(w.url);
	return rc;
}
