/* worker: jobs in order, off the loop; and its end in the middle of them. */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include <ev.h>

#include "feedmill/worker.h"
#include "unit.h"

struct task {
	struct job	 job;
	int		 number;
	sem_t		*begun, *go;	/* NULL: run through */
};

static struct {
	pthread_t	 loop_thread;
	int		 ran[8], done[8], unrun;
	size_t		 rans, dones;
} seen;

static void
run(struct job *job)
{
	struct task *t = (struct task *)job;

	assert_false(pthread_equal(pthread_self(), seen.loop_thread));
	if (t->begun != NULL)
		sem_post(t->begun);
	if (t->go != NULL)
		sem_wait(t->go);
	seen.ran[seen.rans++] = t->number;
}

static void
done(struct job *job, void *arg)
{
	struct task *t = (struct task *)job;

	assert_true(pthread_equal(pthread_self(), seen.loop_thread));
	seen.unrun += !job->was_run;
	seen.done[seen.dones++] = t->number;
	if (arg != NULL && seen.dones == 4)
		ev_break(arg, EVBREAK_ALL);
	free(t);
}

static void
post(struct worker *w, int number, sem_t *begun, sem_t *go)
{
	struct task *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->number = number;
	t->begun = begun;
	t->go = go;
	worker_post(w, &t->job);
}

static int
setup(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	seen.loop_thread = pthread_self();
	return 0;
}

static void
jobs_are_run_and_ended_in_order(void **state)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct worker *w = worker_new(loop, run, done, loop);
	struct ev_timer forever;

	(void)state;
	for (int i = 0; i < 4; i++)
		post(w, i, NULL, NULL);
	assert_int_equal(worker_depth(w), 4);
	assert_int_equal(seen.dones, 0);
	ev_init(&forever, NULL);	/* the worker alone keeps no loop */
	ev_timer_set(&forever, 600.0, 0.0);
	ev_timer_start(loop, &forever);
	ev_run(loop, 0);
	ev_timer_stop(loop, &forever);
	assert_int_equal(worker_depth(w), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(seen.ran[i], i);
		assert_int_equal(seen.done[i], i);
	}
	assert_int_equal(seen.unrun, 0);
	worker_free(w);
	ev_run(loop, 0);		/* nothing is left on it */
	ev_loop_destroy(loop);
}

/* The one that runs is waited for; those behind it are handed back unrun. */
static void
the_end_waits_for_one_job(void **state)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct worker *w = worker_new(loop, run, done, NULL);
	sem_t begun, go;

	(void)state;
	sem_init(&begun, 0, 0);
	sem_init(&go, 0, 0);
	post(w, 0, &begun, &go);
	post(w, 1, NULL, NULL);
	post(w, 2, NULL, NULL);
	sem_wait(&begun);
	post(w, 3, NULL, NULL);
	sem_post(&go);
	worker_free(w);
	assert_int_equal(seen.dones, 4);
	assert_int_equal(seen.rans + (size_t)seen.unrun, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(seen.done[i], i);
	ev_loop_destroy(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(jobs_are_run_and_ended_in_order,
		    setup),
		cmocka_unit_test_setup(the_end_waits_for_one_job, setup),
	};

	return UNIT_RUN(tests);
}
