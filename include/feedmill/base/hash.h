/*
 * hash.h - fingerprints (XXH3) and random UUIDs.
 *
 * Not cryptographic: hashes find things, the text itself is compared.
 */
#ifndef FEEDMILL_BASE_HASH_H
#define FEEDMILL_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct digest {			/* 128 bits */
	uint64_t	hi, lo;
};

enum { DIGEST_HEX_SIZE = 33, UUID_TEXT_SIZE = 37 };

uint64_t hash_64(const void *, size_t len, uint64_t seed);
struct digest hash_128(const void *, size_t len);
int digest_equal(struct digest, struct digest);
int digest_is_zero(struct digest);
void digest_hex(struct digest, char out[DIGEST_HEX_SIZE]);

/* Two parts with a NUL between them, without copying. */
struct digest hash_pair(const char *a, size_t alen, const char *b,
    size_t blen);

/* A random UUID (RFC 9562 version 4) as text. */
void uuid_mint(char out[UUID_TEXT_SIZE]);
/* The same from random bytes that are at hand: for many of them. */
enum { UUID_BYTES = 16 };
void uuid_text(const unsigned char random[UUID_BYTES],
    char out[UUID_TEXT_SIZE]);

#endif
