/*
 * sources.h - the sources table, brought in line with a configuration.
 */
#ifndef FEEDMILL_STORE_SOURCES_H
#define FEEDMILL_STORE_SOURCES_H

#include "feedmill/store.h"

struct writer;

/* *ret: one state for each source of the configuration, malloc()ed. */
int sources_sync(struct writer *, const struct config *,
    struct source_state **ret, struct err *);

void sources_free_states(struct source_state *, size_t count);

#endif
