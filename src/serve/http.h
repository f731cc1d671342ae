/*
 * http.h - from a request's header fields to what is to be answered
 * (RFC 9110).
 *
 * Pure; private to serve.  Knows fields and representations, not sockets and
 * not libmicrohttpd.
 */
#ifndef FEEDMILL_SERVE_HTTP_H
#define FEEDMILL_SERVE_HTTP_H

#include <stddef.h>
#include <stdint.h>

/* Fields as sent, NULL: not there. */
struct http_ask {
	int		 is_get;	/* else HEAD */
	const char	*if_match, *if_none_match;
	const char	*if_modified_since, *if_unmodified_since;
	const char	*range, *if_range;
};

/* What would be sent without any condition. */
struct http_thing {
	const char	*etag;		/* strong, with its quotes */
	int64_t		 modified_ms;
	size_t		 len;
};

/* 200, 206, 304, 412 or 416. */
struct http_answer {
	int		 status;
	size_t		 first, len;	/* of 206 */
};

/* Preconditions in the order of section 13.2.2; one range at most, else all
 * of it is sent (section 14.2 allows that). */
struct http_answer http_judge(const struct http_ask *,
    const struct http_thing *);

/* Does this Accept-Encoding take gzip, and no less gladly than none? */
int http_prefers_gzip(const char *accept_encoding);
/* Does this A-IM take the delta of a feed (RFC 3229)? */
int http_accepts_delta(const char *a_im);

/* The next entity tag of an If-None-Match, what is between its quotes: weak
 * or not.  NULL ends the list, or what is one of it. */
const char *http_next_tag(const char **list, size_t *ret_len);
/* Is etag, which has its quotes, one of them? */
int http_names_tag(const char *list, const char *etag);

#endif
