/*
 * mem.h - allocation that cannot fail, and ownership that can be seen.
 *
 * Out of memory ends the process: every field and queue has a cap, so it
 * means a bug or a dying host, and systemd starts us again.  The exception is
 * a size the world chose (a body, an inflation): buf_try_reserve() may say
 * NULL, and that visit fails.
 */
#ifndef FEEDMILL_BASE_MEM_H
#define FEEDMILL_BASE_MEM_H

#include <stddef.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *, size_t n)
    __attribute__((malloc, returns_nonnull));

/* xstrdup() that hands NULL through. */
char *xstrdup_null(const char *);

/*
 * Once, from main(): freed memory is kept for the next document instead of
 * being given back and faulted in again, a fifth of the work on a feed.
 */
void mem_init(void);

/* Give back what is kept: between two kinds of work. */
void mem_trim(void);

/* Yield the value of pointer p and leave NULL behind: its owner gave it up. */
#define TAKE(p) \
	(__extension__({ __typeof__(p) taken_ = (p); (p) = NULL; taken_; }))

#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))

#endif
