/*
 * log.c - see log.h.
 *
 * Where the line goes is asked once, at the first line: a terminal, the
 * journal ($JOURNAL_STREAM names the device and inode of our stderr, as
 * systemd.exec(5) says), or anything else.
 *
 * The progress line is the terminal's last one.  An event clears it, writes
 * its own line and draws it again, all in one write(2); a mutex keeps the
 * text of the progress line whole.
 *
 * Who must not wait looks whether there is room first, and waits once for a
 * moment; after that nobody is waited for until somebody reads again, and is
 * told how much is missing.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/date.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"

/* A value longer than this is cut: a line stays one that can be read. */
enum { VALUE_BYTES = 1024, PROGRESS_BYTES = 256, PATIENCE_MS = 1000 };

enum sink { SINK_PLAIN, SINK_JOURNAL, SINK_TERMINAL, SINK_COLOUR };

static const struct {
	const char	*name;
	const char	*priority;	/* sd-daemon(3) */
	const char	*colour;
} levels[] = {
	[LOG_ERROR] = { "error", "<3>", "\033[31m" },
	[LOG_WARN]  = { "warn", "<4>", "\033[33m" },
	[LOG_INFO]  = { "info", "<6>", "" },
	[LOG_DEBUG] = { "debug", "<7>", "\033[2m" },
};

static atomic_int threshold = LOG_INFO;
static pthread_once_t asked = PTHREAD_ONCE_INIT;
static enum sink sink;
static pthread_mutex_t progress_lock = PTHREAD_MUTEX_INITIALIZER;
static char progress[PROGRESS_BYTES];

/* Of log_never_wait(). */
static atomic_int may_lose;
static pthread_mutex_t stderr_lock = PTHREAD_MUTEX_INITIALIZER;
static int is_stuck, is_cut;	/* in the middle of a line */
static int64_t lost;

static int
is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream != NULL &&
	    sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	    fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device &&
	    st.st_ino == inode;
}

static void
ask_sink(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (is_journal())
		sink = SINK_JOURNAL;
	else if (!isatty(STDERR_FILENO))
		sink = SINK_PLAIN;
	else if ((no_color != NULL && no_color[0] != '\0') ||
	    (term != NULL && strcmp(term, "dumb") == 0))
		sink = SINK_TERMINAL;
	else
		sink = SINK_COLOUR;
}

static enum sink
log_sink(void)
{
	pthread_once(&asked, ask_sink);
	return sink;
}

int
log_is_terminal(void)
{
	return log_sink() >= SINK_TERMINAL;
}

const char *
log_text(const char *v)
{
	return v != NULL ? v : "-";
}

/* -------------------------------------------------------------- values */

/* Controls, and what a terminal or an editor obeys without showing it:
 * separators, directions, zero widths, private and unassigned ends. */
static int
is_unprintable(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD ||
	    c == 0x61C || (c >= 0x200B && c <= 0x200F) ||
	    (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) ||
	    c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) ||
	    (c & 0xFFFE) == 0xFFFE || (c >= 0xE0000 && c <= 0xE0FFF);
}

/* May the value stand without quotes? */
static int
is_bare(const char *v, size_t len)
{
	const char *end = v + len;

	if (len == 0)
		return 0;
	while (v < end) {
		uint32_t c = text_utf8_next(&v, end);

		if (c == ' ' || c == '"' || c == '=' || c == '\\' ||
		    c == 0xA0 || (c >= 0x2000 && c <= 0x200A) ||
		    c == 0x3000 || c == 0xFFFD ||
		    is_unprintable(c))
			return 0;
	}
	return 1;
}

static void
put_escaped(struct buf *b, uint32_t c)
{
	switch (c) {
	case '"':  buf_puts(b, "\\\""); break;
	case '\\': buf_puts(b, "\\\\"); break;
	case '\n': buf_puts(b, "\\n"); break;
	case '\r': buf_puts(b, "\\r"); break;
	case '\t': buf_puts(b, "\\t"); break;
	default:
		if (!is_unprintable(c))
			text_utf8_put(b, c);
		else if (c < 0x10000)
			buf_printf(b, "\\u%04x", c);
		else
			buf_printf(b, "\\U%08x", c);
	}
}

