/*
 * render.h - from records to the bytes of an outlet or an archive post.
 *
 * Pure: the same records give the same bytes, whatever the time.  A renderer
 * is begun, given each record in order, and ended; what it appends between
 * is a well-formed document of its format.
 */
#ifndef FEEDMILL_RENDER_H
#define FEEDMILL_RENDER_H

#include "feedmill/base/buf.h"
#include "feedmill/config.h"

struct feed_head;
struct record;

/* Another source that had the item, too. */
struct item_source {
	const char	*title, *url;
};
enum { ITEM_FURTHER_MAX = 8 };

/*
 * A record, as the renderers see it: declared in store.h, which is above
 * this module; publish and archive translate nothing, they pass it on through
 * struct item, the part that is shown.  All strings borrowed, HTML safe.
 */
struct item {
	const char	*uuid, *url;	/* url NULL: none */
	const char	*key;		/* as the export has it, or NULL */
	const char	*title, *content, *summary, *language, *image;
	const char	*stamp;		/* digits or "NaN" */
	int64_t		 effective_ms, published_ms, updated_ms;
	const struct person *authors;
	const struct category *categories;
	const struct enclosure *enclosures;
	const char	*comments;
	const char	*source_name, *source_title, *source_link, *source_url;
	int64_t		 seq;
	/* What the source says of itself, plain text; or NULL. */
	const struct feed_head *source_head;
	struct item_source further[ITEM_FURTHER_MAX];
	unsigned	 further_count;
};

/* The head of an outlet's document. */
struct outlet_head {
	const char	*uuid, *title, *subtitle, *language;
	const char	*url;		/* outlet's page, absolute */
	const char	*self;		/* this document, absolute */
	const char	*prev_archive, *next_archive;	/* or NULL */
	int64_t		 updated_ms;	/* newest item's; DATE_NONE: no item */
	enum content_mode content;
	const char	*name;		/* of its files, without ending */
	unsigned	 formats;	/* it has, enum outlet_format bits */
	const struct outlet_source *sources;	/* in its selection */
	int		 has_status;	/* "status" is a page beside its own */
	int		 has_search;	/* so are "search" and "day" */
	const struct outlet_tombstone *tombstones;	/* or NULL */
	/* Of a sealed page: the outlet's own document, and the last
	 * announcement on it (from 1; 0: this is the outlet's own). */
	const char	*current;
	int64_t		 sealed_seq;
	const char	*const *hubs;	/* NULL-terminated, or NULL */
};

/* An entry that is not there any more (RFC 6721). */
struct outlet_tombstone {
	const struct outlet_tombstone *next;
	const char	*uuid;
	int64_t		 at_ms;
};

/* A subscription an outlet is made of, as its readers may see it. */
struct outlet_source {
	const struct outlet_source *next;
	const char	*title, *url, *link;	/* link or NULL */
	const char	*category;	/* "a,b", or NULL */
};

/* Atom, RFC 4287; tombstones are RFC 6721's. */
void render_atom_begin(struct buf *, const struct outlet_head *);
void render_atom_item(struct buf *, const struct outlet_head *,
    const struct item *);
void render_atom_end(struct buf *);

/*
 * A document of ours without the entries of this uuid (of its states, there
 * may be several), with a tombstone in place of the first if at_ms is not
 * DATE_NONE.  Returns how many there were; 0: nothing is appended.
 */
unsigned render_atom_without(struct buf *, const char *text, size_t len,
    const char *uuid, int64_t at_ms);

/*
 * The formats an outlet can have: a new one is a row in render/format.c.
 * Items are rendered one by one, in any order and before the head is known
 * (its updated_ms is not), and joined in the order of the outlet.
 */
struct render_format {
	unsigned	 bit;		/* enum outlet_format */
	const char	*ending;	/* ".atom"; NULL ends the table */
	const char	*media_type;	/* as the server sends it */
	void		(*begin)(struct buf *, const struct outlet_head *);
	void		(*item)(struct buf *, const struct outlet_head *,
			    const struct item *);
	const char	*between;	/* two items; or "" */
	void		(*end)(struct buf *);
	const char	*label;		/* for people: "JSON Feed" */
	/* Said before an item in its place, or NULL: what depends on the one
	 * shown before it.  Times are effective_ms; no previous: the first. */
	void		(*before)(struct buf *, const struct outlet_head *,
			    int64_t ms, const int64_t *previous_ms);
	/* A document of some of its items is one: subscribers can be told
	 * what is new alone (RFC 3229). */
	int		 has_delta;
	/* Said after the last item, or NULL; ms is its time. */
	void		(*after)(struct buf *, const struct outlet_head *,
			    int64_t ms);
	int		 is_list;	/* of sources: has no items */
};
extern const struct render_format render_formats[];

/* The directory of an outlet (or archive), absolute. */
void render_directory(struct buf *, const struct config *,
    const char *directory);
/* The address readers have the outlet's document at. */
void render_self_url(struct buf *, const struct config_outlet *,
    const struct render_format *);

/* The sealed pages of an outlet (RFC 5005 section 4), numbered from 1: a
 * page's file, "all-archive-1.atom", and its address. */
extern const char render_page_infix[];		/* "-archive-" */
void render_page_name(struct buf *, const char *outlet, int64_t number);
void render_page_url(struct buf *, const struct config_outlet *,
    int64_t number);
/* On a page stands before each item the number of its announcement; after
 * it this, where it was never in the outlet's own document. */
