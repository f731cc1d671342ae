/*
 * import.h - from files of the past to known entries.
 *
 * Takes archive posts (ours and both old dialects), Atom, RSS and JSON Feed
 * files, and folders of them, in the order of their names.  What a post says
 * it is of becomes its source: a configured one of that name or title, else
 * one that is only remembered.  Reading a file twice adds nothing.
 *
 * A folder may be all of a site: in it, what by its name is neither a post
 * nor a feed (pictures, layouts, lists of posts, a README) is passed over.
 * What is named itself is always read.
 */
#ifndef FEEDMILL_IMPORT_H
#define FEEDMILL_IMPORT_H

struct config;
struct store;

struct imported {
	unsigned	 files, unreadable, passed_over;
	unsigned	 added, updated, duplicate;
	int		 storage_failed;
};

/* Mistakes are logged one by one, with the file's name; progress is shown
 * on a terminal.  Returns when all is committed. */
void import_path(struct store *, const struct config *, const char *path,
    struct imported *ret);

#endif
