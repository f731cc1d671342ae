/*
 * publish_world.h - a store in which something happens: entries come, are
 * updated, edited, forgotten and expire, at random; sources and outlets are
 * configured anew.
 *
 * Every choice is dice()'s, and is told in the story.
 */
#ifndef FEEDMILL_TESTS_PUBLISH_WORLD_H
#define FEEDMILL_TESTS_PUBLISH_WORLD_H

#include <ev.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/config.h"
#include "feedmill/identify.h"
#include "feedmill/normalise.h"
#include "feedmill/publish.h"
#include "feedmill/store.h"
#include "../../src/store/tokenizer.h"
#include "unit.h"

#define HOUR	INT64_C(3600000)

enum { SOURCES = 4, ENTRIES = 400 };

static const char *const source_names[SOURCES] = { "a", "b", "c", "d" };

/* What a source says of an entry. */
struct wording {
	int		 text, bytes, categories, pictures;
	int64_t		 ms;
};

static uint64_t dice_state;
static int64_t now_ms = INT64_C(1750000000000);
static char folder[64];
static struct ev_loop *loop;
static struct store *store;
static struct publish *publish;
static const struct config *config, *config_fresh;
static int64_t source_ids[SOURCES];
static struct wording wordings[ENTRIES];
static int owners[ENTRIES];
static int entries_count, titles[SOURCES], variant;
static char failure[512];
static struct buf story;	/* what was done, for the one who looks */

static inline unsigned
dice(unsigned sides)
{
	dice_state = dice_state * 6364136223846793005u +
	    1442695040888963407u;
	return (unsigned)((dice_state >> 33) % sides);
}

static inline int64_t
get_now(void)
{
	return now_ms;
}

/* ---------------------------------------------------------- configurations */

static inline void
write_sources(struct buf *b, unsigned v)
{
	for (unsigned i = 0; i < SOURCES; i++) {
		unsigned k = v & 1 ? SOURCES - 1 - i : i;

		/* Without one of them: somebody else inherits. */
		if ((v & 2) && k == 1)
			continue;
		buf_printf(b, "  %s: {url: 'http://%s.example/%s'%s%s%s}\n",
		    source_names[k], source_names[k],
		    k == 3 ? "f?token=secret" : "f",
		    (v & 4) && k == 0 ? ", title: 'Titled <a> & b'" : "",
		    k == 2 ? ", flood-limit: 4" : ", flood-limit: 0",
		    (v & 8) && k == 2 ? ", publish: false" : "");
	}
}

static const struct config *
load(const char *directory, unsigned v)
{
	struct config_options options = { .state = folder };
	struct buf text = { 0 }, report = { 0 };
	const struct config *c;

	buf_printf(&text, "http: {search: %s}\npublish:\n"
	    "  all: {title: All%s, url: 'http://p.example/', directory: %s, "
	    "entries: 6, tombstones: all, content: %s, "
	    "formats: [atom, rss, json, html, opml]}\n"
	    "  some: {title: Some, url: 'http://p.example/', directory: %s, "
	    "entries: %d, feeds: [a, d], language: de, formats: [atom, html]}"
	    "\n  long: {title: Long, url: 'http://p.example/l', "
	    "directory: %s, entries: 30, formats: [json, rss]}\n"
	    "archive: {}\nfeeds:\n", v & 1 ? "true" : "false",
	    v & 16 ? " of it" : "", directory, v & 32 ? "summary" : "full",
	    directory, v & 16 ? 3 : 4, directory);
	write_sources(&text, v);
	c = config_load_text(&options, "walk", buf_str(&text), text.len,
	    &report, NULL);
	if (c == NULL)
		fail_msg("%s", buf_str(&report));
	buf_fini(&text);
	buf_fini(&report);
	return c;
}

static inline void
on_sources(struct source_state *states, size_t count,
    const struct err *failed, void *arg)
{
	(void)arg;
	assert_null(failed);
	memset(source_ids, 0, sizeof(source_ids));
	for (size_t i = 0; i < count; i++) {
		for (int k = 0; k < SOURCES; k++) {
			if (strcmp(config->sources[i].name,
			    source_names[k]) == 0)
				source_ids[k] = states[i].id;
		}
		source_state_fini(&states[i]);
	}
}

