/*
 * archive.h - from new revisions to Markdown posts, and back.
 *
 * Like publish.h: marks, one round on the reader thread from the sequence
 * number each archive has reached, files replaced atomically, progress kept
 * after fsync and rename.  A crash repeats posts, never loses one: a file's
 * name is a pure function of its entry.
 *
 * archive_read_post() reads one post, ours or of the two old dialects, into
 * a feed of one entry for the store.
 */
#ifndef FEEDMILL_ARCHIVE_H
#define FEEDMILL_ARCHIVE_H

#include <stddef.h>

struct archive;
struct config;
struct err;
struct ev_loop;
struct feed;
struct store;

/* What came of a round; borrowed. */
struct archived {
	unsigned	 posts;		/* written in this round */
	const struct err *failed;	/* NULL: all is well */
};
typedef void archive_done_fn(const struct archived *, void *arg);

struct archive *archive_new(struct ev_loop *, struct store *,
    archive_done_fn *, void *arg);
void archive_configure(struct archive *, const struct config *);
void archive_touch(struct archive *);	/* something was announced */
void archive_flush(struct archive *);	/* now, not when the second is up */
int archive_is_idle(const struct archive *);	/* but for a retry */
void archive_free(struct archive *);		/* no callbacks */

/* On the reader thread: no archive has posts of these entries any more.
 * *posts counts those that were removed; -1: at least one could not be. */
struct tombstone;
int archive_forget(const struct config *, const struct tombstone *gone,
    size_t count, unsigned *posts, struct err *);

/*
 * A post's bytes to a feed with one entry (id, title, link, stamp, date,
 * author, body, category).  site: name of the source the post says it is of,
 * in the feed's arena, or NULL.  identity.key: what the post says it is known
 * by ("#..." inside that source), or NULL: see its link.  NULL and a sentence
 * if it is no post.
 */
struct feed *archive_read_post(const char *bytes, size_t len,
    const char **ret_site, struct err *);

#endif
