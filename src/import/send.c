/*
 * send.c - files to a daemon, some at a time: as many as it commits
 * together, so that neither side waits for the disk at every file.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"
#include "feedmill/control.h"

#include "private.h"

enum { BUSY_WAIT_MS = 60 * 1000, BUSY_STEP_MS = 50, EXIT_LOST = 69 };

int
import_is_heard(const char *socket_path)
{
	struct buf text = { 0 };
	struct err e;
	int status = control_send(socket_path, IMPORT_VERB, "", 0, &text, &e);

	buf_fini(&text);
	return status != -1;
}

/* Another import may be served, or the daemon not have begun. */
static int
send_batch(struct import *im, struct buf *text, struct err *e)
{
	const struct timespec step = { 0, BUSY_STEP_MS * 1000000L };
	int64_t latest_ms = clock_mono_ms() + BUSY_WAIT_MS;
	int status;

	while ((status = control_send(im->to->socket_path, IMPORT_VERB,
	    im->batch.data, im->batch.len, text, e)) == CONTROL_BUSY &&
	    clock_mono_ms() < latest_ms) {
		buf_reset(text);
		nanosleep(&step, NULL);
	}
	return status;
}

static void
give_up(struct import *im, int exit_status)
{
	im->is_over = 1;
	im->failed->exit_status = exit_status;
}

static void
note_all(struct import *im, char *text)
{
	struct import_result r;

	for (unsigned i = 0; i < im->count; i++) {
		if (result_next(&text, &r) == -1) {
			err_set(im->failed, "%s: the daemon does not say what "
			    "came of it", im->paths[i]);
			give_up(im, EXIT_LOST);
			return;
		}
		import_note(im, im->paths[i], &r);
	}
}

void
import_flush(struct import *im)
{
	struct buf text = { 0 };
	int status;
	char *all;

	if (im->count == 0)
		return;
	status = im->is_over ? 0 : send_batch(im, &text, im->failed);
	if (status == -1) {
		err_prefix(im->failed, "the import ends before %s",
		    im->paths[0]);
		give_up(im, EXIT_LOST);
	} else if (status > 0) {
		err_set(im->failed, "the import ends before %s: %.*s",
		    im->paths[0], (int)strcspn(buf_str(&text), "\n"),
		    buf_str(&text));
		give_up(im, status);
	} else if (!im->is_over) {
		all = buf_take(&text);
		note_all(im, all);
		free(all);
	}
	buf_fini(&text);
	for (unsigned i = 0; i < im->count; i++)
		free(im->paths[i]);
	im->count = 0;
	buf_reset(&im->batch);
}

void
import_send(struct import *im, const char *path, const char *bytes,
    size_t len)
{
	/* Its length takes some, too. */
	if (im->batch.len + len + 16 > BATCH_MAX_BYTES ||
	    im->count == BATCH_MAX_FILES)
		import_flush(im);
	batch_put(&im->batch, bytes, len);
	im->paths[im->count++] = xstrdup(path);
}
