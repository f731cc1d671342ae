/*
 * html.c - see html.h.
 *
 * bytes -> html_guard() -> html_parse() -> html_drop() -> a walk over the
 * tree that writes what the tables of policy.c allow.  The input's
 * markup is never copied: names come from tables, text and values are
 * escaped, every start tag has its end tag.
 *
 * A reader's parser has to see the tree that we saw.  The guard lets no
 * element through that is not written, so the tree has no holes; what the
 * walk leaves out or adds itself (frames become links) is kept to places
 * where HTML's rules do not move it: no <a> in <a>, no block in <p>, the
 * parts of a table only in their place.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/arena.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/html.h"
#include "parts.h"

struct frame {
	const GumboElement *element;
	const char	*name;		/* as written; NULL: not written */
	unsigned	 child;		/* to be visited next */
	GumboTag	 parent;	/* the innermost that is written */
	unsigned	 in;		/* HTML_IN_... */
};

struct writer {
	struct buf	*out;
	struct html_sink sink;		/* the same, for attributes */
	struct frame	*stack;
	size_t		 depth, cap;
	size_t		 pre_at;	/* where the last <pre> begins */
};

/* ------------------------------------------------------------------ text */

/* A parser drops a line break that follows <pre>, so one more is written. */
static void
put_shown(struct writer *w, const char *text)
{
	size_t at = w->out->len;

	html_put_escaped(w->out, text, 0);
	if (at == w->pre_at && buf_str(w->out)[at] == '\n') {
		buf_putc(w->out, '\n');
		memmove(w->out->data + at + 1, w->out->data + at,
		    w->out->len - at - 1);
	}
}

/* ---------------------------------------------------------------- images */

static int
is_tiny(const char *value)
{
	int percent = 0;
	long n = html_number(value, &percent);

	return (n == 0 || n == 1) && !percent;
}

static int
style_says(const char *style, const char *property, const char *value)
{
	const char *p = style;
	size_t len = strlen(property);

	while ((p = text_find_nocase(p, property)) != NULL) {
		const char *after = p + len + strspn(p + len, " ");

		if ((p == style || strchr("; \t\r\n", p[-1]) != NULL) &&
		    *after == ':') {
			after++;
			after += strspn(after, " ");
			return value != NULL ?
			    text_prefix_nocase(after, value) : is_tiny(after);
		}
		p += len;
	}
	return 0;
}

/* An image nobody is meant to see tells its server who reads. */
static int
is_tracking_pixel(const GumboElement *e)
{
	const char *width = html_attribute(e, "width");
	const char *height = html_attribute(e, "height");
	const char *style = html_attribute(e, "style");
	int percent;

	/* One of them is enough if the other says nothing. */
	if ((is_tiny(width) && (is_tiny(height) ||
	    html_number(height, &percent) == -1)) ||
	    (is_tiny(height) && html_number(width, &percent) == -1))
		return 1;
	return style != NULL && (style_says(style, "display", "none") ||
	    style_says(style, "visibility", "hidden") ||
	    (style_says(style, "width", NULL) &&
	    style_says(style, "height", NULL)));
}

/* Pages that load images late keep the address elsewhere. */
static const char *
late_source(const GumboElement *e)
{
	static const char *const names[] = {
		"data-src", "data-original", "data-lazy-src", "data-actualsrc",
	};
	const char *src = html_attribute(e, "src");

	if (src != NULL && *src != '\0' && !text_prefix_nocase(src, "data:"))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *late = html_attribute(e, names[i]);

		if (late != NULL && *late != '\0')
			return late;
	}
	return NULL;
}

/* 0 where there is no picture: then what it would have said is the text. */
static void
put_image(struct writer *w, const GumboElement *e)
{
	const char *late = late_source(e), *alt = html_attribute(e, "alt");
	size_t from = w->out->len;
	int pictured = 0;

	buf_puts(w->out, "<img");
	if (late != NULL)
		pictured = sink_put_attribute(&w->sink, "src", VALUE_IMAGE,
		    late);
	for (unsigned i = 0; i < e->attributes.length; i++) {
		const GumboAttribute *a = e->attributes.data[i];
		const char *name;
		enum html_value kind = html_attribute_value("img", a->name,
		    &name);

		if (kind == VALUE_NONE || (pictured && kind == VALUE_IMAGE))
			continue;
		if (sink_put_attribute(&w->sink, name, kind, a->value) &&
		    (kind == VALUE_IMAGE || kind == VALUE_SRCSET))
			pictured = 1;
	}
	if (pictured) {
		buf_puts(w->out, " loading=\"lazy\"/>");
		return;
	}
	w->out->len = from;
	w->out->data[from] = '\0';
	if (alt != NULL)
		put_shown(w, alt);
}

