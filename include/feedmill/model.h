/*
 * model.h - the nouns that cross module boundaries.  Data only.
 *
 * A feed is one document; an entry is one item in it.  Everything a feed
 * points to lives in its arena and ends with feed_free(): the passes that
 * change a feed in place (parse, normalise, identify) allocate there too.
 *
 * Strings are UTF-8, NUL-terminated; NULL means the document did not say.
 * Lists are singly linked in document order.  Times are milliseconds since
 * 1970 UTC or DATE_NONE.
 */
#ifndef FEEDMILL_MODEL_H
#define FEEDMILL_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "feedmill/base/arena.h"
#include "feedmill/base/hash.h"

/*
 * What came of visiting a source.  The world's doing, not ours: expected,
 * counted and stored with the source, and named alike in logs, metrics,
 * status and the database (outcome_name()).
 */
enum outcome {
	OUTCOME_OK,		/* a document, read */
	OUTCOME_NOT_MODIFIED,	/* 304 */
	OUTCOME_UNCHANGED,	/* 200 with the bytes of last time */
	OUTCOME_GONE,		/* 410: stop asking */
	OUTCOME_NOT_FOUND,	/* 404 */
	OUTCOME_BUSY,		/* 429, 503: Retry-After applies */
	OUTCOME_HTTP_ERROR,	/* any other status that is no success */
	OUTCOME_TOO_LARGE,	/* body or headers over the cap */
	OUTCOME_TIMEOUT,
	OUTCOME_DNS,
	OUTCOME_CONNECT,
	OUTCOME_TLS,
	OUTCOME_PROTOCOL,	/* not HTTP, or cut off, or badly encoded */
	OUTCOME_REDIRECT,	/* too many, circular, or not to http(s) */
	OUTCOME_REFUSED_ADDRESS,/* a private address */
	OUTCOME_EMPTY,		/* no bytes at all */
	OUTCOME_NOT_A_FEED,	/* an HTML page, say */
	OUTCOME_UNREADABLE,	/* meant as a feed, nothing could be read */
	OUTCOME_DAMAGED,	/* a feed, read as far as it went */
	OUTCOME_STORE,		/* read, but could not be stored */
	OUTCOME_POSTPONED,	/* no memory for it now: no fault of its */
	OUTCOME_COUNT
};

const char *outcome_name(enum outcome);		/* "not-modified" */
const char *outcome_sentence(enum outcome);	/* for people */
int outcome_from_name(const char *name, enum outcome *ret);
int outcome_is_success(enum outcome);	/* the source works as it should */

enum text_type { TEXT_PLAIN, TEXT_HTML, TEXT_XHTML };

/*
 * A text construct (RFC 4287 section 3.1), as the document had it after XML
 * decoding: not yet sanitised, links not yet absolute.  XHTML is held as its
 * markup, serialised, without the wrapping div.
 */
struct text {
	const char	*value;		/* NULL: absent */
	enum text_type	 type;
	const char	*lang;		/* xml:lang in scope */
	const char	*base;		/* xml:base in scope, as written */
};

struct person {
	struct person	*next;
	const char	*name, *email, *uri;
};

struct link {
	struct link	*next;
	const char	*href, *rel;	/* rel is always filled in */
	const char	*type, *hreflang, *title;
	const char	*base;		/* xml:base in scope, as written */
	int64_t		 length;	/* bytes, -1: not said */
};

struct category {
	struct category	*next;
	const char	*term, *scheme, *label;
};

struct enclosure {
	struct enclosure *next;
	const char	*url, *type, *title;
	int64_t		 length;	/* bytes, -1: not said */
};

struct image {
	const char	*url, *title, *link, *description;
	int		 width, height;	/* 0: not said */
};

struct generator {
	const char	*name, *uri, *version;
};

struct cloud {			/* RSS 2.0 <cloud> */
	const char	*domain, *port, *path, *protocol, *register_procedure;
};

struct text_input {		/* RSS <textInput> */
	const char	*title, *description, *name, *link;
};

struct itunes {
	const char	*author, *image, *subtitle, *summary;
	int		 block, explicit_;	/* -1: not said, 0, 1 */
	int64_t		 duration_s;		/* -1: not said */
};

struct media_thumbnail {
	struct media_thumbnail *next;
	const char	*url;
	int		 width, height;
};

struct media_content {
	struct media_content *next;
	const char	*url, *type, *medium;
	int64_t		 length;
};

struct geo {
	const char	*type;		/* "point", "line", "polygon", "box" */
	const char	*coordinates;	/* as written, blanks collapsed */
	double		 lat, lon;	/* of a point */
	int		 has_point;
};

struct chapter {		/* Podlove Simple Chapters */
	struct chapter	*next;
	double		 start_s;
	const char	*title, *link, *image;
};

