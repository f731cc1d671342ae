/* ask_words.c - a request and all that came of it, in words. */
#include <stdlib.h>
#include <string.h>

#include "feedmill/ask.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/normalise.h"
#include "feedmill/store.h"

/* What the world wrote, on one line. */
static void
put_line(struct buf *b, const char *label, const char *text)
{
	buf_printf(b, "%-10s", label);
	text_collapse(b, text, strlen(text));
	buf_putc(b, '\n');
}

static void
put_url(struct buf *b, const char *label, const char *url)
{
	char *shown = url_redact(url);

	if (shown != NULL)
		put_line(b, label, shown);
	free(shown);
}

static void
put_text(struct buf *b, const char *label, const struct text *t)
{
	struct buf plain = { 0 };

	normalise_text_plain(&plain, t);
	put_line(b, label, buf_str(&plain));
	buf_fini(&plain);
}

void
ask_say_answer(struct buf *b, const struct fetched *got)
{
	buf_append(b, buf_str(&got->exchange), got->exchange.len);
	if (got->exchange.len > 0)
		buf_putc(b, '\n');
	if (got->redirects > 0 && got->url != NULL && !got->hide_path)
		put_url(b, "url", got->url);
	if (got->permanent_url != NULL && !got->hide_path)
		put_url(b, "moved to", got->permanent_url);
	if (got->status == 0)
		buf_puts(b, "answer    none");
	else
		buf_printf(b, "answer    %ld, %llu bytes", got->status,
		    (unsigned long long)got->received_bytes);
	if (got->body.len > 0 && got->body.len != got->received_bytes)
		buf_printf(b, " (%zu inflated)", got->body.len);
	buf_printf(b, " in %lld ms", (long long)got->took_ms);
	if (got->address != NULL)
		buf_printf(b, " from %s", got->address);
	buf_putc(b, '\n');
}

/* NULL: there is no entry. */
static const struct entry *
newest_of(const struct feed *f, char when[DATE_TEXT_SIZE])
{
	const struct entry *newest = f->entries;

	for (const struct entry *e = f->entries; e != NULL; e = e->next)
		if (e->identity.timestamp_ms > newest->identity.timestamp_ms)
			newest = e;
	if (newest == NULL || newest->identity.timestamp_ms == DATE_NONE)
		strcpy(when, "no date");
	else
		date_format_rfc3339(newest->identity.timestamp_ms, when);
	return newest;
}

static void
say_newest(struct buf *b, const struct feed *f)
{
	char when[DATE_TEXT_SIZE];
	const struct entry *newest = newest_of(f, when);

	if (newest == NULL)
		return;
	put_line(b, "newest", when);
	if (newest->title.value != NULL)
		put_text(b, "", &newest->title);
	if (newest->link != NULL)
		put_url(b, "", newest->link);
}

static void
put_summary(struct buf *b, const struct feed *f)
{
	const char *format = feed_format_name(f->format);

	buf_printf(b, "%s%s%s, %s, %zu %s%s",
	    format != NULL ? format : "none", f->version != NULL ? " " : "",
	    f->version != NULL ? f->version : "", f->encoding, f->count,
	    f->count == 1 ? "entry" : "entries",
	    f->is_delta ? ", only what is new" : "");
}

void
ask_say_line(struct buf *b, const struct feed *f)
{
	char when[DATE_TEXT_SIZE];

	put_summary(b, f);
	if (newest_of(f, when) != NULL)
		buf_printf(b, ", newest %s", when);
}

void
ask_say_document(struct buf *b, const struct feed *f)
{
	buf_puts(b, "document  ");
	put_summary(b, f);
	buf_putc(b, '\n');
	if (f->head.title.value != NULL)
		put_text(b, "title", &f->head.title);
	say_newest(b, f);
	if (f->bad_bytes > 0)
		buf_printf(b, "bad bytes %u\n", f->bad_bytes);
	if (f->error.message != NULL)
		buf_printf(b, "%-10sline %u, column %u: %s\n", f->damaged ?
		    "damaged" : "tolerated", f->error.line, f->error.column,
		    f->error.message);
}

static void
say_stored(struct buf *b, const struct visit_result *r)
{
	buf_printf(b, "stored    %u new, %u updated, %u known", r->added,
	    r->updated, r->duplicate);
	if (r->edited > 0)
		buf_printf(b, " (%u edited silently)", r->edited);
	if (r->dropped > 0)
		buf_printf(b, ", %u filtered out", r->dropped);
	if (r->silent > 0)
		buf_printf(b, "; %u of the new ones not announced, beyond "
		    "flood-limit", r->silent);
	if (r->gap)
		buf_puts(b, "; shares no entry with the last document");
	buf_putc(b, '\n');
}

void
ask_say_outcome(struct buf *b, const struct fetched *got,
    const struct visit_result *r)
{
	struct buf line = { 0 };

	if (r != NULL && r->failed == NULL)
		say_stored(b, r);
	/* The reason begins with the sentence, or says more than it. */
	buf_printf(&line, "%s: %s", outcome_name(got->outcome),
	    outcome_is_success(got->outcome) ?
	    outcome_sentence(got->outcome) : got->reason);
	put_line(b, "outcome", line.data);
	buf_fini(&line);
}
