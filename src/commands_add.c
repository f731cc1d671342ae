/*
 * commands_add.c - feedmill add: a feed that answers into a file of its own.
 *
 *	ask -> name -> lock conf.d -> the file with one more -> check all of
 *	the configuration as it would be -> replace -> reload
 *
 * The file is only ever appended to: what is in it may have been written by
 * hand.  Should the addition not mean there what it says, the check finds
 * that the source is missing, and nothing is replaced.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feedmill/ask.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/config.h"
#include "feedmill/model.h"
#include "feedmill/normalise.h"

#include "commands_private.h"

enum { FILE_MAX_BYTES = 16 << 20, NAME_MAX_BYTES = 40 };
static const char file_name[] = "90-added.yaml";

enum { ADD_NAME, ADD_TAG };
const struct option_row add_options[] = {
	[ADD_NAME] = { "name", 0, "NAME",
	    "what to call it (default: by its title or host)", 0 },
	[ADD_TAG] = { "tag", 0, "TAG", "a tag of it; repeats", 1 },
	{ NULL, 0, NULL, NULL, 0 }
};

/* ----------------------------------------------------------- which feed */

/* Another spelling of the same address is the same source. */
static const struct config_source *
find_url(const struct config *c, const char *url)
{
	char *wanted = url_canonical(url), *key;
	const struct config_source *found = NULL;

	for (size_t i = 0; wanted != NULL && found == NULL &&
	    i < c->sources_count; i++) {
		key = url_canonical(c->sources[i].url);
		if (key != NULL && strcmp(key, wanted) == 0)
			found = &c->sources[i];
		free(key);
	}
	free(wanted);
	return found;
}

static int
check_is_new(const struct config *c, const char *url, struct err *e)
{
	const struct config_source *s = find_url(c, url);

	if (s == NULL)
		return 0;
	return err_set(e, "already there as \"%s\", %s:%u", s->name, s->file,
	    s->line);
}

static int
say_no_feed(const struct discovery *d, const char *url, struct err *e)
{
	if (d->count > 1) {
		for (size_t i = 0; i < d->count; i++)
			fprintf(stderr, "%s\n", d->adverts[i].url);
		return err_set(e, "the page advertises %zu feeds: which one?",
		    d->count);
	}
	return err_set(e, "%s: %s", url, d->got->outcome ==
	    OUTCOME_NOT_A_FEED ? "neither a feed nor a page that advertises "
	    "one" : d->got->reason);
}

/* The feed at the URL, or the one of its page; *ret_url: where it is. */
static int
find_feed(const struct config *c, const char *url, struct discovery *d,
    char **ret_url, struct err *e)
{
	char *moved, *shown = url_redact(url);
	int rc = 0;

	discover(c, url, d);
	if (d->feed == NULL && d->count == 1) {
		char *only = xstrdup(d->adverts[0].url);

		fprintf(stderr, "feedmill add: the feed of that page: %s\n",
		    only);
		discovery_fini(d);
		discover(c, only, d);
		url = *ret_url = only;
	} else {
		*ret_url = xstrdup(url);
	}
	moved = d->got->permanent_url;
	if (d->feed == NULL) {
		rc = say_no_feed(d, shown, e);
	} else if (moved != NULL && strcmp(moved, url) != 0) {
		fprintf(stderr, "feedmill add: it has moved for good: %s\n",
		    moved);
		free(*ret_url);
		*ret_url = xstrdup(moved);
	}
	free(shown);
	return rc;
}

/* --------------------------------------------------------------- its name */

/* Words of ASCII joined by "-"; nothing if there are other letters. */
static void
put_slug(struct buf *b, const char *s)
{
	for (; *s != '\0' && b->len < NAME_MAX_BYTES; s++) {
		char c = *s >= 'A' && *s <= 'Z' ? (char)(*s | 0x20) : *s;

		if ((unsigned char)c >= 0x80) {
			buf_reset(b);
			return;
		}
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			buf_putc(b, c);
		else if (b->len > 0 && b->data[b->len - 1] != '-' &&
		    c != '\'')
			buf_putc(b, '-');
	}
	while (b->len > 0 && b->data[b->len - 1] == '-')
		b->data[--b->len] = '\0';
}

/* To be typed: of the title, else of the host; a number makes it unique. */
static char *
make_name(const struct config *c, const char *url, const struct feed *feed)
{
	struct buf title = { 0 }, name = { 0 };
	size_t len;

	normalise_text_plain(&title, &feed->head.title);
	put_slug(&name, buf_str(&title));
	if (name.len < 2) {
		char *host = url_host(url);

		buf_reset(&name);
		buf_puts(&name, host != NULL && strncmp(host, "www.", 4) == 0 ?
		    host + 4 : host != NULL ? host : "feed");
		free(host);
	}
	len = name.len;
	for (unsigned n = 2; config_find_source(c, name.data) != NULL; n++) {
		name.len = len;
		buf_printf(&name, "-%u", n);
	}
	buf_fini(&title);
	return buf_take(&name);
}

/* --------------------------------------------------------------- the file */

/* Does a line begin with "feeds:"? */
static int
has_feeds(const struct buf *text)
{
	return strncmp(buf_str(text), "feeds:", 6) == 0 ||
	    strstr(buf_str(text), "\nfeeds:") != NULL;
}

static void
put_source(struct buf *text, const char *name, const char *url,
    const char **tags)
{
	if (text->len == 0)
		buf_puts(text, "# Written by \"feedmill add\", at the end; "
		    "what is above is left as it is.\n");
	else if (text->data[text->len - 1] != '\n')
		buf_putc(text, '\n');
	if (!has_feeds(text))
		buf_puts(text, "feeds:\n");
	buf_puts(text, "  ");
	config_put_text(text, name);
	buf_puts(text, ":\n    url: ");
	config_put_text(text, url);
	for (size_t i = 0; tags != NULL && tags[i] != NULL; i++) {
		buf_puts(text, i == 0 ? "\n    tags: [" : ", ");
		config_put_text(text, tags[i]);
	}
	buf_puts(text, tags != NULL && tags[0] != NULL ? "]\n" : "\n");
}

