/*
 * err.h - one sentence about a failure, on its way up to whoever will log it.
 *
 * Only for failures of our surroundings (disk, configuration, permissions).
 * What a publisher does wrong is an enum outcome (model.h), what we do wrong
 * is an assert().
 */
#ifndef FEEDMILL_BASE_ERR_H
#define FEEDMILL_BASE_ERR_H

struct err {
	int	exit_status;	/* what the program should exit with; 0: 1 */
	char	msg[512];
};

/* Write the sentence; always -1, so that "return err_set(...)" reads well. */
int err_set(struct err *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Put "what: " before the sentence that is there; always -1. */
int err_prefix(struct err *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
