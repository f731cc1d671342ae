/*
 * reader.h - what the files of the XML reader share, and nobody else.
 *
 * The reader walks a document with expat.  A table (tags.c) says for every
 * element, by namespace and place, which function begins it, which ends it,
 * where its value goes and how it ranks against other elements that fill
 * the same field.  What no row knows is skipped with all it holds.
 */
#ifndef FEEDMILL_PARSE_READER_H
#define FEEDMILL_PARSE_READER_H

#include <stddef.h>
#include <stdint.h>

#include "feedmill/base/buf.h"
#include "feedmill/model.h"
#include "feedmill/parse.h"

/* Namespaces as bits, so that a row of the table may name several. */
enum {
	NS_RSS		= 1 << 0,	/* none at all, or one of RSS's */
	NS_ATOM		= 1 << 1,
	NS_ATOM03	= 1 << 2,
	NS_RDF		= 1 << 3,
	NS_DC		= 1 << 4,
	NS_DCTERMS	= 1 << 5,
	NS_CONTENT	= 1 << 6,
	NS_MEDIA	= 1 << 7,
	NS_ITUNES	= 1 << 8,
	NS_XHTML	= 1 << 9,
	NS_SY		= 1 << 10,
	NS_SLASH	= 1 << 11,
	NS_THR		= 1 << 12,
	NS_GEORSS	= 1 << 13,
	NS_GEO		= 1 << 14,
	NS_GML		= 1 << 15,
	NS_FEEDBURNER	= 1 << 16,
	NS_WFW		= 1 << 17,
	NS_PSC		= 1 << 18,
	NS_CC		= 1 << 19,
	NS_ADMIN	= 1 << 20,
	NS_FOREIGN	= 1 << 21,
	NS_XML		= 1 << 22,
	NS_ANYATOM	= NS_ATOM | NS_ATOM03,
	NS_CORE		= NS_RSS | NS_ATOM | NS_ATOM03,
	NS_ANYDC	= NS_DC | NS_DCTERMS,
};

/* Places: what the parent element is. */
enum {
	IN_DOCUMENT	= 1 << 0,
	IN_ROOT		= 1 << 1,	/* rss, rdf:RDF */
	IN_HEAD		= 1 << 2,	/* channel, feed */
	IN_ENTRY	= 1 << 3,
	IN_SOURCE	= 1 << 4,	/* atom:source */
	IN_GROUP	= 1 << 5,	/* media:group, media:content */
	IN_IMAGE	= 1 << 6,
	IN_INPUT	= 1 << 7,
	IN_PERSON	= 1 << 8,
	IN_SKIPS	= 1 << 9,	/* skipHours, skipDays */
	IN_CHAPTERS	= 1 << 10,
	IN_WHERE	= 1 << 11,	/* georss:where and what it holds */
	IN_CATEGORY	= 1 << 12,	/* itunes:category */
	IN_ITEMS	= 1 << 13,	/* a list that holds entries */
	IN_TOP		= IN_HEAD | IN_SOURCE,
	IN_ANY		= IN_HEAD | IN_SOURCE | IN_ENTRY,
};

struct reader;
struct rule;

typedef void (*begin_fn)(struct reader *, const struct rule *,
    const char **atts);
typedef void (*end_fn)(struct reader *, const struct rule *, char *text,
    size_t len);

struct rule {
	const char	*name;		/* local name */
	uint32_t	 ns, where;
	begin_fn	 begin;		/* or NULL */
	end_fn		 end;		/* NULL: its text is not collected */
	uint32_t	 inside;	/* the place children are in, or 0 */
	uint16_t	 field;		/* offset in the parent's object */
	uint8_t		 rank;		/* the greater wins, then the first */
	uint8_t		 markup;	/* children are text, serialised */
	uint8_t		 identity;	/* rank in dated_ms or body */
};

/* How the text of an element is to be taken. */
enum taken_as {
	AS_GUESS, AS_PLAIN, AS_HTML, AS_XHTML, AS_OTHER
};

struct frame {
	const struct rule *rule;
	uint32_t	 where;		/* of this frame's children */
	unsigned	 bindings;	/* to go back to */
	unsigned	 scope;		/* of namespaces, for the cache */
	const char	*lang, *base;
	void		*object;	/* what children fill in */
	uint8_t		*ranks;		/* of its fields, or NULL */
	size_t		 start;		/* of its text in reader.text */
	uint8_t		 as, base64;	/* enum taken_as */
};

struct binding {
	const char	*prefix;
	size_t		 len;
	uint32_t	 ns;
};

enum {
	TEXT_FIRST = 16 * 1024,	/* room for most texts at once */
	DEPTH_MAX = 256,	/* of frames */
	SKIP_MAX = 1024,	/* of what is below them */
	BINDINGS_MAX = 256,	/* of namespaces in scope */
	MARKUP_BASES = 16,	/* of xml:base inside one text */
	CACHE_SLOTS = 256,
	CACHE_NAME = 30,	/* longer names are looked up */
};

