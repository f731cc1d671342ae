/*
 * disk.h - a disk that can be told when to fail, and what it forgets.
 *
 * Everything the program does to files below one folder passes through here:
 * what SQLite does by a VFS of ours over its own (vfs.c), what the rest does
 * by the linker's --wrap (calls.c), and the allocations whose size the world
 * chose (memory.c).  Each call is of one kind and is counted; a struct fault
 * names one call and what becomes of it.
 *
 * For power failures it keeps, of each file and folder, what has reached the
 * platter: the bytes of the last fsync, the names of the last fsync of the
 * folder, and in order what came after.  A power failure puts that in the
 * place of the files, with as much of the rest as its mode lets through, and
 * ends the process.
 */
#ifndef FEEDMILL_TESTS_DISK_H
#define FEEDMILL_TESTS_DISK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum op {
	/* SQLite's. */
	OP_DB_OPEN, OP_DB_READ, OP_DB_WRITE, OP_DB_SYNC, OP_DB_TRUNCATE,
	OP_DB_DELETE, OP_DB_SHM, OP_DB_MEMORY,
	/* Ours. */
	OP_OPEN, OP_READ, OP_WRITE, OP_SYNC, OP_SYNC_DIR, OP_TRUNCATE,
	OP_RENAME, OP_UNLINK, OP_MKDIR, OP_MEMORY,
	OP_COUNT
};
extern const char *const op_names[OP_COUNT];
int op_changes(enum op);	/* the disk */

enum mode {
	/* The call fails: once, or it and every change that follows. */
	MODE_EIO, MODE_FULL, MODE_EIO_ON, MODE_FULL_ON,
	MODE_BURST,		/* it and some that follow, of any kind */
	MODE_SHORT,		/* after half of it was done */
	MODE_SLOW,		/* it takes its time, no more */
	/* A sync fails, what it was to save is lost and taken for saved
	 * (what Linux does); the power fails at the end. */
	MODE_GATE,
	MODE_NO_MEMORY, MODE_NO_MEMORY_ON,
	/* The process ends there. */
	MODE_KILL, MODE_TORN,
	/* The power fails there; of what was not synced arrives: */
	MODE_POWER_NONE,	/* nothing */
	MODE_POWER_512,		/* some sectors, some names */
	MODE_POWER_4096,	/* some pages, some names */
	MODE_POWER_NAMES,	/* all names and no bytes */
	MODE_POWER_BYTES,	/* all bytes and no names */
	MODE_COUNT
};
extern const char *const mode_names[MODE_COUNT];
int mode_ends(enum mode);	/* the process does not outlive it */

struct fault {
	enum op		 op;
	enum mode	 mode;
	unsigned	 at;		/* of its kind, from 1; 0: none */
};

/* What a process shares with who looks at it after its end. */
struct disk_log {
	unsigned	 calls[OP_COUNT];
	int		 reached;
};

/* From here on the calls below root are counted, and fail. */
void disk_begin(const char *root, const struct fault *, uint64_t seed,
    struct disk_log *);
/* All is well again; a power failure may be due now. */
void disk_end(void);
/* 0 also inside of a call: what the layers do themselves is not counted. */
int disk_is_on(void);

/* ------------------------------------------------ for the layers above it */

enum verdict {
	VERDICT_GO, VERDICT_FAIL,
	VERDICT_HALF		/* do half of it, then disk_half_done() */
};

/*
 * Between the two only this thread uses the disk.  *ret_errno says how to
 * fail.  Who did half of a call asks disk_half_done() what to do then.
 */
enum verdict disk_enter(enum op, int *ret_errno);
void disk_half_done(void);
void disk_leave(void);

struct node;			/* a file, whatever it is called */

/* NULL: not below the root. */
struct node *disk_node(const char *path);
int disk_is_below(const char *path);

/* What was done, after it succeeded. */
void disk_note_created(const char *path);
void disk_note_written(struct node *, const void *, size_t, off_t at);
void disk_note_truncated(struct node *, off_t size);
void disk_note_synced(struct node *);
void disk_note_sync_failed(struct node *);
void disk_note_dir_synced(const char *path);
void disk_note_renamed(const char *from, const char *to);
void disk_note_unlinked(const char *path);
void disk_note_folder(const char *path);
size_t disk_size(const struct node *);	/* as the program sees it */

/* vfs.c, memory.c: before anything else uses SQLite. */
void vfs_install(void);
void memory_install(void);

#endif
