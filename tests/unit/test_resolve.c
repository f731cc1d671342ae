/*
 * test_resolve.c - names resolved, against a name server of our own.
 *
 * The test goes into a network namespace with its own resolv.conf and hosts,
 * and answers the questions itself, on the same loop: a resolver that blocked
 * would never get its answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#include "fetch_rig.h"

static const struct fetch_limits limits = {
	.header_bytes = 65536, .header_lines = 300, .redirects = 5,
	.connections = 64, .connections_per_host = 64,
};

/* ------------------------------------------------------------ name server */

enum { A = 1, CNAME = 5, AAAA = 28, NXDOMAIN = 3, SERVFAIL = 2 };

static const struct record {
	const char	*name;		/* first label */
	int		 code;		/* -1: no answer at all */
	int		 cname;
	unsigned	 fours, sixes;
	int		 deaf_to;	/* questions of this type */
} records[] = {
	{ .name = "one", .fours = 1 },
	{ .name = "six", .sixes = 1 },
	{ .name = "both", .fours = 2, .sixes = 3 },
	{ .name = "many", .fours = 40 },
	{ .name = "alias", .fours = 1, .cname = 1 },
	{ .name = "none", .code = NXDOMAIN },
	{ .name = "empty" },
	{ .name = "fail", .code = SERVFAIL },
	{ .name = "hang", .code = -1 },
	{ .name = "half", .fours = 1, .deaf_to = AAAA },
	{ .name = "other", .sixes = 1, .deaf_to = A },
	{ .name = "neither", .deaf_to = AAAA },
	{ .name = "local", .fours = 1 },
};

static struct server {
	struct ev_io	 io;
	unsigned	 asked;
	char		 last[256];
} servers[2];

static size_t
put_record(unsigned char *p, const char *owner, int type, const void *data,
    size_t len)
{
	const unsigned char head[] = { 0, (unsigned char)type, 0, 1,
	    0, 0, 1, 44, 0, (unsigned char)len };	/* 300 s */

	memcpy(p, owner, 2);
	memcpy(p + 2, head, sizeof(head));
	memcpy(p + 2 + sizeof(head), data, len);
	return 2 + sizeof(head) + len;
}

/* A name of digits is at 127.0.0.1; 10.0.0.N and 2600::N are the others. */
static size_t
put_answers(unsigned char *p, const struct record *r, int type, int digits,
    unsigned *count)
{
	unsigned n = type == A ? r->fours : type == AAAA ? r->sixes : 0;
	unsigned char *start = p;
	const char *owner = "\xc0\x0c";

	if (r->cname && n > 0) {
		p += put_record(p, owner, CNAME, "\1x\4test\0", 8);
		owner = "\xc0\x28";	/* where that x.test stands */
		(*count)++;
	}
	for (unsigned i = 1; i <= n; i++) {
		unsigned char four[4] = { 10, 0, 0, (unsigned char)i };
		unsigned char six[16] = { 0x26, [15] = (unsigned char)i };

		if (digits)
			memcpy(four, "\x7f\0\0\1", 4);
		p += type == A ? put_record(p, owner, A, four, 4) :
		    put_record(p, owner, AAAA, six, 16);
		(*count)++;
	}
	return (size_t)(p - start);
}

static const struct record *
find_record(const char *name)
{
	static const struct record digits = { .fours = 1 },
	    unknown = { .code = NXDOMAIN };

	for (size_t i = 0; i < ARRAY_LEN(records); i++) {
		size_t len = strlen(records[i].name);

		if (strncmp(name, records[i].name, len) == 0 &&
		    name[len] == '.')
			return &records[i];
	}
	return *name >= '0' && *name <= '9' ? &digits : &unknown;
}

static void
on_question(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct server *s = (struct server *)io;
	unsigned char q[600], a[4096];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	const struct record *r;
	unsigned count = 0;
	size_t at = 12, len, n = 0;
	ssize_t got;
	int type;

	(void)loop, (void)revents;
	got = recvfrom(io->fd, q, sizeof(q), 0, (struct sockaddr *)&from,
	    &from_len);
	assert_true(got > 17);
	while (q[at] != 0) {
		memcpy(s->last + n, q + at + 1, q[at]);
		n += q[at];
		s->last[n++] = '.';
		at += 1u + q[at];
	}
	s->last[n] = '\0';
	s->asked++;
	type = q[at + 2];
	len = at + 5;
	r = find_record(s->last);
	if (r->code == -1 || type == r->deaf_to)
		return;
	memcpy(a, q, len);
	len += put_answers(a + len, r, type, r->name == NULL, &count);
	a[2] = 0x81;
	a[3] = (unsigned char)(0x80 | r->code);
	memcpy(a + 4, "\0\1\0\0\0\0\0\0", 8);
	a[7] = (unsigned char)count;
	sendto(io->fd, a, len, 0, (struct sockaddr *)&from, from_len);
}

