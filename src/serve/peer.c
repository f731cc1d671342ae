/* peer.c - connections: who may come, and who has to go. */
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "feedmill/base/clock.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "private.h"

struct peer *
serve_peer(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c,
	    MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info != NULL ? info->socket_context : NULL;
}

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

enum MHD_Result
serve_accept(void *cls, const struct sockaddr *sa, socklen_t len)
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
	p->listener = l;
	p->since_ms = clock_mono_ms();
	p->has_address = read_address(info != NULL ? info->client_addr :
	    NULL, p->address);
	p->next = s->peers;
	p->link = &s->peers;
	if (p->next != NULL)
		p->next->link = &p->next;
	s->peers = p;
	s->peers_count++;
	l->peers_count++;
	*context = p;
}

static void
peer_end(struct serve *s, struct peer *p)
{
	serve_call_end(p);
	*p->link = p->next;
	if (p->next != NULL)
		p->next->link = p->link;
	s->peers_count--;
	p->listener->peers_count--;
	p->listener->is_closed = 0;
	free(p->query);
	free(p);
}

static void
hang_up(const struct peer *p)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    p->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (info != NULL)
		shutdown(info->connect_fd, SHUT_RDWR);
}

static int
is_full(const struct listener *l)
{
	return l->peers_count >= l->limit || l->is_closed;
}

/* Who is nobody's guest any more: asked for nothing, for a while. */
static int
is_idle(const struct peer *p, const struct listener *l, int64_t now_ms)
{
	return p->listener == l && !p->answering && p->call == NULL &&
	    now_ms - p->since_ms >= 1000 * ROOM_S;
}

/*
 * As many are here as may be, and the library accepts nobody: those who have
 * been silent for longest go, for those who are kept waiting outside.
 */
static void
make_room(struct listener *l)
{
	int64_t now_ms = clock_mono_ms(), oldest_ms = now_ms;

	for (const struct peer *p = l->serve->peers; p != NULL; p = p->next) {
		if (is_idle(p, l, now_ms) && p->since_ms < oldest_ms)
			oldest_ms = p->since_ms;
	}
	for (const struct peer *p = l->serve->peers; p != NULL; p = p->next) {
		if (is_idle(p, l, now_ms) &&
		    now_ms - p->since_ms >= (now_ms - oldest_ms) / 2)
			hang_up(p);
	}
}

static void
set_sweep(struct serve *s, double every_s)
{
	if (s->sweep.repeat == every_s)
		return;
	s->sweep.repeat = every_s;
	ev_timer_again(s->loop, &s->sweep);
}

void
serve_close_doors(struct listener *l)
{
	l->is_closed = 1;
	set_sweep(l->serve, ROOM_S);
}

void
serve_connection_changed(void *cls, struct MHD_Connection *c,
    void **context, enum MHD_ConnectionNotificationCode what)
{
	struct listener *l = cls;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		peer_begin(l, c, context);
		if (is_full(l))
			set_sweep(l->serve, ROOM_S);
	} else if (*context != NULL) {
		peer_end(l->serve, *context);
		*context = NULL;
	}
}

/* The idle timeout is the library's; who keeps sending a byte now and then is
 * stopped here. */
void
serve_sweep(struct serve *s)
{
	int64_t now = clock_mono_ms();
	double next_s = SWEEP_S;

	for (const struct peer *p = s->peers; p != NULL; p = p->next) {
		int64_t limit_ms = 1000 * (p->answering ? ANSWER_S : HEAD_S);

		if (now - p->since_ms >= limit_ms)
			hang_up(p);
	}
	for (struct listener *l = s->listeners; l != NULL; l = l->next) {
		if (is_full(l)) {
			make_room(l);
			next_s = ROOM_S;
		}
	}
	set_sweep(s, next_s);
}
