/* turns.c - see turns.h. */
#include "feedmill/base/clock.h"
#include "feedmill/metrics.h"
#include "turns.h"

enum {
	LONG_MS = 5,		/* a shorter turn is not worth a look */
	CPU_LOOK_MS = 10	/* what the CPU time of one may be off by */
};

static void
on_begin(struct ev_loop *loop, struct ev_check *w, int revents)
{
	struct turns *t = w->data;

	(void)loop, (void)revents;
	t->since_ms = clock_mono_ms();
}

/* A gauge that only rises. */
static void
raise_gauge(struct metrics *m, enum metric which, int64_t value)
{
	if ((double)value > m->value[which])
		metrics_set(m, which, (double)value);
}

/*
 * How long it was, by the clock and in CPU time: on a starved machine they
 * differ.  Asking for CPU time costs as much as a tenth of a poll, so it is
 * asked for now and then, and of a turn it is known what it had at most.
 */
static void
on_end(struct ev_loop *loop, struct ev_prepare *w, int revents)
{
	struct turns *t = w->data;
	int64_t now_ms = clock_mono_ms(), busy_ms = now_ms - t->since_ms;
	int64_t cpu_ms;

	(void)loop, (void)revents;
	if (t->since_ms == 0)
		return;
	t->since_ms = 0;
	if (busy_ms < LONG_MS && now_ms - t->cpu_looked_ms < CPU_LOOK_MS)
		return;
	t->cpu_looked_ms = now_ms;
	cpu_ms = clock_cpu_ms() - t->cpu_ms;
	t->cpu_ms += cpu_ms;
	if (busy_ms < LONG_MS)
		return;
	raise_gauge(t->metrics, METRIC_LOOP_LAG_MAX_MS, busy_ms);
	raise_gauge(t->metrics, METRIC_LOOP_CPU_MAX_MS,
	    cpu_ms < busy_ms ? cpu_ms : busy_ms);
}

void
turns_watch(struct turns *t, struct ev_loop *loop, struct metrics *metrics)
{
	t->metrics = metrics;
	ev_check_init(&t->begin, on_begin);
	ev_prepare_init(&t->end, on_end);
	t->begin.data = t->end.data = t;
	ev_check_start(loop, &t->begin);
	ev_prepare_start(loop, &t->end);
}
