/* group.c - see group.h. */
#include "feedmill/base/clock.h"
#include "feedmill/base/mem.h"

#include "group.h"
#include "writer.h"

enum {
	GROUP_BYTES	= 2 << 20,
	GROUP_TIME_MS	= 200,
};

static int
writer_write_seq(struct writer *w, struct err *err)
{
	sqlite3_stmt *q = db_use(&w->db, SQL_META_SET);

	db_bind_text(q, 1, "last_seq");
	sqlite3_bind_int64(q, 2, w->last_seq);
	return db_run(q) == 0 ? 0 : db_fail(&w->db, err, "write");
}

int
group_begin(struct writer *w, struct group *g)
{
	*g = (struct group){ .since_ms = clock_mono_ms(),
	    .cpu_ms = clock_cpu_ms(), .seq_before = w->last_seq };
	task_list_init(&g->tasks);
	w->is_syncing = 0;
	w->db.failed = SQLITE_OK;
	if (db_run(db_use(&w->db, SQL_BEGIN)) != 0)
		return db_fail(&w->db, &g->err, "begin");
	g->has_begun = 1;
	return 0;
}

int
group_run(struct writer *w, struct group *g, struct task *t)
{
	task_list_add(&g->tasks, t);
	g->count++;
	g->bytes += t->bytes;
	return t->write(w, t, &g->err);
}

int
group_is_full(const struct group *g)
{
	return g->bytes >= GROUP_BYTES ||
	    clock_mono_ms() - g->since_ms >= GROUP_TIME_MS;
}

int
group_commit(struct writer *w, struct group *g)
{
	if (w->last_seq != g->seq_before &&
	    writer_write_seq(w, &g->err) != 0)
		return -1;
	if (db_run(db_use(&w->db, SQL_COMMIT)) != 0)
		return db_fail(&w->db, &g->err, "commit");
	save_free_all(TAKE(w->flushed));
	if (g->has_index)
		chores_index_done(w);
	w->was_synced |= w->is_syncing;
	return 0;
}

void
group_undo(struct writer *w, struct group *g)
{
	/* SQLite may have rolled back itself: when the disk is full, say. */
	if (!sqlite3_get_autocommit(w->db.sqlite))
		db_run(db_use(&w->db, SQL_ROLLBACK));
	w->last_seq = g->seq_before;
	writer_put_saves_back(w);
}

void
group_finish(struct writer *w, struct group *g)
{
	unsigned visits = 0;

	for (struct task *t = g->tasks.head; t != NULL; t = t->next) {
		visits += (unsigned)t->is_visit;
		t->has_failed = g->has_failed;
		t->err = g->err;
	}
	atomic_fetch_sub(&w->depth, visits);
	if (g->was_cut)
		writer_note_cut(w);
	else
		writer_set_trouble(w, g->whose, g->has_failed ? &g->err :
		    NULL);
	writer_note_time(w, g->count > 0, g->since_ms, g->cpu_ms);
	outbox_put(w->outbox, &g->tasks);
}

