/*
 * resolve.c - names, their cache, and who waits for them.
 *
 *	resolve_start --+--> ready ------------------> on_soon --> done
 *	                |                    ^
 *	                '--> name's waiting -+-- answer noted, or time is up
 *
 * A name is asked once however many wait for it, and the question goes on
 * when the last of them has left: its answer is cached.  Only so many names
 * are asked at a time, since a burst of datagrams is lost; the others stand in
 * line.  done is called from on_soon() alone, and so is c-ares for those in
 * line: never from inside c-ares or resolve_start().
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include <arpa/inet.h>
#include <ev.h>

#include "feedmill/base/clock.h"
#include "feedmill/base/hash.h"
#include "feedmill/base/mem.h"
#include "feedmill/resolve.h"
#include "ares.h"

enum {
	NAMES_MAX = 4096,
	ASKED_MAX = 64,			/* two datagrams each */
	BUCKETS = 1024,			/* a power of two */
	HOST_MAX = 253,			/* RFC 1035, without the last dot */
	TTL_MIN_S = 10,			/* /etc/hosts, and publishers at 0 */
	TTL_MAX_S = 86400,
	FAILURE_TTL_S = 60,
	LOOK_AGAIN_MS = 1000,		/* has resolv.conf changed? */
};

static const char resolv_conf[] = "/etc/resolv.conf";

TAILQ_HEAD(queries, resolve_query);
TAILQ_HEAD(names, name);

struct resolve_query {
	TAILQ_ENTRY(resolve_query) link;
	struct queries		*on;		/* the list it is on */
	struct resolve		*resolve;
	struct ev_timer		 timer;
	resolve_done_fn		*done;
	void			*arg;
	struct resolved		 answer;	/* once on ready */
};

struct name {
	TAILQ_ENTRY(name)	 link;		/* least recently used first */
	TAILQ_ENTRY(name)	 line;		/* while it waits to be asked */
	struct name		*next;		/* in its bucket */
	struct resolve		*resolve;
	struct queries		 waiting;
	int			 asking;	/* or in line */
	int64_t			 good_until_ms;	/* monotonic */
	const char		*failure;
	unsigned		 count;
	union resolve_address	*address;
	char			 host[];
};

struct resolve {
	struct ev_loop		*loop;
	struct resolve_ares	*ares;
	int			 ready_to_ask;
	struct ev_timer		 soon;
	struct queries		 ready;
	struct names		 names, line;
	unsigned		 name_count, asked;
	struct name		*bucket[BUCKETS];
	struct stat		 conf;		/* of resolv.conf */
	int64_t			 looked_ms;
	int			 freeing;
};

/* ---------------------------------------------------------------- queries */

static void
query_move(struct resolve_query *q, struct queries *to)
{
	if (q->on != NULL)
		TAILQ_REMOVE(q->on, q, link);
	q->on = to;
	TAILQ_INSERT_TAIL(to, q, link);
}

static void
query_free(struct resolve_query *q)
{
	if (q->on != NULL)
		TAILQ_REMOVE(q->on, q, link);
	ev_timer_stop(q->resolve->loop, &q->timer);
	free(q);
}

static void
wake_soon(struct resolve *r)
{
	if (ev_is_active(&r->soon))
		return;
	ev_timer_set(&r->soon, 0.0, 0.0);
	ev_timer_start(r->loop, &r->soon);
}

/* The answer is known: it will be told from on_soon(). */
static void
query_ready(struct resolve_query *q)
{
	struct resolve *r = q->resolve;

	ev_timer_stop(r->loop, &q->timer);
	query_move(q, &r->ready);
	wake_soon(r);
}

static void
query_fail(struct resolve_query *q, const char *failure)
{
	q->answer.failure = failure;
	q->answer.count = 0;
	query_ready(q);
}

static void
on_query_timeout(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	(void)loop, (void)revents;
	query_fail(timer->data, "the name server does not answer in time");
}

/* ------------------------------------------------------------------ names */

static struct name **
name_slot(struct resolve *r, const char *host)
{
	uint64_t hash = hash_64(host, strlen(host), 0);
	struct name **np = &r->bucket[hash & (BUCKETS - 1)];

	while (*np != NULL && strcmp((*np)->host, host) != 0)
		np = &(*np)->next;
	return np;
}

static void
name_free(struct name *n)
{
	struct resolve *r = n->resolve;

	*name_slot(r, n->host) = n->next;
	TAILQ_REMOVE(&r->names, n, link);
	r->name_count--;
	free(n->address);
	free(n);
}

/* A name that is being asked has its pointer inside c-ares, and stays. */
static void
names_make_room(struct resolve *r)
{
	struct name *n, *next;

	for (n = TAILQ_FIRST(&r->names);
	    n != NULL && r->name_count >= NAMES_MAX; n = next) {
		next = TAILQ_NEXT(n, link);
		if (!n->asking)
			name_free(n);
	}
}

