/*
 * front.c - see front.h.
 *
 * A key is at the beginning of a line.  One that comes twice has its last
 * value; what is no key that is wanted here is passed over.
 */
#include <string.h>

#include "feedmill/base/arena.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/model.h"
#include "front.h"

enum {
	FRONT_LINES_MAX = 64,
	VALUE_MAX = 32768,	/* a key, each of its letters an escape */
	TAGS_MAX = 64
};

/* ------------------------------------------------------------------ lines */

size_t
line_length(const struct lines *l)
{
	const char *lf = memchr(l->at, '\n', (size_t)(l->end - l->at));

	return (size_t)((lf != NULL ? lf : l->end) - l->at);
}

void
line_skip(struct lines *l)
{
	l->at += line_length(l);
	if (l->at < l->end)
		l->at++;
}

int
line_is(const struct lines *l, const char *text)
{
	const char *s = l->at;
	size_t len = text_trim(&s, line_length(l));

	return len == strlen(text) && memcmp(s, text, len) == 0;
}

void
line_skip_blank(struct lines *l)
{
	while (l->at < l->end && line_is(l, ""))
		line_skip(l);
}

/* ------------------------------------------------------------ YAML values */

static unsigned
hex_digits(const char *s, unsigned n, uint32_t *ret)
{
	*ret = 0;
	for (unsigned i = 0; i < n; i++) {
		int digit = text_hex_digit(s[i]);

		if (digit < 0)
			return 0;
		*ret = *ret << 4 | (uint32_t)digit;
	}
	return n;
}

/* Behind a backslash; returns the bytes it takes.  What is no escape of YAML
 * ("\'" of one old generator) stands for itself. */
static size_t
put_escape(struct buf *b, const char *s)
{
	static const struct { char letter, width; } hex[] = {
		{ 'x', 2 }, { 'u', 4 }, { 'U', 8 }
	};
	uint32_t c;

	for (size_t i = 0; i < ARRAY_LEN(hex); i++) {
		unsigned width = (unsigned)hex[i].width;

		if (*s != hex[i].letter ||
		    hex_digits(s + 1, width, &c) == 0)
			continue;
		text_utf8_put(b, c != 0 && text_xml_char(c) ? c : 0xfffd);
		return 1 + width;
	}
	buf_putc(b, *s == 'n' ? '\n' : *s == 't' ? '\t' : *s);
	return 1;
}

/* One scalar at *at; stops behind it.  Plain ones end at one of stop. */
static void
put_scalar(struct buf *b, const char **at, const char *stop)
{
	const char *s = *at;
	char quote = *s == '"' || *s == '\'' ? *s++ : '\0';

	while (*s != '\0') {
		if (quote == '\0' && strchr(stop, *s) != NULL)
			break;
		if (quote != '\0' && *s == quote) {
			s++;
			/* YAML's '' inside single quotes. */
			if (quote != '\'' || *s != '\'')
				break;
		}
		if (quote == '"' && *s == '\\' && s[1] != '\0')
			s += 1 + put_escape(b, s + 1);
		else
			buf_putc(b, *s++);
	}
	*at = s;
}

enum kind { LINE, EXACT, LIST };

/* The value, to the letter or as one line of text; NULL if it is empty. */
static const char *
take_scalar(struct arena *arena, const char *value, enum kind kind)
{
	struct buf raw = { 0 }, text = { 0 };
	const char *ret = NULL;

	put_scalar(&raw, &value, "");
	if (kind == EXACT)
		buf_append(&text, buf_str(&raw), raw.len);
	else
		text_collapse(&text, buf_str(&raw), raw.len);
	if (text.len > 0)
		ret = arena_strdup(arena, buf_str(&text));
	buf_fini(&raw);
	buf_fini(&text);
	return ret;
}

/* ----------------------------------------------------------- front matter */

static void
take_key(struct front *f, struct arena *arena, const char *line)
{
	const struct { const char *key, **value; enum kind kind; } keys[] = {
		{ "title:", &f->title, LINE }, { "date:", &f->date, LINE },
		{ "author:", &f->author, LINE }, { "from:", &f->from, LINE },
		{ "tags:", &f->tags, LIST }, { "key:", &f->key, EXACT },
		{ "categories:", &f->categories, LIST },
	};

	if (strncmp(line, "render_with_liquid:", 19) == 0)
		f->is_ours = 1;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		size_t len = strlen(keys[i].key);

		if (strncmp(line, keys[i].key, len) != 0)
			continue;
		line += len;
		line += strspn(line, " \t");
		*keys[i].value = keys[i].kind == LIST ?
		    arena_strdup(arena, line) :
		    take_scalar(arena, line, keys[i].kind);
		return;
	}
}

void
front_read(struct front *f, struct arena *arena, struct lines *l)
{
	const char *start = l->at;

	*f = (struct front){ 0 };
	if (!line_is(l, "---"))
		return;
	line_skip(l);
	for (int i = 0; i < FRONT_LINES_MAX && l->at < l->end; i++) {
		size_t len = line_length(l);

		if (line_is(l, "---")) {
			line_skip(l);
			return;
		}
		if (len < VALUE_MAX)
			take_key(f, arena, arena_strndup(arena, l->at, len));
		line_skip(l);
	}
	l->at = start;		/* it never ends: then it is not one */
	*f = (struct front){ 0 };
}

struct category *
front_list(struct arena *arena, const char *s)
{
	struct category *list = NULL, **last = &list;

	if (s == NULL)
		return NULL;
	s += strspn(s, "[ \t");
	for (int i = 0; i < TAGS_MAX && *s != '\0' && *s != ']'; i++) {
		struct buf raw = { 0 }, text = { 0 };

		put_scalar(&raw, &s, ",]");
		text_collapse(&text, buf_str(&raw), raw.len);
		if (text.len > 0) {
			*last = arena_zalloc(arena, sizeof(**last));
			(*last)->term = arena_strdup(arena, buf_str(&text));
			last = &(*last)->next;
		}
		buf_fini(&raw);
		buf_fini(&text);
		s += strcspn(s, ",]");
		s += strspn(s, ", \t");
	}
	return list;
}
