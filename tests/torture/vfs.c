/*
 * vfs.c - SQLite's calls: its own VFS with the disk's word before each.
 *
 * Temporary files without a name are nobody's business.  A journal or WAL
 * that is made has its folder synced with its first sync: os_unix.c does so.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../vfs_layer.h"
#include "disk.h"

static sqlite3_vfs vfs;
static sqlite3_io_methods methods;

struct handle {
	struct layer_file layer;
	struct node	*node;
	char		 folder[PATH_MAX];	/* to be synced with it, or "" */
};

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
	sqlite3_file *r = layer_real(f);
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
	sqlite3_file *r = layer_real(f);
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
	sqlite3_file *r = layer_real(f);
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
	sqlite3_file *r = layer_real(f);
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
	sqlite3_file *r = layer_real(f);
	int code = SQLITE_IOERR_SHMMAP, error;

	if (disk_enter(OP_DB_SHM, &error) == VERDICT_GO)
		code = r->pMethods->xShmMap(r, page, size, extend, ret);
	else
		code = code_of(error, code);
	disk_leave();
	return code;
}

static void
folder_of(const char *path, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s", path);
	*strrchr(out, '/') = '\0';
}

static int
open_real(struct handle *h, const char *name, int flags, int *ret_flags)
{
	int was_there = name != NULL && access(name, F_OK) == 0;
	int code = layer_open(&vfs, name, &h->layer.base, sizeof(*h), flags,
	    ret_flags, &methods);

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
	h->layer.base.pMethods = NULL;
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
	methods = layer_methods;
	methods.xRead = h_read;
	methods.xWrite = h_write;
	methods.xTruncate = h_truncate;
	methods.xSync = h_sync;
	methods.xShmMap = h_shm_map;
	layer_install(&vfs, "torture", sizeof(struct handle), v_open);
	vfs.xDelete = v_delete;
}
