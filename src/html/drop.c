/*
 * drop.c - a source's rule "drop what says this": a feed proxy's
 * footer, say.
 *
 * The text of the whole tree is laid out in one buffer, each node knowing
 * its part of it, so that words split over several elements are found too.
 * The smallest element around a find goes.  If that is most of the document
 * (a footer without an element of its own), only the line goes: from the
 * break before it to the break after it.
 *
 * A node goes by being made one the serialiser does not write: text becomes
 * a comment, an element a <script>.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/html.h"
#include "parts.h"

enum {
	FINDS_MAX = 16,		/* of one text in one document */
	SMALL_BYTES = 1024,	/* an element of more text is not a footer */
};

struct part {
	GumboNode	*node;
	size_t		 start, end;
};

struct layout {
	struct buf	 text;
	struct part	*parts;		/* in document order */
	size_t		 count, cap;
};

static int
is_element(const GumboNode *n)
{
	return n->type == GUMBO_NODE_ELEMENT;
}

static int
is_text(const GumboNode *n)
{
	return n->type == GUMBO_NODE_TEXT ||
	    n->type == GUMBO_NODE_WHITESPACE || n->type == GUMBO_NODE_CDATA;
}

static int
is_gone(const GumboNode *n)
{
	return is_element(n) ? n->v.element.tag == GUMBO_TAG_SCRIPT :
	    !is_text(n);
}

static void
drop(GumboNode *n)
{
	if (is_element(n))
		n->v.element.tag = GUMBO_TAG_SCRIPT;
	else if (is_text(n))
		n->type = GUMBO_NODE_COMMENT;
}

/* ---------------------------------------------------------------- layout */

static size_t
add_part(struct layout *l, GumboNode *n)
{
	if (l->count == l->cap) {
		l->cap = l->cap > 0 ? 2 * l->cap : 64;
		l->parts = xrealloc(l->parts, l->cap * sizeof(*l->parts));
	}
	l->parts[l->count] = (struct part){ n, l->text.len, l->text.len };
	return l->count++;
}

static void
lay_out(struct layout *l, GumboNode *root)
{
	struct { size_t part; unsigned child; } *stack = NULL;
	size_t depth = 1, cap = 64;

	stack = xmalloc(cap * sizeof(*stack));
	stack[0].part = add_part(l, root);
	stack[0].child = 0;
	while (depth > 0) {
		GumboNode *n = l->parts[stack[depth - 1].part].node, *child;
		const GumboVector *children = &n->v.element.children;

		if (stack[depth - 1].child == children->length) {
			l->parts[stack[--depth].part].end = l->text.len;
			continue;
		}
		child = children->data[stack[depth - 1].child++];
		if (is_text(child)) {
			size_t at = add_part(l, child);

			buf_puts(&l->text, child->v.text.text);
			l->parts[at].end = l->text.len;
		} else if (is_element(child)) {
			if (depth == cap)
				stack = xrealloc(stack,
				    (cap *= 2) * sizeof(*stack));
			stack[depth].part = add_part(l, child);
			stack[depth++].child = 0;
		}
	}
	free(stack);
}

/* -------------------------------------------------------------- dropping */

static int
is_blank(const GumboNode *n)
{
	return is_gone(n) || (is_text(n) &&
	    n->v.text.text[strspn(n->v.text.text, " \t\r\n\f")] == '\0');
}

static int
is_separator(const GumboNode *n)
{
	return is_element(n) && (n->v.element.tag == GUMBO_TAG_HR ||
	    n->v.element.tag == GUMBO_TAG_BR);
}

/* The <br><hr> that set apart what is gone, if nothing comes after it. */
static void
drop_separators(GumboNode *n)
{
	GumboVector *siblings = &n->parent->v.element.children;
	size_t at = n->index_within_parent;

	for (size_t i = at + 1; i < siblings->length; i++) {
		if (!is_blank(siblings->data[i]) &&
		    !is_separator(siblings->data[i]))
			return;
	}
	while (at-- > 0) {
		GumboNode *before = siblings->data[at];

		if (is_separator(before))
			drop(before);
		else if (!is_blank(before))
			break;
	}
}

static int
is_inline(const GumboNode *n)
{
	return !is_element(n) || !html_breaks_text(n->v.element.tag);
}

/* n and its neighbours, up to the breaks before and after. */
static void
drop_line(GumboNode *n)
{
	GumboVector *siblings = &n->parent->v.element.children;
	size_t at = n->index_within_parent;

	for (size_t i = at; i < siblings->length &&
	    is_inline(siblings->data[i]); i++)
		drop(siblings->data[i]);
	for (size_t i = at; i-- > 0 && is_inline(siblings->data[i]);)
		drop(siblings->data[i]);
	drop_separators(n);
}

/* The innermost element around the find, and in it the child it is in. */
static void
drop_find(struct layout *l, size_t start, size_t end)
{
	struct part *element = NULL, *leaf = NULL;
	GumboNode *n;

	for (size_t i = 0; i < l->count; i++) {
		struct part *p = &l->parts[i];

		if (p->start > start)
			break;
		if (is_element(p->node) && p->end >= end)
			element = p;
		if (is_text(p->node) && p->end > start)
			leaf = p;
	}
	if (leaf == NULL || element == NULL)
		return;
	if (element != l->parts && element->end - element->start <=
	    SMALL_BYTES) {
		drop(element->node);
		drop_separators(element->node);
		return;
	}
	for (n = leaf->node; n->parent != element->node;)
		n = n->parent;
	drop_line(n);
}

void
html_drop(GumboNode *root, const struct html_rules *rules)
{
	struct layout l = { 0 };

	if (rules == NULL || rules->drop_text == NULL)
		return;
	lay_out(&l, root);
	for (const char *const *t = rules->drop_text; *t != NULL; t++) {
		const char *at = buf_str(&l.text);
		size_t len = strlen(*t);

		for (int n = 0; len > 0 && n < FINDS_MAX &&
		    (at = strstr(at, *t)) != NULL; n++, at += len) {
			size_t start = (size_t)(at - l.text.data);

			drop_find(&l, start, start + len);
		}
	}
	buf_fini(&l.text);
	free(l.parts);
}
