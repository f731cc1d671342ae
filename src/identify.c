/*
 * identify.c - see identify.h.
 *
 * First every entry gets the key its link gives it.  Then, per document: two
 * entries with one URL and two guids (changelogs, status pages that link one
 * page) are told apart by their guids.  A guid that is just another spelling
 * of the link tells nothing, and the same item listed twice has one guid.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/date.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/identify.h"

/* ----------------------------------------------------------------- stamp */

int64_t
identify_stamp(const char *body, size_t *ret_len)
{
	const char *p = body + strspn(body, " \t\r\n");
	int64_t ms = 0;
	int negative, digits;

	*ret_len = 0;
	if (strncmp(p, "<!--", 4) != 0)
		return DATE_NONE;
	p += 4 + strspn(p + 4, " ");
	if (strncmp(p, "NaN", 3) == 0) {
		ms = DATE_NONE;
		p += 3;
	} else {
		negative = *p == '-';
		p += negative;
		digits = (int)strspn(p, "0123456789");
		/* Sixteen digits are the year 300,000. */
		if (digits == 0 || digits > 16)
			return DATE_NONE;
		for (; digits > 0; digits--)
			ms = ms * 10 + (*p++ - '0');
		if (negative)
			ms = -ms;
	}
	p += strspn(p, " ");
	if (strncmp(p, "-->", 3) != 0)
		return DATE_NONE;
	*ret_len = (size_t)(p + 3 - body);
	return ms;
}

static void
set_timestamp(struct feed *f, struct entry *e)
{
	struct identity *id = &e->identity;
	const char *title = e->title.value != NULL ? e->title.value : "";
	const char *body = e->body != NULL ? e->body : "";
	size_t stamp_len, title_len, body_len;
	int64_t stamped = identify_stamp(body, &stamp_len);

	id->timestamp_ms = stamp_len > 0 ? stamped : e->dated_ms;
	id->stamp = id->timestamp_ms == DATE_NONE ? "NaN" :
	    arena_printf(&f->arena, "%lld", (long long)id->timestamp_ms);
	/* Without the stamp, an entry and its copy out of an archive are
	 * the same. */
	body += stamp_len;
	title_len = text_trim(&title, strlen(title));
	body_len = text_trim(&body, strlen(body));
	id->digest = hash_pair(title, title_len, body, body_len);
}

/* ------------------------------------------------------------------- key */

/* The guid without blanks around it, NULL if nothing is left. */
static const char *
trimmed(struct feed *f, const char *s)
{
	const char *from = s;
	size_t len;

	if (s == NULL)
		return NULL;
	len = text_trim(&from, strlen(s));
	if (len == 0)
		return NULL;
	return from[len] == '\0' ? from : arena_strndup(&f->arena, from, len);
}

/* A link that says where: with a scheme and a host. */
static int
is_located(const char *link)
{
	const char *colon = strchr(link, ':');

	return colon != NULL && colon > link &&
	    strcspn(link, "/?#") > (size_t)(colon - link) &&
	    strncmp(colon, "://", 3) == 0 && colon[3] != '\0';
}

static const char *
url_key(struct feed *f, const char *link)
{
	char *key = link != NULL && is_located(link) ? url_canonical(link) :
	    NULL;
	const char *kept = key != NULL && key[0] != '\0' ?
	    arena_strdup(&f->arena, key) : NULL;

	free(key);
	return kept;
}

static const char *
hash_key(struct feed *f, const char *scope, const char *what,
    const char *text)
{
	char hex[DIGEST_HEX_SIZE];
	size_t len = text_trim(&text, strlen(text));

	digest_hex(hash_128(text, len), hex);
	return arena_printf(&f->arena, "%s#%s:%s", scope, what, hex);
}

