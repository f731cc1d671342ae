/*
 * schema.c - the tables, as steps from one version to the next.
 *
 * steps[n] leads from version n to n + 1; PRAGMA user_version holds the
 * number.  A step that was released is never changed: add another.
 *
 * Times are milliseconds since 1970 UTC, NULL for unknown.  An entry is an
 * identity and is kept for ever; a revision is one announced state of it,
 * with its content, which retention may take away.
 */
#include <assert.h>
#include <stdio.h>

#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"

#include "db.h"
#include "schema.h"

/* "FMil": what `file` and PRAGMA application_id show. */
enum { APPLICATION_ID = 0x464d696c };

/* Title and text of a revision as they are indexed; row: "", "old."... */
#define INDEXED_TEXT(row) \
	"replace(replace(" row "title, '&', '&amp;'), '<', '&lt;'), " \
	"iif(" row "content = '', " row "summary, " row "content)"
#define IS_INDEXED \
	"old.seq <= (SELECT value FROM meta WHERE name = 'indexed_seq')"
#define INDEX_REMOVE_OLD \
	"INSERT INTO search(search, rowid, title, text) " \
	"VALUES('delete', old.seq, " INDEXED_TEXT("old.") ");"

/* The index for search as it is made, in two steps or, anew, at once. */
#define SEARCH_TABLE \
	"CREATE VIRTUAL TABLE search USING fts5(title, text," \
	" content='searchable', content_rowid='seq', tokenize='cjk');"
#define SEARCH_MERGES \
	"INSERT INTO search(search, rank) VALUES('automerge', 0);" \
	"INSERT INTO search(search, rank) VALUES('crisismerge', 256);" \
	"INSERT INTO search(search, rank) VALUES('usermerge', 8);"

const char schema_index[] = SEARCH_TABLE SEARCH_MERGES;

