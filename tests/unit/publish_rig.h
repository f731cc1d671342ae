/*
 * publish_rig.h - publish and archive in a folder, and a store of our own.
 *
 * The functions of store.h that rounds call are here: records stand in an
 * array, marks are known when a commit is said to have come.  add() puts an
 * entry, publish_now() runs a round to its end.
 */
#ifndef FEEDMILL_TESTS_PUBLISH_RIG_H
#define FEEDMILL_TESTS_PUBLISH_RIG_H

#include <stdio.h>
#include <unistd.h>

#include <ev.h>

#include "feedmill/archive.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/config.h"
#include "feedmill/publish.h"
#include "feedmill/store.h"
#include "unit.h"

/* -------------------------------------------------------------- the store */

#define HOUR	INT64_C(3600000)
#define T0	INT64_C(1740340846000)

enum { RECORDS_MAX = 500 };

static struct store {
	struct record	 records[RECORDS_MAX];
	char		 texts[RECORDS_MAX][64];
	size_t		 count;
	/* Read, not dispatched yet. */
	store_done_fn	*done;
	void		*done_arg;
	/* Marks, and whether a commit has made them known. */
	struct { char name[32]; int64_t seq; } marks[4];
	int		 committed;
	int		 broken;	/* marks cannot be read */
	unsigned	 reads;
	int		 is_ahead;	/* has other sources already */
} store;

struct store_reader {
	int	 nothing;
};

void
store_read(struct store *s, store_read_fn *fn, store_done_fn *done, void *arg)
{
	struct store_reader reader = { 0 };

	assert_null(s->done);
	s->reads++;
	fn(&reader, arg);
	s->done = done;
	s->done_arg = arg;
}

static inline void
dispatch(void)
{
	store_done_fn *done = store.done;

	store.done = NULL;
	if (done != NULL)
		done(store.done_arg);
}

const char store_sealed_mark[] = "sealed:";

void
store_mark_outlet(struct store *s, const char *name, int64_t seq)
{
	for (int i = 0; i < 4; i++) {
		if (s->marks[i].name[0] != '\0' &&
		    strcmp(s->marks[i].name, name) != 0)
			continue;
		snprintf(s->marks[i].name, sizeof(s->marks[i].name), "%s",
		    name);
		s->marks[i].seq = seq;
		return;
	}
	fail();
}

static inline int64_t
mark_of(const char *name)
{
	for (int i = 0; i < 4; i++) {
		if (strcmp(store.marks[i].name, name) == 0)
			return store.marks[i].seq;
	}
	return 0;
}

/* The marks wait for a commit that does not come in most of these tests. */
int
store_outlet_seq(struct store_reader *reader, const char *outlet,
    int64_t *ret, struct err *err)
{
	(void)reader;
	if (store.broken)
		return err_set(err, "no such luck");
	*ret = store.committed ? mark_of(outlet) : 0;
	return 0;
}

/* Nothing was forgotten. */
int
store_each_tombstone(struct store_reader *r,
    const struct tombstone_filter *f,
    int (*fn)(const struct tombstone *, void *), void *arg, struct err *err)
{
	(void)r;
	(void)fn;
	(void)arg;
	(void)err;
	assert_false(f->pending);
	return 0;
}

int
store_has_sources(struct store_reader *reader, const struct config *c)
{
	(void)reader;
	(void)c;
	return !store.is_ahead;
}

int
store_last_seq(struct store_reader *reader, int64_t *ret, struct err *err)
{
	(void)reader;
	(void)err;
	*ret = (int64_t)store.count;
	return 0;
}

int
store_outlet_uuid(struct store_reader *reader, const char *outlet,
    char out[UUID_TEXT_SIZE], struct err *err)
{
	(void)reader;
	(void)outlet;
	(void)err;
	strcpy(out, "99999999-8888-4777-8666-555555555555");
	return 0;
}

int
store_each_source(struct store_reader *reader,
    int (*fn)(const struct source_summary *, void *), void *arg,
    struct err *err)
{
	static const struct source_summary list[] = {
		{ .id = 1, .name = "a", .title = "A" },
		{ .id = 2, .name = "hidden" },
		{ .id = 3, .name = "b" },
		{ .id = 4, .name = "gone", .removed = 1 },
	};

	(void)reader;
	(void)err;
	for (int i = 0; i < 4; i++)
		fn(&list[i], arg);
	return 0;
}

