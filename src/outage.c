/* outage.c - see outage.h. */
#include <string.h>

#include "feedmill/outage.h"

/* A few hosts are asked so rarely that all of them must fail, in a longer
 * time; otherwise a night without a network would be held against them. */
enum { HOSTS_ENOUGH = 5, HOSTS_LEAST = 2, WINDOW_MS = 120000,
	WINDOW_FEW_MS = 3600000 };

int
outage_answered(struct outage *o)
{
	int was_down = o->down;

	o->down = 0;
	o->count = 0;
	return was_down;
}

static size_t
distinct_hosts(const struct outage *o, int64_t now_ms, int64_t window_ms)
{
	size_t distinct = 0;

	for (unsigned i = 0; i < o->count; i++) {
		unsigned j = 0;

		if (now_ms - o->failed[i].at_ms > window_ms)
			continue;
		while (j < i && o->failed[j].host != o->failed[i].host)
			j++;
		distinct += j == i;
	}
	return distinct;
}

int
outage_failed(struct outage *o, int64_t source_id, uint64_t host,
    int64_t now_ms, size_t hosts)
{
	int few = hosts < HOSTS_ENOUGH;
	size_t enough = few ? hosts : HOSTS_ENOUGH;

	if (o->count == OUTAGE_KEPT)
		memmove(&o->failed[0], &o->failed[1],
		    --o->count * sizeof(o->failed[0]));
	o->failed[o->count].source_id = source_id;
	o->failed[o->count].host = host;
	o->failed[o->count++].at_ms = now_ms;
	if (o->down || enough < HOSTS_LEAST ||
	    distinct_hosts(o, now_ms, few ? WINDOW_FEW_MS : WINDOW_MS) <
	    enough)
		return 0;
	o->down = 1;
	return 1;
}
