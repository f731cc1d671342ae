/* batch.c - files and what came of them as bytes, and back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/mem.h"

#include "private.h"

/* A number, plain and not too large; *s moves behind it.  -1: there is none.
 * Nothing is read at end. */
static int
take_number(const char **s, const char *end, size_t max, size_t *ret)
{
	const char *p = *s;
	size_t n = 0;

	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (size_t)(*p - '0');
		if (n > max)
			return -1;
	}
	if (p == *s)
		return -1;
	*s = p;
	*ret = n;
	return 0;
}

/* ----------------------------------------------------------------- files */

void
batch_put(struct buf *b, const char *bytes, size_t len)
{
	buf_printf(b, "%zu\n", len);
	buf_append(b, bytes, len);
}

int
batch_next(const char **at, size_t *left, const char **ret_bytes,
    size_t *ret_len)
{
	const char *s = *at, *end = s + *left;
	size_t len;

	if (s == end)
		return 0;
	if (take_number(&s, end, FILE_MAX_BYTES, &len) == -1 || s == end ||
	    *s++ != '\n' || len > (size_t)(end - s))
		return -1;
	*ret_bytes = s;
	*ret_len = len;
	*at = s + len;
	*left = (size_t)(end - *at);
	return 1;
}

int
batch_count(const char *bytes, size_t len)
{
	const char *file;
	size_t left = len, file_len;
	int count = 0, rc;

	while ((rc = batch_next(&bytes, &left, &file, &file_len)) == 1) {
		if (++count > BATCH_MAX_FILES ||
		    (count > 1 && len > BATCH_MAX_BYTES))
			return -1;
	}
	return rc == -1 ? -1 : count;
}

/* --------------------------------------------------------------- results */

static const char *const state_names[] = {
	[IMPORT_TAKEN] = "taken", [IMPORT_UNREADABLE] = "unreadable",
	[IMPORT_NOT_STORED] = "not-stored",
};

void
result_put(struct buf *b, const struct import_result *r)
{
	const char *why = r->why != NULL ? r->why : "";

	buf_printf(b, "%s %u %u %u ", state_names[r->state], r->added,
	    r->updated, r->duplicate);
	for (; *why != '\0'; why++)
		buf_putc(b, *why == '\n' ? ' ' : *why);
	buf_putc(b, '\n');
}

static int
take_state(const char **s, enum import_state *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(state_names); i++) {
		size_t n = strlen(state_names[i]);

		if (strncmp(*s, state_names[i], n) == 0) {
			*s += n;
			*ret = (enum import_state)i;
			return 0;
		}
	}
	return -1;
}

int
result_next(char **at, struct import_result *ret)
{
	const char *s = *at, *end = strchr(s, '\n');
	unsigned *const counts[] = { &ret->added, &ret->updated,
	    &ret->duplicate };
	size_t n;

	if (end == NULL || take_state(&s, &ret->state) == -1)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		if (*s++ != ' ' || take_number(&s, end, INT32_MAX, &n) == -1)
			return -1;
		*counts[i] = (unsigned)n;
	}
	if (*s++ != ' ')
		return -1;
	ret->why = s == end ? NULL : *at + (s - *at);
	(*at)[end - *at] = '\0';
	*at += end - *at + 1;
	return 0;
}
