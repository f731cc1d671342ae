/*
 * visit.c - the plan of a visit.
 *
 *	look up		every entry of the document, once (known.c)
 *	decide		in document order, in memory; what is to be shown is
 *			sanitised here, and dropped here if a rule says so
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
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/normalise.h"

#include "decide.h"
#include "owner.h"
#include "rows.h"
#include "visit.h"
#include "visits.h"
#include "writer.h"

enum { PACE_ENTRIES = 20 };

struct visiting {
	struct writer	*w;
	struct db	*db;
	const struct visit *visit;
	const struct config_source *source;
	struct visit_result *result;
	struct document	 document;
	struct owner_claim claim;	/* of entries others brought */
	int64_t		 source_id;
	char		*name;		/* of the source, in the database */
	int64_t		 documents, visits;	/* before this one */
	int64_t		 announced_ms;
	struct change	*changes;
	size_t		 changes_count;
	size_t		 common;	/* entries this source listed before */
	regex_t		 drop, keep;
	int		 has_drop, has_keep;
};

/* --------------------------------------------------------------- decide */

static const char *
or_empty(const char *s)
{
	return s != NULL ? s : "";
}

static const char *
language_of(const struct visiting *vg, const struct entry *e)
{
	const char *candidates[] = { vg->source->language, e->language,
	    e->content.lang, e->summary.lang, e->title.lang,
	    vg->visit->feed->head.language };

	for (size_t i = 0; i < ARRAY_LEN(candidates); i++) {
		if (candidates[i] != NULL && candidates[i][0] != '\0')
			return candidates[i];
	}
	return NULL;
}

static void
prepare(const struct visiting *vg, const struct entry *e,
    struct safe_entry *ret)
{
	*ret = (struct safe_entry){ 0 };
	vg->w->options->prepare(vg->visit->feed, e, &vg->source->html,
	    &vg->visit->feed->arena, ret);
	ret->title = or_empty(ret->title);
	ret->content = or_empty(ret->content);
	ret->summary = or_empty(ret->summary);
}

static int
title_is_dropped(const struct visiting *vg, const char *title)
{
	return (vg->has_drop && regexec(&vg->drop, title, 0, NULL, 0) == 0) ||
	    (vg->has_keep && regexec(&vg->keep, title, 0, NULL, 0) != 0);
}

/* Where an entry stands when it is announced twice: behind its first. */
static void
change_place(struct change *c, const struct known *k, size_t place)
{
	c->place = place;
	if (k->newest == NULL)
		return;
	c->place = k->newest->place;
	if (c->effective_ms < k->newest->effective_ms)
		c->effective_ms = k->newest->effective_ms;
}

/* As the publisher wrote it: what is announced is told apart by it, what is
 * shown is the revision's. */
static const char *
written_title(const struct visiting *vg, const struct entry *e)
{
	const char *title = or_empty(e->title.value);
	size_t len = text_trim(&title, strlen(title));

	return arena_strndup(&vg->visit->feed->arena, title, len);
}

/* 0: announced, 1: dropped by a rule. */
static int
plan_change(struct visiting *vg, struct sighting *s, struct known *k,
    int is_new)
{
	const struct identity *id = &s->entry->identity;
	struct change *c = &vg->changes[vg->changes_count];

	*c = (struct change){ .known = k, .entry = s->entry };
	prepare(vg, s->entry, &c->safe);
	if (title_is_dropped(vg, c->safe.title))
		return 1;
	vg->changes_count++;
	c->language = language_of(vg, s->entry);
	c->effective_ms = decide_effective(id->timestamp_ms,
	    vg->visit->fetched_ms);
	if (!is_new && c->effective_ms < k->published_ms)
		c->effective_ms = k->published_ms;
	change_place(c, k, (size_t)(s - vg->document.sightings));
	c->number = is_new ? 0 : ++k->updates;
	k->newest = c;
	k->title = written_title(vg, s->entry);
	if (s->entry->link != NULL && url_is_http(s->entry->link))
		k->url = s->entry->link;
	k->is_dirty = 1;
	return 0;
}

