/* test_base.c - mem.h, buf.h, arena.h, err.h, hash.h, clock.h. */
#include "unit.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#include <time.h>
#include <unistd.h>

#include "feedmill/base/arena.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/hash.h"
#include "feedmill/base/mem.h"

static void
test_mem(void **state)
{
	char *p = xstrdup("x"), *q = TAKE(p);

	(void)state;
	assert_null(p);
	assert_string_equal(q, "x");
	free(q);
	assert_null(xstrdup_null(NULL));
	q = xstrndup("a\0b", 3);
	assert_memory_equal(q, "a\0b", 4);
	free(q);
}

static void
test_buf(void **state)
{
	struct buf b = { 0 };
	char *s;

	(void)state;
	assert_string_equal(buf_str(&b), "");
	assert_null(buf_try_reserve(&b, SIZE_MAX));
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%d,", i);
	assert_int_equal(b.len, strlen(b.data));
	assert_int_equal(b.len, 10 * 2 + 90 * 3 + 900 * 4);
	buf_reset(&b);
	assert_string_equal(buf_str(&b), "");
	buf_append(&b, "a\0b", 3);
	buf_putc(&b, 'c');
	assert_memory_equal(b.data, "a\0bc", 5);
	assert_null(buf_try_reserve(&b, SIZE_MAX));
	assert_null(buf_try_reserve(&b, SIZE_MAX - 2));
	assert_memory_equal(b.data, "a\0bc", 5);
	s = buf_take(&b);
	assert_null(b.data);
	free(s);
	s = buf_take(&b);
	assert_string_equal(s, "");
	free(s);
	/* Reserved room is there and is one with the NUL. */
	memset(buf_reserve(&b, 64), 'x', 64);
	b.len = 64;
	buf_putc(&b, 'y');
	assert_int_equal(strlen(b.data), 65);
	buf_fini(&b);
}

static void
test_arena(void **state)
{
	struct arena a = { 0 };
	char *words[500], *big, *zeros;

	(void)state;
	assert_null(arena_strdup(&a, NULL));
	for (int i = 0; i < 500; i++)
		words[i] = arena_printf(&a, "word %d", i);
	big = arena_alloc(&a, 3 << 20);
	memset(big, 'x', 3 << 20);
	zeros = arena_zalloc(&a, 100);
	for (int i = 0; i < 100; i++)
		assert_int_equal(zeros[i], 0);
	assert_int_equal((uintptr_t)zeros % 16, 0);
	assert_string_equal(words[0], "word 0");
	assert_string_equal(words[499], "word 499");
	assert_true(a.total >= 3 << 20);
	arena_fini(&a);
	assert_int_equal(a.total, 0);
	arena_fini(&a);
}

static void
test_err(void **state)
{
	struct err e;
	char longest[2000];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(err_set(&e, "line %d", 3), -1);
	assert_int_equal(err_prefix(&e, "feedmill.yaml"), -1);
	assert_string_equal(e.msg, "feedmill.yaml: line 3");
	err_set(&e, "%s", longest);
	err_prefix(&e, "%s", longest);
	assert_int_equal(strlen(e.msg), sizeof(e.msg) - 1);
}

static void
test_digests(void **state)
{
	char hex[DIGEST_HEX_SIZE], a[3000], joined[6001];
	size_t lens[] = { 0, 1, 500, 1022, 1023, 1024, 3000 };

	(void)state;
	/* XXH3 of the empty input: a stored fingerprint outlives us. */
	digest_hex(hash_128("", 0), hex);
	assert_string_equal(hex, "99aa06d3014798d86001c324468d497f");
	assert_true(hash_64("", 0, 0) == UINT64_C(0x2d06800538d394c2));
	assert_true(hash_64("a", 1, 1) != hash_64("a", 1, 2));
	assert_true(digest_is_zero((struct digest){ 0, 0 }));
	assert_false(digest_is_zero((struct digest){ 0, 1 }));
	for (size_t i = 0; i < sizeof(a); i++)
		a[i] = (char)(i * 7);
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		for (size_t j = 0; j < ARRAY_LEN(lens); j++) {
			memcpy(joined, a, lens[i]);
			joined[lens[i]] = '\0';
			memcpy(joined + lens[i] + 1, a, lens[j]);
			assert_true(digest_equal(
			    hash_pair(a, lens[i], a, lens[j]),
			    hash_128(joined, lens[i] + 1 + lens[j])));
		}
	}
	assert_false(digest_equal(hash_pair("ab", 2, "c", 1),
	    hash_pair("a", 1, "bc", 2)));
	assert_true(digest_equal(hash_pair(NULL, 0, NULL, 0),
	    hash_128("\0", 1)));
}

static void
test_uuids(void **state)
{
	char one[UUID_TEXT_SIZE], two[UUID_TEXT_SIZE];

	(void)state;
	for (int i = 0; i < 100; i++) {
		uuid_mint(one);
		uuid_mint(two);
		assert_string_not_equal(one, two);
		assert_int_equal(strlen(one), 36);
		assert_int_equal(strspn(one, "0123456789abcdef-"), 36);
		assert_int_equal(one[14], '4');
		assert_non_null(strchr("89ab", one[19]));
		assert_true(one[8] == '-' && one[13] == '-' &&
		    one[18] == '-' && one[23] == '-');
	}
}

static void
test_clocks(void **state)
{
	int64_t before = clock_mono_ms(), wall = clock_wall_ms();

	(void)state;
	usleep(5000);
	assert_in_range(clock_mono_ms() - before, 4, 60000);
	assert_true(wall > INT64_C(1700000000000));
	assert_true(clock_wall_ms() / 1000 - (int64_t)time(NULL) <= 1);
	/* Eight equal draws in a row: once in 2^224 runs. */
	for (uint32_t first = clock_dice(), i = 0; ; i++) {
		if (clock_dice() != first)
			break;
		assert_true(i < 7);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mem),
		cmocka_unit_test(test_buf),
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_err),
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_uuids),
		cmocka_unit_test(test_clocks),
	};

	return UNIT_RUN(tests);
}
