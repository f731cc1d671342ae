/* test_fetch.c - requests as a server sees them, and every kind of answer. */
#include <netinet/in.h>
#include <arpa/inet.h>
#include <strings.h>

#include "feedmill/base/date.h"
#include "fetch_rig.h"

static struct origin origin;

static const struct fetch_limits limits = {
	.header_bytes = 65536, .header_lines = 300, .redirects = 5,
	.low_speed_bytes_s = 1, .low_speed_time_s = 20,
	.connections = 64, .connections_per_host = 64,
};

static void
expect(const char *path, enum outcome outcome)
{
	struct fetched *r = rig_get(&origin, path);

	if (r->outcome != outcome)
		fail_msg("%s: %s (%s), not %s", path,
		    outcome_name(r->outcome), r->reason,
		    outcome_name(outcome));
}

/* --------------------------------------------------------------- requests */

static void
request_says_who_asks_for_what(void **state)
{
	char expected[1024];

	(void)state;
	rig_get(&origin, "/feed?q=1#part");
	snprintf(expected, sizeof(expected), "GET /feed?q=1 HTTP/1.1\r\n"
	    "Host: 127.0.0.1:%d\r\n"
	    "User-Agent: feedmill/test\r\n"
	    "Accept: application/atom+xml,application/rss+xml,"
	    "application/feed+json,application/xml;q=0.9,"
	    "*/*;q=0.1\r\n"
	    "Accept-Encoding: gzip, deflate\r\n"
	    "A-IM: feed\r\n\r\n", origin.port);
	assert_string_equal(rig_saw(&origin, 0, "raw"), expected);
	/* Also the second time: no cookie, no Referer, no validator. */
	rig_get(&origin, "/feed?q=1#part");
	assert_string_equal(rig_saw(&origin, 0, "raw"), expected);
}

/* Given to libcurl in parts or whole, one after the other on one handle. */
static void
a_url_is_asked_as_it_is_written(void **state)
{
	static const char *const paths[] = {
		"/feed", "/feed?a=1&b=/x:y;z", "/feed", "/feed?",
		"/feed?a=%C3%a4", "/feed;v=1/~x,y+z_.-=&:w", "/feed",
		"/feed/%7Ea?q", "/feed", "/feed?a?b", "/f%eed",
	};
	char expected[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		rig_get(&origin, paths[i]);
		assert_string_equal(rig_saw(&origin, 0, "target"), paths[i]);
		snprintf(expected, sizeof(expected), "127.0.0.1:%d",
		    origin.port);
		assert_string_equal(rig_sent(&origin, 0, "Host"), expected);
	}
}

static void
pages_are_accepted_in_discovery(void **state)
{
	struct fetch_order o = rig_order(&origin, "/feed");

	(void)state;
	o.want_page = 1;
	rig_ask(&o);
	assert_non_null(strstr(rig_sent(&origin, 0, "Accept"), "text/html"));
}

static void
answer_is_handed_on(void **state)
{
	struct fetched *r = rig_get(&origin, "/feed");

	(void)state;
	assert_int_equal(r->outcome, OUTCOME_OK);
	assert_int_equal(r->source_id, 7);
	assert_int_equal(r->status, 200);
	assert_string_equal(buf_str(&r->body), "<rss/>");
	assert_string_equal(r->etag, "W/\"a,b \\\"");
	assert_string_equal(r->last_modified, "Sun, 06 Nov 94 08:49:37 CET");
	assert_string_equal(r->content_type, "application/rss+xml");
	assert_string_equal(r->content_language, "de");
	assert_string_equal(r->content_location, "/other");
	assert_int_equal(r->max_age_s, 40);
	assert_int_equal(r->date_ms, INT64_C(1714557600000));
	assert_int_equal(r->expires_ms, INT64_C(1714561180000));
	assert_int_equal(r->retry_after_s, -1);
	assert_int_equal(r->received_bytes, 6);
	assert_string_equal(r->address, "127.0.0.1");
	assert_null(r->permanent_url);
	assert_int_equal(r->redirects, 0);
	assert_false(r->is_delta);
	assert_null(r->exchange.data);
}

