/*
 * writer.h - the thread that owns the one writing connection.
 */
#ifndef FEEDMILL_STORE_WRITER_H
#define FEEDMILL_STORE_WRITER_H

#include <stdatomic.h>
#include <pthread.h>

#include "feedmill/store.h"

#include "checkpoint.h"
#include "chores.h"
#include "db.h"
#include "lock.h"
#include "saves.h"
#include "task.h"

/* Who met it: tasks, or a chore, TROUBLE_OF_CHORE + which. */
enum { TROUBLE_OF_TASKS, TROUBLE_OF_CHORE, TROUBLES = 1 + CHORE_COUNT };

struct writer {
	struct db	 db;
	const struct store_options *options;
	const struct inflight *inflight;	/* only what was left */
	struct outbox	*outbox;
	uint64_t	 hash_seed;
	int64_t		 last_seq;	/* given out, committed or not */
	int64_t		 last_announced_ms;	/* at least, see below */
	int64_t		 cache_fits_seq;	/* up to there */
	int64_t		 mended_ms;	/* the index, or tried in vain; 0: never */
	struct chores	 chores;
	struct checkpoint checkpoint;
	/*
	 * Saves that the open transaction holds: kept until it is committed,
	 * else they are due again.
	 */
	struct save	*flushed;
	int		 was_synced;	/* in_flight is told once, and */
	int		 is_syncing;	/* that is not yet committed */
	pthread_t	 thread;

	/* Shared with the caller, under lock. */
	pthread_mutex_t	 lock;
	pthread_cond_t	 wake;
	struct task_list queue;
	struct saves	 saves;
	int64_t		 saves_due_ms;	/* monotonic; 0: none */
	int		 is_stopping;
	int64_t		 busy_end_ms;	/* monotonic; 0: not hurried */
	struct store_health health;
	struct err	 troubles[TROUBLES];	/* "": none */
	atomic_uint	 depth;		/* visits not yet committed */
};

/* Opens the connection, brings the schema up, starts the thread. */
int writer_start(struct writer *, struct err *);
/* Does what is queued, then ends. */
void writer_stop(struct writer *);

/*
 * The time an announcement of now gets: the clock's, but never less than the
 * last one's, so that the sequence is also ordered by time and a time can be
 * found in it without an index.
 */
int64_t writer_announce_ms(struct writer *);

void writer_hurry(struct writer *);
void writer_health(struct writer *, struct store_health *);

void writer_post(struct writer *, struct task *);
/* s is a gift. */
void writer_post_save(struct writer *, struct save *);

/* Inside a task: write all saves now, so that what it reads is current. */
int writer_flush_saves(struct writer *, struct err *);
/* After a transaction was undone. */
void writer_put_saves_back(struct writer *);

/* NULL: not this time.  Said once when it begins and once when it ends. */
void writer_set_trouble(struct writer *, int whose, const struct err *);
/* It has nothing to do any more, and so will not come to its end by itself;
 * damage stays. */
void writer_drop_trouble(struct writer *, int whose);
/* How long others had to wait, at most: for a group, or what is unasked. */
void writer_note_time(struct writer *, int is_group, int64_t since_ms,
    int64_t since_cpu_ms);
void writer_note_cut(struct writer *);
/* The index for search was thrown away. */
void writer_note_mended(struct writer *);
/* There is something in the queue. */
int writer_is_awaited(struct writer *);

#endif
