/*
 * fuzz_html.c - any bytes as HTML.
 *
 * What comes out is safe and well-formed by the oracle's judgement, and
 * sanitising it again changes nothing: what a reader's parser builds of it
 * is what we meant.  The text of HTML is valid, and one line.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/text.h"
#include "feedmill/html.h"

#include "../html_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char *const drop[] = { "drop this", NULL };
static const char *const proxies[] = { "images.example", NULL };
static const char *const frames[] = { "frames.example", NULL };
static const struct html_rules rules = { drop, proxies, frames };

static void
complain(const char *what, const struct buf *a, const struct buf *b)
{
	fprintf(stderr, "%s\n--- %s\n", what, buf_str(a));
	if (b != NULL)
		fprintf(stderr, "--- %s\n", buf_str(b));
	abort();
}

static void
check_sanitise(const char *s, size_t len, const char *base,
    const struct html_rules *r)
{
	struct buf once = { 0 }, twice = { 0 };
	const char *fault;

	html_sanitise(&once, s, len, base, r);
	fault = html_fault(buf_str(&once), once.len, r != NULL);
	if (fault != NULL)
		complain(fault, &once, NULL);
	html_sanitise(&twice, buf_str(&once), once.len, base, r);
	if (r == NULL && strcmp(buf_str(&once), buf_str(&twice)) != 0)
		complain("not a fixed point", &once, &twice);
	buf_fini(&once);
	buf_fini(&twice);
}

static void
check_text(const char *s, size_t len)
{
	struct buf b = { 0 };

	html_to_text(&b, s, len);
	if (text_utf8_valid(buf_str(&b), b.len) != b.len ||
	    strpbrk(buf_str(&b), "\r\n\t") != NULL)
		complain("not one line of text", &b, NULL);
	buf_reset(&b);
	html_decode_entities(&b, s, len);
	html_looks_like(s, len);
	buf_fini(&b);
}

static void
see_feed(const char *url, const char *type, const char *title, void *arg)
{
	(void)arg;
	if (strncasecmp(url, "http", 4) != 0 || type == NULL ||
	    (title != NULL && strlen(title) == SIZE_MAX))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;

	if (size > 64 * 1024)
		return 0;
	check_sanitise(s, size, "https://site.example/a/b?c#d", NULL);
	check_sanitise(s, size, NULL, NULL);
	check_sanitise(s, size, "https://site.example/", &rules);
	check_text(s, size);
	html_find_feeds(s, size, "https://site.example/", see_feed, NULL);
	return 0;
}
