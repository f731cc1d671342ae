/*
 * add.c - feedmill add: a feed that answers into the configuration.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "feedmill/config.h"
#include "feedmill/fetch.h"
#include "feedmill/model.h"
#include "feedmill/normalise.h"

#include "private.h"

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

/* ------------------------------------------------------------------- whole */

static int
add_feed(const struct call *c, const struct config *config, const char *url,
    const struct feed *feed, struct err *e)
{
	struct additions a = { .list = xcalloc(1, sizeof(*a.list)),
	    .count = 1 };
	struct buf title = { 0 };
	int rc;

	normalise_text_plain(&title, &feed->head.title);
	a.list[0] = (struct addition){
		.url = url, .title = buf_str(&title),
		.tags = (const char *const *)c->repeated[ADD_TAG],
		.name = c->option[ADD_NAME] != NULL ?
		    xstrdup(c->option[ADD_NAME]) : NULL,
	};
	rc = additions_write(c, config, &a, e);
	if (rc == 0 && a.known > 0)	/* somebody else was first */
		rc = err_set(e, "already there");
	else if (rc == 0)
		printf("added \"%s\" to %s\n", a.list[0].name, a.path);
	buf_fini(&title);
	additions_fini(&a);
	return rc;
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
	    check_is_new(config, url, &e) == -1 ||
	    add_feed(c, config, url, d.feed, &e) == -1)
		status = fail(c, &e, 1);
	else
		status = tell_daemon(c, config);
	discovery_fini(&d);
	free(url);
	config_unref(config);
	return status;
}
