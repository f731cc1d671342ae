/*
 * serve.h - the HTTP server: published files, status, metrics, from memory.
 *
 * libmicrohttpd on the event loop, one daemon per listening socket.  Files
 * of the outlet directories are held as ready responses (identity and gzip)
 * and replaced when serve_reload() finds them changed.  Everything else is a
 * route: a path and a function that fills a buffer.  GET and HEAD only.
 */
#ifndef FEEDMILL_SERVE_H
#define FEEDMILL_SERVE_H

#include <stddef.h>

struct buf;
struct config;
struct err;
struct ev_loop;
struct serve;

struct serve_route {
	const char	*path;		/* "/healthz" */
	const char	*type;		/* content type */
	/* HTTP status; body appended.  Runs on the loop: must not block.
	 * With 503 goes "Retry-After: 1", with HTML a policy that allows
	 * it nothing but its own style. */
	int		(*answer)(struct buf *, void *arg);
};

/* routes: path NULL ends; kept, not copied. */
struct serve *serve_new(struct ev_loop *, const struct serve_route *routes,
    void *arg);

/* Open the configured sockets (or those systemd passed, named "http"), or on
 * a reload those that changed.  -1: none could be opened. */
int serve_configure(struct serve *, const struct config *, struct err *);

/* Look at the outlet directories again, after publishing. */
void serve_reload(struct serve *);

/* "http://127.0.0.1:8080", NULL if it listens nowhere on TCP. */
const char *serve_address(const struct serve *);
/* Answers given with this status class, 1 to 5, for metrics. */
unsigned long serve_count(const struct serve *, int status_class);
unsigned serve_connections(const struct serve *);
void serve_free(struct serve *);

#endif
