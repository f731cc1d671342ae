/*
 * hub.c - see hub.h.
 *
 *	hub_tell --> want --> advance --> fetch --> answered --> advance
 *	                         ^                      |
 *	                       timer <------------------'
 *
 * A site is a hub, a topic a document it knows of.  A site is asked one thing
 * at a time: one that is slow or down holds up its own topics only, and its
 * failures are its own, whatever the topic.
 */
#include <ev.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/ask.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "feedmill/config.h"
#include "feedmill/fetch.h"
#include "feedmill/hub.h"
#include "feedmill/publish.h"
#include "feedmill/render.h"

enum {
	/* A hub asks for the document at once: the server, here or in front,
	 * shall have looked at the new file. */
	SETTLE_MS = 500,
	PACE_MS = 10000,		/* between two pings of one topic */
	RETRY_MS = 5000,		/* doubled with every failure */
	RETRY_MAX_MS = 3600 * 1000,
	RETRY_AFTER_MAX_S = 86400,
	DOUBLINGS_MAX = 12,
	TIMEOUT_MS = 15000,		/* or the configuration's, if less */
	ANSWER_BYTES = 65536,
	TOPIC_FORMATS = OUTLET_ATOM | OUTLET_RSS | OUTLET_JSON
};

struct topic {
	struct topic	*next;
	char		*url;
	char		*outlet;	/* its name */
	int		 wanted;	/* to be told */
	int		 fresh;		/* and not tried since */
	int		 refused;	/* the last time */
	int		 listed;	/* in the configuration */
	int64_t		 earliest_ms;	/* monotonic */
};

struct site {
	struct site	*next;
	int64_t		 id;
	char		*url;
	char		*shown;		/* without secrets */
	struct topic	*topics;
	struct topic	*asked;		/* the transfer under way is of */
	unsigned	 failures;	/* in a row */
	int		 gone;
	int64_t		 next_ms;	/* monotonic */
};

/* What is known of an outlet whose hubs are to be told. */
struct outlet {
	struct outlet	*next;
	char		*name;
	int64_t		 reached;	/* by its documents */
	int64_t		 kept;		/* the store knows of */
};

struct hub {
	struct ev_loop	*loop;
	struct publish	*publish;
	hub_done_fn	*done;
	void		*arg;
	struct fetch	*fetch;
	const struct config *config;
	struct site	*sites;
	struct outlet	*outlets;
	int64_t		 last_id;
	ev_timer	 timer;
};

/* ------------------------------------------------------------ small parts */

static struct site *
need_site(struct hub *h, const char *url)
{
	struct site *s = h->sites;

	while (s != NULL && strcmp(s->url, url) != 0)
		s = s->next;
	if (s == NULL) {
		s = xcalloc(1, sizeof(*s));
		s->id = ++h->last_id;
		s->url = xstrdup(url);
		s->shown = url_redact(url);
		s->next = h->sites;
		h->sites = s;
	}
	return s;
}

static struct topic *
need_topic(struct site *s, const char *url, const char *outlet)
{
	struct topic *t = s->topics;

	while (t != NULL && strcmp(t->url, url) != 0)
		t = t->next;
	if (t == NULL) {
		t = xcalloc(1, sizeof(*t));
		t->url = xstrdup(url);
		t->outlet = xstrdup(outlet);
		t->next = s->topics;
		s->topics = t;
	}
	return t;
}

/* *ret_new: it was not known. */
static struct outlet *
need_outlet(struct hub *h, const char *name, int *ret_new)
{
	struct outlet *o = h->outlets;

	while (o != NULL && strcmp(o->name, name) != 0)
		o = o->next;
	*ret_new = o == NULL;
	if (o == NULL) {
		o = xcalloc(1, sizeof(*o));
		o->name = xstrdup(name);
		o->next = h->outlets;
		h->outlets = o;
	}
	return o;
}

static int
is_pending(const struct hub *h, const char *outlet)
{
	for (const struct site *s = h->sites; s != NULL; s = s->next) {
		for (const struct topic *t = s->topics; t; t = t->next) {
			if ((t->wanted || t == s->asked) &&
			    strcmp(t->outlet, outlet) == 0)
				return 1;
		}
	}
	return 0;
}

/* What all hubs of an outlet know, the store shall know. */
static void
keep(struct hub *h)
{
	for (struct outlet *o = h->outlets; o != NULL; o = o->next) {
		if (o->kept >= o->reached || is_pending(h, o->name))
			continue;
		o->kept = o->reached;
		publish_mark_told(h->publish, o->name, o->kept);
	}
}

/* ----------------------------------------------------------------- asking */

