/*
 * fuzz_parse.c - any bytes as a feed: decoded, parsed, normalised, printed.
 *
 * Whatever came in, the output is one JSON document in UTF-8 with as many
 * entries as were counted; a second reading of the same bytes prints the
 * same; an outcome without a feed has no entries.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/normalise.h"
#include "feedmill/parse.h"
#include "feedmill/render_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static size_t
print(const uint8_t *data, size_t size, struct buf *out)
{
	/* The limits are low, so that they are met. */
	static const struct parse_limits limits = {
		.depth = 24, .attributes = 16, .token_bytes = 2048,
		.entries = 20, .title_bytes = 256, .entry_bytes = 8192,
	};
	const struct parse_context context = {
		.url = "http://feed.example/dir/feed.xml",
		.content_type = size % 3 == 0 ? "text/xml; charset=gbk" :
		    NULL,
		.limits = &limits,
	};
	struct feed *f = NULL;
	enum outcome outcome = parse_feed((const char *)data, size, &context,
	    &f);
	size_t count = 0;

	for (const struct entry *e = f->entries; e != NULL; e = e->next) {
		count++;
		if (e->title.value != NULL &&
		    strlen(e->title.value) > 3 * limits.title_bytes)
			abort();
	}
	if (count != f->count || count > limits.entries)
		abort();
	if (outcome != OUTCOME_OK && outcome != OUTCOME_DAMAGED &&
	    (count > 0 || (f->format != FORMAT_NONE &&
	    outcome != OUTCOME_UNREADABLE)))
		abort();
	normalise_feed(f);
	render_parse_json(out, f);
	feed_free(f);
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf one = { 0 }, two = { 0 };
	size_t count = print(data, size, &one);
	json_t *o = json_loadb(one.data, one.len, 0, NULL);

	if (o == NULL ||
	    json_array_size(json_object_get(o, "entries")) != count)
		abort();
	print(data, size, &two);
	if (one.len != two.len || memcmp(one.data, two.data, one.len) != 0)
		abort();
	json_decref(o);
	buf_fini(&one);
	buf_fini(&two);
	return 0;
}
