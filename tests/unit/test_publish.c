/* Rounds of publish and archive against a store of our own: what is in the
 * window and in which order, what is written and what is not, failures. */
#include <ev.h>
#include <glob.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

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

static void
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

static int64_t
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

static int
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

static int
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

static void
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

static void
on_published(const struct published *p, void *arg)
{
	assert_ptr_equal(arg, &store);
	dones++;
	files += p->files;
	strcpy(failure, p->failed != NULL ? p->failed->msg : "");
}

static void
on_archived(const struct archived *a, void *arg)
{
	assert_ptr_equal(arg, &store);
	dones++;
	posts += a->posts;
	strcpy(failure, a->failed != NULL ? a->failed->msg : "");
}

static void
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

static int
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

static int
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

static void
run_publish(void)
{
	while (!publish_is_idle(publish)) {
		ev_run(loop, EVRUN_ONCE);
		dispatch();
	}
}

static void
run_archive(void)
{
	while (!archive_is_idle(archive)) {
		ev_run(loop, EVRUN_ONCE);
		dispatch();
	}
}

static void
publish_now(void)
{
	publish_configure(publish, config);
	publish_flush(publish);
	run_publish();
}

static void
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
static void
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

static void
assert_entries(const char *wanted)
{
	assert_entries_of("www/all.atom", wanted);
}

/* ------------------------------------------------------------------ tests */

#define HOUR	INT64_C(3600000)
#define T0	INT64_C(1740340846000)

/* The last three, and all of two days; sorted by their own time; nothing of
 * hidden or removed sources, silent or superseded. */
static void
window(void **state)
{
	(void)state;
	add(1, T0 + 9 * HOUR, T0 - 100 * HOUR);
	add(3, T0 - 900 * HOUR, T0 - 47 * HOUR);	/* old, found late */
	add(1, T0, T0 - 3 * HOUR);
	add(2, T0, T0 - 3 * HOUR);
	add(4, T0, T0 - 3 * HOUR);
	add(1, T0, T0 - 3 * HOUR)->is_silent = 1;
	add(1, T0, T0 - 3 * HOUR)->is_current = 0;
	add(1, T0 + HOUR, T0 - 2 * HOUR);
	add(3, T0, T0);
	publish_now();
	assert_entries("8 9 3 2");
	assert_int_equal(mark_of("all"), 9);
	assert_int_equal(files, 4);	/* with two pages */
	assert_string_equal(failure, "");
	/* Far later than two days, yet at least three. */
	add(1, T0 + 2 * HOUR, T0 + 100 * HOUR);
	publish_now();
	assert_entries("10 8 9");
}

static void
window_is_bounded(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		add(1, T0 + i, T0);
	publish_now();
	assert_entries("100 99 98 97 96 95 94 93 92 91 90 89");
}

/* How far it has come cannot be read: that is said, nothing is written, and
 * the next round makes up for it. */
static void
unknown_progress(void **state)
{
	struct stat st;
	char path[128];

	(void)state;
	add(1, T0, T0);
	store.broken = 1;
	publish_now();
	assert_string_equal(failure, "outlet all: no such luck");
	snprintf(path, sizeof(path), "%s/www/all.atom", folder);
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(mark_of("all"), 0);
	archive_configure(archive, config);
	archive_flush(archive);
	run_archive();
	assert_string_equal(failure, "archive posts: no such luck");
	assert_int_equal(posts, 0);
	store.broken = 0;
	publish_now();
	archive_flush(archive);
	run_archive();
	assert_entries("1");
	assert_int_equal(posts, 1);
}

/* Nothing new: the same bytes, and no file is touched. */
static void
unchanged(void **state)
{
	char path[128];
	struct stat before, after;

	(void)state;
	add(1, T0, T0);
	publish_now();
	snprintf(path, sizeof(path), "%s/www/all.atom", folder);
	assert_int_equal(stat(path, &before), 0);
	publish_now();
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(files, 2);
	assert_int_equal(dones, 2);
	/* A twin that is lost comes back. */
	strcat(path, ".gz");
	assert_int_equal(unlink(path), 0);
	publish_now();
	assert_int_equal(stat(path, &after), 0);
}

static void
twin(void **state)
{
	char path[128], text[65536];
	struct buf b = { 0 };
	gzFile gz;
	int n;

	(void)state;
	add(1, T0, T0);
	publish_now();
	read_file("www/all.atom", &b);
	snprintf(path, sizeof(path), "%s/www/all.atom.gz", folder);
	gz = gzopen(path, "rb");
	n = gzread(gz, text, sizeof(text));
	gzclose(gz);
	assert_int_equal(n, b.len);
	assert_memory_equal(text, b.data, b.len);
	read_file("www/all.atom.gz", &b);
	/* No time in it, so that the same document gives the same file. */
	assert_memory_equal(b.data + 4, "\0\0\0\0", 4);
	buf_fini(&b);
}

