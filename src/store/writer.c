/*
 * writer.c - groups of tasks, each group one transaction.
 *
 * Whatever is queued when the last commit ended is the next group, up to a
 * limit in bytes and in time: the slower the disk, the larger the groups.
 *
 * When anything in a group fails, all of it is rolled back and its tasks are
 * done again, each in a transaction of its own: what cannot be stored fails
 * alone.  (A savepoint for each task would do that too, but it copies every
 * page a task touches: a fifth of the whole price, paid always, for what
 * happens when a disk is full.)  Nothing is reported before its commit.
 *
 * The index for search follows, and old revisions go, when there is nothing
 * else to do, in transactions of their own and by steps that are short in
 * time: nobody waits for them, and should they fail, nothing else does.
 */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "feedmill/base/clock.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"

#include "index.h"
#include "schema.h"
#include "writer.h"

enum {
	GROUP_BYTES	= 2 << 20,
	GROUP_TIME_MS	= 200,
	SAVES_WAIT_MS	= 30 * 1000,
	SAVES_MAX	= 4096,		/* then they wait no longer */
	BUSY_WAIT_MS	= 60 * 1000,	/* for another's lock */
	BUSY_HURRY_MS	= 5 * 1000,	/* in all, on the way out */
	BUSY_STEP_MS	= 20,
	BUSY_TOLD_MS	= 2000,		/* then somebody should know */
	CACHE_MIN_KIB	= 2048,
	CACHE_MAX_KIB	= 8192,
	STEP_MS		= 10,		/* and as long again to commit it */
	END_STEP_MS	= 300,		/* on the way out */
	INDEX_WAIT_MS	= 1000,		/* of quiet */
	INDEX_LATE_MS	= 10 * 1000,	/* or whenever nobody waits */
	INDEX_RETRY_MS	= 30 * 1000,
	RETENTION_WAIT_MS = 1000,	/* after a start */
	RETENTION_EVERY_MS = 10 * 60 * 1000,
};

