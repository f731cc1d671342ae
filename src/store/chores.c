/* chores.c - see chores.h. */
#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"

#include "chores.h"
#include "group.h"
#include "index.h"
#include "mend.h"
#include "writer.h"

enum {
	STEP_MS		= 10,		/* and as long again to commit it */
	HOLD_MS		= 25,		/* that is: to undo it in time */
	GUARD_STEPS	= 500,		/* of SQLite's machine */
	END_STEP_MS	= 300,
	MERGE_MAX	= 256,		/* pages of the index */
	INDEX_WAIT_MS	= 1000,		/* of quiet */
	INDEX_LATE_MS	= 10 * 1000,	/* or whenever nobody waits */
	INDEX_ALONG_MS	= 15,		/* inside a group, and so long again */
	INDEX_ALONG_BYTES = 64 * 1024,	/* that is 10 ms of Chinese */
	FAILED_WAIT_MS	= 30 * 1000,
	RETENTION_WAIT_MS = 1000,	/* after a start */
	RETENTION_EVERY_MS = 10 * 60 * 1000,
	CUT_WAIT_MS	= 50,		/* twice as long each time */
	CUT_DOUBLINGS	= 6,
	CUTS_MAX	= 40,		/* some two minutes of trying */
	LOG_WAIT_MS	= 5,
	MEND_AGAIN_MS	= 60 * 60 * 1000,
};

/* -------------------------------------------------------------- the steps */

static int
index_is_behind(struct writer *w)
{
	return w->chores.indexed_seq < w->last_seq ||
	    index_has_edits(&w->db) == 1;
}

/* Each: 1, there is more to do; 0, all is done; -1, the database failed. */

static int
step_merge(struct writer *w, int limit_ms, struct err *err)
{
	struct chores *c = &w->chores;
	int64_t since_ms = clock_mono_ms(), took_ms;
	int more = index_merge(&w->db, c->merge_pages);

	took_ms = clock_mono_ms() - since_ms;
	if (2 * took_ms > limit_ms && c->merge_pages > 1)
		c->merge_pages /= 2;
	else if (4 * took_ms < limit_ms && c->merge_pages < MERGE_MAX)
		c->merge_pages *= 2;
	return more >= 0 ? more : db_fail(&w->db, err,
	    "merge the index for search");
}

static int
step_index(struct writer *w, int limit_ms, struct err *err)
{
	const struct index_limit limit = { .ms = limit_ms };
	struct chores *c = &w->chores;

	c->step_seq = c->indexed_seq;
	if (index_step(&w->db, w->last_seq, &limit, &c->step_seq, err) != 0)
		return -1;
	return c->step_seq < w->last_seq || index_has_edits(&w->db) == 1;
}

static int
step_retention(struct writer *w, int limit_ms, struct err *err)
{
	int more = retention_step(&w->chores.retention, &w->db,
	    w->options->now_ms(), limit_ms);

	return more >= 0 ? more : db_fail(&w->db, err, "remove what is old");
}

static const struct kind {
	int		(*step)(struct writer *, int limit_ms, struct err *);
	int		 failed_wait_ms;
	int		 every_ms;	/* 0: when there is something */
} kinds[CHORE_COUNT] = {
	/* In this order: parts that are not merged make a search slow. */
	[CHORE_MERGE] = { step_merge, FAILED_WAIT_MS, 0 },
	[CHORE_INDEX] = { step_index, FAILED_WAIT_MS, 0 },
	[CHORE_RETENTION] = { step_retention, RETENTION_EVERY_MS,
	    RETENTION_EVERY_MS },
};

/* -------------------------------------------------------------- the guard */

/* Asked by SQLite ever so often; not 0 ends what it does. */
static int
is_to_be_cut(void *arg)
{
	struct writer *w = arg;
	struct chores *c = &w->chores;

	if (!c->was_cut && clock_mono_ms() - c->since_ms >= HOLD_MS &&
	    c->may_be_cut)
		c->was_cut = writer_is_awaited(w);
	return c->was_cut;
}

static void
guard_begin(struct writer *w, int may_be_cut)
{
	struct chores *c = &w->chores;

	c->since_ms = clock_mono_ms();
	c->may_be_cut = may_be_cut;
	c->was_cut = 0;
	sqlite3_progress_handler(w->db.sqlite, GUARD_STEPS, is_to_be_cut, w);
	w->db.guard = (struct tokenizer_guard){ is_to_be_cut, w };
}

static void
guard_end(struct writer *w)
{
	sqlite3_progress_handler(w->db.sqlite, 0, NULL, NULL);
	w->db.guard = (struct tokenizer_guard){ 0 };
}

/* ---------------------------------------------------------------- mending */

/*
 * FTS5 has found its rows damaged, does not find them, or finds what it is
 * about to add.  Whatever damages them again and again is not to be fed: then
 * it is left as it is, and told.
 */
