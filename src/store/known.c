/* known.c - see known.h. */
#include <string.h>

#include "known.h"

struct known *
known_target(struct known *k)
{
	return k->alias_of != NULL ? k->alias_of : k;
}

static void
known_load_row(struct known *k, sqlite3_stmt *q)
{
	k->id = sqlite3_column_int64(q, 0);
	k->source_id = sqlite3_column_int64(q, 1);
	k->seq = sqlite3_column_int64(q, 2);
	k->timestamp_ms = db_time(q, 3);
	k->announced = db_digest(q, 4);
	k->stored = db_digest(q, 5);
	k->updates = (unsigned)sqlite3_column_int64(q, 6);
	k->is_taken = sqlite3_column_int(q, 7);
	k->published_ms = sqlite3_column_int64(q, 8);
	k->first_seen_ms = sqlite3_column_int64(q, 9);
	k->was_stored = 1;
}

static int
known_load(struct known *k, struct db *db)
{
	sqlite3_stmt *q = db_use(db, SQL_ENTRY_FIND);
	int row;

	sqlite3_bind_int64(q, 1, (int64_t)k->hash);
	db_bind_text(q, 2, k->key);
	if (k->scope != 0)
		sqlite3_bind_int64(q, 3, k->scope);
	else
		sqlite3_bind_null(q, 3);
	row = db_row(q);
	if (row <= 0)
		return row;
	known_load_row(k, q);
	return db_end(q);
}

int
known_load_listing(struct known *k, struct db *db, int64_t source_id)
{
	sqlite3_stmt *q = db_use(db, SQL_SIGHTING_FIND);
	int row;

	sqlite3_bind_int64(q, 1, k->id);
	sqlite3_bind_int64(q, 2, source_id);
	row = db_row(q);
	if (row <= 0)
		return row;
	k->is_listed = 1;
	k->listed_ms = db_time(q, 0);
	return db_end(q);
}

/*
 * A scoped key is "SOURCE#guid".  The row number stands for the source in
 * the database, so that a source may change its name and keep its entries.
 */
static const char *
key_as_stored(const struct identity *id, const struct document_source *src)
{
	size_t len = strlen(src->name);

	if (id->scoped && strncmp(id->key, src->name, len) == 0 &&
	    id->key[len] == '#')
		return id->key + len;
	return id->key;
}

static struct known *
document_find(const struct document *d, uint64_t hash, const char *key,
    int64_t scope)
{
	struct known *k = d->known[hash & d->mask];

	while (k != NULL && (k->hash != hash || k->scope != scope ||
	    strcmp(k->key, key) != 0))
		k = k->next;
	return k;
}

static struct known *
known_new(struct arena *arena, uint64_t hash, const char *key, int64_t scope)
{
	struct known *k = arena_zalloc(arena, sizeof(*k));

	k->hash = hash;
	k->key = key;
	k->scope = scope;
	k->timestamp_ms = k->first_ts_ms = k->listed_ms = DATE_NONE;
	return k;
}

static void
document_add(struct document *d, struct known *k)
{
	struct known **bucket = &d->known[k->hash & d->mask];

	k->next = *bucket;
	*bucket = k;
}

static uint64_t
key_hash(const char *key, int64_t scope, uint64_t seed)
{
	return hash_64(key, strlen(key), seed + (uint64_t)scope);
}

static int
document_look_up(struct document *d, struct db *db, struct sighting *s,
    const struct document_source *src)
{
	const struct identity *id = &s->entry->identity;
	int64_t scope = id->scoped ? src->id : 0;
	const char *key = key_as_stored(id, src);
	uint64_t hash = key_hash(key, scope, src->seed);

	s->known = document_find(d, hash, key, scope);
	if (s->known != NULL)
		return 0;
	s->known = known_new(d->arena, hash, key, scope);
	document_add(d, s->known);
	return known_load(s->known, db);
}

static struct guid *
document_count_guid(struct document *d, const char *guid, uint64_t seed)
{
	struct digest digest = hash_128(guid, strlen(guid));
	/* Seeded: a publisher must not be able to choose one bucket. */
	uint64_t bucket = hash_64(&digest, sizeof(digest), seed);
	struct guid **at = &d->guids[bucket & d->mask], *g = *at;

	while (g != NULL && !digest_equal(g->digest, digest))
		g = g->next;
	if (g == NULL) {
		g = arena_zalloc(d->arena, sizeof(*g));
		g->digest = digest;
		g->next = *at;
		*at = g;
	}
	g->times++;
	return g;
}

