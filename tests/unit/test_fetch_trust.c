/*
 * test_fetch_trust.c - whom a transfer trusts with what: redirects,
 * addresses, credentials, certificates, proxies.
 */
#include "fetch_rig.h"

static struct origin origin, other, tls, strict;

static const struct fetch_limits limits = {
	.header_bytes = 65536, .header_lines = 300, .redirects = 5,
	.low_speed_bytes_s = 1, .low_speed_time_s = 20,
	.connections = 64, .connections_per_host = 64,
};

static const char script[] = "tests/unit/test_fetch.json";

/* The origin's URL of a path, in one of a few buffers. */
static const char *
url_of(const char *scheme, const struct origin *o, const char *path)
{
	static char urls[4][256];
	static unsigned next;
	char *url = urls[next++ % 4];

	snprintf(url, sizeof(urls[0]), "%s127.0.0.1:%d%s", scheme, o->port,
	    path);
	return url;
}

/* -------------------------------------------------------------- redirects */

static void
redirects_are_followed(void **state)
{
	static const struct {
		const char	*path, *permanent;
		int		 redirects;
	} cases[] = {
		{ "/301", "/feed", 1 },
		{ "/302", NULL, 1 },
		{ "/303", NULL, 1 },
		{ "/307", NULL, 1 },
		{ "/308", "/feed", 1 },
		{ "/301-301", "/feed", 2 },
		{ "/301-302", "/302", 2 },
		{ "/302-301", NULL, 2 },
		{ "/hops/5", NULL, 5 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fetched *r = rig_get(&origin, cases[i].path);
		const char *url = url_of("http://", &origin, "/feed");

		if (r->outcome != OUTCOME_OK)
			fail_msg("%s: %s", cases[i].path, r->reason);
		assert_int_equal(r->redirects, cases[i].redirects);
		assert_string_equal(r->url, url);
		assert_non_null(r->etag);
		if (cases[i].permanent == NULL)
			assert_null(r->permanent_url);
		else
			assert_string_equal(r->permanent_url,
			    url_of("http://", &origin, cases[i].permanent));
		assert_string_equal(rig_saw(&origin, 0, "target"), "/feed");
		assert_null(rig_sent(&origin, 0, "Referer"));
	}
}

static void
redirects_that_lead_nowhere(void **state)
{
	static const char *const paths[] = {
		"/hops/6", "/to/itself", "/to/nowhere", "/to/file",
		"/to/javascript", "/to/password",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct fetched *r = rig_get(&origin, paths[i]);

		if (r->outcome != OUTCOME_REDIRECT)
			fail_msg("%s: %s", paths[i], r->reason);
		assert_string_not_equal(rig_saw(&origin, 0, "target"),
		    "/feed");
	}
}

static void
gone_counts_where_it_is_said_of_the_source(void **state)
{
	(void)state;
	assert_int_equal(rig_get(&origin, "/301-410")->outcome, OUTCOME_GONE);
	assert_int_equal(rig_get(&origin, "/302-410")->outcome,
	    OUTCOME_HTTP_ERROR);
	assert_int_equal(rig.got->status, 410);
}

static void
validators_stay_with_their_url(void **state)
{
	struct fetch_order o = rig_order(&origin, "/302-cached");
	const char *target = url_of("http://", &origin, "/cached");

	(void)state;
	o.etag = "\"new\" ;odd";
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_OK);
	assert_null(rig_sent(&origin, 0, "If-None-Match"));
	assert_string_equal(rig_sent(&origin, 1, "If-None-Match"), o.etag);

	/* They are those of the target: it alone gets them. */
	o.validators_url = target;
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_NOT_MODIFIED);
	assert_string_equal(rig.got->url, target);
	assert_string_equal(rig_sent(&origin, 0, "If-None-Match"), o.etag);
	assert_null(rig_sent(&origin, 1, "If-None-Match"));

	o = rig_order(&origin, "/301-304");
	o.etag = "\"a\"";
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_PROTOCOL);
}

/* -------------------------------------------------------------- addresses */

static void
private_addresses_are_refused(void **state)
{
	static const char *const hosts[] = {
		"127.0.0.1", "localhost", "a.LOCALHOST.", "2130706433",
		"0x7f.1", "0177.0.0.1", "127.1", "0", "[::1]",
		"[::ffff:127.0.0.1]", "[::7f00:1]", "[64:ff9b::7f00:1]",
	};
	size_t before = rig_count(&origin);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		struct fetch_order o = rig_order(&origin, "");
		char url[128];

		snprintf(url, sizeof(url), "http://%s:%d/feed", hosts[i],
		    origin.port);
		o.url = url;
		o.allow_private_addresses = 0;
		if (rig_ask(&o)->outcome != OUTCOME_REFUSED_ADDRESS)
			fail_msg("%s: %s", url, rig.got->reason);
		assert_int_equal(rig.got->status, 0);
		assert_null(rig.got->address);
	}
	assert_int_equal(rig_count(&origin), before);
}

