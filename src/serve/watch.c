/* watch.c - see watch.h. */
#include <ev.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/render.h"
#include "watch.h"

/* A document and its twin are replaced one after the other. */
#define SETTLE_S	.05

struct watch {
	struct ev_loop	*loop;
	int		 fd;
	int		*ids;
	size_t		 count;
	ev_io		 io;
	ev_timer	 timer;
	void		(*changed)(void *);
	void		*arg;
};

/* Which file it was does not matter. */
static void
events_ready(struct ev_loop *loop, ev_io *io, int events)
{
	struct watch *w = io->data;
	char ignored[4096];

	(void)events;
	while (read(w->fd, ignored, sizeof(ignored)) > 0)
		;
	if (ev_is_active(&w->timer))
		return;
	ev_timer_set(&w->timer, SETTLE_S, 0.);
	ev_timer_start(loop, &w->timer);
}

static void
settled(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct watch *w = timer->data;

	(void)loop;
	(void)events;
	w->changed(w->arg);
}

struct watch *
watch_new(struct ev_loop *loop, void (*changed)(void *), void *arg)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	struct watch *w;

	if (fd == -1) {
		log_event(LOG_WARN, "published files are not watched");
		return NULL;
	}
	w = xcalloc(1, sizeof(*w));
	w->loop = loop;
	w->fd = fd;
	w->changed = changed;
	w->arg = arg;
	ev_io_init(&w->io, events_ready, fd, EV_READ);
	ev_timer_init(&w->timer, settled, 0., 0.);
	w->io.data = w->timer.data = w;
	ev_io_start(loop, &w->io);
	ev_unref(loop);		/* it alone shall not keep a loop running */
	return w;
}

/* A directory that is watched already stays as it is, without an event. */
void
watch_renew(struct watch *w, const struct config *config)
{
	if (w == NULL)
		return;
	w->ids = xrealloc(w->ids, (config->outlets_count + 1) *
	    sizeof(*w->ids));
	w->count = 0;
	for (size_t i = 0; i < config->outlets_count; i++) {
		struct buf path = { 0 };
		struct err ignored;
		int id;

		render_directory(&path, config,
		    config->outlets[i].directory);
		/* Before the first publishing there may be none; the
		 * publisher will say so if it cannot be made. */
		file_make_dirs(buf_str(&path), &ignored);
		id = inotify_add_watch(w->fd, buf_str(&path), IN_MOVED_TO |
		    IN_CLOSE_WRITE | IN_DELETE | IN_ONLYDIR);
		if (id != -1)
			w->ids[w->count++] = id;
		buf_fini(&path);
	}
}

void
watch_configure(struct watch *w, const struct config *config)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->count; i++)
		inotify_rm_watch(w->fd, w->ids[i]);
	watch_renew(w, config);
}

void
watch_free(struct watch *w)
{
	if (w == NULL)
		return;
	ev_ref(w->loop);
	ev_io_stop(w->loop, &w->io);
	ev_timer_stop(w->loop, &w->timer);
	close(w->fd);
	free(w->ids);
	free(w);
}
