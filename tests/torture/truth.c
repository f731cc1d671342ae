/* truth.c - see truth.h. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <expat.h>
#include <jansson.h>
#include <libdeflate.h>
#include <sqlite3.h>

#include "feedmill/archive.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/hash.h"
#include "feedmill/base/mem.h"
#include "feedmill/model.h"

#include "../../src/store/tokenizer.h"

#include "truth.h"

enum { FILE_MAX = 64 << 20, RETENTION_STEP = 2 };

static const char urn[] = "urn:uuid:";

/* ------------------------------------------------------------------ reading */

static sqlite3 *
open_database(const char *state, struct buf *ret)
{
	struct buf path = { 0 };
	sqlite3 *db = NULL;
	int code;

	buf_printf(&path, "%s/feedmill.db", state);
	code = sqlite3_open_v2(buf_str(&path), &db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE, "unix");
	if (code == SQLITE_OK)
		code = tokenizer_register(db, NULL);
	if (code != SQLITE_OK)
		buf_printf(ret, "the database does not open: %s\n",
		    sqlite3_errmsg(db));
	buf_fini(&path);
	return db;
}

static sqlite3_stmt *
prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *q = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK) {
		fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
		abort();
	}
	return q;
}

/* Prepared once: asked some hundred times. */
static struct { const char *sql; sqlite3_stmt *q; } asked[16];

static sqlite3_stmt *
prepare_once(sqlite3 *db, const char *sql)
{
	size_t i = 0;

	while (asked[i].sql != NULL && asked[i].sql != sql)
		i++;
	if (asked[i].sql == NULL) {
		assert(i + 1 < ARRAY_LEN(asked));
		asked[i].sql = sql;
		asked[i].q = prepare(db, sql);
	}
	return asked[i].q;
}

static void
close_database(sqlite3 *db)
{
	for (size_t i = 0; asked[i].sql != NULL; i++) {
		sqlite3_finalize(asked[i].q);
		asked[i].sql = NULL;
	}
	sqlite3_close(db);
}

/* Of a text and a number; -1: no row. */
static int64_t
number(sqlite3 *db, const char *sql, const char *a, int64_t b)
{
	sqlite3_stmt *q = prepare_once(db, sql);
	int64_t n = -1;

	if (a != NULL)
		sqlite3_bind_text(q, 1, a, -1, SQLITE_STATIC);
	sqlite3_bind_int64(q, 2, b);
	if (sqlite3_step(q) == SQLITE_ROW &&
	    sqlite3_column_type(q, 0) != SQLITE_NULL)
		n = sqlite3_column_int64(q, 0);
	sqlite3_reset(q);
	return n;
}

static int
is_empty(sqlite3 *db)
{
	return sqlite3_exec(db, "SELECT 1 FROM search", NULL, NULL, NULL) !=
	    SQLITE_OK;
}

static void
check_integrity(sqlite3 *db, struct buf *ret)
{
	sqlite3_stmt *q = prepare(db, "PRAGMA integrity_check");

	if (sqlite3_step(q) != SQLITE_ROW)
		buf_printf(ret, "integrity: %s\n", sqlite3_errmsg(db));
	else if (strcmp((const char *)sqlite3_column_text(q, 0), "ok") != 0)
		buf_printf(ret, "integrity: %s\n",
		    sqlite3_column_text(q, 0));
	sqlite3_finalize(q);
	q = prepare(db, "PRAGMA foreign_key_check");
	if (sqlite3_step(q) != SQLITE_DONE)
		buf_puts(ret, "foreign keys dangle\n");
	sqlite3_finalize(q);
}

/* fn for each file below state/out, in the order of the names. */
typedef void file_fn(const char *folder, const char *name,
    const struct buf *, void *arg);

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
is_file(const struct dirent *d)
{
	return d->d_type == DT_REG;
}