static const char *const steps[] = {
	/* 0 to 1 */
	"CREATE TABLE meta(name TEXT PRIMARY KEY, value NOT NULL)"
	" WITHOUT ROWID;"

	"CREATE TABLE sources("
	" id INTEGER PRIMARY KEY,"
	" name TEXT NOT NULL,"
	" configured_url TEXT NOT NULL,"
	" configured_title TEXT,"
	" position INTEGER,"		/* in the configuration; NULL: gone */
	" url TEXT NOT NULL,"		/* asked: 301s may have moved it */
	" validators_url TEXT, etag TEXT, last_modified TEXT,"
	" body_digest BLOB,"
	" title TEXT, link TEXT, error TEXT,"
	" next_due_ms INTEGER NOT NULL DEFAULT 0,"
	" gone INTEGER NOT NULL DEFAULT 0,"
	" permanent_seen INTEGER NOT NULL DEFAULT 0, permanent_url TEXT,"
	" failures INTEGER NOT NULL DEFAULT 0,"
	" outcome TEXT,"		/* NULL: never visited */
	" visited_ms INTEGER, succeeded_ms INTEGER, changed_ms INTEGER,"
	" retry_after_s INTEGER NOT NULL DEFAULT -1,"
	" max_age_s INTEGER NOT NULL DEFAULT -1,"
	" ttl_s INTEGER NOT NULL DEFAULT -1,"
	" update_s INTEGER NOT NULL DEFAULT -1,"
	" skip_hours INTEGER NOT NULL DEFAULT 0,"
	" skip_days INTEGER NOT NULL DEFAULT 0,"
	" pace_s INTEGER NOT NULL DEFAULT -1,"
	" gap INTEGER NOT NULL DEFAULT 0,"
	" network_down INTEGER NOT NULL DEFAULT 0,"
	/* counted as it goes: status and metrics must not scan */
	" documents INTEGER NOT NULL DEFAULT 0,"	/* not empty ones */
	" visits INTEGER NOT NULL DEFAULT 0,"
	" entries INTEGER NOT NULL DEFAULT 0,"
	" announced INTEGER NOT NULL DEFAULT 0);"

	/* The last VISITS_KEPT of each source, in a ring of slots. */
	"CREATE TABLE visits("
	" source_id INTEGER NOT NULL REFERENCES sources(id),"
	" slot INTEGER NOT NULL,"
	" at_ms INTEGER, outcome TEXT NOT NULL,"
	" sighted INTEGER NOT NULL, added INTEGER NOT NULL,"
	" updated INTEGER NOT NULL,"
	" PRIMARY KEY(source_id, slot)) WITHOUT ROWID;"

	/*
	 * key_hash is XXH3 of the key under this database's own seed; equal
	 * hashes may meet, so the index is not unique and the text decides.
	 * What every sighting reads stands before the long texts.
	 */
	"CREATE TABLE entries("
	" id INTEGER PRIMARY KEY,"
	" key_hash INTEGER NOT NULL,"
	" source_id INTEGER NOT NULL REFERENCES sources(id),"	/* owner */
	" seq INTEGER NOT NULL,"	/* of its newest announcement */
	" ts INTEGER,"			/* newest raw timestamp */
	" announced BLOB,"		/* digests; NULL: learn it */
	" stored BLOB,"
	" updates INTEGER NOT NULL DEFAULT 0,"
	" taken INTEGER NOT NULL DEFAULT 0,"	/* ownership moved once */
	" scope INTEGER,"		/* source of a scoped key; NULL: all */
	" key TEXT NOT NULL,"		/* begins with # after a scope */
	" first_seen_ms INTEGER NOT NULL,"
	" published_ms INTEGER NOT NULL,"
	" first_ts INTEGER,"
	" uuid TEXT NOT NULL,"
	" url TEXT,"
	" title TEXT NOT NULL);"	/* as last announced, as written */
	"CREATE INDEX entries_key ON entries(key_hash);"

	"CREATE TABLE revisions("
	" seq INTEGER PRIMARY KEY,"
	" entry_id INTEGER NOT NULL REFERENCES entries(id),"
	" source_id INTEGER NOT NULL REFERENCES sources(id),"
	" number INTEGER NOT NULL,"	/* 0: new; n: the nth update */
	" silent INTEGER NOT NULL,"
	" ts INTEGER,"
	" effective_ms INTEGER NOT NULL,"
	" updated_ms INTEGER NOT NULL,"
	" announced_ms INTEGER NOT NULL,"	/* never less than before */
	" title TEXT NOT NULL, language TEXT, image TEXT,"
	" extra TEXT,"			/* JSON: authors, enclosures... */
	" summary TEXT NOT NULL, content TEXT NOT NULL);"
	"CREATE INDEX revisions_entry ON revisions(entry_id);"
	"CREATE INDEX revisions_source ON revisions(source_id);"

	/* Who else lists an entry, with the newest timestamp it gave it. */
	"CREATE TABLE sightings("
	" entry_id INTEGER NOT NULL REFERENCES entries(id),"
	" source_id INTEGER NOT NULL REFERENCES sources(id),"
	" ts INTEGER, since_ms INTEGER NOT NULL,"
	" PRIMARY KEY(entry_id, source_id)) WITHOUT ROWID;"

	/* guid: 128 bits of XXH3; a source can only collide with itself.
	 * Entry 0: it stood for more than one, and stands for none. */
	"CREATE TABLE aliases("
	" source_id INTEGER NOT NULL, guid BLOB NOT NULL,"
	" entry_id INTEGER NOT NULL,"
	" PRIMARY KEY(source_id, guid)) WITHOUT ROWID;"

	"CREATE TABLE outlets("
	" name TEXT PRIMARY KEY, uuid TEXT NOT NULL,"
	" seq INTEGER NOT NULL) WITHOUT ROWID;",

	/*
	 * 1 to 2: full-text search.  The index holds no text of its own: it
	 * reads what it needs from the revision through this view, where the
	 * title is HTML, too.  index.c adds revisions by and by, up to the
	 * number that meta knows; a state that is in the index leaves it,
	 * and may come back, with its row.
	 */
	"CREATE VIEW searchable(seq, title, text) AS SELECT seq, "
	INDEXED_TEXT("") " FROM revisions;"
	SEARCH_TABLE
	"INSERT INTO meta VALUES('indexed_seq', 0);"
	"CREATE TRIGGER search_delete BEFORE DELETE ON revisions"
	" WHEN " IS_INDEXED " BEGIN " INDEX_REMOVE_OLD " END;"
	"CREATE TRIGGER search_before BEFORE UPDATE OF"
	" title, summary, content ON revisions"
	" WHEN " IS_INDEXED " BEGIN " INDEX_REMOVE_OLD " END;"
	"CREATE TRIGGER search_after AFTER UPDATE OF"
	" title, summary, content ON revisions"
	" WHEN " IS_INDEXED " BEGIN INSERT INTO search(rowid, title, text)"
	" VALUES(new.seq, " INDEXED_TEXT("new.") "); END;",

	/* 2 to 3: hosts that want to be asked by https (RFC 6797). */
	"CREATE TABLE hsts("
	" host TEXT PRIMARY KEY, subdomains INTEGER NOT NULL,"
	" until_ms INTEGER NOT NULL) WITHOUT ROWID;",

	/*
	 * 3 to 4: the highest number that retention took away.  What is
	 * missing above it is damage (check.c).
	 */
	"INSERT INTO meta SELECT 'expired_seq', coalesce(max(seq), 0)"
	" FROM entries e WHERE NOT EXISTS"
	" (SELECT 1 FROM revisions r WHERE r.seq = e.seq);",

	/*
	 * 4 to 5: entries that were taken away, by hand (their seq is 0, and
	 * they stay away) or, where that is to be told, by retention; and
	 * days to be found.
	 */
	"CREATE TABLE tombstones("
	" entry_id INTEGER PRIMARY KEY REFERENCES entries(id),"
	" at_ms INTEGER NOT NULL,"
	" is_forgotten INTEGER NOT NULL,"
	" is_pending INTEGER NOT NULL);"	/* there may be files */
	"CREATE INDEX tombstones_at ON tombstones(at_ms);"
	"CREATE INDEX revisions_effective ON revisions(effective_ms);",

	/* 5 to 6: what a source published in a month; entries stay in it. */
	"CREATE INDEX entries_month ON entries(source_id, published_ms);",

	/* 6 to 7: whom Retry-After is about, if it is another host. */
	"ALTER TABLE sources ADD COLUMN held_host TEXT;",

	/*
	 * 7 to 8: what every visit changes has rows of its own, a tenth as
	 * long.  No row: never visited, and due at once.
	 */
	"CREATE TABLE dues("
	" source_id INTEGER PRIMARY KEY,"
	" next_due_ms INTEGER NOT NULL,"
	" visited_ms INTEGER, succeeded_ms INTEGER,"
	" max_age_s INTEGER NOT NULL);"
	"INSERT INTO dues SELECT id, next_due_ms, visited_ms, succeeded_ms,"
	" max_age_s FROM sources;"
	"ALTER TABLE sources DROP COLUMN next_due_ms;"
	"ALTER TABLE sources DROP COLUMN visited_ms;"
	"ALTER TABLE sources DROP COLUMN succeeded_ms;"
	"ALTER TABLE sources DROP COLUMN max_age_s;",

	/*
	 * 8 to 9: no visit does the work of the index.  What it had of a
	 * revision before an edit is kept, and stands for it, until the
	 * writer has time; and FTS5 does no longer merge parts of it within
	 * whatever commit makes them too many.
	 */
	"CREATE TABLE outdated("
	" seq INTEGER PRIMARY KEY, title TEXT NOT NULL, text TEXT NOT NULL);"
	"DROP TRIGGER search_delete; DROP TRIGGER search_before;"
	"DROP TRIGGER search_after; DROP VIEW searchable;"
	"CREATE VIEW indexable(seq, title, text) AS SELECT seq, "
	INDEXED_TEXT("") " FROM revisions;"
	"CREATE VIEW searchable(seq, title, text) AS SELECT i.seq, "
	"coalesce(o.title, i.title), coalesce(o.text, i.text) "
	"FROM indexable i LEFT JOIN outdated o ON o.seq = i.seq;"
	"CREATE TRIGGER search_edit BEFORE UPDATE OF"
	" title, summary, content ON revisions"
	" WHEN " IS_INDEXED " BEGIN INSERT OR IGNORE INTO outdated"
	" VALUES(old.seq, " INDEXED_TEXT("old.") "); END;"
	"CREATE TRIGGER search_delete BEFORE DELETE ON revisions"
	" WHEN " IS_INDEXED " BEGIN "
	"INSERT INTO search(search, rowid, title, text) "
	"SELECT 'delete', seq, title, text FROM searchable "
	"WHERE seq = old.seq;"
	"DELETE FROM outdated WHERE seq = old.seq; END;"
	SEARCH_MERGES,

	/*
	 * 9 to 10: what tells the publisher that something it has shown is to
	 * be shown otherwise, without reading it (places.c).
	 */
	"ALTER TABLE entries ADD COLUMN edits INTEGER NOT NULL DEFAULT 0;"
	"CREATE TRIGGER edits_count AFTER UPDATE OF"
	" title, language, image, extra, summary, content ON revisions"
	" BEGIN UPDATE entries SET edits = edits + 1"
	" WHERE id = new.entry_id; END;"
	"ALTER TABLE sources ADD COLUMN version INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX sources_version ON sources(version) WHERE version > 0;"
	"CREATE TRIGGER sources_shown AFTER UPDATE OF title, link ON sources"
	" WHEN old.title IS NOT new.title OR old.link IS NOT new.link"
	" BEGIN UPDATE sources SET version = 1 + coalesce("
	"(SELECT max(version) FROM sources WHERE version > 0), 0)"
	" WHERE id = new.id; END;"
	"INSERT INTO meta VALUES('sources_shape', 1);"
	"CREATE TRIGGER sources_reshaped AFTER UPDATE OF"
	" name, configured_url, configured_title, position ON sources"
	" WHEN old.name IS NOT new.name"
	" OR old.configured_url IS NOT new.configured_url"
	" OR old.configured_title IS NOT new.configured_title"
	" OR old.position IS NOT new.position"
	" BEGIN UPDATE meta SET value = value + 1"
	" WHERE name = 'sources_shape'; END;"
	"CREATE TRIGGER sources_added AFTER INSERT ON sources"
	" BEGIN UPDATE meta SET value = value + 1"
	" WHERE name = 'sources_shape'; END;",

	/*
	 * 10 to 11: what a feed says of itself (JSON, extra.c), for
	 * atom:source; and who else had an entry is shown with it.
	 */
	"ALTER TABLE sources ADD COLUMN head TEXT;"
	"DROP TRIGGER sources_shown;"
	"CREATE TRIGGER sources_shown AFTER UPDATE OF title, link, head"
	" ON sources WHEN old.title IS NOT new.title"
	" OR old.link IS NOT new.link OR old.head IS NOT new.head"
	" BEGIN UPDATE sources SET version = 1 + coalesce("
	"(SELECT max(version) FROM sources WHERE version > 0), 0)"
	" WHERE id = new.id; END;"
	"CREATE TRIGGER sighted_count AFTER INSERT ON sightings"
	" BEGIN UPDATE entries SET edits = edits + 1"
	" WHERE id = new.entry_id; END;"
	"CREATE TRIGGER unsighted_count AFTER DELETE ON sightings"
	" BEGIN UPDATE entries SET edits = edits + 1"
	" WHERE id = old.entry_id; END;",
};

