/* ask.c - see ask.h. */
#include <stdlib.h>

#include <ev.h>

#include "feedmill/ask.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/limits.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/identify.h"
#include "feedmill/normalise.h"
#include "feedmill/parse.h"
#include "feedmill/resolve.h"

struct fetch_limits
ask_limits(const struct config *c)
{
	unsigned share = limits_socket_share();

	return (struct fetch_limits){
		.header_bytes = (unsigned)c->fetch.header_bytes,
		.header_lines = (unsigned)c->fetch.header_lines,
		.redirects = (unsigned)c->fetch.redirects,
		.low_speed_bytes_s = (unsigned)c->fetch.low_speed_bytes_s,
		.low_speed_time_s = (unsigned)c->fetch.low_speed_time_s,
		.connections = share < (unsigned)c->fetch.concurrency ?
		    share : (unsigned)c->fetch.concurrency,
		.connections_per_host =
		    (unsigned)c->fetch.concurrency_per_host,
		.held_bytes = (uint64_t)c->fetch.bytes_in_flight,
	};
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

struct fetch_header *
ask_order(const struct config_source *c, struct fetch_order *ret)
{
	struct fetch_header *headers = headers_of(c);

	*ret = (struct fetch_order){
		.url = c->url, .user_agent = c->user_agent,
		.proxy = c->proxy, .user = c->user, .password = c->password,
		.digest = c->auth_digest, .hide_path = c->url_from != NULL,
		.headers = headers,
		.client_cert = c->client_cert, .client_key = c->client_key,
		.ca_file = c->ca_file,
		.allow_private_addresses = c->allow_private_addresses,
		.timeout_ms = (uint64_t)c->timeout_ms,
		.connect_timeout_ms = (uint64_t)c->connect_timeout_ms,
		.body_bytes = (uint64_t)c->max_size_bytes,
	};
	return headers;
}

struct feed *
ask_read(const struct config_source *c, struct fetched *got)
{
	const struct parse_context context = {
		.url = got->url, .content_type = got->content_type,
		.content_language = got->content_language,
		.content_location = got->content_location,
		.charset = c->charset, .zone_s = c->zone_s,
	};
	const struct identify_rules rules = {
		.scope = c->name, .own = c->identity_own,
	};
	struct feed *feed;

	got->outcome = parse_feed(got->body.data, got->body.len, &context,
	    &feed);
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

/* ------------------------------------------------------------ one request */

struct asking {
	struct ev_loop	*loop;
	struct fetched	*got;
};

static void
answered(struct fetched **taken, void *arg)
{
	struct asking *a = arg;

	a->got = TAKE(*taken);
	ev_break(a->loop, EVBREAK_ALL);
}

struct fetched *
ask_now(const struct config *config, const struct config_source *source,
    struct hsts *hsts, enum ask_for what)
{
	const struct fetch_limits limits = ask_limits(config);
	struct asking a = { .loop = ev_loop_new(EVFLAG_AUTO) };
	struct resolve *resolve = resolve_new(a.loop);
	struct fetch *fetch = fetch_new(a.loop, resolve, &limits, answered,
	    &a);
	struct fetch_order order;
	struct fetch_header *headers = ask_order(source, &order);

	fetch_use_hsts(fetch, hsts);
	order.want_page = what == ASK_PAGE;
	order.keep_exchange = 1;
	fetch_start(fetch, &order);
	free(headers);
	while (a.got == NULL)
		ev_run(a.loop, 0);
	fetch_free(fetch);
	resolve_free(resolve);
	ev_loop_destroy(a.loop);
	if (a.got->outcome == OUTCOME_OK)
		fetched_open(a.got);
	return a.got;
}
