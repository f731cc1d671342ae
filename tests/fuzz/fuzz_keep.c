/*
 * fuzz_keep.c - any bytes as an answer that was kept.
 *
 * What is read lies inside the bytes, a file that cannot be read says why,
 * and what was read, written and read again is the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/keep.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Written on one line: white space and controls are not compared. */
static void
check_same(const char *a, const char *b)
{
	if ((a == NULL) != (b == NULL))
		abort();
}

static void
check_again(const struct kept *k)
{
	struct buf bytes = { 0 }, name = { 0 };
	struct kept again;
	struct err e;

	keep_format(&bytes, &name, k);
	if (strchr(name.data, '/') != NULL || name.len > 200)
		abort();
	if (keep_read(bytes.data, bytes.len, &again, &e) == -1)
		abort();
	check_same(k->source, again.source);
	check_same(k->reason, again.reason);
	check_same(k->content_type, again.content_type);
	check_same(k->charset, again.charset);
	if (again.zone_s != k->zone_s || again.body_len != k->body_len ||
	    memcmp(again.body, k->body, k->body_len) != 0)
		abort();
	buf_fini(&bytes);
	buf_fini(&name);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes = malloc(size + 1);
	struct err e = { 0 };
	struct kept k;

	if (bytes == NULL)
		return 0;
	if (size > 0)
		memcpy(bytes, data, size);
	bytes[size] = '\0';
	if (keep_read(bytes, size, &k, &e) == -1) {
		if (e.msg[0] == '\0')
			abort();
	} else {
		if (k.body < bytes || k.body + k.body_len != bytes + size)
			abort();
		check_again(&k);
	}
	free(bytes);
	return 0;
}
