/*
 * test_schema.c - databases of every version there was become one of now:
 * with the same tables as a new one, nothing lost, whenever it is killed.
 */
#include "store_fixture.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "feedmill/store_upkeep.h"
#include "store_v1.h"
#include "store_v2.h"
#include "../../src/store/tokenizer.h"

/* A new version is another row of olds, and another number here. */
enum { NOW_VERSION = 11, OLD_ENTRIES = 300, GONE = 3, SEED = 4711 };

#define TO_3 \
	"CREATE TABLE hsts( host TEXT PRIMARY KEY, subdomains INTEGER " \
	"NOT NULL, until_ms INTEGER NOT NULL) WITHOUT ROWID;" \
	"INSERT INTO hsts VALUES('a.example', 1, 5);"
#define TO_4 \
	"INSERT INTO meta VALUES('expired_seq', 3);"
#define TO_5 \
	"CREATE TABLE tombstones( entry_id INTEGER PRIMARY KEY " \
	"REFERENCES entries(id), at_ms INTEGER NOT NULL, " \
	"is_forgotten INTEGER NOT NULL, is_pending INTEGER NOT NULL);" \
	"CREATE INDEX tombstones_at ON tombstones(at_ms);" \
	"CREATE INDEX revisions_effective ON revisions(effective_ms);"
#define TO_6 \
	"CREATE INDEX entries_month ON entries(source_id, published_ms);"
#define TO_7 \
	"ALTER TABLE sources ADD COLUMN held_host TEXT;"
#define TO_8 \
	"CREATE TABLE dues( source_id INTEGER PRIMARY KEY, " \
	"next_due_ms INTEGER NOT NULL, visited_ms INTEGER, " \
	"succeeded_ms INTEGER, max_age_s INTEGER NOT NULL);" \
	"INSERT INTO dues SELECT id, next_due_ms, visited_ms, " \
	"succeeded_ms, max_age_s FROM sources;" \
	"ALTER TABLE sources DROP COLUMN next_due_ms;" \
	"ALTER TABLE sources DROP COLUMN visited_ms;" \
	"ALTER TABLE sources DROP COLUMN succeeded_ms;" \
	"ALTER TABLE sources DROP COLUMN max_age_s;"
#define INDEXED_TEXT(row) \
	"replace(replace(" row "title, '&', '&amp;'), '<', '&lt;'), " \
	"iif(" row "content = '', " row "summary, " row "content)"
#define IS_INDEXED \
	"old.seq <= (SELECT value FROM meta WHERE name = 'indexed_seq')"
#define TO_9 \
	"CREATE TABLE outdated( seq INTEGER PRIMARY KEY, title TEXT NOT " \
	"NULL, text TEXT NOT NULL);" \
	"DROP TRIGGER search_delete; DROP TRIGGER search_before;" \
	"DROP TRIGGER search_after; DROP VIEW searchable;" \
	"CREATE VIEW indexable(seq, title, text) AS SELECT seq, " \
	INDEXED_TEXT("") " FROM revisions;" \
	"CREATE VIEW searchable(seq, title, text) AS SELECT i.seq, " \
	"coalesce(o.title, i.title), coalesce(o.text, i.text) " \
	"FROM indexable i LEFT JOIN outdated o ON o.seq = i.seq;" \
	"CREATE TRIGGER search_edit BEFORE UPDATE OF " \
	"title, summary, content ON revisions " \
	"WHEN " IS_INDEXED " BEGIN INSERT OR IGNORE INTO outdated " \
	"VALUES(old.seq, " INDEXED_TEXT("old.") "); END;" \
	"CREATE TRIGGER search_delete BEFORE DELETE ON revisions " \
	"WHEN " IS_INDEXED " BEGIN " \
	"INSERT INTO search(search, rowid, title, text) " \
	"SELECT 'delete', seq, title, text FROM searchable " \
	"WHERE seq = old.seq; " \
	"DELETE FROM outdated WHERE seq = old.seq; END;" \
	"INSERT INTO search(search, rank) VALUES('automerge', 0);" \
	"INSERT INTO search(search, rank) VALUES('crisismerge', 256);" \
	"INSERT INTO search(search, rank) VALUES('usermerge', 8);"