static void
known_begin(struct visiting *vg, struct known *k, const struct entry *e)
{
	int64_t effective_ms = k->newest->effective_ms;

	k->source_id = vg->source_id;
	k->first_seen_ms = vg->visit->fetched_ms;
	k->first_ts_ms = e->identity.timestamp_ms;
	k->published_ms = effective_ms;
	if (e->published_ms != DATE_NONE && e->published_ms < effective_ms)
		k->published_ms = e->published_ms;
}

/* The text of an entry of old: written at once, there is only one row. */
static int
refresh(struct visiting *vg, struct known *k, const struct entry *e)
{
	struct safe_entry safe;

	prepare(vg, e, &safe);
	if (rows_refresh_revision(vg->db, k->seq, e, &safe,
	    language_of(vg, e)) != 0)
		return -1;
	k->stored = e->identity.digest;
	k->is_dirty = 1;
	vg->result->edited++;
	return 0;
}

static int
apply(struct visiting *vg, struct sighting *s, struct known *k,
    struct verdict v)
{
	const struct identity *id = &s->entry->identity;

	if (v.announce && plan_change(vg, s, k,
	    v.decision == DECISION_NEW) != 0) {
		vg->result->dropped++;
		/* Known and not wanted: it need not be looked at again. */
		if (v.decision == DECISION_NEW)
			return 0;
		v.announce = v.refresh = v.learn = 0;
	} else if (v.decision == DECISION_NEW) {
		known_begin(vg, k, s->entry);
		vg->result->added++;
	} else if (v.announce) {
		vg->result->updated++;
	} else {
		vg->result->duplicate++;
	}
	if (v.move_time) {
		k->timestamp_ms = id->timestamp_ms;
		k->is_dirty = 1;
	}
	if (v.learn) {
		k->announced = id->digest;
		k->is_dirty = 1;
	}
	if (v.announce)
		k->stored = id->digest;
	else if (v.refresh && !k->was_seen)
		return refresh(vg, k, s->entry);
	return 0;
}

/* An entry another source brought: note that this one lists it too. */
static int
note_listing(struct visiting *vg, struct known *k, int64_t timestamp_ms)
{
	if (k->is_listed && (timestamp_ms == DATE_NONE ||
	    (k->listed_ms != DATE_NONE && timestamp_ms <= k->listed_ms)))
		return 0;
	k->has_alias |= !k->is_listed;
	k->is_listed = 1;
	k->listed_ms = timestamp_ms;
	return rows_put_sighting(vg->db, k->id, vg->source_id,
	    timestamp_ms, vg->visit->fetched_ms);
}

static int
is_owner(const struct visiting *vg, const struct known *k)
{
	return k->source_id == vg->source_id;
}

/*
 * 1 where the entry is to be this source's from now on: who had it is not
 * configured any more, or is not the publisher while this one is.
 */
static int
may_take(struct visiting *vg, const struct known *k)
{
	if (vg->visit->is_import)
		return 0;
	if (!k->is_listed && owner_is_gone(vg->db, k))
		return 1;
	return vg->source->updates == UPDATES_CHANGED &&
	    owner_claim_holds(&vg->claim, vg->db, k);
}

/* What this visit did not create: is it ours, listed, or to be taken? */
static int
see_stored(struct visiting *vg, struct sighting *s, struct known *k)
{
	if (is_owner(vg, k)) {
		vg->common += !k->was_seen;
		return 0;
	}
	if (!k->was_seen) {
		if (known_load_listing(k, vg->db, vg->source_id) != 0)
			return -1;
		vg->common += (size_t)k->is_listed;
	}
	if (may_take(vg, k))
		return owner_move(vg->db, k, vg->source_id);
	return note_listing(vg, k, s->entry->identity.timestamp_ms);
}