/* The entry with this id, found under the key it is stored with.  *ret_here:
 * it is in the document already. */
static int
document_load_id(struct document *d, struct db *db, int64_t id,
    uint64_t seed, struct known **ret, int *ret_here)
{
	sqlite3_stmt *q = db_use(db, SQL_ENTRY_BY_ID);
	int64_t scope;
	const char *key;
	uint64_t hash;
	int row;

	sqlite3_bind_int64(q, 1, id);
	row = db_row(q);
	if (row <= 0)
		return row;
	key = db_text(q, 10);
	scope = sqlite3_column_int64(q, 11);
	hash = key_hash(key, scope, seed);
	*ret = document_find(d, hash, key, scope);
	*ret_here = *ret != NULL;
	if (*ret == NULL) {
		*ret = known_new(d->arena, hash, arena_strdup(d->arena, key),
		    scope);
		known_load_row(*ret, q);
	}
	return db_end(q);
}

static int
guid_load(struct guid *g, struct db *db, const struct document_source *src)
{
	sqlite3_stmt *q = db_use(db, SQL_ALIAS_FIND);
	int row;

	sqlite3_bind_int64(q, 1, src->id);
	db_bind_digest(q, 2, &g->digest);
	row = db_row(q);
	if (row <= 0)
		return row;
	g->is_stored = 1;
	g->entry_id = sqlite3_column_int64(q, 0);
	return db_end(q);
}

/* Is it the entry's very name, because others had the same URL? */
static int
is_named(const struct known *k, const struct sighting *s,
    const struct document_source *src)
{
	return k->scope == src->id && k->key[0] == '#' &&
	    strcmp(k->key + 1, s->entry->identity.alias) == 0;
}

/*
 * The same guid at another URL is the same entry, if the guid stands once
 * in the document and the URL it had does not stand in it at all.  Else the
 * publisher numbers carelessly, by the place in the document for one: both
 * are kept, and this guid stands for nothing any more.
 */
static int
document_follow_alias(struct document *d, struct db *db, struct sighting *s,
    const struct document_source *src)
{
	struct guid *g = s->guid;
	struct known *k = NULL;
	int is_here = 0;

	if (g == NULL || g->times != 1)
		return 0;
	if (guid_load(g, db, src) != 0)
		return -1;
	if (g->entry_id == 0 || g->entry_id == known_target(s->known)->id)
		return 0;
	if (document_load_id(d, db, g->entry_id, src->seed, &k,
	    &is_here) != 0)
		return -1;
	if (k != NULL && is_named(k, s, src))
		s->known = k;
	else if (k != NULL && !is_here && s->known->id == 0 &&
	    s->known->alias_of == NULL)
		s->known->alias_of = k;
	else
		g->is_contested = 1;
	if (!g->is_contested && !is_here)
		document_add(d, k);
	return 0;
}

int
document_open(struct document *d, struct db *db, struct feed *feed,
    const struct document_source *src)
{
	struct sighting *s;
	size_t buckets = 16;

	while (buckets < 2 * feed->count)
		buckets *= 2;
	*d = (struct document){ .arena = &feed->arena, .mask = buckets - 1 };
	d->known = arena_zalloc(d->arena, buckets * sizeof(d->known[0]));
	d->guids = arena_zalloc(d->arena, buckets * sizeof(d->guids[0]));
	d->sightings = arena_zalloc(d->arena,
	    feed->count * sizeof(d->sightings[0]));
	for (const struct entry *e = feed->entries; e != NULL; e = e->next) {
		s = &d->sightings[d->count++];
		s->entry = e;
		if (document_look_up(d, db, s, src) != 0)
			return -1;
		if (e->identity.alias != NULL)
			s->guid = document_count_guid(d, e->identity.alias,
			    src->seed);
	}
	for (size_t i = 0; src->has_aliases && i < d->count; i++) {
		if (document_follow_alias(d, db, &d->sightings[i], src) != 0)
			return -1;
	}
	return 0;
}
