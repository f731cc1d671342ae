/*
 * url.c - the URLs of attributes: absolute, of a scheme on the list,
 * written so that reading them again changes nothing.
 *
 * Nearly every URL in a feed is absolute, http and clean; those are looked
 * at once and copied.  The rest goes through url_resolve(), and what comes
 * out is looked at again: only what has an allowed scheme now is written.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/html.h"
#include "parts.h"

enum {
	DATA_IMAGE_MAX = 128 * 1024,	/* bytes of one data: image */
	CANDIDATES_MAX = 32,		/* of one srcset */
};

/* Schemes of links that are not http: what a reader may hand to another
 * program without running anything. */
static const char *const link_schemes[] = {
	"mailto:", "tel:", "sms:", "geo:", "xmpp:", "sip:", "irc:", "magnet:",
	"news:", "ftp:", "gemini:", "gopher:", "webcal:",
};

static const char *const data_images[] = {
	"data:image/png;base64,", "data:image/jpeg;base64,",
	"data:image/gif;base64,", "data:image/webp;base64,",
	"data:image/avif;base64,", "data:image/jpg;base64,",
};

/* Nothing that any reader of URLs, HTML or XML could stumble over. */
static int
is_clean(char c)
{
	return c > ' ' && c < 0x7F && strchr("\"<>\\^`{|}", c) == NULL;
}

static int
is_host(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_';
}

int
html_is_clean_url(const char *url)
{
	const char *p;

	if (!text_prefix_nocase(url, "http://") &&
	    !text_prefix_nocase(url, "https://"))
		return 0;
	p = strchr(url, ':') + 3;
	if (!is_host(*p))
		return 0;
	while (is_clean(*p))
		p++;
	return *p == '\0' && (size_t)(p - url) <= URL_MAX_BYTES;
}

static void
put_attribute(struct buf *b, const char *s)
{
	text_xml_escape(b, s, strlen(s), 1);
}

/* What is_clean() does not like and resolving left is escaped. */
static void
put_clean(struct buf *b, const char *url)
{
	struct buf clean = { 0 };

	url_put_escaped(&clean, url, strlen(url), is_clean);
	put_attribute(b, buf_str(&clean));
	buf_fini(&clean);
}

/* ---------------------------------------------------------- image proxies */

int
html_url_host_in(const char *url, const char *const *hosts)
{
	char *host;
	int found = 0;

	if (hosts == NULL || hosts[0] == NULL)
		return 0;
	host = url_host(url);
	for (; host != NULL && !found && *hosts != NULL; hosts++)
		found = text_equal_nocase(host, *hosts);
	free(host);
	return found;
}

static void
put_percent_decoded(struct buf *b, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int byte = url_escaped_byte(s + i, len - i);

		buf_putc(b, byte > 0 ? (char)byte : s[i]);
		i += byte > 0 ? 2 : 0;
	}
}

/*
 * "https://HOST?url=X" and "https://HOST/?url=X" to X, which may lack its
 * scheme; NULL if url is not of a proxy on the list.
 */
static char *
unwrap(const char *url, const char *const *hosts)
{
	const char *query = strchr(url, '?'), *x;
	struct buf b = { 0 };
	char *inner;

	if (query == NULL || !html_url_host_in(url, hosts))
		return NULL;
	for (x = query + 1; strncmp(x, "url=", 4) != 0; x++) {
		x = strchr(x, '&');
		if (x == NULL)
			return NULL;
	}
	x += 4;
	put_percent_decoded(&b, x, strcspn(x, "&#"));
	x = buf_str(&b);
	if (text_prefix_nocase(x, "ssl:"))
		x += 4;
	x += strspn(x, "/");
	if (text_prefix_nocase(x, "http://") ||
	    text_prefix_nocase(x, "https://")) {
		inner = url_resolve(NULL, x);
	} else {
		struct buf with = { 0 };

		buf_printf(&with, "https://%s", x);
		inner = url_resolve(NULL, buf_str(&with));
		buf_fini(&with);
	}
	buf_fini(&b);
	return inner;
}

/* ------------------------------------------------------------------ URLs */

