/*
 * documents.c - see documents.h.
 *
 * Each document goes through the same steps: is it as it was?  If not, is
 * the file still the one that was written?  Then only items that are new in
 * the window are rendered, otherwise all; the document is joined; its twin
 * is made.  At last all files are written, synced together and renamed.
 *
 * Into the folder goes the twin first, then the notes: if the document is
 * the new one, so are they, and a run that was killed between two of them is
 * seen by the next.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/delta.h"
#include "documents.h"
#include "notes.h"

enum { HEAD_BYTES = 8192 };	/* about what begin and end append */

/* A document under way. */
struct draft {
	const struct render_format *format;
	struct document	*before;
	struct document	 now;
	struct buf	 names[BESIDE_COUNT];
	struct buf	 self;		/* its address */
	int		 is_current;	/* nothing is to be done */
	int		 is_cold;	/* nothing can be taken over */
	struct buf	 old, fresh;	/* old: "" or as it was written */
	struct span	*parts;		/* in one of these */
	struct buf	 text;
	struct twin_cut	*cuts;
};

/* All of an outlet. */
struct work {
	struct edition	*e;
	struct shown	*shown;
	size_t		*match;		/* window_match()'s */
	int		 is_same_window;
	struct draft	 drafts[FORMATS_MAX];
	size_t		 count;
	/* Records that are missing, as places of the window. */
	size_t		*missing, missing_count, next;
	struct file_batch batch;
};

static void
document_fini(struct document *d)
{
	free(d->spans);
	twin_fini(&d->twin);
	*d = (struct document){ 0 };
}

void
shown_fini(struct shown *s)
{
	for (int i = 0; i < FORMATS_MAX; i++)
		document_fini(&s->documents[i]);
	window_fini(&s->window);
}

/* ------------------------------------------------------------ what is there */

static int
is_untouched(const struct work *w, const struct draft *d, int beside)
{
	const struct file_mark mark = found_mark(w->e->dirfd,
	    buf_str(&d->names[beside]));

	return mark.inode != 0 &&
	    memcmp(&mark, &d->before->marks[beside], sizeof(mark)) == 0;
}

/* Is the twin that was made last one of this document, too? */
static int
knows_twin(const struct draft *d)
{
	return d->before->twin.len > 0 && digest_equal(d->before->digest,
	    d->now.digest);
}

static int
has_twin(const struct work *w, const struct draft *d)
{
	const struct twin *known = &d->before->twin;
	const char *name = buf_str(&d->names[BESIDE_TWIN]);
	struct buf gz = { 0 };
	int fits;

	if (knows_twin(d))
		fits = found_read_known(w->e->dirfd, name, known->len,
		    known->digest, &gz);
	else	/* It would be larger than the document only by a little. */
		fits = found_read(w->e->dirfd, name,
		    2 * d->text.len + HEAD_BYTES, &gz) &&
		    twin_fits(&gz, &d->text);
	buf_fini(&gz);
	return fits;
}

/* ------------------------------------------------------------------- begin */

static void
name_draft(const struct work *w, struct draft *d)
{
	struct buf *name = &d->names[BESIDE_ITSELF];

	buf_printf(name, "%s%s", w->e->outlet->name, d->format->ending);
	buf_printf(&d->names[BESIDE_TWIN], "%s.gz", buf_str(name));
	render_notes_name(&d->names[BESIDE_NOTES], buf_str(name));
	render_self_url(&d->self, w->e->outlet, d->format);
}

/* Of a list of sources it is not made of the list, which may be long. */
static uint64_t
find_key(const struct work *w, struct draft *d)
{
	const struct edition *e = w->e;

	if (d->format->is_list)
		return hash_64(&e->stamps->version,
		    sizeof(e->stamps->version), 0);
	w->e->head.self = buf_str(&d->self);
	d->format->begin(&d->text, &e->head);
	return hash_64(d->text.data, d->text.len, (uint64_t)e->pages);
}