/* A connection that is open to a private address is not there for others. */
static void
open_connections_lend_no_permission(void **state)
{
	struct fetch_order o = rig_order(&origin, "/feed");

	(void)state;
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_OK);
	o.allow_private_addresses = 0;
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_REFUSED_ADDRESS);
}

static void
permission_holds_for_the_own_host_only(void **state)
{
	static const char *const paths[] = {
		"/to/loopback", "/to/localhost", "/to/decimal", "/to/mapped",
		"/to/metadata",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct fetched *r = rig_get(&origin, paths[i]);

		if (r->outcome != OUTCOME_REFUSED_ADDRESS)
			fail_msg("%s: %s", paths[i], r->reason);
		assert_string_equal(rig_saw(&origin, 0, "target"), paths[i]);
	}
	assert_int_equal(rig_get(&origin, "/to/other")->outcome, OUTCOME_OK);
}

static void
localhost_resolves_without_dns(void **state)
{
	struct fetch_order o = rig_order(&origin, "");
	char url[64];

	(void)state;
	snprintf(url, sizeof(url), "http://localhost:%d/feed", origin.port);
	o.url = url;
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_OK);
	assert_string_equal(rig.got->address, "127.0.0.1");
}

/* ------------------------------------------------------------ credentials */

static const struct fetch_header secrets[] = {
	{ "X-Token", "s3cret-token" }, { "Bad Name", "x" },
	{ "X-Split", "a\r\nX-Evil: 1" }, { NULL, NULL },
};

static void
credentials_stay_at_home(void **state)
{
	struct fetch_order o = rig_order(&origin, "/to/self-again");

	(void)state;
	o.user = "ann";
	o.password = "pa:ss";
	o.headers = secrets;
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_OK);
	for (size_t back = 0; back < 2; back++) {
		assert_string_equal(rig_sent(&origin, back, "Authorization"),
		    "Basic YW5uOnBhOnNz");
		assert_string_equal(rig_sent(&origin, back, "X-Token"),
		    "s3cret-token");
		assert_null(rig_sent(&origin, back, "X-Evil"));
		assert_null(rig_sent(&origin, back, "X-Split"));
		assert_null(rig_sent(&origin, back, "Bad Name"));
	}

	/* The same machine at another port is another origin. */
	o.url = url_of("http://", &origin, "/to/other");
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_OK);
	assert_non_null(rig_sent(&origin, 0, "Authorization"));
	assert_null(rig_sent(&other, 0, "Authorization"));
	assert_null(rig_sent(&other, 0, "X-Token"));

	/* Nothing of it stays behind for the next order. */
	rig_get(&origin, "/feed");
	assert_null(rig_sent(&origin, 0, "Authorization"));
	assert_null(rig_sent(&origin, 0, "X-Token"));
}

static void
credentials_of_a_url_are_used_and_not_shown(void **state)
{
	struct fetch_order o = rig_order(&origin, "");

	(void)state;
	o.url = url_of("http://ann:pa%3Ass@", &origin, "/301");
	o.keep_exchange = 1;
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_OK);
	assert_string_equal(rig_sent(&origin, 0, "Authorization"),
	    "Basic YW5uOnBhOnNz");
	assert_string_equal(rig.got->url,
	    url_of("http://", &origin, "/feed"));
	assert_null(rig.got->permanent_url);
	assert_null(strstr(buf_str(&rig.got->exchange), "ann"));
}

static void
exchange_shows_no_secrets(void **state)
{
	struct fetch_order o = rig_order(&origin,
	    "/to/self-again?token=s3cret-query&page=2");
	const char *shown;

	(void)state;
	o.user = "ann";
	o.password = "pa:ss";
	o.headers = secrets;
	o.keep_exchange = 1;
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_OK);
	shown = buf_str(&rig.got->exchange);
	assert_non_null(strstr(shown, "> GET http://127.0.0.1:"));
	assert_non_null(strstr(shown, "page=2 HTTP/1.1\n"));
	assert_non_null(strstr(shown, "> X-Token: ...\n"));
	assert_non_null(strstr(shown, "> Authorization: ...\n"));
	assert_non_null(strstr(shown, "< HTTP/1.1 302 Words\n"));
	assert_non_null(strstr(shown, "< HTTP/1.1 200 Words\n"));
	assert_non_null(strstr(shown, "< Set-Cookie: ...\n"));
	assert_null(strstr(shown, "s3cret"));
	assert_null(strstr(shown, "YW5u"));
	assert_null(strstr(shown, "id=1"));
}

/* -------------------------------------------------------------------- TLS */

static char cert[64], key[64], client_cert[64], client_key[64];

