/*
 * seen.c - which setting was set where, so that a second one can name
 * the first.  A hash table: ten thousand feeds are one mapping.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/hash.h"
#include "feedmill/base/mem.h"
#include "private.h"

struct slot {
	const void	*context;
	const char	*name;
	const struct node *node;	/* NULL: free */
};

struct seen {
	struct slot	*slots;
	size_t		 count, size;	/* size: a power of two */
};

struct seen *
seen_new(void)
{
	struct seen *s = xcalloc(1, sizeof(*s));

	s->size = 256;
	s->slots = xcalloc(s->size, sizeof(*s->slots));
	return s;
}

void
seen_free(struct seen *s)
{
	if (s == NULL)
		return;
	free(s->slots);
	free(s);
}

/* Its slot, or the free one where it belongs. */
static struct slot *
find(const struct seen *s, const void *context, const char *name)
{
	size_t at = (size_t)hash_64(name, strlen(name), (uintptr_t)context);

	for (;; at++) {
		struct slot *slot = &s->slots[at & (s->size - 1)];

		if (slot->node == NULL || (slot->context == context &&
		    strcmp(slot->name, name) == 0))
			return slot;
	}
}

static void
grow(struct seen *s)
{
	struct seen old = *s;

	s->size *= 2;
	s->slots = xcalloc(s->size, sizeof(*s->slots));
	for (size_t i = 0; i < old.size; i++)
		if (old.slots[i].node != NULL)
			*find(s, old.slots[i].context, old.slots[i].name) =
			    old.slots[i];
	free(old.slots);
}

const struct node *
seen_get(const struct seen *s, const void *context, const char *name)
{
	return find(s, context, name)->node;
}

const struct node *
seen_put(struct seen *s, const void *context, const char *name,
    const struct node *node)
{
	struct slot *slot = find(s, context, name);

	if (slot->node != NULL)
		return slot->node;
	*slot = (struct slot){ context, name, node };
	if (++s->count > s->size / 2)
		grow(s);
	return NULL;
}
