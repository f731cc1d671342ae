/*
 * store.c - how fast the store takes entries in, and how large it gets.
 *
 *	store [-n ENTRIES] [-v ENTRIES-OF-A-VISIT] [-B MIN-BODY] [-M MAX-BODY]
 *	    [-s SOURCES] [-k KEEP-AT-LEAST] [-i] [-w] DATABASE
 *
 * Made-up documents, the same each time, handed in as the mill does it: as
 * fast as the writer takes them, never more than a few at once.  Then all of
 * them again, when nothing is new.  Memory is told after every tenth.  -i
 * waits for the index for search, too.  -w makes the texts of words that are
 * as frequent as words are, Chinese and English; else each character is any
 * of thousands, the worst an index can get.  -n 0 -k COUNT on a database that was
 * filled so: what is older than the newest COUNT of each source goes, and
 * visits come meanwhile.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/hash.h"
#include "feedmill/base/mem.h"
#include "feedmill/store.h"

enum { TEXT_BYTES = 1 << 20, WORDS_BYTES = 16 << 20, QUEUE = 16, SOURCES_MAX = 1000 };

static struct config_source sources[SOURCES_MAX];
static struct config config = { .sources = sources };
static struct source_state *states;
static char *text;
static size_t text_bytes = TEXT_BYTES;
static long entries = 20000, of_visit = 20, min_body = 3000,
    max_body = 30000;
static int64_t added, now_ms = INT64_C(1790000000000);

const struct config *
config_ref(const struct config *c)
{
	return c;
}

void
config_unref(const struct config *c)
{
	(void)c;
}

static int64_t
now(void)
{
	return now_ms;
}

static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
	x = (x ^ x >> 27) * 0x94d049bb133111ebU;
	return x ^ x >> 31;
}

static void
prepare(const struct feed *feed, const struct entry *e,
    const struct html_rules *rules, struct arena *arena,
    struct safe_entry *ret)
{
	(void)feed, (void)rules, (void)arena;
	ret->title = e->title.value;
	ret->content = e->content.value;
}

static double
seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Of the writer: of everybody less of this thread, that makes documents. */
static double
writer_seconds(void)
{
	return seconds(CLOCK_PROCESS_CPUTIME_ID) -
	    seconds(CLOCK_THREAD_CPUTIME_ID);
}

static long
rss_kib(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f != NULL && fscanf(f, "%*d %ld", &pages) != 1)
		pages = 0;
	if (f != NULL)
		fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* ------------------------------------------------------------ the entries */

/* Whole characters of it. */
static char *
slice(struct feed *feed, size_t from, size_t len)
{
	while (((unsigned char)text[from] & 0xc0) == 0x80)
		from++;
	while (((unsigned char)text[from + len] & 0xc0) == 0x80)
		len++;
	return arena_strndup(&feed->arena, text + from, len);
}

static void
make_entry(struct feed *feed, long i)
{
	struct entry *e = feed_add_entry(feed);
	uint64_t r = mix((uint64_t)i + 1);
	double u = (double)(mix(r) >> 11) / 9007199254740992.0;
	size_t len = (size_t)((double)min_body *
	    pow((double)max_body / (double)min_body, u));
	char key[160], *body;

	snprintf(key, sizeof(key), "//site%d.example/news/%04ld/%08x%02x-"
	    "%ld.html?id=%ld", (int)(r % 1000), i / 100, (unsigned)r,
	    (unsigned)(r >> 40) & 255, i, i);
	e->identity.key = arena_strdup(&feed->arena, key);
	e->identity.alias = e->identity.key;
	e->link = e->identity.key;
	e->identity.timestamp_ms = 1735689600000 + (int64_t)(r % 3000000) *
	    1000;
	body = slice(feed, mix(r ^ 5) % text_bytes, len);
	e->content.value = body;
	e->title.value = slice(feed, mix(r ^ 7) % text_bytes, 90);
	e->identity.digest = hash_pair(e->title.value,
	    strlen(e->title.value), body, strlen(body));
}

static void
on_visit(const struct visit_result *r, void *arg)
{
	(void)arg;
	if (r->failed != NULL) {
		fprintf(stderr, "%s\n", r->failed->msg);
		exit(1);
	}
	added += r->added;
}

