/*
 * text.c - values that are text of a certain form: paths, URLs,
 * encodings, languages, zones, regular expressions.
 */
#include <iconv.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "private.h"
#include "value.h"

enum { SCHEME_MAX_BYTES = 12 };

void
value_set_text(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	const char *s = value_take_text(l, o, n);

	if (s == NULL)
		return;
	if (*s == '\0')
		COMPLAIN(l, n, "%s is empty", o->name);
	else
		*(const char **)field = arena_strdup(&l->out->arena, s);
}

const char *
path_join(struct arena *a, const char *dir, const char *path)
{
	char *joined = path[0] == '/' ? arena_strdup(a, path) :
	    arena_printf(a, "%s/%s", dir, path);
	char *to = joined;

	for (const char *from = joined; *from != '\0'; from++) {
		if (from[0] == '/' && from[1] == '/')
			continue;
		while (from[0] == '/' && from[1] == '.' &&
		    (from[2] == '/' || from[2] == '\0'))
			from += 2;
		if (*from == '\0')
			break;
		if (from[0] == '/' && from[1] == '/')
			continue;
		*to++ = *from;
	}
	while (to > joined + 1 && to[-1] == '/')
		to--;
	*to = '\0';
	return *joined != '\0' ? joined : "/";
}

void
value_set_path(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	const char *s = value_take_text(l, o, n);

	if (s == NULL)
		return;
	if (*s == '\0')
		COMPLAIN(l, n, "%s is empty", o->name);
	else if (strstr(s, "://") != NULL)
		COMPLAIN(l, n, "%s must be a path, not a URL", o->name);
	else
		*(const char **)field = path_join(&l->out->arena,
		    l->out->config.state, s);
}

/* Why it is no URL to ask; NULL: it is one. */
const char *
value_url_fault(struct arena *a, const char *s)
{
	const char *end = strstr(s, "://");
	char *absolute;

	if (end == NULL)
		return "it must begin with http:// or https://";
	if (!url_is_http(s))
		return end - s > SCHEME_MAX_BYTES ?
		    "only http:// and https:// can be asked" :
		    arena_printf(a, "only http:// and https:// can be asked, "
		    "not %.*s://", (int)(end - s), s);
	if (strlen(s) > URL_MAX_BYTES)
		return "it is too long";
	absolute = url_resolve(NULL, s);
	free(absolute);
	return absolute == NULL ? "it is not well-formed" : NULL;
}

int
value_has_userinfo(const char *url)
{
	const char *host = strstr(url, "://");

	return host != NULL && host[3 + strcspn(host + 3, "/?#@")] == '@';
}

const char *
value_take_url(struct loader *l, const struct option *o, const struct node *n)
{
	const char *s = value_take_text(l, o, n);
	const char *fault = s != NULL ? value_url_fault(&l->scratch, s) : NULL;

	if (fault != NULL)
		COMPLAIN(l, n, "%s is no URL: %s", o->name, fault);
	else if (s != NULL && value_has_userinfo(s))
		COMPLAIN(l, n, "%s is public and cannot have a password",
		    o->name);
	else if (s != NULL)
		return arena_strdup(&l->out->arena, s);
	return NULL;
}

void
value_set_url(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	const char *url = value_take_url(l, o, n);

	if (url != NULL)
		*(const char **)field = url;
}

