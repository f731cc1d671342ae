/*
 * watch.h - from files that are replaced to one call, a moment later.
 *
 * The server needs to know no publisher: it looks at the directories, as any
 * other web server would.  Private to serve.
 */
#ifndef FEEDMILL_SERVE_WATCH_H
#define FEEDMILL_SERVE_WATCH_H

struct config;
struct ev_loop;
struct watch;

/* NULL where the system has no watch to give: then serve_reload() is all. */
struct watch *watch_new(struct ev_loop *, void (*changed)(void *), void *arg);

/* Watch the directories of these outlets, and no others. */
void watch_configure(struct watch *, const struct config *);

/* The same directories, of which one may have been removed and made anew. */
void watch_renew(struct watch *, const struct config *);
void watch_free(struct watch *);

#endif
