/* url_parts.c - see url_parts.h. */
#include <string.h>

#include "feedmill/base/buf.h"
#include "url_parts.h"

static int
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int
is_scheme_char(char c)
{
	return is_alpha(c) || (c >= '0' && c <= '9') || c == '+' ||
	    c == '-' || c == '.';
}

/* The scheme that s begins with; undefined if there is none. */
static struct span
take_scheme(struct span s)
{
	size_t n = 0;

	if (s.len > 0 && is_alpha(s.p[0])) {
		while (n < s.len && is_scheme_char(s.p[n]))
			n++;
		if (n < s.len && s.p[n] == ':')
			return (struct span){ s.p, n };
	}
	return (struct span){ NULL, 0 };
}

/* From the last of s up to the first c, which is lost; undefined if there
 * is no c. */
static struct span
cut_tail(struct span *s, char c)
{
	const char *at = s->len > 0 ? memchr(s->p, c, s->len) : NULL;
	struct span tail = { NULL, 0 };

	if (at != NULL) {
		tail.p = at + 1;
		tail.len = s->len - (size_t)(tail.p - s->p);
		s->len = (size_t)(at - s->p);
	}
	return tail;
}

struct url_parts
url_split(struct span s)
{
	struct url_parts u = { 0 };

	u.fragment = cut_tail(&s, '#');
	u.query = cut_tail(&s, '?');
	u.scheme = take_scheme(s);
	if (u.scheme.p != NULL) {
		s.p += u.scheme.len + 1;
		s.len -= u.scheme.len + 1;
	}
	if (s.len >= 2 && s.p[0] == '/' && s.p[1] == '/') {
		const char *slash;

		u.authority = (struct span){ s.p + 2, s.len - 2 };
		slash = memchr(u.authority.p, '/', u.authority.len);
		if (slash != NULL)
			u.authority.len = (size_t)(slash - u.authority.p);
		s.p = u.authority.p + u.authority.len;
		s.len -= 2 + u.authority.len;
	}
	u.path = s;
	return u;
}

struct url_host_port
url_split_authority(struct span a)
{
	const char *at = a.len > 0 ? memrchr(a.p, '@', a.len) : NULL;
	struct url_host_port hp = { { NULL, 0 }, { NULL, 0 } };
	const char *close = NULL;
	size_t from = 0;

	if (at != NULL) {
		a.len -= (size_t)(at + 1 - a.p);
		a.p = at + 1;
	}
	hp.host = a;
	if (a.len > 0 && a.p[0] == '[')
		close = memchr(a.p, ']', a.len);
	if (close != NULL)
		from = (size_t)(close - a.p);
	for (size_t i = from; i < a.len; i++) {
		if (a.p[i] == ':') {
			hp.host.len = i;
			hp.port.p = a.p + i + 1;
			hp.port.len = a.len - i - 1;
			break;
		}
	}
	return hp;
}

int
span_equal_nocase(struct span s, const char *name)
{
	size_t i;

	for (i = 0; i < s.len && name[i] != '\0'; i++) {
		char c = s.p[i];

		if ((is_alpha(c) ? c | 0x20 : c) != name[i])
			return 0;
	}
	return i == s.len && name[i] == '\0';
}

int
span_is_http(struct span scheme)
{
	return span_equal_nocase(scheme, "http") ||
	    span_equal_nocase(scheme, "https");
}

void
span_put_lower(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		buf_putc(b, s.p[i] >= 'A' && s.p[i] <= 'Z' ?
		    (char)(s.p[i] | 0x20) : s.p[i]);
}