int
schema_version(void)
{
	return (int)ARRAY_LEN(steps);
}

int
schema_read(struct db *db, int64_t *ret, struct err *err)
{
	int64_t id, tables;

	if (db_number(db, "PRAGMA application_id", &id, err) != 0 ||
	    db_number(db, "PRAGMA user_version", ret, err) != 0 ||
	    db_number(db, "SELECT count(*) FROM sqlite_schema", &tables,
	    err) != 0)
		return -1;
	if (id == 0 && *ret == 0 && tables == 0)
		return 0;
	if (id != APPLICATION_ID || *ret <= 0) {
		err_set(err, "%s is not a feedmill database", db->path);
		err->exit_status = 65;
		return -1;
	}
	if (*ret > schema_version()) {
		err_set(err, "database %s has schema %lld, made by a newer "
		    "feedmill (this one knows %d): nothing was changed",
		    db->path, (long long)*ret, schema_version());
		err->exit_status = 65;
		return -1;
	}
	return 0;
}

/* Larger pages because entries are large: 4 KiB cost 1.2 times the CPU. */
static const char file_setup[] =
    "PRAGMA page_size=16384;"
    "PRAGMA journal_mode=WAL;";

/*
 * A limit in KiB becomes a number of pages when it is set, and SQLite counts
 * them by the page size it knows then: set before the file was looked at, 16
 * MiB were 64.  The writer's is writer.c's: it grows with the keys.
 */
