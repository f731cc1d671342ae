/*
 * limits.h - how many files the process may have open, and whose they are.
 *
 * Some are for the database, for what is published and for the log; what is
 * left is halved between transfers and the server, so that neither can take
 * the other's: who has none left fails where nobody is to blame.
 */
#ifndef FEEDMILL_BASE_LIMITS_H
#define FEEDMILL_BASE_LIMITS_H

#include <stdint.h>

/* As many as the system lets us have, within reason. */
void limits_raise_files(void);

/* As many may be open, and so many are: -1 if that is not to be known. */
unsigned limits_files(void);
int limits_open_files(void);

/* Memory that the process has of the machine's; -1: not to be known. */
int64_t limits_resident_bytes(void);

/* Has something failed because no more may be open?  Asked when it has. */
int limits_files_are_out(void);

/* Of sockets: what each of the two may have; never less than a few. */
unsigned limits_socket_share(void);

#endif
