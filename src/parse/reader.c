/*
 * reader.c - expat's events to the table's functions.
 *
 * Invariants: frames[0] is the document; every element not skipped has one
 * frame; text of an element starts at frame.start in one shared buffer, so
 * an inner text is cut off before the outer one goes on.  Markup inside a
 * text is serialised into the same buffer and has no frames.
 */
#define XML_DTD			/* declares the amplification limits */
#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "reader.h"

/* ----------------------------------------------------------------- markup */

static int
is_void(const char *name)
{
	static const char *const voids[] = { "br", "hr", "img", "input",
	    "col", "area", "wbr", "embed", "source", "track", "param" };

	for (size_t i = 0; i < ARRAY_LEN(voids); i++) {
		if (text_equal_nocase(name, voids[i]))
			return 1;
	}
	return 0;
}

/* "xhtml:b" is "b" where the prefix says XHTML. */
static const char *
markup_name(struct reader *r, const char *name)
{
	const char *colon = strchr(name, ':');

	if (colon != NULL &&
	    scope_resolve(r, name, (size_t)(colon - name)) == NS_XHTML)
		return colon + 1;
	return name;
}

static int
is_url_attribute(const char *name)
{
	static const char *const urls[] = { "href", "src", "cite",
	    "longdesc", "background", "poster", "data", "action" };

	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		if (text_equal_nocase(name, urls[i]))
			return 1;
	}
	return 0;
}

/* The base inside the markup, which is the text's but for xml:base on one
 * of its elements. */
static const char *
markup_base(const struct reader *r, const struct frame *f)
{
	return r->based > 0 ? r->bases[r->based - 1].base : f->base;
}

static void
push_base(struct reader *r, const char *base)
{
	if (r->based == MARKUP_BASES)
		return;
	r->bases[r->based].markup = r->markup;
	r->bases[r->based++].base = base;
}

static void
markup_attribute(struct reader *r, const char *name, const char *value,
    const char *base)
{
	char *absolute = NULL;

	if (strncmp(name, "xmlns", 5) == 0 || strncmp(name, "xml:", 4) == 0)
		return;
	/* A list of URLs: src is one of them. */
	if (base != NULL && text_equal_nocase(name, "srcset"))
		return;
	if (base != NULL && is_url_attribute(name))
		absolute = url_resolve(base, value);
	if (absolute != NULL)
		value = absolute;
	buf_putc(&r->text, ' ');
	buf_puts(&r->text, name);
	buf_append(&r->text, "=\"", 2);
	text_xml_escape(&r->text, value, strlen(value), 1);
	buf_putc(&r->text, '"');
	free(absolute);
}

/* The first child of a text: all before it was text, so it is escaped now,
 * unless it is itself markup (HTML escaped only in part). */
static void
begin_markup(struct reader *r)
{
	struct frame *f = reader_top(r);
	struct buf before = { 0 };

	r->marked = 1;
	if (f->as == AS_HTML)
		return;		/* "<div>a &lt;b&gt;", type html */
	r->escape = 1;
	if (r->text.len == f->start)
		return;
	buf_append(&before, r->text.data + f->start, r->text.len - f->start);
	r->text.len = f->start;
	text_xml_escape(&r->text, before.data, before.len, 0);
	buf_fini(&before);
}

static int
only_blanks(const struct reader *r, size_t from)
{
	for (size_t i = from; i < r->text.len; i++) {
		if (strchr(" \t\r\n", r->text.data[i]) == NULL)
			return 0;
	}
	return 1;
}

static void
markup_start(struct reader *r, const char *name, const char **atts)
{
	struct frame *f = reader_top(r);
	const char *base = markup_base(r, f);
	struct frame own = { .base = base };

	if (!r->marked)
		begin_markup(r);
	if (atts[0] != NULL) {
		unsigned bound = r->bound, scope = r->scope;

		scope_attributes(r, &own, atts);
		name = markup_name(r, name);
		r->scope = scope;
		r->bound = bound;
	} else {
		name = markup_name(r, name);
	}
	if (r->markup++ == 0 && r->div == 0 && strcmp(name, "div") == 0 &&
	    (f->as == AS_XHTML || f->as == AS_HTML) &&
	    only_blanks(r, f->start)) {
		r->div = 1;
		r->text.len = f->start;
		f->base = own.base;
		if (own.lang != NULL)
			f->lang = own.lang;
		return;
	}
	if (own.base != base)
		push_base(r, own.base);
	buf_putc(&r->text, '<');
	buf_puts(&r->text, name);
	for (; atts[0] != NULL; atts += 2)
		markup_attribute(r, atts[0], atts[1],
		    own.base != f->base ? own.base : NULL);
	buf_putc(&r->text, '>');
}

