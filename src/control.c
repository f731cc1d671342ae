/*
 * control.c - see control.h.
 *
 *	accept -> READING a line -> the verb is called -> ANSWERING -> closed
 *
 * A caller that is too slow, says too much or goes away is dropped; one
 * that went away while its answer was being made is kept until the verb has
 * answered, because the verb holds the call.
 */
#include <errno.h>
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

enum { CALLS_MAX = 16, REQUEST_MAX = 65536, WORDS_MAX = 1024,
	PATIENCE_S = 30 };

struct control {
	struct ev_loop			*loop;
	struct ev_io			 io;
	int				 fd;
	char				*path;
	const struct control_verb	*verbs;
	void				*arg;
	struct control_call		*calls;
	unsigned			 count;
};

struct control_call {
	struct control_call	*next, **prevp;
	struct control		*control;	/* NULL: it is gone */
	struct ev_io		 io;
	struct ev_timer		 patience;
	int			 fd;
	int			 called;	/* the verb owes an answer */
	struct buf		 in, out;
	size_t			 sent;
};

static void
call_free(struct control_call *c)
{
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
	buf_fini(&c->in);
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
	call_watch(c, EV_WRITE);
}

static void
call_verb(struct control_call *c)
{
	const struct control_verb *v;
	char *words[WORDS_MAX + 1], *rest = c->in.data, *word;
	size_t n = 0;

	rest[strcspn(rest, "\n")] = '\0';
	while (n < WORDS_MAX && (word = strsep(&rest, "\t")) != NULL)
		words[n++] = word;
	words[n] = NULL;
	ev_io_stop(c->control->loop, &c->io);
	ev_timer_stop(c->control->loop, &c->patience);
	c->called = 1;
	for (v = c->control->verbs; v->name != NULL; v++) {
		if (strcmp(v->name, words[0]) == 0) {
			v->call(c, words + 1, c->control->arg);
			return;
		}
	}
	control_answer(c, 2, "unknown verb\n", strlen("unknown verb\n"));
}

static void
call_read(struct control_call *c)
{
	char bytes[4096];
	ssize_t n = read(c->fd, bytes, sizeof(bytes));

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || c->in.len + (size_t)n > REQUEST_MAX) {
		call_hang_up(c);
		return;
	}
	buf_append(&c->in, bytes, (size_t)n);
	if (memchr(bytes, '\n', (size_t)n) != NULL)
		call_verb(c);
}

static void
call_write(struct control_call *c)
{
	ssize_t n = send(c->fd, c->out.data + c->sent,
	    c->out.len - c->sent, MSG_NOSIGNAL);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		c->sent += (size_t)n;
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

static void
on_accept(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct control *ctl = io->data;
	struct control_call *c;
	int fd = accept4(ctl->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)loop, (void)revents;
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
	ev_timer_init(&c->patience, on_patience, PATIENCE_S, 0.0);
	c->patience.data = c;
	ev_timer_start(ctl->loop, &c->patience);
	call_watch(c, EV_READ);
}

static int
address_of(const char *path, struct sockaddr_un *ret, struct err *e)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(ret->sun_path))
		return err_set(e, "%s: longer than a socket's name may be",
		    path);
	memcpy(ret->sun_path, path, strlen(path));
	return 0;
}

struct control *
control_new(struct ev_loop *loop, const char *path,
    const struct control_verb *verbs, void *arg, struct err *e)
{
	struct sockaddr_un at;
	struct control *ctl;
	mode_t mask;
	int fd, rc;

	if (address_of(path, &at, e) == -1)
		return NULL;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* Ours by right: whoever calls this holds the database's lock. */
	unlink(path);
	mask = umask(0177);
	rc = fd == -1 ? -1 : bind(fd, (struct sockaddr *)&at, sizeof(at));
	umask(mask);
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
	close(ctl->fd);
	unlink(ctl->path);
	free(ctl->path);
	free(ctl);
}

static int
send_words(int fd, const char *const *words, struct err *e)
{
	struct buf line = { 0 };
	size_t sent = 0;
	ssize_t n = 0;

	for (size_t i = 0; words[i] != NULL; i++) {
		if (strpbrk(words[i], "\t\n") != NULL) {
			buf_fini(&line);
			return err_set(e, "no word for the daemon may have a "
			    "tab or a line break in it");
		}
		if (i > 0)
			buf_putc(&line, '\t');
		buf_puts(&line, words[i]);
	}
	buf_putc(&line, '\n');
	while (sent < line.len && (n = send(fd, line.data + sent,
	    line.len - sent, MSG_NOSIGNAL)) > 0)
		sent += (size_t)n;
	buf_fini(&line);
	return n > 0 ? 0 : err_set(e, "daemon: %s", strerror(errno));
}

int
control_ask(const char *path, const char *const *words, struct buf *text,
    struct err *e)
{
	struct sockaddr_un at;
	struct buf answer = { 0 };
	char bytes[4096], *end;
	int fd, status = -1;
	ssize_t n;

	if (address_of(path, &at, e) == -1)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || connect(fd, (struct sockaddr *)&at, sizeof(at)) ==
	    -1) {
		err_set(e, "no daemon answers at %s: %s", path,
		    strerror(errno));
		goto out;
	}
	if (send_words(fd, words, e) == -1)
		goto out;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		buf_append(&answer, bytes, (size_t)n);
	status = (int)strtol(buf_str(&answer), &end, 10);
	if (answer.len == 0 || *end != '\n') {
		err_set(e, "%s: the daemon hung up", path);
		status = -1;
		goto out;
	}
	end++;
	buf_append(text, end, answer.len - (size_t)(end - answer.data));
out:
	if (fd != -1)
		close(fd);
	buf_fini(&answer);
	return status;
}
