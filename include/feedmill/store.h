/*
 * store.h - from visits to what is known: the database, asynchronously.
 *
 * A writer thread owns the one writing connection: visits go in as gifts,
 * are looked up, sanitised where new or changed (by the function given),
 * and committed in groups, each visit whole or not at all.  A reader thread
 * runs queries on a read-only connection.  Nobody else waits for the disk.
 *
 * Completions: store_fd() becomes readable, store_dispatch() calls the done
 * functions on the caller's thread, in the order of commit.  What a done
 * function reports is durable (WAL, synchronous=FULL, after the commit).
 *
 * The header hides SQLite: another backend can stand behind it.
 */
#ifndef FEEDMILL_STORE_H
#define FEEDMILL_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "feedmill/base/err.h"
#include "feedmill/base/hash.h"
#include "feedmill/cadence.h"
#include "feedmill/config.h"
#include "feedmill/hsts.h"
#include "feedmill/model.h"
#include "feedmill/normalise.h"

struct store;
struct store_reader;

enum store_access {
	STORE_OWN,		/* lock, write, read; made if not there */
	STORE_READ		/* read only, beside a running daemon */
};

struct store_options {
	const char	*path;
	enum store_access access;
	/* What is kept of a new or changed entry: normalise_entry(). */
	void (*prepare)(const struct feed *, const struct entry *,
	    const struct html_rules *, struct arena *, struct safe_entry *);
	int64_t (*now_ms)(void);	/* the clock */
};

/*
 * NULL and a sentence; err.exit_status is 75 if another process holds the
 * database (the sentence names its pid), 65 if it is newer or corrupt, 69 if
 * it cannot be reached.
 */
struct store *store_open(const struct store_options *, struct err *);

/* Finishes what was handed in, commits, checkpoints, closes. */
void store_close(struct store *);

int store_fd(const struct store *);	/* readable: call store_dispatch() */
void store_dispatch(struct store *);
/* The end is near: from now on nothing waits for another process that holds
 * the database for longer than some seconds, all together. */
void store_hurry(struct store *);
/* Dispatch until nothing is under way: for commands, not for the loop. */
void store_drain(struct store *);
/* Visits handed in and not yet committed: for back-pressure.  Imports are not
 * among them: who hands them in waits for their ends, and nobody else does. */
unsigned store_queue_depth(const struct store *);

/* How the writer fares, since it began: for metrics and status. */
struct store_health {
	struct err	 trouble;	/* why it cannot write; msg "": it can */
	int64_t		 group_max_ms;	/* from the first visit of a group
					   to its commit */
	int64_t		 step_max_ms;	/* the same of what it does unasked */
	int64_t		 step_cpu_max_ms;	/* on a processor of its own */
	unsigned	 steps_cut;	/* for somebody who waited */
	/* The log, that another thread takes back into the database. */
	int64_t		 log_bytes, log_max_bytes;	/* in use */
	int64_t		 copy_max_ms;	/* the longest time it took */
	int		 helped_max_pages;	/* by the writer, at once */
	int64_t		 left_bytes;	/* of it, by who did not close */
	unsigned	 mended;	/* the index for search, made anew */
};
void store_health(struct store *, struct store_health *);

/* ------------------------------------------------------------- sources */

/* Everything the loop remembers of a source between visits. */
struct source_state {
	int64_t		 id;
	char		*url;		/* asked; maybe rewritten by 301s */
	char		*etag, *last_modified;	/* or NULL */
	char		*validators_url;	/* whose they are */
	struct digest	 body_digest;	/* of the last good body */
	int64_t		 next_due_ms;
	struct history	 history;
	int		 gone;		/* 410 was seen */
	unsigned	 permanent_seen;	/* 301s in a row, to permanent_url */
	char		*permanent_url;
	char		*title, *link;	/* the feed's own, or NULL */
	char		*error;		/* last reason, NULL after a success */
	int		 in_flight;	/* a visit was under way at a crash */
	char		*held_host;	/* whom its Retry-After is about; NULL:
					 * the url's own host */
};
void source_state_fini(struct source_state *);

/*
 * Bring the sources table in line with the configuration: a source keeps its
 * history when its URL changes (same name) and when its name changes (same
 * URL); one that is gone from the configuration loses its ownership to the
 * next that listed its entries.  Outlets get their feed ids minted here.
 * done gets states[i] for config->sources[i]; it owns their strings.
 */
typedef void store_sources_fn(struct source_state *states, size_t count,
    const struct err *failed, void *arg);
