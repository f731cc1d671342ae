/*
 * date_civil.h - days of the Gregorian calendar to numbers and back: what
 * date.c and date_parse.c share.
 */
#ifndef FEEDMILL_BASE_DATE_CIVIL_H
#define FEEDMILL_BASE_DATE_CIVIL_H

#include <stdint.h>

struct civil {
	int64_t	year;
	int	month;		/* 1 to 12 */
	int	day;		/* 1 to 31 */
};

/* Days since 1970-01-01. */
int64_t civil_to_days(struct civil);
struct civil civil_from_days(int64_t days);

/* 0 is Sunday. */
int civil_weekday(int64_t days);
int civil_month_days(int64_t year, int month);

#endif