enum feed_format {
	FORMAT_NONE, FORMAT_RSS, FORMAT_ATOM, FORMAT_RDF, FORMAT_JSON
};

const char *feed_format_name(enum feed_format);	/* "rss"; NULL for none */

/* How a publisher would like to be asked: hints of the document itself. */
struct feed_hints {
	int64_t		 ttl_min;	/* RSS ttl in minutes, -1: none */
	int64_t		 update_s;	/* sy:updatePeriod over frequency, -1 */
	uint32_t	 skip_hours;	/* bit h set: not at hour h UTC */
	uint8_t		 skip_days;	/* bit d set: not on day d, 0 Sunday */
};

/* What the head of a document says; also an entry's <source>. */
struct feed_head {
	const char	*id;
	struct text	 title, subtitle, rights, info;
	const char	*link, *self;	/* chosen from links by normalise */
	const char	*url;		/* RSS <source url>; else NULL */
	struct link	*links;
	const char	*language;
	int64_t		 published_ms, updated_ms, created_ms;
	struct person	*authors, *contributors, *publisher;
	struct generator generator;
	const char	*icon, *logo;
	struct image	 image;
	struct category	*categories;
	const char	*docs, *license;
	struct cloud	 cloud;
	struct text_input text_input;
	struct itunes	 itunes;
	const char	*base;		/* xml:base of the root, as written */
};

/* What identify makes of an entry: set by identify_feed(), all zero before,
 * but for the key of a post that says it (archive.h). */
struct identity {
	const char	*key;		/* canonical URL, or scoped; never "" */
	uint8_t		 scoped;	/* key holds inside the source only */
	const char	*alias;		/* guid that may stand for it, or NULL */
	int64_t		 timestamp_ms;	/* of this sighting, raw; DATE_NONE */
	struct digest	 digest;	/* of title and body, raw */
	const char	*stamp;		/* text in <!-- -->: digits or "NaN" */
};

struct entry {
	struct entry	*next;
	const char	*id;		/* guid, atom:id, rdf:about */
	int		 id_is_permalink;	/* -1: not said, 0, 1 */
	struct text	 title, summary, content, rights;
	const char	*content_src;	/* content that lives elsewhere */
	const char	*content_type;	/* of Atom content that is not text */
	const char	*link;		/* chosen from links by normalise */
	struct link	*links;
	const char	*origin_link;	/* feedburner:origLink */
	int64_t		 published_ms, updated_ms, created_ms, expires_ms;
	/*
	 * The date that identity compares: the first of pubDate, updated,
	 * dc:date, published that the entry has, DATE_NONE if that one is
	 * not a complete date.
	 */
	int64_t		 dated_ms;
	/*
	 * The body that identity compares, raw: the first not empty of
	 * content:encoded, content, media:description, description, summary.
	 */
	const char	*body;
	struct person	*authors, *contributors, *publisher;
	struct category	*categories;
	struct enclosure *enclosures;
	const char	*comments, *comments_feed;
	int64_t		 comments_count;	/* -1: not said */
	const char	*language;
	struct feed_head *source;	/* NULL: none */
	const char	*license;
	struct image	 image;
	struct itunes	 itunes;
	struct media_thumbnail *thumbnails;
	struct media_content *media;
	struct link	*peer_links;
	struct geo	 geo;
	struct chapter	*chapters;
	const char	*base;		/* xml:base of the entry, as written */
	unsigned	 line;		/* where it begins in the document */
	struct identity	 identity;
};

struct feed {
	struct arena	 arena;		/* holds all of it */
	enum feed_format format;
	const char	*version;	/* "2.0", "1.0", "1.1"... */
	const char	*encoding;	/* decoded from; WHATWG, lower case */
	unsigned	 bad_bytes;	/* replaced by U+FFFD while decoding */
	/*
	 * bozo: not well-formed, or not what was declared.  damaged: more,
	 * entries may be missing; its validators must not be kept.
	 */
	int		 bozo, damaged;
	struct {
		const char	*code;		/* "not-well-formed", "limit" */
		const char	*message;	/* NULL: no error */
		unsigned	 line, column;	/* from 1 */
	} error;
	const char	*url;		/* the document's own, absolute */
	struct feed_head head;
	struct feed_hints hints;
	struct link	*hubs;		/* rel=hub, in order */
	struct entry	*entries, **last;
	size_t		 count;		/* of entries */
	int		 is_delta;	/* 226: only what is new */
};

struct feed *feed_new(void);
void feed_free(struct feed *);		/* NULL is harmless */

/* A zeroed entry at the end of the list, in the arena. */
struct entry *feed_add_entry(struct feed *);
void feed_head_init(struct feed_head *);	/* fields that are not 0 */

#endif
