/*
 * token.c - the tokens of HTML, as browsers find them.
 *
 * The tokenizer of the HTML standard without its error reports, and with
 * these differences, each because feeds are written by programs that never
 * saw a browser: the markers of CDATA sections are dropped and what is
 * between them is read; "<x/>" is said to be self-closing for any x; what
 * never ends does not eat the rest: such a frame (or noembed, noframes, xmp)
 * is empty, a comment ends at its first ">", and "<b" at the end is text.
 *
 * Linear: a search for an end that fails is made once per name.
 */
#include <string.h>
#include <strings.h>

#include "parts.h"

/* Elements whose content is no markup, and the bit that remembers that no
 * end tag follows. */
static const struct raw_element {
	const char	*name;
	GumboTag	 tag;
	enum html_raw	 raw;
	int		 empty_without_end;
} raw_elements[] = {
	{ "script", GUMBO_TAG_SCRIPT, RAW_HIDDEN, 0 },
	{ "style", GUMBO_TAG_STYLE, RAW_HIDDEN, 0 },
	{ "iframe", GUMBO_TAG_IFRAME, RAW_FALLBACK, 1 },
	{ "noembed", GUMBO_TAG_NOEMBED, RAW_FALLBACK, 1 },
	{ "noframes", GUMBO_TAG_NOFRAMES, RAW_FALLBACK, 1 },
	{ "title", GUMBO_TAG_TITLE, RAW_REFERENCES, 1 },
	{ "textarea", GUMBO_TAG_TEXTAREA, RAW_REFERENCES, 1 },
	{ "xmp", GUMBO_TAG_XMP, RAW_VERBATIM, 1 },
	{ "plaintext", GUMBO_TAG_PLAINTEXT, RAW_VERBATIM, 0 },
};

static int
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static int
is_letter(char c)
{
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'z';
}

int
html_name_is(const char *name, size_t len, const char *lower)
{
	return strlen(lower) == len && strncasecmp(name, lower, len) == 0;
}

void
html_scan_init(struct html_scan *s, const char *html, size_t len)
{
	*s = (struct html_scan){ .p = html, .end = html + len };
}

/* ------------------------------------------------------------------ tags */

/*
 * One attribute from p on; NULL at the end of the tag (*stop is at ">") and
 * at the end of the text (*stop is end).
 */
static const char *
scan_attribute(const char *p, const char *end, struct html_attribute *a,
    const char **stop)
{
	while (p < end && (is_space(*p) || *p == '/'))
		p++;
	if (p == end || *p == '>') {
		*stop = p;
		return NULL;
	}
	*a = (struct html_attribute){ .name = p };
	/* A "=" in front belongs to the name. */
	for (p++; p < end && !is_space(*p) && *p != '/' && *p != '>' &&
	    *p != '='; p++)
		;
	a->name_len = (size_t)(p - a->name);
	while (p < end && is_space(*p))
		p++;
	if (p == end || *p != '=')
		return p;
	for (p++; p < end && is_space(*p); p++)
		;
	if (p == end || *p == '>')
		return p;
	if (*p == '"' || *p == '\'') {
		const char *close = memchr(p + 1, *p, (size_t)(end - p) - 1);

		a->value = p + 1;
		if (close == NULL)
			close = end;
		a->value_len = (size_t)(close - a->value);
		return close < end ? close + 1 : end;
	}
	a->value = p;
	while (p < end && !is_space(*p) && *p != '>')
		p++;
	a->value_len = (size_t)(p - a->value);
	return p;
}

int
html_attribute_next(const struct html_token *t, const char **p,
    struct html_attribute *a)
{
	const char *stop, *next = scan_attribute(*p, t->end, a, &stop);

	if (next == NULL)
		return 0;
	*p = next;
	return 1;
}

/* The tag whose name begins at name: where it ends, NULL if it does not. */
static const char *
scan_tag(struct html_token *t, const char *name, const char *end)
{
	struct html_attribute a;
	const char *p = name, *next;

	while (p < end && !is_space(*p) && *p != '/' && *p != '>')
		p++;
	t->name = name;
	t->name_len = (size_t)(p - name);
	t->tag = gumbo_tagn_enum(name, (unsigned)t->name_len);
	t->attributes = 0;
	if (p < end && *p == '>') {
		t->self_closing = 0;
		return p + 1;
	}
	while ((next = scan_attribute(p, end, &a, &p)) != NULL) {
		t->attributes++;
		p = next;
	}
	if (p == end)
		return NULL;
	/* "<a href=x/>" has a slash in its value, not at its end. */
	t->self_closing = p[-1] == '/' && (t->attributes == 0 ||
	    a.value == NULL || a.value + a.value_len < p);
	return p + 1;
}

/* ------------------------------------------------------------- raw text */

static const struct raw_element *
raw_element(GumboTag tag)
{
	size_t n = sizeof(raw_elements) / sizeof(raw_elements[0]);

	for (size_t i = 0; i < n; i++) {
		if (raw_elements[i].tag == tag)
			return &raw_elements[i];
	}
	return NULL;
}

