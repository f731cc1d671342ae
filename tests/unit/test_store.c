/*
 * test_store.c - the store through its header, on a real database.
 */
#include "store_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* ------------------------------------------------------------- the rules */

static void
test_again_adds_nothing(void **state)
{
	struct fixture *f = *state;

	VISIT(f, 0, { "//a/2", NULL, T0 + 2000, "B" },
	    { "//a/1", NULL, T0, "A" });
	EXPECT(f, 2, 0, 0);
	assert_int_equal(f->result.last_seq, 2);
	assert_string_equal(f->first_title, "B");
	VISIT(f, 0, { "//a/2", NULL, T0 + 2000, "B" },
	    { "//a/1", NULL, T0, "A" });
	EXPECT(f, 0, 0, 2);
	assert_int_equal(f->result.last_seq, 0);
	expect_all(f, "1 //a/1 one A 1740000000000\n"
	    "2 //a/2 one B 1740000002000\n");
	reopen(f);
	VISIT(f, 0, { "//a/1", NULL, T0, "A" });
	EXPECT(f, 0, 0, 1);
}

static void
test_changed(void **state)
{
	struct fixture *f = *state;

	VISIT(f, 0, { "//a/1", NULL, T0, "A" });
	VISIT(f, 0, { "//a/1", NULL, T0 + 1000, "A" });
	EXPECT(f, 0, 0, 1);
	VISIT(f, 0, { "//a/1", NULL, T0 + 900, "stale" });
	EXPECT(f, 0, 0, 1);
	assert_int_equal(f->result.edited, 0);
	VISIT(f, 0, { "//a/1", NULL, T0 + 1000, "edited" });
	EXPECT(f, 0, 0, 1);
	assert_int_equal(f->result.edited, 1);
	expect_all(f, "1 //a/1 one edited 1740000000000\n");
	expect_entries(f, "1 //a/1 one A 1740000000000\n");
	VISIT(f, 0, { "//a/1", NULL, T0 + 2000, "B" });
	EXPECT(f, 0, 1, 0);
	expect_all(f, "1 //a/1 one edited 1740000000000 old\n"
	    "2 //a/1 one B 1740000002000 update\n");
	expect_entries(f, "2 //a/1 one B 1740000002000 update\n");
	/* The second does not own it. */
	VISIT(f, 1, { "//a/1", NULL, T0 + 9000, "C" });
	EXPECT(f, 0, 0, 1);
}

static void
test_strict_and_never(void **state)
{
	struct fixture *f = *state;

	sources[1].updates = UPDATES_STRICT;
	sources[2].updates = UPDATES_NEVER;
	VISIT(f, 0, { "//a/1", NULL, T0, "A" });
	VISIT(f, 1, { "//a/1", NULL, T0, "B" });
	EXPECT(f, 0, 0, 1);
	assert_int_equal(f->result.edited, 0);
	VISIT(f, 1, { "//a/1", NULL, T0 + 1000, "A" });
	EXPECT(f, 0, 1, 0);
	VISIT(f, 2, { "//a/1", NULL, T0 + 9000, "X" },
	    { "//c/1", NULL, T0, "C" });
	EXPECT(f, 1, 0, 1);
	VISIT(f, 2, { "//c/1", NULL, T0 + 9000, "D" });
	EXPECT(f, 0, 0, 1);
	/* The title is that of the last announcement. */
	expect_entries(f, "2 //a/1 one A 1740000001000 update\n"
	    "3 //c/1 three C 1740000000000\n");
}

static void
test_time_learned(void **state)
{
	struct fixture *f = *state;

	VISIT(f, 0, { "//a/1", NULL, NONE, "A" });
	VISIT(f, 0, { "//a/1", NULL, T0, "A" });
	EXPECT(f, 0, 0, 1);
	expect_all(f, "1 //a/1 one A NaN\n");
	VISIT(f, 0, { "//a/1", NULL, NONE, "B" });
	EXPECT(f, 0, 0, 1);
	VISIT(f, 0, { "//a/1", NULL, T0 + 1000, "B" });
	EXPECT(f, 0, 1, 0);
}

/* Announcements of one entry, in their order. */
struct updating {
	int64_t		 updated_ms;
	unsigned	 count, not_later;
	int		 code;
};

static int
take_updated(const struct record *r, void *arg)
{
	struct updating *u = arg;

	u->count++;
	u->not_later += r->updated_ms <= u->updated_ms ||
	    r->updated_ms < r->published_ms;
	u->updated_ms = r->updated_ms;
	return 0;
}

static void
read_updated(struct store_reader *r, void *arg)
{
	static const struct store_filter all = { .with_superseded = 1,
	    .with_silent = 1 };
	struct updating *u = arg;
	struct err err = { 0 };

	u->code = store_each_record(r, &all, 0, take_updated, u, &err);
}

/* Whatever it was told before, a reader sees that an update is one. */
static void
test_an_update_is_later(void **state)
{
	struct fixture *f = *state;
	const struct config_source one = sources[0];
	struct updating u = { 0 };

	/* Told without a time: as of when it was seen. */
	VISIT(f, 0, { "//a/1", NULL, NONE, "A" });
	VISIT(f, 0, { "//a/1", NULL, T0, "A" });
	now_ms += 60000;
	VISIT(f, 0, { "//a/1", NULL, T0 + 1000, "B" });
	EXPECT(f, 0, 1, 0);
	/* By another owner, whose times are earlier. */
	VISIT(f, 1, { "//a/1", NULL, T0 - 9000, "C" });
	sources[0] = sources[1];
	config.sources_count = 1;
	sync_sources(f);
	VISIT(f, 0, { "//a/1", NULL, T0 - 8000, "C" });
	EXPECT(f, 0, 0, 1);
	VISIT(f, 0, { "//a/1", NULL, T0 - 7000, "D" });
	EXPECT(f, 0, 1, 0);
	/* Half an hour ahead, then years. */
	VISIT(f, 0, { "//a/1", NULL, now_ms + 1800000, "E" });
	VISIT(f, 0, { "//a/1", NULL, 2 * now_ms, "F" });
	EXPECT(f, 0, 1, 0);
	sources[0] = one;
	store_read(f->store, read_updated, no_op, &u);
	store_drain(f->store);
	assert_int_equal(u.code, 0);
	assert_int_equal(u.count, 5);
	assert_int_equal(u.not_later, 0);
}

