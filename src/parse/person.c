/*
 * person.c - a name and an address out of one line.
 *
 * "a@b (Name)", "Name <a@b>", "Name (a@b)", "mailto:a@b", "Name - a@b":
 * the address is the word with an @, the name is what remains without its
 * brackets, quotes and what parted the two.  Markup is not part of a name.
 */
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/text.h"
#include "feedmill/html.h"
#include "list.h"
#include "reader.h"

static int
address_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (c & 0x80) ||
	    (c != '\0' && strchr(".!#$%&'*+/=?^_`{|}~-", c) != NULL);
}

/* The address around the first @ that has a domain with a dot behind it;
 * its length, or 0. */
static size_t
find_address(const char *s, const char *end, const char **ret)
{
	const char *at = s;

	while ((at = memchr(at, '@', (size_t)(end - at))) != NULL) {
		const char *from = at, *to = at + 1;

		while (from > s && address_char(from[-1]))
			from--;
		while (to < end && (address_char(*to)))
			to++;
		while (to > at + 1 && to[-1] == '.')
			to--;
		if (from < at && to > at + 1) {
			*ret = from;
			return (size_t)(to - from);
		}
		at++;
	}
	return 0;
}

static int
is_bracket(char c)
{
	return c != '\0' && strchr("()<>[]\"", c) != NULL;
}

/* Off with outer brackets that hold nothing or everything, and blanks. */
static size_t
trim_name(const char **s, size_t len)
{
	size_t before;

	do {
		before = len;
		len = text_trim(s, len);
		if (len >= 2 && is_bracket((*s)[0]) &&
		    is_bracket((*s)[len - 1])) {
			(*s)++;
			len -= 2;
		}
	} while (len != before);
	while (len > 0 && ((*s)[len - 1] == ',' || (*s)[len - 1] == '<' ||
	    (*s)[len - 1] == '('))
		len = text_trim(s, len - 1);
	if (len > 2 && memcmp(*s + len - 2, "<>", 2) == 0)
		len = text_trim(s, len - 2);
	if (memchr(*s, ')', len) == NULL) {
		while (len > 0 && (*s)[0] == '(') {
			(*s)++;
			len = text_trim(s, len - 1);
		}
	}
	if (memchr(*s, '(', len) == NULL) {
		while (len > 0 && (*s)[len - 1] == ')')
			len = text_trim(s, len - 1);
	}
	while (len > 0 && ((*s)[0] == ')' || (*s)[0] == '>')) {
		(*s)++;
		len = text_trim(s, len - 1);
	}
	return len;
}

static int
parts_two(char c)
{
	return c == ' ' || c == ',' || c == ';' || c == '|' || c == '-';
}

static const char *
name_around(struct arena *a, const char *s, const char *end,
    const char *address, size_t n)
{
	const char *before_end = address, *after = address + n;
	struct buf out = { 0 };
	const char *p, *kept = NULL;
	size_t len;

	if (before_end - s >= 7 &&
	    strncasecmp(before_end - 7, "mailto:", 7) == 0)
		before_end -= 7;
	/* The brackets or quotes around the address go with it. */
	while (before_end > s && after < end && is_bracket(before_end[-1]) &&
	    is_bracket(*after)) {
		before_end--;
		after++;
	}
	buf_append(&out, s, (size_t)(before_end - s));
	buf_append(&out, after, (size_t)(end - after));
	p = buf_str(&out);
	len = out.len;
	for (; len > 0 && parts_two(*p); len--)
		p++;
	while (len > 0 && parts_two(p[len - 1]))
		len--;
	len = trim_name(&p, len);
	if (len > 0)
		kept = arena_strndup(a, p, len);
	buf_fini(&out);
	return kept;
}

static struct person *
parse_line(struct arena *a, const char *s, size_t len)
{
	struct person *p;
	const char *address;
	size_t n;

	len = text_trim(&s, len);
	if (len > 7 && strncasecmp(s, "mailto:", 7) == 0) {
		s += 7;
		len -= 7;
	}
	if (len == 0)
		return NULL;
	p = arena_zalloc(a, sizeof(*p));
	n = find_address(s, s + len, &address);
	if (n == 0) {
		n = trim_name(&s, len);
		p->name = n > 0 ? arena_strndup(a, s, n) : NULL;
		return n > 0 ? p : NULL;
	}
	p->email = arena_strndup(a, address, n);
	p->name = name_around(a, s, s + len, address, n);
	return p;
}

/* "<a href=x>Name</a>": the text of it, as it is. */
static struct person *
parse_markup(struct arena *a, const char *s, size_t len)
{
	struct buf text = { 0 };
	struct person *p = NULL;

	html_to_text(&text, s, len);
	if (text.len > 0) {
		p = arena_zalloc(a, sizeof(*p));
		p->name = arena_strndup(a, text.data, text.len);
	}
	buf_fini(&text);
	return p;
}

struct person *
person_parse(struct arena *a, const char *s, size_t len)
{
	struct buf line = { 0 };
	const char *address;
	struct person *p;

	/* "Name <a@b>" is no markup. */
	if (find_address(s, s + len, &address) == 0 &&
	    html_looks_like(s, len))
		return parse_markup(a, s, len);
	text_collapse(&line, s, len);
	p = parse_line(a, buf_str(&line), line.len);
	buf_fini(&line);
	return p;
}

static int
same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Twice the same person (author and dc:creator) is once. */
void
person_add(struct person **list, struct person *p)
{
	for (struct person *q = *list; q != NULL; q = q->next) {
		if (same(q->name, p->name) && same(q->email, p->email) &&
		    same(q->uri, p->uri))
			return;
	}
	LIST_APPEND(list, p);
}
