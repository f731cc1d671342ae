/*
 * parse.c - any bytes to a feed: what is it, read it, mend it if need be.
 *
 * A well-formed document is read once, by expat alone.  Only when expat
 * refuses is the text mended (repair.c) and read a second time; what the
 * first attempt built is forgotten, its error is kept.  Where there is no
 * memory to read it nothing was found out.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "reader.h"

const struct parse_limits parse_limits_default = {
	.depth = 256, .attributes = 512, .token_bytes = 1 << 20,
	.entries = 5000, .title_bytes = 4096, .entry_bytes = 1 << 20,
};

/* What one attempt found out. */
struct attempt {
	enum read_result	 result;
	struct read_facts	 facts;
};

static void
set_error(struct feed *f, const char *code, const char *message,
    unsigned line, unsigned column)
{
	if (f->error.message != NULL)
		return;
	f->error.code = code;
	f->error.message = arena_strdup(&f->arena, message);
	f->error.line = line > 0 ? line : 1;
	f->error.column = column > 0 ? column : 1;
}

static void
start_feed(struct feed **f, const struct parse_context *context,
    const struct decoded *d)
{
	char *url;

	feed_free(*f);
	*f = feed_new();
	(*f)->encoding = d->encoding;
	(*f)->bad_bytes = d->bad_bytes;
	(*f)->url = arena_strdup(&(*f)->arena, context->url);
	if (context->content_location == NULL)
		return;
	/* RFC 9110 section 8.7: it names what was sent. */
	url = url_resolve(context->url, context->content_location);
	if (url != NULL && url_is_http(url))
		(*f)->url = arena_strdup(&(*f)->arena, url);
	free(url);
}

static void
attempt(struct feed *f, const char *text, size_t len,
    const struct parse_context *context, struct attempt *ret)
{
	ret->result = reader_run(f, text, len, context, &ret->facts);
}

static enum outcome
nothing(struct feed *f, enum outcome outcome, const char *code,
    const char *message)
{
	f->format = FORMAT_NONE;
	f->version = NULL;
	f->bozo = 1;
	f->damaged = 0;
	f->error.message = NULL;
	set_error(f, code, message, 1, 1);
	return outcome;
}

/* Why was no feed read in it? */
static enum outcome
not_a_feed(struct feed *f, const char *text, size_t len)
{
	int markup = memchr(text, '<', len) != NULL;

	if (!markup)
		return nothing(f, OUTCOME_NOT_A_FEED, "not-a-feed",
		    "no markup and no JSON");
	return nothing(f, OUTCOME_NOT_A_FEED, "not-a-feed",
	    "no feed: the root is neither rss, rdf:RDF nor feed");
}

static void
note_limit(struct feed *f, const struct attempt *a)
{
	if (a->result != READ_LIMIT)
		return;
	f->damaged = 1;
	f->bozo = 1;
	f->error.message = NULL;
	set_error(f, "limit", a->facts.message, 1, 1);
}

static int
is_read(const struct attempt *a)
{
	return a->result == READ_OK || a->result == READ_LIMIT;
}

/* The second reading, of the mended text. */
static void
read_mended(struct feed **f, const struct decoded *d,
    const struct parse_context *context, const struct attempt *first,
    struct attempt *ret)
{
	struct repair mended;

	repair_xml(d->text, d->len, &mended);
	start_feed(f, context, d);
	attempt(*f, buf_str(&mended.out), mended.out.len, context, ret);
	if (first->result == READ_TOO_DEEP)
		set_error(*f, "limit", first->facts.message,
		    first->facts.line, first->facts.column);
	else if (first->result == READ_BROKEN)
		set_error(*f, "not-well-formed", first->facts.message,
		    first->facts.line, first->facts.column);
	else if (mended.fixes > 0)
		set_error(*f, "not-well-formed", "not well-formed",
		    mended.line, mended.column);
	if (mended.limits > 0) {
		(*f)->error.message = NULL;
		set_error(*f, "limit", "entity declarations refused", 1, 1);
	}
	(*f)->bozo = (*f)->error.message != NULL;
	(*f)->damaged = mended.cut || !is_read(ret);
	buf_fini(&mended.out);
}

