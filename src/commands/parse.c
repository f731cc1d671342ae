/*
 * parse.c - feedmill parse and replay: what is understood of a
 * document, a file's or one that fetch.keep-bad has kept.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/identify.h"
#include "feedmill/keep.h"
#include "feedmill/model.h"
#include "feedmill/normalise.h"
#include "feedmill/parse.h"
#include "feedmill/render.h"
#include "feedmill/render_parse.h"

#include "private.h"

enum { DOCUMENT_MAX_BYTES = 256 << 20 };
enum { PARSE_FORMAT, PARSE_URL, PARSE_HEADER, PARSE_CHARSET, PARSE_QUIET };

const struct option_row parse_options[] = {
	[PARSE_FORMAT] = { "format", 0, "text|json|atom",
	    "how to print it (default text)", 0 },
	[PARSE_URL] = { "url", 0, "BASE",
	    "the document's own address, for relative URLs", 0 },
	[PARSE_HEADER] = { "header", 0, "'Name: value'",
	    "as if the server had said so; repeats", 1 },
	[PARSE_CHARSET] = { "charset", 0, "NAME",
	    "read it in this charset", 0 },
	[PARSE_QUIET] = { "quiet", 'q', NULL, "print nothing", 0 },
	{ NULL, 0, NULL, NULL, 0 }
};

static const char *
header_value(const struct call *c, const char *name)
{
	const char **given = c->repeated[PARSE_HEADER];
	size_t len = strlen(name);

	for (; given != NULL && *given != NULL; given++)
		if (text_prefix_nocase(*given, name) && (*given)[len] == ':')
			return *given + len + 1 +
			    strspn(*given + len + 1, " \t");
	return NULL;
}

static void
print_text_entry(struct buf *b, const struct entry *e)
{
	char when[DATE_TEXT_SIZE] = "no date";

	if (e->identity.timestamp_ms != DATE_NONE)
		date_format_rfc3339(e->identity.timestamp_ms, when);
	buf_printf(b, "\n%s  ", when);
	if (e->title.value != NULL)
		normalise_text_plain(b, &e->title);
	else
		buf_puts(b, "(no title)");
	buf_printf(b, "\n  link  %s\n  key   %s\n",
	    e->link != NULL ? e->link : "-", e->identity.key);
	if (e->id != NULL && (e->link == NULL || strcmp(e->id, e->link) != 0))
		buf_printf(b, "  id    %s\n", e->id);
	if (e->body != NULL)
		buf_printf(b, "  body  %zu bytes\n", strlen(e->body));
}

static void
print_text(struct buf *b, const char *name, const struct feed *f)
{
	const char *format = feed_format_name(f->format);

	buf_printf(b, "%s: %s%s%s, %s, %zu %s", name,
	    format != NULL ? format : "not a feed",
	    f->version != NULL ? " " : "",
	    f->version != NULL ? f->version : "", f->encoding, f->count,
	    f->count == 1 ? "entry" : "entries");
	if (f->bad_bytes > 0)
		buf_printf(b, ", %u bad bytes", f->bad_bytes);
	if (f->error.message != NULL)
		buf_printf(b, "\n%s: %u:%u: %s", f->damaged ? "damaged" :
		    "not well-formed", f->error.line, f->error.column,
		    f->error.message);
	buf_putc(b, '\n');
	if (f->head.title.value != NULL) {
		normalise_text_plain(b, &f->head.title);
		buf_putc(b, '\n');
	}
	for (const struct entry *e = f->entries; e != NULL; e = e->next)
		print_text_entry(b, e);
}

/* Ids are minted by the store; without one a name made of the key stands
 * in, so that the same document always prints the same. */
static void
print_atom(struct buf *b, struct feed *f)
{
	const struct html_rules rules = { 0 };
	struct buf title = { 0 };
	struct outlet_head head = {
		.uuid = "00000000-0000-4000-8000-000000000000",
		.url = f->head.link != NULL ? f->head.link : f->url,
		.self = f->url, .language = f->head.language,
		.updated_ms = f->head.updated_ms,
	};

	normalise_text_plain(&title, &f->head.title);
	head.title = buf_str(&title);
	if (head.url == NULL)
		head.url = "about:blank";
	if (head.self == NULL)
		head.self = head.url;
	render_atom_begin(b, &head);
	for (const struct entry *e = f->entries; e != NULL; e = e->next) {
		struct safe_entry safe = { 0 };
		char uuid[UUID_TEXT_SIZE];
		struct digest d = hash_128(e->identity.key,
		    strlen(e->identity.key));
		int64_t ms = e->identity.timestamp_ms;
		struct item item = {
			.url = e->link, .stamp = e->identity.stamp,
			.language = e->language, .comments = e->comments,
			.authors = e->authors, .categories = e->categories,
			.enclosures = e->enclosures,
			.source_name = head.title, .source_title = head.title,
			.source_link = f->head.link, .source_url = f->url,
		};

		normalise_entry(f, e, &rules, &f->arena, &safe);
		snprintf(uuid, sizeof(uuid),
		    "%08x-%04x-5%03x-8%03x-%012llx", (unsigned)(d.hi >> 32),
		    (unsigned)(d.hi >> 16) & 0xffff, (unsigned)d.hi & 0xfff,
		    (unsigned)(d.lo >> 48) & 0xfff,
		    (unsigned long long)d.lo & 0xffffffffffff);
		item.uuid = uuid;
		item.title = safe.title;
		item.content = safe.content;
		item.summary = safe.summary;
		item.image = safe.image;
		item.effective_ms = ms == DATE_NONE ? 0 : ms;
		item.updated_ms = item.published_ms = item.effective_ms;
		render_atom_item(b, &head, &item);
	}
	render_atom_end(b);
	buf_fini(&title);
}

