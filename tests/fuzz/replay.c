/*
 * replay.c - runs a fuzz target over files, without libFuzzer.
 *
 * Each argument is a file or a folder of files.  A crash, a sanitizer report
 * or a failed oracle ends the process; otherwise it says how many it ran.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned ran;

static void
replay_file(const char *path)
{
	struct buf b = { 0 };
	struct err e;
	uint8_t *exact;

	if (file_read(path, (size_t)64 << 20, &b, &e) == -1) {
		fprintf(stderr, "replay: %s\n", e.msg);
		exit(1);
	}
	/* An allocation of its own size, so that one byte too far is seen. */
	exact = malloc(b.len > 0 ? b.len : 1);
	for (size_t i = 0; i < b.len; i++)
		exact[i] = (uint8_t)b.data[i];
	LLVMFuzzerTestOneInput(exact, b.len);
	free(exact);
	buf_fini(&b);
	ran++;
}

static void
replay(const char *path)
{
	struct stat st;
	struct dirent **names;
	int n;

	if (stat(path, &st) == -1 || !S_ISDIR(st.st_mode)) {
		replay_file(path);
		return;
	}
	n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char *sub = NULL;

		if (names[i]->d_name[0] != '.' &&
		    asprintf(&sub, "%s/%s", path, names[i]->d_name) != -1)
			replay(sub);
		free(sub);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	printf("replayed %u\n", ran);
	return ran == 0;
}
