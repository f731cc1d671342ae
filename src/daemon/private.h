/*
 * private.h - what the files of the daemon share.
 *
 *	daemon.c		start, signals, stop
 *	apply.c			a configuration takes effect, or not at all
 *	answers.c		pages of the server, verbs of the control socket
 *	desk.c			questions to the database that wait their turn
 *	search.c, day.c		such questions
 *	status.c		the status as a page
 *	turns.c			how long turns of the loop take
 */
#ifndef FEEDMILL_DAEMON_PRIVATE_H
#define FEEDMILL_DAEMON_PRIVATE_H

#include <ev.h>

#include "feedmill/control.h"
#include "feedmill/daemon.h"
#include "feedmill/mill.h"
#include "feedmill/serve.h"
#include "turns.h"

/* Exit statuses of sysexits(3) that feedmill(8) promises. */
enum { EXIT_UNAVAILABLE = 69, EXIT_CONFIG = 78, RELOAD_CALLS_MAX = 16 };

struct daemon {
	struct ev_loop			*loop;
	const struct daemon_options	*options;
	struct mill			*mill;
	struct serve			*serve;
	struct control			*control;
	struct status_board		*board;
	struct desk			*desk;
	struct importer			*importer;
	struct control_call		*reload_calls[RELOAD_CALLS_MAX];
	unsigned			 reload_calls_count;	/* wait */
	unsigned			 reload_calls_due;	/* the first of
							 * them: for the one
							 * under way */
	struct ev_signal		 term, intr, hup;
	struct ev_timer			 watchdog, reword;
	struct turns			 turns;
	int				 ready, stopping, status;
	int64_t				 started_mono_ms;
	int				 applying, reload_wanted;
};

/* ------------------------------------------------------------- daemon.c */

void daemon_stop(struct daemon *, int status);

/* -------------------------------------------------------------- apply.c */

/* -v and -q go before the configuration. */
void daemon_set_log_level(const struct daemon_options *,
    const struct config *);
/* Whole, or nothing is changed; it ends later, in a log line and in the
 * answer to reload_calls. */
void daemon_apply(struct daemon *, const struct config *);
/* Now, or as soon as the one under way has been applied. */
void daemon_reload(struct daemon *);

/* ------------------------------------------------------------ answers.c */

/* Their argument is the daemon. */
extern const struct serve_route daemon_routes[];
extern const struct control_verb daemon_verbs[];

#endif
