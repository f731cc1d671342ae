/*
 * date.c - dates written; reading them is date_parse.c.
 *
 * No locale, no time zone database, no struct tm: days are counted as Howard
 * Hinnant's "chrono-compatible low-level date algorithms" do, in years that
 * begin in March, so that the leap day is the last one.
 */
#include <stdio.h>

#include "feedmill/base/date.h"
#include "date_civil.h"

enum { DAY_MS = 86400000, ERA_DAYS = 146097, EPOCH_DAYS = 719468 };

/* What four digits of year can hold; anything else is written as its end. */
static const int64_t ms_first = INT64_C(-62135596800000);
static const int64_t ms_last = INT64_C(253402300799999);

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int64_t
civil_to_days(struct civil c)
{
	int64_t y = c.year - (c.month <= 2);
	int64_t era = floor_div(y, 400);
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (c.month + (c.month > 2 ? -3 : 9)) + 2) / 5 +
	    c.day - 1;

	return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 +
	    of_year - EPOCH_DAYS;
}

struct civil
civil_from_days(int64_t days)
{
	int64_t era = floor_div(days + EPOCH_DAYS, ERA_DAYS);
	int64_t doe = days + EPOCH_DAYS - era * ERA_DAYS;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t m = (5 * doy + 2) / 153;
	struct civil c;

	c.day = (int)(doy - (153 * m + 2) / 5 + 1);
	c.month = (int)(m < 10 ? m + 3 : m - 9);
	c.year = yoe + era * 400 + (c.month <= 2);
	return c;
}

int
civil_weekday(int64_t days)
{
	int64_t n = (days + 4) % 7;

	return (int)(n < 0 ? n + 7 : n);
}

int
civil_month_days(int64_t year, int month)
{
	int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	if (month == 2)
		return 28 + leap;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 :
	    31;
}

int64_t
date_seconds(int64_t ms)
{
	return ms == DATE_NONE ? DATE_NONE : floor_div(ms, 1000);
}

struct moment {
	struct civil	c;
	int64_t		days;
	int		hour, minute, second, ms;
};

static struct moment
moment_of(int64_t ms)
{
	struct moment m;
	int rest;

	if (ms < ms_first)
		ms = ms_first;
	if (ms > ms_last)
		ms = ms_last;
	m.days = floor_div(ms, DAY_MS);
	rest = (int)(ms - m.days * DAY_MS);
	m.c = civil_from_days(m.days);
	m.hour = rest / 3600000;
	m.minute = rest / 60000 % 60;
	m.second = rest / 1000 % 60;
	m.ms = rest % 1000;
	return m;
}

/* There are several in each entry, and printf takes its time. */
static char *
put_digits(char *out, int n, int count, char after)
{
	for (int i = count; i-- > 0; n /= 10)
		out[i] = (char)('0' + n % 10);
	out[count] = after;
	return out + count + 1;
}

static void
format_iso(int64_t ms, int always_ms, char out[DATE_TEXT_SIZE])
{
	struct moment m = moment_of(ms);

	out = put_digits(out, (int)m.c.year, 4, '-');
	out = put_digits(out, m.c.month, 2, '-');
	out = put_digits(out, m.c.day, 2, 'T');
	out = put_digits(out, m.hour, 2, ':');
	out = put_digits(out, m.minute, 2, ':');
	out = put_digits(out, m.second, 2, '.');
	if (always_ms || m.ms != 0)
		out = put_digits(out, m.ms, 3, '.');
	out[-1] = 'Z';
	*out = '\0';
}

void
date_format_rfc3339(int64_t ms, char out[DATE_TEXT_SIZE])
{
	format_iso(ms, 0, out);
}

void
date_format_iso24(int64_t ms, char out[DATE_TEXT_SIZE])
{
	format_iso(ms, 1, out);
}

void
date_format_http(int64_t ms, char out[DATE_TEXT_SIZE])
{
	static const char days[7][4] = {
		"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat",
	};
	static const char months[12][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec",
	};
	struct moment m = moment_of(ms);

	snprintf(out, DATE_TEXT_SIZE, "%s, %02d %s %04d %02d:%02d:%02d GMT",
	    days[civil_weekday(m.days)], m.c.day, months[m.c.month - 1],
	    (int)m.c.year, m.hour, m.minute, m.second);
}
