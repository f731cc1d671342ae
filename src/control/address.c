/* address.c - see address.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"
#include "address.h"

int
control_address(const char *path, struct sockaddr_un *ret, int *ret_folder,
    struct err *e)
{
	const char *slash = strrchr(path, '/');
	char *folder;
	int len = -1;

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	*ret_folder = -1;
	if (strlen(path) < sizeof(ret->sun_path)) {
		memcpy(ret->sun_path, path, strlen(path));
		return 0;
	}
	if (slash != NULL) {
		folder = xstrndup(path, (size_t)(slash - path));
		*ret_folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
		free(folder);
		if (*ret_folder == -1)
			return err_set(e, "%s: %s", path, strerror(errno));
		len = snprintf(ret->sun_path, sizeof(ret->sun_path),
		    "/proc/self/fd/%d%s", *ret_folder, slash);
	}
	if (len > 0 && (size_t)len < sizeof(ret->sun_path))
		return 0;
	if (*ret_folder != -1)
		close(*ret_folder);
	return err_set(e, "%s: longer than a socket's name may be", path);
}

void
control_close_folder(int folder)
{
	int saved = errno;

	if (folder != -1)
		close(folder);
	errno = saved;
}