/* 0 if the configuration would be the old one and this source. */
static int
check_addition(const struct call *c, const struct config *old,
    const struct buf *text, const char *name, const char *url, struct err *e)
{
	const struct config_options options = { c->config_path, c->state };
	const struct config_fragment fragment = { file_name, text->data,
	    text->len };
	const struct config_source *added = NULL;
	const struct config *next;
	struct buf report = { 0 };
	unsigned mistakes;
	int rc = 0;

	next = config_load_with(&options, &fragment, &report, &mistakes);
	if (next != NULL)
		added = config_find_source(next, name);
	if (next == NULL) {
		fputs(buf_str(&report), stderr);
		rc = err_set(e, "nothing was changed: with the addition the "
		    "configuration would have these mistakes");
	} else if (added == NULL || strcmp(added->url, url) != 0 ||
	    strcmp(added->name, name) != 0 ||
	    next->sources_count != old->sources_count + 1) {
		rc = err_set(e, "nothing was changed: the end of %s is not "
		    "its list of feeds; add it by hand", file_name);
	}
	buf_fini(&report);
	config_unref(next);
	return rc;
}

static int
read_existing(int dir, const char *path, struct buf *text, struct stat *st,
    struct err *e)
{
	*st = (struct stat){ .st_mode = 0 };
	if (fstatat(dir, file_name, st, 0) == -1)
		return errno == ENOENT ? 0 : err_set(e, "%s: %s", path,
		    strerror(errno));
	return file_read(path, FILE_MAX_BYTES, text, e);
}

/* Whose it was and who may read it stays as it was, as far as we may. */
static int
replace(int dir, const struct buf *text, const struct stat *was,
    struct err *e)
{
	mode_t mask = umask(0);
	int rc;

	umask(was->st_mode != 0 ? ~was->st_mode & 0777 : mask);
	rc = file_replace(dir, file_name, text->data, text->len, e);
	umask(mask);
	if (rc == 0 && was->st_mode != 0 && fchownat(dir, file_name,
	    was->st_uid, was->st_gid, 0) == -1)
		fprintf(stderr, "feedmill add: %s belongs to you now\n",
		    file_name);
	return rc;
}

/* With conf.d locked: nobody else adds between reading and replacing. */
static int
append(const struct call *c, int dir, const char *path, const char *url,
    const struct feed *feed, struct err *e)
{
	const struct config *config = load_config(c, SECRETS_LEFT_OUT);
	const struct config_source *same;
	char *name = NULL;
	struct buf text = { 0 };
	struct stat was;
	int rc = -1;

	if (config == NULL)
		return err_set(e, "nothing was changed");
	name = c->option[ADD_NAME] != NULL ? xstrdup(c->option[ADD_NAME]) :
	    make_name(config, url, feed);
	same = config_find_source(config, name);
	if (same != NULL)
		err_set(e, "the name \"%s\" is taken, %s:%u", name,
		    same->file, same->line);
	else if (check_is_new(config, url, e) == 0 &&
	    read_existing(dir, path, &text, &was, e) == 0) {
		put_source(&text, name, url, c->repeated[ADD_TAG]);
		rc = check_addition(c, config, &text, name, url, e);
		if (rc == 0)
			rc = replace(dir, &text, &was, e);
	}
	if (rc == 0)
		printf("added \"%s\" to %s\n", name, path);
	buf_fini(&text);
	free(name);
	config_unref(config);
	return rc;
}

static int
lock_and_append(const struct call *c, const struct config *config,
    const char *url, const struct feed *feed, struct err *e)
{
	char *folder = config_fragments(config->path);
	struct buf path = { 0 };
	int dir = file_open_dir(folder, e), rc = -1;

	buf_printf(&path, "%s/%s", folder, file_name);
	if (dir != -1 && flock(dir, LOCK_EX) == -1)
		err_set(e, "%s: %s", folder, strerror(errno));
	else if (dir != -1)
		rc = append(c, dir, path.data, url, feed, e);
	if (dir != -1)
		close(dir);
	buf_fini(&path);
	free(folder);
	return rc;
}

/* ------------------------------------------------------------------ reload */

/* A daemon that does not run will read it when it starts. */
static int
tell_daemon(const struct config *config)
{
	static const char *const words[] = { "reload", NULL };
	struct buf text = { 0 };
	struct err e;
	int status = ask_daemon(config, words, &text, &e);

	if (status > 0)
		fprintf(stderr, "feedmill add: written, but not reloaded: "
		    "%s", buf_str(&text));
	buf_fini(&text);
	return status > 0 ? 1 : 0;
}

int
command_add(struct call *c)
{
	const char *given = c->operands[0];
	const struct config *config;
	struct discovery d = { .count = 0 };
	char *url = NULL;
	struct err e;
	int status;

	if (!url_is_http(given))
		return usage_error(c, "\"%s\" is no http URL", given);
	if ((config = load_config_to_ask(c)) == NULL)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	e.exit_status = 0;
	if (check_is_new(config, given, &e) == -1 ||
	    find_feed(config, given, &d, &url, &e) == -1 ||
	    lock_and_append(c, config, url, d.feed, &e) == -1)
		status = fail(c, &e, 1);
	else
		status = tell_daemon(config);
	discovery_fini(&d);
	free(url);
	config_unref(config);
	return status;
}