static inline int
passes(const struct record *r, const struct store_filter *f)
{
	const int64_t *id = f->source_ids;

	assert_non_null(id);
	while (*id != 0 && *id != r->source_id)
		id++;
	return *id != 0 && r->seq > f->after_seq &&
	    (f->upto_seq == 0 || r->seq <= f->upto_seq) &&
	    (f->with_silent || !r->is_silent) &&
	    (f->with_superseded || r->is_current);
}

int
store_each_record(struct store_reader *reader, const struct store_filter *f,
    int newest_first, store_record_fn *fn, void *arg, struct err *err)
{
	unsigned n = 0;

	(void)reader;
	(void)err;
	for (size_t i = 0; i < store.count; i++) {
		const struct record *r = &store.records[newest_first ?
		    store.count - 1 - i : i];

		if (!passes(r, f))
			continue;
		if (fn(r, arg) != 0 || (f->limit != 0 && ++n >= f->limit))
			break;
	}
	return 0;
}

int
store_each_of(struct store_reader *reader, const int64_t *seqs, size_t count,
    store_record_fn *fn, void *arg, struct err *err)
{
	(void)reader;
	(void)err;
	for (size_t i = 0; i < count; i++) {
		if (fn(&store.records[seqs[i] - 1], arg) != 0)
			break;
	}
	return 0;
}

/* As records are added and never change but by edits of title and id. */
struct placing {
	store_place_fn	*fn;
	void		*arg;
};

static inline int
give_place(const struct record *r, void *arg)
{
	struct placing *p = arg;
	struct store_place place = {
		.seq = r->seq, .entry_id = r->entry_id,
		.source_id = r->source_id, .is_silent = r->is_silent,
		.announced_ms = r->announced_ms,
		.effective_ms = r->effective_ms, .updated_ms = r->updated_ms,
		.stamp = hash_64(r->title, strlen(r->title),
		    hash_64(r->uuid, strlen(r->uuid), 0)),
	};

	return p->fn(&place, p->arg);
}

int
store_each_place(struct store_reader *reader, const struct store_filter *f,
    int newest_first, store_place_fn *fn, void *arg, struct err *err)
{
	struct placing p = { fn, arg };

	return store_each_record(reader, f, newest_first, give_place, &p,
	    err);
}

int
store_sources_version(struct store_reader *reader,
    struct store_sources_version *ret, struct err *err)
{
	(void)reader;
	(void)err;
	*ret = (struct store_sources_version){ 1, 0 };
	return 0;
}

int
store_each_stamp(struct store_reader *reader, int64_t since,
    int (*fn)(int64_t id, uint64_t stamp, void *arg), void *arg,
    struct err *err)
{
	(void)reader;
	(void)since;
	(void)err;
	for (int64_t id = 1; id <= 4; id++)
		fn(id, (uint64_t)id, arg);
	return 0;
}

static inline void
month_of(const struct record *r, char out[8])
{
	char date[DATE_TEXT_SIZE];

	date_format_iso24(r->published_ms, date);
	snprintf(out, 8, "%.7s", date);
}

int
store_each_month(struct store_reader *reader, int64_t after, int64_t upto,
    store_month_fn *fn, void *arg, struct err *err)
{
	static const char *const names[] = { "", "a", "b/c", "b", "d" };
	char month[8], other[8];

	(void)reader;
	(void)err;
	for (int64_t i = after; i < upto; i++) {
		const struct record *r = &store.records[i];
		int64_t k = after;

		month_of(r, month);
		for (; k < i; k++) {
			month_of(&store.records[k], other);
			if (store.records[k].source_id == r->source_id &&
			    strcmp(month, other) == 0)
				break;
		}
		if (k == i)
			fn(&(struct store_month){ r->source_id,
			    names[r->source_id], "A [b]",
			    month }, arg);
	}
	return 0;
}

int
store_each_of_month(struct store_reader *reader, int64_t source_id,
    const char *month, unsigned limit, store_record_fn *fn, void *arg,
    struct err *err)
{
	char of[8];

	(void)reader;
	(void)limit;
	(void)err;
	for (size_t i = store.count; i-- > 0; ) {
		const struct record *r = &store.records[i];

		month_of(r, of);
		if (r->source_id == source_id && r->is_current &&
		    strcmp(of, month) == 0 && fn(r, arg) != 0)
			break;
	}
	return 0;
}

