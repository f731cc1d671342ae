/* query.c - the parameters of a query; see serve.h.  Pure. */
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/serve.h"

static void
put_decoded(struct buf *b, const char *s, const char *end)
{
	while (s < end) {
		int byte = url_escaped_byte(s, (size_t)(end - s));

		if (byte >= 0)
			buf_putc(b, (char)byte);
		else
			buf_putc(b, *s == '+' ? ' ' : *s);
		s += byte >= 0 ? 3 : 1;
	}
}

/* Does the name that ends at end, decoded, say the same? */
static int
is_named(const char *s, const char *end, const char *name)
{
	struct buf b = { 0 };
	int same;

	put_decoded(&b, s, end);
	same = strlen(name) == b.len &&
	    memcmp(name, buf_str(&b), b.len) == 0;
	buf_fini(&b);
	return same;
}

int
serve_query_get(const char *query, const char *name, struct buf *ret)
{
	while (*query != '\0') {
		const char *end = query + strcspn(query, "&");
		const char *equals = query + strcspn(query, "=&");
		size_t was = ret->len, len;

		if (!is_named(query, equals, name)) {
			query = end + (*end == '&');
			continue;
		}
		if (equals < end)
			put_decoded(ret, equals + 1, end);
		len = ret->len - was;
		if (len == 0)
			return 1;
		return memchr(ret->data + was, '\0', len) != NULL ||
		    text_utf8_valid(ret->data + was, len) != len ? -1 : 1;
	}
	return 0;
}
