/*
 * date.h - from any date the world writes to milliseconds since 1970 UTC.
 *
 * Reads RFC 822/2822/5322 with all its wild forms, RFC 3339, ISO 8601,
 * W3CDTF, asctime, Chinese and Japanese forms, Unix seconds, named and
 * military zones.  What is not a complete date (a bare time of day, a bare
 * year, "Invalid Date") is no date: DATE_NONE, never "now".
 */
#ifndef FEEDMILL_BASE_DATE_H
#define FEEDMILL_BASE_DATE_H

#include <stddef.h>
#include <stdint.h>

#define DATE_NONE	INT64_MIN

/* zone_s: seconds east of UTC for dates that name no zone (default 0). */
int64_t date_parse(const char *s, int zone_s);

/* "2024-05-01T10:00:00Z", with ".123" only where milliseconds are not 0. */
enum { DATE_TEXT_SIZE = 40 };
void date_format_rfc3339(int64_t ms, char out[DATE_TEXT_SIZE]);
/* Always 24 characters, "2025-02-23T20:00:46.000Z": the archive's form. */
void date_format_iso24(int64_t ms, char out[DATE_TEXT_SIZE]);
/* "Wed, 01 May 2024 10:00:00 GMT" (RFC 9110 section 5.6.7, RFC 822). */
void date_format_http(int64_t ms, char out[DATE_TEXT_SIZE]);

/* Whole seconds, rounded down (also before 1970); DATE_NONE stays. */
int64_t date_seconds(int64_t ms);

#endif
