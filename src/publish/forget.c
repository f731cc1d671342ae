/*
 * forget.c - sealed pages without the entries that are to go.
 *
 * Every page is looked at: retention may have taken the rows that would say
 * on which of them an entry is.  What the outlets' own documents show is the
 * next round's.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/config.h"
#include "feedmill/publish.h"
#include "feedmill/render.h"
#include "feedmill/store.h"
#include "write.h"

enum { PAGE_BYTES_MAX = 256 << 20 };

/* Is it "all-archive-12.atom"? */
static int
is_page_of(const char *name, const struct config_outlet *o)
{
	size_t len = strlen(o->name), infix = strlen(render_page_infix);

	if (strncmp(name, o->name, len) != 0 ||
	    strncmp(name + len, render_page_infix, infix) != 0)
		return 0;
	name += len + infix;
	len = strspn(name, "0123456789");
	return len > 0 && strcmp(name + len, ".atom") == 0;
}

/* The text without all of them; 0: it had none. */
static unsigned
take_out(struct buf *text, const struct config_outlet *o,
    const struct tombstone *gone, size_t count)
{
	unsigned found = 0;

	for (size_t i = 0; i < count; i++) {
		struct buf less = { 0 };
		unsigned n = render_atom_without(&less, buf_str(text),
		    text->len, gone[i].uuid, o->tombstones !=
		    TOMBSTONES_NONE ? gone[i].at_ms : DATE_NONE);

		if (n > 0) {
			buf_fini(text);
			*text = less;
		}
		found += n;
	}
	return found;
}

static int
clean_page(int dirfd, const char *name, const struct config_outlet *o,
    const struct tombstone *gone, size_t count, unsigned *files,
    struct err *err)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	struct buf text = { 0 };
	int rc;

	if (fd == -1)
		return err_set(err, "%s: cannot be read", name);
	rc = file_read_fd(fd, name, PAGE_BYTES_MAX, &text, err);
	close(fd);
	if (rc == 0 && take_out(&text, o, gone, count) > 0)
		rc = publish_write(dirfd, name, &text, files, err);
	buf_fini(&text);
	return rc;
}

/* All that can be done is done; the last failure is told. */
static int
clean_outlet(const char *directory, const struct config_outlet *o,
    const struct tombstone *gone, size_t count, unsigned *files,
    struct err *err)
{
	DIR *dir = opendir(directory);
	struct dirent *e;
	int rc = 0;

	if (dir == NULL)
		return 0;	/* nothing was ever published */
	while ((e = readdir(dir)) != NULL) {
		if (is_page_of(e->d_name, o) && clean_page(dirfd(dir),
		    e->d_name, o, gone, count, files, err) == -1)
			rc = -1;
	}
	closedir(dir);
	return rc;
}

int
publish_forget(const struct config *config, const struct tombstone *gone,
    size_t count, unsigned *files, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < config->outlets_count; i++) {
		const struct config_outlet *o = &config->outlets[i];
		struct buf directory = { 0 };

		render_directory(&directory, config, o->directory);
		if (clean_outlet(buf_str(&directory), o, gone, count, files,
		    err) == -1)
			rc = -1;
		buf_fini(&directory);
	}
	return rc;
}
