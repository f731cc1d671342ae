/* owner.c - see owner.h. */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"

#include "known.h"
#include "owner.h"
#include "rows.h"

/* The site behind an address: its host, less what only names a service. */
static char *
site_of(const char *url)
{
	static const char *const services[] = { "www.", "feeds.", "rss." };
	char *host = url != NULL ? url_host(url) : NULL;
	const char *site = host;
	char *copy;

	if (host == NULL)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(services); i++) {
		if (strncmp(host, services[i], strlen(services[i])) == 0)
			site = host + strlen(services[i]);
	}
	/* "localhost" and addresses are nobody's site. */
	copy = strchr(site, '.') != NULL && site[strspn(site, "0123456789.")]
	    != '\0' ? xstrdup(site) : NULL;
	free(host);
	return copy;
}

/* Is "//host/..." at the site or below it? */
static int
key_is_at(const char *key, const char *site)
{
	size_t host, len = strlen(site);

	if (strncmp(key, "//", 2) != 0)
		return 0;
	key += 2;
	host = strcspn(key, "/?#:");
	return host >= len && strncmp(key + host - len, site, len) == 0 &&
	    (host == len || key[host - len - 1] == '.');
}

void
owner_claim_init(struct owner_claim *c, const char *source_url)
{
	c->site = site_of(source_url);
}

void
owner_claim_fini(struct owner_claim *c)
{
	free(c->site);
	c->site = NULL;
}

int
owner_is_gone(struct db *db, const struct known *k)
{
	sqlite3_stmt *q = db_use(db, SQL_SOURCE_URL);
	int is_gone;

	sqlite3_bind_int64(q, 1, k->source_id);
	if (db_row(q) != 1)
		return 0;
	is_gone = sqlite3_column_type(q, 1) == SQLITE_NULL;
	db_end(q);
	return is_gone;
}

int
owner_claim_holds(const struct owner_claim *c, struct db *db,
    const struct known *k)
{
	sqlite3_stmt *q;
	char *site = NULL;
	int holds;

	if (c->site == NULL || k->is_taken || k->scope != 0 ||
	    !key_is_at(k->key, c->site))
		return 0;
	q = db_use(db, SQL_SOURCE_URL);
	sqlite3_bind_int64(q, 1, k->source_id);
	if (db_row(q) != 1)
		return 0;
	site = site_of(db_text(q, 0));
	db_end(q);
	holds = site == NULL || !key_is_at(k->key, site);
	free(site);
	return holds;
}

int
owner_move(struct db *db, struct known *k, int64_t source_id)
{
	if (rows_put_sighting(db, k->id, k->source_id, k->timestamp_ms,
	    k->first_seen_ms) != 0 ||
	    (k->is_listed && rows_delete_sighting(db, k->id, source_id) != 0))
		return -1;
	k->is_taken |= !owner_is_gone(db, k);
	k->timestamp_ms = k->is_listed ? k->listed_ms : DATE_NONE;
	k->source_id = source_id;
	k->announced = (struct digest){ 0 };
	k->is_listed = 0;
	k->is_dirty = 1;
	return 0;
}
