/* delta.c - see delta.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/delta.h"

static const char magic[] = "feedmill-delta: 1\n";

/* ------------------------------------------------------------------ notes */

void
delta_fini(struct delta *d)
{
	free(d->parts);
	*d = (struct delta){ 0 };
}

static struct delta_part *
new_part(struct delta *d)
{
	/* Twice as much room at 64, 128, 256... */
	if (d->count % 64 == 0 && (d->count & (d->count - 1)) == 0)
		d->parts = xrealloc(d->parts, (d->count > 0 ? 2 * d->count :
		    64) * sizeof(*d->parts));
	return &d->parts[d->count++];
}

uint64_t
delta_hash(const char *bytes, size_t len)
{
	return hash_64(bytes, len, 0);
}

void
delta_add(struct delta *d, int64_t entry_id, int64_t seq, size_t len,
    uint64_t hash)
{
	*new_part(d) = (struct delta_part){
		.entry_id = entry_id, .seq = seq, .len = len, .hash = hash,
	};
}

static int
digit_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	    c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* The next number of a line: 0 where there is none.  By hand, as below:
 * there are thousands of them with each new entry. */
static int
take(const char **s, int base, uint64_t *ret)
{
	const char *p = *s;
	uint64_t n = 0;

	while (*p == ' ')
		p++;
	if (digit_of(*p) >= base)
		return 0;
	for (; digit_of(*p) < base; p++) {
		if (__builtin_mul_overflow(n, (uint64_t)base, &n) ||
		    __builtin_add_overflow(n, (uint64_t)digit_of(*p), &n))
			return 0;
	}
	*s = p;
	*ret = n;
	return 1;
}

static int
take_signed(const char **s, int64_t *ret)
{
	uint64_t n;

	if (!take(s, 10, &n) || n > INT64_MAX)
		return 0;
	*ret = (int64_t)n;
	return 1;
}

static int
take_size(const char **s, size_t *ret)
{
	uint64_t n;

	if (!take(s, 10, &n) || n > SIZE_MAX / 2)
		return 0;
	*ret = (size_t)n;
	return 1;
}

static int
take_part(const char **s, struct delta *d)
{
	struct delta_part part = { 0 };

	if (*(*s)++ != '\n' || !take_signed(s, &part.entry_id) ||
	    !take_signed(s, &part.seq) || !take_size(s, &part.len) ||
	    !take(s, 16, &part.hash) || !take_signed(s, &part.since_ms))
		return 0;
	*new_part(d) = part;
	return 1;
}

int
delta_read(struct delta *d, const char *text)
{
	const char *s = text + sizeof(magic) - 1;
	size_t count;

	*d = (struct delta){ 0 };
	if (strncmp(text, magic, sizeof(magic) - 1) != 0 ||
	    !take(&s, 16, &d->secret) || !take_signed(&s, &d->state_ms) ||
	    !take_signed(&s, &d->seq) || !take_signed(&s, &d->whole_ms) ||
	    !take_signed(&s, &d->page) || !take(&s, 16, &d->digest.hi) ||
	    !take(&s, 16, &d->digest.lo) || !take_size(&s, &d->head) ||
	    !take_size(&s, &count) || d->state_ms == 0)
		goto bad;
	while (d->count < count)
		if (!take_part(&s, d))
			goto bad;
	return 0;
bad:
	delta_fini(d);
	return -1;
}

/* With what follows it. */
static void
put(struct buf *b, int base, uint64_t n, char end)
{
	char text[24], *p = text + sizeof(text);

	*--p = end;
	do
		*--p = "0123456789abcdef"[n % (unsigned)base];
	while ((n /= (unsigned)base) != 0);
	buf_append(b, p, (size_t)(text + sizeof(text) - p));
}

void
delta_write(struct buf *b, const struct delta *d)
{
	buf_puts(b, magic);
	put(b, 16, d->secret, ' ');
	put(b, 10, (uint64_t)d->state_ms, ' ');
	put(b, 10, (uint64_t)d->seq, ' ');
	put(b, 10, (uint64_t)d->whole_ms, ' ');
	put(b, 10, (uint64_t)d->page, ' ');
	put(b, 16, d->digest.hi, ' ');
	put(b, 16, d->digest.lo, ' ');
	put(b, 10, d->head, ' ');
	put(b, 10, d->count, '\n');
	for (size_t i = 0; i < d->count; i++) {
		const struct delta_part *p = &d->parts[i];

		put(b, 10, (uint64_t)p->entry_id, ' ');
		put(b, 10, (uint64_t)p->seq, ' ');
		put(b, 10, p->len, ' ');
		put(b, 16, p->hash, ' ');
		put(b, 10, (uint64_t)p->since_ms, '\n');
	}
}

