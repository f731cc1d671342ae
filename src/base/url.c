/*
 * url.c - see url.h.
 *
 * RFC 3986 section 5.2 is done here, on spans; libcurl only spells IDN hosts
 * in ASCII.  Its CURLU would do all of it, but the versions in use get an
 * empty reference and "#fragment" wrong, refuse "tag:" and "mailto:", and
 * write "/" where there was no path; and nearly every reference in a feed is
 * an absolute URL that should come out as it went in.
 *
 * A URL is either hierarchical ("//" or http) and then resolved, escaped and
 * looked at, or opaque ("mailto:", "tag:", "urn:", "data:") and then left
 * alone but for controls.
 */
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "url_parts.h"

void
url_init(void)
{
	/* Without a UTF-8 locale libcurl's IDN fails, whatever the host. */
	setlocale(LC_CTYPE, "C.UTF-8");
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ------------------------------------------------------------ cleaning */

static int
is_blank(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7F;
}

/* White space and controls off both ends, in whatever order they come. */
static struct span
trim(struct span s)
{
	size_t before;

	do {
		before = s.len;
		s.len = text_trim(&s.p, s.len);
		while (s.len > 0 && is_blank(s.p[0])) {
			s.p++;
			s.len--;
		}
		while (s.len > 0 && is_blank(s.p[s.len - 1]))
			s.len--;
	} while (s.len < before);
	return s;
}

/* Trimmed, and TAB CR LF out of the middle: people wrap lines.  room is
 * used only if something has to go. */
static struct span
clean(const char *url, struct buf *room)
{
	struct span whole = trim((struct span){ url, strlen(url) });
	const char *s = whole.p;
	size_t len = whole.len, n;

	if (strcspn(s, "\t\r\n") >= len)
		return (struct span){ s, len };
	for (; len > 0; s += n, len -= n) {
		n = strcspn(s, "\t\r\n");
		if (n > len)
			n = len;
		buf_append(room, s, n);
		if (n < len)
			n++;
	}
	return (struct span){ buf_str(room), room->len };
}

/* No blank, control or other script, and nothing that ends a URL in any
 * document. */
static int
is_kept(char c)
{
	return !is_blank(c) && (unsigned char)c < 0x80 && c != '"' &&
	    c != '<' && c != '>';
}

static void
put_escaped(struct buf *b, struct span s)
{
	url_put_escaped(b, s.p, s.len, is_kept);
}

/* ---------------------------------------------------------------- host */

static int
is_port(struct span s)
{
	unsigned long n = 0;

	if (s.len > 5)
		return 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return 0;
		n = n * 10 + (unsigned long)(s.p[i] - '0');
	}
	return n <= 65535;
}

static int
is_ascii_host(struct span s)
{
	if (s.len == 0)
		return 0;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (is_blank(c) || (unsigned char)c >= 0x80 ||
		    strchr("\"<>\\^`{|}/?#@", c) != NULL)
			return 0;
	}
	return 1;
}

/* The host in ASCII, NULL if that cannot be. */
static char *
punycode(struct span host)
{
	CURLU *u = curl_url();
	char *copy = xstrndup(host.p, host.len), *ascii = NULL, *url = NULL;
	const char *from;

	/* CURLUPART_HOST itself has no punycode before libcurl 7.88. */
	if (u != NULL && curl_url_set(u, CURLUPART_SCHEME, "http", 0) == 0 &&
	    curl_url_set(u, CURLUPART_HOST, copy, 0) == 0 &&
	    curl_url_set(u, CURLUPART_PATH, "/", 0) == 0 &&
	    curl_url_get(u, CURLUPART_URL, &url, CURLU_PUNYCODE) == 0) {
		from = url + strlen("http://");
		ascii = xstrndup(from, strcspn(from, "/"));
	}
	curl_free(url);
	curl_url_cleanup(u);
	free(copy);
	return ascii;
}

/* Could it be a name that DNS takes?  A label that is not ASCII has at least
 * six bytes, "xn--" and two more. */
