/*
 * opml.c - subscription lists, as every reader exports them.
 *
 * Outlines are collected first and visited when all is read, so that a list
 * that has to be mended is not visited twice.  Folders are outlines without
 * xmlUrl; the category attribute names more.
 */
#define XML_DTD			/* declares the amplification limits */
#include <expat.h>
#include <string.h>

#include "feedmill/base/arena.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/text.h"
#include "reader.h"

enum { FOLDERS_MAX = 32, OUTLINES_MAX = 100000 };

struct outline {
	struct outline		*next;
	struct opml_outline	 o;
};

struct opml_reader {
	struct arena	 arena;
	struct outline	*first, **last;
	unsigned	 count;
	const char	*folder[FOLDERS_MAX];
	unsigned	 depth;		/* of outlines open */
	int		 is_opml, doctype;
	XML_Parser	 expat;
};

static const char *
take(struct opml_reader *r, const char **atts, const char *name)
{
	const char *v = attribute(atts, name);
	size_t len = v != NULL ? text_trim(&v, strlen(v)) : 0;

	return len > 0 ? arena_strndup(&r->arena, v, len) : NULL;
}

static void
add_tag(struct buf *tags, const char *s, size_t len)
{
	len = text_trim(&s, len);
	while (len > 0 && *s == '/') {
		s++;
		len--;
	}
	if (len == 0)
		return;
	if (tags->len > 0)
		buf_putc(tags, '\n');
	text_collapse(tags, s, len);
}

/* The folders it is in, then its category attribute: "/a/b,c". */
static const char *
collect_tags(struct opml_reader *r, const char **atts)
{
	const char *category = attribute(atts, "category"), *kept;
	struct buf tags = { 0 };

	for (unsigned i = 0; i < r->depth && i < FOLDERS_MAX; i++) {
		if (r->folder[i] != NULL)
			add_tag(&tags, r->folder[i], strlen(r->folder[i]));
	}
	while (category != NULL && *category != '\0') {
		size_t n = strcspn(category, ",");

		add_tag(&tags, category, n);
		category += n + (category[n] == ',');
	}
	kept = arena_strdup(&r->arena, buf_str(&tags));
	buf_fini(&tags);
	return kept;
}

static void
outline(struct opml_reader *r, const char **atts)
{
	const char *url = take(r, atts, "xmlUrl");
	const char *title = take(r, atts, "title");
	struct outline *o;

	if (title == NULL)
		title = take(r, atts, "text");
	if (r->depth < FOLDERS_MAX)
		r->folder[r->depth] = url == NULL ? title : NULL;
	if (url != NULL && r->count < OUTLINES_MAX) {
		o = arena_zalloc(&r->arena, sizeof(*o));
		o->o.title = title;
		o->o.xml_url = url;
		o->o.html_url = take(r, atts, "htmlUrl");
		o->o.tags = collect_tags(r, atts);
		*r->last = o;
		r->last = &o->next;
		r->count++;
	}
	r->depth++;
}

static void
on_start(void *data, const char *name, const char **atts)
{
	struct opml_reader *r = data;

	if (strcasecmp(name, "opml") == 0)
		r->is_opml = 1;
	else if (strcasecmp(name, "outline") == 0)
		outline(r, atts);
}

static void
on_end(void *data, const char *name)
{
	struct opml_reader *r = data;

	if (strcasecmp(name, "outline") == 0 && r->depth > 0)
		r->depth--;
}

static void
on_doctype(void *data, const char *name, const char *sysid,
    const char *pubid, int has_subset)
{
	struct opml_reader *r = data;

	(void)name, (void)sysid, (void)pubid, (void)has_subset;
	r->doctype = 1;
	XML_StopParser(r->expat, XML_FALSE);
}

/* 0: read; -1: not XML, or with a document type; err says where. */
static int
read_once(struct opml_reader *r, const char *text, size_t len,
    struct err *err)
{
	int ok;

	*r = (struct opml_reader){ .last = NULL };
	r->last = &r->first;
	r->expat = XML_ParserCreate("UTF-8");
	if (r->expat == NULL)
		return err_set(err, "no memory for a parser");
	XML_SetUserData(r->expat, r);
	XML_SetElementHandler(r->expat, on_start, on_end);
	XML_SetStartDoctypeDeclHandler(r->expat, on_doctype);
	ok = XML_Parse(r->expat, text, (int)len, 1) == XML_STATUS_OK;
	if (!ok)
		err_set(err, "line %lu, column %lu: %s",
		    (unsigned long)XML_GetCurrentLineNumber(r->expat),
		    (unsigned long)XML_GetCurrentColumnNumber(r->expat) + 1,
		    XML_ErrorString(XML_GetErrorCode(r->expat)));
	XML_ParserFree(r->expat);
	return ok ? 0 : -1;
}

static int
read_mended(struct opml_reader *r, const char *text, size_t len)
{
	struct repair mended;
	struct err ignored;
	int rc;

	arena_fini(&r->arena);
	repair_xml(text, len, &mended);
	rc = read_once(r, buf_str(&mended.out), mended.out.len, &ignored);
	buf_fini(&mended.out);
	return rc;
}

int
parse_opml(const char *bytes, size_t len,
    void (*visit)(const struct opml_outline *, void *arg), void *arg,
    struct err *err)
{
	static const struct parse_context nothing_known;
	struct opml_reader r;
	struct decoded d;
	int rc;

	decode_text(bytes, len, &nothing_known, &d);
	if (d.len > INT32_MAX / 2) {
		decoded_fini(&d);
		return err_set(err, "too large for a list of feeds");
	}
	rc = read_once(&r, d.text, d.len, err);
	if (rc != 0)
		rc = read_mended(&r, d.text, d.len);
	if (rc == 0 && !r.is_opml)
		rc = err_set(err, "line 1, column 1: no <opml> in it");
	for (struct outline *o = r.first; rc == 0 && o != NULL; o = o->next)
		visit(&o->o, arg);
	arena_fini(&r.arena);
	decoded_fini(&d);
	return rc;
}
