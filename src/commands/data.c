/* data.c - the verbs that run the mill, or ask it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/control.h"
#include "feedmill/daemon.h"
#include "feedmill/hsts.h"
#include "feedmill/mill.h"
#include "feedmill/normalise.h"
#include "feedmill/status.h"
#include "feedmill/store.h"

#include "private.h"

/* ------------------------------------------------------------------- run */

enum { RUN_ONCE, RUN_NOW };
const struct option_row run_options[] = {
	[RUN_ONCE] = { "once", 0, NULL,
	    "ask every due source once, publish, exit", 0 },
	[RUN_NOW] = { "now", 0, NULL, "ask every source, due or not", 0 },
	{ NULL, 0, NULL, NULL, 0 }
};

int
command_run(struct call *c)
{
	const struct config_options config = { c->config_path, c->state };
	const struct daemon_options options = {
		.config = &config, .log_level = c->log_level,
		.once = c->option[RUN_ONCE] != NULL,
		.now = c->option[RUN_NOW] != NULL,
	};

	return daemon_run(&options);
}

/* ---------------------------------------------------- asking the daemon */

int
ask_daemon(const char *state, const char *const *words, struct buf *text,
    struct err *e)
{
	char *path = daemon_socket_path(state);
	int status = control_ask(path, words, text, e);

	free(path);
	return status;
}

/* Exit status of the daemon's answer, which is printed; -1: no daemon. */
static int
print_answer(const char *state, const char *const *words, struct err *e)
{
	struct buf text = { 0 };
	int status = ask_daemon(state, words, &text, e);

	if (status == 0)
		status = print_out(buf_str(&text), text.len);
	else if (status > 0)
		fputs(buf_str(&text), stderr);
	buf_fini(&text);
	return status;
}

int
fail(const struct call *c, const struct err *e, int status)
{
	fprintf(stderr, "feedmill %s: %s\n", c->verb->name, e->msg);
	return e->exit_status != 0 ? e->exit_status : status;
}

int
command_reload(struct call *c)
{
	static const char *const words[] = { "reload", NULL };
	const struct config *config = load_config(c, SECRETS_LEFT_OUT);
	struct err e;
	int status;

	if (config == NULL)
		return 1;
	status = print_answer(config->state, words, &e);
	if (status == -1)
		status = fail(c, &e, EXIT_UNREACHABLE);
	config_unref(config);
	return status;
}

struct store *
open_to_read(const struct config *config, struct err *e)
{
	const struct store_options options = {
		.path = config->database, .access = STORE_READ,
		.prepare = normalise_entry, .now_ms = clock_wall_ms,
	};

	return store_open(&options, e);
}

static void
nobody_is_told(const struct hsts_entry *e, void *arg)
{
	(void)e, (void)arg;
}

struct hsts *
known_hosts(const struct config *config)
{
	struct hsts *hsts = hsts_new(nobody_is_told, NULL);
	struct err ignored;
	struct store *store = open_to_read(config, &ignored);

	if (store != NULL) {
		mill_read_hosts(store, hsts);
		store_close(store);
	}
	return hsts;
}

enum { STATUS_FORMAT, STATUS_FAILING, STATUS_WHY };
const struct option_row status_options[] = {
	[STATUS_FORMAT] = { "format", 0, "text|json", "(default text)", 0 },
	[STATUS_FAILING] = { "failing", 0, NULL, "only sources with errors",
	    0 },
	[STATUS_WHY] = { "why", 0, "SOURCE",
	    "why it is asked when it is asked", 0 },
	{ NULL, 0, NULL, NULL, 0 }
};

struct reading {
	const struct config *config;
	const struct config_source *source;
	struct status	 status;
	struct buf	 out;
	struct err	 failed;
	int		 rc;
};

static void
read_status(struct store_reader *r, void *arg)
{
	struct reading *reading = arg;

	reading->rc = status_collect(r, &reading->status, &reading->failed);
}

static void
nothing_more(void *arg)
{
	(void)arg;
}

static void
read_why(struct store_reader *r, void *arg)
{
	struct reading *reading = arg;

	reading->rc = status_explain(r, reading->config, reading->source,
	    clock_wall_ms(), &reading->out, &reading->failed);
}