static inline void
configure(unsigned v)
{
	const struct config *old = config, *old_fresh = config_fresh;

	config = load("www", v);
	config_fresh = load("fresh", v);
	store_sync_sources(store, config, on_sources, NULL);
	store_drain(store);
	publish_configure(publish, config);
	config_unref(old);
	config_unref(old_fresh);
	variant = (int)v;
}

/* ---------------------------------------------------------------- entries */

static const char *
text_of(struct arena *arena, const struct wording *w)
{
	static const char *const words[] = { "harbour", "tide", "<b>bold</b>",
	    "council", "&amp; more", "]]>", "engine", "winter" };
	uint64_t n = (uint64_t)w->text * 0x9e3779b97f4a7c15u + 1;
	struct buf b = { 0 };
	const char *s;

	buf_puts(&b, "<p>");
	while (b.len < (size_t)w->bytes) {
		n = n * 6364136223846793005u + 1442695040888963407u;
		buf_printf(&b, "%s%u ", words[n >> 61],
		    (unsigned)(n >> 50 & 255));
	}
	buf_printf(&b, "%d</p>", w->text);
	s = arena_strdup(arena, buf_str(&b));
	buf_fini(&b);
	return s;
}

static inline void
add_entry(struct feed *feed, int n)
{
	const struct wording *w = &wordings[n];
	struct entry *e = feed_add_entry(feed);

	e->link = arena_printf(&feed->arena, "http://x.example/%d", n);
	e->title.value = arena_printf(&feed->arena, "Entry %d &lt; %d", n,
	    w->text % 7);
	e->title.type = TEXT_HTML;
	e->content.value = text_of(&feed->arena, w);
	e->content.type = TEXT_HTML;
	e->body = e->content.value;
	e->published_ms = e->dated_ms = w->ms;
	for (int i = 0; i < w->categories; i++) {
		struct category *c = arena_zalloc(&feed->arena, sizeof(*c));

		c->term = arena_printf(&feed->arena, "tag %d", i);
		c->next = e->categories;
		e->categories = c;
	}
	if (w->pictures > 0)
		e->image.url = arena_printf(&feed->arena,
		    "http://x.example/%d.png", w->pictures);
}

static inline void
on_stored(const struct visit_result *r, void *arg)
{
	(void)arg;
	if (r->failed != NULL)
		fail_msg("%s", r->failed->msg);
}

static const struct config_source *
source_of(int s)
{
	return config_find_source(config, source_names[s]);
}

static inline void
visit(int s, const int *list, int count)
{
	struct identify_rules rules = { .scope = source_names[s] };
	struct visit *v = visit_new();
	struct feed *feed = feed_new();

	feed->url = source_of(s)->url;
	feed->format = FORMAT_ATOM;
	feed->head.title.value = arena_printf(&feed->arena, "Feed %s %d",
	    source_names[s], titles[s] / 2);
	feed->head.link = arena_printf(&feed->arena, "http://%s.example/%d",
	    source_names[s], (titles[s] + 1) / 2);
	for (int i = 0; i < count; i++)
		add_entry(feed, list[i]);
	normalise_feed(feed);
	identify_feed(feed, &rules);
	v->source_id = source_ids[s];
	v->config = config_ref(config);
	v->source = source_of(s);
	v->outcome = OUTCOME_OK;
	v->fetched_ms = now_ms;
	v->feed = feed;
	store_visit(store, &v, on_stored, NULL);
	store_drain(store);
}

/* ------------------------------------------------------------- what happens */

static inline int
pick_source(void)
{
	int s = (int)dice(SOURCES);

	while (source_of(s) == NULL)
		s = (s + 1) % SOURCES;
	return s;
}

static inline int
pick_entry(void)
{
	int n, tries = 0;

	do
		n = (int)dice((unsigned)entries_count);
	while (source_of(owners[n]) == NULL && ++tries < 100);
	return tries < 100 ? n : -1;
}

