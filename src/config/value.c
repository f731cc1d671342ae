/*
 * value.c - from a node to the typed value its option asks for.
 *
 * YAML's own guesses (is "no" a boolean, is "1e3" a number?) are not made:
 * every scalar is text, and the option says what it must mean.  A value that
 * does not fit is added to the mistakes and leaves the default.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "private.h"
#include "value.h"

enum { SHOWN_MAX_BYTES = 60 };	/* of a value, in a sentence */

static const char *const no_list[] = { NULL };
static const struct config_header no_headers[] = { { NULL, NULL, NULL } };

const char *
value_kind_name(const struct node *n)
{
	static const char *const names[] = {
		[NODE_TEXT] = "text", [NODE_LIST] = "a list",
		[NODE_MAP] = "a group of settings"
	};

	return names[n->kind];
}

int
value_has_controls(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7F)
			return 1;
	return 0;
}

/* The node as one line of text; NULL: it is none, and that is said. */
const char *
value_take_text(struct loader *l, const struct option *o, const struct node *n)
{
	if (n->kind != NODE_TEXT) {
		COMPLAIN(l, n, "%s must be one value, not %s", o->name,
		    value_kind_name(n));
	} else if (n->tag != NULL) {
		COMPLAIN(l, n, "%s cannot be given by a tag (\"!\")",
		    o->name);
	} else if (strlen(n->text) > CONFIG_TEXT_MAX_BYTES) {
		COMPLAIN(l, n, "%s is longer than %d bytes", o->name,
		    CONFIG_TEXT_MAX_BYTES);
	} else if (value_has_controls(n->text)) {
		COMPLAIN(l, n, "%s must be one line", o->name);
	} else {
		return n->text;
	}
	return NULL;
}

void
value_refuse(struct loader *l, const struct option *o, const struct node *n,
    const char *fmt, ...)
{
	struct buf what = { 0 };
	size_t len = strlen(n->text);
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&what, fmt, ap);
	va_end(ap);
	COMPLAIN(l, n, "%s must be %s, not \"%.*s%s\"", o->name,
	    buf_str(&what), (int)text_utf8_cut(n->text, len, SHOWN_MAX_BYTES),
	    n->text, len > SHOWN_MAX_BYTES ? "..." : "");
	buf_fini(&what);
}

/* ----------------------------------------------------------------- numbers */

static void
set_bool(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	static const struct { const char *word; int means; } words[] = {
		{ "true", 1 }, { "false", 0 }, { "yes", 1 }, { "no", 0 },
		{ "on", 1 }, { "off", 0 },
	};
	const char *s = value_take_text(l, o, n);

	if (s == NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (text_equal_nocase(s, words[i].word)) {
			*(int *)field = words[i].means;
			return;
		}
	}
	value_refuse(l, o, n, "true or false");
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
	const char *s = value_take_text(l, o, n);
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
		value_refuse(l, o, n, "%s%s%s", kind->what,
		    o->zero != NULL ? ", or " : "",
		    o->zero != NULL ? o->zero : "");
		return;
	}
	if ((value < o->min || value > o->max) &&
	    !(value == 0 && o->zero != NULL)) {
		kind->format(o->min, min);
		kind->format(o->max, max);
		value_refuse(l, o, n, "from %s to %s%s%s", min, max,
		    o->zero != NULL ? ", or " : "",
		    o->zero != NULL ? o->zero : "");
		return;
	}
	*(int64_t *)field = o->type == OPTION_MILLISECONDS ? value * 1000 :
	    value;
}

/* ------------------------------------------------------------------- words */

static int
find_word(struct loader *l, const struct option *o, const struct node *n)
{
	const char *s = value_take_text(l, o, n), *near;
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
		COMPLAIN(l, n, "%s must be %s, not \"%.60s\"; did you mean "
		    "\"%s\"?", o->name, buf_str(&all), s, near);
	else
		value_refuse(l, o, n, "%s", buf_str(&all));
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

/* ------------------------------------------------------------------- lists */

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
	const char *s = value_take_text(l, o, n);

	if (s == NULL)
		return NULL;
	if (*s == '\0') {
		COMPLAIN(l, n, "%s has an empty item", o->name);
		return NULL;
	}
	return arena_strdup(&l->out->arena, s);
}

static void
set_urls(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	set_items(l, o, n, field, value_take_url);
}

static const char *
take_path(struct loader *l, const struct option *o, const struct node *n)
{
	const char *s = take_item(l, o, n);

	return s == NULL ? NULL : path_join(&l->out->arena,
	    l->out->config.state, s);
}

static void
set_paths(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	set_items(l, o, n, field, take_path);
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
	const char *s = value_take_text(l, o, n), *path;

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
		    "127.0.0.1:%.5s", o->name, s);
	else if (s[0] == '*')
		COMPLAIN(l, n, "%s needs an address: 0.0.0.0%.6s is all of "
		    "IPv4, [::]%.6s all of IPv6", o->name, s + 1, s + 1);
	else
		value_refuse(l, o, n, "like 127.0.0.1:8080, [::1]:8080 or "
		    "unix:PATH");
	return NULL;
}

static void
set_listen(struct loader *l, const struct option *o, const struct node *n,
    void *field)
{
	set_items(l, o, n, field, take_listen);
}

/* --------------------------------------------------------------------- all */

static const struct {
	value_set_fn *set;
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
	[OPTION_TEXT] = { value_set_text, NULL_IS_NULL },
	[OPTION_PATH] = { value_set_path, NULL_IS_NULL },
	[OPTION_URL] = { value_set_url, NULL_IS_NULL },
	[OPTION_REGEX] = { value_set_regex, NULL_IS_NULL },
	[OPTION_CHARSET] = { value_set_charset, NULL_IS_NULL },
	[OPTION_LANGUAGE] = { value_set_language, NULL_IS_NULL },
	[OPTION_ZONE] = { value_set_zone, NEVER_NULL },
	[OPTION_SECRET] = { value_set_secret, NULL_IS_NULL },
	[OPTION_SECRET_URL] = { value_set_secret_url, NEVER_NULL },
	[OPTION_PROXY] = { value_set_proxy, NULL_IS_NULL },
	[OPTION_LIST] = { set_list, NULL_IS_EMPTY },
	[OPTION_LISTEN] = { set_listen, NULL_IS_EMPTY },
	[OPTION_PATHS] = { set_paths, NULL_IS_EMPTY },
	[OPTION_URLS] = { set_urls, NULL_IS_EMPTY },
	[OPTION_HEADERS] = { value_set_headers, NULL_IS_EMPTY },
};

static void
set_nothing(const struct option *o, void *field)
{
	if (setters[o->type].null == NULL_IS_NULL) {
		*(const char **)field = NULL;
		if (o->type == OPTION_SECRET || o->type == OPTION_PROXY)
			*value_origin(o, field) = NULL;
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