/* ---------------------------------------------------------------- frames */

/* What a frame of a trusted host may do: run its own scripts as itself, and
 * nothing with the page it is in. */
static const char sandbox[] = " loading=\"lazy\" sandbox=\"allow-scripts"
    " allow-same-origin allow-popups allow-presentation\"></iframe>";

/* A frame as a link to its page, called by its title or its address. */
static void
put_frame_link(struct writer *w, const char *url, const char *title)
{
	struct buf name = { 0 };

	if (title == NULL || *title == '\0') {
		html_decode_entities(&name, url, strlen(url));
		title = buf_str(&name);
	}
	buf_printf(w->out, "<a href=\"%s\">", url);
	html_put_escaped(w->out, title, 0);
	buf_puts(w->out, "</a>");
	buf_fini(&name);
}

static void
put_frame(struct writer *w, const GumboElement *e, unsigned in)
{
	const char *src = html_attribute(e, "src");
	const char *title = html_attribute(e, "title");
	const char *width = html_attribute(e, "width");
	const char *height = html_attribute(e, "height");
	const struct html_rules *rules = w->sink.rules;
	struct buf url = { 0 };

	if (src == NULL || !html_put_url(&url, VALUE_MEDIA, src, w->sink.base,
	    rules)) {
		buf_fini(&url);
		return;
	}
	if (rules != NULL && html_url_host_in(url.data, rules->frames)) {
		buf_printf(w->out, "<iframe src=\"%s\"", url.data);
		if (width != NULL)
			sink_put_attribute(&w->sink, "width",
			    VALUE_NUMBER, width);
		if (height != NULL)
			sink_put_attribute(&w->sink, "height",
			    VALUE_NUMBER, height);
		if (title != NULL)
			sink_put_attribute(&w->sink, "title",
			    VALUE_TEXT, title);
		buf_puts(w->out, sandbox);
	} else if (!(in & HTML_IN_A)) {
		put_frame_link(w, url.data, title);
	}
	buf_fini(&url);
}

/* -------------------------------------------------------------- elements */

static void
push(struct writer *w, const GumboElement *e, const char *name,
    GumboTag parent, unsigned in)
{
	if (w->depth == w->cap) {
		w->cap = w->cap > 0 ? 2 * w->cap : 64;
		w->stack = xrealloc(w->stack, w->cap * sizeof(*w->stack));
	}
	w->stack[w->depth++] = (struct frame){ e, name, 0, parent, in };
}

static void
open_element(struct writer *w, const GumboElement *e, const char *name)
{
	const struct frame *f = &w->stack[w->depth - 1];

	buf_putc(w->out, '<');
	buf_puts(w->out, name);
	sink_put_attributes(&w->sink, e, name);
	if (html_is_void(e->tag)) {
		buf_puts(w->out, "/>");
		return;
	}
	/* Nothing is fetched before the reader wants to hear or see it. */
	if (e->tag == GUMBO_TAG_AUDIO || e->tag == GUMBO_TAG_VIDEO)
		buf_puts(w->out, " controls=\"\" preload=\"none\"");
	buf_putc(w->out, '>');
	if (e->tag == GUMBO_TAG_PRE)
		w->pre_at = w->out->len;
	push(w, e, name, e->tag, html_inside(e->tag, f->in));
}

static void
put_element(struct writer *w, const GumboElement *e)
{
	struct frame f = w->stack[w->depth - 1];
	const char *name = html_element_name(e);

	if (name == NULL) {
		/* The guard let nothing through that is not written: these
		 * are <html> around a fragment, and what html_drop() took. */
		if (e->tag != GUMBO_TAG_SCRIPT)
			push(w, e, NULL, f.parent, f.in);
	} else if (!html_stays(e->tag, f.parent, f.in)) {
		if (!html_is_void(e->tag))
			push(w, e, NULL, f.parent, f.in);
	} else if (e->tag == GUMBO_TAG_IMG || e->tag == GUMBO_TAG_IMAGE) {
		if (!is_tracking_pixel(e))
			put_image(w, e);
	} else if (e->tag == GUMBO_TAG_IFRAME) {
		put_frame(w, e, f.in);
	} else {
		open_element(w, e, name);
	}
}

