/*
 * daemon.c - see daemon.h.
 *
 *	load config -> open database -> open sockets -> READY -> loop
 *	                    SIGHUP: load, check, swap      SIGTERM: stop
 *
 * A second SIGTERM is not needed: every wait inside stopping has an end.
 */
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
#include "feedmill/import.h"
#include "feedmill/metrics.h"
#include "desk.h"
#include "private.h"
#include "status.h"

enum { REWORD_S = 5 };

char *
daemon_socket_path(const char *state)
{
	struct buf b = { 0 };

	buf_printf(&b, "%s/feedmill.sock", state);
	return buf_take(&b);
}

/* --------------------------------------------------------------- signals */

void
daemon_stop(struct daemon *d, int status)
{
	d->stopping = 1;
	d->status = status;
	ev_break(d->loop, EVBREAK_ALL);
}

static void
on_stop_signal(struct ev_loop *loop, struct ev_signal *w, int revents)
{
	struct daemon *d = w->data;

	(void)loop, (void)revents;
	log_progress("%s", "");
	log_event(LOG_INFO, "stopping",
	    LOG_STR("signal", sigabbrev_np(w->signum)));
	daemon_stop(d, 0);
}

static void
on_hup(struct ev_loop *loop, struct ev_signal *w, int revents)
{
	struct daemon *d = w->data;

	(void)loop, (void)revents;
	if (!d->stopping)
		daemon_reload(d);
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

/* Who asks for a reload while we start is heard when the loop runs: until
 * then the signal would kill. */
static void
hold_hup(int how)
{
	sigset_t hup;

	sigemptyset(&hup);
	sigaddset(&hup, SIGHUP);
	sigprocmask(how, &hup, NULL);
}

static void
watch(struct daemon *d)
{
	double ping_s = systemd_watchdog_s();

	ev_signal_init(&d->term, on_stop_signal, SIGTERM);
	ev_signal_init(&d->intr, on_stop_signal, SIGINT);
	/* A single round has nothing to reload: its terminal is closed. */
	ev_signal_init(&d->hup, d->options->once ? on_stop_signal : on_hup,
	    SIGHUP);
	d->term.data = d->intr.data = d->hup.data = d;
	ev_signal_start(d->loop, &d->term);
	ev_signal_start(d->loop, &d->intr);
	if (!d->options->once || signal(SIGHUP, SIG_DFL) != SIG_IGN)
		ev_signal_start(d->loop, &d->hup);
	else
		signal(SIGHUP, SIG_IGN);	/* nohup(1) */
	hold_hup(SIG_UNBLOCK);
	turns_watch(&d->turns, d->loop, mill_metrics(d->mill));
	ev_timer_init(&d->watchdog, on_watchdog, ping_s, ping_s);
	if (ping_s > 0.0)
		ev_timer_start(d->loop, &d->watchdog);
	ev_timer_init(&d->reword, on_reword, REWORD_S, REWORD_S);
	d->reword.data = d;
	if (getenv("NOTIFY_SOCKET") != NULL && !d->options->once)
		ev_timer_start(d->loop, &d->reword);
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
	daemon_stop(d, r.failed > 0 || r.storage_failed ? 1 : 0);
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
	d->control = control_new(d->loop, socket_path, daemon_verbs, d, e);
	free(socket_path);
	if (d->control == NULL)
		return -1;
	if (config->http.enabled)
		d->serve = serve_new(d->loop, daemon_routes, d);
	d->board = status_board_new(d->mill);
	d->desk = desk_new(d->loop, d->mill);
	d->importer = importer_new(d->loop, mill_store(d->mill));
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
	struct daemon d = { .options = options,
	    .started_mono_ms = clock_mono_ms() };
	struct buf report = { 0 };
	const struct config *config;
	unsigned mistakes;
	struct err e;

	if (!options->once)
		hold_hup(SIG_BLOCK);
	config = config_load(options->config, &report, &mistakes);
	fputs(buf_str(&report), stderr);
	buf_fini(&report);
	if (config == NULL)
		return EXIT_CONFIG;
	daemon_set_log_level(options, config);
	limits_raise_files();
	signal(SIGPIPE, SIG_IGN);
	if (!options->once)
		log_never_wait();
	d.loop = ev_default_loop(EVFLAG_AUTO);
	if (open_all(&d, config, &e) == -1) {
		log_event(LOG_ERROR, "cannot start", LOG_STR("error", e.msg));
		d.status = e.exit_status != 0 ? e.exit_status : 1;
	} else {
		warn_of_proxies(config);
		warn_of_few_files(config);
		watch(&d);
		daemon_apply(&d, config);
		ev_run(d.loop, 0);
		systemd_notify("STOPPING=1");
	}
	config_unref(config);
	control_free(d.control);
	desk_close(d.desk);
	importer_close(d.importer);
	mill_free(d.mill);
	importer_free(d.importer);
	desk_free(d.desk);
	status_board_free(d.board);
	serve_free(d.serve);
	ev_loop_destroy(d.loop);
	return d.status;
}
