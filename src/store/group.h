/*
 * group.h - one transaction of the writer: of tasks, or of a step it takes
 * unasked (then without a task).
 *
 * Begin, run, commit; whatever of it failed, undo; finish in any case: it
 * reports, hands the tasks back and takes the time.
 */
#ifndef FEEDMILL_STORE_GROUP_H
#define FEEDMILL_STORE_GROUP_H

#include <stddef.h>
#include <stdint.h>

#include "feedmill/base/err.h"

#include "task.h"

struct writer;

struct group {
	struct task_list tasks;		/* run, waiting for the commit */
	unsigned	 count;
	size_t		 bytes;		/* held until the commit */
	int64_t		 since_ms, cpu_ms;
	int64_t		 seq_before;
	int		 has_begun;
	int		 has_index;	/* of what it stores, for search */
	int		 whose;		/* TROUBLE_OF_TASKS, or a chore's */
	int		 was_cut;	/* a step, for somebody who waits */
	int		 has_failed;
	struct err	 err;		/* why */
};

int group_begin(struct writer *, struct group *);
int group_run(struct writer *, struct group *, struct task *);
int group_is_full(const struct group *);
int group_commit(struct writer *, struct group *);
void group_undo(struct writer *, struct group *);
/* Committed, or failed for good. */
void group_finish(struct writer *, struct group *);

#endif
