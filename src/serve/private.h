/*
 * private.h - what the files of the server share.
 *
 *	serve.c		listening sockets, the event loop, the public part
 *	peer.c		connections: who may come, who has to go
 *	answer.c	from a request to an answer
 *	send.c		how an answer leaves
 *	fields.c	the fields of a request
 *	call.c		requests that are answered later
 *	query.c		the parameters of a query; pure
 *	file.c		published files
 *	shape.c		as ready responses
 *	delta.c		what is new in one of them
 *	http.c		what a request's conditions ask for; pure
 *	socket.c	sockets; watch.c	directories
 */
#ifndef FEEDMILL_SERVE_PRIVATE_H
#define FEEDMILL_SERVE_PRIVATE_H

#include <ev.h>
#include <microhttpd.h>
#include <stdint.h>
#include <sys/socket.h>

#include "feedmill/serve.h"
#include "file.h"

enum {
	HEAD_BYTES = 16384,	/* of a request, and what it needs */
	IDLE_S = 30,		/* no byte in either direction */
	HEAD_S = 30,		/* from the first byte to the last header */
	ANSWER_S = 600,		/* one answer, however slowly it is read */
	SWEEP_S = 5,
	ROOM_S = 1,		/* the same while there is no room */
	LOG_LINE = 256
};

/* One connection, as we see it from outside. */
struct peer {
	struct peer	*next, **link;
	struct MHD_Connection *connection;
	struct listener	*listener;
	int64_t		 since_ms;	/* it does what it does */
	int		 answering;
	const char	*target;	/* of the request, as sent */
	size_t		 target_len;
	char		*query;		/* for a route that asks; or NULL */
	int		 query_is_long;	/* and was not kept */
	struct serve_call *call;	/* under way or answered; or NULL */
	unsigned char	 address[16];
	int		 has_address;	/* not for unix, not for loopback */
};

struct listener {
	struct listener	*next;
	struct serve	*serve;
	struct MHD_Daemon *daemon;
	char		*where;		/* as configured; NULL: from systemd */
	char		*address;	/* "http://...", NULL: no TCP */
	int		 seen;
	unsigned	 peers_count, limit;
	int		 is_closed;	/* until one of them has gone */
	ev_io		 io;
	ev_timer	 timer;
};

struct serve {
	struct ev_loop	*loop;
	const struct serve_route *routes;
	void		*arg;
	const struct config *config;
	struct listener	*listeners;
	struct prepared	*prepared;	/* open for the next configuration */
	struct documents documents;
	struct watch	*watch;
	struct peer	*peers;
	unsigned	 peers_count;
	ev_timer	 sweep;
	unsigned long	 answers[6];	/* by status class */
};

/* For the library: cls is the struct listener. */
void *serve_note_target(void *cls, const char *target,
    struct MHD_Connection *);
enum MHD_Result serve_take_request(void *cls, struct MHD_Connection *,
    const char *path, const char *method, const char *version,
    const char *data, size_t *size, void **state);
void serve_request_completed(void *cls, struct MHD_Connection *,
    void **state, enum MHD_RequestTerminationCode);

enum MHD_Result serve_accept(void *cls, const struct sockaddr *, socklen_t);
void serve_connection_changed(void *cls, struct MHD_Connection *,
    void **context, enum MHD_ConnectionNotificationCode);

struct peer *serve_peer(struct MHD_Connection *);	/* or NULL */

enum MHD_Result serve_send(struct serve *, struct MHD_Connection *,
    unsigned status, struct MHD_Response *);
/* text is a gift: an answer that is made for this request alone.  A field
 * more, or NULL. */
enum MHD_Result serve_send_text(struct serve *, struct MHD_Connection *,
    unsigned status, const char *type, struct buf *text, const char *name,
    const char *value);
enum MHD_Result serve_send_sentence(struct serve *, struct MHD_Connection *,
    unsigned status, const char *sentence, const char *name,
    const char *value);
/* For people as a page, with a way out; for programs as a word. */
enum MHD_Result serve_send_not_found(struct serve *,
    struct MHD_Connection *);
/* What else may come on this connection cannot be told from its body. */
int serve_must_close(struct MHD_Connection *);

/* Keep the query of a target that is meant for a route that asks. */
void serve_call_note(struct serve *, struct peer *);
/* Suspended until it is answered, or answered already. */
enum MHD_Result serve_call_begin(struct listener *, struct peer *,
    const struct serve_route *);
/* The library comes back for the answer. */
enum MHD_Result serve_call_send(struct serve *, struct peer *);
/* Nobody waits for it any more. */
void serve_call_end(struct peer *);
/* A listener is about to close: none of its connections may be suspended. */
void serve_call_end_all(struct listener *);

/* Stop who has taken too long over a request or over its answer; and look
 * again soon, as long as somebody may be kept waiting at the door. */
void serve_sweep(struct serve *);
/* The library lets nobody in until somebody has gone. */
void serve_close_doors(struct listener *);

#endif