static const char reader_cache[] = "PRAGMA cache_size=-1024;";

int
schema_check(struct db *db, struct err *err)
{
	int64_t version;

	if (schema_read(db, &version, err) != 0)
		return -1;
	if (version == schema_version())
		return db_exec(db, reader_cache, err, "open");
	err_set(err, "database %s has schema %lld and this feedmill needs "
	    "%d: start the daemon once, or `feedmill db upgrade`", db->path,
	    (long long)version, schema_version());
	err->exit_status = 65;
	return -1;
}

/* All steps or none. */
static int
schema_raise(struct db *db, int64_t from, struct err *err)
{
	char tail[160];
	uint64_t seed;

	clock_random(&seed, sizeof(seed));
	snprintf(tail, sizeof(tail), "PRAGMA application_id=%d;"
	    "PRAGMA user_version=%d;"
	    "INSERT OR IGNORE INTO meta VALUES('hash_seed', %lld);",
	    APPLICATION_ID, schema_version(), (long long)seed);
	if (db_exec(db, "BEGIN IMMEDIATE", err, "upgrade") != 0)
		return -1;
	while (from < schema_version() &&
	    db_exec(db, steps[from], err, "upgrade") == 0)
		from++;
	if (from == schema_version() &&
	    db_exec(db, tail, err, "upgrade") == 0 &&
	    db_exec(db, "COMMIT", err, "upgrade") == 0)
		return 0;
	sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

int
schema_bring_up(struct db *db, struct err *err)
{
	int64_t version;

	if (schema_read(db, &version, err) != 0 ||
	    db_exec(db, file_setup, err, "open") != 0)
		return -1;
	if (version < schema_version() &&
	    schema_raise(db, version, err) != 0)
		return -1;
	if (version > 0 && version < schema_version())
		log_event(LOG_INFO, "database upgraded",
		    LOG_INT("from", version),
		    LOG_INT("to", schema_version()));
	return 0;
}
