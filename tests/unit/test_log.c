/*
 * test_log.c - log.h: what arrives at the other end of stderr.
 *
 * Where the lines go is asked once per process, so each case is a child with
 * a stderr of its own: a packet socket, which keeps write(2)s apart, or a
 * pseudo-terminal.
 */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"

/* Run body with fd as its stderr. */
static void
run_child(int fd, void (*body)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		dup2(fd, STDERR_FILENO);
		body();
		_exit(0);
	}
	close(fd);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

/* The write(2)s of body, one after the other, each ended with NUL. */
static size_t
capture(void (*body)(void), char *out, size_t size)
{
	int ends[2];
	size_t len = 0;
	ssize_t n;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	run_child(ends[1], body);
	memset(out, 0, size);
	while ((n = read(ends[0], out + len, size - len - 1)) > 0)
		len += (size_t)n + 1;
	close(ends[0]);
	return len;
}

static void
capture_terminal(void (*body)(void), char *out, size_t size)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	struct winsize columns = { .ws_row = 24, .ws_col = 40 };
	struct termios raw;
	size_t len = 0;
	ssize_t n;

	assert_int_not_equal(master, -1);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_int_not_equal(slave, -1);
	tcgetattr(slave, &raw);
	raw.c_oflag &= ~(tcflag_t)OPOST;
	tcsetattr(slave, TCSANOW, &raw);
	ioctl(slave, TIOCSWINSZ, &columns);
	run_child(slave, body);
	memset(out, 0, size);
	while ((n = read(master, out + len, size - len - 1)) > 0)
		len += (size_t)n;
	close(master);
}

/* -------------------------------------------------------------- logfmt */

static void
log_two(void)
{
	log_event(LOG_WARN, "source failing", LOG_STR("source", "dw-zh"),
	    LOG_INT("failures", 3));
	log_event(LOG_INFO, "up");
}

static void
test_plain(void **state)
{
	char out[1000];
	const char *second;

	(void)state;
	unsetenv("JOURNAL_STREAM");
	capture(log_two, out, sizeof(out));
	assert_memory_equal(out, "ts=20", 5);
	assert_string_equal(out + strlen("ts=2026-11-22T03:15:54.123Z"),
	    " level=warn event=\"source failing\" source=dw-zh failures=3\n");
	/* A write(2) of its own. */
	second = out + strlen(out) + 1;
	assert_string_equal(second + strlen("ts=2026-11-22T03:15:54.123Z"),
	    " level=info event=up\n");
}

/* The journal's variable counts only if it names our stderr. */
static void
log_to_journal(void)
{
	char stream[64];
	struct stat st;

	fstat(STDERR_FILENO, &st);
	snprintf(stream, sizeof(stream), "%llu:%llu",
	    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_set_level(LOG_DEBUG);
	log_event(LOG_ERROR, "e");
	log_event(LOG_WARN, "w");
	log_event(LOG_INFO, "i", LOG_INT("n", -1));
	log_event(LOG_DEBUG, "d");
}

static void
test_journal(void **state)
{
	static const char want[] = "<3>level=error event=e\n\0"
	    "<4>level=warn event=w\n\0<6>level=info event=i n=-1\n\0"
	    "<7>level=debug event=d\n";
	char out[1000];

	(void)state;
	assert_int_equal(capture(log_to_journal, out, sizeof(out)),
	    sizeof(want));
	assert_memory_equal(out, want, sizeof(want));
	setenv("JOURNAL_STREAM", "1:2", 1);
	capture(log_two, out, sizeof(out));
	assert_memory_equal(out, "ts=", 3);
	unsetenv("JOURNAL_STREAM");
}

/* -------------------------------------------------------------- values */

static const struct {
	const char	*value, *written;
} values[] = {
	{ "bare-word:1/2", "bare-word:1/2" },
	{ "\xE4\xB8\xAD", "\xE4\xB8\xAD" },
	{ "", "\"\"" },
	{ "two words", "\"two words\"" },
	{ "a=b", "\"a=b\"" },
	{ "say \"hi\" \\", "\"say \\\"hi\\\" \\\\\"" },
	{ "x\nts=1 level=error", "\"x\\nts=1 level=error\"" },
	{ "\r\t", "\"\\r\\t\"" },
	{ "\x1B[2J\x7F", "\"\\u001b[2J\\u007f\"" },
	{ "\xC2\x9B" "2J", "\"\\u009b2J\"" },
	{ "a\xE2\x80\xA8" "b", "\"a\\u2028b\"" },
	{ "\xE2\x80\xAEgnp", "\"\\u202egnp\"" },
	{ "\xF3\xA0\x80\x81", "\"\\U000e0001\"" },
	{ "a\xC2\xA0" "b", "\"a\xC2\xA0" "b\"" },
	{ "\xFF", "\"\xEF\xBF\xBD\"" },
	{ NULL, "-" },
};

static void
log_values(void)
{
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		log_event(LOG_INFO, "e", LOG_STR("v", values[i].value));
}

static void
test_values(void **state)
{
	char out[8000], want[200];
	const char *line = out;

	(void)state;
	capture(log_values, out, sizeof(out));
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		snprintf(want, sizeof(want), " level=info event=e v=%s\n",
		    values[i].written);
		assert_string_equal(line +
		    strlen("ts=2026-11-22T03:15:54.123Z"), want);
		line += strlen(line) + 1;
	}
}