static void
each_file_in(const char *state, const char *folder, file_fn *fn, void *arg)
{
	struct buf path = { 0 }, file = { 0 }, text = { 0 };
	struct dirent **list;
	struct err err;
	int n;

	buf_printf(&path, "%s/out/%s", state, folder);
	n = scandir(buf_str(&path), &list, is_file, by_name);
	for (int i = 0; i < n; i++) {
		buf_reset(&file);
		buf_reset(&text);
		buf_printf(&file, "%s/%s", buf_str(&path), list[i]->d_name);
		if (file_read(buf_str(&file), FILE_MAX, &text, &err) != 0) {
			fprintf(stderr, "%s\n", err.msg);
			abort();
		}
		fn(folder, list[i]->d_name, &text, arg);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	buf_fini(&path);
	buf_fini(&file);
	buf_fini(&text);
}

static void
each_file(const char *state, file_fn *fn, void *arg)
{
	static const char *const folders[] = { "pages", "pages/lists",
	    "posts", "posts/lists", "www" };

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		each_file_in(state, folders[i], fn, arg);
}

static int
has_ending(const char *name, const char *ending)
{
	size_t n = strlen(name), e = strlen(ending);

	return n > e && strcmp(name + n - e, ending) == 0;
}

/* ----------------------------------------------------- files that are whole */

static int
inflate(const struct buf *b, struct buf *out)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	size_t room = b->len * 40 + 65536, made = 0;
	enum libdeflate_result rc;

	buf_reserve(out, room);
	rc = libdeflate_gzip_decompress(d, b->data, b->len, out->data, room,
	    &made);
	out->len = made;
	out->data[made] = '\0';
	libdeflate_free_decompressor(d);
	return rc == LIBDEFLATE_SUCCESS;
}

static int
is_xml(const struct buf *b)
{
	XML_Parser p = XML_ParserCreate(NULL);
	int ok = XML_Parse(p, b->data, (int)b->len, 1) == XML_STATUS_OK;

	XML_ParserFree(p);
	return ok;
}

static int
is_json(const struct buf *b)
{
	json_t *j = json_loadb(b->data, b->len, 0, NULL);

	json_decref(j);
	return j != NULL;
}

static int
is_html(const struct buf *b)
{
	return b->len > 8 && strncmp(b->data, "<!", 2) == 0 &&
	    strstr(buf_str(b), "</html>") != NULL;
}

static int
is_post(const struct buf *b)
{
	struct err err;
	struct feed *feed = archive_read_post(b->data, b->len, NULL, &err);

	feed_free(feed);
	return feed != NULL;
}

enum kind { KIND_OUTLET, KIND_POST, KIND_LIST };

static enum kind
kind_of(const char *folder)
{
	return strcmp(folder, "www") == 0 ? KIND_OUTLET :
	    strchr(folder, '/') != NULL ? KIND_LIST : KIND_POST;
}

static int
is_list(const struct buf *b)
{
	return strncmp(buf_str(b), "---\n", 4) == 0 &&
	    b->data[b->len - 1] == '\n';
}

static int
is_whole(const char *folder, const char *name, const struct buf *b)
{
	if (kind_of(folder) == KIND_POST)
		return is_post(b);
	if (kind_of(folder) == KIND_LIST)
		return is_list(b);
	if (has_ending(name, ".json"))
		return is_json(b);
	if (has_ending(name, ".html"))
		return is_html(b);
	return is_xml(b);
}

/* ------------------------------------------------------------ after a crash */

struct checking {
	sqlite3		*db;
	struct buf	*ret;
	const char	*name;		/* of the file */
};

/* What has expired was there. */
static int
may_be_gone(const char *url)
{
	return world_step() >= RETENTION_STEP &&
	    strncmp(url, "https://gamma.", 14) == 0;
}

static void
expect_uuid(struct checking *c, const char *at)
{
	char uuid[37];

	snprintf(uuid, sizeof(uuid), "%.36s", at);
	if (number(c->db, "SELECT count(*) FROM (SELECT uuid FROM entries "
	    "WHERE uuid = ?1 UNION ALL SELECT uuid FROM outlets "
	    "WHERE uuid = ?1)", uuid, 0) < 1)
		buf_printf(c->ret, "%s shows %s, which is not stored\n",
		    c->name, uuid);
}

