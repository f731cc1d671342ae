/* What is known of the sources as a page: nothing of it is markup of others,
 * nothing secret, and what is wrong comes first. */
#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/mem.h"
#include "feedmill/status.h"
#include "unit.h"

#define NOW	INT64_C(1750000000000)

static struct source_summary rows[] = {
	{ .id = 1, .name = "fine", .title = "<i>Fine</i> & \"good\"",
	    .url = "https://user:hunter2@fine.example/rss?token=hunter2",
	    .outcome = "ok", .next_due_ms = NOW + 1800000,
	    .visited_ms = NOW - 60000, .succeeded_ms = NOW - 60000,
	    .changed_ms = NOW - 60000, .entries = 1, .announced = 1 },
	{ .id = 2, .name = "away", .url = "https://away.example/rss",
	    .outcome = "gone", .error = "410: gone", .gone = 1,
	    .next_due_ms = INT64_MAX, .visited_ms = NOW - 60000,
	    .succeeded_ms = DATE_NONE, .changed_ms = DATE_NONE,
	    .failures = 1 },
	{ .id = 3, .name = "bad", .url = "https://bad.example/rss",
	    .outcome = "unreadable", .error = "</p><script>x()</script>",
	    .next_due_ms = NOW - 1, .visited_ms = NOW - 60000,
	    .succeeded_ms = NOW - 7200000, .changed_ms = DATE_NONE,
	    .failures = 3, .entries = 20, .announced = 10 },
	{ .id = 4, .name = "new", .url = "https://new.example/rss",
	    .next_due_ms = NOW, .visited_ms = DATE_NONE,
	    .succeeded_ms = DATE_NONE, .changed_ms = DATE_NONE },
	{ .id = 5, .name = "removed", .url = "https://removed.example/rss",
	    .removed = 1, .outcome = "ok", .next_due_ms = NOW,
	    .visited_ms = NOW, .succeeded_ms = NOW, .changed_ms = NOW },
};

static const struct status known = {
	.sources = rows, .count = ARRAY_LEN(rows), .now_ms = NOW,
	.totals = { .entries = 21, .last_seq = 11, .database_bytes = 4096 },
	.running = 1,
};

static const char *
at(const struct buf *b, const char *what)
{
	const char *found = strstr(buf_str(b), what);

	if (found == NULL)
		fail_msg("no %s in\n%s", what, buf_str(b));
	return found;
}

static void
assert_absent(const struct buf *b, const char *what)
{
	if (strstr(buf_str(b), what) != NULL)
		fail_msg("%s in\n%s", what, buf_str(b));
}

static void
page_order(void **state)
{
	struct buf b = { 0 };

	(void)state;
	status_print_html(&b, &known);
	assert_true(at(&b, ">Failing</span>: 1<") < at(&b, "<h3><bdi "
	    "lang=\"\">bad</bdi></h3>"));
	assert_true(at(&b, ">bad</bdi>") < at(&b, ">Gone for good</span>: 1"));
	assert_true(at(&b, ">away</bdi>") < at(&b, ">Not visited yet</span>"));
	assert_true(at(&b, ">new</bdi>") < at(&b, ">Working</span>: 1"));
	at(&b, "1 failing, 1 working, 4 sources in all.");
	at(&b, "21 entries, 11 announcements, database 4K.");
	at(&b, "2025-06-15 15:06:40</time> UTC");
	assert_absent(&b, "removed");
	buf_fini(&b);
}

static void
troubles(void **state)
{
	static const struct status_query as_text = { 0 }, json = { .json = 1 };
	struct status status = known;
	struct buf b = { 0 };

	(void)state;
	status_take_trouble(&status, TROUBLE_ARCHIVES, "archive <a>: full");
	status_take_trouble(&status, TROUBLE_OUTLETS, "");
	status_print_html(&b, &status);
	at(&b, "<strong>An archive cannot be written:</strong> archive "
	    "&lt;a&gt;: full</p>");
	assert_absent(&b, "outlet cannot be written");
	buf_reset(&b);
	status_print(&b, &status, &as_text);
	at(&b, "\nan archive cannot be written: archive <a>: full\n");
	assert_absent(&b, "outlet cannot be written");
	buf_reset(&b);
	status_print(&b, &status, &json);
	at(&b, "\"database_error\": null");
	at(&b, "\"outlets_error\": null");
	at(&b, "\"archives_error\": \"archive <a>: full\"");
	buf_fini(&b);
	arena_fini(&status.arena);
}

