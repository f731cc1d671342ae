/*
 * schedule.c - see schedule.h.
 *
 *	heap (by due time, then order) --> active --> out, until put again
 *	   ^        |
 *	   |        v  its host is busy
 *	   +---- parked at the host: back when the host has a place
 *
 * A slot is in exactly one of these places.  Sources are found by id in a
 * plain vector (ids are small), hosts by name in a hash table that only
 * grows.  Due times are wall time; the one timer looks again at least once a
 * minute, so that a changed clock or a suspended machine is noticed.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <ev.h>

#include "feedmill/base/clock.h"
#include "feedmill/base/hash.h"
#include "feedmill/base/mem.h"
#include "feedmill/schedule.h"

enum { LOOK_AGAIN_MS = 60000, HOST_BUCKETS = 1024 };

enum place { PLACE_OUT, PLACE_HEAP, PLACE_PARKED, PLACE_ACTIVE };

struct host {
	struct host	*next;		/* in its bucket */
	unsigned	 active;
	struct slot	*parked, **last;
	char		 name[];
};

struct slot {
	int64_t		 id, due_ms;
	unsigned	 order;
	enum place	 place;
	int		 removed;	/* while it was active */
	size_t		 index;		/* in the heap */
	struct host	*host;
	struct slot	*next;		/* parked after this one */
};

struct schedule {
	struct ev_loop		*loop;
	struct ev_timer		 timer;
	schedule_start_fn	*start;
	schedule_gate_fn	*gate;
	void			*arg;
	struct schedule_limits	 limits;
	struct slot		**slots;	/* by id */
	size_t			 slots_len;
	struct slot		**heap;
	size_t			 heap_len, heap_cap;
	size_t			 active;
	struct host		*hosts[HOST_BUCKETS];
};

/* ---------------------------------------------------------------- heap */

static int
is_before(const struct slot *a, const struct slot *b)
{
	if (a->due_ms != b->due_ms)
		return a->due_ms < b->due_ms;
	return a->order < b->order;
}

static void
heap_set(struct schedule *s, size_t i, struct slot *slot)
{
	s->heap[i] = slot;
	slot->index = i;
}

