/*
 * check.c - is a database sound?
 *
 * First SQLite's own opinion of pages and indexes, then what this program
 * promises itself of its rows: a table of queries, each of which finds
 * nothing in a database that is as it should be and a sentence for whatever
 * is not.  What cannot be read any more is a finding, too, and the next
 * query is asked all the same.
 *
 * Everything is of one moment.  Only the inside of the index for search is
 * looked at apart, at the end, because that needs a connection that may
 * write, and nobody beside it.
 */
#include <stdio.h>
#include <string.h>

#include "feedmill/base/err.h"
#include "feedmill/base/hash.h"
#include "feedmill/base/mem.h"

#include "lock.h"
#include "mend.h"
#include "schema.h"
#include "upkeep.h"

enum {
	FINDINGS_OF_A_KIND = 20,	/* told; all are counted */
	TELL_EVERY	= 4096,		/* entries */
};

#define META(name) "(SELECT value FROM meta WHERE name = '" name "')"

struct invariant {
	const char	*what;		/* is being looked at */
	const char	*sql;		/* a sentence for each that is broken */
};

static const struct invariant pages[] = {
	{ "every page and every index",
	    "SELECT integrity_check FROM pragma_integrity_check "
	    "WHERE integrity_check <> 'ok'" },
	{ "what refers to what",
	    "SELECT 'row ' || coalesce(rowid, '') || ' of ' || \"table\" || "
	    "': the row of ' || parent || ' that it belongs to is not there' "
	    "FROM pragma_foreign_key_check" },
};

/* As retention leaves gaps, a number that is missing may never have been
 * given, or be one that was taken away: up to the highest of those. */
static const struct invariant rows[] = {
	{ "keys are there once",
	    "SELECT 'entries ' || a.id || ' and ' || b.id || "
	    "' have the same key: ' || a.key FROM entries a "
	    "JOIN entries b ON b.key_hash = a.key_hash AND b.id > a.id "
	    "AND b.key = a.key AND b.scope IS a.scope" },
	{ "ids are there once",
	    "SELECT 'entries ' || min(id) || ' and ' || max(id) || "
	    "' have the same id: ' || uuid FROM entries GROUP BY uuid "
	    "HAVING count(*) > 1" },
	{ "ids are ids",
	    "SELECT 'entry ' || id || ': its id is no UUID: ' || uuid "
	    "FROM entries WHERE length(uuid) <> 36" },
	{ "scopes are sources",
	    "SELECT 'entry ' || id || ': its scope is no source: ' || scope "
	    "FROM entries WHERE scope NOT IN (SELECT id FROM sources)" },
	{ "newest revisions",
	    "SELECT 'entry ' || e.id || ': number ' || e.seq || "
	    "' is not its own, but of entry ' || r.entry_id "
	    "FROM entries e JOIN revisions r ON r.seq = e.seq "
	    "WHERE r.entry_id <> e.id" },
	{ "every entry has its revision",
	    "SELECT 'entry ' || id || ': its newest revision, number ' || "
	    "seq || ', is not there' FROM entries WHERE seq > "
	    META("expired_seq") " AND NOT EXISTS (SELECT 1 FROM revisions r "
	    "WHERE r.seq = entries.seq)" },
	{ "no revision is newer",
	    "SELECT 'entry ' || e.id || ': revision number ' || r.seq || "
	    "' is newer than its newest, ' || e.seq FROM revisions r "
	    "JOIN entries e ON e.id = r.entry_id "
	    "WHERE r.seq > e.seq OR r.number > e.updates" },
	{ "revisions are counted",
	    "SELECT 'entry ' || entry_id || ' was updated for the ' || "
	    "number || 'th time more than once' FROM revisions "
	    "GROUP BY entry_id, number HAVING count(*) > 1" },
	{ "the sequence is in order of time",
	    "SELECT 'revision number ' || seq || "
	    "': announced before the one before it' FROM (SELECT seq, "
	    "announced_ms, lag(announced_ms) OVER (ORDER BY seq) AS before "
	    "FROM revisions) WHERE announced_ms < before" },
	{ "numbers given out",
	    "SELECT 'number ' || max(seq) || ' was given, but the last is ' "
	    "|| coalesce(" META("last_seq") ", 0) FROM revisions "
	    "HAVING max(seq) > coalesce(" META("last_seq") ", 0)" },
	{ "outlets",
	    "SELECT 'outlet ' || name || ': rendered up to number ' || seq "
	    "|| ', which was never given' FROM outlets "
	    "WHERE seq > coalesce(" META("last_seq") ", 0) "
	    "AND name NOT GLOB 'folders:*'" },	/* a hash of them */
	{ "aliases",
	    "SELECT 'an alias of source ' || source_id || ' leads to entry ' "
	    "|| entry_id || ', which is not there' FROM aliases WHERE "
	    "(entry_id <> 0 AND entry_id NOT IN (SELECT id FROM entries)) "
	    "OR source_id NOT IN (SELECT id FROM sources)" },
	{ "times of visits",
	    "SELECT 'times of visits are known of source ' || source_id || "
	    "', which is not there' FROM dues WHERE source_id NOT IN "
	    "(SELECT id FROM sources)" },
	{ "sources",
	    "SELECT 'source ' || name || ' is configured more than once' "
	    "FROM sources WHERE position IS NOT NULL GROUP BY name "
	    "HAVING count(*) > 1" },
};