static inline void
bring(int count)
{
	int list[32], s = pick_source();

	for (int i = 0; i < count && entries_count < ENTRIES; i++) {
		int n = entries_count++;

		wordings[n] = (struct wording){ (int)dice(1000), dice(20) == 0 ?
		    30000 : (int)dice(4000), (int)dice(3), (int)dice(3),
		    now_ms - (int64_t)dice(72) * HOUR / 2 };
		owners[n] = s;
		list[i] = n;
		visit(s, list + i, 1);
	}
}

static inline void
new_entries(void)
{
	bring(1 + (int)dice(4));
}

/* More than the limit: some of them are silent. */
static inline void
flood(void)
{
	int list[12], count = 0, s = source_of(2) != NULL ? 2 : pick_source();

	while (count < 12 && entries_count < ENTRIES) {
		int n = entries_count++;

		wordings[n] = (struct wording){ n, 100, 0, 0, now_ms - n };
		owners[n] = s;
		list[count++] = n;
	}
	if (count > 0)
		visit(s, list, count);
}

static inline void
update(void)
{
	int n = pick_entry();

	if (n == -1)
		return;
	wordings[n].ms = now_ms - (int64_t)dice(1000);
	wordings[n].text++;
	visit(owners[n], &n, 1);
}

static inline void
edit(void)
{
	int n = pick_entry();

	if (n == -1)
		return;
	wordings[n].text += 1 + (int)dice(3);
	wordings[n].bytes = (int)dice(3000);
	visit(owners[n], &n, 1);
}

/* Back to the same words, which are not all there is. */
static inline void
edit_there_and_back(void)
{
	int n = pick_entry();

	if (n == -1)
		return;
	wordings[n].text++;
	visit(owners[n], &n, 1);
	wordings[n].text--;
	wordings[n].categories = (wordings[n].categories + 1) % 4;
	wordings[n].pictures++;
	visit(owners[n], &n, 1);
}

/* Somebody else has it, too, maybe with another text. */
static inline void
list_elsewhere(void)
{
	int n = pick_entry();

	if (n == -1)
		return;
	owners[n] = pick_source();
	if (dice(2)) {
		wordings[n].text++;
		wordings[n].ms = now_ms;
	}
	visit(owners[n], &n, 1);
}

static inline void
retitle(void)
{
	int s = pick_source();

	titles[s] += 1 + (int)dice(2);
	visit(s, NULL, 0);
}

static inline void
let_time_pass(void)
{
	now_ms += (int64_t)dice(40) * HOUR;
}

static inline void
reconfigure(void)
{
	configure(dice(64));
}

static inline void
on_forgotten(const struct err *failed, void *arg)
{
	(void)arg;
	assert_null(failed);
}

static inline void
forget(void)
{
	int64_t ids[] = { 1 + dice((unsigned)entries_count), 0 };

	store_forget(store, ids, 1, on_forgotten, NULL);
	store_drain(store);
	store_forget_done(store, ids, 1, on_forgotten, NULL);
	store_drain(store);
}

/* As retention.c does it, at a time of our own. */
static inline void
expire(void)
{
	char path[128], *sql, *error = NULL;
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s", config->database);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	assert_int_equal(tokenizer_register(db, NULL), SQLITE_OK);
	sql = sqlite3_mprintf("BEGIN IMMEDIATE;"
	    "CREATE TEMP TABLE old AS SELECT seq FROM revisions WHERE "
	    "source_id = %lld ORDER BY seq %s LIMIT %u;"
	    "INSERT INTO tombstones SELECT e.id, %lld, 0, 0 FROM revisions r "
	    "JOIN entries e ON e.id = r.entry_id AND e.seq = r.seq "
	    "WHERE r.seq IN old "
	    "ON CONFLICT DO UPDATE SET at_ms = excluded.at_ms;"
	    "DELETE FROM revisions WHERE seq IN old;"
	    "UPDATE meta SET value = max(value, (SELECT coalesce(max(seq), 0) "
	    "FROM old)) WHERE name = 'expired_seq'; COMMIT",
	    (long long)(1 + dice(SOURCES)), dice(3) == 0 ? "DESC" : "",
	    1 + dice(6), (long long)now_ms);
	sqlite3_exec(db, sql, NULL, NULL, &error);
	if (error != NULL)
		fail_msg("%s", error);
	sqlite3_free(sql);
	sqlite3_close(db);
}

static inline void
nothing(void)
{
}

#endif
