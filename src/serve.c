/*
 * serve.c - see serve.h.
 *
 * libmicrohttpd is driven from outside: one daemon per listening socket, its
 * epoll descriptor in an ev_io, and after every MHD_run() its own idea of
 * when it has to run again in an ev_timer (its epoll is edge-triggered;
 * without the timer connections would hang).
 *
 * Answers are made of three things: documents (serve_file.c), routes, and
 * the sentences of errors.  Nothing here reads a file or waits.
 */
#include <assert.h>
#include <ev.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/config.h"
#include "feedmill/serve.h"
#include "serve_file.h"
#include "serve_http.h"
#include "serve_socket.h"
#include "serve_watch.h"

enum {
	HEAD_BYTES = 16384,	/* of a request, and what it needs */
	IDLE_S = 30,		/* no byte in either direction */
	HEAD_S = 30,		/* from the first byte to the last header */
	ANSWER_S = 600,		/* one answer, however slowly it is read */
	SWEEP_S = 5,
	PASSED_MAX = 8,		/* sockets from systemd */
	LOG_LINE = 256
};

/* One connection, as we see it from outside. */
struct peer {
	struct peer	*next, **link;
	struct MHD_Connection *connection;
	int64_t		 since_ms;	/* it does what it does */
	int		 answering;
	const char	*target;	/* of the request, as sent */
	size_t		 target_len;
	unsigned char	 address[16];
	int		 has_address;	/* not for unix, not for loopback */
};

struct listener {
	struct listener	*next;
	struct serve	*serve;
	struct MHD_Daemon *daemon;
	char		*where;		/* as configured; NULL: from systemd */
	char		*address;	/* "http://...", NULL: no TCP */
	int		 seen;
	ev_io		 io;
	ev_timer	 timer;
};

struct serve {
	struct ev_loop	*loop;
	const struct serve_route *routes;
	void		*arg;
	const struct config *config;
	struct listener	*listeners;
	struct documents documents;
	struct watch	*watch;
	struct peer	*peers;
	unsigned	 peers_count;
	ev_timer	 sweep;
	unsigned long	 answers[6];	/* by status class */
};

/* ---------------------------------------------------------------- answers */

static enum MHD_Result
send_response(struct serve *s, struct MHD_Connection *c, unsigned status,
    struct MHD_Response *r)
{
	s->answers[status / 100 % 6]++;
	return MHD_queue_response(c, status, r);
}