static int
is_current(const struct work *w, const struct draft *d)
{
	if (!d->before->is_known || d->now.key != d->before->key ||
	    !(d->format->is_list || w->is_same_window))
		return 0;
	return is_untouched(w, d, BESIDE_TWIN) &&
	    is_untouched(w, d, BESIDE_ITSELF) &&
	    (!d->format->has_delta || is_untouched(w, d, BESIDE_NOTES));
}

/* The list of sources is loaded with the selection, and only with it. */
static int
need_sources(struct work *w, struct err *err)
{
	struct edition *e = w->e;

	if (e->selection->shown == NULL && e->selection->count > 0) {
		selection_fini(e->selection);
		if (selection_load(e->selection, e->reader, e->config,
		    e->outlet->tags, e->outlet->sources, SELECT_PUBLISHED,
		    err) == -1)
			return -1;
	}
	e->head.sources = e->selection->shown;
	return 0;
}

/* What of the old document is what the new one shows. */
static void
take_parts(const struct work *w, struct draft *d)
{
	size_t count = w->e->window.count;

	d->parts = xcalloc(count + 1, sizeof(*d->parts));
	for (size_t i = 0; i < count && !d->is_cold; i++) {
		if (w->match[i] != WINDOW_NEW)
			d->parts[i] = d->before->spans[w->match[i]];
	}
}

static int
draft_begin(struct work *w, const struct render_format *format,
    struct document *before, struct err *err)
{
	struct draft *d = &w->drafts[w->count++];

	d->format = format;
	d->before = before;
	name_draft(w, d);
	d->now.key = find_key(w, d);
	d->is_current = is_current(w, d);
	if (d->is_current)
		return 0;
	d->is_cold = format->is_list || !before->is_known ||
	    !found_read_known(w->e->dirfd,
	    buf_str(&d->names[BESIDE_ITSELF]), before->len, before->digest,
	    &d->old);
	if (!format->is_list) {
		take_parts(w, d);
		return 0;
	}
	if (need_sources(w, err) == -1)
		return -1;
	w->e->head.self = buf_str(&d->self);
	format->begin(&d->text, &w->e->head);
	return 0;
}

static void
draft_fini(struct draft *d)
{
	for (int i = 0; i < BESIDE_COUNT; i++)
		buf_fini(&d->names[i]);
	document_fini(&d->now);
	free(d->parts);
	free(d->cuts);
	buf_fini(&d->self);
	buf_fini(&d->old);
	buf_fini(&d->fresh);
	buf_fini(&d->text);
}

/* --------------------------------------------------------------- rendering */

static int
has_items(const struct draft *d)
{
	return !d->is_current && !d->format->is_list;
}

static int
is_taken(const struct work *w, const struct draft *d, size_t i)
{
	return !d->is_cold && w->match[i] != WINDOW_NEW;
}

static int
render_record(const struct record *r, void *arg)
{
	struct work *w = arg;
	struct item item = record_item(r, w->e->config);
	size_t i = w->missing[w->next++];

	if (r->seq != w->e->window.places[i].seq)
		return 1;
	for (size_t n = 0; n < w->count; n++) {
		struct draft *d = &w->drafts[n];
		struct span *part;

		if (!has_items(d) || is_taken(w, d, i))
			continue;
		part = &d->parts[i];
		part->from = d->fresh.len;
		d->format->item(&d->fresh, &w->e->head, &item);
		part->len = d->fresh.len - part->from;
		part->hash = delta_hash(buf_str(&d->fresh) + part->from,
		    part->len);
	}
	return 0;
}

static int
is_missing(const struct work *w, size_t i)
{
	for (size_t n = 0; n < w->count; n++) {
		if (has_items(&w->drafts[n]) &&
		    !is_taken(w, &w->drafts[n], i))
			return 1;
	}
	return 0;
}