static void
empty(void **state)
{
	(void)state;
	publish_now();
	assert_entries("");
	assert_string_equal(failure, "");
}

/* A file in the way of the folder: said, not idle for ever, and well again
 * with the next mark. */
static void
failing(void **state)
{
	char path[128];
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/www", folder);
	f = fopen(path, "w");
	fclose(f);
	add(1, T0, T0);
	publish_now();
	assert_non_null(strstr(failure, "outlet all: "));
	assert_non_null(strstr(failure, "www"));
	assert_int_equal(mark_of("all"), 0);
	assert_true(publish_is_idle(publish));
	assert_int_equal(unlink(path), 0);
	publish_flush(publish);		/* without a mark: a retry */
	run_publish();
	assert_string_equal(failure, "");
	assert_int_equal(mark_of("all"), 1);
}

/* Many marks, one round; one that comes meanwhile is not lost. */
static void
marks(void **state)
{
	(void)state;
	publish_configure(publish, config);
	publish_touch(publish);
	publish_touch(publish);
	publish_flush(publish);
	while (store.reads == 0)
		ev_run(loop, EVRUN_ONCE);
	add(1, T0, T0);
	publish_touch(publish);
	publish_flush(publish);
	assert_int_equal(store.reads, 1);
	dispatch();
	assert_false(publish_is_idle(publish));
	run_publish();
	assert_int_equal(store.reads, 2);
	assert_entries("1");
}

static void
freed_under_way(void **state)
{
	(void)state;
	publish_configure(publish, config);
	publish_flush(publish);
	while (store.reads == 0)
		ev_run(loop, EVRUN_ONCE);
	publish_free(publish);
	publish = NULL;
	dispatch();
	assert_int_equal(dones, 0);
}

static size_t
count_posts(void)
{
	char pattern[128];
	glob_t found;
	size_t n;

	snprintf(pattern, sizeof(pattern), "%s/posts/*.md", folder);
	if (glob(pattern, 0, NULL, &found) != 0)
		return 0;
	n = found.gl_pathc;
	globfree(&found);
	return n;
}

/* In steps, though the database has not heard of the first one yet; the
 * silent ones too, the hidden source too. */
static void
archives(void **state)
{
	(void)state;
	for (int i = 0; i < 450; i++)
		add(i % 3 + 1, T0, T0)->is_silent = i % 2;
	add(4, T0, T0);
	archive_configure(archive, config);
	archive_flush(archive);
	run_archive();
	assert_int_equal(count_posts(), 450);
	assert_int_equal(posts, 450);
	assert_int_equal(mark_of("archive:posts"), 451);
	assert_int_equal(store.reads, 3);
	add(1, T0, T0)->stamp = "2";
	archive_touch(archive);
	archive_flush(archive);
	run_archive();
	assert_int_equal(posts, 451);
}

/* per: entry - a revision replaces the post of its entry. */
static void
archives_entries(void **state)
{
	struct record *r;

	(void)state;
	config_unref(config);
	write_config("entry");
	add(1, T0, T0);
	archive_configure(archive, config);
	archive_flush(archive);
	run_archive();
	store.records[0].is_current = 0;
	r = add(1, T0 + 48 * HOUR, T0);
	r->uuid = store.records[0].uuid;
	r->published_ms = T0;
	r->stamp = "2";
	r->title = "new";
	archive_touch(archive);
	archive_flush(archive);
	run_archive();
	assert_int_equal(posts, 2);
	assert_int_equal(count_posts(), 1);
}

static void
read_list(const char *name, struct buf *b)
{
	struct err err;
	char path[256];

	snprintf(path, sizeof(path), "%s/posts/lists/%s", folder, name);
	if (file_read(path, 1 << 20, b, &err) == -1)
		fail_msg("%s", err.msg);
}

static unsigned
count_lists(void)
{
	char pattern[128];
	glob_t found;
	unsigned n;

	snprintf(pattern, sizeof(pattern), "%s/posts/lists/*", folder);
	n = glob(pattern, 0, NULL, &found) == 0 ?
	    (unsigned)found.gl_pathc : 0;
	globfree(&found);
	return n;
}

