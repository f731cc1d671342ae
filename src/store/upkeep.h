/* upkeep.h - a connection for upkeep, and how it tells how far it is. */
#ifndef FEEDMILL_STORE_UPKEEP_PRIVATE_H
#define FEEDMILL_STORE_UPKEEP_PRIVATE_H

#include "feedmill/store_upkeep.h"

#include "db.h"

struct upkeep {
	struct db	 db;
	int		 lock_fd;	/* -1: beside others */
	const struct store_progress *progress;	/* or NULL */
	const char	*what;		/* is being done */
};

/* To read one state, beside whoever writes. */
int upkeep_open_to_read(struct upkeep *, const char *path,
    const struct store_progress *, struct err *);
/* To write, alone; the schema may be of any version we know. */
int upkeep_open_to_own(struct upkeep *, const char *path,
    const struct store_progress *, struct err *);
void upkeep_close(struct upkeep *);

/* From now on this is done, for who knows how long. */
void upkeep_begin(struct upkeep *, const char *what);
void upkeep_tell(const struct upkeep *, int64_t done, int64_t total);

#endif
