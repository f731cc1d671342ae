/*
 * mill.c - the pipeline.  Read this file first.
 *
 *	schedule -> fetch -> decode, parse -> normalise -> identify -> store
 *	   ^                                                             |
 *	   '---- cadence <---- what happened <---------------------------+
 *	                                                                 |
 *	                        outlets <- publish, archive <------------'
 *
 * A stage knows nothing of its neighbours; only this file knows the order.
 * What passes between two stages that are apart in time (a transfer, a
 * commit) is a source's id, never a pointer: the source may have left the
 * configuration meanwhile.
 *
 * A source is asked (ask), its server answers (mill_answered), what it said
 * is read (read_document) and handed to the store, which commits it and says
 * what was new (mill_stored); every visit ends in end_visit(), which decides
 * when the next one is.  Validators travel with the entries they vouch for;
 * due times are kept apart, because losing one costs one polite request.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <ev.h>

#include "feedmill/archive.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/date.h"
#include "feedmill/base/err.h"
#include "feedmill/base/hash.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "feedmill/cadence.h"
#include "feedmill/config.h"
#include "feedmill/fetch.h"
#include "feedmill/identify.h"
#include "feedmill/mill.h"
#include "feedmill/model.h"
#include "feedmill/normalise.h"
#include "feedmill/parse.h"
#include "feedmill/publish.h"
#include "feedmill/resolve.h"
#include "feedmill/schedule.h"
#include "feedmill/store.h"

enum {
	/* Documents waiting for the writer: beyond it nobody is asked. */
	VISITS_QUEUED_MAX = 64,
	/* The network is down when so many hosts, or all there are, cannot
	 * be reached within the window and nobody answers. */
	OUTAGE_HOSTS = 5, OUTAGE_WINDOW_MS = 120000, OUTAGE_KEPT = 32
};

struct source {
	struct source_state		 state;
	const struct config_source	*conf;	/* NULL: not configured now */
	char				*host;	/* politeness is per host */
	struct fetched			*got;	/* from answer to commit */
	int				 busy;	/* a visit is under way */
};

struct unreachable {
	int64_t		 source_id, at_ms;
};

struct mill {
	struct ev_loop		*loop;
	struct mill_options	 options;
	const struct config	*config, *next_config;
	struct store		*store;
	struct resolve		*resolve;
	struct fetch		*fetch;
	struct schedule		*schedule;
	struct publish		*publish;
	struct archive		*archive;
	struct ev_io		 store_io;
	struct source		**sources;	/* by id */
	size_t			 sources_len;
	size_t			 hosts;		/* distinct */
	struct unreachable	 unreachable[OUTAGE_KEPT];
	unsigned		 unreachable_len;
	int			 network_down;
	struct metrics		 metrics;
	struct mill_round	 round;
	int			 round_flushed, stopping;
	void			(*applied)(const struct err *, void *);
	void			*applied_arg;
};

/* ------------------------------------------------------------- sources */

static struct source *
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
	return m->sources[id];
}

static void
source_free(struct mill *m, struct source *s)
{
	m->sources[s->state.id] = NULL;
	source_state_fini(&s->state);
	fetched_free(s->got);
	free(s->host);
	free(s);
}

/* A name for logs, also for one that has just left the configuration. */
static const char *
source_name(const struct source *s)
{
	return s->conf != NULL ? s->conf->name : s->state.url;
}

static struct cadence_limits
limits_of(const struct mill *m, const struct config_source *conf)
{
	return (struct cadence_limits){
		.interval_s = conf->interval_s,
		.min_s = conf->interval_min_s,
		.max_s = conf->interval_max_s,
		.jitter_percent = (unsigned)m->config->fetch.jitter_percent,
	};
}

static void
replace(char **slot, const char *value)
{
	char *copy = xstrdup_null(value);

	free(*slot);
	*slot = copy;
}

/* -------------------------------------------------------------- outage */

