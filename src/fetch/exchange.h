/*
 * exchange.h - requests and answer heads, readable, without secrets.
 *
 * What `feedmill fetch` shows and keep-bad keeps.  Pure.
 */
#ifndef FEEDMILL_FETCH_EXCHANGE_H
#define FEEDMILL_FETCH_EXCHANGE_H

#include <stddef.h>

#include "feedmill/base/buf.h"
#include "feedmill/fetch.h"

/* secret: header fields of the configuration, shown by name only.
 * hide_path: of URLs only the origin is shown. */
void exchange_add_request(struct buf *, const char *url, int hide_path,
    const struct fetch_header *secret, const char *head, size_t len);
void exchange_add_answer(struct buf *, int hide_path, const char *line,
    size_t len);

#endif
