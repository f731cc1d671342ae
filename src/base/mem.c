/* mem.c - see mem.h. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/mem.h"

enum { SMALL_BYTES = 1024 };

static _Noreturn void
out_of_memory(void)
{
	fputs("feedmill: out of memory\n", stderr);
	abort();
}

void *
xmalloc(size_t size)
{
	void *p = malloc(size > 0 ? size : 1);

	if (p == NULL)
		out_of_memory();
	return p;
}

/*
 * What malloc() has at hand calloc() does not take (glibc before 2.41): for
 * the small things that come and go with every visit that is most of their
 * price.
 */
void *
xcalloc(size_t n, size_t size)
{
	void *p;

	if (n == 1 && size <= SMALL_BYTES)
		return memset(xmalloc(size), 0, size);
	p = calloc(n > 0 ? n : 1, size > 0 ? size : 1);

	if (p == NULL)
		out_of_memory();
	return p;
}

void *
xrealloc(void *old, size_t size)
{
	void *p = realloc(old, size > 0 ? size : 1);

	if (p == NULL)
		out_of_memory();
	return p;
}

char *
xstrndup(const char *s, size_t n)
{
	char *p = xmalloc(n + 1);

	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *
xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *
xstrdup_null(const char *s)
{
	return s != NULL ? xstrdup(s) : NULL;
}

/* Above what a feed and its parser take; a rare giant is given back. */
enum { KEEP_BYTES = 8 << 20, GIANT_BYTES = 4 << 20 };

void
mem_init(void)
{
	mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
	mallopt(M_MMAP_THRESHOLD, GIANT_BYTES);
}

void
mem_trim(void)
{
	malloc_trim(0);
}
