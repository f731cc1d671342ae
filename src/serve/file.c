/* file.c - see file.h. */
#include <fcntl.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/hash.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/config.h"
#include "feedmill/render.h"
#include "file.h"

enum { FILE_BYTES_MAX = 256 << 20, PATHS_MAX = 16 };

/* --------------------------------------------------------------- documents */

/* Is this gzip the twin of that document?  Its trailer says (RFC 1952). */
static int
is_twin(const struct buf *gz, const struct buf *b)
{
	uint32_t crc = libdeflate_crc32(0, b->data, b->len);
	const unsigned char *t;

	if (gz->len < 18)
		return 0;
	t = (const unsigned char *)gz->data + gz->len - 8;
	return (t[0] | (uint32_t)t[1] << 8 | (uint32_t)t[2] << 16 |
	    (uint32_t)t[3] << 24) == crc;
}

/* Those of another document, or none at all, are none. */
static void
set_notes(struct document *doc, const struct buf *notes,
    const struct buf *plain, struct digest digest)
{
	delta_fini(&doc->delta);
	if (delta_read(&doc->delta, buf_str(notes)) == 0 &&
	    (!digest_equal(doc->delta.digest, digest) ||
	    !delta_fits(&doc->delta, plain->len)))
		delta_fini(&doc->delta);
}

static void
document_set(struct document *doc, struct buf *plain, struct buf *gz,
    const struct buf *notes)
{
	struct digest digest = hash_128(buf_str(plain), plain->len);
	int twin = is_twin(gz, plain);

	set_notes(doc, notes, plain, digest);
	shape_set(doc, &doc->plain, plain, digest);
	if (twin)
		shape_set(doc, &doc->gzip, gz, digest);
	else
		shape_fini(&doc->gzip);
}

static void
document_fini(struct document *doc)
{
	shape_fini(&doc->plain);
	shape_fini(&doc->gzip);
	delta_fini(&doc->delta);
	free(doc->path);
	free(doc->file);
	free(doc->links);
}

static void
take_mark(const struct stat *st, long long mark[4])
{
	mark[0] = (long long)st->st_ino;
	mark[1] = (long long)st->st_size;
	mark[2] = (long long)st->st_mtim.tv_sec;
	mark[3] = (long long)st->st_mtim.tv_nsec;
}

/* What belongs to a document and may be missing. */
static void
read_beside(const char *path, struct buf *b)
{
	struct err ignored;

	if (file_read(path, FILE_BYTES_MAX, b, &ignored) == -1)
		buf_reset(b);
}

static void
read_notes(const struct document *doc, struct buf *b)
{
	const char *name = strrchr(doc->file, '/') + 1;
	struct buf path = { 0 };

	buf_append(&path, doc->file, (size_t)(name - doc->file));
	render_notes_name(&path, name);
	read_beside(buf_str(&path), b);
	buf_fini(&path);
}

/* Read the file again if it is another one.  A file that cannot be read is
 * as good as none. */
