/*
 * transfer.c - one hop: the request we make, and the bytes that come.
 *
 * A handle is set up once with what never changes; transfer_prepare() adds
 * what this hop needs.  The header list is built in place, in the handle, from
 * strings in the transfer's arena: libcurl only reads it.
 *
 * libcurl's callbacks note and count.  To end a transfer they say why in
 * x->stop and return an error.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "feedmill/base/mem.h"
#include "exchange.h"
#include "private.h"

enum {
	/* As much of a body nobody wants is read to keep its connection. */
	UNWANTED_MAX = 64 * 1024,
	/* Of what Content-Length promises, so much is believed at once. */
	BELIEVED_MAX = 256 * 1024,
	ERROR_NONE = 0,
};

/*
 * Rarely does a server choose by these, and then between a feed and a page;
 * they go with every poll, and what is said there costs a hundred instructions
 * a character.  So the kinds of feeds, XML, and whatever there is.
 */
static const char accept_feeds[] = "Accept: application/atom+xml,"
    "application/rss+xml,application/feed+json,application/xml;q=0.9,"
    "*/*;q=0.1";
static const char accept_pages[] = "Accept: application/atom+xml,"
    "application/rss+xml,application/feed+json,application/rdf+xml;q=0.9,"
    "application/xml;q=0.8,text/xml;q=0.8,text/html;q=0.7,"
    "application/xhtml+xml;q=0.7,*/*;q=0.1";

/* -------------------------------------------------------------- callbacks */

static int
body_is_wanted(const struct xfer *x)
{
	return x->head.status == 200 || x->head.status == 226;
}

/* The head is whole: is there a reason to read on? */
static int
judge_head(struct xfer *x)
{
	const struct fetch_head *head = &x->head;

	if (head->length_unusable && !head->chunked)
		x->stop = STOP_LENGTH;
	else if (body_is_wanted(x) && !head->chunked && head->length > 0 &&
	    (uint64_t)head->length > x->order.body_bytes)
		x->stop = STOP_BODY;
	else if (!body_is_wanted(x) && head->status != 304 &&
	    head->length > UNWANTED_MAX)
		x->stop = STOP_ENOUGH;
	return x->stop == STOP_NONE;
}

static size_t
curl_has_header(char *line, size_t one, size_t n, void *arg)
{
	struct xfer *x = ((struct handle *)arg)->xfer;
	const struct fetch_limits *limits = fetch_limits_of(x->fetch);
	int was_complete = x->head.complete;

	(void)one;
	/* Digest: the first answer only says what to say. */
	if (was_complete && x->order.digest && x->head.status == 401 &&
	    n >= 5 && strncasecmp(line, "HTTP/", 5) == 0) {
		fetch_head_init(&x->head);
		x->body_seen = 0;
		was_complete = 0;
	}
	x->header_lines++;
	if (n > limits->header_bytes - x->header_bytes ||
	    x->header_lines > limits->header_lines) {
		x->stop = STOP_HEADERS;
		return ERROR_NONE;
	}
	x->header_bytes += (unsigned)n;
	fetch_head_line(&x->head, &x->arena, line, n);
	if (x->head.complete && !was_complete && !judge_head(x))
		return ERROR_NONE;
	return n;
}

/* Room for n bytes more, at first for all that are to come: a body that
 * grows is copied as often as it doubles.  NULL: there is no memory. */
static char *
make_room(struct xfer *x, size_t n)
{
	struct buf *body = &x->result->body;
	int64_t length = x->head.length;

	if (body->cap == 0 && !x->head.chunked && length > (int64_t)n)
		n = length < BELIEVED_MAX ? (size_t)length :
		    n > BELIEVED_MAX ? n : BELIEVED_MAX;
	return buf_try_reserve(body, n);
}

static size_t
curl_has_bytes(char *data, size_t one, size_t n, void *arg)
{
	struct xfer *x = ((struct handle *)arg)->xfer;
	struct buf *body = &x->result->body;

	(void)one;
	x->body_seen += n;
	x->result->received_bytes += n;
	if (!body_is_wanted(x)) {
		if (x->body_seen <= UNWANTED_MAX)
			return n;
		x->stop = STOP_ENOUGH;
		return ERROR_NONE;
	}
	if (x->body_seen > x->order.body_bytes) {
		x->stop = STOP_BODY;
		return ERROR_NONE;
	}
	if (!fetch_may_hold(x, body->len + n)) {
		x->stop = STOP_CROWD;
		return ERROR_NONE;
	}
	if (make_room(x, n) == NULL) {
		x->stop = STOP_MEMORY;
		return ERROR_NONE;
	}
	buf_append(body, data, n);
	fetch_count_held(x, body->len);
	return n;
}

