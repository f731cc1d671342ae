/*
 * site.h - from a URL to the parts a request needs: whom to resolve,
 * where to connect, what to ask, and with whose credentials.
 *
 * Strings live in the arena that was given.
 */
#ifndef FEEDMILL_FETCH_SITE_H
#define FEEDMILL_FETCH_SITE_H

#include "feedmill/base/arena.h"

struct fetch_site {
	const char	*url;		/* without user, password, fragment */
	const char	*host;		/* lower case, ASCII, no brackets */
	unsigned	 port;
	int		 https;
	int		 numeric;	/* host is an address */
	const char	*user, *password;	/* of the URL, decoded; NULL */
	/* Of a url with nothing to interpret, else path is NULL; port_text
	 * and query are NULL if it has none. */
	const char	*port_text, *path, *query;
};

/* NULL, or why not: a sentence. */
const char *fetch_site_parse(struct fetch_site *, struct arena *,
    const char *url);

/* The same for a Location seen at base. */
const char *fetch_site_follow(struct fetch_site *, struct arena *,
    const struct fetch_site *base, const char *location);

/* The same by https (RFC 6797 section 8.3): port 80 becomes 443, another
 * stays. */
void fetch_site_secure(struct fetch_site *, struct arena *);

/* A proxy, as CURLOPT_PROXY takes it: only host, port and numeric are set. */
const char *fetch_site_parse_proxy(struct fetch_site *, struct arena *,
    const char *proxy);

int fetch_site_same_host(const struct fetch_site *,
    const struct fetch_site *);

/* May what was meant for the first be told to the second?  The same scheme,
 * host and port, or the step from http to https on their own ports. */
int fetch_site_same_origin(const struct fetch_site *from,
    const struct fetch_site *to);

#endif
