/*
 * parse.c - gumbo, with memory that ends in one go.
 *
 * gumbo frees its tree by recursion, node by node; here it never frees: all
 * it asks for comes out of an arena.  That is faster, and nothing in the
 * depth of a document is a depth of our stack.
 */
#include "parts.h"

static void *
take_from_arena(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

static void
keep_in_arena(void *arena, void *p)
{
	(void)arena;
	(void)p;
}

GumboNode *
html_parse(struct arena *a, const char *text, size_t len)
{
	GumboOptions options = kGumboDefaultOptions;

	options.allocator = take_from_arena;
	options.deallocator = keep_in_arena;
	options.userdata = a;
	options.max_errors = 0;
	options.fragment_context = GUMBO_TAG_DIV;
	return gumbo_parse_with_options(&options, text, len)->root;
}
