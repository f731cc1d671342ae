/* site.c - URLs taken apart by libcurl, which will use them. */
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <curl/curl.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "site.h"

static char *
part(CURLU *u, CURLUPart what, unsigned flags)
{
	char *s = NULL;

	return curl_url_get(u, what, &s, flags) == CURLUE_OK ? s : NULL;
}

static const char *
part_into(struct arena *arena, CURLU *u, CURLUPart what, unsigned flags)
{
	char *s = part(u, what, flags);
	const char *copy = arena_strdup(arena, s);

	curl_free(s);
	return copy;
}

static int
is_printable(const char *s)
{
	while (*s > ' ' && *s < 0x7f)
		s++;
	return *s == '\0';
}

/* An address in brackets loses them; a zone ("%eth0") is refused. */
static const char *
take_host(struct fetch_site *site, struct arena *arena, CURLU *u)
{
	char *host = part(u, CURLUPART_HOST, 0), *zone;
	unsigned char address[16];
	size_t len;

	/* "%a1" becomes a byte that no name has. */
	if (host == NULL || !is_printable(host)) {
		curl_free(host);
		return "the URL's host name cannot be used";
	}
	zone = part(u, CURLUPART_ZONEID, 0);
	len = strlen(host);
	for (char *p = host; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 32);
	curl_url_set(u, CURLUPART_HOST, host, 0);
	if (host[0] == '[')
		site->host = arena_strndup(arena, host + 1, len - 2);
	else
		site->host = arena_strdup(arena, host);
	curl_free(host);
	site->numeric = inet_pton(AF_INET, site->host, address) == 1 ||
	    inet_pton(AF_INET6, site->host, address) == 1;
	if (zone != NULL) {
		curl_free(zone);
		return "the URL's address has a zone";
	}
	return NULL;
}

static const char *
take_parts(struct fetch_site *site, struct arena *arena, CURLU *u)
{
	const char *scheme, *port, *why;

	memset(site, 0, sizeof(*site));
	scheme = part_into(arena, u, CURLUPART_SCHEME, 0);
	if (scheme == NULL || (strcmp(scheme, "http") != 0 &&
	    strcmp(scheme, "https") != 0))
		return "only http and https are asked";
	site->https = strcmp(scheme, "https") == 0;
	site->user = part_into(arena, u, CURLUPART_USER, CURLU_URLDECODE);
	site->password = part_into(arena, u, CURLUPART_PASSWORD,
	    CURLU_URLDECODE);
	why = take_host(site, arena, u);
	if (why != NULL)
		return why;
	port = part_into(arena, u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	site->port = port != NULL ? (unsigned)strtoul(port, NULL, 10) : 0;
	if (site->port == 0)
		return "the URL's port cannot be used";
	curl_url_set(u, CURLUPART_USER, NULL, 0);
	curl_url_set(u, CURLUPART_PASSWORD, NULL, 0);
	curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
	site->url = part_into(arena, u, CURLUPART_URL, 0);
	if (site->url == NULL || strlen(site->url) > URL_MAX_BYTES)
		return "the URL cannot be used";
	return NULL;
}

/* Bytes of a path or query that mean themselves and are left alone. */
static int
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || strchr("/-_~?=&%+,;:.", c) != NULL;
}

/* Not with a "%" in it, which libcurl would spell anew, nor with a "?" and
 * nothing behind it. */
static void
keep_parts(struct fetch_site *site, struct arena *arena, const char *port,
    const char *path)
{
	const char *query = strchr(path, '?');

	if (strchr(path, '%') != NULL || (query != NULL && query[1] == '\0'))
		return;
	if (port != NULL)
		site->port_text = arena_strndup(arena, port,
		    (size_t)(path - port));
	site->path = query == NULL ? arena_strdup(arena, path) :
	    arena_strndup(arena, path, (size_t)(query - path));
	if (query != NULL)
		site->query = arena_strdup(arena, query + 1);
}

/*
 * Nearly all URLs are "https://some.host/plain/path": those need no parser.
 * What is taken here is what libcurl cannot read otherwise: a name whose last
 * label begins with a letter or a dotted quad, no user, no dot segment, and
 * nothing that is rewritten.  0: not that simple.
 */
