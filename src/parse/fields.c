/*
 * fields.c - what the rows of tags.c do: containers, texts, links, people.
 *
 * A begin function sees the attributes and sets up its own frame; an end
 * function gets the trimmed text, in a buffer it may change, and fills in
 * the object of the parent frame.  The first value of the best rank stays;
 * an empty one never counts.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/date.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/html.h"
#include "list.h"
#include "reader.h"

/* rdf:about: above dc:identifier, below guid (tags.c). */
enum { RANK_ABOUT = 5, RANK_STAND_IN = 5 };

/* By local name: "rdf:about" is found as "about". */
const char *
attribute(const char **atts, const char *name)
{
	for (; atts[0] != NULL; atts += 2) {
		const char *colon = strchr(atts[0], ':');

		if (strcasecmp(colon != NULL ? colon + 1 : atts[0], name) == 0)
			return atts[1];
	}
	return NULL;
}

/*
 * U+0080 to U+009F in a feed were meant as windows-1252: "&#146;" is an
 * apostrophe in every browser (corpus: c1-references.xml).
 */
static size_t
c1_to_cp1252(struct buf *out, const char *s, size_t len)
{
	static const uint16_t cp1252[32] = {
		0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021,
		0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f,
		0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
		0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178,
	};
	const char *end = s + len, *from = s;
	size_t changed = 0;

	while ((s = memchr(s, 0xc2, (size_t)(end - s))) != NULL) {
		unsigned char c = s + 1 < end ? (unsigned char)s[1] : 0;

		if (c >= 0x80 && c <= 0x9f && cp1252[c - 0x80] > 0xff) {
			buf_append(out, from, (size_t)(s - from));
			text_utf8_put(out, cp1252[c - 0x80]);
			from = s + 2;
			changed++;
		}
		s++;
	}
	if (changed > 0)
		buf_append(out, from, (size_t)(end - from));
	return changed;
}

char *
reader_keep(struct reader *r, const char *s, size_t len)
{
	struct buf out = { 0 };
	char *kept;

	if (memchr(s, 0xc2, len) == NULL)
		return arena_strndup(r->arena, s, len);
	if (c1_to_cp1252(&out, s, len) > 0)
		kept = arena_strndup(r->arena, out.data, out.len);
	else
		kept = arena_strndup(r->arena, s, len);
	buf_fini(&out);
	return kept;
}

static char *
keep_attribute(struct reader *r, const char *value)
{
	size_t len;

	if (value == NULL)
		return NULL;
	len = text_trim(&value, strlen(value));
	return len > 0 ? reader_keep(r, value, len) : NULL;
}

static void *
field(struct reader *r, const struct rule *rule)
{
	return (char *)reader_parent(r)->object + rule->field;
}

/* May this row fill its field?  Says yes at most once per rank. */
int
reader_outranks(struct reader *r, const struct rule *rule)
{
	uint8_t *ranks = reader_parent(r)->ranks;

	if (ranks == NULL)
		return 1;
	if (ranks[rule->field / 8] >= rule->rank)
		return 0;
	ranks[rule->field / 8] = rule->rank;
	return 1;
}

static struct entry *
entry_here(struct reader *r)
{
	return reader_parent(r)->where & (IN_ENTRY | IN_GROUP) ?
	    reader_parent(r)->object : NULL;
}

static struct feed_head *
head_here(struct reader *r)
{
	return reader_parent(r)->where & (IN_HEAD | IN_SOURCE | IN_ROOT) ?
	    reader_parent(r)->object : NULL;
}

/* ------------------------------------------------------------ containers */

static void
open_head(struct reader *r)
{
	struct frame *f = reader_top(r);

	f->object = &r->feed->head;
	f->ranks = r->head_ranks;
	r->reading = 1;
}

static void
head_scope(struct reader *r)
{
	struct feed_head *h = &r->feed->head;
	struct frame *f = reader_top(r);

	if (h->language == NULL && f->lang != NULL && f->lang[0] != '\0')
		h->language = f->lang;
	if (h->base == NULL)
		h->base = f->base;
}

