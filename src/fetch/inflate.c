/*
 * inflate.c - gzip and deflate, a whole body at once (libdeflate).
 *
 * Room is made by what the gzip trailer claims, if it may, and doubled up to
 * the cap otherwise, so a bomb costs one cap of memory and of time.  A body
 * that is cut off is refused whole: its checksum is gone, and half an entry
 * must never pass for a whole one.
 *
 * The bytes say what they are; Content-Encoding is often wrong about it: "gzip"
 * of plain text, nothing at all of a feed.xml.gz, "gzip" of what was compressed
 * already when it was compressed once more.
 */
#include <string.h>

#include <libdeflate.h>

#include "inflate.h"

enum {
	FIRST_ROOM = 64 * 1024,
	/* DEFLATE cannot do better than 1032 to 1. */
	RATIO_MAX = 1032,
	/* Compressed and compressed again: more is no accident. */
	LAYERS_MAX = 2,
};

struct span {
	const unsigned char	*p;
	size_t			 len;
};

typedef enum libdeflate_result decompress_fn(struct libdeflate_decompressor *,
    const void *, size_t, void *, size_t, size_t *, size_t *);

static int
is_gzip(struct span in)
{
	return in.len >= 2 && in.p[0] == 0x1f && in.p[1] == 0x8b;
}

/* RFC 1950: the method is 8 and the two bytes are a multiple of 31. */
static int
is_zlib(struct span in)
{
	return in.len >= 2 && (in.p[0] & 0x0f) == 8 &&
	    (in.p[0] * 256 + in.p[1]) % 31 == 0;
}

static uint64_t
at_most(uint64_t n, uint64_t max)
{
	return n < max ? n : max;
}

/* How much the last member of a gzip file says it holds (RFC 1952), where
 * that is possible; otherwise a guess. */
static uint64_t
first_room(struct span in, uint64_t max)
{
	uint64_t claim = 0;

	if (is_gzip(in) && in.len >= 18)
		for (int i = 1; i <= 4; i++)
			claim = claim << 8 | in.p[in.len - (size_t)i];
	if (claim == 0 || claim / RATIO_MAX > in.len)
		claim = (uint64_t)in.len * 4;
	return at_most(claim > FIRST_ROOM ? claim : FIRST_ROOM, max);
}

/* One member or stream to the end of out; *in moves behind it. */
static enum inflate_result
inflate_one(struct libdeflate_decompressor *d, decompress_fn *decompress,
    struct span *in, struct buf *out, uint64_t max)
{
	uint64_t room = first_room(*in, max - out->len);
	enum libdeflate_result result;
	size_t used, made;
	char *to;

	for (;;) {
		to = buf_try_reserve(out, (size_t)room);
		if (to == NULL)
			return INFLATE_NO_MEMORY;
		result = decompress(d, in->p, in->len, to, (size_t)room,
		    &used, &made);
		if (result != LIBDEFLATE_INSUFFICIENT_SPACE)
			break;
		if (room >= max - out->len)
			return INFLATE_TOO_LARGE;
		room = at_most(room * 4, max - out->len);
	}
	if (result != LIBDEFLATE_SUCCESS)
		return INFLATE_DAMAGED;
	out->len += made;
	out->data[out->len] = '\0';
	in->p += used;
	in->len -= used;
	return INFLATE_OK;
}

/* Bytes that documents begin with. */
static int
is_text(struct span in)
{
	return in.len == 0 || memchr("<{[ \t\r\n\xef\xfe\xff", in.p[0],
	    10) != NULL;
}

static decompress_fn *
choose(struct span in, enum content_coding said)
{
	if (is_gzip(in))
		return libdeflate_gzip_decompress_ex;
	if (said != CODING_GZIP && said != CODING_DEFLATE)
		return NULL;
	if (is_zlib(in))
		return libdeflate_zlib_decompress_ex;
	/* Meant is zlib (RFC 9110 section 8.4.1.2); some send raw. */
	return said == CODING_DEFLATE ? libdeflate_deflate_decompress_ex :
	    NULL;
}

static enum inflate_result
inflate_all(struct libdeflate_decompressor *d, decompress_fn *decompress,
    struct span in, struct buf *out, uint64_t max)
{
	enum inflate_result result;

	do {
		result = inflate_one(d, decompress, &in, out, max);
	} while (result == INFLATE_OK && is_gzip(in) &&
	    decompress == libdeflate_gzip_decompress_ex);
	/* What follows the last member and is none is padding. */
	return result;
}

static enum inflate_result
inflate_layer(struct buf *body, decompress_fn *decompress, uint64_t max)
{
	struct span in = { (const unsigned char *)body->data, body->len };
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	enum inflate_result result = INFLATE_NO_MEMORY;
	struct buf out = { 0 };

	if (d != NULL)
		result = inflate_all(d, decompress, in, &out, max);
	libdeflate_free_decompressor(d);
	/* Raw deflate looks like anything: it may have been a text. */
	if (result == INFLATE_DAMAGED && is_text(in) &&
	    decompress == libdeflate_deflate_decompress_ex) {
		buf_fini(&out);
		return INFLATE_OK;
	}
	buf_fini(body);
	if (result != INFLATE_OK)
		buf_fini(&out);
	*body = out;
	return result;
}

enum inflate_result
fetch_inflate(struct buf *body, enum content_coding said, uint64_t max_bytes)
{
	enum inflate_result result = INFLATE_OK;

	for (int i = 0; i < LAYERS_MAX && result == INFLATE_OK; i++) {
		struct span in = { (const unsigned char *)body->data,
		    body->len };
		decompress_fn *decompress = choose(in, said);

		if (decompress == NULL)
			return INFLATE_OK;
		result = inflate_layer(body, decompress, max_bytes);
		said = CODING_NONE;
	}
	return result;
}
