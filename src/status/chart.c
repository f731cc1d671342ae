/*
 * chart.c - announcements per day as a picture (SVG).
 *
 * It has the colours of the page it stands in, and its heights are of the
 * highest of its days.  What it shows is also said below it: a picture alone
 * tells nothing to who does not see it.
 */
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/status.h"
#include "private.h"

#define DAY_MS	INT64_C(86400000)

enum { BAR_WIDTH = 20, BAR_GAP = 4, HEIGHT = 120 };

static void
put_date(struct buf *b, const struct status_days *days, int i)
{
	char day[DATE_TEXT_SIZE];

	date_format_iso24(days->first_ms + i * DAY_MS, day);
	buf_printf(b, "%.10s", day);
}

static int
highest(const struct status_days *days)
{
	int most = 0;

	for (int i = 1; i < STATUS_DAYS; i++) {
		if (days->announced[i] > days->announced[most])
			most = i;
	}
	return most;
}

/* One that is not nothing is seen. */
static int
height_of(int64_t n, int64_t most)
{
	int64_t height = most > 0 ? n * HEIGHT / most : 0;

	return n > 0 && height < 2 ? 2 : (int)height;
}

static void
put_bars(struct buf *b, const struct status_days *days, int64_t most)
{
	for (int i = 0; i < STATUS_DAYS; i++) {
		int height = height_of(days->announced[i], most);

		buf_printf(b, "<rect x=\"%d\" y=\"%d\" width=\"%d\" "
		    "height=\"%d\" rx=\"2\"><title>", i * BAR_WIDTH +
		    BAR_GAP / 2, HEIGHT - height, BAR_WIDTH - BAR_GAP,
		    height);
		put_date(b, days, i);
		buf_printf(b, ": %lld</title></rect>\n",
		    (long long)days->announced[i]);
	}
}

void
status_put_chart(struct buf *b, const struct status_days *days)
{
	int most = highest(days);
	int64_t sum = 0;

	for (int i = 0; i < STATUS_DAYS; i++)
		sum += days->announced[i];
	if (sum == 0)
		return;
	buf_printf(b, "<figure>\n"
	    "<svg viewBox=\"0 0 %d %d\" role=\"img\" "
	    "aria-labelledby=\"days\" fill=\"currentColor\">\n"
	    "<path d=\"M0 %d.5H%d\" stroke=\"currentColor\" "
	    "stroke-opacity=\".4\"/>\n", STATUS_DAYS * BAR_WIDTH, HEIGHT + 1,
	    HEIGHT, STATUS_DAYS * BAR_WIDTH);
	put_bars(b, days, days->announced[most]);
	buf_puts(b, "</svg>\n<figcaption class=\"meta\" id=\"days\">");
	put_date(b, days, 0);
	buf_printf(b, " to today, entries per day: %lld in all, %lld today; most on ",
	    (long long)sum, (long long)days->announced[STATUS_DAYS - 1]);
	put_date(b, days, most);
	buf_printf(b, ", %lld.</figcaption>\n</figure>\n",
	    (long long)days->announced[most]);
}
