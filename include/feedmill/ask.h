/*
 * ask.h - from a configured source to the request it makes, and from the
 * answer to a feed; and both in words.
 *
 * What the mill does with every source and a command does with one.  Knows
 * neither schedule nor database: who asks keeps validators and due times.
 * The words are for people who debug a feed: without credentials, one fact a
 * line, no byte in them that could steer a terminal.
 */
#ifndef FEEDMILL_ASK_H
#define FEEDMILL_ASK_H

#include "feedmill/fetch.h"

struct buf;
struct config;
struct config_source;
struct feed;
struct hsts;
struct visit_result;

struct fetch_limits ask_limits(const struct config *);

/* All of the order that the configuration knows, for its url; the order
 * borrows from the source and from the headers returned: free() them after
 * fetch_start().  NULL: it has none. */
struct fetch_header *ask_order(const struct config_source *,
    struct fetch_order *ret);

/*
 * Parse, normalise, identify the body of an answer that is OUTCOME_OK and
 * opened.  Its outcome becomes what parsing says, its reason too; NULL where
 * there is nothing to store.  Pure: on any thread.
 */
struct feed *ask_read(const struct config_source *, struct fetched *);

/* One request on a loop of its own, blocking, without validators; its answer,
 * opened, never NULL.  hsts: whom to ask by https, or NULL.  page: a page for
 * people is welcome, too. */
enum ask_for { ASK_FEED, ASK_PAGE };
struct fetched *ask_now(const struct config *, const struct config_source *,
    struct hsts *, enum ask_for);

/* The exchange; what came; what parsing understood of it. */
void ask_say_answer(struct buf *, const struct fetched *);
void ask_say_document(struct buf *, const struct feed *);
/* The same in a few words, on no line of their own. */
void ask_say_line(struct buf *, const struct feed *);
/* What came of it in the end; r NULL: nothing was handed to the store. */
void ask_say_outcome(struct buf *, const struct fetched *,
    const struct visit_result *r);

#endif
