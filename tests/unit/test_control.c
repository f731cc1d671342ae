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

static const struct control_verb verbs[] = {
	{ "echo", call_echo }, { "keep", call_keep }, { NULL, NULL }
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
	struct buf		 text;
	struct err		 failed;
	int			 status;
};

static void *
ask(void *arg)
{
	struct asking *a = arg;

	a->status = control_ask(b.path, a->words, &a->text, &a->failed);
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
	};

	return UNIT_RUN(tests);
}
