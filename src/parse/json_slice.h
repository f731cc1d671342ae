/*
 * json_slice.h - the items of a JSON document one at a time.
 *
 * A tree of ten megabytes of JSON takes a quarter of a gigabyte; of one item
 * it takes next to nothing.  Strings and brackets are all that is looked at:
 * what is between them need not be valid.  Linear, pure.
 */
#ifndef FEEDMILL_PARSE_JSON_SLICE_H
#define FEEDMILL_PARSE_JSON_SLICE_H

#include <stddef.h>

struct buf;

struct json_slices {
	const char	*p, *end;	/* the rest of the list of items */
	int		 cut;		/* the document ended in it */
};

/*
 * Append the document without the members of the list under key in its root
 * object; *ret is that list (empty where there is none).  -1: no object.
 */
int json_split(const char *, size_t len, const char *key, struct buf *rest,
    struct json_slices *ret);

/* The next member and its length; NULL at the end. */
const char *json_next(struct json_slices *, size_t *ret_len);

#endif
