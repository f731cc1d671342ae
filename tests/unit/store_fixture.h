/*
 * store_fixture.h - a store in a temporary folder, documents made entry by
 * entry, time as a variable: what the tests of the store share.
 */
#ifndef FEEDMILL_TESTS_STORE_FIXTURE_H
#define FEEDMILL_TESTS_STORE_FIXTURE_H

#include <stdio.h>
#include <unistd.h>

#include <sqlite3.h>

#include "unit.h"

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"
#include "feedmill/store.h"

#define NOW	INT64_C(1750000000000)
#define T0	INT64_C(1740000000000)
#define NONE	DATE_NONE

/* ------------------------------------------------------------- fixtures */

static int64_t now_ms = NOW;
static char folder[64], path[96];

static inline int64_t
get_now(void)
{
	return now_ms;
}

/* The configuration here is static: nothing is counted. */
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

static inline void
prepare(const struct feed *feed, const struct entry *e,
    const struct html_rules *rules, struct arena *arena,
    struct safe_entry *ret)
{
	(void)feed;
	(void)rules;
	ret->title = arena_strdup(arena, e->title.value);
	ret->content = arena_strdup(arena, e->content.value);
}

static struct config_source sources[] = {
	{ .name = "one", .url = "https://one.example/feed" },
	{ .name = "two", .url = "https://two.example/feed" },
	{ .name = "three", .url = "https://three.example/feed" },
};
static struct config_outlet outlets[] = { { .name = "all" } };
static struct config config = { .sources = sources, .sources_count = 3,
	.outlets = outlets, .outlets_count = 1 };

struct fixture {
	struct store	*store;
	struct source_state states[8];
	size_t		 count;
	struct visit_result result;
	char		 failed[512];
	char		 first_title[64];
};

static inline void
on_states(struct source_state *states, size_t count,
    const struct err *failed, void *arg)
{
	struct fixture *f = arg;

	if (failed != NULL)
		fail_msg("%s", failed->msg);
	for (size_t i = 0; i < f->count; i++)
		source_state_fini(&f->states[i]);
	f->count = count;
	memcpy(f->states, states, count * sizeof(*states));
}

static inline void
sync_sources(struct fixture *f)
{
	store_sync_sources(f->store, &config, on_states, f);
	store_drain(f->store);
	assert_int_equal(f->count, config.sources_count);
}

static inline struct store *
try_open(enum store_access access, struct err *err)
{
	struct store_options o = { .path = path, .access = access,
	    .prepare = prepare, .now_ms = get_now };

	*err = (struct err){ 0 };
	return store_open(&o, err);
}

static inline void
open_store(struct fixture *f)
{
	struct err err;

	f->store = try_open(STORE_OWN, &err);
	if (f->store == NULL)
		fail_msg("%s", err.msg);
	sync_sources(f);
}

static inline void
close_store(struct fixture *f)
{
	store_close(f->store);
	f->store = NULL;
}

static inline void
reopen(struct fixture *f)
{
	close_store(f);
	open_store(f);
}

static inline void
reset_config(void)
{
	now_ms = NOW;
	config.sources_count = 3;
	for (int i = 0; i < 3; i++) {
		sources[i].updates = UPDATES_CHANGED;
		sources[i].flood_limit = 0;
		sources[i].keep_s = sources[i].keep_at_least = 0;
		sources[i].drop_title = sources[i].keep_title = NULL;
	}
	sources[0].name = "one";
	sources[0].url = "https://one.example/feed";
	sources[1].url = "https://two.example/feed";
}

static inline int
setup(void **state)
{
	static struct fixture f;

	reset_config();
	f = (struct fixture){ 0 };
	/* In memory where that is to be had: thousands of syncs. */
	snprintf(folder, sizeof(folder), "%s/feedmill-store-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/feeds.db", folder);
	open_store(&f);
	*state = &f;
	return 0;
}

static inline void
remove_files(void)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", ".lock",
	    ".inflight" };
	char name[128];

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		unlink(name);
	}
	rmdir(folder);
}

static inline int
teardown(void **state)
{
	struct fixture *f = *state;

	if (f->store != NULL)
		close_store(f);
	for (size_t i = 0; i < f->count; i++)
		source_state_fini(&f->states[i]);
	remove_files();
	return 0;
}

/* One entry; its title is also its body, a key with # is scoped. */
struct item {
	const char	*key, *guid;
	int64_t		 ms;
	const char	*title;
};

