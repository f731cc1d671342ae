/*
 * visit.c - the stages of a visit.
 *
 *	look up		every entry of the document, once (known.c)
 *	decide		in document order, in memory; what is to be shown is
 *			sanitised there, and dropped if a rule says so (plan.c)
 *	limit		a first document, or one that shares nothing with the
 *			last, announces its newest only
 *	number		announcements in the order of their times, so that a
 *			reader who follows the sequence reads forward
 *	write		entries, revisions, listings, aliases, the source
 *
 * Nothing is written before everything is decided: a duplicate costs its
 * look-up.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "feedmill/cadence.h"
#include "feedmill/normalise.h"

#include "extra.h"
#include "plan.h"
#include "visit.h"
#include "visits.h"

/* ------------------------------------------------------ limit and number */

/*
 * By time, and where times are equal backwards through the document, which
 * lists its newest first.  The announcements of one entry stay in order.
 */
static int
change_compare(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	if (x->effective_ms != y->effective_ms)
		return x->effective_ms < y->effective_ms ? -1 : 1;
	if (x->place != y->place)
		return x->place > y->place ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static void
limit_flood(struct visiting *vg)
{
	const struct visit *v = vg->visit;
	struct visit_result *r = vg->result;
	int is_first = vg->documents == 0;
	int is_unknown = vg->common == 0 && !v->feed->is_delta;
	size_t limit = (size_t)vg->source->flood_limit, count = 0;

	if (v->is_import || r->added == 0)
		return;
	r->gap = !is_first && is_unknown && v->outcome == OUTCOME_OK;
	if (!(is_first || is_unknown) || limit == 0 || r->added <= limit)
		return;
	/* What is new and stands there twice is as new as its later half. */
	for (size_t i = vg->changes_count; i-- > 0;) {
		struct change *c = &vg->changes[i];

		if (c->known->was_stored)
			continue;
		if (c->known->rank == 0)
			c->known->rank = ++count;
		c->is_silent = c->known->rank > limit;
		r->silent += c->number == 0 && c->is_silent;
	}
}

static void
number_changes(struct visiting *vg)
{
	struct change *c;

	for (size_t i = 0; i < vg->changes_count; i++) {
		c = &vg->changes[i];
		c->seq = ++vg->w->last_seq;
		c->known->seq = c->seq;
		vg->result->last_seq = c->seq;
		if (c->number == 0 && !c->is_silent)
			vg->result->first_title = c->safe.title;
	}
}

/* ---------------------------------------------------------------- write */

static int
write_changes(struct visiting *vg)
{
	struct change *c;

	for (size_t i = 0; i < vg->changes_count; i++) {
		c = &vg->changes[i];
		if (c->known->id == 0) {
			if (rows_insert_entry(vg->db, c->known) != 0)
				return -1;
			c->known->is_dirty = 0;
		}
		if (rows_insert_revision(vg->db, c, vg->source_id,
		    vg->announced_ms) != 0)
			return -1;
	}
	return 0;
}

/* A guid is learned once; of more than one entry it is none's. */
static int
write_alias(struct visiting *vg, const struct guid *g, int64_t entry_id)
{
	if (g == NULL || g->times != 1)
		return 0;
	if (g->is_contested)
		entry_id = 0;
	else if (g->is_stored || entry_id == 0)
		return 0;
	return rows_put_alias(vg->db, vg->source_id, &g->digest, entry_id);
}

static int
write_known(struct visiting *vg)
{
	struct sighting *s;
	struct known *k;

	for (size_t i = 0; i < vg->document.count; i++) {
		s = &vg->document.sightings[i];
		k = known_target(s->known);
		if (k->is_dirty && k->id != 0 &&
		    rows_update_entry(vg->db, k) != 0)
			return -1;
		k->is_dirty = 0;
		if (write_alias(vg, s->guid, k->id) != 0)
			return -1;
	}
	return 0;
}

static char *
title_of(const struct feed *feed)
{
	struct buf title = { 0 };

	if (feed->head.title.value == NULL)
		return NULL;
	normalise_text_plain(&title, &feed->head.title);
	return buf_take(&title);
}

static int
write_source(struct visiting *vg)
{
	const struct visit *v = vg->visit;
	const struct visit_result *r = vg->result;
	const char *link = v->feed->head.link;
	sqlite3_stmt *q = db_use(vg->db, SQL_SOURCE_VISITED);
	struct visit_row row = { .source_id = vg->source_id,
	    .number = vg->visits, .at_ms = v->fetched_ms,
	    .outcome = v->outcome, .sighted = r->sighted,
	    .added = r->added, .updated = r->updated };
	char *title = title_of(v->feed);
	struct buf head = { 0 };
	int code;

	sqlite3_bind_int64(q, 1, vg->source_id);
	db_bind_text(q, 2, v->url);
	db_bind_text(q, 3, v->etag);
	db_bind_text(q, 4, v->last_modified);
	db_bind_digest(q, 5, &v->body_digest);
	db_bind_text(q, 6, title);
	db_bind_text(q, 7, link != NULL && url_is_http(link) ? link : NULL);
	db_bind_text(q, 8, outcome_name(v->outcome));
	sqlite3_bind_int(q, 9, r->sighted > 0);
	sqlite3_bind_int64(q, 10, r->added);
	sqlite3_bind_int64(q, 11, r->added + r->updated);
	extra_write_head(&head, &v->feed->head);
	db_bind_text(q, 12, head.data);
	code = db_run(q);
	buf_fini(&head);
	free(title);
	return code == 0 ? visits_put(vg->db, &row) : -1;
}

/* ----------------------------------------------------------------- pace */

static int64_t
pace_of(const struct feed *feed, int64_t now_ms)
{
	int64_t *times = xcalloc(feed->count, sizeof(*times)), pace_s;
	size_t n = 0;

	for (const struct entry *e = feed->entries; e != NULL; e = e->next) {
		int64_t t = e->identity.timestamp_ms;

		if (t != DATE_NONE && t <= now_ms)
			times[n++] = t;
	}
	pace_s = cadence_pace(times, n, now_ms);
	free(times);
	return pace_s;
}

/* ------------------------------------------------------------ the visit */

/* An import names its source; it may be one nobody ever subscribed to. */
static int
find_source(struct visiting *vg)
{
	sqlite3_stmt *q = db_use(vg->db, SQL_SOURCE_BY_NAME);
	int row;

	vg->source_id = vg->visit->source_id;
	if (vg->source_id != 0)
		return 0;
	db_bind_text(q, 1, vg->source->name);
	row = db_row(q);
	if (row < 0)
		return -1;
	if (row == 1) {
		vg->source_id = sqlite3_column_int64(q, 0);
		return db_end(q);
	}
	q = db_use(vg->db, SQL_SOURCE_INSERT);
	db_bind_text(q, 1, vg->source->name);
	db_bind_text(q, 2, vg->source->url);
	db_bind_text(q, 3, vg->source->title);
	sqlite3_bind_null(q, 4);
	if (db_run(q) != 0)
		return -1;
	vg->source_id = sqlite3_last_insert_rowid(vg->db->sqlite);
	return 0;
}

static int
load_source(struct visiting *vg)
{
	sqlite3_stmt *q = db_use(vg->db, SQL_SOURCE_FOR_VISIT);
	int row;

	sqlite3_bind_int64(q, 1, vg->source_id);
	row = db_row(q);
	assert(row != 0);	/* ids come from store_sync_sources() */
	if (row < 0)
		return -1;
	vg->documents = sqlite3_column_int64(q, 0);
	vg->visits = sqlite3_column_int64(q, 1);
	vg->name = db_strdup(q, 2);
	owner_claim_init(&vg->claim, db_text(q, 3));
	return db_end(q);
}

static void
order_changes(struct visiting *vg)
{
	/* known->newest points into the array: not used from here on. */
	qsort(vg->changes, vg->changes_count, sizeof(vg->changes[0]),
	    change_compare);
	limit_flood(vg);
	number_changes(vg);
}

static int
visit_document(struct visiting *vg)
{
	vg->announced_ms = writer_announce_ms(vg->w);
	if (plan_document(vg) != 0)
		return -1;
	order_changes(vg);
	if (write_changes(vg) != 0 || write_known(vg) != 0)
		return -1;
	return write_source(vg);
}

/* Nothing was read: a 304, or the bytes of last time. */
static int
visit_validators(struct visiting *vg)
{
	const struct visit *v = vg->visit;
	sqlite3_stmt *q = db_use(vg->db, SQL_SOURCE_VALIDATORS);

	sqlite3_bind_int64(q, 1, vg->source_id);
	db_bind_text(q, 2, v->url);
	db_bind_text(q, 3, v->etag);
	db_bind_text(q, 4, v->last_modified);
	return db_run(q);
}

int
visit_write(struct writer *w, const struct visit *v,
    struct visit_result *ret, struct err *err)
{
	struct visiting vg = { .w = w, .db = &w->db, .visit = v,
	    .source = v->source, .result = ret };
	int code;

	*ret = (struct visit_result){ .source_id = v->source_id,
	    .pace_s = -1 };
	code = find_source(&vg);
	if (code == 0 && v->feed == NULL) {
		code = visit_validators(&vg);
	} else if (code == 0) {
		ret->sighted = (unsigned)v->feed->count;
		ret->pace_s = pace_of(v->feed, v->fetched_ms);
		code = load_source(&vg);
		if (code == 0)
			code = visit_document(&vg);
	}
	if (code != 0)
		db_fail(vg.db, err, "store a visit");
	ret->source_id = vg.source_id;
	owner_claim_fini(&vg.claim);
	free(vg.name);
	return code;
}