/* The second line of the guard: what is about to be connected to. */
static curl_socket_t
curl_opens_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct xfer *x = ((struct handle *)arg)->xfer;
	int fd;

	if (purpose != CURLSOCKTYPE_IPCXN || (!x->private_ok &&
	    x->order.proxy == NULL && !resolve_is_public(&to->addr))) {
		x->stop = STOP_ADDRESS;
		return CURL_SOCKET_BAD;
	}
	fd = socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
	if (fd == -1 && (errno == EMFILE || errno == ENFILE ||
	    errno == ENOBUFS || errno == ENOMEM))
		x->stop = STOP_FILES;
	return fd;
}

/* libcurl is about to resolve a name that was not pinned: no.  (It would
 * block the loop; an address is only parsed.) */
static int
curl_would_resolve(void *resolver, void *reserved, void *arg)
{
	const struct xfer *x = ((struct handle *)arg)->xfer;

	(void)resolver, (void)reserved;
	return x->peer.numeric ? 0 : 1;
}

static int
curl_says(CURL *curl, curl_infotype type, char *data, size_t len, void *arg)
{
	struct xfer *x = ((struct handle *)arg)->xfer;

	(void)curl;
	if (type == CURLINFO_HEADER_OUT)
		exchange_add_request(&x->result->exchange, x->site.url,
		    x->order.hide_path, x->order.headers, data, len);
	else if (type == CURLINFO_HEADER_IN)
		exchange_add_answer(&x->result->exchange,
		    x->order.hide_path, data, len);
	return 0;
}

/* ---------------------------------------------------------------- handles */

/* What safety rests on: a libcurl that does not know it is not for us. */
#define MUST_SET(curl, option, value)					\
	do {								\
		if (curl_easy_setopt((curl), (option), (value)) !=	\
		    CURLE_OK)						\
			abort();					\
	} while (0)

static void
set_constants(CURL *c, struct handle *h, const struct fetch_limits *limits)
{
	const char *ca = curl_version_info(CURLVERSION_NOW)->cainfo;

	curl_easy_setopt(c, CURLOPT_PRIVATE, h);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->error);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	MUST_SET(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(c, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	curl_easy_setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	/* Not the environment's, and it has no say in exceptions. */
	MUST_SET(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOPROXY, "");

	/* Names are ours (resolve.h): pinned for good, never asked. */
	curl_easy_setopt(c, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
	MUST_SET(c, CURLOPT_RESOLVER_START_FUNCTION, curl_would_resolve);
	MUST_SET(c, CURLOPT_RESOLVER_START_DATA, h);
	MUST_SET(c, CURLOPT_OPENSOCKETFUNCTION, curl_opens_socket);
	MUST_SET(c, CURLOPT_OPENSOCKETDATA, h);

	/* One file and no directory: only so does libcurl keep the parsed
	 * certificates from one connection to the next. */
	curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	if (ca != NULL)
		curl_easy_setopt(c, CURLOPT_CAINFO, ca);

	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT,
	    (long)limits->low_speed_bytes_s);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME,
	    (long)limits->low_speed_time_s);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, curl_has_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, h);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, curl_has_bytes);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, h);
	curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, curl_says);
	curl_easy_setopt(c, CURLOPT_DEBUGDATA, h);
}

struct handle *
transfer_new_handle(const struct fetch_limits *limits)
{
	struct handle *h = xcalloc(1, sizeof(*h));

	h->curl = curl_easy_init();
	h->url = curl_url();
	if (h->curl == NULL || h->url == NULL)
		abort();
	set_constants(h->curl, h, limits);
	return h;
}

void
transfer_free_handle(struct handle *h)
{
	curl_easy_cleanup(h->curl);
	curl_url_cleanup(h->url);
	free(h);
}

/* ---------------------------------------------------------------- request */

/* May a value of the configuration or the database stand in a header? */
static int
is_one_line(const char *s)
{
	for (; *s != '\0'; s++)
		if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
			return 0;
	return 1;
}

static void
add_line(struct handle *h, unsigned *n, const char *line)
{
	if (*n == REQUEST_HEADERS_MAX)
		return;
	if (*n > 0)
		h->header[*n - 1].next = &h->header[*n];
	/* libcurl only reads it. */
	h->header[*n].data = (char *)(uintptr_t)line;
	h->header[*n].next = NULL;
	(*n)++;
}

static int
add_header(struct xfer *x, unsigned *n, const char *name, const char *value)
{
	size_t name_len, value_len;
	char *line;

	if (value == NULL || *value == '\0' || !is_one_line(value))
		return 0;
	name_len = strlen(name);
	value_len = strlen(value);
	line = arena_alloc(&x->arena, name_len + 2 + value_len + 1);
	memcpy(line, name, name_len);
	memcpy(line + name_len, ": ", 2);
	memcpy(line + name_len + 2, value, value_len + 1);
	add_line(x->handle, n, line);
	return 1;
}

