/*
 * world.c - see world.h.
 *
 *	alpha	RSS; grows, updates some, edits some silently
 *	beta	Atom, gzip; lists some of alpha's entries from step 1 on
 *	gamma	RSS; its old entries expire, sooner or later: not published
 *	delta	JSON; no validators
 *	epsilon	RSS, large entries; new validators for the same bytes
 *	zeta	Atom; more than may be announced at first
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ev.h>
#include <libdeflate.h>

#include "feedmill/base/clock.h"
#include "feedmill/base/date.h"
#include "feedmill/base/mem.h"
#include "feedmill/fetch.h"
#include "feedmill/store.h"

#include "../../src/fetch/private.h"
#include "../../src/store/index.h"
#include "../../src/store/retention.h"

#include "world.h"

#define T0	INT64_C(1740000000000)
#define NOW	INT64_C(1750000000000)
#define DAY_MS	INT64_C(86400000)

enum { STEP_MS = 1000000 };	/* for what is done by and by */

enum kind { KIND_RSS, KIND_ATOM, KIND_JSON };

const char *const source_names[SOURCES] = {
	"alpha", "beta", "gamma", "delta", "epsilon", "zeta"
};

static const struct plan {
	enum kind	 kind;
	int		 gzip, no_validators;
	unsigned	 body_bytes;
	unsigned	 listed;	/* at most so many, the newest */
	unsigned	 newest[STEPS];	/* number of the newest entry */
} plans[SOURCES] = {
	{ KIND_RSS, 0, 0, 700, 14, { 10, 14, 18, 18 } },
	{ KIND_ATOM, 1, 0, 300, 8, { 6, 8, 8, 8 } },
	{ KIND_RSS, 0, 0, 500, 12, { 8, 8, 12, 12 } },
	{ KIND_JSON, 0, 1, 400, 9, { 5, 7, 7, 8 } },
	{ KIND_RSS, 0, 0, 18000, 4, { 3, 3, 4, 4 } },
	{ KIND_ATOM, 1, 0, 200, 30, { 24, 25, 28, 28 } },
};

static const int64_t days[STEPS] = { 0, 1, 60, 61 };

static int current;

void
world_set_step(int step)
{
	current = step;
}

int
world_step(void)
{
	return current;
}

/* ---------------------------------------------------------------- entries */

enum { ALPHA, BETA, GAMMA, DELTA, EPSILON, ZETA };

static int
is_updated(int source, unsigned i, int step)
{
	return source != EPSILON && step >= 1 && i % 7 == 3;
}

static int
is_edited(int source, unsigned i, int step)
{
	return source == ALPHA && step >= 1 && i % 7 == 5;
}

/* Alpha's, listed by beta as well. */
static unsigned
shared_of(int source, int step)
{
	return source == BETA && step >= 1 ? 3 : 0;
}

static void
own_post(int source, int step, unsigned i, struct post *ret)
{
	int updated = is_updated(source, i, step);

	snprintf(ret->url, sizeof(ret->url), "https://%s.example/%u",
	    source_names[source], i);
	ret->ts_ms = T0 + i * (DAY_MS / 4) + source * 1000 +
	    updated * 97000;
	ret->edited = is_edited(source, i, step);
	snprintf(ret->title, sizeof(ret->title), "%s %u%s",
	    source_names[source], i, updated ? " again" : "");
}

int
world_post(int source, int step, unsigned n, struct post *ret)
{
	const struct plan *p = &plans[source];
	unsigned newest = p->newest[step], shared = shared_of(source, step);

	if (n < shared) {
		own_post(ALPHA, step, 2 * n + 4, ret);
		return 1;
	}
	n -= shared;
	if (n >= p->listed || n >= newest)
		return 0;
	own_post(source, step, newest - n, ret);
	return 1;
}

static void
put_body(struct buf *b, int source, const struct post *post)
{
	size_t begun = b->len;

	buf_printf(b, "<p>%s%s by <b>%s</b>, see "
	    "<a href=\"/there?a=1&amp;b=2\">there</a>.</p>", post->title,
	    post->edited ? ", corrected" : "", source_names[source]);
	while (b->len - begun < plans[source].body_bytes)
		buf_printf(b, "<p>paragraph%zu 中文文字 of %s</p>",
		    b->len - begun, post->title);
}

