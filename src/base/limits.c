/* limits.c - see limits.h. */
#include <sys/resource.h>

#include "feedmill/base/limits.h"

enum {
	FILES_MAX	= 65536,
	/* Database: 8; loop, threads, resolver, sockets that listen: 16; an
	 * outlet or a page that is written: 6; the rest is for surprises. */
	FILES_RESERVED	= 40,
	SHARE_MIN	= 4,
};

void
limits_raise_files(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		return;
	rl.rlim_cur = rl.rlim_max > FILES_MAX ? FILES_MAX : rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
}

unsigned
limits_socket_share(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1 || rl.rlim_cur > FILES_MAX)
		return FILES_MAX / 2;
	if (rl.rlim_cur < FILES_RESERVED + 2 * SHARE_MIN)
		return SHARE_MIN;
	return (unsigned)(rl.rlim_cur - FILES_RESERVED) / 2;
}