static void
heap_up(struct schedule *s, size_t i)
{
	struct slot *slot = s->heap[i];

	while (i > 0 && is_before(slot, s->heap[(i - 1) / 2])) {
		heap_set(s, i, s->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	heap_set(s, i, slot);
}

static void
heap_down(struct schedule *s, size_t i)
{
	struct slot *slot = s->heap[i];
	size_t child;

	while ((child = 2 * i + 1) < s->heap_len) {
		if (child + 1 < s->heap_len &&
		    is_before(s->heap[child + 1], s->heap[child]))
			child++;
		if (!is_before(s->heap[child], slot))
			break;
		heap_set(s, i, s->heap[child]);
		i = child;
	}
	heap_set(s, i, slot);
}

static void
heap_push(struct schedule *s, struct slot *slot)
{
	assert(slot->place != PLACE_HEAP);
	if (s->heap_len == s->heap_cap) {
		s->heap_cap = s->heap_cap * 2 + 64;
		s->heap = xrealloc(s->heap, s->heap_cap * sizeof(*s->heap));
	}
	slot->place = PLACE_HEAP;
	heap_set(s, s->heap_len++, slot);
	heap_up(s, slot->index);
}

static void
heap_remove(struct schedule *s, struct slot *slot)
{
	struct slot *moved = s->heap[--s->heap_len];
	size_t i = slot->index;

	assert(slot->place == PLACE_HEAP);
	slot->place = PLACE_OUT;
	if (moved == slot)
		return;
	heap_set(s, i, moved);
	heap_up(s, i);
	heap_down(s, moved->index);
}

/* --------------------------------------------------------------- hosts */

static struct host *
host_of(struct schedule *s, const char *name)
{
	size_t len = strlen(name);
	struct host **bucket =
	    &s->hosts[hash_64(name, len, 0) % HOST_BUCKETS], *h;

	for (h = *bucket; h != NULL; h = h->next)
		if (strcmp(h->name, name) == 0)
			return h;
	h = xcalloc(1, sizeof(*h) + len + 1);
	memcpy(h->name, name, len);
	h->last = &h->parked;
	h->next = *bucket;
	*bucket = h;
	return h;
}

static void
park(struct slot *slot)
{
	slot->place = PLACE_PARKED;
	slot->next = NULL;
	*slot->host->last = slot;
	slot->host->last = &slot->next;
}

static void
unpark(struct slot *slot)
{
	struct host *h = slot->host;
	struct slot **p = &h->parked;

	assert(slot->place == PLACE_PARKED);
	while (*p != slot)
		p = &(*p)->next;
	*p = slot->next;
	if (h->last == &slot->next)
		h->last = p;
	slot->place = PLACE_OUT;
}

/* ----------------------------------------------------------------- run */

static void
take_out(struct schedule *s, struct slot *slot)
{
	if (slot->place == PLACE_HEAP)
		heap_remove(s, slot);
	else if (slot->place == PLACE_PARKED)
		unpark(slot);
}

static void
arm(struct schedule *s, int64_t now_ms)
{
	int64_t wait_ms = LOOK_AGAIN_MS;

	ev_timer_stop(s->loop, &s->timer);
	if (s->heap_len == 0)
		return;
	if (s->heap[0]->due_ms - now_ms < wait_ms)
		wait_ms = s->heap[0]->due_ms - now_ms;
	if (wait_ms < 0)	/* due, but not let through: kicked later */
		wait_ms = LOOK_AGAIN_MS;
	ev_timer_set(&s->timer, (double)wait_ms / 1000.0 + 0.0005, 0.0);
	ev_timer_start(s->loop, &s->timer);
}

static void
start_due(struct schedule *s)
{
	int64_t now_ms = clock_wall_ms();

	while (s->heap_len > 0 && s->heap[0]->due_ms <= now_ms &&
	    s->active < s->limits.concurrency && s->gate(s->arg)) {
		struct slot *slot = s->heap[0];

		heap_remove(s, slot);
		if (slot->host->active >= s->limits.concurrency_per_host) {
			park(slot);
			continue;
		}
		slot->place = PLACE_ACTIVE;
		slot->host->active++;
		s->active++;
		s->start(slot->id, s->arg);
	}
	arm(s, now_ms);
}

static void
on_timer(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	(void)loop, (void)revents;
	start_due(w->data);
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
	s->limits = (struct schedule_limits){ 1, 1 };
	ev_init(&s->timer, on_timer);
	s->timer.data = s;
	return s;
}

void
schedule_limit(struct schedule *s, struct schedule_limits limits)
{
	assert(limits.concurrency > 0 && limits.concurrency_per_host > 0);
	s->limits = limits;
	start_soon(s);
}

static struct slot *
find(const struct schedule *s, int64_t id)
{
	return id >= 0 && (size_t)id < s->slots_len ?
	    s->slots[id] : NULL;
}

static struct slot *
add(struct schedule *s, int64_t id)
{
	size_t len = s->slots_len;

	assert(id >= 0);
	if ((size_t)id >= len) {
		s->slots_len = (size_t)id + 1 + len / 2;
		s->slots = xrealloc(s->slots,
		    s->slots_len * sizeof(*s->slots));
		memset(s->slots + len, 0,
		    (s->slots_len - len) * sizeof(*s->slots));
	}
	s->slots[id] = xcalloc(1, sizeof(*s->slots[id]));
	s->slots[id]->id = id;
	return s->slots[id];
}

void
schedule_put(struct schedule *s, int64_t source_id, const char *host,
    unsigned order, int64_t due_ms)
{
	struct slot *slot = find(s, source_id);

	if (slot == NULL)
		slot = add(s, source_id);
	take_out(s, slot);
	slot->order = order;
	slot->due_ms = due_ms;
	slot->removed = 0;
	if (slot->place == PLACE_ACTIVE)
		return;			/* schedule_done() puts it */
	slot->host = host_of(s, host);
	if (due_ms != INT64_MAX)
		heap_push(s, slot);
	start_soon(s);
}

static void
slot_free(struct schedule *s, struct slot *slot)
{
	s->slots[slot->id] = NULL;
	free(slot);
}

void
schedule_remove(struct schedule *s, int64_t source_id)
{
	struct slot *slot = find(s, source_id);

	if (slot == NULL)
		return;
	take_out(s, slot);
	if (slot->place == PLACE_ACTIVE)
		slot->removed = 1;
	else
		slot_free(s, slot);
}

void
schedule_done(struct schedule *s, int64_t source_id)
{
	struct slot *slot = find(s, source_id), *waiting;
	struct host *h;

	assert(slot != NULL && slot->place == PLACE_ACTIVE);
	h = slot->host;
	h->active--;
	s->active--;
	slot->place = PLACE_OUT;
	if (slot->removed)
		slot_free(s, slot);
	else if (slot->due_ms != INT64_MAX)
		heap_push(s, slot);
	if ((waiting = h->parked) != NULL) {
		unpark(waiting);
		heap_push(s, waiting);
	}
	start_soon(s);
}

void
schedule_kick(struct schedule *s)
{
	if (s->heap_len > 0)
		start_soon(s);
}

size_t
schedule_active(const struct schedule *s)
{
	return s->active;
}

int64_t
schedule_next_due(const struct schedule *s)
{
	return s->heap_len > 0 ? s->heap[0]->due_ms : INT64_MAX;
}

size_t
schedule_overdue(const struct schedule *s, int64_t now_ms)
{
	size_t n = 0;

	for (size_t i = 0; i < s->slots_len; i++) {
		const struct slot *slot = s->slots[i];

		if (slot != NULL && slot->due_ms <= now_ms &&
		    (slot->place == PLACE_HEAP || slot->place == PLACE_PARKED))
			n++;
	}
	return n;
}

void
schedule_free(struct schedule *s)
{
	struct host *h, *next;

	if (s == NULL)
		return;
	ev_timer_stop(s->loop, &s->timer);
	for (size_t i = 0; i < s->slots_len; i++)
		free(s->slots[i]);
	for (size_t i = 0; i < HOST_BUCKETS; i++) {
		for (h = s->hosts[i]; h != NULL; h = next) {
			next = h->next;
			free(h);
		}
	}
	free(s->slots);
	free(s->heap);
	free(s);
}