#define TO_10 \
	"ALTER TABLE entries ADD COLUMN edits INTEGER NOT NULL DEFAULT 0;" \
	"CREATE TRIGGER edits_count AFTER UPDATE OF " \
	"title, language, image, extra, summary, content ON revisions " \
	"BEGIN UPDATE entries SET edits = edits + 1 " \
	"WHERE id = new.entry_id; END;" \
	"ALTER TABLE sources ADD COLUMN version INTEGER NOT NULL DEFAULT 0;" \
	"CREATE INDEX sources_version ON sources(version) " \
	"WHERE version > 0;" \
	"CREATE TRIGGER sources_shown AFTER UPDATE OF title, link " \
	"ON sources WHEN old.title IS NOT new.title " \
	"OR old.link IS NOT new.link BEGIN UPDATE sources SET version = " \
	"1 + coalesce((SELECT max(version) FROM sources " \
	"WHERE version > 0), 0) WHERE id = new.id; END;" \
	"INSERT INTO meta VALUES('sources_shape', 1);" \
	"CREATE TRIGGER sources_reshaped AFTER UPDATE OF " \
	"name, configured_url, configured_title, position ON sources " \
	"WHEN old.name IS NOT new.name " \
	"OR old.configured_url IS NOT new.configured_url " \
	"OR old.configured_title IS NOT new.configured_title " \
	"OR old.position IS NOT new.position " \
	"BEGIN UPDATE meta SET value = value + 1 " \
	"WHERE name = 'sources_shape'; END;" \
	"CREATE TRIGGER sources_added AFTER INSERT ON sources " \
	"BEGIN UPDATE meta SET value = value + 1 " \
	"WHERE name = 'sources_shape'; END;"

static const struct old {
	const char	*tables, *more;
	int		 version;
	const char	*last;		/* or NULL; with its rows */
} olds[] = {
	{ store_v1, "", 1, NULL },
	{ store_v2, "", 2, NULL },
	{ store_v2, TO_3 "PRAGMA user_version=3;", 3, NULL },
	{ store_v2, TO_3 TO_4 "PRAGMA user_version=4;", 4, NULL },
	{ store_v2, TO_3 TO_4 TO_5 "PRAGMA user_version=5;", 5, NULL },
	{ store_v2, TO_3 TO_4 TO_5 TO_6 "PRAGMA user_version=6;", 6, NULL },
	{ store_v2, TO_3 TO_4 TO_5 TO_6 TO_7 "PRAGMA user_version=7;", 7,
	    NULL },
	{ store_v2, TO_3 TO_4 TO_5 TO_6 TO_7, 8,
	    TO_8 "PRAGMA user_version=8;" },
	{ store_v2, TO_3 TO_4 TO_5 TO_6 TO_7, 9,
	    TO_8 TO_9 "PRAGMA user_version=9;" },
	{ store_v2, TO_3 TO_4 TO_5 TO_6 TO_7, 10,
	    TO_8 TO_9 TO_10 "PRAGMA user_version=10;" },
};

/* Revisions 1 to GONE were taken by retention; the last is an update. */
static const char old_rows[] =
    "INSERT INTO meta VALUES('hash_seed', 4711), ('last_seq', 301);"
    "INSERT INTO sources(id, name, configured_url, url, position, etag, "
    "validators_url, documents, visits, next_due_ms, visited_ms, "
    "succeeded_ms, changed_ms, max_age_s) "
    "VALUES(1, 'one', 'https://one.example/feed', "
    "'https://one.example/feed', 0, '\"tag\"', 'https://one.example/feed', "
    "3, 3, 51, 41, 31, 21, 11), (2, 'old', 'https://old.example/', "
    "'https://old.example/', NULL, NULL, NULL, 1, 1, 0, NULL, NULL, NULL, "
    "-1);"
    "INSERT INTO visits VALUES(1, 2, 5, 'ok', 300, 300, 0);"
    "INSERT INTO sightings VALUES(9, 2, 5, 5);"
    "INSERT INTO aliases VALUES(1, x'00112233445566778899aabbccddeeff', 9);"
    "INSERT INTO outlets VALUES('all', "
    "'c1e1a7d9-3f0c-4a57-9b9e-0d7a4f6f2f11', 301);";

static const char old_revisions[] =
    "INSERT INTO revisions(seq, entry_id, source_id, number, silent, "
    "effective_ms, updated_ms, announced_ms, title, summary, content) "
    "SELECT id, id, 1, 0, 0, 0, 0, 5, title, '', '<p>中文 ' || id || '</p>' "
    "FROM entries WHERE id > 3;"
    "INSERT INTO revisions(seq, entry_id, source_id, number, silent, "
    "effective_ms, updated_ms, announced_ms, title, summary, content) "
    "VALUES(301, 7, 1, 1, 0, 9, 9, 9, 'again', '', 'neu');"
    "UPDATE entries SET seq = 301, updates = 1 WHERE id = 7;";

