/*
 * Any lines as the header fields that decide about an answer: the part that
 * is sent is inside the document, and only what may follow from the fields
 * does.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/serve_http.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* The next line, or NULL where it is empty or there is none. */
static const char *
take_line(char **rest)
{
	char *line = strsep(rest, "\n");

	return line != NULL && *line != '\0' ? line : NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *rest = text;
	struct http_thing thing = { "\"e\"", 1740340846000, 0 };
	struct http_ask ask = { .is_get = 1 };
	struct http_answer a;

	memcpy(text, data, size);
	text[size] = '\0';
	thing.len = size % 7 * 10;
	ask.range = take_line(&rest);
	ask.if_range = take_line(&rest);
	ask.if_none_match = take_line(&rest);
	ask.if_modified_since = take_line(&rest);
	ask.if_match = take_line(&rest);
	ask.if_unmodified_since = take_line(&rest);
	a = http_judge(&ask, &thing);
	assert(a.status == 200 || a.status == 206 || a.status == 304 ||
	    a.status == 412 || a.status == 416);
	if (a.status == 206)
		assert(a.len > 0 && a.first < thing.len &&
		    a.len <= thing.len - a.first);
	if (a.status == 304)
		assert(ask.if_none_match || ask.if_modified_since);
	if (a.status == 412)
		assert(ask.if_match || ask.if_unmodified_since);
	http_accepts_gzip(take_line(&rest));
	free(text);
	return 0;
}
