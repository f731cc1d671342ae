/*
 * url_canonical.c - a URL to the one spelling that identity compares.
 *
 * The rules, in this order:
 *  - blanks and controls go at both ends, a run of them inside is one "%20";
 *  - http and https are one and not written; other schemes are, lower-case;
 *  - the host is lower-case ASCII, without userinfo, its last dot and the
 *    scheme's own port;
 *  - the path has its escapes normalised, no "//", no dot segments, and no
 *    "/" at its end;
 *  - the query keeps its parts and their order, less the known trackers and
 *    empty parts, escapes normalised;
 *  - the fragment counts only where it is an address: "#!..." and "#/...".
 *
 * Escapes normalised: what RFC 3986 calls unreserved is not escaped, what is
 * neither unreserved nor a delimiter is, and hex is upper-case.
 *
 * A key put in again gives itself: it begins with "//", which is a URL whose
 * scheme was http or https and whose port was looked at already.
 */
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "url_parts.h"

/* Query parameters that tell where a reader came from, on every host. */
static const char *const trackers[] = {
	"fbclid", "gclid", "yclid", "msclkid", "mc_cid", "mc_eid", "igshid",
	"spm", "_ga", "cmpid", "at_medium", "at_campaign", "at_custom",
};

/* And on the host or below it.  Found in feeds whose entries come by two
 * ways, one with the parameter and one without. */
static const struct {
	const char	*host;
	const char	*name;
} host_trackers[] = {
	{ "nikkei.com", "print" },
	{ "udn.com", "from" },
	{ "dw.com", "maca" },
	{ "zaobao.com", "ref" },
	{ "zaobao.com.sg", "ref" },
	{ "ft.com", "full" },
};

/* ------------------------------------------------------------- escapes */

static int
is_blank(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7F;
}

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int
is_kept(char c)
{
	return url_is_unreserved(c) ||
	    (c != '\0' && strchr("!$&'()*+,;=:@/?[]", c) != NULL);
}

static void
put_normalised(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		int byte = url_escaped_byte(s.p + i, s.len - i);
		char c = byte >= 0 ? (char)byte : s.p[i];

		if (byte >= 0 ? url_is_unreserved(c) : is_kept(c))
			buf_putc(b, c);
		else
			url_put_escape(b, c);
		i += byte >= 0 ? 2 : 0;
	}
}

/* ---------------------------------------------------------- components */

/* Runs of blanks and controls: none at the ends, "%20" inside. */
static void
put_without_blanks(struct buf *b, const char *s)
{
	for (;;) {
		size_t n = 0;

		while (s[n] != '\0' && !is_blank(s[n]))
			n++;
		buf_append(b, s, n);
		s += n;
		if (*s == '\0')
			return;
		while (*s != '\0' && is_blank(*s))
			s++;
		if (*s != '\0' && b->len > 0)
			buf_puts(b, "%20");
	}
}

static int
is_default_port(struct span scheme, struct span port)
{
	return port.len == 0 ||
	    (span_equal_nocase(scheme, "http") &&
	    span_equal_nocase(port, "80")) ||
	    (span_equal_nocase(scheme, "https") &&
	    span_equal_nocase(port, "443"));
}

static int
is_valid(struct span s)
{
	return text_utf8_valid(s.p, s.len) == s.len;
}

/* "host" or "host:port"; 0 where there is no host that could be one. */
static int
put_host(struct buf *b, const struct url_parts *u, struct span *ret_bare)
{
	struct url_host_port hp = url_split_authority(u->authority);

	while (hp.host.len > 0 && hp.host.p[hp.host.len - 1] == '.')
		hp.host.len--;
	if (hp.host.len == 0 || !is_valid(hp.host) || !is_valid(hp.port))
		return 0;
	span_put_lower(b, hp.host);
	if (!is_default_port(u->scheme, hp.port)) {
		buf_putc(b, ':');
		span_put_lower(b, hp.port);
	}
	*ret_bare = hp.host;
	return 1;
}

/* Take the last segment off what stands in b from the path's start on. */
static void
drop_segment(struct buf *b, size_t start)
{
	while (b->len > start && b->data[b->len - 1] != '/')
		b->len--;
	if (b->len > start)
		b->len--;
	b->data[b->len] = '\0';
}

/* Segment by segment, each with its "/" before it: empty ones and "." are
 * not written, ".." takes back the last. */
