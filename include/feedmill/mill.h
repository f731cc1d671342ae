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

#include "feedmill/metrics.h"
#include "feedmill/status.h"

struct buf;
struct config;
struct err;
struct hsts;
struct ev_loop;
struct mill;
struct source_summary;
struct store;

struct mill_options {
	int		 once;		/* every due source once, then done */
	int		 now;		/* every source, due or not */
	int		 idle;		/* none but those mill_fetch() names */
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

/*
 * Ask this source now, due or not, in its turn among the others; right after
 * it, if a visit of it is under way.  full: without validators.  done is
 * called once, never before this has returned: status 0 if all is well, and
 * a report for people (MILL_REFUSED: a sentence why it was not asked).
 * -1 and a sentence: no such source, or another such wish waits.
 */
enum { MILL_REFUSED = 69 };
typedef void mill_fetched_fn(int status, const char *text, size_t len,
    void *arg);
int mill_fetch(struct mill *, const char *name_or_url, int full,
    mill_fetched_fn *done, void *arg, struct err *);

/*
 * Take an entry away, named by address, key or urn:uuid: its texts from the
 * database, the search, the outlets, their sealed pages and the archives.
 * done is called once, never before this has returned: status 0, or 1 and a
 * sentence (there is none; or not all of it was possible, which is tried
 * again at the next start).
 */
void mill_forget(struct mill *, const char *what, mill_fetched_fn *done,
    void *arg);

/* Somebody else has brought entries: outlets and archives are due. */
void mill_touch(struct mill *);

/* Take no more, commit what is there, publish what is due, close. */
void mill_free(struct mill *);

const struct config *mill_config(const struct mill *);
struct store *mill_store(struct mill *);
/* What it cannot write, and why. */
void mill_tell_trouble(struct mill *, struct status *);
/* Gauges brought up to date; the caller may set those it knows. */
struct metrics *mill_metrics(struct mill *);

/* The hosts that want https, as the database knows them, into hsts.  Before
 * anybody is asked, so it is waited for: a small table. */
void mill_read_hosts(struct store *, struct hsts *);

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