/* One of each source and month; a new entry touches its own alone. */
static void
archive_lists(void **state)
{
	static const char head[] = "---\nlayout: page\ntitle: "
	    "\"A [b] 2025-02\"\nrender_with_liquid: false\n---\n* 2025-02-";
	static const char line[] = "* 2025-02-23 [new \\[x\\]](../2025-02-23-"
	    "new-x-";
	struct buf list = { 0 }, again = { 0 };
	struct stat before, after;
	char path[256];

	(void)state;
	add(1, T0, T0)->title = "old {{ x }}";
	add(1, T0 + 40 * 24 * HOUR, T0);
	add(3, T0, T0);
	add(2, T0, T0);			/* is archived, not published */
	add(4, T0, T0);			/* is not selected */
	archive_configure(archive, config);
	archive_flush(archive);
	run_archive();
	assert_int_equal(count_lists(), 4);
	assert_int_equal(mark_of("lists:posts"), 5);
	read_list("a-2025-02.md", &list);
	assert_int_equal(strncmp(buf_str(&list), head, strlen(head)), 0);
	assert_null(strstr(buf_str(&list), "{{"));
	assert_non_null(strstr(buf_str(&list), "([link](http://x.example/))"));
	snprintf(path, sizeof(path), "%s/posts/lists/a-2025-04.md", folder);
	assert_int_equal(stat(path, &before), 0);
	add(1, T0 + HOUR, T0)->title = "new [x]";
	archive_touch(archive);
	archive_flush(archive);
	run_archive();
	read_list("a-2025-02.md", &again);
	assert_non_null(strstr(buf_str(&again), line));
	assert_true(again.len > list.len);
	assert_int_equal(stat(path, &after), 0);
	assert_true(before.st_ino == after.st_ino);
	buf_fini(&list);
	buf_fini(&again);
}

static void
archive_fails(void **state)
{
	char path[128];
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/posts", folder);
	f = fopen(path, "w");
	fclose(f);
	add(1, T0, T0);
	archive_configure(archive, config);
	archive_flush(archive);
	run_archive();
	assert_non_null(strstr(failure, "archive posts: "));
	assert_int_equal(mark_of("archive:posts"), 0);
	assert_int_equal(unlink(path), 0);
	archive_flush(archive);
	run_archive();
	assert_string_equal(failure, "");
	assert_int_equal(count_posts(), 1);
}

/* ------------------------------------------------------------------ pages */

#define PAGE(n)	"www/all-archive-" #n ".atom"