static int
see(struct visiting *vg, struct sighting *s)
{
	const struct identity *id = &s->entry->identity;
	struct known *k = known_target(s->known);
	int is_known = k->was_stored || k->newest != NULL, code;
	struct decide_known known;
	struct decide_sighting seen = { .timestamp_ms = id->timestamp_ms,
	    .digest = id->digest, .policy = vg->visit->is_import ?
	    UPDATES_STRICT : vg->source->updates };

	if (k->was_stored && see_stored(vg, s, k) != 0)
		return -1;
	known = (struct decide_known){ k->timestamp_ms, k->announced,
	    k->stored };
	seen.is_owner = is_owner(vg, k);
	code = apply(vg, s, k, decide(is_known ? &known : NULL, &seen));
	k->was_seen = 1;
	return code;
}

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
	size_t limit = (size_t)vg->source->flood_limit;
	size_t over;

	if (v->is_import || r->added == 0)
		return;
	r->gap = !is_first && is_unknown && v->outcome == OUTCOME_OK;
	if (!(is_first || is_unknown) || limit == 0 || r->added <= limit)
		return;
	over = r->added - limit;
	for (size_t i = 0; i < vg->changes_count && over > 0; i++) {
		if (vg->changes[i].number != 0)
			continue;
		vg->changes[i].is_silent = 1;
		r->silent++;
		over--;
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
		c->known->has_alias = 1;
		if (rows_insert_revision(vg->db, c, vg->source_id,
		    vg->announced_ms) != 0)
			return -1;
	}
	return 0;
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
		if (k->has_alias && s->guid != NULL && s->guid->times == 1 &&
		    rows_put_alias(vg->db, vg->source_id,
		    &s->guid->digest, k->id) != 0)
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
	code = db_run(q);
	free(title);
	return code == 0 ? visits_put(vg->db, &row) : -1;
}

/* ----------------------------------------------------------------- pace */

static int
newest_first(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x > y ? -1 : x < y;
}

/*
 * How long between two entries, on the mean of the newest, up to now: a feed
 * that has fallen silent slows down though its dates stand still.
 */
static int64_t
pace_of(const struct feed *feed, int64_t now_ms)
{
	int64_t *times = xcalloc(feed->count, sizeof(*times)), pace_s = -1;
	size_t n = 0;

	for (const struct entry *e = feed->entries; e != NULL; e = e->next) {
		int64_t t = e->identity.timestamp_ms;

		if (t != DATE_NONE && t <= now_ms)
			times[n++] = t;
	}
	if (n >= 2) {
		qsort(times, n, sizeof(*times), newest_first);
		if (n > PACE_ENTRIES)
			n = PACE_ENTRIES;
		pace_s = (now_ms - times[n - 1]) / (int64_t)n / 1000;
	}
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

static int
see_document(struct visiting *vg)
{
	struct feed *feed = vg->visit->feed;
	struct document_source src = { .id = vg->source_id,
	    .name = vg->name, .seed = vg->w->hash_seed,
	    .has_aliases = vg->documents > 0 };

	if (document_open(&vg->document, vg->db, feed, &src) != 0)
		return -1;
	vg->changes = arena_zalloc(&feed->arena,
	    feed->count * sizeof(vg->changes[0]));
	for (size_t i = 0; i < vg->document.count; i++) {
		if (see(vg, &vg->document.sightings[i]) != 0)
			return -1;
	}
	return 0;
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

/* Checked when the configuration was loaded: what does not compile now
 * filters nothing. */
static int
compile(regex_t *re, const char *pattern)
{
	return pattern != NULL && regcomp(re, pattern,
	    REG_EXTENDED | REG_ICASE | REG_NOSUB) == 0;
}

static int
visit_document(struct visiting *vg)
{
	const struct config_source *c = vg->source;
	int code;

	vg->announced_ms = writer_announce_ms(vg->w);
	vg->has_drop = compile(&vg->drop, c->drop_title);
	vg->has_keep = compile(&vg->keep, c->keep_title);
	code = see_document(vg);
	if (vg->has_drop)
		regfree(&vg->drop);
	if (vg->has_keep)
		regfree(&vg->keep);
	if (code != 0)
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
