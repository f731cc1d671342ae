/*
 * Any bytes as a batch of files, and as what came of them.  A batch is as
 * long as its files and their lengths; what is understood of either is, put
 * again, understood alike.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/import/private.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
batch(const char *bytes, size_t size)
{
	struct buf again = { 0 };
	const char *at = bytes, *file;
	size_t left = size, len;
	int count = 0;

	while (batch_next(&at, &left, &file, &len) == 1) {
		assert(file >= bytes && file + len <= bytes + size);
		assert(at + left == bytes + size);
		batch_put(&again, file, len);
		count++;
	}
	if (batch_count(bytes, size) >= 0) {
		assert(left == 0 && again.len <= size);
		assert(batch_count(buf_str(&again), again.len) == count);
	}
	buf_fini(&again);
}

static void
results(const char *bytes, size_t size)
{
	char *copy = malloc(size + 1), *at = copy, *end = copy + size;
	struct import_result r = { 0 }, s;
	struct buf again = { 0 };

	memcpy(copy, bytes, size);
	copy[size] = '\0';
	while (result_next(&at, &r) == 0) {
		char *line;

		assert(at <= end);
		assert(r.why == NULL || (r.why >= copy && r.why < end));
		buf_reset(&again);
		result_put(&again, &r);
		line = again.data;
		assert(result_next(&line, &s) == 0 && *line == '\0');
		assert(s.state == r.state && s.added == r.added &&
		    s.updated == r.updated && s.duplicate == r.duplicate);
		assert((s.why == NULL) == (r.why == NULL) &&
		    (s.why == NULL || strcmp(s.why, r.why) == 0));
	}
	buf_fini(&again);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	batch((const char *)data, size);
	results((const char *)data, size);
	return 0;
}
