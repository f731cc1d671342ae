/*
 * entity.c - references to characters and entities, by our own rules.
 *
 * A document may declare entities if they are short, plain and few (that
 * stops every expansion attack before it begins); everything else that has
 * a name is looked up among HTML's.  Nothing outside the document is ever
 * loaded.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/arena.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/html.h"
#include "reader.h"

enum {
	ENTITIES_MAX = 300, VALUE_MAX = 64, NAME_MAX_BYTES = 32,
	/* Of HTML's names as they were looked up: a text has few of them. */
	SEEN_SLOTS = 4096,
	SEEN_PROBES = 8,
	/* A text that has more is made of names that nobody knows, each one
	 * another: from there on, what is new is no reference. */
	LOOK_UPS_MAX = 20000,
};

struct seen {
	char		 name[NAME_MAX_BYTES + 1];
	char		 value[8];
};

struct entities {
	struct arena	 arena;
	unsigned	 count, look_ups;
	struct declared {
		const char	*name, *value;
	} list[ENTITIES_MAX];		/* sorted by name */
	struct seen	 seen[SEEN_SLOTS];
};

/* --------------------------------------------------------- declarations */

static const char *
skip_blanks(const char *s, const char *end)
{
	while (s < end && strchr(" \t\r\n", *s) != NULL && *s != '\0')
		s++;
	return s;
}

static int
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
	    c == ':' || (c & 0x80);
}

/* Character references in a declared value are decoded there and then. */
static int
plain_value(const char *s, size_t len, struct buf *out)
{
	const char *end = s + len;

	while (s < end) {
		size_t n;

		if (*s != '&') {
			buf_putc(out, *s++);
			continue;
		}
		if (s + 1 >= end || s[1] != '#')
			return 0;
		n = entity_read(NULL, s + 1, end, out);
		if (n == 0)
			return 0;
		s += n + 1;
	}
	return out->len <= VALUE_MAX && out->data != NULL &&
	    memchr(out->data, '&', out->len) == NULL &&
	    memchr(out->data, '%', out->len) == NULL &&
	    memchr(out->data, '<', out->len) == NULL;
}

