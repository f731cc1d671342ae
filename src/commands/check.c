/*
 * check.c - is the configuration right, and, with --feeds, is it
 * true: every feed asked once, nothing stored.
 *
 * Feeds are asked as the daemon would ask them, as many at once and no more
 * of one host; what is said of them comes in the order of the configuration.
 */
#include <signal.h>
#include <stdlib.h>

#include <ev.h>

#include "feedmill/ask.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/config.h"
#include "feedmill/hsts.h"
#include "feedmill/resolve.h"
#include "feedmill/schedule.h"

#include "private.h"

enum { CHECK_DUMP, CHECK_DEFAULTS, CHECK_FEEDS };
const struct option_row check_options[] = {
	[CHECK_DUMP] = { "dump", 0, NULL,
	    "print the effective configuration", 0 },
	[CHECK_DEFAULTS] = { "defaults", 0, NULL,
	    "print every setting with its default", 0 },
	[CHECK_FEEDS] = { "feeds", 0, NULL,
	    "ask every feed once and say what it is; store nothing", 0 },
	{ NULL, 0, NULL, NULL, 0 }
};

/* ------------------------------------------------------------- every feed */

struct asking {
	const struct config *config;
	struct ev_loop	*loop;
	struct fetch	*fetch;
	struct schedule	*schedule;
	struct buf	*lines;		/* per source; empty: not yet */
	size_t		 printed, answered;
	int		 status, unheard;
};

/* All that can be said by now without leaving one out.  Who cannot be told
 * need not be asked for. */
static void
print_lines(struct asking *a)
{
	while (a->unheard == 0 && a->printed < a->config->sources_count &&
	    a->lines[a->printed].len > 0) {
		struct buf *line = &a->lines[a->printed++];

		a->unheard = print_out(line->data, line->len);
		buf_fini(line);
	}
	if (a->unheard != 0)
		a->status = a->unheard;
	if (a->unheard != 0 || a->printed == a->config->sources_count)
		ev_break(a->loop, EVBREAK_ALL);
}

static void
put_place(struct buf *b, const struct config_source *s)
{
	buf_printf(b, " (%s:%u)", s->file, s->line);
}

/* What it is or why not. */
static void
put_verdict(struct buf *b, const struct config_source *s,
    const struct fetched *got, const struct feed *feed)
{
	if (feed != NULL)
		ask_say_line(b, feed);
	if (feed == NULL || got->outcome == OUTCOME_DAMAGED)
		buf_printf(b, "%s%s", feed != NULL ? "; " : "", got->reason);
	if (got->outcome == OUTCOME_NOT_A_FEED)
		buf_puts(b, "; \"feedmill discover\" lists the feeds of a "
		    "page");
	if (feed != NULL && got->permanent_url != NULL && !got->hide_path) {
		char *shown = url_redact(got->permanent_url);

		buf_printf(b, "; moved for good to %s", shown);
		free(shown);
	}
	if (feed == NULL || (got->permanent_url != NULL && !got->hide_path))
		put_place(b, s);
}

/* Some of it the world wrote: it stays on the line. */
static void
put_line(struct buf *b, const struct config_source *s, struct fetched *got)
{
	struct feed *feed = got->outcome == OUTCOME_OK ? ask_read(s, got) :
	    NULL;
	struct buf verdict = { 0 };

	put_verdict(&verdict, s, got, feed);
	buf_printf(b, "%-8s %s: ", got->outcome == OUTCOME_DAMAGED ?
	    "damaged" : feed != NULL ? "ok" : "failed", s->name);
	text_collapse(b, verdict.data, verdict.len);
	buf_putc(b, '\n');
	buf_fini(&verdict);
	feed_free(feed);
}

static void
answered(struct fetched **taken, void *arg)
{
	struct asking *a = arg;
	struct fetched *got = TAKE(*taken);
	const struct config_source *s = &a->config->sources[got->source_id];

	if (got->outcome == OUTCOME_OK)
		fetched_open(got);
	put_line(&a->lines[got->source_id], s, got);
	if (!outcome_is_success(got->outcome) && a->status == 0)
		a->status = 1;
	fetch_release(a->fetch, got);
	schedule_remove(a->schedule, got->source_id);	/* once */
	schedule_done(a->schedule, got->source_id);
	fetched_free(got);
	print_lines(a);
	log_progress("%zu of %zu feeds answered", ++a->answered,
	    a->config->sources_count);
}

