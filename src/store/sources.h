/*
 * sources.h - the sources table, brought in line with a configuration.
 */
#ifndef FEEDMILL_STORE_SOURCES_H
#define FEEDMILL_STORE_SOURCES_H

#include <sqlite3.h>

#include "feedmill/store.h"

struct writer;

/* *ret: one state for each source of the configuration, malloc()ed. */
int sources_sync(struct writer *, const struct config *,
    struct source_state **ret, struct err *);

/* A row as SQL_SOURCES_ALL lists it; source_state_fini() is the caller's. */
void sources_read_state(sqlite3_stmt *, struct source_state *);

/* Of all names and URLs; what the last sync has left in the database. */
extern const char sources_hash_name[];
int64_t sources_hash(const struct config *);

void sources_free_states(struct source_state *, size_t count);

#endif
