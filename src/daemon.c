/*
 * daemon.c - see daemon.h.
 *
 *	load config -> open database -> open sockets -> READY -> loop
 *	                    SIGHUP: load, check, swap      SIGTERM: stop
 *
 * A second SIGTERM is not needed: every wait inside stopping has an end.
 */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ev.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/limits.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/systemd.h"
#include "feedmill/config.h"
#include "feedmill/control.h"
#include "feedmill/daemon.h"
#include "feedmill/metrics.h"
#include "feedmill/mill.h"
#include "feedmill/serve.h"
#include "feedmill/status.h"
#include "feedmill/store.h"
#include "daemon_day.h"
#include "daemon_desk.h"
#include "daemon_search.h"
#include "daemon_status.h"
#include "daemon_turns.h"

/* exit statuses of sysexits(3) that BEHAVIOUR section 9 uses */
enum { EXIT_UNAVAILABLE = 69, EXIT_CONFIG = 78 };
enum { REWORD_S = 5 };

struct daemon {
	struct ev_loop			*loop;
	const struct daemon_options	*options;
	struct mill			*mill;
	struct serve			*serve;
	struct control			*control;
	struct status_board		*board;
	struct desk			*desk;
	struct control_call		*reload_call;	/* waits, or NULL */
	struct ev_signal		 term, intr, hup;
	struct ev_timer			 watchdog, reword;
	struct turns			 turns;
	int				 ready, stopping, status;
};

/* ---------------------------------------------------------------- reload */

static void
answer_reload(struct daemon *d, int status, const char *text)
{
	if (d->reload_call != NULL)
		control_answer(TAKE(d->reload_call), status, text,
		    strlen(text));
}

/* Every line of a report is an event of its own. */
static void
log_report(enum log_level level, struct buf *report)
{
	char *rest = report->data, *line;

	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL)
		if (line[0] != '\0' && strstr(line, "error: ") != NULL)
			log_event(level, "configuration",
			    LOG_STR("mistake", line));
}

static void
refuse_reload(struct daemon *d, const char *why)
{
	log_event(LOG_ERROR, "not reloaded, nothing was changed",
	    LOG_STR("error", why));
	metrics_set(mill_metrics(d->mill), METRIC_CONFIG_LOADED, 0);
	answer_reload(d, 1, why);
	systemd_notify("READY=1");
}

static void
say_ready(struct daemon *d)
{
	const struct config *c = mill_config(d->mill);
	const char *at = d->serve != NULL ? serve_address(d->serve) : NULL;
	struct buf where = { 0 };

	for (size_t i = 0; at != NULL && i < c->outlets_count; i++)
		buf_printf(&where, "%s%s/%s.atom", i > 0 ? " " : "", at,
		    c->outlets[i].name);
	log_event(LOG_INFO, "ready", LOG_INT("sources", c->sources_count),
	    LOG_STR("serving", where.len > 0 ? where.data : NULL),
	    LOG_STR("state", c->state));
	buf_fini(&where);
}

/* -v and -q go before the configuration. */
static void
set_log_level(const struct daemon_options *options,
    const struct config *config)
{
	log_set_level(options->log_level != LOG_INFO ? options->log_level :
	    config->log_level);
}

static void
stop(struct daemon *d, int status)
{
	d->stopping = 1;
	d->status = status;
	ev_break(d->loop, EVBREAK_ALL);
}

static void
applied(const struct err *failed, void *arg)
{
	struct daemon *d = arg;
	struct err e;

	if (failed != NULL && !d->ready) {
		log_event(LOG_ERROR, "cannot start",
		    LOG_STR("error", failed->msg));
		stop(d, failed->exit_status != 0 ? failed->exit_status : 1);
		return;
	}
	if (failed != NULL) {
		refuse_reload(d, failed->msg);
		return;
	}
	set_log_level(d->options, mill_config(d->mill));
	if (d->serve != NULL &&
	    serve_configure(d->serve, mill_config(d->mill), &e) == -1) {
		log_event(LOG_ERROR, "cannot serve", LOG_STR("error", e.msg));
		if (!d->ready) {
			stop(d, EXIT_UNAVAILABLE);
			return;
		}
	}
	metrics_set(mill_metrics(d->mill), METRIC_CONFIG_LOADED, 1);
	metrics_set(mill_metrics(d->mill), METRIC_CONFIG_LOADED_S,
	    (double)clock_wall_ms() / 1000.0);
	if (d->ready)
		log_event(LOG_INFO, "reloaded", LOG_INT("sources",
		    mill_config(d->mill)->sources_count));
	answer_reload(d, 0, "reloaded\n");
	systemd_notify("READY=1\nSTATUS=Polling.");
	if (!d->ready && !d->options->once)
		say_ready(d);
	d->ready = 1;
	mem_trim();	/* of what reading the configuration took */
}

