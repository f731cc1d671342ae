/* records.h - one record by its number, for the other queries. */
#ifndef FEEDMILL_STORE_RECORDS_H
#define FEEDMILL_STORE_RECORDS_H

#include "feedmill/store.h"

#include "reader.h"

/* To finalize; NULL and a sentence. */
sqlite3_stmt *records_prepare(struct store_reader *, struct err *);

/* Give fn that record, if it is there; *stop is what fn said. */
int records_give(struct store_reader *, sqlite3_stmt *, int64_t seq,
    store_record_fn *, void *arg, int *stop, struct err *);

#endif
