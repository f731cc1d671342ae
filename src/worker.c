/*
 * worker.c - see worker.h.
 *
 *	worker_post --> todo --> run (the thread) --> over --> on_over --> done
 *
 * Both lists are under one lock, which nobody holds while a job runs.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include <ev.h>

#include "feedmill/base/mem.h"
#include "feedmill/worker.h"

TAILQ_HEAD(jobs, job);

struct worker {
	struct ev_loop	*loop;
	struct ev_async	 wake_loop;
	worker_run_fn	*run;
	worker_done_fn	*done;
	void		*arg;
	unsigned	 depth;		/* the loop's own count */
	pthread_t	 thread;
	pthread_mutex_t	 lock;
	pthread_cond_t	 wake;
	struct jobs	 todo, over;
	int		 is_stopping;
};

static struct job *
next_job(struct worker *w)
{
	struct job *job;

	pthread_mutex_lock(&w->lock);
	while (TAILQ_EMPTY(&w->todo) && !w->is_stopping)
		pthread_cond_wait(&w->wake, &w->lock);
	job = w->is_stopping ? NULL : TAILQ_FIRST(&w->todo);
	if (job != NULL)
		TAILQ_REMOVE(&w->todo, job, link);
	pthread_mutex_unlock(&w->lock);
	return job;
}

static void *
worker_main(void *arg)
{
	struct worker *w = arg;
	struct job *job;

	while ((job = next_job(w)) != NULL) {
		w->run(job);
		job->was_run = 1;
		pthread_mutex_lock(&w->lock);
		TAILQ_INSERT_TAIL(&w->over, job, link);
		pthread_mutex_unlock(&w->lock);
		ev_async_send(w->loop, &w->wake_loop);
	}
	return NULL;
}

static void
end_all(struct worker *w, struct jobs *list)
{
	struct job *job;

	while ((job = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, job, link);
		w->depth--;
		w->done(job, w->arg);
	}
}

static void
on_over(struct ev_loop *loop, struct ev_async *async, int revents)
{
	struct worker *w = async->data;
	struct jobs batch = TAILQ_HEAD_INITIALIZER(batch);

	(void)loop, (void)revents;
	pthread_mutex_lock(&w->lock);
	TAILQ_CONCAT(&batch, &w->over, link);
	pthread_mutex_unlock(&w->lock);
	end_all(w, &batch);
}

void
worker_post(struct worker *w, struct job *job)
{
	job->was_run = 0;
	w->depth++;
	pthread_mutex_lock(&w->lock);
	TAILQ_INSERT_TAIL(&w->todo, job, link);
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

unsigned
worker_depth(const struct worker *w)
{
	return w->depth;
}

struct worker *
worker_new(struct ev_loop *loop, worker_run_fn *run, worker_done_fn *done,
    void *arg)
{
	struct worker *w = xcalloc(1, sizeof(*w));
	sigset_t all, was;

	w->loop = loop;
	w->run = run;
	w->done = done;
	w->arg = arg;
	TAILQ_INIT(&w->todo);
	TAILQ_INIT(&w->over);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	ev_async_init(&w->wake_loop, on_over);
	w->wake_loop.data = w;
	ev_async_start(loop, &w->wake_loop);
	ev_unref(loop);		/* a loop with nothing else to do ends */
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was);
	if (pthread_create(&w->thread, NULL, worker_main, w) != 0)
		abort();	/* no memory for a stack */
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	return w;
}

void
worker_free(struct worker *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->is_stopping = 1;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	end_all(w, &w->over);
	end_all(w, &w->todo);
	ev_ref(w->loop);
	ev_async_stop(w->loop, &w->wake_loop);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
