/*
 * test_publish_walk.c - whatever happens between two rounds, the documents
 * are what they would be had nothing been remembered.
 *
 * A random walk: entries come, are updated, edited in silence, forgotten,
 * taken by retention, change owners; feeds change their titles; other
 * configurations are loaded; hands delete, cut and change files; another
 * publisher works in the folder.  After every round each document and each
 * twin is compared with those a publisher without memory makes in an empty
 * folder, its items with what the renderers give for the records, its twin
 * with it, its notes with it.
 *
 *	WALK_SEED=7 WALK_STEPS=2000 build/tests/unit/test_publish_walk
 */
#include <ev.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/delta.h"
#include "feedmill/normalise.h"
#include "feedmill/publish.h"
#include "feedmill/render.h"
#include "feedmill/rounds.h"
#include "feedmill/store.h"
#include "publish_world.h"

enum { STEPS = 100, WINDOW_FACTOR = 4 };

/* ------------------------------------------------------------------- hands */

static const char *const outlet_names[] = { "all", "some", "long" };
static const char *const endings[] = {
	".atom", ".atom.gz", ".rss", ".rss.gz", ".json", ".json.gz", ".html",
	".html.gz", ".opml", ".opml.gz",
};

static void
pick_file(char path[256])
{
	const char *name = outlet_names[dice(ARRAY_LEN(outlet_names))];

	if (dice(6) == 0)
		snprintf(path, 256, "%s/www/.%s.%s.delta", folder, name,
		    dice(2) ? "atom" : "rss");
	else
		snprintf(path, 256, "%s/www/%s%s", folder, name,
		    endings[dice(ARRAY_LEN(endings))]);
}

static void
delete_file(const char *path, size_t len)
{
	(void)len;
	unlink(path);
}

static void
cut_file(const char *path, size_t len)
{
	assert_int_equal(truncate(path, dice((unsigned)len + 1)), 0);
}

static void
lengthen_file(const char *path, size_t len)
{
	assert_int_equal(truncate(path, (off_t)len + dice(100)), 0);
}

/* A byte of it: the size is the same. */
static void
change_file(const char *path, size_t len)
{
	int fd = open(path, O_RDWR);
	off_t at = dice((unsigned)len + 1);
	char c = 0;

	assert_int_not_equal(fd, -1);
	if (pread(fd, &c, 1, at) == 1) {
		c = (char)(c ^ 1);
		assert_int_equal(pwrite(fd, &c, 1, at), 1);
	}
	close(fd);
}

static void
link_file(const char *path, size_t len)
{
	(void)len;
	unlink(path);
	assert_int_equal(symlink("/dev/zero", path), 0);
}

/* Nobody writes to it: who opens it to read would wait for ever. */
static void
pipe_file(const char *path, size_t len)
{
	(void)len;
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
}

static void
touch_file(const char *path, size_t len)
{
	char other[300];

	(void)len;
	snprintf(other, sizeof(other), "%s.other", path);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(rename(other, path), 0);
}

static void
lay_hands_on(void)
{
	static void (*const hands[])(const char *, size_t) = {
		delete_file, cut_file, lengthen_file, change_file,
		change_file, change_file, link_file, pipe_file, touch_file,
	};
	unsigned files = 1 + dice(6);

	/* Times of files are not told apart within a tick of the clock. */
	usleep(12000);
	for (unsigned i = 0; i < files; i++) {
		unsigned hand = dice(ARRAY_LEN(hands));
		char path[256];
		struct stat st;

		pick_file(path);
		if (lstat(path, &st) == -1 || !S_ISREG(st.st_mode))
			continue;
		buf_printf(&story, " hand %u on %s", hand, path);
		hands[hand](path, (size_t)st.st_size);
	}
}

/* --------------------------------------------------------------- publishing */

static void
on_published(const struct published *p, void *arg)
{
	(void)arg;
	snprintf(failure, sizeof(failure), "%s", p->failed != NULL ?
	    p->failed->msg : "");
}