/* The key of what has no URL of its own. */
static const char *
scoped_key(struct feed *f, const struct entry *e, const char *guid,
    const char *scope)
{
	const char *title = e->title.value;

	if (guid != NULL)
		return arena_printf(&f->arena, "%s#%s", scope, guid);
	if (title != NULL && title[strspn(title, " \t\r\n")] != '\0')
		return hash_key(f, scope, "title", title);
	return hash_key(f, scope, "body", e->body != NULL ? e->body : "");
}

/* -------------------------------------------------- within one document */

/* An entry among the others of its document. */
struct sighting {
	struct entry	*entry;
	const char	*guid;		/* NULL: none */
	const char	*own_guid;	/* one that is not the link again */
};

static int
compare(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

static int
by_guid(const void *a, const void *b)
{
	const struct sighting *x = a, *y = b;

	return compare(x->guid, y->guid);
}

static int
by_key(const void *a, const void *b)
{
	const struct sighting *x = a, *y = b;
	int order = strcmp(x->entry->identity.key, y->entry->identity.key);

	return order != 0 ? order : compare(x->own_guid, y->own_guid);
}

/* A guid stands for its entry if no other entry here has it. */
static void
set_aliases(struct sighting *s, size_t n)
{
	qsort(s, n, sizeof(*s), by_guid);
	for (size_t i = 0; i < n; i++) {
		if (s[i].own_guid == NULL ||
		    (i > 0 && compare(s[i].guid, s[i - 1].guid) == 0) ||
		    (i + 1 < n && compare(s[i].guid, s[i + 1].guid) == 0))
			continue;
		s[i].entry->identity.alias = s[i].own_guid;
	}
}

/* Entries first to last - 1 have one URL: do their guids tell them apart? */
static int
differ_by_guid(const struct sighting *first, const struct sighting *last)
{
	const struct sighting *s = first;

	/* Sorted: those without a guid come first. */
	while (s < last && s->own_guid == NULL)
		s++;
	return s < last && strcmp(s->own_guid, last[-1].own_guid) != 0;
}

static void
tell_apart(struct feed *f, struct sighting *s, size_t n, const char *scope)
{
	size_t end;

	qsort(s, n, sizeof(*s), by_key);
	for (size_t i = 0; i < n; i = end) {
		const char *key = s[i].entry->identity.key;

		for (end = i + 1; end < n &&
		    strcmp(s[end].entry->identity.key, key) == 0; end++)
			;
		if (!differ_by_guid(s + i, s + end))
			continue;
		for (size_t j = i; j < end; j++) {
			struct identity *id = &s[j].entry->identity;

			if (s[j].own_guid == NULL)
				continue;
			id->key = arena_printf(&f->arena, "%s#%s", scope,
			    s[j].own_guid);
			id->scoped = 1;
		}
	}
}

/* ----------------------------------------------------------------- whole */

static void
set_key(struct feed *f, struct sighting *s, const struct identify_rules *r)
{
	struct entry *e = s->entry;
	const char *key = url_key(f, e->link), *guid_key;

	e->identity = (struct identity){ 0 };
	s->guid = trimmed(f, e->id);
	if (s->guid != NULL && (e->link == NULL ||
	    strcmp(s->guid, e->link) != 0)) {
		guid_key = url_key(f, s->guid);
		if (guid_key == NULL || compare(guid_key, key) != 0)
			s->own_guid = s->guid;
	}
	if (key == NULL)
		e->identity.key = scoped_key(f, e, s->guid, r->scope);
	else if (r->own)
		e->identity.key = arena_printf(&f->arena, "%s#%s", r->scope,
		    key);
	else
		e->identity.key = key;
	e->identity.scoped = key == NULL || r->own;
}

void
identify_feed(struct feed *f, const struct identify_rules *rules)
{
	struct sighting *s = xcalloc(f->count + 1, sizeof(*s));
	size_t n = 0;

	for (struct entry *e = f->entries; e != NULL; e = e->next, n++) {
		s[n].entry = e;
		set_key(f, &s[n], rules);
		set_timestamp(f, e);
	}
	set_aliases(s, n);
	tell_apart(f, s, n, rules->scope);
	free(s);
}
