/*
 * send.c - an answer leaves: counted, with what each must say.
 */
#include <microhttpd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/text.h"
#include "feedmill/render.h"
#include "fields.h"
#include "http.h"
#include "private.h"

enum MHD_Result
serve_send(struct serve *s, struct MHD_Connection *c, unsigned status,
    struct MHD_Response *r)
{
	s->answers[status / 100 % 6]++;
	return MHD_queue_response(c, status, r);
}

int
serve_must_close(struct MHD_Connection *c)
{
	struct fields f;
	int must;

	fields_read(&f, c);
	must = fields_tell_body(&f) || fields_are_ambiguous(&f);
	fields_fini(&f);
	return must;
}

enum MHD_Result
serve_send_text(struct serve *s, struct MHD_Connection *c, unsigned status,
    const char *type, struct buf *text, const char *name, const char *value)
{
	size_t len = text->len;
	struct MHD_Response *r = MHD_create_response_from_buffer(len,
	    buf_take(text), MHD_RESPMEM_MUST_FREE);
	enum MHD_Result rc;

	if (r == NULL)
		return MHD_NO;
	MHD_add_response_header(r, "Content-Type", type);
	MHD_add_response_header(r, "Cache-Control", "no-store");
	MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	response_add_policy(r, type);
	if (name != NULL)
		MHD_add_response_header(r, name, value);
	if (status >= 400 && serve_must_close(c))
		MHD_add_response_header(r, "Connection", "close");
	rc = serve_send(s, c, status, r);
	MHD_destroy_response(r);
	return rc;
}

enum MHD_Result
serve_send_sentence(struct serve *s, struct MHD_Connection *c,
    unsigned status, const char *sentence, const char *name, const char *value)
{
	struct buf text = { 0 };

	buf_printf(&text, "%s\n", sentence);
	return serve_send_text(s, c, status, "text/plain; charset=utf-8", &text,
	    name, value);
}

enum MHD_Result
serve_send_not_found(struct serve *s, struct MHD_Connection *c)
{
	const char *accept = MHD_lookup_connection_value(c, MHD_HEADER_KIND,
	    "Accept");
	struct buf page = { 0 };

	if (accept == NULL || text_find_nocase(accept, "text/html") == NULL)
		return serve_send_sentence(s, c, 404, "not found", "Vary",
		    "Accept");
	render_not_found(&page);
	return serve_send_text(s, c, 404, "text/html; charset=utf-8", &page,
	    "Vary", "Accept");
}
