/* discover.c - feedmill discover: the feeds a page advertises. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/ask.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/link.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/config.h"
#include "feedmill/hsts.h"
#include "feedmill/html.h"
#include "feedmill/model.h"
#include "feedmill/normalise.h"
#include "feedmill/parse.h"

#include "private.h"

static void
take_advert(const char *url, const char *type, const char *title, void *arg)
{
	struct discovery *d = arg;

	for (size_t i = 0; i < d->count; i++)
		if (strcmp(d->adverts[i].url, url) == 0)
			return;
	if (d->count < ADVERTS_MAX)
		d->adverts[d->count++] = (struct advert){ xstrdup(url),
		    xstrdup(type != NULL ? type : "-"),
		    xstrdup_null(title) };
}

/* Of a header, before those of the page itself. */
static void
take_link(const struct header_link *l, void *arg)
{
	struct discovery *d = arg;
	char *url = url_resolve(d->got->url, l->target);

	if (url != NULL && url_is_http(url) &&
	    html_is_feed_link(l->rel, l->type, url))
		take_advert(url, l->type, l->title, d);
	free(url);
}

/* Whatever is no feed may be a page. */
static void
read_page(struct discovery *d)
{
	const struct parse_context context = {
		.url = d->got->url, .content_type = d->got->content_type,
	};
	struct decoded page;

	if (d->got->link != NULL)
		link_each(d->got->link, take_link, d);
	decode_text(buf_str(&d->got->body), d->got->body.len, &context,
	    &page);
	html_find_feeds(page.text, page.len, d->got->url, take_advert, d);
	decoded_fini(&page);
}

void
discover(const struct config *config, const char *url, struct discovery *ret)
{
	struct config_source source = *config_defaults(config);
	struct hsts *hsts = known_hosts(config);

	*ret = (struct discovery){ .count = 0 };
	source.name = source.url = url;
	ret->got = ask_now(config, &source, hsts, ASK_PAGE);
	hsts_free(hsts);
	if (ret->got->outcome != OUTCOME_OK)
		return;
	ret->feed = ask_read(&source, ret->got);
	if (ret->feed == NULL)
		read_page(ret);
}

void
discovery_fini(struct discovery *d)
{
	for (size_t i = 0; i < d->count; i++) {
		free(d->adverts[i].url);
		free(d->adverts[i].type);
		free(d->adverts[i].title);
	}
	feed_free(d->feed);
	fetched_free(d->got);
}

static void
put_advert(struct buf *b, const char *url, const char *type,
    const char *title)
{
	text_collapse(b, url, strlen(url));
	buf_putc(b, '\t');
	text_collapse(b, type, strlen(type));
	buf_putc(b, '\t');
	if (title != NULL)
		text_collapse(b, title, strlen(title));
	buf_putc(b, '\n');
}

static void
put_feed(struct buf *b, const char *url, const struct feed *f)
{
	char *shown = url_redact(url);
	struct buf title = { 0 };

	normalise_text_plain(&title, &f->head.title);
	put_advert(b, shown != NULL ? shown : url,
	    feed_format_name(f->format), buf_str(&title));
	buf_fini(&title);
	free(shown);
}

int
command_discover(struct call *c)
{
	const char *url = c->operands[0];
	const struct config *config;
	struct discovery d;
	struct buf out = { 0 };
	int status;

	if (!url_is_http(url))
		return usage_error(c, "\"%s\" is no http URL", url);
	if ((config = load_config_to_ask(c)) == NULL)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	discover(config, url, &d);
	if (d.feed != NULL) {
		fputs("feedmill discover: the URL itself is a feed\n",
		    stderr);
		put_feed(&out, url, d.feed);
	}
	for (size_t i = 0; i < d.count; i++)
		put_advert(&out, d.adverts[i].url, d.adverts[i].type,
		    d.adverts[i].title);
	if (out.len == 0) {
		fprintf(stderr, "feedmill discover: no feed: %s\n",
		    d.got->outcome == OUTCOME_NOT_A_FEED ?
		    "the page advertises none" : d.got->reason);
		status = 1;
	} else {
		status = print_out(out.data, out.len);
	}
	buf_fini(&out);
	discovery_fini(&d);
	config_unref(config);
	return status;
}
