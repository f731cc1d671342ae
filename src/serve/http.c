/* http.c - see http.h. */
#include <string.h>

#include "feedmill/base/date.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "http.h"

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
	list += strspn(list, " \t,");
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

/* "0" is a digit, "_" that or a blank, "a" a letter. */
static int
fits(char c, char form)
{
	int is_digit = c >= '0' && c <= '9';

	switch (form) {
	case '0':
		return is_digit;
	case '_':
		return is_digit || c == ' ';
	case 'a':
		return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
	default:
		return c == form;
	}
}

/* Is it of this form, where "+" stands for any more letters? */
static int
has_form(const char *s, const char *form)
{
	for (; *form != '\0'; form++) {
		if (*form != '+' && !fits(*s++, *form))
			return 0;
		while (*form == '+' && fits(*s, 'a'))
			s++;
	}
	return *skip_blanks(s) == '\0';
}

/* A field whose date is none of HTTP's is ignored (sections 5.6.7 and
 * 13.1.3): DATE_NONE. */
static int64_t
field_seconds(const char *field)
{
	static const char *const forms[] = {
		"aaa, 00 aaa 0000 00:00:00 GMT",
		"aaaa+, 00-aaa-00 00:00:00 GMT",
		"aaa aaa _0 00:00:00 0000",
	};

	for (size_t i = 0; field != NULL && i < ARRAY_LEN(forms); i++) {
		if (has_form(skip_blanks(field), forms[i]))
			return date_seconds(date_parse(field, 0));
	}
	return DATE_NONE;
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
	if (*s == '"') {
		size_t len = strlen(t->etag);

		return strncmp(s, t->etag, len) == 0 &&
		    *skip_blanks(s + len) == '\0';
	}
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

/* Where one of these stands outside of quotes, or the end. */
static const char *
find_outside(const char *s, const char *stops)
{
	int quoted = 0;

	for (; *s != '\0' && (quoted || strchr(stops, *s) == NULL); s++) {
		if (*s == '\\' && quoted && s[1] != '\0')
			s++;
		else if (*s == '"')
			quoted = !quoted;
	}
	return s;
}

/* "0.25" is 250.  What is no weight is none: 0 (section 12.4.2). */
static int
read_weight(const char *s)
{
	int weight, unit = 1000;

	if (*s != '0' && *s != '1')
		return 0;
	weight = (*s++ - '0') * unit;
	if (*s == '.') {
		while (*++s >= '0' && *s <= '9' && unit > 1) {
			unit /= 10;
			weight += (*s - '0') * unit;
		}
	}
	return weight;
}

/* Of an element that ends there; 1000 where it says none. */
static int
weight_of(const char *s, const char *end)
{
	while ((s = find_outside(s, ";,")) < end) {
		const char *is;

		s = skip_blanks(s + 1);
		if (*s != 'q' && *s != 'Q')
			continue;	/* it may be the end */
		is = skip_blanks(s + 1);
		if (*is == '=')
			return read_weight(skip_blanks(is + 1));
	}
	return 1000;
}

/* How gladly the list takes this; -1: it does not name it. */
static int
weight_in(const char *list, const char *name)
{
	while (list != NULL && *list != '\0') {
		const char *end;

		list += strspn(list, " \t,");
		end = find_outside(list, ",");
		if (strcspn(list, " \t;,") == strlen(name) &&
		    text_prefix_nocase(list, name))
			return weight_of(list, end);
		list = end;
	}
	return -1;
}

int
http_prefers_gzip(const char *accept_encoding)
{
	int any = weight_in(accept_encoding, "*");
	int gzip = weight_in(accept_encoding, "gzip");
	int identity = weight_in(accept_encoding, "identity");

	if (gzip == -1)
		gzip = weight_in(accept_encoding, "x-gzip");
	if (gzip == -1)
		gzip = any;
	if (identity == -1)
		identity = any;
	return gzip > 0 && gzip >= identity;
}

int
http_accepts_delta(const char *a_im)
{
	return weight_in(a_im, "feed") > 0;
}
