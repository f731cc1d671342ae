/*
 * fuzz_headers.c - any bytes as an answer's head, and as a compressed body.
 *
 * The first byte says how the body is coded; lines follow to an empty one,
 * then the body.  What is kept of a head is clean and bounded, every number
 * in its range, a redirect's target a URL that means itself, and a body never
 * larger than its cap.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/date.h"
#include "feedmill/base/link.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/hsts.h"
#include "../../src/fetch/headers.h"
#include "../../src/fetch/inflate.h"
#include "../../src/fetch/site.h"

enum { BODY_MAX = 100000 };

static void
check(int good)
{
	if (!good)
		abort();
}

static void
check_bytes(const char *s, size_t max)
{
	if (s == NULL)
		return;
	check(*s != '\0' && strlen(s) <= max);
	for (; *s != '\0'; s++)
		check((unsigned char)*s >= 0x20 && *s != 0x7f);
}

static void
check_string(const char *s, size_t max)
{
	check_bytes(s, max);
	check(s == NULL || text_utf8_valid(s, strlen(s)) == strlen(s));
}

static void
check_location(const char *location, struct arena *arena)
{
	struct fetch_site base, s, again;

	/* Other bytes are escaped before anybody follows it. */
	if (location == NULL || text_utf8_valid(location,
	    strlen(location)) != strlen(location))
		return;
	check(fetch_site_parse(&base, arena,
	    "https://a.example/dir/feed?q") == NULL);
	if (fetch_site_follow(&s, arena, &base, location) != NULL)
		return;
	check(url_is_http(s.url) && strlen(s.url) <= URL_MAX_BYTES);
	check(s.port > 0 && s.port < 65536 && *s.host != '\0');
	check(fetch_site_parse(&again, arena, s.url) == NULL);
	check(strcmp(again.host, s.host) == 0 && again.port == s.port &&
	    again.https == s.https && again.user == NULL);
}

/* Nothing is read beyond its end, nothing comes of nothing. */
static void
check_link(const struct header_link *l, void *arg)
{
	size_t *left = arg, len = strlen(l->target) + 2;

	len += l->rel != NULL ? strlen(l->rel) : 0;
	len += l->type != NULL ? strlen(l->type) : 0;
	len += l->title != NULL ? strlen(l->title) : 0;
	check(len <= *left);
	*left -= len;
}

static void
check_links(const char *field)
{
	size_t left = field != NULL ? strlen(field) : 0;

	check_string(field, 2 * 8192 + 2);
	if (field != NULL)
		link_each(field, check_link, &left);
}

static void
check_told(const struct hsts_entry *e, void *arg)
{
	check(strcmp(e->host, "a.example") == 0 && e->until_ms >= 1000);
	++*(unsigned *)arg;
}

/* It is told once, and then known; or nothing was said. */
static void
check_hsts(const char *value)
{
	unsigned told = 0;
	struct hsts *hsts = hsts_new(check_told, &told);

	if (value != NULL)
		hsts_hear(hsts, "a.example", value, 0);
	check(told == (hsts_until(hsts, "a.example", 0) > 0));
	check(hsts_until(hsts, "example", 0) == 0);
	hsts_free(hsts);
}

static size_t
read_head(struct fetch_head *h, struct arena *arena, const char *s,
    size_t len)
{
	size_t at = 0;

	fetch_head_init(h);
	fetch_head_line(h, arena, "HTTP/1.1 200 OK\r\n", 17);
	while (at < len && !h->complete) {
		const char *nl = memchr(s + at, '\n', len - at);
		size_t n = nl != NULL ? (size_t)(nl - s) + 1 - at : len - at;

		fetch_head_line(h, arena, s + at, n);
		at += n;
	}
	return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	struct buf body = { 0 };
	struct fetch_head h;
	enum inflate_result result;
	int64_t n;
	size_t at;

	if (size == 0)
		return 0;
	at = 1 + read_head(&h, &arena, (const char *)data + 1, size - 1);
	check_bytes(h.etag, VALIDATOR_MAX);
	check_bytes(h.last_modified, VALIDATOR_MAX);
	check_string(h.content_type, 1024);
	check_string(h.content_language, 256);
	check_string(h.content_location, LOCATION_MAX);
	check_bytes(h.location, LOCATION_MAX);
	check_string(h.cache_control, 8194);
	check_links(h.link);
	check_location(h.location, &arena);
	check_string(h.hsts, 1024);
	check_hsts(h.hsts);
	n = fetch_head_retry_after(&h, INT64_C(1714557600000));
	check(n >= -1 && n <= FOREVER_S);
	n = fetch_head_max_age(&h);
	check(n >= -1 && n <= FOREVER_S);
	check(h.length >= -1 && h.age_s >= 0 && h.status >= 0);
	if (h.date != NULL)
		check(fetch_head_date(h.date) == date_parse(h.date, 0));

	buf_append(&body, data + at, size - at);
	result = fetch_inflate(&body, (enum content_coding)(data[0] % 3),
	    BODY_MAX);
	check(result == INFLATE_OK || body.len == 0);
	check(body.len <= BODY_MAX || data[0] % 3 == CODING_NONE ||
	    body.len == size - at);
	buf_fini(&body);
	arena_fini(&arena);
	return 0;
}