static int
may_fit(struct span host)
{
	enum { DNS_MAX_BYTES = 253, FOREIGN_BYTES = 6 };
	size_t total = 0, label = 0;

	for (size_t i = 0; i < host.len && total <= DNS_MAX_BYTES; i++) {
		if (host.p[i] == '.') {
			total += label + 1;
			label = 0;
		} else if (host.p[i] & 0x80) {
			label = FOREIGN_BYTES;
		} else if (label < FOREIGN_BYTES) {
			label++;
		}
	}
	return total <= DNS_MAX_BYTES;
}

static int
put_idn_host(struct buf *b, struct span host)
{
	char *ascii;
	struct span s;
	int ok = 0;

	if (!may_fit(host) ||
	    text_utf8_valid(host.p, host.len) != host.len ||
	    (ascii = punycode(host)) == NULL)
		return 0;
	s = (struct span){ ascii, strlen(ascii) };
	if (is_ascii_host(s)) {
		span_put_lower(b, s);
		ok = 1;
	}
	free(ascii);
	return ok;
}

static int
put_host(struct buf *b, struct span host)
{
	if (is_ascii_host(host)) {
		span_put_lower(b, host);
		return 1;
	}
	return host.len > 0 && put_idn_host(b, host);
}

/* 0 where no request could ever be made to it. */
static int
put_authority(struct buf *b, struct span authority)
{
	struct url_host_port hp = url_split_authority(authority);

	if (!is_port(hp.port))
		return 0;
	put_escaped(b, (struct span){ authority.p,
	    (size_t)(hp.host.p - authority.p) });
	if (!put_host(b, hp.host))
		return 0;
	if (hp.port.len > 0) {
		buf_putc(b, ':');
		buf_append(b, hp.port.p, hp.port.len);
	}
	return 1;
}

/* ---------------------------------------------------------------- path */

/* RFC 3986 section 5.2.4, in place, on the path that begins at start.  A
 * path that begins with "/" keeps it. */
static void
remove_dots(struct buf *b, size_t start)
{
	char *path = b->data + start, *out = path;
	const char *in = path, *end;

	if (b->len == start || strstr(path, "/.") == NULL)
		return;
	for (; *in == '/'; in = end) {
		size_t len;

		end = strchrnul(in + 1, '/');
		len = (size_t)(end - in);
		if (len == 3 && in[1] == '.' && in[2] == '.') {
			while (out > path && *--out != '/')
				;
		} else if (!(len == 2 && in[1] == '.')) {
			memmove(out, in, len);
			out += len;
			continue;
		}
		if (*end == '\0')
			*out++ = '/';
	}
	*out = '\0';
	b->len = (size_t)(out - b->data);
}

/* Section 5.2.3: the reference's path where the base's last segment is. */
static void
put_merged(struct buf *b, const struct url_parts *base, struct span path)
{
	const char *slash = base->path.len > 0 ?
	    memrchr(base->path.p, '/', base->path.len) : NULL;

	if (slash != NULL)
		put_escaped(b, (struct span){ base->path.p,
		    (size_t)(slash - base->path.p) + 1 });
	else
		buf_putc(b, '/');
	put_escaped(b, path);
}

/* ----------------------------------------------------------- resolving */

static int
is_hierarchical(const struct url_parts *u)
{
	return u->authority.p != NULL;
}

/* Browsers take "\" for "/" in http, up to the query. */
static struct span
turn_slashes(struct span s, struct buf *room)
{
	struct url_parts u = url_split(s);
	size_t reach = (size_t)(u.path.p - s.p) + u.path.len;

	if (memchr(s.p, '\\', reach) == NULL)
		return s;
	buf_append(room, s.p, s.len);
	for (size_t i = 0; i < reach; i++) {
		if (room->data[i] == '\\')
			room->data[i] = '/';
	}
	return (struct span){ room->data, room->len };
}

static void
put_tail(struct buf *b, char before, struct span s)
{
	if (s.p == NULL)
		return;
	buf_putc(b, before);
	put_escaped(b, s);
}

static int
is_no_control(char c)
{
	return (unsigned char)c >= ' ' && c != 0x7F;
}

static int
is_printable_ascii(char c)
{
	return c >= ' ' && c < 0x7F;
}

/* scheme:opaque as it is, less what could break a line of a document. */
static char *
keep_opaque(struct span s)
{
	struct buf b = { 0 };
	int valid = text_utf8_valid(s.p, s.len) == s.len;

	url_put_escaped(&b, s.p, s.len, valid ? is_no_control :
	    is_printable_ascii);
	return buf_take(&b);
}

