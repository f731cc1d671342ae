/*
 * backup.c - a copy of one moment of a database, while others write.
 *
 * SQLite copies page by page and begins anew when somebody else has written
 * meanwhile, unless the reading side holds a transaction of its own: then
 * all pages are of its moment.  The log of the writer grows as long.
 *
 * The copy is made under a temporary name in the folder where it is to be,
 * synced, and only then gets its name.  It is no longer in WAL mode, so that
 * it is one file, also for whoever looks at it; the first daemon that opens
 * it turns that on again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/mem.h"

#include "schema.h"
#include "tokenizer.h"
#include "upkeep.h"

enum { STEP_PAGES = 256 };

struct target {
	char		*folder, *temporary;	/* of path */
	const char	*name;			/* in folder; inside path */
	const char	*path;
	int		 dirfd;
};

static int
refuse(struct err *err, const char *path, const char *why)
{
	err_set(err, "%s: %s", path, why);
	err->exit_status = 1;
	return -1;
}

static int
fail(struct err *err, const char *path)
{
	err_set(err, "%s: %s", path, strerror(errno));
	err->exit_status = 74;
	return -1;
}

static int
target_open(struct target *t, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');

	*t = (struct target){ .path = path, .dirfd = -1,
	    .name = slash != NULL ? slash + 1 : path };
	if (t->name[0] == '\0' || strcmp(t->name, ".") == 0 ||
	    strcmp(t->name, "..") == 0)
		return refuse(err, path, "this is no name of a file");
	t->folder = slash == NULL ? xstrdup(".") :
	    xstrndup(path, (size_t)(slash - path) + 1);
	t->dirfd = open(t->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->dirfd < 0)
		return fail(err, t->folder);
	if (asprintf(&t->temporary, "%s%s.%s.new", t->folder,
	    slash == NULL ? "/" : "", t->name) < 0)
		abort();
	return 0;
}

static void
target_close(struct target *t)
{
	if (t->dirfd >= 0)
		close(t->dirfd);
	free(t->temporary);
	free(t->folder);
}

static int
is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 &&
	    x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* The log beside a database that was in use would be replayed into ours. */
static int
has_log(const char *path)
{
	static const char *const suffixes[] = { "-wal", "-journal" };
	struct stat st;
	int found = 0;

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		char *name = NULL;

		if (asprintf(&name, "%s%s", path, suffixes[i]) < 0)
			abort();
		found |= stat(name, &st) == 0 && st.st_size > 0;
		free(name);
	}
	return found;
}

static int
may_be_written(const char *from, const char *to, int replace,
    struct err *err)
{
	struct stat st;

	if (is_same_file(from, to))
		return refuse(err, to, "this is the database itself");
	if (has_log(to))
		return refuse(err, to, "a database of that name is in use, "
		    "or was not closed: its log is still there");
	if (lstat(to, &st) != 0)
		return 0;
	if (!S_ISREG(st.st_mode))
		return refuse(err, to, "it is there and is no file");
	return replace ? 0 :
	    refuse(err, to, "it is there already: --force replaces it");
}

/* ------------------------------------------------------------------ copy */

