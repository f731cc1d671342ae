/*
 * mend.h - a damaged index for search is thrown away, to be made anew.
 *
 * All that is in it is told by the revisions.  What FTS5 says of its own rows
 * is damage of the index, and no more; what SQLite says of pages is damage of
 * the file, and nothing here touches that: whose pages they are nobody knows.
 */
#ifndef FEEDMILL_STORE_MEND_H
#define FEEDMILL_STORE_MEND_H

struct db;
struct err;

/* A few look-ups, however large it is: does it open, is it one with what
 * meta and revisions say?  1: the index is damaged; 0: it is not, or what
 * keeps us from knowing is no affair of the index. */
int mend_is_needed(struct db *);

/* Inside a transaction: an empty one that index_step() fills from 0, whatever
 * is left of the one there was.  -1: failed, to be rolled back. */
int mend_index(struct db *, struct err *);

/* The same as a transaction of its own. */
int mend_index_alone(struct db *, struct err *);

#endif
