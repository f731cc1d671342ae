/* suggest.c - from a word to the known one that may have been meant. */
#include <string.h>

#include "feedmill/config.h"

enum { WORD_MAX = 60 };

static char
lower(char c)
{
	return c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Levenshtein's distance, neighbours swapped count once. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned rows[3][WORD_MAX + 1] = { { 0 } };
	unsigned *before = rows[0], *above = rows[1], *row = rows[2], *spare;
	size_t n = strlen(a), m = strlen(b);

	if (n > WORD_MAX || m > WORD_MAX)
		return WORD_MAX;
	for (unsigned j = 0; j <= m; j++)
		above[j] = j;
	for (unsigned i = 1; i <= n; i++) {
		row[0] = i;
		for (unsigned j = 1; j <= m; j++) {
			unsigned d = above[j - 1] +
			    (lower(a[i - 1]) != lower(b[j - 1]));

			if (above[j] + 1 < d)
				d = above[j] + 1;
			if (row[j - 1] + 1 < d)
				d = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && before[j - 2] + 1 < d)
				d = before[j - 2] + 1;
			row[j] = d;
		}
		spare = before;
		before = above;
		above = row;
		row = spare;
	}
	return above[m];
}

const char *
config_suggest(const char *word, const char *const *names)
{
	size_t len = strlen(word);
	unsigned best = len < 5 ? 2 : len < 10 ? 3 : 4;
	const char *near = NULL;

	for (; *names != NULL; names++) {
		unsigned d = distance(word, *names);

		if (d < best && d < strlen(*names)) {
			best = d;
			near = *names;
		}
	}
	return near;
}
