/*
 * outage.h - from transfers that reached nobody to "the network is down".
 *
 * Pure.  One host that cannot be reached is that host's affair; many
 * different ones within a short window (or all of a few within an hour), and
 * nobody who answers, is ours: no source is to blame for it.
 */
#ifndef FEEDMILL_OUTAGE_H
#define FEEDMILL_OUTAGE_H

#include <stddef.h>
#include <stdint.h>

enum { OUTAGE_KEPT = 32 };

/* A zeroed struct is a network that works. */
struct outage {
	struct {
		int64_t		 source_id, at_ms;
		uint64_t	 host;		/* a hash of its name */
	}		 failed[OUTAGE_KEPT];	/* oldest first */
	unsigned	 count;
	int		 down;
};

/* A server has answered, whatever it said.  1: the network is back. */
int outage_answered(struct outage *);

/* Nobody was reached.  hosts is how many different ones there are to ask.
 * 1: the network is down from now on; failed[] tells who noticed. */
int outage_failed(struct outage *, int64_t source_id, uint64_t host,
    int64_t now_ms, size_t hosts);

#endif