static void
connections_are_used_again(void **state)
{
	json_t *all;
	size_t n;

	(void)state;
	rig_get(&origin, "/feed");
	rig_get(&origin, "/feed");
	all = origin_requests(&origin);
	n = json_array_size(all);
	assert_int_equal(
	    json_integer_value(json_object_get(json_array_get(all, n - 1),
	    "connection")),
	    json_integer_value(json_object_get(json_array_get(all, n - 2),
	    "connection")));
	json_decref(all);
}

/* ------------------------------------------------------------- validators */

static void
validators_go_back_byte_for_byte(void **state)
{
	struct fetch_order o = rig_order(&origin, "/feed");

	(void)state;
	o.etag = "W/\"a,b \\\"";
	o.last_modified = "Sun, 06 Nov 94 08:49:37 CET";
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_OK);
	assert_string_equal(rig_sent(&origin, 0, "If-None-Match"), o.etag);
	assert_string_equal(rig_sent(&origin, 0, "If-Modified-Since"),
	    o.last_modified);
	o.etag = NULL;
	rig_ask(&o);
	assert_null(rig_sent(&origin, 0, "If-None-Match"));
	assert_non_null(rig_sent(&origin, 0, "If-Modified-Since"));
	o.etag = "unquoted-gzip";
	o.last_modified = NULL;
	rig_ask(&o);
	assert_string_equal(rig_sent(&origin, 0, "If-None-Match"), o.etag);
	assert_null(rig_sent(&origin, 0, "If-Modified-Since"));
}

static void
not_modified_brings_its_headers(void **state)
{
	struct fetch_order o = rig_order(&origin, "/cached");
	struct fetched *r;

	(void)state;
	o.etag = "\"new\" ;odd";
	r = rig_ask(&o);
	assert_int_equal(r->outcome, OUTCOME_NOT_MODIFIED);
	assert_int_equal(r->status, 304);
	assert_string_equal(r->etag, "\"new\" ;odd");
	assert_string_equal(r->last_modified, "yesterday");
	assert_int_equal(r->max_age_s, 43000);
	o.etag = NULL;
	o.last_modified = "yesterday";
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_NOT_MODIFIED);
	o.last_modified = "today";
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_OK);
}

static void
not_modified_without_a_condition_is_an_error(void **state)
{
	(void)state;
	expect("/304", OUTCOME_PROTOCOL);
}

static void
validators_cannot_split_a_request(void **state)
{
	struct fetch_order o = rig_order(&origin, "/feed");

	(void)state;
	o.etag = "\"a\"\r\nX-Evil: 1";
	o.last_modified = "a\nX-Evil: 1";
	rig_ask(&o);
	assert_null(rig_sent(&origin, 0, "X-Evil"));
	assert_null(rig_sent(&origin, 0, "If-None-Match"));
}

static void
same_bytes_are_not_opened(void **state)
{
	static const char *const paths[] = { "/feed", "/gzip", "/gzip-cut" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct fetch_order o = rig_order(&origin, paths[i]);
		struct fetched *r;

		o.body_digest = rig_ask(&o)->body_digest;
		assert_false(digest_is_zero(o.body_digest));
		r = rig_ask(&o);
		assert_int_equal(r->outcome, OUTCOME_UNCHANGED);
		assert_true(digest_equal(r->body_digest, o.body_digest));
		o.body_digest.lo++;
		assert_int_not_equal(rig_ask(&o)->outcome, OUTCOME_UNCHANGED);
	}
}

/* ----------------------------------------------------------------- bodies */

static void
encodings(void **state)
{
	static const char *const good[] = {
		"/gzip", "/deflate", "/deflate-raw",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct fetched *r = rig_get(&origin, good[i]);

		assert_int_equal(r->outcome, OUTCOME_OK);
		assert_int_equal(r->body.len, 15000);
		assert_memory_equal(r->body.data + 14985, "<rss>text</rss>",
		    16);
		assert_true(r->received_bytes < 1000);
	}
	/* Two members and zeros after them; gzip that is none. */
	assert_string_equal(buf_str(&rig_get(&origin, "/gzip-padded")->body),
	    "<rss></rss>");
	assert_string_equal(buf_str(&rig_get(&origin, "/gzip-not")->body),
	    "<rss/>");
	expect("/gzip-cut", OUTCOME_PROTOCOL);
	expect("/br", OUTCOME_PROTOCOL);
}