static void
root(struct reader *r, enum feed_format format, const char *version)
{
	open_head(r);
	head_scope(r);
	r->feed->format = format;
	r->feed->version = version;
}

void
begin_rss(struct reader *r, const struct rule *rule, const char **atts)
{
	const char *version = keep_attribute(r, attribute(atts, "version"));

	(void)rule;
	root(r, FORMAT_RSS, version);
}

/* RSS 1.0 and 0.90 differ in the namespace of what is inside. */
void
begin_rdf(struct reader *r, const struct rule *rule, const char **atts)
{
	const char *version = "1.0";

	(void)rule;
	for (; atts[0] != NULL; atts += 2) {
		if (strncmp(atts[0], "xmlns", 5) == 0 &&
		    strstr(atts[1], "netscape.com/rdf/simple/0.9") != NULL)
			version = "0.90";
	}
	root(r, FORMAT_RDF, version);
}

void
begin_feed(struct reader *r, const struct rule *rule, const char **atts)
{
	const char *version = keep_attribute(r, attribute(atts, "version"));

	root(r, FORMAT_ATOM, version != NULL ? version :
	    reader_top(r)->as == AS_OTHER ? "0.3" : "1.0");
	if (reader_top(r)->where == IN_ENTRY)
		begin_entry(r, rule, atts);
}

void
begin_head(struct reader *r, const struct rule *rule, const char **atts)
{
	const char *about = attribute(atts, "about");

	(void)rule;
	open_head(r);
	head_scope(r);
	if (r->feed->head.id == NULL)
		r->feed->head.id = keep_attribute(r, about);
}

void
end_head(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	(void)r, (void)rule, (void)s, (void)len;
}

void
begin_entry(struct reader *r, const struct rule *rule, const char **atts)
{
	struct frame *f = reader_top(r);
	struct entry *e;

	(void)rule;
	if (r->feed->count >= r->limits->entries) {
		r->limit = "entries";
		r->entry = NULL;
		f->where = 0;
		return;
	}
	e = feed_add_entry(r->feed);
	if (r->depth > 1 && f->lang != reader_parent(r)->lang)
		e->language = f->lang;
	e->base = f->base;
	e->line = r->offset;
	f->object = e;
	f->ranks = r->entry_ranks;
	memset(r->entry_ranks, 0, sizeof(r->entry_ranks));
	e->id = keep_attribute(r, attribute(atts, "about"));
	if (e->id != NULL)
		r->entry_ranks[offsetof(struct entry, id) / 8] = RANK_ABOUT;
	r->entry = e;
	r->entry_text = 0;
	r->dated = r->bodied = 0;
	r->has_lat = r->has_lon = 0;
}

/* An element's own date, when it is the only one, is when it was born. */
void
end_entry(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	struct entry *e = r->entry;

	(void)rule, (void)s, (void)len;
	if (e == NULL)
		return;
	if (e->authors == NULL && e->itunes.author != NULL)
		e->authors = person_parse(r->arena, e->itunes.author,
		    strlen(e->itunes.author));
	if (e->summary.value == NULL && e->content.value == NULL &&
	    e->itunes.summary != NULL) {
		e->summary.value = e->itunes.summary;
		e->summary.type = html_looks_like(e->itunes.summary,
		    strlen(e->itunes.summary)) ? TEXT_HTML : TEXT_PLAIN;
		e->summary.lang = reader_top(r)->lang;
		e->summary.base = reader_top(r)->base;
	}
	r->entry = NULL;
}

/*
 * What a podcast says only in its own words stands in for what is missing.
 */
