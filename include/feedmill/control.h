/*
 * control.h - what an administrator asks of a running daemon.
 *
 * A unix socket ("feedmill.sock" in the state folder, mode 0600).  A request
 * is one line, "verb argument..." in which arguments are separated by tabs;
 * the answer is "STATUS\n" (an exit status) and then text until end of file.
 * A verb is a row in a table.
 *
 * After the line of some verbs comes a body: their first argument is how
 * many bytes it has.  A caller with one may be told CONTROL_BUSY: again,
 * in a moment.
 */
#ifndef FEEDMILL_CONTROL_H
#define FEEDMILL_CONTROL_H

#include <stddef.h>

struct buf;
struct control;
struct control_call;
struct err;
struct ev_loop;

enum { CONTROL_BUSY = 75 };

/* A question under way: answer it once, now or later. */
void control_answer(struct control_call *, int status, const char *text,
    size_t len);

/* All of the body, borrowed until the answer, by any thread. */
const char *control_body(const struct control_call *, size_t *ret_len);

struct control_verb {
	const char	*name;
	/* args are NULL-terminated; borrowed. */
	void		(*call)(struct control_call *, char **args, void *arg);
	size_t		 body_max;	/* 0: a line is all there is */
};

struct control *control_new(struct ev_loop *, const char *path,
    const struct control_verb *verbs, void *arg, struct err *);
void control_free(struct control *);

/* The other side, blocking: exit status of the answer, text appended;
 * -1 and a sentence if nobody listens. */
int control_ask(const char *path, const char *const *words, struct buf *text,
    struct err *);
/* The same, for a verb with a body. */
int control_send(const char *path, const char *verb, const char *body,
    size_t len, struct buf *text, struct err *);

#endif