static int64_t
read_time(const char *s)
{
	struct tm tm = { 0 };

	return strptime(s, "%Y-%m-%dT%H:%M:%S", &tm) == NULL ? -1 :
	    (int64_t)timegm(&tm);
}

/* Each <entry> of an Atom document: is this state of it stored? */
static void
expect_entries(struct checking *c, const char *text)
{
	for (const char *at = text; (at = strstr(at, "<entry")) != NULL;
	    at++) {
		const char *id = strstr(at, urn), *updated =
		    strstr(at, "<updated>"), *link = strstr(at, "href=\"");
		char uuid[37];

		if (id == NULL || updated == NULL || link == NULL ||
		    may_be_gone(link + 6))
			continue;
		snprintf(uuid, sizeof(uuid), "%.36s", id + strlen(urn));
		if (number(c->db, "SELECT count(*) FROM revisions r JOIN "
		    "entries e ON e.id = r.entry_id WHERE e.uuid = ?1 AND "
		    "r.updated_ms / 1000 = ?2", uuid,
		    read_time(updated + 9)) < 1)
			buf_printf(c->ret, "%s shows a state of %s which is "
			    "not stored\n", c->name, uuid);
	}
}

static void
expect_post(struct checking *c, const struct buf *b)
{
	struct err err;
	struct feed *feed = archive_read_post(b->data, b->len, NULL, &err);
	const struct entry *e = feed != NULL ? feed->entries : NULL;
	const char *stamp = strstr(buf_str(b), "<!--");
	int64_t ts = stamp != NULL ? atoll(stamp + 4) : -1;

	if (e == NULL || e->links == NULL)
		buf_printf(c->ret, "%s is no post\n", c->name);
	else if (!may_be_gone(e->links->href) && number(c->db,
	    "SELECT count(*) FROM revisions r JOIN entries e "
	    "ON e.id = r.entry_id WHERE e.url = ?1 AND r.ts = ?2",
	    e->links->href, ts) < 1)
		buf_printf(c->ret, "%s (%s %lld) is not stored\n", c->name,
		    e->links->href, (long long)ts);
	feed_free(feed);
}

static void
check_file(const char *folder, const char *name, const struct buf *b,
    void *arg)
{
	struct checking *c = arg;
	struct buf plain = { 0 };

	c->name = name;
	if (name[0] == '.')
		return;
	if (has_ending(name, ".gz")) {
		if (!inflate(b, &plain) || plain.len == 0)
			buf_printf(c->ret, "%s is damaged\n", name);
		else
			expect_entries(c, buf_str(&plain));
		buf_fini(&plain);
		return;
	}
	if (!is_whole(folder, name, b)) {
		buf_printf(c->ret, "%s is invalid (%zu bytes)\n", name,
		    b->len);
		return;
	}
	for (const char *at = buf_str(b); (at = strstr(at, urn)) != NULL;
	    at++)
		expect_uuid(c, at + strlen(urn));
	expect_entries(c, buf_str(b));
	if (kind_of(folder) == KIND_POST)
		expect_post(c, b);
}

static void
check_listed(struct checking *c, int source, int step, const char *why)
{
	struct post p;

	for (unsigned n = 0; world_post(source, step, n, &p); n++) {
		if (number(c->db, "SELECT ts FROM entries WHERE url = ?1",
		    p.url, 0) >= p.ts_ms)
			continue;
		buf_printf(c->ret, "%s of %s lost %s\n", why,
		    source_names[source], p.url);
	}
}

/* Validators vouch for the whole document they came with. */
static void
check_validators(struct checking *c, int source)
{
	sqlite3_stmt *q = prepare(c->db, "SELECT etag, body_digest FROM "
	    "sources WHERE name = ?1");

	sqlite3_bind_text(q, 1, source_names[source], -1, SQLITE_STATIC);
	if (sqlite3_step(q) == SQLITE_ROW &&
	    sqlite3_column_type(q, 0) != SQLITE_NULL)
		check_listed(c, source, atoi((const char *)
		    sqlite3_column_text(q, 0) + 1), "the etag");
	sqlite3_finalize(q);
}

