/*
 * search.h - /search?q=WORDS as a page or as JSON.
 *
 *	q	the words; all have to be there
 *	in	an outlet; else everything that any outlet publishes
 *	order	best (default) or new
 *	page	from 1
 *	format	html or json; else what Accept prefers
 */
#ifndef FEEDMILL_DAEMON_SEARCH_H
#define FEEDMILL_DAEMON_SEARCH_H

#include "desk.h"

extern const struct desk_kind search_kind;

/* The sources an outlet publishes, or (NULL) all outlets do: 0 ends; to
 * free().  NULL and 0: none; -1: failed. */
int search_sources(struct store_reader *, const struct config *,
    const char *outlet, int64_t **ret_ids, struct err *);

/* NULL: there is none of this name. */
const struct config_outlet *search_outlet(const struct config *,
    const char *name);

#endif
