/*
 * config.h - from feedmill.yaml (and the *.yaml of conf.d beside it) to one
 * checked, complete, read-only structure.
 *
 * Every mistake of all files is reported in one run, as file:line:column
 * with the line and a caret.  Every setting has a default; the table of
 * options (name, type, default, help) in config/options.c is the one source
 * of the defaults, of `check --dump` and `--defaults` and of feedmill.yaml(5);
 * tests compare it with the shipped file.
 *
 * Without `http:` the server listens at its default, without `publish:` there
 * is one outlet "all" of everything, without `archive:` there is no archive.
 * Directories and paths are absolute: relative ones begin at state.
 *
 * A config never changes after it is loaded; a reload makes another.  It is
 * counted (config_ref), because a visit may outlive a reload: what holds a
 * reference may keep pointers into it.  Counting is safe between threads.
 */
#ifndef FEEDMILL_CONFIG_H
#define FEEDMILL_CONFIG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "feedmill/base/log.h"
#include "feedmill/html.h"

struct err;
struct buf;

enum updates_policy { UPDATES_CHANGED, UPDATES_STRICT, UPDATES_NEVER };

struct config_header {		/* an extra request header */
	const char	*name, *value;
	const char	*from;		/* "!env NAME", "!credential NAME", or
					 * NULL: in the file */
};

/* A source, defaults filled in: nothing else needs to be looked up. */
struct config_source {
	const char	*name;		/* unique; any text of one line */
	const char	*url;		/* as configured; absolute http(s) */
	const char	*title;		/* NULL: the feed's own */
	const char	*const *tags;	/* NULL-terminated, maybe empty */
	unsigned	 order;		/* place in the configuration, from 0 */
	int		 enabled, publish, archive;
	int64_t		 interval_s, interval_min_s, interval_max_s;
	int64_t		 full_every_s;	/* unconditional now and then; 0 never */
	int64_t		 timeout_ms, connect_timeout_ms;
	int64_t		 max_size_bytes;
	const char	*charset;	/* NULL: as found */
	int		 zone_s;	/* for dates without a zone */
	const char	*language;	/* NULL: as found */
	int		 allow_private_addresses;
	const char	*user_agent;
	const char	*proxy;		/* NULL: none */
	const char	*user, *password;	/* NULL: none; never shown */
	const struct config_header *headers;	/* name NULL ends */
	const char	*client_cert, *client_key, *ca_file;	/* or NULL */
	enum updates_policy updates;
	int		 identity_own;
	int64_t		 flood_limit;	/* 0: no limit */
	int64_t		 keep_s;	/* 0: forever */
	int64_t		 keep_at_least;
	const char	*drop_title, *keep_title;	/* regex or NULL */
	struct html_rules html;
	const char	*file;		/* where it was configured */
	unsigned	 line;
	/* "!credential NAME" or "!env NAME" as written, NULL: in the file. */
	const char	*url_from, *user_from, *password_from, *proxy_from;
	int		 auth_digest;	/* else Basic */
};

enum tombstones { TOMBSTONES_NONE, TOMBSTONES_FORGOTTEN, TOMBSTONES_ALL };
enum content_mode { CONTENT_FULL, CONTENT_SUMMARY, CONTENT_NONE };

enum outlet_format {		/* bits of config_outlet.formats */
	OUTLET_ATOM = 1, OUTLET_RSS = 2, OUTLET_JSON = 4, OUTLET_HTML = 8,
	OUTLET_OPML = 16
};

struct config_outlet {
	const char	*name;		/* file name without ending */
	const char	*title, *subtitle, *language;	/* latter two or NULL */
	const char	*url;		/* where readers reach it; never NULL */
	const char	*directory;	/* absolute */
	unsigned	 formats;	/* enum outlet_format bits */
	int64_t		 entries;	/* the window */
	enum content_mode content;
	const char	*const *tags;	/* only sources with one; empty: all */
	const char	*const *sources;/* only these by name; empty: all */
	const char	*const *hubs;	/* WebSub; NULL-terminated */
	enum tombstones	 tombstones;	/* what its Atom document tells */
};

struct config_archive {
	const char	*name;
	const char	*directory;	/* absolute */
	int		 per_revision;	/* else one post per entry */
	int		 html;		/* format: html (no Markdown) */
	const char	*const *tags, *const *sources;
	int		 with_lists;
	const char	*lists;		/* their folder, absolute; or NULL */
	const char	*posts_from_lists;	/* "../_posts/" */
};

