/*
 * post.c - an entry as a post of the archive.
 *
 *	---
 *	layout: post
 *	title: "YAML, always quoted"
 *	...
 *	key: "#guid"
 *	---
 *	<!--1740340846000-->
 *	[title, escaped for Markdown](URL)
 *	------
 *
 *	<div>
 *	HTML without a blank line
 *	</div>
 *
 * Four readers take it: Jekyll (YAML, then Liquid, then Markdown), the older
 * generators' regular expressions, people, and archive_read_post().  What a
 * publisher wrote must be plain text to all of them.  Hence: every brace is
 * a character reference (Liquid's tags and kramdown's attribute lists begin
 * with one), no line of the HTML is blank (a blank line would end the HTML
 * block and start Markdown), and no bracket is closed that could become a
 * link's.  The exact URL is the one in "from:", because Markdown needs
 * parentheses encoded.  Only what is not known by its URL has a "key:", as
 * the export has it, but without its source's name before the "#".
 */
#include <stdio.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/hash.h"
#include "feedmill/model.h"
#include "feedmill/render.h"
#include "text.h"

enum {
	NAME_TITLE_BYTES = 120,		/* of a file name's 200 */
	DAY_BYTES = 11,			/* "2025-02-24-" */
	TAGS_MAX = 20
};

/* ----------------------------------------------------------- front matter */

/* A URL needs no quotes in YAML as long as it is made of these: a colon is
 * never followed by a blank, nor a hash preceded by one. */