static const char *
field(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static int
has_body(struct MHD_Connection *c)
{
	const char *length = field(c, "Content-Length");

	return field(c, "Transfer-Encoding") != NULL ||
	    (length != NULL && strcmp(length, "0") != 0);
}

/* Fields that must not be there twice, because two readers of a request
 * could believe different ones (RFC 9112 sections 3.2 and 6.3). */
struct doubles {
	unsigned	 hosts, lengths;
};

static enum MHD_Result
count_field(void *arg, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
	struct doubles *n = arg;

	(void)kind;
	(void)value;
	n->hosts += (unsigned)text_equal_nocase(name, "Host");
	n->lengths += (unsigned)text_equal_nocase(name, "Content-Length");
	return MHD_YES;
}

static int
is_ambiguous(struct MHD_Connection *c)
{
	struct doubles n = { 0, 0 };

	MHD_get_connection_values(c, MHD_HEADER_KIND, count_field, &n);
	return n.hosts > 1 || n.lengths > 1;
}

/* text is a gift: an answer that is made for this request alone. */
static enum MHD_Result
send_text(struct serve *s, struct MHD_Connection *c, unsigned status,
    const char *type, struct buf *text, const char *name, const char *value)
{
	size_t len = text->len;
	struct MHD_Response *r = MHD_create_response_from_buffer(len,
	    buf_take(text), MHD_RESPMEM_MUST_FREE);
	enum MHD_Result rc;

	if (r == NULL)
		return MHD_NO;
	MHD_add_response_header(r, "Content-Type", type);
	MHD_add_response_header(r, "Cache-Control", "no-store");
	MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	if (name != NULL)
		MHD_add_response_header(r, name, value);
	if (status >= 400 && (has_body(c) || is_ambiguous(c)))
		MHD_add_response_header(r, "Connection", "close");
	rc = send_response(s, c, status, r);
	MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result
send_sentence(struct serve *s, struct MHD_Connection *c, unsigned status,
    const char *sentence, const char *name, const char *value)
{
	struct buf text = { 0 };

	buf_printf(&text, "%s\n", sentence);
	return send_text(s, c, status, "text/plain; charset=utf-8", &text,
	    name, value);
}

static enum MHD_Result
send_part(struct serve *s, struct MHD_Connection *c,
    const struct document *doc, const struct shape *shape,
    const struct http_answer *answer)
{
	struct MHD_Response *r = shape_part(shape, answer->first,
	    answer->len);
	char range[80];
	enum MHD_Result rc;

	if (r == NULL)
		return MHD_NO;
	snprintf(range, sizeof(range), "bytes %zu-%zu/%zu", answer->first,
	    answer->first + answer->len - 1, shape_len(shape));
	shape_add_fields(r, doc, shape);
	MHD_add_response_header(r, "Content-Range", range);
	rc = send_response(s, c, 206, r);
	MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result
send_document(struct serve *s, struct MHD_Connection *c,
    const struct document *doc, int is_get)
{
	const struct shape *shape = doc->gzip.bytes != NULL &&
	    http_accepts_gzip(field(c, "Accept-Encoding")) ?
	    &doc->gzip : &doc->plain;
	const struct http_ask ask = {
		.is_get = is_get,
		.if_match = field(c, "If-Match"),
		.if_none_match = field(c, "If-None-Match"),
		.if_modified_since = field(c, "If-Modified-Since"),
		.if_unmodified_since = field(c, "If-Unmodified-Since"),
		.range = field(c, "Range"),
		.if_range = field(c, "If-Range"),
	};
	const struct http_thing thing = {
		shape->etag, doc->modified_ms, shape_len(shape)
	};
	const struct http_answer answer = http_judge(&ask, &thing);
	char range[40];

	switch (answer.status) {
	case 206:
		return send_part(s, c, doc, shape, &answer);
	case 412:
		return send_sentence(s, c, 412, "precondition failed", NULL,
		    NULL);
	case 416:
		snprintf(range, sizeof(range), "bytes */%zu", thing.len);
		return send_sentence(s, c, 416, "no such range",
		    "Content-Range", range);
	default:
		/* 304 with the response of 200: its fields are sent with
		 * their true length, and no body (RFC 9110 section 8.6). */
		return send_response(s, c, (unsigned)answer.status,
		    shape->whole);
	}
}

static enum MHD_Result
send_route(struct serve *s, struct MHD_Connection *c,
    const struct serve_route *route)
{
	struct buf text = { 0 };
	int status = route->answer(&text, s->arg);

	return send_text(s, c, (unsigned)status, route->type, &text, NULL,
	    NULL);
}

/* --------------------------------------------------------------- requests */

/* Addresses of clients and what they ask are theirs, not ours to keep: only
 * where access-log says so. */
static void
log_request(const struct serve *s, const char *method, const char *path)
{
	char line[LOG_LINE];

	if (s->config == NULL || !s->config->http.access_log)
		return;
	snprintf(line, sizeof(line), "%s", path);
	log_event(LOG_INFO, "request", LOG_STR("method", method),
	    LOG_STR("path", line));
}

static enum MHD_Result
answer(struct serve *s, struct MHD_Connection *c, const char *path,
    const char *method)
{
	int is_get = strcmp(method, "GET") == 0;
	const struct document *doc;

	log_request(s, method, path);
	if (!is_get && strcmp(method, "HEAD") != 0)
		return send_sentence(s, c, 405, "only GET and HEAD", "Allow",
		    "GET, HEAD");
	if (is_ambiguous(c))
		return send_sentence(s, c, 400, "a field is there twice",
		    NULL, NULL);
	/* Nothing here wants one, and two framings of one body are how
	 * requests are smuggled. */
	if (has_body(c))
		return send_sentence(s, c, 400, "a request with a body", NULL,
		    NULL);
	doc = documents_find(&s->documents, path);
	if (doc != NULL)
		return send_document(s, c, doc, is_get);
	for (const struct serve_route *r = s->routes;
	    r != NULL && r->path != NULL; r++) {
		if (strcmp(r->path, path) == 0)
			return send_route(s, c, r);
	}
	return send_sentence(s, c, 404, "not found", NULL, NULL);
}

static struct peer *
peer_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c,
	    MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info != NULL ? info->socket_context : NULL;
}

/* The target as it was sent, before it is cut and decoded. */
static void *
note_target(void *cls, const char *target, struct MHD_Connection *c)
{
	struct peer *peer = peer_of(c);

	(void)cls;
	if (peer != NULL) {
		peer->target = target;
		peer->target_len = strlen(target);
	}
	return NULL;
}

/*
 * Did a NUL cut the target short?  The library has strings only; but the
 * version stands in the same line, and one byte is between them.  Where it
 * stands elsewhere nothing can be said.
 */
static int
is_cut_short(const struct peer *peer, const char *version)
{
	uintptr_t from, to = (uintptr_t)version;

	if (peer == NULL || peer->target == NULL)
		return 0;
	from = (uintptr_t)peer->target + peer->target_len;
	return to > from + 1 && to - from < HEAD_BYTES;
}

/*
 * Called first when the head is complete.  An answer at that moment closes
 * the connection when it is sent: right where a body would follow, so that it
 * is never read.  All others are answered at the second call.
 */
static enum MHD_Result
take_request(void *cls, struct MHD_Connection *c, const char *path,
    const char *method, const char *version, const char *data, size_t *size,
    void **state)
{
	struct listener *l = cls;
	struct peer *peer = peer_of(c);

	(void)data;
	if (*state == NULL) {
		*state = l;
		if (!has_body(c) && !is_ambiguous(c))
			return MHD_YES;
	} else if (*size != 0) {
		return MHD_NO;
	}
	if (peer != NULL) {
		peer->answering = 1;
		peer->since_ms = clock_mono_ms();
	}
	if (is_cut_short(peer, version))
		return send_sentence(l->serve, c, 400, "a NUL in the target",
		    NULL, NULL);
	return answer(l->serve, c, path, method);
}

static void
request_completed(void *cls, struct MHD_Connection *c, void **state,
    enum MHD_RequestTerminationCode why)
{
	struct peer *peer = peer_of(c);

	(void)cls;
	(void)state;
	(void)why;
	if (peer == NULL)
		return;
	peer->answering = 0;
	peer->since_ms = clock_mono_ms();
}

/* ------------------------------------------------------------ connections */

/*
 * An address to count by: none for loopback, because behind a reverse proxy
 * all clients have it.  IPv6 counts by the /64 a subscriber has.
 */
static int
read_address(const struct sockaddr *sa, unsigned char out[16])
{
	memset(out, 0, 16);
	if (sa == NULL)
		return 0;
	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)sa;

		memcpy(out + 12, &in->sin_addr, 4);
		return out[12] != 127;
	}
	if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)sa;
		const struct in6_addr *a = &in6->sin6_addr;

		if (IN6_IS_ADDR_LOOPBACK(a))
			return 0;
		if (IN6_IS_ADDR_V4MAPPED(a)) {
			memcpy(out + 12, a->s6_addr + 12, 4);
			return out[12] != 127;
		}
		memcpy(out, a, 8);
		return 1;
	}
	return 0;
}

