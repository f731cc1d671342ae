/*
 * rounds.h - from marks ("something changed") to rounds of work on the
 * store's reader thread: what publish and archive have in common.
 *
 * One round at a time, however many marks; one a second at most.  A round is
 * begun on the loop, run on the reader thread and ended on the loop: the two
 * never touch it at once.  It keeps the configuration it began with, and does
 * nothing if the database has the sources of the next one by then.  One
 * that failed is tried again after 30 s and with the next mark; the log has
 * a failure when it begins, when it changes and when it is over.
 *
 * Knows when, not what: that is a struct rounds_kind.
 */
#ifndef FEEDMILL_ROUNDS_H
#define FEEDMILL_ROUNDS_H

#include <stddef.h>
#include <stdint.h>

#include "feedmill/base/arena.h"
#include "feedmill/base/err.h"
#include "feedmill/render.h"

struct config;
struct ev_loop;
struct record;
struct rounds;
struct store;
struct store_reader;

/* What a kind's own struct begins with. */
struct round {
	const struct config *config;
	struct err	 failed;	/* the last failure; "" for none */
	int		 more;		/* another round is due at once */
	int		 later;		/* and one soon, that nobody waits for */
	int		 is_last;	/* nobody waits for this one: for all */
};

struct rounds_kind {
	const char	*what;		/* "publishing", for the log */
	size_t		 size;		/* of the struct, zeroed */
	void		(*begin)(struct round *, void *arg);
	void		(*run)(struct store_reader *, struct round *);
	/* All is told, kept and freed here; after it the round is gone.
	 * arg NULL: only free, its owner is gone. */
	void		(*end)(struct round *, void *arg);
};

struct rounds *rounds_new(struct ev_loop *, struct store *,
    const struct rounds_kind *, void *arg);
void rounds_configure(struct rounds *, const struct config *);
void rounds_touch(struct rounds *);
void rounds_flush(struct rounds *);	/* do not wait */
void rounds_finish(struct rounds *);	/* and leave little for later */
/* But for a retry, and for what was left for later. */
int rounds_are_idle(const struct rounds *);
void rounds_free(struct rounds *);

/* Note a failure with what it is about; the round goes on. */
void round_fail(struct round *, const struct err *, const char *kind,
    const char *name);

/* ---------------------------------------------- what both do with records */

/* The part of a record that is shown: without its feed's address if there is
 * a secret in it. */
struct item record_item(const struct record *, const struct config *);

/* Sources an outlet or an archive takes: configured, willing, selected. */
struct selected {
	int64_t		 id;
	int64_t		 keep_s;	/* retention's; 0: for ever */
};
struct selection {
	struct arena	 arena;
	int64_t		*ids;		/* ascending; 0 ends; NULL: none */
	struct selected	*list;		/* the same */
	size_t		 count;
	int64_t		 announced;	/* by all of them so far */
	/* Those whose address holds no secret, in the store's order. */
	const struct outlet_source *shown;
};
enum selection_use { SELECT_PUBLISHED, SELECT_ARCHIVED };
int selection_load(struct selection *, struct store_reader *,
    const struct config *, const char *const *tags,
    const char *const *sources, enum selection_use, struct err *);
/* NULL: it is none of them. */
const struct selected *selection_find(const struct selection *, int64_t id);
/* The list of those shown is let go. */
void selection_forget_shown(struct selection *);
void selection_fini(struct selection *);

#endif
