/*
 * archive_forget.c - archives without the posts of entries that are to go.
 *
 * A post is known by what its front matter says it is from, so that those of
 * states that retention took, and those other generators wrote, go too.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "feedmill/archive.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/config.h"
#include "feedmill/render.h"
#include "feedmill/store.h"

/* Of a post: its front matter has a title, an author, a URL, some tags. */
enum { FRONT_BYTES = 32768 };

static int
is_post(const char *name)
{
	const char *dot = strrchr(name, '.');

	return name[0] != '.' && dot != NULL &&
	    (strcmp(dot, ".md") == 0 || strcmp(dot, ".html") == 0);
}

/* 1: it is of one of them. */
static int
is_gone(int dirfd, const char *name, char *bytes,
    const struct tombstone *gone, size_t count)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	ssize_t len;

	if (fd == -1)
		return 0;
	len = read(fd, bytes, FRONT_BYTES);
	close(fd);
	if (len <= 0)
		return 0;
	bytes[len] = '\0';
	for (size_t i = 0; i < count; i++) {
		if (render_post_is_of(bytes, gone[i].uuid, gone[i].url))
			return 1;
	}
	return 0;
}

static int
clean_archive(const char *directory, const struct tombstone *gone,
    size_t count, unsigned *posts, struct err *err)
{
	char bytes[FRONT_BYTES + 1];
	DIR *dir = opendir(directory);
	struct dirent *e;
	unsigned was = *posts;
	int rc = 0;

	if (dir == NULL)
		return 0;	/* nothing was ever written */
	while ((e = readdir(dir)) != NULL) {
		if (!is_post(e->d_name) ||
		    !is_gone(dirfd(dir), e->d_name, bytes, gone, count))
			continue;
		if (unlinkat(dirfd(dir), e->d_name, 0) == 0)
			++*posts;
		else
			rc = err_set(err, "%s/%s: %s", directory, e->d_name,
			    strerror(errno));
	}
	if (*posts > was && file_sync_dir(dirfd(dir), directory, err) == -1)
		rc = -1;
	closedir(dir);
	return rc;
}

int
archive_forget(const struct config *config, const struct tombstone *gone,
    size_t count, unsigned *posts, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < config->archives_count; i++) {
		struct buf directory = { 0 };

		render_directory(&directory, config,
		    config->archives[i].directory);
		if (clean_archive(buf_str(&directory), gone, count, posts,
		    err) == -1)
			rc = -1;
		buf_fini(&directory);
	}
	return rc;
}