static void
markup_end(struct reader *r, const char *name)
{
	if (r->based > 0 && r->bases[r->based - 1].markup == r->markup)
		r->based--;
	if (--r->markup >= r->limits->depth)
		return;
	if (r->markup == 0 && r->div == 1) {
		r->div = 2;
		return;
	}
	name = markup_name(r, name);
	if (is_void(name))
		return;
	buf_append(&r->text, "</", 2);
	buf_puts(&r->text, name);
	buf_putc(&r->text, '>');
}

/* ----------------------------------------------------------------- events */

static uint8_t
default_type(const struct reader *r, uint32_t ns)
{
	if (ns == NS_ATOM03)
		return AS_OTHER;
	if (ns == NS_ATOM ||
	    (ns == NS_RSS && r->feed->format == FORMAT_ATOM))
		return AS_PLAIN;
	return AS_GUESS;
}

static void
open_frame(struct reader *r, const char *name, const char **atts)
{
	struct frame *up = reader_top(r), *f = up + 1;
	const struct rule *rule;
	uint32_t ns;

	*f = (struct frame){
		.bindings = r->bound, .scope = r->scope, .lang = up->lang,
		.base = up->base, .object = up->object, .ranks = up->ranks,
		.start = r->text.len,
	};
	if (atts[0] != NULL)
		scope_attributes(r, f, atts);
	rule = scope_rule(r, name, up->where, &ns);
	if (rule == NULL) {
		r->bound = f->bindings;
		r->scope = f->scope;
		r->skip = 1;
		return;
	}
	f->rule = rule;
	f->where = rule->inside;
	f->as = default_type(r, ns);
	r->depth++;
	r->collect = rule->end != NULL;
	r->escape = r->div = r->marked = 0;
	if (rule->inside == IN_ENTRY)
		r->offset = (unsigned)XML_GetCurrentByteIndex(r->expat);
	if (rule->begin != NULL)
		rule->begin(r, rule, atts);
}

/* expat keeps every open element: a hostile million of them would cost half
 * a gigabyte.  The mended text is never that deep. */
static void
skip_deeper(struct reader *r)
{
	r->skip++;
	if (r->skip > SKIP_MAX) {
		r->limit = "depth";
		r->too_deep = 1;
		XML_StopParser(r->expat, XML_FALSE);
	}
}

/* A tag of a million bytes or attributes goes with what it holds. */
static int
is_too_much(struct reader *r)
{
	const struct parse_limits *max = r->limits;

	if ((unsigned)XML_GetCurrentByteCount(r->expat) > max->token_bytes)
		r->limit = "token";
	else if ((unsigned)XML_GetSpecifiedAttributeCount(r->expat) / 2 >
	    max->attributes)
		r->limit = "attributes";
	else
		return 0;
	return 1;
}

static void
on_start(void *data, const char *name, const char **atts)
{
	struct reader *r = data;

	if (r->skip > 0) {
		skip_deeper(r);
		return;
	}
	if (atts[0] != NULL && is_too_much(r)) {
		r->skip = 1;
		return;
	}
	if (r->collect && reader_top(r)->rule->markup) {
		if (r->markup < r->limits->depth)
			markup_start(r, name, atts);
		else if (r->markup < SKIP_MAX)
			r->markup++;	/* its text stays, its tag goes */
		else
			skip_deeper(r);
		return;
	}
	if (r->depth > DEPTH_MAX || r->depth > r->limits->depth) {
		r->limit = "depth";
		r->skip = 1;
		return;
	}
	open_frame(r, name, atts);
}

static void
close_frame(struct reader *r)
{
	struct frame *f = reader_top(r);
	const struct rule *rule = f->rule;

	if (rule->end != NULL) {
		const char *s = r->text.data + f->start;
		size_t len = text_trim(&s, r->text.len - f->start);

		r->text.data[(size_t)(s - r->text.data) + len] = '\0';
		rule->end(r, rule, (char *)(uintptr_t)s, len);
	}
	r->text.len = f->start;
	r->bound = f->bindings;
	r->scope = f->scope;
	r->escape = r->div = r->marked = 0;
	r->depth--;
	f = reader_top(r);
	r->collect = f->rule != NULL && f->rule->end != NULL;
}

