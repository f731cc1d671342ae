/*
 * publish.c - see publish.h.
 *
 * When a round is due, and on which thread it runs, is rounds.h's; here is
 * what it does, for each outlet:
 *
 *	its sources -> sealed pages -> what is shown -> documents, notes
 *	(rounds.h)     publish_pages   publish_window   publish_documents
 *
 * What was selected and made is remembered from round to round, and thrown
 * away with the configuration it was made for.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/publish.h"
#include "feedmill/render.h"
#include "feedmill/rounds.h"
#include "feedmill/store.h"
#include "documents.h"
#include "pages.h"
#include "window.h"

enum { TOMBSTONES_SHOWN = 100 };	/* the latest, at most */

/* ----------------------------------------------------------------- memory */

struct outlet_memory {
	struct selection selection;
	double		 share;		/* of all that was announced */
	/* Of the database when it was selected; no shape: it was not. */
	int64_t		 shape, last_seq;
	struct shown	 shown;
	int		 is_swept;
};

struct memory {
	const struct config *config;
	struct stamps	 stamps;
	struct outlet_memory *outlets;	/* of the configuration */
};

static struct memory *
memory_new(const struct config *config)
{
	struct memory *m = xcalloc(1, sizeof(*m));

	m->config = config_ref(config);
	m->outlets = xcalloc(config->outlets_count + 1, sizeof(*m->outlets));
	return m;
}

static void
memory_free(struct memory *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->config->outlets_count; i++) {
		selection_fini(&m->outlets[i].selection);
		shown_fini(&m->outlets[i].shown);
	}
	stamps_fini(&m->stamps);
	free(m->outlets);
	config_unref(m->config);
	free(m);
}

/* ----------------------------------------------------------- the reader's */

struct publishing {
	struct round	 round;
	struct memory	*memory;
	struct published_outlet *outlets;	/* of the configuration */
	struct pages	*pages;		/* per outlet */
	unsigned	 files;
};

/* One outlet. */
struct outlet_run {
	struct publishing *p;
	struct outlet_memory *memory;
	struct pages	*pages;
	struct edition	 edition;
	struct arena	 arena;		/* for tombstones */
	char		 uuid[UUID_TEXT_SIZE];
	struct buf	 page;		/* address of the newest */
};

static struct outlet_head
head_of(const struct config *config, const struct config_outlet *o,
    const char *uuid)
{
	return (struct outlet_head){
		.uuid = uuid, .title = o->title, .subtitle = o->subtitle,
		.language = o->language, .url = o->url, .hubs = o->hubs,
		.updated_ms = DATE_NONE, .content = o->content,
		.name = o->name, .formats = o->formats,
		.has_status = config->http.enabled && config->http.status,
		.has_search = config->http.enabled && config->http.search,
	};
}

/*
 * The sources: selected again when there are others, and when so much was
 * announced since that their share of it may be another.
 */
static int
select_sources(struct outlet_run *o, struct err *err)
{
	struct edition *e = &o->edition;
	struct outlet_memory *m = o->memory;

	e->selection = &m->selection;
	if (m->shape == e->stamps->version.shape &&
	    e->last_seq / 2 <= m->last_seq)
		return 0;
	selection_fini(&m->selection);
	m->shape = 0;
	if (selection_load(&m->selection, e->reader, e->config,
	    e->outlet->tags, e->outlet->sources, SELECT_PUBLISHED, err) == -1)
		return -1;
	m->shape = e->stamps->version.shape;
	m->last_seq = e->last_seq;
	m->share = (double)(m->selection.announced + 1) /
	    (double)(e->last_seq + 1);
	return 0;
}

/* The newest page is where the outlet's Atom document goes on. */
static int
seal_pages(struct outlet_run *o, struct err *err)
{
	struct edition *e = &o->edition;
	const struct paging paging = {
		.reader = e->reader, .config = e->config,
		.outlet = e->outlet, .head = &e->head,
		.selection = e->selection, .share = o->memory->share,
		.dirfd = e->dirfd, .is_last = o->p->round.is_last,
	};

	if ((e->outlet->formats & OUTLET_ATOM) == 0)
		return 0;
	if (pages_seal(&paging, o->pages, &o->p->files, err) == -1)
		return -1;
	o->p->round.later |= o->pages->more;
	if (o->pages->count > 0) {
		render_page_url(&o->page, e->outlet, o->pages->count);
		e->head.prev_archive = buf_str(&o->page);
	}
	/* Where some are missing, nothing is told of what is on them. */
	e->pages = o->pages->more ? 0 : o->pages->count;
	return 0;
}

