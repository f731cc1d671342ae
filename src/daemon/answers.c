/*
 * answers.c - the pages of the server that are no files, and the
 * verbs of the control socket.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/limits.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/import.h"
#include "feedmill/metrics.h"
#include "feedmill/status.h"
#include "feedmill/store.h"
#include "day.h"
#include "desk.h"
#include "private.h"
#include "search.h"
#include "status.h"

/* --------------------------------------------------- the server's pages */

static int
answer_healthz(struct buf *b, void *arg)
{
	(void)arg;
	buf_puts(b, "ok\n");
	return 200;
}

/* When it was started: by the clock of now, which may have been set. */
static void
measure_process(const struct daemon *d, struct metrics *m)
{
	int64_t resident = limits_resident_bytes();
	struct stat st;

	if (stat(mill_config(d->mill)->database, &st) == 0)
		metrics_set(m, METRIC_DATABASE_BYTES, (double)st.st_size);
	metrics_set(m, METRIC_OPEN_FILES, limits_open_files());
	metrics_set(m, METRIC_OPEN_FILES_MAX, limits_files());
	if (resident >= 0)
		metrics_set(m, METRIC_RESIDENT_BYTES, (double)resident);
	metrics_set(m, METRIC_CPU_S, (double)clock_process_cpu_ms() / 1000.0);
	metrics_set(m, METRIC_STARTED_S, (double)(clock_wall_ms() -
	    clock_mono_ms() + d->started_mono_ms) / 1000.0);
}

static int
answer_metrics(struct buf *b, void *arg)
{
	struct daemon *d = arg;
	struct metrics *m = mill_metrics(d->mill);

	if (!mill_config(d->mill)->http.metrics) {
		buf_puts(b, "metrics are switched off\n");
		return 404;
	}
	for (int i = 1; i <= 5; i++)
		m->http_answers[i] = serve_count(d->serve, i);
	measure_process(d, m);
	metrics_render(b, m);
	return 200;
}

static void
refuse(struct serve_call *call)
{
	struct buf text = { 0 };

	buf_puts(&text, "not found\n");
	serve_call_answer(call, 404, "text/plain; charset=utf-8", &text);
}

static void
ask_board(struct daemon *d, struct serve_call *call, int as_json)
{
	if (mill_config(d->mill)->http.status)
		status_board_ask(d->board, call, as_json);
	else
		refuse(call);
}

static void
ask_status(struct serve_call *call, void *arg)
{
	ask_board(arg, call, serve_call_wants_json(call));
}

static void
ask_status_json(struct serve_call *call, void *arg)
{
	ask_board(arg, call, 1);
}

static void
ask_desk(struct daemon *d, const struct desk_kind *kind,
    struct serve_call *call)
{
	if (mill_config(d->mill)->http.search)
		desk_take(d->desk, kind, call);
	else
		refuse(call);
}

static void
ask_search(struct serve_call *call, void *arg)
{
	ask_desk(arg, &search_kind, call);
}

static void
ask_day(struct serve_call *call, void *arg)
{
	ask_desk(arg, &day_kind, call);
}

const struct serve_route daemon_routes[] = {
	{ "/healthz", "text/plain; charset=utf-8", answer_healthz, NULL },
	{ "/metrics", "text/plain; version=0.0.4; charset=utf-8",
	    answer_metrics, NULL },
	{ "/status", NULL, NULL, ask_status },
	{ "/status.json", NULL, NULL, ask_status_json },
	{ "/search", NULL, NULL, ask_search },
	{ "/day", NULL, NULL, ask_day },
	{ NULL, NULL, NULL, NULL }
};

/* --------------------------------------------------------- control verbs */

struct status_call {
	struct daemon		*daemon;
	struct control_call	*call;
	struct status		 status;
	struct status_query	 query;
	char			**names;
	struct err		 failed;
	int			 rc;
};

static void
read_status(struct store_reader *r, void *arg)
{
	struct status_call *c = arg;

	c->rc = status_collect(r, &c->status, &c->failed);
}

static void
status_read(void *arg)
{
	struct status_call *c = arg;
	struct buf text = { 0 };
	const char *unknown;
	int status = 0;

	if (c->rc == -1) {
		buf_printf(&text, "%s\n", c->failed.msg);
		status = 1;
	} else {
		c->status.running = 1;
		mill_tell_trouble(c->daemon->mill, &c->status);
		c->status.now_ms = clock_wall_ms();
		for (size_t i = 0; i < c->status.count; i++)
			mill_refresh_summary(c->daemon->mill,
			    &c->status.sources[i]);
		unknown = status_unknown_name(&c->status, &c->query);
		if (unknown != NULL) {
			buf_printf(&text, "no such source: %s\n", unknown);
			status = 1;
		} else {
			status_print(&text, &c->status, &c->query);
		}
	}
	control_answer(c->call, status, buf_str(&text), text.len);
	buf_fini(&text);
	status_fini(&c->status);
	for (size_t i = 0; c->names[i] != NULL; i++)
		free(c->names[i]);
	free(c->names);
	free(c);
}