static void
make_certificate(char cert_path[64], char key_path[64], const char *name)
{
	char command[512];

	snprintf(cert_path, 64, "%s/%s.crt", origin_dir, name);
	snprintf(key_path, 64, "%s/%s.key", origin_dir, name);
	snprintf(command, sizeof(command), "openssl req -x509 -newkey ec "
	    "-pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout %s "
	    "-out %s -subj /CN=%s -addext subjectAltName=IP:127.0.0.1 "
	    "2>/dev/null", key_path, cert_path, name);
	if (system(command) != 0)
		fail_msg("openssl could not make a certificate");
}

static struct fetch_order
tls_order(const struct origin *o, const char *path)
{
	struct fetch_order order = rig_order(o, "");

	order.url = url_of("https://", o, path);
	order.ca_file = cert;
	return order;
}

static void
certificates_are_verified(void **state)
{
	struct fetch_order o = tls_order(&tls, "/feed");

	(void)state;
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_OK);
	o.ca_file = NULL;
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_TLS);
	assert_string_equal(rig.got->reason,
	    "the certificate is self-signed");
}

static void
other_names_are_not_believed(void **state)
{
	struct fetch_order o = tls_order(&tls, "/feed");
	char url[64];

	(void)state;
	snprintf(url, sizeof(url), "https://localhost:%d/feed", tls.port);
	o.url = url;
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_TLS);
	assert_string_equal(rig.got->reason,
	    "the certificate is for another host name");
}

static void
https_never_becomes_http(void **state)
{
	struct fetch_order o = tls_order(&tls, "/to/http");
	size_t before = rig_count(&origin);

	(void)state;
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_REDIRECT);
	assert_string_equal(rig.got->reason, "redirected from https to http");
	assert_null(rig.got->permanent_url);
	assert_int_equal(rig_count(&origin), before);
}

static void
client_certificates_are_shown(void **state)
{
	struct fetch_order o = tls_order(&strict, "/feed");

	(void)state;
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_TLS);
	o.client_cert = client_cert;
	o.client_key = client_key;
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_OK);
	o.client_cert = "/nonexistent";
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_TLS);
}

/* ---------------------------------------------------------------- proxies */

static void
proxies_are_used_when_ordered(void **state)
{
	struct fetch_order o = rig_order(&origin, "");

	(void)state;
	o.allow_private_addresses = 0;
	o.url = "http://feed.example/proxied";
	o.proxy = url_of("http://", &origin, "");
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_OK);
	assert_string_equal(rig_saw(&origin, 0, "target"), o.url);

	/* Through a proxy this machine is as private as without. */
	o.url = url_of("http://", &other, "/feed");
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_REFUSED_ADDRESS);
	o.url = "http://localhost/feed";
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_REFUSED_ADDRESS);

	o.url = "http://feed.example/proxied";
	o.proxy = "http://127.0.0.1:1";
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_CONNECT);
	o.proxy = "http://proxy.onion:1";
	assert_int_equal(rig_ask(&o)->outcome, OUTCOME_DNS);
}

static int
setup(void **state)
{
	char port[32];

	(void)state;
	rig_init(&limits);
	make_certificate(cert, key, "server");
	make_certificate(client_cert, client_key, "client");
	origin_start(&other, script, NULL);
	snprintf(port, sizeof(port), "other=%d", other.port);
	origin_start(&origin, script, (const char *const[]){ "--set", port,
	    NULL });
	origin_start(&tls, script, (const char *const[]){ "--set", port,
	    "--tls", cert, key, NULL });
	origin_start(&strict, script, (const char *const[]){ "--tls", cert,
	    key, "--client-ca", client_cert, NULL });
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	origin_stop(&other);
	origin_stop(&origin);
	origin_stop(&tls);
	origin_stop(&strict);
	unlink(cert);
	unlink(key);
	unlink(client_cert);
	unlink(client_key);
	rig_fini();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(redirects_are_followed),
		cmocka_unit_test(redirects_that_lead_nowhere),
		cmocka_unit_test(gone_counts_where_it_is_said_of_the_source),
		cmocka_unit_test(validators_stay_with_their_url),
		cmocka_unit_test(private_addresses_are_refused),
		cmocka_unit_test(open_connections_lend_no_permission),
		cmocka_unit_test(permission_holds_for_the_own_host_only),
		cmocka_unit_test(localhost_resolves_without_dns),
		cmocka_unit_test(credentials_stay_at_home),
		cmocka_unit_test(credentials_of_a_url_are_used_and_not_shown),
		cmocka_unit_test(exchange_shows_no_secrets),
		cmocka_unit_test(certificates_are_verified),
		cmocka_unit_test(other_names_are_not_believed),
		cmocka_unit_test(https_never_becomes_http),
		cmocka_unit_test(client_certificates_are_shown),
		cmocka_unit_test(proxies_are_used_when_ordered),
	};

	setenv("CMOCKA_MESSAGE_OUTPUT", "TAP", 0);
	return cmocka_run_group_tests(tests, setup, teardown);
}
