/*
 * hsts.h - from what hosts have said to whether one is asked by https alone.
 *
 * HTTP Strict Transport Security, RFC 6797.  Pure, and bounded: a name for
 * itself and perhaps for all below it, until a time.  Addresses are no names.
 * Who calls hsts_hear() vouches for it: the field came over https, from a
 * host that has proved its name.
 */
#ifndef FEEDMILL_HSTS_H
#define FEEDMILL_HSTS_H

#include <stdint.h>

struct hsts;

enum { HSTS_HOSTS_MAX = 8192 };

struct hsts_entry {
	const char	*host;		/* lower case, no final dot */
	int		 subdomains;
	int64_t		 until_ms;	/* wall time; 0: forgotten */
};

/* An entry is worth keeping, or not any more: told when it is new, another or
 * gone, and when its end has moved by a day or a quarter of what it is given.
 * Borrowed. */
typedef void hsts_changed_fn(const struct hsts_entry *, void *arg);

struct hsts *hsts_new(hsts_changed_fn *, void *arg);
void hsts_free(struct hsts *);		/* NULL is harmless */

/* What was told in an earlier life; it is not told again. */
void hsts_remember(struct hsts *, const struct hsts_entry *, int64_t now_ms);

/* The value of the (first) field.  What is malformed has not been said. */
void hsts_hear(struct hsts *, const char *host, const char *value,
    int64_t now_ms);

/* Until when this host is to be asked by https; 0: it need not be. */
int64_t hsts_until(const struct hsts *, const char *host, int64_t now_ms);

#endif