static int
copy_pages(struct upkeep *from, struct db *to, struct err *err)
{
	sqlite3_backup *b = sqlite3_backup_init(to->sqlite, "main",
	    from->db.sqlite, "main");
	int code = b == NULL ? SQLITE_ERROR : SQLITE_OK;

	while (code == SQLITE_OK) {
		code = sqlite3_backup_step(b, STEP_PAGES);
		upkeep_tell(from, sqlite3_backup_pagecount(b) -
		    sqlite3_backup_remaining(b), sqlite3_backup_pagecount(b));
	}
	sqlite3_backup_finish(b);
	if (code == SQLITE_DONE)
		return 0;
	return sqlite3_errcode(from->db.sqlite) == (code & 0xff) ||
	    (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB ?
	    db_fail(&from->db, err, "copy") : db_fail(to, err, "write");
}

/* Page by page damage is copied, too, over what may be the last sound copy. */
static int
is_sound(const struct upkeep *from, struct db *copy, struct err *err)
{
	int64_t good = 0;

	if (db_number(copy, "SELECT quick_check = 'ok' FROM "
	    "pragma_quick_check(1)", &good, err) == 0 && good)
		return 0;
	err_set(err, "database %s is damaged (try `feedmill db check`): "
	    "it was not copied", from->db.path);
	err->exit_status = 65;
	return -1;
}

/* Nobody else knows the file and it is synced as a whole: no journal. */
static int
copy_into(struct upkeep *from, const struct target *t, struct err *err)
{
	struct db to = { .path = t->path };
	int code = -1;

	if (sqlite3_open_v2(t->temporary, &to.sqlite, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL) != SQLITE_OK)
		db_fail(&to, err, "open");
	else if (tokenizer_register(to.sqlite, NULL) == SQLITE_OK &&
	    db_exec(&to, "PRAGMA journal_mode=OFF;"
	    "PRAGMA synchronous=OFF", err, "open") == 0 &&
	    copy_pages(from, &to, err) == 0 && db_exec(&to,
	    "PRAGMA journal_mode=DELETE", err, "write") == 0)
		code = is_sound(from, &to, err);
	db_close(&to);
	return code;
}

/* One moment: the transaction begins with its first query. */
static int
hold_moment(struct upkeep *u, struct err *err)
{
	int64_t version;

	return db_exec(&u->db, "BEGIN", err, "read") == 0 ?
	    schema_read(&u->db, &version, err) : -1;
}

static int
give_name(const struct target *t, int replace, struct err *err)
{
	int code = renameat2(AT_FDCWD, t->temporary, AT_FDCWD, t->path,
	    replace ? 0 : RENAME_NOREPLACE);

	/* Not every file system knows how: it was looked before. */
	if (code != 0 && errno == EINVAL)
		code = rename(t->temporary, t->path);
	if (code != 0) {
		code = errno == EEXIST ? refuse(err, t->path,
		    "it is there already: --force replaces it") :
		    fail(err, t->path);
		unlink(t->temporary);
		return code;
	}
	if (file_sync_dir(t->dirfd, t->folder, err) == 0)
		return 0;
	err->exit_status = 74;
	return -1;
}

/* Ours until it is closed, if it still has its name: another that is under way
 * would write into it, or give its name to what we have not finished. */
static int
claim(int fd, const struct target *t, struct err *err)
{
	struct stat here, there;
	/* Not every file system knows how. */
	int free = flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;

	return free && fstat(fd, &here) == 0 &&
	    lstat(t->temporary, &there) == 0 &&
	    here.st_dev == there.st_dev && here.st_ino == there.st_ino ? 0 :
	    refuse(err, t->path, "another backup is being written there");
}

/* A new file; what a kill has left goes. */
static int
open_temporary(const struct target *t, struct err *err)
{
	int fd = open(t->temporary, O_RDWR | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	int code = fd >= 0 ? claim(fd, t, err) : 0;

	if (fd >= 0 && code == 0 && unlink(t->temporary) != 0)
		code = fail(err, t->temporary);
	if (fd >= 0)
		close(fd);
	if (code != 0)
		return -1;
	fd = open(t->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ? refuse(err, t->path,
		    "another backup is being written there") :
		    fail(err, t->temporary);
	if (claim(fd, t, err) == 0)
		return fd;
	close(fd);
	return -1;
}

static int
backup(struct upkeep *from, const struct target *t, int replace,
    int64_t *ret_bytes, struct err *err)
{
	struct stat st = { 0 };
	int fd = open_temporary(t, err), code;

	if (fd < 0)
		return -1;
	/* Closed last: closing lets go of SQLite's locks of the file. */
	code = copy_into(from, t, err);
	if (code == 0 && (fsync(fd) != 0 || fstat(fd, &st) != 0))
		code = fail(err, t->path);
	if (code == 0)
		code = give_name(t, replace, err);
	else
		unlink(t->temporary);
	close(fd);
	*ret_bytes = st.st_size;
	return code;
}

int
store_backup(const char *path, const char *to, int replace,
    const struct store_progress *progress, int64_t *ret_bytes,
    struct err *err)
{
	struct target t = { .dirfd = -1 };
	struct upkeep u;
	int code = -1;

	if (may_be_written(path, to, replace, err) != 0)
		return -1;
	if (upkeep_open_to_read(&u, path, progress, err) != 0)
		return -1;
	u.what = "copying";
	if (hold_moment(&u, err) == 0 && target_open(&t, to, err) == 0)
		code = backup(&u, &t, replace, ret_bytes, err);
	target_close(&t);
	upkeep_close(&u);
	return code;
}
