/*
 * read.c - a post's bytes to a feed with one entry.
 *
 * Three dialects: ours (render/post.c), the one it continues (front matter,
 * content in a <div>) and the older one without front matter and <div>.  The
 * old ones escape nothing.  Ours is known by "render_with_liquid"; only there
 * are escapes undone.
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
#include "front.h"

enum { LINK_LINES_MAX = 8 };	/* of a title that holds line feeds */

struct post {
	struct lines	 rest;		/* what is not read yet */
	struct arena	*arena;
	struct front	 front;
	int		 ours;		/* escapes are to be undone */
	int		 html;		/* ours, without Markdown */
	const char	*stamp;		/* as written, NULL: none */
	const char	*link_title, *link_url;
};

/* ---------------------------------------------------------- clean text */

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

/* ------------------------------------------------------- stamp, link line */

/* "<!--1740340846000-->", "<!--NaN-->", "<!---5000-->". */
static void
read_stamp(struct post *p)
{
	struct lines *l = &p->rest;
	const char *s = l->at, *digits;
	size_t n, len = line_length(l);

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
	l->at = digits + n + 3;
	if (l->at < l->end && *l->at == '\n')
		l->at++;
}

/* Undo what quote_markdown() and put_html_link() of render/ do. */
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
	struct lines *l = &p->rest;
	const char *start = l->at;

	if (l->at >= l->end || *l->at != '[')
		return;
	for (int i = 0; i < LINK_LINES_MAX && l->at < l->end; i++) {
		const char *s = start, *join;
		size_t len = (size_t)(l->at + line_length(l) - start);

		len = text_trim(&s, len);
		line_skip(l);
		if (len < 4 || s[len - 1] != ')')
			continue;
		join = find_join(s, len - 1);
		if (join == NULL || join == s)
			continue;
		take_link(p, s + 1, (size_t)(join - s) - 1, join + 2,
		    len - 1 - (size_t)(join + 2 - s));
		return;
	}
	l->at = start;
}

/* <p><a href="url">title</a></p> of our own HTML posts. */
static void
read_html_link(struct post *p)
{
	static const char open[] = "<p><a href=\"", close[] = "</a></p>";
	struct lines *l = &p->rest;
	const char *url = l->at + strlen(open), *title, *end;
	size_t len = line_length(l);

	if (len < sizeof(open) + sizeof(close) ||
	    strncmp(l->at, open, strlen(open)) != 0)
		return;
	title = memmem(url, (size_t)(l->at + len - url), "\">", 2);
	if (title == NULL)
		return;
	end = memmem(title, (size_t)(l->at + len - title), close,
	    strlen(close));
	if (end == NULL)
		return;
	p->ours = p->html = 1;
	take_link(p, title + 2, (size_t)(end - title) - 2, url,
	    (size_t)(title - url));
	line_skip(l);
}

static void
read_rule(struct post *p)
{
	struct lines *l = &p->rest;
	const char *s = l->at;
	size_t len = text_trim(&s, line_length(l));

	if ((len >= 3 && strspn(s, "-") >= len) || line_is(l, "<hr>"))
		line_skip(l);
	line_skip_blank(l);
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
	const char *s = p->rest.at, *ret;
	size_t len = trim_blanks(&s, (size_t)(p->rest.end - s));
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
	size_t len = (size_t)(p->rest.end - p->rest.at);
	const char *s = memmem(p->rest.at, len < 1024 ? len : 1024, mark,
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

/* A name in its source, or an address as identity compares it. */
static int
is_key(const char *key)
{
	struct buf url = { 0 };
	char *canonical;
	int same;

	if (key[0] == '#')
		return key[1] != '\0';
	buf_printf(&url, "%s%s", key[0] == '/' ? "http:" : "", key);
	canonical = url_canonical(buf_str(&url));
	same = canonical != NULL && strcmp(canonical, key) == 0;
	buf_fini(&url);
	free(canonical);
	return same;
}

static void
set_dates(struct post *p, struct entry *e)
{
	if (p->front.date != NULL)
		e->published_ms = date_parse(p->front.date, 0);
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
	if (p->front.author == NULL)
		return;
	e->authors = arena_zalloc(p->arena, sizeof(*e->authors));
	e->authors->name = p->front.author;
}

static void
fill_entry(struct post *p, struct entry *e, const char **ret_site)
{
	const char *url = p->link_url;
	const struct category *first;

	/* Ours has the exact one in the front matter, the old ones the
	 * cleaner one in the link line. */
	if (url == NULL || (p->ours && p->front.from != NULL))
		url = p->front.from;
	if (url != NULL)
		set_link(p, e, url);
	e->title.value = p->link_title != NULL && *p->link_title != '\0' ?
	    p->link_title : p->front.title;
	e->title.type = TEXT_PLAIN;
	if (p->ours && p->front.key != NULL && is_key(p->front.key))
		e->identity.key = p->front.key;
	set_dates(p, e);
	set_author(p, e);
	e->categories = front_list(p->arena, p->front.tags);
	first = front_list(p->arena, p->front.categories);
	if (first == NULL)
		first = e->categories;
	*ret_site = first != NULL ? first->term : NULL;
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
	p.rest = (struct lines){ buf_str(&text), buf_str(&text) + text.len };
	front_read(&p.front, p.arena, &p.rest);
	p.ours = p.front.is_ours;
	line_skip_blank(&p.rest);
	read_stamp(&p);
	line_skip_blank(&p.rest);
	read_link_line(&p);
	if (p.link_url == NULL)
		read_html_link(&p);
	read_rule(&p);
	if (p.link_url == NULL &&
	    (p.front.title == NULL || p.front.from == NULL)) {
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
