/*
 * store.c - the store as its callers see it: calls become tasks, tasks come
 * back as calls.  All of this file runs on the caller's thread.
 */
#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/file.h"
#include "feedmill/base/mem.h"
#include "feedmill/store.h"

#include "hosts.h"
#include "forget.h"
#include "reader.h"
#include "sources.h"
#include "visit.h"
#include "writer.h"

struct store {
	struct store_options options;
	char		*path;
	int		 lock_fd;
	struct inflight	 inflight;
	struct outbox	 outbox;
	struct writer	 writer;	/* only if we own the database */
	struct reader	 reader;
	unsigned	 pending;	/* tasks whose finish is to come */
};

/* ---------------------------------------------------------- open, close */

static int
make_folder(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char *folder;
	int code;

	if (slash == NULL || slash == path)
		return 0;
	folder = xstrndup(path, (size_t)(slash - path));
	code = file_make_dirs(folder, err);
	free(folder);
	if (code != 0)
		err->exit_status = 74;
	return code;
}

/* The lock first: nothing of a database in use may be touched. */
static int
store_start_writer(struct store *st, struct err *err)
{
	if (make_folder(st->path, err) != 0)
		return -1;
	st->lock_fd = lock_take(st->path, err);
	if (st->lock_fd < 0)
		return -1;
	if (inflight_open(&st->inflight, st->path, err) == 0) {
		st->writer.options = &st->options;
		st->writer.inflight = &st->inflight;
		st->writer.outbox = &st->outbox;
		if (writer_start(&st->writer, err) == 0)
			return 0;
		inflight_close(&st->inflight);
	}
	lock_give(st->lock_fd);
	return -1;
}

static void
store_stop_writer(struct store *st)
{
	writer_stop(&st->writer);
	inflight_close(&st->inflight);
	lock_give(st->lock_fd);
}

struct store *
store_open(const struct store_options *options, struct err *err)
{
	struct store *st = xcalloc(1, sizeof(*st));
	int is_owner = options->access == STORE_OWN;

	st->path = xstrdup(options->path);
	st->options = *options;
	st->options.path = st->path;
	st->lock_fd = -1;
	if (outbox_init(&st->outbox, err) != 0)
		goto fail;
	if (is_owner && store_start_writer(st, err) != 0)
		goto fail_outbox;
	st->reader.outbox = &st->outbox;
	/* Beside a daemon; a command may take the time it needs. */
	st->reader.limit_ms = is_owner ? 30 * 1000 : 0;
	if (reader_start(&st->reader, st->path, err) == 0)
		return st;
	if (is_owner)
		store_stop_writer(st);
fail_outbox:
	outbox_fini(&st->outbox);
fail:
	free(st->path);
	free(st);
	return NULL;
}

const char *
store_library_version(void)
{
	return sqlite3_libversion();
}

void
store_close(struct store *st)
{
	if (st == NULL)
		return;
	store_drain(st);
	reader_stop(&st->reader);
	/* The last connection to close takes the WAL back into the file. */
	if (st->options.access == STORE_OWN)
		store_stop_writer(st);
	outbox_fini(&st->outbox);
	free(st->path);
	free(st);
}

/* ------------------------------------------------------------ completions */

int
store_fd(const struct store *st)
{
	return st->outbox.fd;
}

void
store_dispatch(struct store *st)
{
	struct task_list done;
	struct task *t;

	outbox_take(&st->outbox, &done);
	while ((t = task_list_pop(&done)) != NULL) {
		st->pending--;
		t->finish(t, t->has_failed ? &t->err : NULL);
	}
}

void
store_hurry(struct store *st)
{
	writer_hurry(&st->writer);
}

void
store_drain(struct store *st)
{
	struct pollfd p = { .fd = st->outbox.fd, .events = POLLIN };

	while (st->pending > 0) {
		poll(&p, 1, -1);
		store_dispatch(st);
	}
}

unsigned
store_queue_depth(const struct store *st)
{
	return atomic_load(&st->writer.depth);
}

void
store_health(struct store *st, struct store_health *ret)
{
	writer_health(&st->writer, ret);
}

static void
store_write(struct store *st, struct task *t)
{
	assert(st->options.access == STORE_OWN);
	st->pending++;
	writer_post(&st->writer, t);
}