static void
ask(int64_t id, void *arg)
{
	struct asking *a = arg;
	struct fetch_order order;
	struct fetch_header *headers = ask_order(&a->config->sources[id],
	    &order);

	order.source_id = id;
	fetch_start(a->fetch, &order);
	free(headers);
}

static int
gate(void *arg)
{
	const struct asking *a = arg;

	return fetch_bytes_in_flight(a->fetch) <
	    (uint64_t)a->config->fetch.bytes_in_flight;
}

static void
plan(struct asking *a)
{
	const struct config *c = a->config;

	schedule_limit(a->schedule, (struct schedule_limits){
	    (unsigned)c->fetch.concurrency,
	    (unsigned)c->fetch.concurrency_per_host });
	for (size_t i = 0; i < c->sources_count; i++) {
		const struct config_source *s = &c->sources[i];
		char *host = url_host(s->url);

		if (s->enabled)
			schedule_put(a->schedule, (int64_t)i,
			    host != NULL ? host : "", s->order, 0);
		else
			buf_printf(&a->lines[i], "off      %s\n", s->name);
		free(host);
	}
}

/* 0 if all are feeds. */
static int
check_feeds(const struct config *config)
{
	const struct fetch_limits limits = ask_limits(config);
	struct asking a = { .config = config,
	    .loop = ev_loop_new(EVFLAG_AUTO),
	    .lines = xcalloc(config->sources_count + 1, sizeof(*a.lines)) };
	struct resolve *resolve = resolve_new(a.loop);
	struct hsts *hsts = known_hosts(config);

	signal(SIGPIPE, SIG_IGN);
	a.fetch = fetch_new(a.loop, resolve, &limits, answered, &a);
	fetch_use_hsts(a.fetch, hsts);
	a.schedule = schedule_new(a.loop, ask, gate, &a);
	plan(&a);
	print_lines(&a);
	if (a.unheard == 0 && a.printed < config->sources_count)
		ev_run(a.loop, 0);
	log_progress("%s", "");
	fetch_free(a.fetch);
	hsts_free(hsts);
	schedule_free(a.schedule);
	resolve_free(resolve);
	ev_loop_destroy(a.loop);
	for (size_t i = 0; i < config->sources_count; i++)
		buf_fini(&a.lines[i]);
	free(a.lines);
	return a.status;
}

/* ----------------------------------------------------------------- check */

static int
print_config(const struct config *config, int dump)
{
	struct buf out = { 0 };
	int status;

	if (dump)
		config_dump(config, &out);
	else
		buf_printf(&out, "%s: ok, %zu source%s, %zu outlet%s, "
		    "%zu archive%s\n", config->path, config->sources_count,
		    config->sources_count == 1 ? "" : "s",
		    config->outlets_count,
		    config->outlets_count == 1 ? "" : "s",
		    config->archives_count,
		    config->archives_count == 1 ? "" : "s");
	status = print_out(buf_str(&out), out.len);
	buf_fini(&out);
	return status;
}

static int
print_defaults(void)
{
	struct buf out = { 0 };
	int status;

	config_print_options(&out, 0);
	status = print_out(buf_str(&out), out.len);
	buf_fini(&out);
	return status;
}

/* The file that -c names, or the default. */
static int
check_one(struct call *c)
{
	const struct config *config;
	int status;

	config = load_config(c, SECRETS_NEEDED);
	if (config == NULL)
		return 1;
	status = c->option[CHECK_FEEDS] != NULL ? check_feeds(config) :
	    print_config(config, c->option[CHECK_DUMP] != NULL);
	config_unref(config);
	return status;
}

int
command_check(struct call *c)
{
	int status = 0;

	if (c->option[CHECK_DEFAULTS] != NULL)
		return print_defaults();
	if (c->operands_count == 0)
		return check_one(c);
	for (size_t i = 0; i < c->operands_count; i++) {
		int one;

		c->config_path = c->operands[i];
		one = check_one(c);
		status = status != 0 ? status : one;
	}
	return status;
}
