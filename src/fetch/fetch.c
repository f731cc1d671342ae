/*
 * fetch.c - orders in, hops along, answers out.
 *
 *	fetch_start --> hop_begin --> on_resolved --> lane --> on_hop_done
 *	                    ^                                   |      |
 *	                    '----------- redirect --------------'      |
 *	                                                               v
 *	            done <-- deliver <-- finished <-------------- finish
 *
 * A hop is one URL: its name is resolved, its addresses pass the guard, and
 * only then libcurl is told of it.  A redirect is another hop, under the same
 * deadline.  finish() only queues: deliver() is called when libcurl and the
 * resolver have returned, and it alone calls done.
 *
 * There are three lanes (multi handles), so that no connection and no pinned
 * name of one kind is ever used for another: public addresses, sources that
 * may reach private ones, and those with a proxy or certificates of their own.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <ev.h>

#include "feedmill/base/clock.h"
#include "feedmill/base/limits.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "private.h"

enum { LANE_PUBLIC, LANE_PRIVATE, LANE_SPECIAL, LANES };

TAILQ_HEAD(xfers, xfer);

struct fetch {
	struct ev_loop		*loop;
	struct resolve		*resolve;
	struct hsts		*hsts;		/* or NULL */
	struct fetch_limits	 limits;
	fetch_done_fn		*done;
	void			*arg;
	struct lane		*lane[LANES];
	struct handle		*pool;
	unsigned		 pooled;
	struct xfers		 spare;		/* to be used again */
	unsigned		 spared;
	struct xfers		 under_way, finished;
	unsigned		 active;	/* of both */
	unsigned		 unread;	/* bodies handed over */
	uint64_t		 held;		/* of all of these */
	struct ev_timer		 soon;		/* there are finished ones */
	int			 delivering;
};

/* ------------------------------------------------------------ small parts */

const struct fetch_limits *
fetch_limits_of(const struct fetch *f)
{
	return &f->limits;
}

struct hsts *
fetch_hsts_of(const struct fetch *f)
{
	return f->hsts;
}

void
fetch_count_held(struct xfer *x, uint64_t bytes)
{
	x->fetch->held += bytes - x->held;
	x->held = bytes;
}

int
fetch_may_hold(const struct xfer *x, uint64_t bytes)
{
	const struct fetch *f = x->fetch;
	uint64_t limit = f->limits.held_bytes;

	return limit == 0 || f->held + (bytes - x->held) <= limit ||
	    bytes <= limit / (f->active + f->unread);
}

static int64_t
remaining_ms(const struct xfer *x)
{
	return x->deadline_ms - clock_mono_ms();
}

static void
drop_body(struct xfer *x)
{
	buf_fini(&x->result->body);
	fetch_count_held(x, 0);
}

static struct handle *
pool_get(struct fetch *f)
{
	struct handle *h = f->pool;

	if (h == NULL)
		return transfer_new_handle(&f->limits);
	f->pool = h->next;
	f->pooled--;
	return h;
}

static void
pool_put(struct fetch *f, struct handle *h)
{
	h->xfer = NULL;
	if (h->marked || f->pooled >= f->limits.connections) {
		transfer_free_handle(h);
		return;
	}
	h->next = f->pool;
	f->pool = h;
	f->pooled++;
}

/* With an arena that may have its room already. */
static struct xfer *
xfer_new(struct fetch *f)
{
	struct xfer *x = TAILQ_FIRST(&f->spare);

	if (x == NULL) {
		x = xcalloc(1, sizeof(*x));
	} else {
		TAILQ_REMOVE(&f->spare, x, link);
		f->spared--;
		*x = (struct xfer){ .arena = x->arena };
	}
	x->fetch = f;
	f->active++;
	return x;
}

static void
xfer_free(struct xfer *x)
{
	struct fetch *f = x->fetch;

	fetch_count_held(x, 0);
	f->active--;
	fetched_free(x->result);
	arena_reset(&x->arena);
	if (f->spared < f->limits.connections) {
		TAILQ_INSERT_HEAD(&f->spare, x, link);
		f->spared++;
		return;
	}
	arena_fini(&x->arena);
	free(x);
}

/* --------------------------------------------------------------- answering */

