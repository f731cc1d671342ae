/* socket.c - see socket.h. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "socket.h"

enum {
	BACKLOG = 1024,
	FIRST_PASSED_FD = 3,	/* SD_LISTEN_FDS_START */
	SOCKET_MODE = 0666	/* the folder decides who may come */
};

const char *
socket_path(const char *where)
{
	return text_prefix_nocase(where, "unix:") ? where + 5 : NULL;
}

static int
fail(int fd, const char *where, struct err *err)
{
	err_set(err, "cannot listen on %s: %s", where, strerror(errno));
	if (fd != -1)
		close(fd);
	return -1;
}

/* ------------------------------------------------------------------- unix */

/* Only a socket that nobody answers at is in the way and may go. */
static void
remove_stale(const struct sockaddr_un *address)
{
	struct stat st;
	int fd;

	if (lstat(address->sun_path, &st) == -1 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return;
	if (connect(fd, (const struct sockaddr *)address,
	    sizeof(*address)) == -1 && errno == ECONNREFUSED)
		unlink(address->sun_path);
	close(fd);
}

static int
listen_unix(const char *where, const char *path, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (*path == '\0' || strlen(path) >= sizeof(address.sun_path))
		return err_set(err, "cannot listen on %s: a socket's path "
		    "has 1 to %zu bytes", where,
		    sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	remove_stale(&address);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) == -1 ||
	    chmod(path, SOCKET_MODE) == -1 || listen(fd, BACKLOG) == -1)
		return fail(fd, where, err);
	return fd;
}

/* -------------------------------------------------------------------- TCP */

/* "host:port", "[host]:port", "port"; host is "" for any address. */
static int
split(const char *where, char host[64], char port[8])
{
	const char *colon = strrchr(where, ':'), *from = where;
	size_t len = colon != NULL ? (size_t)(colon - where) : 0;
	const char *digits = colon != NULL ? colon + 1 : where;

	if (len >= 2 && *from == '[' && from[len - 1] == ']') {
		from++;
		len -= 2;
	}
	if (len >= 64 || strlen(digits) >= 8 || *digits == '\0' ||
	    digits[strspn(digits, "0123456789")] != '\0')
		return -1;
	memcpy(host, from, len);
	host[len] = '\0';
	if (strcmp(host, "*") == 0)
		host[0] = '\0';
	if (strcmp(host, "localhost") == 0)
		strcpy(host, "127.0.0.1");
	strcpy(port, digits);
	return 0;
}

static int
bind_address(const struct addrinfo *ai)
{
	int one = 1, zero = 0, saved;
	int fd = socket(ai->ai_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	/* "*:80" is both families. */
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero,
		    sizeof(zero));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* Addresses only: a name could block, and mean something else tomorrow. */
static int
listen_tcp(const char *where, struct err *err)
{
	struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *list = NULL;
	char host[64], port[8];
	int fd = -1;

	if (split(where, host, port) == -1 ||
	    getaddrinfo(*host != '\0' ? host : NULL, port, &hints,
	    &list) != 0)
		return err_set(err, "cannot listen on %s: not ADDRESS:PORT "
		    "or unix:PATH", where);
	/* IPv6 first: its wildcard takes IPv4 too. */
	for (int pass = 0; pass < 2 && fd == -1; pass++) {
		for (struct addrinfo *ai = list; ai && fd == -1;
		    ai = ai->ai_next) {
			if ((ai->ai_family == AF_INET6) == (pass == 0))
				fd = bind_address(ai);
		}
	}
	if (fd == -1)
		fail(-1, where, err);
	freeaddrinfo(list);
	return fd;
}

int
socket_listen(const char *where, struct err *err)
{
	const char *path = socket_path(where);

	return path != NULL ? listen_unix(where, path, err) :
	    listen_tcp(where, err);
}

/* ---------------------------------------------------------------- systemd */

/* The n-th of "http:control:http"; all are "http" if nothing is said. */
static int
is_named_http(const char *names, int n)
{
	if (names == NULL)
		return 1;
	for (; n > 0; n--) {
		names = strchr(names, ':');
		if (names == NULL)
			return 0;
		names++;
	}
	return strcspn(names, ":") == 4 && strncmp(names, "http", 4) == 0;
}

int
socket_inherited(int *fds, int max)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	const char *names = getenv("LISTEN_FDNAMES");
	int n = 0;

	if (pid == NULL || count == NULL || atol(pid) != (long)getpid())
		return 0;
	for (int i = 0; i < atoi(count) && n < max; i++) {
		int fd = FIRST_PASSED_FD + i;
		int flags = fcntl(fd, F_GETFL);

		if (!is_named_http(names, i) || flags == -1)
			continue;
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		fds[n++] = fd;
	}
	return n;
}

/* ---------------------------------------------------------------- address */

char *
socket_address(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	char host[64], port[8], *text;

	if (getsockname(fd, (struct sockaddr *)&address, &len) == -1 ||
	    (address.ss_family != AF_INET && address.ss_family != AF_INET6) ||
	    getnameinfo((struct sockaddr *)&address, len, host, sizeof(host),
	    port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return NULL;
	if (asprintf(&text, strchr(host, ':') != NULL ? "http://[%s]:%s" :
	    "http://%s:%s", host, port) == -1)
		return NULL;
	return text;
}
