/*
 * test_cadence_year.c - a year of 1,000 sources in a few seconds: is nobody
 * asked more often than he likes, and what is published found soon?
 *
 * The clock, the dice, the sources and their hosts are made up (and the same
 * in every run); what decides is what decides in the mill: cadence.h for the
 * time of the next visit, agenda.h for whose turn it is, outage.h for whom to
 * blame.  In the course of the year the machine restarts, sleeps, loses its
 * network and has its clock set.
 */
#include "unit.h"

#include <math.h>
#include <stdio.h>

#include "feedmill/agenda.h"
#include "feedmill/base/date.h"
#include "feedmill/base/mem.h"
#include "feedmill/cadence.h"
#include "feedmill/outage.h"

#define S	INT64_C(1000)
#define MIN	(60 * S)
#define HOUR	(60 * MIN)
#define DAY	(24 * HOUR)
#define T0	INT64_C(1735689600000)	/* 2025-01-01T00:00:00Z */

enum { SOURCES = 1000, TOOK_MS = 400, FLYING_MAX = 128, RECENT = 4096,
	BIG = 300, LIMITED = 20, OTHERS = BIG + LIMITED * 10,
	HOSTS = 1 + LIMITED + SOURCES - OTHERS };

/* How it publishes... */
enum pace { HOURLY, SEVERAL, DAILY, WEEKLY, BURSTY, DEAD, PACES };
static const char *const pace_names[] = { "hourly", "several a day",
    "daily", "weekly", "bursty", "dead" };

/* ...and how its server behaves. */
enum manner { PLAIN, AGE_HUGE, AGE_NEGATIVE, AGE_CHANGING, AGE_HOURS,
	NO_STORE, EXPIRES, TTL, PERIOD, SKIP_NIGHT, FLAPPING, REFUSED,
	MANNERS };

static const struct cadence_limits normal = { 1800, 900, 86400, 10 };

struct src {
	enum pace	 pace;
	enum manner	 manner;
	int		 host;
	char		 host_name[24];
	struct history	 h;
	int64_t		 due;		/* wall, as the database has it */
	uint64_t	 random;	/* for what it publishes */
	int64_t		 next_pub;
	int		 burst_left;
	int64_t		 recent[20];	/* dates in its document */
	unsigned	 published;
	int64_t		 unseen, unseen_sum;
	int64_t		 missed;	/* of those, while nobody could ask */
	int64_t		 asked;		/* last answered request, or -1 */
	int64_t		 allowed;	/* by its floor and hints: not before */
};

struct host {
	int64_t		 asked;		/* last request */
	int64_t		 held;		/* by Retry-After, until then */
	int64_t		 window_start;
	int		 window_count;
};

struct result {
	int64_t		 requests, found, refused, in_outage;
	double		 delay_s;	/* sum */
	int64_t		 pace_found[PACES], pace_requests[PACES];
	double		 pace_delay_s[PACES];
	int64_t		 plain_found;	/* no hints, no refusals */
	double		 plain_delay_s;
	unsigned	 busiest;	/* requests in any 10 s */
	int64_t		 early, not_allowed, while_held, too_close;
};

static struct year {
	struct src	 src[SOURCES];
	struct host	 host[HOSTS];
	struct agenda	*agenda;
	struct outage	 outage;
	struct cadence_limits limits;
	int		 adaptive, offline;
	uint64_t	 random;
	int64_t		 now;		/* since the start, never set */
	int64_t		 wall;		/* wall time minus now */
	int64_t		 born;		/* the last restart */
	struct { int64_t at; int id; } flying[FLYING_MAX];
	unsigned	 flying_head, flying_count;
	int64_t		 started[RECENT];
	unsigned	 started_head, started_tail;
	struct result	 r;
} y;

/* ----------------------------------------------------------------- dice */

static uint32_t
dice(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(*state >> 32);
}

static int64_t
below(uint64_t *state, int64_t n)
{
	return (int64_t)((double)n * (dice(state) / 4294967296.0));
}

/* Exponential: what has no memory. */
static int64_t
wait_about(uint64_t *state, int64_t mean)
{
	return 1 + (int64_t)(-(double)mean *
	    log((dice(state) + 1.0) / 4294967297.0));
}

/* ------------------------------------------------------------ publishing */

