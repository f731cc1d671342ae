/*
 * headers.c - RFC 9110 header fields, with a tolerant eye and a
 * suspicious one: a field that is damaged counts as absent.
 */
#include <string.h>
#include <strings.h>

#include "feedmill/base/date.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "headers.h"

/* A field's value, blanks trimmed: bytes on loan from the line. */
struct value {
	const char	*s;
	size_t		 len;
};

static int
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct value
trimmed(const char *s, size_t len)
{
	while (len > 0 && is_blank(*s))
		s++, len--;
	while (len > 0 && is_blank(s[len - 1]))
		len--;
	return (struct value){ s, len };
}

/* Printable bytes, and not too many: they will be stored and, if they are a
 * validator, sent back. */
static int
is_printable(struct value v, size_t max, int with_tabs)
{
	if (v.len == 0 || v.len > max)
		return 0;
	for (size_t i = 0; i < v.len; i++)
		if (((unsigned char)v.s[i] < 0x20 || v.s[i] == 0x7f) &&
		    !(with_tabs && v.s[i] == '\t'))
			return 0;
	return 1;
}

static int
value_is(struct value v, const char *word)
{
	return v.len == strlen(word) && strncasecmp(v.s, word, v.len) == 0;
}

/* Digits only, saturating; -1: something else. */
static int64_t
read_number(struct value v, int64_t max)
{
	int64_t n = 0;

	if (v.len == 0)
		return -1;
	for (size_t i = 0; i < v.len; i++) {
		if (v.s[i] < '0' || v.s[i] > '9')
			return -1;
		if (n <= max)
			n = n * 10 + (v.s[i] - '0');
	}
	return n < max ? n : max;
}

/* The next element of a comma-separated list; 0: there is none. */
static int
list_next(struct value *rest, struct value *ret)
{
	size_t n = 0;
	int quoted = 0;

	while (rest->len > 0 && (is_blank(*rest->s) || *rest->s == ','))
		rest->s++, rest->len--;
	if (rest->len == 0)
		return 0;
	while (n < rest->len && (quoted || rest->s[n] != ','))
		quoted ^= rest->s[n++] == '"';
	*ret = trimmed(rest->s, n);
	rest->s += n;
	rest->len -= n;
	return 1;
}

/* ----------------------------------------------------------------- fields */

static void
take_length(struct fetch_head *h, struct value v)
{
	struct value one;
	int64_t n;

	if (v.len == 0)
		h->length_unusable = 1;
	/* "5, 5" and a repeated "5" are the same thing, and harmless. */
	while (list_next(&v, &one)) {
		n = read_number(one, INT64_MAX / 16);
		if (n == -1 || (h->length != -1 && h->length != n))
			h->length_unusable = 1;
		h->length = n;
	}
}

static void
take_coding(struct fetch_head *h, struct value v)
{
	struct value one;

	while (list_next(&v, &one)) {
		if (value_is(one, "identity"))
			continue;
		if (h->coding != CODING_NONE)
			h->coding = CODING_UNKNOWN;	/* two of them */
		else if (value_is(one, "gzip") || value_is(one, "x-gzip"))
			h->coding = CODING_GZIP;
		else if (value_is(one, "deflate"))
			h->coding = CODING_DEFLATE;
		else
			h->coding = CODING_UNKNOWN;
	}
}

static void
take_transfer_encoding(struct fetch_head *h, struct value v)
{
	struct value one;

	while (list_next(&v, &one))
		if (value_is(one, "chunked"))
			h->chunked = 1;
}

/* RFC 3229: the instance-manipulations that were applied. */
static void
take_im(struct fetch_head *h, struct value v)
{
	struct value one;

	while (list_next(&v, &one))
		if (value_is(one, "feed"))
			h->im_feed = 1;
}

static void
take_age(struct fetch_head *h, struct value v)
{
	int64_t n = read_number(v, FOREVER_S);

	h->age_s = n > 0 ? n : 0;
}

enum { LINK_MAX = 8192 };
#define NAME(s)		s, sizeof(s) - 1
#define FIELD(f)	offsetof(struct fetch_head, f)