void store_sync_sources(struct store *, const struct config *,
    store_sources_fn *done, void *arg);

/* Due time, history, failures: remembered now, written with the next group
 * commit or within 30 s.  Validators are not among it: visits bring them.
 * Everything is copied. */
void store_save_state(struct store *, const struct source_state *);
/* The same where nothing differs from what was saved last but next_due_ms,
 * visited_ms, succeeded_ms and max_age_s: a fifth of the price. */
void store_save_due(struct store *, const struct source_state *);
/* New validators without a document: from a 304, or with the bytes of last
 * time.  Written like a state. */
void store_save_validators(struct store *, int64_t source_id,
    const char *url, const char *etag, const char *last_modified);
/* Survives a crash of the program at once; told as in_flight by the first
 * store_sync_sources() after it. */
void store_mark_in_flight(struct store *, int64_t source_id, int yes);

/* -------------------------------------------------------------- visits */

/* A gift: store frees it, its feed and its reference to config. */
struct visit {
	int64_t		 source_id;	/* 0: by the source's name, and made
					   if nobody subscribed to it */
	const struct config *config;	/* a reference of its own */
	const struct config_source *source;	/* inside config */
	enum outcome	 outcome;	/* OK or DAMAGED */
	struct feed	*feed;		/* parsed, normalised, identified;
					   NULL: validators only */
	int64_t		 fetched_ms;
	/* Kept in the same transaction as the entries they vouch for; NULL
	 * or zero clears (a damaged document's are not to be given). */
	char		*url, *etag, *last_modified;
	struct digest	 body_digest;
	int		 is_import;	/* no flood limit, no gap, stamps rule */
};
struct visit *visit_new(void);
void visit_free(struct visit *);

struct visit_result {
	int64_t		 source_id;
	const struct err *failed;	/* NULL: committed */
	unsigned	 sighted;	/* entries in the document */
	unsigned	 added, updated, duplicate;
	unsigned	 edited;	/* silent edits among the duplicates */
	unsigned	 silent;	/* added, beyond the flood limit */
	unsigned	 dropped;	/* by drop-title, keep-title */
	int		 gap;		/* shares nothing with the last one */
	int64_t		 pace_s;	/* mean time between new entries; -1 */
	int64_t		 last_seq;	/* newest announcement; 0: none */
	const char	*first_title;	/* of a new entry, or NULL */
};
typedef void store_visit_fn(const struct visit_result *, void *arg);
void store_visit(struct store *, struct visit **taken, store_visit_fn *done,
    void *arg);

/* ------------------------------------------------------- what is taken away */

/*
 * All these entries are to go, for good: their texts are deleted, from the
 * search too; their keys stay, so that nothing brings them back.  Outlets
 * and archives are the caller's: until store_forget_done() they are told as
 * pending, also after a crash.
 */
typedef void store_forget_fn(const struct err *failed, void *arg);
void store_forget(struct store *, const int64_t *ids, size_t count,
    store_forget_fn *done, void *arg);
void store_forget_done(struct store *, const int64_t *ids, size_t count,
    store_forget_fn *done, void *arg);

/* ------------------------------------------------- outlets and archives */

/* Rendered up to seq, after fsync and rename: kept with the next commit. */
void store_mark_outlet(struct store *, const char *outlet, int64_t seq);
/* With this before the outlet's name: up to there all is on archive pages.
 * Retention takes nothing that is not. */
extern const char store_sealed_mark[];		/* "sealed:" */

/* --------------------------------------------------------------- hosts */

/* Copied, kept with the next commit. */
void store_save_hsts(struct store *, const struct hsts_entry *);

/* ------------------------------------------------------------- reading */

/*
 * fn runs on the reader thread with a connection of its own (one read
 * transaction), then done on the caller's.  Neither may be NULL.
 */
typedef void store_read_fn(struct store_reader *, void *arg);
typedef void store_done_fn(void *arg);
/* For fn beside a daemon: its queries fail after so long from now. */
void store_read_limit(struct store_reader *, int64_t limit_ms);
void store_read(struct store *, store_read_fn *, store_done_fn *done,
    void *arg);

/* A row of the past: one announced state of one entry, ready to show.
 * Borrowed: valid inside the visit callback only. */
/* Another source that listed the entry, by its configuration. */
struct further {
	const struct further *next;
	const char	*name, *title, *url;
};

