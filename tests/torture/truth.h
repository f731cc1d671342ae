/*
 * truth.h - from a state folder to what must hold there: after a crash,
 * and, word by word, at the end.
 */
#ifndef FEEDMILL_TESTS_TRUTH_H
#define FEEDMILL_TESTS_TRUTH_H

#include "feedmill/base/buf.h"

#include "world.h"

/*
 * Right after a crash (of the program or the power), before anything is
 * repaired: the database is whole; what an outlet, an archive or a validator
 * speaks of, or what was told to be stored, is in it; and every file that
 * can be seen is complete.  Complaints are appended to ret.  database is a folder with a
 * copy of the database, which is opened.
 */
void truth_check_crash(const char *database, const char *state, int step,
    const int (*told)[SOURCES], struct buf *ret);

/*
 * All that is kept and published, as text, without what chance decides
 * (uuids, the order of simultaneous commits) and without the times of
 * visits: of two states with the same history the texts are equal.
 */
void truth_describe(const char *state, struct buf *ret);

#endif
