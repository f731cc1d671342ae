/* hash.c - see hash.h. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <xxhash.h>

#include "feedmill/base/clock.h"
#include "feedmill/base/hash.h"

static struct digest
digest_of(XXH128_hash_t h)
{
	return (struct digest){ h.high64, h.low64 };
}

uint64_t
hash_64(const void *p, size_t len, uint64_t seed)
{
	return XXH3_64bits_withSeed(len > 0 ? p : "", len, seed);
}

struct digest
hash_128(const void *p, size_t len)
{
	return digest_of(XXH3_128bits(len > 0 ? p : "", len));
}

static struct digest
hash_long_pair(const char *a, size_t alen, const char *b, size_t blen)
{
	XXH3_state_t *state = XXH3_createState();
	struct digest d;

	assert(state != NULL);
	XXH3_128bits_reset(state);
	XXH3_128bits_update(state, alen > 0 ? a : "", alen);
	XXH3_128bits_update(state, "", 1);
	XXH3_128bits_update(state, blen > 0 ? b : "", blen);
	d = digest_of(XXH3_128bits_digest(state));
	XXH3_freeState(state);
	return d;
}

struct digest
hash_pair(const char *a, size_t alen, const char *b, size_t blen)
{
	char joined[1024];

	if (alen >= sizeof(joined) || blen >= sizeof(joined) - alen)
		return hash_long_pair(a, alen, b, blen);
	/* Short ones are joined and hashed at once. */
	if (alen > 0)
		memcpy(joined, a, alen);
	joined[alen] = '\0';
	if (blen > 0)
		memcpy(joined + alen + 1, b, blen);
	return hash_128(joined, alen + 1 + blen);
}

int
digest_equal(struct digest a, struct digest b)
{
	return a.hi == b.hi && a.lo == b.lo;
}

int
digest_is_zero(struct digest d)
{
	return d.hi == 0 && d.lo == 0;
}

void
digest_hex(struct digest d, char out[DIGEST_HEX_SIZE])
{
	snprintf(out, DIGEST_HEX_SIZE, "%016llx%016llx",
	    (unsigned long long)d.hi, (unsigned long long)d.lo);
}

void
uuid_text(const unsigned char random[UUID_BYTES], char out[UUID_TEXT_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char r[UUID_BYTES];
	char *p = out;

	memcpy(r, random, sizeof(r));
	r[6] = (unsigned char)((r[6] & 0x0F) | 0x40);	/* version 4 */
	r[8] = (unsigned char)((r[8] & 0x3F) | 0x80);	/* RFC 9562 */
	for (unsigned i = 0; i < sizeof(r); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = hex[r[i] >> 4];
		*p++ = hex[r[i] & 15];
	}
	*p = '\0';
}

void
uuid_mint(char out[UUID_TEXT_SIZE])
{
	unsigned char r[UUID_BYTES];

	clock_random(r, sizeof(r));
	uuid_text(r, out);
}
