/* write.c - see write.h. */
#include <assert.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <string.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "found.h"
#include "write.h"

enum {
	GZIP_LEVEL = 6,
	/* There are texts on which that takes ten times as long as on prose;
	 * what is so large is not prose for readers. */
	GZIP_LEVEL_LARGE = 1,
	LARGE_BYTES = 4 << 20
};

/* RFC 1952 with no time in it: the same bytes for the same document. */
static void
compress(struct buf *out, const struct buf *b)
{
	struct libdeflate_compressor *z;
	size_t bound;

	z = libdeflate_alloc_compressor(b->len > LARGE_BYTES ?
	    GZIP_LEVEL_LARGE : GZIP_LEVEL);
	assert(z != NULL);
	bound = libdeflate_gzip_compress_bound(z, b->len);
	buf_reserve(out, bound);
	out->len = libdeflate_gzip_compress(z, b->data, b->len, out->data,
	    bound);
	assert(out->len > 0);
	libdeflate_free_compressor(z);
}

/*
 * The twin goes first: if the document is the new one, so is its twin, and
 * a run that was killed between the two is seen by the next.
 */
int
publish_put(struct file_batch *batch, const char *name, const struct buf *b,
    unsigned *files, struct err *err)
{
	struct buf gz = { 0 }, gz_name = { 0 };
	int rc = 0;

	buf_printf(&gz_name, "%s.gz", name);
	if (found_is(batch->dirfd, name, b) &&
	    faccessat(batch->dirfd, buf_str(&gz_name), F_OK, 0) == 0)
		goto out;
	compress(&gz, b);
	rc = file_batch_put(batch, buf_str(&gz_name), gz.data, gz.len, err);
	if (rc == 0)
		rc = file_batch_put(batch, name, b->data, b->len, err);
	if (rc == 0)
		++*files;
out:
	buf_fini(&gz);
	buf_fini(&gz_name);
	return rc;
}

int
publish_write(int dirfd, const char *name, const struct buf *b,
    unsigned *files, struct err *err)
{
	struct file_batch batch = { .dirfd = dirfd };
	unsigned put = 0;
	int rc = publish_put(&batch, name, b, &put, err);

	if (rc == 0)
		rc = file_batch_flush(&batch, err);
	if (rc == 0 && put > 0)
		rc = file_sync_dir(dirfd, name, err);
	file_batch_drop(&batch);
	if (rc == 0)
		*files += put;
	return rc;
}
