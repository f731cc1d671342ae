/*
 * schedule.c - see schedule.h.
 *
 * The agenda decides; here are the clocks, the one timer and the gate.  The
 * agenda runs on boot time, so a wall clock that is set moves nobody; the
 * timer looks again at least once a minute, because it does not run while
 * the machine sleeps.
 */
#include <stdlib.h>

#include <ev.h>

#include "feedmill/agenda.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/mem.h"
#include "feedmill/schedule.h"

struct schedule {
	struct ev_loop		*loop;
	struct ev_timer		 timer;
	schedule_start_fn	*start;
	schedule_gate_fn	*gate;
	void			*arg;
	struct agenda		*agenda;
};

/* ------------------------------------------------------------ two clocks */

static int64_t
mono_of(int64_t wall_ms)
{
	if (wall_ms == SCHEDULE_INSISTED)
		return AGENDA_INSISTED;
	if (wall_ms <= 0)
		return AGENDA_AT_ONCE;
	if (wall_ms == INT64_MAX)
		return AGENDA_NEVER;
	return wall_ms - clock_wall_ms() + clock_mono_ms();
}

static int64_t
wall_of(int64_t mono_ms)
{
	if (mono_ms <= AGENDA_AT_ONCE)
		return 0;
	if (mono_ms == AGENDA_NEVER)
		return INT64_MAX;
	return mono_ms - clock_mono_ms() + clock_wall_ms();
}

/* ----------------------------------------------------------------- run */

static void
arm(struct schedule *s)
{
	int64_t wait_ms = agenda_wait_ms(s->agenda, clock_mono_ms());

	ev_timer_stop(s->loop, &s->timer);
	if (wait_ms < 0)
		return;
	ev_timer_set(&s->timer, (double)wait_ms / 1000.0 + 0.0005, 0.0);
	ev_timer_start(s->loop, &s->timer);
}

static void
on_timer(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	struct schedule *s = w->data;
	int64_t id;

	(void)loop, (void)revents;
	while (s->gate(s->arg) &&
	    (id = agenda_take(s->agenda, clock_mono_ms())) != -1)
		s->start(id, s->arg);
	arm(s);
}

/* From the loop, soon: nobody is called back from inside his own call. */
static void
start_soon(struct schedule *s)
{
	ev_timer_stop(s->loop, &s->timer);
	ev_timer_set(&s->timer, 0.0, 0.0);
	ev_timer_start(s->loop, &s->timer);
}

struct schedule *
schedule_new(struct ev_loop *loop, schedule_start_fn *start,
    schedule_gate_fn *gate, void *arg)
{
	struct schedule *s = xcalloc(1, sizeof(*s));

	s->loop = loop;
	s->start = start;
	s->gate = gate;
	s->arg = arg;
	s->agenda = agenda_new();
	ev_init(&s->timer, on_timer);
	s->timer.data = s;
	return s;
}

void
schedule_free(struct schedule *s)
{
	if (s == NULL)
		return;
	ev_timer_stop(s->loop, &s->timer);
	agenda_free(s->agenda);
	free(s);
}

void
schedule_limit(struct schedule *s, struct schedule_limits limits)
{
	agenda_limit(s->agenda, limits.concurrency,
	    limits.concurrency_per_host);
	start_soon(s);
}

void
schedule_put(struct schedule *s, int64_t source_id, const char *host,
    unsigned order, int64_t due_ms)
{
	agenda_put(s->agenda, source_id, host, order, mono_of(due_ms));
	start_soon(s);
}

void
schedule_remove(struct schedule *s, int64_t source_id)
{
	agenda_remove(s->agenda, source_id);
}

void
schedule_done(struct schedule *s, int64_t source_id)
{
	agenda_done(s->agenda, source_id);
	start_soon(s);
}

void
schedule_kick(struct schedule *s)
{
	start_soon(s);
}

void
schedule_hold(struct schedule *s, const char *host, int64_t wait_ms)
{
	int64_t now_ms = clock_mono_ms();

	agenda_hold(s->agenda, host, now_ms + wait_ms, now_ms);
}

void
schedule_probe(struct schedule *s, int on)
{
	agenda_probe(s->agenda, on);
	start_soon(s);
}

/* ----------------------------------------------------------- questions */

int64_t
schedule_held_until(const struct schedule *s, const char *host)
{
	int64_t until_ms = agenda_held_until(s->agenda, host);

	return until_ms <= clock_mono_ms() ? 0 : wall_of(until_ms);
}

int64_t
schedule_due(const struct schedule *s, int64_t source_id)
{
	return wall_of(agenda_due(s->agenda, source_id));
}

size_t
schedule_active(const struct schedule *s)
{
	return agenda_active(s->agenda);
}

int64_t
schedule_next_due(const struct schedule *s)
{
	return wall_of(agenda_next_due(s->agenda));
}
