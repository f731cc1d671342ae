/*
 * secret.c - values that nobody else should see: passwords, headers,
 * addresses with a token in them.
 *
 * They stand in the file, or come from a file of systemd's
 * (!credential NAME) or from the environment (!env NAME).  No sentence ever
 * quotes one.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "private.h"
#include "value.h"

/* The file NAME that systemd, or whoever plays it, has put there. */
static const char *
read_credential(struct loader *l, const struct node *n)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	struct buf b = { 0 };
	const char *value = NULL;
	char *path;
	struct err e;

	if (n->text[0] == '\0' || n->text[0] == '.' ||
	    strchr(n->text, '/') != NULL || strlen(n->text) > 255 ||
	    value_has_controls(n->text)) {
		COMPLAIN(l, n, "a credential's name is a file name");
		return NULL;
	}
	if (dir == NULL || dir[0] != '/') {
		COMPLAIN(l, n, "credential \"%s\" not found: "
		    "$CREDENTIALS_DIRECTORY is not set (systemd sets it for "
		    "LoadCredential=)", n->text);
		return NULL;
	}
	path = arena_printf(&l->scratch, "%s/%s", dir, n->text);
	if (file_read(path, CONFIG_SECRET_MAX_BYTES, &b, &e) == -1) {
		COMPLAIN(l, n, "credential \"%s\" not found: add "
		    "LoadCredential=%s:... to the unit (%s)", n->text,
		    n->text, e.msg);
	} else {
		while (b.len > 0 && (b.data[b.len - 1] == '\n' ||
		    b.data[b.len - 1] == '\r'))
			b.data[--b.len] = '\0';
		if (strlen(buf_str(&b)) != b.len)
			COMPLAIN(l, n, "credential \"%s\" is not text",
			    n->text);
		else
			value = arena_strdup(&l->out->arena, buf_str(&b));
	}
	explicit_bzero(b.data != NULL ? b.data : (char *)&b, b.len);
	buf_fini(&b);
	return value;
}

static const char *
read_environment(struct loader *l, const struct node *n)
{
	const char *value = n->text[0] != '\0' ? getenv(n->text) : NULL;

	if (value == NULL) {
		COMPLAIN(l, n, "environment variable \"%s\" is not set",
		    n->text);
		return NULL;
	}
	return arena_strdup(&l->out->arena, value);
}

/* What a secret is that was not read. */
static const char hidden[] = "...";

/* The value, and in ret_from how it was written unless it stands there. */
static const char *
take_secret(struct loader *l, const char *name, const struct node *n,
    const char **ret_from)
{
	const char *value;

	*ret_from = NULL;
	if (n->kind != NODE_TEXT) {
		COMPLAIN(l, n, "%s must be one value, not %s", name,
		    value_kind_name(n));
		return NULL;
	}
	if (n->tag == NULL) {
		value = arena_strdup(&l->out->arena, n->text);
	} else if (l->without_secrets) {
		value = hidden;
	} else if (strcmp(n->tag, "!credential") == 0) {
		value = read_credential(l, n);
	} else if (strcmp(n->tag, "!env") == 0) {
		value = read_environment(l, n);
	} else {
		COMPLAIN(l, n, "%s can be text, !credential NAME or !env "
		    "NAME", name);
		return NULL;
	}
	if (value == NULL)
		return NULL;
	if (*value == '\0' || strlen(value) > CONFIG_SECRET_MAX_BYTES ||
	    value_has_controls(value)) {
		COMPLAIN(l, n, "%s must be one line of text", name);
		return NULL;
	}
	if (n->tag != NULL)
		*ret_from = arena_printf(&l->out->arena, "%s %s", n->tag,
		    n->text);
	return value;
}

const char **
value_origin(const struct option *o, const void *field)
{
	struct config_source *s = (struct config_source *)(uintptr_t)
	    ((const char *)field - o->offset);

	switch (o->offset) {
	case offsetof(struct config_source, url):
		return &s->url_from;
	case offsetof(struct config_source, user):
		return &s->user_from;
	case offsetof(struct config_source, password):
		return &s->password_from;
	case offsetof(struct config_source, proxy):
		return &s->proxy_from;
	}
	abort();	/* a new secret needs a place for its origin */
}

