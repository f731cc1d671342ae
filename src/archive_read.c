/*
 * archive_read.c - a post's bytes to a feed with one entry.
 *
 * Three dialects: ours (render/post.c), the one it continues (front matter,
 * content in a <div>) and the older one without front matter and <div>.  The
 * old ones escape nothing and their YAML is not always valid, so the front
 * matter is read line by line, not by a YAML parser.  Ours is known by
 * "render_with_liquid"; only there are escapes undone.
 *
 * The plan: bytes to clean UTF-8 lines; front matter if there is one; stamp;
 * link line; rule; the rest is content.  A post must have a link line, or a
 * title and an address in its front matter.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/archive.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/err.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/html.h"
#include "feedmill/model.h"

enum {
	FRONT_LINES_MAX = 64,
	LINK_LINES_MAX = 8,	/* of a title that holds line feeds */
	VALUE_MAX = 8192,
	TAGS_MAX = 64
};

struct post {
	const char	*at, *end;	/* what is not read yet */
	struct arena	*arena;
	int		 ours;		/* escapes are to be undone */
	int		 html;		/* ours, without Markdown */
	const char	*title, *date, *author, *from, *tags, *categories;
	const char	*stamp;		/* as written, NULL: none */
	const char	*link_title, *link_url;
};

/* ------------------------------------------------------------------ lines */

/* What may be in a text: valid UTF-8, no NUL, no CR, no BOM in front. */
static void
clean(struct buf *b, const char *s, size_t len)
{
	const char *end = s + len;

	if (len >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0)
		s += 3;
	while (s < end) {
		uint32_t c = text_utf8_next(&s, end);

		if (text_xml_char(c) && c != '\r')
			text_utf8_put(b, c);
	}
}

/* The line at p, without its line feed. */
static size_t
line_length(const struct post *p)
{
	const char *lf = memchr(p->at, '\n', (size_t)(p->end - p->at));

	return (size_t)((lf != NULL ? lf : p->end) - p->at);
}

static void
skip_line(struct post *p)
{
	p->at += line_length(p);
	if (p->at < p->end)
		p->at++;
}

static int
line_is(const struct post *p, const char *text)
{
	const char *s = p->at;
	size_t len = text_trim(&s, line_length(p));

	return len == strlen(text) && memcmp(s, text, len) == 0;
}

static void
skip_blank_lines(struct post *p)
{
	while (p->at < p->end && line_is(p, ""))
		skip_line(p);
}

/* ------------------------------------------------------------ YAML values */

static unsigned
hex_digits(const char *s, unsigned n, uint32_t *ret)
{
	*ret = 0;
	for (unsigned i = 0; i < n; i++) {
		char c = s[i];
		unsigned d;

		if (c >= '0' && c <= '9')
			d = (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			d = (unsigned)(c - 'a') + 10;
		else if (c >= 'A' && c <= 'F')
			d = (unsigned)(c - 'A') + 10;
		else
			return 0;
		*ret = *ret << 4 | d;
	}
	return n;
}

/* Behind a backslash; returns the bytes it takes.  What is no escape of YAML
 * ("\'" of one old generator) stands for itself. */
static size_t
put_escape(struct buf *b, const char *s)
{
	static const struct { char letter, width; } hex[] = {
		{ 'x', 2 }, { 'u', 4 }, { 'U', 8 }
	};
	uint32_t c;

	for (size_t i = 0; i < sizeof(hex) / sizeof(hex[0]); i++) {
		unsigned width = (unsigned)hex[i].width;

		if (*s != hex[i].letter ||
		    hex_digits(s + 1, width, &c) == 0)
			continue;
		text_utf8_put(b, c != 0 && text_xml_char(c) ? c : 0xfffd);
		return 1 + width;
	}
	buf_putc(b, *s == 'n' ? '\n' : *s == 't' ? '\t' : *s);
	return 1;
}

/* One scalar at *at; stops behind it.  Plain ones end at one of stop. */
static void
put_scalar(struct buf *b, const char **at, const char *stop)
{
	const char *s = *at;
	char quote = *s == '"' || *s == '\'' ? *s++ : '\0';

	while (*s != '\0') {
		if (quote == '\0' && strchr(stop, *s) != NULL)
			break;
		if (quote != '\0' && *s == quote) {
			s++;
			/* YAML's '' inside single quotes. */
			if (quote != '\'' || *s != '\'')
				break;
		}
		if (quote == '"' && *s == '\\' && s[1] != '\0')
			s += 1 + put_escape(b, s + 1);
		else
			buf_putc(b, *s++);
	}
	*at = s;
}

/* The value as one line of text; NULL if it is empty. */
static const char *
take_scalar(struct post *p, const char *value)
{
	struct buf raw = { 0 }, text = { 0 };
	const char *ret = NULL;

	put_scalar(&raw, &value, "");
	text_collapse(&text, buf_str(&raw), raw.len);
	if (text.len > 0)
		ret = arena_strdup(p->arena, buf_str(&text));
	buf_fini(&raw);
	buf_fini(&text);
	return ret;
}

/* ----------------------------------------------------------- front matter */

static void
take_key(struct post *p, const char *line)
{
	const struct { const char *key; const char **value; } keys[] = {
		{ "title:", &p->title }, { "date:", &p->date },
		{ "author:", &p->author }, { "from:", &p->from },
		{ "tags:", &p->tags }, { "categories:", &p->categories },
	};

	if (strncmp(line, "render_with_liquid:", 19) == 0)
		p->ours = 1;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t len = strlen(keys[i].key);

		if (strncmp(line, keys[i].key, len) != 0)
			continue;
		line += len;
		line += strspn(line, " \t");
		*keys[i].value = i >= 4 ? arena_strdup(p->arena, line) :
		    take_scalar(p, line);
		return;
	}
}