static int
may_be_mended(const struct writer *w)
{
	return w->mended_ms == 0 ||
	    clock_mono_ms() - w->mended_ms >= MEND_AGAIN_MS;
}

static int
is_to_be_mended(struct writer *w, int is_of_index)
{
	int code = w->db.failed;

	if (!may_be_mended(w))
		return 0;
	return code == SQLITE_CORRUPT_VTAB ||
	    (code == SQLITE_CONSTRAINT_PRIMARYKEY && is_of_index) ||
	    (code == SQLITE_ERROR && mend_is_needed(&w->db));
}

/* After what failed was undone: 1, there is an empty index now, that steps
 * fill like one that is behind. */
static int
mend(struct writer *w, int is_of_index)
{
	struct chores *c = &w->chores;
	struct group g;
	int code;

	if (!is_to_be_mended(w, is_of_index))
		return 0;
	code = group_begin(w, &g);
	if (code == 0)
		code = mend_index(&w->db, &g.err);
	if (code == 0)
		code = group_commit(w, &g);
	if (code != 0)
		group_undo(w, &g);
	g.whose = TROUBLE_OF_CHORE + CHORE_INDEX;
	g.has_failed = code != 0;
	group_finish(w, &g);
	if (code != 0) {
		/* Pages are damaged, too: a look at them is not for free. */
		if (g.err.exit_status == 65)
			w->mended_ms = clock_mono_ms();
		return 0;
	}
	writer_note_mended(w);
	c->indexed_seq = c->step_seq = 0;
	c->due_ms[CHORE_INDEX] = clock_mono_ms();
	return 1;
}

/* ----------------------------------------------------------------- a step */

/* What was thought to be done is not: smaller, next time. */
static void
take_back(struct chores *c, size_t retention_next)
{
	c->retention.next = retention_next;
	c->retention.batch = 1;
	c->merge_pages = (c->merge_pages + 3) / 4;
}

static void
plan_next(struct writer *w, enum chore which, int more)
{
	struct chores *c = &w->chores;
	int64_t now_ms = clock_mono_ms();

	c->cuts[which] = 0;
	c->due_ms[which] = more ? now_ms : kinds[which].every_ms == 0 ? 0 :
	    now_ms + kinds[which].every_ms;
	if (which == CHORE_INDEX)
		c->indexed_seq = c->step_seq;
	if (which != CHORE_MERGE)
		c->due_ms[CHORE_MERGE] = now_ms;
}

static void
plan_again(struct writer *w, enum chore which, int was_cut)
{
	struct chores *c = &w->chores;
	unsigned doublings = c->cuts[which] < CUT_DOUBLINGS ?
	    c->cuts[which] : CUT_DOUBLINGS;
	int64_t now_ms = clock_mono_ms();

	if (was_cut)
		c->cuts[which]++;
	c->due_ms[which] = now_ms + (was_cut ? CUT_WAIT_MS << doublings :
	    kinds[which].failed_wait_ms);
	if (which == CHORE_INDEX)
		c->index_again_ms = c->due_ms[which];
}

static void
do_step(struct writer *w, enum chore which, int limit_ms)
{
	struct chores *c = &w->chores;
	size_t next = c->retention.next;
	struct group g;
	int code, more = 0;

	guard_begin(w, c->cuts[which] < CUTS_MAX);
	code = group_begin(w, &g);
	if (code == 0 &&
	    (more = kinds[which].step(w, limit_ms, &g.err)) < 0)
		code = -1;
	if (code == 0)
		code = group_commit(w, &g);
	guard_end(w);
	if (code != 0) {
		group_undo(w, &g);
		take_back(c, next);
	}
	if (code != 0 && !c->was_cut &&
	    mend(w, which != CHORE_RETENTION)) {
		c->due_ms[which] = clock_mono_ms();
		return;
	}
	g.whose = TROUBLE_OF_CHORE + (int)which;
	g.was_cut = code != 0 && c->was_cut;
	g.has_failed = code != 0 && !g.was_cut;
	group_finish(w, &g);
	if (code == 0)
		plan_next(w, which, more);
	else
		plan_again(w, which, g.was_cut);
}

/* ------------------------------------------------------- inside of a group */

/*
 * What a group brought is found from its commit on, unless somebody waits
 * already: a row costs some thirty times as much to index as to store, and
 * a burst is stored first.  Where the index is behind it catches up alone;
 * and so does what is very long, because that can be cut for who waits.
 */
int
chores_index_along(struct writer *w, struct group *g)
{
	static const struct index_limit limit = {
		.ms = INDEX_ALONG_MS, .row_bytes = INDEX_ALONG_BYTES
	};
	struct chores *c = &w->chores;

	c->step_seq = c->indexed_seq;
	if (c->due_ms[CHORE_INDEX] != 0 ||
	    c->index_again_ms > clock_mono_ms() ||
	    !index_is_behind(w) || writer_is_awaited(w))
		return 0;
	g->has_index = 1;
	return index_step(&w->db, w->last_seq, &limit, &c->step_seq, &g->err);
}