static int
cannot_be_reached(const struct fetched *got)
{
	return got->status == 0 && (got->outcome == OUTCOME_DNS ||
	    got->outcome == OUTCOME_CONNECT ||
	    got->outcome == OUTCOME_TIMEOUT);
}

/* Distinct hosts that could not be reached lately. */
static size_t
unreachable_hosts(const struct mill *m, int64_t now_ms)
{
	size_t hosts = 0;

	for (unsigned i = 0; i < m->unreachable_len; i++) {
		const struct source *s =
		    source_find(m, m->unreachable[i].source_id);
		unsigned j;

		if (s == NULL ||
		    now_ms - m->unreachable[i].at_ms > OUTAGE_WINDOW_MS)
			continue;
		for (j = 0; j < i; j++) {
			const struct source *other =
			    source_find(m, m->unreachable[j].source_id);

			if (other != NULL &&
			    strcmp(other->host, s->host) == 0)
				break;
		}
		hosts += j == i;
	}
	return hosts;
}

static void
plan(struct mill *m, struct source *s)
{
	struct cadence_limits limits = limits_of(m, s->conf);

	s->state.next_due_ms = cadence_next(clock_wall_ms(), &limits,
	    &s->state.history, clock_dice()).next_ms;
	store_save_state(m->store, &s->state);
	schedule_put(m->schedule, s->state.id, s->host, s->conf->order,
	    m->options.once ? INT64_MAX : s->state.next_due_ms);
}

/* Those that failed before it was clear why are not to blame either. */
static void
forgive_unreachable(struct mill *m)
{
	for (unsigned i = 0; i < m->unreachable_len; i++) {
		struct source *s =
		    source_find(m, m->unreachable[i].source_id);

		if (s == NULL || s->conf == NULL || s->busy ||
		    s->state.history.failures == 0)
			continue;
		s->state.history.failures--;
		s->state.history.network_down = 1;
		plan(m, s);
	}
}

static void
note_reachability(struct mill *m, const struct source *s,
    const struct fetched *got)
{
	int64_t now_ms = clock_wall_ms();
	size_t enough = m->hosts < OUTAGE_HOSTS ? m->hosts : OUTAGE_HOSTS;

	if (!cannot_be_reached(got)) {
		m->unreachable_len = 0;
		if (m->network_down && got->status != 0) {
			m->network_down = 0;
			log_event(LOG_INFO, "network is back");
		}
		return;
	}
	if (m->unreachable_len == OUTAGE_KEPT)
		memmove(m->unreachable, m->unreachable + 1,
		    --m->unreachable_len * sizeof(m->unreachable[0]));
	m->unreachable[m->unreachable_len++] =
	    (struct unreachable){ s->state.id, now_ms };
	if (m->network_down || enough < 2 ||
	    unreachable_hosts(m, now_ms) < enough)
		return;
	m->network_down = 1;
	log_event(LOG_WARN, "no network: no host can be reached, "
	    "still trying every minute", LOG_INT("hosts", enough),
	    LOG_STR("last", got->reason));
	forgive_unreachable(m);
}

/* -------------------------------------------------------- end of visits */

static void
show_progress(const struct mill *m)
{
	const struct mill_round *r = &m->round;

	if (r->visited < r->sources)
		log_progress("%u of %u sources answered, %u new entries",
		    r->visited, r->sources, r->added);
	else
		log_progress("%s", "");
}

/* The round is over when all were visited and all is written. */
static void
check_round(struct mill *m)
{
	if (m->stopping || m->round.visited < m->round.sources)
		return;
	if (m->options.once && !m->round_flushed) {
		m->round_flushed = 1;
		publish_flush(m->publish);
		archive_flush(m->archive);
	}
	if (m->options.once && publish_is_idle(m->publish) &&
	    archive_is_idle(m->archive)) {
		m->stopping = 1;
		m->options.done(m->options.arg);
	}
}

