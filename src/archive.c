/*
 * archive.c - see archive.h.
 *
 * Built like publish.c, one round at a time on the store's reader thread;
 * but progress is the archive's own: each round takes up where the number in
 * the database ends, at most POSTS_MAX posts, so that a first run of a large
 * database is kept step by step.
 */
#include <assert.h>
#include <ev.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feedmill/archive.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/render.h"
#include "feedmill/store.h"

#define DEBOUNCE_S	2.
#define RETRY_S		30.

enum { POSTS_MAX = 1000 };	/* of an archive, in one round */

/* ----------------------------------------------------------- the reader's */

struct round {
	struct archive	*archive;	/* NULL: it is gone */
	const struct config *config;
	int64_t		*known;		/* per archive; 0: ask the store */
	int64_t		*reached;	/* per archive; -1: no further */
	unsigned	 posts;
	int		 more;		/* some has not come to the end */
	struct err	 failed;
	int		 any_failed;
};

/* One archive being written. */
struct posting {
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

static struct item
item_of(const struct record *r)
{
	return (struct item){
		.uuid = r->uuid, .url = r->url, .title = r->title,
		.content = r->content, .summary = r->summary,
		.language = r->language, .image = r->image,
		.stamp = r->stamp, .effective_ms = r->effective_ms,
		.published_ms = r->published_ms, .updated_ms = r->updated_ms,
		.authors = r->authors, .categories = r->categories,
		.enclosures = r->enclosures, .comments = r->comments,
		.source_name = r->source_name,
		.source_title = r->source_title,
		.source_link = r->source_link, .source_url = r->source_url,
		.seq = r->seq,
	};
}

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
	struct item item = item_of(r);
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

/* ids of the sources an archive takes, ended by 0. */
struct selection {
	const struct config *config;
	const struct config_archive *archive;
	int64_t		*ids;
	size_t		 count;
};

static int
select_source(const struct source_summary *s, void *arg)
{
	struct selection *sel = arg;
	const struct config_source *source;

	source = s->removed ? NULL :
	    config_find_source(sel->config, s->name);
	if (source == NULL || !source->archive ||
	    !config_selects(sel->archive->tags, sel->archive->sources,
	    source))
		return 0;
	sel->ids = xrealloc(sel->ids, (sel->count + 2) * sizeof(*sel->ids));
	sel->ids[sel->count++] = s->id;
	sel->ids[sel->count] = 0;
	return 0;
}

static int
post_all(struct store_reader *reader, const struct config *config,
    struct posting *p, int64_t after, int64_t last)
{
	struct selection sel = { config, p->archive, NULL, 0 };
	struct store_filter filter = {
		.after_seq = after, .upto_seq = last, .with_silent = 1,
		.with_superseded = p->archive->per_revision,
		.limit = POSTS_MAX,
	};
	int rc;

	rc = store_each_source(reader, select_source, &sel, p->err);
	if (rc == 0 && sel.count > 0) {
		filter.source_ids = sel.ids;
		rc = store_each_record(reader, &filter, 0, post_record, p,
		    p->err);
	}
	free(sel.ids);
	return p->failed ? -1 : rc;
}

static int
post_archive(struct round *round, struct store_reader *reader,
    struct posting *p, int64_t known, int64_t *ret_reached)
{
	struct buf name = { 0 }, directory = { 0 };
	int64_t last = store_last_seq(reader), after;
	int rc = 0;

