/* db.c - see db.h. */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"

#include "db.h"
#include "lock.h"
#include "tokenizer.h"

/* Codes for people; what is not here speaks for itself.  The particular ones
 * stand before their kind. */
static const struct reason {
	int		 code;
	int		 exit_status;
	const char	*text;
} reasons[] = {
	{ SQLITE_FULL, 74, "the disk is full" },
	/* There is no room for the -shm that the log wants. */
	{ SQLITE_IOERR_SHMSIZE, 74, "the disk is full" },
	{ SQLITE_IOERR, 74, "input/output error" },
	{ SQLITE_READONLY, 74, "it cannot be written" },
	{ SQLITE_PERM, 74, "no permission" },
	{ SQLITE_BUSY, 75, "another process holds it" },
	{ SQLITE_LOCKED, 75, "another process holds it" },
	{ SQLITE_CANTOPEN, 69, "it cannot be opened" },
	/* What FTS5 has to say of its rows. */
	{ SQLITE_CORRUPT_VTAB, 65, "its index for search is damaged "
	    "(`feedmill db reindex` makes it anew)" },
	{ SQLITE_CORRUPT, 65, "it is damaged (try `feedmill db check`)" },
	{ SQLITE_NOTADB, 65, "it is not a database" },
	{ SQLITE_ERROR, 65, "it is not as it should be" },
	{ SQLITE_INTERRUPT, 69, "the query took too long" },
};

int
db_fail(struct db *db, struct err *err, const char *what)
{
	int code = sqlite3_extended_errcode(db->sqlite);
	const struct reason *r = NULL;

	db->failed = code;
	for (size_t i = 0; i < ARRAY_LEN(reasons) && r == NULL; i++) {
		if (reasons[i].code == code ||
		    reasons[i].code == (code & 0xff))
			r = &reasons[i];
	}
	err_set(err, "could not %s: database %s: %s (%s, %d)", what, db->path,
	    r != NULL ? r->text : "unexpected", sqlite3_errmsg(db->sqlite),
	    code);
	err->exit_status = r != NULL ? r->exit_status : 74;
	return -1;
}