/* State is logged when it changes, not when it repeats. */
static enum log_level
level_of_visit(const struct mill *m, const struct history *before,
    const struct fetched *got, const struct visit_result *r)
{
	int news = before->visited_ms == DATE_NONE ||
	    before->outcome != got->outcome || before->network_down;

	if (!outcome_is_success(got->outcome))
		return news || m->options.once ? LOG_WARN : LOG_DEBUG;
	if (m->options.once || before->visited_ms == DATE_NONE ||
	    before->failures > 0 ||
	    (r != NULL && r->added + r->updated > 0))
		return LOG_INFO;
	return LOG_DEBUG;
}

static void
log_visit(const struct mill *m, const struct source *s,
    const struct history *before, const struct visit_result *r)
{
	static const struct visit_result nothing;
	const struct fetched *got = s->got;

	if (r == NULL)
		r = &nothing;
	log_event(level_of_visit(m, before, got, r), "visit",
	    LOG_STR("source", source_name(s)),
	    LOG_STR("outcome", outcome_name(got->outcome)),
	    LOG_INT("status", got->status),
	    LOG_INT("new", r->added), LOG_INT("updated", r->updated),
	    LOG_INT("duplicate", r->duplicate), LOG_INT("edited", r->edited),
	    LOG_INT("took_ms", got->took_ms),
	    LOG_STR("reason", outcome_is_success(got->outcome) ?
	    outcome_sentence(got->outcome) : got->reason));
	if (r->silent > 0)
		log_event(LOG_INFO, "first entries stored without "
		    "announcing them all", LOG_STR("source", source_name(s)),
		    LOG_INT("silent", r->silent),
		    LOG_INT("announced", r->added - r->silent));
	if (r->gap)
		log_event(LOG_WARN, "entries may have been missed",
		    LOG_STR("source", source_name(s)));
}

static void
count_visit(struct mill *m, const struct fetched *got,
    const struct visit_result *r)
{
	struct mill_round *round = &m->round;

	metrics_visit(&m->metrics, got->outcome, got->took_ms);
	metrics_add(&m->metrics, METRIC_RECEIVED_BYTES,
	    (double)got->received_bytes);
	round->visited++;
	if (outcome_is_success(got->outcome))
		round->well++;
	else
		round->failed++;
	if (r == NULL)
		return;
	round->added += r->added;
	round->updated += r->updated;
	round->duplicate += r->duplicate;
	round->edited += r->edited;
	metrics_add(&m->metrics, METRIC_ADDED, r->added);
	metrics_add(&m->metrics, METRIC_UPDATED, r->updated);
	metrics_add(&m->metrics, METRIC_DUPLICATES, r->duplicate);
	metrics_add(&m->metrics, METRIC_EDITED, r->edited);
	metrics_add(&m->metrics, METRIC_GAPS, r->gap != 0);
}

static void
write_history(struct mill *m, struct source *s, const struct visit_result *r)
{
	struct history *h = &s->state.history;
	const struct fetched *got = s->got;

	h->visited_ms = clock_wall_ms();
	h->outcome = got->outcome;
	h->retry_after_s = got->retry_after_s;
	h->max_age_s = got->max_age_s;
	h->network_down = m->network_down && cannot_be_reached(got);
	replace(&s->state.error, NULL);
	/* A damaged feed is read as far as it goes: it works. */
	if (outcome_is_success(got->outcome) ||
	    got->outcome == OUTCOME_DAMAGED) {
		h->failures = 0;
		h->succeeded_ms = h->visited_ms;
	} else {
		h->failures += !h->network_down;
		replace(&s->state.error, got->reason);
	}
	s->state.gone = got->outcome == OUTCOME_GONE;
	if (r != NULL) {
		h->gap = r->gap;
		h->pace_s = r->pace_s;
		if (r->added + r->updated > 0 || h->changed_ms == DATE_NONE)
			h->changed_ms = h->visited_ms;
	}
}

