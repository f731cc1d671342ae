/* clock.c - see clock.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "feedmill/base/clock.h"

static int64_t
clock_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t
clock_wall_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

/* Boot time runs on while a laptop sleeps; monotonic time would not, and
 * everything would be due an hour late. */
int64_t
clock_mono_ms(void)
{
	return clock_ms(CLOCK_BOOTTIME);
}

int64_t
clock_cpu_ms(void)
{
	return clock_ms(CLOCK_THREAD_CPUTIME_ID);
}

int64_t
clock_process_cpu_ms(void)
{
	return clock_ms(CLOCK_PROCESS_CPUTIME_ID);
}

void
clock_random(void *p, unsigned len)
{
	unsigned char *at = p;

	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			perror("feedmill: getrandom");
			abort();
		}
		at += n;
		len -= (unsigned)n;
	}
}

/* A handful at a time: a system call costs more than all else at them. */
uint32_t
clock_dice(void)
{
	static _Thread_local uint32_t dice[64];
	static _Thread_local unsigned left;

	if (left == 0) {
		clock_random(dice, sizeof(dice));
		left = sizeof(dice) / sizeof(dice[0]);
	}
	return dice[--left];
}
