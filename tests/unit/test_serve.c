/* The server over real sockets on loopback, the loop in this process.  The
 * configuration is made here. */
#include <errno.h>
#include <arpa/inet.h>
#include <ev.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/config.h"
#include "feedmill/serve.h"
#include "unit.h"

/* Counted here, so that what is taken is also given back. */
static int references;

const struct config *
config_ref(const struct config *c)
{
	references++;
	return c;
}

void
config_unref(const struct config *c)
{
	references -= c != NULL;
}

static const char document[] = "<feed>0123456789</feed>\n";

static const char *listen_at[3];
static struct config_outlet outlets[2] = {
	{ .name = "all", .title = "All & more", .url = "http://x.example/",
	    .directory = "www", .formats = OUTLET_ATOM },
	{ .name = "none", .title = "None", .url = "http://x.example/",
	    .directory = "www", .formats = OUTLET_ATOM },
};
static struct config config = {
	.outlets = outlets, .outlets_count = 2,
	.http = { .enabled = 1, .listen = listen_at, .connections = 100,
	    .connections_per_address = 64 },
};

static char folder[64];
static struct ev_loop *loop;
static struct serve *serve;

static int
say_health(struct buf *b, void *arg)
{
	buf_printf(b, "fine %s\n", (const char *)arg);
	return 503;
}

/* Who asks here waits until the test answers. */
static struct serve_call *asked;
static char asked_query[64];

static void
ask_later(struct serve_call *call, void *arg)
{
	const char *query = serve_call_query(call);

	(void)arg;
	snprintf(asked_query, sizeof(asked_query), "%s",
	    query != NULL ? query : "(too long)");
	asked = call;
}

static void
answer_asked(const char *sentence)
{
	struct buf text = { 0 };

	buf_puts(&text, sentence);
	serve_call_answer(asked, 200, "text/plain", &text);
	assert_null(text.data);
	asked = NULL;
}

static void
ask_now(struct serve_call *call, void *arg)
{
	(void)arg;
	asked = call;
	answer_asked("at once");
}

static const struct serve_route routes[] = {
	{ "/healthz", "text/plain", say_health, NULL },
	{ "/later", NULL, NULL, ask_later },
	{ "/now", NULL, NULL, ask_now },
	{ NULL, NULL, NULL, NULL }
};

static void
write_file(const char *name, const char *text)
{
	char path[128];
	struct err err = { 0 };
	int fd;

	snprintf(path, sizeof(path), "%s/www", folder);
	fd = file_open_dir(path, &err);
	assert_int_not_equal(fd, -1);
	assert_int_equal(file_replace(fd, name, text, strlen(text), &err),
	    0);
	close(fd);
}

static void
write_document(const char *text)
{
	write_file("all.atom", text);
}

static int
start(void **state)
{
	struct err err = { 0 };

	(void)state;
	strcpy(folder, "/tmp/feedmill-serve-XXXXXX");
	assert_non_null(mkdtemp(folder));
	write_document(document);
	config.state = folder;
	listen_at[0] = "127.0.0.1:0";
	listen_at[1] = NULL;
	loop = ev_loop_new(0);
	serve = serve_new(loop, routes, (void *)"indeed");
	return serve_configure(serve, &config, &err);
}

static int
stop(void **state)
{
	char command[128];

	(void)state;
	serve_free(serve);
	ev_loop_destroy(loop);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(references, 0);
	return system(command);
}

/* ----------------------------------------------------------------- client */

static int
dial_at(in_addr_t host)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_port = htons((uint16_t)atoi(strrchr(serve_address(serve),
	    ':') + 1));
	to.sin_addr.s_addr = htonl(host);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static int
dial(void)
{
	return dial_at(INADDR_LOOPBACK);
}

struct client {
	int	 fd;
	char	 text[8192];
	size_t	 len;
	int	 closed;
};

static void
client_ready(struct ev_loop *l, ev_io *io, int events)
{
	struct client *c = io->data;
	ssize_t n = recv(c->fd, c->text + c->len,
	    sizeof(c->text) - 1 - c->len, MSG_DONTWAIT);

	(void)events;
	if (n > 0)
		c->len += (size_t)n;
	if (n == 0 || (n == -1 && errno != EAGAIN)) {
		c->closed = 1;
		ev_io_stop(l, io);
		ev_break(l, EVBREAK_ONE);
	}
}

