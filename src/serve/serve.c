/*
 * serve.c - see serve.h.
 *
 * libmicrohttpd is driven from outside: one daemon per listening socket, its
 * epoll descriptor in an ev_io, and after every MHD_run() its own idea of
 * when it has to run again in an ev_timer (its epoll is edge-triggered;
 * without the timer connections would hang).
 */
#include <assert.h>
#include <ev.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feedmill/base/err.h"
#include "feedmill/base/limits.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/serve.h"
#include "private.h"
#include "socket.h"
#include "watch.h"

enum {
	PASSED_MAX = 8,		/* sockets from systemd */
	REST_S = 1,		/* where nobody could be let in */
};

/* -------------------------------------------------------------- listeners */

static unsigned
connections_now(const struct listener *l)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(l->daemon,
	    MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info != NULL ? info->num_connections : 0;
}

/* No more files may be open, and none of ours will be closed: the library
 * would try again and again. */
static int
cannot_let_in(const struct listener *l)
{
	return connections_now(l) == 0 && limits_files_are_out();
}

/*
 * At its limit the library does not wait for new connections, and begins
 * again only when it is run once more after one has ended: those who were
 * kept waiting would wait for ever.
 */
static void
run(struct listener *l)
{
	struct serve *s = l->serve;
	unsigned before = connections_now(l);
	MHD_UNSIGNED_LONG_LONG ms;

	MHD_run(l->daemon);
	if (connections_now(l) < before)
		MHD_run(l->daemon);
	ev_timer_stop(s->loop, &l->timer);
	if (cannot_let_in(l)) {
		ev_io_stop(s->loop, &l->io);
		ev_timer_set(&l->timer, REST_S, 0.);
		ev_timer_start(s->loop, &l->timer);
		return;
	}
	ev_io_start(s->loop, &l->io);
	if (MHD_get_timeout(l->daemon, &ms) != MHD_YES)
		return;
	ev_timer_set(&l->timer, (double)ms / 1000., 0.);
	ev_timer_start(s->loop, &l->timer);
}

static void
daemon_ready(struct ev_loop *loop, ev_io *io, int events)
{
	(void)loop;
	(void)events;
	run(io->data);
}

static void
daemon_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	run(timer->data);
}

/* What the library answers by itself (a head it cannot read, or one that is
 * too long) is told nowhere but in its log. */
static void
count_refusal(struct serve *s, const char *line)
{
	static const char says[] = "HTTP response code is ";
	const char *at = strstr(line, says);
	unsigned long status;

	if (at == NULL)
		return;
	status = strtoul(at + sizeof(says) - 1, NULL, 10);
	if (status >= 400 && status < 600)
		s->answers[status / 100]++;
}

/* For want of files it lets nobody in until somebody has gone. */
static void
note_closed(struct listener *l, const char *line)
{
	if (strstr(line, "suspending accept") != NULL)
		serve_close_doors(l);
}

/* What it has to say is about clients, and clients can make it say it. */
static void
log_library(void *cls, const char *fmt, va_list args)
{
	struct listener *l = cls;
	char line[LOG_LINE];

	vsnprintf(line, sizeof(line), fmt, args);
	count_refusal(l->serve, line);
	note_closed(l, line);
	line[strcspn(line, "\r\n")] = '\0';
	log_event(LOG_DEBUG, "http library", LOG_STR("says", line));
}

/* Of each socket that listens: they share what the server may have. */
static unsigned
connections_of(const struct config *c)
{
	unsigned share = limits_socket_share(), count = 0;

	while (c->http.listen != NULL && c->http.listen[count] != NULL)
		count++;
	share /= count > 1 ? count : 1;
	return share < (unsigned)c->http.connections ? share :
	    (unsigned)c->http.connections;
}

static int
start_daemon(struct listener *l, int fd)
{
	struct serve *s = l->serve;
	const union MHD_DaemonInfo *info;

	l->limit = connections_of(s->config);
	l->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_TURBO |
	    MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME, 0,
	    serve_accept, l, serve_take_request, l,
	    MHD_OPTION_EXTERNAL_LOGGER, log_library, l,
	    MHD_OPTION_URI_LOG_CALLBACK, serve_note_target, NULL,
	    MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_CONNECTION_LIMIT, l->limit,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_BYTES,
	    MHD_OPTION_NOTIFY_CONNECTION, serve_connection_changed, l,
	    MHD_OPTION_NOTIFY_COMPLETED, serve_request_completed, l,
	    MHD_OPTION_END);
	if (l->daemon == NULL)
		return -1;
	info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	assert(info != NULL);
	ev_io_init(&l->io, daemon_ready, info->epoll_fd, EV_READ);
	ev_timer_init(&l->timer, daemon_timer, 0., 0.);
	l->io.data = l->timer.data = l;
	ev_io_start(s->loop, &l->io);
	run(l);
	return 0;
}

