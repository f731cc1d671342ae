/*
 * keep.h - from an answer that could not be read to a file of it, and back.
 *
 * Whoever wants to know why a document was damaged last night needs its
 * bytes.  A file is a head of "Name: value" lines and of the exchange ("> "
 * what was asked, "< " what was answered, without credentials), an empty
 * line, and the body after transfer and content encoding:
 *
 *	feedmill-answer: 1
 *	Source: name
 *	Url: https://example.org/feed
 *	Time: 2026-11-22T05:00:00Z
 *	Outcome: damaged
 *	Reason: damaged, read in part: line 3, column 5: no element found
 *	Content-Type: application/xml
 *	> GET https://example.org/feed HTTP/2
 *	< HTTP/2 200
 *
 *	<?xml version="1.0"?>...
 *
 * Further names: Content-Language, Content-Location (as the server said),
 * Charset, Zone (seconds east of UTC; as the source is configured).
 */
#ifndef FEEDMILL_KEEP_H
#define FEEDMILL_KEEP_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

/* In a folder of kept answers; the oldest go. */
enum {
	KEEP_FILES_MAX = 200, KEEP_OF_SOURCE_MAX = 10,
	KEEP_BYTES_MAX = 64 << 20
};

struct kept {			/* NULL: not said; all borrowed */
	const char	*source, *url, *outcome, *reason;
	const char	*content_type, *content_language, *content_location;
	const char	*charset;
	int		 zone_s;
	int64_t		 at_ms;		/* not read back */
	const char	*exchange;	/* not read back */
	const char	*body;
	size_t		 body_len;
};

/* The file's bytes, and its name: time, source, digest of the body. */
void keep_format(struct buf *bytes, struct buf *name, const struct kept *);

/* In place: ret points into bytes, which are changed and end with a NUL
 * beyond len.  -1 and a sentence if this is no such file. */
int keep_read(char *bytes, size_t len, struct kept *ret, struct err *);

/* Into the folder, made with mode 0700 if it is not there.  What is there
 * with the same source and body stays the only one. */
int keep_put(const char *folder, const char *name, const void *bytes,
    size_t len, struct err *);

#endif