static void
server_start(struct server *s, const char *address)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
	    .sin_port = htons(53) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, address, &a.sin_addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ev_io_init(&s->io, on_question, fd, EV_READ);
	ev_io_start(rig.loop, &s->io);
}

/* ---------------------------------------------------------------- helpers */

static struct answer {
	int		 times;
	char		 failure[128];
	unsigned	 count;
	char		 address[RESOLVE_ADDRESSES_MAX][INET6_ADDRSTRLEN];
} answers[8];

static int waiting;

static void
on_answer(const struct resolved *r, void *arg)
{
	struct answer *a = arg;

	a->times++;
	a->failure[0] = '\0';
	if (r->failure != NULL)
		snprintf(a->failure, sizeof(a->failure), "%s", r->failure);
	assert_int_equal(r->failure != NULL, r->count == 0);
	a->count = r->count;
	for (unsigned i = 0; i < r->count; i++) {
		const union resolve_address *at = &r->address[i];

		inet_ntop(at->any.sa_family, at->any.sa_family == AF_INET ?
		    (const void *)&at->in4.sin_addr :
		    (const void *)&at->in6.sin6_addr, a->address[i],
		    INET6_ADDRSTRLEN);
	}
	if (--waiting == 0)
		ev_break(rig.loop, EVBREAK_ALL);
}

static struct resolve_query *
start(unsigned i, const char *name, unsigned timeout_ms)
{
	memset(&answers[i], 0, sizeof(answers[i]));
	waiting++;
	return resolve_start(rig.resolve, name, timeout_ms, on_answer,
	    &answers[i]);
}

static const struct answer *
ask(const char *name)
{
	start(0, name, 5000);
	assert_int_equal(answers[0].times, 0);
	rig_run();
	assert_int_equal(answers[0].times, 1);
	return &answers[0];
}

static void
expect_addresses(const char *name, unsigned n, const char *const *expected)
{
	const struct answer *a = ask(name);

	if (a->count != n)
		fail_msg("%s: %u addresses, %s", name, a->count, a->failure);
	for (unsigned i = 0; i < n; i++)
		assert_string_equal(a->address[i], expected[i]);
}

#define EXPECT(name, ...)						\
	expect_addresses(name, ARRAY_LEN(((const char *[]){ __VA_ARGS__ })), \
	    (const char *const[]){ __VA_ARGS__ })

/* ------------------------------------------------------------------ tests */

static void
some_names_need_no_server(void **state)
{
	unsigned asked = servers[0].asked;

	(void)state;
	EXPECT("192.0.2.7", "192.0.2.7");
	EXPECT("[2001:db8::7]", "2001:db8::7");
	EXPECT("2001:DB8::7", "2001:db8::7");
	EXPECT("2130706433", "127.0.0.1");
	EXPECT("localhost", "127.0.0.1", "::1");
	EXPECT("Sub.LocalHost.", "127.0.0.1", "::1");
	EXPECT("in-hosts.example", "192.0.2.99");
	assert_string_equal(ask("hidden.onion")->failure,
	    "an .onion name is not in the DNS");
	assert_string_equal(ask("")->failure, "not a host name");
	assert_string_equal(ask("a b")->failure, "not a host name");
	assert_int_equal(servers[0].asked, asked);
}

static void
addresses_take_turns(void **state)
{
	(void)state;
	EXPECT("one.test", "10.0.0.1");
	EXPECT("six.test", "2600::1");
	EXPECT("both.test", "2600::1", "10.0.0.1", "2600::2", "10.0.0.2",
	    "2600::3");
	EXPECT("alias.test", "10.0.0.1");
	assert_int_equal(ask("many.test")->count, RESOLVE_ADDRESSES_MAX);
}

static void
failures_are_sentences(void **state)
{
	(void)state;
	assert_string_equal(ask("none.test")->failure, "no such host name");
	assert_string_equal(ask("empty.test")->failure,
	    "the host name has no address");
	assert_string_equal(ask("fail.test")->failure,
	    "no name server gave an answer");
}

static void
answers_and_failures_are_kept(void **state)
{
	unsigned asked;

	(void)state;
	ask("one.test");
	ask("none.test");
	asked = servers[0].asked;
	for (int i = 0; i < 3; i++) {
		EXPECT("one.test", "10.0.0.1");
		EXPECT("ONE.Test.", "10.0.0.1");
		assert_string_equal(ask("none.test")->failure,
		    "no such host name");
	}
	assert_int_equal(servers[0].asked, asked);
}

