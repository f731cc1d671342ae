/*
 * address.h - from a path to the address of a socket there.
 *
 * Private to control.  A path that is longer than a socket's name may be is
 * reached through its folder.
 */
#ifndef FEEDMILL_CONTROL_ADDRESS_H
#define FEEDMILL_CONTROL_ADDRESS_H

struct err;
struct sockaddr_un;

/* *ret_folder is a descriptor, or -1: to be closed when the address has
 * served. */
int control_address(const char *path, struct sockaddr_un *ret,
    int *ret_folder, struct err *);
void control_close_folder(int folder);	/* errno stays */

#endif