void
settle_head(struct reader *r)
{
	struct feed_head *h = &r->feed->head;
	const char *subtitle = h->itunes.subtitle != NULL ?
	    h->itunes.subtitle : h->itunes.summary;
	unsigned publisher = offsetof(struct feed_head, publisher) / 8;

	if (h->subtitle.value == NULL && subtitle != NULL) {
		h->subtitle.value = subtitle;
		h->subtitle.type = html_looks_like(subtitle,
		    strlen(subtitle)) ? TEXT_HTML : TEXT_PLAIN;
	}
	if (h->image.url == NULL)
		h->image.url = h->itunes.image;
	if (h->authors == NULL && h->itunes.author != NULL)
		h->authors = person_parse(r->arena, h->itunes.author,
		    strlen(h->itunes.author));
	if (h->authors == NULL && r->head_ranks[publisher] <= RANK_STAND_IN)
		h->authors = h->publisher;
	if (h->language == NULL && r->context->content_language != NULL)
		h->language = keep_attribute(r,
		    r->context->content_language);
}

void
begin_source(struct reader *r, const struct rule *rule, const char **atts)
{
	struct feed_head *h = arena_zalloc(r->arena, sizeof(*h));
	struct entry *e = entry_here(r);

	(void)rule;
	feed_head_init(h);
	h->url = keep_attribute(r, attribute(atts, "url"));
	h->base = reader_top(r)->base;
	reader_top(r)->object = h;
	reader_top(r)->ranks = r->source_ranks;
	memset(r->source_ranks, 0, sizeof(r->source_ranks));
	if (e->source == NULL)
		e->source = h;
}

/* RSS: the text of <source> is the title of the feed it came from. */
void
end_source(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	struct feed_head *h = reader_top(r)->object;

	(void)rule;
	if (h->title.value == NULL && len > 0)
		h->title = (struct text){ .value = reader_keep(r, s, len),
		    .lang = reader_top(r)->lang };
}

void
begin_image(struct reader *r, const struct rule *rule, const char **atts)
{
	struct frame *f = reader_top(r);
	struct image *image;
	const char *url = attribute(atts, "url");

	f->object = (char *)field(r, rule) - offsetof(struct image, url);
	f->ranks = NULL;
	image = f->object;
	if (image->url != NULL)
		f->object = arena_zalloc(r->arena, sizeof(*image));
	if (url == NULL)
		url = attribute(atts, "href");
	if (image->url == NULL && url != NULL)
		image->url = keep_attribute(r, url);
}

void
begin_input(struct reader *r, const struct rule *rule, const char **atts)
{
	struct feed_head *h = head_here(r);

	(void)rule, (void)atts;
	reader_top(r)->object = &h->text_input;
	reader_top(r)->ranks = NULL;
}

/* ----------------------------------------------------------------- texts */

static int
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && text_equal_nocase(s + n - m, end);
}

static enum taken_as
type_taken_as(const char *type)
{
	char plain[64];
	size_t n = strcspn(type, "; \t\r\n");

	if (n == 0 || n >= sizeof(plain))
		return n == 0 ? AS_PLAIN : AS_OTHER;
	memcpy(plain, type, n);
	plain[n] = '\0';
	if (text_equal_nocase(plain, "text") ||
	    text_equal_nocase(plain, "text/plain"))
		return AS_PLAIN;
	if (text_equal_nocase(plain, "html") ||
	    text_equal_nocase(plain, "text/html"))
		return AS_HTML;
	if (text_equal_nocase(plain, "xhtml") || ends_with(plain, "/xml") ||
	    ends_with(plain, "+xml"))
		return AS_XHTML;
	if (strchr(plain, '/') == NULL || text_prefix_nocase(plain, "text/"))
		return AS_GUESS;
	return AS_OTHER;
}

