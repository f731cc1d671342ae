/*
 * forget.c - an entry is taken away, everywhere, for good.
 *
 *	find it -> take its texts -> clean the files -> note that they are
 *
 * The second step is the one that counts: from its commit on nothing new
 * shows the entry, and a crash after it leaves the tombstone pending, so
 * that the next start cleans the files.  Finding and cleaning are the reader
 * thread's, where outlets and archives are written, too: no round is under
 * way meanwhile that knows the entry still.
 *
 * The folders that are cleaned are those configured then.  So where others
 * come, or come back, they are cleaned of all that was ever forgotten.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/archive.h"
#include "feedmill/base/arena.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/hash.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/publish.h"
#include "feedmill/render.h"

#include "private.h"

struct forgetting {
	struct mill	*mill;
	const struct config *config;
	char		*what;		/* NULL: what a crash left */
	int64_t		*ids;
	size_t		 ids_count;
	struct arena	 arena;
	struct tombstone *gone;		/* pending ones, of anybody's */
	size_t		 gone_count;
	unsigned	 pages, posts;	/* rewritten, removed */
	int64_t		 folders;	/* where that was done: a hash */
	int		 elsewhere;	/* not the last time */
	struct err	 failed;
	int		 rc;
	mill_fetched_fn	*done;		/* or NULL */
	void		*arg;
};

static void
put_count(struct buf *b, unsigned n, const char *what)
{
	buf_printf(b, ", %u %s%s", n, what, n == 1 ? "" : "s");
}

static void
end(struct forgetting *f, int status, const char *sentence)
{
	struct buf text = { 0 };

	buf_printf(&text, "%s\n", sentence);
	if (f->done != NULL)
		f->done(status, text.data, text.len, f->arg);
	buf_fini(&text);
	config_unref(f->config);
	arena_fini(&f->arena);
	free(f->gone);
	free(f->ids);
	free(f->what);
	free(f);
}

/* Beside the names of outlets: no number of an announcement (check.c). */
static const char folders_mark[] = "folders:forgotten";

/* ------------------------------------------------------------- and the end */

static void
noted(const struct err *failed, void *arg)
{
	struct forgetting *f = arg;
	struct buf text = { 0 };

	if (failed != NULL) {
		f->failed = *failed;
		f->rc = -1;
	}
	buf_printf(&text, "%zu %s forgotten", f->ids_count,
	    f->ids_count == 1 ? "entry" : "entries");
	put_count(&text, f->pages, "page");
	buf_puts(&text, " rewritten");
	put_count(&text, f->posts, "post");
	buf_puts(&text, " removed");
	if (f->rc == -1)
		buf_printf(&text, "; but: %s (tried again at the next start)",
		    f->failed.msg);
	log_event(f->rc == -1 ? LOG_ERROR : LOG_INFO, "forgotten",
	    LOG_STR("key", f->what), LOG_INT("entries", f->ids_count),
	    LOG_INT("pages", f->pages), LOG_INT("posts", f->posts),
	    LOG_STR("error", f->rc == -1 ? f->failed.msg : NULL));
	end(f, f->rc == -1 ? 1 : 0, buf_str(&text));
	buf_fini(&text);
}

static void
cleaned(void *arg)
{
	struct forgetting *f = arg;
	int64_t *ids;
	size_t count = 0;

	if (f->rc == 0 && f->elsewhere)
		store_mark_outlet(f->mill->store, folders_mark, f->folders);
	if (f->gone_count == 0 && f->rc == 0 && f->what == NULL) {
		end(f, 0, "");
		return;
	}
	ids = xcalloc(f->gone_count + 1, sizeof(*ids));
	for (size_t i = 0; f->rc == 0 && i < f->gone_count; i++)
		ids[count++] = f->gone[i].entry_id;
	mill_touch(f->mill);
	store_forget_done(f->mill->store, ids, count, noted, f);
	free(ids);
}