/* The visit has ended, its outcome is set: tell it when all have returned. */
static void
finish(struct xfer *x)
{
	struct fetch *f = x->fetch;
	struct fetched *r = x->result;

	assert(x->query == NULL && x->handle == NULL);
	if (r->outcome != OUTCOME_OK)
		drop_body(x);
	fetched_take_head(r, &x->head);
	r->url = x->site.url != NULL ? xstrdup(x->site.url) :
	    url_redact(x->order.url);
	r->took_ms = clock_mono_ms() - x->started_ms;
	TAILQ_REMOVE(&f->under_way, x, link);
	TAILQ_INSERT_TAIL(&f->finished, x, link);
	if (!ev_is_active(&f->soon)) {
		ev_timer_set(&f->soon, 0.0, 0.0);
		ev_timer_start(f->loop, &f->soon);
	}
}

/* A body that counts has come: is it new? */
static void
judge_body(struct xfer *x)
{
	struct fetched *r = x->result;

	r->body_digest = hash_128(r->body.data, r->body.len);
	if (r->body.len == 0) {
		outcome_say(x, OUTCOME_EMPTY, "an empty answer");
		return;
	}
	if (digest_equal(r->body_digest, x->order.body_digest)) {
		outcome_say(x, OUTCOME_UNCHANGED,
		    "the same bytes as last time");
		return;
	}
	if (x->head.coding == CODING_UNKNOWN) {
		outcome_set(x, OUTCOME_PROTOCOL,
		    "an encoding that was not asked for");
		return;
	}
	r->coding = (int)x->head.coding;
	r->body_max = x->order.body_bytes;
}

/* An answer's body goes on counting until its new owner has read it. */
static void
hand_over_held(struct xfer *x)
{
	x->result->held_bytes = x->held;
	x->fetch->unread += x->held > 0;
	x->held = 0;
}

/* Tell those that are finished now; done may start others. */
static void
deliver(struct fetch *f)
{
	struct xfers batch = TAILQ_HEAD_INITIALIZER(batch);
	struct xfer *x;

	ev_timer_stop(f->loop, &f->soon);
	TAILQ_CONCAT(&batch, &f->finished, link);
	f->delivering = 1;
	while ((x = TAILQ_FIRST(&batch)) != NULL) {
		struct fetched *r;

		TAILQ_REMOVE(&batch, x, link);
		if (x->result->outcome == OUTCOME_OK)
			judge_body(x);
		if (x->result->outcome != OUTCOME_OK)
			drop_body(x);
		hand_over_held(x);
		r = TAKE(x->result);
		xfer_free(x);
		f->done(&r, f->arg);
		if (r != NULL)		/* it was not taken */
			fetch_release(f, r);
		fetched_free(r);
	}
	f->delivering = 0;
}

static void
on_soon(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	(void)loop, (void)revents;
	deliver(timer->data);
}

static void
on_drained(void *arg)
{
	deliver(arg);
}

/* -------------------------------------------------------------------- hops */

static void
fail(struct xfer *x, enum outcome outcome, const char *why)
{
	outcome_say(x, outcome, why);
	finish(x);
}

/* Is this hop's own host one that any address may have? */
static int
may_be_private(const struct xfer *x)
{
	return x->order.allow_private_addresses && !x->strayed;
}

static int
lane_of(const struct xfer *x)
{
	const struct fetch_order *o = &x->order;

	if (o->proxy != NULL)
		return LANE_SPECIAL;
	if (x->private_ok)
		return LANE_PRIVATE;
	return o->ca_file != NULL || o->client_cert != NULL ? LANE_SPECIAL :
	    LANE_PUBLIC;
}

static void
release(struct xfer *x)
{
	struct handle *h = TAKE(x->handle);
	const char *address = NULL;

	if (h == NULL)
		return;
	curl_easy_getinfo(h->curl, CURLINFO_PRIMARY_IP, &address);
	if (address != NULL && *address != '\0') {
		free(x->result->address);
		x->result->address = xstrdup(address);
	}
	pool_put(x->fetch, h);
}

/*
 * The addresses that pass the guard.  Those that do not are left out: a name
 * with a public and a private one is reached at the public one.
 */