/* Atom says the type, 0.3 also the mode; RSS says nothing. */
void
begin_text(struct reader *r, const struct rule *rule, const char **atts)
{
	struct frame *f = reader_top(r);
	const char *type = attribute(atts, "type");
	const char *mode = attribute(atts, "mode");
	int atom = f->as == AS_PLAIN || f->as == AS_OTHER;

	(void)rule;
	f->as = type != NULL ? (uint8_t)type_taken_as(type) :
	    atom ? AS_PLAIN : AS_GUESS;
	if (mode == NULL)
		return;
	if (text_equal_nocase(mode, "base64"))
		f->base64 = 1;
	else if (text_equal_nocase(mode, "escaped") && f->as == AS_XHTML)
		f->as = AS_HTML;
}

void
begin_content(struct reader *r, const struct rule *rule, const char **atts)
{
	struct entry *e = entry_here(r);
	const char *type = attribute(atts, "type");
	const char *src = attribute(atts, "src");
	struct frame *f = reader_top(r);

	begin_text(r, rule, atts);
	if (strcmp(rule->name, "content") != 0)
		f->as = AS_XHTML;
	if (src != NULL && e->content_src == NULL) {
		e->content_src = keep_attribute(r, src);
		e->content_type = keep_attribute(r, type);
	}
}

static size_t
base64_decode(char *s, size_t len)
{
	uint32_t bits = 0;
	int have = 0;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = s[i];
		int v = c >= 'A' && c <= 'Z' ? c - 'A' :
		    c >= 'a' && c <= 'z' ? c - 'a' + 26 :
		    c >= '0' && c <= '9' ? c - '0' + 52 :
		    c == '+' || c == '-' ? 62 :
		    c == '/' || c == '_' ? 63 : -1;

		if (c == '=')
			break;
		if (v < 0) {
			if (c == ' ' || c == '\n' || c == '\r' || c == '\t')
				continue;
			return 0;
		}
		bits = bits << 6 | (uint32_t)v;
		if ((have += 6) >= 8) {
			have -= 8;
			s[n++] = (char)(bits >> have & 0xff);
		}
	}
	return n;
}

/*
 * What is not text in base64 stays out: images and the like.  A type that
 * only should be base64 (application/json) is text if it reads as such.
 */
static size_t
decode_base64_text(char *s, size_t len, int perhaps)
{
	char *copy = xstrndup(s, len);
	size_t n = base64_decode(copy, len);

	if (n > 0 && (text_utf8_valid(copy, n) != n ||
	    memchr(copy, '\0', n) != NULL))
		n = 0;
	if (n > 0)
		memcpy(s, copy, n + 1 < len ? n + 1 : n);
	else if (perhaps && strpbrk(s, " {<:,\"") != NULL)
		n = len;	/* prose, JSON: no base64 at all */
	free(copy);
	s[n] = '\0';
	return n;
}

static enum text_type
text_type(enum taken_as as, const char *s, size_t len)
{
	switch (as) {
	case AS_PLAIN:
		return TEXT_PLAIN;
	case AS_XHTML:
		return TEXT_XHTML;
	case AS_HTML:
		return TEXT_HTML;
	default:
		return html_looks_like(s, len) ? TEXT_HTML : TEXT_PLAIN;
	}
}

/* XHTML without one element is plain text; in RSS it may be escaped. */
static enum taken_as
settle(struct frame *f, int had_markup)
{
	if (had_markup)
		return f->as == AS_HTML ? AS_HTML : AS_XHTML;
	if (f->as == AS_XHTML)
		return f->rule->ns & NS_XHTML ? AS_GUESS : AS_PLAIN;
	return f->as;
}

static void
note_body(struct reader *r, const struct rule *rule, const char *value)
{
	if (r->entry == NULL || rule->identity <= r->bodied)
		return;
	r->entry->body = value;
	r->bodied = rule->identity;
}

