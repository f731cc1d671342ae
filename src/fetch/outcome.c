/*
 * outcome.c - from a CURLcode or a status to an outcome and one
 * sentence that says what happened.
 *
 * libcurl's own words are used where they are for people; where a peer can
 * make libcurl say "out of memory" (an endless header line) it is the peer's
 * doing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/mem.h"
#include "private.h"

const char fetch_no_files[] = "put off: no more files may be open";

void
outcome_say(struct xfer *x, enum outcome outcome, const char *sentence)
{
	x->result->outcome = outcome;
	free(x->result->reason);
	x->result->reason = xstrdup(sentence);
}

void
outcome_set(struct xfer *x, enum outcome outcome, const char *fmt, ...)
{
	struct buf sentence = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&sentence, fmt, ap);
	va_end(ap);
	x->result->outcome = outcome;
	free(x->result->reason);
	x->result->reason = buf_take(&sentence);
}

/* ---------------------------------------------------------------- failure */

/* X509_V_ERR_*, OpenSSL's numbers for what is wrong with a certificate. */
static const struct {
	long		 number;
	const char	*sentence;
} certificate_faults[] = {
	{ 9,	"the certificate is not valid yet" },
	{ 10,	"the certificate has expired" },
	{ 18,	"the certificate is self-signed" },
	{ 19,	"the certificate's authority is not trusted" },
	{ 20,	"the certificate's authority is not known" },
	{ 21,	"the certificate's chain is incomplete" },
	{ 23,	"the certificate has been revoked" },
	{ 62,	"the certificate is for another host name" },
	{ 64,	"the certificate is for another address" },
};

static const char *
certificate_fault(const struct handle *h)
{
	long number = 0;

	curl_easy_getinfo(h->curl, CURLINFO_SSL_VERIFYRESULT, &number);
	for (size_t i = 0; i < ARRAY_LEN(certificate_faults); i++)
		if (certificate_faults[i].number == number)
			return certificate_faults[i].sentence;
	if (strstr(h->error, "subject name") != NULL)
		return "the certificate is for another host name";
	return h->error[0] != '\0' ? h->error :
	    "the certificate cannot be verified";
}

static const char *
connect_fault(const struct handle *h)
{
	long number = 0;

	curl_easy_getinfo(h->curl, CURLINFO_OS_ERRNO, &number);
	switch (number) {
	case ECONNREFUSED:
		return "connection refused";
	case EHOSTUNREACH:
		return "no route to the host";
	case ENETUNREACH:
		return "the network cannot be reached";
	case ECONNRESET:
		return "connection reset";
	case ETIMEDOUT:
		return "no answer to the connection";
	default:
		return "no connection";
	}
}

/*
 * How far it came when a clock ran out.  libcurl counts TLS as connecting and
 * the wait for the first byte as slowness; people do not.
 */
static void
outcome_of_timeout(struct xfer *x)
{
	const struct fetch_limits *limits = fetch_limits_of(x->fetch);
	curl_off_t looked_up = 0, secured = 0, total = 0;
	CURL *c = x->handle->curl;
	const char *peer = NULL;
	double s;

	curl_easy_getinfo(c, CURLINFO_NAMELOOKUP_TIME_T, &looked_up);
	curl_easy_getinfo(c, CURLINFO_APPCONNECT_TIME_T, &secured);
	curl_easy_getinfo(c, CURLINFO_TOTAL_TIME_T, &total);
	curl_easy_getinfo(c, CURLINFO_PRIMARY_IP, &peer);
	s = (double)total / 1e6;
	if (x->head.status != 0 &&
	    strstr(x->handle->error, "too slow") != NULL)
		outcome_set(x, OUTCOME_TIMEOUT,
		    "under %u bytes a second for %u s",
		    limits->low_speed_bytes_s, limits->low_speed_time_s);
	else if (x->head.status != 0)
		outcome_set(x, OUTCOME_TIMEOUT,
		    "no complete answer within %.1f s",
		    (double)x->order.timeout_ms / 1000.0);
	else if (looked_up == 0)
		outcome_say(x, OUTCOME_TIMEOUT,
		    "no connection to this host became free in time");
	else if (peer == NULL || *peer == '\0')
		outcome_set(x, OUTCOME_CONNECT, "no connection within %.1f s",
		    s);
	else if (x->site.https && secured == 0)
		outcome_set(x, OUTCOME_TIMEOUT,
		    "no end to the TLS handshake within %.1f s", s);
	else
		outcome_set(x, OUTCOME_TIMEOUT, "no answer within %.1f s",
		    s);
}