/* The bytes say what they are, whatever Content-Encoding says. */
static void
encodings_that_lie(void **state)
{
	static const char *const paths[] = {
		"/lie/nothing-of-gzip",
		"/lie/gzip-of-gzip",
		"/lie/gzip-of-zlib",
		"/lie/deflate-of-gzip",
		"/lie/deflate-of-text",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		expect(paths[i], OUTCOME_OK);
		assert_string_equal(buf_str(&rig.got->body), "<rss></rss>");
	}
	/* No accident any more: what is left is gzip, which is no feed. */
	expect("/lie/three-times", OUTCOME_OK);
	assert_int_equal(rig.got->body.data[0], 0x1f);
}

static void
body_caps(void **state)
{
	static const struct {
		const char	*path;
		enum outcome	 outcome;
	} cases[] = {
		{ "/1000", OUTCOME_OK },
		{ "/1001", OUTCOME_TOO_LARGE },
		{ "/1001-chunked", OUTCOME_TOO_LARGE },
		{ "/1000-gzip", OUTCOME_OK },
		{ "/1001-gzip", OUTCOME_TOO_LARGE },
		{ "/claims", OUTCOME_TOO_LARGE },
		{ "/endless", OUTCOME_TOO_LARGE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fetch_order o = rig_order(&origin, cases[i].path);
		struct fetched *r;

		o.body_bytes = 1000;
		r = rig_ask(&o);
		if (r->outcome != cases[i].outcome)
			fail_msg("%s: %s", cases[i].path, r->reason);
		if (r->outcome == OUTCOME_OK)
			assert_int_equal(r->body.len, 1000);
		assert_true(r->received_bytes <= 1000 + 16384);
	}
}

static void
bomb_ends_at_the_cap(void **state)
{
	struct fetched *r = rig_get(&origin, "/bomb");

	(void)state;
	assert_int_equal(r->outcome, OUTCOME_TOO_LARGE);
	assert_true(r->received_bytes < 200000);
	expect("/feed", OUTCOME_OK);
}

static void
statuses(void **state)
{
	static const struct {
		const char	*path;
		enum outcome	 outcome;
		int		 retry_after_s;
	} cases[] = {
		{ "/empty", OUTCOME_EMPTY, -1 },
		{ "/204", OUTCOME_HTTP_ERROR, -1 },
		{ "/206", OUTCOME_HTTP_ERROR, -1 },
		{ "/226-plain", OUTCOME_HTTP_ERROR, -1 },
		{ "/300", OUTCOME_HTTP_ERROR, -1 },
		{ "/401", OUTCOME_HTTP_ERROR, -1 },
		{ "/403", OUTCOME_HTTP_ERROR, 7200 },
		{ "/404", OUTCOME_NOT_FOUND, -1 },
		{ "/404-large", OUTCOME_NOT_FOUND, -1 },
		{ "/404-chunked", OUTCOME_NOT_FOUND, -1 },
		{ "/410", OUTCOME_GONE, -1 },
		{ "/429", OUTCOME_BUSY, 120 },
		{ "/500", OUTCOME_HTTP_ERROR, -1 },
		{ "/503", OUTCOME_BUSY, -1 },
	};
	struct fetched *r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		expect(cases[i].path, cases[i].outcome);
		assert_int_equal(rig.got->retry_after_s,
		    cases[i].retry_after_s);
		assert_true(rig.got->received_bytes <= 128 * 1024);
	}
	r = rig_get(&origin, "/226");
	assert_int_equal(r->outcome, OUTCOME_OK);
	assert_true(r->is_delta);
	assert_int_equal(r->body.len, 6);
}

/* ----------------------------------------------------------------- faults */

