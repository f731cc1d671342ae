/*
 * forget.c - see forget.h, and store.h for what is asked of the reader.
 *
 * One transaction takes the texts and leaves a tombstone that says that
 * files may still be there; a second one, after them, that they are not.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"

#include "forget.h"
#include "reader.h"
#include "task.h"
#include "which.h"
#include "writer.h"

struct forgetting {
	struct task	 task;
	int64_t		*ids;
	size_t		 count;
	int		 is_done;
	store_forget_fn	*done;
	void		*arg;
};

static int
run(struct db *db, enum statement which, int64_t id)
{
	sqlite3_stmt *q = db_use(db, which);

	sqlite3_bind_int64(q, 1, id);
	return db_run(q);
}

static int
forget_one(struct writer *w, int64_t id)
{
	sqlite3_stmt *q;

	if (run(&w->db, SQL_FORGET_REVISIONS, id) != 0 ||
	    run(&w->db, SQL_FORGET_ENTRY, id) != 0)
		return -1;
	q = db_use(&w->db, SQL_FORGET_PUT);
	sqlite3_bind_int64(q, 1, id);
	sqlite3_bind_int64(q, 2, w->options->now_ms());
	return db_run(q);
}

/* What is deleted here is overwritten, too, not only let go. */
static void
set_secure(struct writer *w, int yes)
{
	sqlite3_exec(w->db.sqlite, yes ? "PRAGMA secure_delete=ON" :
	    "PRAGMA secure_delete=OFF", NULL, NULL, NULL);
}

static int
forget_write(struct writer *w, struct task *task, struct err *err)
{
	struct forgetting *f = (struct forgetting *)task;
	int code = 0;

	set_secure(w, 1);
	for (size_t i = 0; code == 0 && i < f->count; i++)
		code = f->is_done ? run(&w->db, SQL_FORGET_DONE, f->ids[i]) :
		    forget_one(w, f->ids[i]);
	/* Before SQLite is asked for anything else: it would forget why. */
	if (code != 0)
		db_fail(&w->db, err, "forget an entry");
	set_secure(w, 0);
	return code;
}

static void
forget_finish(struct task *task, const struct err *failed)
{
	struct forgetting *f = (struct forgetting *)task;

	f->done(failed, f->arg);
	free(f->ids);
	free(f);
}

struct task *
forget_task(const int64_t *ids, size_t count, int is_done,
    store_forget_fn *done, void *arg)
{
	struct forgetting *f = xcalloc(1, sizeof(*f));

	f->task.write = forget_write;
	f->task.finish = forget_finish;
	f->task.bytes = sizeof(*f);
	f->ids = xcalloc(count + 1, sizeof(*f->ids));
	if (count > 0)
		memcpy(f->ids, ids, count * sizeof(*f->ids));
	f->count = count;
	f->is_done = is_done;
	f->done = done;
	f->arg = arg;
	return &f->task;
}

/* --------------------------------------------------------------- reading */

/* All ways an entry is called.  All rows are read: it is asked once in a
 * year, and an index would be paid for by every entry. */
static const char called[] =
    "SELECT e.id FROM entries e JOIN sources s ON s.id = e.source_id "
    "WHERE e.uuid = ?1 OR e.key = ?2 OR e.url = ?1 OR "
    "(e.scope IS NOT NULL AND (s.name || e.key = ?1 OR "
    "e.key = '#' || ?2)) ORDER BY e.id";

int
store_find_entries(struct store_reader *r, const char *what,
    int (*fn)(int64_t, void *), void *arg, struct err *err)
{
	static const char urn[] = "urn:uuid:";
	sqlite3_stmt *q = reader_prepare(r, called, err);
	char *key = url_canonical(what);
	int row = q != NULL ? 0 : -1, stop = 0;

	if (strncmp(what, urn, sizeof(urn) - 1) == 0)
		what += sizeof(urn) - 1;
	if (q != NULL) {
		db_bind_text(q, 1, what);
		db_bind_text(q, 2, key != NULL && key[0] != '\0' ? key :
		    what);
	}
	while (q != NULL && !stop && (row = db_row(q)) == 1)
		stop = fn(sqlite3_column_int64(q, 0), arg);
	if (q != NULL && row < 0)
		reader_fail(r, err);
	sqlite3_finalize(q);
	free(key);
	return row < 0 ? -1 : 0;
}

/* One that retention took away may have come back.  In this order: there are
 * few of the first. */
static const char tombstones[] =
    "SELECT t.entry_id, t.at_ms, e.uuid, e.url, e.source_id, e.key "
    "FROM tombstones t CROSS JOIN entries e ON e.id = t.entry_id "
    "WHERE NOT EXISTS (SELECT 1 FROM revisions r WHERE r.seq = e.seq) "
    "AND (?1 OR t.is_forgotten) AND (NOT ?2 OR t.is_pending) "
    "ORDER BY t.at_ms DESC, t.entry_id DESC";

int
store_each_tombstone(struct store_reader *r,
    const struct tombstone_filter *f,
    int (*fn)(const struct tombstone *, void *), void *arg, struct err *err)
{
	const struct which_ids wanted = which_ids_of(f->source_ids);
	sqlite3_stmt *q = reader_statement(r, tombstones, err);
	int row = 0, stop = 0;
	unsigned given = 0;

	if (q == NULL)
		return -1;
	sqlite3_bind_int(q, 1, f->with_expired);
	sqlite3_bind_int(q, 2, f->pending);
	while (!stop && (row = db_row(q)) == 1) {
		const struct tombstone t = {
			.entry_id = sqlite3_column_int64(q, 0),
			.at_ms = sqlite3_column_int64(q, 1),
			.uuid = db_text(q, 2), .url = db_text(q, 3),
			.key = db_text(q, 5),
		};

		if (!which_has(&wanted, sqlite3_column_int64(q, 4)))
			continue;
		stop = fn(&t, arg) != 0 || ++given == f->limit;
	}
	if (row < 0)
		reader_fail(r, err);
	reader_done(q);
	return row < 0 ? -1 : 0;
}
