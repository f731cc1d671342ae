/* repair_scan.c - see repair_scan.h. */
#include <string.h>

#include "repair_names.h"
#include "repair_scan.h"

int
scan_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

const char *
scan_blanks(const char *s, const char *end)
{
	while (s < end && scan_is_blank(*s))
		s++;
	return s;
}

const char *
scan_find(const char *s, const char *end, const char *what)
{
	return s < end ? memmem(s, (size_t)(end - s), what, strlen(what)) :
	    NULL;
}

int
scan_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static int
name_char(char c)
{
	return scan_name_start(c) || (c >= '0' && c <= '9') || c == '-' ||
	    c == '.' || c == ':';
}

size_t
scan_name(const char *s, const char *end)
{
	const char *p = s;

	if (p >= end || !scan_name_start(*p))
		return 0;
	while (p < end && name_char(*p))
		p++;
	return (size_t)(p - s);
}

const char *
repair_find_root(const char *s, const char *end)
{
	const char *any = NULL;
	int comments = 1;

	while ((s = memchr(s, '<', (size_t)(end - s))) != NULL) {
		size_t len = scan_name(s + 1, end);
		const char *to;

		if (len > 0 && name_is_root(s + 1, len))
			return s;
		if (len > 0 && any == NULL)
			any = s;
		to = NULL;
		if (comments && end - s >= 4 && memcmp(s, "<!--", 4) == 0)
			comments = (to = scan_find(s, end, "-->")) != NULL;
		s = to != NULL ? to : s + 1;
	}
	return any;
}

int
repair_clean_prolog(const char *s, const char *end)
{
	for (int first = 1; s < end; first = 0) {
		const char *to;

		if (scan_is_blank(*s)) {
			s++;
			continue;
		}
		if (*s != '<' || s + 1 >= end)
			return 0;
		if (s[1] == '?') {
			if (!first && end - s > 6 &&
			    memcmp(s, "<?xml", 5) == 0 && scan_is_blank(s[5]))
				return 0;
			to = scan_find(s, end, "?>");
		} else if (end - s > 4 && memcmp(s, "<!--", 4) == 0) {
			to = scan_find(s, end, "-->");
		} else {
			return s[1] == '!';
		}
		if (to == NULL)
			return 0;
		s = to + 2 + (*to == '-');
	}
	return 1;
}

int
repair_only_trailing(const char *s, const char *end)
{
	for (;;) {
		const char *to;

		s = scan_blanks(s, end);
		if (s == end)
			return 1;
		if (end - s > 4 && memcmp(s, "<!--", 4) == 0)
			to = scan_find(s, end, "-->");
		else if (end - s > 2 && s[0] == '<' && s[1] == '?')
			to = scan_find(s, end, "?>");
		else
			return 0;
		if (to == NULL)
			return 0;
		s = to + 2 + (*to == '-');
	}
}