static int
put_data_image(struct buf *b, const char *url)
{
	const char *data;
	size_t len;

	for (size_t i = 0; i < ARRAY_LEN(data_images); i++) {
		if (!text_prefix_nocase(url, data_images[i]))
			continue;
		data = url + strlen(data_images[i]);
		len = strspn(data, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "abcdefghijklmnopqrstuvwxyz0123456789+/=");
		if (data[len] != '\0' || len == 0 || len > DATA_IMAGE_MAX)
			return 0;
		buf_puts(b, data_images[i]);
		buf_append(b, data, len);
		return 1;
	}
	return 0;
}

/* A link of another scheme, as it came; the limit is of what is written. */
static int
put_other_scheme(struct buf *b, const char *url)
{
	struct buf clean = { 0 };
	int ok = 0;

	if (strlen(url) > URL_MAX_BYTES)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(link_schemes); i++) {
		if (!text_prefix_nocase(url, link_schemes[i]))
			continue;
		put_clean(&clean, url);
		ok = clean.len <= URL_MAX_BYTES;
		break;
	}
	if (ok)
		buf_append(b, clean.data, clean.len);
	buf_fini(&clean);
	return ok;
}

static int
put_http(struct buf *b, enum html_value kind, const char *url,
    const struct html_rules *rules)
{
	char *inner = NULL;

	if (kind == VALUE_IMAGE && rules != NULL)
		inner = unwrap(url, rules->unwrap_images);
	if (inner != NULL && url_is_http(inner))
		url = inner;
	if (html_is_clean_url(url))
		put_attribute(b, url);
	else
		put_clean(b, url);
	free(inner);
	return 1;
}

int
html_put_url(struct buf *b, enum html_value kind, const char *value,
    const char *base, const struct html_rules *rules)
{
	char *url;
	int ok;

	while (*value != '\0' && (unsigned char)*value <= ' ')
		value++;
	if (html_is_clean_url(value))
		return put_http(b, kind, value, rules);
	if (kind == VALUE_IMAGE && text_prefix_nocase(value, "data:"))
		return put_data_image(b, value);
	if (*value == '\0')
		return 0;
	url = url_resolve(base, value);
	if (url == NULL)
		return 0;
	if (text_prefix_nocase(url, "http://") ||
	    text_prefix_nocase(url, "https://"))
		ok = put_http(b, kind, url, rules);
	else
		ok = kind == VALUE_LINK && put_other_scheme(b, url);
	free(url);
	return ok;
}

/* ---------------------------------------------------------------- srcset */

/* "2x", "640w": the only descriptors there are. */
static int
is_descriptor(const char *s, size_t len)
{
	size_t digits = 0;

	while (digits < len && ((s[digits] >= '0' && s[digits] <= '9') ||
	    s[digits] == '.'))
		digits++;
	return digits > 0 && digits <= 8 && digits + 1 == len &&
	    (s[digits] == 'x' || s[digits] == 'w');
}

/*
 * One candidate, "URL descriptor", from s on; returns where the next may
 * begin.  Its parts are found as HTML's "parse a srcset attribute" does.
 */
static const char *
put_candidate(struct buf *b, const char *s, const char *base,
    const struct html_rules *rules, int *any)
{
	static const char blanks[] = " \t\n\f\r";
	size_t url_len = strcspn(s, blanks), rest = 0, word = 0;
	const char *after = s + url_len;
	size_t from = b->len;
	char *url;

	while (url_len > 0 && s[url_len - 1] == ',')
		url_len--;
	if (s + url_len == after) {
		after += strspn(after, blanks);
		rest = strcspn(after, ",");
		word = strcspn(after, " \t\n\f\r,");
	}
	url = xstrndup(s, url_len);
	if (*any)
		buf_puts(b, ", ");
	if ((word > 0 && !is_descriptor(after, word)) ||
	    !html_put_url(b, VALUE_IMAGE, url, base, rules) ||
	    b->data[b->len - 1] == ',' ||
	    strncasecmp(b->data + from + (*any ? 2 : 0), "http", 4) != 0) {
		b->len = from;
		if (b->data != NULL)
			b->data[from] = '\0';
	} else {
		if (word > 0) {
			buf_putc(b, ' ');
			buf_append(b, after, word);
		}
		*any = 1;
	}
	free(url);
	return after + rest;
}

int
html_put_srcset(struct buf *b, const char *value, const char *base,
    const struct html_rules *rules)
{
	int any = 0;

	for (unsigned n = 0; n < CANDIDATES_MAX; n++) {
		value += strspn(value, " \t\n\f\r,");
		if (*value == '\0')
			break;
		value = put_candidate(b, value, base, rules, &any);
	}
	return any;
}
