/*
 * keep.c - what could not be read is kept, if the configuration has a
 * folder for it.
 *
 * The file is written on the reader's thread: the loop waits for no disk.
 * More than what may wait there is not kept.
 */
#include <stdlib.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/keep.h"

#include "private.h"

enum { WAITING_MAX_BYTES = KEEP_BYTES_MAX };

struct keeping {
	struct mill	*mill;
	char		*folder;
	struct buf	 bytes, name;
	struct err	 failed;
	int		 rc;
};

static void
keep_now(struct store_reader *reader, void *arg)
{
	struct keeping *k = arg;

	(void)reader;
	k->rc = keep_put(k->folder, buf_str(&k->name), buf_str(&k->bytes),
	    k->bytes.len, &k->failed);
}

/* A folder that cannot be written to is told once. */
static void
keep_done(void *arg)
{
	struct keeping *k = arg;
	struct mill *m = k->mill;

	if (k->rc == -1 && !m->keep_failed)
		log_event(LOG_ERROR, "unreadable documents are not kept",
		    LOG_STR("error", k->failed.msg));
	m->keep_failed = k->rc == -1;
	m->keep_bytes -= k->bytes.len;
	free(k->folder);
	buf_fini(&k->bytes);
	buf_fini(&k->name);
	free(k);
}

void
mill_keep(struct mill *m, const struct source *s)
{
	const struct fetched *got = s->got;
	const struct kept answer = {
		.source = s->conf->name, .url = got->hide_path ? NULL : got->url,
		.outcome = outcome_name(got->outcome), .reason = got->reason,
		.content_type = got->content_type,
		.content_language = got->content_language,
		.content_location = got->content_location,
		.charset = s->conf->charset, .zone_s = s->conf->zone_s,
		.at_ms = clock_wall_ms(), .exchange = buf_str(&got->exchange),
		.body = buf_str(&got->body), .body_len = got->body.len,
	};
	struct keeping *k;

	if (m->config->fetch.keep_bad == NULL ||
	    (got->outcome != OUTCOME_DAMAGED &&
	    got->outcome != OUTCOME_UNREADABLE &&
	    got->outcome != OUTCOME_NOT_A_FEED) ||
	    m->keep_bytes + got->body.len > WAITING_MAX_BYTES)
		return;
	k = xcalloc(1, sizeof(*k));
	k->mill = m;
	k->folder = xstrdup(m->config->fetch.keep_bad);
	keep_format(&k->bytes, &k->name, &answer);
	m->keep_bytes += k->bytes.len;
	store_read(m->store, keep_now, keep_done, k);
}