void
value_set_secret(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	struct node shy = *n;
	const char *from, *value;

	shy.at.secret = n->tag == NULL;
	value = take_secret(l, o->name, &shy, &from);
	if (value == NULL)
		return;
	*(const char **)field = value;
	*value_origin(o, field) = from;
}

void
value_set_secret_url(struct loader *l, const struct option *o,
    const struct node *n, void *field)
{
	const char *from, *value, *fault;

	value = take_secret(l, o->name, n, &from);
	if (value == NULL)
		return;
	fault = value == hidden ? NULL :
	    value_url_fault(&l->scratch, value);
	if (fault != NULL) {
		COMPLAIN(l, n, "%s is no URL: %s", o->name, fault);
	} else if (value_has_userinfo(value)) {
		COMPLAIN(l, n, "%s has a name or password in it; set user "
		    "and password instead", o->name);
	} else {
		*(const char **)field = value;
		*value_origin(o, field) = from;
	}
}

void
value_set_proxy(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	static const char *const schemes[] = { "http://", "https://",
	    "socks4a://", "socks5h://" };
	/* These would have names resolved here, and told to a name server. */
	static const char *const local[][2] = {
		{ "socks5://", "socks5h://" }, { "socks4://", "socks4a://" },
	};
	const char *from, *value;

	value = take_secret(l, o->name, n, &from);
	if (value == NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(local); i++) {
		if (!text_prefix_nocase(value, local[i][0]))
			continue;
		COMPLAIN(l, n, "%s must be %s instead of %s: names are for "
		    "the proxy to resolve", o->name, local[i][1],
		    local[i][0]);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		if (value == hidden ||
		    (text_prefix_nocase(value, schemes[i]) &&
		    value[strlen(schemes[i])] != '\0' &&
		    strpbrk(value, " \"<>") == NULL)) {
			*(const char **)field = value;
			*value_origin(o, field) = from;
			return;
		}
	}
	COMPLAIN(l, n, "%s must be a URL such as http://127.0.0.1:3128 or "
	    "socks5h://127.0.0.1:9050", o->name);
}

/* RFC 9110 section 5.6.2: token. */
static int
is_token(const char *s)
{
	return *s != '\0' && s[strspn(s, "!#$%&'*+-.^_`|~0123456789"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")] == '\0';
}

/* Headers that are feedmill's own to send. */
static int
is_ours(const char *name)
{
	static const char *const ours[] = { "Host", "Connection",
	    "Content-Length", "Transfer-Encoding", "TE", "Upgrade",
	    "Accept-Encoding", "If-None-Match", "If-Modified-Since", "A-IM",
	    "Range", "Expect" };

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (text_equal_nocase(name, ours[i]))
			return 1;
	return 0;
}

static void
set_header(struct loader *l, const struct node *n, struct config_header *h)
{
	struct node shy = *n;
	const char *name = n->key->text;

	shy.at.secret = n->tag == NULL;
	if (n->key->kind != NODE_TEXT || !is_token(name))
		COMPLAIN(l, n->key, "not the name of a header");
	else if (is_ours(name))
		COMPLAIN(l, n->key, "the header %s is sent by feedmill "
		    "itself", name);
	else
		h->value = take_secret(l, name, &shy, &h->from);
	if (h->value != NULL)
		h->name = arena_strdup(&l->out->arena, name);
}

void
value_set_headers(struct loader *l, const struct option *o,
    const struct node *n, void *field)
{
	struct config_header *list;
	size_t count = 0;

	if (n->kind != NODE_MAP) {
		COMPLAIN(l, n, "%s must be names with values", o->name);
		return;
	}
	for (const struct node *c = n->first; c != NULL; c = c->next)
		count++;
	list = arena_zalloc(&l->out->arena, (count + 1) * sizeof(*list));
	count = 0;
	for (const struct node *c = n->first; c != NULL; c = c->next) {
		const struct node *before = seen_put(l->seen, n,
		    c->key->text, c);

		if (before != NULL) {
			COMPLAIN(l, c->key, "the header \"%s\" is set twice, "
			    "first in line %u", c->key->text,
			    before->at.line);
			continue;
		}
		set_header(l, c, &list[count]);
		count += list[count].name != NULL;
	}
	*(const struct config_header **)field = list;
}