/* Moved for good, seen often enough: ask there from now on. */
static void
follow_permanent_redirect(struct mill *m, struct source *s)
{
	struct source_state *st = &s->state;
	const struct fetched *got = s->got;

	if (got->status == 0)
		return;
	if (got->permanent_url == NULL || got->outcome == OUTCOME_NOT_A_FEED ||
	    (st->permanent_url != NULL &&
	    strcmp(st->permanent_url, got->permanent_url) != 0)) {
		st->permanent_seen = 0;
		replace(&st->permanent_url, NULL);
	}
	if (got->permanent_url == NULL ||
	    (!outcome_is_success(got->outcome) &&
	    got->outcome != OUTCOME_DAMAGED))
		return;
	replace(&st->permanent_url, got->permanent_url);
	if (++st->permanent_seen <
	    (unsigned)m->config->fetch.permanent_redirects)
		return;
	log_event(LOG_WARN, "source has moved for good: "
	    "please change its url in the configuration",
	    LOG_STR("source", source_name(s)), LOG_STR("from", st->url),
	    LOG_STR("to", st->permanent_url));
	replace(&st->url, st->permanent_url);
	replace(&st->permanent_url, NULL);
	st->permanent_seen = 0;
	replace(&st->etag, NULL);
	replace(&st->last_modified, NULL);
	st->body_digest = (struct digest){ 0 };
}

/* Whatever came of it: remember, say so, and decide when to ask again. */
static void
end_visit(struct mill *m, struct source *s, const struct visit_result *r)
{
	struct history before = s->state.history;

	note_reachability(m, s, s->got);
	write_history(m, s, r);
	follow_permanent_redirect(m, s);
	log_visit(m, s, &before, r);
	count_visit(m, s->got, r);
	s->busy = 0;
	fetched_free(TAKE(s->got));
	schedule_done(m->schedule, s->state.id);
	if (s->conf != NULL)
		plan(m, s);
	else
		source_free(m, s);
	show_progress(m);
	check_round(m);
}

/* ------------------------------------------------------------ the visit */

static void
mill_stored(const struct visit_result *r, void *arg)
{
	struct mill *m = arg;
	struct source *s = source_find(m, r->source_id);

	assert(s != NULL && s->busy);
	store_mark_in_flight(m->store, r->source_id, 0);
	if (r->failed != NULL) {
		log_event(LOG_ERROR, "visit not stored",
		    LOG_STR("source", source_name(s)),
		    LOG_STR("error", r->failed->msg));
		metrics_add(&m->metrics, METRIC_STORE_FAILURES, 1);
		m->round.storage_failed = 1;
		s->got->outcome = OUTCOME_STORE;
		free(s->got->reason);
		s->got->reason = xstrdup(r->failed->msg);
		/* What vouched for entries that are not there must go. */
		replace(&s->state.etag, NULL);
		replace(&s->state.last_modified, NULL);
		s->state.body_digest = (struct digest){ 0 };
		end_visit(m, s, NULL);
		schedule_kick(m->schedule);
		return;
	}
	if (r->added + r->updated + r->edited > 0) {
		publish_touch(m->publish);
		archive_touch(m->archive);
	}
	end_visit(m, s, r);
	schedule_kick(m->schedule);
}

/* What a document says about when to ask for it again, and of itself. */
static void
take_hints(struct source *s, const struct feed *feed)
{
	struct history *h = &s->state.history;

	h->ttl_s = feed->hints.ttl_min > 0 ? feed->hints.ttl_min * 60 : -1;
	h->update_s = feed->hints.update_s;
	h->skip_hours = feed->hints.skip_hours;
	h->skip_days = feed->hints.skip_days;
}

/* Validators, in memory and (the same) in the visit that carries the
 * entries.  A redirect's belong to another URL, a damaged document's vouch
 * for what was not read: neither is kept. */