static void
give_up(struct ev_loop *l, ev_timer *timer, int events)
{
	(void)timer;
	(void)events;
	ev_break(l, EVBREAK_ONE);
}

/* Send and read until the server closes, or for so long. */
static struct client
talk_within(int fd, const char *request, double seconds)
{
	struct client c = { .fd = fd };
	ev_io io;
	ev_timer timer;

	assert_int_equal(write(fd, request, strlen(request)),
	    strlen(request));
	ev_io_init(&io, client_ready, fd, EV_READ);
	io.data = &c;
	ev_timer_init(&timer, give_up, seconds, 0.);
	ev_io_start(loop, &io);
	ev_timer_start(loop, &timer);
	ev_run(loop, 0);
	ev_io_stop(loop, &io);
	ev_timer_stop(loop, &timer);
	c.text[c.len] = '\0';
	close(fd);
	return c;
}

static struct client
talk_on(int fd, const char *request)
{
	return talk_within(fd, request, .2);
}

/* "GET /all.atom" and further lines; the connection is closed after it. */
static struct client
ask(const char *line, const char *fields)
{
	char request[2048];

	snprintf(request, sizeof(request), "%s HTTP/1.1\r\nHost: x\r\n"
	    "Connection: close\r\n%s\r\n", line, fields);
	return talk_on(dial(), request);
}

static int
status_of(const struct client *c)
{
	return c->len > 12 ? atoi(c->text + 9) : 0;
}

static const char *
body_of(const struct client *c)
{
	const char *end = strstr(c->text, "\r\n\r\n");

	return end != NULL ? end + 4 : "";
}

static void
etag_of(const struct client *c, char out[64])
{
	const char *s = strstr(c->text, "ETag: ");

	assert_non_null(s);
	snprintf(out, 64, "%.*s", (int)strcspn(s + 6, "\r"), s + 6);
}

/* ------------------------------------------------------------------ tests */

static void
gets(void **state)
{
	struct client c = ask("GET /all.atom", "");

	(void)state;
	assert_int_equal(status_of(&c), 200);
	assert_string_equal(body_of(&c), document);
	assert_non_null(strstr(c.text,
	    "Content-Type: application/atom+xml; charset=utf-8\r\n"));
	assert_non_null(strstr(c.text, "Vary: Accept-Encoding\r\n"));
	assert_non_null(strstr(c.text, "Last-Modified: "));
	assert_non_null(strstr(c.text, "X-Content-Type-Options: nosniff"));
	c = ask("HEAD /all.atom", "");
	assert_int_equal(status_of(&c), 200);
	assert_string_equal(body_of(&c), "");
	assert_non_null(strstr(c.text, "Content-Length: 24\r\n"));
	c = ask("GET /", "");
	assert_int_equal(status_of(&c), 200);
	assert_non_null(strstr(c.text, "<a href=\"/all.atom\">"));
	assert_non_null(strstr(c.text, "All &amp; more"));
	assert_non_null(strstr(c.text, "Content-Security-Policy: "));
	c = ask("GET /healthz", "");
	assert_int_equal(status_of(&c), 503);
	assert_string_equal(body_of(&c), "fine indeed\n");
	assert_non_null(strstr(c.text, "Retry-After: 1\r\n"));
	assert_null(strstr(c.text, "Content-Security-Policy"));
	assert_int_equal(serve_count(serve, 5), 1);
	c = ask("GET /none.atom", "");
	assert_int_equal(status_of(&c), 404);
	assert_string_equal(body_of(&c), "not found\n");
	c = ask("GET /none.atom", "Accept: text/html,*/*\r\n");
	assert_int_equal(status_of(&c), 404);
	assert_non_null(strstr(body_of(&c), "<h1>Not found</h1>"));
	assert_non_null(strstr(c.text, "Content-Security-Policy: "));
	c = ask("GET /../www/all.atom", "");
	assert_int_equal(status_of(&c), 404);
}

