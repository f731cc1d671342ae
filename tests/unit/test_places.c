/* test_places.c - however places are looked for, they are those of the
 * records, in the same order; and their stamps tell what has changed. */
#include "store_fixture.h"

enum { ROUNDS = 60, SEQS_MAX = 1000 };

struct looking {
	struct store_filter filter;
	int		 newest_first, stop_after;
	int64_t		 records[SEQS_MAX], places[SEQS_MAX];
	uint64_t	 stamps[SEQS_MAX];
	size_t		 records_count, places_count;
};

static int
take_record(const struct record *r, void *arg)
{
	struct looking *l = arg;

	l->records[l->records_count++] = r->seq;
	return l->records_count == (size_t)l->stop_after;
}

static int
take_place(const struct store_place *p, void *arg)
{
	struct looking *l = arg;

	l->stamps[l->places_count] = p->stamp;
	l->places[l->places_count++] = p->seq;
	return l->places_count == (size_t)l->stop_after;
}

static void
look(struct store_reader *r, void *arg)
{
	struct looking *l = arg;
	struct err err;

	assert_int_equal(store_each_record(r, &l->filter, l->newest_first,
	    take_record, l, &err), 0);
	assert_int_equal(store_each_place(r, &l->filter, l->newest_first,
	    take_place, l, &err), 0);
}

static void
look_for(struct fixture *f, struct looking *l)
{
	l->records_count = l->places_count = 0;
	store_read(f->store, look, no_op, l);
	store_drain(f->store);
	assert_int_equal(l->places_count, l->records_count);
	assert_memory_equal(l->places, l->records,
	    l->records_count * sizeof(l->records[0]));
}

/* The first has much, the second little and seldom, the third silent ones. */
static void
fill(struct fixture *f)
{
	char key[64], title[64];

	sources[2].flood_limit = 1;
	for (int i = 0; i < ROUNDS; i++) {
		for (int k = 0; k < 4; k++) {
			snprintf(key, sizeof(key), "//a/%d-%d", i, k);
			snprintf(title, sizeof(title), "A %d %d", i, k);
			VISIT(f, 0, { key, NULL, T0 + i, title });
		}
		snprintf(key, sizeof(key), "//c/%d", i);
		VISIT(f, 2, { key, NULL, T0, "C" });
		/* One that is there already, announced anew. */
		snprintf(key, sizeof(key), "//a/%d-0", i / 2);
		snprintf(title, sizeof(title), "A again %d", i);
		VISIT(f, 0, { key, NULL, T0 + 100000000 + i * 1000, title });
		if (i % 7 == 0) {
			snprintf(key, sizeof(key), "//b/%d", i);
			VISIT(f, 1, { key, NULL, T0, "B" });
		}
	}
}

static void
test_every_way(void **state)
{
	static const double shares[] = { 0, .01, .49, .51, 1 };
	static const unsigned limits[] = { 0, 1, 31, 32, 33, 150, 900 };
	struct fixture *f = *state;
	const int64_t one = f->states[0].id, two = f->states[1].id;
	const int64_t three = f->states[2].id;
	const int64_t lists[][4] = { { one, 0 }, { two, 0 }, { one, two, 0 },
	    { two, three, 0 }, { one, two, three, 0 }, { 4711, 0 } };
	static struct looking l;

	fill(f);
	for (unsigned n = 0; n < ARRAY_LEN(lists) * ARRAY_LEN(shares) *
	    ARRAY_LEN(limits) * 16; n++) {
		unsigned k = n / 16;

		l = (struct looking){ .newest_first = n & 1, .filter = {
			.with_silent = n >> 1 & 1,
			.with_superseded = n >> 2 & 1,
			.after_seq = n & 8 ? 40 : 0,
			.upto_seq = n & 8 ? 200 : 0,
			.source_ids = lists[k % ARRAY_LEN(lists)],
			.share = shares[k / ARRAY_LEN(lists) %
			    ARRAY_LEN(shares)],
			.limit = limits[k / ARRAY_LEN(lists) /
			    ARRAY_LEN(shares)],
		} };
		look_for(f, &l);
		if (n % 5 == 0) {
			l.stop_after = 3;
			look_for(f, &l);
		}
	}
	l = (struct looking){ .newest_first = 1 };
	look_for(f, &l);
	assert_true(l.places_count > 100);
}

static void
test_stamps(void **state)
{
	struct fixture *f = *state;
	static struct looking l;
	uint64_t before;

	VISIT(f, 0, { "//a/1", NULL, T0, "A" });
	look_for(f, &l);
	before = l.stamps[0];
	VISIT(f, 0, { "//a/1", NULL, T0, "A" });
	look_for(f, &l);
	assert_true(l.stamps[0] == before);
	/* An edit, and back to what was there: that is two edits. */
	VISIT(f, 0, { "//a/1", NULL, T0, "B" });
	VISIT(f, 0, { "//a/1", NULL, T0, "A" });
	look_for(f, &l);
	assert_int_equal(l.places_count, 1);
	assert_true(l.stamps[0] != before);
}

static int
note_stamp(int64_t id, uint64_t stamp, void *arg)
{
	uint64_t *stamps = arg;

	if (id < 8)
		stamps[id] = stamp;
	return 0;
}

struct versions {
	struct store_sources_version version;
	int64_t		 since;
	uint64_t	 stamps[8];
};

static void
read_versions(struct store_reader *r, void *arg)
{
	struct versions *v = arg;
	struct err err;

	assert_int_equal(store_sources_version(r, &v->version, &err), 0);
	assert_int_equal(store_each_stamp(r, v->since, note_stamp, v->stamps,
	    &err), 0);
}

static struct versions
versions_since(struct fixture *f, int64_t since)
{
	struct versions v = { .since = since };

	store_read(f->store, read_versions, no_op, &v);
	store_drain(f->store);
	return v;
}

/* A title is another version, told of that source alone; a name is another
 * shape; what is the same is neither. */
static void
test_versions(void **state)
{
	struct fixture *f = *state;
	const int64_t one = f->states[0].id, two = f->states[1].id;
	struct versions first, same, titled, named;

	VISIT(f, 0, { "//a/1", NULL, T0, "A" });
	first = versions_since(f, 0);
	assert_true(first.stamps[one] != 0 && first.stamps[two] != 0);
	VISIT(f, 0, { "//a/2", NULL, T0, "A" });
	same = versions_since(f, 0);
	assert_memory_equal(&first, &same, sizeof(first));
	VISIT(f, 1, { "//b/1", NULL, T0, "A" });
	titled = versions_since(f, first.version.shown);
	assert_true(titled.version.shown > first.version.shown);
	assert_true(titled.version.shape == first.version.shape);
	assert_true(titled.stamps[two] != first.stamps[two]);
	assert_true(titled.stamps[one] == 0);
	sync_sources(f);
	assert_true(versions_since(f, 0).version.shape ==
	    first.version.shape);
	sources[0].name = "another";
	sync_sources(f);
	named = versions_since(f, 0);
	assert_true(named.version.shape != first.version.shape);
	assert_true(named.stamps[one] != first.stamps[one]);
	sources[0].name = "one";
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_way), TEST(test_stamps), TEST(test_versions),
	};

	return UNIT_RUN(tests);
}
