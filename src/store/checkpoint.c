/* checkpoint.c - see checkpoint.h. */
#include <signal.h>
#include <string.h>
#include <time.h>

#include "feedmill/base/clock.h"
#include "feedmill/base/log.h"

#include "checkpoint.h"

/*
 * A page is often written again soon, so what is copied late is copied once;
 * and what is copied early is synced quickly.
 */
enum {
	FROM_PAGES	= 500,		/* 8 MiB */
	ANEW_PAGES	= 1500,		/* better now than later */
	LAST_PAGES	= 256,		/* by the writer: 4 MiB */
	HARD_PAGES	= 16384,	/* 256 MiB */
	QUIET_MS	= 50,
	READERS_WAIT_MS	= 500,
	FAILURE_WAIT_MS	= 2000,
};

/* Said once when it begins and once when it ends. */
static void
set_trouble(struct checkpoint *c, const struct err *trouble)
{
	static const struct err none = { 0 };
	int was_failing, is_failing = trouble != NULL;

	pthread_mutex_lock(&c->lock);
	was_failing = c->trouble.msg[0] != '\0';
	c->trouble = is_failing ? *trouble : none;
	pthread_mutex_unlock(&c->lock);
	if (is_failing && !was_failing)
		log_event(LOG_ERROR, "checkpoint failing",
		    LOG_STR("reason", trouble->msg));
	else if (was_failing && !is_failing)
		log_event(LOG_INFO, "checkpoint works again",
		    LOG_STR("path", c->db.path));
}

void
checkpoint_health(struct checkpoint *c, struct store_health *ret)
{
	pthread_mutex_lock(&c->lock);
	if (ret->trouble.msg[0] == '\0')
		ret->trouble = c->trouble;
	ret->log_bytes = (int64_t)c->log * c->page_bytes;
	ret->log_max_bytes = (int64_t)c->log_max * c->page_bytes;
	ret->copy_max_ms = c->copy_max_ms;
	ret->helped_max_pages = c->helped_max;
	pthread_mutex_unlock(&c->lock);
}

/* ---------------------------------------------------------------- a pass */

/* How it went, unless the log has begun anew meanwhile. */
static void
note_pass(struct checkpoint *c, unsigned turn, int copied, int64_t since_ms,
    int64_t again_ms)
{
	int64_t took_ms = clock_mono_ms() - since_ms;

	pthread_mutex_lock(&c->lock);
	if (took_ms > c->copy_max_ms)
		c->copy_max_ms = took_ms;
	if (c->turn == turn && copied > c->copied)
		c->copied = copied;
	c->again_ms = again_ms;
	pthread_mutex_unlock(&c->lock);
}

/* With pass held.  Others who checkpoint, and readers who still need what is
 * to be overwritten, are no failure: it is tried again. */
static int
copy_log(struct checkpoint *c, sqlite3 *with)
{
	struct db db = { .sqlite = with, .path = c->db.path };
	struct err err = { 0 };
	int log = 0, copied = 0, code, before;
	int64_t since_ms = clock_mono_ms();
	unsigned turn;

	pthread_mutex_lock(&c->lock);
	turn = c->turn;
	before = c->copied;
	pthread_mutex_unlock(&c->lock);
	code = sqlite3_wal_checkpoint_v2(with, NULL,
	    SQLITE_CHECKPOINT_PASSIVE, &log, &copied);
	if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) {
		db_fail(&db, &err, "take back the log");
		set_trouble(c, &err);
		note_pass(c, turn, 0, since_ms, clock_mono_ms() + FAILURE_WAIT_MS);
		return 0;
	}
	set_trouble(c, NULL);
	note_pass(c, turn, copied, since_ms,
	    code == SQLITE_OK && copied >= log ? 0 :
	    clock_mono_ms() + READERS_WAIT_MS);
	return copied > before ? copied - before : 0;
}

/* ------------------------------------------------------------- the thread */

/* Monotonic; 0: nothing to do. */
static int64_t
due_ms(const struct checkpoint *c)
{
	int behind = c->log - c->copied;
	int64_t due;

	if (behind <= 0)
		return 0;
	if (behind >= FROM_PAGES ||
	    (c->log >= ANEW_PAGES && behind > LAST_PAGES))
		due = c->noted_ms;
	else if (c->log >= ANEW_PAGES)
		due = c->noted_ms + QUIET_MS;
	else
		return 0;
	return due > c->again_ms ? due : c->again_ms;
}

