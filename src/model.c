/* model.c - names for the outcomes, beginnings and ends for the nouns. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/date.h"
#include "feedmill/base/mem.h"
#include "feedmill/model.h"

static const struct {
	const char	*name, *sentence;
	int		 success;
} outcomes[OUTCOME_COUNT] = {
	[OUTCOME_OK]		= { "ok", "read", 1 },
	[OUTCOME_NOT_MODIFIED]	= { "not-modified", "nothing new", 1 },
	[OUTCOME_UNCHANGED]	= { "unchanged", "nothing new", 1 },
	[OUTCOME_GONE]		= { "gone", "gone for good (410)", 0 },
	[OUTCOME_NOT_FOUND]	= { "not-found", "not found (404)", 0 },
	[OUTCOME_BUSY]		= { "busy", "the server asks to wait", 0 },
	[OUTCOME_HTTP_ERROR]	= { "http-error", "the server refused", 0 },
	[OUTCOME_TOO_LARGE]	= { "too-large", "larger than max-size", 0 },
	[OUTCOME_TIMEOUT]	= { "timeout", "no answer in time", 0 },
	[OUTCOME_DNS]		= { "dns", "its name cannot be resolved", 0 },
	[OUTCOME_CONNECT]	= { "connect", "no connection", 0 },
	[OUTCOME_TLS]		= { "tls", "its certificate or TLS fails", 0 },
	[OUTCOME_PROTOCOL]	= { "protocol", "the answer is broken HTTP", 0 },
	[OUTCOME_REDIRECT]	= { "redirect", "redirected badly", 0 },
	[OUTCOME_REFUSED_ADDRESS] = { "refused-address",
	    "the address is not public (see allow-private-addresses)", 0 },
	[OUTCOME_EMPTY]		= { "empty", "an empty document", 0 },
	[OUTCOME_NOT_A_FEED]	= { "not-a-feed", "not a feed", 0 },
	[OUTCOME_UNREADABLE]	= { "unreadable", "cannot be read", 0 },
	[OUTCOME_DAMAGED]	= { "damaged", "damaged, read in part", 0 },
	[OUTCOME_STORE]		= { "store", "could not be stored", 0 },
	[OUTCOME_POSTPONED]	= { "postponed",
	    "put off: memory or open files were short", 0 },
};

const char *
outcome_name(enum outcome outcome)
{
	assert(outcome < OUTCOME_COUNT);
	return outcomes[outcome].name;
}

const char *
outcome_sentence(enum outcome outcome)
{
	assert(outcome < OUTCOME_COUNT);
	return outcomes[outcome].sentence;
}

int
outcome_from_name(const char *name, enum outcome *ret)
{
	for (int i = 0; i < OUTCOME_COUNT; i++) {
		if (strcmp(outcomes[i].name, name) == 0) {
			*ret = (enum outcome)i;
			return 0;
		}
	}
	return -1;
}

int
outcome_is_success(enum outcome outcome)
{
	assert(outcome < OUTCOME_COUNT);
	return outcomes[outcome].success;
}

const char *
feed_format_name(enum feed_format format)
{
	static const char *const names[] = {
		[FORMAT_NONE] = NULL, [FORMAT_RSS] = "rss",
		[FORMAT_ATOM] = "atom", [FORMAT_RDF] = "rdf",
		[FORMAT_JSON] = "json",
	};

	assert(format < ARRAY_LEN(names));
	return names[format];
}

static void
itunes_init(struct itunes *it)
{
	it->block = it->explicit_ = -1;
	it->duration_s = -1;
}

void
feed_head_init(struct feed_head *h)
{
	h->published_ms = h->updated_ms = h->created_ms = DATE_NONE;
	itunes_init(&h->itunes);
}

struct feed *
feed_new(void)
{
	struct feed *f = xcalloc(1, sizeof(*f));

	f->last = &f->entries;
	f->hints.ttl_min = f->hints.update_s = -1;
	feed_head_init(&f->head);
	return f;
}

struct entry *
feed_add_entry(struct feed *f)
{
	struct entry *e = arena_zalloc(&f->arena, sizeof(*e));

	e->id_is_permalink = -1;
	e->published_ms = e->updated_ms = DATE_NONE;
	e->created_ms = e->expires_ms = e->dated_ms = DATE_NONE;
	e->comments_count = -1;
	e->identity.timestamp_ms = DATE_NONE;
	itunes_init(&e->itunes);
	*f->last = e;
	f->last = &e->next;
	f->count++;
	return e;
}

void
feed_free(struct feed *f)
{
	if (f == NULL)
		return;
	arena_fini(&f->arena);
	free(f);
}
