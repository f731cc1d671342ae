/*
 * daemon.h - the life of a running feedmill: start, signals, reload, stop.
 *
 * Crash-only: starting is recovery, stopping is "take no more, finish the
 * transaction, exit".  Talks to systemd, answers the control socket and the
 * server's own pages; the work itself is the mill's.
 */
#ifndef FEEDMILL_DAEMON_H
#define FEEDMILL_DAEMON_H

#include "feedmill/base/log.h"

struct config_options;

struct daemon_options {
	const struct config_options *config;
	int	once, now;
	enum log_level log_level;	/* LOG_INFO: the configuration's */
};

/* Runs until told to stop (once: until the round is over); an exit status,
 * see feedmill(8). */
int daemon_run(const struct daemon_options *);

/* Where the control socket of this state folder is; malloc()ed. */
char *daemon_socket_path(const char *state);

#endif
