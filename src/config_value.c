/*
 * config_value.c - from a node to the typed value its option asks for.
 *
 * YAML's own guesses (is "no" a boolean, is "1e3" a number?) are not made:
 * every scalar is text, and the option says what it must mean.  A value that
 * does not fit is added to the mistakes and leaves the default; it is never
 * quoted in the sentence, as it may be a secret in the wrong place.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <iconv.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "config_private.h"

#define COMPLAIN(l, n, ...) \
	mistake_add(&(l)->mistakes, (n)->at, 0, __VA_ARGS__)

static const char *const no_list[] = { NULL };
static const struct config_header no_headers[] = { { NULL, NULL, NULL } };

typedef void set_fn(struct loader *, const struct option *,
    const struct node *, void *field);

static const char *
kind_name(const struct node *n)
{
	static const char *const names[] = {
		[NODE_TEXT] = "text", [NODE_LIST] = "a list",
		[NODE_MAP] = "a group of settings"
	};

	return names[n->kind];
}

static int
has_controls(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7F)
			return 1;
	return 0;
}

/* The node as one line of text; NULL: it is none, and that is said. */
static const char *
take_text(struct loader *l, const struct option *o, const struct node *n)
{
	if (n->kind != NODE_TEXT) {
		COMPLAIN(l, n, "%s must be one value, not %s", o->name,
		    kind_name(n));
	} else if (n->tag != NULL) {
		COMPLAIN(l, n, "%s cannot be given by a tag (\"!\")",
		    o->name);
	} else if (strlen(n->text) > CONFIG_TEXT_MAX_BYTES) {
		COMPLAIN(l, n, "%s is longer than %d bytes", o->name,
		    CONFIG_TEXT_MAX_BYTES);
	} else if (has_controls(n->text)) {
		COMPLAIN(l, n, "%s must be one line", o->name);
	} else {
		return n->text;
	}
	return NULL;
}

/* ---------------------------------------------------------------- numbers */

static void
set_bool(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	static const struct { const char *word; int means; } words[] = {
		{ "true", 1 }, { "false", 0 }, { "yes", 1 }, { "no", 0 },
		{ "on", 1 }, { "off", 0 },
	};
	const char *s = take_text(l, o, n);

	if (s == NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (text_equal_nocase(s, words[i].word)) {
			*(int *)field = words[i].means;
			return;
		}
	}
	COMPLAIN(l, n, "%s must be true or false", o->name);
}

static int64_t
parse_count(const char *s)
{
	int64_t value = 0;

	if (*s == '\0')
		return -1;
	for (; *s != '\0'; s++)
		if (*s < '0' || *s > '9' ||
		    __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *s - '0', &value))
			return -1;
	return value;
}

static int64_t
parse_percent(const char *s)
{
	char digits[8];
	size_t len = strcspn(s, " %");

	if (len >= sizeof(digits) || (s[len] != '\0' &&
	    strcmp(s + len, "%") != 0 && strcmp(s + len, " %") != 0))
		return -1;
	memcpy(digits, s, len);
	digits[len] = '\0';
	return parse_count(digits);
}

static void
format_count(int64_t value, char out[24])
{
	snprintf(out, 24, "%lld", (long long)value);
}

static void
format_percent(int64_t value, char out[24])
{
	snprintf(out, 24, "%lld%%", (long long)value);
}

static const struct number_kind {
	int64_t	(*parse)(const char *);
	void	(*format)(int64_t, char out[24]);
	const char *what;
} number_kinds[] = {
	[OPTION_COUNT] = { parse_count, format_count, "a number" },
	[OPTION_PERCENT] = { parse_percent, format_percent,
	    "a percentage such as 10%" },
	[OPTION_SIZE] = { text_parse_size, text_format_size,
	    "a size such as 512K or 10M" },
	[OPTION_SECONDS] = { text_parse_duration, text_format_duration,
	    "a duration such as 15m or 1h30m" },
	[OPTION_MILLISECONDS] = { text_parse_duration, text_format_duration,
	    "a duration such as 10s or 1m30s" },
};

