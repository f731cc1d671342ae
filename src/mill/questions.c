/* questions.c - what others may know of a running mill. */
#include "feedmill/base/clock.h"
#include "feedmill/base/date.h"
#include "feedmill/cadence.h"
#include "feedmill/config.h"
#include "feedmill/fetch.h"
#include "feedmill/schedule.h"
#include "feedmill/status.h"
#include "feedmill/worker.h"

#include "private.h"

const struct config *
mill_config(const struct mill *m)
{
	return m->config;
}

struct store *
mill_store(struct mill *m)
{
	return m->store;
}

struct mill_round
mill_round(const struct mill *m)
{
	return m->round;
}

void
mill_tell_trouble(struct mill *m, struct status *status)
{
	struct store_health health;

	store_health(m->store, &health);
	status_take_trouble(status, TROUBLE_DATABASE, health.trouble.msg);
	status_take_trouble(status, TROUBLE_OUTLETS, m->outlets_failed.msg);
	status_take_trouble(status, TROUBLE_ARCHIVES,
	    m->archives_failed.msg);
}

struct metrics *
mill_metrics(struct mill *m)
{
	int64_t lag_ms = clock_wall_ms() - schedule_next_due(m->schedule);
	struct store_health health;

	metrics_set(&m->metrics, METRIC_SOURCES, m->asked);
	metrics_set(&m->metrics, METRIC_SOURCES_FAILING, m->failing);
	metrics_set(&m->metrics, METRIC_FETCHES_IN_PROGRESS,
	    m->fetch != NULL ? fetch_active(m->fetch) : 0);
	metrics_set(&m->metrics, METRIC_READ_QUEUE, m->worker != NULL ?
	    worker_depth(m->worker) : 0);
	metrics_set(&m->metrics, METRIC_STORE_QUEUE,
	    store_queue_depth(m->store));
	store_health(m->store, &health);
	metrics_set(&m->metrics, METRIC_STORE_FAILING,
	    health.trouble.msg[0] != '\0');
	metrics_set(&m->metrics, METRIC_PUBLISH_FAILING,
	    m->outlets_failed.msg[0] != '\0');
	metrics_set(&m->metrics, METRIC_ARCHIVE_FAILING,
	    m->archives_failed.msg[0] != '\0');
	metrics_set(&m->metrics, METRIC_STORE_LEFT_BYTES,
	    (double)health.left_bytes);
	metrics_set(&m->metrics, METRIC_STORE_GROUP_MAX_MS,
	    (double)health.group_max_ms);
	metrics_set(&m->metrics, METRIC_STORE_STEP_MAX_MS,
	    (double)health.step_max_ms);
	metrics_set(&m->metrics, METRIC_STORE_STEPS_CUT, health.steps_cut);
	metrics_set(&m->metrics, METRIC_STORE_MENDED, health.mended);
	metrics_set(&m->metrics, METRIC_STORE_LOG_BYTES,
	    (double)health.log_bytes);
	metrics_set(&m->metrics, METRIC_STORE_COPY_MAX_MS,
	    (double)health.copy_max_ms);
	metrics_set(&m->metrics, METRIC_SCHEDULE_LAG_S,
	    lag_ms > 0 ? (double)lag_ms / 1000.0 : 0.0);
	return &m->metrics;
}

void
mill_refresh_summary(const struct mill *m, struct source_summary *row)
{
	const struct source *s = source_find(m, row->id);
	const struct history *h;
	int64_t held_ms;

	status_configure(row, m->config);
	if (s == NULL || s->conf == NULL)
		return;
	h = &s->state.history;
	row->url = s->conf->url_from != NULL ? s->conf->url_from :
	    s->state.url;
	row->error = s->state.error;
	row->outcome = h->visited_ms == DATE_NONE ? NULL :
	    outcome_name(h->outcome);
	held_ms = schedule_held_until(m->schedule, s->host);
	row->next_due_ms = held_ms > s->state.next_due_ms ? held_ms :
	    s->state.next_due_ms;
	row->visited_ms = h->visited_ms;
	row->succeeded_ms = h->succeeded_ms;
	row->changed_ms = h->changed_ms;
	row->failures = h->failures;
	row->gone = s->state.gone;
}

int
mill_explain(const struct mill *m, const char *name, struct buf *b)
{
	const struct config_source *conf =
	    config_find_source(m->config, name);
	const struct source *s = conf != NULL ? source_of(m, conf) : NULL;
	struct cadence_limits limits;

	if (s == NULL)
		return -1;
	limits = limits_of(m, conf);
	cadence_explain(b, &limits, &s->state.history,
	    &(struct cadence_facts){
		.now_ms = clock_wall_ms(),
		.next_ms = s->state.next_due_ms,
		.turn_ms = schedule_due(m->schedule, s->state.id),
		.held_ms = schedule_held_until(m->schedule, s->host),
		.network_down = m->outage.down,
	    });
	status_put_https(b, m->hsts, s->state.url, clock_wall_ms());
	return 0;
}