/* How it is printed; format NULL: as text. */
struct manner {
	const char	*verb, *format;
	int		 quiet;
};

static int
understand(const struct manner *how, const char *name, const char *bytes,
    size_t len, const struct parse_context *context,
    const struct identify_rules *rules, struct buf *out)
{
	const char *format = how->format;
	enum outcome outcome;
	struct feed *feed;

	outcome = parse_feed(bytes, len, context, &feed);
	normalise_feed(feed);
	identify_feed(feed, rules);
	if (!how->quiet) {
		if (format == NULL || strcmp(format, "text") == 0)
			print_text(out, name, feed);
		else if (strcmp(format, "json") == 0)
			render_parse_json(out, feed);
		else
			print_atom(out, feed);
	}
	feed_free(feed);
	if (outcome == OUTCOME_OK || outcome == OUTCOME_DAMAGED)
		return 0;
	if (format == NULL || strcmp(format, "json") != 0) {
		fprintf(stderr, "feedmill %s: %s: %s\n", how->verb, name,
		    outcome_sentence(outcome));
		return 1;
	}
	return 0;	/* the JSON has said it */
}

static int
parse_one(const struct call *c, const struct manner *how, const char *name,
    struct buf *bytes, struct buf *out)
{
	const struct parse_context context = {
		.url = c->option[PARSE_URL],
		.content_type = header_value(c, "Content-Type"),
		.content_language = header_value(c, "Content-Language"),
		.content_location = header_value(c, "Content-Location"),
		.charset = c->option[PARSE_CHARSET],
	};
	const struct identify_rules rules = { .scope = "document" };

	return understand(how, name, buf_str(bytes), bytes->len, &context,
	    &rules, out);
}

static int
replay_one(const struct call *c, const struct manner *how, const char *name,
    struct buf *bytes, struct buf *out)
{
	struct parse_context context;
	struct identify_rules rules;
	struct kept kept;
	struct err e;

	buf_reserve(bytes, 1);		/* also for an empty file */
	bytes->data[bytes->len] = '\0';
	if (keep_read(bytes->data, bytes->len, &kept, &e) == -1) {
		err_prefix(&e, "%s", name);
		return fail(c, &e, 1);
	}
	context = (struct parse_context){
		.url = kept.url, .content_type = kept.content_type,
		.content_language = kept.content_language,
		.content_location = kept.content_location,
		.charset = kept.charset, .zone_s = kept.zone_s,
	};
	rules = (struct identify_rules){
		.scope = kept.source != NULL ? kept.source : "document",
	};
	return understand(how, name, kept.body, kept.body_len, &context,
	    &rules, out);
}

static int
is_format(const char *format)
{
	return format == NULL || strcmp(format, "text") == 0 ||
	    strcmp(format, "json") == 0 || strcmp(format, "atom") == 0;
}

/* Every file read and handed to one; the first failure is the status. */
static int
each_file(const struct call *c, const struct manner *how,
    int (*one)(const struct call *, const struct manner *, const char *,
    struct buf *, struct buf *))
{
	struct buf bytes = { 0 }, out = { 0 };
	int status = 0, written;
	struct err e;

	for (size_t i = 0; i < c->operands_count; i++) {
		const char *name = c->operands[i];
		int rc = strcmp(name, "-") == 0 ?
		    file_read_fd(STDIN_FILENO, "standard input",
		    DOCUMENT_MAX_BYTES, &bytes, &e) :
		    file_read(name, DOCUMENT_MAX_BYTES, &bytes, &e);

		if (rc == -1) {
			fprintf(stderr, "feedmill %s: %s\n", how->verb,
			    e.msg);
			status = EXIT_IO;
			continue;
		}
		rc = one(c, how, name, &bytes, &out);
		status = status == 0 ? rc : status;
		written = print_out(buf_str(&out), out.len);
		status = status == 0 ? written : status;
		buf_reset(&out);
		buf_reset(&bytes);
	}
	buf_fini(&out);
	buf_fini(&bytes);
	return status;
}

int
command_parse(struct call *c)
{
	const struct manner how = { "parse", c->option[PARSE_FORMAT],
	    c->option[PARSE_QUIET] != NULL };

	if (!is_format(how.format))
		return usage_error(c, "--format is text, json or atom");
	return each_file(c, &how, parse_one);
}

enum { REPLAY_FORMAT };
const struct option_row replay_options[] = {
	[REPLAY_FORMAT] = { "format", 0, "text|json|atom",
	    "how to print it (default text)", 0 },
	{ NULL, 0, NULL, NULL, 0 }
};

int
command_replay(struct call *c)
{
	const struct manner how = { "replay", c->option[REPLAY_FORMAT], 0 };

	if (!is_format(how.format))
		return usage_error(c, "--format is text, json or atom");
	return each_file(c, &how, replay_one);
}
