/*
 * lock.h - one writer at a time, and who was at work when it died.
 *
 * PATH.lock is locked for as long as the store is open (an open file
 * description lock: gone with its holder, however that ends) and holds the
 * pid, for the sentence that refuses a second.
 *
 * PATH.inflight names the sources whose documents are being read: one slot
 * of eight bytes each, written without fsync, because it must outlive a
 * crash of the program and not of the machine.
 */
#ifndef FEEDMILL_STORE_LOCK_H
#define FEEDMILL_STORE_LOCK_H

#include <stddef.h>
#include <stdint.h>

struct err;

enum { LOCK_NAME_SIZE = 4096 };

/* What lies beside the database itself, where its name is a symbolic link:
 * there SQLite has its log, and two names must not make two locks.  -1: that
 * is too long. */
int lock_name(const char *database, const char *suffix,
    char ret[LOCK_NAME_SIZE]);

/* A descriptor, or -1 and a sentence (exit status 75 if it is held). */
int lock_take(const char *database, struct err *);
void lock_give(int fd);
/* Is a store open, as far as can be told?  Makes no file. */
int lock_is_held(const char *database);

enum { INFLIGHT_SLOTS = 512 };

struct inflight {
	int	 fd;
	int64_t	 slots[INFLIGHT_SLOTS];		/* now; 0: free */
	int64_t	 left[INFLIGHT_SLOTS];		/* found at the start */
	size_t	 left_count;
};

int inflight_open(struct inflight *, const char *database, struct err *);
void inflight_close(struct inflight *);
void inflight_mark(struct inflight *, int64_t id, int yes);
/* Was it under way when the last run ended? */
int inflight_was_left(const struct inflight *, int64_t id);

#endif
