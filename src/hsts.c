/*
 * hsts.c - see hsts.h.
 *
 * The hosts are a sorted list: it is asked for every URL and changed once a
 * host.  When it is full, whoever would be forgotten first is: hosts that are
 * asked move their end on with every answer.
 */
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/hsts.h"

enum { HOST_MAX = 253, DAY_MS = 24 * 3600 * 1000 };
static const int64_t age_max_s = 366 * INT64_C(86400);

struct known {
	char		*host;
	int		 subdomains;
	int64_t		 until_ms;
	int64_t		 told_ms;	/* until_ms, when it was told last */
};

struct hsts {
	hsts_changed_fn	*changed;
	void		*arg;
	struct known	*list;		/* sorted by host */
	size_t		 count, cap;
};

/* ------------------------------------------------------------- the field */

struct policy {
	int64_t		 age_s;		/* -1: not said */
	int		 subdomains;	/* said so often */
};

static const char *
skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

/* RFC 9110 section 5.6.2 */
static size_t
token_length(const char *s)
{
	return strspn(s, "!#$%&'*+-.^_`|~0123456789"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
}

/* Bytes of a token or a quoted string, quotes included; 0: neither. */
static size_t
value_length(const char *s)
{
	size_t n = 1;

	if (*s != '"')
		return token_length(s);
	for (; s[n] != '"'; n++) {
		if (s[n] == '\\' && s[n + 1] != '\0')
			n++;
		else if (s[n] == '\0')
			return 0;
	}
	return n + 1;
}

/* Digits, quoted or not; larger ones become the largest.  -1: others. */
static int64_t
read_age(const char *s, size_t len)
{
	int64_t n = 0;

	if (len >= 2 && *s == '"')
		s++, len -= 2;
	if (len == 0)
		return -1;
	for (; len > 0; s++, len--) {
		if (*s < '0' || *s > '9')
			return -1;
		if (n <= age_max_s)
			n = n * 10 + (*s - '0');
	}
	return n < age_max_s ? n : age_max_s;
}

static int
name_is(const char *s, size_t len, const char *name)
{
	return strlen(name) == len && text_prefix_nocase(s, name);
}

/* value NULL: it has none.  -1: this cannot be said so. */
static int
take_directive(struct policy *p, const char *name, size_t name_len,
    const char *value, size_t value_len)
{
	if (name_is(name, name_len, "max-age")) {
		if (value == NULL || p->age_s != -1)
			return -1;
		p->age_s = read_age(value, value_len);
		return p->age_s == -1 ? -1 : 0;
	}
	if (name_is(name, name_len, "includeSubDomains"))
		return value != NULL || p->subdomains++ > 0 ? -1 : 0;
	return 0;		/* "preload" and what may come yet */
}

/* RFC 6797 section 6.1: any fault, and nothing was said. */
static int
read_policy(const char *s, struct policy *p)
{
	*p = (struct policy){ .age_s = -1 };
	for (;;) {
		const char *name = skip_blanks(s), *value = NULL;
		size_t name_len = token_length(name), value_len = 0;

		s = skip_blanks(name + name_len);
		if (*s == '=' && name_len > 0) {
			value = skip_blanks(s + 1);
			value_len = value_length(value);
			if (value_len == 0)
				return -1;
			s = skip_blanks(value + value_len);
		}
		if ((*s != ';' && *s != '\0') || (name_len > 0 &&
		    take_directive(p, name, name_len, value, value_len) ==
		    -1))
			return -1;
		if (*s++ == '\0')
			return p->age_s == -1 ? -1 : 0;
	}
}

/* -------------------------------------------------------------- the hosts */

/* "A.Example." is "a.example"; 0: no name at all. */
static int
name_of(const char *host, char ret[HOST_MAX + 1])
{
	unsigned char address[16];
	size_t len = strlen(host);

	if (len > 0 && host[len - 1] == '.')
		len--;
	if (len == 0 || len > HOST_MAX)
		return 0;
	for (size_t i = 0; i < len; i++)
		ret[i] = host[i] >= 'A' && host[i] <= 'Z' ?
		    (char)(host[i] | 0x20) : host[i];
	ret[len] = '\0';
	return inet_pton(AF_INET, ret, address) != 1 &&
	    inet_pton(AF_INET6, ret, address) != 1;
}

/* Where it is, or should be. */
static size_t
place_of(const struct hsts *h, const char *name, int *ret_found)
{
	size_t low = 0, high = h->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(h->list[middle].host, name);

		if (order == 0) {
			*ret_found = 1;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_found = 0;
	return low;
}

static void
tell(struct hsts *h, struct known *k)
{
	k->told_ms = k->until_ms;
	h->changed(&(struct hsts_entry){ k->host, k->subdomains,
	    k->until_ms }, h->arg);
}

static void
forget(struct hsts *h, size_t i)
{
	h->list[i].until_ms = 0;
	tell(h, &h->list[i]);
	free(h->list[i].host);
	memmove(&h->list[i], &h->list[i + 1],
	    (--h->count - i) * sizeof(h->list[0]));
}

static void
make_room(struct hsts *h)
{
	size_t first = 0;

	if (h->count < HSTS_HOSTS_MAX)
		return;
	for (size_t i = 1; i < h->count; i++)
		if (h->list[i].until_ms < h->list[first].until_ms)
			first = i;
	forget(h, first);
}

static struct known *
add(struct hsts *h, const char *name)
{
	size_t i;
	int found;

	make_room(h);
	if (h->count == h->cap) {
		h->cap = h->cap > 0 ? 2 * h->cap : 64;
		h->list = xrealloc(h->list, h->cap * sizeof(h->list[0]));
	}
	i = place_of(h, name, &found);
	memmove(&h->list[i + 1], &h->list[i],
	    (h->count++ - i) * sizeof(h->list[0]));
	h->list[i] = (struct known){ .host = xstrdup(name) };
	return &h->list[i];
}

/* Its end moves with every answer: not each is worth a line in a database. */
static int
is_worth_telling(const struct known *k, int subdomains, int64_t age_ms)
{
	int64_t moved_ms = k->until_ms - k->told_ms;
	int64_t enough_ms = age_ms / 4 < DAY_MS ? age_ms / 4 : DAY_MS;

	return k->subdomains != subdomains || moved_ms < 0 ||
	    moved_ms >= enough_ms;
}

/* ----------------------------------------------------------------- public */

struct hsts *
hsts_new(hsts_changed_fn *changed, void *arg)
{
	struct hsts *h = xcalloc(1, sizeof(*h));

	h->changed = changed;
	h->arg = arg;
	return h;
}

void
hsts_free(struct hsts *h)
{
	if (h == NULL)
		return;
	for (size_t i = 0; i < h->count; i++)
		free(h->list[i].host);
	free(h->list);
	free(h);
}

void
hsts_remember(struct hsts *h, const struct hsts_entry *e, int64_t now_ms)
{
	char name[HOST_MAX + 1];
	struct known *k;
	int found;

	if (e->until_ms <= now_ms || !name_of(e->host, name))
		return;
	place_of(h, name, &found);
	if (found || h->count == HSTS_HOSTS_MAX)
		return;
	k = add(h, name);
	k->subdomains = e->subdomains;
	k->until_ms = k->told_ms = e->until_ms;
}

void
hsts_hear(struct hsts *h, const char *host, const char *value,
    int64_t now_ms)
{
	char name[HOST_MAX + 1];
	struct policy policy;
	int found, worth;
	struct known *k;
	size_t i;

	if (!name_of(host, name) || read_policy(value, &policy) == -1)
		return;
	i = place_of(h, name, &found);
	if (policy.age_s == 0) {
		if (found)
			forget(h, i);
		return;
	}
	k = found ? &h->list[i] : add(h, name);
	k->until_ms = now_ms + policy.age_s * 1000;
	worth = is_worth_telling(k, policy.subdomains, policy.age_s * 1000);
	k->subdomains = policy.subdomains;
	if (worth)
		tell(h, k);
}

int64_t
hsts_until(const struct hsts *h, const char *host, int64_t now_ms)
{
	char name[HOST_MAX + 1];
	int found;

	if (!name_of(host, name))
		return 0;
	for (const char *part = name;; part++) {
		size_t i = place_of(h, part, &found);

		if (found && h->list[i].until_ms > now_ms &&
		    (part == name || h->list[i].subdomains))
			return h->list[i].until_ms;
		part = strchr(part, '.');
		if (part == NULL)
			return 0;
	}
}