static void
test_twice_in_one_document(void **state)
{
	struct fixture *f = *state;

	for (int round = 0; round < 2; round++) {
		VISIT(f, 0, { "//a/1", NULL, T0, "A" },
		    { "//a/2", NULL, T0, "other" },
		    { "//a/1", NULL, T0 + 1000, "B" },
		    { "//a/2", NULL, T0, "wording" });
		EXPECT(f, round == 0 ? 2 : 0, round == 0, round == 0 ? 1 : 4);
		/* Two wordings of one time do not fight at every visit. */
		assert_int_equal(f->result.edited, 0);
	}
	expect_all(f, "1 //a/2 one other 1740000000000\n"
	    "2 //a/1 one A 1740000000000 old\n"
	    "3 //a/1 one B 1740000001000 update\n");
}

static void
test_aliases(void **state)
{
	struct fixture *f = *state;

	VISIT(f, 0, { "//a/1", "g1", T0, "A" }, { "//a/2", "g2", T0, "B" });
	/* Same guid, other address, the old one is gone: the same. */
	VISIT(f, 0, { "//a/1-new", "g1", T0, "A" });
	EXPECT(f, 0, 0, 1);
	/* Not where the old address is still listed, */
	VISIT(f, 0, { "//a/2-new", "g2", T0, "B" }, { "//a/2", NULL, T0, "B" });
	EXPECT(f, 1, 0, 1);
	/* nor where the guid stands twice, */
	VISIT(f, 0, { "//a/x", "g1", T0, "X" }, { "//a/y", "g1", T0, "Y" });
	EXPECT(f, 2, 0, 0);
	/* nor in another source. */
	VISIT(f, 1, { "//b/1", "g1", T0, "A" });
	EXPECT(f, 1, 0, 0);
	VISIT(f, 0, { "//a/1-again", "g1", T0 + 1000, "AA" });
	EXPECT(f, 0, 1, 0);
	expect_entries(f, "1 //a/2 one B 1740000000000\n"
	    "7 //a/1 one AA 1740000001000 update\n"
	    "3 //a/2-new one B 1740000000000\n"
	    "4 //a/y one Y 1740000000000\n"
	    "5 //a/x one X 1740000000000\n"
	    "6 //b/1 two A 1740000000000\n");
}

/* The first in the document is always "1". */
static void
test_a_guid_that_is_a_place(void **state)
{
	struct fixture *f = *state;

	VISIT(f, 0, { "//a/C", "1", T0, "C" }, { "//a/B", "2", T0, "B" });
	VISIT(f, 0, { "//a/D", "1", T0, "D" }, { "//a/C", "2", T0, "C" });
	EXPECT(f, 1, 0, 1);
	VISIT(f, 0, { "//a/F", "1", T0, "F" }, { "//a/E", "2", T0, "E" });
	EXPECT(f, 2, 0, 0);
	VISIT(f, 0, { "//a/H", "1", T0, "H" }, { "//a/G", "2", T0, "G" });
	EXPECT(f, 2, 0, 0);
}

/* A guid is learned where an entry is known already, too. */
static void
test_a_guid_of_later(void **state)
{
	struct fixture *f = *state;

	VISIT(f, 0, { "//a/1", NULL, T0, "A" }, { "//a/2", "old", T0, "B" });
	VISIT(f, 0, { "//a/1", "g1", T0, "A" }, { "//a/2", "new", T0, "B" });
	VISIT(f, 0, { "//a/x", "g1", T0, "A" }, { "//a/y", "new", T0, "B" });
	EXPECT(f, 0, 0, 2);
	VISIT(f, 0, { "//a/z", "old", T0, "B" });
	EXPECT(f, 0, 0, 1);
}

/* What others of its document had its URL, too, is known by its guid. */
static void
test_an_entry_named_by_its_guid(void **state)
{
	struct fixture *f = *state;

	VISIT(f, 0, { "//a/page", "g1", T0, "A" });
	VISIT(f, 0, { "one#g2", "g2", T0 + 1000, "B" },
	    { "one#g1", "g1", T0, "A" });
	EXPECT(f, 1, 0, 1);
	/* Alone, it has the URL again. */
	VISIT(f, 0, { "//a/page", "g2", T0 + 1000, "B" });
	EXPECT(f, 0, 0, 1);
	VISIT(f, 0, { "//a/page", "g2", T0 + 2000, "BB" });
	EXPECT(f, 0, 1, 0);
	expect_entries(f, "1 //a/page one A 1740000000000\n"
	    "3 one#g2 one BB 1740000002000 update\n");
}

static void
test_scoped_keys_survive_a_new_name(void **state)
{
	struct fixture *f = *state;

	VISIT(f, 0, { "one#g", NULL, T0, "A" });
	VISIT(f, 1, { "one#g", NULL, T0, "B" });
	EXPECT(f, 1, 0, 0);
	sources[0].name = "uno";
	sync_sources(f);
	VISIT(f, 0, { "uno#g", NULL, T0, "A" });
	EXPECT(f, 0, 0, 1);
	expect_entries(f, "1 uno#g uno A 1740000000000\n"
	    "2 one#g two B 1740000000000\n");
}

