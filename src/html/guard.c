/*
 * guard.c - any HTML to the small dialect gumbo reads in linear time.
 *
 * gumbo 0.10 is quadratic in nesting, in the attributes of one tag and in
 * what stands in a table outside of its cells, and formatting that is cut
 * off by a block is opened anew in each that follows.  So only tags that may
 * be in the output get through, everything else is dropped here: scripts,
 * comments, forms, foreign content.  No state of gumbo's tokenizer but "data"
 * is ever entered (a frame is closed at once), so what this file counts is
 * what gumbo sees.  Past a limit tags are dropped and their text stays.
 *
 * The stack is an upper bound of gumbo's stack of open elements.  Only what
 * certainly ends an element takes it off; what an end tag cuts off is gone
 * except formatting, which stays because gumbo remembers it too.  <p> and
 * the parts of a table end themselves: they are bounded by what is counted.
 */
#include <string.h>

#include "feedmill/base/buf.h"
#include "parts.h"

enum {
	DEPTH_MAX = 256,
	TAGS_MAX = 50000,
	ATTRIBUTES_MAX = 256,	/* of one tag */
	FOSTERED_MAX = 2000,	/* tags in tables, outside of cells */
	REOPENED_MAX = 250000,	/* nodes and attributes that formatting adds */
};

struct open {
	unsigned char	class;
	GumboTag	tag;
	unsigned	weight;		/* of formatting: nodes it may add */
};

struct guard {
	struct buf	*out;
	struct open	 stack[DEPTH_MAX];
	unsigned	 depth;
	unsigned	 formatting;	/* sum of the weights on the stack */
	unsigned	 tags, fostered;
	unsigned long	 reopened;
	int		 full;		/* over a limit: text only from here */
	GumboTag	 skip;		/* GUMBO_TAG_LAST: nothing is skipped */
	unsigned	 skip_depth;
};

/* ----------------------------------------------------------------- stack */

static void
push(struct guard *g, const struct html_token *t, enum html_class class)
{
	struct open *o = &g->stack[g->depth++];

	*o = (struct open){ (unsigned char)class, t->tag,
	    class == CLASS_FORMAT ? 1 + t->attributes : 0 };
	g->formatting += o->weight;
}

/* Everything from at on is over.  Formatting stays unless a cell ended. */
static void
cut(struct guard *g, unsigned at, int with_formatting)
{
	unsigned to = at;

	for (unsigned i = at; i < g->depth; i++) {
		if (i > at && g->stack[i].class == CLASS_FORMAT &&
		    !with_formatting)
			g->stack[to++] = g->stack[i];
		else
			g->formatting -= g->stack[i].weight;
	}
	g->depth = to;
}

/* The index of the innermost cell of the innermost table, or -1. */
static int
open_cell(const struct guard *g)
{
	for (unsigned i = g->depth; i-- > 0;) {
		if (g->stack[i].class == CLASS_CELL)
			return (int)i;
		if (g->stack[i].class == CLASS_TABLE)
			return -1;
	}
	return -1;
}

static void
close_cell(struct guard *g)
{
	int cell = open_cell(g);

	if (cell != -1)
		cut(g, (unsigned)cell, 1);
}

static int
in_table(const struct guard *g)
{
	for (unsigned i = g->depth; i-- > 0;) {
		if (g->stack[i].class == CLASS_TABLE)
			return 1;
		if (g->stack[i].class == CLASS_CELL)
			return 0;
	}
	return 0;
}

/* What the end tag of an element of this class cannot look past. */
static int
is_barrier(enum html_class class, const struct open *o)
{
	if (o->class == CLASS_TABLE || o->class == CLASS_CELL)
		return 1;
	return (class == CLASS_PLAIN || class == CLASS_FORMAT) &&
	    (o->class == CLASS_SPECIAL || o->class == CLASS_ITEM);
}

static void
pop(struct guard *g, const struct html_token *t, enum html_class class)
{
	if (class == CLASS_TABLE) {
		close_cell(g);
	} else if (class == CLASS_ROW || class == CLASS_CELL) {
		close_cell(g);
		return;
	}
	for (unsigned i = g->depth; i-- > 0;) {
		if (g->stack[i].class == class && g->stack[i].tag == t->tag) {
			cut(g, i, 0);
			return;
		}
		if (is_barrier(class, &g->stack[i]))
			return;
	}
}

/* ---------------------------------------------------------------- limits */

/* A start or end tag that will be passed on: may it be? */
static int
afford(struct guard *g, const struct html_token *t, enum html_class class)
{
	if (g->full || t->attributes > ATTRIBUTES_MAX)
		return 0;
	g->reopened += g->formatting;
	if (class < CLASS_TABLE && in_table(g))
		g->fostered++;
	if (++g->tags > TAGS_MAX || g->reopened > REOPENED_MAX ||
	    g->fostered > FOSTERED_MAX)
		g->full = 1;
	return !g->full;
}

/* Account for a start tag; 0 if nothing more may be opened. */
static int
open_element(struct guard *g, const struct html_token *t,
    enum html_class class)
{
	const struct open *top = g->depth > 0 ? &g->stack[g->depth - 1] : NULL;

	if (class == CLASS_VOID || class == CLASS_P || class == CLASS_FRAME)
		return 1;
	if (class == CLASS_ROW || class == CLASS_CELL)
		close_cell(g);
	if (class == CLASS_ROW)
		return 1;
	/* Outside of a table there are no cells, whatever the tags say. */
	if (class == CLASS_CELL && !in_table(g))
		return 1;
	if (top != NULL && top->class == class && (class == CLASS_ITEM ||
	    (t->tag == GUMBO_TAG_A && top->tag == GUMBO_TAG_A))) {
		if (class == CLASS_FORMAT || top->tag == t->tag ||
		    (top->tag != GUMBO_TAG_LI && t->tag != GUMBO_TAG_LI))
			cut(g, g->depth - 1, 1);
	}
	if (g->depth == DEPTH_MAX)
		return 0;
	push(g, t, class);
	return 1;
}

