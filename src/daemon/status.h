/*
 * status.h - /status and /status.json: what was last read of the
 * store, read anew when somebody asks and it is older than a few seconds.
 *
 * Whoever asks waits for that, and all who ask meanwhile with him.
 */
#ifndef FEEDMILL_DAEMON_STATUS_H
#define FEEDMILL_DAEMON_STATUS_H

struct mill;
struct serve_call;
struct status_board;

struct status_board *status_board_new(struct mill *);
/* After mill_free(): a reading may be under way until then. */
void status_board_free(struct status_board *);

/* Answered now or when the store was read: with 200, or with 503 where it
 * cannot be read and nothing is known. */
void status_board_ask(struct status_board *, struct serve_call *,
    int as_json);

#endif
