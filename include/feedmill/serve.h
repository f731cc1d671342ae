/*
 * serve.h - the HTTP server: published files, status, metrics, from memory.
 *
 * libmicrohttpd on the event loop, one daemon per listening socket.  Files
 * of the outlet directories are held as ready responses (identity and gzip)
 * and replaced a moment after the files are.  Conditions and ranges are those
 * of RFC 9110, what is new alone is RFC 3229's "feed".  Everything else is a
 * route: a path and a function that fills a buffer, at once or later.  GET
 * and HEAD only.
 */
#ifndef FEEDMILL_SERVE_H
#define FEEDMILL_SERVE_H

#include <stddef.h>

struct buf;
struct config;
struct err;
struct ev_loop;
struct serve;
struct serve_call;

struct serve_route {
	const char	*path;		/* "/healthz" */
	const char	*type;		/* content type */
	/* HTTP status; body appended.  Runs on the loop: must not block.
	 * With 503 goes "Retry-After: 1", with HTML a policy that allows
	 * it nothing but its own style. */
	int		(*answer)(struct buf *, void *arg);
	/* Instead, for what cannot be said at once: the call is answered
	 * with serve_call_answer(), now or later.  Whoever asked waits
	 * without holding up anybody. */
	void		(*ask)(struct serve_call *, void *arg);
};

/*
 * A request under way, to be answered once, whatever becomes of its client
 * or of the server meanwhile: what nobody waits for any more is dropped.
 */
enum { SERVE_QUERY_BYTES = 4096 };
/* What follows the "?", as sent; "" for none.  NULL: it is longer than that
 * and was not kept.  Good until the answer. */
const char *serve_call_query(const struct serve_call *);
/* Does it prefer JSON to a page? */
int serve_call_wants_json(const struct serve_call *);
/* 0: the client has hung up. */
int serve_call_is_wanted(const struct serve_call *);
/* type lives as long as the program; text is a gift.  With 503 goes
 * "Retry-After: 1". */
void serve_call_answer(struct serve_call *, int status, const char *type,
    struct buf *text);

/*
 * The value of a parameter of a query as forms send them (WHATWG URL,
 * application/x-www-form-urlencoded): the first of that name, appended.
 * What is no escape is itself.  0: it is not there; -1: it is not UTF-8, or
 * has a NUL.
 */
int serve_query_get(const char *query, const char *name, struct buf *ret);

/* routes: path NULL ends; kept, not copied. */
struct serve *serve_new(struct ev_loop *, const struct serve_route *routes,
    void *arg);

/* Before a reload: have what serve_configure() will need, so that it does
 * not fail.  -1: it cannot be had, and nothing is changed.  What an earlier
 * one had is given back. */
int serve_prepare(struct serve *, const struct config *, struct err *);

/* Open the configured sockets (or those systemd passed, named "http"), or on
 * a reload those that changed.  -1: none could be opened. */
int serve_configure(struct serve *, const struct config *, struct err *);

/* Look at the outlet directories again, now: a change of them is noticed
 * without, where the system tells it (inotify). */
void serve_reload(struct serve *);

/* "http://127.0.0.1:8080", NULL if it listens nowhere on TCP. */
const char *serve_address(const struct serve *);
/* Answers given with this status class, 1 to 5, for metrics. */
unsigned long serve_count(const struct serve *, int status_class);
unsigned serve_connections(const struct serve *);
void serve_free(struct serve *);

#endif