int
db_exec(struct db *db, const char *sql, struct err *err, const char *what)
{
	if (sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return db_fail(db, err, what);
}

int
db_number(struct db *db, const char *sql, int64_t *ret, struct err *err)
{
	sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(db->sqlite, sql, -1, &s, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		*ret = sqlite3_column_int64(s, 0);
	else
		db_fail(db, err, "read the database");
	sqlite3_finalize(s);
	return code == SQLITE_ROW ? 0 : -1;
}

/*
 * What holds for the connection alone: the file is not touched before
 * schema.c has seen whose it is.  Checkpoints come late, because a page is
 * often written again soon, but not so late that a visit waits for one:
 * 16 MiB.  Debian builds with SECURE_DELETE, which zeroes what nobody will
 * read.
 */
static const char *const setup[] = {
	[DB_WRITE] =
	    "PRAGMA synchronous=FULL;"
	    "PRAGMA wal_autocheckpoint=1000;"
	    "PRAGMA journal_size_limit=67108864;"
	    "PRAGMA secure_delete=OFF;"
	    "PRAGMA foreign_keys=ON;"
	    "PRAGMA temp_store=MEMORY;",
	[DB_READ] =
	    "PRAGMA query_only=ON;"
	    "PRAGMA temp_store=MEMORY;",
};

static int
db_open_as(struct db *db, const char *name, int flags, enum db_mode mode,
    struct err *err)
{
	if (sqlite3_open_v2(name, &db->sqlite,
	    flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
	    NULL) != SQLITE_OK)
		return db_fail(db, err, "open");
	sqlite3_busy_timeout(db->sqlite, 10000);
	if (tokenizer_register(db->sqlite, &db->guard) != SQLITE_OK)
		return db_fail(db, err, "search");
	return db_exec(db, setup[mode], err, "open");
}

/*
 * A reader of a database at rest in a folder it may not write, or on a full
 * disk, cannot make the -shm file that WAL wants.  Where there is no -wal
 * either, nobody is writing and the file alone is all there is: open it as it
 * lies.  On a full disk there is one, which we have just made, empty.
 */
static int
db_is_at_rest(const struct db *db)
{
	int code = sqlite3_extended_errcode(db->sqlite);
	int is_full = code == SQLITE_IOERR_SHMSIZE;
	char wal[LOCK_NAME_SIZE];
	struct stat st;

	if ((!is_full && (code & 0xff) != SQLITE_CANTOPEN &&
	    (code & 0xff) != SQLITE_READONLY) ||
	    strpbrk(db->path, "?#%") != NULL ||
	    lock_name(db->path, "-wal", wal) != 0)
		return 0;
	return stat(wal, &st) != 0 || (is_full && st.st_size == 0 &&
	    !lock_is_held(db->path));
}

static int
db_open_at_rest(struct db *db, struct err *err)
{
	char *name;
	int code;

	db_close(db);
	name = sqlite3_mprintf("file:%s?immutable=1", db->path);
	code = db_open_as(db, name, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
	    DB_READ, err);
	sqlite3_free(name);
	return code;
}

/*
 * Each connection stays on its thread, and nobody asks for SQLite's memory
 * statistics, which would cost a lock at every allocation.  Refused, with no
 * harm, once SQLite is in use.
 */
static void
db_configure_library(void)
{
	sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/* Before the first round there is none: no mistake, and easily helped. */
static int
fail_to_read(const char *path, struct err *err)
{
	if (access(path, F_OK) == -1 && errno == ENOENT) {
		err_set(err, "there is no database %s yet: \"feedmill run\" "
		    "makes it", path);
		err->exit_status = 69;
	}
	return -1;
}

int
db_open(struct db *db, const char *path, enum db_mode mode, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int64_t n;

	pthread_once(&once, db_configure_library);
	*db = (struct db){ .path = path };
	if (mode == DB_WRITE)
		return db_open_as(db, path,
		    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, mode, err);
	if (db_open_as(db, path, SQLITE_OPEN_READONLY, mode, err) != 0)
		return fail_to_read(path, err);
	if (db_number(db, "SELECT count(*) FROM sqlite_schema", &n, err) == 0)
		return 0;
	return db_is_at_rest(db) ? db_open_at_rest(db, err) : -1;
}

void
db_close(struct db *db)
{
	for (size_t i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(TAKE(db->statements[i]));
	sqlite3_close(TAKE(db->sqlite));
}

int
db_prepare_all(struct db *db, struct err *err)
{
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		if (sqlite3_prepare_v3(db->sqlite, statement_sql[i], -1,
		    SQLITE_PREPARE_PERSISTENT, &db->statements[i], NULL) !=
		    SQLITE_OK)
			return db_fail(db, err, "prepare");
	}
	return 0;
}

sqlite3_stmt *
db_use(struct db *db, enum statement which)
{
	sqlite3_stmt *s = db->statements[which];

	assert(!sqlite3_stmt_busy(s));
	return s;
}

int
db_end(sqlite3_stmt *s)
{
	sqlite3_reset(s);
	return 0;
}

int
db_run(sqlite3_stmt *s)
{
	int code = sqlite3_step(s);

	sqlite3_reset(s);
	return code == SQLITE_DONE ? 0 : -1;
}

int
db_row(sqlite3_stmt *s)
{
	int code = sqlite3_step(s);

	if (code == SQLITE_ROW)
		return 1;
	sqlite3_reset(s);
	return code == SQLITE_DONE ? 0 : -1;
}

void
db_bind_text(sqlite3_stmt *s, int n, const char *text)
{
	sqlite3_bind_text(s, n, text, -1, SQLITE_STATIC);
}

void
db_bind_time(sqlite3_stmt *s, int n, int64_t ms)
{
	if (ms == DATE_NONE)
		sqlite3_bind_null(s, n);
	else
		sqlite3_bind_int64(s, n, ms);
}

void
db_bind_digest(sqlite3_stmt *s, int n, const struct digest *d)
{
	if (digest_is_zero(*d))
		sqlite3_bind_null(s, n);
	else
		sqlite3_bind_blob(s, n, d, sizeof(*d), SQLITE_STATIC);
}

int64_t
db_time(sqlite3_stmt *s, int column)
{
	if (sqlite3_column_type(s, column) == SQLITE_NULL)
		return DATE_NONE;
	return sqlite3_column_int64(s, column);
}

struct digest
db_digest(sqlite3_stmt *s, int column)
{
	struct digest d = { 0 };
	const void *p = sqlite3_column_blob(s, column);

	if (p != NULL && sqlite3_column_bytes(s, column) == sizeof(d))
		memcpy(&d, p, sizeof(d));
	return d;
}

const char *
db_text(sqlite3_stmt *s, int column)
{
	return (const char *)sqlite3_column_text(s, column);
}

char *
db_strdup(sqlite3_stmt *s, int column)
{
	return xstrdup_null(db_text(s, column));
}
