/*
 * repair.c - from something like XML to XML.
 *
 * Only for documents that expat refused.  One pass writes the document anew
 * so that expat will take it: names balanced, attributes quoted and unique,
 * references resolved or escaped, what is no tag escaped, controls dropped,
 * junk around the root left out.  A document that ends too early loses the
 * entry that was cut and nothing else.
 *
 * The pass knows three kinds of names: the entries (a new one closes an old
 * one left open), the leaves of a feed (title, link...; one inside another
 * means that the end tag of the first is missing) and HTML's, which are text
 * markup.  Time is linear: every byte is looked at a bounded number of times.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "reader.h"
#include "repair_names.h"
#include "repair_scan.h"
#include "repair_text.h"

/* Further up than MATCH_MAX nobody looks for what an end tag ends. */
enum { OPEN_MAX = 512, ATTRIBUTES_MAX = 512, MATCH_MAX = 64 };

struct open {
	const char	*name;
	size_t		 len;
	size_t		 at;	/* in the output, before its start tag */
	enum name_kind	 kind;
};

struct mender {
	const char	*start, *p, *end;
	struct repair	*r;
	struct buf	*out;
	struct repair_text text;	/* what is written to out as text */
	struct entities	*entities;
	struct open	 open[OPEN_MAX];
	unsigned	 depth, too_deep;
	int		 done;		/* the root is closed */
	int		 no_cdata_end, no_comment_end;
	const char	*prefix;	/* of the head, with its colon */
	size_t		 prefix_len;
	const char	*first;		/* where the first fix was */
};

static void
fix(struct mender *m)
{
	if (m->r->fixes++ == 0)
		m->first = m->p;
}

/* ------------------------------------------------------------------- text */

static void
put_text(struct mender *m, const char *s, const char *end)
{
	if (repair_text_decode(&m->text, m->entities, s, end) > 0)
		fix(m);
}

/* Lines are counted in what is written, but those of a comment are no part
 * of the text around it. */
static void
keep_newlines(struct mender *m, const char *s, const char *end)
{
	s = memchr(s, '\n', (size_t)(end - s));
	if (s == NULL)
		return;
	repair_text_end(&m->text);
	buf_append(m->out, "<!--", 4);
	while (s != NULL) {
		buf_putc(m->out, '\n');
		s++;
		s = memchr(s, '\n', (size_t)(end - s));
	}
	buf_append(m->out, "-->", 3);
}

/* ------------------------------------------------------------------- tags */

/* Where the head is <atom:feed>, its entries are <atom:entry>. */
static enum name_kind
kind_of(const struct mender *m, const char *name, size_t len)
{
	size_t n = m->prefix_len;

	if (n > 0 && len > n && memcmp(name, m->prefix, n) == 0)
		return name_kind(name + n, len - n);
	return name_kind(name, len);
}

static void
note_prefix(struct mender *m, const char *name, size_t len)
{
	const char *colon = memchr(name, ':', len);

	if (m->prefix != NULL || m->depth > 1 || !name_is_head(name, len))
		return;
	m->prefix = name;
	m->prefix_len = colon != NULL ? (size_t)(colon + 1 - name) : 0;
}

static void
put_end(struct mender *m)
{
	const struct open *o = &m->open[--m->depth];

	repair_text_end(&m->text);
	buf_append(m->out, "</", 2);
	buf_append(m->out, o->name, o->len);
	buf_putc(m->out, '>');
	if (m->depth == 0)
		m->done = 1;
}

static void
close_to(struct mender *m, unsigned depth)
{
	while (m->depth > depth) {
		fix(m);
		put_end(m);
	}
}

/* The end of a quoted value: the next such quote, if what follows it looks
 * like the rest of a tag; else the quote was never closed. */
static const char *
quote_end(const char *s, const char *end, char quote)
{
	const char *q = memchr(s, quote, (size_t)(end - s));

	if (q == NULL || q + 1 >= end)
		return NULL;
	if (scan_is_blank(q[1]) || q[1] == '>' || q[1] == '/' || q[1] == '?')
		return q;
	return memchr(s, '<', (size_t)(q - s)) == NULL ? q : NULL;
}

struct attributes {
	const char	*name[ATTRIBUTES_MAX];
	size_t		 len[ATTRIBUTES_MAX];
	unsigned	 count;
};