static void
ping(struct hub *h, struct site *s, struct topic *t)
{
	struct fetch_order order;
	struct fetch_header *headers =
	    ask_order(config_defaults(h->config), &order);
	struct buf form = { 0 };

	t->wanted = t->fresh = 0;
	s->asked = t;
	buf_puts(&form, "hub.mode=publish&hub.url=");
	url_put_escaped(&form, t->url, strlen(t->url), url_is_unreserved);
	order.source_id = s->id;
	order.url = s->url;
	order.post = buf_str(&form);
	order.body_bytes = ANSWER_BYTES;
	if (order.timeout_ms == 0 || order.timeout_ms > TIMEOUT_MS)
		order.timeout_ms = TIMEOUT_MS;
	fetch_start(h->fetch, &order);
	free(headers);
	buf_fini(&form);
}

static int64_t
due_ms(const struct site *s, const struct topic *t)
{
	return t->earliest_ms > s->next_ms ? t->earliest_ms : s->next_ms;
}

/* Of those that wait, the one that may be told first. */
static struct topic *
next_topic(const struct site *s)
{
	struct topic *best = NULL;

	for (struct topic *t = s->topics; t != NULL; t = t->next) {
		if (t->wanted &&
		    (best == NULL || due_ms(s, t) < due_ms(s, best)))
			best = t;
	}
	return best;
}

static void
advance(struct hub *h)
{
	int64_t now_ms = clock_mono_ms(), first_ms = INT64_MAX;

	for (struct site *s = h->sites; s != NULL; s = s->next) {
		struct topic *t = s->asked == NULL ? next_topic(s) : NULL;

		if (t == NULL)
			continue;
		if (due_ms(s, t) <= now_ms)
			ping(h, s, t);
		else if (due_ms(s, t) < first_ms)
			first_ms = due_ms(s, t);
	}
	ev_timer_stop(h->loop, &h->timer);
	if (first_ms == INT64_MAX)
		return;
	ev_timer_set(&h->timer, (double)(first_ms - now_ms) / 1000., 0.);
	ev_timer_start(h->loop, &h->timer);
}

static void
timer_up(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop, (void)events;
	advance(timer->data);
}

/* ----------------------------------------------------------------- answers */

static int64_t
wait_ms(const struct site *s, const struct fetched *got)
{
	unsigned doublings = s->failures - 1;
	int64_t ms, asked_s = got->retry_after_s;

	if (doublings > DOUBLINGS_MAX)
		doublings = DOUBLINGS_MAX;
	ms = (int64_t)RETRY_MS << doublings;
	if (ms > RETRY_MAX_MS)
		ms = RETRY_MAX_MS;
	if (asked_s > RETRY_AFTER_MAX_S)
		asked_s = RETRY_AFTER_MAX_S;
	return asked_s * 1000 > ms ? asked_s * 1000 : ms;
}

static void
told(struct site *s, struct topic *t, const struct fetched *got)
{
	log_event(LOG_INFO, "hub told", LOG_STR("hub", s->shown),
	    LOG_STR("document", t->url), LOG_INT("status", got->status),
	    LOG_INT("failures", s->failures));
	s->failures = 0;
	s->next_ms = 0;
	t->refused = 0;
	t->earliest_ms = clock_mono_ms() + PACE_MS;
}

static void
failed(struct site *s, struct topic *t, const struct fetched *got)
{
	int64_t ms;

	s->failures++;
	ms = wait_ms(s, got);
	log_event(s->failures == 1 ? LOG_WARN : LOG_DEBUG, "hub not told",
	    LOG_STR("hub", s->shown), LOG_STR("document", t->url),
	    LOG_STR("reason", got->reason), LOG_INT("failures", s->failures),
	    LOG_INT("again_s", ms / 1000));
	s->next_ms = clock_mono_ms() + ms;
	t->wanted = 1;
}

/* Said again only after it had been told. */
static void
refused(struct site *s, struct topic *t, const struct fetched *got)
{
	log_event(t->refused ? LOG_DEBUG : LOG_WARN, "hub refuses",
	    LOG_STR("hub", s->shown), LOG_STR("document", t->url),
	    LOG_STR("reason", got->reason));
	s->failures = 0;
	s->next_ms = 0;
	t->refused = 1;
	t->earliest_ms = clock_mono_ms() + PACE_MS;
}

static void
gone(struct site *s)
{
	log_event(LOG_WARN, "hub is gone, and not told any more",
	    LOG_STR("hub", s->shown));
	s->gone = 1;
	for (struct topic *t = s->topics; t != NULL; t = t->next)
		t->wanted = t->fresh = 0;
}

static void
judge(struct site *s, struct topic *t, const struct fetched *got)
{
	long status = got->status;

	if (status >= 200 && status < 300)
		told(s, t, got);
	else if (status == 410)
		gone(s);
	else if (status >= 400 && status < 500 && status != 408 &&
	    status != 425 && status != 429)
		refused(s, t, got);
	else
		failed(s, t, got);
}

static void
answered(struct fetched **taken, void *arg)
{
	struct hub *h = arg;
	const struct fetched *got = *taken;
	struct site *s = h->sites;
	struct topic *t;

	while (s->id != got->source_id)
		s = s->next;
	t = TAKE(s->asked);
	judge(s, t, got);
	keep(h);
	advance(h);
	h->done(got->status >= 200 && got->status < 300, h->arg);
}

