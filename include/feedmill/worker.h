/*
 * worker.h - from "do this" to "it is done", off the loop.
 *
 * One thread that runs jobs one at a time, in the order they came; each is
 * ended on the loop, in that order too.  Knows nothing of what a job does.
 * run may touch its job and nothing else that the loop can see; the loop
 * keeps its hands off a job between worker_post() and done.
 */
#ifndef FEEDMILL_WORKER_H
#define FEEDMILL_WORKER_H

#include <sys/queue.h>

struct ev_loop;
struct worker;

/* What a job's own struct begins with. */
struct job {
	TAILQ_ENTRY(job) link;
	int		 was_run;
};

typedef void worker_run_fn(struct job *);		/* on the thread */
/* On the loop, owns the job; was_run 0: the worker ended before its turn. */
typedef void worker_done_fn(struct job *, void *arg);

struct worker *worker_new(struct ev_loop *, worker_run_fn *, worker_done_fn *,
    void *arg);

/* done is called once, never before this has returned. */
void worker_post(struct worker *, struct job *);

/* Jobs posted and not yet done. */
unsigned worker_depth(const struct worker *);

/* Waits for the one job that runs, no longer; done is told of all. */
void worker_free(struct worker *);

#endif