/*
 * By the length of their names: most lines of an answer are none of these,
 * and are told so by a comparison of numbers and of one letter.  What has no
 * function is kept as it is: the first of several wins, Cache-Control and
 * Link are joined.
 */
static const struct field {
	const char	*name;
	size_t		 len;
	void		(*take)(struct fetch_head *, struct value);
	size_t		 at, max;
	enum {
		TEXT,			/* UTF-8 */
		LIST,			/* and tabs are blanks */
		BYTES			/* opaque */
	} kind;
} fields[] = {
	{ NAME("im"), take_im, 0, 0, TEXT },
	{ NAME("age"), take_age, 0, 0, TEXT },
	{ NAME("link"), NULL, FIELD(link), LINK_MAX, LIST },
	{ NAME("etag"), NULL, FIELD(etag), VALIDATOR_MAX, BYTES },
	{ NAME("date"), NULL, FIELD(date), 128, TEXT },
	{ NAME("expires"), NULL, FIELD(expires), 128, TEXT },
	{ NAME("location"), NULL, FIELD(location), LOCATION_MAX, BYTES },
	{ NAME("retry-after"), NULL, FIELD(retry_after), 128, TEXT },
	{ NAME("content-type"), NULL, FIELD(content_type), 1024, LIST },
	{ NAME("last-modified"), NULL, FIELD(last_modified), VALIDATOR_MAX,
	    BYTES },
	{ NAME("cache-control"), NULL, FIELD(cache_control), 4096, LIST },
	{ NAME("content-length"), take_length, 0, 0, TEXT },
	{ NAME("content-encoding"), take_coding, 0, 0, TEXT },
	{ NAME("content-language"), NULL, FIELD(content_language), 256, TEXT },
	{ NAME("content-location"), NULL, FIELD(content_location),
	    LOCATION_MAX, TEXT },
	{ NAME("transfer-encoding"), take_transfer_encoding, 0, 0, TEXT },
	{ NAME("strict-transport-security"), NULL, FIELD(hsts), 1024, LIST },
};

/* NULL: it does not concern us. */
static const struct field *
find_field(struct value name)
{
	const struct field *f = fields, *end = fields + ARRAY_LEN(fields);

	while (f < end && f->len < name.len)
		f++;
	for (; f < end && f->len == name.len; f++)
		if ((name.s[0] | 0x20) == f->name[0] &&
		    strncasecmp(name.s, f->name, f->len) == 0)
			return f;
	return NULL;
}

static int
is_clean(const struct field *f, struct value v)
{
	return is_printable(v, f->max, f->kind == LIST) &&
	    (f->kind == BYTES || text_utf8_valid(v.s, v.len) == v.len);
}

static const char *
copy(struct arena *arena, struct value v)
{
	char *s = arena_strndup(arena, v.s, v.len);

	for (char *tab = s; (tab = strchr(tab, '\t')) != NULL; )
		*tab = ' ';
	return s;
}

static void
take_string(struct fetch_head *h, struct arena *arena, const struct field *f,
    struct value v)
{
	const char **slot = (const char **)((char *)h + f->at);

	h->last = slot;
	if (!is_clean(f, v)) {
		h->location_unusable |= f->at == FIELD(location);
		return;
	}
	if (*slot == NULL)
		*slot = copy(arena, v);
	else if ((slot == &h->cache_control || slot == &h->link) &&
	    strlen(*slot) < f->max)
		*slot = arena_printf(arena, "%s, %s", *slot, copy(arena, v));
}

static void
take_field(struct fetch_head *h, struct arena *arena, struct value name,
    struct value v)
{
	const struct field *f = find_field(name);

	h->last = NULL;
	if (f != NULL && f->take != NULL)
		f->take(h, v);
	else if (f != NULL)
		take_string(h, arena, f, v);
}