static void
on_store(struct ev_loop *l, ev_io *io, int events)
{
	(void)l, (void)io, (void)events;
	store_dispatch(store);
}

static void
finish(struct publish *p)
{
	publish_touch(p);
	publish_flush(p);
	while (!publish_is_idle(p))
		ev_run(loop, EVRUN_ONCE);
	store_drain(store);
	assert_string_equal(failure, "");
}

/* Pages are never written again: with those that are there. */
static void
publish_fresh(const struct config *c)
{
	struct publish *p = publish_new(loop, store, on_published, NULL);

	publish_configure(p, c);
	finish(p);
	publish_free(p);
}

static void
make_fresh(void)
{
	char command[512];

	snprintf(command, sizeof(command), "cd %s && rm -rf fresh && "
	    "mkdir fresh && { cp -p www/*-archive-* fresh/ 2>/dev/null || "
	    ":; }", folder);
	assert_int_equal(system(command), 0);
	publish_fresh(config_fresh);
}

static void
done(void *arg)
{
	(void)arg;
}

static void
read_pages(struct store_reader *reader, void *arg)
{
	int64_t *pages = arg;
	struct err err;

	store_outlet_seq(reader, "pages:all", &pages[0], &err);
	store_outlet_seq(reader, "pages:some", &pages[1], &err);
}

/* Of many pages some wait for the next round: then there is another. */
static void
publish_both(void)
{
	int64_t before[2], after[2];

	do {
		finish(publish);
		store_read(store, read_pages, done, before);
		store_drain(store);
		make_fresh();
		store_read(store, read_pages, done, after);
		store_drain(store);
	} while (memcmp(before, after, sizeof(before)) != 0);
}

/* In the same folder, and without a memory of its own. */
static void
another_publisher(void)
{
	publish_fresh(config);
}

/* --------------------------------------------------------------- comparing */

static int
read_name(const char *directory, const char *name, const char *ending,
    struct buf *b)
{
	char path[256];
	struct err err;
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s/%s%s", folder, directory, name,
	    ending);
	buf_reset(b);
	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    file_read(path, 1 << 26, b, &err) == 0;
}

static void
check_same(const char *name, const char *ending)
{
	struct buf a = { 0 }, b = { 0 };
	int is_there = read_name("fresh", name, ending, &b);

	if (!is_there || !read_name("www", name, ending, &a))
		fail_msg("%s%s is missing (%s)\n%s", name, ending,
		    is_there ? "www" : "fresh", buf_str(&story));
	if (a.len != b.len || memcmp(buf_str(&a), buf_str(&b), a.len) != 0)
		fail_msg("%s%s is not as it would be: %s\n", name, ending,
		    buf_str(&story));
	buf_fini(&a);
	buf_fini(&b);
}

/* One member, to the end, without a time. */
static void
check_twin(const char *name, const char *ending)
{
	struct buf gz = { 0 }, text = { 0 }, plain = { 0 };
	z_stream z = { 0 };
	char gz_ending[16];

	snprintf(gz_ending, sizeof(gz_ending), "%s.gz", ending);
	assert_true(read_name("www", name, ending, &text));
	assert_true(read_name("www", name, gz_ending, &gz));
	assert_memory_equal(gz.data + 4, "\0\0\0\0", 4);
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_in = (Bytef *)gz.data;
	z.avail_in = (uInt)gz.len;
	z.next_out = (Bytef *)buf_reserve(&plain, text.len + 1);
	z.avail_out = (uInt)text.len + 1;
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	assert_int_equal(z.total_out, text.len);
	assert_memory_equal(plain.data, text.data, text.len);
	inflateEnd(&z);
	buf_fini(&gz);
	buf_fini(&text);
	buf_fini(&plain);
}

