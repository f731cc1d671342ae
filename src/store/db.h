/*
 * db.h - one SQLite connection of one thread: opened, checked, asked.
 *
 * Every answer of SQLite that is no success ends as one sentence in a struct
 * err, with the exit status feedmill(8) gives it: 65 corrupt or newer,
 * 69 not to be reached, 74 input/output, 75 held by another.
 */
#ifndef FEEDMILL_STORE_DB_H
#define FEEDMILL_STORE_DB_H

#include <stdint.h>
#include <sqlite3.h>

#include "feedmill/base/date.h"
#include "feedmill/base/hash.h"

#include "statements.h"
#include "tokenizer.h"

struct err;

struct db {
	sqlite3		*sqlite;
	int		 failed;	/* SQLite's code: db_fail()'s last */
	struct tokenizer_guard guard;	/* may stop the tokenizer */
	const char	*path;		/* borrowed, for sentences */
	sqlite3_stmt	*statements[STATEMENT_COUNT];	/* the writer's */
	/* Random bytes for ids of entries: asked for by the dozen. */
	unsigned char	 dice[64][UUID_BYTES];
	unsigned	 dice_left;
};

enum db_mode { DB_WRITE, DB_READ };

/* Open and configure; the schema is schema.c's. */
int db_open(struct db *, const char *path, enum db_mode, struct err *);
void db_close(struct db *);	/* zeroed or half open is fine */

/* "could not WHAT: database PATH: reason"; always -1. */
int db_fail(struct db *, struct err *, const char *what);

int db_exec(struct db *, const char *sql, struct err *, const char *what);
/* A pragma or a query with one number. */
int db_number(struct db *, const char *sql, int64_t *ret, struct err *);

/* The writer's statements: prepared once, taken reset and unbound. */
int db_prepare_all(struct db *, struct err *);
sqlite3_stmt *db_use(struct db *, enum statement);

/* To the end: 0, or -1.  The statement is reset, what was bound is let go. */
int db_run(sqlite3_stmt *);
/* The next row: 1, 0 for none (then reset), -1. */
int db_row(sqlite3_stmt *);
/* Done with the rows: reset, 0. */
int db_end(sqlite3_stmt *);

/* Parameters are lent until db_run() or db_end(): nothing is copied. */
void db_bind_text(sqlite3_stmt *, int n, const char *);	/* NULL is NULL */
void db_bind_time(sqlite3_stmt *, int n, int64_t ms);	/* DATE_NONE: NULL */
void db_bind_digest(sqlite3_stmt *, int n, const struct digest *);

int64_t db_time(sqlite3_stmt *, int column);
struct digest db_digest(sqlite3_stmt *, int column);	/* NULL: zero */
const char *db_text(sqlite3_stmt *, int column);	/* NULL: NULL */
char *db_strdup(sqlite3_stmt *, int column);

#endif