/* --------------------------------------------------------------- documents */

static void
put_time(struct buf *b, int64_t ms, const char *format)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;
	char text[64];

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), format, &tm);
	buf_puts(b, text);
}

static void
put_rss(struct buf *b, int source, const struct post *p)
{
	buf_printf(b, "<item><title>%s</title><link>%s</link><guid>%s</guid>"
	    "<category>news</category><pubDate>", p->title, p->url, p->url);
	put_time(b, p->ts_ms, "%a, %d %b %Y %H:%M:%S GMT");
	buf_puts(b, "</pubDate><description><![CDATA[");
	put_body(b, source, p);
	buf_puts(b, "]]></description></item>\n");
}

static void
put_atom(struct buf *b, int source, const struct post *p)
{
	buf_printf(b, "<entry><title>%s</title><id>%s</id>"
	    "<link href='%s'/><updated>", p->title, p->url, p->url);
	put_time(b, p->ts_ms, "%Y-%m-%dT%H:%M:%SZ");
	buf_puts(b, "</updated><content type='html'><![CDATA[");
	put_body(b, source, p);
	buf_puts(b, "]]></content></entry>\n");
}

static void
put_json(struct buf *b, int source, const struct post *p)
{
	struct buf body = { 0 };

	put_body(&body, source, p);
	buf_printf(b, "{\"id\":\"%s\",\"url\":\"%s\",\"title\":\"%s\","
	    "\"date_published\":\"", p->url, p->url, p->title);
	put_time(b, p->ts_ms, "%Y-%m-%dT%H:%M:%SZ");
	buf_puts(b, "\",\"content_html\":\"");
	for (const char *s = buf_str(&body); *s != '\0'; s++) {
		if (*s == '"')
			buf_putc(b, '\\');
		buf_putc(b, *s);
	}
	buf_puts(b, "\"}");
	buf_fini(&body);
}

static const struct format {
	const char	*type, *head, *between, *foot;
	void		(*put)(struct buf *, int, const struct post *);
} formats[] = {
	[KIND_RSS] = { "application/rss+xml",
	    "<rss version=\"2.0\"><channel><title>%s</title>"
	    "<link>https://%s.example/</link>", "", "</channel></rss>",
	    put_rss },
	[KIND_ATOM] = { "application/atom+xml",
	    "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>%s</title>"
	    "<id>https://%s.example/</id>", "", "</feed>", put_atom },
	[KIND_JSON] = { "application/feed+json",
	    "{\"version\":\"https://jsonfeed.org/version/1.1\","
	    "\"title\":\"%s\",\"home_page_url\":\"https://%s.example/\","
	    "\"items\":[", ",", "]}", put_json },
};

static void
put_document(struct buf *b, int source, int step)
{
	const struct format *f = &formats[plans[source].kind];
	const char *name = source_names[source];
	struct post post;

	buf_printf(b, f->head, name, name);
	for (unsigned n = 0; world_post(source, step, n, &post); n++) {
		if (n > 0)
			buf_puts(b, f->between);
		f->put(b, source, &post);
	}
	buf_puts(b, f->foot);
}

static int
same_document(int source, int a, int b)
{
	struct buf x = { 0 }, y = { 0 };
	int same;

	put_document(&x, source, a);
	put_document(&y, source, b);
	same = x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
	buf_fini(&x);
	buf_fini(&y);
	return same;
}

int
world_edition(int source, int step)
{
	/* New validators, the same bytes. */
	if (source == EPSILON)
		return step;
	while (step > 0 && same_document(source, step - 1, step))
		step--;
	return step;
}

static void
compress(struct buf *b)
{
	struct libdeflate_compressor *z = libdeflate_alloc_compressor(1);
	size_t bound = libdeflate_gzip_compress_bound(z, b->len);
	struct buf out = { 0 };

	buf_reserve(&out, bound);
	out.len = libdeflate_gzip_compress(z, b->data, b->len, out.data,
	    bound);
	libdeflate_free_compressor(z);
	buf_fini(b);
	*b = out;
}