static struct name *
name_get(struct resolve *r, const char *host)
{
	struct name **np = name_slot(r, host), *n = *np;
	size_t len = strlen(host);

	if (n == NULL) {
		names_make_room(r);
		np = name_slot(r, host);	/* room moved its bucket */
		n = *np = xcalloc(1, sizeof(*n) + len + 1);
		memcpy(n->host, host, len + 1);
		n->resolve = r;
		TAILQ_INIT(&n->waiting);
		r->name_count++;
	} else {
		TAILQ_REMOVE(&r->names, n, link);
	}
	TAILQ_INSERT_TAIL(&r->names, n, link);
	return n;
}

static void
name_tell(const struct name *n, struct resolve_query *q)
{
	q->answer.failure = n->failure;
	q->answer.count = n->count;
	if (n->count > 0)
		memcpy(q->answer.address, n->address,
		    n->count * sizeof(n->address[0]));
	query_ready(q);
}

static void
note_answer(const struct resolved *answer, unsigned ttl_s, void *token)
{
	struct name *n = token;
	struct resolve_query *q;

	n->asking = 0;
	n->resolve->asked--;
	if (n->resolve->freeing)
		return;
	if (!TAILQ_EMPTY(&n->resolve->line))
		wake_soon(n->resolve);
	if (ttl_s < TTL_MIN_S)
		ttl_s = TTL_MIN_S;
	if (ttl_s > TTL_MAX_S)
		ttl_s = TTL_MAX_S;
	if (answer->failure != NULL)
		ttl_s = FAILURE_TTL_S;
	n->good_until_ms = clock_mono_ms() + (int64_t)ttl_s * 1000;
	n->failure = answer->failure;
	n->count = answer->count;
	free(n->address);
	n->address = xcalloc(answer->count, sizeof(n->address[0]));
	if (answer->count > 0)
		memcpy(n->address, answer->address,
		    answer->count * sizeof(n->address[0]));
	while ((q = TAILQ_FIRST(&n->waiting)) != NULL)
		name_tell(n, q);
}

/* What was learnt from the old name servers may not hold with the new. */
static void
names_forget(struct resolve *r)
{
	struct name *n, *next;

	for (n = TAILQ_FIRST(&r->names); n != NULL; n = next) {
		next = TAILQ_NEXT(n, link);
		if (!n->asking)
			name_free(n);
	}
}

static int
conf_differs(const struct stat *a, const struct stat *b)
{
	return a->st_ino != b->st_ino || a->st_size != b->st_size ||
	    a->st_mtim.tv_sec != b->st_mtim.tv_sec ||
	    a->st_mtim.tv_nsec != b->st_mtim.tv_nsec;
}

/* Let c-ares know the resolv.conf of now; -1: it could not be set up. */
static int
keep_current(struct resolve *r)
{
	int64_t now = clock_mono_ms();
	struct stat conf;

	if (r->ready_to_ask && now - r->looked_ms < LOOK_AGAIN_MS)
		return 0;
	r->looked_ms = now;
	memset(&conf, 0, sizeof(conf));
	(void)stat(resolv_conf, &conf);	/* none is a state as well */
	if (r->ready_to_ask && !conf_differs(&conf, &r->conf))
		return 0;
	r->conf = conf;
	names_forget(r);
	r->ready_to_ask = resolve_ares_renew(r->ares) == 0;
	return r->ready_to_ask ? 0 : -1;
}

static void
ask_those_in_line(struct resolve *r)
{
	struct name *n;

	while (r->asked < ASKED_MAX && (n = TAILQ_FIRST(&r->line)) != NULL) {
		TAILQ_REMOVE(&r->line, n, line);
		n->asking = !TAILQ_EMPTY(&n->waiting);
		if (!n->asking)
			continue;	/* all have left meanwhile */
		r->asked++;
		resolve_ares_ask(r->ares, n->host, n);
	}
}

static void
ask(struct resolve *r, const char *host, struct resolve_query *q,
    unsigned timeout_ms)
{
	int broken = keep_current(r) == -1;
	struct name *n = name_get(r, host);

	if (!n->asking && clock_mono_ms() < n->good_until_ms) {
		name_tell(n, q);
		return;
	}
	if (broken && !n->asking) {
		query_fail(q, "the resolver could not be set up");
		return;
	}
	ev_timer_set(&q->timer, timeout_ms / 1000.0, 0.0);
	ev_timer_start(r->loop, &q->timer);
	query_move(q, &n->waiting);
	if (!n->asking) {
		n->asking = 1;
		TAILQ_INSERT_TAIL(&r->line, n, line);
		if (r->asked < ASKED_MAX)
			ask_those_in_line(r);
	}
}

