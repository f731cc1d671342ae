/*
 * world.h - the sources, as they are at each step of the story, and a
 * network that never fails: what fetch.h promises, without libcurl.
 *
 * The sources know conditional requests: who sends the validators of what is
 * there now gets nothing more.  So a program that keeps validators of entries
 * it has lost never sees them again.
 */
#ifndef FEEDMILL_TESTS_WORLD_H
#define FEEDMILL_TESTS_WORLD_H

#include <stdint.h>

#include "feedmill/base/buf.h"

enum { STEPS = 4, SOURCES = 6 };
extern const char *const source_names[SOURCES];

void world_set_step(int step);
int world_step(void);

/* The configuration of all steps, for a state folder; out is appended to. */
void world_put_config(struct buf *out, const char *state);

/* What source lists at step, for whoever checks that it is there. */
struct post {
	char		 url[64];
	int64_t		 ts_ms;
	char		 title[64];
	int		 edited;	/* what is kept has another text */
};
/* 0: there is no nth. */
int world_post(int source, int step, unsigned n, struct post *);
/* The step that made what source lists at step; its etag says it. */
int world_edition(int source, int step);

/* Visits that were told to be stored, by source. */
extern int (*world_told)[SOURCES];

#endif