static void
hand_in(struct store *st, long from)
{
	size_t s = (size_t)(from / of_visit) % config.sources_count;
	struct visit *v = visit_new();

	v->source_id = states[s].id;
	v->config = &config;
	v->source = &sources[s];
	v->fetched_ms = now_ms;
	v->feed = feed_new();
	for (long i = from; i < from + of_visit && i < entries; i++)
		make_entry(v->feed, i);
	store_visit(st, &v, on_visit, NULL);
	while (store_queue_depth(st) >= QUEUE) {
		usleep(200);
		store_dispatch(st);
	}
}

static void
pass(struct store *st, const char *name)
{
	double wall = seconds(CLOCK_MONOTONIC), cpu = writer_seconds();
	long told = 0;

	added = 0;
	for (long i = 0; i < entries; i += of_visit) {
		hand_in(st, i);
		now_ms += 1000;
		if (i / (entries / 10 + 1) > told) {
			told = i / (entries / 10 + 1);
			printf("  %9ld entries: %ld MiB\n", i,
			    rss_kib() / 1024);
		}
	}
	store_drain(st);
	wall = seconds(CLOCK_MONOTONIC) - wall;
	cpu = writer_seconds() - cpu;
	printf("%-8s %9.0f entries/s  %6.2f us of the writer each  %lld new, %ld MiB\n",
	    name, (double)entries / wall, cpu * 1e6 / (double)entries,
	    (long long)added, rss_kib() / 1024);
	fflush(stdout);
}

/* --------------------------------------------------------------- the frame */

static void
on_states(struct source_state *s, size_t count, const struct err *failed,
    void *arg)
{
	(void)arg;
	if (failed != NULL)
		exit(1);
	states = xcalloc(count, sizeof(*states));
	memcpy(states, s, count * sizeof(*states));
}

enum { WORDS = 40000, CHARACTERS = 3500, LETTERS = 26 };

/* Of n things the first is twice as frequent as the second, and so on. */
static size_t
zipf(uint64_t r, size_t n)
{
	double u = (double)(r >> 11) / 9007199254740992.0;

	return (size_t)pow((double)n, u) - 1;
}

static char *
put_character(char *p, size_t n)
{
	unsigned c = 0x4e00 + (unsigned)(mix(n) % 20000);

	*p++ = (char)(0xe0 | c >> 12);
	*p++ = (char)(0x80 | (c >> 6 & 63));
	*p++ = (char)(0x80 | (c & 63));
	return p;
}

/* The same each time; the frequent ones are short. */
static char *
put_word(char *p, size_t n)
{
	uint64_t r = mix(n + 77);
	size_t len = 1 + r % 3 + (n > 200);

	if (r >> 32 & 1) {
		for (size_t i = 0; i < (len + 2) / 2; i++)
			p = put_character(p, zipf(mix(r + i), CHARACTERS));
		return p;
	}
	for (size_t i = 0; i < 2 * len; i++)
		*p++ = (char)('a' + zipf(mix(r + i), LETTERS));
	*p++ = ' ';
	return p;
}

static void
make_words(void)
{
	size_t len = WORDS_BYTES + (size_t)max_body + 128;
	char *p;

	text_bytes = WORDS_BYTES;
	p = text = xcalloc(1, len + 64);
	for (uint64_t i = 0; p < text + len; i++) {
		p = put_word(p, zipf(mix(i), WORDS));
		if (mix(i) % 40 == 0)
			p = stpcpy(p, mix(i) % 200 == 0 ? "</p>\n<p>" : "。");
	}
}

static void
make_text(void)
{
	size_t len = TEXT_BYTES + (size_t)max_body + 128;

	text = xcalloc(1, len + 3);
	for (size_t i = 0; i < len; i += 3) {
		uint64_t r = mix(i);

		text[i] = (char)(0xe4 + r % 5);
		text[i + 1] = (char)(0x80 + (r >> 8 & 63));
		text[i + 2] = (char)(0x80 + (r >> 16 & 63));
	}
}

static void
make_sources(size_t count, int keep_at_least)
{
	static char names[SOURCES_MAX][16], urls[SOURCES_MAX][48];

	for (size_t i = 0; i < count; i++) {
		snprintf(names[i], sizeof(names[i]), "s%zu", i);
		snprintf(urls[i], sizeof(urls[i]), "https://s%zu.example/",
		    i);
		sources[i].name = names[i];
		sources[i].url = urls[i];
		sources[i].updates = UPDATES_CHANGED;
		if (keep_at_least > 0) {
			sources[i].keep_s = 1;
			sources[i].keep_at_least = keep_at_least;
		}
	}
	config.sources_count = count;
}

static int64_t indexed;