static inline struct feed *
feed_of(const struct item *items, size_t count)
{
	struct feed *feed = feed_new();
	struct entry *e;

	feed->head.title.value = "The feed";
	for (size_t i = 0; i < count; i++) {
		e = feed_add_entry(feed);
		e->title.value = items[i].title;
		e->content.value = items[i].title;
		e->link = arena_printf(&feed->arena, "https:%s",
		    items[i].key);
		e->identity.key = items[i].key;
		e->identity.scoped = strchr(items[i].key, '#') != NULL;
		e->identity.alias = items[i].guid;
		e->identity.timestamp_ms = items[i].ms;
		e->identity.digest = hash_128(items[i].title,
		    strlen(items[i].title));
	}
	return feed;
}

static inline struct visit *
visit_of(struct fixture *f, int source, struct feed *feed)
{
	struct visit *v = visit_new();

	v->source_id = f->states[source].id;
	v->config = &config;
	v->source = &sources[source];
	v->outcome = OUTCOME_OK;
	v->feed = feed;
	v->fetched_ms = now_ms;
	v->url = xstrdup(sources[source].url);
	v->etag = xstrdup("\"v1\"");
	v->body_digest = (struct digest){ 7, 7 };
	return v;
}

static inline void
on_visit(const struct visit_result *r, void *arg)
{
	struct fixture *f = arg;

	f->result = *r;
	snprintf(f->failed, sizeof(f->failed), "%s",
	    r->failed != NULL ? r->failed->msg : "");
	snprintf(f->first_title, sizeof(f->first_title), "%s",
	    r->first_title != NULL ? r->first_title : "");
}

static inline void
do_visit(struct fixture *f, struct visit *v)
{
	store_visit(f->store, &v, on_visit, f);
	assert_null(v);
	store_drain(f->store);
	assert_int_equal(store_queue_depth(f->store), 0);
}

#define VISIT(f, source, ...)						\
	do {								\
		const struct item items_[] = { __VA_ARGS__ };		\
									\
		do_visit((f), visit_of((f), (source),			\
		    feed_of(items_, ARRAY_LEN(items_))));		\
		assert_string_equal((f)->failed, "");			\
	} while (0)

#define EXPECT(f, added_, updated_, duplicate_)				\
	do {								\
		assert_int_equal((f)->result.added, (added_));		\
		assert_int_equal((f)->result.updated, (updated_));	\
		assert_int_equal((f)->result.duplicate, (duplicate_));	\
	} while (0)

/* ------------------------------------------------------ reading it back */

struct listing {
	struct store_filter filter;
	int		 newest_first, by_entry;
	struct buf	 text;
	int		 code;
};

static inline int
list_record(const struct record *r, void *arg)
{
	struct listing *l = arg;

	buf_printf(&l->text, "%lld %s %s %s %s%s%s%s\n", (long long)r->seq,
	    r->key, r->source_name, r->title, r->stamp,
	    r->is_update ? " update" : "", r->is_current ? "" : " old",
	    r->is_silent ? " silent" : "");
	return 0;
}

static inline void
list_read(struct store_reader *r, void *arg)
{
	struct listing *l = arg;
	struct err err = { 0 };

	l->code = l->by_entry ? store_each_entry(r, list_record, l, &err) :
	    store_each_record(r, &l->filter, l->newest_first, list_record, l,
	    &err);
	if (l->code != 0)
		print_message("%s\n", err.msg);
}

static inline void
no_op(void *arg)
{
	(void)arg;
}

static inline void
expect_list(struct fixture *f, struct listing *l, const char *expected)
{
	store_read(f->store, list_read, no_op, l);
	store_drain(f->store);
	assert_int_equal(l->code, 0);
	assert_string_equal(buf_str(&l->text), expected);
	buf_fini(&l->text);
}

static inline void
expect_all(struct fixture *f, const char *expected)
{
	struct listing l = { .filter = { .with_silent = 1,
	    .with_superseded = 1 } };

	expect_list(f, &l, expected);
}

static inline void
expect_entries(struct fixture *f, const char *expected)
{
	struct listing l = { .by_entry = 1 };

	expect_list(f, &l, expected);
}

/* The file, whoever has written it, is sound. */
static inline void
check_integrity(void)
{
	sqlite3 *db;
	sqlite3_stmt *q;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &q, NULL);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	assert_string_equal(sqlite3_column_text(q, 0), "ok");
	sqlite3_finalize(q);
	sqlite3_prepare_v2(db, "PRAGMA foreign_key_check", -1, &q, NULL);
	assert_int_equal(sqlite3_step(q), SQLITE_DONE);
	sqlite3_finalize(q);
	sqlite3_close(db);
}

#endif