static int
is_new(struct attributes *a, const char *name, size_t len)
{
	for (unsigned i = 0; i < a->count; i++) {
		if (a->len[i] == len && memcmp(a->name[i], name, len) == 0)
			return 0;
	}
	if (a->count == ATTRIBUTES_MAX)
		return 0;
	a->name[a->count] = name;
	a->len[a->count++] = len;
	return 1;
}

/* One attribute's value, from after the '='; returns where it ends. */
static const char *
read_value(struct mender *m, const char *s, const char *end,
    const char **ret, size_t *ret_len)
{
	const char *close;

	if (s < end && (*s == '"' || *s == '\'')) {
		close = quote_end(s + 1, end, *s);
		if (close != NULL) {
			*ret = s + 1;
			*ret_len = (size_t)(close - s - 1);
			return close + 1;
		}
		s++;
	}
	fix(m);
	*ret = s;
	while (s < end && !scan_is_blank(*s) && *s != '>' && *s != '<' &&
	    !(*s == '/' && s + 1 < end && s[1] == '>'))
		s++;
	*ret_len = (size_t)(s - *ret);
	if (*ret_len > 0 && (s[-1] == '"' || s[-1] == '\''))
		--*ret_len;
	return s;
}

/*
 * Attributes from s to the end of the tag; returns behind its '>', or NULL
 * where the document ends first.  *ret_empty: it was "/>".
 */
static const char *
put_attributes(struct mender *m, const char *s, int *ret_empty)
{
	struct attributes seen;

	seen.count = 0;
	*ret_empty = 0;
	for (;;) {
		const char *name, *value = NULL;
		size_t len, value_len = 0;

		s = scan_blanks(s, m->end);
		if (s >= m->end)
			return NULL;
		if (*s == '>')
			return s + 1;
		if (*s == '/' && (name = scan_blanks(s + 1, m->end)) < m->end &&
		    *name == '>') {
			if (name > s + 1)
				fix(m);
			*ret_empty = 1;
			return name + 1;
		}
		if (*s == '<') {
			fix(m);
			return s;
		}
		name = s;
		len = scan_name(s, m->end);
		if (len == 0) {
			fix(m);
			s++;
			continue;
		}
		s = scan_blanks(s + len, m->end);
		if (s < m->end && *s == '=')
			s = read_value(m, scan_blanks(s + 1, m->end), m->end,
			    &value, &value_len);
		else
			fix(m);
		if (!is_new(&seen, name, len)) {
			fix(m);
			continue;
		}
		buf_putc(m->out, ' ');
		buf_append(m->out, name, len);
		buf_append(m->out, "=\"", 2);
		if (value != NULL && repair_text_attribute(&m->text,
		    m->entities, value, value + value_len) > 0)
			fix(m);
		buf_putc(m->out, '"');
	}
}

static struct open *
top(struct mender *m)
{
	return m->depth > 0 ? &m->open[m->depth - 1] : NULL;
}

/* "<channel><image><item>": an entry stands in a feed, and what surely holds
 * none is over.  What we do not know may hold what it likes. */
static void
close_to_feed(struct mender *m, int sure)
{
	for (unsigned i = m->depth, near = MATCH_MAX; i-- > 0 && near-- > 0; ) {
		enum name_kind kind = m->open[i].kind;

		if (kind == NAME_FEED)
			close_to(m, i + 1);
		if (kind == NAME_FEED || (!sure && (kind == NAME_OTHER ||
		    kind == NAME_PREFIXED)))
			return;
	}
}

/* Elements that a new one shows to have been left open. */
static void
close_before(struct mender *m, enum name_kind kind)
{
	if (kind == NAME_ENTRY) {
		for (unsigned i = m->depth; i-- > 0; ) {
			if (m->open[i].kind == NAME_ENTRY) {
				close_to(m, i);
				return;
			}
		}
		close_to_feed(m, 0);
	}
	if ((kind == NAME_LEAF || kind == NAME_ENTRY) && top(m) != NULL &&
	    (top(m)->kind == NAME_LEAF || top(m)->kind == NAME_TEXT))
		close_to(m, m->depth - 1);
}