static void
reload(struct daemon *d)
{
	struct buf report = { 0 };
	const struct config *next;
	unsigned mistakes;

	systemd_notify_reloading();
	next = config_load(d->options->config, &report, &mistakes);
	if (next == NULL) {
		log_report(LOG_ERROR, &report);
		refuse_reload(d, buf_str(&report));
	} else if (strcmp(next->database,
	    mill_config(d->mill)->database) != 0) {
		refuse_reload(d, "database: changing it needs a restart\n");
	} else {
		mill_configure(d->mill, next, applied, d);
	}
	config_unref(next);
	buf_fini(&report);
}

/* --------------------------------------------------------------- signals */

static void
on_stop_signal(struct ev_loop *loop, struct ev_signal *w, int revents)
{
	struct daemon *d = w->data;

	(void)loop, (void)revents;
	log_progress("%s", "");
	log_event(LOG_INFO, "stopping",
	    LOG_STR("signal", w->signum == SIGTERM ? "TERM" : "INT"));
	stop(d, 0);
}

static void
on_hup(struct ev_loop *loop, struct ev_signal *w, int revents)
{
	struct daemon *d = w->data;

	(void)loop, (void)revents;
	if (!d->stopping)
		reload(d);
}

static void
on_watchdog(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	(void)loop, (void)w, (void)revents;
	systemd_notify("WATCHDOG=1");
}

/* STATUS= of systemctl status, when it has changed. */
static void
on_reword(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	struct daemon *d = w->data;
	const struct metrics *m = mill_metrics(d->mill);
	char text[128];

	(void)loop, (void)revents;
	snprintf(text, sizeof(text), "STATUS=%.0f sources, %.0f failing, "
	    "%.0f new entries", m->value[METRIC_SOURCES],
	    m->value[METRIC_SOURCES_FAILING], m->value[METRIC_ADDED]);
	systemd_notify(text);
}

static void
watch(struct daemon *d)
{
	double ping_s = systemd_watchdog_s();

	ev_signal_init(&d->term, on_stop_signal, SIGTERM);
	ev_signal_init(&d->intr, on_stop_signal, SIGINT);
	ev_signal_init(&d->hup, on_hup, SIGHUP);
	d->term.data = d->intr.data = d->hup.data = d;
	ev_signal_start(d->loop, &d->term);
	ev_signal_start(d->loop, &d->intr);
	if (!d->options->once)
		ev_signal_start(d->loop, &d->hup);
	turns_watch(&d->turns, d->loop, mill_metrics(d->mill));
	ev_timer_init(&d->watchdog, on_watchdog, ping_s, ping_s);
	if (ping_s > 0.0)
		ev_timer_start(d->loop, &d->watchdog);
	ev_timer_init(&d->reword, on_reword, REWORD_S, REWORD_S);
	d->reword.data = d;
	if (getenv("NOTIFY_SOCKET") != NULL && !d->options->once)
		ev_timer_start(d->loop, &d->reword);
}

/* --------------------------------------------------- the server's pages */

static int
answer_healthz(struct buf *b, void *arg)
{
	(void)arg;
	buf_puts(b, "ok\n");
	return 200;
}

static int
answer_metrics(struct buf *b, void *arg)
{
	struct daemon *d = arg;
	struct metrics *m = mill_metrics(d->mill);

	if (!mill_config(d->mill)->http.metrics) {
		buf_puts(b, "metrics are switched off\n");
		return 404;
	}
	for (int i = 1; i <= 5; i++)
		m->http_answers[i] = serve_count(d->serve, i);
	metrics_render(b, m);
	return 200;
}

static int
answer_status(struct buf *b, void *arg)
{
	struct daemon *d = arg;

	if (mill_config(d->mill)->http.status)
		return status_board_html(d->board, b);
	buf_puts(b, "<!doctype html>\n<title>Not here</title>\n"
	    "<p>status is switched off\n");
	return 404;
}

static int
answer_status_json(struct buf *b, void *arg)
{
	struct daemon *d = arg;

	if (mill_config(d->mill)->http.status)
		return status_board_json(d->board, b);
	buf_puts(b, "{}\n");
	return 404;
}