static void
log_long(void)
{
	static char value[100000];

	memset(value, 'x', sizeof(value) - 1);
	log_event(LOG_INFO, "e", LOG_STR("v", value), LOG_INT("n", 1));
}

static void
test_long_value(void **state)
{
	char out[8000];

	(void)state;
	capture(log_long, out, sizeof(out));
	assert_in_range(strlen(out), 1000, 1200);
	assert_non_null(strstr(out, "xxx...\" n=1\n"));
}

static void
log_below_level(void)
{
	log_event(LOG_DEBUG, "silent");
	log_set_level(LOG_ERROR);
	log_event(LOG_WARN, "silent");
	log_progress("silent");
	log_event(LOG_ERROR, "loud");
}

static void
test_levels(void **state)
{
	char out[1000];

	(void)state;
	capture(log_below_level, out, sizeof(out));
	assert_non_null(strstr(out, "event=loud\n"));
}

/* ------------------------------------------------------------ terminal */

static void
test_terminal(void **state)
{
	char out[1000];

	(void)state;
	setenv("NO_COLOR", "1", 1);
	setenv("TERM", "xterm", 1);
	capture_terminal(log_two, out, sizeof(out));
	assert_null(strchr(out, '\033'));
	assert_int_equal(out[2], ':');
	assert_string_equal(strchr(out, '\n') + 9, " up\n");
	*strchr(out, '\n') = '\0';
	assert_string_equal(out + 8, " source failing  source=dw-zh"
	    " failures=3");
	unsetenv("NO_COLOR");
	capture_terminal(log_two, out, sizeof(out));
	assert_non_null(strstr(out, "\033[33msource failing\033[0m"));
	setenv("TERM", "dumb", 1);
	capture_terminal(log_two, out, sizeof(out));
	assert_null(strchr(out, '\033'));
}

static void
log_with_progress(void)
{
	if (!log_is_terminal())
		_exit(1);
	log_progress("%d of %d\033", 1, 10);
	log_event(LOG_INFO, "done");
	log_progress("%s", "");
	log_event(LOG_INFO, "bye");
	log_progress("%060d", 0);
}

static void
test_progress(void **state)
{
	char out[1000];
	const char *p;

	(void)state;
	setenv("NO_COLOR", "1", 1);
	setenv("TERM", "xterm", 1);
	capture_terminal(log_with_progress, out, sizeof(out));
	assert_memory_equal(out, "\r\033[K1 of 10\\u001b\r\033[K", 21);
	p = strstr(out, " done\n");
	assert_non_null(p);
	assert_memory_equal(p, " done\n1 of 10\\u001b\r\033[K", 23);
	p = strstr(out, " bye\n");
	assert_non_null(p);
	/* One column is left free, lest the terminal wrap. */
	assert_int_equal(strlen(p), strlen(" bye\n\r\033[K") + 39);
	unsetenv("NO_COLOR");
}

/* ------------------------------------------------------ nobody reads it */

static int reader;

enum { LINES = 400 };

/* What is in the pipe by now. */
static size_t
drain(char *out, size_t size)
{
	ssize_t n = read(reader, out, size - 1);

	out[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static void
log_unread(void)
{
	static char out[1 << 17], filler[600];
	const char *lost;
	unsigned kept = 0;

	alarm(30);
	memset(filler, 'x', sizeof(filler) - 1);
	log_never_wait();
	for (int i = 0; i < LINES; i++)
		log_event(LOG_INFO, filler);
	drain(out, sizeof(out));
	for (const char *p = out; (p = strchr(p, '\n')) != NULL; p++)
		kept++;
	log_event(LOG_INFO, "read again");
	drain(out, sizeof(out));
	lost = strstr(out, "lines are missing\" lines=");
	if (kept == 0 || kept == LINES || lost == NULL ||
	    (unsigned)atoi(strchr(lost, '=') + 1) != LINES - kept ||
	    strstr(lost, "event=\"read again\"\n") == NULL)
		_exit(1);
	log_event(LOG_INFO, "once");
	drain(out, sizeof(out));
	if (strstr(out, "missing") != NULL || strstr(out, "once") == NULL)
		_exit(2);
}

static void
test_unread(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	reader = ends[0];
	run_child(ends[1], log_unread);
	close(ends[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_long_value),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_progress),
		cmocka_unit_test(test_unread),
	};

	return UNIT_RUN(tests);
}
