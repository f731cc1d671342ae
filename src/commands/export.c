/*
 * export.c - feedmill export: the entries that are known, in one of
 * the formats there are renderers for, as they come from the database: what
 * is written does not stay in memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/hash.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "feedmill/render.h"
#include "feedmill/rounds.h"
#include "feedmill/store.h"

#include "private.h"

enum { EXPORT_FORMAT, EXPORT_SOURCE, EXPORT_SINCE, EXPORT_OUTPUT };
const struct option_row export_options[] = {
	[EXPORT_FORMAT] = { "format", 0, "jsonl|atom|rss|json|html|opml|md",
	    "(default jsonl)", 0 },
	[EXPORT_SOURCE] = { "source", 0, "SOURCE",
	    "only entries of this one", 0 },
	[EXPORT_SINCE] = { "since", 0, "DATE",
	    "only what was announced since", 0 },
	[EXPORT_OUTPUT] = { "output", 'o', "PATH",
	    "to this file; md: to this folder", 0 },
	{ NULL, 0, NULL, NULL, 0 }
};

enum { CHUNK_BYTES = 1 << 16, TELL_EVERY = 500 };

struct export {
	const struct config *config;
	const struct render_format *format;	/* NULL: jsonl, md */
	const char	*source;	/* name or URL, or NULL */
	int64_t		*ids;		/* of it; 0 ends */
	size_t		 ids_count;
	char		*title;		/* of it, or NULL */
	int64_t		 since_ms;	/* 0: always */
	struct outlet_head head;
	int64_t		 previous_ms;
	int		 fd;		/* of the file or the folder */
	const char	*path;		/* of it, or NULL: standard output */
	struct file_batch posts;	/* on their way into the folder */
	struct buf	 out;
	unsigned	 count;
	struct err	 failed;
	int		 rc;		/* -1: see failed */
};

/* ------------------------------------------------------------------ output */

static int
flush(struct export *x)
{
	size_t done = 0;

	while (done < x->out.len) {
		ssize_t n = write(x->fd, x->out.data + done,
		    x->out.len - done);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			x->rc = err_set(&x->failed, "%s: %s",
			    x->path != NULL ? x->path : "standard output",
			    strerror(errno));
			x->failed.exit_status = EXIT_IO;
			return -1;
		}
		done += (size_t)n;
	}
	buf_reset(&x->out);
	return 0;
}

/* After each entry. */
static int
step(struct export *x)
{
	if (++x->count % TELL_EVERY == 0)
		log_progress("%u entries", x->count);
	return x->out.len < CHUNK_BYTES ? 0 : flush(x);
}

/* --------------------------------------------------------------- selection */

static int
take_source(const struct source_summary *summary, void *arg)
{
	struct export *x = arg;

	if (strcmp(summary->name, x->source) != 0 &&
	    strcmp(summary->url, x->source) != 0)
		return 0;
	x->ids = xrealloc(x->ids, (x->ids_count + 2) * sizeof(*x->ids));
	x->ids[x->ids_count++] = summary->id;
	x->ids[x->ids_count] = 0;
	if (x->title == NULL)
		x->title = xstrdup(summary->title != NULL ?
		    summary->title : summary->name);
	return 0;
}

static int
is_selected(const struct export *x, const struct record *r)
{
	int chosen = x->ids == NULL;

	for (size_t i = 0; i < x->ids_count; i++)
		chosen |= x->ids[i] == r->source_id;
	return chosen && r->announced_ms >= x->since_ms;
}

static struct store_filter
filter_of(const struct export *x)
{
	return (struct store_filter){
		.source_ids = x->ids, .since_ms = x->since_ms,
		.with_silent = 1,
	};
}

/* ------------------------------------------------------------------- jsonl */

static int
put_line(const struct record *r, void *arg)
{
	struct export *x = arg;
	const struct export_line line = {
		.key = r->key, .url = r->url, .id = r->uuid,
		.title = r->title, .source = r->source_name,
		.stamp = r->stamp, .ts_ms = r->newest_ms,
		.first_ts_ms = r->first_timestamp_ms, .seq = r->seq,
		.updates = r->updates,
	};

	if (!is_selected(x, r))
		return 0;
	render_export_line(&x->out, &line);
	return step(x);
}

static int
export_lines(struct store_reader *reader, struct export *x)
{
	return store_each_entry(reader, put_line, x, &x->failed);
}

