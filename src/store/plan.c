/*
 * plan.c - see plan.h.
 *
 * An entry that stands in the document twice meets itself: what is known of
 * it is kept up to date in memory.  Its second text refreshes nothing, or
 * two wordings would take turns at every visit.
 */
#include <string.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"

#include "decide.h"
#include "plan.h"

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

/*
 * A reader takes an update for one if it is later than what it was told (RFC
 * 4287 section 4.2.15).  The publisher's time is newer than the one compared,
 * which need not be the one that was told: there was none then, or one in the
 * future, or another owner's.
 */
static int
be_later_than_told(struct visiting *vg, const struct known *k, int64_t *ms)
{
	int64_t fetched_ms = vg->visit->fetched_ms, told_ms = k->published_ms;

	if (k->newest != NULL)
		told_ms = k->newest->effective_ms;
	else if (rows_updated_ms(vg->db, k->seq, &told_ms) != 0)
		return -1;
	if (*ms <= told_ms)
		*ms = fetched_ms > told_ms ? fetched_ms : told_ms + 1000;
	return 0;
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

/* 0: announced, 1: dropped by a rule; -1: the database failed. */
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
	if (!is_new && be_later_than_told(vg, k, &c->effective_ms) != 0)
		return -1;
	/* What is announced twice stands behind its first. */
	c->place = k->newest != NULL ? k->newest->place :
	    (size_t)(s - vg->document.sightings);
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
	int is_dropped = v.announce ? plan_change(vg, s, k,
	    v.decision == DECISION_NEW) : 0;

	if (is_dropped < 0)
		return -1;
	if (is_dropped) {
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

/* Whatever is said of it, by whomever: it stays away. */
static int
is_forgotten(const struct known *k)
{
	return k->was_stored && k->seq == 0;
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

	if (is_forgotten(k)) {
		vg->common += !k->was_seen;
		vg->result->duplicate++;
		k->was_seen = 1;
		return 0;
	}
	if (k->was_stored && see_stored(vg, s, k) != 0)
		return -1;
	known = (struct decide_known){ k->timestamp_ms, k->announced,
	    k->stored };
	seen.is_owner = is_owner(vg, k);
	code = apply(vg, s, k, decide(is_known ? &known : NULL, &seen));
	k->was_seen = 1;
	return code;
}

static int
plan_entries(struct visiting *vg)
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

/* Checked when the configuration was loaded: what does not compile now
 * filters nothing. */
static int
compile(regex_t *re, const char *pattern)
{
	return pattern != NULL && regcomp(re, pattern,
	    REG_EXTENDED | REG_ICASE | REG_NOSUB) == 0;
}

int
plan_document(struct visiting *vg)
{
	const struct config_source *c = vg->source;
	int code;

	vg->has_drop = compile(&vg->drop, c->drop_title);
	vg->has_keep = compile(&vg->keep, c->keep_title);
	code = plan_entries(vg);
	if (vg->has_drop)
		regfree(&vg->drop);
	if (vg->has_keep)
		regfree(&vg->keep);
	return code;
}