static int64_t
next_publication(struct src *s, int64_t t)
{
	switch (s->pace) {
	case HOURLY:
		return t + wait_about(&s->random, HOUR);
	case SEVERAL:		/* by day */
		t += wait_about(&s->random, 2 * HOUR);
		return t % DAY < 7 * HOUR ? t - t % DAY + 7 * HOUR +
		    below(&s->random, HOUR) : t;
	case DAILY:
		return t - t % DAY + DAY + (int64_t)(s - y.src) % 24 * HOUR +
		    below(&s->random, HOUR);
	case WEEKLY:
		return t + wait_about(&s->random, 7 * DAY);
	case BURSTY:
		if (s->burst_left-- > 0)
			return t + wait_about(&s->random, 3 * MIN);
		s->burst_left = 15;
		return t + wait_about(&s->random, 10 * DAY);
	default:
		return INT64_MAX;
	}
}

static void
publish_until(struct src *s, int64_t now)
{
	while (s->next_pub <= now) {
		s->recent[s->published++ % 20] = s->next_pub;
		s->unseen++;
		s->unseen_sum += s->next_pub;
		s->next_pub = next_publication(s, s->next_pub);
	}
}

static int64_t
pace_now(const struct src *s)
{
	int64_t times[20];
	size_t n = s->published < 20 ? s->published : 20;

	for (size_t i = 0; i < n; i++)
		times[i] = s->recent[i];
	return cadence_pace(times, n, y.now);
}

/* Nobody was there to ask: what came meanwhile is found, but not timed. */
static void
back_again(void)
{
	for (int i = 0; i < SOURCES; i++) {
		struct src *s = &y.src[i];

		publish_until(s, y.now);
		s->missed += s->unseen;
		s->unseen = s->unseen_sum = 0;
	}
}

/* ------------------------------------------------------------- answering */

/* Twenty a minute, or one of fifty requests, is too much. */
static int64_t
retry_after(struct src *s, struct host *h)
{
	if (s->host == 0) {
		if (y.now - h->window_start >= MIN) {
			h->window_start = y.now;
			h->window_count = 0;
		}
		return ++h->window_count > 20 ? 600 : -1;
	}
	if (s->host <= LIMITED && dice(&y.random) % 50 == 0)
		return 3600;
	return -1;
}

static void
answer_headers(struct src *s, struct cadence_visit *v)
{
	static const int64_t ages[] = { 0, 60, 3600, 21600, -1, 1000000 };

	switch (s->manner) {
	case AGE_HUGE:
		v->max_age_s = INT64_C(10) * 365 * 86400;
		break;
	case AGE_CHANGING:
		v->max_age_s = ages[dice(&y.random) % 6];
		break;
	case AGE_HOURS:
		v->max_age_s = 7200;
		break;
	case NO_STORE:
		v->max_age_s = 0;
		break;
	case EXPIRES:
		v->date_ms = v->now_ms + 77 * DAY;	/* his clock is off */
		v->expires_ms = v->date_ms + 5400 * S;
		break;
	default:
		break;		/* AGE_NEGATIVE: fetch.h says -1 */
	}
}

static void
answer_document(struct src *s, struct cadence_visit *v)
{
	double delay_s = (double)(s->unseen * y.now - s->unseen_sum) / 1000;
	int first = s->h.succeeded_ms == DATE_NONE;

	v->outcome = s->unseen + s->missed > 0 || first ? OUTCOME_OK :
	    OUTCOME_NOT_MODIFIED;
	if (v->outcome == OUTCOME_NOT_MODIFIED)
		return;
	v->has_document = 1;
	v->news = (unsigned)(s->unseen + s->missed);
	v->gap = v->news >= 20 && !first;
	v->pace_s = pace_now(s);
	if (!first) {
		y.r.found += s->unseen;
		y.r.delay_s += delay_s;
		y.r.pace_found[s->pace] += s->unseen;
		y.r.pace_delay_s[s->pace] += delay_s;
		if (s->manner == PLAIN && s->host > LIMITED) {
			y.r.plain_found += s->unseen;
			y.r.plain_delay_s += delay_s;
		}
	}
	s->unseen = s->unseen_sum = s->missed = 0;
	if (s->manner == TTL)
		s->h.ttl_s = 10800;
	if (s->manner == PERIOD)
		s->h.update_s = 43200;
	if (s->manner == SKIP_NIGHT)
		s->h.skip_hours = 0x3f;
}

