/* notes.c - see notes.h. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/delta.h"
#include "feedmill/render.h"
#include "notes.h"

enum { NOTES_BYTES_MAX = 16 << 20 };

/* What cannot be read was never there: then nobody's state is known. */
static void
read_notes(int dirfd, const char *name, struct buf *b)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	struct err ignored;

	if (fd == -1)
		return;
	if (file_read_fd(fd, name, NOTES_BYTES_MAX, b, &ignored) == -1)
		buf_reset(b);
	close(fd);
}

int
notes_put(struct file_batch *batch, const char *document, struct delta *now,
    struct err *err)
{
	struct buf name = { 0 }, old = { 0 }, new = { 0 };
	struct delta before;
	uint64_t secret;
	int rc = 0;

	render_notes_name(&name, document);
	read_notes(batch->dirfd, buf_str(&name), &old);
	delta_read(&before, buf_str(&old));
	clock_random(&secret, sizeof(secret));
	delta_follow(now, &before, clock_wall_ms(), secret);
	delta_write(&new, now);
	if (new.len != old.len || memcmp(new.data, old.data, old.len) != 0)
		rc = file_batch_put(batch, buf_str(&name), new.data, new.len,
		    err);
	delta_fini(&before);
	buf_fini(&name);
	buf_fini(&old);
	buf_fini(&new);
	return rc;
}