static void
has_sources(struct store_reader *r, void *arg)
{
	*(int *)arg = store_has_sources(r, &config);
}

/* Are those in the database the configured ones? */
static void
expect_sources(struct fixture *f, int expected)
{
	int has = -1;

	store_read(f->store, has_sources, no_op, &has);
	store_drain(f->store);
	assert_int_equal(has, expected);
}

/* Entries are of the feed at that URL, whatever it is called. */
static void
test_names_are_swapped(void **state)
{
	struct fixture *f = *state;
	const char *one = sources[0].name, *two = sources[1].name;
	int64_t first = f->states[0].id, second = f->states[1].id;

	VISIT(f, 0, { "//a/1", NULL, T0, "A" });
	VISIT(f, 1, { "//b/1", NULL, T0, "B" });
	expect_sources(f, 1);
	sources[0].name = two;
	sources[1].name = one;
	expect_sources(f, 0);
	sync_sources(f);
	expect_sources(f, 1);
	assert_int_equal(f->states[0].id, first);
	assert_int_equal(f->states[1].id, second);
	expect_entries(f, "1 //a/1 two A 1740000000000\n"
	    "2 //b/1 one B 1740000000000\n");
	/* One takes the name of one that gets another: as before. */
	sources[0].name = "uno";
	sources[1].name = two;
	sync_sources(f);
	expect_entries(f, "1 //a/1 uno A 1740000000000\n"
	    "2 //b/1 two B 1740000000000\n");
	assert_int_equal(f->states[1].id, second);
}

static void
test_owner_removed(void **state)
{
	struct fixture *f = *state;
	int64_t three = f->states[2].id;

	VISIT(f, 2, { "//a/1", NULL, T0, "A" });
	VISIT(f, 1, { "//a/1", NULL, T0 + 5000, "B" });
	config.sources_count = 2;
	sync_sources(f);
	/* The heir's wording is its own: no news in itself. */
	VISIT(f, 1, { "//a/1", NULL, T0 + 6000, "B" });
	EXPECT(f, 0, 0, 1);
	VISIT(f, 1, { "//a/1", NULL, T0 + 7000, "C" });
	EXPECT(f, 0, 1, 0);
	expect_entries(f, "2 //a/1 two C 1740000007000 update\n");
	/* Who comes back is known, and lists what it once owned. */
	config.sources_count = 3;
	sync_sources(f);
	assert_int_equal(f->states[2].id, three);
	VISIT(f, 2, { "//a/1", NULL, T0 + 9000, "D" });
	EXPECT(f, 0, 0, 1);
	assert_int_equal(f->result.gap, 0);
}

/* The one that comes back knows what it said, and is heir again. */
static void
test_owner_comes_back(void **state)
{
	struct fixture *f = *state;
	const struct config_source one = sources[0];

	VISIT(f, 0, { "//a/1", NULL, T0 + 5000, "A" });
	VISIT(f, 1, { "//a/1", NULL, T0, "B" });
	/* One is removed, then two, the heir, too; one comes back. */
	sources[0] = sources[1];
	config.sources_count = 1;
	sync_sources(f);
	expect_entries(f, "1 //a/1 two A 1740000005000\n");
	config.sources_count = 0;
	sync_sources(f);
	sources[0] = one;
	config.sources_count = 1;
	sync_sources(f);
	expect_entries(f, "1 //a/1 one A 1740000005000\n");
	/* An older time than it said before it went: stale. */
	VISIT(f, 0, { "//a/1", NULL, T0 + 4000, "X" });
	VISIT(f, 0, { "//a/1", NULL, T0 + 5000, "Y" });
	EXPECT(f, 0, 0, 1);
	VISIT(f, 0, { "//a/1", NULL, T0 + 6000, "Z" });
	EXPECT(f, 0, 1, 0);
}

static void
test_publisher_takes_over(void **state)
{
	struct fixture *f = *state;

	VISIT(f, 0, { "//news.two.example/1", NULL, T0, "A" });
	VISIT(f, 1, { "//news.two.example/1", NULL, T0 + 5000, "B" });
	EXPECT(f, 0, 0, 1);
	assert_int_equal(f->result.edited, 1);
	VISIT(f, 0, { "//news.two.example/1", NULL, T0 + 9000, "X" });
	EXPECT(f, 0, 0, 1);
	VISIT(f, 1, { "//news.two.example/1", NULL, T0 + 6000, "C" });
	EXPECT(f, 0, 1, 0);
	/* Not from an address that merely ends alike. */
	VISIT(f, 0, { "//nottwo.example/1", NULL, T0, "A" });
	VISIT(f, 1, { "//nottwo.example/1", NULL, T0 + 5000, "B" });
	VISIT(f, 1, { "//nottwo.example/1", NULL, T0 + 6000, "C" });
	EXPECT(f, 0, 0, 1);
}

