/*
 * delta.c - see delta.h.
 *
 * What is found on pages comes after the document's own, newest first, each
 * entry once, in its last state; what was never announced is left out.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/hash.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/delta.h"
#include "feedmill/render.h"
#include "delta.h"
#include "file.h"

enum {
	PAGES_MAX = 32,
	BYTES_MAX = 16 << 20,
	PAGE_ITEMS_MAX = 4096,
	SEEN_SIZE = 32768	/* a power of two, never half full */
};

static const char comment_end[] = " -->\n", id_begin[] = "<id>", item_begin[] = "<entry",
    item_end[] = "</entry>\n";

/* ------------------------------------------------------------ ids, a set */

struct seen {
	uint64_t	*slots;		/* 0: free */
	size_t		 count;
};

/* 1: it is new. */
static int
see(struct seen *seen, uint64_t id)
{
	size_t at = id & (SEEN_SIZE - 1);

	id |= id == 0;
	while (seen->slots[at] != 0) {
		if (seen->slots[at] == id)
			return 0;
		at = (at + 1) & (SEEN_SIZE - 1);
	}
	seen->slots[at] = id;
	seen->count++;
	return 1;
}

/* Of the element <id> in an item; its text is our own. */
static uint64_t
id_of(const char *item, size_t len)
{
	const char *at = memmem(item, len, id_begin, sizeof(id_begin) - 1);
	const char *end;

	if (at == NULL)
		return 0;
	end = memchr(at + 1, '<', len - (size_t)(at + 1 - item));
	return end != NULL ? hash_64(at, (size_t)(end - at), 0) : 0;
}

/* --------------------------------------------------------------- one page */

struct page_item {
	int64_t		 seq;
	int		 is_silent;
	const char	*bytes;
	size_t		 len;
};

/* " silent -->" and the item: 0 if it was taken from the page since. */
static int
read_item(const char *s, const char *end, struct page_item *ret)
{
	size_t silent = strlen(render_page_silent);
	const char *stop;

	ret->is_silent = strncmp(s, render_page_silent, silent) == 0;
	s += ret->is_silent ? silent : 0;
	if (strncmp(s, comment_end, sizeof(comment_end) - 1) != 0)
		return 0;
	s += sizeof(comment_end) - 1;
	stop = strncmp(s, item_begin, sizeof(item_begin) - 1) != 0 ? NULL :
	    memmem(s, (size_t)(end - s), item_end, sizeof(item_end) - 1);
	if (stop == NULL)
		return 0;
	ret->bytes = s;
	ret->len = (size_t)(stop + sizeof(item_end) - 1 - s);
	return 1;
}

/* The next item with a comment before it; *at is moved behind it. */
static int
next_item(const char **at, const char *end, struct page_item *ret)
{
	const char *s = *at;
	char *number;

	while ((s = memmem(s, (size_t)(end - s), render_page_item,
	    strlen(render_page_item))) != NULL) {
		s += strlen(render_page_item);
		ret->seq = strtoll(s, &number, 10);
		if (number == s || !read_item(number, end, ret))
			continue;
		*at = ret->bytes + ret->len;
		return 1;
	}
	return 0;
}

/* What the page has that came after; *oldest is its first announcement. */
static int
take_page(const struct document *page, const struct delta_base *base,
    struct seen *seen, struct buf *b, int64_t *oldest)
{
	const char *at = shape_bytes(&page->plain);
	const char *end = at + shape_len(&page->plain);
	struct page_item *items = xcalloc(PAGE_ITEMS_MAX, sizeof(*items));
	size_t count = 0;

	while (count < PAGE_ITEMS_MAX && next_item(&at, end, &items[count]))
		count++;
	*oldest = count > 0 ? items[0].seq : 0;
	for (size_t i = count; i-- > 0;) {
		const struct page_item *item = &items[i];

		if (item->seq > base->seq && !item->is_silent &&
		    see(seen, id_of(item->bytes, item->len)))
			buf_append(b, item->bytes, item->len);
	}
	free(items);
	return count > 0 && count < PAGE_ITEMS_MAX ? 0 : -1;
}

static const struct document *
find_numbered(struct documents *d, const struct config *config,
    const struct document *doc, int64_t number)
{
	char *name = xstrndup(doc->path + 1,
	    strcspn(doc->path, ".") - 1);
	struct buf path = { 0 };
	const struct document *page;

	buf_putc(&path, '/');
	render_page_name(&path, name, number);
	page = documents_find_page(d, config, buf_str(&path));
	buf_fini(&path);
	free(name);
	return page;
}

static int
take_pages(struct documents *d, const struct config *config,
    const struct document *doc, const struct delta_base *base,
    struct seen *seen, struct buf *b)
{
	int64_t number = doc->delta.page, last = number - PAGES_MAX;
	int64_t oldest = INT64_MAX;

	for (; number > 0 && oldest > base->seq + 1; number--) {
		const struct document *page = find_numbered(d, config, doc,
		    number);

		if (number <= last || page == NULL || b->len > BYTES_MAX ||
		    seen->count > SEEN_SIZE / 2 - PAGE_ITEMS_MAX ||
		    take_page(page, base, seen, b, &oldest) == -1)
			return -1;
	}
	return doc->delta.page > 0 ? 0 : -1;
}

/* ------------------------------------------------------------ all of it */

static void
take_parts(const struct document *doc, const struct delta_base *base,
    struct buf *b)
{
	const char *at = shape_bytes(&doc->plain);

	buf_append(b, at, doc->delta.head);
	at += doc->delta.head;
	for (size_t i = 0; i < doc->delta.count; i++) {
		const struct delta_part *p = &doc->delta.parts[i];

		if (p->since_ms > base->state_ms)
			buf_append(b, at, p->len);
		at += p->len;
	}
}

static void
see_parts(const struct document *doc, struct seen *seen)
{
	const char *at = shape_bytes(&doc->plain) + doc->delta.head;

	for (size_t i = 0; i < doc->delta.count; i++) {
		see(seen, id_of(at, doc->delta.parts[i].len));
		at += doc->delta.parts[i].len;
	}
}

static size_t
tail_of(const struct document *doc)
{
	size_t at = doc->delta.head;

	for (size_t i = 0; i < doc->delta.count; i++)
		at += doc->delta.parts[i].len;
	return at;
}

int
delta_compose(struct documents *d, const struct config *config,
    const struct document *doc, const struct delta_base *base,
    struct buf *ret)
{
	size_t tail = tail_of(doc);
	int rc = 0;

	take_parts(doc, base, ret);
	if (base->state_ms < doc->delta.whole_ms) {
		struct seen seen = { 0 };

		if (doc->delta.count > SEEN_SIZE / 4 ||
		    base->seq > doc->delta.seq)
			return -1;
		seen.slots = xcalloc(SEEN_SIZE, sizeof(*seen.slots));
		see_parts(doc, &seen);
		rc = take_pages(d, config, doc, base, &seen, ret);
		free(seen.slots);
	}
	buf_append(ret, shape_bytes(&doc->plain) + tail,
	    shape_len(&doc->plain) - tail);
	return rc;
}
