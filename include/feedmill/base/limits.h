/*
 * limits.h - how many files the process may have open, and whose they are.
 *
 * Some are for the database, for what is published and for the log; what is
 * left is halved between transfers and the server, so that neither can take
 * the other's: who has none left fails where nobody is to blame.
 */
#ifndef FEEDMILL_BASE_LIMITS_H
#define FEEDMILL_BASE_LIMITS_H

/* As many as the system lets us have, within reason. */
void limits_raise_files(void);

/* Of sockets: what each of the two may have; never less than a few. */
unsigned limits_socket_share(void);

#endif