/* These can be made anew. */
static const struct invariant index_rows[] = {
	{ "entries that can be searched",
	    "SELECT 'revision number ' || seq || "
	    "' is not in the index for search' FROM revisions r "
	    "WHERE seq <= " META("indexed_seq") " AND NOT EXISTS "
	    "(SELECT 1 FROM search_docsize d WHERE d.id = r.seq)" },
	{ "edits that the index for search is to follow",
	    "SELECT 'revision number ' || seq || ', that was edited, is not "
	    "there' FROM outdated "
	    "WHERE seq NOT IN (SELECT seq FROM revisions)" },
	{ "what the index for search leads to",
	    "SELECT 'number ' || id || ' of the index for search is not "
	    "there, or not yet' FROM search_docsize d WHERE id > "
	    META("indexed_seq") " OR NOT EXISTS "
	    "(SELECT 1 FROM revisions r WHERE r.seq = d.id)" },
};

struct checking {
	struct upkeep	 u;
	const struct store_findings *findings;
	struct store_checked *ret;
	int		 is_index;	/* what is looked at now: for search */
	unsigned	 of_this_kind;
};

static void
find(struct checking *c, const char *sentence)
{
	c->ret->findings++;
	c->ret->in_index += (unsigned)c->is_index;
	if (c->of_this_kind++ < FINDINGS_OF_A_KIND)
		c->findings->fn(sentence, c->findings->arg);
}

static void
kind_begin(struct checking *c, const char *what)
{
	c->of_this_kind = 0;
	upkeep_begin(&c->u, what);
}

static void
kind_end(struct checking *c)
{
	char more[64];

	if (c->of_this_kind <= FINDINGS_OF_A_KIND)
		return;
	snprintf(more, sizeof(more), "%u more of this kind",
	    c->of_this_kind - FINDINGS_OF_A_KIND);
	c->findings->fn(more, c->findings->arg);
}

/* Damage is what we are looking for; anything else ends the search. */
static int
find_failure(struct checking *c, const char *what, struct err *err)
{
	int is_index = c->is_index;

	db_fail(&c->u.db, err, what);
	if (err->exit_status != 65)
		return -1;
	/* A page of the file: nothing is made anew on it. */
	c->is_index &= c->u.db.failed != SQLITE_CORRUPT;
	find(c, err->msg);
	c->is_index = is_index;
	return 0;
}

static int
check_invariant(struct checking *c, const struct invariant *i,
    struct err *err)
{
	sqlite3_stmt *q = NULL;
	int row = -1, code = 0;

	kind_begin(c, i->what);
	if (sqlite3_prepare_v2(c->u.db.sqlite, i->sql, -1, &q, NULL) ==
	    SQLITE_OK) {
		while ((row = db_row(q)) == 1)
			find(c, db_text(q, 0) != NULL ? db_text(q, 0) :
			    i->what);
	}
	if (row < 0)
		code = find_failure(c, i->what, err);
	sqlite3_finalize(q);
	kind_end(c);
	return code;
}