static void
ask_desk(struct daemon *d, const struct desk_kind *kind,
    struct serve_call *call)
{
	struct buf text = { 0 };

	if (mill_config(d->mill)->http.search) {
		desk_take(d->desk, kind, call);
		return;
	}
	buf_puts(&text, "not found\n");
	serve_call_answer(call, 404, "text/plain; charset=utf-8", &text);
}

static void
ask_search(struct serve_call *call, void *arg)
{
	ask_desk(arg, &search_kind, call);
}

static void
ask_day(struct serve_call *call, void *arg)
{
	ask_desk(arg, &day_kind, call);
}

static const struct serve_route routes[] = {
	{ "/healthz", "text/plain; charset=utf-8", answer_healthz, NULL },
	{ "/metrics", "text/plain; version=0.0.4; charset=utf-8",
	    answer_metrics, NULL },
	{ "/status", "text/html; charset=utf-8", answer_status, NULL },
	{ "/status.json", "application/json", answer_status_json, NULL },
	{ "/search", NULL, NULL, ask_search },
	{ "/day", NULL, NULL, ask_day },
	{ NULL, NULL, NULL, NULL }
};

/* --------------------------------------------------------- control verbs */

struct status_call {
	struct daemon		*daemon;
	struct control_call	*call;
	struct status		 status;
	struct status_query	 query;
	char			**names;
	struct err		 failed;
	int			 rc;
};

static void
read_status(struct store_reader *r, void *arg)
{
	struct status_call *c = arg;

	c->rc = status_collect(r, &c->status, &c->failed);
}

static void
status_read(void *arg)
{
	struct status_call *c = arg;
	struct buf text = { 0 };
	int status = 0;

	if (c->rc == -1) {
		buf_printf(&text, "%s\n", c->failed.msg);
		status = 1;
	} else {
		c->status.running = 1;
		status_take_health(&c->status, mill_store(c->daemon->mill));
		c->status.now_ms = clock_wall_ms();
		for (size_t i = 0; i < c->status.count; i++)
			mill_refresh_summary(c->daemon->mill,
			    &c->status.sources[i]);
		if (status_print(&text, &c->status, &c->query) == 0 &&
		    c->names[0] != NULL)
			status = 1;
	}
	control_answer(c->call, status, buf_str(&text), text.len);
	buf_fini(&text);
	status_fini(&c->status);
	for (size_t i = 0; c->names[i] != NULL; i++)
		free(c->names[i]);
	free(c->names);
	free(c);
}

/* status FORMAT FAILING NAME... */
static void
call_status(struct control_call *call, char **args, void *arg)
{
	struct daemon *d = arg;
	struct status_call *c = xcalloc(1, sizeof(*c));
	size_t n = 0;

	c->daemon = d;
	c->call = call;
	if (args[0] != NULL && args[1] != NULL) {
		c->query.json = strcmp(args[0], "json") == 0;
		c->query.failing = strcmp(args[1], "failing") == 0;
		args += 2;
	}
	while (args[n] != NULL)
		n++;
	c->names = xcalloc(n + 1, sizeof(*c->names));
	for (size_t i = 0; i < n; i++)
		c->names[i] = xstrdup(args[i]);
	c->query.names = (const char *const *)c->names;
	store_read(mill_store(d->mill), read_status, status_read, c);
}

static void
call_why(struct control_call *call, char **args, void *arg)
{
	struct daemon *d = arg;
	struct buf text = { 0 };
	int status = 0;

	if (args[0] == NULL ||
	    mill_explain(d->mill, args[0], &text) == -1) {
		buf_puts(&text, "no such source is asked\n");
		status = 1;
	}
	control_answer(call, status, buf_str(&text), text.len);
	buf_fini(&text);
}

static void
call_reload(struct control_call *call, char **args, void *arg)
{
	struct daemon *d = arg;

	(void)args;
	if (d->reload_call != NULL || !d->ready) {
		control_answer(call, 1, "busy with another reload\n",
		    strlen("busy with another reload\n"));
		return;
	}
	d->reload_call = call;
	reload(d);
}

static void
fetch_answered(int status, const char *text, size_t len, void *arg)
{
	control_answer(arg, status, text, len);
}

/* fetch FULL|CHANGED SOURCE */
static void
call_fetch(struct control_call *call, char **args, void *arg)
{
	struct daemon *d = arg;
	struct err e;
	int rc;

	if (args[0] == NULL || args[1] == NULL)
		rc = err_set(&e, "fetch how, and which?");
	else
		rc = mill_fetch(d->mill, args[1],
		    strcmp(args[0], "full") == 0, fetch_answered, call, &e);
	if (rc == -1)
		control_answer(call, MILL_REFUSED, e.msg, strlen(e.msg));
}

