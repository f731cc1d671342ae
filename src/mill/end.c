/*
 * end.c - the end of a visit: what is remembered, said and counted of
 * it, whether the network or the source is to blame, and when is next.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/archive.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/date.h"
#include "feedmill/base/hash.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "feedmill/config.h"
#include "feedmill/hub.h"
#include "feedmill/publish.h"
#include "feedmill/schedule.h"

#include "private.h"

enum { TRIM_EVERY = 8 };

/* -------------------------------------------------------------- outage */

static int
cannot_be_reached(const struct fetched *got)
{
	return got->status == 0 && (got->outcome == OUTCOME_DNS ||
	    got->outcome == OUTCOME_CONNECT ||
	    got->outcome == OUTCOME_TIMEOUT);
}

/* Those that failed before it was clear why are not to blame either. */
static void
forgive_unreachable(struct mill *m)
{
	for (unsigned i = 0; i < m->outage.count; i++) {
		struct source *s =
		    source_find(m, m->outage.failed[i].source_id);

		if (s == NULL || s->conf == NULL || s->busy ||
		    s->state.history.failures == 0)
			continue;
		history_forgive(&s->state.history);
		mill_plan(m, s);
	}
}

static void
note_reachability(struct mill *m, const struct source *s,
    const struct fetched *got)
{
	if (!cannot_be_reached(got)) {
		if (got->status != 0 && outage_answered(&m->outage)) {
			log_event(LOG_INFO, "network is back");
			schedule_probe(m->schedule, 0);
		}
		return;
	}
	if (!outage_failed(&m->outage, s->state.id, hash_64(s->host,
	    strlen(s->host), 0), clock_wall_ms(), m->hosts))
		return;
	log_event(LOG_WARN, "no network: no host can be reached, "
	    "trying one now and then", LOG_STR("last", got->reason));
	/* A round is to end, with or without a network. */
	schedule_probe(m->schedule, !m->options.once);
	forgive_unreachable(m);
}

/* -------------------------------------------------------- end of visits */

static void
show_progress(const struct mill *m)
{
	const struct mill_round *r = &m->round;

	if (r->visited < r->sources)
		log_progress("%u of %u sources asked, %u new entries",
		    r->visited, r->sources, r->added);
	else
		log_progress("%s", "");
}

/* What a single round has brought goes out. */
static void
flush_round(struct mill *m)
{
	m->round_flushed = 1;
	mem_trim();	/* of documents: outlets come now */
	publish_configure(m->publish, m->config);
	publish_finish(m->publish);
	archive_flush(m->archive);
}

