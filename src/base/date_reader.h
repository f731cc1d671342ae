/*
 * date_reader.h - what is known of a date while it is read.
 *
 * Private to date_parse.c and its step date_day.c.
 */
#ifndef FEEDMILL_BASE_DATE_READER_H
#define FEEDMILL_BASE_DATE_READER_H

#include "date_names.h"
#include "date_tokens.h"

struct date_reader {
	char		text[DATE_TEXT_BYTES];
	struct token	t[DATE_TOKENS + 1];	/* the last is END */
	unsigned	n;
	int64_t		year, month, day;	/* -1: not known yet */
	int64_t		hour, minute, second, ms;
	int		zone_s;
	int		has_time, has_zone, has_units;
	unsigned	time_end;	/* token behind the time of day */
	enum date_half	half;
};

/* From the numbers that nothing else has used; 0: they are no day. */
int date_take_day(struct date_reader *);

#endif