static struct cadence_visit
answer(struct src *s)
{
	struct host *h = &y.host[s->host];
	struct cadence_visit v = { .now_ms = y.now + y.wall,
	    .retry_after_s = -1, .max_age_s = -1, .expires_ms = DATE_NONE,
	    .date_ms = DATE_NONE, .pace_s = -1 };

	if (y.offline || s->manner == REFUSED) {
		v.outcome = y.offline ? OUTCOME_DNS : OUTCOME_CONNECT;
		return v;
	}
	v.retry_after_s = retry_after(s, h);
	if (v.retry_after_s > 0) {
		v.outcome = OUTCOME_BUSY;
		y.r.refused++;
		if (y.now + v.retry_after_s * S > h->held)
			h->held = y.now + v.retry_after_s * S;
		return v;
	}
	if (s->manner == FLAPPING && y.now / HOUR % 3 == 0) {
		v.outcome = OUTCOME_BUSY;
		return v;
	}
	publish_until(s, y.now);
	answer_headers(s, &v);
	answer_document(s, &v);
	return v;
}

/* ---------------------------------------------------- as the mill does it */

static void
plan(struct src *s, int id)
{
	struct history h = s->h;

	if (!y.adaptive) {
		h.pace_s = -1;
		h.changed_ms = DATE_NONE;
	}
	s->due = cadence_next(y.now + y.wall, &y.limits, &h,
	    dice(&y.random)).next_ms;
	agenda_put(y.agenda, id, s->host_name, (unsigned)id,
	    s->due == INT64_MAX ? AGENDA_NEVER : s->due - y.wall);
}

static void
note_reachability(struct src *s, int id, const struct cadence_visit *v)
{
	if (v->outcome != OUTCOME_DNS && v->outcome != OUTCOME_CONNECT) {
		if (outage_answered(&y.outage))
			agenda_probe(y.agenda, 0);
		return;
	}
	if (!outage_failed(&y.outage, id, (uint64_t)s->host,
	    y.now + y.wall, HOSTS))
		return;
	agenda_probe(y.agenda, 1);
	for (unsigned i = 0; i < y.outage.count; i++) {
		int64_t other = y.outage.failed[i].source_id;

		if (other == id || y.src[other].h.failures == 0)
			continue;
		history_forgive(&y.src[other].h);
		plan(&y.src[other], (int)other);
	}
}

/* Not before that: what the source and its server ask for, by this test's
 * own reckoning. */
static int64_t
allowed_after(const struct src *s, const struct cadence_visit *v)
{
	int64_t wait_s = y.limits.min_s;

	if (v->outcome == OUTCOME_DNS)
		return y.now;
	if (s->manner == TTL && s->h.ttl_s > 0 && wait_s < 10800)
		wait_s = 10800;
	if (s->manner == PERIOD && s->h.update_s > 0 && wait_s < 43200)
		wait_s = 43200;
	if (s->manner == EXPIRES && v->outcome != OUTCOME_BUSY &&
	    wait_s < 5400)
		wait_s = 5400;
	if (v->max_age_s > wait_s)
		wait_s = v->max_age_s;
	if (v->retry_after_s > wait_s)
		wait_s = v->retry_after_s;
	if (wait_s > y.limits.max_s)
		wait_s = y.limits.max_s;
	return y.now + wait_s * S;
}

static void
finish(int id)
{
	struct src *s = &y.src[id];
	struct cadence_visit v = answer(s);
	int64_t hold_ms;

	note_reachability(s, id, &v);
	v.network_down = y.outage.down && (v.outcome == OUTCOME_DNS ||
	    v.outcome == OUTCOME_CONNECT);
	history_add_visit(&s->h, &v);
	s->allowed = v.network_down ? y.now : allowed_after(s, &v);
	hold_ms = cadence_hold_ms(y.now + y.wall, &y.limits, &s->h);
	if (hold_ms > 0)
		agenda_hold(y.agenda, s->host_name, y.now + hold_ms, y.now);
	agenda_done(y.agenda, id);
	plan(s, id);
}

/* ------------------------------------------------------- what must not be */

static void
watch_start(struct src *s)
{
	struct host *h = &y.host[s->host];

	y.r.requests++;
	y.r.pace_requests[s->pace]++;
	y.r.early += y.now + y.wall < s->due;
	if (y.offline) {
		y.r.in_outage++;
		return;
	}
	y.r.not_allowed += y.now < s->allowed;
	y.r.while_held += y.now < h->held;
	h->asked = y.now;

	y.started[y.started_head++ % RECENT] = y.now;
	while (y.started[y.started_tail % RECENT] < y.now - 10 * S)
		y.started_tail++;
	if (y.now > 2 * MIN &&
	    y.started_head - y.started_tail > y.r.busiest)
		y.r.busiest = y.started_head - y.started_tail;
}

