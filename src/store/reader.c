/* reader.c - see reader.h. */
#include <assert.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "feedmill/base/clock.h"
#include "feedmill/base/mem.h"
#include "feedmill/store.h"

#include "reader.h"
#include "schema.h"

enum {
	PROGRESS_STEPS = 10000,
	RETRY_US = 10000	/* between two tries to end a transaction */
};

static const char begin[] = "BEGIN", rollback[] = "ROLLBACK";

int
reader_fail(struct store_reader *r, struct err *err)
{
	return db_fail(&r->db, err, "read");
}

sqlite3_stmt *
reader_prepare(struct store_reader *r, const char *sql, struct err *err)
{
	sqlite3_stmt *q = NULL;

	if (sqlite3_prepare_v2(r->db.sqlite, sql, -1, &q, NULL) != SQLITE_OK)
		reader_fail(r, err);
	return q;
}

sqlite3_stmt *
reader_statement(struct store_reader *r, const char *sql, struct err *err)
{
	size_t i = 0;

	while (r->kept[i].sql != NULL && r->kept[i].sql != sql)
		assert(++i < READER_KEPT);
	if (r->kept[i].q == NULL && sqlite3_prepare_v3(r->db.sqlite, sql, -1,
	    SQLITE_PREPARE_PERSISTENT, &r->kept[i].q, NULL) != SQLITE_OK) {
		reader_fail(r, err);
		return NULL;
	}
	r->kept[i].sql = sql;
	return r->kept[i].q;
}

void
reader_done(sqlite3_stmt *q)
{
	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
}

static void
reader_close(struct store_reader *r)
{
	for (size_t i = 0; i < READER_KEPT; i++)
		sqlite3_finalize(TAKE(r->kept[i].q));
	db_close(&r->db);
}

void
store_read_limit(struct store_reader *r, int64_t limit_ms)
{
	int64_t deadline_ms = clock_mono_ms() + limit_ms;

	if (deadline_ms < r->deadline_ms)
		r->deadline_ms = deadline_ms;
}

static int
reader_is_late(void *arg)
{
	const struct store_reader *r = arg;

	return clock_mono_ms() > r->deadline_ms;
}

static int
run_kept(struct store_reader *conn, const char *sql)
{
	struct err ignored;
	sqlite3_stmt *q = reader_statement(conn, sql, &ignored);

	return q != NULL ? db_run(q) : -1;
}

static int
is_stopping(struct reader *r)
{
	int is;

	pthread_mutex_lock(&r->lock);
	is = r->is_stopping;
	pthread_mutex_unlock(&r->lock);
	return is;
}

/* A transaction that is not ended would show the next job what was true for
 * this one, and nobody would notice: it is waited for, even for memory. */
static void
reader_end(struct reader *r)
{
	while (run_kept(&r->conn, rollback) != 0 &&
	    !sqlite3_get_autocommit(r->conn.db.sqlite) && !is_stopping(r))
		usleep(RETRY_US);
}

static void
reader_run(struct reader *r, struct task *t)
{
	struct store_reader *conn = &r->conn;

	conn->deadline_ms = clock_mono_ms() + r->limit_ms;
	sqlite3_progress_handler(conn->db.sqlite,
	    r->limit_ms > 0 ? PROGRESS_STEPS : 0, reader_is_late, conn);
	/* Should BEGIN fail, the job's own queries will say why. */
	run_kept(conn, begin);
	t->read(conn, t);
	sqlite3_progress_handler(conn->db.sqlite, 0, NULL, NULL);
	reader_end(r);
}

static struct task *
reader_wait(struct reader *r)
{
	struct task *t;

	pthread_mutex_lock(&r->lock);
	while (r->queue.head == NULL && !r->is_stopping)
		pthread_cond_wait(&r->wake, &r->lock);
	t = task_list_pop(&r->queue);
	pthread_mutex_unlock(&r->lock);
	return t;
}

static void *
reader_main(void *arg)
{
	struct reader *r = arg;
	struct task_list done;
	struct task *t;

	while ((t = reader_wait(r)) != NULL) {
		reader_run(r, t);
		task_list_init(&done);
		task_list_add(&done, t);
		outbox_put(r->outbox, &done);
	}
	return NULL;
}

int
reader_start(struct reader *r, const char *path, struct err *err)
{
	sigset_t all, was;
	int code;

	if (db_open(&r->conn.db, path, DB_READ, err) != 0 ||
	    schema_check(&r->conn.db, err) != 0 ||
	    reader_statement(&r->conn, begin, err) == NULL ||
	    reader_statement(&r->conn, rollback, err) == NULL) {
		reader_close(&r->conn);
		return -1;
	}
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->wake, NULL);
	task_list_init(&r->queue);
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was);
	code = pthread_create(&r->thread, NULL, reader_main, r);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	if (code == 0)
		return 0;
	reader_close(&r->conn);
	return err_set(err, "could not start a thread: %s", strerror(code));
}

void
reader_stop(struct reader *r)
{
	pthread_mutex_lock(&r->lock);
	r->is_stopping = 1;
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	reader_close(&r->conn);
	pthread_cond_destroy(&r->wake);
	pthread_mutex_destroy(&r->lock);
}

void
reader_post(struct reader *r, struct task *t)
{
	pthread_mutex_lock(&r->lock);
	task_list_add(&r->queue, t);
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->lock);
}