/* Where "</name" begins, NULL if nowhere. */
static const char *
find_end_tag(const char *p, const char *end, const char *name)
{
	size_t len = strlen(name);

	while ((p = memmem(p, (size_t)(end - p), "</", 2)) != NULL) {
		const char *after = p + 2 + len;

		if (after <= end && strncasecmp(p + 2, name, len) == 0 &&
		    (after == end || is_space(*after) || *after == '/' ||
		    *after == '>'))
			return p;
		p += 2;
	}
	return NULL;
}

/* After the start tag of a raw element: where its text ends. */
static void
enter_raw(struct html_scan *s, const struct html_token *t)
{
	const struct raw_element *e = raw_element(t->tag);
	unsigned bit;

	if (e == NULL)
		return;
	bit = 1u << (e - raw_elements);
	if (e->tag != GUMBO_TAG_PLAINTEXT &&
	    (e->empty_without_end || t->self_closing)) {
		/* XHTML's way to say that nothing is in it. */
		if (t->self_closing && e->raw != RAW_HIDDEN)
			return;
		if (s->unclosed & bit)
			return;
		if (find_end_tag(s->p, s->end, e->name) == NULL) {
			s->unclosed |= bit;
			return;
		}
	}
	s->raw = e->raw;
	s->raw_name = e->name;
}

static enum html_kind
raw_text(struct html_scan *s, struct html_token *t)
{
	const char *close = strcmp(s->raw_name, "plaintext") == 0 ? NULL :
	    find_end_tag(s->p, s->end, s->raw_name);

	*t = (struct html_token){ .kind = HTML_TEXT, .start = s->p,
	    .raw = s->raw, .end = close != NULL ? close : s->end };
	s->p = t->end;
	s->raw = RAW_NONE;
	return HTML_TEXT;
}

/* --------------------------------------------------------------- markup */

/* p is after "<!--".  NULL: it does not end. */
static const char *
comment_end(struct html_scan *s, const char *p)
{
	const char *end = s->end;

	if (p < end && *p == '>')
		return p + 1;
	if (end - p > 1 && p[0] == '-' && p[1] == '>')
		return p + 2;
	while (!s->open_comment &&
	    (p = memmem(p, (size_t)(end - p), "--", 2)) != NULL) {
		if (end - p > 2 && p[2] == '>')
			return p + 3;
		if (end - p > 3 && p[2] == '!' && p[3] == '>')
			return p + 4;
		p++;
	}
	/* Then no later one does. */
	s->open_comment = 1;
	return NULL;
}

/* What is no tag, from "<" on: its end; p itself if it is just text. */
static const char *
skip_other(struct html_scan *s, const char *p)
{
	const char *gt;
	size_t left = (size_t)(s->end - p);

	if (left >= 4 && memcmp(p, "<!--", 4) == 0 &&
	    (gt = comment_end(s, p + 4)) != NULL)
		return gt;
	if (left >= 9 && memcmp(p, "<![CDATA[", 9) == 0) {
		s->in_cdata = 1;
		return p + 9;
	}
	if (left < 2 || (p[1] != '!' && p[1] != '?' && p[1] != '/') ||
	    (p[1] == '/' && left == 2))
		return p;
	gt = s->no_more_gt ? NULL : memchr(p, '>', left);
	if (gt != NULL)
		return gt + 1;
	s->no_more_gt = 1;
	return left >= 4 && memcmp(p, "<!--", 4) == 0 ? s->end : p;
}

static enum html_kind
text_token(struct html_scan *s, struct html_token *t, const char *end)
{
	const char *mark;

	*t = (struct html_token){ .kind = HTML_TEXT, .start = s->p,
	    .end = end };
	if (s->in_cdata && (mark = memmem(s->p, (size_t)(end - s->p), "]]>",
	    3)) != NULL) {
		s->in_cdata = 0;
		t->end = mark;
		s->p = mark + 3;
	} else {
		s->p = end;
	}
	return HTML_TEXT;
}

/* p is at "<" of what may be a tag. */
static int
tag_token(struct html_scan *s, struct html_token *t, const char *p)
{
	const char *name = p + 1, *end;

	*t = (struct html_token){ .kind = HTML_START, .start = p };
	if (name < s->end && *name == '/') {
		t->kind = HTML_END;
		name++;
	}
	if (name >= s->end || !is_letter(*name))
		return 0;
	end = scan_tag(t, name, s->end);
	if (end == NULL) {
		/* Cut off inside of a tag: nothing is shown of it, but
		 * "a <b" may well be meant; "</b" is not. */
		t->kind = t->kind == HTML_START && t->attributes == 0 ?
		    HTML_TEXT : HTML_EOF;
		t->end = s->p = s->end;
		return 1;
	}
	t->end = s->p = end;
	if (t->kind == HTML_START)
		enter_raw(s, t);
	return 1;
}

enum html_kind
html_scan_next(struct html_scan *s, struct html_token *t)
{
	if (s->raw != RAW_NONE)
		return raw_text(s, t);
	while (s->p < s->end) {
		const char *lt = memchr(s->p, '<', (size_t)(s->end - s->p));
		const char *after;

		if (lt == NULL)
			return text_token(s, t, s->end);
		if (lt > s->p)
			return text_token(s, t, lt);
		if (tag_token(s, t, lt))
			return t->kind;
		after = skip_other(s, lt);
		if (after == lt)
			return text_token(s, t, lt + 1);
		s->p = after;
	}
	*t = (struct html_token){ .kind = HTML_EOF };
	return HTML_EOF;
}
