/*
 * values.c - how the functions of the table get at attributes, fields and
 * ranks, and how a string is kept.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "reader.h"

/* By local name: "rdf:about" is found as "about". */
const char *
attribute(const char **atts, const char *name)
{
	for (; atts[0] != NULL; atts += 2) {
		const char *colon = strchr(atts[0], ':');

		if (strcasecmp(colon != NULL ? colon + 1 : atts[0], name) == 0)
			return atts[1];
	}
	return NULL;
}

/*
 * U+0080 to U+009F in a feed were meant as windows-1252: "&#146;" is an
 * apostrophe in every browser (corpus: c1-references.xml).
 */
static size_t
c1_to_cp1252(struct buf *out, const char *s, size_t len)
{
	static const uint16_t cp1252[32] = {
		0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021,
		0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f,
		0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
		0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178,
	};
	const char *end = s + len, *from = s;
	size_t changed = 0;

	while ((s = memchr(s, 0xc2, (size_t)(end - s))) != NULL) {
		unsigned char c = s + 1 < end ? (unsigned char)s[1] : 0;

		if (c >= 0x80 && c <= 0x9f && cp1252[c - 0x80] > 0xff) {
			buf_append(out, from, (size_t)(s - from));
			text_utf8_put(out, cp1252[c - 0x80]);
			from = s + 2;
			changed++;
		}
		s++;
	}
	if (changed > 0)
		buf_append(out, from, (size_t)(end - from));
	return changed;
}

char *
reader_keep(struct reader *r, const char *s, size_t len)
{
	struct buf out = { 0 };
	char *kept;

	if (memchr(s, 0xc2, len) == NULL)
		return arena_strndup(r->arena, s, len);
	if (c1_to_cp1252(&out, s, len) > 0)
		kept = arena_strndup(r->arena, out.data, out.len);
	else
		kept = arena_strndup(r->arena, s, len);
	buf_fini(&out);
	return kept;
}

char *
reader_attribute(struct reader *r, const char *value)
{
	size_t len;

	if (value == NULL)
		return NULL;
	len = text_trim(&value, strlen(value));
	return len > 0 ? reader_keep(r, value, len) : NULL;
}

/*
 * The base that normalise knows is that of the entry or head around; where
 * another one stands in between, the reference is made absolute here.
 */
char *
reader_url(struct reader *r, const char *value)
{
	const char *base = reader_top(r)->base;
	char *url = reader_attribute(r, value), *absolute;
	unsigned i = r->depth - 1;

	while (i > 0 && (r->frames[--i].where & IN_ANY) == 0)
		;
	if (url == NULL || base == r->frames[i].base)
		return url;
	absolute = url_resolve(base, url);
	if (absolute != NULL)
		url = arena_strdup(r->arena, absolute);
	free(absolute);
	return url;
}

void *
reader_field(struct reader *r, const struct rule *rule)
{
	return (char *)reader_parent(r)->object + rule->field;
}

/* May this row fill its field?  Says yes at most once per rank. */
int
reader_outranks(struct reader *r, const struct rule *rule)
{
	uint8_t *ranks = reader_parent(r)->ranks;

	if (ranks == NULL)
		return 1;
	if (ranks[rule->field / 8] >= rule->rank)
		return 0;
	ranks[rule->field / 8] = rule->rank;
	return 1;
}

struct entry *
reader_entry(struct reader *r)
{
	return reader_parent(r)->where & (IN_ENTRY | IN_GROUP) ?
	    reader_parent(r)->object : NULL;
}

struct feed_head *
reader_head(struct reader *r)
{
	return reader_parent(r)->where & (IN_HEAD | IN_SOURCE | IN_ROOT) ?
	    reader_parent(r)->object : NULL;
}

/* A number of things or bytes; -1 for what is none. */
int64_t
reader_count(const char *s)
{
	char *end;
	long long v = strtoll(s, &end, 10);

	return end == s || v < 0 || v == INT64_MAX ? -1 : v;
}

int
name_ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && text_equal_nocase(s + n - m, end);
}
