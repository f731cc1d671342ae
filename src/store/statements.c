/*
 * statements.c - every statement the writer runs, each prepared once.
 *
 * Parameters are numbered in the order of their use in the .c file that
 * binds them.
 */
#include "statements.h"

#define ENTRY_COLUMNS \
	"id, source_id, seq, ts, announced, stored, updates, taken, " \
	"published_ms, first_seen_ms "

const char *const statement_sql[STATEMENT_COUNT] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_META_SET] =
	    "INSERT INTO meta(name, value) VALUES(?1, ?2) "
	    "ON CONFLICT(name) DO UPDATE SET value = excluded.value",

	/* entries: visit.c */
	[SQL_ENTRY_FIND] =
	    "SELECT " ENTRY_COLUMNS "FROM entries "
	    "WHERE key_hash = ?1 AND key = ?2 AND scope IS ?3",
	[SQL_ENTRY_BY_ID] =
	    "SELECT " ENTRY_COLUMNS ", key, scope FROM entries WHERE id = ?1",
	[SQL_ENTRY_INSERT] =
	    "INSERT INTO entries(key_hash, source_id, seq, ts, announced, "
	    "stored, updates, scope, key, first_seen_ms, published_ms, "
	    "first_ts, uuid, url, title) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, "
	    "?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
	[SQL_ENTRY_UPDATE] =
	    "UPDATE entries SET source_id = ?2, seq = ?3, ts = ?4, "
	    "announced = ?5, stored = ?6, updates = ?7, taken = ?8, "
	    "title = coalesce(?9, title), "
	    "url = coalesce(url, ?10) WHERE id = ?1",
	[SQL_REVISION_INSERT] =
	    "INSERT INTO revisions(seq, entry_id, source_id, number, silent, "
	    "ts, effective_ms, updated_ms, announced_ms, title, language, "
	    "image, extra, summary, content) VALUES(?1, ?2, ?3, ?4, ?5, ?6, "
	    "?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
	[SQL_REVISION_UPDATED] =
	    "SELECT updated_ms FROM revisions WHERE seq = ?1",
	[SQL_REVISION_REFRESH] =
	    "UPDATE revisions SET title = ?2, language = ?3, image = ?4, "
	    "extra = ?5, summary = ?6, content = ?7 WHERE seq = ?1",
	/* retention.c; by number, which is also the order of their times */
	[SQL_REVISIONS_OLD] =
	    "SELECT seq FROM (SELECT seq, announced_ms FROM revisions "
	    "WHERE source_id = ?1 AND seq <= ?5 AND seq <= "
	    "(SELECT seq FROM revisions WHERE source_id = ?1 "
	    "ORDER BY seq DESC LIMIT 1 OFFSET ?3) ORDER BY seq LIMIT ?4) "
	    "WHERE announced_ms < ?2",
	[SQL_REVISIONS_DELETE] =
	    "DELETE FROM revisions WHERE source_id = ?1 AND seq BETWEEN "
	    "?2 AND ?3",
	[SQL_EXPIRED_SET] =
	    "UPDATE meta SET value = ?1 "
	    "WHERE name = 'expired_seq' AND value < ?1",
	/* Of what is current only; before it is deleted. */
	[SQL_TOMBSTONES_EXPIRE] =
	    "INSERT INTO tombstones(entry_id, at_ms, is_forgotten, "
	    "is_pending) SELECT e.id, ?2, 0, 0 FROM revisions r "
	    "JOIN entries e ON e.id = r.entry_id AND e.seq = r.seq "
	    "WHERE r.seq = ?1 "
	    "ON CONFLICT DO UPDATE SET at_ms = excluded.at_ms",
	/* forget.c: the key stays, and the times it is compared by */
	[SQL_FORGET_REVISIONS] =
	    "DELETE FROM revisions WHERE entry_id = ?1",
	[SQL_FORGET_ENTRY] =
	    "UPDATE entries SET seq = 0, title = '', announced = NULL, "
	    "stored = NULL WHERE id = ?1",
	[SQL_FORGET_PUT] =
	    "INSERT INTO tombstones(entry_id, at_ms, is_forgotten, "
	    "is_pending) VALUES(?1, ?2, 1, 1) ON CONFLICT DO UPDATE SET "
	    "at_ms = iif(is_forgotten, at_ms, ?2), is_forgotten = 1, "
	    "is_pending = 1",
	[SQL_FORGET_DONE] =
	    "UPDATE tombstones SET is_pending = 0 WHERE entry_id = ?1",
	[SQL_SIGHTING_FIND] =
	    "SELECT ts FROM sightings WHERE entry_id = ?1 AND source_id = ?2",
	[SQL_SIGHTING_PUT] =
	    "INSERT INTO sightings(entry_id, source_id, ts, since_ms) "
	    "VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET ts = ?3",
	[SQL_SIGHTING_DELETE] =
	    "DELETE FROM sightings WHERE entry_id = ?1 AND source_id = ?2",
	[SQL_ALIAS_FIND] =
	    "SELECT entry_id FROM aliases WHERE source_id = ?1 AND guid = ?2",
	[SQL_ALIAS_PUT] =
	    "INSERT OR REPLACE INTO aliases(source_id, guid, entry_id) "
	    "VALUES(?1, ?2, ?3)",

	/* index.c */
	[SQL_INDEX_NEXT] =
	    "SELECT seq, title, text FROM indexable WHERE seq > ?1 "
	    "ORDER BY seq",
	[SQL_INDEX_ADD] =
	    "INSERT INTO search(rowid, title, text) VALUES(?1, ?2, ?3)",

	[SQL_INDEX_OUTDATED] =
	    "SELECT i.seq, i.title, i.text, o.title, o.text FROM outdated o "
	    "JOIN indexable i ON i.seq = o.seq ORDER BY o.seq LIMIT 1",
	[SQL_INDEX_REMOVE] =
	    "INSERT INTO search(search, rowid, title, text) "
	    "VALUES('delete', ?1, ?2, ?3)",
	[SQL_OUTDATED_ANY] = "SELECT 1 FROM outdated LIMIT 1",
	[SQL_OUTDATED_DELETE] = "DELETE FROM outdated WHERE seq = ?1",
	[SQL_INDEX_MERGE] =
	    "INSERT INTO search(search, rank) VALUES('merge', ?1)",

	/* sources: visit.c, sources.c */
	[SQL_SOURCE_FOR_VISIT] =
	    "SELECT documents, visits, name, configured_url FROM sources "
	    "WHERE id = ?1",
	/* What a feed says of itself is taken anew now and then only: some
	 * have the time of day in it, and every entry is shown with it. */
	[SQL_SOURCE_VISITED] =
	    "UPDATE sources SET validators_url = ?2, etag = ?3, "
	    "last_modified = ?4, body_digest = ?5, "
	    "title = coalesce(?6, title), link = coalesce(?7, link), "
	    "outcome = ?8, documents = documents + ?9, "
	    "entries = entries + ?10, announced = announced + ?11, "
	    "visits = visits + 1, head = iif(head IS NULL OR "
	    "documents % 100 = 99, coalesce(?12, head), head) "
	    "WHERE id = ?1",
	[SQL_VISIT_PUT] =
	    "INSERT OR REPLACE INTO visits(source_id, slot, at_ms, outcome, "
	    "sighted, added, updated) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[SQL_SOURCE_OUTCOME] =
	    "SELECT outcome, visits FROM sources WHERE id = ?1",
	/* SQLite evaluates the right sides before it assigns. */
	[SQL_SOURCE_SAVE] =
	    "UPDATE sources SET failures = ?2, outcome = ?3, "
	    "changed_ms = ?4, retry_after_s = ?5, ttl_s = ?6, "
	    "update_s = ?7, skip_hours = ?8, skip_days = ?9, pace_s = ?10, "
	    "gap = ?11, network_down = ?12, gone = ?13, "
	    "permanent_seen = ?14, permanent_url = ?15, error = ?16, "
	    "url = coalesce(?17, url), held_host = ?18, "
	    "visits = visits + (outcome IS NOT ?3) WHERE id = ?1",
	[SQL_SOURCE_DUE] =
	    "INSERT OR REPLACE INTO dues(source_id, next_due_ms, "
	    "visited_ms, succeeded_ms, max_age_s) "
	    "VALUES(?1, ?2, ?3, ?4, ?5)",
	[SQL_SOURCE_VALIDATORS] =
	    "UPDATE sources SET validators_url = ?2, etag = ?3, "
	    "last_modified = ?4 WHERE id = ?1",
	[SQL_SOURCES_ALL] =
	    "SELECT id, name, configured_url, position, url, "
	    "etag, last_modified, body_digest, title, link, error, "
	    "next_due_ms, gone, permanent_seen, permanent_url, failures, "
	    "outcome, visited_ms, succeeded_ms, changed_ms, retry_after_s, "
	    "coalesce(max_age_s, -1), ttl_s, update_s, skip_hours, "
	    "skip_days, pace_s, gap, network_down, validators_url, "
	    "configured_title, held_host "
	    "FROM sources LEFT JOIN dues ON source_id = id ORDER BY id",
	[SQL_SOURCE_INSERT] =
	    "INSERT INTO sources(name, configured_url, url, "
	    "configured_title, position) VALUES(?1, ?2, ?2, ?3, ?4)",
	[SQL_SOURCE_CONFIGURE] =
	    "UPDATE sources SET name = ?2, configured_title = ?3, "
	    "position = ?4 WHERE id = ?1",
	[SQL_SOURCE_MOVED] =
	    "UPDATE sources SET configured_url = ?2, url = ?2, etag = NULL, "
	    "last_modified = NULL, validators_url = NULL, "
	    "body_digest = NULL, gone = 0, failures = 0, error = NULL, "
	    "permanent_seen = 0, permanent_url = NULL, "
	    "retry_after_s = -1, held_host = NULL WHERE id = ?1",
	[SQL_SOURCE_DUE_AT_ONCE] =
	    "UPDATE dues SET next_due_ms = 0, max_age_s = -1 "
	    "WHERE source_id = ?1",
	[SQL_SOURCE_REMOVE] =
	    "UPDATE sources SET position = NULL WHERE id = ?1",
	/* Who of the configured listed an orphan first: the next owner. */
	[SQL_HEIRS] =
	    "SELECT s.entry_id, s.source_id, s.ts, min(s.since_ms) "
	    "FROM sightings s JOIN entries e ON e.id = s.entry_id "
	    "JOIN sources o ON o.id = e.source_id AND o.position IS NULL "
	    "JOIN sources n ON n.id = s.source_id "
	    "AND n.position IS NOT NULL GROUP BY s.entry_id",
	/* The owner that was listed it from the first. */
	[SQL_SIGHTING_OF_OWNER] =
	    "INSERT OR REPLACE INTO sightings(entry_id, source_id, ts, "
	    "since_ms) SELECT id, source_id, ts, first_seen_ms FROM entries "
	    "WHERE id = ?1",
	[SQL_ENTRY_OWNER] =
	    "UPDATE entries SET source_id = ?2, ts = ?3, announced = NULL "
	    "WHERE id = ?1",
	[SQL_SOURCE_URL] =
	    "SELECT configured_url, position FROM sources WHERE id = ?1",
	[SQL_SOURCE_BY_NAME] =
	    "SELECT id FROM sources WHERE name = ?1 "
	    "ORDER BY position IS NULL, id LIMIT 1",
	[SQL_OUTLET_SEQ] =
	    "SELECT seq FROM outlets WHERE name = ?1",
	[SQL_OUTLET_ADD] =
	    "INSERT OR IGNORE INTO outlets(name, uuid, seq) VALUES(?1, ?2, 0)",
	[SQL_OUTLET_MARK] =
	    "INSERT INTO outlets(name, uuid, seq) VALUES(?1, ?2, ?3) "
	    "ON CONFLICT DO UPDATE SET seq = ?3",

	/* hosts.c */
	[SQL_HSTS_PUT] =
	    "INSERT INTO hsts(host, subdomains, until_ms) VALUES(?1, ?2, ?3) "
	    "ON CONFLICT DO UPDATE SET subdomains = ?2, until_ms = ?3",
	[SQL_HSTS_DELETE] =
	    "DELETE FROM hsts WHERE host = ?1 OR until_ms <= ?2",
};