static void
set_number(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	const struct number_kind *kind = &number_kinds[o->type];
	const char *s = take_text(l, o, n);
	char min[24], max[24];
	int64_t value;

	if (s == NULL)
		return;
	if (o->zero != NULL && text_equal_nocase(s, o->zero)) {
		*(int64_t *)field = 0;
		return;
	}
	value = kind->parse(s);
	if (value == -1) {
		COMPLAIN(l, n, "%s must be %s%s%s", o->name, kind->what,
		    o->zero != NULL ? ", or " : "",
		    o->zero != NULL ? o->zero : "");
		return;
	}
	if ((value < o->min || value > o->max) &&
	    !(value == 0 && o->zero != NULL)) {
		kind->format(o->min, min);
		kind->format(o->max, max);
		COMPLAIN(l, n, "%s must be from %s to %s%s%s", o->name, min,
		    max, o->zero != NULL ? ", or " : "",
		    o->zero != NULL ? o->zero : "");
		return;
	}
	*(int64_t *)field = o->type == OPTION_MILLISECONDS ? value * 1000 :
	    value;
}

/* ------------------------------------------------------------------ words */

static int
find_word(struct loader *l, const struct option *o, const struct node *n)
{
	const char *s = take_text(l, o, n), *near;
	struct buf all = { 0 };

	if (s == NULL)
		return -1;
	for (int i = 0; o->words[i] != NULL; i++)
		if (text_equal_nocase(s, o->words[i]))
			return i;
	for (int i = 0; o->words[i] != NULL; i++)
		buf_printf(&all, "%s%s", i == 0 ? "" :
		    o->words[i + 1] == NULL ? " or " : ", ", o->words[i]);
	near = config_suggest(s, o->words);
	if (near != NULL)
		COMPLAIN(l, n, "%s must be %s; did you mean \"%s\"?",
		    o->name, buf_str(&all), near);
	else
		COMPLAIN(l, n, "%s must be %s", o->name, buf_str(&all));
	buf_fini(&all);
	return -1;
}

static void
set_word(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	int i = find_word(l, o, n);

	/* Enums without negative values and int have one size here. */
	if (i != -1)
		*(unsigned *)field = (unsigned)i;
}

static void
set_words(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	unsigned bits = 0;
	int i;

	if (n->kind == NODE_TEXT) {
		i = find_word(l, o, n);
		if (i != -1)
			*(unsigned *)field = 1U << i;
		return;
	}
	if (n->kind == NODE_MAP || n->first == NULL) {
		COMPLAIN(l, n, "%s must be a list such as [%s, %s]", o->name,
		    o->words[0], o->words[1]);
		return;
	}
	for (const struct node *c = n->first; c != NULL; c = c->next) {
		i = find_word(l, o, c);
		if (i != -1)
			bits |= 1U << i;
	}
	*(unsigned *)field = bits;
}

/* ------------------------------------------------------------------- text */

static void
set_text(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	const char *s = take_text(l, o, n);

	if (s == NULL)
		return;
	if (*s == '\0')
		COMPLAIN(l, n, "%s is empty", o->name);
	else
		*(const char **)field = arena_strdup(&l->out->arena, s);
}

const char *
path_join(struct arena *a, const char *dir, const char *path)
{
	char *joined = path[0] == '/' ? arena_strdup(a, path) :
	    arena_printf(a, "%s/%s", dir, path);
	char *to = joined;

	for (const char *from = joined; *from != '\0'; from++) {
		if (from[0] == '/' && from[1] == '/')
			continue;
		while (from[0] == '/' && from[1] == '.' &&
		    (from[2] == '/' || from[2] == '\0'))
			from += 2;
		if (*from == '\0')
			break;
		if (from[0] == '/' && from[1] == '/')
			continue;
		*to++ = *from;
	}
	while (to > joined + 1 && to[-1] == '/')
		to--;
	*to = '\0';
	return *joined != '\0' ? joined : "/";
}

static void
set_path(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	const char *s = take_text(l, o, n);

	if (s == NULL)
		return;
	if (*s == '\0')
		COMPLAIN(l, n, "%s is empty", o->name);
	else if (strstr(s, "://") != NULL)
		COMPLAIN(l, n, "%s must be a path, not a URL", o->name);
	else
		*(const char **)field = path_join(&l->out->arena,
		    l->out->config.state, s);
}

