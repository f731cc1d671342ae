/* disk.c - see disk.h. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feedmill/base/mem.h"

#include "disk.h"

enum { BURST_CALLS = 6, SLOW_US = 4000, EXIT_KILLED = 137 };

const char *const op_names[OP_COUNT] = {
	"db-open", "db-read", "db-write", "db-sync", "db-truncate",
	"db-delete", "db-shm", "db-memory", "open", "read", "write", "sync",
	"sync-dir", "truncate", "rename", "unlink", "mkdir", "memory",
};

const char *const mode_names[MODE_COUNT] = {
	"eio", "full", "eio-on", "full-on", "burst", "short", "slow", "gate",
	"no-memory", "no-memory-on", "kill", "torn", "power-none",
	"power-512", "power-4096", "power-names", "power-bytes",
};

int
op_changes(enum op op)
{
	switch (op) {
	case OP_DB_READ:
	case OP_DB_SHM:
	case OP_DB_MEMORY:
	case OP_READ:
	case OP_MEMORY:
		return 0;
	default:
		return 1;
	}
}

int
mode_ends(enum mode mode)
{
	return mode >= MODE_KILL || mode == MODE_GATE;
}

/* ------------------------------------------------------- what is on it */

struct change {
	struct change	*next;
	int		 is_truncation;
	off_t		 at;		/* or the size */
	size_t		 len;
	char		 bytes[];
};

struct node {
	struct node	*next;
	char		*platter;	/* as of the last sync */
	size_t		 platter_size, size;
	struct change	*changes, **last;
};

/* Names, and what became of them since their folder was synced. */
struct name {
	struct name	*next;
	char		*path;
	struct node	*node;		/* NULL: a folder */
};

struct renaming {
	struct renaming	*next;
	char		*from, *to;	/* from NULL: made; to NULL: gone */
	struct node	*node;		/* made */
};

static _Thread_local int is_inside;

static struct {
	pthread_mutex_t	 lock;
	atomic_int	 on;
	char		 root[PATH_MAX];
	struct fault	 fault;
	unsigned	 failing;	/* so many calls more */
	uint64_t	 dice;
	struct disk_log	*log;
	struct node	*nodes;
	struct name	*names, *platter_names;
	struct renaming	*renamings, **last;
} disk = { .lock = PTHREAD_MUTEX_INITIALIZER };

static unsigned
throw_dice(void)
{
	disk.dice ^= disk.dice << 13;
	disk.dice ^= disk.dice >> 7;
	disk.dice ^= disk.dice << 17;
	return (unsigned)(disk.dice >> 33);
}

int
disk_is_on(void)
{
	return disk.on && !is_inside;
}

int
disk_is_below(const char *path)
{
	size_t n = strlen(disk.root);

	return disk.on && strncmp(path, disk.root, n) == 0 &&
	    (path[n] == '/' || path[n] == '\0');
}

static struct name **
find_name(struct name **list, const char *path)
{
	while (*list != NULL && strcmp((*list)->path, path) != 0)
		list = &(*list)->next;
	return list;
}

static void
drop_name(struct name **list, const char *path)
{
	struct name **at = find_name(list, path), *gone = *at;

	if (gone == NULL)
		return;
	*at = gone->next;
	free(gone->path);
	free(gone);
}

static void
put_name(struct name **list, const char *path, struct node *node)
{
	struct name *n;

	drop_name(list, path);
	n = xcalloc(1, sizeof(*n));
	n->path = xstrdup(path);
	n->node = node;
	n->next = *list;
	*list = n;
}

struct node *
disk_node(const char *path)
{
	struct name *n = disk_is_below(path) ?
	    *find_name(&disk.names, path) : NULL;

	return n != NULL ? n->node : NULL;
}

size_t
disk_size(const struct node *node)
{
	return node->size;
}

static struct node *
new_node(void)
{
	struct node *node = xcalloc(1, sizeof(*node));

	node->last = &node->changes;
	node->next = disk.nodes;
	disk.nodes = node;
	return node;
}