static int
find_window(struct outlet_run *o, struct err *err)
{
	struct edition *e = &o->edition;
	const struct window_query query = {
		.reader = e->reader, .ids = e->selection->ids,
		.share = o->memory->share, .stamps = e->stamps,
		.entries = (unsigned)e->outlet->entries,
	};

	if (window_read(&e->window, &query, err) == -1)
		return -1;
	e->head.updated_ms = e->window.updated_ms;
	return 0;
}

/* The document is changed by them, too. */
static int
take_tombstone(const struct tombstone *t, void *arg)
{
	struct outlet_run *o = arg;
	struct outlet_head *head = &o->edition.head;
	struct outlet_tombstone *stone = arena_zalloc(&o->arena,
	    sizeof(*stone));

	stone->uuid = arena_strdup(&o->arena, t->uuid);
	stone->at_ms = t->at_ms;
	stone->next = head->tombstones;
	head->tombstones = stone;
	if (head->updated_ms == DATE_NONE || t->at_ms > head->updated_ms)
		head->updated_ms = t->at_ms;
	return 0;
}

static int
find_tombstones(struct outlet_run *o, struct err *err)
{
	const struct edition *e = &o->edition;
	const struct tombstone_filter filter = {
		.source_ids = e->selection->ids, .limit = TOMBSTONES_SHOWN,
		.with_expired = e->outlet->tombstones == TOMBSTONES_ALL,
	};

	if (e->selection->count == 0 ||
	    (e->outlet->formats & OUTLET_ATOM) == 0 ||
	    e->outlet->tombstones == TOMBSTONES_NONE)
		return 0;
	return store_each_tombstone(e->reader, &filter, take_tombstone, o,
	    err);
}

/* What a kill has left is replaced with its file; but that may be of a format
 * that is published no more. */
static void
sweep(const struct edition *e, struct outlet_memory *m)
{
	if (!m->is_swept)
		file_sweep_of(e->dirfd, e->outlet->name);
	m->is_swept = 1;
}

static int
open_outlet(struct outlet_run *o, struct err *err)
{
	struct edition *e = &o->edition;
	struct buf directory = { 0 };

	if (store_outlet_uuid(e->reader, e->outlet->name, o->uuid,
	    err) == -1 || store_last_seq(e->reader, &e->last_seq, err) == -1)
		return -1;
	e->head = head_of(e->config, e->outlet, o->uuid);
	render_directory(&directory, e->config, e->outlet->directory);
	e->dirfd = file_open_dir(buf_str(&directory), err);
	buf_fini(&directory);
	if (e->dirfd == -1)
		return -1;
	sweep(e, o->memory);
	return 0;
}

static int
publish_outlet(struct outlet_run *o, unsigned *changed, struct err *err)
{
	struct edition *e = &o->edition;
	int rc = -1;

	/* The page is there before anything points to it. */
	if (open_outlet(o, err) == 0 && select_sources(o, err) == 0 &&
	    seal_pages(o, err) == 0 && find_window(o, err) == 0 &&
	    find_tombstones(o, err) == 0)
		rc = documents_write(e, &o->memory->shown, changed,
		    &o->p->files, err);
	if (rc == -1)
		o->memory->shape = 0;
	/* Of a list of ten thousand the names are not kept. */
	if (e->selection != NULL)
		selection_forget_shown(e->selection);
	if (e->dirfd != -1)
		close(e->dirfd);
	window_fini(&e->window);
	arena_fini(&o->arena);
	buf_fini(&o->page);
	return rc;
}

static void
told_mark_name(struct buf *b, const char *outlet)
{
	buf_printf(b, "hub:%s", outlet);
}

static int
read_told(struct store_reader *reader, const struct config_outlet *outlet,
    int64_t *ret, struct err *err)
{
	struct buf name = { 0 };
	int rc = 0;

	told_mark_name(&name, outlet->name);
	if (outlet->hubs[0] != NULL)
		rc = store_outlet_seq(reader, buf_str(&name), ret, err);
	buf_fini(&name);
	return rc;
}

