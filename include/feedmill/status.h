/*
 * status.h - from what the store knows to what `feedmill status` and
 * /status say.
 *
 * Collected on the reader thread (or from a database opened for reading),
 * printed wherever.  A collected status owns its strings.
 */
#ifndef FEEDMILL_STATUS_H
#define FEEDMILL_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include "feedmill/store.h"

struct buf;
struct err;

/* What was announced on each of the last days (UTC), the oldest first. */
enum { STATUS_DAYS = 30 };
struct status_days {
	int64_t			 first_ms;	/* when the first begins */
	int64_t			 announced[STATUS_DAYS];
};

/* What the daemon cannot write, and so only the daemon knows. */
enum status_trouble {
	TROUBLE_DATABASE, TROUBLE_OUTLETS, TROUBLE_ARCHIVES, TROUBLE_COUNT
};

struct status {
	struct arena		 arena;
	struct source_summary	*sources;
	size_t			 count;
	struct store_totals	 totals;
	struct status_days	 days;
	int64_t			 now_ms;
	int			 running;	/* a daemon answers */
	const char		*trouble[TROUBLE_COUNT];	/* or NULL */
};

/* Copied; "" is none. */
void status_take_trouble(struct status *, enum status_trouble,
    const char *why);

/* All of it, by the caller's reader; 0, or -1 and a sentence. */
int status_collect(struct store_reader *, struct status *, struct err *);
void status_fini(struct status *);

struct status_query {
	int		 json;
	int		 failing;		/* only sources with errors */
	const char	*const *names;		/* NULL-terminated; or NULL */
};

/* The first of the names that is no source's; NULL: there is none such. */
const char *status_unknown_name(const struct status *,
    const struct status_query *);

/* As text or as JSON (feedmill.status/1); how many sources it showed. */
size_t status_print(struct buf *, const struct status *,
    const struct status_query *);

/* A page for people, like those of the outlets: without a script, nothing
 * of it markup of others. */
void status_print_html(struct buf *, const struct status *);

/* What the configuration knows of it: that it is not asked, and an address
 * that hides what is secret. */
void status_configure(struct source_summary *, const struct config *);

/* The configuration as cadence.h takes it. */
struct cadence_limits status_limits(const struct config *,
    const struct config_source *);

/* A line, if http is not how this URL is asked. */
void status_put_https(struct buf *, const struct hsts *, const char *url,
    int64_t now_ms);

/* Why a source is asked when it is asked, as the database has it: for a
 * daemon that does not run.  0, or -1 and a sentence. */
int status_explain(struct store_reader *, const struct config *,
    const struct config_source *, int64_t now_ms, struct buf *,
    struct err *);

#endif
