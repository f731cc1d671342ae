/* test_date.c - date.h: dates read and written. */
#include "unit.h"

#include <stdio.h>

#include <jansson.h>

#include "feedmill/base/date.h"
#include "feedmill/base/mem.h"

static const char rows_path[] = "../shared/conformance/dates.json";
static const char series_path[] = "../shared/series/sightings.tsv";

struct row {
	const char	*in, *out;	/* out NULL: no date */
};

/* out as RFC 3339 text, which is easier to read than milliseconds. */
static int
reads_as(const char *in, int zone_s, const char *out, char got[DATE_TEXT_SIZE])
{
	int64_t ms = date_parse(in, zone_s);

	strcpy(got, "no date");
	if (ms != DATE_NONE)
		date_format_rfc3339(ms, got);
	return strcmp(got, out != NULL ? out : "no date") == 0;
}

static void
assert_reads(const struct row *rows, size_t n)
{
	char got[DATE_TEXT_SIZE];

	for (size_t i = 0; i < n; i++) {
		if (!reads_as(rows[i].in, 0, rows[i].out, got))
			fail_msg("\"%s\" reads as %s, not %s", rows[i].in, got,
			    rows[i].out != NULL ? rows[i].out : "no date");
	}
}

static void
test_standards(void **state)
{
	static const struct row rows[] = {
		{ "Mon, 29 Jun 2020 04:44:32 +0000", "2020-06-29T04:44:32Z" },
		{ "29 Jun 20 04:44 PDT", "2020-06-29T11:44:00Z" },
		{ "Mon, 29 Jun 1998 04:44:32 GMT", "1998-06-29T04:44:32Z" },
		{ "Mon, 29 Jun 98 04:44:32 GMT", "1998-06-29T04:44:32Z" },
		{ "Mon, 29 Jun 104 04:44:32 GMT", "2004-06-29T04:44:32Z" },
		{ "Mon Jun 29 04:44:32 2020", "2020-06-29T04:44:32Z" },
		{ "Monday, 29-Jun-20 04:44:32 GMT", "2020-06-29T04:44:32Z" },
		{ "2020-06-29T04:44:32.9999Z", "2020-06-29T04:44:32.999Z" },
		{ "2020-06-29T04:44:32,5+01:00", "2020-06-29T03:44:32.500Z" },
		{ "2020-06-29t04:44z", "2020-06-29T04:44:00Z" },
		{ "2020-06-29", "2020-06-29T00:00:00Z" },
		{ "2020-06", "2020-06-01T00:00:00Z" },
		{ "20200629T044432Z", "2020-06-29T04:44:32Z" },
		{ "20200629T0444+02", "2020-06-29T02:44:00Z" },
		{ "20200629", "2020-06-29T00:00:00Z" },
		{ "20200629044432", "2020-06-29T04:44:32Z" },
		{ "2020-060", "2020-02-29T00:00:00Z" },
		{ "2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z" },
		{ "2020-02-28T24:00:00Z", "2020-02-29T00:00:00Z" },
		{ "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z" },
		{ "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z" },
		{ "1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z" },
		{ "1593405872", "2020-06-29T04:44:32Z" },
		{ "1593405872.25", "2020-06-29T04:44:32.250Z" },
		{ "1593405872123", "2020-06-29T04:44:32.123Z" },
	};

	(void)state;
	assert_reads(rows, ARRAY_LEN(rows));
}