struct group {
	struct task_list tasks;		/* run, waiting for the commit */
	unsigned	 count;
	size_t		 bytes;		/* held until the commit */
	int64_t		 since_ms, cpu_ms;
	int64_t		 seq_before;
	int		 has_begun;
	int		 has_failed;
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

static int
writer_write_seq(struct writer *w, struct err *err)
{
	sqlite3_stmt *q = db_use(&w->db, SQL_META_SET);

	db_bind_text(q, 1, "last_seq");
	sqlite3_bind_int64(q, 2, w->last_seq);
	return db_run(q) == 0 ? 0 : db_fail(&w->db, err, "write");
}

static int
group_begin(struct writer *w, struct group *g)
{
	*g = (struct group){ .since_ms = clock_mono_ms(),
	    .cpu_ms = clock_cpu_ms(), .seq_before = w->last_seq };
	task_list_init(&g->tasks);
	w->is_syncing = 0;
	if (db_run(db_use(&w->db, SQL_BEGIN)) != 0)
		return db_fail(&w->db, &g->err, "begin");
	g->has_begun = 1;
	return 0;
}

static int
group_run(struct writer *w, struct group *g, struct task *t)
{
	task_list_add(&g->tasks, t);
	g->count++;
	g->bytes += t->bytes;
	return t->write(w, t, &g->err);
}

static int
group_is_full(const struct group *g)
{
	return g->bytes >= GROUP_BYTES ||
	    clock_mono_ms() - g->since_ms >= GROUP_TIME_MS;
}

static int
group_commit(struct writer *w, struct group *g)
{
	if (writer_flush_saves(w, &g->err) != 0 ||
	    (w->last_seq != g->seq_before &&
	    writer_write_seq(w, &g->err) != 0))
		return -1;
	if (db_run(db_use(&w->db, SQL_COMMIT)) != 0)
		return db_fail(&w->db, &g->err, "commit");
	save_free_all(TAKE(w->flushed));
	w->was_synced |= w->is_syncing;
	return 0;
}

static void
group_undo(struct writer *w, struct group *g)
{
	/* SQLite may have rolled back itself: when the disk is full, say. */
	if (!sqlite3_get_autocommit(w->db.sqlite))
		db_run(db_use(&w->db, SQL_ROLLBACK));
	w->last_seq = g->seq_before;
	writer_put_saves_back(w);
}

/* Said once when it begins and once when it ends. */
static void
writer_set_trouble(struct writer *w, const struct err *trouble)
{
	static const struct err none = { 0 };
	int was_failing, is_failing = trouble != NULL;

	pthread_mutex_lock(&w->lock);
	was_failing = w->health.trouble.msg[0] != '\0';
	w->health.trouble = is_failing ? *trouble : none;
	pthread_mutex_unlock(&w->lock);
	if (is_failing && !was_failing)
		log_event(LOG_ERROR, "database failing",
		    LOG_STR("reason", trouble->msg));
	else if (was_failing && !is_failing)
		log_event(LOG_INFO, "database works again",
		    LOG_STR("path", w->db.path));
}

/* How long others had to wait for it, at most. */
static void
writer_note_time(struct writer *w, const struct group *g)
{
	int64_t ms = clock_mono_ms() - g->since_ms;
	int64_t cpu_ms = clock_cpu_ms() - g->cpu_ms;
	struct store_health *h = &w->health;
	int64_t *max_ms = g->count > 0 ? &h->group_max_ms : &h->step_max_ms;

	pthread_mutex_lock(&w->lock);
	if (ms > *max_ms)
		*max_ms = ms;
	if (g->count == 0 && cpu_ms > h->step_cpu_max_ms)
		h->step_cpu_max_ms = cpu_ms;
	pthread_mutex_unlock(&w->lock);
}

void
writer_health(struct writer *w, struct store_health *ret)
{
	pthread_mutex_lock(&w->lock);
	*ret = w->health;
	pthread_mutex_unlock(&w->lock);
}

/* Hand them back: committed, or failed for good. */
static void
group_finish(struct writer *w, struct group *g)
{
	unsigned visits = 0;

	for (struct task *t = g->tasks.head; t != NULL; t = t->next) {
		visits += (unsigned)t->is_visit;
		t->has_failed = g->has_failed;
		t->err = g->err;
	}
	atomic_fetch_sub(&w->depth, visits);
	writer_set_trouble(w, g->has_failed ? &g->err : NULL);
	writer_note_time(w, g);
	outbox_put(w->outbox, &g->tasks);
}

/* Some of the tasks, at least one if there are any, and all saves. */
static void
writer_do_group(struct writer *w, struct task_list *tasks)
{
	struct task_list alone;
	struct group g;
	struct task *t;
	int code = group_begin(w, &g);

	while (code == 0 && (t = task_list_pop(tasks)) != NULL) {
		code = group_run(w, &g, t);
		if (group_is_full(&g))
			break;
	}
	if (code == 0)
		code = group_commit(w, &g);
	if (code != 0)
		group_undo(w, &g);
	if (code != 0 && g.count > 1) {
		task_list_init(&alone);
		while ((t = task_list_pop(&g.tasks)) != NULL) {
			task_list_add(&alone, t);
			writer_do_group(w, &alone);
		}
		return;
	}
	/* Nothing can be written at all: it would not help to try again. */
	if (!g.has_begun)
		task_list_join(&g.tasks, tasks);
	g.has_failed = code != 0;
	group_finish(w, &g);
}

/* A step of the index, and all saves: 0, or -1 after it was undone. */
static int
writer_do_index(struct writer *w, int limit_ms)
{
	struct group g;
	int64_t seq = w->indexed_seq;
	int code = group_begin(w, &g);

	if (code == 0 && index_step(&w->db, w->last_seq, limit_ms,
	    &seq) != 0)
		code = db_fail(&w->db, &g.err, "index for search");
	if (code == 0)
		code = group_commit(w, &g);
	if (code == 0)
		w->indexed_seq = seq;
	else
		group_undo(w, &g);
	g.has_failed = code != 0;
	group_finish(w, &g);
	w->index_again_ms = clock_mono_ms() + (code == 0 ? 0 : INDEX_RETRY_MS);
	w->index_due_ms = seq == w->last_seq && code == 0 ? 0 :
	    w->index_again_ms;
	return code;
}

/* After a group: when it is quiet, but not never. */
static void
writer_plan_index(struct writer *w)
{
	int64_t now_ms = clock_mono_ms();

	if (w->indexed_seq >= w->last_seq)
		return;
	if (w->index_due_ms == 0)
		w->index_late_ms = now_ms + INDEX_LATE_MS;
	w->index_due_ms = now_ms + INDEX_WAIT_MS < w->index_late_ms ?
	    now_ms + INDEX_WAIT_MS : w->index_late_ms;
	if (w->index_due_ms < w->index_again_ms)
		w->index_due_ms = w->index_again_ms;
}

void
writer_set_retention(struct writer *w, const struct config *config,
    const struct source_state *states)
{
	retention_configure(&w->retention, config, states);
	w->retention_due_ms = w->retention.count == 0 ? 0 :
	    clock_mono_ms() + RETENTION_WAIT_MS;
}

/* A step, and all saves.  A failure is tried again with the next round. */
static void
writer_do_retention(struct writer *w, int limit_ms)
{
	struct group g;
	int code = group_begin(w, &g), more = 0;

	if (code == 0)
		more = retention_step(&w->retention, &w->db,
		    w->options->now_ms(), limit_ms);
	if (more == -1)
		code = db_fail(&w->db, &g.err, "remove what is old");
	if (code == 0)
		code = group_commit(w, &g);
	if (code != 0)
		group_undo(w, &g);
	g.has_failed = code != 0;
	group_finish(w, &g);
	w->retention_due_ms = clock_mono_ms() +
	    (more == 1 && code == 0 ? 0 : RETENTION_EVERY_MS);
}

/*
 * Who ran us once wants to search after it: one step covers what a round
 * brings.  After a first round or an import the rest is done by and by, or
 * ending would cost more than the round.  The same holds for what is old.
 */
static void
writer_end(struct writer *w)
{
	if (w->indexed_seq < w->last_seq)
		writer_do_index(w, END_STEP_MS);
	if (w->retention.count > 0)
		writer_do_retention(w, END_STEP_MS);
}

int64_t
writer_announce_ms(struct writer *w)
{
	int64_t now_ms = w->options->now_ms();

	if (w->last_announced_ms < now_ms)
		w->last_announced_ms = now_ms;
	return w->last_announced_ms;
}

/* ------------------------------------------------------------ the thread */

/*
 * Keys are hashes: where the next one goes is anywhere in their index, which
 * has some 20 bytes for each.  Where the cache does not hold it, every entry
 * costs a page read and, at the next checkpoint, one written: at 300,000
 * entries that is two thirds of what storing them takes.
 */
static int
writer_fit_cache(struct writer *w, struct err *err)
{
	int64_t entries = w->last_seq, kib = entries * 20 / 1024;
	char sql[64];

	w->cache_fits_seq = 2 * entries;
	if (kib < CACHE_MIN_KIB)
		kib = CACHE_MIN_KIB;
	if (kib > CACHE_MAX_KIB)
		kib = CACHE_MAX_KIB;
	snprintf(sql, sizeof(sql), "PRAGMA cache_size=-%lld", (long long)kib);
	return db_exec(&w->db, sql, err, "open");
}

static struct timespec
timespec_of(int64_t mono_ms)
{
	return (struct timespec){ .tv_sec = mono_ms / 1000,
	    .tv_nsec = mono_ms % 1000 * 1000000 };
}

/* When something is to be done unasked; 0: nothing. */
static int64_t
writer_due_ms(const struct writer *w)
{
	const int64_t due[] = { w->saves_due_ms, w->index_due_ms,
	    w->retention_due_ms };
	int64_t first = 0;

	for (size_t i = 0; i < ARRAY_LEN(due); i++) {
		if (due[i] != 0 && (first == 0 || due[i] < first))
			first = due[i];
	}
	return first;
}

static int
is_due(int64_t due_ms)
{
	return due_ms != 0 && due_ms <= clock_mono_ms();
}

/* Until there is something to do: 1, or 0 to end. */
static int
writer_wait(struct writer *w, struct task_list *ret)
{
	struct timespec due;
	int64_t due_ms;
	int has_work;

	pthread_mutex_lock(&w->lock);
	while (w->queue.head == NULL && !w->is_stopping) {
		due_ms = writer_due_ms(w);
		if (due_ms != 0 && due_ms <= clock_mono_ms())
			break;
		due = timespec_of(due_ms);
		if (due_ms == 0)
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
	struct err ignored;

	task_list_init(&tasks);
	writer_plan_index(w);
	while (writer_wait(w, &tasks)) {
		if (tasks.head == NULL && is_due(w->index_due_ms)) {
			writer_do_index(w, STEP_MS);
			continue;
		}
		if (tasks.head == NULL && is_due(w->retention_due_ms)) {
			writer_do_retention(w, STEP_MS);
			continue;
		}
		do {
			writer_do_group(w, &tasks);
		} while (tasks.head != NULL);
		if (w->last_seq > w->cache_fits_seq)
			writer_fit_cache(w, &ignored);
		writer_plan_index(w);
	}
	if (w->saves.list != NULL)
		writer_do_group(w, &tasks);
	writer_end(w);
	return NULL;
}

static int
writer_on_busy(void *arg, int times)
{
	struct writer *w = arg;
	struct err trouble = { .exit_status = 75 };
	int64_t end_ms;

	pthread_mutex_lock(&w->lock);
	end_ms = w->busy_end_ms;
	pthread_mutex_unlock(&w->lock);
	if (times * BUSY_STEP_MS == BUSY_TOLD_MS) {
		err_set(&trouble, "database %s: another process holds it, "
		    "waiting", w->db.path);
		writer_set_trouble(w, &trouble);
	}
	if (end_ms != 0 ? clock_mono_ms() >= end_ms :
	    times * BUSY_STEP_MS >= BUSY_WAIT_MS)
		return 0;
	sqlite3_sleep(BUSY_STEP_MS);
	return 1;
}

static int
writer_read_meta(struct writer *w, struct err *err)
{
	int64_t seed, seq, announced_ms, indexed;

	if (db_number(&w->db, "SELECT value FROM meta "
	    "WHERE name = 'hash_seed'", &seed, err) != 0 ||
	    db_number(&w->db, "SELECT max("
	    "coalesce((SELECT value FROM meta WHERE name = 'last_seq'), 0), "
	    "coalesce((SELECT max(seq) FROM revisions), 0))", &seq, err) != 0 ||
	    db_number(&w->db, "SELECT coalesce(max(announced_ms), 0) FROM "
	    "(SELECT announced_ms FROM revisions ORDER BY seq DESC LIMIT 1)",
	    &announced_ms, err) != 0 ||
	    db_number(&w->db, "SELECT value FROM meta "
	    "WHERE name = 'indexed_seq'", &indexed, err) != 0)
		return -1;
	w->indexed_seq = indexed;
	w->last_announced_ms = announced_ms;
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
	    writer_read_meta(w, err) != 0 ||
	    writer_fit_cache(w, err) != 0) {
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
writer_hurry(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	if (w->busy_end_ms == 0)
		w->busy_end_ms = clock_mono_ms() + BUSY_HURRY_MS;
	pthread_mutex_unlock(&w->lock);
}

void
writer_stop(struct writer *w)
{
	writer_hurry(w);
	pthread_mutex_lock(&w->lock);
	w->is_stopping = 1;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	saves_fini(&w->saves);
	retention_fini(&w->retention);
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
	} else if (w->saves.count == SAVES_MAX) {
		w->saves_due_ms = clock_mono_ms();
		pthread_cond_signal(&w->wake);
	}
	pthread_mutex_unlock(&w->lock);
}