static void
keep_allowed(const struct resolved *all, int private_ok,
    struct resolved *ret)
{
	ret->count = 0;
	for (unsigned i = 0; i < all->count; i++)
		if (private_ok || resolve_is_public(&all->address[i].any))
			ret->address[ret->count++] = all->address[i];
}

static void
on_resolved(const struct resolved *all, void *arg)
{
	struct xfer *x = arg;
	struct fetch *f = x->fetch;
	int64_t left_ms = remaining_ms(x);
	struct resolved allowed;

	x->query = NULL;
	if (all->failure != NULL) {
		if (limits_files_are_out())
			fail(x, OUTCOME_POSTPONED, fetch_no_files);
		else
			fail(x, OUTCOME_DNS, all->failure);
		return;
	}
	keep_allowed(all, x->private_ok || x->order.proxy != NULL, &allowed);
	if (allowed.count == 0) {
		fail(x, OUTCOME_REFUSED_ADDRESS,
		    outcome_sentence(OUTCOME_REFUSED_ADDRESS));
		return;
	}
	if (left_ms <= 0) {
		fail(x, OUTCOME_TIMEOUT, "no time left");
		return;
	}
	x->handle = pool_get(f);
	x->lane = f->lane[lane_of(x)];
	transfer_prepare(x, left_ms);
	lane_start(x->lane, x->handle, x->peer.numeric ? NULL : x->peer.host,
	    x->peer.port, &allowed, x->pinned_again);
}

/* Through a proxy the addresses are not ours to check: only what says itself
 * that it is one of this machine or this network. */
static int
names_private(const struct fetch_site *site)
{
	union resolve_address a;
	size_t len = strlen(site->host);

	memset(&a, 0, sizeof(a));
	if (inet_pton(AF_INET, site->host, &a.in4.sin_addr) == 1)
		a.any.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, site->host, &a.in6.sin6_addr) == 1)
		a.any.sa_family = AF_INET6;
	else
		return strcmp(site->host, "localhost") == 0 || (len > 10 &&
		    strcmp(site->host + len - 10, ".localhost") == 0);
	return !resolve_is_public(&a.any);
}

/* Go where x->site says. */
static void
hop_begin(struct xfer *x)
{
	const struct fetch_order *o = &x->order;
	int64_t left_ms = remaining_ms(x);
	const char *why;

	fetch_head_init(&x->head);
	x->strayed |= !fetch_site_same_host(&x->home, &x->site);
	x->private_ok = may_be_private(x);
	x->peer = x->site;
	if (o->proxy != NULL) {
		why = fetch_site_parse_proxy(&x->peer, &x->arena, o->proxy);
		if (why != NULL) {
			fail(x, OUTCOME_CONNECT, why);
			return;
		}
		if (!x->private_ok && names_private(&x->site)) {
			fail(x, OUTCOME_REFUSED_ADDRESS,
			    outcome_sentence(OUTCOME_REFUSED_ADDRESS));
			return;
		}
	}
	if (left_ms <= 0) {
		fail(x, OUTCOME_TIMEOUT, "no time left");
		return;
	}
	if ((uint64_t)left_ms > o->connect_timeout_ms)
		left_ms = (int64_t)o->connect_timeout_ms;
	x->query = resolve_start(x->fetch->resolve, x->peer.host,
	    (unsigned)left_ms, on_resolved, x);
}

static void
redirect(struct xfer *x)
{
	struct fetch_site next;
	const char *why = hop_next(x, &next);

	if (why != NULL) {
		fail(x, OUTCOME_REDIRECT, why);
		return;
	}
	x->result->redirects++;
	x->site = next;
	x->pinned_again = 0;
	hop_begin(x);
}

/* The blank line after a final answer's headers has not come. */
static int
is_cut_head(const struct fetch_head *head)
{
	return head->status >= 200 && !head->complete;
}

static void
on_hop_done(struct handle *h, CURLcode code, void *arg)
{
	struct xfer *x = h->xfer;
	int answered = code == CURLE_OK || x->stop == STOP_ENOUGH;

	(void)arg;
	if (answered && is_cut_head(&x->head)) {
		/* libcurl takes it for an answer; "410" and no more would
		 * end a source. */
		outcome_say(x, OUTCOME_PROTOCOL,
		    "the answer was cut off in its headers");
		fetch_head_init(&x->head);
		answered = 0;
	} else if (answered) {
		outcome_of_status(x);
	} else {
		outcome_of_failure(x, code);
	}
	hop_answered(x);
	release(x);

	if (answered && hop_is_redirect(x)) {
		redirect(x);
	} else if (!x->pinned_again &&
	    (code == CURLE_COULDNT_RESOLVE_HOST ||
	    code == CURLE_COULDNT_RESOLVE_PROXY)) {
		x->pinned_again = 1;	/* see lane.c; nothing was sent */
		hop_begin(x);
	} else {
		finish(x);
	}
}

