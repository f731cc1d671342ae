/*
 * Any bytes as a post.  Where they are one, a post written of what was read
 * must give the same when it is read: address, title, stamp, content, key.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/archive.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/err.h"
#include "feedmill/model.h"
#include "feedmill/render.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
same(const char *what, const char *a, const char *b)
{
	if (a == b || (a != NULL && b != NULL && strcmp(a, b) == 0))
		return;
	fprintf(stderr, "%s:\n%s\n%s\n", what, a ? a : "-", b ? b : "-");
	abort();
}

/* "<!--stamp-->content" to both; NULL where no stamp leads. */
static const char *
split(const char *body, char stamp[32])
{
	const char *s = body + 4;
	size_t n;

	if (strncmp(body, "<!--", 4) != 0)
		return NULL;
	n = *s == '-';
	if (strspn(s + n, "0123456789") == 0)
		n = 0;
	else
		n += strspn(s + n, "0123456789");
	if (strncmp(s, "NaN", 3) == 0)
		n = 3;
	if (n == 0 || n > 18 + (*s == '-') || strncmp(s + n, "-->", 3) != 0)
		return NULL;
	snprintf(stamp, 32, "%.*s", (int)n, s);
	return s + n + 3;
}

/* What a post of it will say. */
static const char *
told_key(const struct entry *e)
{
	const char *key = e->identity.key;

	return key != NULL && strlen(key) <= POST_KEY_MAX &&
	    (key[0] == '#' || e->link == NULL) ? key : NULL;
}

static void
round_trip(const struct entry *e, int html)
{
	char stamp[32];
	struct item item = {
		.uuid = "11111111-2222-4333-8444-555555555555",
		.url = e->link, .key = e->identity.key,
		.title = e->title.value, .stamp = stamp,
		.content = split(e->body, stamp), .authors = e->authors,
		.categories = e->categories, .source_name = "s",
		.effective_ms = 1740340846000, .published_ms = 1740340846000,
	};
	struct buf b = { 0 };
	struct err err = { 0 };
	struct feed *f;

	/* A reference of that kind is read as what it stands for, and blanks
	 * at the ends go. */
	if (item.content == NULL || item.title == NULL ||
	    strstr(e->body, "&#1") != NULL ||
	    strstr(e->body, "&#93;") != NULL ||
	    (*item.content != '\0' && strchr(" \t\n", *item.content)))
		return;
	render_post(&b, &item, html);
	assert(strchr(b.data, '{') == NULL);
	f = archive_read_post(b.data, b.len, NULL, &err);
	if (f == NULL) {
		fprintf(stderr, "%s\n%s", err.msg, b.data);
		abort();
	}
	same("link", e->link, f->entries->link);
	same("key", told_key(e), f->entries->identity.key);
	same("title", e->title.value, f->entries->title.value);
	/* An empty content would be filled from elsewhere. */
	if (*item.content != '\0')
		same("body", e->body, f->entries->body);
	feed_free(f);
	buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	const char *site;
	struct feed *f = archive_read_post((const char *)data, size, &site,
	    &err);

	assert((f == NULL) == (err.msg[0] != '\0'));
	if (f != NULL) {
		assert(f->count == 1 && f->entries->body != NULL);
		round_trip(f->entries, 0);
		round_trip(f->entries, 1);
	}
	feed_free(f);
	return 0;
}