static int
is_plain_url(const char *url)
{
	static const char ok[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-._~/?=&%+;@!$()*,:#";
	size_t len = strlen(url);

	return strspn(url, ok) == len && url[len - 1] != ':';
}

static void
put_url_value(struct buf *b, const char *url)
{
	if (is_plain_url(url))
		buf_puts(b, url);
	else
		quote_yaml(b, url);
}

static const char *
site_of(const struct item *item)
{
	return item->source_name != NULL ? item->source_name :
	    source_label(item);
}

static void
put_tags(struct buf *b, const struct item *item)
{
	unsigned n = 1;

	buf_puts(b, "tags: [ ");
	quote_yaml(b, site_of(item));
	for (const struct category *c = item->categories;
	    c != NULL && n < TAGS_MAX; c = c->next) {
		const char *term = c->label != NULL ? c->label : c->term;

		if (term == NULL || *term == '\0')
			continue;
		buf_puts(b, ", ");
		quote_yaml(b, term);
		n++;
	}
	buf_puts(b, " ]\n");
}

/* What the post's URL does not tell: a name its source gave it, or an
 * address that is no link. */
static void
put_key(struct buf *b, const char *key, const char *url)
{
	if (key == NULL || strlen(key) > POST_KEY_MAX ||
	    (key[0] != '#' && url != NULL))
		return;
	buf_puts(b, "key: ");
	quote_yaml(b, key);
	buf_putc(b, '\n');
}

/* As it is inside of its source: without that one's name. */
static const char *
key_of(const struct item *item)
{
	const char *key = item->key, *site = item->source_name;
	size_t len = site != NULL ? strlen(site) : 0;

	return key != NULL && site != NULL && strncmp(key, site, len) == 0 &&
	    key[len] == '#' ? key + len : key;
}

static void
put_front_matter(struct buf *b, const struct item *item, const char *title,
    const char *url)
{
	char date[DATE_TEXT_SIZE];
	struct buf authors = { 0 };

	date_format_iso24(date_in_range(item->effective_ms), date);
	put_authors(&authors, item);
	buf_puts(b, "---\nlayout: post\ntitle: ");
	quote_yaml(b, title);
	buf_printf(b, "\ndate: %s\nauthor: ", date);
	quote_yaml(b, buf_str(&authors));
	buf_puts(b, "\nfrom: ");
	put_url_value(b, url);
	buf_putc(b, '\n');
	put_tags(b, item);
	buf_puts(b, "comments: True\ncategories: [ ");
	quote_yaml(b, site_of(item));
	buf_puts(b, " ]\nrender_with_liquid: false\n");
	put_key(b, key_of(item), item->url);
	buf_puts(b, "---\n");
	buf_fini(&authors);
}

/* -------------------------------------------------------------- link line */

static void
put_html_link(struct buf *b, const char *title, const char *url)
{
	buf_puts(b, "<p><a href=\"");
	put_destination(b, url);
	buf_puts(b, "\">");
	quote_html(b, title);
	buf_puts(b, "</a></p>\n<hr>\n\n");
}

static void
put_link_line(struct buf *b, const char *title, const char *url)
{
	buf_putc(b, '[');
	quote_markdown(b, title);
	buf_puts(b, "](");
	put_destination(b, url);
	buf_puts(b, ")\n------\n\n");
}

/* ------------------------------------------------------------------- body */

static int
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* One block of HTML.  A line that would be blank ends in a reference to the
 * line feed instead: the same text, inside <pre> too.  Nor is there "](" or
 * "]:", for sites that have Markdown read inside of HTML too. */
static void
put_content(struct buf *b, const char *s)
{
	size_t len = strlen(s);
	int blank = 1;		/* nothing in this line yet */

	while (len > 0 && is_blank(s[len - 1]))
		len--;
	while (len > 0 && is_blank(*s))
		s++, len--;
	for (const char *end = s + len; s < end; s++) {
		if (*s == '\r' && s + 1 < end && s[1] == '\n')
			continue;
		if (*s == '{')
			buf_puts(b, "&#123;");
		else if (s + 1 < end && closes_link(s))
			buf_puts(b, "&#93;");
		else if ((*s == '\n' || *s == '\r') && blank)
			buf_puts(b, "&#10;");
		else
			buf_putc(b, *s == '\r' ? '\n' : *s);
		if (*s == '\n' || *s == '\r')
			blank = !blank;
		else if (!is_blank(*s))
			blank = 0;
	}
}

static void
put_div(struct buf *b, const struct item *item)
{
	const char *content = item->content;
	size_t was;

	if (content == NULL || *content == '\0')
		content = item->summary != NULL ? item->summary : "";
	buf_puts(b, "<div>\n");
	was = b->len;
	put_content(b, content);
	if (b->len > was)
		buf_putc(b, '\n');
	buf_puts(b, "</div>\n");
}

/* What a post says it is from. */
static const char *
origin_of(const char *uuid, const char *url, char urn[9 + UUID_TEXT_SIZE])
{
	if (url != NULL && safe_link(url) != NULL)
		return url;
	snprintf(urn, 9 + UUID_TEXT_SIZE, "urn:uuid:%s", uuid);
	return urn;
}

/* The line of the front matter that begins so, without its end, or NULL. */
static const char *
find_line(const char *text, const char *key, size_t *ret_len)
{
	const char *end = strstr(text, "\n---\n"), *at;

	at = strncmp(text, "---\n", 4) == 0 ? strstr(text, key) : NULL;
	if (at == NULL || (end != NULL && at > end))
		return NULL;
	*ret_len = strcspn(++at, "\r\n");
	return at;
}

static int
is_line(const char *line, size_t len, const char *text)
{
	return strlen(text) == len && memcmp(line, text, len) == 0;
}

/* As we write it, and as the older generators did. */
static int
is_from(const char *text, const char *from)
{
	struct buf ours = { 0 }, theirs = { 0 };
	size_t len;
	const char *line = find_line(text, "\nfrom: ", &len);
	int same;

	buf_puts(&ours, "from: ");
	put_url_value(&ours, from);
	buf_printf(&theirs, "from: %s", from);
	same = line != NULL && (is_line(line, len, buf_str(&ours)) ||
	    is_line(line, len, buf_str(&theirs)));
	buf_fini(&ours);
	buf_fini(&theirs);
	return same;
}

/* Others may be from there, too, by keys of their own.  A post without a key
 * may be older than keys are. */
static int
has_other_key(const char *text, const char *key, const char *url)
{
	struct buf ours = { 0 };
	size_t len;
	const char *line = find_line(text, "\nkey: ", &len);
	int differs;

	put_key(&ours, key, url);
	differs = line != NULL && (ours.len != len + 1 ||
	    memcmp(ours.data, line, len) != 0);
	buf_fini(&ours);
	return differs;
}

int
render_post_is_of(const char *text, const char *uuid, const char *url,
    const char *key)
{
	char urn[9 + UUID_TEXT_SIZE];

	return is_from(text, origin_of(uuid, url, urn)) &&
	    !has_other_key(text, key, url);
}

void
render_post(struct buf *b, const struct item *item, int html)
{
	struct buf title = { 0 };
	char urn[9 + UUID_TEXT_SIZE];
	const char *url = origin_of(item->uuid, item->url, urn);

	put_title(&title, item);
	put_front_matter(b, item, buf_str(&title), url);
	buf_printf(b, "<!--%s-->\n",
	    item->stamp != NULL ? item->stamp : "NaN");
	if (html)
		put_html_link(b, buf_str(&title), url);
	else
		put_link_line(b, buf_str(&title), url);
	put_div(b, item);
	buf_fini(&title);
}

/* -------------------------------------------------------------- file name */

/*
 * A title may change without a new revision, and with one; so a name that
 * has to last for the entry has none, and one that belongs to a revision is
 * told apart by the stamp.
 */
void
render_post_name(char out[POST_NAME_SIZE], const struct item *item,
    int per_revision, int html)
{
	char date[DATE_TEXT_SIZE];
	struct buf name = { 0 }, title = { 0 };
	uint64_t print = hash_64(item->uuid, strlen(item->uuid), 0);

	date_format_iso24(date_in_range(per_revision ? item->effective_ms :
	    item->published_ms), date);
	buf_printf(&name, "%.10s-", date);
	if (per_revision) {
		const char *stamp = item->stamp ? item->stamp : "NaN";

		print = hash_64(stamp, strlen(stamp), print);
		put_title(&title, item);
		put_file_name(&name, buf_str(&title), NAME_TITLE_BYTES);
		if (name.len > DAY_BYTES)
			buf_putc(&name, '-');
	}
	buf_printf(&name, "%016llx.%s", (unsigned long long)print,
	    html ? "html" : "md");
	snprintf(out, POST_NAME_SIZE, "%s", buf_str(&name));
	buf_fini(&name);
	buf_fini(&title);
}
