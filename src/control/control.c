/*
 * control.c - see control.h.
 *
 *	accept -> READING a line, a body -> the verb is called
 *	                                             -> ANSWERING -> closed
 *
 * A caller that is too slow, says too much or goes away is dropped; one
 * that went away while its answer was being made is kept until the verb has
 * answered, because the verb holds the call.  A body is read whole before
 * its verb hears of it, and one at a time: that bounds the memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <ev.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"
#include "feedmill/control.h"
#include "address.h"

enum {
	CALLS_MAX = 16, LINE_MAX_BYTES = 65536, WORDS_MAX = 1024,
	PATIENCE_S = 30,	/* for a request; for each part of an answer */
	REST_S = 1,		/* where nobody could be let in */
	LINE_STEP = 4096, BODY_STEP = 256 << 10	/* in one turn of the loop */
};

struct control {
	struct ev_loop			*loop;
	struct ev_io			 io;
	struct ev_timer			 rest;
	int				 fd;
	int				 spare;	/* for one caller; or -1 */
	char				*path;
	const struct control_verb	*verbs;
	void				*arg;
	struct control_call		*calls;
	unsigned			 count;
	const struct control_call	*bodied;	/* has a body; or NULL */
};

struct control_call {
	struct control_call	*next, **prevp;
	struct control		*control;	/* NULL: it is gone */
	struct ev_io		 io;
	struct ev_timer		 patience;
	int			 fd;
	int			 called;	/* the verb owes an answer */
	const struct control_verb *verb;	/* NULL: no whole line yet */
	size_t			 line, whole;	/* bytes of line; and body */
	struct buf		 in, out;
	size_t			 sent;
};

/*
 * When no more files may be open, somebody will ask why: a descriptor is kept
 * for that.
 */
static void
control_take_spare(struct control *ctl)
{
	if (ctl->spare == -1)
		ctl->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* What was asked is not needed any more. */
static void
call_forget_request(struct control_call *c)
{
	buf_fini(&c->in);
	if (c->control != NULL && c->control->bodied == c)
		c->control->bodied = NULL;
}

static void
call_free(struct control_call *c)
{
	call_forget_request(c);
	if (c->control != NULL) {
		ev_io_stop(c->control->loop, &c->io);
		ev_timer_stop(c->control->loop, &c->patience);
		*c->prevp = c->next;
		if (c->next != NULL)
			c->next->prevp = c->prevp;
		c->control->count--;
	}
	if (c->fd != -1)
		close(c->fd);
	if (c->control != NULL)
		control_take_spare(c->control);
	buf_fini(&c->out);
	free(c);
}

/* The caller is gone; the verb may still hold the call. */
static void
call_hang_up(struct control_call *c)
{
	if (!c->called) {
		call_free(c);
		return;
	}
	ev_io_stop(c->control->loop, &c->io);
	ev_timer_stop(c->control->loop, &c->patience);
	close(c->fd);
	c->fd = -1;
}

static void
call_watch(struct control_call *c, int events)
{
	ev_io_stop(c->control->loop, &c->io);
	ev_io_set(&c->io, c->fd, events);
	ev_io_start(c->control->loop, &c->io);
}

void
control_answer(struct control_call *c, int status, const char *text,
    size_t len)
{
	c->called = 0;
	if (c->fd == -1 || c->control == NULL) {
		call_free(c);
		return;
	}
	buf_printf(&c->out, "%d\n", status);
	buf_append(&c->out, text, len);
	call_forget_request(c);
	call_watch(c, EV_WRITE);
	ev_timer_again(c->control->loop, &c->patience);
}

const char *
control_body(const struct control_call *c, size_t *ret_len)
{
	*ret_len = c->whole - c->line;
	return c->in.data + c->line;
}

static void
call_refuse(struct control_call *c, int status, const char *sentence)
{
	control_answer(c, status, sentence, strlen(sentence));
}

static void
call_verb(struct control_call *c)
{
	char *words[WORDS_MAX + 1], *rest = c->in.data, *word;
	size_t n = 0;

	rest[c->line - 1] = '\0';
	while (n < WORDS_MAX && (word = strsep(&rest, "\t")) != NULL)
		words[n++] = word;
	words[n] = NULL;
	ev_io_stop(c->control->loop, &c->io);
	ev_timer_stop(c->control->loop, &c->patience);
	c->called = 1;
	c->verb->call(c, words + 1, c->control->arg);
}

/* How many bytes follow the line; -1: it does not say. */
static int
body_length(const struct control_call *c, size_t *ret)
{
	const char *s = c->in.data + strlen(c->verb->name);
	char *end;

	if (s[0] != '\t' || s[1] < '0' || s[1] > '9')
		return -1;
	errno = 0;
	*ret = strtoull(s + 1, &end, 10);
	return errno != 0 || (*end != '\t' && *end != '\n') ? -1 : 0;
}

/* Is there to be a body, and may there?  0: it was refused. */
static int
expect_body(struct control_call *c)
{
	struct control *ctl = c->control;
	size_t len;

	if (body_length(c, &len) == -1) {
		call_refuse(c, 2, "how many bytes follow?\n");
	} else if (len > c->verb->body_max) {
		call_refuse(c, 2, "more bytes than this verb takes\n");
	} else if (ctl->bodied != NULL) {
		call_refuse(c, CONTROL_BUSY, "another is served just now\n");
	} else if (buf_try_reserve(&c->in, len) == NULL) {
		call_refuse(c, CONTROL_BUSY, "out of memory\n");
	} else {
		c->whole = c->line + len;
		ctl->bodied = c;
		return 1;
	}
	return 0;
}

/* The line is whole: 0 if nothing more is to be read. */
static int
take_line(struct control_call *c, size_t line)
{
	const struct control_verb *v = c->control->verbs;
	size_t len = strcspn(c->in.data, "\t\n");

	while (v->name != NULL && (strncmp(v->name, c->in.data, len) != 0 ||
	    v->name[len] != '\0'))
		v++;
	if (v->name == NULL) {
		call_refuse(c, 2, "unknown verb\n");
		return 0;
	}
	c->verb = v;
	c->line = c->whole = line;
	return v->body_max == 0 || expect_body(c);
}

static void
call_read(struct control_call *c)
{
	size_t at = c->in.len, room = c->verb == NULL ? LINE_STEP :
	    c->whole - at < BODY_STEP ? c->whole - at : BODY_STEP;
	char *to = buf_reserve(&c->in, room), *end;
	ssize_t n = read(c->fd, to, room);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		call_hang_up(c);
		return;
	}
	c->in.len += (size_t)n;
	to[n] = '\0';
	if (c->verb == NULL) {
		end = memchr(to, '\n', (size_t)n);
		if (end == NULL && c->in.len > LINE_MAX_BYTES)
			call_hang_up(c);
		if (end == NULL ||
		    !take_line(c, (size_t)(end + 1 - c->in.data)))
			return;
	}
	if (c->in.len > c->whole && c->verb->body_max > 0)
		call_refuse(c, 2, "more bytes follow than were said\n");
	else if (c->in.len >= c->whole)
		call_verb(c);
}