static void
load_file(const char *path)
{
	struct node *node = new_node();
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	assert(fd != -1 && fstat(fd, &st) == 0);
	node->size = node->platter_size = (size_t)st.st_size;
	node->platter = xmalloc(node->size + 1);
	assert(read(fd, node->platter, node->size) == (ssize_t)node->size);
	close(fd);
	put_name(&disk.names, path, node);
	put_name(&disk.platter_names, path, node);
}

static void
load_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	char inner[PATH_MAX];
	struct stat st;

	assert(dir != NULL);
	put_name(&disk.names, path, NULL);
	put_name(&disk.platter_names, path, NULL);
	while ((d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") == 0 ||
		    strcmp(d->d_name, "..") == 0)
			continue;
		snprintf(inner, sizeof(inner), "%.3000s/%s", path,
		    d->d_name);
		assert(lstat(inner, &st) == 0);
		if (S_ISDIR(st.st_mode))
			load_folder(inner);
		else if (S_ISREG(st.st_mode))
			load_file(inner);
	}
	closedir(dir);
}

/* ------------------------------------------------------ what is done to it */

static void
put_renaming(const char *from, const char *to, struct node *node)
{
	struct renaming *r = xcalloc(1, sizeof(*r));

	r->from = xstrdup_null(from);
	r->to = xstrdup_null(to);
	r->node = node;
	*disk.last = r;
	disk.last = &r->next;
}

void
disk_note_created(const char *path)
{
	struct node *node;

	if (!disk_is_below(path) || disk_node(path) != NULL)
		return;
	node = new_node();
	put_name(&disk.names, path, node);
	put_renaming(NULL, path, node);
}

void
disk_note_folder(const char *path)
{
	if (!disk_is_below(path))
		return;
	put_name(&disk.names, path, NULL);
	put_renaming(NULL, path, NULL);
}

void
disk_note_renamed(const char *from, const char *to)
{
	struct node *node = disk_node(from);

	if (node == NULL)
		return;
	put_name(&disk.names, to, node);
	drop_name(&disk.names, from);
	put_renaming(from, to, NULL);
}

void
disk_note_unlinked(const char *path)
{
	if (disk_node(path) == NULL)
		return;
	drop_name(&disk.names, path);
	put_renaming(path, NULL, NULL);
}

static void
put_change(struct node *node, int is_truncation, const void *p, size_t len,
    off_t at)
{
	struct change *c = xmalloc(sizeof(*c) + len);

	*c = (struct change){ NULL, is_truncation, at, len };
	if (len > 0)
		memcpy(c->bytes, p, len);
	*node->last = c;
	node->last = &c->next;
}

void
disk_note_written(struct node *node, const void *p, size_t len, off_t at)
{
	if (node == NULL || !disk.on || len == 0)
		return;
	put_change(node, 0, p, len, at);
	if (node->size < (size_t)at + len)
		node->size = (size_t)at + len;
}

void
disk_note_truncated(struct node *node, off_t size)
{
	if (node == NULL || !disk.on)
		return;
	put_change(node, 1, NULL, 0, size);
	node->size = (size_t)size;
}

/* ---------------------------------------------------------- to the platter */

static void
resize(struct node *node, size_t size)
{
	if (size > node->platter_size) {
		node->platter = xrealloc(node->platter, size + 1);
		memset(node->platter + node->platter_size, 0,
		    size - node->platter_size);
	}
	node->platter_size = size;
}

static void
apply_bytes(struct node *node, const struct change *c, size_t from,
    size_t len)
{
	size_t at = (size_t)c->at + from;

	if (node->platter_size < at + len)
		resize(node, at + len);
	memcpy(node->platter + at, c->bytes + from, len);
}

/* Blocks of this size arrive or do not; 0: all of them do. */
static void
apply_change(struct node *node, const struct change *c, size_t block)
{
	size_t from = 0, len;

	if (c->is_truncation) {
		if (block == 0 || throw_dice() % 2 == 0)
			resize(node, (size_t)c->at);
		return;
	}
	for (; from < c->len; from += len) {
		len = block == 0 ? c->len :
		    block - ((size_t)c->at + from) % block;
		if (len > c->len - from)
			len = c->len - from;
		if (block == 0 || throw_dice() % 2 == 0)
			apply_bytes(node, c, from, len);
	}
}

