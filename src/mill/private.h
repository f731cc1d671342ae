/*
 * private.h - what the files of the mill share.
 *
 *	mill.c		the pipeline: from "ask" to "stored"
 *	end.c		the end of every visit: history, log, when next
 *	forget.c	entries that are taken away
 *	hosts.c		the hosts that want https
 *	keep.c		what could not be read, into a folder
 *	questions.c	what others may know of a running mill
 *	sources.c	the sources there are, and what is known of them
 *	wish.c		a source asked because somebody wants to see it
 */
#ifndef FEEDMILL_MILL_PRIVATE_H
#define FEEDMILL_MILL_PRIVATE_H

#include <ev.h>

#include "feedmill/fetch.h"
#include "feedmill/metrics.h"
#include "feedmill/mill.h"
#include "feedmill/outage.h"
#include "feedmill/store.h"

struct wish;

struct source {
	struct source_state		 state;
	const struct config_source	*conf;	/* NULL: not configured now */
	char				*host;	/* politeness is per host */
	struct fetched			*got;	/* from answer to commit,
						 * but for its reading */
	int				 busy;	/* a visit is under way */
	int				 in_round;	/* and not yet visited */
	int				 is_new;	/* to this configuration */
	int				 is_failing;	/* and counted as such */
	int64_t				 full_ms;	/* last 200, or start */
	uint64_t			 lasting;	/* hash of what is saved
							 * and lasts */
	struct wish			*wish;	/* or NULL */
};

struct mill {
	struct ev_loop		*loop;
	struct mill_options	 options;
	const struct config	*config, *next_config;
	struct store		*store;
	struct resolve		*resolve;
	struct fetch		*fetch;
	struct hsts		*hsts;
	struct worker		*worker;	/* reads documents */
	struct schedule		*schedule;
	struct publish		*publish;
	struct archive		*archive;
	struct hub		*hub;
	struct ev_io		 store_io;
	struct source		**sources;	/* by id */
	size_t			 sources_len;
	size_t			 hosts;		/* distinct */
	unsigned		 asked, failing;	/* sources */
	struct outage		 outage;
	int64_t			 clock_ms;	/* wall minus boot time */
	unsigned		 socket_share;	/* at most so many transfers */
	struct metrics		 metrics;
	struct mill_round	 round;
	int			 round_flushed;
	int			 stopping;
	struct err		 outlets_failed;	/* their last round; */
	struct err		 archives_failed;	/* "": it did not */
	size_t			 keep_bytes;	/* to be written */
	int			 keep_failed;	/* the last time */
	void			(*applied)(const struct err *, void *);
	void			*applied_arg;
};

/* NULL: it has left the configuration, and no visit is under way. */
struct source *source_find(const struct mill *, int64_t id);
void source_free(struct mill *, struct source *);
/* NULL: it is not asked (disabled, or not yet applied). */
struct source *source_of(const struct mill *, const struct config_source *);

/* A name for logs, also for one that has just left the configuration. */
const char *source_name(const struct source *);

/* *slot becomes a copy of value (or NULL); what was there is freed. */
void string_replace(char **slot, const char *value);

/* Is the URL of the origin that was configured?  Only there it is told user,
 * password, headers and certificate, and may have a private address. */
int source_is_home(const struct source *, const char *url);

struct cadence_limits limits_of(const struct mill *,
    const struct config_source *);

/* If the wall clock was set: what is remembered moves along. */
void mill_notice_clock(struct mill *);

/* When is it asked next?  In the schedule and in the store. */
void mill_plan(struct mill *, struct source *);

/* Whatever came of it: remember, say so, and decide when to ask again.
 * s->got is freed, and s too if it is not configured any more. */
void mill_end_visit(struct mill *, struct source *,
    const struct visit_result *);

/*
 * A wish waits for the next ask(), follows that visit and is answered at its
 * end.  All are harmless without one, or while it still waits.
 */
int mill_wish_waits(const struct source *);
int mill_wish_begins(struct source *);		/* is there one? */
int mill_wish_is_full(const struct source *);	/* no validators */
void mill_wish_answered(struct source *);
void mill_wish_read(struct source *, const struct feed *);
/* The wish whose visit this was, its report complete, to be answered when
 * nothing is left to do; or NULL. */
struct wish *mill_wish_end(struct source *, const struct visit_result *);
void mill_wish_answer(struct wish *);
/* One that waits cannot come true, and why. */
void mill_wish_refuse(struct source *, const char *why);

/* The answer of s->got, if it could not be read as it should be. */
void mill_keep(struct mill *, const struct source *);

/* Those that are known, and from now on remembered. */
struct hsts *mill_know_hosts(struct mill *);

/* What a crash left of entries that were to go. */
void mill_forget_rest(struct mill *);

/* The round is over when all were visited and all is written. */
void mill_check_round(struct mill *);

#endif
