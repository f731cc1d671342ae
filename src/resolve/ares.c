/*
 * ares.c - c-ares on libev.
 *
 *	ask --> c-ares <-- on_socket, on_timer
 *	           |
 *	           '--> halves --> answer function (notes it)
 *
 * A and AAAA are two questions, because there are name servers that answer
 * but one of them: after the first addresses the other has a moment left
 * (RFC 8305 section 3), and then comes too late.
 *
 * A channel reads resolv.conf once, when it is made.  After a renewal there
 * is a new one, and the old one lives as long as it has questions open.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <ares.h>
#include <ev.h>

#include "feedmill/base/mem.h"
#include "ares.h"

enum {
	/* Two rounds, 2 s and 4 s for each server: within the ten seconds a
	 * connection is given. */
	ASK_TIMEOUT_MS = 2000,
	ASK_TRIES = 2,
	OTHER_MS = 250,		/* once one family has answered */
};

struct watch {				/* one socket of c-ares */
	struct ev_io		 io;	/* first: an ev_io * is a watch * */
	struct watch		*next;
	struct channel		*channel;
};

struct channel {
	struct channel		*next;
	struct resolve_ares	*owner;
	ares_channel		 ares;		/* the DNS */
	ares_channel		 hosts;		/* /etc/hosts */
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

/* What is known of a name in one family of addresses. */
struct half {
	struct question		*question;
	int			 family, is_back, status;
	unsigned		 ttl_s;		/* the shortest */
	struct resolved		 found;
};

enum { SIX, FOUR, HALVES };

struct question {
	struct channel		*channel;
	void			*token;
	struct half		 half[HALVES];
	struct ev_timer		 patience;	/* with the other half */
	int			 is_told;
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
read_half(struct half *h, int status, const struct ares_addrinfo *info)
{
	h->status = status;
	h->found.count = 0;
	if (status != ARES_SUCCESS)
		return;
	for (const struct ares_addrinfo_node *n = info->nodes; n != NULL &&
	    h->found.count < RESOLVE_ADDRESSES_MAX; n = n->ai_next)
		if (n->ai_family == h->family)
			put_address(&h->found, n);
	h->ttl_s = shortest_ttl(info);
}

/* IPv6 and IPv4 in turn, so that a dead family costs one attempt. */
static void
join(const struct half *half, struct resolved *ret, unsigned *ret_ttl_s)
{
	ret->count = 0;
	*ret_ttl_s = UINT_MAX;
	for (unsigned i = 0; i < RESOLVE_ADDRESSES_MAX; i++)
		for (int f = 0; f < HALVES; f++)
			if (i < half[f].found.count &&
			    ret->count < RESOLVE_ADDRESSES_MAX)
				ret->address[ret->count++] =
				    half[f].found.address[i];
	for (int f = 0; f < HALVES; f++)
		if (half[f].found.count > 0 && half[f].ttl_s < *ret_ttl_s)
			*ret_ttl_s = half[f].ttl_s;
}

static void
tell(struct question *q)
{
	const struct half *half = q->half;
	int why = half[FOUR].status == ARES_ENODATA ? half[SIX].status :
	    half[FOUR].status;
	struct resolved all;
	unsigned ttl_s;

	ev_timer_stop(q->channel->owner->loop, &q->patience);
	q->is_told = 1;
	join(half, &all, &ttl_s);
	all.failure = all.count == 0 ? failure_of(why) : NULL;
	q->channel->owner->answer(&all, all.count == 0 ? 0 : ttl_s,
	    q->token);
}

static void
on_patience(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	(void)loop, (void)revents;
	tell(timer->data);
}

static void
on_half(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct half *h = arg;
	struct question *q = h->question;

	(void)timeouts;
	h->is_back = 1;
	if (!q->is_told)
		read_half(h, status, info);
	if (info != NULL)
		ares_freeaddrinfo(info);
	if (!q->half[SIX].is_back || !q->half[FOUR].is_back) {
		if (h->found.count > 0)
			ev_timer_start(q->channel->owner->loop, &q->patience);
		return;
	}
	if (!q->is_told)
		tell(q);
	q->channel->open--;
	free(q);
}

/* Called before ares_getaddrinfo() returns: a file is read, nobody asked. */
static void
on_hosts(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct question *q = arg;

	(void)timeouts;
	for (int f = 0; f < HALVES; f++)
		read_half(&q->half[f], status, info);
	if (info != NULL)
		ares_freeaddrinfo(info);
}

static void
channel_free(struct channel *ch)
{
	struct ev_loop *loop = ch->owner->loop;
	struct channel **chp = &ch->owner->channels;
	struct watch *w;

	ch->freeing = 1;
	ares_destroy(ch->ares);
	ares_destroy(ch->hosts);
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
	char dns[] = "b", file[] = "f";
	struct ares_options options = {
		/* Answers to 1,280 bytes in one datagram, not by TCP. */
		.flags = ARES_FLAG_EDNS,
		.timeout = ASK_TIMEOUT_MS,
		.tries = ASK_TRIES,
		.lookups = dns,
		.sock_state_cb = ares_wants_socket,
		.sock_state_cb_data = ch,
	}, hosts_options = { .lookups = file };

	ch->owner = ra;
	ev_init(&ch->timer, on_timer);
	ch->timer.data = ch;
	if (ares_init_options(&ch->hosts, &hosts_options,
	    ARES_OPT_LOOKUPS) != ARES_SUCCESS)
		goto fail;
	if (ares_init_options(&ch->ares, &options, ARES_OPT_FLAGS |
	    ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
	    ARES_OPT_SOCK_STATE_CB) != ARES_SUCCESS) {
		ares_destroy(ch->hosts);
		goto fail;
	}
	ch->next = old;
	ra->channels = ch;
	if (old != NULL && old->open == 0)
		channel_free(old);
	return 0;
fail:
	free(ch);
	return -1;
}

static struct question *
question_new(struct channel *ch, void *token)
{
	static const int families[HALVES] = { AF_INET6, AF_INET };
	struct question *q = xcalloc(1, sizeof(*q));

	q->channel = ch;
	q->token = token;
	for (int f = 0; f < HALVES; f++) {
		q->half[f].question = q;
		q->half[f].family = families[f];
	}
	ev_timer_init(&q->patience, on_patience, OTHER_MS / 1000.0, 0.0);
	q->patience.data = q;
	return q;
}

/* What the file knows is all there is, also if it is of one family. */
void
resolve_ares_ask(struct resolve_ares *ra, const char *host, void *token)
{
	struct ares_addrinfo_hints hints = {
		.ai_flags = ARES_AI_NOSORT,
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};
	struct channel *ch = ra->channels;
	struct question *q = question_new(ch, token);

	ares_getaddrinfo(ch->hosts, host, NULL, &hints, on_hosts, q);
	if (q->half[SIX].found.count + q->half[FOUR].found.count > 0) {
		tell(q);
		free(q);
		return;
	}
	ch->open++;
	/* The first answer may come at once, the second ends q. */
	for (int f = 0; f < HALVES; f++) {
		hints.ai_family = q->half[f].family;
		ares_getaddrinfo(ch->ares, host, NULL, &hints, on_half,
		    &q->half[f]);
	}
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
