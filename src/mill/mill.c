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
 * is read by the worker (read_now), which takes a third of a second for the
 * worst of ten megabytes, and handed to the store (mill_was_read), which
 * commits it and says what was new (mill_stored); every visit ends in
 * mill_end_visit(), which decides when the next one is.  Validators travel
 * with the entries they vouch for; due times are kept apart, because losing
 * one costs one polite request.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/archive.h"
#include "feedmill/ask.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/limits.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "feedmill/config.h"
#include "feedmill/hsts.h"
#include "feedmill/hub.h"
#include "feedmill/model.h"
#include "feedmill/normalise.h"
#include "feedmill/publish.h"
#include "feedmill/resolve.h"
#include "feedmill/schedule.h"
#include "feedmill/worker.h"

#include "private.h"

enum {
	/*
	 * A document that waits for being read or written takes the places
	 * of so many transfers: the further we are behind, the fewer are
	 * started.
	 */
	VISIT_WEIGHT = 4,
	LAST_ROUND_MS = 10000
};

/* ------------------------------------------------------------ the visit */

/* A single round publishes at its end. */
void
mill_touch(struct mill *m)
{
	if (!m->options.once)
		publish_touch(m->publish);
	archive_touch(m->archive);
}

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
		string_replace(&s->state.etag, NULL);
		string_replace(&s->state.last_modified, NULL);
		s->state.body_digest = (struct digest){ 0 };
		mill_end_visit(m, s, NULL);
		schedule_kick(m->schedule);
		return;
	}
	if (r->added + r->updated + r->edited > 0)
		mill_touch(m);
	mill_end_visit(m, s, r);
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

/*
 * Validators, in memory and (the same) in the visit that carries the
 * entries.  They belong to the URL that gave them, the last of a chain of
 * redirects; a damaged document's vouch for what was not read.  Those of a
 * 226 vouch for what it is a difference to as well (RFC 3229 section 10.5),
 * so there must have been something.
 */
static void
take_validators(struct source *s, struct visit *v, const struct fetched *got,
    int vouched)
{
	int keep = vouched && (!got->is_delta || got->was_conditional);

	string_replace(&s->state.etag, keep ? got->etag : NULL);
	string_replace(&s->state.last_modified, keep ? got->last_modified : NULL);
	s->state.body_digest = vouched && !got->is_delta ? got->body_digest :
	    (struct digest){ 0 };
	string_replace(&s->state.validators_url, got->url);
	v->url = xstrdup_null(got->url);
	v->etag = xstrdup_null(s->state.etag);
	v->last_modified = xstrdup_null(s->state.last_modified);
	v->body_digest = s->state.body_digest;
}

/* A document on its way through the worker, by the rules it was asked with. */
struct reading {
	struct job	 job;		/* first: a job is a reading */
	const struct config *config;
	const struct config_source *conf;	/* inside config */
	struct fetched	*got;
	struct feed	*feed;		/* NULL: got says why */
};

/* On the worker's thread. */
static void
read_now(struct job *job)
{
	struct reading *r = (struct reading *)job;

	fetched_open(r->got);
	if (r->got->outcome == OUTCOME_OK)
		r->feed = ask_read(r->conf, r->got);
}

static void
reading_free(struct reading *r)
{
	config_unref(r->config);
	fetched_free(r->got);
	feed_free(r->feed);
	free(r);
}

static void
read_document(struct mill *m, struct source *s)
{
	struct reading *r = xcalloc(1, sizeof(*r));

	r->config = config_ref(m->config);
	r->conf = s->conf;
	r->got = TAKE(s->got);
	store_mark_in_flight(m->store, s->state.id, 1);
	worker_post(m->worker, &r->job);
}

static void
hand_to_store(struct mill *m, struct source *s, struct reading *r)
{
	struct visit *v = visit_new();

	v->source_id = s->state.id;
	v->config = TAKE(r->config);
	v->source = r->conf;
	v->outcome = s->got->outcome;
	v->fetched_ms = clock_wall_ms();
	v->feed = TAKE(r->feed);
	take_hints(s, v->feed);
	take_validators(s, v, s->got, s->got->outcome != OUTCOME_DAMAGED);
	store_visit(m->store, &v, mill_stored, m);
}

static int
same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/*
 * 304 and an equal body may bring new validators for what is stored.  What a
 * 304 leaves out still holds; what a 200 leaves out is gone.
 */
