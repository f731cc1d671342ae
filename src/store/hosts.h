/* hosts.h - the table of hosts that want to be asked by https. */
#ifndef FEEDMILL_STORE_HOSTS_H
#define FEEDMILL_STORE_HOSTS_H

#include <stdint.h>

struct db;
struct err;
struct hsts_entry;

/* One row, put or taken away; with it go those whose time is over. */
int hosts_write(struct db *, const struct hsts_entry *, int64_t now_ms,
    struct err *);

#endif