static int
take_plain(struct fetch_site *site, struct arena *arena, const char *url)
{
	int https = strncmp(url, "https://", 8) == 0;
	const char *host = url + (https ? 8 : 7), *end = host, *p, *path;
	unsigned char address[4];
	const char *label = host;
	unsigned port = 0;

	if (!https && strncmp(url, "http://", 7) != 0)
		return 0;
	for (; (*end >= 'a' && *end <= 'z') || (*end >= '0' && *end <= '9') ||
	    (end > label && *end == '-') || (end > label && *end == '.');
	    end++)
		if (*end == '.')
			label = end + 1;
	p = end;
	if (*p == ':' && p[1] != '0')
		for (p++; *p >= '0' && *p <= '9' && port < 65536; p++)
			port = port * 10 + (unsigned)(*p - '0');
	if (*p != '/' || end == label || port > 65535 ||
	    (*end == ':' && port == 0) || strstr(p, "/.") != NULL)
		return 0;
	path = p;
	while (*p != '\0' && is_plain(*p))
		p++;
	if (*p != '\0' || p - url > URL_MAX_BYTES)
		return 0;
	memset(site, 0, sizeof(*site));
	site->url = arena_strndup(arena, url, (size_t)(p - url));
	keep_parts(site, arena, *end == ':' ? end + 1 : NULL, path);
	site->host = arena_strndup(arena, host, (size_t)(end - host));
	site->https = https;
	site->port = port != 0 ? port : https ? 443 : 80;
	site->numeric = *label >= '0' && *label <= '9' &&
	    inet_pton(AF_INET, site->host, address) == 1;
	return site->numeric || (*label >= 'a' && *label <= 'z');
}

const char *
fetch_site_follow(struct fetch_site *site, struct arena *arena,
    const struct fetch_site *base, const char *location)
{
	const char *why = "not a URL";
	char *url;
	CURLU *u;

	if (take_plain(site, arena, location))
		return NULL;
	url = url_resolve(base != NULL ? base->url : NULL, location);
	u = curl_url();
	if (url != NULL && u != NULL && curl_url_set(u, CURLUPART_URL, url,
	    CURLU_URLENCODE | CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK)
		why = take_parts(site, arena, u);
	curl_url_cleanup(u);
	free(url);
	return why;
}

const char *
fetch_site_parse(struct fetch_site *site, struct arena *arena,
    const char *url)
{
	return fetch_site_follow(site, arena, NULL, url);
}

void
fetch_site_secure(struct fetch_site *site, struct arena *arena)
{
	int six = strchr(site->host, ':') != NULL;
	const char *rest;

	if (site->https)
		return;
	/* After the host, and its port if there is one. */
	rest = site->url + strlen("http://") + strlen(site->host) +
	    (six ? 2 : 0);
	if (site->port == 80 && *rest == ':')
		rest += 1 + strspn(rest + 1, "0123456789");
	site->url = arena_printf(arena, six ? "https://[%s]%s" :
	    "https://%s%s", site->host, rest);
	site->port = site->port == 80 ? 443 : site->port;
	site->https = 1;
	site->path = NULL;
}

const char *
fetch_site_parse_proxy(struct fetch_site *site, struct arena *arena,
    const char *proxy)
{
	const char *port, *scheme, *why = "the proxy's URL cannot be used";
	CURLU *u = curl_url();

	memset(site, 0, sizeof(*site));
	if (u == NULL)
		return "not enough memory for the URL";
	if (curl_url_set(u, CURLUPART_URL, proxy, CURLU_DEFAULT_SCHEME |
	    CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK)
		why = take_host(site, arena, u);
	scheme = part_into(arena, u, CURLUPART_SCHEME, 0);
	port = part_into(arena, u, CURLUPART_PORT, 0);
	curl_url_cleanup(u);
	/* Then libcurl would look for the site's own address. */
	if (scheme != NULL && (strcmp(scheme, "socks4") == 0 ||
	    strcmp(scheme, "socks5") == 0))
		return "the proxy would leave names to be resolved here";
	/* libcurl's own defaults, which are not those of the scheme. */
	if (port != NULL)
		site->port = (unsigned)strtoul(port, NULL, 10);
	else if (scheme != NULL && strcmp(scheme, "https") == 0)
		site->port = 443;
	else
		site->port = 1080;
	return why;
}

int
fetch_site_same_host(const struct fetch_site *a, const struct fetch_site *b)
{
	return strcmp(a->host, b->host) == 0;
}

int
fetch_site_same_origin(const struct fetch_site *from,
    const struct fetch_site *to)
{
	if (!fetch_site_same_host(from, to))
		return 0;
	if (from->https == to->https)
		return from->port == to->port;
	return !from->https && from->port == 80 && to->port == 443;
}