/* -------------------------------------------------------------- the year */

static void
take_all(void)
{
	int64_t id;

	while ((id = agenda_take(y.agenda, y.now)) != -1) {
		unsigned at = (y.flying_head + y.flying_count++) % FLYING_MAX;

		assert_true(y.flying_count <= FLYING_MAX);
		watch_start(&y.src[id]);
		y.flying[at].at = y.now + TOOK_MS;
		y.flying[at].id = (int)id;
	}
}

static void
live_until(int64_t end)
{
	while (y.now < end) {
		int64_t wait_ms, next = end;

		while (y.flying_count > 0 &&
		    y.flying[y.flying_head].at <= y.now) {
			int id = y.flying[y.flying_head].id;

			y.flying_head = (y.flying_head + 1) % FLYING_MAX;
			y.flying_count--;
			finish(id);
		}
		take_all();
		wait_ms = agenda_wait_ms(y.agenda, y.now);
		if (wait_ms >= 0 && y.now + wait_ms < next)
			next = y.now + wait_ms;
		if (y.flying_count > 0 && y.flying[y.flying_head].at < next)
			next = y.flying[y.flying_head].at;
		y.now = next;
	}
}

/* From the database: what was under way is lost. */
static void
start(void)
{
	y.born = y.now;
	y.agenda = agenda_new();
	agenda_limit(y.agenda, 64, 2);
	y.flying_count = 0;
	y.outage = (struct outage){ 0 };
	for (int i = 0; i < SOURCES; i++) {
		struct src *s = &y.src[i];
		int64_t hold_ms = cadence_hold_ms(y.now + y.wall, &y.limits,
		    &s->h);

		if (hold_ms > 0)
			agenda_hold(y.agenda, s->host_name, y.now + hold_ms,
			    y.now);
	}
	for (int i = 0; i < SOURCES; i++) {
		struct src *s = &y.src[i];

		if (y.adaptive)
			s->due = cadence_resume(y.now + y.wall, &y.limits,
			    &s->h, s->due, dice(&y.random));
		agenda_put(y.agenda, i, s->host_name, (unsigned)i,
		    s->due == 0 ? AGENDA_AT_ONCE : s->due - y.wall);
	}
}

static void
restart_after(int64_t ms)
{
	agenda_free(y.agenda);
	y.now += ms;
	back_again();
	start();
}

static void
set_clock(int64_t by_ms)
{
	y.wall += by_ms;
	for (int i = 0; i < SOURCES; i++) {
		history_shift(&y.src[i].h, by_ms);
		y.src[i].due += by_ms;
	}
}

static enum pace
pace_of_number(int i)
{
	static const struct { int upto; enum pace pace; } parts[] = {
		{ 15, HOURLY }, { 40, SEVERAL }, { 65, DAILY },
		{ 82, WEEKLY }, { 90, BURSTY }, { 100, DEAD },
	};
	int n = i * 37 % 100, k = 0;

	while (n >= parts[k].upto)
		k++;
	return parts[k].pace;
}

static void
make_source(int i)
{
	struct src *s = &y.src[i];

	*s = (struct src){ .pace = pace_of_number(i), .asked = -1,
	    .allowed = INT64_MIN, .random = (uint64_t)i * 7919 + 1 };
	/* Half of them are plain. */
	s->manner = i * 31 % 24 < MANNERS ? (enum manner)(i * 31 % 24) : PLAIN;
	s->host = i < BIG ? 0 : i < OTHERS ? 1 + (i - BIG) / 10 :
	    1 + LIMITED + i - OTHERS;
	snprintf(s->host_name, sizeof(s->host_name), "h%d.example", s->host);
	history_init(&s->h);
	/* What it published before anybody subscribed. */
	s->next_pub = s->pace == DEAD ? -900 * DAY : -30 * DAY;
	if (s->pace == DEAD) {
		for (int k = 0; k < 20; k++)
			s->recent[s->published++] =
			    s->next_pub - k * 3 * DAY;
		s->next_pub = INT64_MAX;
	}
	publish_until(s, 0);
}

static void
begin(int adaptive, int64_t interval_s)
{
	y = (struct year){ .limits = normal, .adaptive = adaptive,
	    .random = 42, .wall = T0 };
	y.limits.interval_s = interval_s;
	for (int i = 0; i < SOURCES; i++)
		make_source(i);
	for (int i = 0; i < HOSTS; i++)
		y.host[i].asked = y.host[i].held = -DAY;
	start();
}

