/*
 * checkpoint.h - the thread that takes the log back into the database.
 *
 * What is committed stands in the log (-wal) first; to copy it into the
 * database and to sync that takes as long as a disk likes, so the writer
 * leaves it to a thread with a connection of its own.  The log begins anew
 * with the first commit after all of it was copied.  While the writer never
 * rests that moment does not come by itself: then the writer copies the last
 * few pages, LAST at most, between two groups.
 *
 * Where the log grows all the same, to HARD pages, the writer waits for a
 * whole copy: a disk must not fill up with it.
 */
#ifndef FEEDMILL_STORE_CHECKPOINT_H
#define FEEDMILL_STORE_CHECKPOINT_H

#include <pthread.h>
#include <stdint.h>

#include "feedmill/store.h"

#include "db.h"

struct checkpoint {
	struct db	 db;
	int64_t		 page_bytes;
	pthread_t	 thread;
	pthread_mutex_t	 pass;		/* of who copies */

	pthread_mutex_t	 lock;		/* of all below */
	pthread_cond_t	 wake;
	int		 log, copied;	/* pages of 16 KiB; of them */
	unsigned	 turn;		/* how often the log began anew */
	int64_t		 noted_ms;	/* monotonic, the last commit */
	int64_t		 again_ms;	/* not before: readers, or a failure */
	int		 hard;		/* pages, see above */
	int		 is_stopping;
	struct err	 trouble;	/* of the last try; msg "": none */
	int		 log_max, helped_max;	/* pages */
	int64_t		 copy_max_ms;
};

int checkpoint_start(struct checkpoint *, const char *path, struct err *);
void checkpoint_stop(struct checkpoint *);

/* The writer: after each commit, the pages of the log. */
void checkpoint_note(struct checkpoint *, int pages);
/*
 * The writer, between two groups, with its own connection: the number of
 * pages it has copied itself, mostly 0.
 */
int checkpoint_help(struct checkpoint *, sqlite3 *writer);

/* The log is long, and something is done about it or cannot be done: who
 * need not write had better wait. */
int checkpoint_is_behind(struct checkpoint *);

/* How it fares; trouble only where there is no other. */
void checkpoint_health(struct checkpoint *, struct store_health *);

#endif
