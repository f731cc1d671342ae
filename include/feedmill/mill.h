/*
 * mill.h - the pipeline: from configured sources to published outlets.
 *
 * Owns every stage and is the only one that knows their order.  Runs on one
 * event loop; starting, stopping and signals are the daemon's (daemon.h).
 */
#ifndef FEEDMILL_MILL_H
#define FEEDMILL_MILL_H

#include <stddef.h>
#include <stdint.h>

#include "feedmill/cadence.h"
#include "feedmill/metrics.h"

struct buf;
struct config;
struct err;
struct ev_loop;
struct mill;
struct source_summary;
struct store;

struct mill_options {
	int		 once;		/* every due source once, then done */
	int		 now;		/* every source, due or not */
	void		(*done)(void *arg);	/* once: the round has ended */
	void		*arg;
};

/* Opens the database, asks nobody yet.  Takes a reference to config. */
struct mill *mill_new(struct ev_loop *, const struct config *,
    const struct mill_options *, struct err *);

/* Bring sources and outlets in line with config, now or soon; applied tells
 * when.  The first call starts the mill. */
void mill_configure(struct mill *, const struct config *,
    void (*applied)(const struct err *failed, void *arg), void *arg);

/* Take no more, commit what is there, publish what is due, close. */
void mill_free(struct mill *);

const struct config *mill_config(const struct mill *);
struct store *mill_store(struct mill *);
/* Gauges brought up to date; the caller may set those it knows. */
struct metrics *mill_metrics(struct mill *);

/* The round so far, for messages and for the exit status of --once. */
struct mill_round {
	unsigned	 sources, visited, well, failed;
	unsigned	 added, updated, duplicate, edited;
	int		 storage_failed;	/* visits, outlets or archive */
};
struct mill_round mill_round(const struct mill *);

/* Fill in what is known of a source here and not yet in the database. */
void mill_refresh_summary(const struct mill *, struct source_summary *);

/* Why the source is asked when it is asked; -1: no such source. */
int mill_explain(const struct mill *, const char *name, struct buf *);

#endif
