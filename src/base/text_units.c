/*
 * text_units.c - durations and sizes as people write them.
 *
 * "90" is 90 seconds or bytes, "1h30m" 5400 seconds, "10M" 10 * 1024 * 1024
 * bytes.  Units of a duration go from large to small, each at most once.
 */
#include <stdio.h>
#include <string.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"

struct unit {
	char	letter;
	int64_t	worth;
};

static const struct unit durations[] = {
	{ 'w', 7 * 86400 }, { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 },
	{ 's', 1 },
};

static const struct unit sizes[] = {
	{ 'T', INT64_C(1) << 40 }, { 'G', 1 << 30 }, { 'M', 1 << 20 },
	{ 'K', 1 << 10 }, { 'B', 1 },
};

/* Digits at *s, which moves past them; -1: none, or too many. */
static int64_t
take_number(const char **s)
{
	int64_t n = 0;

	if (**s < '0' || **s > '9')
		return -1;
	for (; **s >= '0' && **s <= '9'; (*s)++) {
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, **s - '0', &n))
			return -1;
	}
	return n;
}

int64_t
text_parse_duration(const char *s)
{
	int64_t total = 0, n;
	size_t unit = 0;

	do {
		n = take_number(&s);
		if (n == -1)
			return -1;
		if (*s == '\0')		/* no unit: seconds, if alone */
			return unit == 0 ? n : -1;
		while (unit < ARRAY_LEN(durations) &&
		    durations[unit].letter != *s)
			unit++;
		if (unit == ARRAY_LEN(durations) ||
		    __builtin_mul_overflow(n, durations[unit].worth, &n) ||
		    __builtin_add_overflow(total, n, &total))
			return -1;
		unit++;
	} while (*++s != '\0');
	return total;
}

/* "K", "k", "KB" and "KiB" are one: 1024. */
static int64_t
size_unit(const char *s)
{
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		const char name[2] = { sizes[i].letter, '\0' };

		if (!text_prefix_nocase(s, name))
			continue;
		if (s[1] == '\0' || (sizes[i].worth > 1 &&
		    (text_equal_nocase(s + 1, "B") ||
		    text_equal_nocase(s + 1, "iB"))))
			return sizes[i].worth;
	}
	return -1;
}

int64_t
text_parse_size(const char *s)
{
	int64_t n = take_number(&s), unit = 1;

	if (n == -1)
		return -1;
	if (*s == ' ')
		s++;
	if (*s != '\0' && (unit = size_unit(s)) == -1)
		return -1;
	return __builtin_mul_overflow(n, unit, &n) ? -1 : n;
}

void
text_format_duration(int64_t seconds, char out[24])
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(durations) && seconds > 0; i++) {
		int64_t n = seconds / durations[i].worth;

		/* Weeks only where they come out even: "10d", not "1w3d". */
		if (n == 0 || (i == 0 && seconds % durations[i].worth != 0))
			continue;
		seconds %= durations[i].worth;
		used += (size_t)snprintf(out + used, 24 - used, "%lld%c",
		    (long long)n, durations[i].letter);
		if (used >= 24)
			return;
	}
	if (used == 0)
		snprintf(out, 24, "0s");
}

void
text_format_size(int64_t bytes, char out[24])
{
	size_t i = 0;

	while (sizes[i].worth > 1 &&
	    (bytes < sizes[i].worth || bytes % sizes[i].worth != 0))
		i++;
	if (sizes[i].worth == 1)
		snprintf(out, 24, "%lld", (long long)bytes);
	else
		snprintf(out, 24, "%lld%c",
		    (long long)(bytes / sizes[i].worth), sizes[i].letter);
}