	buf_printf(&name, "archive:%s", p->archive->name);
	after = store_outlet_seq(reader, buf_str(&name));
	if (after < known)
		after = known;
	if (after >= last)
		goto out;
	render_directory(&directory, round->config, p->archive->directory);
	p->dirfd = file_open_dir(buf_str(&directory), p->err);
	if (p->dirfd == -1) {
		rc = -1;
		goto out;
	}
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
round_run(struct store_reader *reader, void *arg)
{
	struct round *round = arg;

	for (size_t i = 0; i < round->config->archives_count; i++) {
		const struct config_archive *a = &round->config->archives[i];
		struct err err = { 0 };
		struct posting p = { .archive = a, .dirfd = -1, .err = &err };

		round->reached[i] = -1;
		if (post_archive(round, reader, &p, round->known[i],
		    &round->reached[i]) == -1) {
			err_prefix(&err, "archive %s", a->name);
			round->failed = err;
			round->any_failed = 1;
		}
		round->posts += p.posts;
		if (p.dirfd != -1)
			close(p.dirfd);
		buf_fini(&p.buf);
	}
}

static void
round_free(struct round *round)
{
	config_unref(round->config);
	free(round->known);
	free(round->reached);
	free(round);
}

/* ------------------------------------------------------------- the loop's */

/* How far an archive is: the database knows it one commit later. */
struct progress {
	struct progress	*next;
	char		*name;		/* "archive:NAME" */
	int64_t		 seq;
};

struct archive {
	struct ev_loop	*loop;
	struct store	*store;
	archive_done_fn	*done;
	void		*arg;
	const struct config *config;
	struct round	*round;		/* under way */
	ev_timer	 timer;		/* until the next */
	int		 dirty;		/* marked since the last began */
	int		 urgent;	/* do not wait */
	int		 retry;		/* the last one failed */
	struct err	 failed;	/* what the log knows; "" is none */
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
arm(struct archive *a)
{
	ev_timer_stop(a->loop, &a->timer);
	if (a->round != NULL || a->config == NULL)
		return;
	if (!a->dirty && !a->retry)
		return;
	ev_timer_set(&a->timer, !a->dirty ? RETRY_S :
	    a->urgent ? 0. : DEBOUNCE_S, 0.);
	ev_timer_start(a->loop, &a->timer);
}

static void
note_failure(struct archive *a, const struct round *round)
{
	const char *now = round->any_failed ? round->failed.msg : "";

	if (strcmp(now, a->failed.msg) == 0)
		return;
	if (*now != '\0')
		log_event(LOG_ERROR, "archiving fails",
		    LOG_STR("error", now));
	else
		log_event(LOG_INFO, "archiving works again");
	a->failed = round->failed;
}

static void
keep_progress(struct archive *a, const struct round *round)
{
	for (size_t i = 0; i < round->config->archives_count; i++) {
		struct progress *p;

		if (round->reached[i] == -1)
			continue;
		p = progress_of(a, round->config->archives[i].name);
		p->seq = round->reached[i];
		store_mark_outlet(a->store, p->name, p->seq);
	}
}

static void
round_done(void *arg)
{
	struct round *round = arg;
	struct archive *a = round->archive;
	struct archived result = { .posts = round->posts };

	if (a == NULL) {
		round_free(round);
		return;
	}
	a->round = NULL;
	keep_progress(a, round);
	note_failure(a, round);
	a->retry = round->any_failed;
	if (round->any_failed)
		result.failed = &round->failed;
	if (round->more)
		a->dirty = a->urgent = 1;
	arm(a);
	a->done(&result, a->arg);
	round_free(round);
}

static void
timer_up(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct archive *a = timer->data;
	struct round *round = xcalloc(1, sizeof(*round));
	size_t n = a->config->archives_count;

	(void)loop;
	(void)events;
	assert(a->round == NULL);
	a->dirty = a->urgent = a->retry = 0;
	a->round = round;
	round->archive = a;
	round->config = config_ref(a->config);
	round->known = xcalloc(n + 1, sizeof(*round->known));
	round->reached = xcalloc(n + 1, sizeof(*round->reached));
	for (size_t i = 0; i < n; i++)
		round->known[i] = progress_of(a,
		    a->config->archives[i].name)->seq;
	store_read(a->store, round_run, round_done, round);
}

struct archive *
archive_new(struct ev_loop *loop, struct store *store, archive_done_fn *done,
    void *arg)
{
	struct archive *a = xcalloc(1, sizeof(*a));

	a->loop = loop;
	a->store = store;
	a->done = done;
	a->arg = arg;
	ev_timer_init(&a->timer, timer_up, 0., 0.);
	a->timer.data = a;
	return a;
}

void
archive_touch(struct archive *a)
{
	if (a->dirty)
		return;
	a->dirty = 1;
	arm(a);
}

void
archive_configure(struct archive *a, const struct config *config)
{
	const struct config *old = a->config;

	a->config = config_ref(config);
	config_unref(old);
	archive_touch(a);
}

void
archive_flush(struct archive *a)
{
	if (!a->dirty && !a->retry)
		return;
	a->dirty = a->urgent = 1;
	arm(a);
}

int
archive_is_idle(const struct archive *a)
{
	return a->round == NULL && !a->dirty;
}

void
archive_free(struct archive *a)
{
	struct progress *p;

	if (a == NULL)
		return;
	ev_timer_stop(a->loop, &a->timer);
	if (a->round != NULL)
		a->round->archive = NULL;	/* frees itself when done */
	while ((p = a->progress) != NULL) {
		a->progress = p->next;
		free(p->name);
		free(p);
	}
	config_unref(a->config);
	free(a);
}
