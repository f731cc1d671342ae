/*
 * metrics.h - from events to the numbers of /metrics (Prometheus text).
 *
 * One table of counters and gauges; no label per source, because ten
 * thousand sources would make as many series: facts per source are in
 * `feedmill status`.  Owned by the loop thread.  A new one is a row in
 * metrics.c and an entry of feedmill(8).
 */
#ifndef FEEDMILL_METRICS_H
#define FEEDMILL_METRICS_H

#include <stdint.h>

#include "feedmill/model.h"

struct buf;

enum metric {
	METRIC_FETCHES_IN_PROGRESS, METRIC_RECEIVED_BYTES, METRIC_ADDED,
	METRIC_UPDATED, METRIC_DUPLICATES, METRIC_EDITED,
	METRIC_SOURCES, METRIC_SOURCES_FAILING, METRIC_SCHEDULE_LAG_S,
	METRIC_STORE_QUEUE, METRIC_STORE_FAILURES, METRIC_STORE_FAILING,
	METRIC_STORE_GROUP_MAX_MS, METRIC_STORE_STEP_MAX_MS,
	METRIC_STORE_STEPS_CUT, METRIC_STORE_MENDED, METRIC_STORE_LOG_BYTES,
	METRIC_STORE_COPY_MAX_MS, METRIC_PUBLISHED_S,
	METRIC_PUBLISH_FAILURES, METRIC_HUB_TOLD,
	METRIC_HUB_FAILURES, METRIC_CONFIG_LOADED, METRIC_CONFIG_LOADED_S,
	METRIC_LOOP_LAG_MAX_MS, METRIC_LOOP_CPU_MAX_MS,
	METRIC_READ_QUEUE, METRIC_BAD_BYTES, METRIC_GAPS,
	METRIC_PUBLISH_FAILING, METRIC_ARCHIVE_FAILING,
	METRIC_STORE_LEFT_BYTES, METRIC_CLOCK_SETS,
	METRIC_DATABASE_BYTES, METRIC_OPEN_FILES, METRIC_OPEN_FILES_MAX,
	METRIC_CPU_S, METRIC_RESIDENT_BYTES, METRIC_STARTED_S,
	METRIC_COUNT
};

struct metrics {
	double		 value[METRIC_COUNT];
	uint64_t	 visits[OUTCOME_COUNT];
	uint64_t	 fetch_ms_buckets[12], fetch_count;
	double		 fetch_seconds;
	uint64_t	 http_answers[6];	/* by status class */
};

/* A zeroed struct is one at the start. */
void metrics_add(struct metrics *, enum metric, double);
void metrics_set(struct metrics *, enum metric, double);
void metrics_visit(struct metrics *, enum outcome, int64_t took_ms);
/* All of them, in the format of version 0.0.4; appended. */
void metrics_render(struct buf *, const struct metrics *);

#endif
