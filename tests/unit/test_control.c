/* test_control.c - the control socket, with callers of every kind. */
#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <ev.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"
#include "feedmill/control.h"

static struct bench {
	struct ev_loop		*loop;
	struct control		*control;
	struct control_call	*kept;
	char			 dir[64], path[96];
} b;

static void
call_echo(struct control_call *call, char **args, void *arg)
{
	struct buf text = { 0 };

	(void)arg;
	for (; *args != NULL; args++)
		buf_printf(&text, "[%s]", *args);
	control_answer(call, 3, buf_str(&text), text.len);
	buf_fini(&text);
}

static void
call_keep(struct control_call *call, char **args, void *arg)
{
	(void)args, (void)arg;
	b.kept = call;
	ev_break(b.loop, EVBREAK_ALL);
}

static void
call_size(struct control_call *call, char **args, void *arg)
{
	struct buf text = { 0 };
	size_t len;
	const char *body = control_body(call, &len);

	(void)arg;
	buf_printf(&text, "%s %zu ", args[0], len);
	buf_append(&text, body, len);
	control_answer(call, 0, text.data, text.len);
	buf_fini(&text);
}

enum { BODY_MAX = 1 << 20 };

static const struct control_verb verbs[] = {
	{ "echo", call_echo, 0 }, { "keep", call_keep, 0 }, { "size", call_size, BODY_MAX },
	{ "hold", call_keep, BODY_MAX }, { NULL, NULL, 0 }
};

static int
set_up(void **state)
{
	struct err e;

	(void)state;
	b = (struct bench){ .loop = ev_loop_new(EVFLAG_AUTO) };
	strcpy(b.dir, "/tmp/feedmill-control.XXXXXX");
	if (mkdtemp(b.dir) == NULL)
		return -1;
	snprintf(b.path, sizeof(b.path), "%s/sock", b.dir);
	b.control = control_new(b.loop, b.path, verbs, NULL, &e);
	return b.control != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	control_free(b.control);
	ev_loop_destroy(b.loop);
	unlink(b.path);
	rmdir(b.dir);
	return 0;
}

struct asking {
	const char *const	*words;
	const char		*body;	/* words[0] is its verb; or NULL */
	size_t			 len;
	struct buf		 text;
	struct err		 failed;
	int			 status;
};

static void *
ask(void *arg)
{
	struct asking *a = arg;

	a->status = a->body == NULL ?
	    control_ask(b.path, a->words, &a->text, &a->failed) :
	    control_send(b.path, a->words[0], a->body, a->len, &a->text,
	    &a->failed);
	return NULL;
}

/* Runs the loop until the asking thread has its answer. */
static void
ask_beside(struct asking *a)
{
	pthread_t thread;
	int rc;

	pthread_create(&thread, NULL, ask, a);
	while ((rc = pthread_tryjoin_np(thread, NULL)) != 0) {
		ev_run(b.loop, EVRUN_NOWAIT);
		usleep(500);
	}
}

static void
test_words_and_status_arrive(void **state)
{
	const char *const words[] = { "echo", "a b", "", "文", NULL };
	struct asking a = { .words = words };

	(void)state;
	ask_beside(&a);
	assert_int_equal(a.status, 3);
	assert_string_equal(buf_str(&a.text), "[a b][][文]");
	buf_fini(&a.text);
}

/* They would arrive as other words. */
static void
test_words_that_cannot_be_said(void **state)
{
	static const char *const bad[] = { "a\tb", "a\n", "\techo" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		const char *const words[] = { "echo", bad[i], NULL };
		struct asking a = { .words = words };

		ask_beside(&a);
		assert_int_equal(a.status, -1);
		assert_non_null(strstr(a.failed.msg, "tab"));
		assert_int_equal(a.text.len, 0);
	}
}

static void
test_unknown_verb_is_usage(void **state)
{
	const char *const words[] = { "nonsense", NULL };
	struct asking a = { .words = words };

	(void)state;
	ask_beside(&a);
	assert_int_equal(a.status, 2);
	buf_fini(&a.text);
}

