/* json.c - JSON Feed; see parse.h. */
#include "reader.h"
enum outcome
parse_json(struct feed *f, const char *text, size_t len,
    const struct parse_context *context)
{
	(void)f, (void)text, (void)len, (void)context;
	return OUTCOME_NOT_A_FEED;
}
