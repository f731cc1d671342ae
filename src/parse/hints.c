/*
 * hints.c - what a document says about when to ask again.
 *
 * Numbers are bounded here; what they mean is cadence's business.
 */
#include <stdlib.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "reader.h"

enum { TTL_MAX_MIN = 366 * 24 * 60, FREQUENCY_MAX = 1000000 };

void
end_ttl(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	char *end;
	long long v = strtoll(s, &end, 10);

	(void)rule, (void)len;
	if (end == s || v < 0 || r->feed->hints.ttl_min >= 0)
		return;
	r->feed->hints.ttl_min = v < TTL_MAX_MIN ? v : TTL_MAX_MIN;
}

void
end_hour(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	char *end;
	long v = strtol(s, &end, 10);

	(void)rule, (void)len;
	if (end != s && v >= 0 && v <= 24)
		r->feed->hints.skip_hours |= 1u << (v % 24);
}

void
end_day(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	static const char *const days[] = { "sun", "mon", "tue", "wed",
	    "thu", "fri", "sat" };

	(void)rule, (void)len;
	for (unsigned d = 0; d < ARRAY_LEN(days); d++) {
		if (text_prefix_nocase(s, days[d]))
			r->feed->hints.skip_days |= (uint8_t)(1u << d);
	}
}

static void
settle_update(struct reader *r)
{
	int64_t times = r->sy_frequency > 0 ? r->sy_frequency : 1;

	if (r->sy_period_s > 0)
		r->feed->hints.update_s = r->sy_period_s / times;
}

void
end_period(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	static const struct {
		const char	*name;
		int64_t		 s;
	} periods[] = {
		{ "hourly", 3600 }, { "daily", 86400 },
		{ "weekly", 7 * 86400 }, { "monthly", 30 * 86400 },
		{ "yearly", 365 * 86400 },
	};

	(void)rule, (void)len;
	for (size_t i = 0; i < ARRAY_LEN(periods); i++) {
		if (text_equal_nocase(s, periods[i].name))
			r->sy_period_s = periods[i].s;
	}
	settle_update(r);
}

void
end_frequency(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	long v = strtol(s, NULL, 10);

	(void)rule, (void)len;
	r->sy_frequency = v > FREQUENCY_MAX ? FREQUENCY_MAX : v;
	settle_update(r);
}
