/*
 * ares.h - c-ares on the event loop: a name asked, an answer noted.
 *
 * The answer function is called from inside c-ares, perhaps before
 * resolve_ares_ask() has returned: it may only write down what it is given.
 */
#ifndef FEEDMILL_RESOLVE_ARES_H
#define FEEDMILL_RESOLVE_ARES_H

#include "feedmill/resolve.h"

struct resolve_ares;

/* ttl_s is the shortest of the answer; 0 for a failure. */
typedef void resolve_ares_fn(const struct resolved *, unsigned ttl_s,
    void *token);

struct resolve_ares *resolve_ares_new(struct ev_loop *, resolve_ares_fn *);

/* Read resolv.conf (again): questions from now on go by it, those that are
 * open end where they were asked.  -1: c-ares could not be set up. */
int resolve_ares_renew(struct resolve_ares *);

/* Only after a renewal that went well. */
void resolve_ares_ask(struct resolve_ares *, const char *host, void *token);

/* What is open is answered with a failure. */
void resolve_ares_free(struct resolve_ares *);

#endif
