/*
 * sources.c - the sources there are: found by id, brought in line with
 * a configuration, remembered, planned.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/archive.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/date.h"
#include "feedmill/base/hash.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "feedmill/cadence.h"
#include "feedmill/config.h"
#include "feedmill/publish.h"
#include "feedmill/schedule.h"
#include "feedmill/status.h"

#include "private.h"

struct source *
source_find(const struct mill *m, int64_t id)
{
	return id >= 0 && (size_t)id < m->sources_len ? m->sources[id] : NULL;
}

static struct source *
source_add(struct mill *m, int64_t id)
{
	size_t len = m->sources_len;

	assert(id >= 0);
	if ((size_t)id >= len) {
		m->sources_len = (size_t)id + 1 + len / 2;
		m->sources = xrealloc(m->sources,
		    m->sources_len * sizeof(*m->sources));
		memset(m->sources + len, 0,
		    (m->sources_len - len) * sizeof(*m->sources));
	}
	m->sources[id] = xcalloc(1, sizeof(*m->sources[id]));
	m->sources[id]->full_ms = clock_wall_ms();
	return m->sources[id];
}

void
source_free(struct mill *m, struct source *s)
{
	m->sources[s->state.id] = NULL;
	mill_wish_refuse(s, "it has left the configuration, or the daemon "
	    "stops");
	source_state_fini(&s->state);
	fetched_free(s->got);
	free(s->host);
	free(s);
}

/* A name for logs, also for one that has just left the configuration. */
const char *
source_name(const struct source *s)
{
	return s->conf != NULL ? s->conf->name : s->host;
}

/* http://h:80 to https://h:443 is an upgrade of the same. */
static int
is_upgrade(const char *from, const char *to)
{
	size_t n = strlen(from);

	return strncmp(from, "http://", 7) == 0 &&
	    strncmp(to, "https://", 8) == 0 &&
	    strcmp(from + n - 3, ":80") == 0 &&
	    strncmp(to + 8, from + 7, n - 10) == 0 &&
	    strcmp(to + 8 + n - 10, ":443") == 0;
}

int
source_is_home(const struct source *s, const char *url)
{
	char *own, *other;
	int same;

	if (strcmp(s->conf->url, url) == 0)
		return 1;	/* nearly always, at every poll */
	own = url_origin(s->conf->url);
	other = url_origin(url);
	same = own != NULL && other != NULL &&
	    (strcmp(own, other) == 0 || is_upgrade(own, other));

	free(own);
	free(other);
	return same;
}

struct cadence_limits
limits_of(const struct mill *m, const struct config_source *conf)
{
	return status_limits(m->config, conf);
}

void
string_replace(char **slot, const char *value)
{
	char *copy = xstrdup_null(value);

	free(*slot);
	*slot = copy;
}

/* ------------------------------------------------------------ remembering */

static uint64_t
hash_text(const char *s, uint64_t seed)
{
	return s != NULL ? hash_64(s, strlen(s), seed) : seed + 1;
}

/* Of all that a visit may leave as it was: the rest is what
 * store_save_due() saves. */
static uint64_t
hash_lasting(const struct source_state *st)
{
	const struct history *h = &st->history;
	const int64_t numbers[] = { h->failures, h->outcome, h->changed_ms,
	    h->retry_after_s, h->ttl_s, h->update_s, h->skip_hours,
	    h->skip_days, h->pace_s, h->gap, h->network_down, st->gone,
	    st->permanent_seen, h->visited_ms == DATE_NONE };
	uint64_t hash = hash_64(numbers, sizeof(numbers), 0);

	hash = hash_text(st->url, hash);
	hash = hash_text(st->permanent_url, hash);
	hash = hash_text(st->held_host, hash);
	return hash_text(st->error, hash);
}

/* What is known of it, into the store. */
static void
remember(struct mill *m, struct source *s)
{
	uint64_t lasting = hash_lasting(&s->state);

	if (lasting == s->lasting)
		store_save_due(m->store, &s->state);
	else
		store_save_state(m->store, &s->state);
	s->lasting = lasting;
}

/* So late a look at the clocks is no jump of one of them. */
enum { CLOCK_JUMP_MS = 10000 };

