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
 *
 * The files are opened by whoever imports them, who may read what a daemon
 * may not; their bytes are read by whoever owns the database.  Where that is
 * a daemon they go through its control socket, some at a time, and the next
 * only when those are committed: who is killed in the middle imports again.
 */
#ifndef FEEDMILL_IMPORT_H
#define FEEDMILL_IMPORT_H

#include <stddef.h>

struct config;
struct err;
struct ev_loop;
struct store;

struct imported {
	unsigned	 files, unreadable, passed_over;
	unsigned	 added, updated, duplicate;
	int		 storage_failed;
};

/* Whose the database is: ours, or the daemon's that has this socket. */
struct import_target {
	struct store		*store;		/* NULL: a daemon's */
	const struct config	*config;
	char			*socket_path;
};

/* Is there a daemon to import by? */
int import_is_heard(const char *socket_path);

/*
 * Mistakes are logged one by one, with the file's name; progress is shown on
 * a terminal.  Returns when all is committed; -1 and a sentence if there is
 * no daemon any more, or it refuses: then ret has what was committed.
 */
int import_path(const struct import_target *, const char *path,
    struct imported *ret, struct err *);

/* ------------------------------------------------------ the daemon's side */

/* The verb of the control socket, and the most bytes of its body. */
#define IMPORT_VERB	"import"
enum { IMPORT_BODY_MAX = (64 << 20) + 16 };

/*
 * Takes what import_path() sends: it is read on a thread of its own, handed
 * to the store, and answered when it is committed.  Any bytes: what is no
 * batch is refused whole.
 */
struct importer;
struct importer *importer_new(struct ev_loop *, struct store *);

/* bytes are borrowed until done, which is called once, never before this has
 * returned.  changed: there is something new to publish. */
typedef void importer_done_fn(int status, const char *text, size_t len,
    int changed, void *arg);
void importer_take(struct importer *, const struct config *,
    const char *bytes, size_t len, importer_done_fn *done, void *arg);

/* Begins nothing more.  What was handed to the store is done when the store
 * is drained; importer_free() after that. */
void importer_close(struct importer *);
void importer_free(struct importer *);

#endif