static void
take_validators(struct source *s, struct visit *v, const struct fetched *got,
    int vouched)
{
	int keep = vouched && got->redirects == 0 && !got->is_delta;

	replace(&s->state.etag, keep ? got->etag : NULL);
	replace(&s->state.last_modified, keep ? got->last_modified : NULL);
	s->state.body_digest = vouched && !got->is_delta ? got->body_digest :
	    (struct digest){ 0 };
	v->url = xstrdup(s->state.url);
	v->etag = xstrdup_null(s->state.etag);
	v->last_modified = xstrdup_null(s->state.last_modified);
	v->body_digest = s->state.body_digest;
}

/* decode, parse, normalise, identify: NULL where there is nothing to store,
 * and got says why. */
static struct feed *
read_document(struct mill *m, struct source *s, struct fetched *got)
{
	const struct parse_context context = {
		.url = got->url, .content_type = got->content_type,
		.content_language = got->content_language,
		.content_location = got->content_location,
		.charset = s->conf->charset, .zone_s = s->conf->zone_s,
	};
	const struct identify_rules rules = {
		.scope = s->conf->name, .own = s->conf->identity_own,
	};
	struct feed *feed;

	got->outcome = parse_feed(got->body.data, got->body.len, &context,
	    &feed);
	metrics_add(&m->metrics, METRIC_BAD_BYTES, feed->bad_bytes);
	if (got->outcome != OUTCOME_OK) {
		struct buf why = { 0 };

		buf_puts(&why, outcome_sentence(got->outcome));
		if (feed->error.message != NULL)
			buf_printf(&why, ": line %u, column %u: %s",
			    feed->error.line, feed->error.column,
			    feed->error.message);
		free(got->reason);
		got->reason = buf_take(&why);
	}
	if (got->outcome != OUTCOME_OK && got->outcome != OUTCOME_DAMAGED) {
		feed_free(feed);
		return NULL;
	}
	feed->is_delta = got->is_delta;
	normalise_feed(feed);
	identify_feed(feed, &rules);
	return feed;
}

static void
hand_to_store(struct mill *m, struct source *s, struct feed *feed)
{
	struct visit *v = visit_new();

	v->source_id = s->state.id;
	v->config = config_ref(m->config);
	v->source = s->conf;
	v->outcome = s->got->outcome;
	v->fetched_ms = clock_wall_ms();
	v->feed = feed;
	if (feed != NULL)
		take_hints(s, feed);
	take_validators(s, v, s->got, s->got->outcome != OUTCOME_DAMAGED);
	store_visit(m->store, &v, mill_stored, m);
}

static int
differ(const char *a, const char *b)
{
	return b != NULL && (a == NULL || strcmp(a, b) != 0);
}

/* 304 and an equal body may bring new validators for what is stored. */
static int
brings_validators(const struct source *s, const struct fetched *got)
{
	return (got->outcome == OUTCOME_NOT_MODIFIED ||
	    got->outcome == OUTCOME_UNCHANGED) && got->redirects == 0 &&
	    (differ(s->state.etag, got->etag) ||
	    differ(s->state.last_modified, got->last_modified));
}

static void
keep_new_validators(struct mill *m, struct source *s)
{
	struct fetched *got = s->got;

	if (got->etag == NULL)
		got->etag = xstrdup_null(s->state.etag);
	if (got->last_modified == NULL)
		got->last_modified = xstrdup_null(s->state.last_modified);
	got->body_digest = s->state.body_digest;
	hand_to_store(m, s, NULL);
}

/* A server has answered, or has not.  All that follows from it. */
static void
mill_answered(struct fetched **taken, void *arg)
{
	struct mill *m = arg;
	struct source *s = source_find(m, (*taken)->source_id);
	struct feed *feed = NULL;

	assert(s != NULL && s->busy && s->got == NULL);
	s->got = TAKE(*taken);
	if (s->conf == NULL) {		/* unsubscribed meanwhile */
		end_visit(m, s, NULL);
		return;
	}
	if (s->got->outcome == OUTCOME_OK) {
		store_mark_in_flight(m->store, s->state.id, 1);
		feed = read_document(m, s, s->got);
		buf_fini(&s->got->body);
		if (feed == NULL)
			store_mark_in_flight(m->store, s->state.id, 0);
	}
	if (feed != NULL)
		hand_to_store(m, s, feed);
	else if (brings_validators(s, s->got))
		keep_new_validators(m, s);
	else
		end_visit(m, s, NULL);
}

