/*
 * private.h - the words that text, JSON and HTML have in common.
 *
 *	status.c	collected; as text and as JSON
 *	html.c		as a page
 *	chart.c		days as a picture in it
 */
#ifndef FEEDMILL_STATUS_PRIVATE_H
#define FEEDMILL_STATUS_PRIVATE_H

#include <stdint.h>

#include "feedmill/status.h"

struct buf;
struct source_summary;

/* What cannot be written: in JSON, and as the beginning of a sentence. */
struct status_trouble_name {
	const char	*key, *sentence;
};
extern const struct status_trouble_name status_troubles[TROUBLE_COUNT];

/* "ok", "failing", "gone", "new", "removed" */
const char *status_state(const struct source_summary *);
/* "3m ago", "in 2h", "never" */
void status_put_ago(struct buf *, int64_t now_ms, int64_t ms);
/* When it is asked again. */
void status_put_next(struct buf *, int64_t now_ms,
    const struct source_summary *);

/* Announcements per day as a picture that says itself in words, too. */
void status_put_chart(struct buf *, const struct status_days *);

#endif
