/*
 * report.c - mistakes, and how they are shown.
 *
 *	feedmill.yaml:10:5: error: unknown setting "intervall" in feed "dw-zh"
 *	    intervall: 15m
 *	    ^~~~~~~~~
 *
 * They are found in the order of checking and shown in the order of the
 * files.  What looks like a secret on a line is cut off: reports end up in
 * journals and in questions to strangers.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "private.h"

enum { SHOWN_MAX_CHARS = 160, SHOWN_BEFORE_CHARS = 60 };

static void
index_lines(struct config_file *f)
{
	size_t cap = 64;

	f->lines = xmalloc(cap * sizeof(*f->lines));
	f->lines[0] = 0;
	f->lines_count = 1;
	for (size_t i = 0; i < f->len; i++) {
		if (f->text[i] != '\n')
			continue;
		if (f->lines_count == cap) {
			cap *= 2;
			f->lines = xrealloc(f->lines, cap * sizeof(*f->lines));
		}
		f->lines[f->lines_count++] = i + 1;
	}
}

void
config_file_set(struct config_file *f, const char *name, const char *text,
    size_t len)
{
	/* A byte order mark is Windows' way of saying UTF-8. */
	if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
		text += 3;
		len -= 3;
	}
	f->name = xstrdup(name);
	f->text = xmalloc(len + 1);
	if (len > 0)
		memcpy(f->text, text, len);
	f->text[len] = '\0';
	f->len = len;
	index_lines(f);
}

int
config_file_read(struct config_file *f, const char *path, struct err *e)
{
	struct buf b = { 0 };
	int ok = file_read(path, CONFIG_FILE_MAX_BYTES, &b, e);

	config_file_set(f, path, buf_str(&b), ok == 0 ? b.len : 0);
	buf_fini(&b);
	return ok;
}

void
config_file_fini(struct config_file *f)
{
	free((char *)f->name);
	free(f->text);
	free(f->lines);
}

const char *
config_file_line(const struct config_file *f, unsigned line, size_t *ret_len)
{
	size_t from, to;

	*ret_len = 0;
	if (line == 0 || line > f->lines_count)
		return "";
	from = f->lines[line - 1];
	to = line < f->lines_count ? f->lines[line] - 1 : f->len;
	if (to > from && f->text[to - 1] == '\r')
		to--;
	*ret_len = to - from;
	return f->text + from;
}

void
mistake_add(struct mistakes *m, struct place at, int is_warning,
    const char *fmt, ...)
{
	struct buf sentence = { 0 };
	va_list ap;

	if (m->count == m->cap) {
		m->cap = m->cap > 0 ? 2 * m->cap : 16;
		m->list = xrealloc(m->list, m->cap * sizeof(*m->list));
	}
	va_start(ap, fmt);
	buf_vprintf(&sentence, fmt, ap);
	va_end(ap);
	m->list[m->count] = (struct mistake){
		at, is_warning, buf_take(&sentence), m->count
	};
	m->count++;
	m->errors += !is_warning;
}

void
mistakes_fini(struct mistakes *m)
{
	for (size_t i = 0; i < m->count; i++)
		free(m->list[i].sentence);
	free(m->list);
	*m = (struct mistakes){ 0 };
}

static int
compare(const void *pa, const void *pb)
{
	const struct mistake *a = pa, *b = pb;
	unsigned fa = a->at.file != NULL ? a->at.file->number + 1 : 0;
	unsigned fb = b->at.file != NULL ? b->at.file->number + 1 : 0;

	if (fa != fb)
		return fa < fb ? -1 : 1;
	if (a->at.line != b->at.line)
		return a->at.line < b->at.line ? -1 : 1;
	if (a->at.column != b->at.column)
		return a->at.column < b->at.column ? -1 : 1;
	return a->number < b->number ? -1 : 1;
}

/* Where the value of a setting with that word in its name begins; a tag
 * ("!env NAME") only says where the value is. */
static const char *
value_of(const char *line, const char *word)
{
	const char *p = line;

	while ((p = text_find_nocase(p, word)) != NULL) {
		p += strcspn(p, ":=");
		if (*p == '\0')
			return NULL;
		p++;
		if (p[strspn(p, " \t")] != '!')
			return p;
	}
	return NULL;
}

