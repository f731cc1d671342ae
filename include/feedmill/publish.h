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

#include <stddef.h>
#include <stdint.h>

struct config;
struct config_outlet;
struct err;
struct ev_loop;
struct publish;
struct store;

struct published_outlet {
	const struct config_outlet *outlet;
	unsigned	 changed;	/* replaced, enum outlet_format bits */
	int64_t		 reached;	/* rendered up to; -1: it failed */
	int64_t		 told;		/* publish_mark_told(), as stored */
};

struct published {
	unsigned	 files;		/* replaced */
	const struct err *failed;	/* NULL: all is well */
	const struct config *config;	/* of this round */
	const struct published_outlet *outlets;
	size_t		 outlets_count;
};
typedef void publish_done_fn(const struct published *, void *arg);

struct publish *publish_new(struct ev_loop *, struct store *,
    publish_done_fn *, void *arg);
void publish_configure(struct publish *, const struct config *);
void publish_touch(struct publish *);	/* something changed */
void publish_flush(struct publish *);	/* now, not when the second is up */
/* The same for who ends then: most sealed pages that are due are written. */
void publish_finish(struct publish *);
/* The hubs of that outlet know all up to seq. */
void publish_mark_told(struct publish *, const char *outlet, int64_t seq);
int publish_is_idle(const struct publish *);
void publish_free(struct publish *);

/* On the reader thread: no sealed page has these entries any more.  *files
 * counts those that were rewritten; -1: at least one could not be. */
struct tombstone;
int publish_forget(const struct config *, const struct tombstone *gone,
    size_t count, unsigned *files, struct err *);

#endif