void
truth_check_crash(const char *database, const char *state, int step,
    const int (*told)[SOURCES], struct buf *ret)
{
	struct checking c = { .db = open_database(database, ret),
	    .ret = ret };

	if (is_empty(c.db)) {
		for (int i = 0; i < SOURCES; i++)
			if ((*told)[i])
				buf_puts(ret, "told, and all is gone\n");
		if (step > 0)
			buf_puts(ret, "the database is empty\n");
	} else {
		check_integrity(c.db, ret);
		for (int i = 0; i < SOURCES; i++) {
			check_validators(&c, i);
			if ((*told)[i])
				check_listed(&c, i, step, "what was told");
		}
		each_file(state, check_file, &c);
	}
	close_database(c.db);
}

/* ---------------------------------------------------------- word by word */

/* Long values by their hash. */
static void
put_value(struct buf *b, sqlite3_stmt *q, int i)
{
	const char *text = (const char *)sqlite3_column_text(q, i);
	int n = sqlite3_column_bytes(q, i);
	char hex[DIGEST_HEX_SIZE];

	if (text == NULL) {
		buf_puts(b, " -");
		return;
	}
	if (n <= 80 && sqlite3_column_type(q, i) != SQLITE_BLOB) {
		buf_printf(b, " %s", text);
		return;
	}
	digest_hex(hash_128(sqlite3_column_blob(q, i), (size_t)n), hex);
	buf_printf(b, " %d:%s", n, hex);
}

static void
put_rows(struct buf *b, sqlite3 *db, const char *what, const char *sql)
{
	sqlite3_stmt *q = prepare(db, sql);
	int code;

	while ((code = sqlite3_step(q)) == SQLITE_ROW) {
		buf_puts(b, what);
		for (int i = 0; i < sqlite3_column_count(q); i++)
			put_value(b, q, i);
		buf_putc(b, '\n');
	}
	if (code != SQLITE_DONE)
		buf_printf(b, "%s: %s\n", what, sqlite3_errmsg(db));
	sqlite3_finalize(q);
}

#define OWNER	"(SELECT name FROM sources s WHERE s.id = source_id)"
#define KEY	"(SELECT key FROM entries e WHERE e.id = entry_id)"

static const struct { const char *what, *sql; } tables[] = {
	{ "source", "SELECT name, configured_url, position, url, "
	    "validators_url, etag, last_modified, hex(body_digest), title, "
	    "link, gone, documents, entries, announced FROM sources "
	    "ORDER BY name" },
	{ "entry", "SELECT key, scope, " OWNER ", ts, hex(announced), "
	    "hex(stored), updates, taken, first_seen_ms, published_ms, "
	    "first_ts, url, title FROM entries ORDER BY key" },
	{ "newest", "SELECT e.key, r.number FROM entries e LEFT JOIN "
	    "revisions r ON r.seq = e.seq ORDER BY e.key" },
	{ "revision", "SELECT " KEY ", number, silent, " OWNER ", ts, "
	    "effective_ms, updated_ms, announced_ms, title, language, "
	    "image, extra, summary, content FROM revisions ORDER BY 1, 2" },
	{ "sighting", "SELECT " KEY ", " OWNER ", ts, since_ms "
	    "FROM sightings ORDER BY 1, 2" },
	{ "alias", "SELECT " OWNER ", hex(guid), " KEY " FROM aliases "
	    "ORDER BY 1, 2" },
	/* Where an outlet's pages end depends on the order of commits; what
	 * is told of folders, on where they are. */
	{ "outlet", "SELECT name, iif(name LIKE 'folders:%', 1, seq) "
	    "FROM outlets "
	    "WHERE name NOT LIKE 'pages:%' AND name NOT LIKE 'sealed:%' "
	    "ORDER BY 1" },
	{ "meta", "SELECT name, value FROM meta WHERE name NOT IN "
	    "('hash_seed', 'expired_seq') ORDER BY 1" },
	{ "found", "SELECT e.key, r.number FROM search JOIN revisions r "
	    "ON r.seq = search.rowid JOIN entries e ON e.id = r.entry_id "
	    "WHERE search MATCH 'again OR paragraph0 OR corrected OR by' "
	    "ORDER BY 1, 2" },
	{ "uuids", "SELECT count(*) - count(DISTINCT uuid) FROM entries" },
};

