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
 * The index for search is kept along where that holds nobody up.  All that
 * failing costs is to do the group again, without it.  The rest of the index
 * follows, and old revisions go, when there is nothing else to do, in
 * transactions of their own and by steps that are short in time: nobody
 * waits for them, and should they fail, nothing else does.
 */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "feedmill/base/clock.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"

#include "group.h"
#include "mend.h"
#include "schema.h"
#include "writer.h"

enum {
	SAVES_WAIT_MS	= 30 * 1000,
	SAVES_MAX	= 4096,		/* then they wait no longer */
	BUSY_WAIT_MS	= 60 * 1000,	/* for another's lock */
	BUSY_HURRY_MS	= 5 * 1000,	/* in all, on the way out */
	BUSY_STEP_MS	= 20,
	BUSY_TOLD_MS	= 2000,		/* then somebody should know */
	CACHE_MIN_KIB	= 2048,
	CACHE_MAX_KIB	= 8192,
};

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

void
writer_put_saves_back(struct writer *w)
{
	if (w->flushed == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	saves_put_back(&w->saves, TAKE(w->flushed));
	w->saves_due_ms = clock_mono_ms() + SAVES_WAIT_MS;
	pthread_mutex_unlock(&w->lock);
}

static const struct err no_trouble;

/*
 * A commit that works is the end of a full disk, whose ever it was; of damage
 * only if it is a commit of what had met it.  So it is for the index: what
 * there is room for may be an entry, and not what it takes to find it.
 */
static void
note_trouble(struct err troubles[TROUBLES], int whose,
    const struct err *trouble)
{
	for (int i = 0; i < TROUBLES; i++) {
		if (i == whose)
			troubles[i] = trouble != NULL ? *trouble : no_trouble;
		else if (trouble == NULL && troubles[i].exit_status != 65 &&
		    i != TROUBLE_OF_CHORE + CHORE_INDEX &&
		    i != TROUBLE_OF_CHORE + CHORE_MERGE)
			troubles[i] = no_trouble;
	}
}

/* Said once when it begins and once when it ends.  Under lock, given back. */
static void
tell_trouble(struct writer *w)
{
	int was_failing = w->health.trouble.msg[0] != '\0', is_failing;
	struct err trouble = no_trouble;

	for (int i = TROUBLES - 1; i >= 0; i--) {
		if (w->troubles[i].msg[0] != '\0')
			trouble = w->troubles[i];
	}
	w->health.trouble = trouble;
	is_failing = trouble.msg[0] != '\0';
	pthread_mutex_unlock(&w->lock);
	if (is_failing && !was_failing)
		log_event(LOG_ERROR, "database failing",
		    LOG_STR("reason", trouble.msg));
	else if (was_failing && !is_failing)
		log_event(LOG_INFO, "database works again",
		    LOG_STR("path", w->db.path));
}

void
writer_set_trouble(struct writer *w, int whose, const struct err *trouble)
{
	pthread_mutex_lock(&w->lock);
	note_trouble(w->troubles, whose, trouble);
	tell_trouble(w);
}

void
writer_drop_trouble(struct writer *w, int whose)
{
	pthread_mutex_lock(&w->lock);
	if (w->troubles[whose].exit_status != 65)
		w->troubles[whose] = no_trouble;
	tell_trouble(w);
}

void
writer_note_time(struct writer *w, int is_group, int64_t since_ms,
    int64_t since_cpu_ms)
{
	int64_t ms = clock_mono_ms() - since_ms;
	int64_t cpu_ms = clock_cpu_ms() - since_cpu_ms;
	struct store_health *h = &w->health;
	int64_t *max_ms = is_group ? &h->group_max_ms : &h->step_max_ms;

	pthread_mutex_lock(&w->lock);
	if (ms > *max_ms)
		*max_ms = ms;
	if (!is_group && cpu_ms > h->step_cpu_max_ms)
		h->step_cpu_max_ms = cpu_ms;
	pthread_mutex_unlock(&w->lock);
}

void
writer_note_cut(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	w->health.steps_cut++;
	pthread_mutex_unlock(&w->lock);
}

void
writer_note_mended(struct writer *w)
{
	w->mended_ms = clock_mono_ms();
	pthread_mutex_lock(&w->lock);
	w->health.mended++;
	pthread_mutex_unlock(&w->lock);
	log_event(LOG_WARN, "the index for search was damaged and is made "
	    "anew", LOG_STR("path", w->db.path));
}

void
writer_health(struct writer *w, struct store_health *ret)
{
	pthread_mutex_lock(&w->lock);
	*ret = w->health;
	pthread_mutex_unlock(&w->lock);
	checkpoint_health(&w->checkpoint, ret);
}

int
writer_is_awaited(struct writer *w)
{
	int is_awaited;

	pthread_mutex_lock(&w->lock);
	is_awaited = w->queue.head != NULL;
	pthread_mutex_unlock(&w->lock);
	return is_awaited;
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
		code = writer_flush_saves(w, &g.err);
	if (code == 0 && tasks->head == NULL)
		code = chores_index_along(w, &g);
	if (code == 0)
		code = group_commit(w, &g);
	if (code != 0)
		group_undo(w, &g);
	if (code != 0 && chores_is_to_blame(w, &g)) {
		/* In their order: what came later may be of the same entry. */
		task_list_join(&g.tasks, tasks);
		task_list_join(tasks, &g.tasks);
		writer_do_group(w, tasks);
		return;
	}
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
	int64_t chores_ms = chores_due_ms(w);

	return chores_ms == 0 || (w->saves_due_ms != 0 &&
	    w->saves_due_ms < chores_ms) ? w->saves_due_ms : chores_ms;
}

/* What to do: nothing is asked for while a chore is due. */
enum work { WORK_END, WORK_GROUP, WORK_CHORE };

static enum work
writer_wait(struct writer *w, struct task_list *ret)
{
	struct timespec due;
	int64_t due_ms;
	enum work work;

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
	work = w->queue.head != NULL || (w->saves_due_ms != 0 &&
	    w->saves_due_ms <= clock_mono_ms()) ? WORK_GROUP :
	    w->is_stopping ? WORK_END : WORK_CHORE;
	task_list_join(ret, &w->queue);
	pthread_mutex_unlock(&w->lock);
	return work;
}

/* Its share of the log, between groups that follow each other. */
static void
writer_help(struct writer *w)
{
	int64_t since_ms = clock_mono_ms(), cpu_ms = clock_cpu_ms();

	if (checkpoint_help(&w->checkpoint, w->db.sqlite) > 0)
		writer_note_time(w, 0, since_ms, cpu_ms);
}

static void
writer_do_groups(struct writer *w, struct task_list *tasks)
{
	struct err ignored;

	do {
		writer_do_group(w, tasks);
		writer_help(w);
	} while (tasks->head != NULL);
	if (w->last_seq > w->cache_fits_seq)
		writer_fit_cache(w, &ignored);
	chores_plan(w);
}

static void *
writer_main(void *arg)
{
	struct writer *w = arg;
	struct task_list tasks;
	enum work work;

	task_list_init(&tasks);
	while ((work = writer_wait(w, &tasks)) != WORK_END) {
		if (work == WORK_GROUP)
			writer_do_groups(w, &tasks);
		else
			chores_do(w);
	}
	if (w->saves.list != NULL)
		writer_do_group(w, &tasks);
	chores_end(w);
	return NULL;
}

static int
writer_on_log(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct writer *w = arg;

	(void)db;
	(void)name;
	checkpoint_note(&w->checkpoint, pages);
	return SQLITE_OK;
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
		writer_set_trouble(w, TROUBLE_OF_TASKS, &trouble);
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
	w->last_announced_ms = announced_ms;
	w->hash_seed = (uint64_t)seed;
	w->last_seq = seq;
	chores_init(w, indexed);
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

/* Who closes takes it back; only who was killed, or lost its disk, did not. */
static void
writer_note_left(struct writer *w)
{
	char name[LOCK_NAME_SIZE];
	struct stat st;

	if (lock_name(w->options->path, "-wal", name) != 0 ||
	    stat(name, &st) != 0 || st.st_size == 0)
		return;
	w->health.left_bytes = st.st_size;
	log_event(LOG_WARN, "the database was not closed: taking up its log",
	    LOG_STR("path", name), LOG_INT("bytes", st.st_size));
}

static int
writer_mend(struct writer *w, struct err *err)
{
	if (!mend_is_needed(&w->db))
		return 0;
	if (mend_index_alone(&w->db, err) != 0)
		return -1;
	writer_note_mended(w);
	return 0;
}

/* What is derived is no reason not to start, unless nothing can be prepared
 * with what is left of it. */
static int
writer_prepare(struct writer *w, struct err *err)
{
	struct err why;
	int is_left = writer_mend(w, &why) != 0;

	if (db_prepare_all(&w->db, err) != 0) {
		if (is_left)
			*err = why;
		return -1;
	}
	if (!is_left)
		return 0;
	if (why.exit_status == 65)
		w->mended_ms = clock_mono_ms();
	writer_set_trouble(w, TROUBLE_OF_CHORE + CHORE_INDEX, &why);
	return 0;
}

int
writer_start(struct writer *w, struct err *err)
{
	sigset_t all, was;
	int code;

	writer_init_lock(w);
	writer_note_left(w);
	if (db_open(&w->db, w->options->path, DB_WRITE, err) != 0 ||
	    schema_bring_up(&w->db, err) != 0 ||
	    writer_prepare(w, err) != 0 ||
	    writer_read_meta(w, err) != 0 ||
	    writer_fit_cache(w, err) != 0) {
		db_close(&w->db);
		return -1;
	}
	if (checkpoint_start(&w->checkpoint, w->options->path, err) != 0) {
		db_close(&w->db);
		return -1;
	}
	sqlite3_busy_handler(w->db.sqlite, writer_on_busy, w);
	/* In the place of SQLite's own, that every commit may wait for. */
	sqlite3_wal_hook(w->db.sqlite, writer_on_log, w);
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was);
	code = pthread_create(&w->thread, NULL, writer_main, w);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	if (code == 0)
		return 0;
	checkpoint_stop(&w->checkpoint);
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
	checkpoint_stop(&w->checkpoint);
	saves_fini(&w->saves);
	chores_fini(w);
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
