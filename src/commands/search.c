/* search.c - feedmill search: entries by the words in them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/config.h"
#include "feedmill/store.h"

#include "private.h"

enum { SEARCH_SOURCE, SEARCH_LIMIT, SEARCH_FORMAT };
const struct option_row search_options[] = {
	[SEARCH_SOURCE] = { "source", 0, "SOURCE",
	    "only entries of this one", 0 },
	[SEARCH_LIMIT] = { "limit", 0, "NUMBER", "at most (default 20)", 0 },
	[SEARCH_FORMAT] = { "format", 0, "text|json", "(default text)", 0 },
	{ NULL, 0, NULL, NULL, 0 }
};

enum { LIMIT_DEFAULT = 20, LIMIT_MAX = 1000 };

struct search {
	const char	*source;	/* name or URL, or NULL */
	struct buf	 words;
	unsigned	 limit;
	json_t		*list;		/* NULL: as text */
	struct buf	 out;
	int64_t		*ids;		/* of the source: names come back */
	size_t		 ids_count;
	int64_t		 behind;	/* announcements, not yet indexed */
	struct err	 failed;
	int		 rc;
};

/* As brackets: what was found is to be seen where there is no colour, too.
 * One line, without a byte that could steer a terminal. */
static void
put_marked(struct buf *b, const char *s)
{
	struct buf marked = { 0 };

	for (; *s != '\0'; s++) {
		if (strncmp(s, STORE_FOUND, 3) == 0)
			buf_putc(&marked, '[');
		else if (strncmp(s, STORE_FOUND_END, 3) == 0)
			buf_putc(&marked, ']');
		else {
			buf_putc(&marked, *s);
			continue;
		}
		s += 2;
	}
	text_collapse(b, buf_str(&marked), marked.len);
	buf_fini(&marked);
}

static void
put_line(struct buf *b, const char *indent, const char *s)
{
	if (s == NULL || s[0] == '\0')
		return;
	buf_puts(b, indent);
	put_marked(b, s);
	buf_putc(b, '\n');
}

static void
put_hit(struct buf *b, const struct store_hit *hit)
{
	const struct record *r = hit->record;
	char when[DATE_TEXT_SIZE];

	date_format_rfc3339(r->effective_ms, when);
	put_line(b, "", r->title[0] != '\0' ? r->title : "(no title)");
	buf_printf(b, "    %.10s  ", when);
	put_marked(b, r->source_title);
	buf_putc(b, '\n');
	put_line(b, "    ", r->url);
	put_line(b, "    ", hit->snippet);
}

static json_t *
hit_json(const struct store_hit *hit)
{
	const struct record *r = hit->record;
	struct buf snippet = { 0 };
	char when[DATE_TEXT_SIZE];
	json_t *j;

	date_format_rfc3339(r->effective_ms, when);
	put_marked(&snippet, hit->snippet);
	j = json_pack("{s:s, s:s?, s:s, s:s, s:s, s:s, s:s, s:f, s:I}",
	    "title", r->title, "url", r->url, "source", r->source_name,
	    "date", when, "stamp", r->stamp, "id", r->uuid,
	    "snippet", buf_str(&snippet), "rank", hit->rank,
	    "seq", (json_int_t)r->seq);
	buf_fini(&snippet);
	return j;
}

static int
take_hit(const struct store_hit *hit, void *arg)
{
	struct search *s = arg;
	json_t *j;

	if (s->list == NULL)
		put_hit(&s->out, hit);
	else if ((j = hit_json(hit)) != NULL)
		json_array_append_new(s->list, j);
	return 0;
}

static int
take_source(const struct source_summary *summary, void *arg)
{
	struct search *s = arg;

	if (strcmp(summary->name, s->source) != 0 &&
	    strcmp(summary->url, s->source) != 0)
		return 0;
	s->ids = xrealloc(s->ids, (s->ids_count + 2) * sizeof(*s->ids));
	s->ids[s->ids_count++] = summary->id;
	s->ids[s->ids_count] = 0;
	return 0;
}

static void
search_read(struct store_reader *r, void *arg)
{
	struct search *s = arg;
	struct store_filter filter = { .with_silent = 1,
	    .limit = s->limit };
	int64_t last;

	if (s->source != NULL) {
		s->rc = store_each_source(r, take_source, s, &s->failed);
		if (s->rc == 0 && s->ids == NULL)
			s->rc = err_set(&s->failed, "no such source: %s",
			    s->source);
	}
	filter.source_ids = s->ids;
	if (s->rc == 0)
		s->rc = store_search(r, buf_str(&s->words), &filter, take_hit,
		    s, &s->failed);
	if (s->rc == 0 && (s->rc = store_last_seq(r, &last, &s->failed)) == 0)
		s->behind = last - store_search_seq(r);
}

static void
nothing_more(void *arg)
{
	(void)arg;
}

static int
search_print(struct call *c, struct search *s)
{
	char *text;

	if (s->rc != 0)
		return fail(c, &s->failed, 1);
	if (s->behind > 0)
		fprintf(stderr, "feedmill search: the last %lld are not yet "
		    "to be found\n", (long long)s->behind);
	if (s->out.len == 0 && s->list == NULL)
		fputs("feedmill search: nothing found\n", stderr);
	if (s->list != NULL) {
		text = json_dumps(s->list, JSON_INDENT(1));
		buf_printf(&s->out, "%s\n", text);
		free(text);
	}
	return print_out(buf_str(&s->out), s->out.len);
}

/* 0, or an exit status. */
static int
read_options(struct call *c, struct search *s)
{
	const char *format = c->option[SEARCH_FORMAT];
	const char *limit = c->option[SEARCH_LIMIT];
	unsigned long n = LIMIT_DEFAULT;
	char *end;

	if (format != NULL && strcmp(format, "text") != 0 &&
	    strcmp(format, "json") != 0)
		return usage_error(c, "--format is text or json");
	if (limit != NULL) {
		n = strtoul(limit, &end, 10);
		if (limit[0] < '0' || limit[0] > '9' || *end != '\0' ||
		    n < 1 || n > LIMIT_MAX)
			return usage_error(c, "--limit is a number from 1 "
			    "to %d", LIMIT_MAX);
	}
	s->limit = (unsigned)n;
	s->source = c->option[SEARCH_SOURCE];
	if (format != NULL && strcmp(format, "json") == 0)
		s->list = json_array();
	for (size_t i = 0; i < c->operands_count; i++)
		buf_printf(&s->words, "%s%s", i > 0 ? " " : "",
		    c->operands[i]);
	return 0;
}

int
command_search(struct call *c)
{
	const struct config *config;
	struct search s = { 0 };
	struct store *store;
	int status = read_options(c, &s);

	if (status != 0)
		return status;
	config = load_config(c, SECRETS_LEFT_OUT);
	if (config == NULL) {
		status = 1;
	} else if ((store = open_to_read(config, &s.failed)) == NULL) {
		status = fail(c, &s.failed, EXIT_UNREACHABLE);
	} else {
		store_read(store, search_read, nothing_more, &s);
		store_drain(store);
		store_close(store);
		status = search_print(c, &s);
	}
	config_unref(config);
	json_decref(s.list);
	buf_fini(&s.words);
	buf_fini(&s.out);
	free(s.ids);
	return status;
}
