/*
 * twin.c - see twin.h.
 *
 * The document is cut into pieces at ends of items, and each is deflated for
 * itself: begun with the text before it as a dictionary, ended at a byte.
 * Where it is cut is told by the items alone, not by their number: a new
 * item moves no cut but those next to it, and what it changes are the piece
 * it is in and those that have it in their dictionary.
 *
 * Seven KiB or so, a dictionary of sixteen and level 5: 4 to 8 % larger than
 * gzip -6, and what a new item costs is some 30 KiB of deflating, at half the
 * price of level 6.
 */
#include <assert.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "twin.h"

enum {
	PIECE_MIN = 4096,	/* about as much again until an item says so */
	PIECE_MAX = 16384,	/* but for what is one item */
	DICTIONARY = 16384,
	LEVEL = 5,
	/* There are texts on which that takes ten times as long as on prose;
	 * what is so large is not prose for readers. */
	LEVEL_LARGE = 1,
	LARGE_BYTES = 4 << 20
};

static const unsigned char header[] = {
	0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255
};

void
twin_fini(struct twin *t)
{
	free(t->pieces);
	*t = (struct twin){ 0 };
}

/* ----------------------------------------------------------------- pieces */

static void
add_piece(struct twin *t, size_t from, size_t end, uint64_t key)
{
	/* Twice as much room at 64, 128, 256... */
	if (t->count % 64 == 0 && (t->count & (t->count - 1)) == 0)
		t->pieces = xrealloc(t->pieces, (t->count > 0 ?
		    2 * t->count : 64) * sizeof(*t->pieces));
	t->pieces[t->count++] = (struct twin_piece){
		.from = from, .len = end - from, .key = key };
}

static int
is_cut(const struct twin_cut *c, size_t len)
{
	return len >= PIECE_MAX ||
	    (len >= PIECE_MIN && c->hash % PIECE_MIN < c->len);
}

/* What is behind the last cut is a piece, too, maybe an empty one. */
static void
cut(struct twin *t, size_t len, const struct twin_cut *cuts, size_t count)
{
	size_t from = 0;
	uint64_t key = 0;

	for (size_t i = 0; i < count; i++) {
		key = key * 31 + cuts[i].hash;
		if (!is_cut(&cuts[i], cuts[i].end - from))
			continue;
		add_piece(t, from, cuts[i].end, key);
		from = cuts[i].end;
		key = 0;
	}
	add_piece(t, from, len, key);
}

/* --------------------------------------------------------------- deflating */

struct making {
	struct twin	*now;
	struct buf	*gz;
	const char	*text;
	z_stream	 z;
	int		 is_begun;
	/* Of what was before: the piece looked at last, and how many bytes
	 * up to its end are known to be the same in both documents. */
	const struct twin_before *before;
	size_t		 next, same;
};

static size_t
dictionary_of(const struct twin_piece *p)
{
	return p->from < DICTIONARY ? p->from : DICTIONARY;
}

/* Always from the same state: nothing is left over from another piece. */
static void
begin(struct making *m, const struct twin_piece *p)
{
	size_t len = dictionary_of(p);
	int code;

	if (m->is_begun)
		code = deflateReset(&m->z);
	else
		code = deflateInit2(&m->z, m->now->level, Z_DEFLATED, -15, 8,
		    Z_DEFAULT_STRATEGY);
	m->is_begun = 1;
	assert(code == Z_OK);
	if (len > 0)
		code = deflateSetDictionary(&m->z, (const Bytef *)m->text +
		    p->from - len, (uInt)len);
	assert(code == Z_OK);
}

static void
deflate_piece(struct making *m, const struct twin_piece *p, int is_last)
{
	size_t left = p->len, bound;
	int code;

	begin(m, p);
	/* And for what ends it: an empty block of five bytes. */
	bound = deflateBound(&m->z, left) + 16;
	m->z.next_in = (Bytef *)(uintptr_t)(m->text + p->from);
	m->z.next_out = (Bytef *)buf_reserve(m->gz, bound);
	m->z.avail_in = (uInt)left;
	m->z.avail_out = (uInt)bound;
	assert(m->z.avail_in == left && m->z.avail_out == bound);
	code = deflate(&m->z, is_last ? Z_FINISH : Z_SYNC_FLUSH);
	assert(code == (is_last ? Z_STREAM_END : Z_OK) &&
	    m->z.avail_in == 0 && m->z.avail_out > 0);
	m->gz->len += bound - m->z.avail_out;
	m->gz->data[m->gz->len] = '\0';
}

