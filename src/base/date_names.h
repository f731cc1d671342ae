/*
 * date_names.h - what a word in a date means: months of some twenty
 * languages, halves of a day, units, and time zones.
 *
 * Words come as they stand in the text; case is folded here.
 */
#ifndef FEEDMILL_BASE_DATE_NAMES_H
#define FEEDMILL_BASE_DATE_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "date_civil.h"

/* What the sign or letter after a number makes of it. */
enum date_unit {
	UNIT_NONE, UNIT_YEAR, UNIT_MONTH, UNIT_DAY, UNIT_HOUR, UNIT_MINUTE,
	UNIT_SECOND,
};

enum date_half { HALF_NONE, HALF_AM, HALF_PM };

/* 1 to 12; 0: no month. */
int date_month(const char *word, size_t len);

/* after_time: English and its like only mean it there ("am Montag"). */
enum date_half date_half(const char *word, size_t len, int after_time);

/* The unit at p; *used is its length in bytes. */
enum date_unit date_unit(const char *p, size_t len, size_t *used);
int date_unit_is_korean(const char *p);

/* Seconds east of UTC at that local time; 0 if the word is no zone. */
int date_zone(const char *word, size_t len, struct civil, int hour,
    int *ret_seconds);

#endif