struct record {
	int64_t		 seq;		/* of the announcement, from 1 */
	int64_t		 entry_id;
	const char	*uuid;		/* urn:uuid: comes before it */
	const char	*key, *url;	/* url NULL: the entry has no link */
	int64_t		 source_id;
	const char	*source_name, *source_title, *source_link;
	const char	*source_url;	/* of the feed */
	int64_t		 timestamp_ms;	/* raw, of this state; DATE_NONE */
	int64_t		 newest_ms;	/* newest raw timestamp of the entry */
	int64_t		 first_timestamp_ms;	/* raw, of the first sighting */
	int64_t		 effective_ms;	/* to sort by and to show */
	int64_t		 published_ms;	/* of the first state, never moves */
	int64_t		 updated_ms;	/* of this state */
	int64_t		 first_seen_ms, announced_ms;
	const char	*stamp;		/* "1740340846000" or "NaN" */
	unsigned	 updates;	/* revisions so far */
	int		 is_update;	/* this state is a revision */
	int		 is_current;	/* no newer state was announced */
	int		 is_silent;	/* beyond the flood limit */
	const char	*title, *content, *summary;	/* safe; maybe "" */
	const char	*language;	/* or NULL */
	const char	*image;		/* or NULL */
	const struct person *authors;
	const struct category *categories;
	const struct enclosure *enclosures;
	const char	*comments;	/* or NULL */
	/* What the source says of itself but for its title and link, plain
	 * text; NULL: nothing is known. */
	const struct feed_head *source_head;
	const struct further *further;
};
/* 0 goes on, anything else stops. */
typedef int store_record_fn(const struct record *, void *arg);

/* Which records: zero means "all", in every field. */
struct store_filter {
	const int64_t	*source_ids;	/* 0 ends */
	int64_t		 after_seq, upto_seq;
	int		 with_silent, with_superseded;
	int64_t		 since_ms;	/* announced at or after */
	unsigned	 limit;
	unsigned	 skip;		/* of a search: so many come before */
	int		 by_date;	/* a search: newest first, not best */
	/* Of all that was announced about this part is of these sources: a
	 * hint how to look for it.  0: found out, which takes time. */
	double		 share;
};
/* In order of seq; newest first if newest_first.  -1: failed, see err. */
int store_each_record(struct store_reader *, const struct store_filter *,
    int newest_first, store_record_fn *, void *arg, struct err *);

/* Those with these numbers, as far as they are there, in this order. */
int store_each_of(struct store_reader *, const int64_t *seqs, size_t count,
    store_record_fn *, void *arg, struct err *);

/*
 * The same without their texts: where a record stands, and a stamp of all of
 * it that can change while it has this number (an edit that is not announced
 * changes it, too), but of what is its source's.  source_ids ascend.
 */
struct store_place {
	int64_t		 seq, entry_id, source_id;
	int64_t		 announced_ms, effective_ms, updated_ms;
	int		 is_silent;
	uint64_t	 stamp;
};
typedef int store_place_fn(const struct store_place *, void *arg);
int store_each_place(struct store_reader *, const struct store_filter *,
    int newest_first, store_place_fn *, void *arg, struct err *);

/*
 * What a record shows of its source, as stamps: of all, in order of id, or
 * (since > 0) of those whose title or link changed after that version, in
 * any order.  A change of anything else they tell, or of which there are and
 * in which order, is another shape.
 */
struct store_sources_version {
	int64_t		 shape, shown;
};
int store_sources_version(struct store_reader *,
    struct store_sources_version *ret, struct err *);
int store_each_stamp(struct store_reader *, int64_t since,
    int (*fn)(int64_t id, uint64_t stamp, void *arg), void *arg,
    struct err *);

/* Those whose effective_ms is in [from, to), latest first: limit and skip
 * count. */
int store_each_between(struct store_reader *, const struct store_filter *,
    int64_t from_ms, int64_t to_ms, store_record_fn *, void *arg,
    struct err *);
/* The effective_ms closest before ms, or (is_after) at it or after it;
 * DATE_NONE: none. */
int store_time_near(struct store_reader *, const int64_t *source_ids,
    int64_t ms, int is_after, int64_t *ret, struct err *);

/* Every entry in its current state, in order of first announcement.  Its
 * title is the one last announced, as the publisher wrote it (not safe): a
 * silent edit does not move it. */
int store_each_entry(struct store_reader *, store_record_fn *, void *arg,
    struct err *);

/*
 * For lists: the months (of the first date) of what was announced after one
 * number and up to another, and what a source has in such a month, newest
 * first.  Of a record only what names it is there: no people, no text unless
 * there is no title; seq is 0 where retention took it.
 */
