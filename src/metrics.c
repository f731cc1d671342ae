/* metrics.c - see metrics.h. */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/metrics.h"

static const struct {
	const char	*name, *type, *help;
} rows[METRIC_COUNT] = {
	[METRIC_FETCHES_IN_PROGRESS] = { "fetches_in_progress", "gauge",
	    "Transfers under way." },
	[METRIC_RECEIVED_BYTES] = { "received_bytes_total", "counter",
	    "Bytes of documents as received." },
	[METRIC_ADDED] = { "entries_new_total", "counter",
	    "Entries never seen before." },
	[METRIC_UPDATED] = { "entries_updated_total", "counter",
	    "Revisions announced." },
	[METRIC_DUPLICATES] = { "entries_duplicate_total", "counter",
	    "Sightings of what was known." },
	[METRIC_EDITED] = { "entries_edited_total", "counter",
	    "Silent edits among the duplicates." },
	[METRIC_SOURCES] = { "sources", "gauge", "Sources that are asked." },
	[METRIC_SOURCES_FAILING] = { "sources_failing", "gauge",
	    "Sources whose last visit failed." },
	[METRIC_SCHEDULE_LAG_S] = { "schedule_lag_seconds", "gauge",
	    "How long the most overdue source has waited." },
	[METRIC_STORE_QUEUE] = { "store_queue_visits", "gauge",
	    "Visits handed to the writer and not yet committed." },
	[METRIC_STORE_FAILURES] = { "store_failures_total", "counter",
	    "Visits that could not be stored." },
	[METRIC_STORE_FAILING] = { "store_failing", "gauge",
	    "1 while the database cannot be written." },
	[METRIC_STORE_GROUP_MAX_MS] = { "store_group_max_seconds",
	    "gauge", "The longest a group of visits took to be committed." },
	[METRIC_STORE_STEP_MAX_MS] = { "store_step_max_seconds",
	    "gauge", "The longest step of the index and of retention." },
	[METRIC_STORE_STEPS_CUT] = { "store_steps_cut_total", "counter",
	    "Such steps that were undone because a visit waited." },
	[METRIC_STORE_MENDED] = { "store_index_mended_total", "counter",
	    "Times a damaged index for search was made anew." },
	[METRIC_STORE_LOG_BYTES] = { "store_log_bytes", "gauge",
	    "What of the database's log (-wal) is in use." },
	[METRIC_STORE_COPY_MAX_MS] = { "store_log_copy_max_seconds",
	    "gauge", "The longest time it took to copy the log into it." },
	[METRIC_PUBLISHED_S] = { "last_publish_timestamp_seconds", "gauge",
	    "When an outlet was last written." },
	[METRIC_PUBLISH_FAILURES] = { "publish_failures_total", "counter",
	    "Rounds of publishing or archiving that failed." },
	[METRIC_HUB_TOLD] = { "hub_pings_total", "counter",
	    "Documents that hubs were told of." },
	[METRIC_HUB_FAILURES] = { "hub_ping_failures_total", "counter",
	    "Pings that a hub refused, or did not answer." },
	[METRIC_CONFIG_LOADED] = { "config_last_reload_successful", "gauge",
	    "1 if the last reload was applied." },
	[METRIC_CONFIG_LOADED_S] = {
	    "config_last_reload_success_timestamp_seconds", "gauge",
	    "When a configuration was last applied." },
	[METRIC_LOOP_LAG_MAX_MS] = { "loop_lag_max_seconds", "gauge",
	    "The longest the event loop was busy at once." },
	[METRIC_LOOP_CPU_MAX_MS] = { "loop_cpu_max_seconds", "gauge",
	    "The most CPU time of one turn of it: less, if others had it." },
	[METRIC_READ_QUEUE] = { "read_queue_documents", "gauge",
	    "Documents that wait for being parsed, or are." },
	[METRIC_BAD_BYTES] = { "bad_bytes_total", "counter",
	    "Bytes that were not of their document's charset." },
	[METRIC_GAPS] = { "gaps_total", "counter",
	    "Documents that shared no entry with the one before." },
	[METRIC_PUBLISH_FAILING] = { "publish_failing", "gauge",
	    "1 while an outlet cannot be written." },
	[METRIC_ARCHIVE_FAILING] = { "archive_failing", "gauge",
	    "1 while an archive cannot be written." },
	[METRIC_STORE_LEFT_BYTES] = { "store_log_left_bytes", "gauge",
	    "What of the database's log was left behind before the start." },
	[METRIC_CLOCK_SETS] = { "clock_sets_total", "counter",
	    "Jumps of the wall clock." },
	[METRIC_DATABASE_BYTES] = { "database_size_bytes", "gauge",
	    "The database without its log." },
	[METRIC_OPEN_FILES] = { "process_open_fds", "gauge",
	    "Files and sockets that are open." },
	[METRIC_OPEN_FILES_MAX] = { "process_max_fds", "gauge",
	    "How many of them may be." },
	[METRIC_CPU_S] = { "process_cpu_seconds_total", "counter",
	    "Time of the processor." },
	[METRIC_RESIDENT_BYTES] = { "process_resident_memory_bytes", "gauge",
	    "What of it is in memory." },
	[METRIC_STARTED_S] = { "process_start_time_seconds", "gauge",
	    "When it was started." },
};

