/*
 * vfs_layer.h - a VFS over SQLite's own: what a test does not want to see
 * goes on to the file behind.
 *
 * A file of the layer begins with a struct layer_file and has the real one
 * behind it in the same memory; its methods are a copy of layer_methods with
 * some of them replaced.
 */
#ifndef FEEDMILL_TESTS_VFS_LAYER_H
#define FEEDMILL_TESTS_VFS_LAYER_H

#include <assert.h>
#include <stddef.h>

#include <sqlite3.h>

struct layer_file {
	sqlite3_file	 base;
	sqlite3_file	*real;
};

static inline sqlite3_file *
layer_real(sqlite3_file *f)
{
	return ((struct layer_file *)f)->real;
}

#define LAYER_PASS(name, params, ...)					\
	static inline int						\
	layer_##name params						\
	{								\
		return layer_real(f)->pMethods->x##name(		\
		    layer_real(f), ##__VA_ARGS__);			\
	}

LAYER_PASS(Close, (sqlite3_file *f))
LAYER_PASS(Read, (sqlite3_file *f, void *p, int n, sqlite3_int64 at), p, n,
    at)
LAYER_PASS(Write, (sqlite3_file *f, const void *p, int n, sqlite3_int64 at),
    p, n, at)
LAYER_PASS(Truncate, (sqlite3_file *f, sqlite3_int64 size), size)
LAYER_PASS(Sync, (sqlite3_file *f, int flags), flags)
LAYER_PASS(FileSize, (sqlite3_file *f, sqlite3_int64 *size), size)
LAYER_PASS(Lock, (sqlite3_file *f, int level), level)
LAYER_PASS(Unlock, (sqlite3_file *f, int level), level)
LAYER_PASS(CheckReservedLock, (sqlite3_file *f, int *ret), ret)
LAYER_PASS(FileControl, (sqlite3_file *f, int op, void *arg), op, arg)
LAYER_PASS(SectorSize, (sqlite3_file *f))
LAYER_PASS(DeviceCharacteristics, (sqlite3_file *f))
LAYER_PASS(ShmMap, (sqlite3_file *f, int page, int size, int extend,
    void volatile **ret), page, size, extend, ret)
LAYER_PASS(ShmLock, (sqlite3_file *f, int at, int n, int flags), at, n, flags)
LAYER_PASS(ShmUnmap, (sqlite3_file *f, int del), del)

static inline void
layer_ShmBarrier(sqlite3_file *f)
{
	layer_real(f)->pMethods->xShmBarrier(layer_real(f));
}

static const sqlite3_io_methods layer_methods = {
	.iVersion = 2, .xClose = layer_Close, .xRead = layer_Read,
	.xWrite = layer_Write, .xTruncate = layer_Truncate,
	.xSync = layer_Sync, .xFileSize = layer_FileSize,
	.xLock = layer_Lock, .xUnlock = layer_Unlock,
	.xCheckReservedLock = layer_CheckReservedLock,
	.xFileControl = layer_FileControl, .xSectorSize = layer_SectorSize,
	.xDeviceCharacteristics = layer_DeviceCharacteristics,
	.xShmMap = layer_ShmMap, .xShmLock = layer_ShmLock,
	.xShmBarrier = layer_ShmBarrier, .xShmUnmap = layer_ShmUnmap,
};

/* bytes: of the struct that begins with a struct layer_file. */
static inline int
layer_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, size_t bytes,
    int flags, int *ret_flags, const sqlite3_io_methods *methods)
{
	sqlite3_vfs *under = v->pAppData;
	struct layer_file *file = (struct layer_file *)f;
	int code;

	file->real = (sqlite3_file *)((char *)f + bytes);
	code = under->xOpen(under, name, file->real, flags, ret_flags);
	file->base.pMethods = code == SQLITE_OK ? methods : NULL;
	return code;
}

/* The new default; the caller fills in what else of it is its own before. */
static inline void
layer_install(sqlite3_vfs *v, const char *name, size_t bytes,
    int (*open)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *))
{
	sqlite3_vfs *under = sqlite3_vfs_find(NULL);

	*v = *under;
	v->zName = name;
	v->szOsFile += (int)bytes;
	v->pAppData = under;
	v->xOpen = open;
	assert(sqlite3_vfs_register(v, 1) == SQLITE_OK);
}

#endif