static void
test_flood(void **state)
{
	struct fixture *f = *state;

	sources[0].flood_limit = 2;
	VISIT(f, 0, { "//a/3", NULL, T0 + 3000, "C" },
	    { "//a/1", NULL, T0 + 1000, "A" },
	    { "//a/2", NULL, T0 + 2000, "B" });
	EXPECT(f, 3, 0, 0);
	assert_int_equal(f->result.silent, 1);
	assert_int_equal(f->result.gap, 0);
	VISIT(f, 0, { "//a/7", NULL, T0 + 7000, "G" },
	    { "//a/6", NULL, T0 + 6000, "F" },
	    { "//a/5", NULL, T0 + 5000, "E" });
	assert_int_equal(f->result.gap, 1);
	assert_int_equal(f->result.silent, 1);
	/* With one of the last document there is no limit. */
	VISIT(f, 0, { "//a/10", NULL, T0 + 7000, "J" },
	    { "//a/9", NULL, T0 + 6000, "I" },
	    { "//a/8", NULL, T0 + 5000, "H" },
	    { "//a/7", NULL, T0 + 7000, "G" });
	assert_int_equal(f->result.gap, 0);
	assert_int_equal(f->result.silent, 0);
	expect_all(f, "1 //a/1 one A 1740000001000 silent\n"
	    "2 //a/2 one B 1740000002000\n3 //a/3 one C 1740000003000\n"
	    "4 //a/5 one E 1740000005000 silent\n"
	    "5 //a/6 one F 1740000006000\n6 //a/7 one G 1740000007000\n"
	    "7 //a/8 one H 1740000005000\n8 //a/9 one I 1740000006000\n"
	    "9 //a/10 one J 1740000007000\n");
}

/* Announced twice in one document, it does not come in by its later half. */
static void
test_flood_of_pairs(void **state)
{
	struct fixture *f = *state;

	sources[0].flood_limit = 1;
	VISIT(f, 0, { "//a/1", NULL, T0 + 1000, "A" },
	    { "//a/2", NULL, T0 + 2000, "B" },
	    { "//a/3", NULL, T0 + 3000, "C" },
	    { "//a/1", NULL, T0 + 2500, "AA" },
	    { "//a/2", NULL, T0 + 3500, "BB" });
	EXPECT(f, 3, 2, 0);
	assert_int_equal(f->result.silent, 2);
	expect_all(f, "1 //a/1 one A 1740000001000 old silent\n"
	    "2 //a/2 one B 1740000002000 old\n"
	    "3 //a/1 one AA 1740000002500 update silent\n"
	    "4 //a/3 one C 1740000003000 silent\n"
	    "5 //a/2 one BB 1740000003500 update\n");
}

static void
test_import(void **state)
{
	struct fixture *f = *state;
	const struct item items[] = { { "//a/1", NULL, T0, "A" },
	    { "//a/2", NULL, T0 + 1000, "B" }, { "//a/1", NULL, T0 + 1, "C" },
	    { "//a/1", NULL, T0 - 5000, "D" }, { "//a/2", NULL, NONE, "E" } };
	struct visit *v;

	sources[0].flood_limit = 1;
	v = visit_of(f, 0, feed_of(items, ARRAY_LEN(items)));
	v->is_import = 1;
	do_visit(f, v);
	EXPECT(f, 2, 0, 3);
	assert_int_equal(f->result.silent, 0);
	assert_int_equal(f->result.gap, 0);
}

/* An archive nobody subscribes to: its entries are known, and go to the
 * first subscription that lists them. */
static void
test_import_without_a_source(void **state)
{
	static const struct config_source made = { .name = "import",
	    .url = "", .updates = UPDATES_STRICT };
	struct fixture *f = *state;
	const struct item item = { "//a/1", NULL, T0, "A" };
	struct visit *v;

	for (unsigned round = 0; round < 2; round++) {
		v = visit_of(f, 0, feed_of(&item, 1));
		v->source_id = 0;
		v->source = &made;
		v->is_import = 1;
		do_visit(f, v);
		EXPECT(f, round == 0, 0, round);
	}
	expect_entries(f, "1 //a/1 import A 1740000000000\n");
	VISIT(f, 1, { "//a/1", NULL, T0, "B" });
	EXPECT(f, 0, 0, 1);
	VISIT(f, 1, { "//a/1", NULL, T0 + 1000, "C" });
	EXPECT(f, 0, 1, 0);
	/* The archive says nothing new of it. */
	v = visit_of(f, 0, feed_of(&item, 1));
	v->source_id = 0;
	v->source = &made;
	v->is_import = 1;
	do_visit(f, v);
	EXPECT(f, 0, 0, 1);
	expect_entries(f, "2 //a/1 two C 1740000001000 update\n");
}

static void
test_title_rules(void **state)
{
	struct fixture *f = *state;

	sources[0].drop_title = "^sponsored|advert";
	sources[0].keep_title = "x";
	VISIT(f, 0, { "//a/1", NULL, T0, "SPONSORED x" },
	    { "//a/2", NULL, T0, "an ADVERT x" }, { "//a/3", NULL, T0, "y" },
	    { "//a/4", NULL, T0, "X" });
	EXPECT(f, 1, 0, 0);
	assert_int_equal(f->result.dropped, 3);
	VISIT(f, 0, { "//a/4", NULL, T0 + 1000, "advert x" });
	EXPECT(f, 0, 0, 0);
	expect_entries(f, "1 //a/4 one X 1740000000000\n");
}

struct times {
	int64_t	effective, published, updated, first_seen;
};

static int
take_times(const struct record *r, void *arg)
{
	*(struct times *)arg = (struct times){ r->effective_ms,
	    r->published_ms, r->updated_ms, r->first_seen_ms };
	return 0;
}

static void
read_times(struct store_reader *r, void *arg)
{
	struct err err;

	assert_int_equal(store_each_entry(r, take_times, arg, &err), 0);
}

static void
test_times(void **state)
{
	struct fixture *f = *state;
	struct times t;

	VISIT(f, 0, { "//a/1", NULL, NOW + 7200000, "from the future" });
	now_ms = NOW + 60000;
	VISIT(f, 0, { "//a/1", NULL, NOW + 7300000, "still" });
	EXPECT(f, 0, 1, 0);
	store_read(f->store, read_times, no_op, &t);
	store_drain(f->store);
	assert_int_equal(t.published, NOW);
	assert_int_equal(t.first_seen, NOW);
	assert_int_equal(t.updated, NOW + 60000);
	assert_int_equal(t.effective, NOW + 60000);
}

