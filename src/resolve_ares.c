/*
 * resolve_ares.c - c-ares on libev.
 *
 *	ask --> c-ares <-- on_socket, on_timer
 *	           |
 *	           '--> answer function (notes it)
 *
 * A channel reads resolv.conf once, when it is made.  After a renewal there
 * is a new one, and the old one lives as long as it has questions open.
 */
#include <stdlib.h>
#include <string.h>

#include <ares.h>
#include <ev.h>

#include "feedmill/base/mem.h"
#include "resolve_ares.h"

enum {
	/* Two rounds, 2 s and 4 s for each server: within the ten seconds a
	 * connection is given, also where AAAA is never answered. */
	ASK_TIMEOUT_MS = 2000,
	ASK_TRIES = 2,
};

struct watch {				/* one socket of c-ares */
	struct ev_io		 io;	/* first: an ev_io * is a watch * */
	struct watch		*next;
	struct channel		*channel;
};

struct channel {
	struct channel		*next;
	struct resolve_ares	*owner;
	ares_channel		 ares;
	struct ev_timer		 timer;
	struct watch		*watches;
	unsigned		 open;		/* questions */
	int			 freeing;
};

struct resolve_ares {
	struct ev_loop		*loop;
	resolve_ares_fn		*answer;
	struct channel		*channels;	/* the current one first */
};

struct question {
	struct channel		*channel;
	void			*token;
};

static void
put_address(struct resolved *r, const struct ares_addrinfo_node *node)
{
	union resolve_address *a = &r->address[r->count++];

	memset(a, 0, sizeof(*a));
	memcpy(a, node->ai_addr, node->ai_family == AF_INET ?
	    sizeof(a->in4) : sizeof(a->in6));
	if (node->ai_family == AF_INET)
		a->in4.sin_port = 0;
	else
		a->in6.sin6_port = 0;
}

static const struct ares_addrinfo_node *
next_of_family(const struct ares_addrinfo_node *node, int family)
{
	while (node != NULL && node->ai_family != family)
		node = node->ai_next;
	return node;
}

/* IPv6 and IPv4 in turn, so that a dead family costs one attempt. */
static void
read_addresses(const struct ares_addrinfo *info, struct resolved *ret)
{
	const struct ares_addrinfo_node *six, *four;

	six = next_of_family(info->nodes, AF_INET6);
	four = next_of_family(info->nodes, AF_INET);
	while (six != NULL || four != NULL) {
		if (six != NULL && ret->count < RESOLVE_ADDRESSES_MAX) {
			put_address(ret, six);
			six = next_of_family(six->ai_next, AF_INET6);
		}
		if (four != NULL && ret->count < RESOLVE_ADDRESSES_MAX) {
			put_address(ret, four);
			four = next_of_family(four->ai_next, AF_INET);
		}
		if (ret->count == RESOLVE_ADDRESSES_MAX)
			break;
	}
}

static unsigned
shortest_ttl(const struct ares_addrinfo *info)
{
	int ttl = -1;

	for (const struct ares_addrinfo_node *n = info->nodes; n != NULL;
	    n = n->ai_next)
		if (ttl < 0 || n->ai_ttl < ttl)
			ttl = n->ai_ttl;
	for (const struct ares_addrinfo_cname *c = info->cnames; c != NULL;
	    c = c->next)
		if (ttl < 0 || c->ttl < ttl)
			ttl = c->ttl;
	return ttl > 0 ? (unsigned)ttl : 0;
}

static const char *
failure_of(int status)
{
	switch (status) {
	case ARES_ENOTFOUND:
		return "no such host name";
	case ARES_ENODATA:
		return "the host name has no address";
	case ARES_ETIMEOUT:
		return "the name server does not answer";
	case ARES_ECONNREFUSED:
		return "no name server gave an answer";
	case ARES_ESERVFAIL:
		return "the name server fails for this host name";
	case ARES_EREFUSED:
		return "the name server refuses to answer";
	case ARES_EBADNAME:
		return "not a host name";
	default:
		return "the host name could not be resolved";
	}
}

static void
on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct question *q = arg;
	struct resolved r;
	unsigned ttl_s = 0;

	(void)timeouts;
	r.count = 0;
	r.failure = NULL;
	if (status == ARES_SUCCESS) {
		read_addresses(info, &r);
		ttl_s = shortest_ttl(info);
	}
	if (r.count == 0)
		r.failure = failure_of(status);
	if (info != NULL)
		ares_freeaddrinfo(info);
	q->channel->open--;
	q->channel->owner->answer(&r, ttl_s, q->token);
	free(q);
}