/* Why it is no URL to ask; NULL: it is one. */
static const char *
url_fault(const char *s)
{
	char *absolute;

	if (strstr(s, "://") == NULL)
		return "it must begin with http:// or https://";
	if (!url_is_http(s))
		return "only http:// and https:// can be asked";
	if (strlen(s) > URL_MAX_BYTES)
		return "it is too long";
	absolute = url_resolve(NULL, s);
	free(absolute);
	return absolute == NULL ? "it is not well-formed" : NULL;
}

static int
has_userinfo(const char *url)
{
	const char *host = strstr(url, "://");

	return host != NULL && host[3 + strcspn(host + 3, "/?#@")] == '@';
}

static void
set_url(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	const char *s = take_text(l, o, n);
	const char *fault = s != NULL ? url_fault(s) : NULL;

	if (fault != NULL)
		COMPLAIN(l, n, "%s is no URL: %s", o->name, fault);
	else if (s != NULL && has_userinfo(s))
		COMPLAIN(l, n, "%s is public and cannot have a password",
		    o->name);
	else if (s != NULL)
		*(const char **)field = arena_strdup(&l->out->arena, s);
}

static void
set_charset(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	const char *s = take_text(l, o, n);
	iconv_t cd = (iconv_t)-1;

	if (s == NULL)
		return;
	/* No "//TRANSLIT" and no path to a conversion module. */
	if (*s != '\0' && strlen(s) <= 40 &&
	    s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789._:-")] == '\0')
		cd = iconv_open("UTF-8", s);
	if (cd == (iconv_t)-1) {
		COMPLAIN(l, n, "%s is not an encoding that is known here",
		    o->name);
		return;
	}
	iconv_close(cd);
	*(const char **)field = arena_strdup(&l->out->arena, s);
}

static void
set_language(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	const char *s = take_text(l, o, n);
	size_t part = 0;

	if (s == NULL)
		return;
	for (const char *p = s; ; p++) {
		int letter = (*p >= 'a' && *p <= 'z') ||
		    (*p >= 'A' && *p <= 'Z');

		if (letter || (p > s && *p >= '0' && *p <= '9')) {
			part++;
		} else if (part == 0 || part > 8 || (*p != '-' && *p)) {
			COMPLAIN(l, n, "%s must be a language tag such as en "
			    "or zh-Hans", o->name);
			return;
		} else if (*p == '\0') {
			break;
		} else {
			part = 0;
		}
	}
	*(const char **)field = arena_strdup(&l->out->arena, s);
}

/* "+08:00", "-0530", "+9" to seconds; -1: it is none. */
static int
parse_zone(const char *s, int *ret)
{
	int sign = *s == '-' ? -1 : 1, value[2] = { 0, 0 };

	if (text_equal_nocase(s, "UTC") || text_equal_nocase(s, "GMT") ||
	    text_equal_nocase(s, "Z")) {
		*ret = 0;
		return 0;
	}
	if (*s != '+' && *s != '-')
		return -1;
	s++;
	for (int i = 0; i < 2; i++) {
		int digits = 0;

		for (; digits < 2 && *s >= '0' && *s <= '9'; s++, digits++)
			value[i] = value[i] * 10 + *s - '0';
		if ((i == 0 && digits == 0) || (i == 1 && digits == 1))
			return -1;
		if (i == 0 && *s == ':' && s[1] != '\0')
			s++;
	}
	if (*s != '\0' || value[0] > 14 || value[1] > 59)
		return -1;
	*ret = sign * (value[0] * 3600 + value[1] * 60);
	return 0;
}

static void
set_zone(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	const char *s = take_text(l, o, n);

	if (s != NULL && parse_zone(s, field) == -1)
		COMPLAIN(l, n, "%s must be an offset such as +08:00, or UTC",
		    o->name);
}

/*
 * A regular expression is run on titles the world writes, and compiled by a
 * library that unrolls repetitions: bounds on both.
 */
static const char *
regex_danger(const char *s)
{
	long product = 1;

	if (strlen(s) > CONFIG_REGEX_MAX_BYTES)
		return "is too long";
	for (; *s != '\0'; s++) {
		if (*s == '\\' && s[1] >= '1' && s[1] <= '9')
			return "has a back-reference, which can take forever";
		if (*s == '\\' && s[1] != '\0')
			s++;
		if (*s == '{') {
			long most = 1;
			char *end;

			for (const char *p = s + 1; (*p >= '0' && *p <= '9') ||
			    *p == ','; p = *end != '\0' ? end + 1 : end) {
				long count = strtol(p, &end, 10);

				if (count > most)
					most = count;
				if (end == p || *end != ',')
					break;
			}
			if (most > CONFIG_REGEX_REPEATS_MAX ||
			    (product *= most) > CONFIG_REGEX_REPEATS_MAX)
				return "repeats too much";
		}
	}
	return NULL;
}

static void
set_regex(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	const char *s = take_text(l, o, n), *danger;
	char message[128];
	regex_t compiled;
	int fault;

	if (s == NULL)
		return;
	danger = regex_danger(s);
	if (danger != NULL) {
		COMPLAIN(l, n, "%s %s", o->name, danger);
		return;
	}
	fault = regcomp(&compiled, s, REG_EXTENDED | REG_ICASE | REG_NOSUB);
	if (fault != 0) {
		regerror(fault, &compiled, message, sizeof(message));
		COMPLAIN(l, n, "%s is no regular expression: %s", o->name,
		    message);
		return;
	}
	regfree(&compiled);
	*(const char **)field = arena_strdup(&l->out->arena, s);
}

/* ---------------------------------------------------------------- secrets */

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
	    has_controls(n->text)) {
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

/* The value, and in ret_from how it was written unless it stands there. */
static const char *
take_secret(struct loader *l, const char *name, const struct node *n,
    const char **ret_from)
{
	const char *value;

	*ret_from = NULL;
	if (n->kind != NODE_TEXT) {
		COMPLAIN(l, n, "%s must be one value, not %s", name,
		    kind_name(n));
		return NULL;
	}
	if (n->tag == NULL) {
		value = arena_strdup(&l->out->arena, n->text);
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
	    has_controls(value)) {
		COMPLAIN(l, n, "%s must be one line of text", name);
		return NULL;
	}
	if (n->tag != NULL)
		*ret_from = arena_printf(&l->out->arena, "%s %s", n->tag,
		    n->text);
	return value;
}

const char **
value_origin(const struct option *o, struct config_source *s)
{
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
	assert(!"an option with a secret and no place for its origin");
	return NULL;
}

static struct config_source *
source_of(const struct option *o, void *field)
{
	return (struct config_source *)(void *)((char *)field - o->offset);
}

static void
set_secret(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	struct node hidden = *n;
	const char *from, *value;

	hidden.at.secret = n->tag == NULL;
	value = take_secret(l, o->name, &hidden, &from);
	if (value == NULL)
		return;
	*(const char **)field = value;
	*value_origin(o, source_of(o, field)) = from;
}

static void
set_secret_url(struct loader *l, const struct option *o,
    const struct node *n, void *field)
{
	const char *from, *value, *fault;

	value = take_secret(l, o->name, n, &from);
	if (value == NULL)
		return;
	fault = url_fault(value);
	if (fault != NULL) {
		COMPLAIN(l, n, "%s is no URL: %s", o->name, fault);
	} else if (has_userinfo(value)) {
		COMPLAIN(l, n, "%s has a name or password in it; set user "
		    "and password instead", o->name);
	} else {
		*(const char **)field = value;
		*value_origin(o, source_of(o, field)) = from;
	}
}

static void
set_proxy(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	static const char *const schemes[] = { "http://", "https://",
	    "socks4://", "socks4a://", "socks5://", "socks5h://" };
	const char *from, *value;

	value = take_secret(l, o->name, n, &from);
	if (value == NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		if (text_prefix_nocase(value, schemes[i]) &&
		    value[strlen(schemes[i])] != '\0' &&
		    strpbrk(value, " \"<>") == NULL) {
			*(const char **)field = value;
			*value_origin(o, source_of(o, field)) = from;
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
	struct node hidden = *n;
	const char *name = n->key->text;

	hidden.at.secret = n->tag == NULL;
	if (n->key->kind != NODE_TEXT || !is_token(name))
		COMPLAIN(l, n->key, "not the name of a header");
	else if (is_ours(name))
		COMPLAIN(l, n->key, "the header %s is sent by feedmill "
		    "itself", name);
	else
		h->value = take_secret(l, name, &hidden, &h->from);
	if (h->value != NULL)
		h->name = arena_strdup(&l->out->arena, name);
}

static void
set_headers(struct loader *l, const struct option *o, const struct node *n,
    void *field)
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

/* ------------------------------------------------------------------ lists */

typedef const char *item_fn(struct loader *, const struct option *,
    const struct node *);

/* A single value is a list of one. */
static void
set_items(struct loader *l, const struct option *o, const struct node *n,
    void *field, item_fn *take_item)
{
	const struct node *c = n->kind == NODE_LIST ? n->first : n;
	const char **list;
	size_t count = 0;

	if (n->kind == NODE_MAP) {
		COMPLAIN(l, n, "%s must be a list such as [a, b]", o->name);
		return;
	}
	for (const struct node *i = c; i != NULL; i = i->next)
		count++;
	list = arena_alloc(&l->out->arena, (count + 1) * sizeof(*list));
	count = 0;
	for (; c != NULL; c = n->kind == NODE_LIST ? c->next : NULL) {
		const char *item = take_item(l, o, c);

		if (item != NULL)
			list[count++] = item;
	}
	list[count] = NULL;
	*(const char *const **)field = list;
}

static const char *
take_item(struct loader *l, const struct option *o, const struct node *n)
{
	const char *s = take_text(l, o, n);

	if (s == NULL)
		return NULL;
	if (*s == '\0') {
		COMPLAIN(l, n, "%s has an empty item", o->name);
		return NULL;
	}
	return arena_strdup(&l->out->arena, s);
}

static void
set_list(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	set_items(l, o, n, field, take_item);
}

/* "1.2.3.4:80" or "[::1]:80"; addresses only, no names to be resolved. */
static int
is_address_port(const char *s)
{
	const char *colon = strrchr(s, ':');
	struct in6_addr in6;
	struct in_addr in;
	char host[64];
	size_t len;
	int64_t port;

	if (colon == NULL || (size_t)(colon - s) >= sizeof(host))
		return 0;
	port = parse_count(colon + 1);
	if (port < 0 || port > 65535)
		return 0;
	len = (size_t)(colon - s);
	memcpy(host, s, len);
	host[len] = '\0';
	if (host[0] != '[')
		return inet_pton(AF_INET, host, &in) == 1;
	if (host[len - 1] != ']')
		return 0;
	host[len - 1] = '\0';
	return inet_pton(AF_INET6, host + 1, &in6) == 1;
}

static const char *
take_listen(struct loader *l, const struct option *o, const struct node *n)
{
	const char *s = take_text(l, o, n), *path;

	if (s == NULL)
		return NULL;
	if (strncmp(s, "unix:", 5) == 0 && s[5] != '\0') {
		path = path_join(&l->out->arena, l->out->config.state, s + 5);
		if (strlen(path) <
		    sizeof(((struct sockaddr_un *)0)->sun_path))
			return arena_printf(&l->out->arena, "unix:%s", path);
		COMPLAIN(l, n, "the path of a socket is at most %zu bytes",
		    sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
		return NULL;
	}
	if (strncmp(s, "localhost:", 10) == 0)
		s = arena_printf(&l->out->arena, "127.0.0.1:%s", s + 10);
	if (is_address_port(s))
		return arena_strdup(&l->out->arena, s);
	if (parse_count(s) != -1)
		COMPLAIN(l, n, "%s needs an address before the port, such as "
		    "127.0.0.1:%s", o->name, s);
	else if (s[0] == '*')
		COMPLAIN(l, n, "%s needs an address: 0.0.0.0%s is all of "
		    "IPv4, [::]%s all of IPv6", o->name, s + 1, s + 1);
	else
		COMPLAIN(l, n, "%s must be like 127.0.0.1:8080, [::1]:8080 or "
		    "unix:PATH", o->name);
	return NULL;
}

static void
set_listen(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	set_items(l, o, n, field, take_listen);
}

/* -------------------------------------------------------------------- all */

static const struct {
	set_fn	*set;
	enum { NEVER_NULL, NULL_IS_NULL, NULL_IS_EMPTY } null;
} setters[] = {
	[OPTION_BOOL] = { set_bool, NEVER_NULL },
	[OPTION_COUNT] = { set_number, NEVER_NULL },
	[OPTION_PERCENT] = { set_number, NEVER_NULL },
	[OPTION_SIZE] = { set_number, NEVER_NULL },
	[OPTION_SECONDS] = { set_number, NEVER_NULL },
	[OPTION_MILLISECONDS] = { set_number, NEVER_NULL },
	[OPTION_WORD] = { set_word, NEVER_NULL },
	[OPTION_WORDS] = { set_words, NEVER_NULL },
	[OPTION_TEXT] = { set_text, NULL_IS_NULL },
	[OPTION_PATH] = { set_path, NULL_IS_NULL },
	[OPTION_URL] = { set_url, NULL_IS_NULL },
	[OPTION_REGEX] = { set_regex, NULL_IS_NULL },
	[OPTION_CHARSET] = { set_charset, NULL_IS_NULL },
	[OPTION_LANGUAGE] = { set_language, NULL_IS_NULL },
	[OPTION_ZONE] = { set_zone, NEVER_NULL },
	[OPTION_SECRET] = { set_secret, NULL_IS_NULL },
	[OPTION_SECRET_URL] = { set_secret_url, NEVER_NULL },
	[OPTION_PROXY] = { set_proxy, NULL_IS_NULL },
	[OPTION_LIST] = { set_list, NULL_IS_EMPTY },
	[OPTION_LISTEN] = { set_listen, NULL_IS_EMPTY },
	[OPTION_HEADERS] = { set_headers, NULL_IS_EMPTY },
};

static void
set_nothing(const struct option *o, void *field)
{
	if (setters[o->type].null == NULL_IS_NULL) {
		*(const char **)field = NULL;
		if (o->type == OPTION_SECRET || o->type == OPTION_PROXY)
			*value_origin(o, source_of(o, field)) = NULL;
	} else if (o->type == OPTION_HEADERS) {
		*(const struct config_header **)field = no_headers;
	} else if (setters[o->type].null == NULL_IS_EMPTY) {
		*(const char *const **)field = no_list;
	}
}

void
value_set(struct loader *l, const struct option *o, const struct node *n,
    void *base)
{
	void *field = (char *)base + o->offset;

	if (!node_is_null(n))
		setters[o->type].set(l, o, n, field);
	else if (setters[o->type].null == NEVER_NULL ||
	    (setters[o->type].null == NULL_IS_NULL && o->initial != NULL))
		COMPLAIN(l, n->key != NULL ? n->key : n, "%s has no value",
		    o->name);
	else
		set_nothing(o, field);
}

/* "[a, b]" as in the table, or one value, as the nodes YAML makes of it. */
static struct node *
initial_node(struct arena *a, const char *text)
{
	struct node *n = arena_zalloc(a, sizeof(*n)), **last = &n->first;

	n->text = text;
	if (text[0] != '[')
		return n;
	n->kind = NODE_LIST;
	for (const char *p = text + 1; *p != '\0' && *p != ']'; ) {
		size_t len = strcspn(p, ",]");

		*last = arena_zalloc(a, sizeof(**last));
		(*last)->text = arena_strndup(a, p, len);
		last = &(*last)->next;
		p += len + strspn(p + len, ", ");
	}
	return n;
}

void
value_set_initial(struct loader *l, const struct option *o, void *base)
{
	unsigned before = l->mistakes.errors;

	set_nothing(o, (char *)base + o->offset);
	if (o->initial != NULL)
		value_set(l, o, initial_node(&l->scratch, o->initial), base);
	assert(l->mistakes.errors == before);
}
