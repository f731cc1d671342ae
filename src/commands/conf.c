/*
 * conf.c - more feeds, into a file of their own.
 *
 *	lock conf.d -> name what has no name -> the file with more -> check
 *	all of the configuration as it would be -> replace -> reload
 *
 * The file is only ever appended to: what is in it may have been written by
 * hand.  Should an addition not mean there what it says, the check finds
 * that the source is missing, and nothing is replaced.
 */
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "feedmill/config.h"

#include "private.h"

enum { FILE_MAX_BYTES = 16 << 20 };
static const char file_name[] = "90-added.yaml";

/* ---------------------------------------------------------- what is known */

/* Names and canonical URLs: a set of each. */
struct known {
	void		*names, *urls;
};

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int
knows(void *const *set, const char *s)
{
	return tfind(s, set, compare) != NULL;
}

/* s is a gift. */
static void
know(void **set, char *s)
{
	char **at = tsearch(s, set, compare);

	if (at == NULL)
		abort();
	if (*at != s)
		free(s);
}

/* Another spelling of the same address is the same source. */
static void
know_url(struct known *k, const char *url)
{
	char *key = url_canonical(url);

	if (key != NULL)
		know(&k->urls, key);
}

static int
knows_url(const struct known *k, const char *url)
{
	char *key = url_canonical(url);
	int yes = key != NULL && knows(&k->urls, key);

	free(key);
	return yes;
}

static void
known_load(struct known *k, const struct config *c)
{
	for (size_t i = 0; i < c->sources_count; i++) {
		know(&k->names, xstrdup(c->sources[i].name));
		know_url(k, c->sources[i].url);
	}
}

static void
known_fini(struct known *k)
{
	tdestroy(k->names, free);
	tdestroy(k->urls, free);
}

static int
is_taken(const char *name, void *arg)
{
	const struct known *k = arg;

	return knows(&k->names, name);
}

/* What is to be added gets its name; what is there already gets none.  Both
 * are known from now on. */
static void
name_additions(struct additions *a, struct known *k)
{
	for (size_t i = 0; i < a->count; i++) {
		struct addition *add = &a->list[i];

		if (knows_url(k, add->url)) {
			free(TAKE(add->name));
			a->known++;
			continue;
		}
		if (add->name == NULL) {
			struct buf name = { 0 };

			config_make_name(&name, add->url, add->title,
			    is_taken, k);
			add->name = buf_take(&name);
		}
		know(&k->names, xstrdup(add->name));
		know_url(k, add->url);
	}
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
put_source(struct buf *text, const struct addition *a)
{
	const char *const *tags = a->tags;

	if (text->len == 0)
		buf_puts(text, "# Written by feedmill, at the end; what is "
		    "above is left as it is.\n");
	else if (text->data[text->len - 1] != '\n')
		buf_putc(text, '\n');
	if (!has_feeds(text))
		buf_puts(text, "feeds:\n");
	buf_puts(text, "  ");
	config_put_text(text, a->name);
	buf_puts(text, ":\n    url: ");
	config_put_text(text, a->url);
	if (a->shown_title != NULL) {
		buf_puts(text, "\n    title: ");
		config_put_text(text, a->shown_title);
	}
	for (size_t i = 0; tags != NULL && tags[i] != NULL; i++) {
		buf_puts(text, i == 0 ? "\n    tags: [" : ", ");
		config_put_text(text, tags[i]);
	}
	buf_puts(text, tags != NULL && tags[0] != NULL ? "]\n" : "\n");
}

/* As many more sources as there are additions, and each of them. */
static int
are_there(const struct config *next, const struct config *old,
    const struct additions *a)
{
	const struct config_source *s;

	if (next->sources_count !=
	    old->sources_count + a->count - a->known)
		return 0;
	for (size_t i = 0; i < a->count; i++) {
		const struct addition *add = &a->list[i];

		if (add->name == NULL)
			continue;
		s = config_find_source(next, add->name);
		if (s == NULL || strcmp(s->url, add->url) != 0 ||
		    strcmp(s->name, add->name) != 0)
			return 0;
	}
	return 1;
}

/* 0 if the configuration would be the old one and these sources. */
static int
check_additions(const struct call *c, const struct config *old,
    const struct buf *text, const struct additions *a, struct err *e)
{
	const struct config_options options = { c->config_path, c->state };
	const struct config_fragment fragment = { file_name, text->data,
	    text->len };
	const struct config *next;
	struct buf report = { 0 };
	unsigned mistakes;
	int rc = 0;

	next = config_load_with(&options, &fragment, &report, &mistakes);
	if (next == NULL) {
		fputs(buf_str(&report), stderr);
		rc = err_set(e, "nothing was changed: with the addition the "
		    "configuration would have these mistakes");
	} else if (!are_there(next, old, a)) {
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
		fprintf(stderr, "feedmill: %s belongs to you now\n",
		    file_name);
	return rc;
}

/* With conf.d locked: nobody else adds between reading and replacing. */
static int
append(const struct call *c, int dir, const char *path, struct additions *a,
    struct err *e)
{
	const struct config *config = load_config(c, SECRETS_LEFT_OUT);
	struct known known = { 0 };
	struct buf text = { 0 };
	struct stat was;
	int rc = -1;

	if (config == NULL)
		return err_set(e, "nothing was changed");
	known_load(&known, config);
	for (size_t i = 0; i < a->count; i++) {
		const char *name = a->list[i].name;
		const struct config_source *same = name == NULL ? NULL :
		    config_find_source(config, name);

		if (same != NULL) {
			err_set(e, "the name \"%s\" is taken, %s:%u", name,
			    same->file, same->line);
			goto out;
		}
	}
	name_additions(a, &known);
	if (a->known == a->count) {
		rc = 0;
		goto out;
	}
	if (read_existing(dir, path, &text, &was, e) == -1)
		goto out;
	for (size_t i = 0; i < a->count; i++)
		if (a->list[i].name != NULL)
			put_source(&text, &a->list[i]);
	rc = check_additions(c, config, &text, a, e);
	if (rc == 0)
		rc = replace(dir, &text, &was, e);
out:
	known_fini(&known);
	buf_fini(&text);
	config_unref(config);
	return rc;
}

int
additions_write(const struct call *c, const struct config *config,
    struct additions *a, struct err *e)
{
	char *folder = config_fragments(config->path);
	struct buf path = { 0 };
	int dir = file_open_dir(folder, e), rc = -1;

	buf_printf(&path, "%s/%s", folder, file_name);
	if (dir != -1 && flock(dir, LOCK_EX) == -1)
		err_set(e, "%s: %s", folder, strerror(errno));
	else if (dir != -1)
		rc = append(c, dir, path.data, a, e);
	if (dir != -1)
		close(dir);
	a->path = buf_take(&path);
	free(folder);
	return rc;
}

void
additions_fini(struct additions *a)
{
	for (size_t i = 0; i < a->count; i++)
		free(a->list[i].name);
	free(a->list);
	free(a->path);
	*a = (struct additions){ 0 };
}

/* ------------------------------------------------------------------ reload */

/* A daemon that does not run will read it when it starts. */
int
tell_daemon(const struct call *c, const struct config *config)
{
	static const char *const words[] = { "reload", NULL };
	struct buf text = { 0 };
	struct err e;
	int status = ask_daemon(config->state, words, &text, &e);

	if (status > 0)
		fprintf(stderr, "feedmill %s: written, but not reloaded: "
		    "%s", c->verb->name, buf_str(&text));
	buf_fini(&text);
	return status > 0 ? 1 : 0;
}
