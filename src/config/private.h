/*
 * private.h - what the parts of config share; nobody else's business.
 *
 *	yaml.c		bytes to a tree of nodes that know their place
 *	lines.c		... after a mistake: the line mended
 *	report.c	mistakes, sorted and shown with line and caret
 *	options.c	the table: every setting, its default, its help
 *	seen.c		what was set where
 *	merge.c		trees to the structure
 *	settings.c	... of one group of them
 *	value.c		a node to the typed value its option asks for
 *	text.c		... of those that are text of some form
 *	secret.c	... and of those that nobody should see
 *	select.c	which sources an outlet or an archive takes
 *	suggest.c	what may have been meant
 *	check.c		what only the whole can tell (twice, min > max...)
 *	opml.c		feeds of lists that are kept elsewhere
 *	dump.c		back to YAML
 *	help.c		the table as YAML and as mdoc
 *	config.c	the files, and what others call
 */
#ifndef FEEDMILL_CONFIG_PRIVATE_H
#define FEEDMILL_CONFIG_PRIVATE_H

#include "feedmill/base/arena.h"
#include "feedmill/base/buf.h"
#include "feedmill/config.h"

/* Limits of the file itself. */
enum {
	CONFIG_FILE_MAX_BYTES = 32 << 20,
	CONFIG_FILES_MAX = 1000,	/* in conf.d */
	CONFIG_DEPTH_MAX = 16,
	CONFIG_REPAIRS_MAX = 20,	/* syntax mistakes shown per file */
	CONFIG_MISTAKES_SHOWN = 500,
	CONFIG_TEXT_MAX_BYTES = 4096,	/* of one value */
	CONFIG_NAME_MAX_BYTES = 200,	/* of a feed */
	CONFIG_OUTLET_NAME_MAX_BYTES = 100,
	CONFIG_SECRET_MAX_BYTES = 16 << 10,
	CONFIG_REGEX_MAX_BYTES = 1000,
	CONFIG_REGEX_REPEATS_MAX = 1000,
};

/* -------------------------------------------------------------- the report */

struct config_file {
	unsigned	 number;		/* in order of reading */
	const char	*name;		/* as the user knows it */
	char		*text;		/* as read, NUL-terminated */
	size_t		 len;
	size_t		*lines;		/* offsets of their beginnings */
	size_t		 lines_count;
};

struct place {
	const struct config_file *file;
	unsigned	 line, column;	/* from 1, in characters; 0: none */
	unsigned	 width;		/* characters to underline */
	int		 secret;	/* do not show what is there */
};

struct mistake {
	struct place	 at;
	int		 is_warning;
	char		*sentence;
	size_t		 number;	/* in order of finding */
};

struct mistakes {
	struct mistake	*list;
	size_t		 count, cap;
	unsigned	 errors;
};