void
mill_notice_clock(struct mill *m)
{
	int64_t clock_ms = clock_wall_ms() - clock_mono_ms();
	int64_t by_ms = clock_ms - m->clock_ms;

	if (by_ms > -CLOCK_JUMP_MS && by_ms < CLOCK_JUMP_MS)
		return;
	m->clock_ms = clock_ms;
	log_event(LOG_WARN, "the clock was set: the schedule moves with it",
	    LOG_INT("by_seconds", by_ms / 1000));
	metrics_add(&m->metrics, METRIC_CLOCK_SETS, 1);
	for (size_t i = 0; i < m->sources_len; i++) {
		struct source *s = m->sources[i];

		if (s == NULL)
			continue;
		history_shift(&s->state.history, by_ms);
		s->full_ms += by_ms;
		if (s->state.next_due_ms > 0 &&
		    s->state.next_due_ms != INT64_MAX)
			s->state.next_due_ms += by_ms;
		remember(m, s);
	}
}

/* What the schedule is told. */
static int64_t
due_ms_of(const struct mill *m, const struct source *s)
{
	if (mill_wish_waits(s))
		return SCHEDULE_INSISTED;
	return m->options.once || m->options.idle ? INT64_MAX :
	    s->state.next_due_ms;
}

/* A gauge that is read between two turns cannot visit 100,000 sources. */
static void
count_failing(struct mill *m, struct source *s)
{
	int is_failing = s->state.history.failures > 0;

	m->failing += (unsigned)is_failing - (unsigned)s->is_failing;
	s->is_failing = is_failing;
}

void
mill_plan(struct mill *m, struct source *s)
{
	struct cadence_limits limits = limits_of(m, s->conf);

	count_failing(m, s);
	s->state.next_due_ms = cadence_next(clock_wall_ms(), &limits,
	    &s->state.history, clock_dice()).next_ms;
	remember(m, s);
	schedule_put(m->schedule, s->state.id, s->host, s->conf->order,
	    due_ms_of(m, s));
}

/* -------------------------------------------------------- configuration */

static int
compare_hosts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t
count_hosts(const struct mill *m)
{
	const char **names = xcalloc(m->sources_len, sizeof(*names));
	size_t n = 0, distinct = 0;

	for (size_t i = 0; i < m->sources_len; i++)
		if (m->sources[i] != NULL && m->sources[i]->conf != NULL)
			names[n++] = m->sources[i]->host;
	qsort(names, n, sizeof(*names), compare_hosts);
	for (size_t i = 0; i < n; i++)
		distinct += i == 0 || strcmp(names[i - 1], names[i]) != 0;
	free(names);
	return distinct;
}

/* When a source is due: what the database says, as far as the rules of now
 * allow it; later if it was under way when we died. */
static int64_t
due_now_ms(struct mill *m, struct source *s, int is_new, int64_t now_ms)
{
	const struct cadence_limits limits = limits_of(m, s->conf);
	struct source_state *st = &s->state;
	int was_ahead;

	if (is_new && m->options.now)
		return 0;
	if (st->gone)
		return INT64_MAX;
	if (is_new && st->in_flight) {
		log_event(LOG_WARN, "visit was cut off by a crash: "
		    "asked again later", LOG_STR("source", source_name(s)));
		st->next_due_ms = now_ms + s->conf->interval_min_s * 1000;
		remember(m, s);	/* it is told only once */
		return st->next_due_ms;
	}
	/* Told once: or each start would wait anew. */
	was_ahead = history_clamp(&st->history, now_ms);
	st->next_due_ms = cadence_resume(now_ms, &limits, &st->history,
	    st->next_due_ms, clock_dice());
	if (was_ahead)
		remember(m, s);
	return st->next_due_ms;
}

/* What its host has asked for holds over a restart, unless somebody insists
 * on asking now. */
static void
hold_again(struct mill *m, const struct source *s, int64_t now_ms)
{
	const struct cadence_limits limits = limits_of(m, s->conf);
	int64_t wait_ms = cadence_hold_ms(now_ms, &limits, &s->state.history);

	if (wait_ms > 0 && !m->options.now)
		schedule_hold(m->schedule, s->state.held_host != NULL ?
		    s->state.held_host : s->host, wait_ms);
}

/* Once: who is due is asked at once, the others not at all. */
static int64_t
due_in_round_ms(const struct mill *m, const struct source *s, int64_t due_ms,
    int64_t now_ms)
{
	return due_ms > now_ms ||
	    schedule_held_until(m->schedule, s->host) > now_ms ?
	    INT64_MAX : 0;
}

