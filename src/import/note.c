/* note.c - what came of a file, counted, and told where it is a mistake. */
#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/log.h"

#include "private.h"

enum { TELL_MS = 200 };

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

void
import_note_not_stored(struct import *im, const char *why)
{
	log_event(LOG_ERROR, "not stored", LOG_STR("error", why));
	im->sum->storage_failed = 1;
}

void
import_note_unreadable(struct import *im, const char *why)
{
	log_event(LOG_WARN, "not imported", LOG_STR("error", why));
	im->sum->unreadable++;
}

void
import_note(struct import *im, const char *path,
    const struct import_result *r)
{
	struct err e;

	if (r->state == IMPORT_UNREADABLE) {
		err_set(&e, "%s: %s", path, r->why != NULL ? r->why : "");
		import_note_unreadable(im, e.msg);
		return;
	}
	im->sum->files++;
	im->sum->added += r->added;
	im->sum->updated += r->updated;
	im->sum->duplicate += r->duplicate;
	if (r->state == IMPORT_NOT_STORED)
		import_note_not_stored(im, r->why);
	else if (r->why != NULL)
		log_event(LOG_WARN, "imported in part", LOG_STR("file", path),
		    LOG_STR("error", r->why));
	show_progress(im);
}
