/* limits.c - see limits.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

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
limits_files(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1 || rl.rlim_cur > FILES_MAX)
		return FILES_MAX;
	return (unsigned)rl.rlim_cur;
}

/* Asked of the system: not every library tells what it opens. */
int
limits_open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	const struct dirent *e;
	int count = 0;

	if (d == NULL)
		return errno == EMFILE ? (int)limits_files() : -1;
	while ((e = readdir(d)) != NULL)
		count += e->d_name[0] != '.';
	closedir(d);
	return count - 1;	/* without the folder itself */
}

int64_t
limits_resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long long pages = -1;

	if (f == NULL)
		return -1;
	if (fscanf(f, "%*d %lld", &pages) != 1)
		pages = -1;
	fclose(f);
	return pages == -1 ? -1 : pages * sysconf(_SC_PAGESIZE);
}

int
limits_files_are_out(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd != -1)
		close(fd);
	return fd == -1 && (errno == EMFILE || errno == ENFILE);
}

unsigned
limits_socket_share(void)
{
	unsigned files = limits_files();

	if (files < FILES_RESERVED + 2 * SHARE_MIN)
		return SHARE_MIN;
	return (files - FILES_RESERVED) / 2;
}