static void
read_front_matter(struct post *p)
{
	const char *start = p->at;

	if (!line_is(p, "---"))
		return;
	skip_line(p);
	for (int i = 0; i < FRONT_LINES_MAX && p->at < p->end; i++) {
		size_t len = line_length(p);

		if (line_is(p, "---")) {
			skip_line(p);
			return;
		}
		if (len < VALUE_MAX)
			take_key(p, arena_strndup(p->arena, p->at, len));
		skip_line(p);
	}
	p->at = start;		/* it never ends: then it is not one */
	p->ours = 0;
	p->title = p->date = p->author = p->from = NULL;
	p->tags = p->categories = NULL;
}

/* ------------------------------------------------------- stamp, link line */

/* "<!--1740340846000-->", "<!--NaN-->", "<!---5000-->". */
static void
read_stamp(struct post *p)
{
	const char *s = p->at, *digits;
	size_t n, len = line_length(p);

	if (len < 8 || memcmp(s, "<!--", 4) != 0)
		return;
	s += 4;
	digits = s + (*s == '-' && s[1] != '-');
	n = strspn(digits, "0123456789");
	if (n == 0 && strncmp(s, "NaN", 3) == 0)
		n = 3;
	if (n == 0 || n > 18 || strncmp(digits + n, "-->", 3) != 0)
		return;
	p->stamp = arena_strndup(p->arena, s, (size_t)(digits - s) + n);
	p->at = digits + n + 3;
	if (p->at < p->end && *p->at == '\n')
		p->at++;
}

/* Undo what put_markdown() and put_html_link() in render/post.c do. */
static const char *
unescape_title(struct post *p, const char *s, size_t len)
{
	struct buf plain = { 0 }, text = { 0 }, line = { 0 };
	const char *ret;

	for (size_t i = 0; i < len; i++) {
		if (!p->html && s[i] == '\\' && i + 1 < len &&
		    strchr("\\`*_[]|$", s[i + 1]) != NULL) {
			/* A reference, so that one pass decodes all. */
			buf_printf(&plain, "&#%d;", s[++i]);
			continue;
		}
		buf_putc(&plain, s[i]);
	}
	html_decode_entities(&text, buf_str(&plain), plain.len);
	text_collapse(&line, buf_str(&text), text.len);
	ret = arena_strdup(p->arena, buf_str(&line));
	buf_fini(&plain);
	buf_fini(&text);
	buf_fini(&line);
	return ret;
}

static void
take_link(struct post *p, const char *title, size_t title_len,
    const char *url, size_t url_len)
{
	struct buf line = { 0 };

	url_len = text_trim(&url, url_len);
	p->link_url = arena_strndup(p->arena, url, url_len);
	if (p->ours) {
		p->link_title = unescape_title(p, title, title_len);
		return;
	}
	text_collapse(&line, title, title_len);
	p->link_title = arena_strdup(p->arena, buf_str(&line));
	buf_fini(&line);
}

/* The last "](" of a line: titles have brackets, URLs hardly ever. */
static const char *
find_join(const char *s, size_t len)
{
	for (const char *p = s + len; p - s > 1; p--) {
		if (p[-1] == '(' && p[-2] == ']')
			return p - 2;
	}
	return NULL;
}

