/*
 * schedule.h - from due times to "this source, now".
 *
 * An agenda (agenda.h: who may go when, and what happens after a pause) on
 * the event loop, with a gate (back-pressure, byte budget) asked before each
 * start.  Knows ids and hosts, not sources.
 *
 * Due times go in and come out as wall time; in between they are held by a
 * clock that nobody sets and that runs on while the machine sleeps.
 *
 * start is called from the loop, never from inside schedule_put(); it is
 * owed one schedule_done() for each source it is given.
 */
#ifndef FEEDMILL_SCHEDULE_H
#define FEEDMILL_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

struct ev_loop;
struct schedule;

/* As a due time: somebody waits, whatever is believed of the network. */
#define SCHEDULE_INSISTED	INT64_MIN

struct schedule_limits {
	unsigned	 concurrency, concurrency_per_host;
};

typedef void schedule_start_fn(int64_t source_id, void *arg);
typedef int schedule_gate_fn(void *arg);	/* may another start? */

struct schedule *schedule_new(struct ev_loop *, schedule_start_fn *,
    schedule_gate_fn *, void *arg);
void schedule_limit(struct schedule *, struct schedule_limits);

/* Add a source or move it; due is wall time in ms, INT64_MAX for never, 0
 * for at once: without the spreading of what is overdue.  A source that is
 * under way is due again only after schedule_done(). */
void schedule_put(struct schedule *, int64_t source_id, const char *host,
    unsigned order, int64_t due_ms);
void schedule_remove(struct schedule *, int64_t source_id);

/* The transfer has ended, or the visit is stored: its place is free. */
void schedule_done(struct schedule *, int64_t source_id);

/* The gate may have opened. */
void schedule_kick(struct schedule *);

/* The host is left alone, with all of its sources, for that long. */
void schedule_hold(struct schedule *, const char *host, int64_t wait_ms);
/* Until when; 0: it is not held. */
int64_t schedule_held_until(const struct schedule *, const char *host);

/* The network is down (one is tried now and then), or works. */
void schedule_probe(struct schedule *, int on);

/* When the source's turn is, INT64_MAX if it does not wait. */
int64_t schedule_due(const struct schedule *, int64_t source_id);
size_t schedule_active(const struct schedule *);
/* The next due time of all that are not under way; INT64_MAX: none. */
int64_t schedule_next_due(const struct schedule *);
void schedule_free(struct schedule *);

#endif
