/* order.c - orders copied, answers made, opened and freed. */
#include <stdlib.h>

#include "feedmill/base/clock.h"
#include "feedmill/base/date.h"
#include "feedmill/base/mem.h"
#include "inflate.h"
#include "private.h"

enum {
	DEFAULT_TIMEOUT_MS = 60 * 1000,
	DEFAULT_CONNECT_TIMEOUT_MS = 10 * 1000,
	DEFAULT_BODY_BYTES = 10 * 1024 * 1024,
	TIMEOUT_MAX_MS = 24 * 3600 * 1000,
};

static const struct fetch_header *
copy_headers(struct arena *arena, const struct fetch_header *from)
{
	struct fetch_header *to;
	size_t n = 0;

	if (from == NULL)
		return NULL;
	while (from[n].name != NULL)
		n++;
	to = arena_zalloc(arena, (n + 1) * sizeof(*to));
	for (size_t i = 0; i < n; i++) {
		to[i].name = arena_strdup(arena, from[i].name);
		to[i].value = arena_strdup(arena, from[i].value);
	}
	return to;
}

static uint64_t
or_default(uint64_t value, uint64_t fallback, uint64_t max)
{
	if (value == 0)
		return fallback;
	return value < max ? value : max;
}

void
order_copy(struct fetch_order *to, struct arena *a,
    const struct fetch_order *from)
{
	*to = *from;
	to->url = arena_strdup(a, from->url);
	to->etag = arena_strdup(a, from->etag);
	to->last_modified = arena_strdup(a, from->last_modified);
	to->user_agent = arena_strdup(a, from->user_agent);
	to->proxy = arena_strdup(a, from->proxy);
	to->user = arena_strdup(a, from->user);
	to->password = arena_strdup(a, from->password);
	to->headers = copy_headers(a, from->headers);
	to->client_cert = arena_strdup(a, from->client_cert);
	to->client_key = arena_strdup(a, from->client_key);
	to->ca_file = arena_strdup(a, from->ca_file);
	to->validators_url = arena_strdup(a, from->validators_url);
	to->post = arena_strdup(a, from->post);
	to->timeout_ms = or_default(from->timeout_ms, DEFAULT_TIMEOUT_MS,
	    TIMEOUT_MAX_MS);
	to->connect_timeout_ms = or_default(from->connect_timeout_ms,
	    DEFAULT_CONNECT_TIMEOUT_MS, TIMEOUT_MAX_MS);
	to->body_bytes = or_default(from->body_bytes, DEFAULT_BODY_BYTES,
	    SIZE_MAX / 4);
}

struct fetched *
fetched_new(int64_t source_id)
{
	struct fetched *r = xcalloc(1, sizeof(*r));

	r->source_id = source_id;
	r->retry_after_s = r->max_age_s = -1;
	r->expires_ms = r->date_ms = DATE_NONE;
	return r;
}

static void
spoil(struct fetched *r, enum outcome outcome, const char *fmt, ...)
{
	struct buf why = { 0 };
	va_list args;

	va_start(args, fmt);
	buf_vprintf(&why, fmt, args);
	va_end(args);
	r->outcome = outcome;
	free(r->reason);
	r->reason = buf_take(&why);
	buf_fini(&r->body);
}

void
fetched_open(struct fetched *r)
{
	enum content_coding coding = (enum content_coding)r->coding;

	r->coding = CODING_NONE;
	switch (fetch_inflate(&r->body, coding, r->body_max)) {
	case INFLATE_OK:
		if (r->body.len == 0)
			spoil(r, OUTCOME_EMPTY, "an empty answer");
		break;
	case INFLATE_TOO_LARGE:
		spoil(r, OUTCOME_TOO_LARGE,
		    "more than %llu bytes when decompressed",
		    (unsigned long long)r->body_max);
		break;
	case INFLATE_DAMAGED:
		spoil(r, OUTCOME_PROTOCOL,
		    "the compressed answer is damaged or cut off");
		break;
	case INFLATE_NO_MEMORY:
		spoil(r, OUTCOME_POSTPONED,
		    "put off: not enough memory for it");
		break;
	}
}

void
fetched_free(struct fetched *r)
{
	if (r == NULL)
		return;
	free(r->reason);
	buf_fini(&r->body);
	free(r->url);
	free(r->permanent_url);
	free(r->etag);
	free(r->last_modified);
	free(r->content_type);
	free(r->content_language);
	free(r->content_location);
	free(r->link);
	free(r->address);
	buf_fini(&r->exchange);
	free(r);
}

void
fetched_take_head(struct fetched *r, const struct fetch_head *h)
{
	r->status = h->status;
	r->etag = xstrdup_null(h->etag);
	r->last_modified = xstrdup_null(h->last_modified);
	r->content_type = xstrdup_null(h->content_type);
	r->content_language = xstrdup_null(h->content_language);
	r->content_location = xstrdup_null(h->content_location);
	r->link = xstrdup_null(h->link);
	r->retry_after_s = fetch_head_retry_after(h, clock_wall_ms());
	r->max_age_s = fetch_head_max_age(h);
	r->expires_ms = fetch_head_expires(h);
	if (r->expires_ms != DATE_NONE)
		r->date_ms = fetch_head_date(h->date);
}
