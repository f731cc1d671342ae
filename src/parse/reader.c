/*
 * reader.c - expat's events to the table's functions.
 *
 * Namespaces are resolved here and not by expat: an undeclared prefix is an
 * error to expat and an everyday sight in feeds.  Names are looked up once
 * per scope of namespaces and then found in a small cache, so that a feed of
 * a thousand items costs a few dozen look-ups.
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

/* ------------------------------------------------------------ namespaces */

static void
bind(struct reader *r, const char *prefix, size_t len, const char *uri)
{
	uint32_t ns = name_space(uri);

	if (r->bound >= BINDINGS_MAX)
		return;
	if (ns == NS_FOREIGN && len > 0)
		ns = name_prefix(prefix, len);
	r->bindings[r->bound++] = (struct binding){
		.prefix = arena_strndup(r->arena, prefix, len),
		.len = len, .ns = ns };
}

static uint32_t
resolve(struct reader *r, const char *prefix, size_t len)
{
	for (unsigned i = r->bound; i-- > 0; ) {
		const struct binding *b = &r->bindings[i];

		if (b->len == len && memcmp(b->prefix, prefix, len) == 0)
			return b->ns;
	}
	if (len == 0)
		return NS_RSS;
	r->undeclared |= len != 3 || memcmp(prefix, "xml", 3) != 0;
	return name_prefix(prefix, len);
}

/*
 * A root in an unknown default namespace is still a feed: the namespace
 * becomes that of its own children (corpus: rss-odd-namespace.xml).
 */
static void
adopt_root_namespace(struct reader *r, const char *local)
{
	uint32_t ns = strcasecmp(local, "feed") == 0 ? NS_ATOM : NS_RSS;

	if (strcasecmp(local, "rss") != 0 && strcasecmp(local, "feed") != 0 &&
	    strcasecmp(local, "channel") != 0)
		return;
	for (unsigned i = r->bound; i-- > 0; ) {
		if (r->bindings[i].len == 0) {
			r->bindings[i].ns = ns;
			return;
		}
	}
}

static uint32_t
hash_name(const char *s, size_t *ret_len, const char **ret_colon)
{
	uint32_t h = 2166136261u;
	const char *p = s;

	*ret_colon = NULL;
	for (; *p != '\0'; p++) {
		h = (h ^ (unsigned char)*p) * 16777619u;
		if (*p == ':' && *ret_colon == NULL)
			*ret_colon = p;
	}
	*ret_len = (size_t)(p - s);
	return h;
}

static void
look_up(struct reader *r, const char *name, const char *colon, uint32_t where,
    struct cached *ret)
{
	const char *local = colon != NULL ? colon + 1 : name;
	uint32_t ns = resolve(r, name,
	    colon != NULL ? (size_t)(colon - name) : 0);

	if (where == IN_DOCUMENT && ns == NS_FOREIGN && colon == NULL) {
		adopt_root_namespace(r, local);
		ns = resolve(r, name, 0);
	}
	ret->ns = ns;
	ret->rule = name_rule(ns, local, where);
}

/* The rule of an element here, or NULL; *ret_ns is its namespace. */
static const struct rule *
find_rule(struct reader *r, const char *name, uint32_t where,
    uint32_t *ret_ns)
{
	const char *colon;
	size_t len;
	uint32_t h = hash_name(name, &len, &colon);
	struct cached *c = &r->cache[(h ^ where ^ r->scope) % CACHE_SLOTS];
	struct cached once;

	if (len >= CACHE_NAME) {
		look_up(r, name, colon, where, &once);
		*ret_ns = once.ns;
		return once.rule;
	}
	if (c->where != where || c->scope != r->scope ||
	    memcmp(c->name, name, len + 1) != 0) {
		look_up(r, name, colon, where, c);
		c->scope = r->scope;
		c->where = where;
		memcpy(c->name, name, len + 1);
	}
	*ret_ns = c->ns;
	return c->rule;
}

/* -------------------------------------------------- xml:base, xml:lang */

/* The base in scope made absolute, so that it does not matter how deep it
 * was said; as written where nothing is known to resolve it against. */
static const char *
join_base(struct reader *r, const char *under, const char *ref)
{
	const char *outer = under != NULL ? under : r->feed->url;
	char *joined;

	if (r->base_ref != NULL && r->base_under == under &&
	    strcmp(r->base_ref, ref) == 0)
		return r->base_result;
	joined = url_resolve(outer, ref);
	r->base_under = under;
	r->base_ref = arena_strdup(r->arena, ref);
	r->base_result = joined != NULL ? arena_strdup(r->arena, joined) :
	    outer != NULL ? under : r->base_ref;
	free(joined);
	return r->base_result;
}

static void
scan_attributes(struct reader *r, struct frame *f, const char **atts)
{
	unsigned before = r->bound;

	for (; atts[0] != NULL; atts += 2) {
		const char *name = atts[0];

		if (name[0] != 'x' || name[1] != 'm' || name[2] != 'l')
			continue;
		if (strcmp(name, "xmlns") == 0)
			bind(r, "", 0, atts[1]);
		else if (strncmp(name, "xmlns:", 6) == 0)
			bind(r, name + 6, strlen(name + 6), atts[1]);
		else if (strcmp(name, "xml:lang") == 0)
			f->lang = arena_strdup(r->arena, atts[1]);
		else if (strcmp(name, "xml:base") == 0)
			f->base = join_base(r, f->base, atts[1]);
	}
	if (r->bound != before)
		r->scope = ++r->scopes;
}

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
	    resolve(r, name, (size_t)(colon - name)) == NS_XHTML)
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

static void
markup_attribute(struct reader *r, const char *name, const char *value,
    const char *base)
{
	char *absolute = NULL;

	if (strncmp(name, "xmlns", 5) == 0 || strncmp(name, "xml:", 4) == 0)
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
	const char *base = NULL;
	struct frame own = { .base = f->base };

	if (!r->marked)
		begin_markup(r);
	if (atts[0] != NULL) {
		unsigned bound = r->bound, scope = r->scope;

		scan_attributes(r, &own, atts);
		if (own.base != f->base)
			base = own.base;
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
		if (base != NULL)
			f->base = base;
		if (own.lang != NULL)
			f->lang = own.lang;
		return;
	}
	buf_putc(&r->text, '<');
	buf_puts(&r->text, name);
	for (; atts[0] != NULL; atts += 2)
		markup_attribute(r, atts[0], atts[1], base);
	buf_putc(&r->text, '>');
}

static void
markup_end(struct reader *r, const char *name)
{
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
		scan_attributes(r, f, atts);
	rule = find_rule(r, name, up->where, &ns);
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
