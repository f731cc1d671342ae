/*
 * fetch.h - from "ask this URL" to "here is what its server said".
 *
 * Runs many HTTP transfers (RFC 9110; differences of feeds are RFC 3229's) on
 * one event loop.  Knows libcurl and libev; knows nothing of XML, SQLite or
 * schedules.  Names are resolved by resolve.h, addresses checked and pinned;
 * redirects are followed here, hop by hop, each one resolved and checked anew.
 *
 * Every fetch_start() leads to exactly one call of the done callback: never
 * before fetch_start() has returned, never after fetch_free().  The callback
 * owns what it is given and may start further fetches.
 */
#ifndef FEEDMILL_FETCH_H
#define FEEDMILL_FETCH_H

#include <stdint.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/hash.h"
#include "feedmill/model.h"

struct ev_loop;
struct fetch;
struct hsts;
struct resolve;

/* Of all transfers together. */
struct fetch_limits {
	unsigned	 header_bytes, header_lines;
	unsigned	 redirects;
	unsigned	 low_speed_bytes_s, low_speed_time_s;
	unsigned	 connections, connections_per_host;
	/* Of all bodies together, 0: no limit.  Once it is reached, a body
	 * over its even share goes no further; so it is passed by at most
	 * as much again, by those under theirs. */
	uint64_t	 held_bytes;
};

struct fetch_header {
	const char	*name, *value;
};

/*
 * An order: everything is copied, nothing is kept.  User, password, headers
 * and certificates go to the url's own origin and to no other; so does a
 * user:password@ of the url, which is used but shown nowhere.  A proxy may be
 * at a private address; what it connects to is its own affair, except that a
 * private address or localhost as such is still refused.
 */
struct fetch_order {
	int64_t		 source_id;
	const char	*url;		/* http or https, absolute */
	const char	*etag, *last_modified;	/* byte-exact, or NULL */
	struct digest	 body_digest;	/* of the last good body; zero: none */
	const char	*user_agent;
	const char	*proxy;		/* NULL: none, whatever the environment */
	const char	*user, *password;
	const struct fetch_header *headers;	/* name NULL ends; or NULL */
	const char	*client_cert, *client_key, *ca_file;
	int		 allow_private_addresses;
	uint64_t	 timeout_ms, connect_timeout_ms;
	uint64_t	 body_bytes;	/* cap, after decompression */
	int		 want_page;	/* discovery: also accept text/html */
	int		 keep_exchange;	/* fill fetched.exchange */
	/*
	 * Validators hold for one URL (fetched.url of the visit that brought
	 * them): they are sent to this and to no other.  NULL: url.
	 */
	const char	*validators_url;
	/*
	 * A form to be posted instead of asking; NULL: ask.  Only a redirect
	 * that posts it again (307, 308) is followed.  Its outcome is a
	 * feed's; what counts is fetched.status.
	 */
	const char	*post;
	int		 hide_path;	/* the url is a secret as a whole: see
					 * fetched.hide_path */
	int		 digest;	/* user and password, RFC 7616; else Basic */
};

/*
 * What the server said: an outcome from OUTCOME_OK to OUTCOME_EMPTY, or
 * OUTCOME_POSTPONED where there was no memory for it.  body is complete, as it
 * was received, for OUTCOME_OK and empty for everything else; fetched_open()
 * makes of it what it stands for, and the caller judges whether that is a
 * feed.
 */
struct fetched {
	int64_t		 source_id;
	enum outcome	 outcome;
	char		*reason;	/* a sentence for people; never NULL */
	long		 status;	/* 0 if none came; of the last hop */
	int		 is_delta;	/* 226 with IM: feed */
	struct buf	 body;
	struct digest	 body_digest;	/* as received, before inflating */
	char		*url;		/* of the last hop */
	char		*permanent_url;	/* where only 301/308 led; or NULL.
					 * Also NULL if the order's url held
					 * a password: it would be lost. */
	int		 redirects;
	/* Headers of the last hop, NULL if absent. */
	char		*etag, *last_modified, *content_type;
	char		*content_language, *content_location;
	char		*link;
	int64_t		 retry_after_s;	/* -1: none */
	int64_t		 max_age_s;	/* Cache-Control less Age; -1: none */
	int64_t		 expires_ms;	/* less Age; long ago if it is no
					 * date; DATE_NONE: none */
	int64_t		 date_ms;	/* read beside Expires; or DATE_NONE */
	uint64_t	 received_bytes;	/* on the wire, bodies */
	int64_t		 took_ms;
	char		*address;	/* connected to, or NULL */
	struct buf	 exchange;	/* requests and answer heads, readable,
					 * without credentials */
	int		 was_conditional;	/* validators were sent to url */
	int		 hide_path;	/* of the order: whoever shows URLs of
					 * it leaves out more than secrets */
	int		 secured;	/* asked by https where http was said,
					 * because the host wants it so */
	int		 coding;	/* of body: for fetched_open() */
	uint64_t	 body_max;	/* the order's body_bytes */
	uint64_t	 held_bytes;	/* counted until fetch_release() */
};

typedef void fetch_done_fn(struct fetched **taken, void *arg);

struct fetch *fetch_new(struct ev_loop *, struct resolve *,
    const struct fetch_limits *, fetch_done_fn *, void *arg);
/*
 * From now on hosts are asked by https that want it so (RFC 6797), in orders
 * and redirects alike, and what answers say of it is heard.  On loan; NULL:
 * no longer.  What http becomes https for is as good as moved for good.
 */
void fetch_use_hsts(struct fetch *, struct hsts *);
void fetch_start(struct fetch *, const struct fetch_order *);
unsigned fetch_active(const struct fetch *);
/* Bytes held by all transfers under way and all answers not yet released,
 * for the budget. */
uint64_t fetch_bytes_in_flight(const struct fetch *);
/* An answer's body is read, or gone: its bytes do not count any more. */
void fetch_release(struct fetch *, struct fetched *);
void fetch_free(struct fetch *);	/* ends all transfers, no callbacks */

/*
 * Inflate the body of an answer that is OUTCOME_OK, once.  What is too large,
 * damaged or empty becomes that outcome, with its reason.  Pure: on any thread.
 */
void fetched_open(struct fetched *);
void fetched_free(struct fetched *);	/* NULL is harmless */

/* Static: libcurl's, and of those that it uses. */
const char *fetch_library_version(void);

#endif