/* Counted in milliseconds, told in seconds. */
static const unsigned char in_ms[METRIC_COUNT] = {
	[METRIC_STORE_GROUP_MAX_MS] = 1,
	[METRIC_STORE_STEP_MAX_MS] = 1,
	[METRIC_STORE_COPY_MAX_MS] = 1,
	[METRIC_LOOP_LAG_MAX_MS] = 1,
	[METRIC_LOOP_CPU_MAX_MS] = 1,
};

/* Upper bounds in milliseconds; what is longer counts in +Inf only. */
static const unsigned bounds_ms[] = {
	10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000
};
_Static_assert(ARRAY_LEN(bounds_ms) ==
    ARRAY_LEN(((struct metrics *)0)->fetch_ms_buckets), "one each");

void
metrics_add(struct metrics *m, enum metric which, double n)
{
	assert(which < METRIC_COUNT);
	m->value[which] += n;
}

void
metrics_set(struct metrics *m, enum metric which, double n)
{
	assert(which < METRIC_COUNT);
	m->value[which] = n;
}

void
metrics_visit(struct metrics *m, enum outcome outcome, int64_t took_ms)
{
	assert(outcome < OUTCOME_COUNT);
	m->visits[outcome]++;
	m->fetch_count++;
	m->fetch_seconds += (double)took_ms / 1000.0;
	for (size_t i = 0; i < ARRAY_LEN(bounds_ms); i++)
		if (took_ms <= bounds_ms[i])
			m->fetch_ms_buckets[i]++;
}

/* What every program has bears the same name everywhere. */
static const char *
prefix(const char *name)
{
	return strncmp(name, "process_", 8) == 0 ? "" : "feedmill_";
}

static void
head(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP %s%s %s\n# TYPE %s%s %s\n", prefix(name),
	    name, help, prefix(name), name, type);
}

static void
render_histogram(struct buf *b, const struct metrics *m)
{
	head(b, "fetch_duration_seconds", "histogram",
	    "From the request to the answer's end.");
	for (size_t i = 0; i < ARRAY_LEN(bounds_ms); i++)
		buf_printf(b, "feedmill_fetch_duration_seconds_bucket"
		    "{le=\"%g\"} %llu\n", bounds_ms[i] / 1000.0,
		    (unsigned long long)m->fetch_ms_buckets[i]);
	buf_printf(b, "feedmill_fetch_duration_seconds_bucket{le=\"+Inf\"} "
	    "%llu\nfeedmill_fetch_duration_seconds_sum %.15g\n"
	    "feedmill_fetch_duration_seconds_count %llu\n",
	    (unsigned long long)m->fetch_count, m->fetch_seconds,
	    (unsigned long long)m->fetch_count);
}

void
metrics_render(struct buf *b, const struct metrics *m)
{
	head(b, "build_info", "gauge", "The version, as a label.");
	buf_puts(b, "feedmill_build_info{version=\"" FEEDMILL_VERSION
	    "\"} 1\n");
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		head(b, rows[i].name, rows[i].type, rows[i].help);
		buf_printf(b, "%s%s %.15g\n", prefix(rows[i].name),
		    rows[i].name, in_ms[i] ? m->value[i] / 1000.0 :
		    m->value[i]);
	}
	head(b, "visits_total", "counter", "Visits by their outcome.");
	for (int i = 0; i < OUTCOME_COUNT; i++)
		buf_printf(b, "feedmill_visits_total{outcome=\"%s\"} %llu\n",
		    outcome_name((enum outcome)i),
		    (unsigned long long)m->visits[i]);
	head(b, "http_requests_total", "counter",
	    "Answers of the built-in server by class.");
	for (int i = 1; i <= 5; i++)
		buf_printf(b, "feedmill_http_requests_total{code=\"%dxx\"} "
		    "%llu\n", i, (unsigned long long)m->http_answers[i]);
	render_histogram(b, m);
}