void
end_text(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	struct frame *f = reader_top(r);
	struct text *text = field(r, rule);
	char *value;

	if (f->base64 || f->as == AS_OTHER) {
		len = decode_base64_text(s, len, f->as == AS_OTHER);
		f->as = f->as == AS_OTHER ? AS_PLAIN : f->as;
	}
	if (strcmp(rule->name, "title") == 0)
		len = text_utf8_cut(s, len, r->limits->title_bytes);
	if (len == 0)
		return;
	value = reader_keep(r, s, len);
	note_body(r, rule, value);
	if (!reader_outranks(r, rule))
		return;
	text->value = value;
	text->type = text_type(settle(f, r->marked), s, len);
	text->lang = f->lang;
	text->base = f->base;
}

/* --------------------------------------------------------- plain values */

void
end_string(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	const char **at = field(r, rule);
	char *absolute = NULL;

	if (len == 0)
		return;
	/* Its own xml:base: then it is a URL. */
	if (reader_top(r)->base != reader_parent(r)->base)
		absolute = url_resolve(reader_top(r)->base, s);
	if (absolute != NULL) {
		s = absolute;
		len = strlen(s);
	}
	if (reader_parent(r)->ranks == NULL ? *at == NULL :
	    reader_outranks(r, rule))
		*at = reader_keep(r, s, len);
	free(absolute);
}

static int64_t
parse_count(const char *s)
{
	char *end;
	long long v = strtoll(s, &end, 10);

	return end == s || v < 0 || v == INT64_MAX ? -1 : v;
}

void
end_int(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	int *at = field(r, rule);
	int64_t v = parse_count(s);

	(void)len;
	if (*at == 0 && v > 0 && v < 1000000)
		*at = (int)v;
}

void
end_int64(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	int64_t *at = field(r, rule);
	int64_t v = parse_count(s);

	(void)len;
	if (v >= 0 && reader_outranks(r, rule))
		*at = v;
}

void
end_date(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	int64_t *at = field(r, rule);
	uint8_t *ranks = reader_parent(r)->ranks;
	int64_t ms = len > 0 ? date_parse(s, r->context->zone_s) : DATE_NONE;

	if (rule->identity > r->dated && entry_here(r) != NULL) {
		r->entry->dated_ms = ms;
		r->dated = rule->identity;
	}
	if (ms == DATE_NONE)
		return;
	/* Of the same element twice, the last is the one that was edited. */
	if (ranks[rule->field / 8] <= rule->rank) {
		ranks[rule->field / 8] = rule->rank;
		*at = ms;
	}
}

void
begin_guid(struct reader *r, const struct rule *rule, const char **atts)
{
	struct entry *e = entry_here(r);
	const char *is = attribute(atts, "isPermaLink");

	(void)rule;
	if (is == NULL)
		return;
	if (text_equal_nocase(is, "true"))
		e->id_is_permalink = 1;
	else if (text_equal_nocase(is, "false"))
		e->id_is_permalink = 0;
}

/* ------------------------------------------------------- links and files */

/* "http://www.iana.org/assignments/relation/self" is "self". */
static const char *
link_rel(struct reader *r, const char *rel)
{
	static const char *const iana[] = {
		"http://www.iana.org/assignments/relation/",
		"https://www.iana.org/assignments/relation/",
		"http://www.iana.org/assignments/relation#",
	};
	char *kept;

	rel = keep_attribute(r, rel);
	if (rel == NULL)
		return "alternate";
	for (size_t i = 0; i < ARRAY_LEN(iana); i++) {
		if (text_prefix_nocase(rel, iana[i]))
			rel += strlen(iana[i]);
	}
	kept = arena_strdup(r->arena, rel);
	if (strchr(kept, ':') == NULL) {
		for (char *p = kept; *p != '\0'; p++) {
			if (*p >= 'A' && *p <= 'Z')
				*p = (char)(*p + ('a' - 'A'));
		}
	}
	return kept;
}

static void
add_enclosure(struct reader *r, struct entry *e, const struct link *link)
{
	struct enclosure *enc = arena_zalloc(r->arena, sizeof(*enc));

	enc->url = link->href;
	enc->type = link->type;
	enc->title = link->title;
	enc->length = link->length;
	LIST_APPEND(&e->enclosures, enc);
}

