/*
 * private.h - what the files of fetch share.
 *
 *	fetch.c			orders, hops, answers: the state machine
 *	hop.c			where the next hop leads
 *	transfer.c		one hop's request and what comes back
 *	lane.c			a multi handle on the event loop
 *	outcome.c		CURLcode or status -> outcome and sentence
 *	order.c			orders copied, answers made
 *
 * Parts with a header of their own, that know no transfer: headers.h,
 * site.h, inflate.h, exchange.h.
 */
#ifndef FEEDMILL_FETCH_PRIVATE_H
#define FEEDMILL_FETCH_PRIVATE_H

#include <sys/queue.h>

#include <curl/curl.h>

#include "feedmill/base/arena.h"
#include "feedmill/fetch.h"
#include "feedmill/resolve.h"
#include "headers.h"
#include "site.h"

struct lane;
struct xfer;

/* Why we, not libcurl and not the server, ended a transfer. */
enum fetch_stop {
	STOP_NONE,
	STOP_ENOUGH,		/* the head says it all */
	STOP_HEADERS,		/* over the header caps */
	STOP_BODY,		/* over the body cap */
	STOP_LENGTH,		/* Content-Length is no number, or two */
	STOP_MEMORY,
	STOP_CROWD,		/* all bodies together are too much */
	STOP_FILES,		/* no more may be open */
	STOP_ADDRESS,		/* the guard, at the socket */
};

enum { REQUEST_HEADERS_MAX = 64, PINS_PER_HOP = 2 };

/* A pooled easy handle: constant options are set once, for good. */
struct handle {
	CURL		*curl;
	CURLU		*url;		/* of the hop, in parts */
	struct handle	*next;		/* in the pool */
	struct xfer	*xfer;		/* NULL: idle */
	int		 marked;	/* has options of one source: no reuse */
	struct curl_slist header[REQUEST_HEADERS_MAX];
	struct curl_slist pin[PINS_PER_HOP];
	char		 error[CURL_ERROR_SIZE];
};

/* One order under way. */
struct xfer {
	TAILQ_ENTRY(xfer) link;		/* under way, or finished */
	struct fetch	*fetch;
	struct arena	 arena;		/* strings, to its end */
	struct fetch_order order;	/* its strings in the arena */
	struct fetched	*result;
	int64_t		 started_ms, deadline_ms;	/* monotonic */

	struct fetch_site home;		/* the order's URL */
	struct fetch_site site;		/* the hop's */
	struct fetch_site peer;		/* connected to: site or proxy */
	int		 strayed;	/* has left its own host */
	int		 only_permanent;	/* so far, 301 and 308 only */
	int		 pinned_again;	/* libcurl had lost the address */

	struct resolve_query *query;	/* one of these two, or neither */
	struct handle	*handle;
	struct lane	*lane;

	/* of this hop */
	int		 private_ok;	/* any address will do */
	int		 validators_sent;
	enum fetch_stop	 stop;
	struct fetch_head head;
	unsigned	 header_bytes, header_lines;	/* of all heads */
	uint64_t	 body_seen;	/* bytes, kept or not */
	uint64_t	 held;		/* bytes, kept */
};

/* --------------------------------------------------------------- lane.c */

/* The transfer has ended: the handle is out of the multi handle. */
typedef void lane_done_fn(struct handle *, CURLcode, void *arg);
/* All that had ended are told: nobody is inside libcurl now. */
typedef void lane_drained_fn(void *arg);

struct lane *lane_new(struct ev_loop *, const struct fetch_limits *,
    lane_done_fn *, lane_drained_fn *, void *arg);
void lane_free(struct lane *);		/* after its last transfer */

/* Let host:port be these addresses and nothing else, and go. */
void lane_start(struct lane *, struct handle *, const char *host,
    unsigned port, const struct resolved *, int forced);
void lane_abort(struct lane *, struct handle *);

/* ----------------------------------------------------------- transfer.c */

struct handle *transfer_new_handle(const struct fetch_limits *);
void transfer_free_handle(struct handle *);

/* Options and headers of the hop at x->site into x->handle. */
void transfer_prepare(struct xfer *, int64_t timeout_ms);

/* ------------------------------------------------------------ outcome.c */

/* Outcome and sentence of a hop that libcurl or we ended. */
void outcome_of_failure(struct xfer *, CURLcode);
/* ... that was answered; OUTCOME_OK: its body counts. */
void outcome_of_status(struct xfer *);
extern const char fetch_no_files[];
void outcome_say(struct xfer *, enum outcome, const char *sentence);
void outcome_set(struct xfer *, enum outcome, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* -------------------------------------------------------------- order.c */

/* Strings into the arena, limits that are 0 filled in. */
void order_copy(struct fetch_order *, struct arena *,
    const struct fetch_order *);
struct fetched *fetched_new(int64_t source_id);
void fetched_take_head(struct fetched *, const struct fetch_head *);

/* ---------------------------------------------------------------- hop.c */

/* x->home as it is asked, and x->site. */
void hop_first(struct xfer *);
/* Its connection is still the one that was asked: what has it proved? */
void hop_answered(const struct xfer *);
int hop_is_redirect(const struct xfer *);
/* NULL, or why we do not go there: a sentence. */
const char *hop_next(struct xfer *, struct fetch_site *ret);

/* ------------------------------------------------------------- fetch.c */

const struct fetch_limits *fetch_limits_of(const struct fetch *);
struct hsts *fetch_hsts_of(const struct fetch *);	/* or NULL */
/* These many bytes of its body are held now. */
void fetch_count_held(struct xfer *, uint64_t bytes);
/* May this body be so long, as things are?  The large ones go first. */
int fetch_may_hold(const struct xfer *, uint64_t bytes);

#endif
