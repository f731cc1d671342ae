/*
 * take.c - files that came through the control socket.
 *
 *	the loop: take -> the thread: each file a visit -> the loop: to the
 *	store, in their order -> when the last is committed: answer
 *
 * A thread of its own, made when there is something for it: a file may be
 * large, and what was fetched meanwhile is not to wait for it.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/clock.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/store.h"
#include "feedmill/worker.h"

#include "private.h"

enum { EXIT_BAD = 2, EXIT_LOST = 69 };

struct importer {
	struct ev_loop	*loop;
	struct store	*store;
	struct worker	*worker;	/* NULL: nothing was imported yet */
};

struct taken {
	struct job	 job;		/* first: a job is a batch taken */
	const struct config *config;
	const char	*bytes;
	size_t		 len;
	struct taken_file {
		struct taken	*batch;
		struct visit	*visit;
		struct import_result result;
	}		*files;
	int		 count;		/* -1: it is no batch */
	int		 waiting;	/* for the store */
	importer_done_fn *done;
	void		*arg;
};

/* On the thread. */
static void
read_files(struct job *job)
{
	struct taken *t = (struct taken *)job;
	const char *at = t->bytes, *file;
	size_t left = t->len, len;
	int count = batch_count(t->bytes, t->len);

	t->count = count;
	if (count <= 0)
		return;
	t->files = xcalloc((size_t)count, sizeof(*t->files));
	for (int i = 0; i < count; i++) {
		batch_next(&at, &left, &file, &len);
		t->files[i].batch = t;
		t->files[i].visit = import_read(file, len, t->config,
		    clock_wall_ms(), &t->files[i].result);
	}
}

static void
taken_end(struct taken *t, int status, const char *sentence)
{
	struct buf text = { 0 };
	unsigned added = 0;
	int changed = 0;

	buf_puts(&text, sentence);
	for (int i = 0; i < t->count; i++) {
		struct import_result *r = &t->files[i].result;

		if (status == 0)
			result_put(&text, r);
		added += r->added;
		changed |= r->added + r->updated > 0;
		visit_free(t->files[i].visit);
		free(r->why);
	}
	if (status == 0)
		log_event(LOG_DEBUG, "imported", LOG_INT("files", t->count),
		    LOG_INT("new", added));
	t->done(status, buf_str(&text), text.len, changed, t->arg);
	buf_fini(&text);
	config_unref(t->config);
	free(t->files);
	if (t->len > BATCH_MAX_BYTES)
		mem_trim();
	free(t);
}

static void
file_stored(const struct visit_result *v, void *arg)
{
	struct taken_file *f = arg;
	struct import_result *r = &f->result;

	if (v->failed != NULL) {
		r->state = IMPORT_NOT_STORED;
		free(r->why);
		r->why = xstrdup(v->failed->msg);
	}
	r->added = v->added;
	r->updated = v->updated;
	r->duplicate = v->duplicate;
	if (--f->batch->waiting == 0)
		taken_end(f->batch, 0, "");
}

static void
files_read(struct job *job, void *arg)
{
	struct taken *t = (struct taken *)job;
	struct importer *im = arg;

	if (!job->was_run) {
		taken_end(t, EXIT_LOST, "the daemon stops\n");
		return;
	}
	if (t->count == -1) {
		taken_end(t, EXIT_BAD, "this is no batch of files\n");
		return;
	}
	for (int i = 0; i < t->count; i++)
		t->waiting += t->files[i].visit != NULL;
	if (t->waiting == 0) {
		taken_end(t, 0, "");
		return;
	}
	for (int i = 0; i < t->count; i++)
		if (t->files[i].visit != NULL)
			store_visit(im->store, &t->files[i].visit,
			    file_stored, &t->files[i]);
}

void
importer_take(struct importer *im, const struct config *config,
    const char *bytes, size_t len, importer_done_fn *done, void *arg)
{
	struct taken *t = xcalloc(1, sizeof(*t));

	t->config = config_ref(config);
	t->bytes = bytes;
	t->len = len;
	t->done = done;
	t->arg = arg;
	if (im->worker == NULL)
		im->worker = worker_new(im->loop, read_files, files_read, im);
	worker_post(im->worker, &t->job);
}

struct importer *
importer_new(struct ev_loop *loop, struct store *store)
{
	struct importer *im = xcalloc(1, sizeof(*im));

	im->loop = loop;
	im->store = store;
	return im;
}

void
importer_close(struct importer *im)
{
	if (im != NULL)
		worker_free(TAKE(im->worker));
}

void
importer_free(struct importer *im)
{
	free(im);
}
