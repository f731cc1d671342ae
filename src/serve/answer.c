/*
 * answer.c - from a request to an answer: a document, a route, or the
 * sentence of an error.  Nothing here waits; only sealed pages are read from
 * their files.
 */
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/log.h"
#include "feedmill/config.h"
#include "delta.h"
#include "fields.h"
#include "http.h"
#include "private.h"

static enum MHD_Result
send_part(struct serve *s, struct MHD_Connection *c,
    const struct document *doc, const struct shape *shape,
    const struct http_answer *answer)
{
	struct MHD_Response *r = shape_part(shape, answer->first,
	    answer->len);
	char range[80];
	enum MHD_Result rc;

	if (r == NULL)
		return MHD_NO;
	snprintf(range, sizeof(range), "bytes %zu-%zu/%zu", answer->first,
	    answer->first + answer->len - 1, shape_len(shape));
	shape_add_fields(r, doc, shape);
	MHD_add_response_header(r, "Content-Range", range);
	rc = serve_send(s, c, 206, r);
	MHD_destroy_response(r);
	return rc;
}

/* The latest state that the subscriber has and we know; *ret_tag is its tag,
 * with its quotes. */
static int
find_base(const struct document *doc, const char *list,
    struct delta_base *ret, char ret_tag[DELTA_TAG_SIZE + 8])
{
	struct delta_base base;
	const char *tag;
	size_t len;
	int found = 0;

	while ((tag = http_next_tag(&list, &len)) != NULL) {
		size_t twin = len > 3 && memcmp(tag + len - 3, "-gz", 3) == 0 ?
		    3 : 0;

		if (!delta_is_base(&doc->delta, tag, len - twin, &base) ||
		    (found && base.state_ms <= ret->state_ms))
			continue;
		found = 1;
		*ret = base;
		snprintf(ret_tag, DELTA_TAG_SIZE + 8, "\"%.*s\"", (int)len,
		    tag);
	}
	return found;
}

/* RFC 3229 section 10: it is of use to those alone who have that base, and
 * caches that know nothing of it must not keep it. */
static enum MHD_Result
send_delta(struct serve *s, struct MHD_Connection *c,
    const struct document *doc, const char *base_tag, struct buf *text)
{
	size_t len = text->len;
	struct MHD_Response *r = MHD_create_response_from_buffer(len,
	    buf_take(text), MHD_RESPMEM_MUST_FREE);
	enum MHD_Result rc;

	if (r == NULL)
		return MHD_NO;
	delta_add_fields(r, doc, base_tag);
	rc = serve_send(s, c, 226, r);
	MHD_destroy_response(r);
	return rc;
}

/* 0: there is none to be sent.  A part of a part is nobody's wish. */
static int
try_delta(struct serve *s, struct MHD_Connection *c,
    const struct document *doc, const struct fields *f, enum MHD_Result *ret)
{
	char tag[DELTA_TAG_SIZE + 8];
	struct delta_base base;
	struct buf text = { 0 };

	if (doc->delta.state_ms == 0 || f->value[FIELD_IF_NONE_MATCH] == NULL ||
	    f->value[FIELD_RANGE] != NULL ||
	    !http_accepts_delta(f->value[FIELD_A_IM]) ||
	    !find_base(doc, f->value[FIELD_IF_NONE_MATCH], &base, tag))
		return 0;
	if (delta_compose(&s->documents, s->config, doc, &base, &text) == 0)
		*ret = send_delta(s, c, doc, tag, &text);
	else
		base.state_ms = 0;
	buf_fini(&text);
	return base.state_ms != 0;
}

/* Gzip where it is taken, but not to somebody who has the other. */
static const struct shape *
choose_shape(const struct fields *f, const struct document *doc)
{
	const char *has = f->value[FIELD_IF_NONE_MATCH];

	if (doc->gzip.bytes == NULL ||
	    !http_prefers_gzip(f->value[FIELD_ACCEPT_ENCODING]) ||
	    (http_names_tag(has, doc->plain.etag) &&
	    !http_names_tag(has, doc->gzip.etag)))
		return &doc->plain;
	return &doc->gzip;
}

static enum MHD_Result
send_document(struct serve *s, struct MHD_Connection *c,
    const struct document *doc, int is_get, const struct fields *f)
{
	const struct shape *shape = choose_shape(f, doc);
	const struct http_ask ask = {
		.is_get = is_get,
		.if_match = f->value[FIELD_IF_MATCH],
		.if_none_match = f->value[FIELD_IF_NONE_MATCH],
		.if_modified_since = f->value[FIELD_IF_MODIFIED_SINCE],
		.if_unmodified_since = f->value[FIELD_IF_UNMODIFIED_SINCE],
		.range = f->value[FIELD_RANGE],
		.if_range = f->value[FIELD_IF_RANGE],
	};
	const struct http_thing thing = {
		shape->etag, doc->modified_ms, shape_len(shape)
	};
	const struct http_answer answer = http_judge(&ask, &thing);
	enum MHD_Result rc = MHD_NO;
	char range[40];

	if (answer.status == 200 && try_delta(s, c, doc, f, &rc))
		return rc;
	switch (answer.status) {
	case 206:
		return send_part(s, c, doc, shape, &answer);
	case 412:
		return serve_send_sentence(s, c, 412, "precondition failed",
		    NULL, NULL);
	case 416:
		snprintf(range, sizeof(range), "bytes */%zu", thing.len);
		return serve_send_sentence(s, c, 416, "no such range",
		    "Content-Range", range);
	case 304:
		return serve_send(s, c, 304, shape->unchanged);
	default:
		return serve_send(s, c, 200, shape->whole);
	}
}

