/* lists.c - see lists.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feedmill/base/arena.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/config.h"
#include "feedmill/render.h"
#include "feedmill/rounds.h"
#include "feedmill/store.h"
#include "lists.h"

enum {
	/* Announcements whose months are listed in a round. */
	STEP = 2000,
	LIST_MAX = 5000
};

struct month {
	struct month	*next;
	struct list_head head;
	int64_t		 source_id;
};

struct months {
	const struct listing *of;
	struct arena	 arena;
	struct month	*first;
};

static int
is_selected(const struct listing *l, int64_t source_id)
{
	for (const int64_t *id = l->ids; id != NULL && *id != 0; id++)
		if (*id == source_id)
			return 1;
	return 0;
}

static int
take_month(const struct store_month *sm, void *arg)
{
	struct months *months = arg;
	struct arena *a = &months->arena;
	struct month *m;

	if (!is_selected(months->of, sm->source_id))
		return 0;
	m = arena_zalloc(a, sizeof(*m));
	m->source_id = sm->source_id;
	m->head.source_name = arena_strdup(a, sm->source_name);
	m->head.source_title = arena_strdup(a, sm->source_title);
	m->head.month = arena_strdup(a, sm->month);
	m->next = months->first;
	months->first = m;
	return 0;
}

/* ---------------------------------------------------------------- one list */

struct list {
	const struct listing *of;
	const char	*posts;		/* their folder, from the list's */
	unsigned	 count;
	struct buf	 buf;
};

/*
 * A post has the title its entry had when it was announced; one that has
 * changed since, or that somebody took away, is not where it would be now.
 */
static int
add_item(const struct record *r, void *arg)
{
	struct list *list = arg;
	const struct config_archive *a = list->of->archive;
	const struct item item = record_item(r, list->of->config);
	char name[POST_NAME_SIZE];
	struct buf post = { 0 };

	if (++list->count > LIST_MAX)
		return 1;
	render_post_name(name, &item, a->per_revision, a->html);
	if (faccessat(list->of->postfd, name, F_OK, 0) == 0)
		buf_printf(&post, "%s%s", list->posts, name);
	render_list_item(&list->buf, &item, post.data, a->html);
	buf_fini(&post);
	return 0;
}

static int
write_list(const struct listing *l, const struct month *m,
    struct file_batch *batch, struct err *err)
{
	const int html = l->archive->html;
	struct list list = { .of = l, .posts = l->archive->posts_from_lists };
	char name[POST_NAME_SIZE];
	int rc;

	render_list_begin(&list.buf, &m->head, html);
	rc = store_each_of_month(l->reader, m->source_id, m->head.month,
	    LIST_MAX + 1, add_item, &list, err);
	render_list_end(&list.buf, list.count > LIST_MAX, html);
	render_list_name(name, &m->head, html);
	if (rc == 0 && batch->count == FILE_BATCH_MAX)
		rc = file_batch_flush(batch, err);
	if (rc == 0)
		rc = file_batch_put(batch, name, list.buf.data, list.buf.len,
		    err);
	buf_fini(&list.buf);
	return rc;
}

/* --------------------------------------------------------------------- all */

static int
write_months(const struct listing *l, const struct months *months,
    struct err *err)
{
	struct file_batch batch = {
		.dirfd = file_open_dir(l->archive->lists, err),
	};
	int rc = batch.dirfd == -1 ? -1 : 0, flushed;

	for (const struct month *m = months->first; m != NULL && rc == 0;
	    m = m->next)
		rc = write_list(l, m, &batch, err);
	if (batch.dirfd == -1)
		return -1;
	flushed = file_batch_flush(&batch, rc == 0 ? err :
	    &(struct err){ 0 });
	if (rc == 0 && flushed == 0)
		rc = file_sync_dir(batch.dirfd, l->archive->lists, err);
	close(batch.dirfd);
	return flushed == -1 ? -1 : rc;
}

int
lists_write(const struct listing *l, int64_t *seq, int64_t upto,
    struct err *err)
{
	struct months months = { .of = l };
	int64_t end = upto - *seq > STEP ? *seq + STEP : upto;
	int rc = 0;

	if (l->archive->lists == NULL || end <= *seq)
		return 0;
	rc = store_each_month(l->reader, *seq, end, take_month, &months, err);
	if (rc == 0 && months.first != NULL)
		rc = write_months(l, &months, err);
	if (rc == 0)
		*seq = end;
	arena_fini(&months.arena);
	return rc == -1 ? -1 : end < upto;
}
