/* json_repair.h - from something like JSON to JSON; linear, pure. */
#ifndef FEEDMILL_PARSE_JSON_REPAIR_H
#define FEEDMILL_PARSE_JSON_REPAIR_H

#include <stddef.h>

struct buf;

/* Append the document anew; 1 if its end is missing, else 0. */
int json_mend(const char *, size_t len, struct buf *out);

#endif
