/*
 * exchange.c - "> " before what we sent, "< " before what came.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "exchange.h"

enum { EXCHANGE_MAX = 256 * 1024 };

static const char *const always_secret[] = {
	"authorization", "proxy-authorization", "cookie", "set-cookie",
	"set-cookie2",
};

/* Lines that carry a URL, which may carry a token. */
static const char *const with_url[] = { "location", "content-location" };

static int
name_is(const char *line, size_t len, const char *name)
{
	return strlen(name) == len && strncasecmp(line, name, len) == 0;
}

static int
is_among(const char *line, size_t len, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (name_is(line, len, names[i]))
			return 1;
	return 0;
}

static int
is_secret(const char *line, size_t len, const struct fetch_header *own)
{
	for (; own != NULL && own->name != NULL; own++)
		if (name_is(line, len, own->name))
			return 1;
	return is_among(line, len, always_secret, ARRAY_LEN(always_secret));
}

/* A byte that could steer a terminal is shown as a dot. */
static void
put_shown(struct buf *b, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		buf_putc(b, c < 0x20 || c >= 0x7f ? '.' : s[i]);
	}
}

static void
put_url(struct buf *b, const char *url, size_t len, int hide_path)
{
	char *copy = xstrndup(url, len);
	char *shown = hide_path ? url_origin(copy) : url_redact(copy);

	if (shown != NULL)
		put_shown(b, shown, strlen(shown));
	if (hide_path)
		buf_puts(b, "/...");
	free(shown);
	free(copy);
}

static void
put_line(struct buf *b, const char *mark, const char *line, size_t len,
    const struct fetch_header *own, int hide_path)
{
	const char *colon = memchr(line, ':', len);
	size_t name = colon != NULL ? (size_t)(colon - line) : len;

	if (b->len > EXCHANGE_MAX)
		return;
	buf_puts(b, mark);
	if (colon != NULL && is_secret(line, name, own)) {
		put_shown(b, line, name);
		buf_puts(b, ": ...");
	} else if (colon != NULL &&
	    is_among(line, name, with_url, ARRAY_LEN(with_url))) {
		put_shown(b, line, name);
		buf_puts(b, ": ");
		while (++name < len && line[name] == ' ')
			;
		put_url(b, line + name, len - name, hide_path);
	} else {
		put_shown(b, line, len);
	}
	buf_putc(b, '\n');
}

static size_t
line_length(const char *s, size_t len)
{
	while (len > 0 && (s[len - 1] == '\n' || s[len - 1] == '\r'))
		len--;
	return len;
}

/* "GET /path HTTP/1.1": the target may hold a token, the URL is shown. */
static void
put_request_line(struct buf *b, const char *url, int hide_path,
    const char *line, size_t len)
{
	const char *target = memchr(line, ' ', len), *version = NULL;

	if (target != NULL)
		version = memrchr(line, ' ', len);
	if (version == NULL || version == target) {
		put_line(b, "> ", line, len, NULL, 0);
		return;
	}
	buf_puts(b, "> ");
	put_shown(b, line, (size_t)(target - line) + 1);
	put_url(b, url, strlen(url), hide_path);
	put_shown(b, version, len - (size_t)(version - line));
	buf_putc(b, '\n');
}

void
exchange_add_request(struct buf *b, const char *url, int hide_path,
    const struct fetch_header *secret, const char *head, size_t len)
{
	const char *end = head + len, *nl;
	int first = 1;

	for (; head < end; head = nl + 1) {
		nl = memchr(head, '\n', (size_t)(end - head));
		if (nl == NULL)
			nl = end - 1;
		len = line_length(head, (size_t)(nl + 1 - head));
		if (first)
			put_request_line(b, url, hide_path, head, len);
		else
			put_line(b, "> ", head, len, secret, 0);
		first = 0;
	}
}

void
exchange_add_answer(struct buf *b, int hide_path, const char *line,
    size_t len)
{
	put_line(b, "< ", line, line_length(line, len), NULL, hide_path);
}
