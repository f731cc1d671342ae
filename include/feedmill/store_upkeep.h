/*
 * store_upkeep.h - what an administrator does to a database: look whether it
 * is sound, copy it, make it small, bring it up to date.
 *
 * Each takes as long as it takes, in the caller's thread, on a connection of
 * its own: for commands, not for the loop.  Checking and copying read one
 * state of the database and go well beside a daemon that writes; the others
 * need it for themselves, and are refused with its pid (exit status 75).
 */
#ifndef FEEDMILL_STORE_UPKEEP_H
#define FEEDMILL_STORE_UPKEEP_H

#include <stdint.h>

struct err;

/* How far long work is, told often; total 0: nobody knows. */
struct store_progress {
	void		(*fn)(const char *what, int64_t done, int64_t total,
			    void *arg);
	void		*arg;
};

/* What is wrong, a sentence each: lent to fn. */
struct store_findings {
	void		(*fn)(const char *sentence, void *arg);
	void		*arg;
};

struct store_checked {
	int64_t		 version;	/* of the schema */
	int64_t		 wanted_version;	/* of this program */
	int64_t		 entries, revisions, last_seq;
	unsigned	 findings;
	unsigned	 in_index;	/* of them, for search: reindex */
	/* Beside a daemon, in an older schema or on a disk that cannot be
	 * written the index for search is only counted. */
	int		 was_index_read;
};

/*
 * Every page, every index, and what this program promises itself of its
 * rows.  -1: it could not be looked at at all; what was found is in ret.
 */
int store_check(const char *path, const struct store_progress *,
    const struct store_findings *, struct store_checked *ret, struct err *);

/*
 * A copy of one moment, in one file of its own (mode 0600) that is there as
 * a whole or not at all.  What is there already is kept, unless replace.
 */
int store_backup(const char *path, const char *to, int replace,
    const struct store_progress *, int64_t *ret_bytes, struct err *);

/* Without holes, in the order of its keys.  Needs twice its size meanwhile;
 * whatever goes wrong, it is as before. */
int store_vacuum(const char *path, const struct store_progress *,
    int64_t *ret_before, int64_t *ret_after, struct err *);

/* The index for search thrown away and made anew, step by step: interrupted,
 * the next daemon goes on with it. */
int store_reindex(const char *path, const struct store_progress *,
    int64_t *ret_revisions, struct err *);

/* The schema of this program: what a daemon does when it starts. */
int store_upgrade(const char *path, int64_t *ret_from, int64_t *ret_to,
    struct err *);

#endif
