/*
 * file.h - from published files to responses that are ready to send.
 *
 * Private to serve.  A document is held in memory as it was when it was
 * read, with its gzip twin if that fits; a request touches the file system
 * for sealed pages alone, so no path can lead anywhere.  Bytes live as long
 * as the last response made of them.
 */
#ifndef FEEDMILL_SERVE_FILE_H
#define FEEDMILL_SERVE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "feedmill/delta.h"

struct buf;
struct config;
struct MHD_Response;

struct bytes;			/* counted */

/* One representation: the document as it is, or gzipped. */
struct shape {
	struct bytes	*bytes;		/* NULL: there is none */
	struct MHD_Response *whole;	/* for 200 and HEAD */
	struct MHD_Response *unchanged;	/* for 304 */
	char		 etag[DELTA_TAG_SIZE + 8];
};

struct document {
	char		*path;		/* "/all.atom" */
	char		*file;		/* NULL: made here */
	const char	*type;
	char		*links;		/* of its field Link, or NULL */
	int64_t		 modified_ms;
	long long	 mark[4];	/* of the file as it was read */
	struct shape	 plain, gzip;
	struct delta	 delta;		/* state_ms 0: none is known */
	int		 seen;		/* in the last look */
	int		 is_sealed;	/* will not change */
};

/* A subscriber asks for sealed pages once, one after the other. */
enum { PAGES_HELD = 4 };

struct documents {
	struct document	*list;
	size_t		 count;
	const char	*front;		/* what "/" stands for, or NULL */
	struct document	 pages[PAGES_HELD];
	unsigned	 next_page;	/* to be given up */
};

/* Look at the files of all outlets: read what changed, forget what went. */
void documents_load(struct documents *, const struct config *);
void documents_free(struct documents *);

const struct document *documents_find(const struct documents *,
    const char *path);

/* The sealed page of an outlet at path, read if it is not held: there can be
 * thousands.  The file's name is made of an outlet's and a number, never of
 * the path.  Good until the next call. */
const struct document *documents_find_page(struct documents *,
    const struct config *, const char *path);

/* The digest is of the document in both: a twin's tag tells what it is. */
void shape_set(struct document *, struct shape *, struct buf *taken,
    struct digest);
void shape_fini(struct shape *);
size_t shape_len(const struct shape *);
const char *shape_bytes(const struct shape *);

/* len bytes from first, without copying; fields are the caller's. */
struct MHD_Response *shape_part(const struct shape *, size_t first,
    size_t len);

/* What a page may do: nothing is run, only pictures are loaded. */
void response_add_policy(struct MHD_Response *, const char *type);

/* What every answer about this shape says: ETag, Last-Modified, Vary... */
void shape_add_fields(struct MHD_Response *, const struct document *,
    const struct shape *);

/* The same of what is new in it since base, a tag with its quotes: the tag of
 * the whole, and for whom it is. */
void delta_add_fields(struct MHD_Response *, const struct document *,
    const char *base);

#endif