static void
keep_new_validators(struct mill *m, struct source *s)
{
	struct source_state *st = &s->state;
	const struct fetched *got = s->got;
	const char *etag = got->etag, *modified = got->last_modified;

	if (got->outcome == OUTCOME_NOT_MODIFIED && etag == NULL)
		etag = st->etag;
	if (got->outcome == OUTCOME_NOT_MODIFIED && modified == NULL)
		modified = st->last_modified;
	if (same(st->validators_url, got->url) && same(st->etag, etag) &&
	    same(st->last_modified, modified))
		return;
	string_replace(&st->etag, etag);
	string_replace(&st->last_modified, modified);
	string_replace(&st->validators_url, got->url);
	store_save_validators(m->store, st->id, st->validators_url, st->etag,
	    st->last_modified);
}

/* What the server said is read, and s->got knows how that went. */
static void
take_document(struct mill *m, struct source *s, struct reading *r)
{
	mill_wish_answered(s);
	mill_keep(m, s);
	buf_fini(&s->got->body);
	if (r->feed == NULL)
		return;
	metrics_add(&m->metrics, METRIC_BAD_BYTES, r->feed->bad_bytes);
	mill_wish_read(s, r->feed);
}

static void
mill_was_read(struct job *job, void *arg)
{
	struct mill *m = arg;
	struct reading *r = (struct reading *)job;
	struct source *s = source_find(m, r->got->source_id);

	assert(s != NULL && s->busy && s->got == NULL);
	fetch_release(m->fetch, r->got);
	if (job->was_run) {
		s->got = TAKE(r->got);
		if (s->conf != NULL)	/* else unsubscribed meanwhile */
			take_document(m, s, r);
	}
	if (s->got != NULL && s->conf != NULL && r->feed != NULL) {
		hand_to_store(m, s, r);
	} else {
		store_mark_in_flight(m->store, s->state.id, 0);
		if (s->got != NULL)
			mill_end_visit(m, s, NULL);
	}
	reading_free(r);
}

/* A server has answered, or has not.  All that follows from it. */
static void
mill_answered(struct fetched **taken, void *arg)
{
	struct mill *m = arg;
	struct source *s = source_find(m, (*taken)->source_id);

	assert(s != NULL && s->busy && s->got == NULL);
	s->got = TAKE(*taken);
	if (s->conf == NULL) {		/* unsubscribed meanwhile */
		fetch_release(m->fetch, s->got);
		mill_end_visit(m, s, NULL);
		return;
	}
	if (s->got->status == 200)
		s->full_ms = clock_wall_ms();
	if (s->got->outcome == OUTCOME_OK) {
		read_document(m, s);
		return;
	}
	mill_wish_answered(s);
	if (s->got->outcome == OUTCOME_NOT_MODIFIED ||
	    s->got->outcome == OUTCOME_UNCHANGED)
		keep_new_validators(m, s);
	mill_end_visit(m, s, NULL);
}

/* Servers that lie with 304 are asked without conditions now and then. */
static int
wants_everything(const struct source *s, int64_t now_ms)
{
	return s->conf->full_every_s > 0 &&
	    now_ms - s->full_ms > s->conf->full_every_s * 1000;
}

/* It has moved for good, to another origin: that is told nothing, and only
 * on its own host may it be private, as in a redirect. */
static void
forget_secrets(const struct source *s, struct fetch_order *order)
{
	char *own = url_host(s->conf->url), *now = url_host(s->state.url);

	order->user = order->password = NULL;
	order->headers = NULL;
	order->client_cert = order->client_key = NULL;
	order->allow_private_addresses &= same(own, now);
	free(own);
	free(now);
}

/* This source, now. */
static void
ask(int64_t source_id, void *arg)
{
	struct mill *m = arg;
	struct source *s = source_find(m, source_id);
	struct fetch_header *headers;
	struct fetch_order order;

	assert(!s->busy);
	s->busy = 1;
	headers = ask_order(s->conf, &order);
	order.source_id = source_id;
	order.url = s->state.url;
	if (!source_is_home(s, s->state.url))
		forget_secrets(s, &order);
	order.keep_exchange = mill_wish_begins(s) ||
	    m->config->fetch.keep_bad != NULL;
	order.validators_url = s->state.validators_url;
	if (!mill_wish_is_full(s))
		order.body_digest = s->state.body_digest;
	if (!mill_wish_is_full(s) &&
	    !wants_everything(s, clock_wall_ms())) {
		order.etag = s->state.etag;
		order.last_modified = s->state.last_modified;
	}
	fetch_start(m->fetch, &order);
	free(headers);
}

/* May another source be asked?  Not while worker or writer are behind, nor
 * while the bodies under way fill their budget. */