static int
check_all(struct checking *c, const struct invariant *i, size_t count,
    struct err *err)
{
	for (; count > 0; i++, count--) {
		if (check_invariant(c, i, err) != 0)
			return -1;
	}
	return 0;
}

/* ----------------------------------------------------------------- tables */

static void
check_object(struct checking *c, sqlite3_stmt *q, sqlite3_stmt *wanted)
{
	char text[160];
	int row;

	for (int i = 0; i < 3; i++)
		sqlite3_bind_text(q, i + 1, db_text(wanted, i), -1,
		    SQLITE_STATIC);
	row = db_row(q);
	if (row == 1 && sqlite3_column_int(q, 0) != 0)
		return;
	snprintf(text, sizeof(text), "the %s %s is not %s",
	    db_text(wanted, 0), db_text(wanted, 1),
	    row == 1 ? "as it should be" : "there");
	c->is_index = strncmp(db_text(wanted, 1), "search", 6) == 0 &&
	    strcmp(db_text(wanted, 0), "table") == 0;
	find(c, text);
	c->is_index = 0;
}

/*
 * All tables, indexes, triggers and views, compared with those of an empty
 * database: without one of its indexes or triggers it would work, and be slow
 * or forget what to keep in step.  How FTS5 writes its own is its affair.
 */
static int
check_schema(struct checking *c, struct err *err)
{
	static const char sql[] = "SELECT ?1 = 'table' AND "
	    "?2 GLOB 'search_*' OR replace(sql, ' ', '') = "
	    "replace(?3, ' ', '') FROM sqlite_schema "
	    "WHERE type = ?1 AND name = ?2";
	sqlite3_stmt *q = NULL, *wanted = NULL;
	struct db model;
	int code = -1;

	kind_begin(c, "tables are as they should be");
	if (db_open(&model, ":memory:", DB_WRITE, err) == 0 &&
	    schema_bring_up(&model, err) == 0 &&
	    sqlite3_prepare_v2(model.sqlite, "SELECT type, name, sql "
	    "FROM sqlite_schema WHERE sql IS NOT NULL", -1, &wanted, NULL) ==
	    SQLITE_OK && sqlite3_prepare_v2(c->u.db.sqlite, sql, -1, &q,
	    NULL) == SQLITE_OK) {
		while (db_row(wanted) == 1) {
			check_object(c, q, wanted);
			sqlite3_reset(q);
		}
		code = 0;
	}
	sqlite3_finalize(q);
	sqlite3_finalize(wanted);
	db_close(&model);
	kind_end(c);
	return code;
}

/* --------------------------------------------------------- keys and hashes */

static void
check_key(struct checking *c, sqlite3_stmt *q, uint64_t seed)
{
	const char *key = db_text(q, 2);
	int64_t scope = sqlite3_column_int64(q, 3);
	char text[80];

	if (key != NULL && (int64_t)hash_64(key, strlen(key),
	    seed + (uint64_t)scope) == sqlite3_column_int64(q, 1))
		return;
	snprintf(text, sizeof(text), "entry %lld cannot be found by its key",
	    (long long)sqlite3_column_int64(q, 0));
	find(c, text);
}

/* An entry is found by the hash of its key, or announced once more. */
static int
check_keys(struct checking *c, struct err *err)
{
	static const char sql[] =
	    "SELECT id, key_hash, key, scope FROM entries ORDER BY id";
	sqlite3_stmt *q = NULL;
	int64_t seed = 0, done = 0;
	int row = -1, code = 0;

	kind_begin(c, "entries are found by their keys");
	sqlite3_progress_handler(c->u.db.sqlite, 0, NULL, NULL);
	if (db_number(&c->u.db, "SELECT " META("hash_seed"), &seed, err) == 0
	    && sqlite3_prepare_v2(c->u.db.sqlite, sql, -1, &q, NULL) ==
	    SQLITE_OK) {
		while ((row = db_row(q)) == 1) {
			check_key(c, q, (uint64_t)seed);
			if (++done % TELL_EVERY == 0)
				upkeep_tell(&c->u, done, c->ret->entries);
		}
	}
	if (row < 0)
		code = find_failure(c, "entries", err);
	sqlite3_finalize(q);
	kind_end(c);
	return code;
}

