/* main.c - see commands.c for the verbs, mill.c for what they start. */
#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "feedmill/commands.h"

int
main(int argc, char **argv)
{
	mem_init();
	url_init();
	return commands_run(argc, argv);
}