static void
check_notes(const char *name, const char *ending)
{
	struct buf notes = { 0 }, text = { 0 }, file = { 0 };
	struct delta d;
	size_t at;

	buf_printf(&file, ".%s%s", name, ending);
	assert_true(read_name("www", name, ending, &text));
	assert_true(read_name("www", buf_str(&file), ".delta", &notes));
	assert_int_equal(delta_read(&d, buf_str(&notes)), 0);
	assert_true(delta_fits(&d, text.len));
	assert_true(digest_equal(d.digest, hash_128(text.data, text.len)));
	at = d.head;
	for (size_t i = 0; i < d.count; i++) {
		assert_true(d.parts[i].hash == delta_hash(text.data + at,
		    d.parts[i].len));
		at += d.parts[i].len;
	}
	delta_fini(&d);
	buf_fini(&notes);
	buf_fini(&text);
	buf_fini(&file);
}

/* ------------------------------------------------------ the items, plainly */

struct plain_item {
	int64_t		 effective_ms, seq;
	char		*text;
};

struct plain {
	const struct config_outlet *outlet;
	const struct render_format *format;
	struct outlet_head head;
	struct plain_item items[30 * WINDOW_FACTOR];
	size_t		 count;
	int64_t		 newest_ms;
	struct buf	 body;
};

static int
take_plain(const struct record *r, void *arg)
{
	struct plain *p = arg;
	struct item item = record_item(r, config);
	struct buf b = { 0 };

	if (p->count == 0)
		p->newest_ms = r->announced_ms;
	if (p->count >= (size_t)p->outlet->entries &&
	    r->announced_ms < p->newest_ms - 48 * HOUR)
		return 1;
	p->format->item(&b, &p->head, &item);
	p->items[p->count++] = (struct plain_item){ r->effective_ms, r->seq,
	    buf_take(&b) };
	return 0;
}

static int
compare_plain(const void *a, const void *b)
{
	const struct plain_item *x = a, *y = b;

	if (x->effective_ms != y->effective_ms)
		return x->effective_ms < y->effective_ms ? 1 : -1;
	return x->seq < y->seq ? 1 : -1;
}

static void
read_plain(struct store_reader *reader, void *arg)
{
	struct plain *p = arg;
	struct selection sel = { 0 };
	struct store_filter filter = { .limit =
	    (unsigned)p->outlet->entries * WINDOW_FACTOR };
	struct err err = { 0 };

	assert_int_equal(selection_load(&sel, reader, config,
	    p->outlet->tags, p->outlet->sources, SELECT_PUBLISHED, &err), 0);
	filter.source_ids = sel.ids;
	if (sel.count > 0)
		assert_int_equal(store_each_record(reader, &filter, 1,
		    take_plain, p, &err), 0);
	qsort(p->items, p->count, sizeof(p->items[0]), compare_plain);
	for (size_t i = 0; i < p->count; i++) {
		const struct plain_item *it = &p->items[i];

		if (i > 0)
			buf_puts(&p->body, p->format->between);
		if (p->format->before != NULL)
			p->format->before(&p->body, &p->head,
			    it->effective_ms, i > 0 ? &it[-1].effective_ms :
			    NULL);
		buf_puts(&p->body, it->text);
		free(it->text);
	}
	if (p->format->after != NULL && p->count > 0)
		p->format->after(&p->body, &p->head,
		    p->items[p->count - 1].effective_ms);
	p->format->end(&p->body);
	selection_fini(&sel);
}

/* It ends with these items; before them is a head and no item. */
static void
check_items(const struct config_outlet *o, const struct render_format *f)
{
	static struct plain p;
	struct buf text = { 0 };
	size_t head;

	p = (struct plain){ .outlet = o, .format = f, .head = {
		.content = o->content, .language = o->language,
		.name = o->name, .formats = o->formats,
		.has_search = config->http.enabled && config->http.search,
	} };
	store_read(store, read_plain, done, &p);
	store_drain(store);
	assert_true(read_name("www", o->name, f->ending, &text));
	if (text.len < p.body.len || memcmp(text.data + text.len - p.body.len,
	    p.body.data, p.body.len) != 0)
		fail_msg("%s%s has other items: %s\n", o->name, f->ending,
		    buf_str(&story));
	head = text.len - p.body.len;
	assert_null(memmem(text.data, head, "<entry", 6));
	assert_null(memmem(text.data, head, "<item>", 6));
	assert_null(memmem(text.data, head, "<article", 8));
	buf_fini(&text);
	buf_fini(&p.body);
}