/* A qualified name already looked up in this scope and place. */
struct cached {
	unsigned	 scope;
	uint32_t	 where;
	uint32_t	 ns;
	const struct rule *rule;
	char		 name[CACHE_NAME];
};

enum { RANKS = sizeof(struct entry) > sizeof(struct feed_head) ?
    sizeof(struct entry) / 8 : sizeof(struct feed_head) / 8 };

struct reader {
	struct feed	*feed;
	struct arena	*arena;
	const struct parse_context *context;
	const struct parse_limits *limits;
	void		*expat;		/* XML_Parser */

	struct frame	 frames[DEPTH_MAX + 1];
	unsigned	 depth;		/* frames in use */
	unsigned	 skip;		/* elements open inside a skipped one */
	struct binding	 bindings[BINDINGS_MAX];
	unsigned	 bound;
	unsigned	 scope, scopes;	/* the current one, the last given */
	struct cached	 cache[CACHE_SLOTS];

	struct buf	 text;		/* of the elements being collected */
	int		 collect;	/* is text wanted right now? */
	unsigned	 markup;	/* depth inside serialised markup */
	struct {
		unsigned	 markup;	/* the depth it stands at */
		const char	*base;
	} bases[MARKUP_BASES];		/* of elements of the markup */
	unsigned	 based;
	int		 escape;	/* text is being serialised */
	int		 marked;	/* markup was in the text */
	int		 undeclared;	/* a prefix without a namespace */
	int		 div;		/* the wrapping div: 1 open, 2 gone */
	int		 reading;	/* a root was recognised */

	struct entry	*entry;
	unsigned	 offset;	/* where it begins, in bytes */
	size_t		 entry_text;	/* bytes of the entry so far */
	int		 dated, bodied;	/* ranks of dated_ms and body */
	uint8_t		 head_ranks[RANKS], entry_ranks[RANKS];
	uint8_t		 source_ranks[RANKS];
	const char	*base_ref, *base_under, *base_result;
	const char	*limit;		/* the limit that was hit */
	int		 doctype;	/* stopped at a document type */
	int		 too_deep;	/* stopped at SKIP_MAX */
	double		 lat, lon;
	int		 has_lat, has_lon;
	int64_t		 sy_period_s, sy_frequency;
};

/* names.c */
uint32_t name_space(const char *uri);		/* NS_FOREIGN: not ours */
uint32_t name_prefix(const char *prefix, size_t len);
const struct rule *name_rule(uint32_t ns, const char *local, uint32_t where);

/* scope.c */
uint32_t scope_resolve(struct reader *, const char *prefix, size_t len);
/* The rule of an element here, or NULL; *ret_ns is its namespace. */
const struct rule *scope_rule(struct reader *, const char *name,
    uint32_t where, uint32_t *ret_ns);
/* xmlns, xml:lang and xml:base of an element into its frame. */
void scope_attributes(struct reader *, struct frame *, const char **atts);

/* tags.c: sorted by name */
extern const struct rule rules[];
extern const size_t rules_count;

/* reader.c */
enum read_result {
	READ_OK,
	READ_LIMIT,	/* read, but for what was too much */
	READ_BROKEN,	/* not well-formed */
	READ_NO_MEMORY,	/* for it; it may be as good as any */
	READ_TOO_DEEP,	/* given up: as it is it would take too much */
	READ_DOCTYPE	/* given up: its entities are read by our rules */
};
struct read_facts {
	int		 reading;	/* a root was recognised */
	int		 undeclared;	/* a prefix without a namespace */
	const char	*message;	/* of the error, with its place; of a
					 * limit, its name */
	unsigned	 line, column;
};
enum read_result reader_run(struct feed *, const char *text, size_t len,
    const struct parse_context *, struct read_facts *);

static inline struct frame *
reader_top(struct reader *r)
{
	return &r->frames[r->depth - 1];
}

/* The frame whose object an ending element fills in. */
static inline struct frame *
reader_parent(struct reader *r)
{
	return &r->frames[r->depth - 2];
}

/* values.c */
const char *attribute(const char **atts, const char *name);
char *reader_keep(struct reader *, const char *s, size_t len);
/* The value trimmed and kept; NULL for NULL or nothing. */
char *reader_attribute(struct reader *, const char *value);
/* The same of a URL, absolute if its own base is not the entry's or head's. */
char *reader_url(struct reader *, const char *value);
/* May this row fill its field?  Says yes at most once per rank. */
int reader_outranks(struct reader *, const struct rule *);
void *reader_field(struct reader *, const struct rule *);
struct entry *reader_entry(struct reader *);	/* the parent, or NULL */
struct feed_head *reader_head(struct reader *);
int64_t reader_count(const char *);		/* -1: none */
int name_ends_with(const char *s, const char *end);

