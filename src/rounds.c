/* rounds.c - see rounds.h. */
#include <assert.h>
#include <ev.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "feedmill/config.h"
#include "feedmill/rounds.h"
#include "feedmill/store.h"

#define SETTLE_S	1.	/* marks come in bunches */
#define RETRY_S		30.

struct rounds {
	struct ev_loop	*loop;
	struct store	*store;
	const struct rounds_kind *kind;
	void		*arg;
	const struct config *config;
	struct errand	*errand;	/* under way */
	ev_timer	 timer;		/* until the next */
	int		 dirty;		/* marked since the last began */
	int		 urgent;	/* do not wait */
	int		 retry;		/* the last one failed */
	int		 later;		/* the last one left some for later */
	int		 is_last;	/* from now on */
	struct err	 failed;	/* of the last one; "" is none */
};

/* What travels to the reader thread and back. */
struct errand {
	struct rounds	*rounds;	/* NULL: they are gone */
	const struct rounds_kind *kind;
	struct round	*round;
	int		 is_stale;	/* there are other sources already */
};

/* Set the timer for what is to be done next, if anything is. */
static void
arm(struct rounds *r)
{
	ev_timer_stop(r->loop, &r->timer);
	if (r->errand != NULL || r->config == NULL)
		return;
	if (!r->dirty && !r->retry && !r->later)
		return;
	ev_timer_set(&r->timer, r->dirty && r->urgent ? 0. :
	    r->dirty || !r->retry ? SETTLE_S : RETRY_S, 0.);
	ev_timer_start(r->loop, &r->timer);
}

/* The reason alone: which file it met changes with each round. */
static const char *
reason_of(const struct err *err)
{
	const char *end = strrchr(err->msg, ':');

	return end != NULL ? end : err->msg;
}

/* A full disk is said once, and once more when it is over. */
static void
note_failure(struct rounds *r, const struct err *now)
{
	int is_said = strcmp(reason_of(now), reason_of(&r->failed)) == 0;

	r->failed = *now;
	if (is_said)
		return;
	if (now->msg[0] != '\0')
		log_event(LOG_ERROR, "failing", LOG_STR("what",
		    r->kind->what), LOG_STR("error", now->msg));
	else
		log_event(LOG_INFO, "working again", LOG_STR("what",
		    r->kind->what));
}

static void
errand_run(struct store_reader *reader, void *arg)
{
	struct errand *e = arg;

	e->is_stale = !store_has_sources(reader, e->round->config);
	if (!e->is_stale)
		e->kind->run(reader, e->round);
}

static void
errand_done(void *arg)
{
	struct errand *e = arg;
	struct rounds *r = e->rounds;
	const struct config *config = e->round->config;

	if (r != NULL)
		r->errand = NULL;
	if (r != NULL && e->is_stale) {
		arm(r);
	} else if (r != NULL) {
		note_failure(r, &e->round->failed);
		r->retry = e->round->failed.msg[0] != '\0';
		r->later = e->round->later;
		if (e->round->more)
			r->dirty = r->urgent = 1;
		arm(r);
	}
	/* A stale one has done nothing; the configuration that is on its way
	 * brings the next. */
	e->kind->end(e->round, r != NULL && !e->is_stale ? r->arg : NULL);
	config_unref(config);
	free(e);
}

static void
timer_up(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct rounds *r = timer->data;
	struct errand *e = xcalloc(1, sizeof(*e));

	(void)loop;
	(void)events;
	assert(r->errand == NULL);
	r->dirty = r->urgent = r->retry = r->later = 0;
	r->errand = e;
	e->rounds = r;
	e->kind = r->kind;
	e->round = xcalloc(1, r->kind->size);
	e->round->config = config_ref(r->config);
	e->round->is_last = r->is_last;
	r->kind->begin(e->round, r->arg);
	store_read(r->store, errand_run, errand_done, e);
}

struct rounds *
rounds_new(struct ev_loop *loop, struct store *store,
    const struct rounds_kind *kind, void *arg)
{
	struct rounds *r = xcalloc(1, sizeof(*r));

	assert(arg != NULL && kind->size >= sizeof(struct round));
	r->loop = loop;
	r->store = store;
	r->kind = kind;
	r->arg = arg;
	ev_timer_init(&r->timer, timer_up, 0., 0.);
	r->timer.data = r;
	return r;
}

void
rounds_touch(struct rounds *r)
{
	if (r->dirty)
		return;		/* the timer runs, or will */
	r->dirty = 1;
	arm(r);
}

void
rounds_configure(struct rounds *r, const struct config *config)
{
	const struct config *old = r->config;

	r->config = config_ref(config);
	config_unref(old);
	rounds_touch(r);
}

void
rounds_flush(struct rounds *r)
{
	if (!r->dirty && !r->retry)
		return;
	r->dirty = r->urgent = 1;
	arm(r);
}

void
rounds_finish(struct rounds *r)
{
	r->is_last = 1;
	rounds_flush(r);
}

int
rounds_are_idle(const struct rounds *r)
{
	return r->errand == NULL && !r->dirty;
}