static int
outcome_of_stop(struct xfer *x)
{
	const struct fetch_limits *limits = fetch_limits_of(x->fetch);

	switch (x->stop) {
	case STOP_HEADERS:
		outcome_set(x, OUTCOME_TOO_LARGE,
		    "more than %u bytes or %u lines of headers",
		    limits->header_bytes, limits->header_lines);
		return 1;
	case STOP_BODY:
		outcome_set(x, OUTCOME_TOO_LARGE, "more than %llu bytes",
		    (unsigned long long)x->order.body_bytes);
		return 1;
	case STOP_LENGTH:
		outcome_say(x, OUTCOME_PROTOCOL,
		    "the Content-Length cannot be used");
		return 1;
	case STOP_MEMORY:
		outcome_say(x, OUTCOME_POSTPONED,
		    "put off: not enough memory for it");
		return 1;
	case STOP_CROWD:
		outcome_say(x, OUTCOME_POSTPONED,
		    "put off: all transfers together are over "
		    "bytes-in-flight");
		return 1;
	case STOP_FILES:
		outcome_say(x, OUTCOME_POSTPONED, fetch_no_files);
		return 1;
	case STOP_ADDRESS:
		outcome_say(x, OUTCOME_REFUSED_ADDRESS,
		    outcome_sentence(OUTCOME_REFUSED_ADDRESS));
		return 1;
	default:
		return 0;
	}
}

static const char ssl_words[] = "SSL routines::";

/* "OpenSSL/3: error:0A00010B:SSL routines::wrong version number" ends in
 * words. */
static const char *
tls_fault(const struct handle *h)
{
	const char *words = strstr(h->error, ssl_words);

	if (words == NULL)
		return h->error[0] != '\0' ? h->error :
		    "the TLS handshake failed";
	words += strlen(ssl_words);
	return strcmp(words, "wrong version number") == 0 ?
	    "the server does not speak TLS there" : words;
}

/* The rest of them: code, outcome, and NULL for libcurl's own words. */
static const struct {
	CURLcode	 code;
	enum outcome	 outcome;
	const char	*sentence;
} failures[] = {
	{ CURLE_COULDNT_RESOLVE_PROXY, OUTCOME_DNS,
	    "the proxy's name cannot be resolved" },
	{ CURLE_COULDNT_RESOLVE_HOST, OUTCOME_DNS,
	    "the host name cannot be resolved" },
	{ CURLE_PROXY, OUTCOME_CONNECT, "the proxy refuses the connection" },
	{ CURLE_INTERFACE_FAILED, OUTCOME_CONNECT, NULL },
	{ CURLE_SSL_CERTPROBLEM, OUTCOME_TLS, NULL },
	{ CURLE_SSL_CIPHER, OUTCOME_TLS, "no cipher in common" },
	{ CURLE_SSL_CACERT_BADFILE, OUTCOME_TLS, NULL },
	{ CURLE_SSL_ISSUER_ERROR, OUTCOME_TLS, NULL },
	{ CURLE_USE_SSL_FAILED, OUTCOME_TLS, NULL },
	{ CURLE_SSL_INVALIDCERTSTATUS, OUTCOME_TLS, NULL },
	{ CURLE_SSL_CLIENTCERT, OUTCOME_TLS,
	    "the server wants a client certificate" },
	{ CURLE_GOT_NOTHING, OUTCOME_PROTOCOL,
	    "the connection was closed without an answer" },
	{ CURLE_PARTIAL_FILE, OUTCOME_PROTOCOL,
	    "the answer was cut off" },
	{ CURLE_RECV_ERROR, OUTCOME_PROTOCOL, NULL },
	{ CURLE_SEND_ERROR, OUTCOME_PROTOCOL, NULL },
	{ CURLE_UNSUPPORTED_PROTOCOL, OUTCOME_PROTOCOL, "not HTTP" },
	{ CURLE_WEIRD_SERVER_REPLY, OUTCOME_PROTOCOL, "not HTTP" },
	{ CURLE_BAD_CONTENT_ENCODING, OUTCOME_PROTOCOL,
	    "the transfer encoding cannot be used" },
	{ CURLE_HTTP2, OUTCOME_PROTOCOL, NULL },
	{ CURLE_HTTP2_STREAM, OUTCOME_PROTOCOL, NULL },
	{ CURLE_OUT_OF_MEMORY, OUTCOME_TOO_LARGE,
	    "a header without an end" },
	{ CURLE_FILESIZE_EXCEEDED, OUTCOME_TOO_LARGE, NULL },
	{ CURLE_URL_MALFORMAT, OUTCOME_PROTOCOL, "the URL cannot be used" },
};