static void
run_round(struct store_reader *reader, struct round *round)
{
	struct publishing *p = (struct publishing *)round;

	for (size_t i = 0; i < round->config->outlets_count; i++) {
		const struct config_outlet *o = &round->config->outlets[i];
		struct published_outlet *done = &p->outlets[i];
		struct outlet_run run = {
			.p = p, .memory = &p->memory->outlets[i],
			.pages = &p->pages[i], .edition = {
				.reader = reader, .config = round->config,
				.outlet = o, .dirfd = -1,
				.stamps = &p->memory->stamps,
			},
		};
		struct err err = { 0 };

		*done = (struct published_outlet){ .outlet = o };
		if (store_last_seq(reader, &done->reached, &err) == -1 ||
		    stamps_refresh(&p->memory->stamps, reader, &err) == -1 ||
		    read_told(reader, o, &done->told, &err) == -1 ||
		    publish_outlet(&run, &done->changed, &err) == -1) {
			done->reached = -1;
			round_fail(round, &err, "outlet", o->name);
		}
	}
}

/* ------------------------------------------------------------- the loop's */

struct publish {
	struct rounds	*rounds;
	struct store	*store;
	publish_done_fn	*done;
	void		*arg;
	struct memory	*memory;	/* NULL: none, or a round has it */
};

static void
begin(struct round *round, void *arg)
{
	struct publishing *p = (struct publishing *)round;
	struct publish *publish = arg;

	p->memory = TAKE(publish->memory);
	if (p->memory == NULL || p->memory->config != round->config) {
		memory_free(p->memory);
		p->memory = memory_new(round->config);
	}
	p->outlets = xcalloc(round->config->outlets_count + 1,
	    sizeof(*p->outlets));
	p->pages = xcalloc(round->config->outlets_count + 1,
	    sizeof(*p->pages));
}

static void
tell(struct publish *publish, const struct publishing *p)
{
	const struct config *config = p->round.config;
	struct published result = {
		.files = p->files, .config = config, .outlets = p->outlets,
		.outlets_count = config->outlets_count,
	};

	for (size_t i = 0; i < config->outlets_count; i++) {
		const char *name = config->outlets[i].name;

		if (p->outlets[i].reached == -1)
			continue;
		pages_mark(publish->store, name, &p->pages[i]);
		store_mark_outlet(publish->store, name,
		    p->outlets[i].reached);
	}
	if (p->round.failed.msg[0] != '\0')
		result.failed = &p->round.failed;
	publish->done(&result, publish->arg);
}

static void
end(struct round *round, void *arg)
{
	struct publishing *p = (struct publishing *)round;
	struct publish *publish = arg;

	if (publish != NULL) {
		publish->memory = TAKE(p->memory);
		tell(publish, p);
	}
	memory_free(p->memory);
	free(p->outlets);
	free(p->pages);
	free(p);
}

static const struct rounds_kind kind = {
	"publishing", sizeof(struct publishing), begin, run_round, end
};

struct publish *
publish_new(struct ev_loop *loop, struct store *store, publish_done_fn *done,
    void *arg)
{
	struct publish *p = xcalloc(1, sizeof(*p));

	p->rounds = rounds_new(loop, store, &kind, p);
	p->store = store;
	p->done = done;
	p->arg = arg;
	return p;
}

void
publish_configure(struct publish *p, const struct config *config)
{
	rounds_configure(p->rounds, config);
}

void
publish_touch(struct publish *p)
{
	rounds_touch(p->rounds);
}

void
publish_flush(struct publish *p)
{
	rounds_flush(p->rounds);
}

void
publish_finish(struct publish *p)
{
	rounds_finish(p->rounds);
}

void
publish_mark_told(struct publish *p, const char *outlet, int64_t seq)
{
	struct buf name = { 0 };

	told_mark_name(&name, outlet);
	store_mark_outlet(p->store, buf_str(&name), seq);
	buf_fini(&name);
}

int
publish_is_idle(const struct publish *p)
{
	return rounds_are_idle(p->rounds);
}

void
publish_free(struct publish *p)
{
	if (p == NULL)
		return;
	rounds_free(p->rounds);
	memory_free(p->memory);
	free(p);
}