/* containers.c, texts.c, links.c, fields.c, hints.c: named by the table */

void begin_head(struct reader *, const struct rule *, const char **);
void begin_rss(struct reader *, const struct rule *, const char **);
void begin_rdf(struct reader *, const struct rule *, const char **);
void begin_feed(struct reader *, const struct rule *, const char **);
void begin_entry(struct reader *, const struct rule *, const char **);
void begin_source(struct reader *, const struct rule *, const char **);
void begin_image(struct reader *, const struct rule *, const char **);
void begin_input(struct reader *, const struct rule *, const char **);
void begin_text(struct reader *, const struct rule *, const char **);
void begin_content(struct reader *, const struct rule *, const char **);
void begin_link(struct reader *, const struct rule *, const char **);
void begin_guid(struct reader *, const struct rule *, const char **);
void begin_category(struct reader *, const struct rule *, const char **);
void begin_person(struct reader *, const struct rule *, const char **);
void begin_enclosure(struct reader *, const struct rule *, const char **);
void begin_generator(struct reader *, const struct rule *, const char **);
void begin_cloud(struct reader *, const struct rule *, const char **);
void begin_resource(struct reader *, const struct rule *, const char **);
void begin_agent(struct reader *, const struct rule *, const char **);
void end_entry(struct reader *, const struct rule *, char *, size_t);
void end_head(struct reader *, const struct rule *, char *, size_t);
void end_text(struct reader *, const struct rule *, char *, size_t);
void end_inline(struct reader *, const struct rule *, char *, size_t);
void settle_head(struct reader *);
void category_add(struct category **, struct category *);
void end_string(struct reader *, const struct rule *, char *, size_t);
void end_url(struct reader *, const struct rule *, char *, size_t);
void end_date(struct reader *, const struct rule *, char *, size_t);
void end_int(struct reader *, const struct rule *, char *, size_t);
void end_int64(struct reader *, const struct rule *, char *, size_t);
void end_link(struct reader *, const struct rule *, char *, size_t);
void end_category(struct reader *, const struct rule *, char *, size_t);
void end_person(struct reader *, const struct rule *, char *, size_t);
void end_source(struct reader *, const struct rule *, char *, size_t);
void end_generator(struct reader *, const struct rule *, char *, size_t);
void end_ttl(struct reader *, const struct rule *, char *, size_t);
void end_hour(struct reader *, const struct rule *, char *, size_t);
void end_day(struct reader *, const struct rule *, char *, size_t);
void end_period(struct reader *, const struct rule *, char *, size_t);
void end_frequency(struct reader *, const struct rule *, char *, size_t);

/* media.c */
void begin_media(struct reader *, const struct rule *, const char **);
void begin_group(struct reader *, const struct rule *, const char **);
void begin_thumbnail(struct reader *, const struct rule *, const char **);
void begin_itunes_image(struct reader *, const struct rule *, const char **);
void begin_itunes_category(struct reader *, const struct rule *,
    const char **);
void begin_chapter(struct reader *, const struct rule *, const char **);
void begin_peer(struct reader *, const struct rule *, const char **);
void end_duration(struct reader *, const struct rule *, char *, size_t);
void end_flag(struct reader *, const struct rule *, char *, size_t);
void end_keywords(struct reader *, const struct rule *, char *, size_t);
void end_shape(struct reader *, const struct rule *, char *, size_t);
void end_lat(struct reader *, const struct rule *, char *, size_t);
void end_lon(struct reader *, const struct rule *, char *, size_t);

/* person.c: "a@b (Name)", "Name <a@b>" and the like; NULL if empty */
struct person *person_parse(struct arena *, const char *s, size_t len);
void person_add(struct person **list, struct person *);

/* repair.c */
struct repair {
	struct buf	 out;
	unsigned	 fixes;		/* what was not well-formed */
	unsigned	 limits;	/* entity declarations refused */
	int		 cut;		/* the end is missing */
	unsigned	 line, column;	/* of the first fix, 0: none */
};
void repair_xml(const char *text, size_t len, struct repair *ret);

/* entity.c: one reference after '&', as UTF-8; its length in the input, 0
 * for what is no reference. */
struct entities;
size_t entity_read(struct entities *, const char *s, const char *end,
    struct buf *out);
struct entities *entities_read(const char *subset, size_t len,
    unsigned *ret_refused);
void entities_free(struct entities *);

/* decode.c: what needs no decoding if it is valid UTF-8, which expat will
 * tell.  0: decode_text() it is. */
int decode_trusted(const char *bytes, size_t len,
    const struct parse_context *, struct decoded *ret);

/* json.c */
enum outcome parse_json(struct feed *, const char *text, size_t len,
    const struct parse_context *);

#endif
