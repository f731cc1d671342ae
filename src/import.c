/*
 * import.c - see import.h.
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

#include "feedmill/archive.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/identify.h"
#include "feedmill/import.h"
#include "feedmill/model.h"
#include "feedmill/normalise.h"
#include "feedmill/parse.h"
#include "feedmill/store.h"

enum {
	FILE_MAX_BYTES = 64 << 20, QUEUED_MAX = 256, FOLDERS_DEEP = 32,
	TELL_MS = 200
};

#define SOURCE_UNNAMED	"import"

struct import {
	struct store		*store;
	const struct config	*config;
	struct imported		*sum;
	int64_t			 told_ms;	/* monotonic */
};

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

static void
import_stored(const struct visit_result *r, void *arg)
{
	struct imported *sum = arg;

	if (r->failed != NULL) {
		log_event(LOG_ERROR, "not stored",
		    LOG_STR("error", r->failed->msg));
		sum->storage_failed = 1;
		return;
	}
	sum->added += r->added;
	sum->updated += r->updated;
	sum->duplicate += r->duplicate;
}

static void
wait_for_writer(struct import *im)
{
	struct pollfd p = { .fd = store_fd(im->store), .events = POLLIN };

	while (store_queue_depth(im->store) > QUEUED_MAX) {
		if (poll(&p, 1, -1) == -1 && errno != EINTR)
			return;
		store_dispatch(im->store);
	}
}

/* A source that has this name or title, or one made for the occasion. */
static const struct config_source *
source_of(struct import *im, const char *site, struct config_source *made)
{
	const struct config *c = im->config;

	if (site == NULL || site[0] == '\0')
		site = SOURCE_UNNAMED;
	for (size_t i = 0; i < c->sources_count; i++)
		if (strcmp(c->sources[i].name, site) == 0 ||
		    (c->sources[i].title != NULL &&
		    strcmp(c->sources[i].title, site) == 0))
			return &c->sources[i];
	*made = (struct config_source){
		.name = site, .url = "", .updates = UPDATES_STRICT,
	};
	return made;
}

static void
store_feed(struct import *im, struct feed *feed, const char *site)
{
	struct visit *v = visit_new();
	struct config_source *made =
	    arena_zalloc(&feed->arena, sizeof(*made));
	struct identify_rules rules = { 0 };

	v->source = source_of(im, site, made);
	v->config = config_ref(im->config);
	v->outcome = OUTCOME_OK;
	v->fetched_ms = clock_wall_ms();
	v->is_import = 1;
	rules.scope = v->source->name;
	rules.own = v->source->identity_own;
	normalise_feed(feed);
	identify_feed(feed, &rules);
	v->feed = feed;
	store_visit(im->store, &v, import_stored, im->sum);
	wait_for_writer(im);
}

static void
show_progress(struct import *im)
{
	int64_t now_ms = clock_mono_ms();

	if (now_ms - im->told_ms < TELL_MS)
		return;
	im->told_ms = now_ms;
	log_progress("%u files, %u new entries, %u known", im->sum->files,
	    im->sum->added, im->sum->duplicate);
}

static void
import_file(struct import *im, const char *path)
{
	struct buf bytes = { 0 };
	const struct parse_context context = { 0 };
	const char *site = NULL;
	struct feed *feed;
	struct err e;

	if (file_read(path, FILE_MAX_BYTES, &bytes, &e) == -1)
		goto unreadable;
	feed = archive_read_post(buf_str(&bytes), bytes.len, &site, &e);
	if (feed == NULL) {
		enum outcome outcome = parse_feed(buf_str(&bytes), bytes.len,
		    &context, &feed);

		if (outcome != OUTCOME_OK && outcome != OUTCOME_DAMAGED) {
			err_set(&e, "%s: neither a post nor a feed", path);
			feed_free(feed);
			goto unreadable;
		}
		site = feed->head.title.value;
	}
	store_feed(im, feed, site);
	im->sum->files++;
	show_progress(im);
	buf_fini(&bytes);
	return;
unreadable:
	im->sum->unreadable++;
	log_event(LOG_WARN, "not imported", LOG_STR("error", e.msg));
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

static int
is_wanted(const char *name, int is_folder)
{
	const char *ending = strrchr(name, '.');

	if (name[0] == '.')
		return 0;
	if (is_folder)
		return !is_among(other_folders, name, 0);
	return ending != NULL && (is_among(feed_endings, ending, 0) ||
	    (is_among(post_endings, ending, 0) &&
	    !is_among(other_files, name, 1)));
}

static int
is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void
import_any(struct import *im, const char *path, unsigned depth)
{
	struct dirent **names;
	struct stat st;
	int n;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		import_file(im, path);
		return;
	}
	n = depth < FOLDERS_DEEP ? scandir(path, &names, NULL, alphasort) : -1;
	if (n == -1) {
		im->sum->unreadable++;
		log_event(LOG_WARN, "not imported", LOG_STR("file", path),
		    LOG_STR("error", strerror(errno)));
		return;
	}
	for (int i = 0; i < n; i++) {
		struct buf sub = { 0 };

		buf_printf(&sub, "%s/%s", path, names[i]->d_name);
		if (is_wanted(names[i]->d_name, is_folder(sub.data)))
			import_any(im, sub.data, depth + 1);
		else
			im->sum->passed_over += names[i]->d_name[0] != '.';
		buf_fini(&sub);
		free(names[i]);
	}
	free(names);
}

void
import_path(struct store *store, const struct config *config,
    const char *path, struct imported *ret)
{
	struct import im = { .store = store, .config = config, .sum = ret };

	import_any(&im, path, 0);
	store_drain(store);
	log_progress("%s", "");
}