/* --------------------------------------------------------------- the files */

static int
take_tombstone(const struct tombstone *t, void *arg)
{
	struct forgetting *f = arg;
	struct tombstone *to;

	f->gone = xrealloc(f->gone, (f->gone_count + 1) * sizeof(*f->gone));
	to = &f->gone[f->gone_count++];
	*to = *t;
	to->uuid = arena_strdup(&f->arena, t->uuid);
	to->url = arena_strdup(&f->arena, t->url);
	to->key = arena_strdup(&f->arena, t->key);
	return 0;
}

static int64_t
hash_folders(const struct config *c)
{
	struct buf b = { 0 };
	int64_t hash;

	for (size_t i = 0; i < c->outlets_count; i++) {
		buf_printf(&b, "%s\t", c->outlets[i].name);
		render_directory(&b, c, c->outlets[i].directory);
		buf_putc(&b, '\n');
	}
	for (size_t i = 0; i < c->archives_count; i++) {
		buf_printf(&b, "%s\t%s\n", c->archives[i].directory,
		    c->archives[i].lists != NULL ? c->archives[i].lists : "");
	}
	hash = (int64_t)(hash_64(buf_str(&b), b.len, 0) >> 1);
	buf_fini(&b);
	return hash;
}

static void
clean(struct store_reader *r, void *arg)
{
	struct tombstone_filter filter = { 0 };
	struct forgetting *f = arg;
	int64_t known = 0;

	f->folders = hash_folders(f->config);
	f->rc = store_outlet_seq(r, folders_mark, &known, &f->failed);
	f->elsewhere = known != f->folders;
	filter.pending = !f->elsewhere;
	if (f->rc == 0)
		f->rc = store_each_tombstone(r, &filter, take_tombstone, f,
		    &f->failed);
	if (f->rc == -1 || f->gone_count == 0)
		return;
	if (publish_forget(f->config, f->gone, f->gone_count, &f->pages,
	    &f->failed) == -1)
		f->rc = -1;
	if (archive_forget(f->config, f->gone, f->gone_count, &f->posts,
	    &f->failed) == -1)
		f->rc = -1;
}

/* --------------------------------------------------------------- the texts */

static void
taken(const struct err *failed, void *arg)
{
	struct forgetting *f = arg;

	if (failed != NULL) {
		end(f, 1, failed->msg);
		return;
	}
	/* There may have been a reload since it was asked for. */
	config_unref(f->config);
	f->config = config_ref(f->mill->config);
	store_read(f->mill->store, clean, cleaned, f);
}

static int
take_id(int64_t id, void *arg)
{
	struct forgetting *f = arg;

	f->ids = xrealloc(f->ids, (f->ids_count + 1) * sizeof(*f->ids));
	f->ids[f->ids_count++] = id;
	return 0;
}

static void
find(struct store_reader *r, void *arg)
{
	struct forgetting *f = arg;

	f->rc = store_find_entries(r, f->what, take_id, f, &f->failed);
}

static void
found(void *arg)
{
	struct forgetting *f = arg;

	if (f->rc == -1)
		end(f, 1, f->failed.msg);
	else if (f->ids_count == 0)
		end(f, 1, "no entry has this address, key or id");
	else
		store_forget(f->mill->store, f->ids, f->ids_count, taken, f);
}

static struct forgetting *
forgetting_new(struct mill *m)
{
	struct forgetting *f = xcalloc(1, sizeof(*f));

	f->mill = m;
	f->config = config_ref(m->config);
	return f;
}

void
mill_forget(struct mill *m, const char *what, mill_fetched_fn *done,
    void *arg)
{
	struct forgetting *f = forgetting_new(m);

	f->what = xstrdup(what);
	f->done = done;
	f->arg = arg;
	store_read(m->store, find, found, f);
}

void
mill_forget_rest(struct mill *m)
{
	store_read(m->store, clean, cleaned, forgetting_new(m));
}
