/*
 * wish.c - a source asked because somebody wants to see what comes.
 *
 *	mill_fetch() -> waits -> ask() begins it -> answered -> read -> end
 *
 * The visit is like any other; the wish only looks on and writes it down.
 */
#include <stdlib.h>

#include "feedmill/ask.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/date.h"
#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/schedule.h"

#include "private.h"

struct wish {
	int		 full, begun, status;
	struct buf	 text;
	mill_fetched_fn	*done;
	void		*arg;
};

static struct wish *
begun(const struct source *s)
{
	return s->wish != NULL && s->wish->begun ? s->wish : NULL;
}

int
mill_wish_waits(const struct source *s)
{
	return s->wish != NULL && !s->wish->begun;
}

int
mill_wish_begins(struct source *s)
{
	if (s->wish == NULL)
		return 0;
	s->wish->begun = 1;
	return 1;
}

int
mill_wish_is_full(const struct source *s)
{
	return begun(s) != NULL && s->wish->full;
}

void
mill_wish_answered(struct source *s)
{
	if (begun(s) != NULL)
		ask_say_answer(&s->wish->text, s->got);
}

void
mill_wish_read(struct source *s, const struct feed *feed)
{
	if (begun(s) != NULL)
		ask_say_document(&s->wish->text, feed);
}

struct wish *
mill_wish_end(struct source *s, const struct visit_result *r)
{
	struct wish *w = begun(s);

	if (w == NULL)
		return NULL;
	ask_say_outcome(&w->text, s->got, r);
	w->status = outcome_is_success(s->got->outcome) ? 0 : 1;
	s->wish = NULL;
	return w;
}

void
mill_wish_answer(struct wish *w)
{
	if (w == NULL)
		return;
	w->done(w->status, buf_str(&w->text), w->text.len, w->arg);
	buf_fini(&w->text);
	free(w);
}

void
mill_wish_refuse(struct source *s, const char *why)
{
	struct wish *w = TAKE(s->wish);

	if (w == NULL)
		return;
	w->status = MILL_REFUSED;
	buf_reset(&w->text);
	buf_printf(&w->text, "%s: not asked: %s", source_name(s), why);
	mill_wish_answer(w);
}

/* Until when its host wants to be left alone, as a sentence; or 0. */
static int
is_held(const struct mill *m, const struct source *s, struct err *e)
{
	int64_t until_ms = schedule_held_until(m->schedule, s->host);
	char when[DATE_TEXT_SIZE];

	if (until_ms <= clock_wall_ms())
		return 0;
	date_format_rfc3339(until_ms / 1000 * 1000, when);
	err_set(e, "%s: its host wants to be left alone until %s",
	    s->conf->name, when);
	return 1;
}

int
mill_fetch(struct mill *m, const char *name_or_url, int full,
    mill_fetched_fn *done, void *arg, struct err *e)
{
	const struct config_source *conf =
	    config_find_source(m->config, name_or_url);
	struct source *s = conf != NULL ? source_of(m, conf) : NULL;

	if (conf == NULL)
		return err_set(e, "%s: no such source in the configuration "
		    "that runs; has it been reloaded?", name_or_url);
	if (s == NULL)
		return err_set(e, "%s: disabled, so it is not asked; "
		    "--dry-run shows its answer", name_or_url);
	if (s->wish != NULL)
		return err_set(e, "%s: is just being fetched for somebody "
		    "else", name_or_url);
	if (is_held(m, s, e))
		return -1;
	s->wish = xcalloc(1, sizeof(*s->wish));
	s->wish->full = full;
	s->wish->done = done;
	s->wish->arg = arg;
	if (!s->busy)
		schedule_put(m->schedule, s->state.id, s->host,
		    conf->order, SCHEDULE_INSISTED);
	return 0;
}