/* From time to time some servers need to be asked without conditions. */
static int
wants_everything(const struct source *s, int64_t now_ms)
{
	const struct history *h = &s->state.history;

	return s->conf->full_every_s > 0 && h->changed_ms != DATE_NONE &&
	    now_ms - h->changed_ms > s->conf->full_every_s * 1000;
}

/* The headers of the configuration as a transfer takes them; to free(). */
static struct fetch_header *
headers_of(const struct config_source *c)
{
	struct fetch_header *headers;
	size_t n = 0;

	while (c->headers != NULL && c->headers[n].name != NULL)
		n++;
	if (n == 0)
		return NULL;
	headers = xcalloc(n + 1, sizeof(*headers));
	for (size_t i = 0; i < n; i++)
		headers[i] = (struct fetch_header){ c->headers[i].name,
		    c->headers[i].value };
	return headers;
}

/* This source, now. */
static void
ask(int64_t source_id, void *arg)
{
	struct mill *m = arg;
	struct source *s = source_find(m, source_id);
	const struct config_source *c = s->conf;
	int conditional = !wants_everything(s, clock_wall_ms());
	struct fetch_header *headers = headers_of(c);
	const struct fetch_order order = {
		.source_id = source_id, .url = s->state.url,
		.etag = conditional ? s->state.etag : NULL,
		.last_modified = conditional ? s->state.last_modified : NULL,
		.body_digest = s->state.body_digest,
		.user_agent = c->user_agent, .proxy = c->proxy,
		.user = c->user, .password = c->password,
		.headers = headers,
		.client_cert = c->client_cert, .client_key = c->client_key,
		.ca_file = c->ca_file,
		.allow_private_addresses = c->allow_private_addresses,
		.timeout_ms = (uint64_t)c->timeout_ms,
		.connect_timeout_ms = (uint64_t)c->connect_timeout_ms,
		.body_bytes = (uint64_t)c->max_size_bytes,
	};

	assert(!s->busy);
	s->busy = 1;
	fetch_start(m->fetch, &order);
	free(headers);
}

/* May another source be asked?  Not while the writer is behind, nor while
 * the bodies under way fill their budget. */