/* ------------------------------------------------------------- taking over */

/* The old piece of this key: behind the one before, as a rule. */
static const struct twin_piece *
find_old(const struct making *m, const struct twin_piece *p, int is_last)
{
	const struct twin *old = m->before->twin;

	for (size_t n = 0; n < old->count; n++) {
		size_t i = (m->next + n) % old->count;
		const struct twin_piece *o = &old->pieces[i];

		if (o->key == p->key && o->len == p->len &&
		    (i + 1 == old->count) == is_last)
			return o;
	}
	return NULL;
}

/* Is what was deflated for the old one what would be for this? */
static int
is_same(struct making *m, const struct twin_piece *p,
    const struct twin_piece *o)
{
	const char *new = m->text + p->from;
	const char *old = m->before->text->data + o->from;
	size_t wanted = dictionary_of(p), known, i;
	int same;

	i = (size_t)(o - m->before->twin->pieces);
	known = i == m->next ? m->same : 0;
	m->next = i + 1;
	m->same = 0;
	if (p->len > 0 && memcmp(new, old, p->len) != 0)
		return 0;
	same = known >= wanted || (dictionary_of(o) == wanted &&
	    memcmp(new - wanted, old - wanted, wanted - known) == 0);
	m->same = p->len + (same ? (known > wanted ? known : wanted) : 0);
	return same && dictionary_of(o) == wanted;
}

static int
take_over(struct making *m, const struct twin_piece *p, int is_last)
{
	const struct twin_piece *o;

	if (m->before == NULL)
		return 0;
	o = find_old(m, p, is_last);
	if (o == NULL)
		m->same = 0;
	if (o == NULL || !is_same(m, p, o))
		return 0;
	buf_append(m->gz, m->before->gz->data + o->at, o->bytes);
	return 1;
}

/* ------------------------------------------------------------------- whole */

static void
put_trailer(struct buf *gz, const struct buf *text)
{
	uint32_t crc = libdeflate_crc32(0, text->data, text->len);
	uint32_t size = (uint32_t)text->len;

	for (int i = 0; i < 32; i += 8)
		buf_putc(gz, (char)(crc >> i & 255));
	for (int i = 0; i < 32; i += 8)
		buf_putc(gz, (char)(size >> i & 255));
}

void
twin_make(struct twin *ret, struct buf *gz, const struct buf *text,
    const struct twin_cut *cuts, size_t count,
    const struct twin_before *before)
{
	struct making m = { .now = ret, .gz = gz, .text = buf_str(text) };

	*ret = (struct twin){ .level = text->len > LARGE_BYTES ?
	    LEVEL_LARGE : LEVEL };
	if (before != NULL && before->twin->level == ret->level)
		m.before = before;
	cut(ret, text->len, cuts, count);
	buf_append(gz, header, sizeof(header));
	for (size_t i = 0; i < ret->count; i++) {
		struct twin_piece *p = &ret->pieces[i];
		int is_last = i + 1 == ret->count;

		p->at = gz->len;
		if (!take_over(&m, p, is_last))
			deflate_piece(&m, p, is_last);
		p->bytes = gz->len - p->at;
	}
	if (m.is_begun)
		deflateEnd(&m.z);
	put_trailer(gz, text);
	ret->len = gz->len;
	ret->digest = hash_128(gz->data, gz->len);
}

int
twin_fits(const struct buf *gz, const struct buf *text)
{
	struct libdeflate_decompressor *z = libdeflate_alloc_decompressor();
	struct buf plain = { 0 };
	char *room = buf_reserve(&plain, text->len + 1);
	size_t used, len;
	int fits;

	assert(z != NULL);
	fits = libdeflate_gzip_decompress_ex(z, buf_str(gz), gz->len, room,
	    text->len + 1, &used, &len) == LIBDEFLATE_SUCCESS &&
	    used == gz->len && len == text->len &&
	    memcmp(room, buf_str(text), len) == 0;
	libdeflate_free_decompressor(z);
	buf_fini(&plain);
	return fits;
}