static void
channel_free(struct channel *ch)
{
	struct ev_loop *loop = ch->owner->loop;
	struct channel **chp = &ch->owner->channels;
	struct watch *w;

	ch->freeing = 1;
	ares_destroy(ch->ares);
	ev_timer_stop(loop, &ch->timer);
	while ((w = ch->watches) != NULL) {
		ch->watches = w->next;
		ev_io_stop(loop, &w->io);
		free(w);
	}
	while (*chp != ch)
		chp = &(*chp)->next;
	*chp = ch->next;
	free(ch);
}

/* After every entry into c-ares; ch may be gone when this returns. */
static void
after_ares(struct channel *ch)
{
	struct ev_loop *loop = ch->owner->loop;
	struct timeval tv;

	if (ch->open == 0 && ch != ch->owner->channels) {
		channel_free(ch);
		return;
	}
	ev_timer_stop(loop, &ch->timer);
	if (ares_timeout(ch->ares, NULL, &tv) == NULL)
		return;
	ev_timer_set(&ch->timer,
	    (double)tv.tv_sec + (double)tv.tv_usec / 1e6, 0.0);
	ev_timer_start(loop, &ch->timer);
}

static void
on_timer(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct channel *ch = timer->data;

	(void)loop, (void)revents;
	ares_process_fd(ch->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	after_ares(ch);
}

static void
on_socket(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct channel *ch = ((struct watch *)io)->channel;
	int fd = io->fd;		/* io may end inside c-ares */

	(void)loop;
	ares_process_fd(ch->ares,
	    revents & EV_READ ? fd : ARES_SOCKET_BAD,
	    revents & EV_WRITE ? fd : ARES_SOCKET_BAD);
	after_ares(ch);
}

/* c-ares: "watch this socket for that", or for nothing: it is closed. */
static void
ares_wants_socket(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct channel *ch = arg;
	struct ev_loop *loop = ch->owner->loop;
	struct watch **wp = &ch->watches, *w;
	int events = (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0);

	if (ch->freeing)
		return;			/* it drops all watches itself */
	while (*wp != NULL && (*wp)->io.fd != fd)
		wp = &(*wp)->next;
	w = *wp;
	if (w != NULL)
		ev_io_stop(loop, &w->io);
	if (events == 0) {
		if (w != NULL)
			*wp = w->next;
		free(w);
		return;
	}
	if (w == NULL) {
		w = *wp = xcalloc(1, sizeof(*w));
		w->channel = ch;
		ev_init(&w->io, on_socket);
	}
	ev_io_set(&w->io, fd, events);
	ev_io_start(loop, &w->io);
}

struct resolve_ares *
resolve_ares_new(struct ev_loop *loop, resolve_ares_fn *answer)
{
	struct resolve_ares *ra = xcalloc(1, sizeof(*ra));

	ra->loop = loop;
	ra->answer = answer;
	return ra;
}

int
resolve_ares_renew(struct resolve_ares *ra)
{
	struct channel *ch = xcalloc(1, sizeof(*ch)), *old = ra->channels;
	char lookups[] = "fb";		/* /etc/hosts, then DNS */
	struct ares_options options = {
		/* Answers to 1,280 bytes in one datagram, not by TCP. */
		.flags = ARES_FLAG_EDNS,
		.timeout = ASK_TIMEOUT_MS,
		.tries = ASK_TRIES,
		.lookups = lookups,
		.sock_state_cb = ares_wants_socket,
		.sock_state_cb_data = ch,
	};

	ch->owner = ra;
	ev_init(&ch->timer, on_timer);
	ch->timer.data = ch;
	if (ares_init_options(&ch->ares, &options, ARES_OPT_FLAGS |
	    ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
	    ARES_OPT_SOCK_STATE_CB) != ARES_SUCCESS) {
		free(ch);
		return -1;
	}
	ch->next = old;
	ra->channels = ch;
	if (old != NULL && old->open == 0)
		channel_free(old);
	return 0;
}

void
resolve_ares_ask(struct resolve_ares *ra, const char *host, void *token)
{
	const struct ares_addrinfo_hints hints = {
		.ai_flags = ARES_AI_NOSORT,
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};
	struct channel *ch = ra->channels;
	struct question *q = xcalloc(1, sizeof(*q));

	q->channel = ch;
	q->token = token;
	ch->open++;
	ares_getaddrinfo(ch->ares, host, NULL, &hints, on_answer, q);
	after_ares(ch);
}

void
resolve_ares_free(struct resolve_ares *ra)
{
	if (ra == NULL)
		return;
	while (ra->channels != NULL)
		channel_free(ra->channels);
	free(ra);
}