/* ---------------------------------------------------------------- sources */

struct sync_task {
	struct task	 task;
	const struct config *config;
	struct source_state *states;
	store_sources_fn *done;
	void		*arg;
};

/* Of a transaction that was rolled back. */
static void
sync_task_forget(struct sync_task *t)
{
	if (t->states != NULL)
		sources_free_states(TAKE(t->states),
		    t->config->sources_count);
}

static int
sync_task_write(struct writer *w, struct task *task, struct err *err)
{
	struct sync_task *t = (struct sync_task *)task;

	sync_task_forget(t);
	return sources_sync(w, t->config, &t->states, err);
}

static void
sync_task_finish(struct task *task, const struct err *failed)
{
	struct sync_task *t = (struct sync_task *)task;
	size_t count = t->config->sources_count;

	if (failed != NULL) {
		sync_task_forget(t);
		t->done(NULL, 0, failed, t->arg);
	} else {
		t->done(t->states, count, NULL, t->arg);
		free(t->states);
	}
	config_unref(t->config);
	free(t);
}

void
store_sync_sources(struct store *st, const struct config *config,
    store_sources_fn *done, void *arg)
{
	struct sync_task *t = xcalloc(1, sizeof(*t));

	t->task.write = sync_task_write;
	t->task.finish = sync_task_finish;
	t->task.bytes = sizeof(*t);
	t->config = config_ref(config);
	t->done = done;
	t->arg = arg;
	store_write(st, &t->task);
}

void
store_save_state(struct store *st, const struct source_state *state)
{
	assert(st->options.access == STORE_OWN);
	writer_post_save(&st->writer, save_new_state(state));
}

void
store_save_due(struct store *st, const struct source_state *state)
{
	assert(st->options.access == STORE_OWN);
	writer_post_save(&st->writer, save_new_due(state));
}

void
store_save_validators(struct store *st, int64_t source_id, const char *url,
    const char *etag, const char *last_modified)
{
	assert(st->options.access == STORE_OWN);
	writer_post_save(&st->writer, save_new_validators(source_id, url,
	    etag, last_modified));
}

void
store_mark_in_flight(struct store *st, int64_t source_id, int yes)
{
	assert(st->options.access == STORE_OWN);
	inflight_mark(&st->inflight, source_id, yes);
}

/* ----------------------------------------------------------------- visits */

struct visit_task {
	struct task	 task;
	struct visit	*visit;
	struct visit_result result;
	store_visit_fn	*done;
	void		*arg;
};

struct visit *
visit_new(void)
{
	return xcalloc(1, sizeof(struct visit));
}

void
visit_free(struct visit *v)
{
	if (v == NULL)
		return;
	feed_free(v->feed);
	if (v->config != NULL)
		config_unref(v->config);
	free(v->url);
	free(v->etag);
	free(v->last_modified);
	free(v);
}

static int
visit_task_write(struct writer *w, struct task *task, struct err *err)
{
	struct visit_task *t = (struct visit_task *)task;

	return visit_write(w, t->visit, &t->result, err);
}

/* Nothing of a visit that failed has happened: its counts are not told. */
static void
visit_task_finish(struct task *task, const struct err *failed)
{
	struct visit_task *t = (struct visit_task *)task;

	if (failed != NULL)
		t->result = (struct visit_result){
		    .source_id = t->visit->source_id, .failed = failed,
		    .pace_s = -1 };
	t->done(&t->result, t->arg);
	visit_free(t->visit);
	free(t);
}

void
store_visit(struct store *st, struct visit **taken, store_visit_fn *done,
    void *arg)
{
	struct visit_task *t = xcalloc(1, sizeof(*t));

	t->visit = TAKE(*taken);
	t->task.write = visit_task_write;
	t->task.finish = visit_task_finish;
	t->task.bytes = sizeof(*t) + sizeof(*t->visit) +
	    (t->visit->feed != NULL ? t->visit->feed->arena.total : 0);
	t->task.is_visit = !t->visit->is_import;
	t->done = done;
	t->arg = arg;
	store_write(st, &t->task);
}

/* ---------------------------------------------------------------- outlets */

struct mark_task {
	struct task	 task;
	char		*outlet;
	int64_t		 seq;
};