static void
test_socket_is_private(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(b.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
test_nobody_listens(void **state)
{
	const char *const words[] = { "echo", NULL };
	struct asking a = { .words = words };

	(void)state;
	control_free(TAKE(b.control));
	ask(&a);
	assert_int_equal(a.status, -1);
	assert_non_null(strstr(a.failed.msg, "no daemon answers"));
}

static int
connect_raw(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(at.sun_path, b.path);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void
turn(void)
{
	for (int i = 0; i < 10; i++)
		ev_run(b.loop, EVRUN_NOWAIT);
}

static void
test_endless_request_is_dropped(void **state)
{
	static char junk[4096];
	int fd = connect_raw();
	ssize_t n = 1;

	(void)state;
	memset(junk, 'x', sizeof(junk));
	for (int i = 0; i < 64 && n > 0; i++) {
		n = send(fd, junk, sizeof(junk), MSG_NOSIGNAL | MSG_DONTWAIT);
		turn();
	}
	assert_true(n <= 0 || recv(fd, junk, 1, MSG_DONTWAIT) == 0);
	close(fd);
}

static void
test_caller_gone_before_its_answer(void **state)
{
	int fd = connect_raw();

	(void)state;
	assert_int_equal(send(fd, "keep\n", 5, 0), 5);
	ev_run(b.loop, 0);
	close(fd);
	turn();
	control_answer(b.kept, 0, "late", 4);
	turn();
}

static void
test_control_gone_before_its_answer(void **state)
{
	int first = connect_raw(), second = connect_raw();

	(void)state;
	turn();
	assert_int_equal(send(first, "keep\n", 5, 0), 5);
	ev_run(b.loop, 0);
	control_free(TAKE(b.control));
	control_answer(b.kept, 0, "late", 4);
	close(first);
	close(second);
}

static void
test_many_callers_have_a_limit(void **state)
{
	int fds[40], refused = 0;
	char c;

	(void)state;
	for (int i = 0; i < 40; i++) {
		fds[i] = connect_raw();
		turn();
	}
	for (int i = 0; i < 40; i++) {
		refused += recv(fds[i], &c, 1, MSG_DONTWAIT) == 0;
		close(fds[i]);
	}
	assert_int_equal(refused, 24);
}

/* Everything there is to read from it now. */
static const char *
answer_of(int fd)
{
	static char text[256];
	ssize_t n;

	turn();
	n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void
test_a_body_arrives(void **state)
{
	static const size_t sizes[] = { 0, 1, 3, 5000, 300000, BODY_MAX };
	const char *const words[] = { "size", NULL };
	char *bytes = malloc(BODY_MAX), head[32];

	(void)state;
	for (size_t i = 0; i < BODY_MAX; i++)
		bytes[i] = (char)(i * 7 + i / 256);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct asking a = { .words = words, .body = bytes,
		    .len = sizes[i] };
		size_t n = (size_t)snprintf(head, sizeof(head), "%zu %zu ",
		    sizes[i], sizes[i]);

		ask_beside(&a);
		assert_int_equal(a.status, 0);
		assert_int_equal(a.text.len, n + sizes[i]);
		assert_memory_equal(a.text.data, head, n);
		if (sizes[i] > 0)
			assert_memory_equal(a.text.data + n, bytes, sizes[i]);
		buf_fini(&a.text);
	}
	free(bytes);
}

static void
test_a_body_in_pieces(void **state)
{
	static const char request[] = "size\t11\tx\nhello\nworld";
	int fd = connect_raw();

	(void)state;
	for (const char *s = request; *s != '\0'; s++) {
		assert_string_equal(answer_of(fd), "");
		assert_int_equal(send(fd, s, 1, 0), 1);
	}
	assert_string_equal(answer_of(fd), "0\n11 11 hello\nworld");
	close(fd);
}

static void
test_bodies_that_are_refused(void **state)
{
	static const struct { const char *request, *answer; } rows[] = {
		{ "size\n", "2\nhow many bytes follow?\n" },
		{ "size\tx\n", "2\nhow many bytes follow?\n" },
		{ "size\t-1\n", "2\nhow many bytes follow?\n" },
		{ "size\t 1\na", "2\nhow many bytes follow?\n" },
		{ "size\t1x\na", "2\nhow many bytes follow?\n" },
		{ "size\t99999999999999999999999\n",
		    "2\nhow many bytes follow?\n" },
		{ "size\t1048577\n", "2\nmore bytes than this verb takes\n" },
		{ "size\t1\nab", "2\nmore bytes follow than were said\n" },
		{ "siz\t1\na", "2\nunknown verb\n" },
		{ "sizes\t1\na", "2\nunknown verb\n" },
		{ "\t1\na", "2\nunknown verb\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int fd = connect_raw();
		size_t len = strlen(rows[i].request);

		assert_int_equal(send(fd, rows[i].request, len, 0), len);
		assert_string_equal(answer_of(fd), rows[i].answer);
		close(fd);
	}
}

/* What has no room is told so before it is sent. */
static void
test_one_body_at_a_time(void **state)
{
	int first = connect_raw(), second = connect_raw(), third;

	(void)state;
	assert_int_equal(send(first, "size\t5\nab", 9, 0), 9);
	turn();
	assert_int_equal(send(second, "size\t2\nab", 9, 0), 9);
	assert_string_equal(answer_of(second), "75\nanother is served just "
	    "now\n");
	close(second);
	second = connect_raw();
	assert_int_equal(send(second, "echo\tx\n", 7, 0), 7);
	assert_string_equal(answer_of(second), "3\n[x]");
	close(first);
	turn();
	third = connect_raw();
	assert_int_equal(send(third, "size\t2\nab", 9, 0), 9);
	assert_string_equal(answer_of(third), "0\n2 2 ab");
	close(second);
	close(third);
}

static void
test_caller_gone_its_body_stays(void **state)
{
	int fd = connect_raw();
	size_t len;

	(void)state;
	assert_int_equal(send(fd, "hold\t2\nab", 9, 0), 9);
	ev_run(b.loop, 0);
	close(fd);
	turn();
	assert_memory_equal(control_body(b.kept, &len), "ab", 2);
	assert_int_equal(len, 2);
	control_free(TAKE(b.control));
	assert_memory_equal(control_body(b.kept, &len), "ab", 2);
	control_answer(b.kept, 0, "late", 4);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_words_and_status_arrive),
		TEST(test_words_that_cannot_be_said),
		TEST(test_unknown_verb_is_usage),
		TEST(test_socket_is_private),
		TEST(test_nobody_listens),
		TEST(test_endless_request_is_dropped),
		TEST(test_caller_gone_before_its_answer),
		TEST(test_control_gone_before_its_answer),
		TEST(test_many_callers_have_a_limit),
		TEST(test_a_body_arrives),
		TEST(test_a_body_in_pieces),
		TEST(test_bodies_that_are_refused),
		TEST(test_one_body_at_a_time),
		TEST(test_caller_gone_its_body_stays),
	};

	return UNIT_RUN(tests);
}
