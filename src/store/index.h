/*
 * index.h - the full-text index follows the sequence of announcements.
 *
 * Everything up to the number kept as indexed_seq in meta is in the index
 * as it stands in revisions, or as it stood before an edit that is to follow
 * (outdated); triggers (schema.c) see to that, and to retention.  A database
 * from before there was an index begins at 0.
 */
#ifndef FEEDMILL_STORE_INDEX_H
#define FEEDMILL_STORE_INDEX_H

#include <stdint.h>

struct db;
struct err;

struct index_limit {
	int	 ms;		/* but at least one row */
	int	 row_bytes;	/* not even that if it is longer; 0: any */
};

/* Some edits; when there are none left, the next few revisions after *seq,
 * which moves on, at most to last_seq; inside a transaction.  -1: the
 * database failed. */
int index_step(struct db *, int64_t last_seq, const struct index_limit *,
    int64_t *seq, struct err *);
/* 1: some edits are not yet in it. */
int index_has_edits(struct db *);

/* So many pages (of 4 KB) of the index: parts that were added become fewer
 * and larger.  1: there is more to do; 0: they are few; -1: failed. */
int index_merge(struct db *, int pages);

#endif