static void
put_text(struct writer *w, const char *text, GumboTag parent)
{
	/* Between the rows of a table only blanks are where they seem. */
	if (!html_has_place(GUMBO_TAG_SPAN, parent) &&
	    text[strspn(text, " \t\r\n")] != '\0')
		return;
	put_shown(w, text);
}

static void
put_node(struct writer *w, const GumboNode *n)
{
	switch (n->type) {
	case GUMBO_NODE_ELEMENT:
		put_element(w, &n->v.element);
		break;
	case GUMBO_NODE_TEXT:
	case GUMBO_NODE_CDATA:
	case GUMBO_NODE_WHITESPACE:
		put_text(w, n->v.text.text, w->stack[w->depth - 1].parent);
		break;
	case GUMBO_NODE_DOCUMENT:
	case GUMBO_NODE_COMMENT:
	case GUMBO_NODE_TEMPLATE:
		break;
	}
}

static void
put_tree(struct writer *w, const GumboNode *root)
{
	push(w, &root->v.element, NULL, GUMBO_TAG_DIV, 0);
	while (w->depth > 0) {
		struct frame *f = &w->stack[w->depth - 1];

		if (f->child < f->element->children.length) {
			put_node(w, f->element->children.data[f->child++]);
			continue;
		}
		if (f->name != NULL) {
			buf_puts(w->out, "</");
			buf_puts(w->out, f->name);
			buf_putc(w->out, '>');
		}
		w->depth--;
	}
	free(w->stack);
}

/* ------------------------------------------------------------------ whole */

/* C strings would end there. */
static void
without_nul(struct buf *b, const char *s, size_t len)
{
	const char *end = s + len, *nul;

	while ((nul = memchr(s, '\0', (size_t)(end - s))) != NULL) {
		buf_append(b, s, (size_t)(nul - s));
		s = nul + 1;
	}
	buf_append(b, s, (size_t)(end - s));
}

/*
 * Text that gumbo would hand back as it is, but for references: no markup,
 * and nothing it would replace (CR, DEL, C1 controls, non-characters, all of
 * them behind the bytes looked for here).
 */
static int
is_plain(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		unsigned char next = i + 1 < len ? (unsigned char)s[i + 1] : 0;

		if (c == '<' || c == '\r' || c == 0x7F || c >= 0xF0)
			return 0;
		if ((c == 0xC2 && next < 0xA0) ||
		    (c == 0xEF && (next == 0xB7 || next == 0xBF)))
			return 0;
	}
	return 1;
}

/* Text without markup; 0 if it is not quite that. */
static int
put_plain(struct buf *out, const char *s, size_t len)
{
	struct buf decoded = { 0 };
	int good = is_plain(s, len) && html_decode_easy(&decoded, s, len);

	if (good)
		text_xml_escape(out, buf_str(&decoded), decoded.len, 0);
	buf_fini(&decoded);
	return good;
}

void
html_sanitise(struct buf *out, const char *html, size_t len,
    const char *base, const struct html_rules *rules)
{
	struct writer w = { .out = out, .sink = { out, base, rules, 0 },
	    .pre_at = SIZE_MAX };
	struct buf clean = { 0 }, dialect = { 0 };
	struct arena arena = { 0 };
	GumboNode *root;

	if (memchr(html, '\0', len) != NULL) {
		without_nul(&clean, html, len);
		html = buf_str(&clean);
		len = clean.len;
	}
	if ((rules != NULL && rules->drop_text != NULL) ||
	    !put_plain(out, html, len)) {
		html_guard(&dialect, html, len);
		root = html_parse(&arena, buf_str(&dialect), dialect.len);
		html_drop(root, rules);
		put_tree(&w, root);
		arena_fini(&arena);
		buf_fini(&dialect);
	}
	buf_fini(&clean);
}