/* ----------------------------------------------------------------- telling */

static void
want(const struct site *s, struct topic *t)
{
	int64_t settled_ms = clock_mono_ms() + SETTLE_MS;

	if (s->gone)
		return;
	t->wanted = t->fresh = 1;
	if (t->earliest_ms < settled_ms)
		t->earliest_ms = settled_ms;
}

/* formats: of the documents that changed, enum outlet_format bits. */
static void
tell_format(struct hub *h, const struct config_outlet *o,
    const struct render_format *format, int changed)
{
	struct buf url = { 0 };

	render_self_url(&url, o, format);
	for (const char *const *hub = o->hubs; *hub != NULL; hub++) {
		struct site *s = need_site(h, *hub);
		struct topic *t = need_topic(s, buf_str(&url), o->name);

		t->listed = 1;
		if (changed)
			want(s, t);
	}
	buf_fini(&url);
}

static void
tell_outlet(struct hub *h, const struct published_outlet *p)
{
	unsigned changed = p->changed;
	struct outlet *o;
	int is_new;

	if (p->outlet->hubs[0] == NULL)
		return;
	o = need_outlet(h, p->outlet->name, &is_new);
	if (is_new)
		o->kept = p->told;
	if (p->reached != -1)
		o->reached = p->reached;
	/* The last run did not come to it. */
	if (is_new && o->kept < o->reached)
		changed = TOPIC_FORMATS;
	for (const struct render_format *f = render_formats;
	    f->ending != NULL; f++) {
		if ((f->bit & p->outlet->formats & TOPIC_FORMATS) != 0)
			tell_format(h, p->outlet, f,
			    (changed & f->bit) != 0);
	}
}

static void
topic_free(struct topic *t)
{
	free(t->url);
	free(t->outlet);
	free(t);
}

/* Those that are not configured any more. */
static void
forget_unlisted(struct site *s)
{
	struct topic **at = &s->topics, *t;

	while ((t = *at) != NULL) {
		if (t->listed || t == s->asked) {
			t->wanted &= t->listed;
			t->fresh &= t->listed;
			at = &t->next;
			continue;
		}
		*at = t->next;
		topic_free(t);
	}
}

/* Another configuration: a hub that had gone may be back. */
static void
take_config(struct hub *h, const struct config *config)
{
	if (config == h->config)
		return;
	config_unref(h->config);
	h->config = config_ref(config);
	for (struct site *s = h->sites; s != NULL; s = s->next)
		s->gone = 0;
}

void
hub_tell(struct hub *h, const struct published *p)
{
	take_config(h, p->config);
	for (struct site *s = h->sites; s != NULL; s = s->next)
		for (struct topic *t = s->topics; t != NULL; t = t->next)
			t->listed = 0;
	for (size_t i = 0; i < p->outlets_count; i++)
		tell_outlet(h, &p->outlets[i]);
	for (struct site *s = h->sites; s != NULL; s = s->next)
		forget_unlisted(s);
	keep(h);
	advance(h);
}

/* ------------------------------------------------------------------- whole */

int
hub_is_idle(const struct hub *h)
{
	for (const struct site *s = h->sites; s != NULL; s = s->next) {
		if (s->asked != NULL)
			return 0;
		/* A site that fails is not waited for. */
		for (const struct topic *t = s->topics; t; t = t->next)
			if (t->fresh && s->failures == 0)
				return 0;
	}
	return 1;
}

struct hub *
hub_new(struct ev_loop *loop, struct resolve *resolve,
    const struct fetch_limits *limits, struct hsts *hsts,
    struct publish *publish, hub_done_fn *done, void *arg)
{
	struct hub *h = xcalloc(1, sizeof(*h));

	h->loop = loop;
	h->publish = publish;
	h->done = done;
	h->arg = arg;
	h->fetch = fetch_new(loop, resolve, limits, answered, h);
	fetch_use_hsts(h->fetch, hsts);
	ev_timer_init(&h->timer, timer_up, 0., 0.);
	h->timer.data = h;
	return h;
}

static void
site_free(struct site *s)
{
	struct topic *t;

	while ((t = s->topics) != NULL) {
		s->topics = t->next;
		topic_free(t);
	}
	free(s->url);
	free(s->shown);
	free(s);
}

void
hub_free(struct hub *h)
{
	struct site *s;
	struct outlet *o;

	if (h == NULL)
		return;
	fetch_free(h->fetch);
	ev_timer_stop(h->loop, &h->timer);
	while ((s = h->sites) != NULL) {
		h->sites = s->next;
		site_free(s);
	}
	while ((o = h->outlets) != NULL) {
		h->outlets = o->next;
		free(o->name);
		free(o);
	}
	config_unref(h->config);
	free(h);
}