static void
put_value(struct buf *b, const char *v)
{
	size_t whole = strnlen(v, VALUE_BYTES + 1);
	size_t len = text_utf8_cut(v, whole, VALUE_BYTES);
	const char *end = v + len;

	if (len == whole && is_bare(v, len)) {
		buf_append(b, v, len);
		return;
	}
	buf_putc(b, '"');
	while (v < end)
		put_escaped(b, text_utf8_next(&v, end));
	buf_puts(b, len < whole ? "...\"" : "\"");
}

/* Keys are ours, so this only bounds the damage of a slip. */
static void
put_fields(struct buf *b, const struct log_field *f, const char *dim,
    const char *normal)
{
	for (; f->key != NULL; f++) {
		buf_printf(b, " %s%s=%s", dim, f->key, normal);
		if (f->str != NULL)
			put_value(b, f->str);
		else
			buf_printf(b, "%lld", (long long)f->num);
	}
}

/* --------------------------------------------------------------- lines */

static void
put_logfmt(struct buf *b, enum log_level level, const char *event,
    const struct log_field *fields)
{
	buf_printf(b, "level=%s event=", levels[level].name);
	put_value(b, event);
	put_fields(b, fields, "", "");
}

static void
put_plain(struct buf *b, enum log_level level, const char *event,
    const struct log_field *fields)
{
	char ts[DATE_TEXT_SIZE];

	date_format_iso24(clock_wall_ms(), ts);
	buf_printf(b, "ts=%s ", ts);
	put_logfmt(b, level, event, fields);
}

/* "03:15:54 source failing  source=dw-zh failures=3" */
static void
put_readable(struct buf *b, enum log_level level, const char *event,
    const struct log_field *fields, int colour)
{
	const char *end = event + strlen(event);
	time_t now = (time_t)date_seconds(clock_wall_ms());
	struct tm tm;

	localtime_r(&now, &tm);
	buf_printf(b, "%s%02d:%02d:%02d%s %s", colour ? "\033[2m" : "",
	    tm.tm_hour, tm.tm_min, tm.tm_sec, colour ? "\033[0m" : "",
	    colour ? levels[level].colour : "");
	while (event < end)
		put_escaped(b, text_utf8_next(&event, end));
	buf_puts(b, colour ? "\033[0m" : "");
	if (fields->key != NULL)
		buf_putc(b, ' ');
	put_fields(b, fields, colour ? "\033[2m" : "",
	    colour ? "\033[0m" : "");
}

static void
put_line(struct buf *b, enum log_level level, const char *event,
    const struct log_field *fields)
{
	enum sink to = log_sink();

	if (to >= SINK_TERMINAL) {
		put_readable(b, level, event, fields, to == SINK_COLOUR);
	} else if (to == SINK_JOURNAL) {
		buf_puts(b, levels[level].priority);
		put_logfmt(b, level, event, fields);
	} else {
		put_plain(b, level, event, fields);
	}
	buf_putc(b, '\n');
}

/* ------------------------------------------------------------- writing */

/* Within PATIENCE_MS, but once only. */
static int
has_room(void)
{
	struct pollfd p = { STDERR_FILENO, POLLOUT, 0 };
	int n;

	do
		n = poll(&p, 1, is_stuck ? 0 : PATIENCE_MS);
	while (n == -1 && errno == EINTR);
	is_stuck = n == 0;
	return !is_stuck;
}

/* How much of it is out: what a full disk refuses is lost, for there is
 * nowhere to complain.  A pipe that has room has it for PIPE_BUF. */
