/*
 * lane.c - a libcurl multi handle on the event loop.
 *
 *	lane_start --> libcurl --> drain --> done, drained
 *	                ^    |
 *	  on_socket, on_timer
 *
 * Only drain() ends a transfer, and only the two libev callbacks call it,
 * after libcurl has returned: libcurl is never entered twice, and nobody is
 * called back from inside his own call.
 *
 * libcurl resolves nothing (see transfer_new_handle): it knows the addresses
 * that were pinned.  A pin stays in the multi handle until it is replaced or
 * taken away, so one is only sent when it is new or another: `pins` is a
 * guess at what libcurl holds, bounded by its size.  Where the guess fails,
 * the transfer fails for want of an address, nothing having been sent, and
 * is started again with a forced pin.
 */
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <ev.h>

#include "feedmill/base/clock.h"
#include "feedmill/base/hash.h"
#include "feedmill/base/mem.h"
#include "private.h"

enum {
	PINS = 2048,			/* a power of two */
	TURN_MS = 8			/* for sockets, in one turn of the loop */
};

struct pin {
	char			*host;		/* NULL: free */
	unsigned		 port;
	struct digest		 addresses;
};

struct watch {				/* one socket of libcurl's */
	struct ev_io		 io;	/* first: an ev_io * is a watch * */
	TAILQ_ENTRY(watch)	 link;
	struct lane		*lane;
	int			 events;	/* seen; 0: it is not in line */
};

TAILQ_HEAD(watches, watch);

struct lane {
	struct ev_loop		*loop;
	CURLM			*multi;
	struct watches		 line;		/* sockets that are ready */
	unsigned		 turn;		/* the loop's */
	int64_t			 turn_began_ms;	/* here */
	struct ev_timer		 timer;		/* the one libcurl asked for */
	lane_done_fn		*done;
	lane_drained_fn		*drained;
	void			*arg;
	struct pin		 pins[PINS];
};


/* Give every finished transfer back. */
static void
drain(struct lane *l)
{
	CURLMsg *msg;
	int left, any = 0;

	while ((msg = curl_multi_info_read(l->multi, &left)) != NULL) {
		CURLcode code = msg->data.result;	/* msg dies below */
		struct handle *h;

		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE,
		    (char **)&h);
		curl_multi_remove_handle(l->multi, h->curl);
		l->done(h, code, l->arg);
		any = 1;
	}
	if (any)
		l->drained(l->arg);
}

static void
on_timer(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct lane *l = timer->data;
	int running;

	(void)loop, (void)revents;
	curl_multi_socket_action(l->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	drain(l);
}

/* Has this turn of the loop had its share of sockets? */
static int
turn_is_used_up(struct lane *l)
{
	int64_t now_ms = clock_mono_ms();

	if (l->turn != ev_iteration(l->loop)) {
		l->turn = ev_iteration(l->loop);
		l->turn_began_ms = now_ms;
	}
	return now_ms - l->turn_began_ms >= TURN_MS;
}

static void
line_leave(struct watch *w)
{
	if (w->events != 0)
		TAILQ_REMOVE(&w->lane->line, w, link);
	w->events = 0;
}

/*
 * libcurl reads up to 1.6 MB of one socket at a time, and a handshake takes
 * most of a millisecond: sockets get into line, and those that have no share
 * of this turn are ready in the next one as well.  Who has waited longest
 * goes first, whosever event it was.
 */
static void
on_socket(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct watch *w = (struct watch *)io;
	struct lane *l = w->lane;
	int what = 0, running, fd;

	(void)loop;
	if (w->events == 0)
		TAILQ_INSERT_TAIL(&l->line, w, link);
	w->events |= revents;
	if (turn_is_used_up(l))
		return;
	w = TAILQ_FIRST(&l->line);
	if (w->events & EV_READ)
		what |= CURL_CSELECT_IN;
	if (w->events & EV_WRITE)
		what |= CURL_CSELECT_OUT;
	fd = w->io.fd;
	line_leave(w);
	/* w may be gone before this returns: see curl_wants_socket(). */
	curl_multi_socket_action(l->multi, fd, what, &running);
	drain(l);
}

/* libcurl: "call me in ms".  Only arm the timer: calling back is forbidden. */
static int
curl_wants_timer(CURLM *multi, long ms, void *arg)
{
	struct lane *l = arg;

	(void)multi;
	ev_timer_stop(l->loop, &l->timer);
	if (ms >= 0) {
		ev_timer_set(&l->timer, (double)ms / 1000.0, 0.0);
		ev_timer_start(l->loop, &l->timer);
	}
	return 0;
}

/* libcurl: "watch this socket for what", or stop watching it. */
static int
curl_wants_socket(CURL *easy, curl_socket_t fd, int what, void *arg,
    void *known)
{
	struct lane *l = arg;
	struct watch *w = known;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w != NULL) {
			ev_io_stop(l->loop, &w->io);
			line_leave(w);
		}
		free(w);
		return 0;
	}
	if (w == NULL) {
		w = xcalloc(1, sizeof(*w));
		w->lane = l;
		ev_init(&w->io, on_socket);
		curl_multi_assign(l->multi, fd, w);
	}
	if (what & CURL_POLL_IN)
		events |= EV_READ;
	if (what & CURL_POLL_OUT)
		events |= EV_WRITE;
	ev_io_stop(l->loop, &w->io);
	ev_io_set(&w->io, fd, events);
	ev_io_start(l->loop, &w->io);
	return 0;
}

