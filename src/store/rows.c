/* rows.c - see rows.h. */
#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"

#include "extra.h"
#include "rows.h"

static void
mint_id(struct db *db, char out[UUID_TEXT_SIZE])
{
	if (db->dice_left == 0) {
		clock_random(db->dice, sizeof(db->dice));
		db->dice_left = (unsigned)ARRAY_LEN(db->dice);
	}
	uuid_text(db->dice[--db->dice_left], out);
}

int
rows_insert_entry(struct db *db, struct known *k)
{
	sqlite3_stmt *q = db_use(db, SQL_ENTRY_INSERT);
	char uuid[UUID_TEXT_SIZE];

	mint_id(db, uuid);
	sqlite3_bind_int64(q, 1, (int64_t)k->hash);
	sqlite3_bind_int64(q, 2, k->source_id);
	sqlite3_bind_int64(q, 3, k->seq);
	db_bind_time(q, 4, k->timestamp_ms);
	db_bind_digest(q, 5, &k->announced);
	db_bind_digest(q, 6, &k->stored);
	sqlite3_bind_int64(q, 7, k->updates);
	db_bind_time(q, 8, k->scope != 0 ? k->scope : DATE_NONE);
	db_bind_text(q, 9, k->key);
	sqlite3_bind_int64(q, 10, k->first_seen_ms);
	sqlite3_bind_int64(q, 11, k->published_ms);
	db_bind_time(q, 12, k->first_ts_ms);
	db_bind_text(q, 13, uuid);
	db_bind_text(q, 14, k->url);
	db_bind_text(q, 15, k->title);
	if (db_run(q) != 0)
		return -1;
	k->id = sqlite3_last_insert_rowid(db->sqlite);
	return 0;
}

int
rows_update_entry(struct db *db, const struct known *k)
{
	sqlite3_stmt *q = db_use(db, SQL_ENTRY_UPDATE);

	sqlite3_bind_int64(q, 1, k->id);
	sqlite3_bind_int64(q, 2, k->source_id);
	sqlite3_bind_int64(q, 3, k->seq);
	db_bind_time(q, 4, k->timestamp_ms);
	db_bind_digest(q, 5, &k->announced);
	db_bind_digest(q, 6, &k->stored);
	sqlite3_bind_int64(q, 7, k->updates);
	sqlite3_bind_int(q, 8, k->is_taken);
	db_bind_text(q, 9, k->title);
	db_bind_text(q, 10, k->url);
	return db_run(q);
}

/* Only what a page may load: a picture is shown, not downloaded. */
static const char *
image_of(const struct entry *e, const struct safe_entry *safe)
{
	const char *candidates[] = {
		safe->image, e->image.url, e->itunes.image,
		e->thumbnails != NULL ? e->thumbnails->url : NULL,
	};

	for (size_t i = 0; i < sizeof(candidates) / sizeof(*candidates); i++) {
		if (candidates[i] != NULL && url_is_http(candidates[i]))
			return candidates[i];
	}
	return NULL;
}

/* Title, language, image, extra, summary, content from parameter n on. */
static int
run_with_text(sqlite3_stmt *q, int n, const struct entry *e,
    const struct safe_entry *safe, const char *language)
{
	struct buf extra = { 0 };
	int code;

	extra_write(&extra, e);
	db_bind_text(q, n, safe->title);
	db_bind_text(q, n + 1, language);
	db_bind_text(q, n + 2, image_of(e, safe));
	db_bind_text(q, n + 3, extra.data);
	db_bind_text(q, n + 4, safe->summary);
	db_bind_text(q, n + 5, safe->content);
	code = db_run(q);
	buf_fini(&extra);
	return code;
}

int
rows_insert_revision(struct db *db, const struct change *c,
    int64_t source_id, int64_t announced_ms)
{
	sqlite3_stmt *q = db_use(db, SQL_REVISION_INSERT);

	sqlite3_bind_int64(q, 1, c->seq);
	sqlite3_bind_int64(q, 2, c->known->id);
	sqlite3_bind_int64(q, 3, source_id);
	sqlite3_bind_int64(q, 4, c->number);
	sqlite3_bind_int(q, 5, c->is_silent);
	db_bind_time(q, 6, c->entry->identity.timestamp_ms);
	sqlite3_bind_int64(q, 7, c->effective_ms);
	sqlite3_bind_int64(q, 8, c->effective_ms);
	sqlite3_bind_int64(q, 9, announced_ms);
	return run_with_text(q, 10, c->entry, &c->safe, c->language);
}

int
rows_refresh_revision(struct db *db, int64_t seq, const struct entry *e,
    const struct safe_entry *safe, const char *language)
{
	sqlite3_stmt *q = db_use(db, SQL_REVISION_REFRESH);

	sqlite3_bind_int64(q, 1, seq);
	return run_with_text(q, 2, e, safe, language);
}

int
rows_updated_ms(struct db *db, int64_t seq, int64_t *ret)
{
	sqlite3_stmt *q = db_use(db, SQL_REVISION_UPDATED);
	int row;

	sqlite3_bind_int64(q, 1, seq);
	row = db_row(q);
	if (row <= 0)
		return row;
	*ret = sqlite3_column_int64(q, 0);
	return db_end(q);
}

int
rows_put_sighting(struct db *db, int64_t entry_id, int64_t source_id,
    int64_t timestamp_ms, int64_t since_ms)
{
	sqlite3_stmt *q = db_use(db, SQL_SIGHTING_PUT);

	sqlite3_bind_int64(q, 1, entry_id);
	sqlite3_bind_int64(q, 2, source_id);
	db_bind_time(q, 3, timestamp_ms);
	sqlite3_bind_int64(q, 4, since_ms);
	return db_run(q);
}

int
rows_delete_sighting(struct db *db, int64_t entry_id, int64_t source_id)
{
	sqlite3_stmt *q = db_use(db, SQL_SIGHTING_DELETE);

	sqlite3_bind_int64(q, 1, entry_id);
	sqlite3_bind_int64(q, 2, source_id);
	return db_run(q);
}

int
rows_put_alias(struct db *db, int64_t source_id, const struct digest *guid,
    int64_t entry_id)
{
	sqlite3_stmt *q = db_use(db, SQL_ALIAS_PUT);

	sqlite3_bind_int64(q, 1, source_id);
	db_bind_digest(q, 2, guid);
	sqlite3_bind_int64(q, 3, entry_id);
	return db_run(q);
}
