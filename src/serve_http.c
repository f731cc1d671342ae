/* serve_http.c - see serve_http.h. */
#include <string.h>

#include "feedmill/base/date.h"
#include "feedmill/base/text.h"
#include "serve_http.h"

static const char *
skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

/* ------------------------------------------------------------ validators */

/* Is etag one of the list, or the list "*"?  A weak one never is under the
 * strong comparison of If-Match (section 8.8.3.2). */
static int
list_has_etag(const char *list, const char *etag, int weak)
{
	size_t len = strlen(etag);

	list = skip_blanks(list);
	if (*list == '*')
		return *skip_blanks(list + 1) == '\0';
	while (*list != '\0') {
		int is_weak = strncmp(list, "W/", 2) == 0;
		const char *end;

		if (is_weak)
			list += 2;
		if (*list != '"')
			return 0;	/* not a list of entity tags */
		end = strchr(list + 1, '"');
		if (end == NULL)
			return 0;
		if ((weak || !is_weak) &&
		    (size_t)(end + 1 - list) == len &&
		    memcmp(list, etag, len) == 0)
			return 1;
		list = end + 1;
		list += strspn(list, " \t,");
	}
	return 0;
}

const char *
http_next_tag(const char **list, size_t *ret_len)
{
	const char *s = *list + strspn(*list, " \t,"), *end;

	if (strncmp(s, "W/", 2) == 0)
		s += 2;
	end = *s == '"' ? strchr(s + 1, '"') : NULL;
	if (end == NULL)
		return NULL;
	*list = end + 1;
	*ret_len = (size_t)(end - s - 1);
	return s + 1;
}

int
http_names_tag(const char *list, const char *etag)
{
	return list != NULL && *skip_blanks(list) != '*' &&
	    list_has_etag(list, etag, 1);
}

/* A field whose date cannot be read is ignored: DATE_NONE. */
static int64_t
field_seconds(const char *field)
{
	return field == NULL ? DATE_NONE :
	    date_seconds(date_parse(field, 0));
}

static int
precondition_failed(const struct http_ask *ask, const struct http_thing *t)
{
	int64_t since;

	if (ask->if_match != NULL)
		return !list_has_etag(ask->if_match, t->etag, 0);
	since = field_seconds(ask->if_unmodified_since);
	return since != DATE_NONE && date_seconds(t->modified_ms) > since;
}

static int
is_not_modified(const struct http_ask *ask, const struct http_thing *t)
{
	int64_t since;

	if (ask->if_none_match != NULL)
		return list_has_etag(ask->if_none_match, t->etag, 1);
	since = field_seconds(ask->if_modified_since);
	return since != DATE_NONE && date_seconds(t->modified_ms) <= since;
}

/* ----------------------------------------------------------------- ranges */

/* Digits at *s to a number, SIZE_MAX for all that do not fit; 0: none. */
static int
take_number(const char **s, size_t *ret)
{
	const char *p = *s;

	*ret = 0;
	for (; *p >= '0' && *p <= '9'; p++) {
		size_t digit = (size_t)(*p - '0');

		*ret = *ret > (SIZE_MAX - digit) / 10 ? SIZE_MAX :
		    *ret * 10 + digit;
	}
	if (p == *s)
		return 0;
	*s = p;
	return 1;
}

/* "bytes=0-9", "bytes=5-", "bytes=-5".  0: no range that we know; -1: none
 * of these bytes are there; 1: it is in ret. */
static int
parse_range(const char *s, size_t len, struct http_answer *ret)
{
	size_t first, last;
	int has_first, has_last;

	if (!text_prefix_nocase(s, "bytes="))
		return 0;
	s = skip_blanks(s + 6);
	has_first = take_number(&s, &first);
	if (*s++ != '-')
		return 0;
	has_last = take_number(&s, &last);
	if (*skip_blanks(s) != '\0' || (!has_first && !has_last))
		return 0;
	if (!has_first) {
		if (last == 0 || len == 0)
			return -1;
		first = last < len ? len - last : 0;
		last = len - 1;
	} else if (has_last && last < first) {
		return 0;
	} else if (first >= len) {
		return -1;
	}
	if (!has_last || last >= len)
		last = len - 1;
	ret->first = first;
	ret->len = last - first + 1;
	return 1;
}

/* If-Range: a strong tag, or exactly the date we sent. */
static int
range_is_current(const struct http_ask *ask, const struct http_thing *t)
{
	const char *s = ask->if_range;

	if (s == NULL)
		return 1;
	s = skip_blanks(s);
	if (*s == '"')
		return strcmp(s, t->etag) == 0;
	if (strncmp(s, "W/", 2) == 0)
		return 0;
	return field_seconds(s) == date_seconds(t->modified_ms);
}

struct http_answer
http_judge(const struct http_ask *ask, const struct http_thing *t)
{
	struct http_answer answer = { 200, 0, t->len };
	int range;

	if (precondition_failed(ask, t)) {
		answer.status = 412;
	} else if (is_not_modified(ask, t)) {
		answer.status = 304;
	} else if (ask->is_get && ask->range != NULL &&
	    range_is_current(ask, t)) {
		range = parse_range(ask->range, t->len, &answer);
		if (range != 0)
			answer.status = range == 1 ? 206 : 416;
	}
	return answer;
}

/* --------------------------------------------------------------- encoding */

/* A weight of "0", "0.", "0.000" refuses (section 12.4.2). */
static int
is_refused(const char *parameters, const char *end)
{
	const char *q = memchr(parameters, '=', (size_t)(end - parameters));

	if (q == NULL)
		return 0;
	q = skip_blanks(q + 1);
	for (; q < end; q++) {
		if (*q >= '1' && *q <= '9')
			return 0;
	}
	return 1;
}

/* Is one of these in the list, or "*", and not refused?  NULL ends both. */
static int
accepts(const char *s, const char *const *names, int star)
{
	int any = 0;

	while (s != NULL && *s != '\0') {
		const char *end, *name;
		size_t len;

		s += strspn(s, " \t,");
		end = s + strcspn(s, ",");
		name = s;
		len = strcspn(s, " \t;,");
		s = end;
		if (star && len == 1 && *name == '*')
			any = !is_refused(name, end);
		for (const char *const *n = names; *n != NULL; n++) {
			if (len == strlen(*n) && text_prefix_nocase(name, *n))
				return !is_refused(name, end);
		}
	}
	return any;
}

int
http_accepts_gzip(const char *accept_encoding)
{
	static const char *const names[] = { "gzip", "x-gzip", NULL };

	return accepts(accept_encoding, names, 1);
}

int
http_accepts_delta(const char *a_im)
{
	static const char *const names[] = { "feed", NULL };

	return accepts(a_im, names, 0);
}
