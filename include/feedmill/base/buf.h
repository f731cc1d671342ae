/*
 * buf.h - growable bytes, always NUL-terminated one past len.
 *
 * A zeroed struct is an empty buffer (data is NULL until the first append).
 * Bytes may contain NUL; len counts.
 */
#ifndef FEEDMILL_BASE_BUF_H
#define FEEDMILL_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct buf {
	char	*data;
	size_t	 len;
	size_t	 cap;
};

void buf_append(struct buf *, const void *, size_t len);
void buf_puts(struct buf *, const char *);
void buf_putc(struct buf *, char);
void buf_printf(struct buf *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *, const char *fmt, va_list)
    __attribute__((format(printf, 2, 0)));

/* Room for extra more bytes and the NUL; returns where they go. */
char *buf_reserve(struct buf *, size_t extra);

/* The same, NULL where there is not enough: for sizes the world chose. */
char *buf_try_reserve(struct buf *, size_t extra);

/* The string, never NULL: "" for an empty buffer. */
const char *buf_str(const struct buf *);

/* Give the string away, never NULL, and leave an empty buffer. */
char *buf_take(struct buf *);

/* Forget the content, keep the room. */
void buf_reset(struct buf *);
void buf_fini(struct buf *);

#endif