/* "HTTP/1.1 200 OK", "HTTP/2 200": libcurl has checked the form. */
static void
take_status(struct fetch_head *h, const char *s, size_t len)
{
	const char *space = memchr(s, ' ', len);
	size_t n;

	fetch_head_init(h);
	if (space == NULL)
		return;
	for (n = (size_t)(space - s) + 1; n < len && h->status < 1000 &&
	    s[n] >= '0' && s[n] <= '9'; n++)
		h->status = h->status * 10 + (s[n] - '0');
}

/* ----------------------------------------------------------------- public */

void
fetch_head_init(struct fetch_head *h)
{
	memset(h, 0, sizeof(*h));
	h->length = -1;
}

void
fetch_head_line(struct fetch_head *h, struct arena *arena, const char *s,
    size_t len)
{
	const char *colon;

	while (len > 0 && (s[len - 1] == '\n' || s[len - 1] == '\r'))
		len--;
	if (h->complete)
		return;				/* a trailer */
	if (len >= 5 && (*s == 'H' || *s == 'h') &&
	    strncasecmp(s, "HTTP/", 5) == 0) {
		take_status(h, s, len);
		return;
	}
	if (len == 0) {
		h->complete = h->status >= 200;
		return;
	}
	if (is_blank(*s)) {
		/* Folded (RFC 9112 section 5.2): half a value is none. */
		if (h->last != NULL)
			*h->last = NULL;
		return;
	}
	colon = memchr(s, ':', len);
	if (colon != NULL)
		take_field(h, arena, (struct value){ s, (size_t)(colon - s) },
		    trimmed(colon + 1, len - (size_t)(colon - s) - 1));
}

int64_t
fetch_head_date(const char *s)
{
	return s != NULL ? date_parse(s, 0) : DATE_NONE;
}

int64_t
fetch_head_expires(const struct fetch_head *h)
{
	int64_t until_ms = fetch_head_date(h->expires);

	if (h->expires == NULL)
		return DATE_NONE;
	return until_ms != DATE_NONE ? until_ms - h->age_s * 1000 : 0;
}

int64_t
fetch_head_retry_after(const struct fetch_head *h, int64_t now_ms)
{
	int64_t seconds, until_ms, date_ms;

	if (h->retry_after == NULL)
		return -1;
	seconds = read_number((struct value){ h->retry_after,
	    strlen(h->retry_after) }, FOREVER_S);
	if (seconds != -1)
		return seconds;
	/* A date has a weekday or a month in it: "-5" and "1.5" are none. */
	if (strpbrk(h->retry_after, " :") == NULL)
		return -1;
	until_ms = fetch_head_date(h->retry_after);
	if (until_ms == DATE_NONE)
		return -1;
	/* By the server's own clock, if it says what that shows. */
	date_ms = fetch_head_date(h->date);
	if (date_ms == DATE_NONE)
		date_ms = now_ms;
	if (until_ms <= date_ms)
		return 0;
	seconds = until_ms / 1000 - date_ms / 1000;
	return seconds < FOREVER_S ? seconds : FOREVER_S;
}

int64_t
fetch_head_max_age(const struct fetch_head *h)
{
	static const char max_age[] = "max-age=";
	struct value rest, one;
	int64_t seconds = -1;
	int fresh = 1;

	if (h->cache_control == NULL)
		return -1;
	rest = (struct value){ h->cache_control, strlen(h->cache_control) };
	while (list_next(&rest, &one)) {
		if (value_is(one, "no-store") || value_is(one, "no-cache"))
			fresh = 0;
		if (one.len < sizeof(max_age) || seconds != -1 ||
		    strncasecmp(one.s, max_age, sizeof(max_age) - 1) != 0)
			continue;
		one = trimmed(one.s + sizeof(max_age) - 1,
		    one.len - (sizeof(max_age) - 1));
		if (one.len >= 2 && one.s[0] == '"' &&
		    one.s[one.len - 1] == '"')
			one = (struct value){ one.s + 1, one.len - 2 };
		seconds = read_number(one, FOREVER_S);
	}
	if (!fresh)
		return 0;
	if (seconds == -1)
		return -1;
	return seconds > h->age_s ? seconds - h->age_s : 0;
}
