/*
 * hop.c - where a hop leads: whether a redirect is followed, whether it
 * is by https, and whether it is for good.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/hsts.h"
#include "private.h"

/* http, where the host is known to want https. */
static void
secure(struct xfer *x, struct fetch_site *site)
{
	const struct hsts *hsts = fetch_hsts_of(x->fetch);
	char *was;

	if (hsts == NULL || site->https || site->numeric ||
	    hsts_until(hsts, site->host, clock_wall_ms()) == 0)
		return;
	was = url_redact(site->url);
	fetch_site_secure(site, &x->arena);
	x->result->secured = 1;
	if (x->order.keep_exchange)
		buf_printf(&x->result->exchange, "* %s is asked by https: "
		    "its host wants it so (HSTS)\n",
		    x->order.hide_path ? site->host : was);
	free(was);
}

/* So far it has only been sent on for good, and this is where to. */
static void
note_permanent(struct xfer *x, const char *url)
{
	if (!x->only_permanent || x->home.user != NULL ||
	    x->home.password != NULL)
		return;
	free(x->result->permanent_url);
	x->result->permanent_url = xstrdup(url);
}

void
hop_first(struct xfer *x)
{
	secure(x, &x->home);
	if (x->result->secured)
		note_permanent(x, x->home.url);
	x->site = x->home;
}

void
hop_answered(const struct xfer *x)
{
	struct hsts *hsts = fetch_hsts_of(x->fetch);

	if (hsts != NULL && x->site.https && !x->site.numeric &&
	    x->head.complete && x->head.hsts != NULL)
		hsts_hear(hsts, x->site.host, x->head.hsts, clock_wall_ms());
}

static int
is_permanent(long status)
{
	return status == 301 || status == 308;
}

int
hop_is_redirect(const struct xfer *x)
{
	long status = x->head.status;

	return is_permanent(status) || status == 302 || status == 303 ||
	    status == 307;
}

static int
is_ascii(char c)
{
	return (unsigned char)c < 0x80;
}

/* In whatever charset: bytes that are no UTF-8 are meant as they are. */
static const char *
escape_bytes(struct xfer *x, const char *location)
{
	size_t len = strlen(location);
	struct buf escaped = { 0 };
	const char *ret;

	if (text_utf8_valid(location, len) == len)
		return location;
	url_put_escaped(&escaped, location, len, is_ascii);
	ret = arena_strdup(&x->arena, buf_str(&escaped));
	buf_fini(&escaped);
	return ret;
}

static const char *
read_location(struct xfer *x, struct fetch_site *ret)
{
	const struct fetch_head *h = &x->head;
	const char *why;

	if (h->location_unusable)
		return "redirected to a URL that is too long or garbled";
	if (h->location == NULL)
		return "redirected without saying where to";
	if ((unsigned)x->result->redirects >=
	    fetch_limits_of(x->fetch)->redirects)
		return "redirected too often";
	why = fetch_site_follow(ret, &x->arena, &x->site,
	    escape_bytes(x, h->location));
	if (why != NULL)
		return why;
	if (ret->user != NULL || ret->password != NULL)
		return "redirected to a URL with a password";
	if (x->order.post != NULL && x->head.status != 307 &&
	    x->head.status != 308)
		return "redirected to where nothing can be posted";
	secure(x, ret);
	if (x->site.https && !ret->https)
		return "redirected from https to http";
	if (strcmp(ret->url, x->site.url) == 0)
		return "redirected to itself";
	return NULL;
}

const char *
hop_next(struct xfer *x, struct fetch_site *ret)
{
	const char *why = read_location(x, ret);

	if (why != NULL)
		return why;
	x->only_permanent &= is_permanent(x->head.status);
	note_permanent(x, ret->url);
	return NULL;
}
