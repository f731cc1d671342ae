/* client.c - a verb of the daemon is called, and its answer waited for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/control.h"
#include "address.h"

static int
send_all(int fd, const char *bytes, size_t len, struct err *e)
{
	ssize_t n;

	while (len > 0) {
		n = send(fd, bytes, len, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_set(e, "daemon: %s", strerror(errno));
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Appends the status too. */
static void
receive_all(int fd, struct buf *answer)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) > 0 ||
	    (n == -1 && errno == EINTR))
		buf_append(answer, bytes, n > 0 ? (size_t)n : 0);
}

static int
call_daemon(const char *path, struct err *e)
{
	struct sockaddr_un at;
	int fd, folder, rc;

	if (control_address(path, &at, &folder, e) == -1)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	rc = fd == -1 ? -1 : connect(fd, (struct sockaddr *)&at, sizeof(at));
	control_close_folder(folder);
	if (rc == -1) {
		err_set(e, "no daemon answers at %s: %s", path,
		    strerror(errno));
		if (fd != -1)
			close(fd);
		return -1;
	}
	return fd;
}

static int
exchange(const char *path, const struct buf *line, const char *body,
    size_t len, struct buf *text, struct err *e)
{
	struct buf answer = { 0 };
	struct err unsent = { 0 };
	int fd = call_daemon(path, e), status;
	char *end;

	if (fd == -1)
		return -1;
	/* One that takes no more may have said why. */
	if (send_all(fd, line->data, line->len, &unsent) == 0)
		send_all(fd, body, len, &unsent);
	receive_all(fd, &answer);
	close(fd);
	status = (int)strtol(buf_str(&answer), &end, 10);
	if (answer.len > 0 && *end == '\n') {
		end++;
		buf_append(text, end,
		    answer.len - (size_t)(end - answer.data));
	} else if (unsent.msg[0] != '\0') {
		*e = unsent;
		status = -1;
	} else {
		status = err_set(e, "%s: the daemon hung up", path);
	}
	buf_fini(&answer);
	return status;
}

int
control_ask(const char *path, const char *const *words, struct buf *text,
    struct err *e)
{
	struct buf line = { 0 };
	int status;

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
	status = exchange(path, &line, NULL, 0, text, e);
	buf_fini(&line);
	return status;
}

int
control_send(const char *path, const char *verb, const char *body, size_t len,
    struct buf *text, struct err *e)
{
	struct buf line = { 0 };
	int status;

	buf_printf(&line, "%s\t%zu\n", verb, len);
	status = exchange(path, &line, body, len, text, e);
	buf_fini(&line);
	return status;
}
