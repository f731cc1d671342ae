/* status.c - see status.h. */
#include <stdlib.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/mill.h"
#include "feedmill/serve.h"
#include "feedmill/status.h"
#include "feedmill/store.h"
#include "status.h"

enum { FRESH_MS = 5000 };	/* the store is not read more often */

struct waiting {
	struct waiting	*next;
	struct serve_call *call;
	int		 as_json;
};

struct status_board {
	struct mill	*mill;
	struct status	 shown, reading;
	struct err	 failed;
	int64_t		 asked_ms, read_ms;	/* the store; monotonic */
	int		 was_asked, is_known, is_reading, rc;
	struct waiting	*waiting;
	/* Printed when first asked for, forgotten with what they show. */
	struct buf	 html, json;
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
	buf_fini(&board->html);
	buf_fini(&board->json);
}

static const struct buf *
print(struct status_board *board, int as_json)
{
	static const struct status_query all = { .json = 1 };
	struct buf *text = as_json ? &board->json : &board->html;

	if (text->len > 0)
		return text;
	if (as_json)
		status_print(text, &board->shown, &all);
	else
		status_print_html(text, &board->shown);
	return text;
}

static void
answer(struct status_board *board, struct serve_call *call, int as_json)
{
	struct buf b = { 0 };

	if (!board->is_known) {
		buf_puts(&b, as_json ? "{}\n" :
		    "the status cannot be read\n");
		serve_call_answer(call, 503, as_json ? "application/json" :
		    "text/plain; charset=utf-8", &b);
		return;
	}
	buf_append(&b, print(board, as_json)->data,
	    print(board, as_json)->len);
	serve_call_answer(call, 200, as_json ? "application/json" :
	    "text/html; charset=utf-8", &b);
}

static void
answer_waiting(struct status_board *board)
{
	struct waiting *w;

	while ((w = board->waiting) != NULL) {
		board->waiting = w->next;
		answer(board, w->call, w->as_json);
		free(w);
	}
}

void
status_board_free(struct status_board *board)
{
	if (board == NULL)
		return;
	answer_waiting(board);
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
		answer_waiting(board);
		return;
	}
	status_fini(&board->shown);
	board->shown = board->reading;
	board->reading = (struct status){ 0 };
	board->shown.running = 1;
	mill_tell_trouble(board->mill, &board->shown);
	board->shown.now_ms = clock_wall_ms();
	for (size_t i = 0; i < board->shown.count; i++)
		refresh(board, &board->shown.sources[i]);
	board->read_ms = clock_mono_ms();
	board->is_known = 1;
	forget_texts(board);
	answer_waiting(board);
}

/* Does what is shown do?  Also a reading that failed is not repeated at every
 * request. */
static int
is_fresh(const struct status_board *board)
{
	int64_t now_ms = clock_mono_ms();

	return !board->is_reading &&
	    ((board->is_known && now_ms - board->read_ms < FRESH_MS) ||
	    (board->was_asked && now_ms - board->asked_ms < FRESH_MS));
}

void
status_board_ask(struct status_board *board, struct serve_call *call,
    int as_json)
{
	struct waiting *w;

	if (is_fresh(board)) {
		answer(board, call, as_json);
		return;
	}
	w = xcalloc(1, sizeof(*w));
	*w = (struct waiting){ board->waiting, call, as_json };
	board->waiting = w;
	if (board->is_reading)
		return;
	board->was_asked = board->is_reading = 1;
	board->asked_ms = clock_mono_ms();
	store_read(mill_store(board->mill), read_store, store_was_read,
	    board);
}
