/*
 * inflate.h - from a compressed body to the bytes it stands for, and
 * never more than were allowed.  Pure.
 */
#ifndef FEEDMILL_FETCH_INFLATE_H
#define FEEDMILL_FETCH_INFLATE_H

#include <stdint.h>

#include "feedmill/base/buf.h"
#include "headers.h"

enum inflate_result {
	INFLATE_OK,
	INFLATE_TOO_LARGE,	/* more than max bytes */
	INFLATE_DAMAGED,	/* cut off or corrupt */
	INFLATE_NO_MEMORY
};

/* Replace body by what it stands for, whatever was said of it; it is of no use
 * after any failure. */
enum inflate_result fetch_inflate(struct buf *body, enum content_coding said,
    uint64_t max_bytes);

#endif
