/*
 * writer.c - groups of tasks, each group one transaction.
 *
 * Whatever is queued when the last commit ended is the next group, up to a
 * limit in entries and in time: the slower the disk, the larger the groups.
 * A task is a savepoint of its own and fails alone, unless SQLite gave up
 * the whole transaction (it may, when the disk is full) or the commit fails:
 * then everything in the group has failed, and says so.  Nothing is
 * reported before its commit.
 */
#include <assert.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "feedmill/base/clock.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"

#include "schema.h"
#include "writer.h"

enum {
	GROUP_ENTRIES	= 1000,
	GROUP_TIME_MS	= 200,
	SAVES_WAIT_MS	= 30 * 1000,
	BUSY_WAIT_MS	= 60 * 1000,	/* for another's lock */
	BUSY_STOP_MS	= 5 * 1000,	/* the same, on the way out */
	BUSY_STEP_MS	= 20,
};

struct group {
	struct task_list done;		/* run, waiting for the commit */
	unsigned	 entries;
	int64_t		 since_ms;
	int64_t		 seq_before;
	int		 is_lost;	/* the transaction is no more */
	struct err	 err;		/* why */
};

/* ------------------------------------------------------- one transaction */

int
writer_flush_saves(struct writer *w, struct err *err)
{
	struct save *list, *s;

	pthread_mutex_lock(&w->lock);
	list = saves_take(&w->saves);
	w->saves_due_ms = 0;
	pthread_mutex_unlock(&w->lock);
	if (list == NULL)
		return 0;
	for (s = list; s->next != NULL; s = s->next)
		;
	s->next = w->flushed;
	w->flushed = list;
	/* Those of before are written already, in this transaction. */
	for (s = list; s != NULL; s = s->next) {
		if (save_write(&w->db, s, err) != 0)
			return -1;
	}
	return 0;
}