extern const char render_page_item[];		/* "<!-- " */
extern const char render_page_silent[];		/* " silent" */

/* The notes beside a document (delta.h), ".all.atom.delta". */
void render_notes_name(struct buf *, const char *document);

/* RSS 2.0. */
void render_rss_begin(struct buf *, const struct outlet_head *);
void render_rss_item(struct buf *, const struct outlet_head *,
    const struct item *);
void render_rss_end(struct buf *);

/* JSON Feed 1.1. */
void render_json_begin(struct buf *, const struct outlet_head *);
void render_json_item(struct buf *, const struct outlet_head *,
    const struct item *);
void render_json_end(struct buf *);

/* A page for people: titles and plain text, no script, no foreign HTML. */
void render_html_begin(struct buf *, const struct outlet_head *);
void render_html_item(struct buf *, const struct outlet_head *,
    const struct item *);
void render_html_before(struct buf *, const struct outlet_head *, int64_t ms,
    const int64_t *previous_ms);
void render_html_after(struct buf *, const struct outlet_head *, int64_t ms);
void render_html_end(struct buf *);
/* The look of every page feedmill makes, for a <style> of theirs. */
extern const char render_html_style[];

/* The server's own pages: that there is nothing, and what there is, an outlet
 * at a time, where no outlet is a page.  Paths begin with "/"; NULL ends. */
void render_not_found(struct buf *);
void render_index_begin(struct buf *);
void render_index_outlet(struct buf *, const char *title,
    const char *const *paths);
void render_index_end(struct buf *);

/* All of a day, as a page: begin, before and items as above, end. */
struct day_view {
	int64_t		 day_ms;	/* when it begins, UTC */
	unsigned	 page;		/* from 1 */
	unsigned	 shown;		/* of this page; known at its end */
	int		 has_more;	/* so is that */
	int64_t		 older_ms, newer_ms;	/* days; DATE_NONE: none */
	const char	*problem;	/* a sentence instead; or NULL */
};
void render_day_begin(struct buf *, const struct outlet_head *,
    const struct day_view *);
void render_day_end(struct buf *, const struct outlet_head *,
    const struct day_view *);

/*
 * What a search found, as a page or as JSON (feedmill.search/1), made of one
 * request: begin, hits, end.  Whatever was typed is text in it.  A snippet
 * has what was found between these two, as the store marks it.
 */
#define RENDER_FOUND	 "\xee\x80\x80"
#define RENDER_FOUND_END "\xee\x80\x81"
struct search_view {
	const char	*words;		/* as typed; "": nothing yet */
	const char	*outlet;	/* searched alone: its name; or NULL */
	const char	*outlet_title;	/* NULL: it has no page of its own */
	unsigned	 page;		/* from 1 */
	unsigned	 shown;		/* hits of this page; known at its end */
	int		 has_more;	/* so is that */
	int		 by_date;
	int64_t		 behind;	/* not yet to be found; at the end */
	const char	*problem;	/* a sentence instead of hits; or NULL */
};
struct search_hit {
	const char	*snippet;
	double		 rank;
	const char	*title;		/* likewise; "" or NULL: the item's */
};
struct search_format {
	const char	*media_type;
	void		(*begin)(struct buf *, const struct search_view *);
	void		(*hit)(struct buf *, const struct search_view *,
			    const struct item *, const struct search_hit *);
	void		(*end)(struct buf *, const struct search_view *);
};
extern const struct search_format render_search_html, render_search_json;

/* OPML 2.0: the subscriptions, whatever the items. */
void render_opml_begin(struct buf *, const struct outlet_head *);
void render_opml_item(struct buf *, const struct outlet_head *,
    const struct item *);
void render_opml_end(struct buf *);

/* One post, in the form render/post.c shows: front matter, stamp, link line,
 * rule, content; html: without Markdown's link line.  It has the key of its
 * entry where its URL does not give it, if it is no longer than this. */
enum { POST_KEY_MAX = 4096 };
void render_post(struct buf *, const struct item *, int html);

/* Is this, the beginning of a file, a post of the entry with this uuid and
 * (or NULL) URL and key, in whatever state?  The key is as a post has it:
 * "#..." inside its source. */
int render_post_is_of(const char *text, const char *uuid, const char *url,
    const char *key);

/* Its file name: date, title cut at a byte-safe place, fingerprint of the
 * entry (and of the stamp, per revision): a pure function of the entry. */
enum { POST_NAME_SIZE = 256 };
void render_post_name(char out[POST_NAME_SIZE], const struct item *,
    int per_revision, int html);

/* What one source published in one month, a page beside the posts; post:
 * where its file is, from there, or NULL. */
struct list_head {
	const char	*source_name, *source_title, *month;	/* "2025-02" */
};
void render_list_begin(struct buf *, const struct list_head *, int html);
void render_list_item(struct buf *, const struct item *, const char *post,
    int html);
void render_list_end(struct buf *, int more, int html);
/* Does this line of a list lead there (a URL, a file)? */
int render_list_leads(const char *line, size_t len, const char *to);
void render_list_name(char out[POST_NAME_SIZE], const struct list_head *,
    int html);

/* One line of `feedmill export --format jsonl`, with its newline. */
struct export_line {
	const char	*key, *url, *id, *title, *source, *stamp;
	int64_t		 ts_ms, first_ts_ms, seq;
	unsigned	 updates;
};
void render_export_line(struct buf *, const struct export_line *);

#endif
