/* daemon_status.c - see daemon_status.h. */
#include <stdlib.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/mill.h"
#include "feedmill/status.h"
#include "feedmill/store.h"
#include "daemon_status.h"

enum {
	FRESH_MS = 5000,	/* the store is not read more often */
	AGAIN_S = 1		/* an old page asks for itself */
};

struct status_board {
	struct mill	*mill;
	struct status	 shown, reading;
	struct err	 failed;
	int64_t		 asked_ms, read_ms;	/* the store; monotonic */
	int		 was_asked, is_known, is_reading, rc;
	/* Printed when first asked for, forgotten with what they show. */
	struct buf	 fresh_html, old_html, json;
};

struct status_board *
status_board_new(struct mill *mill)
{
	struct status_board *board = xcalloc(1, sizeof(*board));

	board->mill = mill;
	return board;
}

static void
forget_texts(struct status_board *board)
{
	buf_fini(&board->fresh_html);
	buf_fini(&board->old_html);
	buf_fini(&board->json);
}

void
status_board_free(struct status_board *board)
{
	if (board == NULL)
		return;
	status_fini(&board->shown);
	status_fini(&board->reading);
	forget_texts(board);
	free(board);
}

static void
read_store(struct store_reader *r, void *arg)
{
	struct status_board *board = arg;

	board->rc = status_collect(r, &board->reading, &board->failed);
}

/* The mill knows newer things than the store, but lends them only. */
static void
refresh(struct status_board *board, struct source_summary *row)
{
	struct arena *arena = &board->shown.arena;

	mill_refresh_summary(board->mill, row);
	row->url = arena_strdup(arena, row->url);
	row->error = arena_strdup(arena, row->error);
}

static void
store_was_read(void *arg)
{
	struct status_board *board = arg;

	board->is_reading = 0;
	if (board->rc == -1) {
		log_event(LOG_ERROR, "status cannot be read",
		    LOG_STR("error", board->failed.msg));
		status_fini(&board->reading);
		return;
	}
	status_fini(&board->shown);
	board->shown = board->reading;
	board->reading = (struct status){ 0 };
	board->shown.running = 1;
	status_take_health(&board->shown, mill_store(board->mill));
	board->shown.now_ms = clock_wall_ms();
	for (size_t i = 0; i < board->shown.count; i++)
		refresh(board, &board->shown.sources[i]);
	board->read_ms = clock_mono_ms();
	board->is_known = 1;
	forget_texts(board);
}

/* Is what is shown of now?  If not, it soon will be. */
static int
look_again(struct status_board *board)
{
	int64_t now_ms = clock_mono_ms();

	if (board->is_known && now_ms - board->read_ms < FRESH_MS)
		return 1;
	/* Also one that failed is not repeated at every request. */
	if (board->is_reading || (board->was_asked &&
	    now_ms - board->asked_ms < FRESH_MS))
		return 0;
	board->was_asked = board->is_reading = 1;
	board->asked_ms = now_ms;
	store_read(mill_store(board->mill), read_store, store_was_read,
	    board);
	return 0;
}

int
status_board_html(struct status_board *board, struct buf *b)
{
	int is_fresh = look_again(board);
	struct buf *text = is_fresh ? &board->fresh_html : &board->old_html;

	if (!board->is_known) {
		status_print_html(b, NULL, AGAIN_S);
		return 503;
	}
	if (text->len == 0)
		status_print_html(text, &board->shown,
		    is_fresh ? 0 : AGAIN_S);
	buf_append(b, text->data, text->len);
	return 200;
}

int
status_board_json(struct status_board *board, struct buf *b)
{
	static const struct status_query all = { .json = 1 };

	look_again(board);
	if (!board->is_known) {
		buf_puts(b, "{}\n");
		return 503;
	}
	if (board->json.len == 0)
		status_print(&board->json, &board->shown, &all);
	buf_append(b, board->json.data, board->json.len);
	return 200;
}