void
fetch_use_hsts(struct fetch *f, struct hsts *hsts)
{
	f->hsts = hsts;
}

void
fetch_start(struct fetch *f, const struct fetch_order *o)
{
	struct xfer *x = xfer_new(f);
	const char *why;

	x->result = fetched_new(o->source_id);
	x->result->hide_path = o->hide_path;
	x->started_ms = clock_mono_ms();
	x->only_permanent = 1;
	order_copy(&x->order, &x->arena, o);
	x->deadline_ms = x->started_ms + (int64_t)x->order.timeout_ms;
	fetch_head_init(&x->head);
	TAILQ_INSERT_TAIL(&f->under_way, x, link);

	why = fetch_site_parse(&x->home, &x->arena, x->order.url);
	if (why != NULL) {
		fail(x, OUTCOME_PROTOCOL, why);
		return;
	}
	hop_first(x);
	if (x->order.validators_url == NULL)
		x->order.validators_url = x->home.url;
	hop_begin(x);
}

/* ------------------------------------------------------------------ whole */

unsigned
fetch_active(const struct fetch *f)
{
	return f->active;
}

uint64_t
fetch_bytes_in_flight(const struct fetch *f)
{
	return f->held;
}

void
fetch_release(struct fetch *f, struct fetched *r)
{
	f->unread -= r->held_bytes > 0;
	f->held -= r->held_bytes;
	r->held_bytes = 0;
}

struct fetch *
fetch_new(struct ev_loop *loop, struct resolve *resolve,
    const struct fetch_limits *limits, fetch_done_fn *done, void *arg)
{
	struct fetch *f = xcalloc(1, sizeof(*f));

	curl_global_init(CURL_GLOBAL_DEFAULT);
	f->loop = loop;
	f->resolve = resolve;
	f->limits = *limits;
	f->done = done;
	f->arg = arg;
	TAILQ_INIT(&f->under_way);
	TAILQ_INIT(&f->finished);
	TAILQ_INIT(&f->spare);
	ev_init(&f->soon, on_soon);
	f->soon.data = f;
	for (int i = 0; i < LANES; i++)
		f->lane[i] = lane_new(loop, limits, on_hop_done, on_drained,
		    f);
	return f;
}

static void
abandon(struct xfer *x)
{
	if (x->query != NULL)
		resolve_cancel(x->query);
	if (x->handle != NULL) {
		lane_abort(x->lane, x->handle);
		transfer_free_handle(x->handle);
	}
	xfer_free(x);
}

/* Without its own name in front. */
const char *
fetch_library_version(void)
{
	static const char own[] = "libcurl/";
	const char *all = curl_version();

	return strncmp(all, own, strlen(own)) == 0 ? all + strlen(own) : all;
}

void
fetch_free(struct fetch *f)
{
	struct handle *h;
	struct xfer *x;

	if (f == NULL)
		return;
	assert(!f->delivering);
	while ((x = TAILQ_FIRST(&f->under_way)) != NULL) {
		TAILQ_REMOVE(&f->under_way, x, link);
		abandon(x);
	}
	while ((x = TAILQ_FIRST(&f->finished)) != NULL) {
		TAILQ_REMOVE(&f->finished, x, link);
		abandon(x);
	}
	while ((x = TAILQ_FIRST(&f->spare)) != NULL) {
		TAILQ_REMOVE(&f->spare, x, link);
		arena_fini(&x->arena);
		free(x);
	}
	while ((h = f->pool) != NULL) {
		f->pool = h->next;
		transfer_free_handle(h);
	}
	for (int i = 0; i < LANES; i++)
		lane_free(f->lane[i]);
	ev_timer_stop(f->loop, &f->soon);
	curl_global_cleanup();
	free(f);
}