struct config {
	const char	*path;		/* the main file */
	const char	*state;		/* absolute */
	const char	*database;	/* absolute path */
	struct {
		int64_t	 concurrency, concurrency_per_host;
		int64_t	 bytes_in_flight, header_bytes, header_lines;
		int64_t	 redirects, permanent_redirects;
		int64_t	 low_speed_bytes_s, low_speed_time_s;
		int64_t	 jitter_percent;
		const char *keep_bad;	/* directory or NULL */
	} fetch;
	struct {
		int	 enabled;
		const char *const *listen;	/* "127.0.0.1:8080" "unix:P" */
		int	 metrics, status, search, access_log;
		int64_t	 connections, connections_per_address;
	} http;
	const char	*const *include_opml;	/* absolute paths */
	enum log_level	 log_level;
	const struct config_source *sources;	/* in configuration order */
	size_t		 sources_count;
	const struct config_outlet *outlets;
	size_t		 outlets_count;
	const struct config_archive *archives;
	size_t		 archives_count;
};

struct config_options {
	const char	*path;		/* NULL: $FEEDMILL_CONFIG, or
					 * /etc/feedmill/feedmill.yaml */
	const char	*state;		/* --state, or NULL */
};

/* A file of conf.d as if it were there and had this text. */
struct config_fragment {
	const char	*name;		/* "90-added.yaml" */
	const char	*text;
	size_t		 len;
};

/* The folder conf.d beside the main file; malloc()ed. */
char *config_fragments(const char *main_path);

/*
 * Load and check.  NULL when there was any mistake: all of them are then in
 * report (may be NULL), each "file:line:column: error: sentence", the line
 * and a caret; *ret_mistakes counts them.  Warnings go to report too and do
 * not count.
 */
const struct config *config_load(const struct config_options *,
    struct buf *report, unsigned *ret_mistakes);

/*
 * The same for whoever only wants to know where things are (status, reload,
 * export): !credential and !env are not read, which an administrator's shell
 * could not; what they stand for is "...".
 */
const struct config *config_load_public(const struct config_options *,
    struct buf *report, unsigned *ret_mistakes);

/* The folder state, as far as the files tell it: also when there are mistakes
 * in them, for asking a daemon that goes on without them.  malloc()ed. */
char *config_state(const struct config_options *);

/* The same as it would be with this fragment. */
const struct config *config_load_with(const struct config_options *,
    const struct config_fragment *, struct buf *report,
    unsigned *ret_mistakes);

/* The same from memory, without conf.d: name stands for the file in the
 * report. */
const struct config *config_load_text(const struct config_options *,
    const char *name, const char *text, size_t len, struct buf *report,
    unsigned *ret_mistakes);

const struct config *config_ref(const struct config *);
void config_unref(const struct config *);	/* NULL is harmless */

/* The effective configuration as YAML that loads to the same; secrets are
 * shown as their !credential or !env tag, or "...". */
void config_dump(const struct config *, struct buf *);

/* Text as YAML has it, quoted where it must be. */
void config_put_text(struct buf *, const char *);

/* Every option with default and help, as the manual has it (mdoc) and as
 * `check --defaults` prints it. */
void config_print_options(struct buf *, int as_mdoc);

/*
 * An outline of OPML as a feed that can be configured, in the arena; -1: its
 * address cannot be asked.
 */
struct arena;
struct opml_outline;
struct config_subscription {
	const char	*url, *title;	/* title or NULL */
	const char	*const *tags;	/* NULL-terminated */
};
int config_subscription(struct arena *, const struct opml_outline *,
    struct config_subscription *ret);

/* A name to be typed: of the title, else of the host, and not taken. */
void config_make_name(struct buf *, const char *url, const char *title,
    int (*is_taken)(const char *name, void *arg), void *arg);

/* By name, then by URL; NULL if there is none. */
const struct config_source *config_find_source(const struct config *,
    const char *name_or_url);

/* A source of which only the sections fetch and retention have spoken: name
 * and url are NULL. */
const struct config_source *config_defaults(const struct config *);

/* Does the outlet's or archive's selection take this source? */
int config_selects(const char *const *tags, const char *const *sources,
    const struct config_source *);

/* "did you mean": the nearest of NULL-terminated names, or NULL. */
const char *config_suggest(const char *word, const char *const *names);

#endif
