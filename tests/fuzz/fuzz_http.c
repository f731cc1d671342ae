/*
 * Any lines as the header fields that decide about an answer: the part that
 * is sent is inside the document, and only what may follow from the fields
 * does.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/delta.h"
#include "../../src/serve/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* The next line, or NULL where it is empty or there is none. */
static const char *
take_line(char **rest)
{
	char *line = strsep(rest, "\n");

	return line != NULL && *line != '\0' ? line : NULL;
}

/* Every tag of a list is inside it. */
static void
try_tags(const char *list)
{
	static const struct delta notes = { .state_ms = INT64_MAX,
	    .secret = 0x0123456789abcdef };
	const char *begin = list, *tag;
	struct delta_base base;
	size_t len;

	while (list != NULL && (tag = http_next_tag(&list, &len)) != NULL) {
		assert(tag > begin && tag + len < list);
		assert(memchr(tag, '"', len) == NULL && tag[len] == '"');
		delta_is_base(&notes, tag, len, &base);
	}
}

/* What can be read is in the bounds it claims. */
static void
try_notes(const char *text)
{
	struct delta notes;
	size_t at;

	if (delta_read(&notes, text) == -1)
		return;
	assert(notes.state_ms > 0);
	if (delta_fits(&notes, 1000)) {
		at = notes.head;
		for (size_t i = 0; i < notes.count; i++)
			at += notes.parts[i].len;
		assert(at <= 1000);
	}
	delta_fini(&notes);
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
	try_tags(ask.if_none_match);
	http_prefers_gzip(take_line(&rest));
	http_accepts_delta(take_line(&rest));
	if (rest != NULL)
		try_notes(rest);
	free(text);
	return 0;
}