/* Validators belong to one URL: see fetch_order.validators_url. */
static void
add_validators(struct xfer *x, unsigned *n)
{
	const struct fetch_order *o = &x->order;

	x->validators_sent = 0;
	if (strcmp(x->site.url, o->validators_url) != 0)
		return;
	x->validators_sent =
	    add_header(x, n, "If-None-Match", o->etag) |
	    add_header(x, n, "If-Modified-Since", o->last_modified);
}

static void
add_own_headers(struct xfer *x, unsigned *n)
{
	const struct fetch_header *own = x->order.headers;

	for (; own != NULL && own->name != NULL; own++)
		if (*own->name != '\0' && is_one_line(own->name) &&
		    strpbrk(own->name, " \t:") == NULL)
			add_header(x, n, own->name, own->value);
}

static void
set_headers(struct xfer *x, int at_home)
{
	struct handle *h = x->handle;
	unsigned n = 0;

	if (!add_header(x, &n, "User-Agent", x->order.user_agent))
		add_line(h, &n, "User-Agent: feedmill/" FEEDMILL_VERSION);
	if (x->order.post == NULL) {
		add_line(h, &n, x->order.want_page ? accept_pages :
		    accept_feeds);
		add_line(h, &n, "Accept-Encoding: gzip, deflate");
		add_line(h, &n, "A-IM: feed");
		add_validators(x, &n);
	}
	if (at_home)
		add_own_headers(x, &n);
	curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, h->header);
}

/* What only the order's own origin is told, and the proxy. */
static void
set_marked(struct xfer *x, int at_home)
{
	const struct fetch_order *o = &x->order;
	struct handle *h = x->handle;
	const char *user = o->user != NULL ? o->user : x->home.user;
	const char *password = o->user != NULL ? o->password :
	    x->home.password;

	if (o->proxy != NULL) {
		curl_easy_setopt(h->curl, CURLOPT_PROXY, o->proxy);
		/* Besides the system's, by CURLOPT_PROXY_CAPATH. */
		if (o->ca_file != NULL)
			curl_easy_setopt(h->curl, CURLOPT_PROXY_CAINFO,
			    o->ca_file);
		h->marked = 1;
	}
	if (!at_home)
		return;
	if (user != NULL || password != NULL) {
		curl_easy_setopt(h->curl, CURLOPT_USERNAME,
		    user != NULL ? user : "");
		curl_easy_setopt(h->curl, CURLOPT_PASSWORD,
		    password != NULL ? password : "");
		if (o->digest)
			curl_easy_setopt(h->curl, CURLOPT_HTTPAUTH,
			    (long)CURLAUTH_DIGEST);
		h->marked = 1;
	}
	if (o->client_cert != NULL) {
		curl_easy_setopt(h->curl, CURLOPT_SSLCERT, o->client_cert);
		curl_easy_setopt(h->curl, CURLOPT_SSLKEY, o->client_key !=
		    NULL ? o->client_key : o->client_cert);
		h->marked = 1;
	}
	if (o->ca_file != NULL) {
		curl_easy_setopt(h->curl, CURLOPT_CAINFO, o->ca_file);
		h->marked = 1;
	}
}

/*
 * libcurl takes a URL apart and puts it together again, a tenth of what a
 * poll costs.  Parts that need no interpreter it is given as parts.
 */
static void
set_url(struct handle *h, const struct fetch_site *site)
{
	const char *scheme = site->https ? "https" : "http";
	int is_set = site->path != NULL &&
	    curl_url_set(h->url, CURLUPART_SCHEME, scheme, 0) == CURLUE_OK &&
	    curl_url_set(h->url, CURLUPART_HOST, site->host, 0) ==
	    CURLUE_OK &&
	    curl_url_set(h->url, CURLUPART_PORT, site->port_text, 0) ==
	    CURLUE_OK &&
	    curl_url_set(h->url, CURLUPART_PATH, site->path, 0) ==
	    CURLUE_OK &&
	    curl_url_set(h->url, CURLUPART_QUERY, site->query, 0) ==
	    CURLUE_OK;

	curl_easy_setopt(h->curl, CURLOPT_URL, site->url);
	curl_easy_setopt(h->curl, CURLOPT_CURLU, is_set ? h->url : NULL);
}

void
transfer_prepare(struct xfer *x, int64_t timeout_ms)
{
	const struct fetch_order *o = &x->order;
	int at_home = fetch_site_same_origin(&x->home, &x->site);
	struct handle *h = x->handle;

	h->xfer = x;
	h->error[0] = '\0';
	x->stop = STOP_NONE;
	x->header_bytes = x->header_lines = 0;
	x->body_seen = 0;
	fetch_head_init(&x->head);

	set_url(h, &x->site);
	curl_easy_setopt(h->curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(h->curl, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)o->connect_timeout_ms);
	set_headers(x, at_home);
	set_marked(x, at_home);
	if (o->post != NULL) {
		curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, o->post);
		h->marked = 1;
	}
	if (o->keep_exchange) {
		curl_easy_setopt(h->curl, CURLOPT_VERBOSE, 1L);
		h->marked = 1;
	}
}