static void
on_end(void *data, const char *name)
{
	struct reader *r = data;

	if (r->skip > 0) {
		r->skip--;
	} else if (r->markup > 0) {
		markup_end(r, name);
	} else {
		close_frame(r);
	}
}

static void
on_text(void *data, const char *s, int len)
{
	struct reader *r = data;
	size_t n = (size_t)len;

	if (!r->collect || r->skip > 0)
		return;
	if (r->entry != NULL) {
		r->entry_text += n;
		if (r->entry_text > r->limits->entry_bytes) {
			r->limit = "entry";
			return;
		}
	}
	if (r->escape) {
		text_xml_escape(&r->text, s, n, 0);
		return;
	}
	/* expat hands out every line and reference by itself. */
	if (r->text.cap - r->text.len > n) {
		memcpy(r->text.data + r->text.len, s, n);
		r->text.len += n;
	} else {
		buf_append(&r->text, s, n);
	}
}

/* Document types go the long way, where entities are read by our rules. */
static void
on_doctype(void *data, const char *name, const char *sysid,
    const char *pubid, int has_subset)
{
	struct reader *r = data;

	(void)name, (void)sysid, (void)pubid, (void)has_subset;
	r->doctype = 1;
	XML_StopParser(r->expat, XML_FALSE);
}

/* Lines of entries and errors are counted once, at the end. */
static void
count_lines(struct feed *feed, const char *text)
{
	const char *p = text;
	unsigned line = 1;

	for (struct entry *e = feed->entries; e != NULL; e = e->next) {
		const char *at = text + e->line, *q;

		while (p < at &&
		    (q = memchr(p, '\n', (size_t)(at - p))) != NULL) {
			line++;
			p = q + 1;
		}
		e->line = line;
	}
}

static XML_Parser
new_expat(struct reader *r)
{
	XML_Parser p = XML_ParserCreate("UTF-8");

	if (p == NULL)
		return NULL;
	r->expat = p;
	XML_SetUserData(p, r);
	XML_SetElementHandler(p, on_start, on_end);
	XML_SetCharacterDataHandler(p, on_text);
	XML_SetStartDoctypeDeclHandler(p, on_doctype);
	if (!XML_SetBillionLaughsAttackProtectionMaximumAmplification(p,
	    10.0f) ||
	    !XML_SetBillionLaughsAttackProtectionActivationThreshold(p,
	    1 << 20)) {
		XML_ParserFree(p);
		return NULL;
	}
	return p;
}

enum read_result
reader_run(struct feed *feed, const char *text, size_t len,
    const struct parse_context *context, struct read_facts *ret)
{
	struct reader *r = xcalloc(1, sizeof(*r));
	enum read_result result = READ_OK;
	XML_Parser p = new_expat(r);

	r->feed = feed;
	r->arena = &feed->arena;
	r->context = context;
	r->limits = context->limits;
	r->frames[0].where = IN_DOCUMENT;
	r->frames[0].object = &feed->head;
	r->frames[0].ranks = r->head_ranks;
	r->depth = 1;
	buf_reserve(&r->text, TEXT_FIRST);
	*ret = (struct read_facts){ 0 };
	if (p == NULL) {
		result = READ_NO_MEMORY;
	} else if (XML_Parse(p, text, (int)len, 1) != XML_STATUS_OK) {
		result = XML_GetErrorCode(p) == XML_ERROR_NO_MEMORY ?
		    READ_NO_MEMORY : r->doctype ? READ_DOCTYPE :
		    r->too_deep ? READ_TOO_DEEP : READ_BROKEN;
		ret->message = XML_ErrorString(XML_GetErrorCode(p));
		ret->line = (unsigned)XML_GetCurrentLineNumber(p);
		ret->column = (unsigned)XML_GetCurrentColumnNumber(p) + 1;
	}
	if (r->limit != NULL && result == READ_OK)
		result = READ_LIMIT;
	if (result == READ_LIMIT || r->too_deep)
		ret->message = r->limit;
	if (result != READ_DOCTYPE) {
		settle_head(r);
		count_lines(feed, text);
	}
	ret->reading = r->reading;
	ret->undeclared = r->undeclared;
	if (p != NULL)
		XML_ParserFree(p);
	buf_fini(&r->text);
	free(r);
	return result;
}

/* Without its own name in front. */
const char *
parse_library_version(void)
{
	static const char own[] = "expat_";
	const char *all = XML_ExpatVersion();

	return strncmp(all, own, strlen(own)) == 0 ? all + strlen(own) : all;
}