static void
test_retention(void **state)
{
	struct fixture *f = *state;

	sources[0].keep_s = 3600;
	sources[0].keep_at_least = 1;
	reopen(f);
	VISIT(f, 0, { "//a/1", NULL, T0, "A" }, { "//a/2", NULL, T0, "B" });
	VISIT(f, 1, { "//b/1", NULL, T0, "C" });
	now_ms = NOW + 3600000;
	reopen(f);
	expect_all(f, "1 //a/2 one B 1740000000000\n"
	    "2 //a/1 one A 1740000000000\n3 //b/1 two C 1740000000000\n");
	now_ms++;
	reopen(f);
	expect_all(f, "2 //a/1 one A 1740000000000\n"
	    "3 //b/1 two C 1740000000000\n");
	/* Without its content it is known, edited silently, and updated. */
	VISIT(f, 0, { "//a/2", NULL, T0, "B" });
	EXPECT(f, 0, 0, 1);
	VISIT(f, 0, { "//a/2", NULL, T0, "BB" });
	EXPECT(f, 0, 0, 1);
	expect_entries(f, "1 //a/2 one B 1740000000000\n2 //a/1 one A 1740000000000\n"
	    "3 //b/1 two C 1740000000000\n");
	VISIT(f, 0, { "//a/2", NULL, T0 + 1000, "BBB" });
	EXPECT(f, 0, 1, 0);
	reopen(f);
	now_ms += 7200000;
	VISIT(f, 0, { "//a/3", NULL, T0 + 1000, "D" });
	EXPECT(f, 1, 0, 0);
	assert_int_equal(f->result.last_seq, 5);
}

/* What an outlet has still to put on a page stays; an outlet that takes none
 * of the source has no say. */
static void
test_retention_waits(void **state)
{
	static const char *const none[] = { NULL };
	static const char *const two[] = { "two", NULL };
	struct fixture *f = *state;

	sources[0].keep_s = 3600;
	sources[0].publish = 1;
	outlets[0].formats = OUTLET_ATOM;
	outlets[0].tags = none;
	outlets[0].sources = none;
	reopen(f);
	VISIT(f, 0, { "//a/1", NULL, T0, "A" }, { "//a/2", NULL, T0, "B" });
	now_ms = NOW + 3600001;
	reopen(f);
	expect_all(f, "1 //a/2 one B 1740000000000\n"
	    "2 //a/1 one A 1740000000000\n");
	store_mark_outlet(f->store, "sealed:all", 1);
	reopen(f);
	expect_all(f, "2 //a/1 one A 1740000000000\n");
	outlets[0].sources = two;
	reopen(f);	/* with the old rules, until the new ones are told */
	reopen(f);
	expect_all(f, "");
	outlets[0].formats = 0;
	sources[0].publish = 0;
}

/* -------------------------------------------------------------- sources */

static void
test_sources_keep_their_history(void **state)
{
	struct fixture *f = *state;
	int64_t id = f->states[0].id;
	struct source_state *s = &f->states[0];

	assert_int_equal(s->history.visited_ms, NONE);
	VISIT(f, 0, { "//a/1", NULL, T0, "A" });
	s->next_due_ms = NOW + 5;
	s->history.failures = 3;
	s->history.outcome = OUTCOME_TIMEOUT;
	s->history.visited_ms = NOW;
	s->permanent_seen = 2;
	s->permanent_url = xstrdup("https://new.example/");
	s->held_host = xstrdup("cdn.example");
	s->error = xstrdup("no answer");
	store_save_state(f->store, s);
	store_save_validators(f->store, id, sources[0].url, "\"v2\"", NULL);
	reopen(f);
	s = &f->states[0];
	assert_int_equal(s->id, id);
	assert_int_equal(s->next_due_ms, NOW + 5);
	assert_int_equal(s->history.failures, 3);
	assert_int_equal(s->history.outcome, OUTCOME_TIMEOUT);
	assert_string_equal(s->permanent_url, "https://new.example/");
	assert_string_equal(s->held_host, "cdn.example");
	assert_string_equal(s->error, "no answer");
	assert_string_equal(s->etag, "\"v2\"");
	assert_string_equal(s->title, "The feed");
	assert_int_equal(s->body_digest.hi, 7);
	/* A new name keeps everything, a new address all but validators. */
	sources[0].name = "uno";
	sync_sources(f);
	assert_int_equal(f->states[0].id, id);
	assert_string_equal(f->states[0].etag, "\"v2\"");
	sources[0].url = "https://elsewhere.example/feed";
	sync_sources(f);
	assert_int_equal(f->states[0].id, id);
	assert_null(f->states[0].etag);
	assert_null(f->states[0].validators_url);
	assert_string_equal(f->states[0].url, sources[0].url);
	assert_int_equal(f->states[0].next_due_ms, 0);
}

/* What is saved of times alone joins what waits, and leaves the rest. */
static void
test_times_alone(void **state)
{
	struct fixture *f = *state;
	struct source_state *s = &f->states[0];

	VISIT(f, 0, { "//a/1", NULL, T0, "A" });
	s->history.visited_ms = s->history.succeeded_ms = NOW;
	s->history.ttl_s = 3600;
	s->error = xstrdup("no answer");
	store_save_state(f->store, s);
	s->next_due_ms = NOW + 7;
	s->history.visited_ms = NOW + 3;
	s->history.max_age_s = 60;
	store_save_due(f->store, s);
	reopen(f);
	for (int i = 0; i < 2; i++) {
		s = &f->states[0];
		assert_int_equal(s->next_due_ms, NOW + 7 + i);
		assert_int_equal(s->history.visited_ms, NOW + 3 + i);
		assert_int_equal(s->history.succeeded_ms, NOW + i);
		assert_int_equal(s->history.max_age_s, 60 + i);
		assert_int_equal(s->history.ttl_s, 3600);
		assert_string_equal(s->error, "no answer");
		assert_int_equal(f->states[1].history.visited_ms, NONE);
		s->next_due_ms++;
		s->history.visited_ms++;
		s->history.succeeded_ms++;
		s->history.max_age_s++;
		s->history.ttl_s = 1;		/* not said */
		store_save_due(f->store, s);
		reopen(f);
	}
}

