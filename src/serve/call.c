/*
 * call.c - requests that are answered later.
 *
 *	asked -> (suspended -> resumed) -> sent
 *
 * A call belongs to whoever owes the answer until it is answered, then to
 * its connection.  While it waits the library forgets the connection: it
 * sees neither a byte nor an end of it, so an answer can always be given and
 * is lost there if nobody reads it.  A connection that has to go before that
 * (the listener closes) leaves the call behind.
 */
#include <ev.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "private.h"

struct serve_call {
	struct peer	*peer;		/* NULL: nobody waits */
	int		 is_asking;	/* inside ask(): not yet suspended */
	int		 is_suspended;
	int		 is_answered;
	unsigned	 status;
	const char	*type;
	struct buf	 text;
};

static void
call_free(struct serve_call *call)
{
	buf_fini(&call->text);
	free(call);
}

/* The target is cut and decoded in place after this: now or never. */
void
serve_call_note(struct serve *s, struct peer *peer)
{
	size_t path_len = strcspn(peer->target, "?");
	const struct serve_route *r = s->routes;
	const char *query;

	free(TAKE(peer->query));
	peer->query_is_long = 0;
	for (; r != NULL && r->path != NULL; r++) {
		if (r->ask != NULL && strlen(r->path) == path_len &&
		    memcmp(r->path, peer->target, path_len) == 0)
			break;
	}
	if (r == NULL || r->path == NULL || peer->target[path_len] == '\0')
		return;
	query = peer->target + path_len + 1;
	if (strlen(query) > SERVE_QUERY_BYTES)
		peer->query_is_long = 1;
	else
		peer->query = xstrdup(query);
}

enum MHD_Result
serve_call_send(struct serve *s, struct peer *peer)
{
	struct serve_call *call = peer->call;

	/* The library asks again and again, as long as it is not told. */
	if (!call->is_answered)
		return MHD_YES;
	return serve_send_text(s, peer->connection, call->status, call->type,
	    &call->text, call->status == 503 ? "Retry-After" : NULL, "1");
}

enum MHD_Result
serve_call_begin(struct listener *l, struct peer *peer,
    const struct serve_route *route)
{
	struct serve_call *call = xcalloc(1, sizeof(*call));

	call->peer = peer;
	peer->call = call;
	call->is_asking = 1;
	route->ask(call, l->serve->arg);
	call->is_asking = 0;
	if (call->is_answered)
		return serve_call_send(l->serve, peer);
	MHD_suspend_connection(peer->connection);
	call->is_suspended = 1;
	return MHD_YES;
}

void
serve_call_end(struct peer *peer)
{
	struct serve_call *call = peer->call;

	if (call == NULL)
		return;
	peer->call = NULL;
	call->peer = NULL;
	if (call->is_answered)
		call_free(call);
}

void
serve_call_end_all(struct listener *l)
{
	for (struct peer *p = l->serve->peers; p != NULL; p = p->next) {
		struct serve_call *call = p->call;

		if (p->listener != l || call == NULL)
			continue;
		if (call->is_suspended)
			MHD_resume_connection(p->connection);
		serve_call_end(p);
	}
}

const char *
serve_call_query(const struct serve_call *call)
{
	const struct peer *peer = call->peer;

	if (peer == NULL || peer->query == NULL)
		return peer != NULL && peer->query_is_long ? NULL : "";
	return peer->query;
}

int
serve_call_wants_json(const struct serve_call *call)
{
	const char *accept = call->peer == NULL ? NULL :
	    MHD_lookup_connection_value(call->peer->connection,
	    MHD_HEADER_KIND, "Accept");

	return accept != NULL &&
	    text_find_nocase(accept, "application/json") != NULL &&
	    text_find_nocase(accept, "text/html") == NULL;
}

/* An end of file is what is seen of a client that has gone, and of one that
 * only will not send any more: as elsewhere, both count as gone. */
int
serve_call_is_wanted(const struct serve_call *call)
{
	const union MHD_ConnectionInfo *info;
	char byte;

	if (call->peer == NULL)
		return 0;
	info = MHD_get_connection_info(call->peer->connection,
	    MHD_CONNECTION_INFO_CONNECTION_FD);
	return info == NULL || recv(info->connect_fd, &byte, 1,
	    MSG_PEEK | MSG_DONTWAIT) != 0;
}

void
serve_call_answer(struct serve_call *call, int status, const char *type,
    struct buf *text)
{
	struct listener *l;

	call->text = *text;
	*text = (struct buf){ 0 };
	call->status = (unsigned)status;
	call->type = type;
	call->is_answered = 1;
	if (call->peer == NULL) {
		call_free(call);
		return;
	}
	if (!call->is_suspended)
		return;
	call->is_suspended = 0;
	MHD_resume_connection(call->peer->connection);
	/* It takes note, and does nothing before it is run; nor does it wake
	 * whoever runs it from outside. */
	l = call->peer->listener;
	ev_feed_event(l->serve->loop, &l->io, EV_READ);
}