static int
mark_task_write(struct writer *w, struct task *task, struct err *err)
{
	struct mark_task *t = (struct mark_task *)task;
	sqlite3_stmt *q = db_use(&w->db, SQL_OUTLET_MARK);
	char uuid[UUID_TEXT_SIZE];

	uuid_mint(uuid);
	db_bind_text(q, 1, t->outlet);
	db_bind_text(q, 2, uuid);
	sqlite3_bind_int64(q, 3, t->seq);
	return db_run(q) == 0 ? 0 : db_fail(&w->db, err, "mark an outlet");
}

static void
mark_task_finish(struct task *task, const struct err *failed)
{
	struct mark_task *t = (struct mark_task *)task;

	/* Rendered again after a restart: no harm, and already logged. */
	(void)failed;
	free(t->outlet);
	free(t);
}

const char store_sealed_mark[] = "sealed:";

void
store_mark_outlet(struct store *st, const char *outlet, int64_t seq)
{
	struct mark_task *t = xcalloc(1, sizeof(*t));

	t->task.write = mark_task_write;
	t->task.finish = mark_task_finish;
	t->outlet = xstrdup(outlet);
	t->seq = seq;
	store_write(st, &t->task);
}

/* ------------------------------------------------------------------ hosts */

struct hsts_task {
	struct task	 task;
	char		*host;
	struct hsts_entry entry;	/* its host is the one above */
};

static int
hsts_task_write(struct writer *w, struct task *task, struct err *err)
{
	struct hsts_task *t = (struct hsts_task *)task;

	return hosts_write(&w->db, &t->entry, w->options->now_ms(), err);
}

static void
hsts_task_finish(struct task *task, const struct err *failed)
{
	struct hsts_task *t = (struct hsts_task *)task;

	/* It will say so again; and the failure is logged. */
	(void)failed;
	free(t->host);
	free(t);
}

void
store_save_hsts(struct store *st, const struct hsts_entry *e)
{
	struct hsts_task *t = xcalloc(1, sizeof(*t));

	t->task.write = hsts_task_write;
	t->task.finish = hsts_task_finish;
	t->host = xstrdup(e->host);
	t->entry = *e;
	t->entry.host = t->host;
	store_write(st, &t->task);
}

void
store_forget(struct store *st, const int64_t *ids, size_t count,
    store_forget_fn *done, void *arg)
{
	store_write(st, forget_task(ids, count, 0, done, arg));
}

void
store_forget_done(struct store *st, const int64_t *ids, size_t count,
    store_forget_fn *done, void *arg)
{
	store_write(st, forget_task(ids, count, 1, done, arg));
}

/* ---------------------------------------------------------------- reading */

/* Told to the writer, that can mend it. */
static int
damage_write(struct writer *w, struct task *t, struct err *err)
{
	(void)t;
	return chores_take_damage(w, err);
}

static void
damage_finish(struct task *t, const struct err *failed)
{
	(void)failed;		/* a trouble of the writer's */
	free(t);
}

static void
store_tell_damage(struct store *st)
{
	struct task *t = xcalloc(1, sizeof(*t));

	t->write = damage_write;
	t->finish = damage_finish;
	store_write(st, t);
}

struct read_task {
	struct task	 task;
	struct store	*store;
	int		 met_damage;
	store_read_fn	*fn;
	store_done_fn	*done;
	void		*arg;
};

static void
read_task_read(struct store_reader *r, struct task *task)
{
	struct read_task *t = (struct read_task *)task;

	r->met_damage = 0;
	t->fn(r, t->arg);
	t->met_damage = r->met_damage;
}

static void
read_task_finish(struct task *task, const struct err *failed)
{
	struct read_task *t = (struct read_task *)task;

	(void)failed;		/* the job reports its own failures */
	if (t->met_damage && t->store->options.access == STORE_OWN)
		store_tell_damage(t->store);
	t->done(t->arg);
	free(t);
}

void
store_read(struct store *st, store_read_fn *fn, store_done_fn *done,
    void *arg)
{
	struct read_task *t = xcalloc(1, sizeof(*t));

	assert(fn != NULL && done != NULL);
	t->task.read = read_task_read;
	t->task.finish = read_task_finish;
	t->store = st;
	t->fn = fn;
	t->done = done;
	t->arg = arg;
	st->pending++;
	reader_post(&st->reader, &t->task);
}
