/*
 * resolve.h - from a host name to the addresses that may be connected to.
 *
 * c-ares on the event loop, never a blocking call.  /etc/hosts and
 * resolv.conf are respected, changes noticed; answers are cached for their
 * TTL (bounded), failures for 60 s.  A numeric host resolves to itself.
 */
#ifndef FEEDMILL_RESOLVE_H
#define FEEDMILL_RESOLVE_H

#include <sys/socket.h>
#include <netinet/in.h>

struct ev_loop;
struct resolve;
struct resolve_query;

enum { RESOLVE_ADDRESSES_MAX = 16 };

union resolve_address {
	struct sockaddr		 any;
	struct sockaddr_in	 in4;
	struct sockaddr_in6	 in6;
};

struct resolved {
	const char	*failure;	/* NULL, or a sentence; count is 0 */
	unsigned	 count;
	union resolve_address address[RESOLVE_ADDRESSES_MAX];	/* port 0 */
};

typedef void resolve_done_fn(const struct resolved *, void *arg);

struct resolve *resolve_new(struct ev_loop *);
void resolve_free(struct resolve *);

/* done is called exactly once, never before this has returned, unless the
 * query is cancelled first. */
struct resolve_query *resolve_start(struct resolve *, const char *host,
    unsigned timeout_ms, resolve_done_fn *, void *arg);
void resolve_cancel(struct resolve_query *);

/*
 * Is this an address of the public Internet (RFC 6890)?  Not: loopback,
 * private, link-local, multicast, metadata, shared, documentation, benchmark,
 * reserved, and their IPv4-mapped, -compatible, NAT64, 6to4 and Teredo forms.
 */
int resolve_is_public(const struct sockaddr *);

#endif
