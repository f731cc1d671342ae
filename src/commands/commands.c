/*
 * commands.c - the verbs, and how a command line becomes a call of one.
 *
 *	feedmill [-c FILE] [--state DIR] [-v|-q] VERB [options] [operand...]
 *
 * The common options may also stand after the verb.  A verb's own options
 * are rows beside its function, in the file of its name.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/commands.h"
#include "feedmill/config.h"

#include "private.h"

static int command_help(struct call *);

static const struct verb verbs[] = {
	{ "run", "", "poll the sources, publish, serve; in the foreground",
	    run_options, 0, 0, command_run },
	{ "check", "[FILE...]", "read the configuration and report every mistake",
	    check_options, 0, 0, command_check },
	{ "parse", "FILE...|-", "print what is understood of a document",
	    parse_options, 1, 0, command_parse },
	{ "fetch", "SOURCE|URL...", "ask now, and show all that came of it",
	    fetch_options, 1, 0, command_fetch },
	{ "discover", "URL", "list the feeds a web page advertises",
	    NULL, 1, 1, command_discover },
	{ "add", "URL", "subscribe to a feed, or to the one of a page",
	    add_options, 1, 1, command_add },
	{ "feeds", "", "list the sources that are configured",
	    feeds_options, 0, 0, command_feeds },
	{ "replay", "FILE...|-", "print what is understood of a kept answer",
	    replay_options, 1, 0, command_replay },
	{ "status", "[SOURCE...]", "what is known of the sources",
	    status_options, 0, 0, command_status },
	{ "reload", "", "ask the running daemon to read its configuration "
	    "again", NULL, 0, 0, command_reload },
	{ "search", "WORD...", "find entries by the words in them",
	    search_options, 1, 0, command_search },
	{ "forget", "URL|KEY...", "take entries away, everywhere and for good",
	    NULL, 1, 0, command_forget },
	{ "import", "FILE|DIR...", "take entries from an archive or feed "
	    "files, feeds from OPML", NULL, 1, 0, command_import },
	{ "export", "", "print every entry known, in any format",
	    export_options, 0, 0, command_export },
	{ "db", "ACTION [FILE]", "look after the database: "
	    "check|backup|vacuum|reindex|upgrade", db_options, 1, 2, command_db },
	{ "version", "", "print the version, and those of the libraries",
	    NULL, 0, 0, command_version },
	{ "help", "[VERB]", "print help", NULL, 0, 1, command_help },
};

enum { COMMON_CONFIG, COMMON_STATE, COMMON_VERBOSE, COMMON_QUIET,
	COMMON_HELP, COMMON_VERSION };

static const struct option_row common_options[] = {
	[COMMON_CONFIG] = { "config", 'c', "FILE",
	    "the configuration (default /etc/feedmill/feedmill.yaml)", 0 },
	[COMMON_STATE] = { "state", 0, "DIR",
	    "where relative paths begin (else as configured, or ./var)", 0 },
	[COMMON_VERBOSE] = { "verbose", 'v', NULL,
	    "log every visit, also those without news", 0 },
	[COMMON_QUIET] = { "quiet", 'q', NULL, "log only what went wrong",
	    0 },
	[COMMON_HELP] = { "help", 'h', NULL, "print this help", 0 },
	[COMMON_VERSION] = { "version", 0, NULL, "print the version", 0 },
	{ NULL, 0, NULL, NULL, 0 }
};

/* ------------------------------------------------------------------ help */

static void
put_options(struct buf *b, const struct option_row *rows)
{
	for (; rows != NULL && rows->name != NULL; rows++) {
		char left[64], letter[8] = "    ";

		if (rows->letter != 0)
			snprintf(letter, sizeof(letter), "-%c, ",
			    rows->letter);
		snprintf(left, sizeof(left), "%s--%s%s%s", letter,
		    rows->name, rows->operand != NULL ? " " : "",
		    rows->operand != NULL ? rows->operand : "");
		buf_printf(b, "  %-30s %s\n", left, rows->help);
	}
}