/* Made once: the story is told some ten thousand times. */
static const struct buf *
document(int source, int step)
{
	static struct buf made[SOURCES][STEPS];
	struct buf *b = &made[source][step];

	if (b->len == 0) {
		put_document(b, source, step);
		if (plans[source].gzip)
			compress(b);
	}
	return b;
}

/* ----------------------------------------------------------------- network */

struct fetch {
	struct ev_loop	*loop;
	fetch_done_fn	*done;
	void		*arg;
	ev_timer	 soon;
	struct fetched	*queue[SOURCES * 2];
	unsigned	 count;
};

static void
answer_soon(struct fetch *f)
{
	ev_timer_set(&f->soon, 0., 0.);
	ev_timer_start(f->loop, &f->soon);
}

static void
answer_one(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct fetch *f = timer->data;
	struct fetched *got = f->queue[0];

	(void)loop, (void)events;
	f->count--;
	memmove(f->queue, f->queue + 1, f->count * sizeof(*f->queue));
	if (f->count > 0)
		answer_soon(f);
	f->done(&got, f->arg);
	assert(got == NULL);
}

static int
source_of_url(const char *url)
{
	for (int i = 0; i < SOURCES; i++) {
		if (strncmp(url + strlen("https://"), source_names[i],
		    strlen(source_names[i])) == 0)
			return i;
	}
	abort();
}

static void
set_outcome(struct fetched *got, enum outcome outcome)
{
	got->outcome = outcome;
	got->reason = xstrdup(outcome_sentence(outcome));
}

/* As fetch/transfer.c does: there may be no memory for it. */
static void
give_body(struct fetched *got, int source, const struct fetch_order *o)
{
	const struct buf *b = document(source, world_edition(source,
	    current));

	got->body_digest = hash_128(b->data, b->len);
	got->coding = plans[source].gzip ? CODING_GZIP : CODING_NONE;
	got->body_max = o->body_bytes;
	if (digest_equal(got->body_digest, o->body_digest)) {
		set_outcome(got, OUTCOME_UNCHANGED);
		return;
	}
	if (buf_try_reserve(&got->body, b->len) == NULL) {
		set_outcome(got, OUTCOME_TOO_LARGE);
		return;
	}
	buf_append(&got->body, b->data, b->len);
	set_outcome(got, OUTCOME_OK);
}

struct fetch *__wrap_fetch_new(struct ev_loop *, struct resolve *,
    const struct fetch_limits *, fetch_done_fn *, void *);
void __wrap_fetch_start(struct fetch *, const struct fetch_order *);
void __wrap_fetch_use_hsts(struct fetch *, struct hsts *);
unsigned __wrap_fetch_active(const struct fetch *);
uint64_t __wrap_fetch_bytes_in_flight(const struct fetch *);
void __wrap_fetch_release(struct fetch *, struct fetched *);
void __wrap_fetch_free(struct fetch *);

struct fetch *
__wrap_fetch_new(struct ev_loop *loop, struct resolve *resolve,
    const struct fetch_limits *limits, fetch_done_fn *done, void *arg)
{
	struct fetch *f = xcalloc(1, sizeof(*f));

	(void)resolve, (void)limits;
	f->loop = loop;
	f->done = done;
	f->arg = arg;
	ev_timer_init(&f->soon, answer_one, 0., 0.);
	f->soon.data = f;
	return f;
}

void
__wrap_fetch_start(struct fetch *f, const struct fetch_order *o)
{
	struct fetched *got = fetched_new(o->source_id);
	int source = source_of_url(o->url);
	char etag[32];

	snprintf(etag, sizeof(etag), "\"%d\"", world_edition(source,
	    current));
	got->url = xstrdup(o->url);
	got->status = 200;
	got->content_type = xstrdup(formats[plans[source].kind].type);
	got->was_conditional = o->etag != NULL;
	if (!plans[source].no_validators)
		got->etag = xstrdup(etag);
	if (o->etag != NULL && strcmp(o->etag, etag) == 0) {
		got->status = 304;
		set_outcome(got, OUTCOME_NOT_MODIFIED);
	} else {
		give_body(got, source, o);
	}
	assert(f->count < ARRAY_LEN(f->queue));
	f->queue[f->count++] = got;
	if (f->count == 1)
		answer_soon(f);
}

