/*
 * json_slice.c - see json_slice.h.
 *
 * Several lists under the same key (a duplicate) count as the last one, as
 * they would for jansson.
 */
#include <string.h>

#include "feedmill/base/buf.h"
#include "json_slice.h"

/* Behind the string that begins at p; end if it is never closed. */
static const char *
skip_string(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		if (*p == '\\')
			p++;
		else if (*p == '"')
			return p + 1;
	}
	return end;
}

/* Behind the value at p: brackets are counted, not matched.  NULL: the
 * document ends first. */
static const char *
skip_value(const char *p, const char *end)
{
	size_t depth = 0;

	while (p < end) {
		if (*p == '"') {
			p = skip_string(p, end);
			if (depth == 0)
				return p;
			continue;
		}
		if (*p == '{' || *p == '[') {
			depth++;
		} else if (*p == '}' || *p == ']') {
			if (depth == 0)
				return p;
			if (--depth == 0)
				return p + 1;
		} else if (*p == ',' && depth == 0) {
			return p;
		}
		p++;
	}
	return NULL;
}

static const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' ||
	    *p == '\n'))
		p++;
	return p;
}

/* A member of the root object, from its key: is it the list? */
static const char *
list_at(const char *p, const char *end, const char *key)
{
	size_t n = strlen(key);

	if ((size_t)(end - p) < n + 2 || memcmp(p + 1, key, n) != 0 ||
	    p[n + 1] != '"')
		return NULL;
	p = skip_blanks(p + n + 2, end);
	if (p >= end || *p != ':')
		return NULL;
	p = skip_blanks(p + 1, end);
	return p < end && *p == '[' ? p : NULL;
}

/* Where the list that opens at p is closed; NULL: nowhere. */
static const char *
list_end(const char *p, const char *end)
{
	const char *behind = skip_value(p, end);

	return behind != NULL ? behind - 1 : NULL;
}

int
json_split(const char *s, size_t len, const char *key, struct buf *rest,
    struct json_slices *ret)
{
	const char *end = s + len, *p = skip_blanks(s, end), *from = s;

	*ret = (struct json_slices){ end, end, 0 };
	if (p >= end || *p != '{')
		return -1;
	for (p++; p < end; ) {
		const char *list = *p == '"' ? list_at(p, end, key) : NULL;
		const char *close;

		if (list == NULL) {
			/* A key, a value or what stands between them. */
			close = *p == '"' ? skip_string(p, end) :
			    *p == '{' || *p == '[' ? skip_value(p, end) :
			    p + 1;
			if (close == NULL)
				break;
			p = close;
			continue;
		}
		close = list_end(list, end);
		buf_append(rest, from, (size_t)(list + 1 - from));
		*ret = (struct json_slices){ list + 1,
		    close != NULL ? close : end, close == NULL };
		if (close == NULL) {
			buf_puts(rest, "]}");
			return 0;
		}
		p = from = close;
	}
	buf_append(rest, from, (size_t)(end - from));
	return 0;
}

const char *
json_next(struct json_slices *list, size_t *ret_len)
{
	const char *p = list->p, *behind;

	while (p < list->end && (*p == ',' || skip_blanks(p, list->end) != p))
		p++;
	if (p >= list->end)
		return NULL;
	behind = skip_value(p, list->end);
	if (behind == NULL && list->cut)
		return NULL;		/* the one that was cut */
	if (behind == NULL || behind == p)
		behind = behind == NULL ? list->end : p + 1;
	*ret_len = (size_t)(behind - p);
	list->p = behind;
	return p;
}
