/*
 * hub.h - from "these documents were replaced" to WebSub hubs that know it
 * (W3C WebSub, section 7: a form with hub.mode=publish).
 *
 * Nobody waits for a hub: it is told after the files are there, by transfers
 * of its own, with the guard, the limits and the defaults of fetch.h.  What
 * changes while a hub is asked, or soon after, is told once.  A hub that
 * fails is asked again, ever later; one that says 410 is left alone until
 * the configuration changes; any other 4xx holds until the next change.
 *
 * The store knows up to where the hubs of an outlet were told (publish.h):
 * news that a crash or an end cut off is told after the next start.
 */
#ifndef FEEDMILL_HUB_H
#define FEEDMILL_HUB_H

struct ev_loop;
struct fetch_limits;
struct hsts;
struct hub;
struct published;
struct publish;
struct resolve;

/* An answer, or none, has come from a hub: well, if it knows now. */
typedef void hub_done_fn(int well, void *arg);

struct hub *hub_new(struct ev_loop *, struct resolve *,
    const struct fetch_limits *, struct hsts *, struct publish *,
    hub_done_fn *, void *arg);
/* After every round of publishing: what has changed, and which outlets and
 * hubs there are. */
void hub_tell(struct hub *, const struct published *);
/* Whatever was to be told has been tried. */
int hub_is_idle(const struct hub *);
void hub_free(struct hub *);		/* no callbacks */

#endif
