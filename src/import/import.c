/*
 * import.c - see import.h: the files and folders, one after the other.
 *
 * Each file is a visit: whole or not at all.  The writer is kept busy but
 * never far behind, so that a million posts do not wait in memory.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/store.h"

#include "private.h"

enum { QUEUED_MAX = 256, FOLDERS_DEEP = 32 };

/* Of a site's folders, those that hold what was made of posts, or helps to
 * make it: Jekyll's, and the lists of ours and of the older generators. */
static const char *const other_folders[] = {
	"lists", "_site", "_layouts", "_includes", "_data", "_sass", "assets",
	"node_modules", "vendor", NULL
};
static const char *const other_files[] = {
	"readme", "license", "index", "about", "404", NULL
};
static const char *const post_endings[] = {
	".md", ".markdown", ".html", ".htm", ".txt", NULL
};
static const char *const feed_endings[] = {
	".xml", ".atom", ".rss", ".rdf", ".json", NULL
};

/* --------------------------------------------------------- to our own store */

static void
file_stored(const struct visit_result *r, void *arg)
{
	struct import *im = arg;

	im->queued--;
	if (r->failed != NULL) {
		import_note_not_stored(im, r->failed->msg);
		return;
	}
	im->sum->added += r->added;
	im->sum->updated += r->updated;
	im->sum->duplicate += r->duplicate;
}

static void
wait_for_writer(struct import *im)
{
	struct pollfd p = { .fd = store_fd(im->to->store), .events = POLLIN };

	while (im->queued > QUEUED_MAX) {
		if (poll(&p, 1, -1) == -1 && errno != EINTR)
			return;
		store_dispatch(im->to->store);
	}
}

static void
import_store(struct import *im, const char *path, const char *bytes,
    size_t len)
{
	struct import_result r;
	struct visit *v = import_read(bytes, len, im->to->config,
	    clock_wall_ms(), &r);

	import_note(im, path, &r);
	free(r.why);
	if (v == NULL)
		return;
	im->queued++;
	store_visit(im->to->store, &v, file_stored, im);
	wait_for_writer(im);
}

static void
import_file(struct import *im, const char *path)
{
	struct buf bytes = { 0 };
	struct err e;

	if (file_read(path, FILE_MAX_BYTES, &bytes, &e) == -1) {
		import_flush(im);	/* what came before is told before */
		import_note_unreadable(im, e.msg);
	} else if (im->to->store != NULL) {
		import_store(im, path, buf_str(&bytes), bytes.len);
	} else {
		import_send(im, path, buf_str(&bytes), bytes.len);
	}
	buf_fini(&bytes);
}

/* ----------------------------------------------------------------- folders */

/* Is name one of the list, up to its first dot if stem? */
static int
is_among(const char *const *list, const char *name, int stem)
{
	size_t len = stem ? strcspn(name, ".") : strlen(name);

	for (; *list != NULL; list++)
		if (strlen(*list) == len && strncasecmp(*list, name, len) == 0)
			return 1;
	return 0;
}

/*
 * No links: one may lead to all there is on this machine, what is private
 * too, or back, so that a folder is a part of itself.
 */
static int
is_wanted(const char *path, const char *name)
{
	const char *ending = strrchr(name, '.');
	struct stat st;

	if (name[0] == '.' || lstat(path, &st) == -1 || S_ISLNK(st.st_mode))
		return 0;
	if (S_ISDIR(st.st_mode))
		return !is_among(other_folders, name, 0);
	return ending != NULL && (is_among(feed_endings, ending, 0) ||
	    (is_among(post_endings, ending, 0) &&
	    !is_among(other_files, name, 1)));
}

static void
cannot_read(struct import *im, const char *path, const char *why)
{
	struct err e;

	err_set(&e, "%s: %s", path, why);
	import_flush(im);	/* what came before is told before */
	import_note_unreadable(im, e.msg);
}

/* How many names are in it; none where it is not to be read. */
static int
list_folder(struct import *im, const char *path, mode_t mode,
    unsigned depth, struct dirent ***ret)
{
	int n = 0;

	if (!S_ISDIR(mode))
		cannot_read(im, path, "neither a file nor a folder");
	else if (depth >= FOLDERS_DEEP)
		cannot_read(im, path, "too deep in folders");
	else if ((n = scandir(path, ret, NULL, alphasort)) == -1)
		cannot_read(im, path, strerror(errno));
	return n;
}

static void
import_any(struct import *im, const char *path, unsigned depth)
{
	struct dirent **names = NULL;
	struct stat st;
	int n;

	if (stat(path, &st) == -1) {
		cannot_read(im, path, strerror(errno));
		return;
	}
	if (S_ISREG(st.st_mode)) {
		import_file(im, path);
		return;
	}
	n = list_folder(im, path, st.st_mode, depth, &names);
	for (int i = 0; i < n; i++) {
		struct buf sub = { 0 };

		buf_printf(&sub, "%s/%s", path, names[i]->d_name);
		if (im->is_over)
			;	/* and nothing more is looked at */
		else if (is_wanted(sub.data, names[i]->d_name))
			import_any(im, sub.data, depth + 1);
		else
			im->sum->passed_over += names[i]->d_name[0] != '.';
		buf_fini(&sub);
		free(names[i]);
	}
	free(names);
}

int
import_path(const struct import_target *to, const char *path,
    struct imported *ret, struct err *e)
{
	struct import im = { .to = to, .sum = ret, .failed = e };

	import_any(&im, path, 0);
	import_flush(&im);
	buf_fini(&im.batch);
	if (to->store != NULL)
		store_drain(to->store);
	log_progress("%s", "");
	return im.is_over ? -1 : 0;
}
