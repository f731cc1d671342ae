/*
 * daemon_status.h - /status and /status.json: what was last read of the
 * store, read anew when somebody asks and it is older than a few seconds.
 *
 * The server cannot wait for the disk, so an answer is what is known; it
 * says of when that is, and a page that is old asks for itself once more.
 */
#ifndef FEEDMILL_DAEMON_STATUS_H
#define FEEDMILL_DAEMON_STATUS_H

struct buf;
struct mill;
struct status_board;

struct status_board *status_board_new(struct mill *);
/* After mill_free(): a reading may be under way until then. */
void status_board_free(struct status_board *);

/* As serve_route.answer(): 200, or 503 as long as nothing is known. */
int status_board_html(struct status_board *, struct buf *);
int status_board_json(struct status_board *, struct buf *);

#endif
