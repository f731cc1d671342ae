/*
 * date_parse.c - dates read.
 *
 * There is no list of formats: feeds have written all of them and will write
 * more.  The text is cut into numbers, words and signs, and then each of
 * these steps takes what it knows and marks it as used:
 *
 *  1. numbers with a unit behind them (2020年, 5월, 18h);
 *  2. from left to right, times of day (10:14:55.12, T1014) and, once there
 *     is one, zones as numbers (+0200, -05:00);
 *  3. words: month, half of the day, zone by name;
 *  4. the numbers that are left are year, month and day; in which order, the
 *     month's name, the number of digits, the size and the sign between
 *     tell (date_day.c).
 *
 * A text without a complete day, or with a part that cannot be, is no date.
 * The number of tokens is bounded, so the work is too.
 */
#include <string.h>

#include "feedmill/base/date.h"
#include "date_civil.h"
#include "date_common.h"
#include "date_names.h"
#include "date_reader.h"

enum { KOREA_S = 9 * 3600 };

/* --------------------------------------------------------------- units */

static void
take_unit(struct date_reader *r, struct token *t)
{
	int64_t *fields[] = {
		[UNIT_YEAR] = &r->year, [UNIT_MONTH] = &r->month,
		[UNIT_DAY] = &r->day, [UNIT_HOUR] = &r->hour,
		[UNIT_MINUTE] = &r->minute, [UNIT_SECOND] = &r->second,
	};
	size_t used;
	enum date_unit unit = t[1].kind == WORD ?
	    date_unit(t[1].p, t[1].len, &used) : UNIT_NONE;

	if (unit == UNIT_NONE || used != t[1].len || t->len > 4)
		return;
	*fields[unit] = t->value;
	t[0].used = t[1].used = 1;
	if (unit >= UNIT_HOUR) {
		r->has_time = 1;
		r->time_end = (unsigned)(t + 2 - r->t);
		/* "18h07", and its like without the last unit. */
		if (unit == UNIT_HOUR && token_is_joined(t + 2, 2, 2) &&
		    t[3].kind != WORD) {
			r->minute = t[2].value;
			t[2].used = 1;
			r->time_end++;
		}
	} else {
		r->has_units = 1;
		if (date_unit_is_korean(t[1].p) && !r->has_zone)
			r->zone_s = KOREA_S;
	}
}

/* ------------------------------------------------------ times and zones */

static int64_t
first_three(const struct token *t)
{
	int64_t ms = 0;

	for (unsigned i = 0; i < 3; i++)
		ms = ms * 10 + (i < t->len ? t->p[i] - '0' : 0);
	return ms;
}

static void
end_time(struct date_reader *r, struct token *from, struct token *to)
{
	if (token_is_word(to, "am") || token_is_word(to, "pm"))
		to++;
	for (; from < to; from++)
		from->used = 1;
	r->has_time = 1;
	r->time_end = (unsigned)(to - r->t);
	if (to[-1].kind == WORD)
		r->half = date_half(to[-1].p, to[-1].len, 1);
}

/* "10:14", "10:14:55", "10:14:55.123", and then perhaps "PM". */
static int
take_time(struct date_reader *r, struct token *t)
{
	struct token *to = t + 3;

	if (t->len > 2 || !token_is_sign(t + 1, ':') || t[2].kind != NUMBER ||
	    t[2].len > 2)
		return 0;
	r->hour = t->value;
	r->minute = t[2].value;
	r->second = r->ms = 0;
	if (token_is_sign(to, ':') && to[1].kind == NUMBER && to[1].len <= 2) {
		r->second = to[1].value;
		to += 2;
		if ((token_is_sign(to, '.') || token_is_sign(to, ',')) &&
		    token_is_joined(to + 1, 1, DATE_DIGITS)) {
			r->ms = first_three(to + 1);
			to += 2;
		}
	}
	end_time(r, t, to);
	return 1;
}

/* "T101455", "T1014", "T10" behind a date; "3pm" anywhere. */
static int
take_compact_time(struct date_reader *r, struct token *t)
{
	int behind_t = !t->gap && t > r->t && token_is_word(t - 1, "t");
	int64_t v = t->value;

	if (behind_t && (t->len == 6 || t->len == 4 || t->len == 2)) {
		if (t->len == 6) {
			r->second = v % 100;
			v /= 100;
		}
		if (t->len >= 4) {
			r->minute = v % 100;
			v /= 100;
		}
		r->hour = v;
	} else if (t->len <= 2 && (token_is_word(t + 1, "am") ||
	    token_is_word(t + 1, "pm"))) {
		r->hour = v;
	} else {
		return 0;
	}
	end_time(r, t, t + 1);
	return 1;
}

