/*
 * publish.h - from "something was announced" to replaced outlet files.
 *
 * A dirty mark is enough: the records are queried later, on the reader
 * thread, once for many marks (at most one round a second), rendered,
 * written with their gzip twins and replaced atomically; then the store is
 * told how far each outlet has come and done is called.  Rendering that
 * gives the bytes that are there writes nothing.
 *
 * A failure is logged when it begins, when it changes and when it is over,
 * and given to done each time; it is tried again after 30 s and with the
 * next mark.  All of it happens while the loop runs: after publish_flush()
 * run it until publish_is_idle(), which does not wait for a retry.
 */
#ifndef FEEDMILL_PUBLISH_H
#define FEEDMILL_PUBLISH_H

#include <stdint.h>

struct config;
struct err;
struct ev_loop;
struct publish;
struct store;

struct published {
	unsigned	 files;		/* replaced */
	const struct err *failed;	/* NULL: all is well */
};
typedef void publish_done_fn(const struct published *, void *arg);

struct publish *publish_new(struct ev_loop *, struct store *,
    publish_done_fn *, void *arg);
void publish_configure(struct publish *, const struct config *);
void publish_touch(struct publish *);	/* something changed */
void publish_flush(struct publish *);	/* now, not when the second is up */
int publish_is_idle(const struct publish *);
void publish_free(struct publish *);

#endif