static void
test_wild(void **state)
{
	static const struct row rows[] = {
		{ "2005/1/23 12:00:00", "2005-01-23T12:00:00Z" },
		{ "Wed, 1 (first) Jul (7) 2020 1:02:03 (night) GMT",
		    "2020-07-01T01:02:03Z" },
		{ "\xC2\xA0" "1 Jul 2020 10:00\xE3\x80\x80",
		    "2020-07-01T10:00:00Z" },
		{ "1\xC2\xA0Jul\xC2\xA0" "2020 10:00", "2020-07-01T10:00:00Z" },
		{ "1 Jul 2020 12:30 AM", "2020-07-01T00:30:00Z" },
		{ "1 Jul 2020 12:30 p.m.", "2020-07-01T12:30:00Z" },
		{ "1 Jul 2020 3pm", "2020-07-01T15:00:00Z" },
		{ "1 Jul 2020 10:00 GMT+02:00", "2020-07-01T08:00:00Z" },
		{ "1 Jul 2020 10:00 +0200 (CEST)", "2020-07-01T08:00:00Z" },
		{ "18:07 23-11-2018 -0800", "2018-11-24T02:07:00Z" },
		{ "18:07 23-Nov-2018", "2018-11-23T18:07:00Z" },
		{ "1 Jul 2020 10:00 +9999", "2020-07-01T10:00:00Z" },
		{ "am 1. Juli 2020 um 10:00 Uhr", "2020-07-01T10:00:00Z" },
		{ "mar. 3 mars 2020 18h07", "2020-03-03T18:07:00Z" },
		{ "Среда, 1 Июля 2020 10:00 MSK", "2020-07-01T07:00:00Z" },
		{ "Τετ, 01 Ιούλ 2020 10:00:00 EET", "2020-07-01T08:00:00Z" },
		{ "2020年7月1日 10:00", "2020-07-01T10:00:00Z" },
		{ "2020年7月1日 下午3时5分", "2020-07-01T15:05:00Z" },
		{ "2020年7月1日(水) 10時20分30秒", "2020-07-01T10:20:30Z" },
		{ "2020년 7월 1일 오후 3:05", "2020-07-01T06:05:00Z" },
		{ "1 Jul 2020 10:00 Asia/Shanghai", "2020-07-01T02:00:00Z" },
		{ "29 Mar 2020 01:59 Europe/Berlin", "2020-03-29T00:59:00Z" },
		{ "29 Mar 2020 03:00 Europe/Berlin", "2020-03-29T01:00:00Z" },
		{ "25 Oct 2020 04:00 Europe/Berlin", "2020-10-25T03:00:00Z" },
		{ "8 Mar 2020 03:00 America/New_York",
		    "2020-03-08T07:00:00Z" },
		{ "1 Nov 2020 03:00 America/New_York",
		    "2020-11-01T08:00:00Z" },
		{ "ΚΥΡ, 5 ΙΟΥΛΊΟΥ 2020 10:00", "2020-07-05T10:00:00Z" },
		{ "5 ΙΟΥΛΙΟΣ 2020 10:00", "2020-07-05T10:00:00Z" },
		{ "5 PAŹDZIERNIKA 2020 10:00", "2020-10-05T10:00:00Z" },
		{ "5. Června 2020 10:00", "2020-06-05T10:00:00Z" },
		{ "5 AĞUSTOS 2020 10:00", "2020-08-05T10:00:00Z" },
		{ "5. marts 2020 10:00", "2020-03-05T10:00:00Z" },
		{ "5. heinä 2020 klo 10.05", "2020-07-05T10:05:00Z" },
		{ "5.7.2020 18.07", "2020-07-05T18:07:00Z" },
		{ "5 Jul 2020 18.07.09 +0200", "2020-07-05T16:07:09Z" },
		{ "2020-07-05T18-07-09Z", "2020-07-05T18:07:09Z" },
		{ "2020-07-05 18-07", "2020-07-05T00:00:00Z" },
		{ "18.07.2020 05.30", "2020-07-18T05:30:00Z" },
		{ "20200705180709 +0200", "2020-07-05T16:07:09Z" },
		{ "Sun Jul 5 18:07:09 2020+02:00", "2020-07-05T16:07:09Z" },
		{ "7/4/2020", "2020-07-04T00:00:00Z" },
		{ "4.7.2020", "2020-07-04T00:00:00Z" },
	};

	(void)state;
	assert_reads(rows, ARRAY_LEN(rows));
}