static enum MHD_Result
accept_policy(void *cls, const struct sockaddr *sa, socklen_t len)
{
	struct listener *l = cls;
	struct serve *s = l->serve;
	unsigned char address[16];
	int64_t n = 0;

	(void)len;
	if (!read_address(sa, address))
		return MHD_YES;
	for (const struct peer *p = s->peers; p != NULL; p = p->next)
		n += p->has_address && memcmp(p->address, address, 16) == 0;
	return n < s->config->http.connections_per_address ? MHD_YES : MHD_NO;
}

static void
peer_begin(struct listener *l, struct MHD_Connection *c, void **context)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c,
	    MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct serve *s = l->serve;
	struct peer *p = xcalloc(1, sizeof(*p));

	p->connection = c;
	p->since_ms = clock_mono_ms();
	p->has_address = read_address(info != NULL ? info->client_addr :
	    NULL, p->address);
	p->next = s->peers;
	p->link = &s->peers;
	if (p->next != NULL)
		p->next->link = &p->next;
	s->peers = p;
	s->peers_count++;
	*context = p;
}

static void
peer_end(struct serve *s, struct peer *p)
{
	*p->link = p->next;
	if (p->next != NULL)
		p->next->link = p->link;
	s->peers_count--;
	free(p);
}

static void
connection_changed(void *cls, struct MHD_Connection *c, void **context,
    enum MHD_ConnectionNotificationCode what)
{
	struct listener *l = cls;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		peer_begin(l, c, context);
	} else if (*context != NULL) {
		peer_end(l->serve, *context);
		*context = NULL;
	}
}

