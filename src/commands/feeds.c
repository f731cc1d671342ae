/* feeds.c - feedmill feeds: the sources that are configured. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "feedmill/base/arena.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "feedmill/config.h"
#include "feedmill/render.h"

#include "private.h"

enum { FEEDS_FORMAT };
const struct option_row feeds_options[] = {
	[FEEDS_FORMAT] = { "format", 0, "text|json|opml", "(default text)",
	    0 },
	{ NULL, 0, NULL, NULL, 0 }
};

/* As it may be seen: a secret one by how it was written.  malloc()ed. */
static char *
shown_url(const struct config_source *s)
{
	char *shown;

	if (s->url_from != NULL)
		return xstrdup(s->url_from);
	shown = url_redact(s->url);
	return shown != NULL ? shown : xstrdup("...");
}

static void
print_text(struct buf *b, const struct config *c)
{
	for (size_t i = 0; i < c->sources_count; i++) {
		const struct config_source *s = &c->sources[i];
		char *url = shown_url(s);

		buf_printf(b, "%s%s%s%s\n    %s\n", s->name,
		    s->title != NULL ? ": " : "",
		    s->title != NULL ? s->title : "",
		    s->enabled ? "" : " (disabled)", url);
		for (size_t t = 0; s->tags[t] != NULL; t++)
			buf_printf(b, "%s%s", t == 0 ? "    tags: " : ", ",
			    s->tags[t]);
		if (s->tags[0] != NULL)
			buf_putc(b, '\n');
		free(url);
	}
}

static json_t *
source_json(const struct config_source *s)
{
	char *url = shown_url(s);
	json_t *tags = json_array(), *j;

	for (size_t t = 0; s->tags[t] != NULL; t++)
		json_array_append_new(tags, json_string(s->tags[t]));
	j = json_pack("{s:s, s:s, s:s?, s:o, s:b, s:b, s:b, s:s?, s:i}",
	    "name", s->name, "url", url, "title", s->title, "tags", tags,
	    "enabled", s->enabled, "publish", s->publish,
	    "archive", s->archive, "file", s->file, "line", (int)s->line);
	free(url);
	return j;
}

static void
print_json(struct buf *b, const struct config *c)
{
	json_t *list = json_array();
	char *text;

	for (size_t i = 0; i < c->sources_count; i++)
		json_array_append_new(list, source_json(&c->sources[i]));
	text = json_dumps(list, JSON_INDENT(1));
	buf_printf(b, "%s\n", text);
	free(text);
	json_decref(list);
}

static const char *
joined_tags(struct arena *arena, const struct config_source *s)
{
	struct buf b = { 0 };
	const char *ret;

	if (s->tags[0] == NULL)
		return NULL;
	for (size_t t = 0; s->tags[t] != NULL; t++)
		buf_printf(&b, "%s%s", t > 0 ? "," : "", s->tags[t]);
	ret = arena_strdup(arena, b.data);
	buf_fini(&b);
	return ret;
}

/* A URL that is not to be shown is of no use to others: it is left out. */
int
feeds_put_opml(struct buf *b, const struct config *c, const char *only)
{
	const struct config_source *chosen = only == NULL ? NULL :
	    config_find_source(c, only);
	struct outlet_head head = { .title = "feedmill",
	    .updated_ms = DATE_NONE };
	struct arena arena = { 0 };
	const struct outlet_source **last = &head.sources;
	struct outlet_source *shown;
	size_t left_out = 0;

	if (only != NULL && chosen == NULL)
		return -1;
	for (size_t i = 0; i < c->sources_count; i++) {
		const struct config_source *s = &c->sources[i];
		char *url;

		if (chosen != NULL && s != chosen)
			continue;
		url = shown_url(s);
		if (strcmp(url, s->url) == 0) {
			shown = arena_zalloc(&arena, sizeof(*shown));
			shown->title = s->title != NULL ? s->title : s->name;
			shown->url = s->url;
			shown->category = joined_tags(&arena, s);
			*last = shown;
			last = &shown->next;
		} else {
			left_out++;
		}
		free(url);
	}
	render_opml_begin(b, &head);
	render_opml_end(b);
	arena_fini(&arena);
	if (left_out > 0)
		fprintf(stderr, "feedmill: %zu left out, their URLs "
		    "hold secrets\n", left_out);
	return 0;
}

static void
print_opml(struct buf *b, const struct config *c)
{
	feeds_put_opml(b, c, NULL);
}

int
command_feeds(struct call *c)
{
	static const struct {
		const char *name;
		void (*print)(struct buf *, const struct config *);
	} formats[] = {
		{ "text", print_text }, { "json", print_json },
		{ "opml", print_opml },
	};
	const char *format = c->option[FEEDS_FORMAT];
	const struct config *config;
	struct buf out = { 0 };
	size_t i = 0;
	int status;

	while (format != NULL && i < ARRAY_LEN(formats) &&
	    strcmp(formats[i].name, format) != 0)
		i++;
	if (i == ARRAY_LEN(formats))
		return usage_error(c, "--format is text, json or opml");
	if ((config = load_config(c, SECRETS_LEFT_OUT)) == NULL)
		return 1;
	formats[i].print(&out, config);
	status = print_out(buf_str(&out), out.len);
	buf_fini(&out);
	config_unref(config);
	return status;
}
