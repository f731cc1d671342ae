/*
 * import.c - feedmill import: entries of the past into the store,
 * and lists of subscriptions (OPML) into the configuration.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/arena.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "feedmill/config.h"
#include "feedmill/daemon.h"
#include "feedmill/import.h"
#include "feedmill/normalise.h"
#include "feedmill/parse.h"
#include "feedmill/store.h"

#include "private.h"

enum {
	OPML_MAX_BYTES = 16 << 20, SUBSCRIPTIONS_MAX = 20000,
	HEAD_BYTES = 4096
};

/* ----------------------------------------------------------- subscriptions */

struct subscriptions {
	struct arena	 arena;
	struct additions list;
	size_t		 room, unusable;
};

static void
take_outline(const struct opml_outline *o, void *arg)
{
	struct subscriptions *s = arg;
	struct additions *list = &s->list;
	struct config_subscription sub;

	if (list->count == SUBSCRIPTIONS_MAX ||
	    config_subscription(&s->arena, o, &sub) == -1) {
		s->unusable++;
		return;
	}
	if (list->count == s->room) {
		s->room = s->room * 2 + 64;
		list->list = xrealloc(list->list,
		    s->room * sizeof(*list->list));
	}
	list->list[list->count++] = (struct addition){
		.url = sub.url, .title = sub.title, .shown_title = sub.title,
		.tags = sub.tags,
	};
}

static void
print_added(struct buf *b, const struct additions *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct addition *a = &list->list[i];
		char *shown;

		if (a->name == NULL)
			continue;
		shown = url_redact(a->url);
		buf_printf(b, "%s\t%s\n", a->name, shown);
		free(shown);
	}
}

static int
subscribe(const struct call *c, const struct config *config,
    const char *path, const struct buf *bytes)
{
	struct subscriptions s = { .room = 0 };
	struct buf out = { 0 };
	struct err e = { 0 };
	int status = 0;

	if (parse_opml(bytes->data, bytes->len, take_outline, &s, &e) == -1) {
		err_prefix(&e, "%s", path);
		status = fail(c, &e, 1);
	} else if (s.list.count > 0 &&
	    additions_write(c, config, &s.list, &e) == -1) {
		err_prefix(&e, "%s", path);
		status = fail(c, &e, 1);
	} else {
		print_added(&out, &s.list);
		buf_printf(&out, "%s: %zu feed%s added", path,
		    s.list.count - s.list.known,
		    s.list.count - s.list.known == 1 ? "" : "s");
		if (s.list.count > s.list.known)
			buf_printf(&out, " to %s", s.list.path);
		buf_printf(&out, ", %zu there already, %zu not usable\n",
		    s.list.known, s.unusable);
		status = print_out(out.data, out.len);
	}
	if (status == 0 && s.list.count > s.list.known)
		status = tell_daemon(c, config);
	buf_fini(&out);
	additions_fini(&s.list);
	arena_fini(&s.arena);
	return status;
}

/* ----------------------------------------------------------------- entries */

/* Opened when the first file wants it: a list of subscriptions needs none. */
static int
open_target(const struct config *config, struct import_target *to,
    struct err *e)
{
	const struct store_options options = {
		.path = config->database, .access = STORE_OWN,
		.prepare = normalise_entry, .now_ms = clock_wall_ms,
	};
	char *path = daemon_socket_path(config->state);

	to->config = config;
	if (import_is_heard(path)) {
		to->socket_path = path;
		return 0;
	}
	free(path);
	if (file_make_dirs(config->state, e) == -1)
		return -1;
	to->store = store_open(&options, e);
	return to->store != NULL ? 0 : -1;
}

static void
close_target(struct import_target *to)
{
	store_close(to->store);
	free(to->socket_path);
}

static int
print_sum(const struct imported *sum)
{
	struct buf b = { 0 };
	int status;

	buf_printf(&b, "%u file%s: %u new %s, %u revision%s, %u known; "
	    "%u not readable", sum->files, sum->files == 1 ? "" : "s",
	    sum->added, sum->added == 1 ? "entry" : "entries", sum->updated,
	    sum->updated == 1 ? "" : "s", sum->duplicate, sum->unreadable);
	if (sum->passed_over > 0)
		buf_printf(&b, ", %u passed over", sum->passed_over);
	buf_putc(&b, '\n');
	status = print_out(b.data, b.len);
	buf_fini(&b);
	if (status != 0)
		return status;
	return sum->unreadable > 0 || sum->storage_failed ? 1 : 0;
}

/* ------------------------------------------------------------------- whole */

/* Is it a list of subscriptions?  Then all of it is in bytes. */
static int
read_opml(const char *path, struct buf *bytes)
{
	char head[HEAD_BYTES + 1];
	FILE *f = fopen(path, "re");
	struct err e;
	size_t n;

	if (f == NULL)
		return 0;
	n = fread(head, 1, HEAD_BYTES, f);
	fclose(f);
	head[n] = '\0';
	return strcasestr(head, "<opml") != NULL &&
	    file_read(path, OPML_MAX_BYTES, bytes, &e) == 0;
}

/* *over: nothing more can be imported. */
static int
import_one(struct call *c, const struct config *config, const char *path,
    struct import_target *to, struct imported *sum, int *over)
{
	struct buf bytes = { 0 };
	struct err e = { 0 };
	int status = 0;

	if (read_opml(path, &bytes)) {
		status = subscribe(c, config, path, &bytes);
	} else if ((to->config == NULL && open_target(config, to, &e) ==
	    -1) || import_path(to, path, sum, &e) == -1) {
		status = fail(c, &e, 1);
		*over = 1;
	}
	buf_fini(&bytes);
	return status;
}

int
command_import(struct call *c)
{
	const struct config *config = load_config(c, SECRETS_LEFT_OUT);
	struct import_target to = { 0 };
	struct imported sum = { 0 };
	int status = 0, over = 0, rc;

	if (config == NULL)
		return 1;
	for (size_t i = 0; i < c->operands_count && !over; i++) {
		rc = import_one(c, config, c->operands[i], &to, &sum, &over);
		status = status != 0 ? status : rc;
	}
	if (to.store != NULL || to.socket_path != NULL) {
		rc = print_sum(&sum);
		status = status != 0 ? status : rc;
	}
	close_target(&to);
	config_unref(config);
	return status;
}
