/*
 * shape.c - from a document's bytes to responses that say all about it;
 * see file.h.
 */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/hash.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "file.h"

static const char cache_control[] = "public, max-age=300";
/* For caches that know what it is: the others see the first. */
static const char cache_delta[] = "no-store, im, max-age=300";
static const char cache_sealed[] = "public, max-age=86400";

/* ------------------------------------------------------------------ bytes */

struct bytes {
	unsigned	 references;
	size_t		 len;
	char		*data;
};

static struct bytes *
bytes_new(struct buf *taken)
{
	struct bytes *b = xcalloc(1, sizeof(*b));

	b->references = 1;
	b->len = taken->len;
	b->data = buf_take(taken);
	return b;
}

static void
bytes_unref(void *arg)
{
	struct bytes *b = arg;

	if (b == NULL || --b->references > 0)
		return;
	free(b->data);
	free(b);
}

const char *
shape_bytes(const struct shape *s)
{
	return s->bytes->data;
}

size_t
shape_len(const struct shape *s)
{
	return s->bytes->len;
}

struct MHD_Response *
shape_part(const struct shape *s, size_t first, size_t len)
{
	struct MHD_Response *r;

	s->bytes->references++;
	r = MHD_create_response_from_buffer_with_free_callback_cls(len,
	    s->bytes->data + first, bytes_unref, s->bytes);
	if (r == NULL)
		bytes_unref(s->bytes);
	return r;
}

void
response_add_policy(struct MHD_Response *r, const char *type)
{
	if (text_prefix_nocase(type, "text/html"))
		MHD_add_response_header(r, "Content-Security-Policy",
		    "default-src 'none'; style-src 'unsafe-inline'; "
		    "img-src https: http:; base-uri 'none'; "
		    "form-action 'self'; frame-ancestors 'none'");
}

/* What is told of it even to those who have it (RFC 9110 section 15.4.5). */
static void
add_validators(struct MHD_Response *r, const struct document *doc,
    const struct shape *s)
{
	char date[DATE_TEXT_SIZE];

	date_format_http(doc->modified_ms, date);
	MHD_add_response_header(r, "ETag", s->etag);
	MHD_add_response_header(r, "Last-Modified", date);
	MHD_add_response_header(r, "Cache-Control", doc->is_sealed ?
	    cache_sealed : cache_control);
	MHD_add_response_header(r, "Vary", doc->delta.state_ms != 0 ?
	    "Accept-Encoding, A-IM" : "Accept-Encoding");
	if (doc->links != NULL)
		MHD_add_response_header(r, "Link", doc->links);
}

void
shape_add_fields(struct MHD_Response *r, const struct document *doc,
    const struct shape *s)
{
	add_validators(r, doc, s);
	MHD_add_response_header(r, "Content-Type", doc->type);
	MHD_add_response_header(r, "Accept-Ranges", "bytes");
	MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	if (s == &doc->gzip)
		MHD_add_response_header(r, "Content-Encoding", "gzip");
	response_add_policy(r, doc->type);
}

void
delta_add_fields(struct MHD_Response *r, const struct document *doc,
    const char *base)
{
	char date[DATE_TEXT_SIZE];

	date_format_http(doc->modified_ms, date);
	MHD_add_response_header(r, "Content-Type", doc->type);
	MHD_add_response_header(r, "ETag", doc->plain.etag);
	MHD_add_response_header(r, "Last-Modified", date);
	MHD_add_response_header(r, "IM", "feed");
	MHD_add_response_header(r, "Delta-Base", base);
	MHD_add_response_header(r, "Cache-Control", cache_delta);
	MHD_add_response_header(r, "Vary",
	    "Accept-Encoding, A-IM, If-None-Match");
	MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
}

/* ------------------------------------------------------------ not modified */

/*
 * A 304 says best nothing of a length; the library always says one.  With
 * that of the document (RFC 9110 section 8.6) clients made with http_parser
 * wait for as many bytes that never come; with 0, as most servers of old
 * send it, nobody does, and caches do not take it over (RFC 9111 section
 * 3.2).
 */
static struct MHD_Response *
make_unchanged(const struct document *doc, const struct shape *s)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(0, NULL,
	    MHD_RESPMEM_PERSISTENT);

	if (r != NULL)
		add_validators(r, doc, s);
	return r;
}

/* ----------------------------------------------------------------- shapes */

void
shape_fini(struct shape *s)
{
	if (s->whole != NULL)
		MHD_destroy_response(s->whole);
	if (s->unchanged != NULL)
		MHD_destroy_response(s->unchanged);
	bytes_unref(s->bytes);
	memset(s, 0, sizeof(*s));
}

void
shape_set(struct document *doc, struct shape *s, struct buf *taken,
    struct digest digest)
{
	char tag[DELTA_TAG_SIZE];

	shape_fini(s);
	s->bytes = bytes_new(taken);
	if (doc->delta.state_ms != 0)
		delta_tag(&doc->delta, tag);
	else
		digest_hex(digest, tag);
	snprintf(s->etag, sizeof(s->etag), "\"%s%s\"", tag,
	    s == &doc->gzip ? "-gz" : "");
	s->whole = shape_part(s, 0, s->bytes->len);
	s->unchanged = make_unchanged(doc, s);
	if (s->whole != NULL && s->unchanged != NULL)
		shape_add_fields(s->whole, doc, s);
	else
		shape_fini(s);
}