/* How many numbers stand before t; of two, one may be the month's name. */
static int
is_behind_day(const struct date_reader *r, const struct token *t)
{
	unsigned numbers = 0, months = 0;

	for (const struct token *u = r->t; u < t; u++) {
		numbers += u->kind == NUMBER;
		months += u->kind == WORD && date_month(u->p, u->len) != 0;
	}
	return numbers >= 3 || (numbers == 2 && months > 0);
}

/* "23.9.2018 18.07", "T18-07-09": the clock with the signs of the day. */
static int
take_dotted_time(struct date_reader *r, struct token *t)
{
	int behind_t = !t->gap && t > r->t && token_is_word(t - 1, "t");
	char sign = t[1].kind == SIGN ? *t[1].p : '\0';
	int parts = 1;

	if (r->has_time || t->len > 2 || (sign != '.' && sign != '-') ||
	    (!behind_t && (!t->gap || !is_behind_day(r, t))))
		return 0;
	while (parts < 3 && token_is_sign(t + 2 * parts - 1, sign) &&
	    token_is_joined(t + 2 * parts, 2, 2))
		parts++;
	if (parts < (sign == '.' ? 2 : 3) || t[2].value > 59 ||
	    (parts == 3 && t[4].value > 60))
		return 0;
	r->hour = t->value;
	r->minute = t[2].value;
	r->second = parts == 3 ? t[4].value : 0;
	end_time(r, t, t + 2 * parts - 1);
	return 1;
}

/* "20181123180709 +0100": the clock is in the number. */
static void
note_held_time(struct date_reader *r, const struct token *t)
{
	if (r->has_time || (t->len != 14 && t->len != 12))
		return;
	r->has_time = 1;
	r->time_end = (unsigned)(t + 1 - r->t);
}

static int
is_plus_or_minus(const struct token *t)
{
	return token_is_sign(t, '+') || token_is_sign(t, '-');
}

/* Is this "+" or "-" the sign of a zone, not one between parts of a day?
 * "-" then stands apart, or right behind the time or the name of a zone. */
static int
is_zone_sign(const struct date_reader *r, const struct token *t)
{
	struct civil any = { 2000, 1, 1 };
	int ignored;

	if (!is_plus_or_minus(t) || !token_is_joined(t + 1, 1, 6) ||
	    !r->has_time || t < r->t + r->time_end)
		return 0;
	return t->gap || t == r->t + r->time_end || token_is_sign(t, '+') ||
	    (t[-1].kind == WORD && date_zone(t[-1].p, t[-1].len, any, 0,
	    &ignored));
}

/* "+0200", "-700", "+8", "-05:00", "-08:00:00" */
static void
take_zone(struct date_reader *r, struct token *t)
{
	struct token *to = t + 2;
	int64_t hours = t[1].value, minutes = 0;

	if (t[1].len == 6)
		hours /= 100;
	if (t[1].len >= 3) {
		minutes = hours % 100;
		hours /= 100;
	} else if (token_is_sign(to, ':') && token_is_joined(to + 1, 2, 2)) {
		minutes = to[1].value;
		to += 2;
		if (token_is_sign(to, ':') && token_is_joined(to + 1, 2, 2))
			to += 2;
	}
	for (struct token *u = t; u < to; u++)
		u->used = 1;
	/* Nonsense is no reason to lose the date: it names no zone. */
	if (r->has_zone || hours > 23 || minutes > 59)
		return;
	r->zone_s = (int)(hours * 3600 + minutes * 60);
	if (token_is_sign(t, '-'))
		r->zone_s = -r->zone_s;
	r->has_zone = 1;
}

static void
take_times(struct date_reader *r)
{
	for (struct token *t = r->t; t->kind != END; t++) {
		if (t->used)
			continue;
		if (is_zone_sign(r, t))
			take_zone(r, t);
		else if (t->kind == NUMBER && !take_time(r, t) &&
		    !take_dotted_time(r, t) && !take_compact_time(r, t))
			note_held_time(r, t);
	}
}

