/*
 * socket.h - from "127.0.0.1:8080", "[::1]:8080" and "unix:PATH", or
 * from what systemd passes, to listening sockets.  Private to serve.
 */
#ifndef FEEDMILL_SERVE_SOCKET_H
#define FEEDMILL_SERVE_SOCKET_H

struct err;

/* -1 and a sentence.  A socket that a dead process left at a path goes. */
int socket_listen(const char *where, struct err *);

/* Sockets named "http" that systemd passed to this process (LISTEN_FDS), at
 * most max of them; those without names are all taken. */
int socket_inherited(int *fds, int max);

/* "http://127.0.0.1:8080" of a TCP socket, malloc()ed; NULL for others. */
char *socket_address(int fd);

/* Where a unix socket is, or NULL: "unix:PATH" to PATH. */
const char *socket_path(const char *where);

#endif