static void
put_help(struct buf *b, const struct verb *v)
{
	if (v != NULL) {
		buf_printf(b, "usage: feedmill %s%s%s%s\n%s\n", v->name,
		    v->options != NULL ? " [option...]" : "",
		    v->operands[0] != '\0' ? " " : "", v->operands,
		    v->summary);
		if (v->options != NULL)
			buf_puts(b, "\noptions:\n");
		put_options(b, v->options);
		buf_puts(b, "\ncommon options:\n");
	} else {
		buf_puts(b, "usage: feedmill [option...] VERB "
		    "[argument...]\nMany feeds into one: complete, without "
		    "repeats.\n\nverbs:\n");
		for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
			buf_printf(b, "  %-10s %-14s %s\n", verbs[i].name,
			    verbs[i].operands, verbs[i].summary);
		buf_puts(b, "\noptions:\n");
	}
	put_options(b, common_options);
	buf_puts(b, v == NULL ? "\n\"feedmill VERB --help\" tells more; so "
	    "do the manual pages feedmill(8)\nand feedmill.yaml(5).\n" : "");
}

static int
print_help(const struct verb *v)
{
	struct buf b = { 0 };
	int status;

	put_help(&b, v);
	status = print_out(b.data, b.len);
	buf_fini(&b);
	return status;
}

int
print_out(const char *bytes, size_t len)
{
	if (fwrite(bytes, 1, len, stdout) != len || fflush(stdout) != 0) {
		fprintf(stderr, "feedmill: standard output: %s\n",
		    strerror(errno));
		return EXIT_IO;
	}
	return 0;
}

int
usage_error(const struct call *c, const char *fmt, ...)
{
	const char *name = c->verb != NULL ? c->verb->name : NULL;
	va_list ap;

	fprintf(stderr, "feedmill%s%s: ", name != NULL ? " " : "",
	    name != NULL ? name : "");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nTry \"feedmill %s%s--help\".\n",
	    name != NULL ? name : "", name != NULL ? " " : "");
	return EXIT_USAGE;
}

/* ----------------------------------------------------------- small verbs */

static const struct verb *
find_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static int
unknown_verb(const struct call *c, const char *name)
{
	const char *names[ARRAY_LEN(verbs) + 1] = { NULL };
	const char *near;

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		names[i] = verbs[i].name;
	near = config_suggest(name, names);
	return usage_error(c, "unknown verb \"%s\"%s%s%s", name,
	    near != NULL ? "; did you mean \"" : "",
	    near != NULL ? near : "", near != NULL ? "\"?" : "");
}

static int
command_help(struct call *c)
{
	const struct verb *v = NULL;

	if (c->operands_count > 0 &&
	    (v = find_verb(c->operands[0])) == NULL)
		return unknown_verb(c, c->operands[0]);
	return print_help(v);
}

const struct config *
load_config(const struct call *c, enum secrets secrets)
{
	const struct config_options options = { c->config_path, c->state };
	struct buf report = { 0 };
	const struct config *config;
	unsigned mistakes;

	config = secrets == SECRETS_NEEDED ?
	    config_load(&options, &report, &mistakes) :
	    config_load_public(&options, &report, &mistakes);
	fputs(buf_str(&report), stderr);
	buf_fini(&report);
	return config;
}

const struct config *
load_config_to_ask(const struct call *c)
{
	const struct config *config = load_config(c, SECRETS_LEFT_OUT);

	if (config == NULL || config_defaults(config)->proxy_from == NULL)
		return config;
	config_unref(config);
	return load_config(c, SECRETS_NEEDED);
}

/* ------------------------------------------------------------ the options */

static const struct option_row *
find_long(const struct option_row *rows, const char *name, size_t len)
{
	for (; rows != NULL && rows->name != NULL; rows++)
		if (strlen(rows->name) == len &&
		    memcmp(rows->name, name, len) == 0)
			return rows;
	return NULL;
}

static const struct option_row *
find_letter(const struct option_row *rows, char letter)
{
	for (; rows != NULL && rows->name != NULL; rows++)
		if (rows->letter == letter)
			return rows;
	return NULL;
}

static void
repeat(const char ***list, const char *value)
{
	size_t n = 0;

	while (*list != NULL && (*list)[n] != NULL)
		n++;
	*list = xrealloc(*list, (n + 2) * sizeof(**list));
	(*list)[n] = value;
	(*list)[n + 1] = NULL;
}

