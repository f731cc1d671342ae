/*
 * unit.h - what every unit test includes: cmocka, TAP unless told otherwise.
 *
 *	int main(void) { return UNIT_RUN(tests); }
 */
#ifndef FEEDMILL_TESTS_UNIT_H
#define FEEDMILL_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define UNIT_RUN(tests)							\
	(setenv("CMOCKA_MESSAGE_OUTPUT", "TAP", 0),			\
	 cmocka_run_group_tests(tests, NULL, NULL))

#endif