/* status FORMAT FAILING NAME... */
static void
call_status(struct control_call *call, char **args, void *arg)
{
	struct daemon *d = arg;
	struct status_call *c = xcalloc(1, sizeof(*c));
	size_t n = 0;

	c->daemon = d;
	c->call = call;
	if (args[0] != NULL && args[1] != NULL) {
		c->query.json = strcmp(args[0], "json") == 0;
		c->query.failing = strcmp(args[1], "failing") == 0;
		args += 2;
	}
	while (args[n] != NULL)
		n++;
	c->names = xcalloc(n + 1, sizeof(*c->names));
	for (size_t i = 0; i < n; i++)
		c->names[i] = xstrdup(args[i]);
	c->query.names = (const char *const *)c->names;
	store_read(mill_store(d->mill), read_status, status_read, c);
}

static void
call_why(struct control_call *call, char **args, void *arg)
{
	struct daemon *d = arg;
	struct buf text = { 0 };
	int status = 0;

	if (args[0] == NULL ||
	    mill_explain(d->mill, args[0], &text) == -1) {
		buf_puts(&text, "no such source is asked\n");
		status = 1;
	}
	control_answer(call, status, buf_str(&text), text.len);
	buf_fini(&text);
}

static void
call_reload(struct control_call *call, char **args, void *arg)
{
	struct daemon *d = arg;

	(void)args;
	if (d->reload_calls_count == RELOAD_CALLS_MAX) {
		control_answer(call, 1, "busy with other reloads\n",
		    strlen("busy with other reloads\n"));
		return;
	}
	d->reload_calls[d->reload_calls_count++] = call;
	daemon_reload(d);
}

static void
fetch_answered(int status, const char *text, size_t len, void *arg)
{
	control_answer(arg, status, text, len);
}

/* fetch FULL|CHANGED SOURCE */
static void
call_fetch(struct control_call *call, char **args, void *arg)
{
	struct daemon *d = arg;
	struct err e;
	int rc;

	if (args[0] == NULL || args[1] == NULL)
		rc = err_set(&e, "fetch how, and which?");
	else
		rc = mill_fetch(d->mill, args[1],
		    strcmp(args[0], "full") == 0, fetch_answered, call, &e);
	if (rc == -1)
		control_answer(call, MILL_REFUSED, e.msg, strlen(e.msg));
}

/* forget WHAT */
static void
call_forget(struct control_call *call, char **args, void *arg)
{
	static const char which[] = "forget which?\n";
	struct daemon *d = arg;

	if (args[0] == NULL || !d->ready)
		control_answer(call, MILL_REFUSED, which, sizeof(which) - 1);
	else
		mill_forget(d->mill, args[0], fetch_answered, call);
}

struct import_call {
	struct daemon		*daemon;
	struct control_call	*call;
};

static void
import_taken(int status, const char *text, size_t len, int changed, void *arg)
{
	struct import_call *c = arg;

	if (changed)
		mill_touch(c->daemon->mill);
	control_answer(c->call, status, text, len);
	free(c);
}

/* import BYTES, and a body */
static void
call_import(struct control_call *call, char **args, void *arg)
{
	static const char begins[] = "the daemon is starting\n";
	struct daemon *d = arg;
	struct import_call *c;
	const char *body;
	size_t len;

	(void)args;
	if (!d->ready) {
		control_answer(call, CONTROL_BUSY, begins, sizeof(begins) - 1);
		return;
	}
	c = xcalloc(1, sizeof(*c));
	c->daemon = d;
	c->call = call;
	body = control_body(call, &len);
	importer_take(d->importer, mill_config(d->mill), body, len,
	    import_taken, c);
}

const struct control_verb daemon_verbs[] = {
	{ "status", call_status, 0 },
	{ "why", call_why, 0 },
	{ "reload", call_reload, 0 },
	{ "fetch", call_fetch, 0 },
	{ "forget", call_forget, 0 },
	{ IMPORT_VERB, call_import, IMPORT_BODY_MAX },
	{ NULL, NULL, 0 }
};
