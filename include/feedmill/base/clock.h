/*
 * clock.h - the clocks, and randomness.  The only home of both.
 *
 * Wall time is for people and feeds, monotonic time for intervals, a
 * thread's CPU time for finding out who was slow.  Pure modules take them as
 * arguments instead of calling here.
 */
#ifndef FEEDMILL_BASE_CLOCK_H
#define FEEDMILL_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_wall_ms(void);	/* milliseconds since 1970 UTC */
int64_t clock_mono_ms(void);	/* since some fixed moment of this boot */
int64_t clock_cpu_ms(void);	/* this thread has had; a system call */
int64_t clock_process_cpu_ms(void);	/* all of its threads */
uint32_t clock_dice(void);	/* any number; from the kernel */
void clock_random(void *, unsigned len);

#endif