static void
take_common(struct call *c, size_t place, const char *value, int *help)
{
	switch (place) {
	case COMMON_CONFIG:
		c->config_path = value;
		break;
	case COMMON_STATE:
		c->state = value;
		break;
	case COMMON_VERBOSE:
		log_set_level(c->log_level = LOG_DEBUG);
		break;
	case COMMON_QUIET:
		log_set_level(c->log_level = LOG_WARN);
		break;
	case COMMON_HELP:
		*help = 1;
		break;
	default:
		c->verb = find_verb("version");
	}
}

/* One word that begins with '-'; *i moves past an operand of its own. */
static int
take_option(struct call *c, int argc, char **argv, int *i, int *help)
{
	const struct option_row *own = c->verb != NULL ? c->verb->options :
	    NULL, *row;
	char *word = argv[*i], *value = NULL;
	size_t place;

	if (word[1] == '-') {
		size_t len = strcspn(word + 2, "=");

		if ((row = find_long(own, word + 2, len)) == NULL)
			row = find_long(common_options, word + 2, len);
		if (word[2 + len] == '=')
			value = word + 3 + len;
	} else {
		if ((row = find_letter(own, word[1])) == NULL)
			row = find_letter(common_options, word[1]);
		if (row != NULL && word[2] != '\0')
			value = word + 2;
	}
	if (row == NULL)
		return usage_error(c, "unknown option %s", word);
	if (row->operand == NULL && value != NULL)
		return usage_error(c, "--%s takes no value", row->name);
	if (row->operand != NULL && value == NULL) {
		if (*i + 1 >= argc)
			return usage_error(c, "--%s needs %s", row->name,
			    row->operand);
		value = argv[++*i];
	}
	if (row >= common_options &&
	    row < common_options + ARRAY_LEN(common_options)) {
		take_common(c, (size_t)(row - common_options), value, help);
		return 0;
	}
	place = (size_t)(row - own);
	c->option[place] = value != NULL ? value : row->name;
	if (row->repeats)
		repeat(&c->repeated[place], value);
	return 0;
}

/* Fill in the call; 0, or an exit status. */
static int
read_arguments(struct call *c, int argc, char **argv, int *help)
{
	int status, literal = 0;

	for (int i = 1; i < argc; i++) {
		char *word = argv[i];

		if (!literal && strcmp(word, "--") == 0) {
			literal = 1;
		} else if (!literal && word[0] == '-' && word[1] != '\0') {
			status = take_option(c, argc, argv, &i, help);
			if (status != 0)
				return status;
		} else if (c->verb == NULL) {
			c->verb = find_verb(word);
			if (c->verb == NULL)
				return unknown_verb(c, word);
		} else {
			c->operands[c->operands_count++] = word;
		}
	}
	return 0;
}

static int
call_verb(struct call *c)
{
	const struct verb *v = c->verb;

	if (c->operands_count < v->least)
		return usage_error(c, "%s is missing", v->operands);
	if (v->operands[0] == '\0' && c->operands_count > 0)
		return usage_error(c, "\"%s\" is one word too many",
		    c->operands[0]);
	if (v->most > 0 && c->operands_count > v->most)
		return usage_error(c, "\"%s\" is one word too many",
		    c->operands[v->most]);
	return v->run(c);
}

int
commands_run(int argc, char **argv)
{
	struct call c = { .log_level = LOG_INFO };
	int status, help = 0;

	c.operands = xcalloc((size_t)argc + 1, sizeof(*c.operands));
	status = read_arguments(&c, argc, argv, &help);
	if (status == 0 && help)
		status = print_help(c.verb);
	else if (status == 0 && c.verb == NULL) {
		struct buf b = { 0 };

		put_help(&b, NULL);
		fputs(b.data, stderr);
		buf_fini(&b);
		status = EXIT_USAGE;
	} else if (status == 0) {
		status = call_verb(&c);
	}
	for (size_t i = 0; i < OPTIONS_MAX; i++)
		free(c.repeated[i]);
	free(c.operands);
	return status;
}
