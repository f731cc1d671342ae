/*
 * schema.h - from any database this or an older feedmill made to the schema
 * of this one; from nothing to an empty one.
 */
#ifndef FEEDMILL_STORE_SCHEMA_H
#define FEEDMILL_STORE_SCHEMA_H

#include <stdint.h>

struct db;
struct err;

int schema_version(void);	/* what this program writes */

/* Create or migrate, all steps in one transaction with the number: a kill
 * leaves the old schema or the new one. */
int schema_bring_up(struct db *, struct err *);

/* *ret: the version, 0 for an empty file; -1 and a sentence if it is not for
 * us: of another program, or newer. */
int schema_read(struct db *, int64_t *ret, struct err *);

/* SQL: the index for search, empty, where there is none. */
extern const char schema_index[];

/* Is it ours, and of this version?  For connections that only read. */
int schema_check(struct db *, struct err *);

#endif