static struct record *
add(int64_t source_id, int64_t effective_ms, int64_t announced_ms)
{
	size_t n = store.count++;
	struct record *r = &store.records[n];

	assert_true(n < RECORDS_MAX);
	snprintf(store.texts[n], sizeof(store.texts[n]),
	    "00000000-0000-4000-8000-%012zu", n + 1);
	*r = (struct record){
		.seq = (int64_t)n + 1, .entry_id = (int64_t)n + 1,
		.uuid = store.texts[n], .url = "http://x.example/",
		.source_id = source_id, .source_name = "a",
		.effective_ms = effective_ms, .published_ms = effective_ms,
		.updated_ms = effective_ms, .announced_ms = announced_ms,
		.stamp = "1", .is_current = 1, .title = "t", .content = "c",
		.summary = "",
	};
	return r;
}

/* ------------------------------------------------------------- the set-up */

static char folder[64];
static struct ev_loop *loop;
static const struct config *config;
static struct publish *publish;
static struct archive *archive;
static unsigned dones, files, posts;
static char failure[512];

static inline void
on_published(const struct published *p, void *arg)
{
	assert_ptr_equal(arg, &store);
	dones++;
	files += p->files;
	strcpy(failure, p->failed != NULL ? p->failed->msg : "");
}

static inline void
on_archived(const struct archived *a, void *arg)
{
	assert_ptr_equal(arg, &store);
	dones++;
	posts += a->posts;
	strcpy(failure, a->failed != NULL ? a->failed->msg : "");
}

static inline void
write_config(const char *per)
{
	struct buf b = { 0 }, report = { 0 };
	struct config_options options = { 0 };
	char path[128];
	unsigned mistakes = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/feedmill.yaml", folder);
	buf_printf(&b, "publish:\n  all: {title: All, url: 'http://p.example/'"
	    ", directory: www, entries: 3, formats: [atom, json]}\n"
	    "archive:\n  posts: {directory: posts, per: %s}\n"
	    "feeds:\n  a: {url: 'http://a.example/f'}\n"
	    "  hidden: {url: 'http://h.example/f', publish: false}\n"
	    "  b: {url: 'http://b.example/f'}\n", per);
	f = fopen(path, "w");
	fputs(buf_str(&b), f);
	fclose(f);
	options.path = path;
	options.state = folder;
	config = config_load(&options, &report, &mistakes);
	if (config == NULL)
		fail_msg("%s", buf_str(&report));
	buf_fini(&b);
	buf_fini(&report);
}

static inline int
start(void **state)
{
	(void)state;
	memset(&store, 0, sizeof(store));
	dones = files = posts = 0;
	strcpy(folder, "/tmp/feedmill-publish-XXXXXX");
	assert_non_null(mkdtemp(folder));
	write_config("revision");
	loop = ev_loop_new(0);
	publish = publish_new(loop, &store, on_published, &store);
	archive = archive_new(loop, &store, on_archived, &store);
	return 0;
}

static inline int
stop(void **state)
{
	char command[128];

	(void)state;
	publish_free(publish);
	archive_free(archive);
	dispatch();
	config_unref(config);
	ev_loop_destroy(loop);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static inline void
run_publish(void)
{
	while (!publish_is_idle(publish)) {
		ev_run(loop, EVRUN_ONCE);
		dispatch();
	}
}

static inline void
run_archive(void)
{
	while (!archive_is_idle(archive)) {
		ev_run(loop, EVRUN_ONCE);
		dispatch();
	}
}

static inline void
publish_now(void)
{
	publish_configure(publish, config);
	publish_flush(publish);
	run_publish();
}

static inline void
read_file(const char *name, struct buf *b)
{
	char path[160];
	struct err err = { 0 };

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	buf_reset(b);
	if (file_read(path, 1 << 26, b, &err) == -1)
		fail_msg("%s", err.msg);
}

/* The numbers at the ends of the entries' ids, as "3 1 2". */
static inline void
assert_entries_of(const char *name, const char *wanted)
{
	struct buf b = { 0 }, ids = { 0 };
	const char *s;

	read_file(name, &b);
	for (s = b.data; (s = strstr(s, "<entry>")) != NULL; s++) {
		const char *id = strstr(s, "-4000-8000-");

		buf_printf(&ids, "%s%d", ids.len > 0 ? " " : "",
		    atoi(id + 11));
	}
	assert_string_equal(buf_str(&ids), wanted);
	buf_fini(&b);
	buf_fini(&ids);
}

static inline void
assert_entries(const char *wanted)
{
	assert_entries_of("www/all.atom", wanted);
}

#endif
