/*
 * visits.h - the bounded history of a source's visits: those that brought a
 * document, and those whose outcome was another than the one before.
 */
#ifndef FEEDMILL_STORE_VISITS_H
#define FEEDMILL_STORE_VISITS_H

#include <stdint.h>

#include "feedmill/model.h"

struct db;

enum { VISITS_KEPT = 64 };

struct visit_row {
	int64_t		 source_id;
	int64_t		 number;	/* visits of the source before it */
	int64_t		 at_ms;
	enum outcome	 outcome;
	unsigned	 sighted, added, updated;
};

int visits_put(struct db *, const struct visit_row *);

#endif
