/* main.c - see commands.c for the verbs, mill.c for what they start. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>

#include <jansson.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "feedmill/commands.h"

/*
 * Where somebody starts us without them, the next file to be opened would be
 * taken for standard output, and written to.  Each is opened the wrong way
 * round: to use it still fails.
 */
static void
hold_standard_files(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) == -1 && open("/dev/null",
		    fd == 0 ? O_WRONLY : O_RDONLY) == -1)
			return;
}

int
main(int argc, char **argv)
{
	hold_standard_files();
	/* A file that may not grow any more is told as a full disk is. */
	signal(SIGXFSZ, SIG_IGN);
	mem_init();
	/* It would take "no memory" for "no such member". */
	json_set_alloc_funcs(xmalloc, free);
	url_init();
	return commands_run(argc, argv);
}