static void
conditions(void **state)
{
	struct client c = ask("GET /all.atom", "");
	char etag[64], fields[256];

	(void)state;
	etag_of(&c, etag);
	snprintf(fields, sizeof(fields), "If-None-Match: \"x\", W/%s\r\n",
	    etag);
	c = ask("GET /all.atom", fields);
	assert_int_equal(status_of(&c), 304);
	assert_string_equal(body_of(&c), "");
	assert_non_null(strstr(c.text, etag));
	/* Some clients would wait for what a length promises. */
	assert_null(strstr(c.text, "Content-Length: 24"));
	assert_null(strcasestr(c.text, "Transfer-Encoding"));
	c = ask("GET /all.atom", "Range: bytes=6-9\r\n");
	assert_int_equal(status_of(&c), 206);
	assert_string_equal(body_of(&c), "0123");
	assert_non_null(strstr(c.text, "Content-Range: bytes 6-9/24\r\n"));
	c = ask("GET /all.atom", "Range: bytes=24-\r\n");
	assert_int_equal(status_of(&c), 416);
	assert_non_null(strstr(c.text, "Content-Range: bytes */24\r\n"));
	c = ask("GET /all.atom", "If-Match: \"x\"\r\n");
	assert_int_equal(status_of(&c), 412);
	/* A list may come in several lines; what is none may not. */
	snprintf(fields, sizeof(fields), "If-None-Match: \"x\"\r\n"
	    "Range: bytes=1-2\r\nif-none-match: %s\r\n", etag);
	c = ask("GET /all.atom", fields);
	assert_int_equal(status_of(&c), 304);
	c = ask("GET /all.atom", "Range: bytes=1-2\r\nRange: bytes=3-4\r\n");
	assert_int_equal(status_of(&c), 200);
}

/* A sealed page stays as it is; where the next one is, is told beside it. */
static void
neighbours(void **state)
{
	static const char prev[] =
	    "<http://x.example/all-archive-1.atom>; rel=\"prev-archive\"";
	static const char next[] =
	    "<http://x.example/all-archive-3.atom>; rel=\"next-archive\"";
	struct client c = ask("GET /all-archive-2.atom", "");
	char before[64], after[64];

	(void)state;
	assert_int_equal(status_of(&c), 404);
	write_file("all-archive-1.atom", document);
	write_file("all-archive-2.atom", document);
	c = ask("GET /all-archive-1.atom", "");
	assert_null(strstr(c.text, "prev-archive"));
	c = ask("GET /all-archive-2.atom", "");
	assert_int_equal(status_of(&c), 200);
	assert_non_null(strstr(c.text, prev));
	assert_null(strstr(c.text, "next-archive"));
	etag_of(&c, before);
	write_file("all-archive-3.atom", document);
	c = ask("GET /all-archive-2.atom", "");
	assert_non_null(strstr(c.text, prev));
	assert_non_null(strstr(c.text, next));
	etag_of(&c, after);
	assert_string_equal(before, after);
}

/* A twin that is not of the document is not used; a changed file is. */
static void
reloads(void **state)
{
	struct client c = ask("GET /all.atom", "");
	char before[64], after[64];

	(void)state;
	etag_of(&c, before);
	write_document("<feed>changed</feed>\n");
	serve_reload(serve);
	c = ask("GET /all.atom", "Accept-Encoding: gzip\r\n");
	assert_string_equal(body_of(&c), "<feed>changed</feed>\n");
	etag_of(&c, after);
	assert_string_not_equal(before, after);
	write_document(document);
	serve_reload(serve);
	c = ask("GET /all.atom", "");
	etag_of(&c, after);
	assert_string_equal(before, after);
}

/* Nobody has to tell it. */
static void
watches(void **state)
{
	struct client c = ask("GET /all.atom", "");
	char command[128];

	(void)state;
	write_document("<feed>changed</feed>\n");
	/* Long enough for the watch, and for the loop to hear of it. */
	c = talk_on(dial(), "GET /nope HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(status_of(&c), 404);
	c = ask("GET /all.atom", "");
	assert_string_equal(body_of(&c), "<feed>changed</feed>\n");
	/* Not even when the folder is removed, and made anew. */
	snprintf(command, sizeof(command), "rm -r %s/www", folder);
	assert_int_equal(system(command), 0);
	c = talk_on(dial(), "GET /nope HTTP/1.1\r\nHost: x\r\n\r\n");
	c = ask("GET /all.atom", "");
	assert_int_equal(status_of(&c), 404);
	write_document(document);
	c = talk_on(dial(), "GET /nope HTTP/1.1\r\nHost: x\r\n\r\n");
	c = ask("GET /all.atom", "");
	assert_string_equal(body_of(&c), document);
}

/* An answer under way lives on when its document is replaced. */
static void
reload_while_reading(void **state)
{
	size_t len = 32 << 20, got = 0;
	char *text = malloc(len + 1), buffer[65536];
	int fd;
	struct client c;

	(void)state;
	memset(text, 'a', len);
	text[len] = '\0';
	write_document(text);
	serve_reload(serve);
	fd = dial();
	assert_true(dprintf(fd, "GET /all.atom HTTP/1.1\r\nHost: x\r\n"
	    "Range: bytes=1-\r\nConnection: close\r\n\r\n") > 0);
	for (int i = 0; i < 20; i++)
		ev_run(loop, EVRUN_NOWAIT);
	write_document(document);
	serve_reload(serve);
	c = ask("GET /all.atom", "");
	assert_string_equal(body_of(&c), document);
	for (;;) {
		ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);

		if (n == 0)
			break;
		if (n > 0)
			got += (size_t)n;
		else
			ev_run(loop, EVRUN_ONCE);
	}
	assert_true(got > len);
	close(fd);
	free(text);
}