void
outcome_of_failure(struct xfer *x, CURLcode code)
{
	const char *words = x->handle->error[0] != '\0' ? x->handle->error :
	    curl_easy_strerror(code);

	if (outcome_of_stop(x))
		return;
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		outcome_of_timeout(x);
		return;
	case CURLE_COULDNT_CONNECT:
		outcome_say(x, OUTCOME_CONNECT, connect_fault(x->handle));
		return;
	case CURLE_SSL_CONNECT_ERROR:
		outcome_say(x, OUTCOME_TLS, tls_fault(x->handle));
		return;
	case CURLE_PEER_FAILED_VERIFICATION:
		outcome_say(x, OUTCOME_TLS, certificate_fault(x->handle));
		return;
	default:
		break;
	}
	/* TLS 1.3 refuses a client after its handshake: while reading. */
	if (strstr(x->handle->error, ssl_words) != NULL) {
		outcome_say(x, OUTCOME_TLS, tls_fault(x->handle));
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(failures); i++)
		if (failures[i].code == code) {
			outcome_say(x, failures[i].outcome,
			    failures[i].sentence != NULL ?
			    failures[i].sentence : words);
			return;
		}
	outcome_say(x, OUTCOME_PROTOCOL, words);
}

/* ----------------------------------------------------------------- status */

/* Statuses whose number says little to people. */
static const struct {
	long		 status;
	const char	*words;
} status_words[] = {
	{ 204, "no content" },
	{ 206, "a part that was not asked for" },
	{ 400, "bad request" },
	{ 401, "authentication required" },
	{ 402, "payment required" },
	{ 403, "forbidden" },
	{ 405, "method not allowed" },
	{ 406, "not acceptable" },
	{ 407, "the proxy requires authentication" },
	{ 408, "the server timed out" },
	{ 421, "misdirected request" },
	{ 425, "too early" },
	{ 451, "unavailable for legal reasons" },
	{ 500, "internal server error" },
	{ 502, "bad gateway" },
	{ 504, "gateway timeout" },
};

static const char *
words_of(long status)
{
	for (size_t i = 0; i < ARRAY_LEN(status_words); i++)
		if (status_words[i].status == status)
			return status_words[i].words;
	return "not a feed's answer";
}

void
outcome_of_status(struct xfer *x)
{
	long status = x->head.status;

	x->result->was_conditional = x->validators_sent;
	switch (status) {
	case 200:
		outcome_say(x, OUTCOME_OK, "read");
		return;
	case 226:
		if (x->head.im_feed) {
			x->result->is_delta = 1;
			outcome_say(x, OUTCOME_OK, "read what is new");
			return;
		}
		outcome_say(x, OUTCOME_HTTP_ERROR,
		    "226: a difference of a kind that was not asked for");
		return;
	case 304:
		if (x->validators_sent)
			outcome_say(x, OUTCOME_NOT_MODIFIED, "not modified");
		else
			outcome_say(x, OUTCOME_PROTOCOL,
			    "304 to a request without conditions");
		return;
	case 404:
		outcome_say(x, OUTCOME_NOT_FOUND, "404: not found");
		return;
	case 410:
		/* Gone is where a temporary redirect led, not the source. */
		if (x->result->redirects == 0 || x->only_permanent)
			outcome_say(x, OUTCOME_GONE, "410: gone for good");
		else
			outcome_say(x, OUTCOME_HTTP_ERROR,
			    "410: gone, after a temporary redirect");
		return;
	case 429:
		outcome_say(x, OUTCOME_BUSY, "429: too many requests");
		return;
	case 503:
		outcome_say(x, OUTCOME_BUSY, "503: service unavailable");
		return;
	default:
		outcome_set(x, OUTCOME_HTTP_ERROR, "%ld: %s", status,
		    words_of(status));
	}
}