/* The round is over when all were visited and all is written. */
void
mill_check_round(struct mill *m)
{
	if (m->stopping || m->round.visited < m->round.sources ||
	    !m->options.once)
		return;
	if (!m->round_flushed)
		flush_round(m);
	if (publish_is_idle(m->publish) && archive_is_idle(m->archive) &&
	    hub_is_idle(m->hub)) {
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

/* On a terminal a visit is a sentence, not a row of fields. */
static void
say_visit(enum log_level level, const struct source *s,
    const struct visit_result *r)
{
	const struct fetched *got = s->got;
	struct buf b = { 0 };

	buf_printf(&b, "%s: ", source_name(s));
	if (r->added > 0)
		buf_printf(&b, "%u new%s", r->added,
		    r->added == 1 ? " entry" : " entries");
	if (r->updated > 0)
		buf_printf(&b, "%s%u updated", r->added > 0 ? ", " : "",
		    r->updated);
	if (r->duplicate > 0)
		buf_printf(&b, "%s%u known", r->added + r->updated > 0 ?
		    ", " : "", r->duplicate);
	if (!outcome_is_success(got->outcome))
		buf_printf(&b, "%s%s", r->sighted > 0 ? "; " : "",
		    got->reason);
	else if (r->added + r->updated + r->duplicate == 0)
		buf_puts(&b, outcome_sentence(got->outcome));
	log_event(level, b.data);
	buf_fini(&b);
}

static void
write_visit(enum log_level level, const struct source *s,
    const struct visit_result *r)
{
	const struct fetched *got = s->got;

	log_event(level, "visit", LOG_STR("source", source_name(s)),
	    LOG_STR("outcome", outcome_name(got->outcome)),
	    LOG_INT("status", got->status),
	    LOG_INT("new", r->added), LOG_INT("updated", r->updated),
	    LOG_INT("duplicate", r->duplicate), LOG_INT("edited", r->edited),
	    LOG_INT("took_ms", got->took_ms),
	    LOG_STR("reason", outcome_is_success(got->outcome) ?
	    outcome_sentence(got->outcome) : got->reason));
}

static void
log_visit(const struct mill *m, const struct source *s,
    const struct history *before, const struct visit_result *r)
{
	static const struct visit_result nothing;
	const struct fetched *got = s->got;
	enum log_level level = level_of_visit(m, before, got, r);

	if (r == NULL)
		r = &nothing;
	if (log_is_terminal())
		say_visit(level, s, r);
	else
		write_visit(level, s, r);
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
	/* Now and then: what documents have left between the rest. */
	if (r != NULL && round->visited % TRIM_EVERY == 0)
		mem_trim();
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
	const struct fetched *got = s->got;
	struct cadence_visit v = {
		.now_ms = clock_wall_ms(), .outcome = got->outcome,
		.retry_after_s = got->retry_after_s,
		.max_age_s = got->max_age_s,
		.expires_ms = got->expires_ms, .date_ms = got->date_ms,
		.network_down = m->outage.down && cannot_be_reached(got),
	};

	if (r != NULL) {
		v.has_document = 1;
		v.news = r->added + r->updated;
		v.gap = r->gap;
		v.pace_s = r->pace_s;
	}
	history_add_visit(&s->state.history, &v);
	string_replace(&s->state.error, outcome_is_success(got->outcome) ||
	    got->outcome == OUTCOME_DAMAGED ? NULL : got->reason);
	s->state.gone = got->outcome == OUTCOME_GONE;
}

/* Not asked in this round after all: its host wants to be left alone. */
static void
leave_out_of_round(struct mill *m, const char *host)
{
	unsigned n = 0;

	for (size_t i = 0; i < m->sources_len; i++) {
		struct source *s = m->sources[i];

		if (s == NULL || s->conf == NULL || s->busy ||
		    !s->in_round || strcmp(s->host, host) != 0)
			continue;
		s->in_round = 0;
		m->round.sources--;
		schedule_put(m->schedule, s->state.id, s->host,
		    s->conf->order, INT64_MAX);
		n++;
	}
	if (n > 0)
		log_event(LOG_WARN, "not asked now: the host wants to be "
		    "left alone", LOG_STR("host", host),
		    LOG_INT("sources", n));
}

/* Whoever waits to see a feed of that host would wait long. */
static void
refuse_wishes(struct mill *m, const char *host)
{
	for (size_t i = 0; i < m->sources_len; i++) {
		struct source *s = m->sources[i];

		if (s != NULL && mill_wish_waits(s) &&
		    strcmp(s->host, host) == 0)
			mill_wish_refuse(s, "its host wants to be left "
			    "alone");
	}
}

/* Retry-After is said for the host that answered, not for one feed of it. */
static void
hold_host(struct mill *m, struct source *s)
{
	const struct cadence_limits limits = limits_of(m, s->conf);
	int64_t wait_ms = cadence_hold_ms(clock_wall_ms(), &limits,
	    &s->state.history);
	char *host;

	string_replace(&s->state.held_host, NULL);
	if (wait_ms == 0)
		return;
	host = url_host(s->got->url);
	if (host != NULL) {
		string_replace(&s->state.held_host, host);
		log_event(LOG_INFO, "host wants to be left alone",
		    LOG_STR("host", host), LOG_INT("seconds", wait_ms / 1000),
		    LOG_STR("source", source_name(s)));
		schedule_hold(m->schedule, host, wait_ms);
		refuse_wishes(m, host);
		if (m->options.once)
			leave_out_of_round(m, host);
	}
	free(host);
}

static int
has_credentials(const struct config_source *c)
{
	return c->user != NULL || c->password != NULL ||
	    c->client_cert != NULL ||
	    (c->headers != NULL && c->headers[0].name != NULL);
}

/* Elsewhere it would have to do without what it is told at home. */
static int
may_move(const struct source *s, const char *url)
{
	return s->conf != NULL && (!has_credentials(s->conf) ||
	    source_is_home(s, url));
}

static void
say_moved(const struct source *s)
{
	int hide = s->conf != NULL && s->conf->url_from != NULL;
	char *from = hide ? xstrdup(s->conf->url_from) :
	    url_redact(s->state.url);
	char *to = hide ? url_origin(s->state.permanent_url) :
	    url_redact(s->state.permanent_url);

	log_event(LOG_WARN, "source has moved for good: "
	    "please change its url in the configuration",
	    LOG_STR("source", source_name(s)), LOG_STR("from", from),
	    LOG_STR("to", to));
	free(from);
	free(to);
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
		string_replace(&st->permanent_url, NULL);
	}
	if (got->permanent_url == NULL ||
	    (!outcome_is_success(got->outcome) &&
	    got->outcome != OUTCOME_DAMAGED))
		return;
	string_replace(&st->permanent_url, got->permanent_url);
	if (++st->permanent_seen <
	    (unsigned)m->config->fetch.permanent_redirects)
		return;
	if (!may_move(s, st->permanent_url) && st->permanent_seen >
	    (unsigned)m->config->fetch.permanent_redirects)
		return;		/* said already */
	say_moved(s);
	if (!may_move(s, st->permanent_url))
		return;
	string_replace(&st->url, st->permanent_url);
	string_replace(&st->permanent_url, NULL);
	st->permanent_seen = 0;
}

/* Whatever came of it: remember, say so, and decide when to ask again. */
void
mill_end_visit(struct mill *m, struct source *s, const struct visit_result *r)
{
	struct history before;
	struct wish *wish;

	mill_notice_clock(m);
	before = s->state.history;
	s->in_round = 0;
	note_reachability(m, s, s->got);
	write_history(m, s, r);
	follow_permanent_redirect(m, s);
	log_visit(m, s, &before, r);
	count_visit(m, s->got, r);
	wish = mill_wish_end(s, r);
	if (s->conf != NULL)
		hold_host(m, s);
	s->busy = 0;
	fetched_free(TAKE(s->got));
	schedule_done(m->schedule, s->state.id);
	if (s->conf != NULL)
		mill_plan(m, s);
	else
		source_free(m, s);
	show_progress(m);
	mill_check_round(m);
	mill_wish_answer(wish);
}