/* The idle timeout is libmicrohttpd's; who keeps sending a byte now and then
 * is stopped here. */
static void
sweep_up(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct serve *s = timer->data;
	int64_t now = clock_mono_ms();

	(void)loop;
	(void)events;
	for (struct peer *p = s->peers; p != NULL; p = p->next) {
		int64_t limit_ms = 1000 * (p->answering ? ANSWER_S : HEAD_S);
		const union MHD_ConnectionInfo *info;

		if (now - p->since_ms < limit_ms)
			continue;
		info = MHD_get_connection_info(p->connection,
		    MHD_CONNECTION_INFO_CONNECTION_FD);
		if (info != NULL)
			shutdown(info->connect_fd, SHUT_RDWR);
	}
}

/* -------------------------------------------------------------- listeners */

static void
run(struct listener *l)
{
	struct serve *s = l->serve;
	MHD_UNSIGNED_LONG_LONG ms;

	MHD_run(l->daemon);
	ev_timer_stop(s->loop, &l->timer);
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

/* What it has to say is about clients, and clients can make it say it. */
static void
log_library(void *cls, const char *fmt, va_list args)
{
	char line[LOG_LINE];

	(void)cls;
	vsnprintf(line, sizeof(line), fmt, args);
	line[strcspn(line, "\r\n")] = '\0';
	log_event(LOG_DEBUG, "http library", LOG_STR("says", line));
}

static int
start_daemon(struct listener *l, int fd)
{
	struct serve *s = l->serve;
	const union MHD_DaemonInfo *info;

	l->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0,
	    accept_policy, l, take_request, l,
	    MHD_OPTION_EXTERNAL_LOGGER, log_library, NULL,
	    MHD_OPTION_URI_LOG_CALLBACK, note_target, NULL,
	    MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)s->config->http.connections,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_BYTES,
	    MHD_OPTION_NOTIFY_CONNECTION, connection_changed, l,
	    MHD_OPTION_NOTIFY_COMPLETED, request_completed, l,
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

static int
open_configured(struct serve *s, const char *where, struct err *err)
{
	int fd;

	for (struct listener *l = s->listeners; l != NULL; l = l->next) {
		if (l->where != NULL && strcmp(l->where, where) == 0) {
			l->seen = 1;
			return 0;
		}
	}
	fd = socket_listen(where, err);
	return fd == -1 ? -1 : add_listener(s, where, fd, err);
}

/* ----------------------------------------------------------------- public */

void
serve_reload(struct serve *s)
{
	if (s->config != NULL)
		documents_load(&s->documents, s->config);
}

static void
files_changed(void *arg)
{
	serve_reload(arg);
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
open_all(struct serve *s, struct err *err)
{
	const char *const *listen = s->config->http.listen;
	int inherited = 0, failed = 0;

	for (struct listener *l = s->listeners; l != NULL; l = l->next) {
		l->seen = l->where == NULL;
		inherited += l->seen;
	}
	if (!s->config->http.enabled)
		return 0;
	if (s->listeners == NULL)
		inherited = open_inherited(s, err);
	for (; inherited == 0 && listen != NULL && *listen; listen++) {
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
	rc = open_all(s, err);
	close_unseen(s);
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
	ev_ref(s->loop);
	ev_timer_stop(s->loop, &s->sweep);
	watch_free(s->watch);
	documents_free(&s->documents);
	config_unref(s->config);
	free(s);
}