static size_t
write_some(const struct buf *b, int waits)
{
	size_t done = 0;

	while (done < b->len) {
		size_t len = b->len - done;
		ssize_t n;

		if (!waits && !has_room())
			break;
		n = write(STDERR_FILENO, b->data + done,
		    waits || len < PIPE_BUF ? len : PIPE_BUF);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN && !waits) {
			is_stuck = 1;
			break;
		}
		if (n <= 0)
			return b->len;
		done += (size_t)n;
	}
	return done;
}

static int
tell_lost(void)
{
	struct log_field fields[] = { LOG_INT("lines", lost), { 0, 0, 0 } };
	struct buf b = { 0 };
	int told;

	if (lost == 0)
		return 1;
	if (is_cut)
		buf_putc(&b, '\n');
	put_line(&b, LOG_WARN, "nobody read the log: lines are missing",
	    fields);
	told = write_some(&b, 0) == b.len;
	if (told)
		lost = is_cut = 0;
	buf_fini(&b);
	return told;
}

/* One write per line, as a rule. */
static void
put_stderr(const struct buf *b)
{
	size_t done = 0;

	if (!atomic_load(&may_lose)) {
		write_some(b, 1);
		return;
	}
	pthread_mutex_lock(&stderr_lock);
	if (tell_lost())
		done = write_some(b, 0);
	if (done < b->len)
		lost++;
	is_cut |= done > 0 && done < b->len;
	pthread_mutex_unlock(&stderr_lock);
}

/* A terminal that has room for a byte is waited at for all others, unless it
 * is open once more, for us alone: what others do there stays as it is. */
static void
open_terminal(void)
{
	int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY |
	    O_CLOEXEC);

	if (fd == -1)
		return;
	dup2(fd, STDERR_FILENO);
	close(fd);
}

void
log_never_wait(void)
{
	if (log_is_terminal())
		open_terminal();
	atomic_store(&may_lose, 1);
}

/* Over the progress line, and then that line again. */
static void
write_terminal(enum log_level level, const char *event,
    const struct log_field *fields)
{
	struct buf b = { 0 };

	pthread_mutex_lock(&progress_lock);
	if (progress[0] != '\0')
		buf_puts(&b, "\r\033[K");
	put_line(&b, level, event, fields);
	buf_puts(&b, progress);
	put_stderr(&b);
	pthread_mutex_unlock(&progress_lock);
	buf_fini(&b);
}

void
log_write(enum log_level level, const char *event,
    const struct log_field *fields)
{
	struct buf b = { 0 };

	if ((int)level > atomic_load(&threshold))
		return;
	if (log_is_terminal()) {
		write_terminal(level, event, fields);
		return;
	}
	put_line(&b, level, event, fields);
	put_stderr(&b);
	buf_fini(&b);
}

void
log_set_level(enum log_level level)
{
	atomic_store(&threshold, (int)level);
}

/* ------------------------------------------------------------ progress */

/* As many columns as the terminal has, less one, so that it never wraps. */
static size_t
terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == -1 ||
	    size.ws_col < 2)
		return 79;
	return size.ws_col - 1u;
}

static void
set_progress(const char *text)
{
	struct buf b = { 0 };
	const char *end = text + strlen(text);

	while (text < end)
		put_escaped(&b, text_utf8_next(&text, end));
	/* Bytes stand in for columns: wide text only ends early. */
	snprintf(progress, sizeof(progress), "%.*s",
	    (int)text_utf8_cut(buf_str(&b), b.len,
	    terminal_columns() < PROGRESS_BYTES ? terminal_columns() :
	    PROGRESS_BYTES - 1), buf_str(&b));
	buf_fini(&b);
}

void
log_progress(const char *fmt, ...)
{
	char text[PROGRESS_BYTES];
	struct buf b = { 0 };
	va_list ap;

	if (!log_is_terminal())
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	pthread_mutex_lock(&progress_lock);
	set_progress(text);
	buf_printf(&b, "\r\033[K%s", progress);
	put_stderr(&b);
	pthread_mutex_unlock(&progress_lock);
	buf_fini(&b);
}