/* "a <b or c": in a text, a name that means nothing is no tag. */
static int
is_literal(struct mender *m, enum name_kind kind)
{
	const struct open *o = top(m);

	return kind == NAME_OTHER && o != NULL &&
	    (o->kind == NAME_LEAF || o->kind == NAME_TEXT ||
	    o->kind == NAME_HTML);
}

static void
literal(struct mender *m)
{
	fix(m);
	repair_text_put(&m->text, m->p, m->p + 1);
	m->p++;
}

static int
in_text(struct mender *m)
{
	const struct open *o = top(m);

	return o != NULL && (o->kind == NAME_LEAF || o->kind == NAME_TEXT ||
	    o->kind == NAME_HTML);
}

static void
start_tag(struct mender *m, size_t len)
{
	const char *name = m->p + 1, *next;
	int empty, is_void = in_text(m) && name_is_void(name, len);
	enum name_kind kind;
	size_t at;

	note_prefix(m, name, len);
	kind = kind_of(m, name, len);
	if (is_void)
		kind = NAME_HTML;
	/* "a<b</title>" is no tag either. */
	if (is_literal(m, kind) ||
	    (in_text(m) && name + len < m->end && name[len] == '<')) {
		literal(m);
		return;
	}
	close_before(m, kind);
	if (m->done) {
		m->p = m->end;
		return;
	}
	repair_text_end(&m->text);
	at = m->out->len;
	buf_putc(m->out, '<');
	buf_append(m->out, name, len);
	next = put_attributes(m, name + len, &empty);
	if (next == NULL || m->depth >= OPEN_MAX) {
		m->out->len = at;
		m->too_deep += next != NULL && !empty && !is_void;
		m->p = next != NULL ? next : m->end;
		fix(m);
		return;
	}
	if (empty || is_void) {
		if (!empty)
			fix(m);
		buf_append(m->out, "/>", 2);
		m->done = m->depth == 0;
	} else {
		buf_putc(m->out, '>');
		m->open[m->depth++] = (struct open){ name, len, at, kind };
	}
	m->p = next;
}

/* Which open element an end tag is for; -1: none it may close. */
static int
matching(struct mender *m, const char *name, size_t len)
{
	enum name_kind kind = kind_of(m, name, len);

	for (unsigned i = m->depth, near = MATCH_MAX; i-- > 0 && near-- > 0; ) {
		const struct open *o = &m->open[i];

		if (o->len == len && strncasecmp(o->name, name, len) == 0)
			return (int)i;
		if (kind == NAME_HTML || kind == NAME_OTHER) {
			if (o->kind == NAME_LEAF || o->kind == NAME_ENTRY)
				return -1;
		} else if ((kind == NAME_LEAF || kind == NAME_TEXT) &&
		    o->kind == NAME_ENTRY) {
			return -1;
		}
	}
	return -1;
}

static void
end_tag(struct mender *m, size_t len)
{
	const char *name = m->p + 2;
	const char *close = name + len;
	int i;

	close = scan_blanks(close, m->end);
	if (close >= m->end) {
		m->p = m->end;
		return;
	}
	i = m->too_deep > 0 ? -1 : matching(m, name, len);
	if (m->too_deep > 0)
		m->too_deep--;
	if (*close == '>')
		close++;
	else
		fix(m);
	if (i < 0) {
		fix(m);
		/* "<itm>...</item>": whatever that was, it is over. */
		if (m->too_deep == 0 && kind_of(m, name, len) == NAME_ENTRY)
			close_to_feed(m, 1);
	} else {
		close_to(m, (unsigned)i + 1);
		put_end(m);
	}
	m->p = close;
}

/* ----------------------------------------------------------- other markup */

static void
cdata(struct mender *m)
{
	const char *from = m->p + 9, *to = NULL;
	char tag[64];

	if (!m->no_cdata_end)
		to = scan_find(from, m->end, "]]>");
	if (to != NULL) {
		repair_text_put(&m->text, from, to);
		m->p = to + 3;
		return;
	}
	/* Never closed: it ends with its element, if that ends at all. */
	m->no_cdata_end = 1;
	fix(m);
	if (top(m) != NULL && top(m)->len < sizeof(tag) - 3) {
		memcpy(tag, "</", 2);
		memcpy(tag + 2, top(m)->name, top(m)->len);
		tag[top(m)->len + 2] = '\0';
		to = scan_find(from, m->end, tag);
	}
	if (to != NULL)
		repair_text_put(&m->text, from, to);
	m->p = to != NULL ? to : m->end;
}