static void
writer_put_saves_back(struct writer *w)
{
	if (w->flushed == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	saves_put_back(&w->saves, TAKE(w->flushed));
	w->saves_due_ms = clock_mono_ms() + SAVES_WAIT_MS;
	pthread_mutex_unlock(&w->lock);
}

static void
task_fail(struct task *t, const struct err *err)
{
	t->has_failed = 1;
	t->err = *err;
}

/* A statement failed: was the transaction lost with it? */
static void
group_check(struct writer *w, struct group *g, const struct err *err)
{
	if (g->is_lost || !sqlite3_get_autocommit(w->db.sqlite))
		return;
	g->is_lost = 1;
	g->err = *err;
}

static int
task_run(struct writer *w, struct task *t, struct err *err)
{
	if (db_run(db_use(&w->db, SQL_SAVEPOINT)) != 0)
		return db_fail(&w->db, err, "begin");
	if (t->write(w, t, err) != 0)
		return -1;
	if (db_run(db_use(&w->db, SQL_RELEASE)) != 0)
		return db_fail(&w->db, err, "write");
	return 0;
}

static void
group_run(struct writer *w, struct group *g, struct task *t)
{
	int64_t seq = w->last_seq;
	struct err err = { 0 };

	g->entries += t->weight;
	task_list_add(&g->done, t);
	if (task_run(w, t, &err) == 0)
		return;
	task_fail(t, &err);
	group_check(w, g, &err);
	if (!g->is_lost &&
	    (db_run(db_use(&w->db, SQL_ROLLBACK_TO)) != 0 ||
	    db_run(db_use(&w->db, SQL_RELEASE)) != 0)) {
		g->is_lost = 1;
		g->err = err;
	}
	w->last_seq = seq;
	/* They may have been written inside what was just undone. */
	writer_put_saves_back(w);
}

static int
writer_write_seq(struct writer *w, struct err *err)
{
	sqlite3_stmt *q = db_use(&w->db, SQL_META_SET);

	db_bind_text(q, 1, "last_seq");
	sqlite3_bind_int64(q, 2, w->last_seq);
	return db_run(q) == 0 ? 0 : db_fail(&w->db, err, "write");
}

static void
group_commit(struct writer *w, struct group *g)
{
	struct err err = { 0 };

	if (g->is_lost)
		return;
	if (writer_flush_saves(w, &err) == 0 &&
	    (w->last_seq == g->seq_before || writer_write_seq(w, &err) == 0)) {
		if (db_run(db_use(&w->db, SQL_COMMIT)) == 0)
			return;
		db_fail(&w->db, &err, "commit");
	}
	g->is_lost = 1;
	g->err = err;
}

static void
group_lose(struct writer *w, struct group *g)
{
	if (!sqlite3_get_autocommit(w->db.sqlite))
		db_run(db_use(&w->db, SQL_ROLLBACK));
	w->last_seq = g->seq_before;
	for (struct task *t = g->done.head; t != NULL; t = t->next) {
		if (!t->has_failed)
			task_fail(t, &g->err);
	}
	writer_put_saves_back(w);
}

/* Said once when it begins and once when it ends. */
static void
writer_log_change(struct writer *w, const struct group *g)
{
	if (g->is_lost == w->is_failing)
		return;
	w->is_failing = g->is_lost;
	if (g->is_lost)
		log_event(LOG_ERROR, "database failing",
		    LOG_STR("reason", g->err.msg));
	else
		log_event(LOG_INFO, "database works again",
		    LOG_STR("path", w->db.path));
}

static void
group_finish(struct writer *w, struct group *g)
{
	unsigned visits = 0;

	group_commit(w, g);
	if (g->is_lost)
		group_lose(w, g);
	writer_log_change(w, g);
	save_free_all(TAKE(w->flushed));
	for (struct task *t = g->done.head; t != NULL; t = t->next)
		visits += (unsigned)t->is_visit;
	atomic_fetch_sub(&w->depth, visits);
	outbox_put(w->outbox, &g->done);
}

static int
group_is_full(const struct group *g)
{
	return g->is_lost || g->entries >= GROUP_ENTRIES ||
	    clock_mono_ms() - g->since_ms >= GROUP_TIME_MS;
}

/* Some of the tasks, at least one if there are any, and all saves. */
static void
writer_do_group(struct writer *w, struct task_list *tasks)
{
	struct group g = { .since_ms = clock_mono_ms(),
	    .seq_before = w->last_seq };
	struct task *t;

	task_list_init(&g.done);
	if (db_run(db_use(&w->db, SQL_BEGIN)) != 0) {
		db_fail(&w->db, &g.err, "begin");
		g.is_lost = 1;
		task_list_join(&g.done, tasks);
	}
	while (!g.is_lost && (t = task_list_pop(tasks)) != NULL) {
		group_run(w, &g, t);
		if (group_is_full(&g))
			break;
	}
	group_finish(w, &g);
}

/* ------------------------------------------------------------ the thread */

static struct timespec
timespec_of(int64_t mono_ms)
{
	return (struct timespec){ .tv_sec = mono_ms / 1000,
	    .tv_nsec = mono_ms % 1000 * 1000000 };
}

/* Until there is something to do: 1, or 0 to end. */
static int
writer_wait(struct writer *w, struct task_list *ret)
{
	struct timespec due;
	int has_work;

	pthread_mutex_lock(&w->lock);
	while (w->queue.head == NULL && !w->is_stopping &&
	    (w->saves_due_ms == 0 || clock_mono_ms() < w->saves_due_ms)) {
		due = timespec_of(w->saves_due_ms);
		if (w->saves_due_ms == 0)
			pthread_cond_wait(&w->wake, &w->lock);
		else
			pthread_cond_timedwait(&w->wake, &w->lock, &due);
	}
	has_work = w->queue.head != NULL || !w->is_stopping;
	task_list_join(ret, &w->queue);
	pthread_mutex_unlock(&w->lock);
	return has_work;
}

static void *
writer_main(void *arg)
{
	struct writer *w = arg;
	struct task_list tasks;

	task_list_init(&tasks);
	while (writer_wait(w, &tasks)) {
		do {
			writer_do_group(w, &tasks);
		} while (tasks.head != NULL);
	}
	if (w->saves.list != NULL)
		writer_do_group(w, &tasks);
	return NULL;
}

static int
writer_on_busy(void *arg, int times)
{
	struct writer *w = arg;
	int limit_ms;

	pthread_mutex_lock(&w->lock);
	limit_ms = w->is_stopping ? BUSY_STOP_MS : BUSY_WAIT_MS;
	pthread_mutex_unlock(&w->lock);
	if (times * BUSY_STEP_MS >= limit_ms)
		return 0;
	sqlite3_sleep(BUSY_STEP_MS);
	return 1;
}

static int
writer_read_meta(struct writer *w, struct err *err)
{
	int64_t seed, seq;

	if (db_number(&w->db, "SELECT value FROM meta "
	    "WHERE name = 'hash_seed'", &seed, err) != 0 ||
	    db_number(&w->db, "SELECT max("
	    "coalesce((SELECT value FROM meta WHERE name = 'last_seq'), 0), "
	    "coalesce((SELECT max(seq) FROM revisions), 0))", &seq, err) != 0)
		return -1;
	w->hash_seed = (uint64_t)seed;
	w->last_seq = seq;
	return 0;
}

static void
writer_init_lock(struct writer *w)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &attr);
	pthread_condattr_destroy(&attr);
	task_list_init(&w->queue);
}

int
writer_start(struct writer *w, struct err *err)
{
	sigset_t all, was;
	int code;

	if (db_open(&w->db, w->options->path, DB_WRITE, err) != 0 ||
	    schema_bring_up(&w->db, err) != 0 ||
	    db_prepare_all(&w->db, err) != 0 ||
	    writer_read_meta(w, err) != 0) {
		db_close(&w->db);
		return -1;
	}
	writer_init_lock(w);
	sqlite3_busy_handler(w->db.sqlite, writer_on_busy, w);
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was);
	code = pthread_create(&w->thread, NULL, writer_main, w);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	if (code == 0)
		return 0;
	db_close(&w->db);
	return err_set(err, "could not start a thread: %s", strerror(code));
}

void
writer_stop(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	w->is_stopping = 1;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	saves_fini(&w->saves);
	db_close(&w->db);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
}

void
writer_post(struct writer *w, struct task *t)
{
	if (t->is_visit)
		atomic_fetch_add(&w->depth, 1);
	pthread_mutex_lock(&w->lock);
	task_list_add(&w->queue, t);
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

void
writer_post_save(struct writer *w, struct save *s)
{
	assert(s->id > 0);
	pthread_mutex_lock(&w->lock);
	saves_put(&w->saves, s);
	if (w->saves_due_ms == 0) {
		w->saves_due_ms = clock_mono_ms() + SAVES_WAIT_MS;
		pthread_cond_signal(&w->wake);
	}
	pthread_mutex_unlock(&w->lock);
}
