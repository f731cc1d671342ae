/*
 * lists.h - from new entries to the lists of their months.
 *
 * Private to archive.  A list holds what one source published in one month,
 * newest first, at most LIST_MAX of them.  What is new since the last round
 * says which lists are made again; each is read by an index, without texts,
 * so a new entry costs a month of its source, however large the archive.
 */
#ifndef FEEDMILL_ARCHIVE_LISTS_H
#define FEEDMILL_ARCHIVE_LISTS_H

#include <stdint.h>

struct config;
struct config_archive;
struct err;
struct store_reader;

struct listing {
	const struct config *config;
	const struct config_archive *archive;	/* in it */
	struct store_reader *reader;
	const int64_t	*ids;		/* of its sources; 0 ends */
	int		 postfd;	/* the folder of its posts */
};

/* On the reader thread.  *seq: listed up to here, moved on, at most to upto;
 * 1 if there is more to do, -1 and a sentence. */
int lists_write(const struct listing *, int64_t *seq, int64_t upto,
    struct err *);

#endif