static int
render_missing(struct work *w, struct err *err)
{
	const struct window *now = &w->e->window;
	int64_t *seqs = xcalloc(now->count + 1, sizeof(*seqs));
	int rc = 0;

	w->missing = xcalloc(now->count + 1, sizeof(*w->missing));
	for (size_t i = 0; i < now->count; i++) {
		if (!is_missing(w, i))
			continue;
		seqs[w->missing_count] = now->places[i].seq;
		w->missing[w->missing_count++] = i;
	}
	w->e->head.self = NULL;		/* no item tells of it */
	if (w->missing_count > 0)
		rc = store_each_of(w->e->reader, seqs, w->missing_count,
		    render_record, w, err);
	free(seqs);
	if (rc == 0 && w->next < w->missing_count)
		return err_set(err, "an announcement cannot be read");
	return rc;
}

/* ----------------------------------------------------------------- joining */

static void
put_item(struct work *w, struct draft *d, size_t n, struct delta *notes)
{
	const struct window *now = &w->e->window;
	const struct place *p = &now->places[now->order[n]];
	const struct span *part = &d->parts[now->order[n]];
	const struct buf *from = is_taken(w, d, now->order[n]) ? &d->old :
	    &d->fresh;
	struct buf *b = &d->text;

	if (n > 0)
		buf_puts(b, d->format->between);
	if (d->format->before != NULL)
		d->format->before(b, &w->e->head, p->effective_ms, n > 0 ?
		    &now->places[now->order[n - 1]].effective_ms : NULL);
	d->now.spans[now->order[n]] = (struct span){
		b->len, part->len, part->hash };
	if (part->len > 0)
		buf_append(b, from->data + part->from, part->len);
	d->cuts[n] = (struct twin_cut){ b->len, part->len, part->hash };
	if (d->format->has_delta)
		delta_add(notes, p->entry_id, p->seq, part->len, part->hash);
}

static void
draft_join(struct work *w, struct draft *d, struct delta *notes)
{
	const struct window *now = &w->e->window;
	size_t count = d->format->is_list ? 0 : now->count;

	w->e->head.self = buf_str(&d->self);
	buf_reserve(&d->text, d->old.len + d->fresh.len + count *
	    strlen(d->format->between) + HEAD_BYTES);
	notes->head = d->text.len;
	d->now.spans = xcalloc(count + 1, sizeof(*d->now.spans));
	d->cuts = xcalloc(count + 1, sizeof(*d->cuts));
	for (size_t n = 0; n < count; n++)
		put_item(w, d, n, notes);
	if (d->format->after != NULL && count > 0)
		d->format->after(&d->text, &w->e->head,
		    now->places[now->order[count - 1]].effective_ms);
	d->format->end(&d->text);
	buf_fini(&d->fresh);
	d->now.len = d->text.len;
	d->now.digest = hash_128(d->text.data, d->text.len);
	notes->digest = d->now.digest;
}

/* ----------------------------------------------------------------- writing */

static int
is_unchanged(const struct work *w, const struct draft *d)
{
	if (d->is_cold ? !found_is(w->e->dirfd,
	    buf_str(&d->names[BESIDE_ITSELF]), &d->text) :
	    d->old.len != d->text.len ||
	    memcmp(d->old.data, d->text.data, d->text.len) != 0)
		return 0;
	return has_twin(w, d);
}

static void
make_twin(const struct work *w, struct draft *d, struct buf *gz)
{
	struct buf old_gz = { 0 };
	const struct twin *was = &d->before->twin;
	const struct twin_before before = { was, &d->old, &old_gz };
	size_t count = d->format->is_list ? 0 : w->e->window.count;
	int is_there = !d->is_cold && was->len > 0 &&
	    found_read_known(w->e->dirfd, buf_str(&d->names[BESIDE_TWIN]),
	    was->len, was->digest, &old_gz);

	twin_make(&d->now.twin, gz, &d->text, d->cuts, count,
	    is_there ? &before : NULL);
	buf_fini(&old_gz);
}