unsigned
__wrap_fetch_active(const struct fetch *f)
{
	return f->count;
}

uint64_t
__wrap_fetch_bytes_in_flight(const struct fetch *f)
{
	(void)f;
	return 0;
}

void
__wrap_fetch_use_hsts(struct fetch *f, struct hsts *hsts)
{
	(void)f, (void)hsts;
}

void
__wrap_fetch_release(struct fetch *f, struct fetched *got)
{
	(void)f, (void)got;
}

void
__wrap_fetch_free(struct fetch *f)
{
	if (f == NULL)
		return;
	ev_timer_stop(f->loop, &f->soon);
	while (f->count > 0)
		fetched_free(f->queue[--f->count]);
	free(f);
}

/* Each step has its own time, and there it stands still. */
int64_t __wrap_clock_wall_ms(void);

int64_t
__wrap_clock_wall_ms(void)
{
	return NOW + days[current] * DAY_MS;
}

/* Nothing is left for another time because the machine is slow. */
typeof(retention_step) __real_retention_step, __wrap_retention_step;

int
__wrap_retention_step(struct retention *r, struct db *db, int64_t now_ms,
    int limit_ms)
{
	(void)limit_ms;
	return __real_retention_step(r, db, now_ms, STEP_MS);
}

typeof(index_step) __real_index_step, __wrap_index_step;

int
__wrap_index_step(struct db *db, int64_t last_seq,
    const struct index_limit *limit, int64_t *seq, struct err *err)
{
	struct index_limit patient = *limit;

	patient.ms = STEP_MS;
	return __real_index_step(db, last_seq, &patient, seq, err);
}

/* --------------------------------------------------------- what was told */

int (*world_told)[SOURCES];

struct listening {
	store_visit_fn	*done;
	void		*arg;
	int		 source;
};

static void
note_told(const struct visit_result *r, void *arg)
{
	struct listening *l = arg;

	if (r->failed == NULL && world_told != NULL)
		(*world_told)[l->source] = 1;
	l->done(r, l->arg);
	free(l);
}

void __real_store_visit(struct store *, struct visit **, store_visit_fn *,
    void *);
void __wrap_store_visit(struct store *, struct visit **, store_visit_fn *,
    void *);

void
__wrap_store_visit(struct store *store, struct visit **taken,
    store_visit_fn *done, void *arg)
{
	struct listening *l = xcalloc(1, sizeof(*l));

	*l = (struct listening){ done, arg, source_of_url((*taken)->url) };
	if ((*taken)->outcome != OUTCOME_OK) {
		free(l);
		__real_store_visit(store, taken, done, arg);
		return;
	}
	__real_store_visit(store, taken, note_told, l);
}

/* ------------------------------------------------------------ configuration */

void
world_put_config(struct buf *out, const char *state)
{
	buf_printf(out, "state: %s\n"
	    "http:\n  enabled: false\n"
	    "publish:\n"
	    "  all:\n    directory: out/www\n    entries: 30\n"
	    "    url: https://planet.example/\n"
	    "    formats: [atom, json, html, rss]\n"
	    "  some:\n    directory: out/www\n    entries: 10\n"
	    "    feeds: [alpha, delta]\n    formats: [atom]\n"
	    "    content: summary\n"
	    "archive:\n"
	    "  posts:\n    directory: out/posts\n"
	    "  pages:\n    directory: out/pages\n    per: entry\n"
	    "    format: html\n    feeds: [beta, delta]\n"
	    "feeds:\n", state);
	for (int i = 0; i < SOURCES; i++) {
		buf_printf(out, "  %s:\n    url: https://%s.example/feed\n",
		    source_names[i], source_names[i]);
		if (i == GAMMA)
			buf_puts(out,
			    "    keep: 30d\n    keep-at-least: 3\n"
			    "    publish: false\n");
	}
}
