/*
 * arena.h - many small allocations that end together.
 *
 * A zeroed struct is an empty arena.  Memory is not zeroed unless said.
 * arena_fini() frees everything; nothing is freed one by one.  arena_reset()
 * does too, but keeps what a small arena will want again.
 */
#ifndef FEEDMILL_BASE_ARENA_H
#define FEEDMILL_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena {
	struct arena_chunk	*chunks;	/* newest first */
	char			*next, *end;	/* room in the newest */
	size_t			 total;		/* bytes held, all chunks */
};

void *arena_alloc(struct arena *, size_t size)
    __attribute__((returns_nonnull));
void *arena_zalloc(struct arena *, size_t size)
    __attribute__((returns_nonnull));

/* NUL-terminated copies; arena_strdup(a, NULL) is NULL. */
char *arena_strdup(struct arena *, const char *);
char *arena_strndup(struct arena *, const char *, size_t n);
char *arena_printf(struct arena *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

void arena_reset(struct arena *);
void arena_fini(struct arena *);

#endif