static void
run_sql(sqlite3 *db, const char *sql)
{
	char *why = NULL;

	sqlite3_exec(db, sql, NULL, NULL, &why);
	if (why != NULL)
		fail_msg("%s: %.200s", why, sql);
}

static void
insert_entries(sqlite3 *db)
{
	sqlite3_stmt *q;

	assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO entries(id, "
	    "key_hash, source_id, seq, ts, key, first_seen_ms, published_ms, "
	    "uuid, title) VALUES(?1, ?2, 1, ?1, 1740000000000, ?3, 0, 0, ?4, "
	    "'t' || ?1)", -1, &q, NULL), SQLITE_OK);
	for (int i = 1; i <= OLD_ENTRIES; i++) {
		char key[32], uuid[UUID_TEXT_SIZE];

		snprintf(key, sizeof(key), "//old/%d", i);
		uuid_mint(uuid);
		sqlite3_bind_int(q, 1, i);
		sqlite3_bind_int64(q, 2, (int64_t)hash_64(key, strlen(key),
		    SEED));
		sqlite3_bind_text(q, 3, key, -1, SQLITE_STATIC);
		sqlite3_bind_text(q, 4, uuid, -1, SQLITE_STATIC);
		assert_int_equal(sqlite3_step(q), SQLITE_DONE);
		sqlite3_reset(q);
	}
	sqlite3_finalize(q);
}

static void
make_old(const struct old *old)
{
	sqlite3 *db;

	remove_files();
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(tokenizer_register(db, NULL), SQLITE_OK);
	run_sql(db, "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; BEGIN");
	run_sql(db, old->tables);
	run_sql(db, old->more);
	run_sql(db, old_rows);
	insert_entries(db);
	run_sql(db, old_revisions);
	run_sql(db, old->last != NULL ? old->last : "");
	run_sql(db, "COMMIT");
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int64_t
ask_number(const char *sql)
{
	sqlite3_stmt *q;
	sqlite3 *db;
	int64_t n;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	n = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return n;
}

/* -------------------------------------------------------------- the tables */

/* All that is in the schema, in words that layout does not change. */
static void
put_schema(struct buf *ret)
{
	sqlite3_stmt *q;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT type, name, "
	    "replace(replace(coalesce(sql, ''), ' ', ''), '\n', '') "
	    "FROM sqlite_schema ORDER BY name", -1, &q, NULL), SQLITE_OK);
	while (sqlite3_step(q) == SQLITE_ROW)
		buf_printf(ret, "%s %s %s\n", sqlite3_column_text(q, 0),
		    sqlite3_column_text(q, 1), sqlite3_column_text(q, 2));
	sqlite3_finalize(q);
	sqlite3_close(db);
}

static void
put_finding(const char *sentence, void *arg)
{
	(void)arg;
	fail_msg("%s", sentence);
}

static void
expect_sound(void)
{
	const struct store_findings findings = { put_finding, NULL };
	struct store_checked r;
	struct err err;

	if (store_check(path, NULL, &findings, &r, &err) != 0)
		fail_msg("%s", err.msg);
	assert_true(r.was_index_read);
	assert_int_equal(r.version, NOW_VERSION);
	assert_int_equal(r.wanted_version, NOW_VERSION);
}

/* What was known is known, what was said is said under the next number. */
static void
expect_kept(struct fixture *f)
{
	VISIT(f, 0, { "//old/1", NULL, T0, "t1" },
	    { "//old/300", NULL, T0, "t300" }, { "//new/1", NULL, T0, "n" });
	EXPECT(f, 1, 0, 2);
	assert_int_equal(f->result.last_seq, 302);
}

/* The state of the source of old, not a clean one. */
static void
expect_state(const struct source_state *st)
{
	assert_string_equal(st->etag, "\"tag\"");
	assert_int_equal(st->next_due_ms, 51);
	assert_int_equal(st->history.visited_ms, 41);
	assert_int_equal(st->history.succeeded_ms, 31);
	assert_int_equal(st->history.changed_ms, 21);
	assert_int_equal(st->history.max_age_s, 11);
}