static void
put_path(struct buf *b, struct span path)
{
	struct buf normal = { 0 };
	size_t start = b->len;
	const char *s, *end;

	put_normalised(&normal, path);
	s = buf_str(&normal);
	for (; *s != '\0'; s = end) {
		size_t len;

		s += *s == '/';
		end = strchrnul(s, '/');
		len = (size_t)(end - s);
		if (len == 2 && memcmp(s, "..", 2) == 0)
			drop_segment(b, start);
		else if (len > 0 && !(len == 1 && *s == '.')) {
			buf_putc(b, '/');
			buf_append(b, s, len);
		}
	}
	buf_fini(&normal);
}

/* ------------------------------------------------------------ trackers */

static int
is_word(char c)
{
	return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* "utm_" and at least one more word character, and only those. */
static int
is_utm(struct span name)
{
	if (name.len < 5 || !span_equal_nocase((struct span){ name.p, 4 },
	    "utm_"))
		return 0;
	for (size_t i = 4; i < name.len; i++) {
		if (!is_word(name.p[i]))
			return 0;
	}
	return 1;
}

static int
is_tracker(struct span name)
{
	struct span stem = name;

	if (is_utm(name))
		return 1;
	for (size_t i = 0; i < ARRAY_LEN(trackers); i++) {
		if (span_equal_nocase(name, trackers[i]))
			return 1;
	}
	/* at_custom1, at_custom2 ... */
	if (stem.len == 0 || !is_digit(stem.p[--stem.len]))
		return 0;
	return span_equal_nocase(stem, "at_custom");
}

static int
span_equal(struct span s, const char *name)
{
	return s.len == strlen(name) && memcmp(s.p, name, s.len) == 0;
}

static int
is_on_host(struct span host, const char *suffix)
{
	size_t len = strlen(suffix);

	return host.len >= len && span_equal_nocase((struct span){
	    host.p + host.len - len, len }, suffix) &&
	    (host.len == len || host.p[host.len - len - 1] == '.');
}

static int
is_host_tracker(struct span host, struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(host_trackers); i++) {
		if (span_equal(name, host_trackers[i].name) &&
		    is_on_host(host, host_trackers[i].host))
			return 1;
	}
	return 0;
}

/* Says the part of a query nothing about what it leads to? */
static int
is_noise(struct span host, struct span part)
{
	const char *equals = memchr(part.p, '=', part.len);
	struct span name = part, value = { "", 0 };

	if (equals != NULL) {
		name.len = (size_t)(equals - part.p);
		value.p = equals + 1;
		value.len = part.len - name.len - 1;
	}
	if (is_tracker(name) || is_host_tracker(host, name))
		return 1;
	/* Medium, its custom domains and Yahoo Japan. */
	return span_equal(name, "source") && value.len >= 3 &&
	    memcmp(value.p, "rss", 3) == 0 &&
	    (value.len == 3 || value.p[3] == '-');
}

/* A tracker is known as it was written and as it will be: "utm%5Fsource"
 * would otherwise go only when the key is made a second time. */
static void
put_query(struct buf *b, struct span query, struct span host)
{
	struct buf normal = { 0 };
	char before = '?';

	while (query.len > 0) {
		const char *amp = memchr(query.p, '&', query.len);
		size_t len = amp != NULL ? (size_t)(amp - query.p) :
		    query.len;
		struct span part = { query.p, len };

		query.p += len + (amp != NULL);
		query.len -= len + (amp != NULL);
		if (len == 0)
			continue;
		buf_reset(&normal);
		put_normalised(&normal, part);
		if (is_noise(host, part) || is_noise(host, (struct span){
		    normal.data, normal.len }))
			continue;
		buf_putc(b, before);
		before = '&';
		buf_append(b, normal.data, normal.len);
	}
	buf_fini(&normal);
}

char *
url_canonical(const char *url)
{
	struct buf clean = { 0 }, key = { 0 };
	struct url_parts u;
	struct span host;

	put_without_blanks(&clean, url);
	u = url_split((struct span){ buf_str(&clean), clean.len });
	if (u.authority.p == NULL)
		goto none;
	if (u.scheme.p != NULL && !span_is_http(u.scheme)) {
		span_put_lower(&key, u.scheme);
		buf_putc(&key, ':');
	}
	buf_puts(&key, "//");
	if (!put_host(&key, &u, &host))
		goto none;
	put_path(&key, u.path);
	if (u.query.p != NULL)
		put_query(&key, u.query, host);
	if (u.fragment.len > 0 &&
	    (*u.fragment.p == '!' || *u.fragment.p == '/')) {
		buf_putc(&key, '#');
		put_normalised(&key, u.fragment);
	}
	buf_fini(&clean);
	return buf_take(&key);
none:
	buf_fini(&clean);
	buf_fini(&key);
	return NULL;
}
