/* url_escape.c - bytes as "%XX" in a URL, and back; see url.h. */
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"

int
url_is_unreserved(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || (c != '\0' && strchr("-._~", c) != NULL);
}

void
url_put_escape(struct buf *b, char c)
{
	static const char hex[] = "0123456789ABCDEF";
	const unsigned char byte = (unsigned char)c;
	const char out[3] = { '%', hex[byte >> 4], hex[byte & 15] };

	buf_append(b, out, sizeof(out));
}

void
url_put_escaped(struct buf *b, const char *s, size_t len,
    int (*is_kept)(char))
{
	size_t done = 0;

	for (size_t i = 0; i < len; i++) {
		if (is_kept(s[i]))
			continue;
		buf_append(b, s + done, i - done);
		url_put_escape(b, s[i]);
		done = i + 1;
	}
	buf_append(b, s + done, len - done);
}

int
url_escaped_byte(const char *s, size_t len)
{
	int high, low;

	if (len < 3 || *s != '%')
		return -1;
	high = text_hex_digit(s[1]);
	low = text_hex_digit(s[2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}
