/*
 * log.h - one line per event on stderr, in logfmt.
 *
 *	log_event(LOG_WARN, "source failing",
 *	    LOG_STR("source", name), LOG_INT("failures", n));
 *
 * On a terminal the line is for people (time, colour, words); in the journal
 * it carries the <N> priority prefix; elsewhere it is plain logfmt.  Values
 * come from the network and are quoted: no value can begin a second line or
 * forge a field.  Safe from any thread: a line is one write(2).
 *
 * State is logged when it changes, not when it repeats: that is the caller's
 * business.
 */
#ifndef FEEDMILL_BASE_LOG_H
#define FEEDMILL_BASE_LOG_H

#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log_field {
	const char	*key;
	const char	*str;	/* NULL: num */
	int64_t		 num;
};

#define LOG_STR(k, v)	((struct log_field){ (k), log_text(v), 0 })
#define LOG_INT(k, v)	((struct log_field){ (k), 0, (int64_t)(v) })

#define log_event(level, event, ...)					\
	log_write((level), (event), (const struct log_field[]){		\
	    __VA_ARGS__ __VA_OPT__(,) { 0, 0, 0 } })

/* v, or "-" for NULL. */
const char *log_text(const char *v);

/* fields end at the first with a NULL key. */
void log_write(enum log_level, const char *event, const struct log_field *);

/* Nothing below the level is written; the default is LOG_INFO. */
void log_set_level(enum log_level);

/* From now on a line that nobody reads within a second is lost, and those
 * after it until somebody does: a server goes on. */
void log_never_wait(void);

/* One line that each new one overwrites, on a terminal only ("" clears). */
void log_progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int log_is_terminal(void);

#endif
