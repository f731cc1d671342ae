/*
 * reader.h - the thread that runs queries on a connection of its own.
 *
 * Jobs run one after the other, each in one read transaction and with a
 * deadline, so that nothing holds back the checkpoints of the writer.
 */
#ifndef FEEDMILL_STORE_READER_H
#define FEEDMILL_STORE_READER_H

#include <pthread.h>
#include <stdint.h>

#include "db.h"
#include "task.h"

/* What is asked in every round is prepared once. */
enum { READER_KEPT = 24 };

struct store_reader {
	struct db	 db;
	int64_t		 deadline_ms;	/* monotonic, of this job */
	int		 met_damage;	/* of the index for search */
	struct {
		const char	*sql;
		sqlite3_stmt	*q;
	} kept[READER_KEPT];
};

struct reader {
	struct store_reader conn;
	struct outbox	*outbox;
	int64_t		 limit_ms;	/* of a job; 0: none */
	pthread_t	 thread;
	pthread_mutex_t	 lock;
	pthread_cond_t	 wake;
	struct task_list queue;
	int		 is_stopping;
};

/* For queries inside a job: NULL or -1, and a sentence. */
sqlite3_stmt *reader_prepare(struct store_reader *, const char *sql,
    struct err *);
int reader_fail(struct store_reader *, struct err *);
/* The same, kept: sql stays where it is for ever, and is known by that. */
sqlite3_stmt *reader_statement(struct store_reader *, const char *sql,
    struct err *);
/* Done with its rows; nothing is bound any more. */
void reader_done(sqlite3_stmt *);

int reader_start(struct reader *, const char *path, struct err *);
void reader_stop(struct reader *);
void reader_post(struct reader *, struct task *);

#endif
