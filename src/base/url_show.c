/*
 * url_show.c - parts of a URL, and the URL as others may see it.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "url_parts.h"

/* A query parameter is a secret if its name contains one of these ... */
static const char *const secret_parts[] = {
	"token", "secret", "passw", "pwd", "apikey", "credential",
	"signature", "auth_", "_auth",
};

/* ... or has one of these as a word: "key", "api-key", "user[pass]". */
static const char *const secret_words[] = {
	"key", "auth", "pass", "sig", "sid", "session", "jwt", "code",
	"authorization", "hmac", "pw",
};

static struct url_parts
split(const char *url)
{
	size_t len = text_trim(&url, strlen(url));

	return url_split((struct span){ url, len });
}

int
url_is_http(const char *url)
{
	struct url_parts u = split(url);

	return u.authority.p != NULL && span_is_http(u.scheme);
}

char *
url_host(const char *url)
{
	struct url_host_port hp = url_split_authority(split(url).authority);
	struct buf b = { 0 };

	if (hp.host.len == 0)
		return NULL;
	span_put_lower(&b, hp.host);
	return buf_take(&b);
}

char *
url_origin(const char *url)
{
	struct url_parts u = split(url);
	struct url_host_port hp = url_split_authority(u.authority);
	struct buf b = { 0 };

	if (hp.host.len == 0 || u.scheme.p == NULL)
		return NULL;
	span_put_lower(&b, u.scheme);
	buf_puts(&b, "://");
	span_put_lower(&b, hp.host);
	buf_putc(&b, ':');
	if (hp.port.len > 0)
		buf_append(&b, hp.port.p, hp.port.len);
	else
		buf_puts(&b, span_equal_nocase(u.scheme, "https") ?
		    "443" : "80");
	return buf_take(&b);
}

/* ----------------------------------------------------------- redaction */

static int
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int
has_secret_word(const char *name)
{
	while (*name != '\0') {
		size_t n = 0;

		while (is_letter(name[n]))
			n++;
		for (size_t i = 0; i < ARRAY_LEN(secret_words); i++) {
			if (span_equal_nocase((struct span){ name, n },
			    secret_words[i]))
				return 1;
		}
		name += n > 0 ? n : 1;
	}
	return 0;
}

static int
is_secret(struct span name)
{
	char *copy = xstrndup(name.p, name.len);
	int secret = has_secret_word(copy);

	for (size_t i = 0; i < ARRAY_LEN(secret_parts) && !secret; i++)
		secret = text_find_nocase(copy, secret_parts[i]) != NULL;
	free(copy);
	return secret;
}

/* name=value pairs, whatever stands between them. */
static void
put_pairs(struct buf *b, struct span s)
{
	size_t at = 0;

	while (at < s.len) {
		size_t from = at, equals = 0;

		while (at < s.len && s.p[at] != '&' && s.p[at] != ';') {
			if (s.p[at] == '=' && equals == 0)
				equals = at;
			at++;
		}
		if (equals > from && is_secret((struct span){ s.p + from,
		    equals - from })) {
			buf_append(b, s.p + from, equals + 1 - from);
			buf_puts(b, "...");
		} else {
			buf_append(b, s.p + from, at - from);
		}
		if (at < s.len)
			buf_putc(b, s.p[at++]);
	}
}

char *
url_redact(const char *url)
{
	struct url_parts u = split(url);
	struct url_host_port hp = url_split_authority(u.authority);
	struct buf b = { 0 };

	if (u.scheme.p != NULL) {
		buf_append(&b, u.scheme.p, u.scheme.len);
		buf_putc(&b, ':');
	}
	if (u.authority.p != NULL) {
		buf_puts(&b, "//");
		buf_append(&b, hp.host.p, hp.host.len);
		if (hp.port.p != NULL) {
			buf_putc(&b, ':');
			buf_append(&b, hp.port.p, hp.port.len);
		}
	}
	buf_append(&b, u.path.p, u.path.len);
	if (u.query.p != NULL) {
		buf_putc(&b, '?');
		put_pairs(&b, u.query);
	}
	if (u.fragment.p != NULL) {
		buf_putc(&b, '#');
		put_pairs(&b, u.fragment);
	}
	return buf_take(&b);
}