/* ------------------------------------------------------------------ text */

/* Text for gumbo's data state: no "<" that could begin something. */
static void
put_text(struct guard *g, const char *s, const char *end, int verbatim)
{
	while (s < end) {
		const char *p = s;

		while (p < end && *p != '<' && !(verbatim && *p == '&'))
			p++;
		buf_append(g->out, s, (size_t)(p - s));
		if (p < end)
			buf_puts(g->out, *p == '<' ? "&lt;" : "&amp;");
		s = p + 1;
	}
}

static void
put_text_token(struct guard *g, const struct html_token *t)
{
	switch (t->raw) {
	case RAW_HIDDEN:
	case RAW_FALLBACK:
		break;
	case RAW_NONE:
		/* No other text has one in it. */
		if (*t->start == '<')
			put_text(g, t->start, t->end, 0);
		else
			buf_append(g->out, t->start,
			    (size_t)(t->end - t->start));
		break;
	case RAW_REFERENCES:
	case RAW_VERBATIM:
		put_text(g, t->start, t->end, t->raw == RAW_VERBATIM);
		break;
	}
}

/* ------------------------------------------------------------------ tags */

/* HTML ends <svg> and <math> where one of these begins. */
static int
breaks_out(const struct html_token *t, enum html_class class)
{
	return class == CLASS_SPECIAL || class == CLASS_P ||
	    class == CLASS_ITEM || class == CLASS_TABLE ||
	    t->tag == GUMBO_TAG_IMG || t->tag == GUMBO_TAG_BR ||
	    t->tag == GUMBO_TAG_HR || t->tag == GUMBO_TAG_SPAN;
}

/* Inside of what goes with its content: does this token, too? */
static int
is_skipped(struct guard *g, const struct html_token *t)
{
	enum html_class class;

	if (g->skip == GUMBO_TAG_LAST)
		return 0;
	if (t->kind == HTML_TEXT)
		return 1;
	class = html_class(t->tag, t->name, t->name_len);
	if (t->tag == g->skip) {
		if (t->kind == HTML_END)
			g->skip_depth--;
		else if (!t->self_closing)
			g->skip_depth++;
	} else if (t->kind == HTML_START && g->skip != GUMBO_TAG_TEMPLATE &&
	    breaks_out(t, class)) {
		g->skip_depth = 0;
		g->skip = GUMBO_TAG_LAST;
		return 0;
	}
	if (g->skip_depth == 0)
		g->skip = GUMBO_TAG_LAST;
	return 1;
}

/* Two words in two blocks stay two when the blocks go. */
static void
put_break(struct guard *g, const struct html_token *t)
{
	if (html_breaks_text(t->tag))
		buf_putc(g->out, ' ');
}

/* The tag without the attributes that nobody will look at: gumbo takes
 * longer for a byte than for anything else. */
static void
put_tag(struct guard *g, const struct html_token *t)
{
	const char *p = t->name + t->name_len, *from;
	struct html_attribute a;

	buf_append(g->out, t->start, (size_t)(p - t->start));
	while (from = p, html_attribute_next(t, &p, &a)) {
		if (!html_attribute_matters(a.name, a.name_len))
			continue;
		/* From the blank or slash before the name. */
		if (from == a.name)
			buf_putc(g->out, ' ');
		buf_append(g->out, from, (size_t)(p - from));
	}
	buf_putc(g->out, '>');
}

static void
put_start(struct guard *g, const struct html_token *t)
{
	enum html_class class = html_class(t->tag, t->name, t->name_len);
	int empty = t->self_closing && class != CLASS_VOID;

	if (class == CLASS_SKIP && !t->self_closing) {
		g->skip = t->tag;
		g->skip_depth = 1;
	}
	if (class == CLASS_NONE || class == CLASS_SKIP ||
	    !afford(g, t, class) || !open_element(g, t, class)) {
		put_break(g, t);
		return;
	}
	put_tag(g, t);
	if (!empty && class != CLASS_FRAME)
		return;
	buf_puts(g->out, "</");
	buf_append(g->out, t->name, t->name_len);
	buf_putc(g->out, '>');
	if (class != CLASS_FRAME)
		pop(g, t, class);
}

static void
put_end(struct guard *g, const struct html_token *t)
{
	enum html_class class = html_class(t->tag, t->name, t->name_len);

	if (class == CLASS_NONE || class == CLASS_SKIP ||
	    class == CLASS_FRAME || !afford(g, t, class)) {
		put_break(g, t);
		return;
	}
	buf_puts(g->out, "</");
	buf_append(g->out, t->name, t->name_len);
	buf_putc(g->out, '>');
	pop(g, t, class);
}

void
html_guard(struct buf *out, const char *html, size_t len)
{
	struct guard g = { .out = out, .skip = GUMBO_TAG_LAST };
	struct html_scan scan;
	struct html_token t;

	html_scan_init(&scan, html, len);
	while (html_scan_next(&scan, &t) != HTML_EOF) {
		if (is_skipped(&g, &t))
			continue;
		if (t.kind == HTML_TEXT)
			put_text_token(&g, &t);
		else if (t.kind == HTML_START)
			put_start(&g, &t);
		else
			put_end(&g, &t);
	}
}
