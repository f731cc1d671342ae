/*
 * agenda.c - see agenda.h.
 *
 *	heap (by due time, then order) --> active --> out, until put again
 *	   ^        |
 *	   |        v  its host is busy
 *	   +---- parked at the host: back when the host has a place
 *
 * A slot is in exactly one of these places.  Sources are found by id in a
 * plain vector (ids are small), hosts by name in a hash table that only
 * grows: a poll costs the same among a hundred thousand hosts.
 *
 * A slot whose host is held goes back into the heap with the host's next
 * free turn as its due time: so each waits once, not all of them at every
 * turn.  Should turns pile up (the loop stood still) the distance is kept
 * all the same: who comes too close takes another turn.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/agenda.h"
#include "feedmill/base/hash.h"
#include "feedmill/base/mem.h"

enum { HOST_BUCKETS = 1024 };		/* at first; a power of two */

enum place { PLACE_OUT, PLACE_HEAP, PLACE_PARKED, PLACE_ACTIVE };

struct host {
	struct host	*next;		/* in its bucket */
	unsigned	 active;
	struct slot	*parked, **last;
	int64_t		 held_ms;	/* left alone until then */
	int64_t		 space_ms;	/* between requests; 0: any */
	int64_t		 eased_ms;	/* space_ms was last changed */
	int64_t		 started_ms;	/* last request */
	int64_t		 turn_ms;	/* first turn nobody has yet */
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

struct agenda {
	unsigned	 concurrency, concurrency_per_host;
	struct slot	**slots;	/* by id */
	size_t		 slots_len;
	struct slot	**heap;
	size_t		 heap_len, heap_cap;
	size_t		 active;
	int64_t		 looked_ms;	/* AGENDA_AT_ONCE: not yet */
	int64_t		 probe_ms;	/* the next try without network */
	int64_t		 probe_step_ms;
	int		 is_probing, wants_spread;
	struct host	**hosts;
	size_t		 buckets, host_count;
};

/* ---------------------------------------------------------------- heap */

static int
is_before(const struct slot *x, const struct slot *y)
{
	if (x->due_ms != y->due_ms)
		return x->due_ms < y->due_ms;
	return x->order < y->order;
}

static void
heap_set(struct agenda *a, size_t i, struct slot *slot)
{
	a->heap[i] = slot;
	slot->index = i;
}

static void
heap_up(struct agenda *a, size_t i)
{
	struct slot *slot = a->heap[i];

	while (i > 0 && is_before(slot, a->heap[(i - 1) / 2])) {
		heap_set(a, i, a->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	heap_set(a, i, slot);
}

static void
heap_down(struct agenda *a, size_t i)
{
	struct slot *slot = a->heap[i];
	size_t child;

	while ((child = 2 * i + 1) < a->heap_len) {
		if (child + 1 < a->heap_len &&
		    is_before(a->heap[child + 1], a->heap[child]))
			child++;
		if (!is_before(a->heap[child], slot))
			break;
		heap_set(a, i, a->heap[child]);
		i = child;
	}
	heap_set(a, i, slot);
}

static void
heap_push(struct agenda *a, struct slot *slot)
{
	assert(slot->place != PLACE_HEAP);
	if (a->heap_len == a->heap_cap) {
		a->heap_cap = a->heap_cap * 2 + 64;
		a->heap = xrealloc(a->heap, a->heap_cap * sizeof(*a->heap));
	}
	slot->place = PLACE_HEAP;
	heap_set(a, a->heap_len++, slot);
	heap_up(a, slot->index);
}

static void
heap_remove(struct agenda *a, struct slot *slot)
{
	struct slot *moved = a->heap[--a->heap_len];
	size_t i = slot->index;

	assert(slot->place == PLACE_HEAP);
	slot->place = PLACE_OUT;
	if (moved == slot)
		return;
	heap_set(a, i, moved);
	heap_up(a, i);
	heap_down(a, moved->index);
}

/* --------------------------------------------------------------- hosts */

static struct host **
bucket_of(const struct agenda *a, const char *name)
{
	return &a->hosts[hash_64(name, strlen(name), 0) & (a->buckets - 1)];
}

static void
host_insert(struct agenda *a, struct host *h)
{
	struct host **bucket = bucket_of(a, h->name);

	h->next = *bucket;
	*bucket = h;
}

static void
hosts_grow(struct agenda *a)
{
	struct host **old = a->hosts, *h, *next;
	size_t n = a->buckets;

	a->buckets = n > 0 ? 4 * n : HOST_BUCKETS;
	a->hosts = xcalloc(a->buckets, sizeof(struct host *));
	for (size_t i = 0; i < n; i++) {
		for (h = old[i]; h != NULL; h = next) {
			next = h->next;
			host_insert(a, h);
		}
	}
	free(old);
}

/* NULL: nobody has put a source of it. */
static struct host *
host_find(const struct agenda *a, const char *name)
{
	struct host *h = *bucket_of(a, name);

	while (h != NULL && strcmp(h->name, name) != 0)
		h = h->next;
	return h;
}

static struct host *
host_of(struct agenda *a, const char *name)
{
	struct host *h = host_find(a, name);
	size_t len = strlen(name);

	if (h != NULL)
		return h;
	if (a->host_count++ == a->buckets)
		hosts_grow(a);
	h = xcalloc(1, sizeof(*h) + len + 1);
	memcpy(h->name, name, len);
	h->last = &h->parked;
	host_insert(a, h);
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

/* When the host may be asked; in the past if it does not care. */
static int64_t
ready_ms(struct host *h, int64_t now_ms)
{
	int64_t ready = h->held_ms;

	while (h->space_ms > 0 && now_ms - h->eased_ms >= AGENDA_EASE_MS) {
		h->eased_ms += AGENDA_EASE_MS;
		h->space_ms = h->space_ms > AGENDA_SPACE_MS ?
		    h->space_ms / 2 : 0;
	}
	if (h->space_ms > 0 && h->started_ms + h->space_ms > ready)
		ready = h->started_ms + h->space_ms;
	return ready;
}

/* Back into the heap, for the host's next free turn. */
static void
postpone(struct agenda *a, struct slot *slot, int64_t until_ms)
{
	struct host *h = slot->host;

	slot->due_ms = until_ms > h->turn_ms ? until_ms : h->turn_ms;
	h->turn_ms = slot->due_ms + h->space_ms;
	heap_push(a, slot);
}

/* -------------------------------------------------------------- spread */

static int
compare_slots(const void *a, const void *b)
{
	const struct slot *x = *(struct slot *const *)a;
	const struct slot *y = *(struct slot *const *)b;

	return is_before(x, y) ? -1 : 1;
}

/* What is overdue gets due times anew: evenly, in the order there was.
 * Newcomers stay where they are. */
static void
spread(struct agenda *a, int64_t now_ms)
{
	struct slot **late = xcalloc(a->heap_len + 1, sizeof(struct slot *));
	int64_t step_ms = AGENDA_SPREAD_MS;
	size_t n = 0;

	for (size_t i = 0; i < a->heap_len; i++)
		if (a->heap[i]->due_ms <= now_ms &&
		    a->heap[i]->due_ms > AGENDA_AT_ONCE)
			late[n++] = a->heap[i];
	qsort(late, n, sizeof(struct slot *), compare_slots);
	if ((int64_t)n > AGENDA_SPREAD_MAX_MS / AGENDA_SPREAD_MS)
		step_ms = AGENDA_SPREAD_MAX_MS / (int64_t)n;
	for (size_t i = 0; i < n; i++) {
		heap_remove(a, late[i]);
		late[i]->due_ms = now_ms + (int64_t)i * step_ms;
		heap_push(a, late[i]);
	}
	free(late);
}

static void
look(struct agenda *a, int64_t now_ms)
{
	int paused = a->looked_ms == AGENDA_AT_ONCE ||
	    now_ms - a->looked_ms > AGENDA_PAUSE_MS;

	if (paused) {		/* elsewhere there may be a network */
		a->probe_ms = now_ms;
		a->probe_step_ms = AGENDA_PROBE_MS;
	}
	if (paused || a->wants_spread)
		spread(a, now_ms);
	a->wants_spread = 0;
	a->looked_ms = now_ms;
}

/* ---------------------------------------------------------------- take */

static void
take_out(struct agenda *a, struct slot *slot)
{
	if (slot->place == PLACE_HEAP)
		heap_remove(a, slot);
	else if (slot->place == PLACE_PARKED)
		unpark(slot);
}

/* The first that is due by then and whose host has a place and a turn for it
 * now. */
static struct slot *
next_in_turn(struct agenda *a, int64_t due_ms, int64_t now_ms)
{
	while (a->heap_len > 0 && a->heap[0]->due_ms <= due_ms) {
		struct slot *slot = a->heap[0];
		struct host *h = slot->host;
		int64_t ready = ready_ms(h, now_ms);

		heap_remove(a, slot);
		if (h->active >= a->concurrency_per_host)
			park(slot);
		else if (ready > now_ms)
			postpone(a, slot, ready);
		else
			return slot;
	}
	return NULL;
}

int64_t
agenda_take(struct agenda *a, int64_t now_ms)
{
	struct slot *slot;
	int is_probe;

	look(a, now_ms);
	is_probe = a->is_probing && now_ms >= a->probe_ms;
	if (a->active >= a->concurrency ||
	    (slot = next_in_turn(a, !a->is_probing || is_probe ? now_ms :
	    AGENDA_INSISTED, now_ms)) == NULL)
		return -1;
	slot->place = PLACE_ACTIVE;
	slot->host->started_ms = now_ms;
	slot->host->active++;
	a->active++;
	if (is_probe) {
		a->probe_ms = now_ms + a->probe_step_ms;
		a->probe_step_ms *= 2;
		if (a->probe_step_ms > AGENDA_PROBE_MAX_MS)
			a->probe_step_ms = AGENDA_PROBE_MAX_MS;
	}
	return slot->id;
}

int64_t
agenda_wait_ms(const struct agenda *a, int64_t now_ms)
{
	int64_t at_ms;

	if (a->heap_len == 0)
		return -1;
	at_ms = a->heap[0]->due_ms;
	if (a->is_probing && a->probe_ms > at_ms)
		at_ms = a->probe_ms;
	/* Due, but not let through: somebody will be done. */
	if (at_ms <= now_ms || at_ms - now_ms > AGENDA_LOOK_MS)
		return AGENDA_LOOK_MS;
	return at_ms - now_ms;
}

/* --------------------------------------------------------- in and out */

static struct slot *
find(const struct agenda *a, int64_t id)
{
	return id >= 0 && (size_t)id < a->slots_len ? a->slots[id] : NULL;
}

static struct slot *
add(struct agenda *a, int64_t id)
{
	size_t len = a->slots_len;

	assert(id >= 0);
	if ((size_t)id >= len) {
		a->slots_len = (size_t)id + 1 + len / 2;
		a->slots = xrealloc(a->slots,
		    a->slots_len * sizeof(*a->slots));
		memset(a->slots + len, 0,
		    (a->slots_len - len) * sizeof(*a->slots));
	}
	a->slots[id] = xcalloc(1, sizeof(*a->slots[id]));
	a->slots[id]->id = id;
	return a->slots[id];
}

void
agenda_put(struct agenda *a, int64_t id, const char *host, unsigned order,
    int64_t due_ms)
{
	struct slot *slot = find(a, id);

	if (slot == NULL)
		slot = add(a, id);
	take_out(a, slot);
	slot->order = order;
	slot->due_ms = due_ms;
	slot->removed = 0;
	if (due_ms > AGENDA_AT_ONCE && due_ms < a->looked_ms)
		a->wants_spread = 1;
	if (slot->place == PLACE_ACTIVE)
		return;			/* agenda_done() puts it */
	if (slot->host == NULL || strcmp(slot->host->name, host) != 0)
		slot->host = host_of(a, host);
	if (due_ms != AGENDA_NEVER)
		heap_push(a, slot);
}

static void
slot_free(struct agenda *a, struct slot *slot)
{
	a->slots[slot->id] = NULL;
	free(slot);
}

void
agenda_remove(struct agenda *a, int64_t id)
{
	struct slot *slot = find(a, id);

	if (slot == NULL)
		return;
	take_out(a, slot);
	if (slot->place == PLACE_ACTIVE)
		slot->removed = 1;
	else
		slot_free(a, slot);
}

void
agenda_done(struct agenda *a, int64_t id)
{
	struct slot *slot = find(a, id), *waiting;
	struct host *h;

	assert(slot != NULL && slot->place == PLACE_ACTIVE);
	h = slot->host;
	h->active--;
	a->active--;
	slot->place = PLACE_OUT;
	if (slot->removed)
		slot_free(a, slot);
	else if (slot->due_ms != AGENDA_NEVER)
		heap_push(a, slot);
	if ((waiting = h->parked) != NULL) {
		unpark(waiting);
		heap_push(a, waiting);
	}
}

void
agenda_hold(struct agenda *a, const char *host, int64_t until_ms,
    int64_t now_ms)
{
	struct host *h = host_of(a, host);

	/* Several answers to requests under way together are one answer. */
	if (now_ms >= h->held_ms) {
		ready_ms(h, now_ms);
		h->space_ms = h->space_ms == 0 ? AGENDA_SPACE_MS :
		    h->space_ms * 2;
		if (h->space_ms > AGENDA_SPACE_MAX_MS)
			h->space_ms = AGENDA_SPACE_MAX_MS;
	}
	if (until_ms > h->held_ms)
		h->held_ms = until_ms;
	h->eased_ms = h->held_ms;
}

int64_t
agenda_held_until(const struct agenda *a, const char *host)
{
	const struct host *h = host_find(a, host);

	return h != NULL ? h->held_ms : AGENDA_AT_ONCE;
}

void
agenda_probe(struct agenda *a, int on)
{
	if (a->is_probing && !on)
		a->wants_spread = 1;
	if (!a->is_probing && on)
		a->probe_step_ms = AGENDA_PROBE_MS;
	a->is_probing = on;
}

/* ----------------------------------------------------------- questions */

int64_t
agenda_due(const struct agenda *a, int64_t id)
{
	const struct slot *slot = find(a, id);

	return slot != NULL && (slot->place == PLACE_HEAP ||
	    slot->place == PLACE_PARKED) ? slot->due_ms : AGENDA_NEVER;
}

int64_t
agenda_next_due(const struct agenda *a)
{
	return a->heap_len > 0 ? a->heap[0]->due_ms : AGENDA_NEVER;
}

size_t
agenda_active(const struct agenda *a)
{
	return a->active;
}

/* ------------------------------------------------------- begin and end */

void
agenda_limit(struct agenda *a, unsigned concurrency,
    unsigned concurrency_per_host)
{
	assert(concurrency > 0 && concurrency_per_host > 0);
	a->concurrency = concurrency;
	a->concurrency_per_host = concurrency_per_host;
}

struct agenda *
agenda_new(void)
{
	struct agenda *a = xcalloc(1, sizeof(*a));

	a->looked_ms = AGENDA_AT_ONCE;
	hosts_grow(a);
	agenda_limit(a, 1, 1);
	return a;
}

void
agenda_free(struct agenda *a)
{
	struct host *h, *next;

	if (a == NULL)
		return;
	for (size_t i = 0; i < a->slots_len; i++)
		free(a->slots[i]);
	for (size_t i = 0; i < a->buckets; i++) {
		for (h = a->hosts[i]; h != NULL; h = next) {
			next = h->next;
			free(h);
		}
	}
	free(a->hosts);
	free(a->slots);
	free(a->heap);
	free(a);
}