static void
broken_http(void **state)
{
	static const char *const paths[] = {
		"/cut", "/chunks-cut", "/length-short", "/length-words",
		"/length-minus", "/length-twice", "/nothing", "/garbage",
		"/no-head", "/reset", "/head-cut-200", "/head-cut-301",
		"/head-cut-404", "/head-cut-410", "/head-cut-429",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		expect(paths[i], OUTCOME_PROTOCOL);
	expect("/feed", OUTCOME_OK);
}

static void
header_floods(void **state)
{
	(void)state;
	expect("/header/lines", OUTCOME_TOO_LARGE);
	expect("/header/bytes", OUTCOME_TOO_LARGE);
	expect("/header/none", OUTCOME_OK);
}

static void
deadline_holds(void **state)
{
	static const struct {
		const char	*path;
		uint64_t	 timeout_ms;
	} cases[] = {
		{ "/hang/start", 600 }, { "/hang/head", 600 },
		{ "/hang/body", 600 },
		/* Each hop in time, on a loaded machine too; both not. */
		{ "/slow-302", 1800 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fetch_order o = rig_order(&origin, cases[i].path);
		struct fetched *r;

		o.timeout_ms = cases[i].timeout_ms;
		r = rig_ask(&o);
		if (r->outcome != OUTCOME_TIMEOUT)
			fail_msg("%s: %s", cases[i].path, r->reason);
		assert_true(r->took_ms >= (int64_t)o.timeout_ms - 50);
	}
	assert_int_equal(rig.got->redirects, 1);
}

static void
refused_connection(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct origin closed = { .port = 0 };
	socklen_t len = sizeof(a);
	int s = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	/* Bound and not listening: nobody else can take it meanwhile. */
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(s, (struct sockaddr *)&a, &len), 0);
	closed.port = ntohs(a.sin_port);
	assert_int_equal(rig_get(&closed, "/")->outcome, OUTCOME_CONNECT);
	assert_string_equal(rig.got->reason, "connection refused");
	close(s);
}

static void
unusable_urls_are_answered_too(void **state)
{
	static const struct {
		const char	*url;
		enum outcome	 outcome;
	} cases[] = {
		{ "", OUTCOME_PROTOCOL },
		{ "feed", OUTCOME_PROTOCOL },
		{ "ftp://127.0.0.1/feed", OUTCOME_PROTOCOL },
		{ "file:///etc/passwd", OUTCOME_PROTOCOL },
		{ "http://", OUTCOME_PROTOCOL },
		{ "http://127.0.0.1:99999/", OUTCOME_PROTOCOL },
		{ "http://[fe80::1%25lo]/", OUTCOME_PROTOCOL },
		{ "http://name.onion/", OUTCOME_DNS },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fetch_order o = rig_order(&origin, "");

		o.url = cases[i].url;
		if (rig_ask(&o)->outcome != cases[i].outcome)
			fail_msg("%s: %s", o.url, rig.got->reason);
		assert_int_equal(rig.got->status, 0);
	}
}

/* ------------------------------------------------------------------- many */

static void
many_at_once(void **state)
{
	struct fetch_order o = rig_order(&origin, "/feed");
	size_t before = rig_count(&origin);

	(void)state;
	for (int i = 0; i < 200; i++)
		rig_start(&o);
	assert_int_equal(fetch_active(rig.fetch), 200);
	rig_run();
	assert_int_equal(fetch_active(rig.fetch), 0);
	assert_int_equal(rig_count(&origin) - before, 200);
}

static void
look_at_bytes(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	uint64_t *most = timer->data;
	uint64_t now = fetch_bytes_in_flight(rig.fetch);

	(void)loop, (void)revents;
	if (now > *most)
		*most = now;
}

static void
bytes_in_flight_are_counted(void **state)
{
	struct fetch_order o = rig_order(&origin, "/hang/body");
	struct ev_timer timer;
	uint64_t most = 0;

	(void)state;
	o.timeout_ms = 1000;
	ev_timer_init(&timer, look_at_bytes, 0.01, 0.01);
	timer.data = &most;
	ev_timer_start(rig.loop, &timer);
	rig_ask(&o);
	ev_timer_stop(rig.loop, &timer);
	assert_int_equal(most, 2500);
}

static int told;

static void
tell(struct fetched **taken, void *arg)
{
	struct fetch **f = arg;
	struct fetch_order o = rig_order(&origin, "/feed");

	told++;
	assert_int_equal((*taken)->outcome,
	    told == 2 ? OUTCOME_PROTOCOL : OUTCOME_OK);
	if (told == 3) {
		ev_break(rig.loop, EVBREAK_ALL);
		return;
	}
	if (told == 1)
		o.url = "no URL";
	fetch_start(*f, &o);
	assert_int_equal(fetch_active(*f), 1);
}

static void
callback_may_start_the_next(void **state)
{
	struct fetch_order o = rig_order(&origin, "/feed");
	struct fetch *f;

	(void)state;
	told = 0;
	f = fetch_new(rig.loop, rig.resolve, &limits, tell, &f);
	fetch_start(f, &o);
	rig_run();
	assert_int_equal(told, 3);
	fetch_free(f);
}

static void
nobody_is_told_after_the_end(void **state)
{
	static const char *const paths[] = { "/hang/start", "/hang/body" };
	struct fetch_order o;
	struct fetch *f;

	(void)state;
	told = 100;
	f = fetch_new(rig.loop, rig.resolve, &limits, tell, &f);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		o = rig_order(&origin, paths[i]);
		fetch_start(f, &o);
	}
	rig_get(&origin, "/slow");	/* they are under way by now */
	o = rig_order(&origin, "/feed");
	fetch_start(f, &o);		/* being resolved */
	o.url = "no URL";
	fetch_start(f, &o);		/* finished, and not yet told */
	assert_int_equal(fetch_active(f), 4);
	fetch_free(f);
	expect("/feed", OUTCOME_OK);
	assert_int_equal(told, 100);
}