/* "[title](url)"; an old title may run over several lines. */
static void
read_link_line(struct post *p)
{
	const char *start = p->at;

	if (p->at >= p->end || *p->at != '[')
		return;
	for (int i = 0; i < LINK_LINES_MAX && p->at < p->end; i++) {
		const char *s = start, *join;
		size_t len = (size_t)(p->at + line_length(p) - start);

		len = text_trim(&s, len);
		skip_line(p);
		if (len < 4 || s[len - 1] != ')')
			continue;
		join = find_join(s, len - 1);
		if (join == NULL || join == s)
			continue;
		take_link(p, s + 1, (size_t)(join - s) - 1, join + 2,
		    len - 1 - (size_t)(join + 2 - s));
		return;
	}
	p->at = start;
}

/* <p><a href="url">title</a></p> of our own HTML posts. */
static void
read_html_link(struct post *p)
{
	static const char open[] = "<p><a href=\"", close[] = "</a></p>";
	const char *url = p->at + strlen(open), *title, *end;
	size_t len = line_length(p);

	if (len < sizeof(open) + sizeof(close) ||
	    strncmp(p->at, open, strlen(open)) != 0)
		return;
	title = memmem(url, (size_t)(p->at + len - url), "\">", 2);
	if (title == NULL)
		return;
	end = memmem(title, (size_t)(p->at + len - title), close,
	    strlen(close));
	if (end == NULL)
		return;
	p->ours = p->html = 1;
	take_link(p, title + 2, (size_t)(end - title) - 2, url,
	    (size_t)(title - url));
	skip_line(p);
}

static void
read_rule(struct post *p)
{
	const char *s = p->at;
	size_t len = text_trim(&s, line_length(p));

	if ((len >= 3 && strspn(s, "-") >= len) || line_is(p, "<hr>"))
		skip_line(p);
	skip_blank_lines(p);
}

/* ---------------------------------------------------------------- content */

/* Undo what put_content() in render/post.c does. */
static void
put_unescaped(struct buf *b, const char *s, size_t len)
{
	static const struct { const char *from; char to; } refs[] = {
		{ "&#123;", '{' }, { "&#93;", ']' }, { "&#10;", '\n' }
	};
	enum { REFS = sizeof(refs) / sizeof(refs[0]) };
	const char *end = s + len;

	while (s < end) {
		size_t i, n = 1;

		for (i = 0; i < REFS; i++) {
			n = strlen(refs[i].from);
			if ((size_t)(end - s) >= n &&
			    memcmp(s, refs[i].from, n) == 0)
				break;
		}
		if (i < REFS) {
			buf_putc(b, refs[i].to);
			s += n;
		} else {
			buf_putc(b, *s++);
		}
	}
}

/* text_trim() would take the ideographic space that indents a paragraph. */
static size_t
trim_blanks(const char **s, size_t len)
{
	while (len > 0 && strchr(" \t\n", (*s)[len - 1]) != NULL)
		len--;
	while (len > 0 && strchr(" \t\n", **s) != NULL)
		++*s, len--;
	return len;
}

/* The rest of the post, led by its stamp, without the <div> around it. */
static const char *
read_body(struct post *p)
{
	const char *s = p->at, *ret;
	size_t len = trim_blanks(&s, (size_t)(p->end - s));
	struct buf body = { 0 };

	if (len >= 11 && memcmp(s, "<div>", 5) == 0 && s[5] == '\n' &&
	    memcmp(s + len - 6, "</div>", 6) == 0) {
		s += 5;
		len = trim_blanks(&s, len - 11);
	}
	if (p->stamp != NULL)
		buf_printf(&body, "<!--%s-->", p->stamp);
	if (p->ours)
		put_unescaped(&body, s, len);
	else
		buf_append(&body, s, len);
	s = buf_str(&body);
	len = trim_blanks(&s, body.len);
	ret = arena_strndup(p->arena, s, len);
	buf_fini(&body);
	return ret;
}

/* "日期：2020-07-01 ..." near the top of posts that have no stamp. */
static int64_t
date_line(const struct post *p)
{
	static const char mark[] = "\u65e5\u671f\uff1a";
	size_t len = (size_t)(p->end - p->at);
	const char *s = memmem(p->at, len < 1024 ? len : 1024, mark,
	    sizeof(mark) - 1);
	char text[64];
	size_t n;

	if (s == NULL)
		return DATE_NONE;
	s += sizeof(mark) - 1;
	n = strcspn(s, "\n<");
	n = text_trim(&s, n);
	if (n >= sizeof(text))
		return DATE_NONE;
	memcpy(text, s, n);
	text[n] = '\0';
	return date_parse(text, 0);
}