static void
a_name_is_asked_once_for_all_who_wait(void **state)
{
	unsigned asked = servers[0].asked;

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		start(i, "one.merged.test", 5000);
	rig_run();
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(answers[i].times, 1);
		assert_string_equal(answers[i].address[0], "10.0.0.1");
	}
	assert_int_equal(servers[0].asked - asked, 2);	/* A and AAAA */
}

static void
who_cancels_is_not_told(void **state)
{
	struct resolve_query *waits, *ready;

	(void)state;
	waits = start(0, "one.cancel.test", 5000);
	start(1, "one.cancel.test", 5000);
	ready = start(2, "192.0.2.1", 5000);
	resolve_cancel(waits);
	resolve_cancel(ready);
	resolve_cancel(NULL);
	waiting -= 2;
	rig_run();
	assert_int_equal(answers[0].times, 0);
	assert_int_equal(answers[1].times, 1);
	assert_int_equal(answers[2].times, 0);

	/* With nobody left the answer is still kept. */
	waits = start(0, "one.later.test", 5000);
	resolve_cancel(waits);
	waiting--;
	ask("one.elsewhere.test");
	assert_int_equal(ask("one.later.test")->count, 1);
}

static void
tick(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	(void)loop, (void)revents;
	(*(int *)timer->data)++;
}

static void
silence_blocks_nobody(void **state)
{
	struct ev_timer timer;
	int ticks = 0;

	(void)state;
	ev_timer_init(&timer, tick, 0.01, 0.01);
	timer.data = &ticks;
	ev_timer_start(rig.loop, &timer);
	start(0, "hang.test", 300);
	start(1, "hang.test", 500);
	rig_run();
	ev_timer_stop(rig.loop, &timer);
	assert_string_equal(answers[0].failure,
	    "the name server does not answer in time");
	assert_string_equal(answers[1].failure, answers[0].failure);
	assert_true(ticks >= 10);
}

/* Some servers never answer AAAA: that costs a moment, not the address, and
 * not the two seconds after which c-ares would ask again. */
static void
half_an_answer_is_one(void **state)
{
	unsigned asked = servers[0].asked;

	(void)state;
	start(0, "half.test", 15000);
	start(1, "other.test", 15000);
	rig_run();
	assert_string_equal(answers[0].failure, "");
	assert_int_equal(answers[0].count, 1);
	assert_string_equal(answers[0].address[0], "10.0.0.1");
	assert_int_equal(answers[1].count, 1);
	assert_string_equal(answers[1].address[0], "2600::1");
	assert_int_equal(servers[0].asked, asked + 4);
	/* No address is half an answer only when the other half is one. */
	start(0, "neither.test", 15000);
	rig_run();
	assert_string_equal(answers[0].failure,
	    "the name server does not answer");
	assert_true(servers[0].asked > asked + 6);
}

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
new_name_servers_are_noticed(void **state)
{
	unsigned asked;

	(void)state;
	ask("one.test");
	start(1, "hang.test", 3000);	/* open at the old one meanwhile */
	write_file("/etc/resolv.conf", "nameserver 127.0.0.2\n"
	    "options timeout:1\n");
	usleep(1100 * 1000);		/* it is looked at once a second */
	asked = servers[1].asked;
	start(0, "one.test", 5000);
	rig_run();
	assert_string_equal(answers[0].address[0], "10.0.0.1");
	assert_int_equal(answers[1].times, 1);
	assert_true(servers[1].asked > asked);
}

/* A thousand at once, and no datagram too many for the server. */
static void
a_crowd_stands_in_line(void **state)
{
	unsigned asked = servers[1].asked;
	char name[32];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "one.crowd%d.test", i);
		start((unsigned)i % 8, name, 5000);
	}
	rig_run();
	assert_int_equal(waiting, 0);
	assert_int_equal(servers[1].asked - asked, 2000);
}

static void
the_cache_is_bounded(void **state)
{
	unsigned asked;
	char name[32];

	(void)state;
	ask("one.first.test");
	for (int i = 0; i < 4200; i++) {
		snprintf(name, sizeof(name), "one.n%d.test", i);
		ask(name);
	}
	asked = servers[1].asked;
	ask(name);
	assert_int_equal(servers[1].asked, asked);
	ask("one.first.test");
	assert_int_equal(servers[1].asked, asked + 2);
}