static int
why_of_database(struct call *c, const struct config *config)
{
	struct reading r = { .config = config, .source =
	    config_find_source(config, c->option[STATUS_WHY]) };
	struct store *store;
	int status;

	if (r.source == NULL || !r.source->enabled) {
		fprintf(stderr, "no such source is asked\n");
		return 1;
	}
	store = open_to_read(config, &r.failed);
	if (store == NULL)
		return fail(c, &r.failed, EXIT_UNREACHABLE);
	store_read(store, read_why, nothing_more, &r);
	store_drain(store);
	store_close(store);
	status = r.rc == -1 ? fail(c, &r.failed, 1) :
	    print_out(buf_str(&r.out), r.out.len);
	buf_fini(&r.out);
	return status;
}

/* No daemon: what its database says. */
static int
status_of_database(struct call *c, const struct config *config)
{
	const struct status_query query = {
		.json = c->option[STATUS_FORMAT] != NULL &&
		    strcmp(c->option[STATUS_FORMAT], "json") == 0,
		.failing = c->option[STATUS_FAILING] != NULL,
		.names = (const char *const *)c->operands,
	};
	struct reading r = { .rc = 0 };
	struct store *store;
	const char *unknown;
	int status;

	store = open_to_read(config, &r.failed);
	if (store == NULL)
		return fail(c, &r.failed, EXIT_UNREACHABLE);
	store_read(store, read_status, nothing_more, &r);
	store_drain(store);
	store_close(store);
	if (r.rc == -1)
		return fail(c, &r.failed, 1);
	for (size_t i = 0; i < r.status.count; i++)
		status_configure(&r.status.sources[i], config);
	r.status.now_ms = clock_wall_ms();
	if ((unknown = status_unknown_name(&r.status, &query)) != NULL) {
		fprintf(stderr, "no such source: %s\n", unknown);
		status = 1;
	} else {
		status_print(&r.out, &r.status, &query);
		status = print_out(buf_str(&r.out), r.out.len);
	}
	status_fini(&r.status);
	buf_fini(&r.out);
	return status;
}

static int
status_of_daemon(struct call *c, const char *state, struct err *e)
{
	const char **words = xcalloc(c->operands_count + 4, sizeof(*words));
	int status;

	if (c->option[STATUS_WHY] != NULL) {
		words[0] = "why";
		words[1] = c->option[STATUS_WHY];
	} else {
		words[0] = "status";
		words[1] = c->option[STATUS_FORMAT] != NULL ?
		    c->option[STATUS_FORMAT] : "text";
		words[2] = c->option[STATUS_FAILING] != NULL ? "failing" :
		    "all";
		for (size_t i = 0; i < c->operands_count; i++)
			words[3 + i] = c->operands[i];
	}
	status = print_answer(state, words, e);
	free(words);
	return status;
}

/* A daemon goes on with the configuration it has, and can be asked. */
static int
status_despite_mistakes(struct call *c)
{
	const struct config_options options = { c->config_path, c->state };
	char *state = config_state(&options);
	struct err e;
	int status = status_of_daemon(c, state, &e);

	if (status == -1)
		status = 1;		/* the mistakes are printed */
	else
		fprintf(stderr, "feedmill status: the daemon of %s goes on "
		    "without what is wrong above\n", state);
	free(state);
	return status;
}

int
command_status(struct call *c)
{
	const char *format = c->option[STATUS_FORMAT];
	const struct config *config;
	struct err e;
	int status;

	if (format != NULL && strcmp(format, "text") != 0 &&
	    strcmp(format, "json") != 0)
		return usage_error(c, "--format is text or json");
	if ((config = load_config(c, SECRETS_LEFT_OUT)) == NULL)
		return status_despite_mistakes(c);
	status = status_of_daemon(c, config->state, &e);
	if (status == -1 && c->option[STATUS_WHY] != NULL)
		status = why_of_database(c, config);
	else if (status == -1)
		status = status_of_database(c, config);
	config_unref(config);
	return status;
}