static void
document_refresh(struct document *doc)
{
	struct buf plain = { 0 }, gz = { 0 }, gz_name = { 0 }, notes = { 0 };
	struct err err;
	struct stat st;
	long long mark[4];
	int fd = open(doc->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);

	doc->seen = 0;
	if (fd == -1 || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		goto out;
	take_mark(&st, mark);
	if (doc->plain.bytes != NULL &&
	    memcmp(mark, doc->mark, sizeof(mark)) == 0) {
		doc->seen = 1;
		goto out;
	}
	if (file_read_fd(fd, doc->file, FILE_BYTES_MAX, &plain, &err) == -1) {
		log_event(LOG_WARN, "published file not readable",
		    LOG_STR("error", err.msg));
		goto out;
	}
	buf_printf(&gz_name, "%s.gz", doc->file);
	read_beside(buf_str(&gz_name), &gz);
	if (!doc->is_sealed)
		read_notes(doc, &notes);
	memcpy(doc->mark, mark, sizeof(mark));
	doc->modified_ms = (int64_t)st.st_mtim.tv_sec * 1000;
	document_set(doc, &plain, &gz, &notes);
	doc->seen = doc->plain.bytes != NULL;
out:
	if (fd != -1)
		close(fd);
	buf_fini(&plain);
	buf_fini(&gz);
	buf_fini(&gz_name);
	buf_fini(&notes);
}

static struct document *
find(const struct documents *d, const char *path)
{
	for (size_t i = 0; i < d->count; i++) {
		if (strcmp(d->list[i].path, path) == 0)
			return &d->list[i];
	}
	return NULL;
}

const struct document *
documents_find(const struct documents *d, const char *path)
{
	if (d->front != NULL && strcmp(path, "/") == 0)
		path = d->front;
	return find(d, path);
}

/* The document at path, added if there is none. */
static struct document *
need(struct documents *d, const char *path)
{
	struct document *doc = find(d, path);

	if (doc != NULL)
		return doc;
	d->list = xrealloc(d->list, (d->count + 1) * sizeof(*d->list));
	doc = &d->list[d->count++];
	memset(doc, 0, sizeof(*doc));
	doc->path = xstrdup(path);
	return doc;
}

/* Where a subscriber looks for the hubs first (W3C WebSub, section 4).  A
 * URL that would end its bracket is left out. */
static void
put_link(struct buf *b, const char *rel, const char *url)
{
	if (strpbrk(url, "<> \"") == NULL)
		buf_printf(b, "%s<%s>; rel=\"%s\"", b->len > 0 ? ", " : "",
		    url, rel);
}

static void
put_hubs(struct buf *b, const struct config_outlet *o,
    const struct render_format *format)
{
	struct buf self = { 0 };

	if (o->hubs == NULL || o->hubs[0] == NULL || (format->bit &
	    (OUTLET_ATOM | OUTLET_RSS | OUTLET_JSON)) == 0)
		return;
	for (const char *const *hub = o->hubs; *hub != NULL; hub++)
		put_link(b, "hub", *hub);
	render_self_url(&self, o, format);
	put_link(b, "self", buf_str(&self));
	buf_fini(&self);
}

/* 1: it was something else. */
static int
replace(char **slot, struct buf *text)
{
	char *new = text->len > 0 ? buf_take(text) : NULL;
	int changed = *slot == NULL || new == NULL ? *slot != new :
	    strcmp(*slot, new) != 0;

	free(*slot);
	*slot = new;
	buf_fini(text);
	return changed;
}

static void
load_file(struct documents *d, const struct config *config,
    const struct config_outlet *o, const struct render_format *format)
{
	struct buf path = { 0 }, file = { 0 }, links = { 0 };
	struct document *doc;

	buf_printf(&path, "/%s%s", o->name, format->ending);
	render_directory(&file, config, o->directory);
	buf_puts(&file, buf_str(&path));
	doc = need(d, buf_str(&path));
	put_hubs(&links, o, format);
	/* Not "||": both are to be done. */
	if (replace(&doc->file, &file) | replace(&doc->links, &links))
		memset(doc->mark, 0, sizeof(doc->mark));
	doc->type = format->media_type;
	document_refresh(doc);
	buf_fini(&path);
}

/* ------------------------------------------------------------ sealed pages */

/* "/all-archive-12.atom" is 12 of "all"; 0: it is no page of this outlet. */
static int64_t
page_number(const char *path, const struct config_outlet *o)
{
	size_t len = strlen(o->name);
	struct buf name = { 0 };
	int64_t number;
	int same;

	if ((o->formats & OUTLET_ATOM) == 0 || *path != '/' ||
	    strncmp(path + 1, o->name, len) != 0 ||
	    !text_prefix_nocase(path + 1 + len, render_page_infix))
		return 0;
	path++;
	number = strtoll(path + len + strlen(render_page_infix), NULL, 10);
	/* Written back it is the same, or it was another number. */
	render_page_name(&name, o->name, number);
	same = strcmp(buf_str(&name), path) == 0;
	buf_fini(&name);
	return same && number > 0 ? number : 0;
}

static struct document *
held_page(struct documents *d, const char *file)
{
	for (int i = 0; i < PAGES_HELD; i++) {
		if (d->pages[i].file != NULL &&
		    strcmp(d->pages[i].file, file) == 0)
			return &d->pages[i];
	}
	return NULL;
}

static int
page_exists(const char *directory, const struct config_outlet *o,
    int64_t number)
{
	struct buf file = { 0 };
	int exists;

	buf_printf(&file, "%s/", directory);
	render_page_name(&file, o->name, number);
	exists = access(buf_str(&file), F_OK) == 0;
	buf_fini(&file);
	return exists;
}

static void
put_page_link(struct buf *b, const char *rel, const struct config_outlet *o,
    int64_t number)
{
	struct buf url = { 0 };

	render_page_url(&url, o, number);
	put_link(b, rel, buf_str(&url));
	buf_fini(&url);
}

/* A page is written once, before there is a next one: that is told beside it
 * (RFC 5005 section 4, RFC 8288). */
static void
put_neighbours(struct buf *b, const char *directory,
    const struct config_outlet *o, int64_t number)
{
	if (number > 1)
		put_page_link(b, "prev-archive", o, number - 1);
	if (page_exists(directory, o, number + 1))
		put_page_link(b, "next-archive", o, number + 1);
}

/* file is a gift, and what is in links. */
static struct document *
hold_page(struct documents *d, const char *path, char *file,
    struct buf *links)
{
	struct document page = {
		.file = file, .is_sealed = 1,
		.type = "application/atom+xml; charset=utf-8",
		.links = links->len > 0 ? buf_take(links) : NULL,
	};
	struct document *slot = &d->pages[d->next_page];

	document_refresh(&page);
	if (!page.seen) {
		document_fini(&page);
		return NULL;
	}
	page.path = xstrdup(path);
	document_fini(slot);
	*slot = page;
	d->next_page = (d->next_page + 1) % PAGES_HELD;
	return slot;
}

static const struct document *
find_page_of(struct documents *d, const struct config *config,
    const struct config_outlet *o, const char *path)
{
	struct buf file = { 0 }, links = { 0 };
	struct document *page;

	render_directory(&file, config, o->directory);
	put_neighbours(&links, buf_str(&file), o, page_number(path, o));
	buf_puts(&file, path);
	page = held_page(d, buf_str(&file));
	if (page == NULL) {
		page = hold_page(d, path, buf_take(&file), &links);
		buf_fini(&links);
		return page;
	}
	if (replace(&page->links, &links))
		memset(page->mark, 0, sizeof(page->mark));
	buf_fini(&file);
	document_refresh(page);
	return page->seen ? page : NULL;
}

const struct document *
documents_find_page(struct documents *d, const struct config *config,
    const char *path)
{
	for (size_t i = 0; i < config->outlets_count; i++) {
		if (page_number(path, &config->outlets[i]) > 0)
			return find_page_of(d, config, &config->outlets[i],
			    path);
	}
	return NULL;
}

/* ---------------------------------------------------------- the first page */

static void
put_outlet(struct buf *b, const struct documents *d,
    const struct config_outlet *o)
{
	const char *paths[PATHS_MAX + 1] = { NULL };
	const struct document *doc;
	size_t n = 0;

	for (int i = 0; render_formats[i].ending != NULL; i++) {
		struct buf path = { 0 };

		buf_printf(&path, "/%s%s", o->name, render_formats[i].ending);
		doc = find(d, buf_str(&path));
		if (doc != NULL && n < PATHS_MAX)
			paths[n++] = doc->path;
		buf_fini(&path);
	}
	render_index_outlet(b, o->title, paths);
}

/* What is at "/" as long as no outlet is a page itself: the first that is
 * one stands there. */
static void
load_index(struct documents *d, const struct config *config)
{
	struct document *doc;
	struct buf b = { 0 }, none = { 0 };

	render_index_begin(&b);
	for (size_t i = 0; i < config->outlets_count; i++)
		put_outlet(&b, d, &config->outlets[i]);
	render_index_end(&b);
	doc = need(d, "/");
	doc->type = "text/html; charset=utf-8";
	doc->seen = 1;
	for (size_t i = 0; i < d->count; i++) {
		if (d->list[i].modified_ms > doc->modified_ms)
			doc->modified_ms = d->list[i].modified_ms;
	}
	document_set(doc, &b, &none, &none);
	buf_fini(&b);
}

static const char *
find_front(const struct documents *d, const struct config *config)
{
	const struct document *doc = NULL;

	for (size_t i = 0; i < config->outlets_count && doc == NULL; i++) {
		struct buf path = { 0 };

		buf_printf(&path, "/%s.html", config->outlets[i].name);
		doc = find(d, buf_str(&path));
		buf_fini(&path);
	}
	return doc != NULL ? doc->path : NULL;
}

/* --------------------------------------------------------------------- all */

static void
forget_unseen(struct documents *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->count; i++) {
		if (!d->list[i].seen)
			document_fini(&d->list[i]);
		else if (kept++ != i)
			d->list[kept - 1] = d->list[i];
	}
	d->count = kept;
}

void
documents_load(struct documents *d, const struct config *config)
{
	for (size_t i = 0; i < d->count; i++)
		d->list[i].seen = 0;
	for (size_t i = 0; i < config->outlets_count; i++) {
		const struct config_outlet *o = &config->outlets[i];

		for (int f = 0; render_formats[f].ending != NULL; f++) {
			if (o->formats & render_formats[f].bit)
				load_file(d, config, o, &render_formats[f]);
		}
	}
	forget_unseen(d);
	load_index(d, config);
	d->front = find_front(d, config);
}

void
documents_free(struct documents *d)
{
	for (size_t i = 0; i < d->count; i++)
		document_fini(&d->list[i]);
	for (int i = 0; i < PAGES_HELD; i++)
		document_fini(&d->pages[i]);
	free(d->list);
	memset(d, 0, sizeof(*d));
}