static int
is_there(const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

static int
says(const char *name, const char *what)
{
	struct buf b = { 0 };
	int found;

	read_file(name, &b);
	found = strstr(buf_str(&b), what) != NULL;
	buf_fini(&b);
	return found;
}

static struct stat
stat_of(const char *name)
{
	char path[160];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(stat(path, &st), 0);
	return st;
}

/* As many as the outlet shows; superseded ones too, none of the hidden
 * source; the rest waits in the outlet's own document. */
static void
pages_fill(void **state)
{
	(void)state;
	add(1, T0, T0);
	add(2, T0, T0);
	add(3, T0 + HOUR, T0)->is_current = 0;
	publish_now();
	assert_false(is_there(PAGE(1)));
	assert_false(says("www/all.atom", "-archive"));
	assert_int_equal(mark_of("pages:all"), 0);
	add(1, T0, T0);
	add(1, T0, T0);
	publish_now();
	assert_entries_of(PAGE(1), "1 3 4");
	assert_false(is_there(PAGE(2)));
	assert_true(is_there(PAGE(1) ".gz"));
	assert_int_equal(mark_of("pages:all"), 1);
	assert_true(says("www/all.atom", "<link rel=\"prev-archive\" "
	    "type=\"application/atom+xml\" "
	    "href=\"http://p.example/all-archive-1.atom\"/>"));
	assert_false(says("www/all.atom", "fh:"));
	assert_false(says("www/all.json", "archive"));
	assert_true(says(PAGE(1), "<fh:archive/>"));
	assert_true(says(PAGE(1), "<link rel=\"current\" "
	    "type=\"application/atom+xml\" "
	    "href=\"http://p.example/all.atom\"/>"));
	assert_true(says(PAGE(1), "<updated>2025-02-23T21:00:46Z"));
	assert_false(says(PAGE(1), "-archive\" "));
}

/* What the outlet's document never shows does not wait. */
static void
pages_silent(void **state)
{
	(void)state;
	add(1, T0, T0);
	add(1, T0, T0)->is_silent = 1;
	publish_now();
	assert_entries_of(PAGE(1), "1 2");
	add(1, T0, T0);
	publish_now();
	assert_entries("3 1");
}

/* Sealed is sealed: whatever comes, whether the database has heard of them
 * or not, and though the rows are others by now. */
static void
pages_stay(void **state)
{
	struct stat first, second;

	(void)state;
	for (int i = 0; i < 7; i++)
		add(1, T0 + i, T0);
	publish_now();
	first = stat_of(PAGE(1));
	second = stat_of(PAGE(2));
	assert_true(says(PAGE(2), "rel=\"prev-archive\" type="
	    "\"application/atom+xml\" "
	    "href=\"http://p.example/all-archive-1.atom\""));
	for (int i = 0; i < 2; i++) {
		store.records[i].title = "edited";
		store.committed = i;
		add(1, T0, T0);
		publish_now();
		assert_int_equal(stat_of(PAGE(1)).st_ino, first.st_ino);
		assert_int_equal(stat_of(PAGE(2)).st_ino, second.st_ino);
	}
	assert_entries_of(PAGE(3), "7 8 9");
	assert_int_equal(mark_of("pages:all"), 3);
}

/* Killed between the file and the commit, and another page size since. */
static void
pages_found(void **state)
{
	(void)state;
	add(1, T0, T0);
	add(1, T0, T0)->is_silent = 1;
	publish_now();
	for (int i = 0; i < 3; i++)
		add(1, T0, T0);
	publish_now();
	assert_entries_of(PAGE(1), "1 2");
	assert_entries_of(PAGE(2), "3 4 5");
	memset(store.marks, 0, sizeof(store.marks));
	store.records[1].is_silent = 0;
	store.committed = 1;
	publish_now();
	assert_entries_of(PAGE(1), "1 2");
	assert_entries_of(PAGE(2), "3 4 5");
	assert_int_equal(mark_of("pages:all"), 2);
}

/* Pages of another database, or of what a backup has undone, are no pages. */
static void
pages_of_others(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		add(1, T0, T0);
	publish_now();
	memset(store.marks, 0, sizeof(store.marks));
	store.texts[1][0] = 'f';
	publish_now();
	assert_true(says(PAGE(1), "urn:uuid:f0000000"));
	memset(store.marks, 0, sizeof(store.marks));
	store.committed = 1;
	store.count = 2;
	publish_now();
	assert_int_equal(mark_of("pages:all"), 0);
	assert_false(says("www/all.atom", "-archive"));
}

/* The newest is lost: gone through again, and only that one is written. */
static void
pages_lost(void **state)
{
	char path[160];
	struct stat first;

	(void)state;
	for (int i = 0; i < 6; i++)
		add(1, T0, T0);
	publish_now();
	store.committed = 1;
	assert_int_equal(mark_of("pages:all"), 2);
	first = stat_of(PAGE(1));
	snprintf(path, sizeof(path), "%s/" PAGE(2), folder);
	assert_int_equal(unlink(path), 0);
	publish_now();
	assert_entries_of(PAGE(2), "4 5 6");
	assert_int_equal(stat_of(PAGE(1)).st_ino, first.st_ino);
}

/* Retention has taken the rows: the pages are still there and counted. */
static void
pages_outlive(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++)
		add(1, T0, T0);
	publish_now();
	for (int i = 0; i < 6; i++)
		store.records[i].source_id = 2;
	store.committed = 1;
	add(1, T0, T0);
	publish_now();
	assert_entries("7");
	assert_entries_of(PAGE(1), "1 2 3");
	assert_true(says("www/all.atom", "all-archive-2.atom"));
}

/* Eight in a round, for which nobody waits; the document always points to
 * the newest. */
static void
pages_in_steps(void **state)
{
	(void)state;
	store.committed = 1;
	for (int i = 0; i < 200; i++)
		add(1, T0, T0);
	publish_now();
	assert_int_equal(store.reads, 1);
	assert_int_equal(mark_of("pages:all"), 8);
	assert_true(says("www/all.atom", "all-archive-8.atom"));
	while (mark_of("pages:all") < 66 && store.reads < 20)
		publish_now();
	assert_int_equal(store.reads, 9);
	assert_entries_of(PAGE(66), "196 197 198");
	assert_true(says("www/all.atom", "all-archive-66.atom"));
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(window),
		TEST(window_is_bounded),
		TEST(unknown_progress),
		TEST(unchanged),
		TEST(twin),
		TEST(empty),
		TEST(failing),
		TEST(marks),
		TEST(freed_under_way),
		TEST(archives),
		TEST(archives_entries),
		TEST(archive_lists),
		TEST(archive_fails),
		TEST(pages_fill),
		TEST(pages_silent),
		TEST(pages_stay),
		TEST(pages_found),
		TEST(pages_of_others),
		TEST(pages_lost),
		TEST(pages_outlive),
		TEST(pages_in_steps),
	};

	return UNIT_RUN(tests);
}