/* --------------------------------------------------------------- documents */

static int
find_newest(const struct record *r, void *arg)
{
	struct export *x = arg;

	if (x->head.updated_ms == DATE_NONE ||
	    r->updated_ms > x->head.updated_ms)
		x->head.updated_ms = r->updated_ms;
	return 0;
}

static int
put_item(const struct record *r, void *arg)
{
	struct export *x = arg;
	const struct item item = record_item(r, x->config);

	if (x->count > 0)
		buf_puts(&x->out, x->format->between);
	if (x->format->before != NULL)
		x->format->before(&x->out, &x->head, r->effective_ms,
		    x->count > 0 ? &x->previous_ms : NULL);
	x->previous_ms = r->effective_ms;
	x->format->item(&x->out, &x->head, &item);
	return step(x);
}

/* The same for the same question to the same database: a feed of its own,
 * no outlet's. */
static void
make_uuid(const struct export *x, char out[UUID_TEXT_SIZE])
{
	const struct config *c = x->config;
	struct buf what = { 0 };
	char hex[DIGEST_HEX_SIZE];

	buf_printf(&what, "export\n%s\n%s\n%s", c->outlets_count > 0 ?
	    c->outlets[0].url : "", c->database,
	    x->source != NULL ? x->source : "");
	digest_hex(hash_128(what.data, what.len), hex);
	/* RFC 9562: version 8, variant 2. */
	snprintf(out, UUID_TEXT_SIZE, "%.8s-%.4s-8%.3s-a%.3s-%.12s", hex,
	    hex + 8, hex + 13, hex + 17, hex + 20);
	buf_fini(&what);
}

static int
export_document(struct store_reader *reader, struct export *x)
{
	const struct store_filter filter = filter_of(x);
	const struct config *c = x->config;
	char uuid[UUID_TEXT_SIZE];

	make_uuid(x, uuid);
	x->head = (struct outlet_head){
		.uuid = uuid, .updated_ms = DATE_NONE,
		.title = x->title != NULL ? x->title : "feedmill",
		.url = c->outlets_count > 0 ? c->outlets[0].url :
		    "http://localhost/",	/* RSS must have one */
		.content = CONTENT_FULL,
	};
	/* The newest date comes first, and is known last. */
	if (store_each_record(reader, &filter, 1, find_newest, x,
	    &x->failed) == -1)
		return -1;
	x->format->begin(&x->out, &x->head);
	if (store_each_record(reader, &filter, 1, put_item, x,
	    &x->failed) == -1)
		return -1;
	x->format->end(&x->out);
	return 0;
}

/* ------------------------------------------------------------------- posts */

static int
put_post(const struct record *r, void *arg)
{
	struct export *x = arg;
	const struct item item = record_item(r, x->config);
	char name[POST_NAME_SIZE];

	buf_reset(&x->out);
	render_post(&x->out, &item, 0);
	render_post_name(name, &item, 1, 0);
	x->rc = file_batch_put(&x->posts, name, x->out.data, x->out.len,
	    &x->failed);
	buf_reset(&x->out);
	return x->rc == -1 ? -1 : step(x);
}

/* Every revision: nothing that is known is left out. */
static int
export_posts(struct store_reader *reader, struct export *x)
{
	struct store_filter filter = filter_of(x);

	filter.with_superseded = 1;
	x->posts.dirfd = x->fd;
	if (store_each_record(reader, &filter, 0, put_post, x,
	    &x->failed) == -1 || x->rc == -1)
		return -1;
	if (file_batch_flush(&x->posts, &x->failed) == -1)
		return -1;
	return file_sync_dir(x->fd, x->path, &x->failed);
}

/* ------------------------------------------------------------------- whole */

static const struct render_format *
find_format(const char *name)
{
	const struct render_format *f = render_formats;

	while (f->ending != NULL && strcmp(f->ending + 1, name) != 0)
		f++;
	return f->ending != NULL ? f : NULL;
}

static void
read_all(struct store_reader *reader, void *arg)
{
	struct export *x = arg;
	int rc = 0;

	if (x->source != NULL) {
		rc = store_each_source(reader, take_source, x, &x->failed);
		if (rc == 0 && x->ids == NULL)
			rc = err_set(&x->failed, "no such source: %s",
			    x->source);
	}
	if (rc == 0)
		rc = x->format != NULL ? export_document(reader, x) :
		    x->posts.dirfd != -1 ? export_posts(reader, x) :
		    export_lines(reader, x);
	if (rc == -1)
		x->rc = -1;
	if (x->rc == 0)
		flush(x);
}