static void
on_soon(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct resolve *r = timer->data;
	struct queries batch = TAILQ_HEAD_INITIALIZER(batch);
	struct resolve_query *q;

	(void)loop, (void)revents;
	/* done may start and cancel: those of now, from a list of their own. */
	while ((q = TAILQ_FIRST(&r->ready)) != NULL)
		query_move(q, &batch);
	while ((q = TAILQ_FIRST(&batch)) != NULL) {
		TAILQ_REMOVE(&batch, q, link);
		q->on = NULL;
		q->done(&q->answer, q->arg);
		query_free(q);
	}
	ask_those_in_line(r);
}

/* ------------------------------------------------- names that need no DNS */

static void
answer_add(struct resolved *a, int family, const void *address)
{
	union resolve_address *to = &a->address[a->count++];

	memset(to, 0, sizeof(*to));
	to->any.sa_family = (sa_family_t)family;
	if (family == AF_INET)
		memcpy(&to->in4.sin_addr, address, sizeof(to->in4.sin_addr));
	else
		memcpy(&to->in6.sin6_addr, address,
		    sizeof(to->in6.sin6_addr));
}

/* Also 2130706433, 0x7f.1 and 0177.0.0.1: what a C library would make of
 * them is what the guard has to see. */
static int
answer_numeric(const char *host, struct resolved *ret)
{
	struct in6_addr six;
	struct in_addr four;

	if (strchr(host, ':') != NULL && inet_pton(AF_INET6, host, &six) == 1)
		answer_add(ret, AF_INET6, &six);
	else if (inet_aton(host, &four) != 0)
		answer_add(ret, AF_INET, &four);
	return ret->count > 0;
}

static int
host_is_under(const char *host, const char *domain)
{
	size_t h = strlen(host), d = strlen(domain);

	if (h < d || strcasecmp(host + h - d, domain) != 0)
		return 0;
	return h == d || host[h - d - 1] == '.';
}

/* RFC 6761 section 6.3: localhost is never asked of a name server. */
static int
answer_localhost(const char *host, struct resolved *ret)
{
	const struct in_addr four = { htonl(INADDR_LOOPBACK) };

	if (!host_is_under(host, "localhost"))
		return 0;
	answer_add(ret, AF_INET, &four);
	answer_add(ret, AF_INET6, &in6addr_loopback);
	return 1;
}

/* As caches and c-ares want it: lower case, no last dot, no brackets. */
static int
host_tidy(const char *host, char out[HOST_MAX + 1])
{
	size_t len = strlen(host);

	if (len >= 2 && host[0] == '[' && host[len - 1] == ']')
		host++, len -= 2;
	else if (len > 0 && host[len - 1] == '.')
		len--;
	if (len == 0 || len > HOST_MAX)
		return -1;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)host[i];

		if (c <= ' ' || c >= 0x7f)
			return -1;
		out[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	out[len] = '\0';
	return 0;
}

/* ----------------------------------------------------------------- public */

struct resolve_query *
resolve_start(struct resolve *r, const char *host, unsigned timeout_ms,
    resolve_done_fn *done, void *arg)
{
	struct resolve_query *q = xmalloc(sizeof(*q));
	char tidy[HOST_MAX + 1];

	q->on = NULL;
	q->resolve = r;
	q->done = done;
	q->arg = arg;
	q->answer.failure = NULL;
	q->answer.count = 0;
	ev_init(&q->timer, on_query_timeout);
	q->timer.data = q;

	if (host_tidy(host, tidy) == -1)
		query_fail(q, "not a host name");
	else if (answer_numeric(tidy, &q->answer) ||
	    answer_localhost(tidy, &q->answer))
		query_ready(q);
	else if (host_is_under(tidy, "onion"))	/* RFC 7686 */
		query_fail(q, "an .onion name is not in the DNS");
	else
		ask(r, tidy, q, timeout_ms);
	return q;
}

void
resolve_cancel(struct resolve_query *q)
{
	if (q != NULL)
		query_free(q);
}

struct resolve *
resolve_new(struct ev_loop *loop)
{
	struct resolve *r = xcalloc(1, sizeof(*r));

	r->loop = loop;
	TAILQ_INIT(&r->ready);
	TAILQ_INIT(&r->names);
	TAILQ_INIT(&r->line);
	ev_init(&r->soon, on_soon);
	r->soon.data = r;
	r->ares = resolve_ares_new(loop, note_answer);
	return r;
}

void
resolve_free(struct resolve *r)
{
	struct resolve_query *q;
	struct name *n;

	if (r == NULL)
		return;
	r->freeing = 1;
	resolve_ares_free(r->ares);
	while ((q = TAILQ_FIRST(&r->ready)) != NULL)
		query_free(q);
	while ((n = TAILQ_FIRST(&r->names)) != NULL) {
		while ((q = TAILQ_FIRST(&n->waiting)) != NULL)
			query_free(q);
		name_free(n);
	}
	ev_timer_stop(r->loop, &r->soon);
	free(r);
}
