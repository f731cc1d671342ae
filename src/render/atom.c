/*
 * atom.c - an outlet, or a sealed page of it, as Atom 1.0 (RFC 4287, 5005).
 *
 * The same items give the same bytes: nothing here is a clock, a counter or
 * a version.  What would make the document invalid (a media type without a
 * slash, a language that is no tag, a mail address without an @) is left out
 * rather than passed on; what RFC 4287 asks for and the item has not (an
 * author, a title) is filled in from its source.
 */
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/text.h"
#include "feedmill/model.h"
#include "feedmill/render.h"
#include "text.h"

/* Without printf, which was half of what an entry cost. */
static void
put_tag(struct buf *b, const char *open, const char *name, const char *close)
{
	buf_puts(b, open);
	buf_puts(b, name);
	buf_puts(b, close);
}

static void
put_element(struct buf *b, const char *name, const char *text)
{
	put_tag(b, "<", name, ">");
	text_xml_escape_str(b, text);
	put_tag(b, "</", name, ">\n");
}

static void
put_attribute(struct buf *b, const char *name, const char *value)
{
	if (value == NULL)
		return;
	put_tag(b, " ", name, "=\"");
	text_xml_escape_str(b, value);
	buf_putc(b, '"');
}

static void
put_text(struct buf *b, const char *name, const char *text)
{
	put_tag(b, "<", name, " type=\"text\">");
	text_xml_escape_str(b, text);
	put_tag(b, "</", name, ">\n");
}

static void
put_date(struct buf *b, const char *name, int64_t ms)
{
	char text[DATE_TEXT_SIZE];

	date_format_rfc3339(date_in_range(ms), text);
	put_element(b, name, text);
}

static void
put_link(struct buf *b, const char *rel, const char *type, const char *href)
{
	if (href == NULL)
		return;
	buf_puts(b, "<link");
	put_attribute(b, "rel", rel);
	put_attribute(b, "type", type);
	put_attribute(b, "href", href);
	buf_puts(b, "/>\n");
}

static void
put_language(struct buf *b, const char *tag)
{
	if (is_language_tag(tag))
		put_attribute(b, "xml:lang", tag);
}

static void
put_tombstone(struct buf *b, const char *uuid, int64_t at_ms)
{
	char when[DATE_TEXT_SIZE];

	date_format_rfc3339(date_in_range(at_ms), when);
	buf_puts(b, "<at:deleted-entry "
	    "xmlns:at=\"http://purl.org/atompub/tombstones/1.0\" "
	    "ref=\"urn:uuid:");
	text_xml_escape_str(b, uuid);
	buf_printf(b, "\" when=\"%s\"/>\n", when);
}

