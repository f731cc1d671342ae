/*
 * chores.h - what the writer does unasked: the index for search is kept, its
 * parts are merged, old revisions go.
 *
 * The index is kept in the transaction that stores the entries.  After a
 * burst, or where something failed, it follows in steps like everything else.
 *
 * Each step is a transaction of its own, short in time.  No visit waits for
 * one longer than HOLD_MS: a step that is not done by then is cut short as
 * soon as anybody waits, undone and tried again later.  What is so large
 * that it was cut again and again is done at last all the same.
 */
#ifndef FEEDMILL_STORE_CHORES_H
#define FEEDMILL_STORE_CHORES_H

#include <stdint.h>

#include "retention.h"

struct err;
struct group;
struct writer;

enum chore { CHORE_MERGE, CHORE_INDEX, CHORE_RETENTION, CHORE_COUNT };

struct chores {
	int64_t		 due_ms[CHORE_COUNT];	/* monotonic; 0: none */
	unsigned	 cuts[CHORE_COUNT];	/* in a row */
	int64_t		 indexed_seq;	/* for search, committed */
	int64_t		 step_seq;	/* by the step under way */
	int64_t		 index_late_ms;	/* it is not put off further */
	int64_t		 index_again_ms;	/* not before, it has failed */
	int		 merge_pages;	/* that go at once */
	int64_t		 not_before_ms;	/* any of them: the log is long */
	struct retention retention;

	int64_t		 since_ms;	/* the step under way */
	int		 may_be_cut, was_cut;
};

void chores_init(struct writer *, int64_t indexed_seq);
void chores_fini(struct writer *);

/* Inside a task: what is kept from now on. */
void chores_set_retention(struct writer *, const struct config *,
    const struct source_state *);

/* Before the commit of a group: into the index what it has brought. */
int chores_index_along(struct writer *, struct group *);
/* That is committed. */
void chores_index_done(struct writer *);
/* Inside a task: a search has met damage.  -1: the group fails of it, which
 * mends, and is done again. */
int chores_take_damage(struct writer *, struct err *);
/* After a group failed and was undone: 1, it was the index for search, and
 * the group is to be done again, without it. */
int chores_is_to_blame(struct writer *, const struct group *);

/* After a group: the index follows when it is quiet, but not never. */
void chores_plan(struct writer *);
/* When something is to be done; 0: nothing. */
int64_t chores_due_ms(const struct writer *);
/* One step, if one is due; 0: none was. */
int chores_do(struct writer *);
/* On the way out. */
void chores_end(struct writer *);

#endif