/* fd is taken, also on failure. */
static int
add_listener(struct serve *s, const char *where, int fd, struct err *err)
{
	struct listener *l = xcalloc(1, sizeof(*l)), **last;

	l->serve = s;
	l->where = xstrdup_null(where);
	l->seen = 1;
	if (start_daemon(l, fd) == -1) {
		close(fd);
		free(l->where);
		free(l);
		return err_set(err, "cannot serve on %s: libmicrohttpd "
		    "does not start", where != NULL ? where : "systemd");
	}
	l->address = socket_address(fd);
	/* At the end: in configured order. */
	for (last = &s->listeners; *last != NULL; last = &(*last)->next)
		;
	*last = l;
	return 0;
}

static void
listener_free(struct listener *l)
{
	const char *path = l->where != NULL ? socket_path(l->where) : NULL;

	ev_io_stop(l->serve->loop, &l->io);
	ev_timer_stop(l->serve->loop, &l->timer);
	serve_call_end_all(l);
	MHD_stop_daemon(l->daemon);	/* closes its socket, too */
	if (path != NULL)
		unlink(path);
	free(l->where);
	free(l->address);
	free(l);
}

static void
close_unseen(struct serve *s)
{
	struct listener **link = &s->listeners, *l;

	while ((l = *link) != NULL) {
		if (l->seen) {
			link = &l->next;
			continue;
		}
		*link = l->next;
		listener_free(l);
	}
}

static int
open_inherited(struct serve *s, struct err *err)
{
	int fds[PASSED_MAX], n = socket_inherited(fds, PASSED_MAX), opened = 0;

	for (int i = 0; i < n; i++)
		opened += add_listener(s, NULL, fds[i], err) == 0;
	return opened;
}

static struct listener *
find_listener(const struct serve *s, const char *where)
{
	struct listener *l = s->listeners;

	while (l != NULL && (l->where == NULL || strcmp(l->where, where) != 0))
		l = l->next;
	return l;
}

/* ---------------------------------------------------------- the next ones */

struct prepared {
	struct prepared	*next;
	char		*where;
	int		 fd;
};

/* The socket; -1: there is none for it. */
static int
take_prepared(struct serve *s, const char *where)
{
	struct prepared **link = &s->prepared, *p;
	int fd;

	while ((p = *link) != NULL && strcmp(p->where, where) != 0)
		link = &p->next;
	if (p == NULL)
		return -1;
	*link = p->next;
	fd = p->fd;
	free(p->where);
	free(p);
	return fd;
}

static void
drop_prepared(struct serve *s)
{
	struct prepared *p;

	while ((p = s->prepared) != NULL) {
		const char *path = socket_path(p->where);

		if (path != NULL)
			unlink(path);
		close(take_prepared(s, p->where));
	}
}

static int
is_listed(const struct config *c, const char *where)
{
	for (size_t i = 0; c->http.listen[i] != NULL; i++)
		if (strcmp(c->http.listen[i], where) == 0)
			return 1;
	return 0;
}

/* Is it a socket of our own that is in the way, and about to go?  So it is
 * from 127.0.0.1:8080 to 0.0.0.0:8080. */
static int
is_in_our_way(const struct serve *s, const struct config *c, const char *where)
{
	const char *port = strrchr(where, ':'), *its;

	for (struct listener *l = s->listeners; l != NULL; l = l->next) {
		its = l->where != NULL ? strrchr(l->where, ':') : NULL;
		if (port != NULL && its != NULL && strcmp(its, port) == 0 &&
		    !is_listed(c, l->where))
			return 1;
	}
	return 0;
}

/* It is asked for already, and could not be had: that was said, and hinders
 * no reload. */
static int
was_missed(const struct serve *s, const char *where)
{
	return s->config != NULL && s->config->http.enabled &&
	    is_listed(s->config, where);
}

static int
prepare(struct serve *s, const struct config *c, const char *where,
    struct err *err)
{
	struct prepared *p;
	int fd;

	if (find_listener(s, where) != NULL)
		return 0;
	fd = socket_listen(where, err);
	if (fd == -1)
		return was_missed(s, where) || is_in_our_way(s, c, where) ?
		    0 : -1;
	p = xcalloc(1, sizeof(*p));
	*p = (struct prepared){ s->prepared, xstrdup(where), fd };
	s->prepared = p;
	return 0;
}