struct store_month {
	int64_t		 source_id;
	const char	*source_name, *source_title;
	const char	*month;		/* "2025-02", UTC */
};
typedef int store_month_fn(const struct store_month *, void *arg);
int store_each_month(struct store_reader *, int64_t after_seq,
    int64_t upto_seq, store_month_fn *, void *arg, struct err *);
int store_each_of_month(struct store_reader *, int64_t source_id,
    const char *month, unsigned limit, store_record_fn *, void *arg,
    struct err *);

/*
 * The best first of the records that have all the words, in title or text:
 * whole words without regard to case and diacritics, and any run of Chinese,
 * Japanese or Korean characters.  Any words are safe: nothing in them is an
 * operator; -1 also where they are more than a search can take.  What a visit
 * brought is found from its commit on, but after a burst or an upgrade the
 * index follows later: everything up to store_search_seq() is found, what was
 * edited since perhaps as it was before.
 */
#define STORE_FOUND	"\xee\x80\x80"	/* U+E000 */
#define STORE_FOUND_END	"\xee\x80\x81"
struct store_hit {
	const struct record *record;
	double		 rank;		/* the higher, the better */
	const char	*snippet;	/* plain text, one line, maybe ""; what
					   was found between the two above */
	const char	*title;		/* all of it, likewise */
};
typedef int store_search_fn(const struct store_hit *, void *arg);
int store_search(struct store_reader *, const char *words,
    const struct store_filter *, store_search_fn *, void *arg, struct err *);
int64_t store_search_seq(struct store_reader *);

/*
 * Are the sources in the database those of this configuration?  Between the
 * commit of store_sync_sources() and its callback they are already those of
 * the next: names would lead to other feeds, or to none.
 */
int store_has_sources(struct store_reader *, const struct config *);

/* Of everything that was announced; 0 before the first. */
int store_last_seq(struct store_reader *, int64_t *ret, struct err *);
/* The last number announced before this time; retention may have left a
 * smaller one. */
int store_seq_before(struct store_reader *, int64_t since_ms, int64_t *ret,
    struct err *);
int store_outlet_seq(struct store_reader *, const char *outlet, int64_t *ret,
    struct err *);
/* The feed id of an outlet, minted by store_sync_sources(), kept for good. */
int store_outlet_uuid(struct store_reader *, const char *outlet,
    char out[UUID_TEXT_SIZE], struct err *);

/* The entries somebody means by an address, a key as the export has it, or
 * "urn:uuid:...": usually one. */
int store_find_entries(struct store_reader *, const char *what,
    int (*fn)(int64_t id, void *arg), void *arg, struct err *);

/* An entry that was taken away; borrowed. */
struct tombstone {
	int64_t		 entry_id, at_ms;
	const char	*uuid, *url;	/* url or NULL */
	const char	*key;		/* "#..." inside its source */
};
struct tombstone_filter {
	const int64_t	*source_ids;	/* ascending; 0 ends; NULL: of all */
	int		 with_expired;	/* those of retention, too */
	int		 pending;	/* only those whose files may be there */
	unsigned	 limit;		/* 0: none */
};
/* The latest first. */
int store_each_tombstone(struct store_reader *,
    const struct tombstone_filter *,
    int (*fn)(const struct tombstone *, void *arg), void *arg, struct err *);

struct source_summary {		/* for status */
	int64_t		 id;
	const char	*name, *url, *title, *error;
	const char	*outcome;
	int64_t		 next_due_ms, visited_ms, succeeded_ms, changed_ms;
	unsigned	 failures;
	int64_t		 entries, announced;
	int		 gone, removed;	/* removed: not configured any more */
	int		 disabled;	/* set by who has the configuration */
};
int store_each_source(struct store_reader *,
    int (*fn)(const struct source_summary *, void *), void *arg,
    struct err *);

/* What was remembered of each source that is configured: lent to fn. */
typedef int store_state_fn(const char *name, const struct source_state *,
    void *arg);
int store_each_state(struct store_reader *, store_state_fn *, void *arg,
    struct err *);

/* Hosts that want to be asked by https, their time over or not. */
typedef int store_hsts_fn(const struct hsts_entry *, void *arg);
int store_each_hsts(struct store_reader *, store_hsts_fn *, void *arg,
    struct err *);

struct store_totals {
	int64_t		 entries, revisions, sources, visits, last_seq;
	int64_t		 database_bytes;
};
int store_totals(struct store_reader *, struct store_totals *, struct err *);

/* Static; of what runs, not of what it was built with. */
const char *store_library_version(void);

#endif
