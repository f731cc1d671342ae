/*
 * known.h - from the entries of one document to what the database knows of
 * them, each looked up once.
 *
 * The copy in memory is kept up to date while the document is worked
 * through, so that an entry that stands in it twice meets itself.
 */
#ifndef FEEDMILL_STORE_KNOWN_H
#define FEEDMILL_STORE_KNOWN_H

#include <stddef.h>
#include <stdint.h>

#include "feedmill/base/arena.h"
#include "feedmill/model.h"

#include "db.h"

struct known {
	struct known	*next;		/* in its bucket */
	struct known	*alias_of;	/* the same entry under another key */
	uint64_t	 hash;
	const char	*key;		/* as stored: without its scope */
	int64_t		 scope;		/* source id; 0: all sources */
	/* The row. */
	int64_t		 id;		/* 0: none (yet) */
	int64_t		 source_id;	/* owner */
	int64_t		 seq, timestamp_ms, first_ts_ms;
	int64_t		 published_ms, first_seen_ms;
	struct digest	 announced, stored;
	unsigned	 updates;
	int		 is_taken;
	const char	*title, *url;	/* NULL: as they are */
	/* Of this visit. */
	int		 is_dirty;	/* the row is to be written */
	int		 was_seen;	/* earlier in the document */
	int		 was_stored;	/* by an earlier visit */
	int		 is_listed;	/* has a row in sightings */
	int64_t		 listed_ms;	/* newest time there */
	struct change	*newest;	/* announcement of this visit */
	size_t		 rank;		/* among the new ones; 0: none */
};

struct guid {
	struct guid	*next;
	struct digest	 digest;
	unsigned	 times;		/* in this document */
	int		 is_stored;	/* as the alias of an entry */
	int64_t		 entry_id;	/* that one; 0: it is nobody's */
	int		 is_contested;	/* and is to be nobody's */
};

/* One entry of the document. */
struct sighting {
	const struct entry *entry;
	struct known	*known;
	struct guid	*guid;		/* NULL: none that could be an alias */
};

struct document {
	struct sighting	*sightings;
	size_t		 count;
	struct arena	*arena;		/* of all that hangs here */
	struct known	**known;	/* buckets */
	struct guid	**guids;
	size_t		 mask;
};

struct document_source {
	int64_t		 id;
	const char	*name;		/* what scoped keys begin with */
	uint64_t	 seed;
	int		 has_aliases;	/* 0: none can be there yet */
};

/* Look up all entries of feed; -1: the database failed. */
int document_open(struct document *, struct db *, struct feed *,
    const struct document_source *);

/* Does the source list the entry (sets is_listed, listed_ms)? */
int known_load_listing(struct known *, struct db *, int64_t source_id);

/* The entry behind it, wherever an alias leads. */
struct known *known_target(struct known *);

#endif