static void
comment(struct mender *m)
{
	const char *to = m->no_comment_end ? NULL :
	    scan_find(m->p + 4, m->end, "-->");

	if (to == NULL) {
		m->no_comment_end = 1;
		literal(m);
		return;
	}
	if (scan_find(m->p + 4, to, "--") != NULL || to[-1] == '-')
		fix(m);
	keep_newlines(m, m->p, to);
	m->p = to + 3;
}

static void
declaration(struct mender *m, const char *close)
{
	const char *to = scan_find(m->p, m->end, close);

	if (to == NULL && close[0] == '?')
		to = scan_find(m->p, m->end, ">");
	if (to == NULL) {
		m->p = m->end;
		fix(m);
		return;
	}
	keep_newlines(m, m->p, to);
	m->p = to + (*to == '?' ? 2 : 1);
}

static void
markup(struct mender *m)
{
	const char *p = m->p;
	size_t left = (size_t)(m->end - p), len;

	if (left >= 4 && memcmp(p, "<!--", 4) == 0) {
		comment(m);
	} else if (left >= 9 && memcmp(p, "<![CDATA[", 9) == 0) {
		cdata(m);
	} else if (left >= 2 && p[1] == '?') {
		declaration(m, "?>");
	} else if (left >= 3 && p[1] == '!' && scan_name_start(p[2])) {
		fix(m);
		declaration(m, ">");
	} else if (left >= 3 && p[1] == '/' &&
	    (len = scan_name(p + 2, m->end)) > 0) {
		end_tag(m, len);
	} else if ((len = scan_name(p + 1, m->end)) > 0) {
		start_tag(m, len);
	} else if (left == 1) {
		m->p = m->end;
	} else {
		literal(m);
	}
}

/* ---------------------------------------------------- before and after */

static void
prolog(struct mender *m)
{
	const char *root = repair_find_root(m->start, m->end);
	const char *type;
	unsigned refused = 0;

	if (root == NULL) {
		fix(m);
		m->p = m->end;
		return;
	}
	type = scan_find(m->start, root, "<!DOCTYPE");
	if (type == NULL)
		type = root;
	m->entities = entities_read(type, (size_t)(root - type), &refused);
	m->r->limits = refused;
	if (!repair_clean_prolog(m->start, root))
		fix(m);
	keep_newlines(m, m->start, root);
	m->p = root;
}

/* The end came too early: away with the entry that it cut. */
static void
cut(struct mender *m)
{
	m->r->cut = 1;
	fix(m);
	for (unsigned i = 0; i < m->depth; i++) {
		if (m->open[i].kind == NAME_ENTRY) {
			m->out->len = m->open[i].at;
			m->text.in_section = 0;
			m->depth = i;
			break;
		}
	}
	close_to(m, 0);
}

static void
count_position(struct mender *m)
{
	const char *line = m->start, *q;

	m->r->line = 1;
	while ((q = memchr(line, '\n', (size_t)(m->first - line))) != NULL) {
		m->r->line++;
		line = q + 1;
	}
	m->r->column = (unsigned)(m->first - line) + 1;
}

void
repair_xml(const char *text, size_t len, struct repair *ret)
{
	struct mender *m = xcalloc(1, sizeof(*m));

	*ret = (struct repair){ 0 };
	m->start = m->p = text;
	m->end = text + len;
	m->r = ret;
	m->out = m->text.out = &ret->out;
	buf_reserve(m->out, len + len / 8 + 256);
	prolog(m);
	while (m->p < m->end && !m->done) {
		const char *lt = memchr(m->p, '<', (size_t)(m->end - m->p));

		if (lt == NULL)
			lt = m->end;
		if (lt > m->p)
			put_text(m, m->p, lt);
		m->p = lt;
		if (lt < m->end)
			markup(m);
	}
	if (m->depth > 0)
		cut(m);
	else if (!repair_only_trailing(m->p, m->end))
		fix(m);
	if (ret->fixes > 0)
		count_position(m);
	if (ret->out.data != NULL)
		ret->out.data[ret->out.len] = '\0';
	entities_free(m->entities);
	free(m);
}