static void
test_validators_belong_to_a_url(void **state)
{
	struct fixture *f = *state;

	VISIT(f, 0, { "//a/1", NULL, T0, "A" });
	free(f->states[0].url);
	f->states[0].url = xstrdup("https://moved.example/");
	store_save_state(f->store, &f->states[0]);
	sync_sources(f);
	/* Another address is asked; whose they are is still known. */
	assert_string_equal(f->states[0].url, "https://moved.example/");
	assert_string_equal(f->states[0].etag, "\"v1\"");
	assert_string_equal(f->states[0].validators_url, sources[0].url);
}

static void
test_validators_alone(void **state)
{
	struct fixture *f = *state;
	struct visit *v;

	VISIT(f, 0, { "//a/1", NULL, T0, "A" });
	v = visit_of(f, 0, NULL);
	v->outcome = OUTCOME_NOT_MODIFIED;
	free(v->etag);
	v->etag = xstrdup("\"v9\"");
	do_visit(f, v);
	EXPECT(f, 0, 0, 0);
	assert_int_equal(f->result.source_id, f->states[0].id);
	sync_sources(f);
	assert_string_equal(f->states[0].etag, "\"v9\"");
	assert_int_equal(f->states[0].body_digest.hi, 7);
}

static void
test_outlets(void **state)
{
	struct fixture *f = *state;
	char first[UUID_TEXT_SIZE] = "", again[UUID_TEXT_SIZE] = "";
	sqlite3 *db;
	sqlite3_stmt *q;

	for (int i = 0; i < 2; i++) {
		store_mark_outlet(f->store, "all", 41 + i);
		close_store(f);
		assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
		sqlite3_prepare_v2(db, "SELECT uuid, seq FROM outlets", -1,
		    &q, NULL);
		assert_int_equal(sqlite3_step(q), SQLITE_ROW);
		snprintf(i == 0 ? first : again, UUID_TEXT_SIZE, "%s",
		    sqlite3_column_text(q, 0));
		assert_int_equal(sqlite3_column_int(q, 1), 41 + i);
		sqlite3_finalize(q);
		sqlite3_close(db);
		open_store(f);
	}
	assert_int_equal(strlen(first), 36);
	assert_string_equal(first, again);
}

static int
list_host(const struct hsts_entry *e, void *arg)
{
	buf_printf(arg, "%s %d %lld\n", e->host, e->subdomains,
	    (long long)e->until_ms);
	return 0;
}

static void
read_hosts(struct store_reader *r, void *arg)
{
	struct err err;

	assert_int_equal(store_each_hsts(r, list_host, arg, &err), 0);
}

static void
hosts_were_read(void *arg)
{
	(void)arg;
}

static void
expect_hosts(struct fixture *f, const char *expected)
{
	struct buf b = { 0 };

	store_read(f->store, read_hosts, hosts_were_read, &b);
	store_drain(f->store);
	assert_string_equal(buf_str(&b), expected);
	buf_fini(&b);
}

static void
test_hosts_that_want_https(void **state)
{
	static const struct hsts_entry said[] = {
		{ "b.example", 1, NOW + 5000 }, { "a.example", 0, NOW + 10 },
		{ "b.example", 0, NOW + 9000 }, { "c.example", 1, NOW + 1 },
		{ "c.example", 0, 0 },
	};
	struct fixture *f = *state;

	now_ms = NOW;
	expect_hosts(f, "");
	for (size_t i = 0; i < ARRAY_LEN(said); i++)
		store_save_hsts(f->store, &said[i]);
	store_drain(f->store);
	expect_hosts(f, "a.example 0 1750000000010\n"
	    "b.example 0 1750000009000\n");
	reopen(f);
	/* What is over goes with the next. */
	now_ms = NOW + 10;
	store_save_hsts(f->store, &said[4]);
	store_drain(f->store);
	expect_hosts(f, "b.example 0 1750000009000\n");
	now_ms = NOW;
}

/* ------------------------------------------------------------- the files */

static void
test_one_writer(void **state)
{
	struct fixture *f = *state;
	char pid[32];
	struct err err;

	assert_null(try_open(STORE_OWN, &err));
	assert_int_equal(err.exit_status, 75);
	snprintf(pid, sizeof(pid), "pid %ld", (long)getpid());
	assert_non_null(strstr(err.msg, pid));
	VISIT(f, 0, { "//a/1", NULL, T0, "A" });
	EXPECT(f, 1, 0, 0);
}

static void
test_read_beside(void **state)
{
	struct fixture *f = *state;
	struct fixture beside = { 0 };
	struct err err;

	VISIT(f, 0, { "//a/1", NULL, T0, "A" });
	beside.store = try_open(STORE_READ, &err);
	assert_non_null(beside.store);
	expect_entries(&beside, "1 //a/1 one A 1740000000000\n");
	VISIT(f, 0, { "//a/2", NULL, T0, "B" });
	expect_entries(&beside, "1 //a/1 one A 1740000000000\n"
	    "2 //a/2 one B 1740000000000\n");
	store_close(beside.store);
	close_store(f);
	/* Also when nobody is writing. */
	beside.store = try_open(STORE_READ, &err);
	assert_non_null(beside.store);
	expect_entries(&beside, "1 //a/1 one A 1740000000000\n"
	    "2 //a/2 one B 1740000000000\n");
	store_close(beside.store);
}