static int
open_configured(struct serve *s, const char *where, struct err *err)
{
	int fd;

	if (find_listener(s, where) != NULL)
		return 0;
	fd = take_prepared(s, where);
	if (fd == -1)
		fd = socket_listen(where, err);
	return fd == -1 ? -1 : add_listener(s, where, fd, err);
}

/* ----------------------------------------------------------------- public */

static void
sweep_up(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	serve_sweep(timer->data);
}

void
serve_reload(struct serve *s)
{
	if (s->config != NULL)
		documents_load(&s->documents, s->config);
}

static void
files_changed(void *arg)
{
	struct serve *s = arg;

	if (s->config == NULL)
		return;
	watch_renew(s->watch, s->config);
	serve_reload(s);
}

struct serve *
serve_new(struct ev_loop *loop, const struct serve_route *routes, void *arg)
{
	struct serve *s = xcalloc(1, sizeof(*s));

	s->loop = loop;
	s->routes = routes;
	s->arg = arg;
	ev_timer_init(&s->sweep, sweep_up, SWEEP_S, SWEEP_S);
	s->sweep.data = s;
	s->watch = watch_new(loop, files_changed, s);
	ev_timer_start(loop, &s->sweep);
	/* It alone shall not keep a loop running. */
	ev_unref(loop);
	return s;
}

/* Sockets from systemd stand for the configured ones, for good: they cannot
 * be had a second time. */
static int
has_inherited(const struct serve *s)
{
	for (const struct listener *l = s->listeners; l != NULL; l = l->next)
		if (l->where == NULL)
			return 1;
	return 0;
}

/* They are there, and nothing is served yet. */
static int
will_inherit(const struct serve *s)
{
	int fds[PASSED_MAX];

	return s->listeners == NULL && socket_inherited(fds, PASSED_MAX) > 0;
}

int
serve_prepare(struct serve *s, const struct config *config, struct err *err)
{
	const char *const *listen = config->http.listen;

	drop_prepared(s);
	if (!config->http.enabled || has_inherited(s) || will_inherit(s))
		return 0;
	for (; *listen != NULL; listen++) {
		if (prepare(s, config, *listen, err) == -1) {
			drop_prepared(s);
			return -1;
		}
	}
	return 0;
}

/* What goes first: it may be in the way of what comes. */
static void
close_unlisted(struct serve *s)
{
	int inherited = has_inherited(s);

	for (struct listener *l = s->listeners; l != NULL; l = l->next)
		l->seen = l->where == NULL || (!inherited &&
		    s->config->http.enabled && is_listed(s->config, l->where));
	close_unseen(s);
}

static int
open_all(struct serve *s, struct err *err)
{
	const char *const *listen = s->config->http.listen;
	int failed = 0;

	if (!s->config->http.enabled || has_inherited(s) ||
	    (s->listeners == NULL && open_inherited(s, err) > 0))
		return 0;
	for (; *listen != NULL; listen++) {
		if (open_configured(s, *listen, err) == 0)
			continue;
		failed = 1;
		log_event(LOG_ERROR, "not listening",
		    LOG_STR("error", err->msg));
	}
	return failed ? -1 : 0;
}

int
serve_configure(struct serve *s, const struct config *config,
    struct err *err)
{
	const struct config *old = s->config;
	int rc;

	s->config = config_ref(config);
	config_unref(old);
	watch_configure(s->watch, config);
	close_unlisted(s);
	rc = open_all(s, err);
	drop_prepared(s);
	serve_reload(s);
	return rc == -1 && s->listeners == NULL ? -1 : 0;
}

const char *
serve_address(const struct serve *s)
{
	for (const struct listener *l = s->listeners; l != NULL; l = l->next) {
		if (l->address != NULL)
			return l->address;
	}
	return NULL;
}

unsigned long
serve_count(const struct serve *s, int status_class)
{
	return status_class >= 1 && status_class <= 5 ?
	    s->answers[status_class] : 0;
}

unsigned
serve_connections(const struct serve *s)
{
	return s->peers_count;
}

void
serve_free(struct serve *s)
{
	if (s == NULL)
		return;
	for (struct listener *l = s->listeners; l != NULL; l = l->next)
		l->seen = 0;
	close_unseen(s);
	drop_prepared(s);
	ev_ref(s->loop);
	ev_timer_stop(s->loop, &s->sweep);
	watch_free(s->watch);
	documents_free(&s->documents);
	config_unref(s->config);
	free(s);
}
