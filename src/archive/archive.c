/*
 * archive.c - see archive.h.
 *
 * When a round is due, and on which thread it runs, is rounds.h's.  Each
 * round takes up where the number in the database ends, and writes at most
 * POSTS_MAX posts, so that a first run of a large database is kept step by
 * step.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feedmill/archive.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/render.h"
#include "feedmill/rounds.h"
#include "feedmill/store.h"
#include "lists.h"

/* Of an archive, in one round: each is an fsync, and others wait for the
 * reader thread. */
enum { POSTS_MAX = 200 };

/* ----------------------------------------------------------- the reader's */

/* How far an archive is, by the numbers of announcements. */
enum { POSTED, LISTED, STAGES };
static const char *const stages[STAGES] = { "archive", "lists" };

struct stage {
	int64_t		 known;		/* 0: ask the store */
	int		 is_first;	/* since we began */
	int64_t		 reached;	/* -1: no further */
};

struct archiving {
	struct round	 round;
	struct stage	(*archives)[STAGES];
	unsigned	 posts;
};

/* One archive being written. */
struct posting {
	const struct config *config;
	const struct config_archive *archive;
	int		 dirfd;
	struct file_batch batch;	/* on their way to the disk */
	unsigned	 posts;
	unsigned	 pending;	/* in the batch */
	int64_t		 seq;		/* of the last one written */
	int64_t		 pending_seq;
	struct buf	 buf;		/* kept between posts */
	struct err	*err;
	int		 failed;
};

static int
flush_posts(struct posting *p)
{
	if (file_batch_flush(&p->batch, p->err) == -1) {
		p->pending = 0;
		p->failed = 1;
		return -1;
	}
	if (p->pending > 0)
		p->seq = p->pending_seq;
	p->posts += p->pending;
	p->pending = 0;
	return 0;
}

static int
post_record(const struct record *r, void *arg)
{
	struct posting *p = arg;
	struct item item = record_item(r, p->config);
	char name[POST_NAME_SIZE];

	buf_reset(&p->buf);
	render_post(&p->buf, &item, p->archive->html);
	render_post_name(name, &item, p->archive->per_revision,
	    p->archive->html);
	if (p->pending == FILE_BATCH_MAX && flush_posts(p) == -1)
		return 1;
	if (file_batch_put(&p->batch, name, p->buf.data, p->buf.len,
	    p->err) == -1) {
		/* Those before it may be what could not be written. */
		if (p->batch.count == 0)
			p->pending = 0;
		p->failed = 1;
		return 1;
	}
	p->pending_seq = r->seq;
	p->pending++;
	return 0;
}

/* Where it ended, as far as anybody knows. */
static int
find_begin(struct store_reader *reader, const struct config_archive *a,
    int which, const struct stage *stage, int64_t *ret, struct err *err)
{
	struct buf name = { 0 };
	int rc;

	buf_printf(&name, "%s:%s", stages[which], a->name);
	rc = store_outlet_seq(reader, buf_str(&name), ret, err);
	buf_fini(&name);
	if (rc == 0 && *ret < stage->known)
		*ret = stage->known;
	return rc;
}

/* Posts from after to last, or to where the round has enough; p->seq: so far
 * all of them are there. */
static int
post_all(struct store_reader *reader, const int64_t *ids, struct posting *p,
    int64_t last)
{
	const struct store_filter filter = {
		.after_seq = p->seq, .upto_seq = last, .with_silent = 1,
		.with_superseded = p->archive->per_revision,
		.limit = POSTS_MAX, .source_ids = ids,
	};
	int rc = 0;

	p->batch.dirfd = p->dirfd;
	/* No ids at all would be a filter that takes every source. */
	if (ids != NULL)
		rc = store_each_record(reader, &filter, 0, post_record, p,
		    p->err);
	if (flush_posts(p) == -1 || p->failed)
		rc = -1;
	/* What was written before a failure counts, once it is safe. */
	if (p->posts > 0 && file_sync_dir(p->dirfd, p->archive->directory,
	    p->err) == -1) {
		p->seq = -1;
		return -1;
	}
	if (rc == 0 && p->posts < POSTS_MAX)
		p->seq = last;
	return rc;
}

static int
list_all(struct store_reader *reader, const int64_t *ids, struct posting *p,
    struct stage *stage, int64_t seq)
{
	const struct listing listing = {
		.config = p->config, .archive = p->archive,
		.reader = reader, .ids = ids,
		.postfd = p->dirfd,
	};
	int rc = lists_write(&listing, &seq, p->seq, p->err);

	if (rc != -1 && p->archive->lists != NULL)
		stage->reached = seq;
	return rc;
}

/* What a power failure may have left half written, for good: a post that is
 * not made again does not take its place.  (What is in an outlet is.) */
static void
sweep(const struct config_archive *a, const struct stage stage[STAGES])
{
	if (stage[POSTED].is_first)
		file_sweep_folder(a->directory);
	if (stage[LISTED].is_first && a->lists != NULL)
		file_sweep_folder(a->lists);
}

/* 1: there is more to do. */
static int
post_archive(struct round *round, struct store_reader *reader,
    struct posting *p, struct stage stage[STAGES])
{
	struct selection sel = { 0 };
	int64_t last, listed;
	int rc = 0;

