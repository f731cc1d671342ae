/*
 * visit.h - one document into the database: looked up, decided, sanitised
 * where new or changed, written.  Runs on the writer's thread inside a
 * transaction, to be rolled back on -1; the same visit may be tried again.
 */
#ifndef FEEDMILL_STORE_VISIT_H
#define FEEDMILL_STORE_VISIT_H

#include "feedmill/store.h"

struct writer;
struct err;

/* ret->first_title points into visit->feed; ret->failed is not set here. */
int visit_write(struct writer *, const struct visit *,
    struct visit_result *ret, struct err *);

#endif