static int
is_feed_type(const char *type)
{
	return type != NULL && !ends_with(type, "/xhtml+xml") &&
	    (ends_with(type, "+xml") || ends_with(type, "/xml"));
}

/* What a relation means to an entry besides being a link. */
static void
entry_relation(struct reader *r, struct entry *e, const struct link *l)
{
	if (strcmp(l->rel, "enclosure") == 0) {
		add_enclosure(r, e, l);
	} else if (strcmp(l->rel, "license") == 0) {
		if (e->license == NULL)
			e->license = l->href;
	} else if (strcmp(l->rel, "replies") == 0) {
		if (is_feed_type(l->type)) {
			if (e->comments_feed == NULL)
				e->comments_feed = l->href;
		} else if (e->comments == NULL) {
			e->comments = l->href;
		}
	}
}

static void
head_relation(struct reader *r, struct feed_head *h, const struct link *l)
{
	struct link *hub;

	if (strcmp(l->rel, "license") == 0 && h->license == NULL)
		h->license = l->href;
	if (strcmp(l->rel, "hub") != 0 || h != &r->feed->head)
		return;
	hub = arena_alloc(r->arena, sizeof(*hub));
	*hub = *l;
	hub->next = NULL;
	LIST_APPEND(&r->feed->hubs, hub);
}

static void
add_link(struct reader *r, struct link *l)
{
	if (entry_here(r) != NULL) {
		LIST_APPEND(&entry_here(r)->links, l);
		entry_relation(r, entry_here(r), l);
	} else {
		LIST_APPEND(&head_here(r)->links, l);
		head_relation(r, head_here(r), l);
	}
}

/* RFC 4685: thr:count on the link to the replies. */
static void
count_replies(struct entry *e, const struct link *l, const char **atts)
{
	const char *count = attribute(atts, "count");

	if (strcmp(l->rel, "replies") == 0 && count != NULL &&
	    e->comments_count < 0)
		e->comments_count = parse_count(count);
}

void
begin_link(struct reader *r, const struct rule *rule, const char **atts)
{
	const char *href = attribute(atts, "href");
	const char *length = attribute(atts, "length");
	struct link *l;

	(void)rule;
	/* The empty reference is the base itself. */
	if (href != NULL && href[strspn(href, " \t\r\n")] == '\0')
		href = reader_top(r)->base;
	l = arena_zalloc(r->arena, sizeof(*l));
	reader_top(r)->object = l;
	l->href = keep_attribute(r, href);
	l->rel = link_rel(r, attribute(atts, "rel"));
	l->base = reader_top(r)->base;
	l->length = -1;
	l->type = keep_attribute(r, attribute(atts, "type"));
	l->hreflang = keep_attribute(r, attribute(atts, "hreflang"));
	l->title = keep_attribute(r, attribute(atts, "title"));
	if (length != NULL)
		l->length = parse_count(length);
	if (l->href != NULL)
		add_link(r, l);
	if (l->href != NULL && entry_here(r) != NULL)
		count_replies(entry_here(r), l, atts);
}

void
end_link(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	struct link *l = reader_top(r)->object;

	(void)rule;
	if (len == 0 || l->href != NULL)
		return;
	l->href = reader_keep(r, s, len);
	add_link(r, l);
}

void
begin_enclosure(struct reader *r, const struct rule *rule, const char **atts)
{
	const char *url = attribute(atts, "url");
	const char *length = attribute(atts, "length");
	struct link link = { .length = -1 };

	(void)rule;
	link.href = keep_attribute(r, url != NULL ? url :
	    attribute(atts, "href"));
	if (link.href == NULL)
		return;
	link.type = keep_attribute(r, attribute(atts, "type"));
	if (length != NULL)
		link.length = parse_count(length);
	add_enclosure(r, entry_here(r), &link);
}

/* ------------------------------------------------- categories and people */

static int
same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

