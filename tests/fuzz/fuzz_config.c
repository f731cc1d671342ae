/*
 * Any bytes as a configuration.  Where they are one, its dump must load
 * again, and to the same dump.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct config_options options = { NULL, "/s" };
	struct buf first = { 0 }, second = { 0 }, report = { 0 };
	const struct config *c;
	unsigned mistakes;

	c = config_load_text(&options, "fuzz.yaml", (const char *)data, size,
	    &report, &mistakes);
	assert((c == NULL) == (mistakes > 0));
	assert((report.len > 0) >= (c == NULL));
	if (c != NULL) {
		config_dump(c, &first);
		config_unref(c);
		buf_reset(&report);
		c = config_load_text(&options, "dump.yaml", first.data,
		    first.len, &report, &mistakes);
		if (c == NULL) {
			fprintf(stderr, "%s\n%s", first.data, report.data);
			abort();
		}
		config_dump(c, &second);
		assert(strcmp(first.data, second.data) == 0);
		config_unref(c);
	}
	buf_fini(&first);
	buf_fini(&second);
	buf_fini(&report);
	return 0;
}