/* ---------------------------------------------------------------- numbers */

static int
count(struct checking *c, const char *sql, int64_t *ret, struct err *err)
{
	return db_number(&c->u.db, sql, ret, err) == 0 ? 0 :
	    find_failure(c, "count", err);
}

static int
count_all(struct checking *c, struct err *err)
{
	struct store_checked *r = c->ret;

	kind_begin(c, "how much there is");
	if (count(c, "SELECT count(*) FROM entries", &r->entries, err) != 0 ||
	    count(c, "SELECT count(*) FROM revisions", &r->revisions, err) !=
	    0 || count(c, "SELECT coalesce(" META("last_seq") ", 0)",
	    &r->last_seq, err) != 0)
		return -1;
	return 0;
}

/* --------------------------------------------------- the index for search */

/* Its rows, and what a daemon looks at when it starts. */
static int
check_index_rows(struct checking *c, struct err *err)
{
	int code;

	c->is_index = 1;
	code = check_all(c, index_rows, ARRAY_LEN(index_rows), err);
	if (code == 0 && c->ret->in_index == 0 && mend_is_needed(&c->u.db))
		find(c, "the index for search is damaged");
	c->is_index = 0;
	return code;
}

/*
 * Is what the index says what the texts say?  While some of them are still
 * to be added only its own order can be told.  Nothing is written by it, but
 * FTS5 takes SQLite's lock as if, and a daemon would have to wait: where
 * that lock cannot be had this is left out.
 */
static void
check_index(struct checking *c, const char *path)
{
	struct err err;
	int code;

	if (lock_is_held(path) ||
	    db_open(&c->u.db, path, DB_WRITE, &err) != 0) {
		db_close(&c->u.db);
		return;
	}
	kind_begin(c, "the index for search, word by word");
	code = sqlite3_exec(c->u.db.sqlite, "INSERT INTO search(search, rank) "
	    "SELECT 'integrity-check', " META("indexed_seq") " >= coalesce("
	    META("last_seq") ", 0)", NULL, NULL, NULL);
	c->ret->was_index_read = code == SQLITE_OK;
	c->is_index = code != SQLITE_CORRUPT;
	if ((code & 0xff) == SQLITE_CORRUPT)
		find(c, "the index for search does not say what the texts "
		    "do");
	c->is_index = 0;
	db_close(&c->u.db);
}

/* -------------------------------------------------------------- together */

static int
check_what_is_read(struct checking *c, struct err *err)
{
	struct store_checked *r = c->ret;

	/* One moment for all of it. */
	if (db_exec(&c->u.db, "PRAGMA temp_store=FILE; BEGIN", err,
	    "read") != 0 || schema_read(&c->u.db, &r->version, err) != 0 ||
	    check_all(c, pages, ARRAY_LEN(pages), err) != 0)
		return -1;
	/* An older schema has other tables. */
	if (r->version != schema_version())
		return 0;
	if (check_schema(c, err) != 0 || count_all(c, err) != 0 ||
	    check_keys(c, err) != 0)
		return -1;
	if (check_all(c, rows, ARRAY_LEN(rows), err) != 0)
		return -1;
	return check_index_rows(c, err);
}

int
store_check(const char *path, const struct store_progress *progress,
    const struct store_findings *findings, struct store_checked *ret,
    struct err *err)
{
	struct checking c = { .findings = findings, .ret = ret };
	int code;

	*ret = (struct store_checked){ .wanted_version = schema_version() };
	if (upkeep_open_to_read(&c.u, path, progress, err) != 0)
		return -1;
	code = check_what_is_read(&c, err);
	upkeep_close(&c.u);
	if (code == 0 && ret->findings == 0 &&
	    ret->version == schema_version())
		check_index(&c, path);
	return code;
}