	sweep(p->archive, stage);
	if (store_last_seq(reader, &last, p->err) == -1 ||
	    find_begin(reader, p->archive, POSTED, &stage[POSTED], &p->seq,
	    p->err) == -1 || find_begin(reader, p->archive, LISTED,
	    &stage[LISTED], &listed, p->err) == -1)
		return -1;
	if (p->seq >= last && (p->archive->lists == NULL || listed >= last))
		return 0;
	p->dirfd = file_open_dir(p->archive->directory, p->err);
	if (p->dirfd == -1)
		return -1;
	rc = selection_load(&sel, reader, round->config, p->archive->tags,
	    p->archive->sources, SELECT_ARCHIVED, p->err);
	if (rc == 0 && p->seq < last) {
		rc = post_all(reader, sel.ids, p, last);
		stage[POSTED].reached = p->seq;
	}
	/* A list that many posts go into is made once, after them. */
	if (rc == 0)
		rc = p->posts == POSTS_MAX ? 1 :
		    list_all(reader, sel.ids, p, &stage[LISTED], listed);
	selection_fini(&sel);
	return rc;
}

static void
run(struct store_reader *reader, struct round *round)
{
	struct archiving *all = (struct archiving *)round;

	for (size_t i = 0; i < round->config->archives_count; i++) {
		const struct config_archive *a = &round->config->archives[i];
		struct err err = { 0 };
		struct posting p = { .config = round->config, .archive = a,
		    .dirfd = -1, .err = &err };
		int rc = post_archive(round, reader, &p, all->archives[i]);

		if (rc == -1)
			round_fail(round, &err, "archive", a->name);
		if (rc == 1)
			round->more = 1;
		all->posts += p.posts;
		if (p.dirfd != -1)
			close(p.dirfd);
		buf_fini(&p.buf);
	}
}

/* ------------------------------------------------------------- the loop's */

/* How far an archive is: the database knows it one commit later. */
struct progress {
	struct progress	*next;
	char		*name;		/* "archive:NAME", "lists:NAME" */
	int64_t		 seq;
	int		 has_begun;
};

struct archive {
	struct rounds	*rounds;
	struct store	*store;
	archive_done_fn	*done;
	void		*arg;
	struct progress	*progress;
};

static struct progress *
progress_of(struct archive *a, int which, const char *name)
{
	struct progress *p;
	struct buf key = { 0 };

	buf_printf(&key, "%s:%s", stages[which], name);
	for (p = a->progress; p != NULL; p = p->next) {
		if (strcmp(p->name, buf_str(&key)) == 0)
			break;
	}
	if (p == NULL) {
		p = xcalloc(1, sizeof(*p));
		p->name = buf_take(&key);
		p->next = a->progress;
		a->progress = p;
	}
	buf_fini(&key);
	return p;
}

static void
begin(struct round *round, void *arg)
{
	struct archiving *all = (struct archiving *)round;
	const struct config *config = round->config;
	size_t n = config->archives_count;

	all->archives = xcalloc(n + 1, sizeof(*all->archives));
	for (size_t i = 0; i < n; i++)
		for (int w = 0; w < STAGES; w++) {
			struct progress *p = progress_of(arg, w,
			    config->archives[i].name);

			all->archives[i][w] = (struct stage){
			    .known = p->seq, .is_first = !p->has_begun,
			    .reached = -1 };
			p->has_begun = 1;
		}
}

static void
keep(struct archive *a, int which, const char *name, int64_t reached)
{
	struct progress *p;

	if (reached == -1)
		return;
	p = progress_of(a, which, name);
	p->seq = reached;
	store_mark_outlet(a->store, p->name, p->seq);
}

static void
tell(struct archive *a, const struct archiving *all)
{
	const struct config *config = all->round.config;
	struct archived result = { .posts = all->posts };

	for (size_t i = 0; i < config->archives_count; i++)
		for (int w = 0; w < STAGES; w++)
			keep(a, w, config->archives[i].name,
			    all->archives[i][w].reached);
	if (all->round.failed.msg[0] != '\0')
		result.failed = &all->round.failed;
	a->done(&result, a->arg);
}

static void
end(struct round *round, void *arg)
{
	struct archiving *all = (struct archiving *)round;

	if (arg != NULL)
		tell(arg, all);
	free(all->archives);
	free(all);
}

static const struct rounds_kind kind = {
	"archiving", sizeof(struct archiving), begin, run, end
};

struct archive *
archive_new(struct ev_loop *loop, struct store *store, archive_done_fn *done,
    void *arg)
{
	struct archive *a = xcalloc(1, sizeof(*a));

	a->rounds = rounds_new(loop, store, &kind, a);
	a->store = store;
	a->done = done;
	a->arg = arg;
	return a;
}

void
archive_configure(struct archive *a, const struct config *config)
{
	rounds_configure(a->rounds, config);
}

void
archive_touch(struct archive *a)
{
	rounds_touch(a->rounds);
}

void
archive_flush(struct archive *a)
{
	rounds_flush(a->rounds);
}

int
archive_is_idle(const struct archive *a)
{
	return rounds_are_idle(a->rounds);
}

void
archive_free(struct archive *a)
{
	struct progress *p;

	if (a == NULL)
		return;
	rounds_free(a->rounds);
	while ((p = a->progress) != NULL) {
		a->progress = p->next;
		free(p->name);
		free(p);
	}
	free(a);
}
