/*
 * memory.c - allocations that may fail: whose size the world chose (buffers,
 * expat) and SQLite's.  Those of the program itself, and jansson's, end it
 * when there is no memory, and are left alone.
 */
#include <assert.h>
#include <stdlib.h>

#include <expat.h>
#include <sqlite3.h>

#include "feedmill/base/buf.h"

#include "disk.h"

static int
is_refused(enum op op)
{
	int error, refused;

	if (!disk_is_on())
		return 0;
	refused = disk_enter(op, &error) != VERDICT_GO;
	disk_leave();
	return refused;
}

/* ------------------------------------------------------- of the world's size */

char *__real_buf_try_reserve(struct buf *, size_t);
char *__wrap_buf_try_reserve(struct buf *, size_t);

char *
__wrap_buf_try_reserve(struct buf *b, size_t extra)
{
	return is_refused(OP_MEMORY) ? NULL :
	    __real_buf_try_reserve(b, extra);
}

static void *
try_malloc(size_t n)
{
	return is_refused(OP_MEMORY) ? NULL : malloc(n);
}

static void *
try_realloc(void *p, size_t n)
{
	return is_refused(OP_MEMORY) ? NULL : realloc(p, n);
}

XML_Parser __wrap_XML_ParserCreate(const XML_Char *);

XML_Parser
__wrap_XML_ParserCreate(const XML_Char *encoding)
{
	const XML_Memory_Handling_Suite suite = { try_malloc, try_realloc,
	    free };

	return XML_ParserCreate_MM(encoding, &suite, NULL);
}

/* --------------------------------------------------------------- SQLite's */

static sqlite3_mem_methods sqlite;

static void *
sqlite_malloc(int n)
{
	return is_refused(OP_DB_MEMORY) ? NULL : sqlite.xMalloc(n);
}

static void *
sqlite_realloc(void *p, int n)
{
	return is_refused(OP_DB_MEMORY) ? NULL : sqlite.xRealloc(p, n);
}

void
memory_install(void)
{
	sqlite3_mem_methods ours;

	sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	assert(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite) == SQLITE_OK);
	ours = sqlite;
	ours.xMalloc = sqlite_malloc;
	ours.xRealloc = sqlite_realloc;
	assert(sqlite3_config(SQLITE_CONFIG_MALLOC, &ours) == SQLITE_OK);
}
