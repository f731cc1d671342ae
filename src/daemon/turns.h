/*
 * turns.h - from the turns of the event loop to the longest of them.
 *
 * A turn is what the loop does between waking up and going to wait again;
 * while it lasts nobody else is served.
 */
#ifndef FEEDMILL_DAEMON_TURNS_H
#define FEEDMILL_DAEMON_TURNS_H

#include <stdint.h>

#include <ev.h>

struct metrics;

struct turns {
	struct ev_check		 begin;
	struct ev_prepare	 end;
	struct metrics		*metrics;
	int64_t			 since_ms;		/* 0: it waits */
	int64_t			 cpu_looked_ms, cpu_ms;
};

/* Until the loop ends; raises METRIC_LOOP_LAG_MAX_MS and _CPU_MAX_MS. */
void turns_watch(struct turns *, struct ev_loop *, struct metrics *);

#endif
