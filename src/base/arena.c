/*
 * arena.c - see arena.h.
 *
 * Chunks grow from 4 KiB to 1 MiB, so that a small feed stays small and a
 * large one makes few calls.  What does not fit a chunk gets one of its own.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/arena.h"
#include "feedmill/base/mem.h"

enum { CHUNK_FIRST = 4096, CHUNK_LARGEST = 1 << 20, ALIGN = 16 };

struct arena_chunk {
	struct arena_chunk	*older;
	_Alignas(ALIGN) char	 bytes[];
};

static void
arena_grow(struct arena *a, size_t size)
{
	size_t room = a->total < CHUNK_FIRST ? CHUNK_FIRST :
	    a->total < CHUNK_LARGEST ? a->total : CHUNK_LARGEST;
	struct arena_chunk *c;

	if (room < size)
		room = size;
	c = xmalloc(sizeof(*c) + room);
	c->older = a->chunks;
	a->chunks = c;
	a->next = c->bytes;
	a->end = c->bytes + room;
	a->total += room;
}

static void *
arena_take(struct arena *a, size_t size, size_t align)
{
	size_t pad = (size_t)(-(uintptr_t)a->next & (align - 1));
	char *p;

	if (a->next == NULL || (size_t)(a->end - a->next) < size + pad) {
		arena_grow(a, size);
		pad = 0;
	}
	p = a->next + pad;
	a->next = p + size;
	return p;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	return arena_take(a, size, ALIGN);
}

void *
arena_zalloc(struct arena *a, size_t size)
{
	return memset(arena_alloc(a, size), 0, size);
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_take(a, n + 1, 1);

	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return s != NULL ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *p;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	p = arena_take(a, (size_t)n + 1, 1);
	vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p;
}

void
arena_fini(struct arena *a)
{
	struct arena_chunk *c, *older;

	for (c = a->chunks; c != NULL; c = older) {
		older = c->older;
		free(c);
	}
	*a = (struct arena){ 0 };
}

void
arena_reset(struct arena *a)
{
	struct arena_chunk *c = a->chunks;

	if (a->total != CHUNK_FIRST) {
		arena_fini(a);
		return;
	}
	a->next = c->bytes;
}