static void
read_indexed(struct store_reader *r, void *arg)
{
	struct err err;

	indexed = store_search_seq(r);
	if (store_last_seq(r, arg, &err) != 0) {
		fprintf(stderr, "%s\n", err.msg);
		exit(1);
	}
}

static void
print_health(struct store *st)
{
	struct store_health h;

	store_health(st, &h);
	printf("longest  group %lld ms, step of index and retention %lld ms "
	    "(CPU %lld)\n", (long long)h.group_max_ms,
	    (long long)h.step_max_ms, (long long)h.step_cpu_max_ms);
	printf("         %u steps cut; log up to %lld MiB, copied in %lld ms, "
	    "%d pages at once by the writer\n", h.steps_cut,
	    (long long)h.log_max_bytes >> 20, (long long)h.copy_max_ms,
	    h.helped_max_pages);
}

static void
no_op(void *arg)
{
	(void)arg;
}

static void
wait_for_index(struct store *st)
{
	double since = seconds(CLOCK_MONOTONIC);
	int64_t last = 1;

	for (indexed = 0; indexed < last; usleep(100000)) {
		store_read(st, read_indexed, no_op, &last);
		store_drain(st);
	}
	printf("index    %9.1f s\n", seconds(CLOCK_MONOTONIC) - since);
}

static int64_t
count_revisions(const char *path)
{
	sqlite3_stmt *q = NULL;
	sqlite3 *db = NULL;
	int64_t n;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) !=
	    SQLITE_OK || sqlite3_prepare_v2(db, "SELECT count(*) FROM "
	    "revisions", -1, &q, NULL) != SQLITE_OK ||
	    sqlite3_step(q) != SQLITE_ROW) {
		fprintf(stderr, "%s: %s\n", path, sqlite3_errmsg(db));
		exit(1);
	}
	n = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return n;
}

/*
 * What is there already expires, meanwhile a visit comes ever so often: how
 * long does one wait, at most?
 */
static void
wait_for_retention(struct store *st, const char *path)
{
	double since = seconds(CLOCK_MONOTONIC), longest = 0, sum = 0;
	int64_t left = -1, before, first = count_revisions(path);
	long visits = 0;
	int same = 0;

	now_ms += INT64_C(1000) * 86400 * 365;
	while (same < 15) {
		double at = seconds(CLOCK_MONOTONIC), took;

		entries = (visits + 1) * of_visit;
		hand_in(st, visits++ * of_visit);
		store_drain(st);
		took = seconds(CLOCK_MONOTONIC) - at;
		longest = took > longest ? took : longest;
		sum += took;
		usleep(50000);
		if (visits % 10 != 0)
			continue;
		before = left;
		left = count_revisions(path);
		same = before == left ? same + 1 : 0;
	}
	printf("expired  %lld of %lld revisions in %.1f s; %ld visits "
	    "meanwhile waited %.1f ms, at most %.1f\n",
	    (long long)(first - left), (long long)first,
	    seconds(CLOCK_MONOTONIC) - since, visits,
	    1e3 * sum / (double)visits, 1e3 * longest);
}

int
main(int argc, char **argv)
{
	struct store_options o = { .access = STORE_OWN, .prepare = prepare,
	    .now_ms = now };
	int option, keep = 0, wait = 0, has_words = 0;
	long count = 100;
	struct store *st;
	struct err err;

	while ((option = getopt(argc, argv, "n:v:B:M:s:k:iw")) != -1) {
		switch (option) {
		case 'n': entries = atol(optarg); break;
		case 'v': of_visit = atol(optarg); break;
		case 'B': min_body = atol(optarg); break;
		case 'M': max_body = atol(optarg); break;
		case 's': count = atol(optarg); break;
		case 'k': keep = atoi(optarg); break;
		case 'i': wait = 1; break;
		case 'w': has_words = 1; break;
		default: return 2;
		}
	}
	if (argc - optind != 1 || count < 1 || count > SOURCES_MAX ||
	    of_visit < 1 || min_body < 90 || max_body < min_body)
		return 2;
	o.path = argv[optind];
	if (has_words)
		make_words();
	else
		make_text();
	make_sources((size_t)count, keep);
	if ((st = store_open(&o, &err)) == NULL) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	store_sync_sources(st, &config, on_states, NULL);
	store_drain(st);
	if (entries > 0) {
		pass(st, "insert");
		pass(st, "again");
	} else {
		wait_for_retention(st, o.path);
	}
	if (wait)
		wait_for_index(st);
	print_health(st);
	store_close(st);
	return 0;
}