int
delta_fits(const struct delta *d, size_t len)
{
	if (d->head > len)
		return 0;
	len -= d->head;
	for (size_t i = 0; i < d->count; i++) {
		if (d->parts[i].len > len)
			return 0;
		len -= d->parts[i].len;
	}
	return 1;
}

/* ------------------------------------------------------------ what is new */

static int
compare_parts(const void *a, const void *b)
{
	const struct delta_part *x = a, *y = b;

	return (x->entry_id > y->entry_id) - (x->entry_id < y->entry_id);
}

/* By entry, to be found. */
static struct delta_part *
sorted(const struct delta *d)
{
	struct delta_part *list = xcalloc(d->count + 1, sizeof(*list));

	if (d->count > 0) {
		memcpy(list, d->parts, d->count * sizeof(*list));
		qsort(list, d->count, sizeof(*list), compare_parts);
	}
	return list;
}

static const struct delta_part *
find(const struct delta_part *list, size_t count, int64_t entry_id)
{
	const struct delta_part key = { .entry_id = entry_id };

	return bsearch(&key, list, count, sizeof(*list), compare_parts);
}

/* What is not there any more is not found in the document by those who have
 * a state from before it came. */
static void
note_gone(struct delta *now, const struct delta *before)
{
	struct delta_part *list = sorted(now);

	for (size_t i = 0; i < before->count; i++) {
		const struct delta_part *p = &before->parts[i];

		if (p->since_ms > now->whole_ms &&
		    find(list, now->count, p->entry_id) == NULL)
			now->whole_ms = p->since_ms;
	}
	free(list);
}

/* 1: nothing of it was there before. */
static int
note_new(struct delta *now, const struct delta *before)
{
	struct delta_part *list = sorted(before);
	int all_new = 1;

	for (size_t i = 0; i < now->count; i++) {
		struct delta_part *p = &now->parts[i];
		const struct delta_part *was = find(list, before->count,
		    p->entry_id);

		p->since_ms = now->state_ms;
		if (was == NULL || was->seq != p->seq)
			continue;
		all_new = 0;
		if (was->hash == p->hash && was->len == p->len)
			p->since_ms = was->since_ms;
	}
	free(list);
	return all_new;
}

void
delta_follow(struct delta *now, const struct delta *before, int64_t now_ms,
    uint64_t secret)
{
	int is_first = before->state_ms == 0;

	if (!is_first && digest_equal(now->digest, before->digest)) {
		now_ms = before->state_ms;
		now->seq = before->seq;
	} else if (now_ms <= before->state_ms) {
		now_ms = before->state_ms + 1;
	}
	now->secret = is_first ? secret : before->secret;
	now->state_ms = now_ms;
	now->whole_ms = before->whole_ms;
	/* Announcements may have come and gone in between, unseen. */
	if (note_new(now, before) && before->count > 0)
		now->whole_ms = now_ms - 1;
	note_gone(now, before);
}

/* ------------------------------------------------------------------- tags */

static uint32_t
check_of(const struct delta *d, const char *text, size_t len)
{
	return (uint32_t)hash_64(text, len, d->secret);
}

void
delta_tag(const struct delta *d, char out[DELTA_TAG_SIZE])
{
	char hex[DIGEST_HEX_SIZE];
	int len;

	digest_hex(d->digest, hex);
	len = snprintf(out, DELTA_TAG_SIZE, "%s.%" PRIx64 ".%" PRIx64, hex,
	    (uint64_t)d->state_ms, (uint64_t)d->seq);
	snprintf(out + len, DELTA_TAG_SIZE - (size_t)len, ".%08" PRIx32,
	    check_of(d, out, (size_t)len));
}

int
delta_is_base(const struct delta *d, const char *tag, size_t len,
    struct delta_base *ret)
{
	char text[DELTA_TAG_SIZE] = "", *check;
	uint64_t state, seq;
	unsigned found;
	int at = 0;

	if (len < DIGEST_HEX_SIZE || len >= sizeof(text))
		return 0;
	memcpy(text, tag, len);
	check = text + DIGEST_HEX_SIZE - 1;
	if (sscanf(check, ".%" SCNx64 ".%" SCNx64 "%n", &state, &seq,
	    &at) != 2 || at == 0)
		return 0;
	check += at;
	if (sscanf(check, ".%8x%n", &found, &at) != 1 || check[at] != '\0' ||
	    found != check_of(d, text, (size_t)(check - text)))
		return 0;
	ret->state_ms = (int64_t)state;
	ret->seq = (int64_t)seq;
	return ret->state_ms < d->state_ms;
}