struct crowd {
	struct fetch	*fetch;
	unsigned	 ok, given_up;
	uint64_t	 most;
};

static void
count_crowd(struct fetched **taken, void *arg)
{
	struct crowd *c = arg;

	c->ok += (*taken)->outcome == OUTCOME_OK;
	c->given_up += (*taken)->outcome == OUTCOME_POSTPONED &&
	    strstr((*taken)->reason, "bytes-in-flight") != NULL;
	if (fetch_bytes_in_flight(c->fetch) > c->most)
		c->most = fetch_bytes_in_flight(c->fetch);
	if (c->ok + c->given_up == 4)
		ev_break(rig.loop, EVBREAK_ALL);
}

/* Three bodies without an end share what there is; a small one gets by. */
static void
bodies_together_have_a_cap(void **state)
{
	static const char *const paths[] = {
		"/endless", "/endless", "/feed", "/endless"
	};
	struct fetch_limits few = limits;
	struct crowd c = { 0 };

	(void)state;
	few.held_bytes = 1 << 20;
	c.fetch = fetch_new(rig.loop, rig.resolve, &few, count_crowd, &c);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct fetch_order o = rig_order(&origin, paths[i]);

		o.body_bytes = 1 << 30;
		fetch_start(c.fetch, &o);
	}
	rig_run();
	assert_int_equal(c.ok, 1);
	assert_int_equal(c.given_up, 3);
	assert_true(c.most <= 2 * few.held_bytes);
	fetch_free(c.fetch);
}

static int
setup(void **state)
{
	(void)state;
	rig_init(&limits);
	origin_start(&origin, "tests/unit/test_fetch.json", NULL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	origin_stop(&origin);
	rig_fini();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_says_who_asks_for_what),
		cmocka_unit_test(a_url_is_asked_as_it_is_written),
		cmocka_unit_test(pages_are_accepted_in_discovery),
		cmocka_unit_test(answer_is_handed_on),
		cmocka_unit_test(connections_are_used_again),
		cmocka_unit_test(validators_go_back_byte_for_byte),
		cmocka_unit_test(not_modified_brings_its_headers),
		cmocka_unit_test(not_modified_without_a_condition_is_an_error),
		cmocka_unit_test(validators_cannot_split_a_request),
		cmocka_unit_test(same_bytes_are_not_opened),
		cmocka_unit_test(encodings),
		cmocka_unit_test(encodings_that_lie),
		cmocka_unit_test(body_caps),
		cmocka_unit_test(bomb_ends_at_the_cap),
		cmocka_unit_test(statuses),
		cmocka_unit_test(broken_http),
		cmocka_unit_test(header_floods),
		cmocka_unit_test(deadline_holds),
		cmocka_unit_test(refused_connection),
		cmocka_unit_test(unusable_urls_are_answered_too),
		cmocka_unit_test(many_at_once),
		cmocka_unit_test(bytes_in_flight_are_counted),
		cmocka_unit_test(callback_may_start_the_next),
		cmocka_unit_test(nobody_is_told_after_the_end),
		cmocka_unit_test(bodies_together_have_a_cap),
	};

	setenv("CMOCKA_MESSAGE_OUTPUT", "TAP", 0);
	return cmocka_run_group_tests(tests, setup, teardown);
}
