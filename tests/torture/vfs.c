/*
 * vfs.c - SQLite's calls: its own VFS with the disk's word before each.
 *
 * Temporary files without a name are nobody's business.  A journal or WAL
 * that is made has its folder synced with its first sync: os_unix.c does so.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "disk.h"

static sqlite3_vfs vfs;

struct handle {
	sqlite3_file	 base;
	sqlite3_file	*real;		/* behind it, in the same memory */
	struct node	*node;
	char		 folder[PATH_MAX];	/* to be synced with it, or "" */
};

static sqlite3_file *
real_of(sqlite3_file *f)
{
	return ((struct handle *)f)->real;
}

static struct node *
node_of(sqlite3_file *f)
{
	return ((struct handle *)f)->node;
}

static int
code_of(int error, int code)
{
	return error == ENOSPC ? SQLITE_FULL : code;
}

static int
h_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	sqlite3_file *r = real_of(f);
	int code = SQLITE_IOERR_READ, error;
	enum verdict v = disk_enter(OP_DB_READ, &error);

	if (v == VERDICT_GO)
		code = r->pMethods->xRead(r, p, n, at);
	if (v == VERDICT_HALF) {
		r->pMethods->xRead(r, p, n / 2, at);
		disk_half_done();
	}
	disk_leave();
	return code;
}

static int
h_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	sqlite3_file *r = real_of(f);
	int code = SQLITE_OK, error;
	enum verdict v = disk_enter(OP_DB_WRITE, &error);

	if (v != VERDICT_GO)
		code = code_of(error, SQLITE_IOERR_WRITE);
	if (v == VERDICT_HALF)
		n /= 2;
	if (v != VERDICT_FAIL) {
		int did = r->pMethods->xWrite(r, p, n, at);

		if (did == SQLITE_OK)
			disk_note_written(node_of(f), p, (size_t)n, at);
		else
			code = did;
	}
	if (v == VERDICT_HALF)
		disk_half_done();
	disk_leave();
	return code;
}

static int
h_sync(sqlite3_file *f, int flags)
{
	sqlite3_file *r = real_of(f);
	struct handle *h = (struct handle *)f;
	int code = SQLITE_IOERR_FSYNC, error;

	if (disk_enter(OP_DB_SYNC, &error) != VERDICT_GO) {
		disk_note_sync_failed(h->node);
	} else {
		code = r->pMethods->xSync(r, flags);
		disk_note_synced(h->node);
		if (h->folder[0] != '\0')
			disk_note_dir_synced(h->folder);
		h->folder[0] = '\0';
	}
	disk_leave();
	return code;
}

static int
h_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	sqlite3_file *r = real_of(f);
	int code = SQLITE_IOERR_TRUNCATE, error;

	if (disk_enter(OP_DB_TRUNCATE, &error) == VERDICT_GO) {
		code = r->pMethods->xTruncate(r, size);
		disk_note_truncated(node_of(f), size);
	}
	disk_leave();
	return code;
}

static int
h_shm_map(sqlite3_file *f, int page, int size, int extend,
    void volatile **ret)
{
	sqlite3_file *r = real_of(f);
	int code = SQLITE_IOERR_SHMMAP, error;

	if (disk_enter(OP_DB_SHM, &error) == VERDICT_GO)
		code = r->pMethods->xShmMap(r, page, size, extend, ret);
	else
		code = code_of(error, code);
	disk_leave();
	return code;
}

#define PASS(name, params, ...)						\
	static int							\
	h_##name params							\
	{								\
		return real_of(f)->pMethods->x##name(real_of(f),	\
		    ##__VA_ARGS__);					\
	}

PASS(Close, (sqlite3_file *f))
PASS(FileSize, (sqlite3_file *f, sqlite3_int64 *size), size)
PASS(Lock, (sqlite3_file *f, int level), level)
PASS(Unlock, (sqlite3_file *f, int level), level)
PASS(CheckReservedLock, (sqlite3_file *f, int *ret), ret)
PASS(FileControl, (sqlite3_file *f, int op, void *arg), op, arg)
PASS(SectorSize, (sqlite3_file *f))
PASS(DeviceCharacteristics, (sqlite3_file *f))
PASS(ShmLock, (sqlite3_file *f, int at, int n, int flags), at, n, flags)
PASS(ShmUnmap, (sqlite3_file *f, int del), del)

static void
h_shm_barrier(sqlite3_file *f)
{
	real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static const sqlite3_io_methods methods = {
	.iVersion = 2, .xClose = h_Close, .xRead = h_read,
	.xWrite = h_write, .xTruncate = h_truncate, .xSync = h_sync,
	.xFileSize = h_FileSize, .xLock = h_Lock, .xUnlock = h_Unlock,
	.xCheckReservedLock = h_CheckReservedLock,
	.xFileControl = h_FileControl, .xSectorSize = h_SectorSize,
	.xDeviceCharacteristics = h_DeviceCharacteristics,
	.xShmMap = h_shm_map, .xShmLock = h_ShmLock,
	.xShmBarrier = h_shm_barrier, .xShmUnmap = h_ShmUnmap,
};

static void
folder_of(const char *path, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s", path);
	*strrchr(out, '/') = '\0';
}

static int
open_real(struct handle *h, const char *name, int flags, int *ret_flags)
{
	sqlite3_vfs *under = vfs.pAppData;
	int was_there = name != NULL && access(name, F_OK) == 0;
	int code = under->xOpen(under, name, h->real, flags, ret_flags);

	h->base.pMethods = code == SQLITE_OK ? &methods : NULL;
	if (code != SQLITE_OK || name == NULL)
		return code;
	if (!was_there)
		disk_note_created(name);
	if (!was_there && (flags & (SQLITE_OPEN_MAIN_JOURNAL |
	    SQLITE_OPEN_WAL | SQLITE_OPEN_SUPER_JOURNAL)) != 0)
		folder_of(name, h->folder);
	h->node = disk_node(name);
	return SQLITE_OK;
}

static int
v_open(sqlite3_vfs *v, const char *name, sqlite3_file *file, int flags,
    int *ret_flags)
{
	struct handle *h = (struct handle *)file;
	int code = SQLITE_CANTOPEN, error;

	(void)v;
	h->real = (sqlite3_file *)(h + 1);
	h->base.pMethods = NULL;
	h->node = NULL;
	h->folder[0] = '\0';
	if (disk_enter(OP_DB_OPEN, &error) == VERDICT_GO)
		code = open_real(h, name, flags, ret_flags);
	disk_leave();
	return code;
}

static int
v_delete(sqlite3_vfs *v, const char *name, int sync_dir)
{
	sqlite3_vfs *under = v->pAppData;
	char folder[PATH_MAX];
	int code = SQLITE_IOERR_DELETE, error;

	if (disk_enter(OP_DB_DELETE, &error) == VERDICT_GO) {
		code = under->xDelete(under, name, sync_dir);
		disk_note_unlinked(name);
		folder_of(name, folder);
		if (code == SQLITE_OK && sync_dir)
			disk_note_dir_synced(folder);
	}
	disk_leave();
	return code;
}

void
vfs_install(void)
{
	sqlite3_vfs *under = sqlite3_vfs_find(NULL);

	vfs = *under;
	vfs.zName = "torture";
	vfs.szOsFile += (int)sizeof(struct handle);
	vfs.pAppData = under;
	vfs.xOpen = v_open;
	vfs.xDelete = v_delete;
	assert(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}