/* Where a name is in the list, or where it belongs. */
static unsigned
find_declared(const struct entities *e, const char *name, size_t n,
    int *ret_found)
{
	unsigned low = 0, high = e->count;

	*ret_found = 0;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		const char *other = e->list[middle].name;
		int order = strncmp(name, other, n);

		if (order == 0 && other[n] == '\0') {
			*ret_found = 1;
			return middle;
		}
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Of two declarations the first counts (XML 1.0 section 4.2). */
static void
keep(struct entities *e, const char *name, size_t n, const char *value)
{
	int found;
	unsigned at = find_declared(e, name, n, &found);

	if (found)
		return;
	memmove(&e->list[at + 1], &e->list[at],
	    (e->count - at) * sizeof(e->list[0]));
	e->list[at].name = arena_strndup(&e->arena, name, n);
	e->list[at].value = arena_strdup(&e->arena, value);
	e->count++;
}

/* After "<!ENTITY": 1 taken, 0 refused. */
static int
declare(struct entities *e, const char *s, const char *end)
{
	const char *name, *close;
	size_t name_len;
	struct buf value = { 0 };
	int good;

	name = s = skip_blanks(s, end);
	while (s < end && is_name_char(*s))
		s++;
	name_len = (size_t)(s - name);
	s = skip_blanks(s, end);
	if (name_len == 0 || name_len > NAME_MAX_BYTES || s >= end ||
	    (*s != '"' && *s != '\'') || e->count >= ENTITIES_MAX)
		return 0;
	close = memchr(s + 1, *s, (size_t)(end - s - 1));
	if (close == NULL || close - s > 16 * VALUE_MAX)
		return 0;
	good = plain_value(s + 1, (size_t)(close - s - 1), &value);
	if (good)
		keep(e, name, name_len, buf_str(&value));
	buf_fini(&value);
	return good;
}

struct entities *
entities_read(const char *s, size_t len, unsigned *ret_refused)
{
	struct entities *e = xcalloc(1, sizeof(*e));
	const char *end = s + len;

	*ret_refused = 0;
	while ((s = memmem(s, (size_t)(end - s), "<!ENTITY", 8)) != NULL) {
		s += 8;
		if (!declare(e, s, end))
			++*ret_refused;
		if (*ret_refused > ENTITIES_MAX)
			break;
	}
	return e;
}

void
entities_free(struct entities *e)
{
	if (e == NULL)
		return;
	arena_fini(&e->arena);
	free(e);
}

/* ------------------------------------------------------------- references */

static size_t
read_number(const char *s, const char *end, struct buf *out)
{
	const char *from = s++;
	uint32_t v = 0;
	int base = 10;

	if (s < end && (*s == 'x' || *s == 'X')) {
		base = 16;
		s++;
	}
	if (s >= end)
		return 0;
	for (const char *digits = s; ; s++) {
		int d = s >= end ? -1 : text_hex_digit(*s);

		if (d < 0 || d >= base) {
			if (s == digits || s >= end || *s != ';')
				return 0;
			break;
		}
		if (v <= 0x10ffff)
			v = v * (uint32_t)base + (uint32_t)d;
	}
	if (text_xml_char(v))
		text_utf8_put(out, v);
	else if (v >= 0x20 || v == 0)
		buf_puts(out, "\xef\xbf\xbd");
	return (size_t)(s - from) + 1;
}

/* value is "" for what HTML does not know either. */
static void
look_up_html(const char *name, size_t n, char value[8])
{
	char reference[NAME_MAX_BYTES + 3];
	struct buf decoded = { 0 };

	snprintf(reference, sizeof(reference), "&%.*s;", (int)n, name);
	html_decode_entities(&decoded, reference, n + 2);
	value[0] = '\0';
	if (decoded.len > 0 && decoded.len < 8 &&
	    strcmp(decoded.data, reference) != 0 &&
	    (decoded.data[decoded.len - 1] != ';' || decoded.len == 1))
		memcpy(value, decoded.data, decoded.len + 1);
	buf_fini(&decoded);
}

/* What HTML knows of the name; "" for nothing. */
static const char *
html_value(struct entities *e, const char *name, size_t n)
{
	struct seen *s = NULL;
	uint32_t h = 0;

	for (size_t i = 0; i < n; i++)
		h = h * 31 + (unsigned char)name[i];
	for (unsigned i = 0; i < SEEN_PROBES; i++) {
		s = &e->seen[(h + i) % SEEN_SLOTS];
		if (s->name[0] == '\0')
			break;
		if (strncmp(s->name, name, n) == 0 && s->name[n] == '\0')
			return s->value;
	}
	if (e->look_ups >= LOOK_UPS_MAX)
		return "";
	e->look_ups++;
	memcpy(s->name, name, n);
	s->name[n] = '\0';
	look_up_html(name, n, s->value);
	return s->value;
}

static size_t
read_name(struct entities *e, const char *name, size_t n, struct buf *out)
{
	const char *value;
	unsigned at;
	int found;

	if (e == NULL)
		return 0;
	at = find_declared(e, name, n, &found);
	if (found) {
		buf_puts(out, e->list[at].value);
		return n + 1;
	}
	value = html_value(e, name, n);
	buf_puts(out, value);
	return value[0] != '\0' ? n + 1 : 0;
}

size_t
entity_read(struct entities *e, const char *s, const char *end,
    struct buf *out)
{
	static const struct {
		const char	*name;
		char		 c;
	} predefined[] = {
		{ "amp", '&' }, { "lt", '<' }, { "gt", '>' },
		{ "quot", '"' }, { "apos", '\'' },
	};
	size_t n = 0;

	if (s < end && *s == '#')
		return read_number(s, end, out);
	while (s + n < end && n <= NAME_MAX_BYTES && is_name_char(s[n]))
		n++;
	if (n == 0 || n > NAME_MAX_BYTES || s + n >= end || s[n] != ';')
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(predefined) && n <= 4; i++) {
		if (strlen(predefined[i].name) == n &&
		    memcmp(s, predefined[i].name, n) == 0) {
			buf_putc(out, predefined[i].c);
			return n + 1;
		}
	}
	return read_name(e, s, n, out);
}
