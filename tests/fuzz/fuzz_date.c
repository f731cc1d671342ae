/*
 * fuzz_date.c - any bytes as a date.
 *
 * What is read lies where four digits of year reach, give or take a zone,
 * and what is written of it reads as the same moment.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/date.h"
#include "feedmill/base/mem.h"

static const int64_t day_ms = 86400000;
static const int64_t first_ms = INT64_C(-62135596800000);
static const int64_t last_ms = INT64_C(253402300799999);

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size);
	char out[DATE_TEXT_SIZE];
	int64_t ms = date_parse(text, 0);

	free(text);
	if (ms == DATE_NONE)
		return 0;
	if (ms < first_ms - day_ms || ms > last_ms + day_ms)
		abort();
	if (ms < first_ms || ms > last_ms)
		return 0;
	date_format_rfc3339(ms, out);
	if (date_parse(out, 3600) != ms)
		abort();
	date_format_iso24(ms, out);
	if (strlen(out) != 24 || date_parse(out, 3600) != ms)
		abort();
	date_format_http(ms, out);
	if (date_parse(out, 3600) != date_seconds(ms) * 1000)
		abort();
	return 0;
}
