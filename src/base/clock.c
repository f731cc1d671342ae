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

uint32_t
clock_dice(void)
{
	uint32_t n;

	clock_random(&n, sizeof(n));
	return n;
}
