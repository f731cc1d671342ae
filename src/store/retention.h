/*
 * retention.h - old revisions go, in small steps; entries stay for ever.
 *
 * What is taken is the content of what was announced: an entry that comes
 * back after years is still known by its key, its time and its digests.
 */
#ifndef FEEDMILL_STORE_RETENTION_H
#define FEEDMILL_STORE_RETENTION_H

#include <stdint.h>

struct db;
struct config_source;

/* A few of the source's revisions that are older than its keep and not
 * among its newest keep-at-least.  -1: the database failed. */
int retention_step(struct db *, int64_t source_id,
    const struct config_source *, int64_t now_ms);

#endif