/* --------------------------------------------------------------- the feed */

/* A flow sequence "[ a, "b" ]" to categories; the first is *ret_first. */
static struct category *
read_tags(struct post *p, const char *s, const char **ret_first)
{
	struct category *list = NULL, **last = &list;

	*ret_first = NULL;
	if (s == NULL)
		return NULL;
	s += strspn(s, "[ \t");
	for (int i = 0; i < TAGS_MAX && *s != '\0' && *s != ']'; i++) {
		struct buf raw = { 0 }, text = { 0 };

		put_scalar(&raw, &s, ",]");
		text_collapse(&text, buf_str(&raw), raw.len);
		if (text.len > 0) {
			*last = arena_zalloc(p->arena, sizeof(**last));
			(*last)->term = arena_strdup(p->arena,
			    buf_str(&text));
			last = &(*last)->next;
		}
		buf_fini(&raw);
		buf_fini(&text);
		s += strcspn(s, ",]");
		s += strspn(s, ", \t");
	}
	*ret_first = list != NULL ? list->term : NULL;
	return list;
}

static void
set_link(struct post *p, struct entry *e, const char *url)
{
	char *absolute;

	if (strncmp(url, "urn:", 4) == 0) {
		e->id = arena_strdup(p->arena, url);
		e->id_is_permalink = 0;
		return;
	}
	absolute = url_resolve(NULL, url);
	if (absolute == NULL || !url_is_http(absolute)) {
		free(absolute);
		return;
	}
	e->links = arena_zalloc(p->arena, sizeof(*e->links));
	e->links->href = arena_strdup(p->arena, absolute);
	e->links->rel = "alternate";
	e->links->length = -1;
	e->link = e->links->href;
	free(absolute);
}

static void
set_dates(struct post *p, struct entry *e)
{
	if (p->date != NULL)
		e->published_ms = date_parse(p->date, 0);
	if (p->stamp == NULL && e->published_ms == DATE_NONE)
		e->published_ms = date_line(p);
	if (p->stamp == NULL)
		e->dated_ms = e->published_ms;
	else if (*p->stamp != 'N')
		e->dated_ms = strtoll(p->stamp, NULL, 10);
	if (e->published_ms == DATE_NONE)
		e->published_ms = e->dated_ms;
}

static void
set_author(struct post *p, struct entry *e)
{
	if (p->author == NULL)
		return;
	e->authors = arena_zalloc(p->arena, sizeof(*e->authors));
	e->authors->name = p->author;
}

static void
fill_entry(struct post *p, struct entry *e, const char **ret_site)
{
	const char *url = p->link_url, *first;

	/* Ours has the exact one in the front matter, the old ones the
	 * cleaner one in the link line. */
	if (url == NULL || (p->ours && p->from != NULL))
		url = p->from;
	if (url != NULL)
		set_link(p, e, url);
	e->title.value = p->link_title != NULL && *p->link_title != '\0' ?
	    p->link_title : p->title;
	e->title.type = TEXT_PLAIN;
	set_dates(p, e);
	set_author(p, e);
	e->categories = read_tags(p, p->tags, &first);
	*ret_site = first;
	read_tags(p, p->categories, &first);
	if (first != NULL)
		*ret_site = first;
	e->body = read_body(p);
	e->content.value = e->body;
	e->content.type = TEXT_HTML;
}

struct feed *
archive_read_post(const char *bytes, size_t len, const char **ret_site,
    struct err *err)
{
	struct feed *feed = feed_new();
	struct post p = { .arena = &feed->arena };
	struct buf text = { 0 };
	const char *site = NULL;

	clean(&text, bytes, len);
	p.at = buf_str(&text);
	p.end = p.at + text.len;
	read_front_matter(&p);
	skip_blank_lines(&p);
	read_stamp(&p);
	skip_blank_lines(&p);
	read_link_line(&p);
	if (p.link_url == NULL)
		read_html_link(&p);
	read_rule(&p);
	if (p.link_url == NULL && (p.title == NULL || p.from == NULL)) {
		err_set(err, "no post: it has neither a line [title](url) "
		    "nor a title and an address in front");
		feed_free(feed);
		feed = NULL;
	} else {
		fill_entry(&p, feed_add_entry(feed), &site);
	}
	if (ret_site != NULL)
		*ret_site = site;
	buf_fini(&text);
	return feed;
}