/* forget WHAT */
static void
call_forget(struct control_call *call, char **args, void *arg)
{
	static const char which[] = "forget which?\n";
	struct daemon *d = arg;

	if (args[0] == NULL || !d->ready)
		control_answer(call, MILL_REFUSED, which, sizeof(which) - 1);
	else
		mill_forget(d->mill, args[0], fetch_answered, call);
}

static const struct control_verb verbs[] = {
	{ "status", call_status },
	{ "why", call_why },
	{ "reload", call_reload },
	{ "fetch", call_fetch },
	{ "forget", call_forget },
	{ NULL, NULL }
};

char *
daemon_socket_path(const char *state)
{
	struct buf b = { 0 };

	buf_printf(&b, "%s/feedmill.sock", state);
	return buf_take(&b);
}

/* --------------------------------------------------------- start and stop */

static void
round_done(void *arg)
{
	struct daemon *d = arg;
	struct mill_round r = mill_round(d->mill);

	log_event(LOG_INFO, "round done", LOG_INT("sources", r.sources),
	    LOG_INT("failed", r.failed), LOG_INT("new", r.added),
	    LOG_INT("updated", r.updated), LOG_INT("duplicate", r.duplicate),
	    LOG_INT("edited", r.edited));
	stop(d, r.failed > 0 || r.storage_failed ? 1 : 0);
}

/* Said once: more was asked for than can be. */
static void
warn_of_few_files(const struct config *config)
{
	unsigned share = limits_socket_share();

	if (share >= (unsigned)config->fetch.concurrency && (share >=
	    (unsigned)config->http.connections || !config->http.enabled))
		return;
	log_event(LOG_WARN, "few open files are allowed (LimitNOFILE): fewer "
	    "transfers and connections at once",
	    LOG_INT("each_at_most", share));
}

static int
open_all(struct daemon *d, const struct config *config, struct err *e)
{
	const struct mill_options options = {
		.once = d->options->once, .now = d->options->now,
		.done = round_done, .arg = d,
	};
	char *socket_path;

	if (file_make_dirs(config->state, e) == -1)
		return -1;
	d->mill = mill_new(d->loop, config, &options, e);
	if (d->mill == NULL)
		return -1;
	if (d->options->once)
		return 0;
	socket_path = daemon_socket_path(config->state);
	d->control = control_new(d->loop, socket_path, verbs, d, e);
	free(socket_path);
	if (d->control == NULL)
		return -1;
	if (config->http.enabled)
		d->serve = serve_new(d->loop, routes, d);
	d->board = status_board_new(d->mill);
	d->desk = desk_new(d->loop, d->mill);
	return 0;
}

static void
warn_of_proxies(const struct config *config)
{
	static const char *const names[] = { "http_proxy", "https_proxy",
	    "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };

	for (size_t i = 0; i < config->sources_count; i++)
		if (config->sources[i].proxy != NULL)
			return;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (getenv(names[i]) == NULL)
			continue;
		log_event(LOG_WARN, "the environment's proxy is not used: "
		    "set fetch.proxy", LOG_STR("variable", names[i]));
		return;
	}
}

int
daemon_run(const struct daemon_options *options)
{
	struct daemon d = { .options = options };
	struct buf report = { 0 };
	const struct config *config;
	unsigned mistakes;
	struct err e;

	config = config_load(options->config, &report, &mistakes);
	fputs(buf_str(&report), stderr);
	buf_fini(&report);
	if (config == NULL)
		return EXIT_CONFIG;
	set_log_level(options, config);
	limits_raise_files();
	signal(SIGPIPE, SIG_IGN);
	d.loop = ev_default_loop(EVFLAG_AUTO);
	if (open_all(&d, config, &e) == -1) {
		log_event(LOG_ERROR, "cannot start", LOG_STR("error", e.msg));
		d.status = e.exit_status != 0 ? e.exit_status : 1;
	} else {
		warn_of_proxies(config);
		warn_of_few_files(config);
		watch(&d);
		mill_configure(d.mill, config, applied, &d);
		ev_run(d.loop, 0);
		systemd_notify("STOPPING=1");
	}
	config_unref(config);
	control_free(d.control);
	desk_close(d.desk);
	mill_free(d.mill);
	desk_free(d.desk);
	status_board_free(d.board);
	serve_free(d.serve);
	ev_loop_destroy(d.loop);
	return d.status;
}