static enum MHD_Result
send_route(struct serve *s, struct MHD_Connection *c,
    const struct serve_route *route)
{
	struct buf text = { 0 };
	struct peer *peer = serve_peer(c);
	int status;

	if (route->ask != NULL)
		return peer == NULL ? MHD_NO :
		    serve_call_begin(peer->listener, peer, route);
	status = route->answer(&text, s->arg);
	return serve_send_text(s, c, (unsigned)status, route->type, &text,
	    status == 503 ? "Retry-After" : NULL, "1");
}

/* --------------------------------------------------------------- requests */

/* Addresses of clients and what they ask are theirs, not ours to keep: only
 * where access-log says so. */
static void
log_request(const struct serve *s, const char *method, const char *path)
{
	char line[LOG_LINE];

	if (s->config == NULL || !s->config->http.access_log)
		return;
	snprintf(line, sizeof(line), "%s", path);
	log_event(LOG_INFO, "request", LOG_STR("method", method),
	    LOG_STR("path", line));
}

static enum MHD_Result
answer(struct serve *s, struct MHD_Connection *c, const char *path,
    const char *method, const struct fields *f)
{
	int is_get = strcmp(method, "GET") == 0;
	const struct document *doc;

	log_request(s, method, path);
	if (!is_get && strcmp(method, "HEAD") != 0)
		return serve_send_sentence(s, c, 405, "only GET and HEAD",
		    "Allow", "GET, HEAD");
	if (fields_are_ambiguous(f))
		return serve_send_sentence(s, c, 400, "a field is there twice",
		    NULL, NULL);
	/* Nothing here wants one, and two framings of one body are how
	 * requests are smuggled. */
	if (fields_tell_body(f))
		return serve_send_sentence(s, c, 400, "a request with a body",
		    NULL, NULL);
	doc = documents_find(&s->documents, path);
	if (doc == NULL && s->config != NULL)
		doc = documents_find_page(&s->documents, s->config, path);
	if (doc != NULL)
		return send_document(s, c, doc, is_get, f);
	for (const struct serve_route *r = s->routes;
	    r != NULL && r->path != NULL; r++) {
		if (strcmp(r->path, path) == 0)
			return send_route(s, c, r);
	}
	return serve_send_not_found(s, c);
}

/* The target as it was sent, before it is cut and decoded. */
void *
serve_note_target(void *cls, const char *target, struct MHD_Connection *c)
{
	struct peer *peer = serve_peer(c);

	(void)cls;
	if (peer != NULL) {
		peer->target = target;
		peer->target_len = strlen(target);
		serve_call_note(peer->listener->serve, peer);
	}
	return NULL;
}

/*
 * Did a NUL cut the target short?  The library has strings only; but the
 * version stands in the same line, and one byte is between them.  Where it
 * stands elsewhere nothing can be said.
 */
static int
is_cut_short(const struct peer *peer, const char *version)
{
	uintptr_t from, to = (uintptr_t)version;

	if (peer == NULL || peer->target == NULL)
		return 0;
	from = (uintptr_t)peer->target + peer->target_len;
	return to > from + 1 && to - from < HEAD_BYTES;
}

/*
 * Called first when the head is complete.  An answer at that moment closes
 * the connection when it is sent: right where a body would follow, so that it
 * is never read.  All others are answered at the second call.
 */
enum MHD_Result
serve_take_request(void *cls, struct MHD_Connection *c, const char *path,
    const char *method, const char *version, const char *data, size_t *size,
    void **state)
{
	struct listener *l = cls;
	struct peer *peer = serve_peer(c);
	enum MHD_Result rc;
	struct fields f;

	(void)data;
	if (peer != NULL && peer->call != NULL)
		return serve_call_send(l->serve, peer);
	if (*state == NULL) {
		*state = l;
		if (!serve_must_close(c))
			return MHD_YES;
	} else if (*size != 0) {
		return MHD_NO;
	}
	if (peer != NULL) {
		peer->answering = 1;
		peer->since_ms = clock_mono_ms();
	}
	if (is_cut_short(peer, version))
		return serve_send_sentence(l->serve, c, 400,
		    "a NUL in the target", NULL, NULL);
	fields_read(&f, c);
	rc = answer(l->serve, c, path, method, &f);
	fields_fini(&f);
	return rc;
}

void
serve_request_completed(void *cls, struct MHD_Connection *c, void **state,
    enum MHD_RequestTerminationCode why)
{
	struct peer *peer = serve_peer(c);

	(void)cls;
	(void)state;
	(void)why;
	if (peer == NULL)
		return;
	serve_call_end(peer);
	peer->answering = 0;
	peer->since_ms = clock_mono_ms();
}
