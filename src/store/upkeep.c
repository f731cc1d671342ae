/*
 * upkeep.c - see feedmill/store_upkeep.h; looking for damage is check.c's,
 * copying backup.c's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"

#include "index.h"
#include "lock.h"
#include "mend.h"
#include "schema.h"
#include "upkeep.h"

enum {
	PROGRESS_STEPS	= 100000,
	INDEX_MS	= 500,		/* in a transaction */
	MERGE_PAGES	= 256,
};

void
upkeep_tell(const struct upkeep *u, int64_t done, int64_t total)
{
	if (u->progress != NULL)
		u->progress->fn(u->what, done, total, u->progress->arg);
}

static int
on_progress(void *arg)
{
	upkeep_tell(arg, 0, 0);
	return 0;
}

void
upkeep_begin(struct upkeep *u, const char *what)
{
	u->what = what;
	upkeep_tell(u, 0, 0);
	sqlite3_progress_handler(u->db.sqlite, PROGRESS_STEPS, on_progress, u);
}

/* SQLite would make what is not there. */
static int
must_be_there(const char *path, struct err *err)
{
	if (access(path, F_OK) == 0)
		return 0;
	err_set(err, "there is no database %s", path);
	err->exit_status = 69;
	return -1;
}

int
upkeep_open_to_read(struct upkeep *u, const char *path,
    const struct store_progress *progress, struct err *err)
{
	*u = (struct upkeep){ .lock_fd = -1, .progress = progress };
	if (must_be_there(path, err) == 0 &&
	    db_open(&u->db, path, DB_READ, err) == 0)
		return 0;
	db_close(&u->db);
	return -1;
}

int
upkeep_open_to_own(struct upkeep *u, const char *path,
    const struct store_progress *progress, struct err *err)
{
	*u = (struct upkeep){ .lock_fd = -1, .progress = progress };
	if (must_be_there(path, err) != 0)
		return -1;
	u->lock_fd = lock_take(path, err);
	if (u->lock_fd < 0)
		return -1;
	if (db_open(&u->db, path, DB_WRITE, err) == 0)
		return 0;
	upkeep_close(u);
	return -1;
}

void
upkeep_close(struct upkeep *u)
{
	db_close(&u->db);
	lock_give(u->lock_fd);
	u->lock_fd = -1;
}

int
store_upgrade(const char *path, int64_t *ret_from, int64_t *ret_to,
    struct err *err)
{
	struct upkeep u;
	int code;

	if (upkeep_open_to_own(&u, path, NULL, err) != 0)
		return -1;
	code = schema_read(&u.db, ret_from, err);
	if (code == 0)
		code = schema_bring_up(&u.db, err);
	*ret_to = schema_version();
	upkeep_close(&u);
	return code;
}

/* ----------------------------------------------------------------- vacuum */

/*
 * The copy SQLite makes meanwhile is as large as the database: in a file,
 * and where there is room for the database, not in a /tmp of memory.
 */
static void
use_disk_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? xstrdup(".") : slash == path ?
	    xstrdup("/") : xstrndup(path, (size_t)(slash - path));

	setenv("SQLITE_TMPDIR", folder, 0);
	free(folder);
}

static int
size_of(struct db *db, int64_t *ret, struct err *err)
{
	return db_number(db, "SELECT page_count * page_size "
	    "FROM pragma_page_count, pragma_page_size", ret, err);
}

static int
vacuum(struct upkeep *u, struct err *err)
{
	upkeep_begin(u, "putting the index for search together");
	if (db_exec(&u->db, "INSERT INTO search(search) VALUES('optimize')",
	    err, "compact") != 0)
		return -1;
	upkeep_begin(u, "copying what is not a hole");
	if (db_exec(&u->db, "PRAGMA temp_store=FILE; VACUUM", err,
	    "compact") != 0)
		return -1;
	upkeep_begin(u, "moving it back");
	return db_exec(&u->db, "PRAGMA wal_checkpoint(TRUNCATE)", err,
	    "compact");
}

int
store_vacuum(const char *path, const struct store_progress *progress,
    int64_t *ret_before, int64_t *ret_after, struct err *err)
{
	struct upkeep u;
	int code;

	use_disk_of(path);
	if (upkeep_open_to_own(&u, path, progress, err) != 0)
		return -1;
	code = schema_check(&u.db, err);
	if (code == 0)
		code = size_of(&u.db, ret_before, err);
	if (code == 0)
		code = vacuum(&u, err);
	if (code == 0)
		code = size_of(&u.db, ret_after, err);
	upkeep_close(&u);
	return code;
}

/* ---------------------------------------------------------------- reindex */

/* A part of it is in the index with its commit, and never half. */
static int
commit(struct db *db, int code, struct err *err)
{
	if (code >= 0 && db_exec(db, "COMMIT", err, "index for search") != 0)
		code = -1;
	if (code < 0 && !sqlite3_get_autocommit(db->sqlite))
		sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
	return code;
}

static int
fill_index(struct upkeep *u, int64_t last_seq, struct err *err)
{
	static const struct index_limit limit = { .ms = INDEX_MS };
	int64_t seq = 0;

	upkeep_begin(u, "making the index for search");
	sqlite3_progress_handler(u->db.sqlite, 0, NULL, NULL);
	while (seq < last_seq) {
		if (db_exec(&u->db, "BEGIN IMMEDIATE", err, "index") != 0 ||
		    commit(&u->db, index_step(&u->db, last_seq, &limit, &seq,
		    err), err) != 0)
			return -1;
		upkeep_tell(u, seq, last_seq);
	}
	return 0;
}

/* Parts that are not merged make a search slow. */
static int
merge_index(struct upkeep *u, struct err *err)
{
	int more = 1;

	upkeep_begin(u, "putting the index for search together");
	while (more == 1) {
		if (db_exec(&u->db, "BEGIN IMMEDIATE", err, "merge") != 0)
			return -1;
		more = index_merge(&u->db, MERGE_PAGES);
		if (more < 0)
			db_fail(&u->db, err, "merge the index for search");
		more = commit(&u->db, more, err);
	}
	return more;
}

static int
reindex(struct upkeep *u, int64_t *ret_revisions, struct err *err)
{
	int64_t last_seq;

	upkeep_begin(u, "throwing away the index for search");
	if (mend_index_alone(&u->db, err) != 0 ||
	    db_prepare_all(&u->db, err) != 0 ||
	    db_number(&u->db, "SELECT coalesce(max(seq), 0) FROM revisions",
	    &last_seq, err) != 0 ||
	    fill_index(u, last_seq, err) != 0 || merge_index(u, err) != 0)
		return -1;
	return db_number(&u->db, "SELECT count(*) FROM search_docsize",
	    ret_revisions, err);
}

int
store_reindex(const char *path, const struct store_progress *progress,
    int64_t *ret_revisions, struct err *err)
{
	struct upkeep u;
	int code;

	if (upkeep_open_to_own(&u, path, progress, err) != 0)
		return -1;
	code = schema_check(&u.db, err);
	if (code == 0)
		code = reindex(&u, ret_revisions, err);
	upkeep_close(&u);
	return code;
}