static void
nothing_more(void *arg)
{
	(void)arg;
}

static int
export_from(struct store *store, struct export *x)
{
	store_read(store, read_all, nothing_more, x);
	store_drain(store);
	store_close(store);
	log_progress("%s", "");
	return x->rc;
}

/* A file is there when it is whole; what is no file is written to. */
static int
open_output(struct export *x, struct buf *new)
{
	struct stat st;

	x->fd = STDOUT_FILENO;
	if (x->path == NULL)
		return 0;
	if (stat(x->path, &st) == -1 || S_ISREG(st.st_mode))
		buf_printf(new, "%s.new", x->path);
	x->fd = open(new->len > 0 ? new->data : x->path,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	return x->fd != -1 ? 0 : err_set(&x->failed, "%s: %s", x->path,
	    strerror(errno));
}

static int
close_output(struct export *x, struct buf *new)
{
	int rc = x->rc;

	if (x->path == NULL || x->fd == -1)
		return rc;
	if (rc == 0 && new->len > 0 && (fsync(x->fd) == -1 ||
	    rename(new->data, x->path) == -1))
		rc = err_set(&x->failed, "%s: %s", x->path, strerror(errno));
	close(x->fd);
	if (rc == -1 && new->len > 0)
		unlink(new->data);
	return rc;
}

/* No entries, so no database. */
static int
export_subscriptions(struct export *x)
{
	struct buf new = { 0 };

	if (feeds_put_opml(&x->out, x->config, x->source) == -1)
		return err_set(&x->failed, "no such source: %s", x->source);
	x->rc = open_output(x, &new) == -1 ? -1 : flush(x);
	x->rc = close_output(x, &new);
	buf_fini(&new);
	return x->rc;
}

static int
export_to(struct store *store, struct export *x, int posts)
{
	struct buf new = { 0 };

	if (posts) {
		x->fd = file_open_dir(x->path, &x->failed);
		x->posts.dirfd = x->fd;
	} else {
		open_output(x, &new);
	}
	if (x->fd == -1) {
		x->rc = -1;
		store_close(store);
	} else {
		export_from(store, x);
	}
	x->rc = close_output(x, &new);
	buf_fini(&new);
	return x->rc;
}

/* 0, or an exit status. */
static int
read_options(struct call *c, struct export *x, int *posts)
{
	const char *format = c->option[EXPORT_FORMAT];
	const char *since = c->option[EXPORT_SINCE];

	x->source = c->option[EXPORT_SOURCE];
	x->path = c->option[EXPORT_OUTPUT];
	*posts = format != NULL && strcmp(format, "md") == 0;
	if (format != NULL && !*posts && strcmp(format, "jsonl") != 0) {
		x->format = find_format(format);
		if (x->format == NULL)
			return usage_error(c, "--format is %s",
			    export_options[EXPORT_FORMAT].operand);
	}
	if (since != NULL && x->format != NULL &&
	    x->format->bit == OUTLET_OPML)
		return usage_error(c, "--since is of entries, and OPML has "
		    "none");
	if (*posts && x->path == NULL)
		return usage_error(c, "--format md needs -o and a folder");
	if (since != NULL && (x->since_ms = date_parse(since, 0)) == DATE_NONE)
		return usage_error(c, "--since is a date such as 2025-02-24 "
		    "or 2025-02-24T08:00:00Z, not \"%s\"", since);
	return 0;
}

int
command_export(struct call *c)
{
	struct export x = { .fd = -1, .posts.dirfd = -1 };
	struct store *store;
	int posts, status = read_options(c, &x, &posts);

	if (status != 0)
		return status;
	if ((x.config = load_config(c, SECRETS_LEFT_OUT)) == NULL)
		return 1;
	if (x.format != NULL && x.format->bit == OUTLET_OPML) {
		if (export_subscriptions(&x) == -1)
			status = fail(c, &x.failed, 1);
	} else if ((store = open_to_read(x.config, &x.failed)) == NULL) {
		status = fail(c, &x.failed, EXIT_UNREACHABLE);
	} else if (export_to(store, &x, posts) == -1) {
		status = fail(c, &x.failed, 1);
	}
	config_unref(x.config);
	buf_fini(&x.out);
	free(x.ids);
	free(x.title);
	return status;
}