static void
call_write(struct control_call *c)
{
	ssize_t n = send(c->fd, c->out.data + c->sent,
	    c->out.len - c->sent, MSG_NOSIGNAL);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		c->sent += (size_t)n;
		ev_timer_again(c->control->loop, &c->patience);
	}
	if (n <= 0 || c->sent == c->out.len)
		call_free(c);
}

static void
on_call(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct control_call *c = io->data;

	(void)loop;
	if (revents & EV_WRITE)
		call_write(c);
	else
		call_read(c);
}

static void
on_patience(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	(void)loop, (void)revents;
	call_hang_up(w->data);
}

static int
let_in(struct control *ctl)
{
	int fd = accept4(ctl->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd != -1 || errno != EMFILE || ctl->spare == -1)
		return fd;
	close(ctl->spare);
	ctl->spare = -1;
	return accept4(ctl->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static int
is_for_want(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	    error == ENOMEM;
}

static void
on_rested(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	struct control *ctl = w->data;

	(void)revents;
	control_take_spare(ctl);
	ev_io_start(loop, &ctl->io);
}

static void
on_accept(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct control *ctl = io->data;
	struct control_call *c;
	int fd = let_in(ctl);

	(void)revents;
	if (fd == -1 && is_for_want(errno)) {
		/* Who waits outside would wake the loop again and again. */
		ev_io_stop(loop, io);
		ev_timer_set(&ctl->rest, REST_S, 0.);
		ev_timer_start(loop, &ctl->rest);
	}
	if (fd == -1)
		return;
	if (ctl->count >= CALLS_MAX) {
		close(fd);
		return;
	}
	c = xcalloc(1, sizeof(*c));
	c->control = ctl;
	c->fd = fd;
	c->next = ctl->calls;
	c->prevp = &ctl->calls;
	if (c->next != NULL)
		c->next->prevp = &c->next;
	ctl->calls = c;
	ctl->count++;
	ev_init(&c->io, on_call);
	c->io.data = c;
	ev_timer_init(&c->patience, on_patience, PATIENCE_S, PATIENCE_S);
	c->patience.data = c;
	ev_timer_start(ctl->loop, &c->patience);
	call_watch(c, EV_READ);
}

struct control *
control_new(struct ev_loop *loop, const char *path,
    const struct control_verb *verbs, void *arg, struct err *e)
{
	struct sockaddr_un at;
	struct control *ctl;
	mode_t mask;
	int fd, rc, folder;

	if (control_address(path, &at, &folder, e) == -1)
		return NULL;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* Ours by right: whoever calls this holds the database's lock. */
	unlink(path);
	mask = umask(0177);
	rc = fd == -1 ? -1 : bind(fd, (struct sockaddr *)&at, sizeof(at));
	umask(mask);
	control_close_folder(folder);
	if (rc == -1 || listen(fd, CALLS_MAX) == -1) {
		err_set(e, "%s: %s", path, strerror(errno));
		if (fd != -1)
			close(fd);
		return NULL;
	}
	ctl = xcalloc(1, sizeof(*ctl));
	ctl->loop = loop;
	ctl->fd = fd;
	ctl->path = xstrdup(path);
	ctl->verbs = verbs;
	ctl->arg = arg;
	ev_io_init(&ctl->io, on_accept, fd, EV_READ);
	ctl->io.data = ctl;
	ev_io_start(loop, &ctl->io);
	ev_init(&ctl->rest, on_rested);
	ctl->rest.data = ctl;
	ctl->spare = -1;
	control_take_spare(ctl);
	return ctl;
}

void
control_free(struct control *ctl)
{
	struct control_call *c;

	if (ctl == NULL)
		return;
	while ((c = ctl->calls) != NULL) {
		if (c->called) {	/* its verb will free it */
			call_hang_up(c);
			ctl->calls = c->next;
			if (c->next != NULL)
				c->next->prevp = &ctl->calls;
			c->control = NULL;
		} else {
			call_free(c);
		}
	}
	ev_io_stop(ctl->loop, &ctl->io);
	ev_timer_stop(ctl->loop, &ctl->rest);
	close(ctl->fd);
	if (ctl->spare != -1)
		close(ctl->spare);
	unlink(ctl->path);
	free(ctl->path);
	free(ctl);
}
