/*
 * fuzz_opml.c - any bytes as a list of subscriptions.
 *
 * Every outline visited has an address, all is UTF-8 on one line (tags on
 * one line each), and a list that cannot be read says why.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/err.h"
#include "feedmill/base/text.h"
#include "feedmill/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check(const char *s)
{
	if (s != NULL && text_utf8_valid(s, strlen(s)) != strlen(s))
		abort();
}

static void
visit(const struct opml_outline *o, void *arg)
{
	++*(unsigned *)arg;
	if (o->xml_url == NULL || o->xml_url[0] == '\0' || o->tags == NULL)
		abort();
	check(o->xml_url);
	check(o->html_url);
	check(o->title);
	check(o->tags);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	unsigned count = 0;
	int rc = parse_opml((const char *)data, size, visit, &count, &err);

	if (rc != 0 && (count > 0 || err.msg[0] == '\0'))
		abort();
	return 0;
}