static int
put_twin(struct work *w, struct draft *d, struct err *err)
{
	struct buf gz = { 0 };
	int rc;

	make_twin(w, d, &gz);
	rc = file_batch_put(&w->batch, buf_str(&d->names[BESIDE_TWIN]),
	    gz.data, gz.len, err);
	buf_fini(&gz);
	return rc;
}

static void
take_twin(struct draft *d)
{
	d->now.twin = d->before->twin;
	d->before->twin = (struct twin){ 0 };
}

static int
draft_put(struct work *w, struct draft *d, unsigned *changed,
    struct err *err)
{
	struct delta notes = { .seq = w->e->last_seq };
	const char *name = buf_str(&d->names[BESIDE_ITSELF]);
	int is_same, rc = 0;

	if (d->format->bit == OUTLET_ATOM)
		notes.page = w->e->pages;
	draft_join(w, d, &notes);
	is_same = is_unchanged(w, d);
	if (!is_same)
		rc = put_twin(w, d, err);
	else if (knows_twin(d))
		take_twin(d);
	if (rc == 0 && d->format->has_delta)
		rc = notes_put(&w->batch, name, &notes, err);
	if (rc == 0 && !is_same) {
		rc = file_batch_put(&w->batch, name, d->text.data,
		    d->text.len, err);
		*changed |= d->format->bit;
	}
	delta_fini(&notes);
	free(TAKE(d->parts));
	free(TAKE(d->cuts));
	buf_fini(&d->text);
	buf_fini(&d->old);
	return rc;
}

static int
write_all(struct work *w, unsigned *changed, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < w->count && rc == 0; i++) {
		if (!w->drafts[i].is_current)
			rc = draft_put(w, &w->drafts[i], changed, err);
	}
	if (rc == -1) {
		*changed = 0;
		file_batch_drop(&w->batch);
		return -1;
	}
	if (w->batch.count == 0)
		return 0;
	if (file_batch_flush(&w->batch, err) == -1)
		return -1;
	return file_sync_dir(w->e->dirfd, w->e->outlet->name, err);
}

/* --------------------------------------------------------------------- all */

static void
remember(struct work *w)
{
	for (size_t i = 0; i < w->count; i++) {
		struct draft *d = &w->drafts[i];

		if (d->is_current)
			continue;
		d->now.is_known = 1;
		for (int k = 0; k < BESIDE_COUNT; k++)
			d->now.marks[k] = found_mark(w->e->dirfd,
			    buf_str(&d->names[k]));
		document_fini(d->before);
		*d->before = d->now;
		d->now = (struct document){ 0 };
	}
	window_fini(&w->shown->window);
	w->shown->window = w->e->window;
	w->e->window = (struct window){ 0 };
}

static int
begin_all(struct work *w, struct err *err)
{
	const struct edition *e = w->e;
	size_t fresh = window_match(&e->window, &w->shown->window, w->match);
	int rc = 0;

	w->is_same_window = fresh == 0 &&
	    e->window.count == w->shown->window.count;
	for (int i = 0; render_formats[i].ending != NULL && rc == 0; i++) {
		if (e->outlet->formats & render_formats[i].bit)
			rc = draft_begin(w, &render_formats[i],
			    &w->shown->documents[i], err);
	}
	return rc;
}

int
documents_write(struct edition *e, struct shown *shown, unsigned *changed,
    unsigned *files, struct err *err)
{
	struct work w = { .e = e, .shown = shown, .batch.dirfd = e->dirfd };
	int rc;

	w.match = xcalloc(e->window.count + 1, sizeof(*w.match));
	rc = begin_all(&w, err);
	if (rc == 0)
		rc = render_missing(&w, err);
	if (rc == 0)
		rc = write_all(&w, changed, err);
	if (rc == 0) {
		*files += (unsigned)__builtin_popcount(*changed);
		remember(&w);
	} else {
		shown_fini(shown);
	}
	for (size_t i = 0; i < w.count; i++)
		draft_fini(&w.drafts[i]);
	free(w.match);
	free(w.missing);
	window_fini(&e->window);
	return rc;
}
