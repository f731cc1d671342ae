/*
 * date_day.c - which of the numbers that are left is the year, which the
 * month, which the day.
 */
#include "date_civil.h"
#include "date_reader.h"

/* RFC 5322 section 4.3, with the turn of the century where POSIX has it;
 * three digits are the years since 1900 of somebody's tm_year. */
static int64_t
full_year(const struct token *t)
{
	if (t->len >= 4)
		return t->value;
	if (t->len == 3)
		return t->value >= 100 ? t->value + 1900 : -1;
	return t->value + (t->value < 70 ? 2000 : 1900);
}

/* With the month's name: "23 Nov 2018", "Nov 23, 18", "2018 November 23",
 * "Nov. 2020"; a third number is the hour. */
static int
take_named(struct date_reader *r, struct token **left, unsigned n)
{
	unsigned year;

	if (n == 0 || (n == 1 && left[0]->len != 4))
		return 0;
	year = n == 1 || left[0]->len >= 3 ? 0 : 1;
	if (left[year]->len > 4)
		return 0;
	r->year = full_year(left[year]);
	r->day = n == 1 ? 1 : left[!year]->value;
	if (n >= 3 && !r->has_time && left[2]->len <= 2) {
		r->hour = left[2]->value;
		r->has_time = 1;
	}
	return 1;
}

static void
set_day(struct date_reader *r, const struct token *y, const struct token *m,
    const struct token *d)
{
	r->year = full_year(y);
	r->month = m->value;
	r->day = d->value;
}

/* Year first: "2018-11-23", "2018/11", and "2003-335", the day of a year. */
static int
take_year_first(struct date_reader *r, struct token **left, unsigned n)
{
	r->year = left[0]->value;
	if (n == 2 && left[1]->len == 3) {
		struct civil c = { r->year, 1, 1 };
		int64_t day = left[1]->value;

		if (day < 1 || day > 365 + (civil_month_days(r->year, 2) > 28))
			return 0;
		c = civil_from_days(civil_to_days(c) + day - 1);
		r->month = c.month;
		r->day = c.day;
		return 1;
	}
	r->month = left[1]->value;
	r->day = n == 2 ? 1 : left[2]->value;
	return 1;
}

/* Three numbers, none of them a year for sure at the front.  "/" is read
 * the American way where both are possible, all else the European; years of
 * two digits come first in "03-12-31" and where nothing else can be. */
static int
take_three(struct date_reader *r, struct token **left)
{
	struct token *a = left[0], *b = left[1], *c = left[2];
	char sign = a[1].kind == SIGN ? *a[1].p : ' ';

	if (c->len <= 2 && ((sign == '-' && c->value <= 31) ||
	    (sign == '/' && a->value > 12)))
		set_day(r, a, b, c);
	else if (b->value > 12 || (sign == '/' && a->value <= 12))
		set_day(r, c, a, b);
	else
		set_day(r, c, b, a);
	return 1;
}

static int
take_numbers(struct date_reader *r, struct token **left, unsigned n)
{
	for (unsigned i = 0; i < n && i < 3; i++) {
		if (left[i]->len > 4)
			return 0;
	}
	if (n >= 2 && left[0]->len == 4)
		return take_year_first(r, left, n);
	if (n >= 3)
		return take_three(r, left);
	/* "-03-12": ISO 8601 of 1988, year and month. */
	if (n == 2 && left[0] == r->t + 1 && token_is_sign(r->t, '-') &&
	    left[0]->len == 2 && left[1]->len == 2) {
		r->year = full_year(left[0]);
		r->month = left[1]->value;
		r->day = 1;
		return 1;
	}
	return 0;
}

/* "20181123", "20181123180709", "031231", perhaps with "T1807" behind it,
 * which is gone already. */
static int
take_compact_day(struct date_reader *r, const struct token *t)
{
	int64_t v = t->value;

	if (t->len == 14 || t->len == 12) {
		if (t->len == 14) {
			r->second = v % 100;
			v /= 100;
		}
		r->minute = v % 100;
		r->hour = v / 100 % 100;
		r->has_time = 1;
		v /= 10000;
	} else if (t->len != 8 && t->len != 6) {
		return 0;
	}
	r->day = v % 100;
	r->month = v / 100 % 100;
	r->year = v / 10000;
	if (t->len == 6)
		r->year += r->year < 70 ? 2000 : 1900;
	return 1;
}

/* The rare forms of one number: "-0312" is 2003-12, "03335" the month of
 * the 335th day of 2003, as ISO 8601 once had them. */
static int
take_old_iso(struct date_reader *r, struct token *t)
{
	struct token year = { .len = 2 }, day = { .len = 3 };
	struct token *both[] = { &year, &day };

	if (t->len == 4 && t == r->t + 1 && token_is_sign(r->t, '-')) {
		r->year = 2000 + t->value / 100;
		r->month = t->value % 100;
		r->day = 1;
		return 1;
	}
	if (t->len != 5)
		return 0;
	year.value = 2000 + t->value / 1000;
	day.value = t->value % 1000;
	return take_year_first(r, both, 2);
}

int
date_take_day(struct date_reader *r)
{
	struct token *left[DATE_TOKENS];
	unsigned n = 0;

	for (struct token *t = r->t; t->kind != END; t++) {
		if (t->kind == NUMBER && !t->used)
			left[n++] = t;
	}
	if (r->has_units) {
		/* "13 10月 2023" */
		if (r->day == -1 && r->year == -1 && r->month != -1 && n >= 2)
			return take_named(r, left, n);
		return r->year != -1 && r->month != -1 && r->day != -1;
	}
	if (r->month != -1)
		return take_named(r, left, n);
	if (n == 1)
		return take_compact_day(r, left[0]) ||
		    take_old_iso(r, left[0]);
	return take_numbers(r, left, n);
}
