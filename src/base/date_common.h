/* date_common.h - the two spellings nearly all feeds use, read at once. */
#ifndef FEEDMILL_BASE_DATE_COMMON_H
#define FEEDMILL_BASE_DATE_COMMON_H

#include <stdint.h>

/*
 * 1 and milliseconds for exactly "Wed, 01 May 2024 10:00:00 GMT" (weekday
 * optional, zone GMT, UTC or +hhmm) or "2024-05-01T10:00:00.123+08:00"
 * (fraction optional, zone Z or +hh:mm) and nothing around it; else 0, which
 * says nothing: date_parse() looks closer.
 */
int date_common(const char *s, int64_t *ret_ms);

#endif
