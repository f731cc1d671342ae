/*
 * fetch_rig.h - fetch on a loop, and tests/tools/origin.py as its world.
 *
 * Tests run from the top of the tree.  Logs live in one folder, which
 * rig_init() makes and rig_fini() removes.  rig_ask() runs one order to its
 * end; rig_sent() is a header of the last request an origin saw.
 */
#ifndef FEEDMILL_TESTS_FETCH_RIG_H
#define FEEDMILL_TESTS_FETCH_RIG_H

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ev.h>
#include <jansson.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "feedmill/fetch.h"
#include "feedmill/resolve.h"
#include "unit.h"

struct origin {
	pid_t	 pid;
	int	 hold;		/* its stdin: it ends with this end */
	int	 port;
	char	 log[64];
};

static char origin_dir[] = "/tmp/feedmill-origin-XXXXXX";

/* extra: more arguments, NULL ends. */
static inline void
origin_start(struct origin *o, const char *script, const char *const *extra)
{
	const char *argv[24] = { "python3", "tests/tools/origin.py" };
	int in[2], out[2], n = 2, got;
	char text[16] = "";

	snprintf(o->log, sizeof(o->log), "%s/XXXXXX", origin_dir);
	close(mkstemp(o->log));
	while (extra != NULL && *extra != NULL)
		argv[n++] = *extra++;
	argv[n++] = script;
	argv[n++] = o->log;
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	o->pid = fork();
	assert_true(o->pid >= 0);
	if (o->pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		for (int fd = 3; fd < 256; fd++)
			close(fd);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	o->hold = in[1];
	for (n = 0; n < 15 && strchr(text, '\n') == NULL; n += got) {
		got = (int)read(out[0], text + n, (size_t)(15 - n));
		if (got <= 0)
			break;
	}
	close(out[0]);
	o->port = atoi(text);
	if (o->port == 0)
		fail_msg("tests/tools/origin.py did not start");
}

static inline void
origin_stop(struct origin *o)
{
	close(o->hold);
	waitpid(o->pid, NULL, 0);
	unlink(o->log);
}

/* All requests so far; to be json_decref()ed. */
static inline json_t *
origin_requests(const struct origin *o)
{
	FILE *f = fopen(o->log, "r");
	json_t *all = json_array();
	char *line = NULL;
	size_t size = 0;

	assert_non_null(f);
	while (getline(&line, &size, f) > 0)
		json_array_append_new(all, json_loads(line, 0, NULL));
	free(line);
	fclose(f);
	return all;
}

/* ------------------------------------------------------------------ fetch */

enum { RIG_PATIENCE_S = 30 };

static struct {
	struct ev_loop	*loop;
	struct resolve	*resolve;
	struct fetch	*fetch;
	struct fetched	*got;		/* of the last rig_ask() */
	char		*sent;
	int		 waiting;
} rig;

static inline void
rig_done(struct fetched **taken, void *arg)
{
	(void)arg;
	fetched_free(rig.got);
	rig.got = TAKE(*taken);
	fetch_release(rig.fetch, rig.got);
	if (rig.got->outcome == OUTCOME_OK)
		fetched_open(rig.got);
	if (--rig.waiting == 0)
		ev_break(rig.loop, EVBREAK_ALL);
}

static inline void
rig_is_stuck(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	(void)loop, (void)timer, (void)revents;
	fprintf(stderr, "no answer within %d s\n", RIG_PATIENCE_S);
	abort();
}

/* Until every order that was started is answered. */
static inline void
rig_run(void)
{
	struct ev_timer patience;

	ev_timer_init(&patience, rig_is_stuck, RIG_PATIENCE_S, 0.0);
	ev_timer_start(rig.loop, &patience);
	ev_run(rig.loop, 0);
	ev_timer_stop(rig.loop, &patience);
}

static inline void
rig_start(const struct fetch_order *o)
{
	rig.waiting++;
	fetch_start(rig.fetch, o);
}

static inline struct fetched *
rig_ask(const struct fetch_order *o)
{
	fetched_free(TAKE(rig.got));
	rig_start(o);
	assert_null(rig.got);		/* not before it has returned */
	rig_run();
	assert_non_null(rig.got);
	assert_non_null(rig.got->reason);
	assert_non_null(rig.got->url);
	if (rig.got->outcome != OUTCOME_OK)
		assert_int_equal(rig.got->body.len, 0);
	assert_int_equal(fetch_active(rig.fetch), 0);
	assert_int_equal(fetch_bytes_in_flight(rig.fetch), 0);
	return rig.got;
}

/* An order for a path of the origin, which may be on loopback. */
static inline struct fetch_order
rig_order(const struct origin *o, const char *path)
{
	static char url[8192];

	snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", o->port, path);
	return (struct fetch_order){
		.source_id = 7, .url = url, .allow_private_addresses = 1,
		.timeout_ms = 20000, .connect_timeout_ms = 10000,
		.body_bytes = 1 << 20, .user_agent = "feedmill/test",
	};
}

static inline struct fetched *
rig_get(const struct origin *o, const char *path)
{
	struct fetch_order order = rig_order(o, path);

	return rig_ask(&order);
}

static inline size_t
rig_count(const struct origin *o)
{
	json_t *all = origin_requests(o);
	size_t n = json_array_size(all);

	json_decref(all);
	return n;
}

/* A field ("target", "raw") of the last request, or of the one `back` before
 * it; valid until the next call. */
static inline const char *
rig_saw(const struct origin *o, size_t back, const char *field)
{
	json_t *all = origin_requests(o);
	size_t n = json_array_size(all);

	assert_true(n > back);
	free(rig.sent);
	rig.sent = xstrdup(json_string_value(json_object_get(
	    json_array_get(all, n - 1 - back), field)));
	json_decref(all);
	return rig.sent;
}

/* The header of that request; NULL if it was not sent. */
static inline const char *
rig_sent(const struct origin *o, size_t back, const char *name)
{
	json_t *all = origin_requests(o), *pair;
	size_t n = json_array_size(all), i;

	assert_true(n > back);
	free(TAKE(rig.sent));
	json_array_foreach(json_object_get(json_array_get(all, n - 1 - back),
	    "headers"), i, pair)
		if (strcasecmp(json_string_value(json_array_get(pair, 0)),
		    name) == 0)
			rig.sent = xstrdup(json_string_value(json_array_get(
			    pair, 1)));
	json_decref(all);
	return rig.sent;
}

static inline void
rig_init(const struct fetch_limits *limits)
{
	/* Whoever believes the environment gets no answer at all. */
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("https_proxy", "http://127.0.0.1:1", 1);
	setenv("all_proxy", "http://127.0.0.1:1", 1);
	signal(SIGPIPE, SIG_IGN);
	url_init();
	assert_non_null(mkdtemp(origin_dir));
	rig.loop = ev_loop_new(EVFLAG_AUTO);
	rig.resolve = resolve_new(rig.loop);
	rig.fetch = fetch_new(rig.loop, rig.resolve, limits, rig_done, NULL);
}

static inline void
rig_fini(void)
{
	fetched_free(TAKE(rig.got));
	free(TAKE(rig.sent));
	fetch_free(rig.fetch);
	resolve_free(rig.resolve);
	ev_loop_destroy(rig.loop);
	rmdir(origin_dir);
}

#endif