/* More hosts than there are pins: each is fetched, and again. */
static void
pins_are_replaced_as_hosts_come(void **state)
{
	struct origin origin;
	struct fetch_order o;
	char url[64];

	(void)state;
	origin_start(&origin, "tests/unit/test_fetch.json", NULL);
	o = rig_order(&origin, "");
	o.url = url;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 700; i++) {
			snprintf(url, sizeof(url), "http://%d.test:%d/feed",
			    i, origin.port);
			if (i % 7 == 0 && i > 0)
				rig_run();
			rig_start(&o);
		}
		rig_run();
	}
	assert_int_equal(rig_count(&origin), 1400);
	o.allow_private_addresses = 0;
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_REFUSED_ADDRESS);
	origin_stop(&origin);
}

static void
nobody_is_told_after_the_end(void **state)
{
	struct resolve *r = resolve_new(rig.loop);

	(void)state;
	memset(answers, 0, sizeof(answers));
	resolve_start(r, "hang.test", 5000, on_answer, &answers[0]);
	resolve_start(r, "hang.test", 5000, on_answer, &answers[1]);
	resolve_start(r, "192.0.2.1", 5000, on_answer, &answers[2]);
	waiting++;		/* the third will be told, then not wait */
	ask("one.test");
	assert_int_equal(answers[2].times, 1);
	resolve_start(r, "192.0.2.1", 5000, on_answer, &answers[3]);
	resolve_free(r);
	ev_run(rig.loop, EVRUN_NOWAIT);
	assert_int_equal(answers[1].times + answers[3].times, 0);
}

/* ------------------------------------------------------------- namespaces */

static void
map_ids(unsigned uid, unsigned gid)
{
	char text[32];
	int fd;

	snprintf(text, sizeof(text), "0 %u 1", uid);
	fd = open("/proc/self/uid_map", O_WRONLY);
	(void)!write(fd, text, strlen(text));
	close(fd);
	fd = open("/proc/self/setgroups", O_WRONLY);
	(void)!write(fd, "deny", 4);
	close(fd);
	snprintf(text, sizeof(text), "0 %u 1", gid);
	fd = open("/proc/self/gid_map", O_WRONLY);
	(void)!write(fd, text, strlen(text));
	close(fd);
}

static int
mount_over(const char *path, const char *text)
{
	char own[] = "/tmp/feedmill-resolve-XXXXXX";
	int fd = mkstemp(own), result;

	if (fd == -1 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return -1;
	close(fd);
	result = mount(own, path, "none", MS_BIND, NULL);
	unlink(own);
	return result;
}

/* A network of nothing but lo, and name servers of our own. */
static int
go_alone(void)
{
	unsigned uid = getuid(), gid = getgid();
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWNET | CLONE_NEWNS |
	    (uid != 0 ? CLONE_NEWUSER : 0)) == -1)
		return -1;
	if (uid != 0)
		map_ids(uid, gid);
	if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == -1)
		return -1;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd == -1 || ioctl(fd, SIOCSIFFLAGS, &lo) == -1)
		return -1;
	close(fd);
	if (mount_over("/etc/hosts", "192.0.2.99 in-hosts.example\n") == -1)
		return -1;
	return mount_over("/etc/resolv.conf", "nameserver 127.0.0.1\n");
}

static int
setup(void **state)
{
	(void)state;
	rig_init(&limits);
	server_start(&servers[0], "127.0.0.1");
	server_start(&servers[1], "127.0.0.2");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
		ev_io_stop(rig.loop, &servers[i].io);
		close(servers[i].io.fd);
	}
	rig_fini();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(some_names_need_no_server),
		cmocka_unit_test(addresses_take_turns),
		cmocka_unit_test(failures_are_sentences),
		cmocka_unit_test(answers_and_failures_are_kept),
		cmocka_unit_test(a_name_is_asked_once_for_all_who_wait),
		cmocka_unit_test(who_cancels_is_not_told),
		cmocka_unit_test(silence_blocks_nobody),
		cmocka_unit_test(half_an_answer_is_one),
		/* From here on by the second server. */
		cmocka_unit_test(new_name_servers_are_noticed),
		cmocka_unit_test(a_crowd_stands_in_line),
		cmocka_unit_test(the_cache_is_bounded),
		cmocka_unit_test(pins_are_replaced_as_hosts_come),
		cmocka_unit_test(nobody_is_told_after_the_end),
	};

	if (go_alone() == -1) {
		printf("1..0 # SKIP no network namespace of one's own: %s\n",
		    strerror(errno));
		return 0;
	}
	setenv("CMOCKA_MESSAGE_OUTPUT", "TAP", 0);
	return cmocka_run_group_tests(tests, setup, teardown);
}