void mistake_add(struct mistakes *, struct place, int is_warning,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* In order of file, as files are in the array, and place. */
void mistakes_print(struct mistakes *, struct buf *);
void mistakes_fini(struct mistakes *);

int config_file_read(struct config_file *, const char *path, struct err *);
void config_file_set(struct config_file *, const char *name, const char *text,
    size_t len);
void config_file_fini(struct config_file *);
/* The line without its ending. */
const char *config_file_line(const struct config_file *, unsigned line,
    size_t *ret_len);

/* How many blanks and tabs a line begins with. */
unsigned config_line_blanks(const char *line, size_t len);
/* The nearest line that says something: above, 0 if there is none; below,
 * line itself if there is none. */
unsigned config_line_above(const struct config_file *, unsigned line);
unsigned config_line_below(const struct config_file *, unsigned line);
/* How far the line should be indented, judged by the one above it. */
unsigned config_line_expected(const struct config_file *, unsigned line);
/* Give the line another indentation, or nothing on it at all. */
void config_line_replace(struct config_file *, unsigned line,
    unsigned indent, int blank);

/* ---------------------------------------------------------------- the tree */

enum node_kind { NODE_TEXT, NODE_LIST, NODE_MAP };

struct node {
	enum node_kind	 kind;
	struct node	*next;		/* sibling */
	struct node	*first, *last;	/* children, of a map the values */
	const struct node *key;		/* of a map's child */
	const char	*text;		/* of NODE_TEXT, never NULL */
	const char	*tag;		/* "!env" or NULL */
	int		 plain;		/* not quoted */
	int		 damaged;	/* touches a syntax mistake */
	struct place	 at;
};

/* Is there nothing: empty, "~" or "null", not quoted? */
int node_is_null(const struct node *);

/* The root, NULL for an empty file; every syntax mistake is added. */
struct node *config_yaml_read(struct arena *, const struct config_file *,
    struct mistakes *);

/* ------------------------------------------------------------- the options */

enum option_type {
	OPTION_BOOL, OPTION_COUNT, OPTION_PERCENT, OPTION_SIZE,
	OPTION_SECONDS, OPTION_MILLISECONDS,
	OPTION_WORD,		/* int: index into words */
	OPTION_WORDS,		/* unsigned: bits, 1 << index into words */
	OPTION_TEXT, OPTION_PATH, OPTION_URL, OPTION_REGEX, OPTION_CHARSET,
	OPTION_LANGUAGE, OPTION_ZONE,
	OPTION_SECRET, OPTION_SECRET_URL, OPTION_PROXY,	/* in config_source */
	OPTION_LIST, OPTION_LISTEN, OPTION_URLS, OPTION_PATHS,
	OPTION_HEADERS
};

/* Where an option may stand. */
enum {
	IN_TOP = 1, IN_FETCH = 2, IN_RETENTION = 4, IN_HTTP = 8, IN_LOG = 16,
	IN_OUTLET = 32, IN_ARCHIVE = 64, IN_FEED = 128, IN_FILTER = 256
};

/* Which struct the offset is of. */
enum option_base {
	OF_CONFIG, OF_SOURCE, OF_OUTLET, OF_ARCHIVE, OPTION_BASES
};

struct option {
	const char	*name;
	unsigned	 in;
	enum option_base base;
	size_t		 offset;
	enum option_type type;
	const char	*initial;	/* as the file has it; NULL: nothing */
	const char	*shown;		/* initial, as in manuals; or NULL */
	const char	*help;
	int64_t		 min, max;	/* of numbers */
	const char	*zero;		/* the word for 0, or NULL */
	const char	*const *words;
};

extern const struct option config_options[];
extern const size_t config_options_count;

struct section {
	unsigned	 in;
	const char	*name;		/* in the file, "fetch" */
	const char	*title;		/* in sentences: "outlet" of publish */
	int		 named;		/* a mapping of named things */
	const char	*help;
};

extern const struct section config_sections[];
extern const size_t config_sections_count;

const struct option *option_find(unsigned in, const char *name);

/* ------------------------------------------------------------- the loading */

/* What a loaded configuration really is. */
struct loaded {
	struct config	 config;	/* first: what others are given */
	unsigned	 references;
	struct arena	 arena;
	struct config_source defaults;	/* of the sections fetch, retention */
	const struct config_source **by_name, **by_url;	/* sorted */
};

struct seen;

struct loader {
	struct loaded	*out;
	struct arena	 scratch;	/* trees */
	struct mistakes	 mistakes;
	struct seen	*seen;
	const struct config_options *options;
	const struct config_fragment *fragment;	/* not yet there; or NULL */
	int		 without_secrets;
	char		*state;		/* found, whatever else is wrong */
	const struct node **source_nodes;	/* as config.sources */
	const struct node **outlet_nodes;	/* NULL: the default one */
	const struct node **archive_nodes;
};

/* A mistake, where the node stands. */
#define COMPLAIN(l, n, ...) \
	mistake_add(&(l)->mistakes, (n)->at, 0, __VA_ARGS__)

/* Remember that name is set in context, to the value node, unless it was
 * before: then the node that set it first. */
const struct node *seen_put(struct seen *, const void *context,
    const char *name, const struct node *);
const struct node *seen_get(const struct seen *, const void *context,
    const char *name);
struct seen *seen_new(void);
void seen_free(struct seen *);

/* Parse into base + option->offset; a mistake is added. */
void value_set(struct loader *, const struct option *, const struct node *,
    void *base);
void value_set_initial(struct loader *, const struct option *, void *base);
/* Where a config_source notes how the secret in field was written. */
const char **value_origin(const struct option *, const void *field);
/* path, beginning at dir if relative, cleaned of "//" and "/./". */
const char *path_join(struct arena *, const char *dir, const char *path);

/* The settings of map into the structs they are of. */
void settings_apply(struct loader *, unsigned in, const char *where,
    const struct node *map, const void *context, void *bases[OPTION_BASES]);
void settings_set_initial(struct loader *, enum option_base, void *to);
/* If not, that is said. */
int settings_is_group(struct loader *, const struct node *,
    const char *what);
/* Say that the node repeats what first has set. */
void settings_complain_twice(struct loader *, const struct node *,
    const struct node *first, const char *what);
void settings_complain_unknown(struct loader *, const struct node *key,
    unsigned in, const char *where);

/* Trees (NULL: an empty file) to l->out, in order of precedence: none. */
void config_merge(struct loader *, struct node *const *roots, size_t count);

/* Feeds of the files that include-opml names, but for those in list, as nodes
 * of the section feeds, in the scratch arena. */
typedef void config_include_fn(const struct node *feed, void *arg);
void config_include(struct loader *, const struct section *feeds,
    const struct node *const *list, size_t count, config_include_fn *,
    void *arg);

/* Everything is set; what does not fit together is added. */
void config_check(struct loader *);

#endif
