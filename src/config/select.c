/* select.c - from tags and names to whether a source is meant: for
 * outlets and archives, by whoever has such a selection in hand. */
#include <string.h>

#include "feedmill/config.h"

static int
list_has(const char *const *list, const char *s)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, s) == 0)
			return 1;
	return 0;
}

int
config_selects(const char *const *tags, const char *const *sources,
    const struct config_source *s)
{
	if (tags[0] == NULL && sources[0] == NULL)
		return 1;
	if (list_has(sources, s->name))
		return 1;
	for (; *tags != NULL; tags++)
		if (list_has(s->tags, *tags))
			return 1;
	return 0;
}