void
value_set_charset(struct loader *l, const struct option *o,
    const struct node *n, void *field)
{
	const char *s = value_take_text(l, o, n);
	iconv_t cd = (iconv_t)-1;

	if (s == NULL)
		return;
	/* No "//TRANSLIT" and no path to a conversion module. */
	if (*s != '\0' && strlen(s) <= 40 &&
	    s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789._:-")] == '\0')
		cd = iconv_open("UTF-8", s);
	if (cd == (iconv_t)-1) {
		value_refuse(l, o, n, "an encoding that is known here, such as "
		    "gb18030");
		return;
	}
	iconv_close(cd);
	*(const char **)field = arena_strdup(&l->out->arena, s);
}

void
value_set_language(struct loader *l, const struct option *o,
    const struct node *n, void *field)
{
	const char *s = value_take_text(l, o, n);
	size_t part = 0;

	if (s == NULL)
		return;
	for (const char *p = s; ; p++) {
		int letter = (*p >= 'a' && *p <= 'z') ||
		    (*p >= 'A' && *p <= 'Z');

		if (letter || (p > s && *p >= '0' && *p <= '9')) {
			part++;
		} else if (part == 0 || part > 8 || (*p != '-' && *p)) {
			value_refuse(l, o, n, "a language tag such as en or "
			    "zh-Hans");
			return;
		} else if (*p == '\0') {
			break;
		} else {
			part = 0;
		}
	}
	*(const char **)field = arena_strdup(&l->out->arena, s);
}

/* "+08:00", "-0530", "+9" to seconds; -1: it is none. */
static int
parse_zone(const char *s, int *ret)
{
	int sign = *s == '-' ? -1 : 1, value[2] = { 0, 0 };

	if (text_equal_nocase(s, "UTC") || text_equal_nocase(s, "GMT") ||
	    text_equal_nocase(s, "Z")) {
		*ret = 0;
		return 0;
	}
	if (*s != '+' && *s != '-')
		return -1;
	s++;
	for (int i = 0; i < 2; i++) {
		int digits = 0;

		for (; digits < 2 && *s >= '0' && *s <= '9'; s++, digits++)
			value[i] = value[i] * 10 + *s - '0';
		if ((i == 0 && digits == 0) || (i == 1 && digits == 1))
			return -1;
		if (i == 0 && *s == ':' && s[1] != '\0')
			s++;
	}
	if (*s != '\0' || value[0] > 14 || value[1] > 59)
		return -1;
	*ret = sign * (value[0] * 3600 + value[1] * 60);
	return 0;
}

void
value_set_zone(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	const char *s = value_take_text(l, o, n);

	if (s != NULL && parse_zone(s, field) == -1)
		value_refuse(l, o, n, "an offset such as +08:00, or UTC");
}

/*
 * A regular expression is run on titles the world writes, and compiled by a
 * library that unrolls repetitions: bounds on both.
 */
static const char *
regex_danger(const char *s)
{
	long product = 1;

	if (strlen(s) > CONFIG_REGEX_MAX_BYTES)
		return "is too long";
	for (; *s != '\0'; s++) {
		if (*s == '\\' && s[1] >= '1' && s[1] <= '9')
			return "has a back-reference, which can take forever";
		if (*s == '\\' && s[1] != '\0')
			s++;
		if (*s == '{') {
			long most = 1;
			char *end;

			for (const char *p = s + 1; (*p >= '0' && *p <= '9') ||
			    *p == ','; p = *end != '\0' ? end + 1 : end) {
				long count = strtol(p, &end, 10);

				if (count > most)
					most = count;
				if (end == p || *end != ',')
					break;
			}
			if (most > CONFIG_REGEX_REPEATS_MAX ||
			    (product *= most) > CONFIG_REGEX_REPEATS_MAX)
				return "repeats too much";
		}
	}
	return NULL;
}

void
value_set_regex(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	const char *s = value_take_text(l, o, n), *danger;
	char message[128];
	regex_t compiled;
	int fault;

	if (s == NULL)
		return;
	danger = regex_danger(s);
	if (danger != NULL) {
		COMPLAIN(l, n, "%s %s", o->name, danger);
		return;
	}
	fault = regcomp(&compiled, s, REG_EXTENDED | REG_ICASE | REG_NOSUB);
	if (fault != 0) {
		regerror(fault, &compiled, message, sizeof(message));
		COMPLAIN(l, n, "%s is no regular expression: %s", o->name,
		    message);
		return;
	}
	regfree(&compiled);
	*(const char **)field = arena_strdup(&l->out->arena, s);
}
