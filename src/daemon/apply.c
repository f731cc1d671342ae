/*
 * apply.c - a configuration takes effect, or not at all.
 *
 * The first one makes the daemon ready; a later one that is refused leaves
 * everything as it was and says why.  They come one after the other: who asks
 * for a reload while one is applied, which may take the database a while,
 * gets the next, and all who do the same one.
 */
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/systemd.h"
#include "feedmill/config.h"
#include "feedmill/metrics.h"
#include "feedmill/render.h"
#include "private.h"

/* Who has asked since it began is told of the next. */
static void
answer_reload(struct daemon *d, int status, const char *text)
{
	unsigned due = d->reload_calls_due;

	d->reload_calls_due = 0;
	for (unsigned i = 0; i < due; i++)
		control_answer(d->reload_calls[i], status, text,
		    strlen(text));
	d->reload_calls_count -= due;
	memmove(d->reload_calls, d->reload_calls + due,
	    d->reload_calls_count * sizeof(*d->reload_calls));
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

/* The document of an outlet that comes first in the table; "" for none. */
static const char *
ending_of(const struct config_outlet *o)
{
	const struct render_format *f = render_formats;

	while (f->ending != NULL && (f->bit & o->formats) == 0)
		f++;
	return f->ending != NULL ? f->ending : "";
}

static void
say_ready(struct daemon *d)
{
	const struct config *c = mill_config(d->mill);
	const char *at = d->serve != NULL ? serve_address(d->serve) : NULL;
	struct buf where = { 0 };

	for (size_t i = 0; at != NULL && i < c->outlets_count; i++)
		buf_printf(&where, "%s%s/%s%s", i > 0 ? " " : "", at,
		    c->outlets[i].name, ending_of(&c->outlets[i]));
	log_event(LOG_INFO, "ready", LOG_INT("sources", c->sources_count),
	    LOG_STR("serving", where.len > 0 ? where.data : NULL),
	    LOG_STR("state", c->state));
	buf_fini(&where);
}

void
daemon_set_log_level(const struct daemon_options *options,
    const struct config *config)
{
	log_set_level(options->log_level != LOG_INFO ? options->log_level :
	    config->log_level);
}

static void
take_effect(struct daemon *d, const struct err *failed)
{
	struct err e;

	if (failed != NULL && !d->ready) {
		log_event(LOG_ERROR, "cannot start",
		    LOG_STR("error", failed->msg));
		daemon_stop(d, failed->exit_status != 0 ? failed->exit_status : 1);
		return;
	}
	if (failed != NULL) {
		/* Back to the sockets of now. */
		if (d->serve != NULL)
			serve_prepare(d->serve, mill_config(d->mill), &e);
		refuse_reload(d, failed->msg);
		return;
	}
	daemon_set_log_level(d->options, mill_config(d->mill));
	if (d->serve != NULL &&
	    serve_configure(d->serve, mill_config(d->mill), &e) == -1) {
		log_event(LOG_ERROR, "cannot serve", LOG_STR("error", e.msg));
		if (!d->ready) {
			daemon_stop(d, EXIT_UNAVAILABLE);
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
applied(const struct err *failed, void *arg)
{
	struct daemon *d = arg;

	d->applying = 0;
	take_effect(d, failed);
	if (!d->reload_wanted || d->stopping)
		return;
	d->reload_wanted = 0;
	daemon_reload(d);
}

void
daemon_apply(struct daemon *d, const struct config *config)
{
	d->applying = 1;
	mill_configure(d->mill, config, applied, d);
}

/* What can be had only once is had before anything is changed. */
static int
prepare_server(struct daemon *d, const struct config *next, struct err *e)
{
	if (d->serve == NULL && next->http.enabled)
		d->serve = serve_new(d->loop, daemon_routes, d);
	return d->serve != NULL ? serve_prepare(d->serve, next, e) : 0;
}

void
daemon_reload(struct daemon *d)
{
	struct buf report = { 0 };
	const struct config *now = mill_config(d->mill), *next;
	unsigned mistakes;
	struct err e;

	if (d->applying) {
		d->reload_wanted = 1;
		return;
	}
	d->reload_calls_due = d->reload_calls_count;
	systemd_notify_reloading();
	next = config_load(d->options->config, &report, &mistakes);
	if (next == NULL) {
		log_report(LOG_ERROR, &report);
		refuse_reload(d, buf_str(&report));
	} else if (strcmp(next->database, now->database) != 0) {
		refuse_reload(d, "database: changing it needs a restart\n");
	} else if (strcmp(next->state, now->state) != 0) {
		/* Where the control socket is: nobody would find it. */
		refuse_reload(d, "state: changing it needs a restart\n");
	} else if (prepare_server(d, next, &e) == -1) {
		refuse_reload(d, e.msg);
	} else {
		daemon_apply(d, next);
	}
	config_unref(next);
	buf_fini(&report);
}
