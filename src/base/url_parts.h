/*
 * url_parts.h - a URL reference to its five components (RFC 3986 section 3
 * and appendix B), as spans of the string: what url.c and url_canonical.c
 * share.
 */
#ifndef FEEDMILL_BASE_URL_PARTS_H
#define FEEDMILL_BASE_URL_PARTS_H

#include <stddef.h>

struct buf;

/* p is NULL where the component is undefined, which is not "empty". */
struct span {
	const char	*p;
	size_t		 len;
};

struct url_parts {
	struct span	scheme;		/* without ":" */
	struct span	authority;	/* without "//" */
	struct span	path;		/* never undefined */
	struct span	query;		/* without "?" */
	struct span	fragment;	/* without "#" */
};

/* Never fails: any string is some reference. */
struct url_parts url_split(struct span);

/* userinfo, host and port of an authority; the port without ":". */
struct url_host_port {
	struct span	host;
	struct span	port;
};
struct url_host_port url_split_authority(struct span authority);

/* name is lower-case ASCII. */
int span_equal_nocase(struct span, const char *name);
int span_is_http(struct span scheme);
void span_put_lower(struct buf *, struct span);

#endif