/* Section 5.2.2, with base hierarchical and ref without a scheme, or base
 * NULL and ref hierarchical. */
static int
put_resolved(struct buf *b, const struct url_parts *base,
    const struct url_parts *ref)
{
	const struct url_parts *from = ref->authority.p != NULL ? ref : base;
	struct span query = ref->query;
	size_t start;

	span_put_lower(b, ref->scheme.p != NULL ? ref->scheme : base->scheme);
	buf_puts(b, "://");
	/* "file:///path" has no host, and needs none. */
	if (from->authority.len > 0 ? !put_authority(b, from->authority) :
	    span_is_http(ref->scheme.p != NULL ? ref->scheme : base->scheme))
		return 0;
	start = b->len;
	if (from == ref) {
		put_escaped(b, ref->path);
	} else if (ref->path.len == 0) {
		put_escaped(b, base->path);
		if (query.p == NULL)
			query = base->query;
	} else {
		if (ref->path.p[0] == '/')
			put_escaped(b, ref->path);
		else
			put_merged(b, base, ref->path);
		remove_dots(b, start);
	}
	put_tail(b, '?', query);
	put_tail(b, '#', ref->fragment);
	return 1;
}

/* "http:g" is "g" under a base of the same scheme (section 5.2.2, the
 * backward compatible way), and nothing anywhere else. */
static int
drop_same_scheme(const struct url_parts *base, struct url_parts *ref)
{
	if (base == NULL || base->scheme.len != ref->scheme.len ||
	    strncasecmp(base->scheme.p, ref->scheme.p, ref->scheme.len) != 0)
		return 0;
	ref->scheme = (struct span){ NULL, 0 };
	return 1;
}

static char *
resolve(const struct url_parts *base, struct span s, struct buf *room)
{
	struct url_parts ref = url_split(s);
	struct buf b = { 0 };
	int http = span_is_http(ref.scheme.p != NULL || base == NULL ?
	    ref.scheme : base->scheme);

	if (http) {
		s = turn_slashes(s, room);
		ref = url_split(s);
	}
	if (ref.scheme.p != NULL && !is_hierarchical(&ref)) {
		if (!http)
			return keep_opaque(s);
		if (!drop_same_scheme(base, &ref))
			return NULL;
	}
	if ((ref.scheme.p == NULL && base == NULL) || s.len > URL_MAX_BYTES ||
	    !put_resolved(&b, base, &ref) || b.len > URL_MAX_BYTES) {
		buf_fini(&b);
		return NULL;
	}
	return buf_take(&b);
}

/* Only the fragment can be relative to what has no hierarchy. */
static char *
resolve_opaque(struct span base, struct span ref)
{
	const char *hash = memchr(base.p, '#', base.len);
	struct buf b = { 0 };
	char *url;

	if (ref.len > 0 && ref.p[0] != '#')
		return NULL;
	if (hash != NULL)
		base = trim((struct span){ base.p, (size_t)(hash - base.p) });
	buf_append(&b, base.p, base.len);
	buf_append(&b, ref.p, ref.len);
	url = keep_opaque((struct span){ buf_str(&b), b.len });
	buf_fini(&b);
	return url;
}

char *
url_resolve(const char *base, const char *ref)
{
	struct buf rooms[4] = { { 0 }, { 0 }, { 0 }, { 0 } };
	struct span b = clean(base != NULL ? base : "", &rooms[0]);
	struct span r = clean(ref, &rooms[1]);
	struct url_parts base_parts = url_split(b);
	char *url;

	if (span_is_http(base_parts.scheme)) {
		b = turn_slashes(b, &rooms[2]);
		base_parts = url_split(b);
	}
	if (base_parts.scheme.p != NULL && is_hierarchical(&base_parts))
		url = resolve(&base_parts, r, &rooms[3]);
	else if (base_parts.scheme.p != NULL && url_split(r).scheme.p == NULL
	    && !span_is_http(base_parts.scheme))
		url = resolve_opaque(b, r);
	else
		url = resolve(NULL, r, &rooms[3]);
	for (size_t i = 0; i < ARRAY_LEN(rooms); i++)
		buf_fini(&rooms[i]);
	return url;
}