void
chores_index_done(struct writer *w)
{
	w->chores.indexed_seq = w->chores.step_seq;
	w->chores.due_ms[CHORE_MERGE] = clock_mono_ms();
	writer_set_trouble(w, TROUBLE_OF_CHORE + CHORE_INDEX, NULL);
}

int
chores_take_damage(struct writer *w, struct err *err)
{
	if (!may_be_mended(w))
		return 0;
	w->db.failed = SQLITE_CORRUPT_VTAB;
	err_set(err, "database %s: its index for search is damaged",
	    w->db.path);
	err->exit_status = 65;
	return -1;
}

int
chores_is_to_blame(struct writer *w, const struct group *g)
{
	if (mend(w, g->has_index))
		return 1;
	if (!g->has_index)
		return 0;
	writer_set_trouble(w, TROUBLE_OF_CHORE + CHORE_INDEX, &g->err);
	w->chores.index_again_ms = clock_mono_ms() + FAILED_WAIT_MS;
	return 1;
}

/* -------------------------------------------------------------- when what */

void
chores_init(struct writer *w, int64_t indexed_seq)
{
	w->chores = (struct chores){ .indexed_seq = indexed_seq,
	    .merge_pages = 16, .due_ms[CHORE_MERGE] = clock_mono_ms() +
	    INDEX_WAIT_MS };
	chores_plan(w);
}

void
chores_fini(struct writer *w)
{
	retention_fini(&w->chores.retention);
}

void
chores_set_retention(struct writer *w, const struct config *config,
    const struct source_state *states)
{
	struct chores *c = &w->chores;

	retention_configure(&c->retention, config, states);
	c->due_ms[CHORE_RETENTION] = c->retention.count == 0 ? 0 :
	    clock_mono_ms() + RETENTION_WAIT_MS;
}

void
chores_plan(struct writer *w)
{
	struct chores *c = &w->chores;
	int64_t now_ms = clock_mono_ms(), *due_ms = &c->due_ms[CHORE_INDEX];

	if (!index_is_behind(w)) {
		writer_drop_trouble(w, TROUBLE_OF_CHORE + CHORE_INDEX);
		return;
	}
	if (*due_ms == 0)
		c->index_late_ms = now_ms + INDEX_LATE_MS;
	*due_ms = now_ms + INDEX_WAIT_MS < c->index_late_ms ?
	    now_ms + INDEX_WAIT_MS : c->index_late_ms;
	if (*due_ms < c->index_again_ms)
		*due_ms = c->index_again_ms;
}

int64_t
chores_due_ms(const struct writer *w)
{
	const struct chores *c = &w->chores;
	int64_t first = 0;

	for (int i = 0; i < CHORE_COUNT; i++) {
		if (c->due_ms[i] != 0 && (first == 0 ||
		    c->due_ms[i] < first))
			first = c->due_ms[i];
	}
	return first != 0 && first < c->not_before_ms ? c->not_before_ms :
	    first;
}

/* Nobody waits for these: the log begins anew first. */
static int
waits_for_log(struct writer *w)
{
	if (!checkpoint_is_behind(&w->checkpoint))
		return 0;
	w->chores.not_before_ms = clock_mono_ms() + LOG_WAIT_MS;
	return 1;
}

int
chores_do(struct writer *w)
{
	struct chores *c = &w->chores;
	int64_t now_ms = clock_mono_ms();

	if (c->not_before_ms > now_ms || chores_due_ms(w) == 0 ||
	    chores_due_ms(w) > now_ms)
		return 0;
	if (waits_for_log(w))
		return 1;
	for (int i = 0; i < CHORE_COUNT; i++) {
		if (c->due_ms[i] != 0 && c->due_ms[i] <= now_ms) {
			do_step(w, (enum chore)i, STEP_MS);
			return 1;
		}
	}
	return 0;
}

/*
 * Who ran us once wants to search after it: one step covers what a round
 * brings.  After a first round or an import the rest is done by and by, or
 * ending would cost more than the round.  The same holds for what is old.
 */
void
chores_end(struct writer *w)
{
	struct chores *c = &w->chores;
	int64_t late_ms = clock_mono_ms() + 3 * END_STEP_MS;

	if (index_is_behind(w))
		do_step(w, CHORE_INDEX, END_STEP_MS);
	if (c->retention.count > 0)
		do_step(w, CHORE_RETENTION, END_STEP_MS);
	/* Who is only ever run once never comes to it else. */
	while (c->due_ms[CHORE_MERGE] != 0 && clock_mono_ms() < late_ms)
		do_step(w, CHORE_MERGE, STEP_MS);
}
