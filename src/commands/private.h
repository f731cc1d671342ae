/*
 * private.h - what the files of the command line share.
 *
 *	commands.c	the table of verbs; from a command line to a call
 *	data.c		run, reload, status
 *	parse.c		parse, replay
 *	conf.c		feeds into conf.d, for add and import
 *	mill.c		a mill where no daemon is, for fetch and forget
 *
 * The others are named like their verb.
 */
#ifndef FEEDMILL_COMMANDS_PRIVATE_H
#define FEEDMILL_COMMANDS_PRIVATE_H

#include <stddef.h>

#include "feedmill/base/log.h"

struct buf;
struct config;
struct err;

enum {
	EXIT_USAGE = 2, EXIT_UNREACHABLE = 69, EXIT_IO = 74,
	OPTIONS_MAX = 16
};

/* An option of a verb.  Which one was given is asked by its place. */
struct option_row {
	const char	*name;		/* "format"; NULL ends */
	char		 letter;	/* 0: none */
	const char	*operand;	/* "text|json|atom"; NULL: a switch */
	const char	*help;
	int		 repeats;
};

/* A verb called: its options in the order of their rows. */
struct call {
	const struct verb	*verb;
	const char		*config_path, *state;	/* or NULL */
	enum log_level		 log_level;	/* LOG_INFO: not said */
	const char		*option[OPTIONS_MAX];	/* last value; or NULL */
	const char		**repeated[OPTIONS_MAX];/* NULL-terminated */
	char			**operands;		/* NULL-terminated */
	size_t			 operands_count;
};

struct verb {
	const char		*name, *operands, *summary;
	const struct option_row	*options;	/* or NULL */
	size_t			 least, most;	/* operands; most 0: any */
	int			(*run)(struct call *);
};

/* "feedmill VERB: sentence" and where help is; returns EXIT_USAGE. */
int usage_error(const struct call *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * NULL after all mistakes were printed.  What only asks or reads needs no
 * secrets, and an administrator's shell has none of the service's.
 */
enum secrets { SECRETS_NEEDED, SECRETS_LEFT_OUT };
const struct config *load_config(const struct call *, enum secrets);

/* The same for asking URLs that are not configured: with secrets only if the
 * defaults have one. */
const struct config *load_config_to_ask(const struct call *);

/* Everything to standard output; 0, or EXIT_IO and a sentence. */
int print_out(const char *bytes, size_t len);

/* "feedmill VERB: sentence"; its exit status, or the one given. */
int fail(const struct call *, const struct err *, int status);

/* A database to read, with or without a daemon beside it; NULL: see err. */
struct store *open_to_read(const struct config *, struct err *);

/* Who wants to be asked by https, as the database knows; nobody, where there
 * is none to read: asking must not fail for it.  hsts_free() is the
 * caller's. */
struct hsts *known_hosts(const struct config *);

/* The daemon's answer, text appended; -1 and a sentence: there is none. */
int ask_daemon(const char *state, const char *const *words,
    struct buf *text, struct err *);

/*
 * Where there is no daemon: a mill that asks nobody by itself, under the
 * daemon's lock.  work starts things whose callbacks end with
 * own_mill_done(), and waits for each; its exit status is returned.
 */
struct mill;
struct own_mill;
int own_mill(struct call *, const struct config *,
    int (*work)(struct call *, struct mill *, struct own_mill *, void *),
    void *arg);
void own_mill_done(struct own_mill *, int status);
int own_mill_wait(struct own_mill *);

/*
 * Ask a URL and see what it is: a feed (feed is not NULL), or a page that
 * advertises count of them, or neither, and got says why.
 */
struct advert {
	char		*url, *type, *title;	/* title or NULL */
};
enum { ADVERTS_MAX = 32 };
struct discovery {
	struct fetched	*got;
	struct feed	*feed;
	struct advert	 adverts[ADVERTS_MAX];
	size_t		 count;
};
void discover(const struct config *, const char *url, struct discovery *ret);
void discovery_fini(struct discovery *);

/*
 * Feeds for conf.d/90-added.yaml.  After additions_write() those that were
 * configured already have no name, and known is their number.
 */
struct addition {
	char		*name;		/* NULL: make one */
	const char	*url;
	const char	*title;		/* to make a name of, or NULL */
	const char	*shown_title;	/* to be configured, or NULL */
	const char	*const *tags;	/* or NULL */
};
struct additions {
	struct addition	*list;
	size_t		 count, known;
	char		*path;		/* of the file */
};
/* All of them or none, after the configuration was checked as it will be. */
int additions_write(const struct call *, const struct config *,
    struct additions *, struct err *);
void additions_fini(struct additions *);	/* frees list and names */

/* That the configuration has changed: an exit status. */
int tell_daemon(const struct call *, const struct config *);

/* The configured feeds, or this one, as OPML; -1: there is none such. */
int feeds_put_opml(struct buf *, const struct config *, const char *only);

int command_run(struct call *);
int command_check(struct call *);
int command_parse(struct call *);
int command_replay(struct call *);
int command_status(struct call *);
int command_reload(struct call *);
int command_import(struct call *);
int command_export(struct call *);
int command_db(struct call *);
int command_fetch(struct call *);
int command_discover(struct call *);
int command_add(struct call *);
int command_feeds(struct call *);
int command_search(struct call *);
int command_version(struct call *);
int command_forget(struct call *);

extern const struct option_row run_options[], check_options[],
    parse_options[], replay_options[], status_options[], export_options[],
    fetch_options[], add_options[], feeds_options[],
    search_options[], db_options[];

#endif
