/*
 * task.h - work handed to a thread, and handed back when it is done.
 *
 * A task goes from the caller into the queue of one worker and from there
 * into the outbox, whose descriptor wakes the caller.  Only one side holds
 * it at a time, so its content needs no lock.
 */
#ifndef FEEDMILL_STORE_TASK_H
#define FEEDMILL_STORE_TASK_H

#include <pthread.h>

#include "feedmill/base/err.h"

struct writer;
struct store_reader;

struct task {
	struct task	*next;
	/* On the writer's thread, in a transaction; -1: see err.  It may be
	 * called again, after what it did was rolled back. */
	int		(*write)(struct writer *, struct task *, struct err *);
	/* On the reader's thread, in a read transaction. */
	void		(*read)(struct store_reader *, struct task *);
	/* On the caller's thread; failed is NULL after a commit.  Frees. */
	void		(*finish)(struct task *, const struct err *failed);
	size_t		 bytes;		/* it holds until it is committed */
	int		 is_visit;	/* and no import */
	int		 has_failed;
	struct err	 err;
};

struct task_list {
	struct task	*head, **tail;	/* task_list_init() first */
};
void task_list_init(struct task_list *);
void task_list_add(struct task_list *, struct task *);
struct task *task_list_pop(struct task_list *);	/* NULL: empty */
/* All of from at the end of the list; from is then empty. */
void task_list_join(struct task_list *, struct task_list *from);

struct outbox {
	pthread_mutex_t	 lock;
	struct task_list done;
	int		 fd;		/* readable while there is something */
};
int outbox_init(struct outbox *, struct err *);
void outbox_fini(struct outbox *);
void outbox_put(struct outbox *, struct task_list *);
void outbox_take(struct outbox *, struct task_list *ret);

#endif