static void
check_all(void)
{
	for (size_t i = 0; i < config->outlets_count; i++) {
		const struct config_outlet *o = &config->outlets[i];

		for (int k = 0; render_formats[k].ending != NULL; k++) {
			const struct render_format *f = &render_formats[k];
			char gz[16];

			if ((o->formats & f->bit) == 0)
				continue;
			snprintf(gz, sizeof(gz), "%s.gz", f->ending);
			check_same(o->name, f->ending);
			check_same(o->name, gz);
			check_twin(o->name, f->ending);
			if (f->has_delta)
				check_notes(o->name, f->ending);
			if (!f->is_list)
				check_items(o, f);
		}
	}
}

/* --------------------------------------------------------------- the walk */

static const struct event {
	const char	*name;
	void		(*fn)(void);
	unsigned	 weight;
} events[] = {
	{ "new", new_entries, 8 }, { "flood", flood, 1 },
	{ "update", update, 4 }, { "edit", edit, 3 },
	{ "there and back", edit_there_and_back, 2 },
	{ "list elsewhere", list_elsewhere, 2 }, { "retitle", retitle, 2 },
	{ "time", let_time_pass, 3 }, { "reconfigure", reconfigure, 1 },
	{ "forget", forget, 2 }, { "expire", expire, 2 },
	{ "nothing", nothing, 1 }, { "hands", lay_hands_on, 8 },
	{ "another", another_publisher, 1 },
};

static void
step(void)
{
	unsigned sum = 0, at;
	const struct event *e = events;

	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		sum += events[i].weight;
	for (at = dice(sum); at >= e->weight; e++)
		at -= e->weight;
	buf_printf(&story, "\n%s", e->name);
	e->fn();
	now_ms += 1000;
}

static long
number_from(const char *name, long otherwise)
{
	const char *s = getenv(name);

	return s != NULL ? atol(s) : otherwise;
}

static void
walk(void **state)
{
	long steps = number_from("WALK_STEPS", STEPS);

	(void)state;
	dice_state = (uint64_t)number_from("WALK_SEED", 1);
	configure(0);
	bring(12);
	finish(publish);
	for (long i = 0; i < steps; i++) {
		unsigned several = 1 + dice(3);

		/* A full store begins again: some of them come back. */
		if (entries_count > ENTRIES - 40)
			entries_count = ENTRIES / 2;
		buf_printf(&story, "\n-- %ld", i);
		for (unsigned k = 0; k < several; k++)
			step();
		publish_both();
		check_all();
	}
}

/* ------------------------------------------------------------- the set-up */

static int
start(void **state)
{
	struct store_options o = { .access = STORE_OWN,
	    .prepare = normalise_entry, .now_ms = get_now };
	static ev_io io;
	struct err err;

	(void)state;
	/* In memory where that is to be had: thousands of syncs. */
	snprintf(folder, sizeof(folder), "%s/feedmill-walk-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(folder));
	config = load("www", 0);
	o.path = config->database;
	loop = ev_loop_new(0);
	store = store_open(&o, &err);
	if (store == NULL)
		fail_msg("%s", err.msg);
	publish = publish_new(loop, store, on_published, NULL);
	ev_io_init(&io, on_store, store_fd(store), EV_READ);
	ev_io_start(loop, &io);
	return 0;
}

static int
stop(void **state)
{
	char command[128];

	(void)state;
	publish_free(publish);
	store_close(store);
	config_unref(config);
	config_unref(config_fresh);
	ev_loop_destroy(loop);
	buf_fini(&story);
	if (getenv("WALK_KEEP")) return 0;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(walk, start, stop),
	};

	return UNIT_RUN(tests);
}