/* --------------------------------------------------------------- words */

/* The last month named is it: "mar., 01 déc." is a Tuesday. */
static void
take_words(struct date_reader *r)
{
	for (struct token *t = r->t; t->kind != END; t++) {
		int month;
		enum date_half half;

		if (t->kind != WORD || t->used)
			continue;
		month = date_month(t->p, t->len);
		half = date_half(t->p, t->len, 0);
		if (month != 0)
			r->month = month;
		if (half != HALF_NONE)
			r->half = half;
		t->used = month != 0 || half != HALF_NONE;
	}
}

/* Behind the time, or behind all of a date without one; "at 18:07" is not
 * in the Atlantic. */
static void
take_zone_name(struct date_reader *r)
{
	struct civil c = { r->year, (int)r->month, (int)r->day };

	for (unsigned i = 0; i < r->n && !r->has_zone; i++) {
		const struct token *t = &r->t[i];

		if (t->kind == WORD && !t->used && i > 0 &&
		    (r->has_time ? i >= r->time_end : i + 1 == r->n) &&
		    date_zone(t->p, t->len, c, (int)r->hour, &r->zone_s))
			r->has_zone = 1;
	}
}

/* A zone behind a date without a time: "23.11.2018 -0800". */
static void
take_zone_of_day(struct date_reader *r)
{
	struct token *t = r->n >= 2 ? &r->t[r->n - 2] : r->t;

	if (!r->has_time && r->n >= 4 && t->gap &&
	    is_plus_or_minus(t) && token_is_joined(t + 1, 4, 4))
		take_zone(r, t);
}

/* ------------------------------------------------------------- together */

/* Seconds or milliseconds since 1970, if the text is nothing else. */
static int
take_unix(const struct date_reader *r, int64_t *ret)
{
	const struct token *t = r->t;
	int fraction = r->n == 3 && token_is_sign(t + 1, '.') &&
	    token_is_joined(t + 2, 1, DATE_DIGITS);

	if (t->kind != NUMBER || (r->n != 1 && !fraction))
		return 0;
	if (t->len == 13)
		*ret = t->value;
	else if (t->len == 9 || t->len == 10)
		*ret = t->value * 1000 + (fraction ? first_three(t + 2) : 0);
	else
		return 0;
	return 1;
}

static void
apply_half(struct date_reader *r)
{
	if (r->half == HALF_PM && r->hour < 12)
		r->hour += 12;
	else if (r->half == HALF_AM && r->hour == 12)
		r->hour = 0;
}

static int
is_possible(const struct date_reader *r)
{
	if (r->year < 1 || r->year > 9999 || r->month < 1 || r->month > 12 ||
	    r->day < 1 || r->day > civil_month_days(r->year, (int)r->month))
		return 0;
	/* 24:00 is the next day's beginning, 23:59:60 a leap second. */
	if (r->hour == 24)
		return r->minute == 0 && r->second == 0;
	return r->hour < 24 && r->minute < 60 && r->second <= 60;
}

static int64_t
to_ms(const struct date_reader *r)
{
	int64_t days = civil_to_days((struct civil){ r->year, (int)r->month,
	    (int)r->day });

	return ((days * 24 + r->hour) * 60 + r->minute) * 60000 +
	    (r->second - r->zone_s) * 1000 + r->ms;
}

int64_t
date_parse(const char *s, int zone_s)
{
	struct date_reader r = {
		.year = -1, .month = -1, .day = -1, .zone_s = zone_s,
	};
	int64_t ms;

	if (date_common(s, &ms))
		return ms;
	r.n = date_tokenise(s, r.text, r.t);
	if (r.n == 0)
		return DATE_NONE;
	if (take_unix(&r, &ms))
		return ms;
	for (struct token *t = r.t; t->kind != END; t++) {
		if (t->kind == NUMBER)
			take_unit(&r, t);
	}
	take_times(&r);
	take_words(&r);
	take_zone_of_day(&r);
	/* Characters for year, month and day announce a page's own style,
	 * where the day alone says less than when the page was read. */
	if (!date_take_day(&r) || (r.has_units && !r.has_time))
		return DATE_NONE;
	apply_half(&r);
	if (!is_possible(&r))
		return DATE_NONE;
	take_zone_name(&r);
	return to_ms(&r);
}