void
render_atom_begin(struct buf *b, const struct outlet_head *head)
{
	static const char type[] = "application/atom+xml";

	buf_puts(b, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
	/* Publish reads it again, should its own notes be lost. */
	if (head->sealed_seq > 0)
		buf_printf(b, "<!-- sealed at %lld -->\n",
		    (long long)head->sealed_seq);
	buf_puts(b, "<feed xmlns=\"http://www.w3.org/2005/Atom\"");
	if (head->sealed_seq > 0)
		buf_puts(b, " xmlns:fh="
		    "\"http://purl.org/syndication/history/1.0\"");
	put_language(b, head->language);
	buf_puts(b, ">\n<id>urn:uuid:");
	text_xml_escape_str(b, head->uuid);
	buf_puts(b, "</id>\n");
	put_text(b, "title", head->title);
	if (head->subtitle != NULL)
		put_text(b, "subtitle", head->subtitle);
	put_date(b, "updated", head->updated_ms);
	put_link(b, "self", type, head->self);
	put_link(b, "alternate", "text/html", safe_link(head->url));
	for (const char *const *h = head->hubs; h != NULL && *h != NULL; h++)
		put_link(b, "hub", NULL, *h);
	put_link(b, "current", type, head->current);
	put_link(b, "prev-archive", type, head->prev_archive);
	put_link(b, "next-archive", type, head->next_archive);
	buf_puts(b, "<generator>feedmill</generator>\n");
	if (head->sealed_seq > 0)
		buf_puts(b, "<fh:archive/>\n");
	for (const struct outlet_tombstone *t = head->tombstones; t != NULL;
	    t = t->next)
		put_tombstone(b, t->uuid, t->at_ms);
}

static void
put_person(struct buf *b, const struct person *p)
{
	const char *at = p->email == NULL ? NULL : strchr(p->email, '@');

	buf_puts(b, "<author>");
	buf_puts(b, "<name>");
	text_xml_escape_str(b, p->name);
	buf_puts(b, "</name>");
	if (safe_link(p->uri) != NULL && is_iri(p->uri)) {
		buf_puts(b, "<uri>");
		text_xml_escape_str(b, p->uri);
		buf_puts(b, "</uri>");
	}
	if (at != NULL && at > p->email && at[1] != '\0' &&
	    strchr(at + 1, '@') == NULL &&
	    strpbrk(p->email, " \t\r\n") == NULL) {
		buf_puts(b, "<email>");
		text_xml_escape_str(b, p->email);
		buf_puts(b, "</email>");
	}
	buf_puts(b, "</author>\n");
}

/* 0: it has no name of any kind. */
static int
put_named(struct buf *b, const struct person *p)
{
	struct person shown = *p;

	if (shown.name == NULL || *shown.name == '\0')
		shown.name = p->email != NULL ? p->email : p->uri;
	if (shown.name == NULL || *shown.name == '\0')
		return 0;
	put_person(b, &shown);
	return 1;
}

static void
put_people(struct buf *b, const struct item *item)
{
	const struct person of_source = { .name = source_label(item) };
	int any = 0;

	for (const struct person *p = item->authors; p != NULL; p = p->next)
		any |= put_named(b, p);
	if (!any)
		put_person(b, &of_source);
}

static void
put_enclosure(struct buf *b, const struct enclosure *e)
{
	struct buf type = { 0 };

	if (safe_enclosure(e->url) == NULL)
		return;
	buf_puts(b, "<link rel=\"enclosure\"");
	if (put_media_type(&type, e->type))
		put_attribute(b, "type", buf_str(&type));
	put_attribute(b, "href", e->url);
	put_attribute(b, "title", e->title);
	if (e->length >= 0)
		buf_printf(b, " length=\"%lld\"", (long long)e->length);
	buf_puts(b, "/>\n");
	buf_fini(&type);
}

static void
put_category(struct buf *b, const struct category *c)
{
	const char *term = c->term != NULL ? c->term : c->label;

	if (term == NULL || *term == '\0')
		return;
	buf_puts(b, "<category");
	put_attribute(b, "term", term);
	/* A scheme is an IRI; RSS domains are often just a word. */
	if (safe_link(c->scheme) != NULL && is_iri(c->scheme))
		put_attribute(b, "scheme", c->scheme);
	put_attribute(b, "label", c->label);
	buf_puts(b, "/>\n");
}

static void
put_html(struct buf *b, const char *name, enum content_mode mode,
    const struct item *item)
{
	struct buf body = { 0 };

	put_body(&body, mode, item);
	put_tag(b, "<", name, " type=\"html\">");
	text_xml_escape(b, body.data, body.len, 0);
	put_tag(b, "</", name, ">\n");
	buf_fini(&body);
}

/* An entry without an alternate link must have a content (section 4.1.2). */
static void
put_texts(struct buf *b, enum content_mode mode, const struct item *item)
{
	if (mode == CONTENT_SUMMARY)
		put_html(b, "summary", mode, item);
	if (mode == CONTENT_FULL)
		put_html(b, "content", mode, item);
	else if (safe_link(item->url) == NULL)
		put_html(b, "content", CONTENT_NONE, item);
}

static void
put_plain(struct buf *b, const char *name, const char *text)
{
	if (text != NULL && *text != '\0')
		put_text(b, name, text);
}

static void
put_address(struct buf *b, const char *name, const char *url)
{
	if (is_iri(url))
		put_element(b, name, url);
}

/* A feed's own id, where it has one that is; else its address.  None, where
 * the address is not to be shown: the id may be the same. */
static void
put_source_id(struct buf *b, const struct item *item)
{
	const struct feed_head *head = item->source_head;

	if (item->source_url == NULL)
		return;
	put_element(b, "id", head != NULL && is_iri(head->id) ? head->id :
	    item->source_url);
}

/* What its feed says of itself, but for what changes with every visit. */
static void
put_source_head(struct buf *b, const struct feed_head *head)
{
	put_plain(b, "subtitle", head->subtitle.value);
	put_plain(b, "rights", head->rights.value);
	for (const struct person *p = head->authors; p != NULL; p = p->next)
		put_named(b, p);
	for (const struct category *c = head->categories; c; c = c->next)
		put_category(b, c);
	put_address(b, "icon", safe_link(head->icon));
	put_address(b, "logo", safe_link(head->logo));
	if (head->generator.name != NULL)
		put_element(b, "generator", head->generator.name);
}

/* Where the entry comes from (section 4.2.11).  The record does not say when
 * its feed was updated; not before this entry was. */
static void
put_source(struct buf *b, const struct item *item)
{
	buf_puts(b, "<source");
	if (item->source_head != NULL)
		put_language(b, item->source_head->language);
	buf_puts(b, ">\n");
	put_source_id(b, item);
	put_text(b, "title", source_label(item));
	put_date(b, "updated", item->updated_ms);
	put_link(b, "alternate", NULL, safe_link(item->source_link));
	put_link(b, "self", NULL, safe_link(item->source_url));
	if (item->source_head != NULL)
		put_source_head(b, item->source_head);
	buf_puts(b, "</source>\n");
}

/* Who had it, too. */
static void
put_further(struct buf *b, const struct item *item)
{
	for (unsigned i = 0; i < item->further_count; i++) {
		const struct item_source *s = &item->further[i];

		if (safe_link(s->url) == NULL)
			continue;
		buf_puts(b, "<link rel=\"via\"");
		put_attribute(b, "href", s->url);
		put_attribute(b, "title", s->title);
		buf_puts(b, "/>\n");
	}
}

void
render_atom_item(struct buf *b, const struct outlet_head *head,
    const struct item *item)
{
	struct buf title = { 0 };

	buf_puts(b, "<entry");
	put_language(b, item->language);
	buf_puts(b, ">\n<id>urn:uuid:");
	text_xml_escape_str(b, item->uuid);
	buf_puts(b, "</id>\n");
	put_title(&title, item);
	put_text(b, "title", buf_str(&title));
	buf_fini(&title);
	put_date(b, "published", item->published_ms);
	put_date(b, "updated", item->updated_ms);
	put_people(b, item);
	put_link(b, "alternate", NULL, safe_link(item->url));
	for (const struct enclosure *e = item->enclosures; e; e = e->next)
		put_enclosure(b, e);
	put_link(b, "replies", "text/html", safe_link(item->comments));
	put_further(b, item);
	for (const struct category *c = item->categories; c; c = c->next)
		put_category(b, c);
	put_source(b, item);
	put_texts(b, head->content, item);
	buf_puts(b, "</entry>\n");
}

void
render_atom_end(struct buf *b)
{
	buf_puts(b, "</feed>\n");
}

/* ----------------------------------------------------------- taken away */

/* The next entry from p on, of this document of ours: markup in what others
 * wrote is escaped, so that these bytes are nowhere else.  NULL: none. */
static const char *
next_entry(const char *p, const char **ret_end)
{
	static const char close[] = "</entry>\n";
	const char *end;

	do {
		p = strstr(p, "<entry");
		if (p == NULL)
			return NULL;
		p += strlen("<entry");
	} while (*p != '>' && *p != ' ');
	end = strstr(p, close);
	if (end == NULL)
		return NULL;
	*ret_end = end + strlen(close);
	return p - strlen("<entry");
}

unsigned
render_atom_without(struct buf *b, const char *text, size_t len,
    const char *uuid, int64_t at_ms)
{
	const char *kept = text, *p = text, *end, *entry;
	struct buf id = { 0 };
	unsigned count = 0;

	buf_printf(&id, "<id>urn:uuid:%s</id>", uuid);
	for (; (entry = next_entry(p, &end)) != NULL; p = end) {
		const char *at = strstr(entry, "<id>");

		if (at == NULL || strncmp(at, id.data, id.len) != 0)
			continue;
		buf_append(b, kept, (size_t)(entry - kept));
		if (count++ == 0 && at_ms != DATE_NONE)
			put_tombstone(b, uuid, at_ms);
		kept = end;
	}
	if (count > 0)
		buf_append(b, kept, len - (size_t)(kept - text));
	buf_fini(&id);
	return count;
}