int
checkpoint_is_behind(struct checkpoint *c)
{
	int64_t due;
	int is_full;

	pthread_mutex_lock(&c->lock);
	due = due_ms(c);
	is_full = c->log >= HARD_PAGES && c->log - c->copied > LAST_PAGES;
	pthread_mutex_unlock(&c->lock);
	return is_full || (due != 0 && due <= clock_mono_ms() + QUIET_MS);
}

static struct timespec
timespec_of(int64_t mono_ms)
{
	return (struct timespec){ .tv_sec = mono_ms / 1000,
	    .tv_nsec = mono_ms % 1000 * 1000000 };
}

/* Until there is something to do: 1, or 0 to end. */
static int
wait_for_log(struct checkpoint *c)
{
	struct timespec until;
	int64_t due;
	int goes_on;

	pthread_mutex_lock(&c->lock);
	while (!c->is_stopping) {
		due = due_ms(c);
		if (due != 0 && due <= clock_mono_ms())
			break;
		until = timespec_of(due);
		if (due == 0)
			pthread_cond_wait(&c->wake, &c->lock);
		else
			pthread_cond_timedwait(&c->wake, &c->lock, &until);
	}
	goes_on = !c->is_stopping;
	pthread_mutex_unlock(&c->lock);
	return goes_on;
}

static void *
checkpoint_main(void *arg)
{
	struct checkpoint *c = arg;

	while (wait_for_log(c)) {
		pthread_mutex_lock(&c->pass);
		copy_log(c, c->db.sqlite);
		pthread_mutex_unlock(&c->pass);
	}
	return NULL;
}

static void
init_locks(struct checkpoint *c)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&c->pass, NULL);
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->wake, &attr);
	pthread_condattr_destroy(&attr);
}

int
checkpoint_start(struct checkpoint *c, const char *path, struct err *err)
{
	sigset_t all, was;
	int64_t ignored;
	int code;

	*c = (struct checkpoint){ .hard = HARD_PAGES };
	/* Only who has read it knows that it has a log. */
	if (db_open(&c->db, path, DB_WRITE, err) != 0 ||
	    db_number(&c->db, "SELECT count(*) FROM sqlite_schema", &ignored,
	    err) != 0 || db_number(&c->db, "PRAGMA page_size",
	    &c->page_bytes, err) != 0) {
		db_close(&c->db);
		return -1;
	}
	init_locks(c);
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was);
	code = pthread_create(&c->thread, NULL, checkpoint_main, c);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	if (code == 0)
		return 0;
	db_close(&c->db);
	return err_set(err, "could not start a thread: %s", strerror(code));
}

void
checkpoint_stop(struct checkpoint *c)
{
	pthread_mutex_lock(&c->lock);
	c->is_stopping = 1;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	db_close(&c->db);
	pthread_cond_destroy(&c->wake);
	pthread_mutex_destroy(&c->lock);
	pthread_mutex_destroy(&c->pass);
}

/* ------------------------------------------------------------- the writer */

void
checkpoint_note(struct checkpoint *c, int pages)
{
	pthread_mutex_lock(&c->lock);
	if (pages < c->log) {
		c->turn++;
		c->copied = 0;
		c->hard = HARD_PAGES;
	}
	c->log = pages;
	if (pages > c->log_max)
		c->log_max = pages;
	c->noted_ms = clock_mono_ms();
	if (due_ms(c) != 0)
		pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
}

enum help { HELP_NONE, HELP_LAST, HELP_ALL };

static enum help
help_wanted(struct checkpoint *c)
{
	enum help help = HELP_NONE;
	int behind;

	pthread_mutex_lock(&c->lock);
	behind = c->log - c->copied;
	if (c->log >= c->hard) {
		help = HELP_ALL;
		c->hard = c->log + HARD_PAGES / 4;
	} else if (c->log >= ANEW_PAGES && behind > 0 &&
	    behind <= LAST_PAGES && c->again_ms <= clock_mono_ms()) {
		help = HELP_LAST;
	}
	pthread_mutex_unlock(&c->lock);
	return help;
}

int
checkpoint_help(struct checkpoint *c, sqlite3 *writer)
{
	enum help help = help_wanted(c);
	int pages;

	if (help == HELP_NONE || (help == HELP_LAST &&
	    pthread_mutex_trylock(&c->pass) != 0))
		return 0;
	if (help == HELP_ALL)
		pthread_mutex_lock(&c->pass);
	pages = copy_log(c, writer);
	pthread_mutex_unlock(&c->pass);
	pthread_mutex_lock(&c->lock);
	if (pages > c->helped_max)
		c->helped_max = pages;
	pthread_mutex_unlock(&c->lock);
	return pages;
}
