/*
 * url.h - references resolved, and URLs brought to the one spelling that
 * identity compares.
 *
 * Resolving is RFC 3986 section 5 with a browser's forgiveness (blanks
 * trimmed, TAB CR LF dropped, raw UTF-8 encoded, "\" for "/", IDN hosts to
 * punycode by libcurl).  What was a valid absolute URL stays as it was
 * written, but for the case of scheme and host.  The rules of the keys are
 * at the top of url_canonical.c.  Both are pure.
 */
#ifndef FEEDMILL_BASE_URL_H
#define FEEDMILL_BASE_URL_H

#include <stddef.h>

struct buf;

enum { URL_MAX_BYTES = 4096 };

/* Once, from main(), before any thread: locale for IDN, libcurl's set-up. */
void url_init(void);

/*
 * ref resolved against base (NULL or "": ref must be absolute), malloc()ed;
 * NULL where there is no usable absolute URL: no host, a host or port that
 * cannot be, more than URL_MAX_BYTES of http.  An empty ref is the base
 * itself.  Any scheme passes here: what may become a link in HTML is
 * html.c's decision.  url_resolve(NULL, result) equals result.
 */
char *url_resolve(const char *base, const char *ref);

/* The key of identity: "//host/path?query", NULL for what is no URL.
 * url_canonical(url_canonical(u)) equals url_canonical(u). */
char *url_canonical(const char *url);

/* Is the scheme http or https? */
int url_is_http(const char *url);

/* Lower-case host without port, malloc()ed; NULL if there is none. */
char *url_host(const char *url);

/* "https://host:port" of the URL, malloc()ed, for politeness per host. */
char *url_origin(const char *url);

/* The URL as a log or a status page may show it: no userinfo, no secrets in
 * the query ("token", "key", "auth", "password" and the like get "..."). */
char *url_redact(const char *url);

/*
 * Bytes as "%XX".  Which ones is the caller's rule: a form escapes all but
 * the unreserved (RFC 3986 section 2.3), a link only what its document could
 * stumble over.
 */
int url_is_unreserved(char);
void url_put_escape(struct buf *, char);
void url_put_escaped(struct buf *, const char *, size_t len,
    int (*is_kept)(char));

/* The byte that an escape at s stands for; -1: there is none. */
int url_escaped_byte(const char *s, size_t len);

#endif