static void
drop_changes(struct node *node)
{
	struct change *c;

	while ((c = node->changes) != NULL) {
		node->changes = c->next;
		free(c);
	}
	node->last = &node->changes;
}

static void
apply_changes(struct node *node, size_t block)
{
	for (struct change *c = node->changes; c != NULL; c = c->next)
		apply_change(node, c, block);
	drop_changes(node);
}

void
disk_note_synced(struct node *node)
{
	if (node != NULL && disk.on)
		apply_changes(node, 0);
}

/* The pages count as clean from now on, and are not. */
void
disk_note_sync_failed(struct node *node)
{
	if (node != NULL && disk.on && disk.fault.mode == MODE_GATE)
		drop_changes(node);
}

static void
apply_renaming(const struct renaming *r)
{
	struct name *n;

	if (r->from == NULL) {
		put_name(&disk.platter_names, r->to, r->node);
		return;
	}
	n = *find_name(&disk.platter_names, r->from);
	if (r->to != NULL && n != NULL)
		put_name(&disk.platter_names, r->to, n->node);
	drop_name(&disk.platter_names, r->from);
}

static int
is_in(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && path[n] == '/' &&
	    strchr(path + n + 1, '/') == NULL;
}

/* folder NULL: all of them. */
static void
apply_renamings(const char *folder)
{
	struct renaming **at = &disk.renamings, *r;

	while ((r = *at) != NULL) {
		if (folder != NULL &&
		    !is_in(r->to != NULL ? r->to : r->from, folder)) {
			at = &r->next;
			continue;
		}
		apply_renaming(r);
		*at = r->next;
		free(r->from);
		free(r->to);
		free(r);
	}
	disk.last = at;
}

void
disk_note_dir_synced(const char *path)
{
	if (disk_is_below(path))
		apply_renamings(path);
}

/* ----------------------------------------------------------- power failure */

static void
remove_below(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	char inner[PATH_MAX];

	assert(dir != NULL);
	while ((d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") == 0 ||
		    strcmp(d->d_name, "..") == 0)
			continue;
		snprintf(inner, sizeof(inner), "%.3000s/%s", path,
		    d->d_name);
		if (unlink(inner) == 0)
			continue;
		remove_below(inner);
		rmdir(inner);
	}
	closedir(dir);
}

static int
has_folder(const char *path)
{
	char folder[PATH_MAX];
	char *slash;

	if (strcmp(path, disk.root) == 0)
		return 1;
	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	*slash = '\0';
	return *find_name(&disk.platter_names, folder) != NULL &&
	    has_folder(folder);
}

