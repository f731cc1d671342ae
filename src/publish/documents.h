/*
 * documents.h - from what an outlet is to show to its documents and
 * what is beside them: the gzip twins, the notes (delta.h).
 *
 * Private to publish.  What was written last is remembered, not its bytes:
 * these are in the files, and are taken over where they are what was written
 * and still what is to be shown.  The files are then the same as if nothing
 * had been remembered.
 */
#ifndef FEEDMILL_PUBLISH_DOCUMENTS_H
#define FEEDMILL_PUBLISH_DOCUMENTS_H

#include "feedmill/render.h"
#include "feedmill/rounds.h"
#include "found.h"
#include "twin.h"
#include "window.h"

struct config;
struct config_outlet;
struct err;
struct store_reader;

enum { FORMATS_MAX = 8 };

/* An item in a document. */
struct span {
	size_t		 from, len;
	uint64_t	 hash;
};

/* The files of a document, in the order in which they are replaced. */
enum { BESIDE_TWIN, BESIDE_NOTES, BESIDE_ITSELF, BESIDE_COUNT };

struct document {
	int		 is_known;
	uint64_t	 key;		/* of all but the items */
	struct digest	 digest;
	size_t		 len;
	struct span	*spans;		/* of the window's places */
	struct twin	 twin;
	struct file_mark marks[BESIDE_COUNT];
};

/* An outlet as it was published last; zeroed: never. */
struct shown {
	struct window	 window;
	struct document	 documents[FORMATS_MAX];
};
void shown_fini(struct shown *);

/* As it is to be. */
struct edition {
	struct store_reader *reader;
	const struct config *config;
	const struct config_outlet *outlet;
	struct outlet_head head;	/* its sources: of the selection */
	struct selection *selection;
	const struct stamps *stamps;
	struct window	 window;	/* kept for the next time */
	int64_t		 last_seq, pages;	/* of the database; sealed */
	int		 dirfd;
};

/* *changed: of those that were replaced, also where others could not be. */
int documents_write(struct edition *, struct shown *, unsigned *changed,
    unsigned *files, struct err *);

#endif
