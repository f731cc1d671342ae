/*
 * fetch.c - feedmill fetch: ask now, and show all that came of it.
 *
 * A configured source is visited as ever: by the daemon if there is one,
 * else by a mill of our own, which takes the daemon's lock and asks nobody
 * else.  What is not to be stored needs neither.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/ask.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "feedmill/config.h"
#include "feedmill/hsts.h"
#include "feedmill/mill.h"

#include "private.h"

enum { FETCH_DRY_RUN, FETCH_FULL };
const struct option_row fetch_options[] = {
	[FETCH_DRY_RUN] = { "dry-run", 0, NULL,
	    "store nothing; asks without validators", 0 },
	[FETCH_FULL] = { "full", 0, NULL,
	    "ask without validators, as if it were the first time", 0 },
	{ NULL, 0, NULL, NULL, 0 }
};

static int
first_failure(int status, int next)
{
	return status != 0 ? status : next;
}

static void
print_heading(const struct call *c, const char *name)
{
	static int printed;

	if (c->operands_count > 1)
		printf("%s==> %s <==\n", printed++ > 0 ? "\n" : "", name);
}

/* ------------------------------------------------------- nothing is stored */

static int
show(const struct config *config, const struct config_source *source)
{
	struct hsts *hsts = known_hosts(config);
	struct fetched *got = ask_now(config, source, hsts, ASK_FEED);
	struct feed *feed = NULL;
	struct buf text = { 0 };
	int status, written;

	ask_say_answer(&text, got);
	if (got->outcome == OUTCOME_OK)
		feed = ask_read(source, got);
	if (feed != NULL)
		ask_say_document(&text, feed);
	ask_say_outcome(&text, got, NULL);
	if (got->outcome == OUTCOME_NOT_A_FEED)
		buf_puts(&text, "          \"feedmill discover\" lists the "
		    "feeds of a page\n");
	status = outcome_is_success(got->outcome) ? 0 : 1;
	written = print_out(buf_str(&text), text.len);
	buf_fini(&text);
	feed_free(feed);
	fetched_free(got);
	hsts_free(hsts);
	return first_failure(written, status);
}

static int
show_url(const struct call *c, const struct config *config, const char *url)
{
	struct config_source source = *config_defaults(config);
	char *shown = url_redact(url);

	print_heading(c, shown != NULL ? shown : "a URL");
	free(shown);
	source.name = source.url = url;
	return show(config, &source);
}

static int
show_source(const struct call *c, const struct config *config,
    const struct config_source *source)
{
	print_heading(c, source->name);
	return show(config, source);
}

/* ------------------------------------------------------------ by the daemon */

/* What it says; -1: there is no daemon. */
static int
fetch_by_daemon(const struct call *c, const struct config *config,
    const char *name)
{
	const char *words[] = { "fetch",
	    c->option[FETCH_FULL] != NULL ? "full" : "changed", name, NULL };
	struct buf text = { 0 };
	struct err e;
	int status = ask_daemon(config->state, words, &text, &e);

	if (status == 0 || status == 1) {
		print_heading(c, name);
		status = first_failure(print_out(buf_str(&text), text.len),
		    status);
	} else if (status != -1) {
		fprintf(stderr, "feedmill fetch: %s\n", buf_str(&text));
		status = 1;
	}
	buf_fini(&text);
	return status;
}

/* -------------------------------------------------------- by our own mill */

struct errand {
	struct call	*call;
	struct own_mill	*own;
	const char	*name;		/* of the source */
};

static void
fetched(int status, const char *text, size_t len, void *arg)
{
	struct errand *r = arg;

	if (status == MILL_REFUSED) {
		fprintf(stderr, "feedmill fetch: %s\n", text);
		status = 1;
	} else {
		print_heading(r->call, r->name);
		status = first_failure(print_out(text, len), status);
	}
	own_mill_done(r->own, status);
}

static int
fetch_all(struct call *c, struct mill *mill, struct own_mill *own, void *arg)
{
	struct errand r = { .call = c, .own = own };
	int full = c->option[FETCH_FULL] != NULL, status = 0;
	struct err e;

	for (const char *const *names = arg; *names != NULL; names++) {
		r.name = *names;
		status = first_failure(status,
		    mill_fetch(mill, r.name, full, fetched, &r, &e) == 0 ?
		    own_mill_wait(own) : fail(c, &e, 1));
	}
	return status;
}

/* ------------------------------------------------------------------- fetch */

/* By the daemon as far as there is one; the rest alone. */
static int
fetch_sources(struct call *c, const struct config *config,
    const char **names)
{
	const struct config *with_secrets;
	int status = 0, rc;

	for (; *names != NULL; names++) {
		if ((rc = fetch_by_daemon(c, config, *names)) == -1)
			break;
		status = first_failure(status, rc);
	}
	if (*names == NULL)
		return status;
	if ((with_secrets = load_config(c, SECRETS_NEEDED)) == NULL)
		return 1;
	rc = own_mill(c, with_secrets, fetch_all, names);
	config_unref(with_secrets);
	return first_failure(status, rc);
}

/* What is not configured is a URL, or a mistake. */
static int
check_operands(const struct call *c, const struct config *config)
{
	for (size_t i = 0; i < c->operands_count; i++)
		if (config_find_source(config, c->operands[i]) == NULL &&
		    !url_is_http(c->operands[i]))
			return usage_error(c, "\"%s\" is neither a source of "
			    "%s nor an http URL", c->operands[i],
			    config->path);
	return 0;
}

/* What is not stored: URLs that are not configured, and all of a dry run. */
static int
fetch_others(struct call *c, const struct config *config, int dry)
{
	int status = 0;

	for (size_t i = 0; i < c->operands_count; i++) {
		const char *name = c->operands[i];
		const struct config_source *source =
		    config_find_source(config, name);

		if (source == NULL)
			status = first_failure(status,
			    show_url(c, config, name));
		else if (dry)
			status = first_failure(status,
			    show_source(c, config, source));
	}
	return status;
}

int
command_fetch(struct call *c)
{
	int dry = c->option[FETCH_DRY_RUN] != NULL, status;
	const struct config *config = dry ? load_config(c, SECRETS_NEEDED) :
	    load_config_to_ask(c);
	const char **names;
	size_t n = 0;

	if (config == NULL)
		return 1;
	if ((status = check_operands(c, config)) != 0) {
		config_unref(config);
		return status;
	}
	signal(SIGPIPE, SIG_IGN);
	names = xcalloc(c->operands_count + 1, sizeof(*names));
	for (size_t i = 0; !dry && i < c->operands_count; i++)
		if (config_find_source(config, c->operands[i]) != NULL)
			names[n++] = c->operands[i];
	status = fetch_sources(c, config, names);
	status = first_failure(status, fetch_others(c, config, dry));
	config_unref(config);
	free(names);
	return status;
}
