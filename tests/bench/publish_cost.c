/*
 * publish_cost.c - what one new entry costs to publish in a large database.
 *
 *	make bench-publish
 *	publish_cost FOLDER ENTRIES ROUNDS [FORMATS [KEEP [WINDOW [SOURCES]]]]
 *
 * FOLDER is filled up to ENTRIES once and kept.  Then, ROUNDS times, one
 * entry is stored and published.  Per round: CPU of the whole process and
 * wall time of the publishing alone, CPU of storing, and the memory at last.
 *
 * An outlet of 200 entries shows up to 800 of the last two days.  WINDOW is
 * 800, where all comes at once, or 200, where an hour passes before each.
 * The first publish of a run has no memory and makes the twins anew.
 */
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/delta.h"
#include "feedmill/identify.h"
#include "feedmill/normalise.h"
#include "feedmill/publish.h"
#include "feedmill/store.h"

enum { SOURCES_MAX = 10000, BATCH = 100 };

#define HOUR_MS	INT64_C(3600000)

static struct ev_loop *loop;
static struct store *store;
static struct publish *publish;
static const struct config *config;
static int64_t ids[SOURCES_MAX];
static int sources = 100;
static int64_t ahead_ms;	/* of the time of day */
static int64_t run_id;		/* what an earlier run brought is known */
static int stored;
static unsigned files;		/* replaced in the last round */

static double
seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
die(const char *why)
{
	fprintf(stderr, "publish_cost: %s\n", why);
	exit(1);
}

static int64_t
get_now(void)
{
	return clock_wall_ms() + ahead_ms;
}

static void
on_stored(const struct visit_result *r, void *arg)
{
	(void)arg;
	if (r->failed != NULL)
		die(r->failed->msg);
	stored++;
}

static void
on_published(const struct published *p, void *arg)
{
	(void)arg;
	if (p->failed != NULL)
		die(p->failed->msg);
	files = p->files;
}

static void
on_sources(struct source_state *states, size_t count,
    const struct err *failed, void *arg)
{
	(void)arg;
	if (failed != NULL)
		die(failed->msg);
	for (size_t i = 0; i < count; i++) {
		ids[i] = states[i].id;
		source_state_fini(&states[i]);
	}
}

static void
on_store(struct ev_loop *l, ev_io *io, int events)
{
	(void)l, (void)io, (void)events;
	store_dispatch(store);
}

static const char *
prose(struct arena *arena, int64_t n, int words)
{
	static const char *const list[] = {
		"harbour", "tide", "council", "bridge", "library", "market",
		"storm", "letter", "garden", "engine", "paper", "winter",
		"signal", "copper", "orchard", "<b>north</b>",
	};
	struct buf b = { 0 };
	uint64_t dice = (uint64_t)n * 0x9e3779b97f4a7c15u + 1;
	const char *s;

	buf_puts(&b, "<p>");
	for (int i = 0; i < words; i++) {
		dice = dice * 6364136223846793005u + 1442695040888963407u;
		buf_printf(&b, "%s%llx ", list[dice >> 60],
		    (unsigned long long)(dice >> 52 & 15));
	}
	buf_puts(&b, "</p>");
	s = arena_strdup(arena, buf_str(&b));
	buf_fini(&b);
	return s;
}

static void
add(int64_t first, int64_t last)
{
	const struct config_source *source =
	    &config->sources[first / BATCH % sources];
	struct identify_rules rules = { .scope = source->name };
	struct visit *v = visit_new();
	struct feed *feed = feed_new();

	feed->url = source->url;
	feed->format = FORMAT_ATOM;
	for (int64_t n = first; n < last; n++) {
		struct entry *e = feed_add_entry(feed);
		struct buf url = { 0 };

		buf_printf(&url, "http://x.example/%lld/%lld",
		    (long long)run_id, (long long)n);
		e->link = arena_strdup(&feed->arena, buf_str(&url));
		e->title.value = arena_printf(&feed->arena, "Entry %lld",
		    (long long)n);
		e->content.value = prose(&feed->arena, n, 100);
		e->content.type = TEXT_HTML;
		e->body = e->content.value;
		e->published_ms = e->dated_ms = INT64_C(1500000000000) +
		    n * 60000;
		buf_fini(&url);
	}
	normalise_feed(feed);
	identify_feed(feed, &rules);
	v->source_id = ids[first / BATCH % sources];
	v->config = config_ref(config);
	v->source = source;
	v->outcome = OUTCOME_OK;
	v->fetched_ms = get_now();
	v->feed = feed;
	store_visit(store, &v, on_stored, NULL);
}

static int64_t
count_reached;

static void
count(struct store_reader *r, void *arg)
{
	(void)arg;
	struct err err;

	if (store_last_seq(r, &count_reached, &err) != 0)
		abort();
}

static int
take_newest(const struct store_place *p, void *arg)
{
	*(int64_t *)arg = p->announced_ms;
	return 1;
}

/* Later than all that was announced. */
static void
go_ahead(struct store_reader *r, void *arg)
{
	const struct store_filter filter = { .limit = 1 };
	int64_t newest_ms = 0;
	struct err err;

	(void)arg;
	if (store_each_place(r, &filter, 1, take_newest, &newest_ms,
	    &err) != 0)
		abort();
	if (newest_ms >= clock_wall_ms())
		ahead_ms = newest_ms - clock_wall_ms();
}

static int64_t searchable;

static void
ask_searchable(struct store_reader *r, void *arg)
{
	(void)arg;
	searchable = store_search_seq(r);
}

static void
nothing(void *arg)
{
	(void)arg;
}

