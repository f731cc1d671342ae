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

/* Of an archive, in one round: each is an fsync, and others wait for the
 * reader thread. */
enum { POSTS_MAX = 200 };

/* ----------------------------------------------------------- the reader's */

struct archiving {
	struct round	 round;
	int64_t		*known;		/* per archive; 0: ask the store */
	int64_t		*reached;	/* per archive; -1: no further */
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
		p->failed = 1;
		return 1;
	}
	p->pending_seq = r->seq;
	p->pending++;
	return 0;
}

static int
post_all(struct store_reader *reader, const struct config *config,
    struct posting *p, int64_t after, int64_t last)
{
	struct selection sel = { 0 };
	struct store_filter filter = {
		.after_seq = after, .upto_seq = last, .with_silent = 1,
		.with_superseded = p->archive->per_revision,
		.limit = POSTS_MAX,
	};
	int rc;

	rc = selection_load(&sel, reader, config, p->archive->tags,
	    p->archive->sources, SELECT_ARCHIVED, p->err);
	/* No ids at all would be a filter that takes every source. */
	if (rc == 0 && sel.count > 0) {
		filter.source_ids = sel.ids;
		rc = store_each_record(reader, &filter, 0, post_record, p,
		    p->err);
	}
	selection_fini(&sel);
	return p->failed ? -1 : rc;
}

static int
post_archive(struct round *round, struct store_reader *reader,
    struct posting *p, int64_t known, int64_t *ret_reached)
{
	struct buf name = { 0 }, directory = { 0 };
	int64_t last, after;
	int rc = -1;

	buf_printf(&name, "archive:%s", p->archive->name);
	if (store_last_seq(reader, &last, p->err) == -1 ||
	    store_outlet_seq(reader, buf_str(&name), &after, p->err) == -1)
		goto out;
	if (after < known)
		after = known;
	if (after >= last) {
		rc = 0;
		goto out;
	}
	render_directory(&directory, round->config, p->archive->directory);
	p->dirfd = file_open_dir(buf_str(&directory), p->err);
	if (p->dirfd == -1)
		goto out;
	p->seq = after;
	p->batch.dirfd = p->dirfd;
	rc = post_all(reader, round->config, p, after, last);
	if (flush_posts(p) == -1)
		rc = -1;
	/* What was written before a failure counts, once it is safe. */
	if (p->posts > 0 && file_sync_dir(p->dirfd, buf_str(&directory),
	    p->err) == -1)
		rc = -1;
	else
		*ret_reached = rc == 0 && p->posts < POSTS_MAX ? last :
		    p->seq;
	if (rc == 0 && p->posts == POSTS_MAX)
		round->more = 1;
out:
	buf_fini(&directory);
	buf_fini(&name);
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

		all->reached[i] = -1;
		if (post_archive(round, reader, &p, all->known[i],
		    &all->reached[i]) == -1)
			round_fail(round, &err, "archive", a->name);
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
	char		*name;		/* "archive:NAME" */
	int64_t		 seq;
};

struct archive {
	struct rounds	*rounds;
	struct store	*store;
	archive_done_fn	*done;
	void		*arg;
	struct progress	*progress;
};

static struct progress *
progress_of(struct archive *a, const char *name)
{
	struct progress *p;
	struct buf key = { 0 };

	buf_printf(&key, "archive:%s", name);
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

	all->known = xcalloc(n + 1, sizeof(*all->known));
	all->reached = xcalloc(n + 1, sizeof(*all->reached));
	for (size_t i = 0; i < n; i++)
		all->known[i] = progress_of(arg,
		    config->archives[i].name)->seq;
}

static void
tell(struct archive *a, const struct archiving *all)
{
	const struct config *config = all->round.config;
	struct archived result = { .posts = all->posts };

	for (size_t i = 0; i < config->archives_count; i++) {
		struct progress *p;

		if (all->reached[i] == -1)
			continue;
		p = progress_of(a, config->archives[i].name);
		p->seq = all->reached[i];
		store_mark_outlet(a->store, p->name, p->seq);
	}
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
	free(all->known);
	free(all->reached);
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