/* What the document as a whole amounts to, after its last reading. */
static enum outcome
conclude(struct feed *f, const struct decoded *d, const struct attempt *a)
{
	if (!a->facts.reading)
		return not_a_feed(f, d->text, d->len);
	note_limit(f, a);
	if (a->facts.undeclared) {
		f->bozo = 1;
		set_error(f, "namespace", "an undeclared prefix", 1, 1);
	}
	if (d->lied || d->marks > 0 || d->bad_bytes > 0) {
		f->bozo = 1;
		set_error(f, "encoding", d->bad_bytes > 0 ?
		    "bytes that are no text in its encoding" :
		    "not encoded as declared", 1, 1);
	}
	if (f->damaged && f->count == 0 &&
	    f->head.title.value == NULL)
		return OUTCOME_UNREADABLE;
	return f->damaged ? OUTCOME_DAMAGED : OUTCOME_OK;
}

/* tried: what came of these very bytes already, or NULL. */
static enum outcome
parse_xml(struct feed **f, const struct decoded *d,
    const struct parse_context *context, const struct attempt *tried)
{
	struct attempt a, first;

	if (tried != NULL)
		a = *tried;
	else
		attempt(*f, d->text, d->len, context, &a);
	if (!is_read(&a) && a.result != READ_NO_MEMORY) {
		first = a;
		read_mended(f, d, context, &first, &a);
	}
	if (a.result == READ_NO_MEMORY)
		return nothing(*f, OUTCOME_POSTPONED, "memory",
		    "no memory to read it");
	return conclude(*f, d, &a);
}

static char
first_character(const struct decoded *d)
{
	const char *p = d->text, *end = d->text + d->len;

	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' ||
	    *p == '\n'))
		p++;
	return p < end ? *p : '\0';
}

static int
is_empty(const struct decoded *d)
{
	const char *s = d->text;

	return text_trim(&s, d->len) == 0;
}

/*
 * The short way, for nearly all feeds: the bytes go to expat as they are,
 * which finds out by itself whether they are UTF-8.  1: read, and d says
 * from what.  0 with READ_OK: it was not even tried.
 */
static int
parse_trusted(const char *bytes, size_t len,
    const struct parse_context *context, struct feed **f, struct decoded *d,
    struct attempt *ret)
{
	ret->result = READ_OK;
	if (len > INT_MAX / 2 || !decode_trusted(bytes, len, context, d) ||
	    first_character(d) != '<')
		return 0;
	start_feed(f, context, d);
	attempt(*f, d->text, d->len, context, ret);
	return is_read(ret);
}

enum outcome
parse_feed(const char *bytes, size_t len, const struct parse_context *given,
    struct feed **ret)
{
	struct parse_context context = *given;
	struct decoded trusted = { 0 }, d;
	struct attempt tried;
	enum outcome outcome;
	char c;

	if (context.limits == NULL)
		context.limits = &parse_limits_default;
	*ret = NULL;
	if (parse_trusted(bytes, len, &context, ret, &trusted, &tried))
		return conclude(*ret, &trusted, &tried);
	decode_text(bytes, len, &context, &d);
	start_feed(ret, &context, &d);
	c = first_character(&d);
	if (is_empty(&d))
		outcome = nothing(*ret, OUTCOME_EMPTY, "empty", "no bytes");
	else if (d.len > INT_MAX / 2)
		outcome = nothing(*ret, OUTCOME_UNREADABLE, "limit",
		    "too large");
	else if (c == '{' || c == '[')
		outcome = parse_json(*ret, d.text, d.len, &context);
	else
		outcome = parse_xml(ret, &d, &context, !is_read(&tried) &&
		    d.text == trusted.text ? &tried : NULL);
	decoded_fini(&d);
	return outcome;
}
