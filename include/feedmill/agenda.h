/*
 * agenda.h - from due times to who may be asked at this moment.
 *
 * Keeps who is due when and whose turn it is: limits on all transfers and on
 * those to one host, hosts that want to be left alone for a while, the
 * spreading of what has piled up, and the few tries while the network is
 * down.  Ties go in configuration order.  Knows ids and hosts, not sources.
 *
 * Pure: the time is an argument.  It must never go back and must count time
 * slept; wall time is for those who own a clock nobody sets.
 *
 * The promises, whatever happens to the machine:
 *  - nobody is taken before he is due;
 *  - what is found overdue after a pause (a start, a resume, a network that
 *    was down) is taken at most 8 a second, the longest overdue first, but
 *    all of it within a quarter of an hour;
 *  - a host that is held is left alone until then, all of its sources; from
 *    then on its requests keep a distance that doubles with every further
 *    hold and halves with every hour without one.
 */
#ifndef FEEDMILL_AGENDA_H
#define FEEDMILL_AGENDA_H

#include <stddef.h>
#include <stdint.h>

#define AGENDA_INSISTED	INT64_MIN	/* somebody waits for it */
#define AGENDA_AT_ONCE	(INT64_MIN + 1)	/* a newcomer */
#define AGENDA_NEVER	INT64_MAX

enum {
	AGENDA_LOOK_MS	   = 60000,	/* look at least that often */
	AGENDA_PAUSE_MS	   = 90000,	/* not looked for that long: a pause */
	AGENDA_SPREAD_MS   = 125,	/* between two that were overdue */
	AGENDA_SPREAD_MAX_MS = 900000,	/* all of them within this */
	AGENDA_PROBE_MS	   = 10000,	/* between two tries without network */
	AGENDA_PROBE_MAX_MS = 300000,	/* doubled with each, up to here */
	AGENDA_SPACE_MS	   = 2000,	/* host that was held: first distance */
	AGENDA_SPACE_MAX_MS = 120000,
	AGENDA_EASE_MS	   = 3600000	/* and that long until it halves */
};

struct agenda;

struct agenda *agenda_new(void);
void agenda_limit(struct agenda *, unsigned concurrency,
    unsigned concurrency_per_host);

/* Add a source or move it.  One that is under way is due again only after
 * agenda_done(). */
void agenda_put(struct agenda *, int64_t id, const char *host,
    unsigned order, int64_t due_ms);
void agenda_remove(struct agenda *, int64_t id);

/* The next one to ask now, to be given back by agenda_done(); -1: none. */
int64_t agenda_take(struct agenda *, int64_t now_ms);
void agenda_done(struct agenda *, int64_t id);

/* When to look again, from now: AGENDA_LOOK_MS at most; -1: nobody waits. */
int64_t agenda_wait_ms(const struct agenda *, int64_t now_ms);

/* The host wants to be left alone until then. */
void agenda_hold(struct agenda *, const char *host, int64_t until_ms,
    int64_t now_ms);
/* Until when it is held; AGENDA_AT_ONCE: it is not. */
int64_t agenda_held_until(const struct agenda *, const char *host);

/* Without a network: one is tried now and then, ever more rarely until the
 * next pause; the others wait, and are spread when it is back.  Whoever
 * insists is tried all the same. */
void agenda_probe(struct agenda *, int on);

/* When its turn is: later than it is due if its host is held, or what was
 * overdue is being spread.  AGENDA_NEVER: not waiting. */
int64_t agenda_due(const struct agenda *, int64_t id);
/* The first of all that are not under way. */
int64_t agenda_next_due(const struct agenda *);
size_t agenda_active(const struct agenda *);
void agenda_free(struct agenda *);

#endif