void
rounds_free(struct rounds *r)
{
	if (r == NULL)
		return;
	ev_timer_stop(r->loop, &r->timer);
	if (r->errand != NULL)
		r->errand->rounds = NULL;	/* ends without us */
	config_unref(r->config);
	free(r);
}

void
round_fail(struct round *round, const struct err *err, const char *kind,
    const char *name)
{
	round->failed = *err;
	err_prefix(&round->failed, "%s %s", kind, name);
}

/* ---------------------------------------------------------------- records */

/* Nothing of it has to be left out, nor is it a credential as a whole. */
static int
may_be_shown(const char *url, const struct config_source *source)
{
	char *shown = url != NULL ? url_redact(url) : NULL;
	int same = shown != NULL && strcmp(shown, url) == 0;

	free(shown);
	return same && (source == NULL || source->url_from == NULL);
}

/* Those that are published somewhere at least: nobody is to learn of the
 * others. */
static void
take_further(struct item *item, const struct record *r,
    const struct config *config)
{
	for (const struct further *f = r->further; f != NULL; f = f->next) {
		const struct config_source *source =
		    config_find_source(config, f->name);

		if (source == NULL || !source->publish ||
		    !may_be_shown(f->url, source) ||
		    item->further_count == ITEM_FURTHER_MAX)
			continue;
		item->further[item->further_count++] = (struct item_source){
			.title = f->title, .url = f->url };
	}
}

struct item
record_item(const struct record *r, const struct config *config)
{
	int show_url = may_be_shown(r->source_url,
	    config_find_source(config, r->source_name));

	struct item item = {
		.uuid = r->uuid, .url = r->url, .key = r->key,
		.title = r->title,
		.content = r->content, .summary = r->summary,
		.language = r->language, .image = r->image,
		.stamp = r->stamp, .effective_ms = r->effective_ms,
		.published_ms = r->published_ms, .updated_ms = r->updated_ms,
		.authors = r->authors, .categories = r->categories,
		.enclosures = r->enclosures, .comments = r->comments,
		.source_name = r->source_name,
		.source_title = r->source_title,
		.source_link = r->source_link,
		.source_url = show_url ? r->source_url : NULL,
		.source_head = r->source_head, .seq = r->seq,
	};

	take_further(&item, r, config);
	return item;
}

struct selecting {
	struct selection *sel;
	const struct config *config;
	const char	*const *tags, *const *sources;
	enum selection_use use;
	const struct outlet_source **last;
	size_t		 room;
};

static void
show_source(struct selecting *s, const struct config_source *source,
    const struct source_summary *summary)
{
	struct arena *arena = &s->sel->arena;
	struct outlet_source *shown;

	if (!may_be_shown(source->url, source))
		return;
	shown = arena_zalloc(arena, sizeof(*shown));
	shown->title = arena_strdup(arena,
	    source->title != NULL ? source->title :
	    summary->title != NULL ? summary->title : source->name);
	shown->url = arena_strdup(arena, source->url);
	*s->last = shown;
	s->last = &shown->next;
}

static int
select_source(const struct source_summary *summary, void *arg)
{
	struct selecting *s = arg;
	struct selection *sel = s->sel;
	const struct config_source *source;

	source = summary->removed ? NULL :
	    config_find_source(s->config, summary->name);
	if (source == NULL || !(s->use == SELECT_PUBLISHED ?
	    source->publish : source->archive) ||
	    !config_selects(s->tags, s->sources, source))
		return 0;
	if (sel->count == s->room) {
		s->room = s->room * 2 + 64;
		sel->list = xrealloc(sel->list,
		    s->room * sizeof(*sel->list));
	}
	sel->list[sel->count++] = (struct selected){
		summary->id, source->keep_s };
	sel->announced += summary->announced;
	show_source(s, source, summary);
	return 0;
}

static int
compare_selected(const void *a, const void *b)
{
	const struct selected *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static void
list_ids(struct selection *sel)
{
	if (sel->count == 0)
		return;
	qsort(sel->list, sel->count, sizeof(*sel->list), compare_selected);
	sel->ids = xcalloc(sel->count + 1, sizeof(*sel->ids));
	for (size_t i = 0; i < sel->count; i++)
		sel->ids[i] = sel->list[i].id;
}

const struct selected *
selection_find(const struct selection *sel, int64_t id)
{
	const struct selected key = { .id = id };

	return sel->count == 0 ? NULL : bsearch(&key, sel->list, sel->count,
	    sizeof(*sel->list), compare_selected);
}

int
selection_load(struct selection *sel, struct store_reader *reader,
    const struct config *config, const char *const *tags,
    const char *const *sources, enum selection_use use, struct err *err)
{
	struct selecting s = {
		sel, config, tags, sources, use, &sel->shown, 0
	};
	int rc = store_each_source(reader, select_source, &s, err);

	list_ids(sel);
	return rc;
}

void
selection_forget_shown(struct selection *sel)
{
	arena_fini(&sel->arena);
	sel->shown = NULL;
}

void
selection_fini(struct selection *sel)
{
	free(sel->ids);
	free(sel->list);
	arena_fini(&sel->arena);
	memset(sel, 0, sizeof(*sel));
}
