/*
 * guard.c - which addresses are of the public Internet: a table.
 *
 * IPv4 is what the IANA special-purpose registry (RFC 6890 and successors)
 * does not call globally reachable.  IPv6 is turned round: only 2000::/3 has
 * been given out, so everything else is refused, and then the special parts
 * of it.  Forms that carry an IPv4 address are refused whatever they carry:
 * no publisher needs one, and a translator nearby may unwrap it.
 */
#include <string.h>

#include "feedmill/base/mem.h"
#include "feedmill/resolve.h"

struct range {
	unsigned char	 prefix[16];
	unsigned	 bits;
};

static const struct range special4[] = {
	{ { 0 }, 8 },				/* "this network" */
	{ { 10 }, 8 },				/* private */
	{ { 100, 64 }, 10 },			/* shared, carrier NAT */
	{ { 127 }, 8 },				/* loopback */
	{ { 168, 63, 129, 16 }, 32 },		/* metadata, Azure's */
	{ { 169, 254 }, 16 },			/* link-local, metadata */
	{ { 172, 16 }, 12 },			/* private */
	{ { 192, 0, 0 }, 24 },			/* IETF protocols */
	{ { 192, 0, 2 }, 24 },			/* documentation */
	{ { 192, 31, 196 }, 24 },		/* AS112 */
	{ { 192, 52, 193 }, 24 },		/* AMT */
	{ { 192, 88, 99 }, 24 },		/* 6to4 relays */
	{ { 192, 168 }, 16 },			/* private */
	{ { 192, 175, 48 }, 24 },		/* AS112 */
	{ { 198, 18 }, 15 },			/* benchmarks */
	{ { 198, 51, 100 }, 24 },		/* documentation */
	{ { 203, 0, 113 }, 24 },		/* documentation */
	{ { 224 }, 4 },				/* multicast */
	{ { 240 }, 4 },				/* reserved, broadcast */
};

static const struct range given_out6 = { { 0x20 }, 3 };

/* Inside 2000::/3.  ::, ::1, mapped, compatible, NAT64 (64:ff9b::/96 and
 * 64:ff9b:1::/48), discard, ULA, link- and site-local lie outside it. */
static const struct range special6[] = {
	{ { 0x20, 0x01, 0x00 }, 23 },		/* IETF protocols; Teredo is
						 * 2001::/32, ORCHID 2001:10,
						 * 2001:20::/28 in it */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 },	/* documentation */
	{ { 0x20, 0x02 }, 16 },			/* 6to4 */
	{ { 0x26, 0x20, 0x00, 0x4f, 0x80 }, 48 },	/* AS112 */
	{ { 0x3f, 0xfe }, 16 },			/* 6bone, given back */
	{ { 0x3f, 0xff }, 20 },			/* documentation */
};

static int
range_has(const struct range *r, const unsigned char *address)
{
	unsigned bytes = r->bits / 8, rest = r->bits % 8;

	if (memcmp(r->prefix, address, bytes) != 0)
		return 0;
	return rest == 0 ||
	    ((r->prefix[bytes] ^ address[bytes]) >> (8 - rest)) == 0;
}

static int
any_range_has(const struct range *ranges, size_t n, const void *address)
{
	for (size_t i = 0; i < n; i++)
		if (range_has(&ranges[i], address))
			return 1;
	return 0;
}

int
resolve_is_public(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in4;

		memcpy(&in4, sa, sizeof(in4));
		return !any_range_has(special4, ARRAY_LEN(special4),
		    &in4.sin_addr);
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		return range_has(&given_out6, in6.sin6_addr.s6_addr) &&
		    !any_range_has(special6, ARRAY_LEN(special6),
		    &in6.sin6_addr);
	}
	return 0;
}