struct describing {
	sqlite3		*db;
	struct buf	*ret;
	char		**lines;	/* to be put in order */
	size_t		 count;
	struct sealed	*sealed;	/* by outlet */
};

static void
put_known(struct describing *d, struct buf *b, const char *uuid)
{
	sqlite3_stmt *q = prepare_once(d->db, "SELECT key FROM entries WHERE "
	    "uuid = ?1 UNION ALL SELECT 'outlet ' || name FROM outlets "
	    "WHERE uuid = ?1");

	sqlite3_bind_text(q, 1, uuid, 36, SQLITE_STATIC);
	buf_puts(b, sqlite3_step(q) == SQLITE_ROW ?
	    (const char *)sqlite3_column_text(q, 0) : "unknown");
	sqlite3_reset(q);
}

/* The text with what each uuid stands for, and no numbers of pages. */
static void
put_without_chance(struct describing *d, struct buf *b, const char *text)
{
	static const char page[] = "-archive-";
	const char *at, *next_page = strstr(text, page);

	while (*text != '\0') {
		at = strstr(text, urn);
		if (next_page != NULL && (at == NULL || next_page < at)) {
			next_page += strlen(page);
			buf_append(b, text, (size_t)(next_page - text));
			text = next_page + strspn(next_page, "0123456789");
			next_page = strstr(text, page);
			continue;
		}
		if (at == NULL)
			break;
		buf_append(b, text, (size_t)(at - text));
		put_known(d, b, at + strlen(urn));
		text = at + strlen(urn) + 36;
	}
	buf_puts(b, text);
}

/* Names of posts end in a hash of a uuid: "-0123456789abcdef." */
static void
drop_hashes(struct buf *b)
{
	char *to = b->data;

	for (const char *s = b->data; s != NULL && *s != '\0';) {
		*to++ = *s++;
		if (s[-1] == '-' && strspn(s, "0123456789abcdef") == 16 &&
		    s[16] == '.')
			s += 16;
	}
	b->len = (size_t)(to - b->data);
}

static int
is_page(const char *name)
{
	return strstr(name, "-archive-") != NULL;
}

static void
add_line(struct describing *d, struct buf *line)
{
	d->lines = xrealloc(d->lines, (d->count + 1) * sizeof(*d->lines));
	d->lines[d->count++] = buf_take(line);
}

/*
 * Which announcements share a page is chance, and so is which the newest page
 * ends with.  But up to there each is on a page, once.
 */
struct sealed {
	struct sealed	*next;
	char		*outlet;
	int64_t		 upto;
	struct buf	 text;		/* of all pages: "UUID SECONDS\n" */
};

static struct sealed *
sealed_of(struct describing *d, const char *name)
{
	size_t len = strcspn(name, "-");
	struct sealed *s = d->sealed;

	while (s != NULL && (strlen(s->outlet) != len ||
	    strncmp(s->outlet, name, len) != 0))
		s = s->next;
	if (s == NULL) {
		s = xcalloc(1, sizeof(*s));
		s->outlet = xstrndup(name, len);
		s->next = d->sealed;
		d->sealed = s;
	}
	return s;
}

static void
collect_page(struct describing *d, const char *name, const char *text)
{
	struct sealed *s = sealed_of(d, name);
	const char *at = strstr(text, "<!-- sealed at "), *updated;
	int64_t upto = at != NULL ? atoll(at + 15) : -1;
	size_t begun;

	if (upto > s->upto)
		s->upto = upto;
	for (at = text; (at = strstr(at, "<entry")) != NULL;) {
		at = strstr(at, urn) + strlen(urn);
		updated = strstr(at, "<updated>");
		begun = s->text.len;
		buf_printf(&s->text, "%.36s %lld\n", at,
		    (long long)read_time(updated + 9));
		if (strstr(buf_str(&s->text), s->text.data + begun) !=
		    s->text.data + begun)
			buf_printf(d->ret, "twice on pages of %s: %s",
			    s->outlet, s->text.data + begun);
	}
}

