/*
 * desk.h - pages that are made of the store when somebody asks.
 *
 * Those who ask wait in a line; one at a time goes to the reader thread, so
 * that publishing, which uses it too, never waits for more than one of them.
 * The line has an end and patience has one: who comes too late or would wait
 * too long gets 503 and may come again.
 */
#ifndef FEEDMILL_DAEMON_DESK_H
#define FEEDMILL_DAEMON_DESK_H

#include <stdint.h>

#include "feedmill/base/buf.h"

struct config;
struct desk;
struct desk_kind;
struct ev_loop;
struct mill;
struct serve_call;
struct store_reader;

/* What a kind's own struct begins with. */
struct errand {
	struct errand	*next;
	struct desk	*desk;
	const struct desk_kind *kind;
	struct serve_call *call;	/* NULL: answered already */
	const struct config *config;
	int64_t		 since_ms;	/* monotonic */
	const char	*type;		/* of the answer; begin() sets it */
	int		 status;
	struct buf	 text;
};

struct desk_kind {
	size_t		 size;		/* of the struct, zeroed */
	/* On the loop: what is asked.  -1: refused, status and text say
	 * why. */
	int		(*begin)(struct errand *, const char *query);
	/* On the reader thread: status and text. */
	void		(*read)(struct store_reader *, struct errand *);
	/* Instead of an answer, on the loop, also while it is read: too many
	 * ask, or it takes too long. */
	void		(*refuse)(const struct errand *, struct buf *,
			    const char *sentence);
	void		(*fini)(struct errand *);
};

/* page=N of a query, 1 to max; 1 where it is not said.  NULL, or a sentence,
 * and *ret is 1. */
const char *desk_take_page(const char *query, unsigned max, unsigned *ret);

struct desk *desk_new(struct ev_loop *, struct mill *);
/* call is answered, sooner or later. */
void desk_take(struct desk *, const struct desk_kind *, struct serve_call *);
/* No more: who waits is told so.  Before mill_free(). */
void desk_close(struct desk *);
/* After mill_free(): one may be at the reader until then. */
void desk_free(struct desk *);

#endif
