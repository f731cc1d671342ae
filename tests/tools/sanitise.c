/*
 * sanitise.c - what a browser is to be shown.
 *
 *	sanitise BASE	reads HTML, a line of hexadecimal each, and writes what
 *			html_sanitise() makes of each, likewise
 *	sanitise --rows	writes the HTML of html_rows.h, likewise
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/html.h"
#include "../unit/html_rows.h"

static void
write_line(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		printf("%02x", (unsigned char)bytes[i]);
	putchar('\n');
}

/* In place: a line is twice as long as what it says. */
static size_t
read_line(char *line)
{
	size_t len = 0;
	unsigned byte;

	while (sscanf(line + 2 * len, "%2x", &byte) == 1)
		line[len++] = (char)byte;
	return len;
}

static void
write_rows(void)
{
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		for (size_t j = 0; j < families[i].count; j++)
			write_line(families[i].rows[j].in,
			    families[i].rows[j].len);
}

int
main(int argc, char **argv)
{
	struct buf safe = { 0 };
	char *line = NULL;
	size_t size = 0;

	if (argc == 2 && strcmp(argv[1], "--rows") == 0) {
		write_rows();
		return 0;
	}
	while (argc == 2 && getline(&line, &size, stdin) != -1) {
		size_t len = read_line(line);

		buf_reset(&safe);
		html_sanitise(&safe, line, len, argv[1], NULL);
		write_line(safe.data, safe.len);
	}
	free(line);
	buf_fini(&safe);
	return argc == 2 ? 0 : 64;
}