void
category_add(struct category **list, struct category *c)
{
	for (struct category *q = *list; q != NULL; q = q->next) {
		if (same(q->term, c->term) && same(q->scheme, c->scheme))
			return;
	}
	LIST_APPEND(list, c);
}

void
begin_category(struct reader *r, const struct rule *rule, const char **atts)
{
	struct category *c = arena_zalloc(r->arena, sizeof(*c));
	const char *scheme = attribute(atts, "scheme");

	c->term = keep_attribute(r, attribute(atts, "term"));
	c->label = keep_attribute(r, attribute(atts, "label"));
	c->scheme = keep_attribute(r, scheme != NULL ? scheme :
	    attribute(atts, "domain"));
	reader_top(r)->object = c;
	if (rule->ns == NS_MEDIA && c->scheme == NULL)
		c->scheme = "http://search.yahoo.com/mrss/category_schema";
}

void
end_category(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	struct category *c = reader_top(r)->object;

	if (c->term == NULL && len > 0)
		c->term = reader_keep(r, s, len);
	if (c->term == NULL)
		c->term = c->label;
	if (c->term != NULL)
		category_add(field(r, rule), c);
}

void
begin_person(struct reader *r, const struct rule *rule, const char **atts)
{
	(void)rule, (void)atts;
	reader_top(r)->object = arena_zalloc(r->arena,
	    sizeof(struct person));
	reader_top(r)->ranks = NULL;
}

void
end_person(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	struct person *p = reader_top(r)->object;
	struct person **list = field(r, rule);

	if (p->name == NULL && p->email == NULL && p->uri == NULL)
		p = len > 0 ? person_parse(r->arena,
		    reader_keep(r, s, len), len) : NULL;
	if (p == NULL)
		return;
	if (rule->rank == 0)
		person_add(list, p);
	else if (reader_outranks(r, rule))
		*list = p;
}

/* "by <a>Name</a>": the text of the inner element stays in the outer's. */
void
end_inline(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	struct frame *f = reader_top(r);

	(void)rule;
	if (r->text.len > f->start && s + len < r->text.data + r->text.len)
		s[len] = ' ';
	f->start = r->text.len;
}

/* --------------------------------------------------------------- the rest */

void
begin_generator(struct reader *r, const struct rule *rule, const char **atts)
{
	struct generator *g = &head_here(r)->generator;
	const char *uri = attribute(atts, "uri");

	(void)rule;
	if (g->name != NULL)
		return;
	g->uri = keep_attribute(r, uri != NULL ? uri :
	    attribute(atts, "url"));
	g->version = keep_attribute(r, attribute(atts, "version"));
}

void
end_generator(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	struct generator *g = &head_here(r)->generator;

	(void)rule;
	if (g->name == NULL && len > 0)
		g->name = reader_keep(r, s, len);
}

void
begin_agent(struct reader *r, const struct rule *rule, const char **atts)
{
	struct generator *g = &head_here(r)->generator;
	const char *uri = keep_attribute(r, attribute(atts, "resource"));

	(void)rule;
	if (g->uri == NULL)
		g->uri = uri;
	if (g->name == NULL)
		g->name = uri;
}

void
begin_resource(struct reader *r, const struct rule *rule, const char **atts)
{
	const char *url = keep_attribute(r, attribute(atts, "resource"));
	const char **at = field(r, rule);

	if (url != NULL && reader_outranks(r, rule))
		*at = url;
}

void
begin_cloud(struct reader *r, const struct rule *rule, const char **atts)
{
	struct cloud *c = &head_here(r)->cloud;

	(void)rule;
	c->domain = keep_attribute(r, attribute(atts, "domain"));
	c->port = keep_attribute(r, attribute(atts, "port"));
	c->path = keep_attribute(r, attribute(atts, "path"));
	c->protocol = keep_attribute(r, attribute(atts, "protocol"));
	c->register_procedure = keep_attribute(r,
	    attribute(atts, "registerProcedure"));
}