static void
take_source(struct mill *m, struct source_state *st,
    const struct config_source *conf)
{
	struct source *s = source_find(m, st->id);
	int is_new = s == NULL || strcmp(s->state.url, st->url) != 0;

	if (s == NULL)
		s = source_add(m, st->id);
	s->conf = conf->enabled ? conf : NULL;
	if (is_new) {
		source_state_fini(&s->state);
		s->state = *st;
		s->lasting = hash_lasting(st);
	} else {		/* what is in memory is newer */
		source_state_fini(st);
		s->lasting = 0;
	}
	s->is_new = is_new;
	free(s->host);
	s->host = url_host(s->state.url);
	if (s->host == NULL)
		s->host = xstrdup("");
	if (conf->enabled)
		return;
	schedule_remove(m->schedule, s->state.id);
	if (!s->busy)
		source_free(m, s);
}

/* All hosts are known by now, and which of them want to be left alone. */
static void
schedule_source(struct mill *m, struct source *s, int64_t now_ms)
{
	int64_t due_ms = due_now_ms(m, s, s->is_new, now_ms);

	m->asked++;
	s->is_failing = 0;
	count_failing(m, s);

	if (m->options.idle)
		due_ms = INT64_MAX;
	else if (m->options.once)
		due_ms = due_in_round_ms(m, s, due_ms, now_ms);
	s->in_round = due_ms <= now_ms;
	m->round.sources += s->in_round != 0;
	schedule_put(m->schedule, s->state.id, s->host, s->conf->order,
	    mill_wish_waits(s) ? SCHEDULE_INSISTED : due_ms);
}

static void
schedule_sources(struct mill *m)
{
	int64_t now_ms = clock_wall_ms();

	m->asked = m->failing = 0;

	for (size_t i = 0; i < m->sources_len; i++)
		if (m->sources[i] != NULL && m->sources[i]->conf != NULL &&
		    m->sources[i]->is_new)
			hold_again(m, m->sources[i], now_ms);
	for (size_t i = 0; i < m->sources_len; i++)
		if (m->sources[i] != NULL && m->sources[i]->conf != NULL)
			schedule_source(m, m->sources[i], now_ms);
}

static void
drop_unconfigured(struct mill *m)
{
	for (size_t i = 0; i < m->sources_len; i++) {
		struct source *s = m->sources[i];

		if (s == NULL || s->conf != NULL)
			continue;
		schedule_remove(m->schedule, s->state.id);
		if (!s->busy)
			source_free(m, s);
	}
}

static void
mill_synced(struct source_state *states, size_t count,
    const struct err *failed, void *arg)
{
	struct mill *m = arg;
	const struct config *old = m->config;

	if (failed != NULL) {
		config_unref(TAKE(m->next_config));
		m->applied(failed, m->applied_arg);
		return;
	}
	mill_notice_clock(m);
	m->config = TAKE(m->next_config);
	assert(count == m->config->sources_count);
	for (size_t i = 0; i < m->sources_len; i++)
		if (m->sources[i] != NULL)
			m->sources[i]->conf = NULL;
	m->round = (struct mill_round){ 0 };
	for (size_t i = 0; i < count; i++)
		take_source(m, &states[i], &m->config->sources[i]);
	drop_unconfigured(m);
	schedule_sources(m);
	config_unref(old);
	m->hosts = count_hosts(m);
	schedule_limit(m->schedule, (struct schedule_limits){
	    (unsigned)m->config->fetch.concurrency,
	    (unsigned)m->config->fetch.concurrency_per_host });
	if (!m->options.once)	/* a single round publishes at its end */
		publish_configure(m->publish, m->config);
	archive_configure(m->archive, m->config);
	mill_forget_rest(m);
	m->applied(NULL, m->applied_arg);
	mill_check_round(m);
}

void
mill_configure(struct mill *m, const struct config *config,
    void (*applied)(const struct err *, void *), void *arg)
{
	assert(m->next_config == NULL);
	m->next_config = config_ref(config);
	m->applied = applied;
	m->applied_arg = arg;
	store_sync_sources(m->store, config, mill_synced, m);
}

struct source *
source_of(const struct mill *m, const struct config_source *conf)
{
	for (size_t i = 0; i < m->sources_len; i++)
		if (m->sources[i] != NULL && m->sources[i]->conf == conf)
			return m->sources[i];
	return NULL;
}
