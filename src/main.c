/* main.c - see commands.c for the verbs, mill.c for what they start. */
#include <stdlib.h>

#include <jansson.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "feedmill/commands.h"

int
main(int argc, char **argv)
{
	mem_init();
	/* It would take "no memory" for "no such member". */
	json_set_alloc_funcs(xmalloc, free);
	url_init();
	return commands_run(argc, argv);
}