static void
refuses(void **state)
{
	struct client c = ask("POST /all.atom",
	    "Content-Length: 5\r\n\r\nhello");

	(void)state;
	assert_int_equal(status_of(&c), 405);
	assert_non_null(strstr(c.text, "Allow: GET, HEAD\r\n"));
	c = ask("GET /all.atom", "Content-Length: 30\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n");
	assert_int_equal(status_of(&c), 400);
	assert_true(c.closed);
	assert_null(strstr(c.text + 9, "HTTP/1.1"));
	c = ask("GET /all.atom", "Host: y\r\n");
	assert_int_equal(status_of(&c), 400);
	c = ask("GET /all.atom", "Content-Length: 0\r\nContent-Length: 9\r\n");
	assert_int_equal(status_of(&c), 400);
	c = talk_on(dial(), "GET /all.atom HTTP/1.1\r\n\r\n");
	assert_int_equal(status_of(&c), 400);
}

/* Who asks for nothing keeps nobody else outside for long. */
static void
makes_room(void **state)
{
	enum { PLACES = 4 };
	struct err err = { 0 };
	int idle[PLACES];
	struct client c;

	(void)state;
	config.http.connections = PLACES;
	listen_at[0] = "127.0.0.3:0";
	assert_int_equal(serve_configure(serve, &config, &err), 0);
	for (int i = 0; i < PLACES; i++) {
		idle[i] = dial_at(INADDR_LOOPBACK + 2);
		assert_true(write(idle[i], "GET /all", (size_t)i) >= 0);
	}
	c = talk_within(dial_at(INADDR_LOOPBACK + 2), "GET /all.atom "
	    "HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 10.);
	assert_int_equal(status_of(&c), 200);
	for (int i = 0; i < PLACES; i++)
		close(idle[i]);
	config.http.connections = 100;
}

static void
keeps_alive(void **state)
{
	struct client c = talk_on(dial(),
	    "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
	    "HEAD /all.atom HTTP/1.1\r\nHost: x\r\n\r\n"
	    "GET /nope HTTP/1.1\r\nHost: x\r\n\r\n");

	(void)state;
	if (c.closed)
		fail_msg("%s", c.text);
	assert_non_null(strstr(c.text, " 503 "));
	assert_non_null(strstr(c.text, " 200 "));
	assert_non_null(strstr(c.text, " 404 "));
	for (int i = 0; i < 20 && serve_connections(serve) > 0; i++) {
		usleep(1000);
		ev_run(loop, EVRUN_NOWAIT);
	}
	assert_int_equal(serve_connections(serve), 0);
}

/* A reload keeps what stays, closes what goes and opens what comes. */
static void
reconfigures(void **state)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct err err = { 0 };
	char where[128];
	struct client c;
	struct stat st;
	int fd, port = atoi(strrchr(serve_address(serve), ':') + 1);

	(void)state;
	snprintf(where, sizeof(where), "unix:%s/http.sock", folder);
	listen_at[1] = where;
	assert_int_equal(serve_configure(serve, &config, &err), 0);
	assert_int_equal(atoi(strrchr(serve_address(serve), ':') + 1), port);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	strcpy(to.sun_path, where + 5);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	c = talk_on(fd, "GET /all.atom HTTP/1.0\r\n\r\n");
	assert_int_equal(status_of(&c), 200);
	listen_at[1] = NULL;
	assert_int_equal(serve_configure(serve, &config, &err), 0);
	assert_int_equal(stat(where + 5, &st), -1);
	listen_at[0] = "256.0.0.1:80";
	assert_int_equal(serve_configure(serve, &config, &err), -1);
	assert_non_null(strstr(err.msg, "256.0.0.1:80"));
	listen_at[0] = "127.0.0.1:0";
	assert_int_equal(serve_configure(serve, &config, &err), 0);
	assert_non_null(serve_address(serve));
	c = ask("GET /all.atom", "");
	assert_int_equal(status_of(&c), 200);
}