/* Where on the line something begins that must not be shown, or len. */
static size_t
secret_begins(const char *line, size_t len)
{
	static const char *const words[] = { "passw", "secret", "token",
	    "key", "auth", "cookie", "header", "credential" };
	char *copy = xstrndup(line, len);
	size_t begins = len;
	const char *p;

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		p = value_of(copy, words[i]);
		if (p != NULL && (size_t)(p - copy) < begins)
			begins = (size_t)(p - copy);
	}
	for (p = copy; (p = strstr(p, "://")) != NULL; p += 3)
		if (p[3 + strcspn(p + 3, "/ \t@")] == '@' &&
		    (size_t)(p + 3 - copy) < begins)
			begins = (size_t)(p + 3 - copy);
	free(copy);
	return begins;
}

/* Does a terminal give it two columns? */
static int
is_wide(uint32_t c)
{
	static const struct { uint32_t from, to; } wide[] = {
		{ 0x1100, 0x115F }, { 0x2E80, 0xA4CF }, { 0xAC00, 0xD7A3 },
		{ 0xF900, 0xFAFF }, { 0xFE30, 0xFE6F }, { 0xFF00, 0xFF60 },
		{ 0xFFE0, 0xFFE6 }, { 0x1F300, 0x1FAFF },
		{ 0x20000, 0x3FFFD },
	};

	for (size_t i = 0; i < ARRAY_LEN(wide); i++)
		if (c >= wide[i].from && c <= wide[i].to)
			return 1;
	return 0;
}

/* The line, and below it blanks and the caret: a window around the place
 * where the line is long. */
static void
print_line(const struct place *at, struct buf *out)
{
	struct buf under = { 0 };
	size_t len;
	const char *p = config_file_line(at->file, at->line, &len);
	const char *end = p + len, *hidden = p + secret_begins(p, len);
	unsigned column = 1, from = 1;
	int marked = 0;

	if (at->column > SHOWN_BEFORE_CHARS + SHOWN_MAX_CHARS / 4)
		from = at->column - SHOWN_BEFORE_CHARS;
	buf_puts(out, from > 1 ? "    ..." : "    ");
	buf_puts(&under, from > 1 ? "       " : "    ");
	for (; p < end && p < hidden; column++) {
		uint32_t c = text_utf8_next(&p, end);

		if (column < from)
			continue;
		if (column >= from + SHOWN_MAX_CHARS ||
		    (at->secret && column >= at->column))
			break;
		if (c == '\t')
			c = ' ';
		text_utf8_put(out, c < 0x20 || c == 0x7F ||
		    (c >= 0x80 && c < 0xA0) || c == 0x2028 || c == 0x2029 ||
		    (c >= 0x202A && c <= 0x202E) ||
		    (c >= 0x2066 && c <= 0x2069) ? '?' : c);
		if (column >= at->column && column < at->column + at->width) {
			buf_putc(&under, marked++ == 0 ? '^' : '~');
			if (is_wide(c))
				buf_putc(&under, '~');
		} else if (marked == 0) {
			buf_puts(&under, is_wide(c) ? "  " : " ");
		}
	}
	if (p < end)
		buf_puts(out, "...");
	if (marked == 0)
		buf_putc(&under, '^');
	buf_printf(out, "\n%s\n", buf_str(&under));
	buf_fini(&under);
}

static void
print_mistake(const struct mistake *m, struct buf *out)
{
	const struct place *at = &m->at;

	if (at->file != NULL)
		buf_printf(out, "%s:", at->file->name);
	if (at->line > 0)
		buf_printf(out, "%u:%u:", at->line, at->column);
	buf_printf(out, "%s%s: %s\n", out->len > 0 &&
	    out->data[out->len - 1] == ':' ? " " : "",
	    m->is_warning ? "warning" : "error", m->sentence);
	if (at->file != NULL && at->line > 0)
		print_line(at, out);
}

void
mistakes_print(struct mistakes *m, struct buf *out)
{
	if (m->count == 0)
		return;
	qsort(m->list, m->count, sizeof(*m->list), compare);
	for (size_t i = 0; i < m->count && i < CONFIG_MISTAKES_SHOWN; i++)
		print_mistake(&m->list[i], out);
	if (m->count > CONFIG_MISTAKES_SHOWN)
		buf_printf(out, "... and %zu more\n",
		    m->count - CONFIG_MISTAKES_SHOWN);
}