static int
gate(void *arg)
{
	struct mill *m = arg;
	unsigned places = (unsigned)m->config->fetch.concurrency;

	if (places > m->socket_share)
		places = m->socket_share;
	return !m->stopping && fetch_active(m->fetch) +
	    VISIT_WEIGHT * (worker_depth(m->worker) +
	    store_queue_depth(m->store)) < places &&
	    fetch_bytes_in_flight(m->fetch) <
	    (uint64_t)m->config->fetch.bytes_in_flight;
}

/* -------------------------------------------------- outlets and archives */

/* What fails there is logged there, once and not at every try. */
static void
mill_published(const struct published *p, void *arg)
{
	static const struct err none = { 0 };
	struct mill *m = arg;

	m->outlets_failed = p->failed != NULL ? *p->failed : none;
	if (p->failed != NULL) {
		m->round.storage_failed = 1;
		metrics_add(&m->metrics, METRIC_PUBLISH_FAILURES, 1);
	} else if (p->files > 0) {
		metrics_set(&m->metrics, METRIC_PUBLISHED_S,
		    (double)clock_wall_ms() / 1000.0);
		log_event(LOG_DEBUG, "published", LOG_INT("files", p->files));
	}
	if (!m->stopping)	/* else after the next start */
		hub_tell(m->hub, p);
	mill_check_round(m);
}

static void
mill_told(int well, void *arg)
{
	struct mill *m = arg;

	metrics_add(&m->metrics, well ? METRIC_HUB_TOLD :
	    METRIC_HUB_FAILURES, 1);
	mill_check_round(m);
}

static void
mill_archived(const struct archived *a, void *arg)
{
	static const struct err none = { 0 };
	struct mill *m = arg;

	m->archives_failed = a->failed != NULL ? *a->failed : none;
	if (a->failed != NULL) {
		m->round.storage_failed = 1;
		metrics_add(&m->metrics, METRIC_PUBLISH_FAILURES, 1);
	} else if (a->posts > 0) {
		log_event(LOG_DEBUG, "archived", LOG_INT("posts", a->posts));
	}
	mill_check_round(m);
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
	const struct fetch_limits fetch_limits = ask_limits(config);
	struct mill *m = xcalloc(1, sizeof(*m));

	m->loop = loop;
	m->options = *options;
	m->socket_share = limits_socket_share();
	m->clock_ms = clock_wall_ms() - clock_mono_ms();
	m->store = store_open(&store_options, e);
	if (m->store == NULL) {
		free(m);
		return NULL;
	}
	m->config = config_ref(config);
	m->resolve = resolve_new(loop);
	m->fetch = fetch_new(loop, m->resolve, &fetch_limits, mill_answered,
	    m);
	m->hsts = mill_know_hosts(m);
	fetch_use_hsts(m->fetch, m->hsts);
	m->worker = worker_new(loop, read_now, mill_was_read, m);
	m->schedule = schedule_new(loop, ask, gate, m);
	m->publish = publish_new(loop, m->store, mill_published, m);
	m->hub = hub_new(loop, m->resolve, &fetch_limits, m->hsts,
	    m->publish, mill_told, m);
	m->archive = archive_new(loop, m->store, mill_archived, m);
	ev_io_init(&m->store_io, on_store, store_fd(m->store), EV_READ);
	m->store_io.data = m;
	ev_io_start(loop, &m->store_io);
	return m;
}

/* On the loop, as always; a disk that hangs does not hold up the end. */
static void
publish_what_is_due(struct mill *m)
{
	int64_t latest_ms = clock_mono_ms() + LAST_ROUND_MS;

	publish_flush(m->publish);
	archive_flush(m->archive);
	while (clock_mono_ms() < latest_ms && (!publish_is_idle(m->publish) ||
	    !archive_is_idle(m->archive)))
		ev_run(m->loop, EVRUN_ONCE);
}

void
mill_free(struct mill *m)
{
	if (m == NULL)
		return;
	m->stopping = 1;
	worker_free(TAKE(m->worker));	/* what is half read is read on */
	fetch_free(TAKE(m->fetch));	/* transfers end unanswered */
	store_hurry(m->store);
	store_drain(m->store);		/* what was answered is committed */
	publish_what_is_due(m);
	hub_free(m->hub);
	publish_free(m->publish);
	archive_free(m->archive);
	ev_io_stop(m->loop, &m->store_io);
	store_close(m->store);
	schedule_free(m->schedule);
	hsts_free(m->hsts);
	resolve_free(m->resolve);
	for (size_t i = 0; i < m->sources_len; i++)
		if (m->sources[i] != NULL)
			source_free(m, m->sources[i]);
	free(m->sources);
	config_unref(m->next_config);
	config_unref(m->config);
	free(m);
}