/* ------------------------------------------------------------------ calls */

/* Sends, and leaves the connection open with its answer to come. */
static int
send_to(int fd, const char *request)
{
	ev_timer timer;

	assert_int_equal(write(fd, request, strlen(request)),
	    strlen(request));
	ev_timer_init(&timer, give_up, .1, 0.);
	ev_timer_start(loop, &timer);
	ev_run(loop, 0);
	return fd;
}

static void
answers_later(void **state)
{
	static const char request[] = "GET /later?q=%C3%A9&a=+ HTTP/1.1\r\n"
	    "Host: x\r\nConnection: close\r\n\r\n";
	struct client c;
	int fd;

	(void)state;
	c = ask("GET /now?x", "");
	assert_int_equal(status_of(&c), 200);
	assert_string_equal(body_of(&c), "at once");
	fd = send_to(dial(), request);
	assert_non_null(asked);
	assert_string_equal(asked_query, "q=%C3%A9&a=+");
	/* Others are served meanwhile. */
	c = ask("GET /all.atom", "");
	assert_int_equal(status_of(&c), 200);
	assert_true(serve_call_is_wanted(asked));
	answer_asked("in the end");
	c = talk_on(fd, "");
	assert_string_equal(body_of(&c), "in the end");
	assert_non_null(strstr(c.text, "Cache-Control: no-store\r\n"));
	assert_null(asked);
}

static void
long_query(void **state)
{
	char line[SERVE_QUERY_BYTES + 64];

	(void)state;
	memset(line, 'a', sizeof(line));
	memcpy(line, "GET /later?q=", 13);
	strcpy(line + sizeof(line) - 32, " HTTP/1.1\r\nHost: x\r\n\r\n");
	close(send_to(dial(), line));
	assert_string_equal(asked_query, "(too long)");
	answer_asked("");
}

/* The client goes, the listener goes, the server goes: the answer may still
 * be given, and is lost. */
static void
answers_nobody(void **state)
{
	static const char request[] = "GET /later HTTP/1.1\r\nHost: x\r\n\r\n";
	struct serve_call *first;
	struct err err = { 0 };
	int fd;

	(void)state;
	fd = send_to(dial(), request);
	close(fd);
	assert_false(serve_call_is_wanted(asked));
	answer_asked("to nobody");
	fd = send_to(dial(), request);
	first = asked;
	listen_at[0] = "127.0.0.2:0";
	assert_int_equal(serve_configure(serve, &config, &err), 0);
	assert_false(serve_call_is_wanted(asked));
	answer_asked("to a closed listener");
	close(fd);
	assert_null(asked);
	listen_at[0] = "127.0.0.1:0";
	assert_int_equal(serve_configure(serve, &config, &err), 0);
	fd = send_to(dial(), request);
	first = asked;
	assert_non_null(first);
	serve_free(serve);
	asked = first;
	answer_asked("to a server that is gone");
	close(fd);
	serve = serve_new(loop, routes, (void *)"indeed");
}

static void
counts_refusals(void **state)
{
	unsigned long was = serve_count(serve, 4);
	struct client c = talk_on(dial(), "GET /all.atom HTTP/1.1\r\n\r\n");

	(void)state;
	assert_int_equal(status_of(&c), 400);
	assert_int_equal(serve_count(serve, 4), was + 1);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_later),
		TEST(long_query),
		TEST(answers_nobody),
		TEST(counts_refusals),
		TEST(gets),
		TEST(conditions),
		TEST(neighbours),
		TEST(reloads),
		TEST(watches),
		TEST(reload_while_reading),
		TEST(refuses),
		TEST(makes_room),
		TEST(keeps_alive),
		TEST(reconfigures),
	};

	return UNIT_RUN(tests);
}