static void
write_platter(const struct name *n)
{
	int fd = open(n->path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	const struct node *node = n->node;

	assert(fd != -1);
	assert(write(fd, node->platter != NULL ? node->platter : "",
	    node->platter_size) == (ssize_t)node->platter_size);
	close(fd);
}

/* A folder has a shorter path than what is in it. */
static void
write_folders(void)
{
	for (size_t len = strlen(disk.root) + 1; len < PATH_MAX; len++) {
		int longer = 0;

		for (struct name *n = disk.platter_names; n != NULL;
		    n = n->next) {
			if (n->node == NULL && strlen(n->path) == len &&
			    has_folder(n->path))
				mkdir(n->path, 0755);
			longer |= strlen(n->path) > len;
		}
		if (!longer)
			return;
	}
}

static void
apply_some(size_t block)
{
	struct renaming *r = disk.renamings;
	unsigned count = 0, kept;

	for (struct node *n = disk.nodes; n != NULL; n = n->next)
		apply_changes(n, block);
	for (; r != NULL; r = r->next)
		count++;
	/* A journal keeps the order of names: as far as it came. */
	kept = count > 0 ? throw_dice() % (count + 1) : 0;
	for (r = disk.renamings; kept > 0; r = r->next, kept--)
		apply_renaming(r);
}

static void
fail_power(enum mode mode)
{
	if (mode == MODE_POWER_512)
		apply_some(512);
	if (mode == MODE_POWER_4096)
		apply_some(4096);
	if (mode == MODE_POWER_NAMES)
		apply_renamings(NULL);
	for (struct node *n = disk.nodes; n != NULL &&
	    mode == MODE_POWER_BYTES; n = n->next)
		apply_changes(n, 0);
	remove_below(disk.root);
	write_folders();
	for (struct name *n = disk.platter_names; n != NULL; n = n->next) {
		if (n->node != NULL && has_folder(n->path))
			write_platter(n);
	}
}

/* ------------------------------------------------------------------ calls */

static int
errno_of(enum mode mode)
{
	return mode == MODE_FULL || mode == MODE_FULL_ON ||
	    mode == MODE_SHORT ? ENOSPC : EIO;
}

static enum verdict
reach(enum op op)
{
	enum mode mode = disk.fault.mode;

	disk.log->reached = 1;
	switch (mode) {
	case MODE_EIO_ON:
	case MODE_FULL_ON:
	case MODE_NO_MEMORY_ON:
		disk.failing = UINT_MAX;
		return VERDICT_FAIL;
	case MODE_BURST:
		disk.failing = BURST_CALLS;
		return VERDICT_FAIL;
	case MODE_SHORT:
	case MODE_TORN:
		return VERDICT_HALF;
	case MODE_SLOW:
		usleep(SLOW_US);
		return VERDICT_GO;
	case MODE_KILL:
		_exit(EXIT_KILLED);
	case MODE_EIO:
	case MODE_FULL:
	case MODE_GATE:
	case MODE_NO_MEMORY:
		return VERDICT_FAIL;
	default:
		assert(mode != MODE_COUNT && op != OP_COUNT);
		fail_power(mode);
		_exit(EXIT_KILLED);
	}
}

/* Does a fault that stays meet this call as well? */
static int
is_met(enum op op)
{
	enum op first = disk.fault.op;

	if (disk.failing == 0)
		return 0;
	if (disk.fault.mode == MODE_BURST)
		return op != OP_MEMORY && op != OP_DB_MEMORY;
	return op_changes(first) ? op_changes(op) : op == first;
}

enum verdict
disk_enter(enum op op, int *ret_errno)
{
	enum verdict verdict = VERDICT_GO;

	pthread_mutex_lock(&disk.lock);
	is_inside = 1;
	if (!disk.on)
		return VERDICT_GO;
	disk.log->calls[op]++;
	if (disk.fault.at != 0 && disk.fault.op == op &&
	    disk.log->calls[op] == disk.fault.at) {
		verdict = reach(op);
	} else if (is_met(op)) {
		disk.failing -= disk.failing != UINT_MAX;
		verdict = VERDICT_FAIL;
	}
	*ret_errno = errno_of(disk.fault.mode);
	return verdict;
}

void
disk_half_done(void)
{
	if (disk.fault.mode == MODE_TORN)
		_exit(EXIT_KILLED);
}

void
disk_leave(void)
{
	is_inside = 0;
	pthread_mutex_unlock(&disk.lock);
}

void
disk_begin(const char *root, const struct fault *fault, uint64_t seed,
    struct disk_log *log)
{
	snprintf(disk.root, sizeof(disk.root), "%s", root);
	disk.last = &disk.renamings;
	load_folder(root);
	disk.fault = *fault;
	disk.dice = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	disk.log = log;
	disk.on = 1;
}

void
disk_end(void)
{
	pthread_mutex_lock(&disk.lock);
	is_inside = 1;
	if (disk.fault.mode == MODE_GATE && disk.log->reached)
		fail_power(MODE_POWER_NONE);
	disk.on = 0;
	is_inside = 0;
	pthread_mutex_unlock(&disk.lock);
}
