/*
 * index.h - the full-text index follows the sequence of announcements.
 *
 * Everything up to the number kept as indexed_seq in meta is in the index
 * as it stands in revisions; triggers (schema.c) see to edits and retention
 * there.  A database from before there was an index begins at 0.
 */
#ifndef FEEDMILL_STORE_INDEX_H
#define FEEDMILL_STORE_INDEX_H

#include <stdint.h>

struct db;

/* The next few revisions after *seq, which moves on, at most to last_seq;
 * inside a transaction.  No more than limit_ms allows, but at least one.
 * -1: the database failed. */
int index_step(struct db *, int64_t last_seq, int limit_ms, int64_t *seq);

#endif
