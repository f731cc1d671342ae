/* test_link.c - link.h */
#include "unit.h"

#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/link.h"
#include "feedmill/base/mem.h"

static void
note(const struct header_link *l, void *arg)
{
	buf_printf(arg, "%s|%s|%s|%s\n", l->target,
	    l->rel != NULL ? l->rel : "-", l->type != NULL ? l->type : "-",
	    l->title != NULL ? l->title : "-");
}

static const struct {
	const char	*field, *links;
} rows[] = {
	{ "", "" },
	{ " , ,", "" },
	{ "<a>", "a|-|-|-\n" },
	{ "<a>; rel=x", "a|x|-|-\n" },
	{ "<a> ; REL = \"x y\" ;type=t/u;", "a|x y|t/u|-\n" },
	{ "<a;,b>;rel=x,<c>;rel=y", "a;,b|x|-|-\nc|y|-|-\n" },
	{ "<a>;title=\"1, \\\"2\\\"; <b>\", <c>", "a|-|-|1, \"2\"; <b>\n"
	    "c|-|-|-\n" },
	{ "<a>; rel=x; rel=y", "a|x|-|-\n" },
	{ "<a>; crossorigin; rel=x", "a|x|-|-\n" },
	{ "<a>; anchor=\"#b\"; rel=x, <c>", "c|-|-|-\n" },
	{ "nonsense; rel=x, <c>", "c|-|-|-\n" },
	{ "<a> nonsense, <c>", "a|-|-|-\nc|-|-|-\n" },
	{ "<a", "" },
	{ "<a>; title=\"open, <c>", "a|-|-|open, <c>\n" },
	{ "<a>; title=\"open\\", "a|-|-|open\\\n" },
	{ "<>", "|-|-|-\n" },
	{ "<a>;;=;\"x\";rel", "a||-|-\n" },
};

static void
test_rows(void **state)
{
	struct buf got = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_reset(&got);
		link_each(rows[i].field, note, &got);
		assert_string_equal(buf_str(&got), rows[i].links);
	}
	buf_fini(&got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return UNIT_RUN(tests);
}
