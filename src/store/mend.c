/* mend.c - see mend.h. */
#include <sqlite3.h>

#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"

#include "db.h"
#include "mend.h"
#include "schema.h"

#define INDEXED	"(SELECT value FROM meta WHERE name = 'indexed_seq')"
#define LAST	"coalesce((SELECT value FROM meta WHERE name = 'last_seq'), 0)"

/* Each is 1 of an index that is whole; in this order, as each one leans on
 * those before it. */
static const char *const signs[] = {
	"SELECT count(*) = 5 FROM sqlite_schema WHERE type = 'table' AND name "
	"IN ('search', 'search_data', 'search_idx', 'search_docsize', "
	"'search_config')",
	"SELECT coalesce(typeof(" INDEXED ") = 'integer' AND " INDEXED
	" BETWEEN 0 AND max(" LAST ", coalesce((SELECT max(seq) "
	"FROM revisions), 0)), 0)",
	/* What FTS5 counts of all rows, and the list of its parts. */
	"SELECT count(*) = 2 FROM search_data "
	"WHERE id = 1 OR (id = 10 AND length(block) >= 7)",
	"SELECT (SELECT max(id) FROM search_docsize) IS "
	"(SELECT max(seq) FROM revisions WHERE seq <= " INDEXED ")",
	"SELECT (SELECT min(id) FROM search_docsize) IS "
	"(SELECT min(seq) FROM revisions WHERE seq <= " INDEXED ")",
	/* Any word makes it look at itself. */
	"SELECT 1 + count(*) * 0 FROM (SELECT 1 FROM search "
	"WHERE search MATCH 'feedmill' LIMIT 1)",
};

int
mend_is_needed(struct db *db)
{
	for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
		sqlite3_stmt *q = NULL;
		int is_whole = 1, code = sqlite3_prepare_v2(db->sqlite,
		    signs[i], -1, &q, NULL);

		if (code == SQLITE_OK && (code = sqlite3_step(q)) == SQLITE_ROW)
			is_whole = sqlite3_column_int(q, 0);
		sqlite3_finalize(q);
		if (!is_whole || code == SQLITE_CORRUPT_VTAB ||
		    code == SQLITE_ERROR)
			return 1;
		if (code != SQLITE_ROW)
			return 0;
	}
	return 0;
}

static const char what[] = "make the index for search anew";

/*
 * FTS5 can only drop a table that it can open: so it gets the least that it
 * takes for one, an empty list of parts.  What it makes then is its own.
 */
static const char drop[] =
    "DROP TABLE IF EXISTS search_data;"
    "DROP TABLE IF EXISTS search_idx;"
    "DROP TABLE IF EXISTS search_docsize;"
    "DROP TABLE IF EXISTS search_config;"
    "CREATE TABLE search_data(id INTEGER PRIMARY KEY, block BLOB);"
    "INSERT INTO search_data VALUES(10, zeroblob(7));"
    "CREATE TABLE search_config(k PRIMARY KEY, v) WITHOUT ROWID;"
    "INSERT INTO search_config VALUES('version', 4);"
    "DROP TABLE IF EXISTS search;"
    "DROP TABLE IF EXISTS search_data;"
    "DROP TABLE IF EXISTS search_config;";

static const char begin_anew[] =
    "DELETE FROM outdated;"
    "INSERT INTO meta VALUES('indexed_seq', 0) "
    "ON CONFLICT(name) DO UPDATE SET value = 0;";

/*
 * What is dropped gives back its pages, or what it takes for them: a tree
 * that is damaged itself may lead into another.  Then nothing is touched.
 */
static int
check_pages(struct db *db, struct err *err)
{
	static const char sql[] = "SELECT quick_check FROM sqlite_schema s, "
	    "pragma_quick_check(s.name) WHERE s.type = 'table' "
	    "AND s.name IN ('search_data', 'search_idx', 'search_docsize', "
	    "'search_config') AND quick_check <> 'ok'";
	sqlite3_stmt *q = NULL;
	int row = -1;

	if (sqlite3_prepare_v2(db->sqlite, sql, -1, &q, NULL) == SQLITE_OK)
		row = db_row(q);
	if (row < 0) {
		db_fail(db, err, what);
	} else if (row == 1) {
		err_set(err, "could not %s: database %s: its pages are "
		    "damaged, too (try `feedmill db check`): %s", what,
		    db->path, db_text(q, 0));
		err->exit_status = 65;
	}
	sqlite3_finalize(q);
	return row == 0 ? 0 : -1;
}

int
mend_index(struct db *db, struct err *err)
{
	if (check_pages(db, err) != 0 ||
	    db_exec(db, drop, err, what) != 0 ||
	    db_exec(db, schema_index, err, what) != 0)
		return -1;
	return db_exec(db, begin_anew, err, what);
}

int
mend_index_alone(struct db *db, struct err *err)
{
	if (db_exec(db, "BEGIN IMMEDIATE", err, what) != 0)
		return -1;
	if (mend_index(db, err) == 0 &&
	    db_exec(db, "COMMIT", err, what) == 0)
		return 0;
	sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}
