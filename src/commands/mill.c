/* mill.c - a mill of our own, for verbs that find no daemon. */
#include <stdlib.h>

#include <ev.h>

#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/log.h"
#include "feedmill/config.h"
#include "feedmill/mill.h"

#include "private.h"

struct own_mill {
	struct ev_loop	*loop;
	int		 is_done, status;
	struct err	 failed;
};

void
own_mill_done(struct own_mill *o, int status)
{
	o->is_done = 1;
	o->status = status;
	ev_break(o->loop, EVBREAK_ALL);
}

int
own_mill_wait(struct own_mill *o)
{
	while (!o->is_done)
		ev_run(o->loop, EVRUN_ONCE);
	o->is_done = 0;
	return o->status;
}

static void
applied(const struct err *failed, void *arg)
{
	struct own_mill *o = arg;

	if (failed != NULL)
		o->failed = *failed;
	own_mill_done(o, failed != NULL ? -1 : 0);
}

int
own_mill(struct call *c, const struct config *config,
    int (*work)(struct call *, struct mill *, struct own_mill *, void *),
    void *arg)
{
	const struct mill_options options = { .idle = 1 };
	struct own_mill o = { .loop = ev_loop_new(EVFLAG_AUTO) };
	struct mill *mill = NULL;
	int status = 0;

	/* The report says it; the log is for those who want more. */
	if (c->log_level == LOG_INFO)
		log_set_level(LOG_ERROR);
	if (file_make_dirs(config->state, &o.failed) == -1 ||
	    (mill = mill_new(o.loop, config, &options, &o.failed)) == NULL) {
		status = fail(c, &o.failed, 1);
		goto out;
	}
	mill_configure(mill, config, applied, &o);
	if (own_mill_wait(&o) == -1)
		status = fail(c, &o.failed, 1);
	else
		status = work(c, mill, &o, arg);
	mill_free(mill);
out:
	ev_loop_destroy(o.loop);
	return status;
}