static void
test_every_version(void **state)
{
	struct fixture *f = *state;
	struct buf fresh = { 0 };

	close_store(f);
	put_schema(&fresh);
	for (size_t i = 0; i < ARRAY_LEN(olds); i++) {
		struct buf raised = { 0 };

		make_old(&olds[i]);
		open_store(f);
		expect_state(&f->states[0]);
		close_store(f);
		put_schema(&raised);
		assert_string_equal(buf_str(&raised), buf_str(&fresh));
		buf_fini(&raised);
		expect_sound();
		assert_int_equal(ask_number("SELECT value FROM meta "
		    "WHERE name = 'expired_seq'"), GONE);
		assert_int_equal(ask_number("SELECT count(*) FROM sightings "
		    "JOIN aliases USING(entry_id) JOIN outlets JOIN visits"),
		    1);
		open_store(f);
		expect_kept(f);
		close_store(f);
		expect_sound();
	}
	buf_fini(&fresh);
}

static void
test_by_command(void **state)
{
	struct fixture *f = *state;
	int64_t from, to;
	struct err err;

	assert_int_equal(store_upgrade(path, &from, &to, &err), -1);
	assert_int_equal(err.exit_status, 75);
	close_store(f);
	for (size_t i = 0; i < ARRAY_LEN(olds); i++) {
		make_old(&olds[i]);
		assert_null(try_open(STORE_READ, &err));
		assert_int_equal(err.exit_status, 65);
		assert_non_null(strstr(err.msg, "db upgrade"));
		assert_int_equal(store_upgrade(path, &from, &to, &err), 0);
		assert_int_equal(from, olds[i].version);
		assert_int_equal(store_upgrade(path, &from, &to, &err), 0);
		assert_int_equal(from, to);
		expect_sound();
	}
}

static void
count_finding(const char *sentence, void *arg)
{
	assert_non_null(strstr(sentence, "is not there"));
	++*(unsigned *)arg;
}

/* Retention took it, or it is lost: told apart by the number. */
static void
test_lost_revision(void **state)
{
	static const struct {
		const char	*sql;
		unsigned	 findings;
	} rows[] = {
		{ "DELETE FROM revisions WHERE seq = 4", 1 },
		{ "UPDATE meta SET value = 4 WHERE name = 'expired_seq'", 0 },
		{ "DELETE FROM revisions WHERE seq IN (9, 300)", 2 },
	};
	struct fixture *f = *state;

	close_store(f);
	make_old(&olds[1]);
	open_store(f);
	close_store(f);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned count = 0;
		const struct store_findings findings = { count_finding,
		    &count };
		struct store_checked r;
		struct err err;
		sqlite3 *db;

		assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
		assert_int_equal(tokenizer_register(db, NULL), SQLITE_OK);
		run_sql(db, rows[i].sql);
		sqlite3_close(db);
		assert_int_equal(store_check(path, NULL, &findings, &r,
		    &err), 0);
		assert_int_equal(count, rows[i].findings);
		assert_int_equal(r.findings, rows[i].findings);
	}
}

/* ------------------------------------------------------- killed in between */

static int kill_after;

static int
die(void *arg)
{
	(void)arg;
	kill(getpid(), SIGKILL);
	return 1;
}

/* Every connection of this process dies after so many steps of SQLite's. */
static int
be_mortal(sqlite3 *db, char **why, const struct sqlite3_api_routines *api)
{
	(void)why, (void)api;
	sqlite3_progress_handler(db, kill_after, die, NULL);
	return SQLITE_OK;
}

/* 1: it was killed. */
static int
upgrade_killed(int steps)
{
	int64_t from, to;
	struct err err;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		kill_after = steps;
		sqlite3_auto_extension((void (*)(void))be_mortal);
		_exit(store_upgrade(path, &from, &to, &err) != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return 1;
	assert_int_equal(WEXITSTATUS(status), 0);
	return 0;
}

static void
test_killed(void **state)
{
	struct fixture *f = *state;
	int was_killed, times = 0;

	close_store(f);
	for (size_t i = 0; i < ARRAY_LEN(olds); i++) {
		int steps = 1;

		make_old(&olds[i]);
		do {
			int64_t version;

			was_killed = upgrade_killed(steps);
			version = ask_number("PRAGMA user_version");
			/* Before, or after; the same file is tried again. */
			assert_true(version == olds[i].version ||
			    version == NOW_VERSION);
			assert_int_equal(ask_number("SELECT count(*) "
			    "FROM meta WHERE name = 'expired_seq'"),
			    version >= 4);
			times += was_killed;
			steps += 1 + steps / 8;
		} while (was_killed);
		expect_sound();
		open_store(f);
		expect_kept(f);
		close_store(f);
	}
	assert_true(times > 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_version),
		TEST(test_by_command),
		TEST(test_lost_revision),
		TEST(test_killed),
	};

	return UNIT_RUN(tests);
}