static void
page_chart(void **state)
{
	struct status status = known;
	struct buf b = { 0 };

	(void)state;
	status_print_html(&b, &known);
	assert_absent(&b, "<svg");
	status.days.first_ms = INT64_C(1747440000000);
	status.days.announced[0] = 1;
	status.days.announced[3] = 1000;
	status.days.announced[STATUS_DAYS - 1] = 500;
	buf_reset(&b);
	status_print_html(&b, &status);
	/* What is little is seen, what is nothing is not. */
	at(&b, "y=\"118\" width=\"16\" height=\"2\" rx=\"2\">"
	    "<title>2025-05-17: 1</title>");
	at(&b, "y=\"120\" width=\"16\" height=\"0\" rx=\"2\">"
	    "<title>2025-05-18: 0</title>");
	at(&b, "y=\"0\" width=\"16\" height=\"120\" rx=\"2\">"
	    "<title>2025-05-20: 1000</title>");
	at(&b, "height=\"60\" rx=\"2\"><title>2025-06-15: 500</title>");
	at(&b, "2025-05-17 to today, entries per day: 1501 in all, 500 "
	    "today; most on 2025-05-20, 1000.");
	buf_fini(&b);
}

static void
page_words(void **state)
{
	struct buf b = { 0 };

	(void)state;
	status_print_html(&b, &known);
	at(&b, "1 entry, 1 announced \xc2\xb7 visited 1m ago (ok) "
	    "\xc2\xb7 last new 1m ago \xc2\xb7 next in 30m</p>");
	at(&b, "20 entries, 10 announced \xc2\xb7 visited 1m ago "
	    "(unreadable) \xc2\xb7 last worked 2h ago \xc2\xb7 last new "
	    "never \xc2\xb7 next now</p>");
	at(&b, "has never worked \xc2\xb7 next never</p>");
	at(&b, "visited never \xc2\xb7 next");
	at(&b, "3 failures in a row: ");
	at(&b, "1 failure in a row: <bdi>410: gone</bdi>");
	buf_fini(&b);
}

static void
page_is_harmless(void **state)
{
	struct buf b = { 0 };

	(void)state;
	status_print_html(&b, &known);
	at(&b, "&lt;i&gt;Fine&lt;/i&gt; &amp; ");
	at(&b, "&lt;/p&gt;&lt;script&gt;x()");
	assert_absent(&b, "<script");
	assert_absent(&b, "hunter2");
	assert_absent(&b, "http-equiv");
	buf_fini(&b);
}

static void
json_says_of_when(void **state)
{
	static const struct status_query all = { .json = 1 };
	static const struct status_query failing = { .json = 1,
	    .failing = 1 };
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(status_print(&b, &known, &all), 4);
	at(&b, "\"time\": \"2025-06-15T15:06:40Z\"");
	assert_absent(&b, "hunter2");
	buf_reset(&b);
	assert_int_equal(status_print(&b, &known, &failing), 2);
	buf_fini(&b);
}

static void
names_that_are_unknown(void **state)
{
	const char *names[] = { known.sources[0].name, known.sources[1].url,
	    "nobody", "none", NULL };
	const struct status_query q = { .names = names };

	(void)state;
	assert_string_equal(status_unknown_name(&known, &q), "nobody");
	names[2] = NULL;
	assert_null(status_unknown_name(&known, &q));
	names[0] = NULL;
	assert_null(status_unknown_name(&known, &q));
	assert_null(status_unknown_name(&known, &(struct status_query){ 0 }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(page_order),
		cmocka_unit_test(page_chart),
		cmocka_unit_test(troubles),
		cmocka_unit_test(page_words),
		cmocka_unit_test(page_is_harmless),
		cmocka_unit_test(json_says_of_when),
		cmocka_unit_test(names_that_are_unknown),
	};

	return UNIT_RUN(tests);
}