/* ------------------------------------------------------------------- pins */

/* "+host:port:address,[address]..." in the transfer's arena. */
static char *
pin_text(struct arena *arena, const char *host, unsigned port,
    const struct resolved *to)
{
	char *text = arena_printf(arena, "+%s:%u:", host, port);

	for (unsigned i = 0; i < to->count; i++) {
		const union resolve_address *a = &to->address[i];
		int six = a->any.sa_family == AF_INET6;
		char shown[INET6_ADDRSTRLEN];

		inet_ntop(a->any.sa_family, six ?
		    (const void *)&a->in6.sin6_addr :
		    (const void *)&a->in4.sin_addr, shown, sizeof(shown));
		text = arena_printf(arena, six ? "%s%s[%s]" : "%s%s%s", text,
		    i > 0 ? "," : "", shown);
	}
	return text;
}

/* What libcurl has to be told before this transfer; NULL: nothing. */
static struct curl_slist *
pin_list(struct lane *l, struct handle *h, const char *host, unsigned port,
    const struct resolved *to, int forced)
{
	struct arena *arena = &h->xfer->arena;
	struct pin *pin = &l->pins[hash_64(host, strlen(host), port) &
	    (PINS - 1)];
	struct digest addresses = hash_128(to->address,
	    to->count * sizeof(to->address[0]));
	int is_its = pin->host != NULL && pin->port == port &&
	    strcmp(pin->host, host) == 0;
	unsigned n = 0;

	if (is_its && !forced && digest_equal(pin->addresses, addresses))
		return NULL;
	if (pin->host != NULL && !is_its)
		h->pin[n++].data = arena_printf(arena, "-%s:%u", pin->host,
		    pin->port);
	h->pin[n++].data = pin_text(arena, host, port, to);
	h->pin[0].next = n > 1 ? &h->pin[1] : NULL;
	h->pin[n - 1].next = NULL;
	if (!is_its) {
		free(pin->host);
		pin->host = xstrdup(host);
		pin->port = port;
	}
	pin->addresses = addresses;
	return h->pin;
}

/* ----------------------------------------------------------------- public */

void
lane_start(struct lane *l, struct handle *h, const char *host, unsigned port,
    const struct resolved *to, int forced)
{
	/* Addresses need none: libcurl knows itself what they are. */
	curl_easy_setopt(h->curl, CURLOPT_RESOLVE, host == NULL ? NULL :
	    pin_list(l, h, host, port, to, forced));
	if (curl_multi_add_handle(l->multi, h->curl) != CURLM_OK)
		abort();	/* out of memory, or called from a callback */
}

void
lane_abort(struct lane *l, struct handle *h)
{
	curl_multi_remove_handle(l->multi, h->curl);
}

struct lane *
lane_new(struct ev_loop *loop, const struct fetch_limits *limits,
    lane_done_fn *done, lane_drained_fn *drained, void *arg)
{
	struct lane *l = xcalloc(1, sizeof(*l));
	CURLM *m = curl_multi_init();

	if (m == NULL)
		abort();
	l->loop = loop;
	l->multi = m;
	TAILQ_INIT(&l->line);
	l->done = done;
	l->drained = drained;
	l->arg = arg;
	ev_init(&l->timer, on_timer);
	l->timer.data = l;
	curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, curl_wants_socket);
	curl_multi_setopt(m, CURLMOPT_SOCKETDATA, l);
	curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, curl_wants_timer);
	curl_multi_setopt(m, CURLMOPT_TIMERDATA, l);
	curl_multi_setopt(m, CURLMOPT_MAX_TOTAL_CONNECTIONS,
	    (long)limits->connections);
	curl_multi_setopt(m, CURLMOPT_MAX_HOST_CONNECTIONS,
	    (long)limits->connections_per_host);
	curl_multi_setopt(m, CURLMOPT_MAXCONNECTS,
	    (long)limits->connections);
	return l;
}

void
lane_free(struct lane *l)
{
	if (l == NULL)
		return;
	curl_multi_cleanup(l->multi);
	ev_timer_stop(l->loop, &l->timer);
	for (size_t i = 0; i < PINS; i++)
		free(l->pins[i].host);
	free(l);
}