static struct result
live_a_year(int adaptive, int64_t interval_s)
{
	begin(adaptive, interval_s);
	live_until(60 * DAY);
	set_clock(365 * DAY);
	live_until(70 * DAY);
	set_clock(-365 * DAY);
	live_until(100 * DAY);
	restart_after(3 * HOUR);
	live_until(150 * DAY);
	y.now += 9 * HOUR;		/* asleep */
	back_again();
	live_until(200 * DAY);
	y.offline = 1;
	live_until(200 * DAY + 6 * HOUR);
	y.offline = 0;
	back_again();
	live_until(250 * DAY);
	restart_after(10 * S);
	live_until(y.now + 20 * S);
	restart_after(10 * S);
	live_until(300 * DAY);
	restart_after(20 * DAY);	/* holidays */
	live_until(365 * DAY);
	agenda_free(y.agenda);
	return y.r;
}

static double
mean_delay_min(const struct result *r)
{
	return r->delay_s / (double)r->found / 60;
}

static double
plain_delay_min(const struct result *r)
{
	return r->plain_delay_s / (double)r->plain_found / 60;
}

static void
tell(const char *what, const struct result *r)
{
	printf("# %s: %lld requests, %lld entries, found after %.1f min on "
	    "the mean; %lld times 429; at most %u requests in 10 s\n", what,
	    (long long)r->requests, (long long)r->found, mean_delay_min(r),
	    (long long)r->refused, r->busiest);
	printf("#   %.1f min for those that neither hint nor refuse\n",
	    plain_delay_min(r));
	for (int i = 0; i < PACES; i++)
		if (r->pace_found[i] > 0 || i == DEAD)
			printf("#   %-14s %8lld requests, %7lld entries, "
			    "%6.1f min\n", pace_names[i],
			    (long long)r->pace_requests[i],
			    (long long)r->pace_found[i],
			    r->pace_found[i] == 0 ? 0.0 : r->pace_delay_s[i] /
			    (double)r->pace_found[i] / 60);
}

/* ----------------------------------------------------------------- tests */

static struct result adaptive;

static void
test_nobody_is_asked_too_often(void **state)
{
	(void)state;
	adaptive = live_a_year(1, normal.interval_s);
	tell("adaptive", &adaptive);
	printf("# without network: %lld requests in 6 hours\n",
	    (long long)adaptive.in_outage);
	assert_int_equal(adaptive.early, 0);
	assert_int_equal(adaptive.not_allowed, 0);
	assert_true(adaptive.requests > 1000000);
}

static void
test_a_host_that_says_so_is_left_alone(void **state)
{
	(void)state;
	assert_true(adaptive.refused > 1000);
	assert_int_equal(adaptive.while_held, 0);
	assert_int_equal(adaptive.too_close, 0);
}

/* 8 a second after a pause, and what becomes due meanwhile. */
static void
test_there_is_no_herd(void **state)
{
	(void)state;
	assert_in_range(adaptive.busiest, 60, 100);
	assert_true(adaptive.in_outage < 200);
}

static void
test_news_are_found_sooner_than_by_a_fixed_interval(void **state)
{
	int64_t interval_s = 4140;	/* a guess, made better below */
	struct result fixed;

	(void)state;
	for (int i = 0; i < 5; i++) {
		fixed = live_a_year(0, interval_s);
		if (llabs(fixed.requests - adaptive.requests) <
		    adaptive.requests / 100)
			break;
		interval_s = interval_s * fixed.requests / adaptive.requests;
	}
	printf("# fixed interval: %lld s\n", (long long)interval_s);
	tell("fixed", &fixed);
	assert_true(fixed.requests > adaptive.requests * 99 / 100);
	/* Where hints rule, they rule both. */
	assert_true(mean_delay_min(&adaptive) <
	    0.95 * mean_delay_min(&fixed));
	assert_true(plain_delay_min(&adaptive) <
	    0.7 * plain_delay_min(&fixed));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_is_asked_too_often),
		cmocka_unit_test(test_a_host_that_says_so_is_left_alone),
		cmocka_unit_test(test_there_is_no_herd),
		cmocka_unit_test(
		    test_news_are_found_sooner_than_by_a_fixed_interval),
	};

	return UNIT_RUN(tests);
}
