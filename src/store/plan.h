/*
 * plan.h - from a document to what is to be written of it: every entry
 * decided, in document order, and made safe where it will be shown.
 *
 * Only what has one row of its own is written here (listings, refreshed
 * texts): announcements wait until all of them are known.
 */
#ifndef FEEDMILL_STORE_PLAN_H
#define FEEDMILL_STORE_PLAN_H

#include <regex.h>

#include "feedmill/store.h"

#include "known.h"
#include "owner.h"
#include "rows.h"
#include "writer.h"

/* A visit on its way through the stages of visit.c. */
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

/* Fills changes and the counts of the result; -1: the database failed. */
int plan_document(struct visiting *);

#endif
