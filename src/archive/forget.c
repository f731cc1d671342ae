/*
 * forget.c - archives without the posts of entries that are to go.
 *
 * A post is known by what its front matter says it is from, so that those of
 * states that retention took, and those other generators wrote, go too.
 * Lists lose the lines that lead to such a post, or to its address.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "feedmill/archive.h"
#include "feedmill/base/arena.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/config.h"
#include "feedmill/render.h"
#include "feedmill/store.h"

/* Of a post, or a list: all of it, because its author's name alone may be as
 * long as an entry. */
enum { FILE_BYTES = 64 << 20 };

/* Where no line of a list may lead. */
struct target {
	struct target	*next;
	const char	*to;
};

struct cleaning {
	const struct config_archive *archive;
	const struct tombstone *gone;
	size_t		 count;
	struct arena	 arena;
	struct target	*targets;
	unsigned	*posts;
};

static void
add_target(struct cleaning *c, const char *folder, const char *name)
{
	struct target *t = arena_zalloc(&c->arena, sizeof(*t));

	t->to = arena_printf(&c->arena, "%s%s", folder, name);
	t->next = c->targets;
	c->targets = t;
}

static int
is_post(const char *name)
{
	const char *dot = strrchr(name, '.');

	return name[0] != '.' && dot != NULL &&
	    (strcmp(dot, ".md") == 0 || strcmp(dot, ".html") == 0);
}

/* 1: it is of one of them. */
static int
is_gone(int dirfd, const char *name, struct buf *bytes,
    const struct tombstone *gone, size_t count)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK), rc;
	struct err err;

	if (fd == -1)
		return 0;
	buf_reset(bytes);
	rc = file_read_fd(fd, name, FILE_BYTES, bytes, &err);
	close(fd);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (render_post_is_of(buf_str(bytes), gone[i].uuid,
		    gone[i].url, gone[i].key))
			return 1;
	}
	return 0;
}

static int
clean_posts(struct cleaning *c, const char *directory, struct err *err)
{
	struct buf bytes = { 0 };
	DIR *dir = opendir(directory);
	struct dirent *e;
	unsigned was = *c->posts;
	int rc = 0;

	if (dir == NULL)
		return 0;	/* nothing was ever written */
	while ((e = readdir(dir)) != NULL) {
		if (!is_post(e->d_name) || !is_gone(dirfd(dir), e->d_name,
		    &bytes, c->gone, c->count))
			continue;
		if (c->archive->lists != NULL)
			add_target(c, c->archive->posts_from_lists,
			    e->d_name);
		if (unlinkat(dirfd(dir), e->d_name, 0) == 0)
			++*c->posts;
		else
			rc = err_set(err, "%s/%s: %s", directory, e->d_name,
			    strerror(errno));
	}
	if (*c->posts > was && file_sync_dir(dirfd(dir), directory,
	    err) == -1)
		rc = -1;
	closedir(dir);
	buf_fini(&bytes);
	return rc;
}

/* ------------------------------------------------------------------- lists */

static int
leads_astray(const struct cleaning *c, const char *line, size_t len)
{
	for (const struct target *t = c->targets; t != NULL; t = t->next)
		if (render_list_leads(line, len, t->to))
			return 1;
	return 0;
}

/* 1: some lines are left out. */
static int
copy_lines(const struct cleaning *c, const struct buf *from, struct buf *to)
{
	const char *s = from->data, *end = s + from->len;
	int any = 0;

	while (s < end) {
		const char *lf = memchr(s, '\n', (size_t)(end - s));
		size_t len = (size_t)((lf != NULL ? lf + 1 : end) - s);

		if (leads_astray(c, s, len))
			any = 1;
		else
			buf_append(to, s, len);
		s += len;
	}
	return any;
}

static int
clean_list(const struct cleaning *c, int dir, const char *name,
    struct err *err)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	struct buf old = { 0 }, new = { 0 };
	int rc;

	if (fd == -1)
		return 0;
	rc = file_read_fd(fd, name, FILE_BYTES, &old, err);
	close(fd);
	if (rc == 0 && copy_lines(c, &old, &new))
		rc = file_replace(dir, name, buf_str(&new), new.len, err);
	buf_fini(&old);
	buf_fini(&new);
	return rc;
}

static int
clean_lists(struct cleaning *c, struct err *err)
{
	DIR *dir = c->archive->lists == NULL ? NULL :
	    opendir(c->archive->lists);
	struct dirent *e;
	int rc = 0;

	for (size_t i = 0; i < c->count; i++)
		if (c->gone[i].url != NULL)
			add_target(c, "", c->gone[i].url);
	while (dir != NULL && (e = readdir(dir)) != NULL)
		if (is_post(e->d_name) &&
		    clean_list(c, dirfd(dir), e->d_name, err) == -1)
			rc = -1;
	if (dir != NULL)
		closedir(dir);
	return rc;
}

int
archive_forget(const struct config *config, const struct tombstone *gone,
    size_t count, unsigned *posts, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < config->archives_count; i++) {
		struct cleaning c = {
			.archive = &config->archives[i], .gone = gone,
			.count = count, .posts = posts,
		};
		struct buf directory = { 0 };

		render_directory(&directory, config, c.archive->directory);
		if (clean_posts(&c, buf_str(&directory), err) == -1)
			rc = -1;
		if (clean_lists(&c, err) == -1)
			rc = -1;
		buf_fini(&directory);
		arena_fini(&c.arena);
	}
	return rc;
}
