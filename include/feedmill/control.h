/*
 * control.h - what an administrator asks of a running daemon.
 *
 * A unix socket beside the database ("feedmill.sock" in the state folder,
 * mode 0600).  A request is one line, "verb argument..." in which arguments
 * are separated by tabs; the answer is "STATUS\n" (an exit status) and then
 * text until end of file.  A verb is a row in a table.
 */
#ifndef FEEDMILL_CONTROL_H
#define FEEDMILL_CONTROL_H

#include <stddef.h>

struct buf;
struct control;
struct control_call;
struct err;
struct ev_loop;

/* A question under way: answer it once, now or later. */
void control_answer(struct control_call *, int status, const char *text,
    size_t len);

struct control_verb {
	const char	*name;
	/* args are NULL-terminated; borrowed. */
	void		(*call)(struct control_call *, char **args, void *arg);
};

struct control *control_new(struct ev_loop *, const char *path,
    const struct control_verb *verbs, void *arg, struct err *);
void control_free(struct control *);

/* The other side, blocking: exit status of the answer, text appended;
 * -1 and a sentence if nobody listens. */
int control_ask(const char *path, const char *const *words, struct buf *text,
    struct err *);

#endif