static void
load(const char *folder, const char *formats, const char *keep)
{
	struct config_options options = { .state = folder };
	struct buf text = { 0 }, report = { 0 };

	buf_printf(&text, "publish: {all: {title: All, "
	    "url: 'http://x.example/', directory: www, formats: [%s]}}\n"
	    "archive: {}\nfetch: {flood-limit: 0}\nretention: {keep: %s}\n"
	    "feeds:\n", formats, keep);
	for (int i = 0; i < sources; i++)
		buf_printf(&text, "  s%d: {url: 'http://s%d.example/f'}\n", i,
		    i);
	config = config_load_text(&options, "bench", buf_str(&text),
	    text.len, &report, NULL);
	if (config == NULL)
		die(buf_str(&report));
	buf_fini(&text);
	buf_fini(&report);
}

static void
open_all(void)
{
	struct store_options o = { .path = config->database,
	    .access = STORE_OWN, .prepare = normalise_entry,
	    .now_ms = get_now };
	static ev_io io;
	struct err err;

	store = store_open(&o, &err);
	if (store == NULL)
		die(err.msg);
	store_sync_sources(store, config, on_sources, NULL);
	store_drain(store);
	publish = publish_new(loop, store, on_published, NULL);
	ev_io_init(&io, on_store, store_fd(store), EV_READ);
	ev_io_start(loop, &io);
}

/* As the notes beside the document tell. */
static size_t
count_shown(const char *folder)
{
	struct buf path = { 0 }, text = { 0 };
	struct delta d = { 0 };
	struct err err;
	size_t count = 0;

	buf_printf(&path, "%s/www/.all.atom.delta", folder);
	if (file_read(buf_str(&path), 1 << 24, &text, &err) == 0 &&
	    delta_read(&d, buf_str(&text)) == 0)
		count = d.count;
	delta_fini(&d);
	buf_fini(&path);
	buf_fini(&text);
	return count;
}

static void
publish_now(void)
{
	publish_touch(publish);
	publish_flush(publish);
	while (!publish_is_idle(publish))
		ev_run(loop, EVRUN_ONCE);
	store_drain(store);
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int
main(int argc, char **argv)
{
	int64_t n, wanted;
	int rounds, step_ms;
	double *cpu, *wall, *visit;
	struct rusage used;

	if (argc < 4)
		die("FOLDER ENTRIES ROUNDS [FORMATS [KEEP [WINDOW "
		    "[SOURCES]]]]");
	wanted = atoll(argv[2]);
	rounds = atoi(argv[3]);
	mem_init();
	loop = ev_loop_new(0);
	run_id = clock_wall_ms();
	step_ms = argc > 6 && atoi(argv[6]) == 200 ? (int)HOUR_MS : 0;
	if (argc > 7)
		sources = atoi(argv[7]);
	if (sources < 1 || sources > SOURCES_MAX)
		die("so many sources?");
	load(argv[1], argc > 4 ? argv[4] : "atom, json, html, opml",
	    argc > 5 ? argv[5] : "forever");
	open_all();
	store_read(store, count, nothing, NULL);
	store_drain(store);
	n = (count_reached + BATCH - 1) / BATCH * BATCH;
	for (; n < wanted; n += BATCH) {
		add(n, n + BATCH);
		while (store_queue_depth(store) > 20) {
			usleep(1000);
			store_dispatch(store);
		}
	}
	store_drain(store);
	store_read(store, go_ahead, nothing, NULL);
	store_drain(store);
	/* The window, whatever there was before. */
	for (int i = 0; i < (step_ms > 0 ? 2 : 8); i++, n += BATCH) {
		ahead_ms += BATCH * step_ms;
		add(n, n + BATCH);
		store_drain(store);
	}
	store_read(store, count, nothing, NULL);
	store_drain(store);
	publish_configure(publish, config);
	do {
		publish_now();		/* some pages a round */
	} while (files > 0);
	for (int i = 0; i < 4000; i++) {
		store_read(store, ask_searchable, nothing, NULL);
		store_drain(store);
		if (searchable >= count_reached)
			break;
		usleep(500000);
	}
	cpu = xcalloc((size_t)rounds, sizeof(*cpu));
	wall = xcalloc((size_t)rounds, sizeof(*wall));
	visit = xcalloc((size_t)rounds, sizeof(*visit));
	for (int i = 0; i < rounds; i++) {
		double c = seconds(CLOCK_PROCESS_CPUTIME_ID), w;

		ahead_ms += step_ms;
		add(n, n + 1);
		n++;
		store_drain(store);
		w = seconds(CLOCK_MONOTONIC);
		visit[i] = seconds(CLOCK_PROCESS_CPUTIME_ID) - c;
		c += visit[i];
		publish_now();
		cpu[i] = seconds(CLOCK_PROCESS_CPUTIME_ID) - c;
		wall[i] = seconds(CLOCK_MONOTONIC) - w;
	}
	qsort(cpu, (size_t)rounds, sizeof(*cpu), compare);
	qsort(wall, (size_t)rounds, sizeof(*wall), compare);
	qsort(visit, (size_t)rounds, sizeof(*visit), compare);
	getrusage(RUSAGE_SELF, &used);
	printf("%lld entries, %zu shown, %s: publish %.2f ms CPU (median; worst %.2f), "
	    "%.2f ms wall (worst %.2f); store %.2f ms CPU; peak %ld KiB; "
	    "indexed %lld\n",
	    (long long)n, count_shown(argv[1]),
	    argc > 4 ? argv[4] : "all formats", cpu[rounds / 2] * 1e3, cpu[rounds - 1] * 1e3,
	    wall[rounds / 2] * 1e3, wall[rounds - 1] * 1e3,
	    visit[rounds / 2] * 1e3, used.ru_maxrss, (long long)searchable);
	return 0;
}