/* A folder one may look into and no more, and nobody at work. */
static void
test_read_at_rest(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t pid;

	VISIT(f, 0, { "//a/1", NULL, T0, "A" });
	close_store(f);
	assert_int_equal(chmod(folder, 0555), 0);
	pid = fork();
	if (pid == 0) {
		struct fixture beside = { 0 };
		struct err err;

		/* Root may write anywhere. */
		if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
			_exit(0);
		beside.store = try_open(STORE_READ, &err);
		if (beside.store == NULL)
			_exit(1);
		expect_entries(&beside, "1 //a/1 one A 1740000000000\n");
		store_close(beside.store);
		_exit(try_open(STORE_OWN, &err) != NULL ||
		    err.exit_status != 69);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(chmod(folder, 0700), 0);
	assert_int_equal(status, 0);
}

static void
expect_refused(struct fixture *f, const char *sql, const char *words)
{
	struct err err;
	sqlite3 *db;
	struct stat before, after;

	if (f->store != NULL)
		close_store(f);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	stat(path, &before);
	for (int access = STORE_OWN; access <= STORE_READ; access++) {
		assert_null(try_open((enum store_access)access, &err));
		assert_int_equal(err.exit_status, 65);
		if (strstr(err.msg, words) == NULL)
			fail_msg("%s", err.msg);
	}
	stat(path, &after);
	assert_int_equal(before.st_size, after.st_size);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

static void
test_refused_files(void **state)
{
	struct fixture *f = *state;
	struct err err;
	int fd;

	expect_refused(f, "PRAGMA user_version=99", "newer");
	unlink(path);
	expect_refused(f, "CREATE TABLE t(x)", "not a feedmill database");
	fd = open(path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "this is no database at all, but text.\n"
	    "SQLite would say so too.", 62), 62);
	close(fd);
	assert_null(try_open(STORE_OWN, &err));
	assert_int_equal(err.exit_status, 65);
	unlink(path);
	assert_null(try_open(STORE_READ, &err));
	assert_int_equal(err.exit_status, 69);
}

static void
test_in_flight(void **state)
{
	struct fixture *f = *state;
	int64_t id = f->states[1].id;
	pid_t pid;

	close_store(f);
	pid = fork();
	if (pid == 0) {
		open_store(f);
		store_mark_in_flight(f->store, f->states[0].id, 1);
		store_mark_in_flight(f->store, id, 1);
		store_mark_in_flight(f->store, f->states[0].id, 0);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	open_store(f);
	assert_int_equal(f->states[0].in_flight, 0);
	assert_int_equal(f->states[1].in_flight, 1);
	/* Once, and not after a clean end. */
	sync_sources(f);
	assert_int_equal(f->states[1].in_flight, 0);
	reopen(f);
	assert_int_equal(f->states[1].in_flight, 0);
}

/* ----------------------------------------------------------------- kills */

enum { KILL_ENTRIES = 20, KILL_VISITS = 60 };

static struct feed *
numbered_feed(int visit)
{
	struct item items[KILL_ENTRIES];
	char keys[KILL_ENTRIES][32];
	struct feed *feed;

	for (int i = 0; i < KILL_ENTRIES; i++) {
		snprintf(keys[i], sizeof(keys[i]), "//k/%d/%d", visit, i);
		items[i] = (struct item){ keys[i], NULL, T0 + visit * 1000,
		    "title" };
	}
	feed = feed_of(items, KILL_ENTRIES);
	for (struct entry *e = feed->entries; e != NULL; e = e->next)
		e->identity.key = arena_strdup(&feed->arena, e->identity.key);
	return feed;
}

static void
tell_visit(const struct visit_result *r, void *arg)
{
	/* Durable now: the parent will hold us to it. */
	if (r->failed == NULL && write(*(int *)arg, "+", 1) != 1)
		_exit(2);
}

static _Noreturn void
write_until_killed(struct fixture *f, int fd)
{
	open_store(f);
	for (int i = 0; i < KILL_VISITS; i++) {
		struct visit *v = visit_of(f, 0, numbered_feed(i));

		store_visit(f->store, &v, tell_visit, &fd);
		if (i % 4 == 3)
			store_dispatch(f->store);
	}
	store_drain(f->store);
	for (;;)
		pause();
}

static int
count_record(const struct record *r, void *arg)
{
	int *counts = arg, visit, at;

	assert_int_equal(sscanf(r->key, "//k/%d/%d", &visit, &at), 2);
	assert_string_equal(r->content, "title");
	counts[visit]++;
	return 0;
}

static void
count_read(struct store_reader *r, void *arg)
{
	struct err err;

	assert_int_equal(store_each_entry(r, count_record, arg, &err), 0);
}

/* Whole visits only, all that were told, and the same again adds the rest. */
static void
check_after_kill(struct fixture *f, int told)
{
	int counts[KILL_VISITS] = { 0 }, whole = 0;
	unsigned added = 0;

	open_store(f);
	store_read(f->store, count_read, no_op, counts);
	store_drain(f->store);
	for (int i = 0; i < KILL_VISITS; i++) {
		assert_true(counts[i] == 0 || counts[i] == KILL_ENTRIES);
		whole += counts[i] == KILL_ENTRIES;
	}
	assert_true(whole >= told);
	for (int i = 0; i < KILL_VISITS; i++) {
		do_visit(f, visit_of(f, 0, numbered_feed(i)));
		added += f->result.added;
	}
	assert_int_equal(added, (KILL_VISITS - whole) * KILL_ENTRIES);
	close_store(f);
}

static void
test_kill_anywhere(void **state)
{
	struct fixture *f = *state;
	char told[KILL_VISITS];
	int fds[2], count;
	ssize_t n;
	pid_t pid;

	for (unsigned round = 0; round < 12; round++) {
		if (f->store != NULL)
			close_store(f);
		remove_files();
		assert_int_equal(mkdir(folder, 0700), 0);
		assert_int_equal(pipe(fds), 0);
		pid = fork();
		if (pid == 0)
			write_until_killed(f, fds[1]);
		close(fds[1]);
		usleep(1000 + round * 2500);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		count = 0;
		while ((n = read(fds[0], told, sizeof(told))) > 0)
			count += (int)n;
		close(fds[0]);
		check_after_kill(f, count);
	}
}

/* ------------------------------------------------------------- failures */

static void
test_a_failure_is_told_and_passes(void **state)
{
	struct fixture *f = *state;
	const struct item item = { "//a/1", NULL, T0, "A" };
	sqlite3 *db;

	/* A trigger stands for a disk that refuses one row. */
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 1000);
	assert_int_equal(sqlite3_exec(db, "CREATE TRIGGER t BEFORE INSERT ON "
	    "revisions WHEN new.title = 'bad' BEGIN "
	    "SELECT raise(ABORT, 'no room'); END", NULL, NULL, NULL),
	    SQLITE_OK);
	for (int i = 0; i < 3; i++) {
		const struct item items[] = {
		    { i == 1 ? "//c/1" : "//b/1", NULL, T0, "good" },
		    { i == 1 ? "//c/2" : "//b/2", NULL, T0,
		    i == 1 ? "bad" : "fine" } };
		struct visit *v = visit_of(f, i, feed_of(items, 2));

		store_visit(f->store, &v, on_visit, f);
		if (i != 1)
			continue;
		store_drain(f->store);
		/* Alone: the one before it is in. */
		assert_non_null(strstr(f->failed, "no room"));
		assert_int_equal(f->result.added, 0);
		assert_int_equal(f->result.source_id, f->states[1].id);
	}
	store_drain(f->store);
	assert_string_equal(f->failed, "");
	sqlite3_exec(db, "DROP TRIGGER t", NULL, NULL, NULL);
	sqlite3_close(db);
	expect_all(f, "1 //b/2 one fine 1740000000000\n"
	    "2 //b/1 one good 1740000000000\n");
	do_visit(f, visit_of(f, 1, feed_of(&item, 1)));
	EXPECT(f, 1, 0, 0);
	assert_int_equal(f->result.last_seq, 3);
}

static void
test_filters(void **state)
{
	struct fixture *f = *state;
	int64_t two[] = { f->states[1].id, 0 };
	struct listing l = { .filter = { .limit = 1 }, .newest_first = 1 };

	VISIT(f, 0, { "//a/1", NULL, T0, "A" });
	VISIT(f, 0, { "//a/1", NULL, T0 + 1000, "B" });
	now_ms = NOW + 1000;
	VISIT(f, 1, { "//b/1", NULL, T0, "C" }, { "//b/2", NULL, T0, "D" });
	expect_list(f, &l, "4 //b/1 two C 1740000000000\n");
	l.filter = (struct store_filter){ .upto_seq = 3 };
	l.newest_first = 0;
	expect_list(f, &l, "2 //a/1 one B 1740000001000 update\n"
	    "3 //b/2 two D 1740000000000\n");
	l.filter = (struct store_filter){ .source_ids = two, .after_seq = 3 };
	expect_list(f, &l, "4 //b/1 two C 1740000000000\n");
	l.filter = (struct store_filter){ .source_ids = two, .limit = 1 };
	l.newest_first = 1;
	expect_list(f, &l, "4 //b/1 two C 1740000000000\n");
	l.filter = (struct store_filter){ .source_ids = two + 1 };
	expect_list(f, &l, "");
	l.newest_first = 0;
	l.filter = (struct store_filter){ .since_ms = NOW + 1 };
	expect_list(f, &l, "3 //b/2 two D 1740000000000\n"
	    "4 //b/1 two C 1740000000000\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_again_adds_nothing),
		TEST(test_changed),
		TEST(test_strict_and_never),
		TEST(test_time_learned),
		TEST(test_an_update_is_later),
		TEST(test_twice_in_one_document),
		TEST(test_aliases),
		TEST(test_a_guid_that_is_a_place),
		TEST(test_a_guid_of_later),
		TEST(test_an_entry_named_by_its_guid),
		TEST(test_scoped_keys_survive_a_new_name),
		TEST(test_names_are_swapped),
		TEST(test_owner_removed),
		TEST(test_owner_comes_back),
		TEST(test_publisher_takes_over),
		TEST(test_flood),
		TEST(test_flood_of_pairs),
		TEST(test_import),
		TEST(test_import_without_a_source),
		TEST(test_title_rules),
		TEST(test_times),
		TEST(test_retention),
		TEST(test_retention_waits),
		TEST(test_sources_keep_their_history),
		TEST(test_times_alone),
		TEST(test_validators_belong_to_a_url),
		TEST(test_validators_alone),
		TEST(test_outlets),
		TEST(test_hosts_that_want_https),
		TEST(test_one_writer),
		TEST(test_read_beside),
		TEST(test_read_at_rest),
		TEST(test_refused_files),
		TEST(test_in_flight),
		TEST(test_kill_anywhere),
		TEST(test_a_failure_is_told_and_passes),
		TEST(test_filters),
	};

	return UNIT_RUN(tests);
}
