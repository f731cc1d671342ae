/* test_import.c - files and what came of them as bytes, and back. */
#include "unit.h"

#include <stdlib.h>

#include "feedmill/base/mem.h"
#include "../../src/import/private.h"

static void
test_files_come_back(void **state)
{
	static const struct { const char *bytes; size_t len; } files[] = {
		{ "a", 1 }, { "", 0 }, { "12\nx", 4 }, { "\0\n\xff", 3 },
	};
	struct buf b = { 0 };
	const char *at, *file;
	size_t left, len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		batch_put(&b, files[i].bytes, files[i].len);
	assert_int_equal(batch_count(b.data, b.len), ARRAY_LEN(files));
	at = b.data;
	left = b.len;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		assert_int_equal(batch_next(&at, &left, &file, &len), 1);
		assert_int_equal(len, files[i].len);
		assert_memory_equal(file, files[i].bytes, len);
	}
	assert_int_equal(batch_next(&at, &left, &file, &len), 0);
	buf_fini(&b);
}

static void
test_what_is_no_batch(void **state)
{
	static const char *const bad[] = {
		"1", "1\n", "2\na", "-1\na", "+1\na", " 1\na", "1 \na", "1\r\na",
		"x\n", "\n", "1\nab", "1\na1", "0x1\na", "1\naa\n",
		"99999999999999999999999999\na", "67108865\na",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (batch_count(bad[i], strlen(bad[i])) != -1)
			fail_msg("\"%s\" passes", bad[i]);
	assert_int_equal(batch_count("", 0), 0);
}

/* What a client never sends costs the daemon memory. */
static void
test_a_batch_has_limits(void **state)
{
	struct buf b = { 0 };
	char *large = calloc(1, BATCH_MAX_BYTES);

	(void)state;
	assert_non_null(large);
	for (int i = 0; i < BATCH_MAX_FILES; i++)
		batch_put(&b, "", 0);
	assert_int_equal(batch_count(b.data, b.len), BATCH_MAX_FILES);
	batch_put(&b, "", 0);
	assert_int_equal(batch_count(b.data, b.len), -1);
	buf_reset(&b);
	batch_put(&b, large, BATCH_MAX_BYTES);
	assert_int_equal(batch_count(b.data, b.len), 1);
	batch_put(&b, "a", 1);
	assert_int_equal(batch_count(b.data, b.len), -1);
	buf_fini(&b);
	free(large);
}

static void
test_results_come_back(void **state)
{
	static const struct import_result results[] = {
		{ IMPORT_TAKEN, 1, 2, 3, NULL },
		{ IMPORT_TAKEN, 0, 0, 0, (char *)"line 1: a  b" },
		{ IMPORT_UNREADABLE, 0, 0, 0, (char *)"no post" },
		{ IMPORT_NOT_STORED, 0, 0, 0, (char *)"disk full" },
	};
	struct import_result r;
	struct buf b = { 0 };
	char *at;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(results); i++)
		result_put(&b, &results[i]);
	at = b.data;
	for (size_t i = 0; i < ARRAY_LEN(results); i++) {
		assert_int_equal(result_next(&at, &r), 0);
		assert_int_equal(r.state, results[i].state);
		assert_int_equal(r.added, results[i].added);
		assert_int_equal(r.updated, results[i].updated);
		assert_int_equal(r.duplicate, results[i].duplicate);
		if (results[i].why == NULL)
			assert_null(r.why);
		else
			assert_string_equal(r.why, results[i].why);
	}
	assert_int_equal(result_next(&at, &r), -1);
	buf_fini(&b);
}

static void
test_a_reason_is_one_line(void **state)
{
	const struct import_result two = { .state = IMPORT_UNREADABLE,
	    .why = (char *)"a\ntaken 9 9 9 " };
	struct import_result r;
	struct buf b = { 0 };
	char *at;

	(void)state;
	result_put(&b, &two);
	at = b.data;
	assert_int_equal(result_next(&at, &r), 0);
	assert_string_equal(r.why, "a taken 9 9 9 ");
	assert_int_equal(result_next(&at, &r), -1);
	buf_fini(&b);
}

static void
test_what_is_no_result(void **state)
{
	static const char *const bad[] = {
		"", "\n", "taken", "taken\n", "taken 1 2 3\n", "taken 1 2 3 ",
		"taken 1 2\n", "taken 1 2 \n", "taken 1 2 x \n",
		"taken -1 2 3 \n", "taken 1  2 3 \n", "took 1 2 3 \n",
		"taken 1 2 4294967296 \n", "taken1 2 3 \n", " taken 1 2 3 \n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char *copy = strdup(bad[i]), *at = copy;
		struct import_result r;

		if (result_next(&at, &r) != -1)
			fail_msg("\"%s\" passes", bad[i]);
		free(copy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_come_back),
		cmocka_unit_test(test_what_is_no_batch),
		cmocka_unit_test(test_a_batch_has_limits),
		cmocka_unit_test(test_results_come_back),
		cmocka_unit_test(test_a_reason_is_one_line),
		cmocka_unit_test(test_what_is_no_result),
	};

	return UNIT_RUN(tests);
}