static int
gate(void *arg)
{
	struct mill *m = arg;

	return !m->stopping &&
	    store_queue_depth(m->store) < VISITS_QUEUED_MAX &&
	    fetch_bytes_in_flight(m->fetch) <
	    (uint64_t)m->config->fetch.bytes_in_flight;
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

/* When a source is due that is new here: what the database says, later if
 * it was under way when we died. */
static int64_t
first_due_ms(const struct mill *m, struct source *s, int64_t now_ms)
{
	struct source_state *st = &s->state;

	if (m->options.now)
		return 0;
	if (st->gone)
		return INT64_MAX;
	if (st->in_flight) {
		log_event(LOG_WARN, "visit was cut off by a crash: "
		    "asked again later", LOG_STR("source", source_name(s)));
		st->next_due_ms = now_ms + s->conf->interval_min_s * 1000;
	}
	return st->next_due_ms;
}

static void
take_source(struct mill *m, struct source_state *st,
    const struct config_source *conf)
{
	struct source *s = source_find(m, st->id);
	int64_t now_ms = clock_wall_ms(), due_ms;
	int known = s != NULL && strcmp(s->state.url, st->url) == 0;

	if (s == NULL)
		s = source_add(m, st->id);
	s->conf = conf->enabled ? conf : NULL;
	if (known) {		/* what is in memory is newer */
		source_state_fini(st);
	} else {
		source_state_fini(&s->state);
		s->state = *st;
	}
	free(s->host);
	s->host = url_host(s->state.url);
	if (s->host == NULL)
		s->host = xstrdup("");
	if (!conf->enabled) {
		schedule_remove(m->schedule, s->state.id);
		if (!s->busy)
			source_free(m, s);
		return;
	}
	due_ms = known ? s->state.next_due_ms : first_due_ms(m, s, now_ms);
	if (m->options.once && due_ms > now_ms)
		due_ms = INT64_MAX;
	if (due_ms <= now_ms)
		m->round.sources++;
	schedule_put(m->schedule, s->state.id, s->host, conf->order, due_ms);
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
	m->config = TAKE(m->next_config);
	assert(count == m->config->sources_count);
	for (size_t i = 0; i < m->sources_len; i++)
		if (m->sources[i] != NULL)
			m->sources[i]->conf = NULL;
	m->round = (struct mill_round){ 0 };
	for (size_t i = 0; i < count; i++)
		take_source(m, &states[i], &m->config->sources[i]);
	drop_unconfigured(m);
	config_unref(old);
	m->hosts = count_hosts(m);
	schedule_limit(m->schedule, (struct schedule_limits){
	    (unsigned)m->config->fetch.concurrency,
	    (unsigned)m->config->fetch.concurrency_per_host });
	publish_configure(m->publish, m->config);
	archive_configure(m->archive, m->config);
	publish_touch(m->publish);
	archive_touch(m->archive);
	m->applied(NULL, m->applied_arg);
	check_round(m);
}

void
mill_configure(struct mill *m, const struct config *config,
    void (*applied)(const struct err *, void *), void *arg)
{
	config_unref(m->next_config);
	m->next_config = config_ref(config);
	m->applied = applied;
	m->applied_arg = arg;
	store_sync_sources(m->store, config, mill_synced, m);
}

/* -------------------------------------------------- outlets and archives */

static void
mill_published(const struct published *p, void *arg)
{
	struct mill *m = arg;

	if (p->failed != NULL) {
		m->round.storage_failed = 1;
		metrics_add(&m->metrics, METRIC_PUBLISH_FAILURES, 1);
		log_event(LOG_ERROR, "not published",
		    LOG_STR("error", p->failed->msg));
	} else if (p->files > 0) {
		metrics_set(&m->metrics, METRIC_PUBLISHED_S,
		    (double)clock_wall_ms() / 1000.0);
		log_event(LOG_DEBUG, "published", LOG_INT("files", p->files));
	}
	check_round(m);
}

static void
mill_archived(const struct archived *a, void *arg)
{
	struct mill *m = arg;

	if (a->failed != NULL) {
		m->round.storage_failed = 1;
		metrics_add(&m->metrics, METRIC_PUBLISH_FAILURES, 1);
		log_event(LOG_ERROR, "not archived",
		    LOG_STR("error", a->failed->msg));
	} else if (a->posts > 0) {
		log_event(LOG_DEBUG, "archived", LOG_INT("posts", a->posts));
	}
	check_round(m);
}

/* ------------------------------------------------------- begin and end */

static void
on_store(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct mill *m = io->data;

	(void)loop, (void)revents;
	store_dispatch(m->store);
}

struct mill *
mill_new(struct ev_loop *loop, const struct config *config,
    const struct mill_options *options, struct err *e)
{
	const struct store_options store_options = {
		.path = config->database, .access = STORE_OWN,
		.prepare = normalise_entry, .now_ms = clock_wall_ms,
	};
	const struct fetch_limits fetch_limits = {
		.header_bytes = (unsigned)config->fetch.header_bytes,
		.header_lines = (unsigned)config->fetch.header_lines,
		.redirects = (unsigned)config->fetch.redirects,
		.low_speed_bytes_s =
		    (unsigned)config->fetch.low_speed_bytes_s,
		.low_speed_time_s = (unsigned)config->fetch.low_speed_time_s,
		.connections = (unsigned)config->fetch.concurrency,
		.connections_per_host =
		    (unsigned)config->fetch.concurrency_per_host,
	};
	struct mill *m = xcalloc(1, sizeof(*m));

	m->loop = loop;
	m->options = *options;
	m->store = store_open(&store_options, e);
	if (m->store == NULL) {
		free(m);
		return NULL;
	}
	m->config = config_ref(config);
	m->resolve = resolve_new(loop);
	m->fetch = fetch_new(loop, m->resolve, &fetch_limits, mill_answered,
	    m);
	m->schedule = schedule_new(loop, ask, gate, m);
	m->publish = publish_new(loop, m->store, mill_published, m);
	m->archive = archive_new(loop, m->store, mill_archived, m);
	ev_io_init(&m->store_io, on_store, store_fd(m->store), EV_READ);
	m->store_io.data = m;
	ev_io_start(loop, &m->store_io);
	return m;
}

void
mill_free(struct mill *m)
{
	if (m == NULL)
		return;
	m->stopping = 1;
	fetch_free(m->fetch);		/* transfers end unanswered */
	store_drain(m->store);		/* what was answered is committed */
	publish_flush(m->publish);
	archive_flush(m->archive);
	store_drain(m->store);
	publish_free(m->publish);
	archive_free(m->archive);
	ev_io_stop(m->loop, &m->store_io);
	store_close(m->store);
	schedule_free(m->schedule);
	resolve_free(m->resolve);
	for (size_t i = 0; i < m->sources_len; i++)
		if (m->sources[i] != NULL)
			source_free(m, m->sources[i]);
	free(m->sources);
	config_unref(m->next_config);
	config_unref(m->config);
	free(m);
}

/* -------------------------------------------------------------- questions */

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

struct metrics *
mill_metrics(struct mill *m)
{
	int64_t lag_ms = clock_wall_ms() - schedule_next_due(m->schedule);
	unsigned asked = 0, failing = 0;

	for (size_t i = 0; i < m->sources_len; i++) {
		if (m->sources[i] == NULL || m->sources[i]->conf == NULL)
			continue;
		asked++;
		failing += m->sources[i]->state.history.failures > 0;
	}
	metrics_set(&m->metrics, METRIC_SOURCES, asked);
	metrics_set(&m->metrics, METRIC_SOURCES_FAILING, failing);
	metrics_set(&m->metrics, METRIC_FETCHES_IN_PROGRESS,
	    fetch_active(m->fetch));
	metrics_set(&m->metrics, METRIC_STORE_QUEUE,
	    store_queue_depth(m->store));
	metrics_set(&m->metrics, METRIC_SCHEDULE_LAG_S,
	    lag_ms > 0 ? (double)lag_ms / 1000.0 : 0.0);
	return &m->metrics;
}

void
mill_refresh_summary(const struct mill *m, struct source_summary *row)
{
	const struct source *s = source_find(m, row->id);
	const struct history *h;

	if (s == NULL || s->conf == NULL)
		return;
	h = &s->state.history;
	row->url = s->state.url;
	row->error = s->state.error;
	row->outcome = h->visited_ms == DATE_NONE ? NULL :
	    outcome_name(h->outcome);
	row->next_due_ms = s->state.next_due_ms;
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

	for (size_t i = 0; conf != NULL && i < m->sources_len; i++) {
		const struct source *s = m->sources[i];
		struct cadence_limits limits;
		struct cadence_answer a;

		if (s == NULL || s->conf != conf)
			continue;
		limits = limits_of(m, conf);
		a = cadence_next(s->state.history.visited_ms == DATE_NONE ?
		    clock_wall_ms() : s->state.history.visited_ms, &limits,
		    &s->state.history, 0);
		a.next_ms = s->state.next_due_ms;
		cadence_explain(b, clock_wall_ms(), &limits,
		    &s->state.history, &a);
		return 0;
	}
	return -1;
}