static void
check_sealed(struct describing *d, struct sealed *s)
{
	sqlite3_stmt *q = prepare(d->db, "SELECT e.uuid || ' ' || "
	    "(r.updated_ms / 1000), e.key FROM revisions r JOIN entries e "
	    "ON e.id = r.entry_id JOIN sources s ON s.id = r.source_id "
	    "WHERE r.seq <= ?1 AND s.name <> 'gamma' AND "
	    "(?2 <> 'some' OR s.name IN ('alpha', 'delta'))");

	sqlite3_bind_int64(q, 1, s->upto);
	sqlite3_bind_text(q, 2, s->outlet, -1, SQLITE_STATIC);
	while (sqlite3_step(q) == SQLITE_ROW) {
		if (strstr(buf_str(&s->text), (const char *)
		    sqlite3_column_text(q, 0)) == NULL)
			buf_printf(d->ret, "on no page of %s: %s\n",
			    s->outlet, sqlite3_column_text(q, 1));
	}
	sqlite3_finalize(q);
}

static void
check_pages(struct describing *d)
{
	struct sealed *s;

	while ((s = d->sealed) != NULL) {
		check_sealed(d, s);
		d->sealed = s->next;
		free(s->outlet);
		buf_fini(&s->text);
		free(s);
	}
}

static void
describe_file(const char *folder, const char *name, const struct buf *b,
    void *arg)
{
	struct describing *d = arg;
	struct buf plain = { 0 }, clear = { 0 }, line = { 0 };
	char hex[DIGEST_HEX_SIZE];

	if (has_ending(name, ".gz")) {
		if (!inflate(b, &plain))
			buf_printf(d->ret, "%s is damaged\n", name);
	} else {
		buf_append(&plain, b->data, b->len);
		if (!is_whole(folder, name, b))
			buf_printf(d->ret, "%s is invalid\n", name);
	}
	/* Notes for deltas hold sequence numbers; they come again.  What has
	 * expired is in a list until it is made again. */
	if (name[0] == '.' || (kind_of(folder) == KIND_LIST &&
	    strncmp(name, "gamma", 5) == 0))
		return;
	if (is_page(name)) {
		if (has_ending(name, ".atom"))
			collect_page(d, name, buf_str(&plain));
		buf_fini(&plain);
		return;
	}
	put_without_chance(d, &clear, buf_str(&plain));
	drop_hashes(&clear);
	digest_hex(hash_128(clear.data, clear.len), hex);
	/* A post's name ends in a hash of its uuid. */
	buf_printf(&line, "file %s/%.*s", folder, 
	    kind_of(folder) != KIND_POST ? (int)strlen(name) :
	    (int)(strrchr(name, '-') - name), name);
	buf_printf(&line, " %zu %s\n", clear.len, hex);
	add_line(d, &line);
	buf_fini(&clear);
	buf_fini(&plain);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
truth_describe(const char *state, struct buf *ret)
{
	struct describing d = { .db = open_database(state, ret),
	    .ret = ret };

	if (is_empty(d.db)) {
		buf_puts(ret, "the database is empty\n");
		close_database(d.db);
		return;
	}
	check_integrity(d.db, ret);
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		put_rows(ret, d.db, tables[i].what, tables[i].sql);
	each_file(state, describe_file, &d);
	check_pages(&d);
	if (d.count > 0)
		qsort(d.lines, d.count, sizeof(*d.lines), by_text);
	for (size_t i = 0; i < d.count; i++) {
		buf_puts(ret, d.lines[i]);
		free(d.lines[i]);
	}
	free(d.lines);
	close_database(d.db);
}