static void
test_no_dates(void **state)
{
	static const struct row rows[] = {
		{ "", NULL }, { " ", NULL }, { "22:11", NULL },
		{ "Invalid Date", NULL }, { "now", NULL }, { "2020", NULL },
		{ "July", NULL }, { "1 July", NULL }, { "Jul 1 10:00", NULL },
		{ "2020年7月1日", NULL }, { "7月1日 10:00", NULL },
		{ "2023-02-29", NULL }, { "2023-13-01", NULL },
		{ "2023-00-10", NULL }, { "2023-01-00", NULL },
		{ "Wed, 32 Jul 2020 25:61:00 GMT", NULL },
		{ "1 Jul 2020 25:00", NULL }, { "1 Jul 2020 10:60", NULL },
		{ "2020-07-01T24:00:01Z", NULL }, { "2020-366", "2020-12-31"
		    "T00:00:00Z" }, { "2021-366", NULL }, { "0", NULL },
		{ "99999999999999999999999999", NULL }, { "12345678", NULL },
		{ "0000-00-00 00:00:00", NULL }, { "10000-01-01", NULL },
		{ "version 1.2", NULL }, { "(1 Jul 2020)", NULL },
		{ "+", NULL }, { "-", NULL }, { ":", NULL }, { "T", NULL },
		{ "\xFF\xFE", NULL }, { "-0000", NULL },
	};
	char *long_text;

	(void)state;
	assert_reads(rows, ARRAY_LEN(rows));
	long_text = xmalloc(1 << 20);
	memset(long_text, ' ', 1 << 20);
	memcpy(long_text, "1 Jul 2020", 10);
	long_text[(1 << 20) - 1] = '\0';
	assert_int_not_equal(date_parse(long_text, 0), DATE_NONE);
	for (size_t i = 10; i < (1 << 20) - 1; i++)
		long_text[i] = "1 :+-/x)"[i % 8];
	assert_int_equal(date_parse(long_text, 0), DATE_NONE);
	free(long_text);
}

/* The source's own zone counts only where the date names none. */
static void
test_default_zone(void **state)
{
	static const struct row rows[] = {
		{ "2020-07-01 10:00", "2020-07-01T02:00:00Z" },
		{ "2020-07-01", "2020-06-30T16:00:00Z" },
		{ "1 Jul 2020 10:00 XYZ", "2020-07-01T02:00:00Z" },
		{ "1 Jul 2020 10:00 GMT", "2020-07-01T10:00:00Z" },
		{ "1 Jul 2020 10:00 K", "2020-07-01T10:00:00Z" },
		{ "2020-07-01T10:00-01:00", "2020-07-01T11:00:00Z" },
		{ "1593405872", "2020-06-29T04:44:32Z" },
	};
	char got[DATE_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!reads_as(rows[i].in, 8 * 3600, rows[i].out, got))
			fail_msg("\"%s\" reads as %s, not %s", rows[i].in, got,
			    rows[i].out);
	}
}

/* The conformance set's rows: all of the core, and the wild ones but two
 * whose expectation is not what they say (a layout's "-700" and "15:05:05"
 * read as minutes). */
static void
test_conformance(void **state)
{
	json_t *root = json_load_file(rows_path, 0, NULL), *row;
	unsigned wrong_wild = 0, n = 0;
	char got[DATE_TEXT_SIZE];
	size_t i;

	(void)state;
	if (root == NULL)
		skip();
	json_array_foreach(json_object_get(root, "rows"), i, row) {
		const char *in = json_string_value(json_object_get(row,
		    "input"));
		const char *out = json_string_value(json_object_get(row,
		    "expected"));
		int64_t ms = date_parse(in, 0), want;

		n++;
		if (reads_as(in, 0, out, got))
			continue;
		/* Rows are rounded to seconds, either way. */
		want = out != NULL ? date_parse(out, 0) : DATE_NONE;
		if (ms != DATE_NONE && want != DATE_NONE &&
		    ms - want < 1000 && want - ms <= 500)
			continue;
		if (json_integer_value(json_object_get(row, "tier")) == 3)
			wrong_wild++;
		else
			fail_msg("\"%s\" reads as %s, not %s", in, got,
			    out != NULL ? out : "no date");
	}
	json_decref(root);
	assert_true(n >= 200);
	assert_true(wrong_wild <= 2);
}

/* Every date of the series is the series' moment, and where the series has
 * none ("22:11", "Invalid Date") there is none. */
static void
test_series(void **state)
{
	char *line = NULL;
	size_t room = 0;
	unsigned n = 0;
	FILE *f = fopen(series_path, "r");

	(void)state;
	if (f == NULL)
		skip();
	while (getline(&line, &room, f) != -1) {
		char *rest = line, *columns[7] = { 0 }, *end;
		int64_t want;

		for (size_t i = 0; i < ARRAY_LEN(columns); i++)
			columns[i] = strsep(&rest, "\t");
		if (columns[6] == NULL || strcmp(columns[0], "step") == 0)
			continue;
		want = strtoll(columns[6], &end, 10);
		if (end == columns[6])
			want = DATE_NONE;
		if (date_parse(columns[5], 0) != want)
			fail_msg("\"%s\" is not %s", columns[5], columns[6]);
		n++;
	}
	free(line);
	fclose(f);
	assert_true(n > 1000);
}

static void
test_formats(void **state)
{
	static const struct {
		int64_t		 ms;
		const char	*rfc3339, *iso24, *http;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z",
		    "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ INT64_C(1714557600000), "2024-05-01T10:00:00Z",
		    "2024-05-01T10:00:00.000Z",
		    "Wed, 01 May 2024 10:00:00 GMT" },
		{ 951782400001, "2000-02-29T00:00:00.001Z",
		    "2000-02-29T00:00:00.001Z",
		    "Tue, 29 Feb 2000 00:00:00 GMT" },
		{ -1, "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z",
		    "Wed, 31 Dec 1969 23:59:59 GMT" },
		{ INT64_MAX, "9999-12-31T23:59:59.999Z",
		    "9999-12-31T23:59:59.999Z",
		    "Fri, 31 Dec 9999 23:59:59 GMT" },
		{ DATE_NONE, "0001-01-01T00:00:00Z",
		    "0001-01-01T00:00:00.000Z",
		    "Mon, 01 Jan 0001 00:00:00 GMT" },
	};
	char out[DATE_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		date_format_rfc3339(rows[i].ms, out);
		assert_string_equal(out, rows[i].rfc3339);
		date_format_iso24(rows[i].ms, out);
		assert_string_equal(out, rows[i].iso24);
		date_format_http(rows[i].ms, out);
		assert_string_equal(out, rows[i].http);
	}
}

/* Every form that is written is read back, over four hundred years. */
static void
test_round_trip(void **state)
{
	char out[DATE_TEXT_SIZE];

	(void)state;
	for (int64_t ms = INT64_C(-6000000000000); ms < INT64_C(7000000000000);
	    ms += INT64_C(7654321987)) {
		date_format_rfc3339(ms, out);
		assert_int_equal(date_parse(out, 3600), ms);
		date_format_iso24(ms, out);
		assert_int_equal(date_parse(out, 3600), ms);
		date_format_http(ms, out);
		assert_int_equal(date_parse(out, 3600),
		    date_seconds(ms) * 1000);
	}
}

static void
test_seconds(void **state)
{
	(void)state;
	assert_int_equal(date_seconds(1999), 1);
	assert_int_equal(date_seconds(-1), -1);
	assert_int_equal(date_seconds(-1000), -1);
	assert_int_equal(date_seconds(-1001), -2);
	assert_int_equal(date_seconds(DATE_NONE), DATE_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_standards),
		cmocka_unit_test(test_wild),
		cmocka_unit_test(test_no_dates),
		cmocka_unit_test(test_default_zone),
		cmocka_unit_test(test_conformance),
		cmocka_unit_test(test_series),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_seconds),
	};

	return UNIT_RUN(tests);
}
