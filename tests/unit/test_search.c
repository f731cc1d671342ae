/*
 * test_search.c - full-text search: what is found in which language, that
 * the index follows edits and retention, old databases, and any words.
 */
#include "store_fixture.h"

#include "feedmill/base/text.h"
#include "feedmill/store_upkeep.h"

#include "../../src/store/db.h"
#include "../../src/store/index.h"
#include "../../src/store/tokenizer.h"

#include "store_v1.h"

#include <fcntl.h>

/* ------------------------------------------------------------- searching */

struct asked {
	const char	*words;
	struct store_filter filter;
	int		 code;
	struct err	 err;
	struct buf	 keys, snippets, titles;
	int64_t		 behind;
};

static int
on_hit(const struct store_hit *hit, void *arg)
{
	struct asked *a = arg;

	buf_printf(&a->keys, "%s%s", a->keys.len > 0 ? " " : "",
	    hit->record->key);
	buf_printf(&a->snippets, "%s\n", hit->snippet);
	buf_printf(&a->titles, "%s\n", hit->title);
	assert_true(hit->rank >= 0);
	return 0;
}

static void
search_read(struct store_reader *r, void *arg)
{
	struct asked *a = arg;

	int64_t last;

	assert_int_equal(store_last_seq(r, &last, &a->err), 0);
	a->behind = last - store_search_seq(r);
	a->code = store_search(r, a->words, &a->filter, on_hit, a, &a->err);
}

static void
ask(struct fixture *f, struct asked *a)
{
	store_read(f->store, search_read, no_op, a);
	store_drain(f->store);
}

static void
asked_fini(struct asked *a)
{
	buf_fini(&a->keys);
	buf_fini(&a->snippets);
	buf_fini(&a->titles);
}

/* Each end takes a step of the index; long texts take several. */
static void
reopen_indexed(struct fixture *f)
{
	struct asked a = { .words = "x" };

	for (int i = 0; i < 100; i++) {
		reopen(f);
		ask(f, &a);
		if (a.behind == 0)
			break;
	}
	assert_int_equal(a.behind, 0);
	asked_fini(&a);
}

static void
expect_found(struct fixture *f, const char *words, const char *keys)
{
	struct asked a = { .words = words };

	ask(f, &a);
	if (a.code != 0)
		fail_msg("%s: %s", words, a.err.msg);
	if (strcmp(buf_str(&a.keys), keys) != 0)
		fail_msg("%s: found %s, not %s", words, buf_str(&a.keys),
		    keys);
	asked_fini(&a);
}

static void
expect_snippet(struct fixture *f, const char *words, const char *snippet)
{
	struct asked a = { .words = words };

	ask(f, &a);
	assert_int_equal(a.code, 0);
	assert_string_equal(buf_str(&a.snippets), snippet);
	asked_fini(&a);
}

static sqlite3 *
open_behind(struct fixture *f, const char *sql)
{
	sqlite3 *db;

	close_store(f);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(tokenizer_register(db, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	return db;
}

static void
write_behind(struct fixture *f, const char *sql)
{
	sqlite3_close(open_behind(f, sql));
	open_store(f);
}

/* SQLite's own opinion of the index: it compares it with the rows. */
static void
expect_whole_after(struct fixture *f, const char *sql)
{
	sqlite3 *db = open_behind(f, sql);
	char *why = NULL;

	sqlite3_exec(db, "INSERT INTO search(search, rank) "
	    "VALUES('integrity-check', 1)", NULL, NULL, &why);
	if (why != NULL)
		fail_msg("the index: %s", why);
	sqlite3_close(db);
	open_store(f);
}

static void
expect_whole(struct fixture *f)
{
	expect_whole_after(f, "");
}

/* ------------------------------------------------------------- languages */

static void
test_languages(void **state)
{
	static const struct {
		const char *words, *keys;
	} rows[] = {
		{ "中国", "//x/zh" },
		{ "国家", "//x/zh" },
		{ "安全法", "//x/zh" },
		{ "国中", "" },
		{ "东京", "" },
		{ "東京", "//x/ja" },
		{ "カメラ", "//x/ja" },
		{ "ラメ", "" },
		{ "한국", "//x/ko" },
		{ "cafe", "//x/fr" },
		{ "CAFÉ", "//x/fr" },
		{ "caf", "" },
		{ "uber", "//x/fr" },
		{ "AI芯片", "//x/mixed" },
		{ "芯片 出口", "//x/mixed" },
		{ "芯片\xe3\x80\x80出口", "//x/mixed" },
		{ "芯片 中国", "" },
		{ "nvidia", "//x/mixed" },
		{ "𠮷野", "//x/ja" },
		{ "abc", "//x/wide" },
		{ "ABC500", "" },
		{ "ABC指数", "//x/wide" },
		{ "ａｂｃ指数 500", "//x/wide" },
		{ "ＮＶＩＤＩＡ", "//x/mixed" },
		{ "ａi", "" },
	};
	struct fixture *f = *state;

	VISIT(f, 0,
	    { "//x/zh", NULL, T0, "中国的国家安全法" },
	    { "//x/ja", NULL, T0 + 1, "東京でカメラを買った𠮷野家" },
	    { "//x/ko", NULL, T0 + 2, "한국은 서울에서" },
	    { "//x/fr", NULL, T0 + 3, "Un café, Über-alles" },
	    { "//x/mixed", NULL, T0 + 4, "Nvidia的AI芯片出口" },
	    { "//x/wide", NULL, T0 + 5, "ＡＢＣ指数 ５００" });
	reopen_indexed(f);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect_found(f, rows[i].words, rows[i].keys);
	expect_whole(f);
}

/* -------------------------------------------------------- title and text */

static void
visit_texts(struct fixture *f, int source, const char *key, int64_t ms,
    const char *title, const char *content)
{
	const struct item item = { key, NULL, ms, title };
	struct feed *feed = feed_of(&item, 1);

	feed->entries->content.value = content;
	feed->entries->identity.digest = hash_128(content, strlen(content));
	do_visit(f, visit_of(f, source, feed));
	assert_string_equal(f->failed, "");
}

static void
test_markup_is_not_text(void **state)
{
	struct fixture *f = *state;

	visit_texts(f, 0, "//x/1", T0, "Use <template> & win",
	    "<p class=\"secret\" title=\"a > b\">国<b>家</b> &amp; "
	    "caf&eacute; ends<br/>here</p>");
	visit_texts(f, 1, "//x/2", T0, "broken", "1 < 2 and <never closed");
	reopen_indexed(f);
	expect_found(f, "国家", "//x/1");
	expect_found(f, "template win", "//x/1");
	expect_found(f, "here", "//x/1");
	expect_found(f, "class", "");
	expect_found(f, "secret", "");
	expect_found(f, "amp", "");
	expect_found(f, "closed", "//x/2");
	expect_snippet(f, "国家", STORE_FOUND "国家" STORE_FOUND_END
	    " & café ends here\n");
	expect_whole(f);
}

static void
test_titles_are_marked(void **state)
{
	struct fixture *f = *state;
	struct asked a = { .words = "comet 国家" };

	visit_texts(f, 0, "//x/1", T0, "A comet & 国家 <b> of the comet",
	    "<p>国家</p>");
	reopen_indexed(f);
	ask(f, &a);
	assert_int_equal(a.code, 0);
	assert_string_equal(buf_str(&a.titles), "A " STORE_FOUND "comet"
	    STORE_FOUND_END " & " STORE_FOUND "国家" STORE_FOUND_END
	    " <b> of the " STORE_FOUND "comet" STORE_FOUND_END "\n");
	asked_fini(&a);
	expect_snippet(f, "comet", "国家\n");
}

static void
test_title_weighs_more(void **state)
{
	struct fixture *f = *state;

	visit_texts(f, 0, "//x/text", T0 + 5, "other", "a comet and more");
	visit_texts(f, 0, "//x/title", T0, "comet", "a thing and others");
	visit_texts(f, 0, "//x/none", T0, "moon", "sun");
	reopen_indexed(f);
	expect_found(f, "comet", "//x/title //x/text");
}

static void
test_long_text_is_cut(void **state)
{
	struct fixture *f = *state;
	struct buf text = { 0 };
	struct asked a = { .words = "武汉" };

	for (int i = 0; i < 500; i++)
		buf_puts(&text, "字句、");
	buf_puts(&text, "武汉");
	for (int i = 0; i < 500; i++)
		buf_puts(&text, "、字句");
	visit_texts(f, 0, "//x/1", T0, "long", text.data);
	reopen_indexed(f);
	ask(f, &a);
	assert_int_equal(a.code, 0);
	assert_non_null(strstr(buf_str(&a.snippets),
	    STORE_FOUND "武汉" STORE_FOUND_END));
	assert_true(a.snippets.len < 300);
	assert_int_equal(strncmp(a.snippets.data, "…", 3), 0);
	assert_int_equal(text_utf8_valid(a.snippets.data, a.snippets.len),
	    a.snippets.len);
	asked_fini(&a);
	buf_fini(&text);
}

/* Wherever the cut comes, no mark is left that has nothing in it. */
static void
test_no_empty_mark(void **state)
{
	struct fixture *f = *state;
	struct asked a = { .words = "comet" };
	struct buf text = { 0 };
	char key[16];

	for (int pad = 215; pad < 245; pad++) {
		buf_reset(&text);
		buf_printf(&text, "comet %0*d comet %0200d", pad, 1, 2);
		snprintf(key, sizeof(key), "//x/%d", pad);
		visit_texts(f, 0, key, T0, "title", buf_str(&text));
	}
	reopen_indexed(f);
	ask(f, &a);
	assert_int_equal(a.code, 0);
	assert_non_null(strstr(buf_str(&a.snippets), STORE_FOUND "comet"
	    STORE_FOUND_END));
	assert_null(strstr(buf_str(&a.snippets), STORE_FOUND
	    STORE_FOUND_END));
	asked_fini(&a);
	buf_fini(&text);
}

/* ------------------------------------------------------ the index is kept */

/* No step of its own comes that soon: it was the visit's transaction. */
static void
test_found_at_once(void **state)
{
	struct fixture *f = *state;
	char key[16], texts[16];

	for (int i = 0; i < 20; i++) {
		snprintf(key, sizeof(key), "//x/%d", i);
		snprintf(texts, sizeof(texts), "word%d", i);
		visit_texts(f, 0, key, T0, "title", texts);
		expect_found(f, texts, key);
	}
	expect_whole(f);
}

/* What is too long for the time there is waits, with all after it. */
static void
test_long_row_waits(void **state)
{
	static const struct index_limit some = { .ms = 60000,
	    .row_bytes = 64 << 10 }, all = { .ms = 60000 };
	struct fixture *f = *state;
	struct buf text = { 0 };
	struct err err = { 0 };
	struct db db;
	int64_t seq = 0;

	while (text.len < 100 << 10)
		buf_puts(&text, "tall words ");
	visit_texts(f, 0, "//x/1", T0, "first", "short");
	visit_texts(f, 0, "//x/2", T0, "second", buf_str(&text));
	visit_texts(f, 0, "//x/3", T0, "third", "short");
	sqlite3_close(open_behind(f, "INSERT INTO search(search) "
	    "VALUES('delete-all');"
	    "UPDATE meta SET value = 0 WHERE name = 'indexed_seq'"));
	assert_int_equal(db_open(&db, path, DB_WRITE, &err), 0);
	assert_int_equal(db_prepare_all(&db, &err), 0);
	assert_int_equal(index_step(&db, 3, &some, &seq, &err), 0);
	assert_int_equal(seq, 1);
	assert_int_equal(index_step(&db, 3, &all, &seq, &err), 0);
	assert_int_equal(seq, 3);
	db_close(&db);
	open_store(f);
	expect_found(f, "short", "//x/3 //x/1");
	expect_found(f, "tall", "//x/2");
	expect_whole(f);
	buf_fini(&text);
}

static void
expect_trouble(struct fixture *f, const char *what)
{
	struct store_health h;

	store_health(f->store, &h);
	if (*what == '\0' ? h.trouble.msg[0] != '\0' :
	    strstr(h.trouble.msg, what) == NULL)
		fail_msg("%s is not in: %s", what, h.trouble.msg);
}

/* An index that cannot be written is not the entries' fault. */
static void
test_broken_index(void **state)
{
	struct fixture *f = *state;
	struct asked a = { .words = "x" };

	visit_texts(f, 0, "//x/1", T0, "first", "before");
	write_behind(f, "CREATE TRIGGER broken BEFORE INSERT ON search_data "
	    "BEGIN SELECT RAISE(ABORT, 'broken'); END");
	visit_texts(f, 0, "//x/2", T0, "second", "meanwhile");
	assert_int_equal(f->result.added, 1);
	expect_trouble(f, "could not");
	/* That it is stored does not end it. */
	visit_texts(f, 0, "//x/3", T0, "third", "else");
	assert_int_equal(f->result.added, 1);
	expect_trouble(f, "could not");
	ask(f, &a);
	assert_int_equal(a.behind, 2);
	asked_fini(&a);
	write_behind(f, "DROP TRIGGER broken");
	reopen_indexed(f);
	expect_found(f, "meanwhile", "//x/2");
	expect_whole(f);
}

static void
write_beside(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(tokenizer_register(db, NULL), SQLITE_OK);
	sqlite3_busy_timeout(db, 60000);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static unsigned
mended(struct fixture *f)
{
	struct store_health h;

	store_health(f->store, &h);
	return h.mended;
}

#define PLANT_STRUCTURE "UPDATE search_data " \
	"SET block = x'ffffffffffffffff' WHERE id = 10"

/* Nor is one that is damaged, and it is made anew: once.  Damaged again it
 * is left, and that is told as long as it is so, though all else can be
 * written. */
static void
test_damaged_index(void **state)
{
	struct fixture *f = *state;

	visit_texts(f, 0, "//x/1", T0, "first", "before");
	expect_trouble(f, "");
	write_beside(PLANT_STRUCTURE);
	visit_texts(f, 0, "//x/2", T0, "second", "meanwhile");
	assert_int_equal(f->result.added, 1);
	assert_int_equal(mended(f), 1);
	expect_trouble(f, "");
	close_store(f);
	open_store(f);
	assert_int_equal(mended(f), 0);
	expect_found(f, "before", "//x/1");
	expect_found(f, "meanwhile", "//x/2");
	expect_whole(f);

	write_beside(PLANT_STRUCTURE);
	visit_texts(f, 0, "//x/3", T0, "third", "meanwhile");
	assert_int_equal(mended(f), 1);
	write_beside("CREATE TABLE kept AS SELECT block FROM search_data "
	    "WHERE id = 10;" PLANT_STRUCTURE);
	for (int i = 0; i < 3; i++) {
		const char *keys[] = { "//x/4", "//x/5", "//x/6" };

		visit_texts(f, 0, keys[i], T0, "fourth", "later");
		assert_int_equal(f->result.added, 1);
		expect_trouble(f, "index for search");
		expect_trouble(f, "is damaged");
	}
	assert_int_equal(mended(f), 1);
	write_beside("UPDATE search_data SET block = "
	    "(SELECT block FROM kept) WHERE id = 10; DROP TABLE kept");
	reopen_indexed(f);
	expect_trouble(f, "");
	expect_found(f, "later", "//x/6 //x/5 //x/4");
	expect_whole(f);
}

/* Whatever is missing or garbage: the start finds it, or the first to write
 * there, or only who compares it word by word. */
enum { HARMLESS, BY_WORDS, AT_START };
static const struct damage {
	const char	*sql;
	int		 found;
} damages[] = {
	{ PLANT_STRUCTURE, AT_START },
	{ "UPDATE search_data SET block = x'' WHERE id = 10", AT_START },
	{ "UPDATE search_data SET block = zeroblob(9999) WHERE id = 10", BY_WORDS },
	{ "UPDATE search_data SET block = NULL WHERE id = 10", AT_START },
	{ "UPDATE search_data SET block = 'text' WHERE id = 10", AT_START },
	{ "DELETE FROM search_data WHERE id = 10", AT_START },
	{ "DELETE FROM search_data WHERE id = 1", AT_START },
	{ "DELETE FROM search_data WHERE id > 10", AT_START },
	{ "DELETE FROM search_data", AT_START },
	{ "UPDATE search_data SET block = x'ffff' WHERE id > 10", AT_START },
	{ "DELETE FROM search_idx", HARMLESS },
	{ "DELETE FROM search_docsize", AT_START },
	{ "DELETE FROM search_docsize WHERE id = 1", AT_START },
	{ "DELETE FROM search_docsize WHERE id = 3", AT_START },
	{ "INSERT INTO search_docsize VALUES(4711, x'0101')", AT_START },
	{ "UPDATE search_docsize SET sz = x'ff'", BY_WORDS },
	{ "DELETE FROM search_config", AT_START },
	{ "UPDATE search_config SET v = 99 WHERE k = 'version'", AT_START },
	{ "DROP TABLE search_data", AT_START },
	{ "DROP TABLE search_idx", AT_START },
	{ "DROP TABLE search_docsize", AT_START },
	{ "DROP TABLE search_config", AT_START },
	{ "DROP TABLE search_config; DROP TABLE search_data;"
	    "DROP TABLE search_idx; DROP TABLE search_docsize", AT_START },
	{ "DROP TABLE search_docsize; CREATE TABLE search_docsize(x)", AT_START },
	{ "DROP TABLE search", AT_START },
	{ "DELETE FROM meta WHERE name = 'indexed_seq'", AT_START },
	{ "UPDATE meta SET value = 4711 WHERE name = 'indexed_seq'", AT_START },
	{ "UPDATE meta SET value = -1 WHERE name = 'indexed_seq'", AT_START },
	{ "UPDATE meta SET value = 'x' WHERE name = 'indexed_seq'", AT_START },
	{ "UPDATE meta SET value = 1 WHERE name = 'indexed_seq'", AT_START },
};

static void
expect_all_found(struct fixture *f)
{
	expect_found(f, "meanwhile", "//x/2 //x/1");
	expect_found(f, "later", "//x/3");
	expect_whole(f);
}

static void
visit_three(struct fixture *f)
{
	visit_texts(f, 0, "//x/1", T0, "first", "meanwhile");
	visit_texts(f, 0, "//x/2", T0, "second", "meanwhile");
	visit_texts(f, 0, "//x/3", T0, "third", "later");
}

static void
mend_by_start(struct fixture *f, const struct damage *d)
{
	struct err err;

	f->store = try_open(STORE_OWN, &err);
	if (f->store == NULL)
		fail_msg("%s: %s", d->sql, err.msg);
	if (mended(f) != (d->found == AT_START))
		fail_msg("%s: mended %u times", d->sql, mended(f));
	close_store(f);
}

static void
mend_by_hand(const struct damage *d, int64_t wanted)
{
	int64_t revisions = 0;
	struct err err;

	if (store_reindex(path, NULL, &revisions, &err) != 0)
		fail_msg("%s: %s", d->sql, err.msg);
	assert_int_equal(revisions, wanted);
}

static void
test_damage_at_start(void **state)
{
	struct fixture *f = *state;

	visit_three(f);
	for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
		sqlite3_close(open_behind(f, damages[i].sql));
		mend_by_start(f, &damages[i]);
		if (damages[i].found != AT_START)
			mend_by_hand(&damages[i], 3);
		reopen_indexed(f);
		expect_all_found(f);
	}
}

/* Pages of it are damaged, too: it is left as it is, and all but searches
 * goes on. */
static void
test_damage_of_pages_at_start(void **state)
{
	struct fixture *f = *state;
	char bad[64];
	struct err err;
	sqlite3 *db;
	sqlite3_stmt *q;
	off_t where;
	int fd;

	visit_three(f);
	db = open_behind(f, "DELETE FROM search_docsize");
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT (rootpage - 1) * "
	    "page_size FROM sqlite_schema, pragma_page_size WHERE name = "
	    "'search_idx'", -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	where = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	memset(bad, 0xa5, sizeof(bad));
	fd = open(path, O_RDWR);
	assert_int_equal(pwrite(fd, bad, sizeof(bad), where), sizeof(bad));
	close(fd);
	f->store = try_open(STORE_OWN, &err);
	if (f->store == NULL)
		fail_msg("%s", err.msg);
	assert_int_equal(mended(f), 0);
	expect_trouble(f, "its pages are damaged, too");
	visit_texts(f, 0, "//x/4", T0, "fourth", "later");
	assert_int_equal(f->result.added, 1);
	assert_int_equal(mended(f), 0);
}

static void
count_finding(const char *sentence, void *arg)
{
	unsigned *count = arg;

	assert_true(*sentence != '\0');
	(*count)++;
}

static void
test_damage_by_hand(void **state)
{
	struct fixture *f = *state;

	visit_three(f);
	for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
		unsigned told = 0;
		const struct store_findings findings = { count_finding,
		    &told };
		struct store_checked checked;
		struct err err;

		sqlite3_close(open_behind(f, damages[i].sql));
		assert_int_equal(store_check(path, NULL, &findings, &checked,
		    &err), 0);
		if ((checked.findings > 0) != (damages[i].found != HARMLESS) ||
		    checked.in_index != checked.findings ||
		    told < checked.findings)
			fail_msg("%s: %u findings, %u of the index",
			    damages[i].sql, checked.findings,
			    checked.in_index);
		mend_by_hand(&damages[i], 3);
		open_store(f);
		assert_int_equal(mended(f), 0);
		expect_all_found(f);
	}
}

/* Whatever the writer meets, what it is given is stored; and the next start
 * leaves a whole index. */
static void
test_damage_meanwhile(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
		char key[16], word[16];

		snprintf(key, sizeof(key), "//x/%zu", i);
		snprintf(word, sizeof(word), "word%zu", i);
		write_beside(damages[i].sql);
		visit_texts(f, 0, key, T0, "title", word);
		assert_int_equal(f->result.added, 1);
		assert_true(mended(f) <= 1);
		close_store(f);
		mend_by_hand(&damages[i], (int64_t)i + 1);
		open_store(f);
		expect_found(f, word, key);
	}
	expect_whole(f);
}

/* What only a search reads. */
static void
test_search_meets_damage(void **state)
{
	static const char *const sql[] = {
		"DELETE FROM search_data WHERE id > 10",
		"UPDATE search_data SET block = x'ffff' WHERE id > 10",
		"DROP TABLE search_docsize",
		PLANT_STRUCTURE,
	};
	struct fixture *f = *state;

	visit_three(f);
	for (size_t i = 0; i < ARRAY_LEN(sql); i++) {
		struct asked a = { .words = "meanwhile" };

		write_beside(sql[i]);
		ask(f, &a);
		if (a.code == 0 || a.err.exit_status != 65 ||
		    strstr(a.err.msg, "db reindex") == NULL)
			fail_msg("%s: %d, %s", sql[i], a.code, a.err.msg);
		asked_fini(&a);
		/* Nothing is asked again before the writer was told. */
		store_drain(f->store);
		if (mended(f) != 1)
			fail_msg("%s: mended %u times", sql[i], mended(f));
		expect_trouble(f, "");
		reopen_indexed(f);
		expect_all_found(f);
	}
	/* The second time in the same process it is left. */
	for (int i = 0; i < 3; i++) {
		struct asked a = { .words = "meanwhile" };

		write_beside(PLANT_STRUCTURE);
		ask(f, &a);
		store_drain(f->store);
		assert_int_equal(a.code, -1);
		assert_int_equal(mended(f), 1);
		asked_fini(&a);
	}
	reopen_indexed(f);
	expect_all_found(f);
}

static void
test_edit(void **state)
{
	struct fixture *f = *state;

	visit_texts(f, 0, "//x/1", T0, "first", "老的文字");
	reopen_indexed(f);
	expect_found(f, "老的", "//x/1");
	/* The same time: a silent edit, of what is in the index. */
	visit_texts(f, 0, "//x/1", T0, "first", "新的文字");
	assert_int_equal(f->result.edited, 1);
	expect_found(f, "老的", "");
	expect_snippet(f, "新的", STORE_FOUND "新的" STORE_FOUND_END
	    "文字\n");
	visit_texts(f, 0, "//x/1", T0, "first", "再新的文字");
	reopen_indexed(f);
	expect_found(f, "老的", "");
	expect_found(f, "再新的 文字", "//x/1");
	/* And of what is not: it goes in as it is then. */
	visit_texts(f, 0, "//x/2", T0, "second", "红色");
	visit_texts(f, 0, "//x/2", T0, "second", "蓝色");
	reopen_indexed(f);
	expect_found(f, "红色", "");
	expect_found(f, "蓝色", "//x/2");
	expect_whole(f);
}

/* Between an edit and its step of the index: one says what the other does,
 * also when the revision goes. */
static void
test_edit_waits(void **state)
{
	struct fixture *f = *state;

	visit_texts(f, 0, "//x/1", T0, "first", "老的文字");
	visit_texts(f, 0, "//x/2", T0, "second", "别的");
	reopen_indexed(f);
	expect_whole_after(f, "UPDATE revisions SET content = '新的'");
	reopen_indexed(f);
	expect_found(f, "老的", "");
	expect_found(f, "新的", "//x/2 //x/1");
	expect_whole_after(f, "UPDATE revisions SET content = 'a';"
	    "UPDATE revisions SET content = 'b'; DELETE FROM revisions");
	reopen_indexed(f);
	expect_found(f, "新的", "");
}

static void
test_update(void **state)
{
	struct fixture *f = *state;
	struct asked a = { .words = "first", .filter = {
	    .with_superseded = 1 } };

	visit_texts(f, 0, "//x/1", T0, "first", "老的文字");
	visit_texts(f, 0, "//x/1", T0 + 60000, "first", "新的文字");
	assert_int_equal(f->result.updated, 1);
	reopen_indexed(f);
	expect_found(f, "老的", "");
	expect_found(f, "first", "//x/1");
	ask(f, &a);
	assert_string_equal(buf_str(&a.keys), "//x/1 //x/1");
	asked_fini(&a);
}

static void
forgotten(const struct err *failed, void *arg)
{
	(void)arg;
	assert_null(failed);
}

static int
take_id(int64_t id, void *arg)
{
	*(int64_t *)arg = id;
	return 0;
}

static void
find_second(struct store_reader *r, void *arg)
{
	struct err err;

	assert_int_equal(store_find_entries(r, "//x/2", take_id, arg, &err),
	    0);
}

static int
count_tombstone(const struct tombstone *t, void *arg)
{
	assert_non_null(t->uuid);
	++*(int *)arg;
	return 0;
}

static void
count_pending(struct store_reader *r, void *arg)
{
	static const struct tombstone_filter pending = { .pending = 1 };
	struct err err;

	assert_int_equal(store_each_tombstone(r, &pending, count_tombstone,
	    arg, &err), 0);
}

static void
test_forget(void **state)
{
	struct fixture *f = *state;
	int64_t id = 0;
	int pending = 0;

	visit_texts(f, 0, "//x/1", T0, "eins", "alpha common");
	visit_texts(f, 0, "//x/2", T0, "zwei", "beta common");
	reopen(f);
	/* A state that is not yet in the index goes, too. */
	visit_texts(f, 0, "//x/2", T0 + 1000, "zwei", "betax common");
	store_read(f->store, find_second, no_op, &id);
	store_drain(f->store);
	assert_int_not_equal(id, 0);
	store_forget(f->store, &id, 1, forgotten, NULL);
	store_drain(f->store);
	reopen(f);
	expect_found(f, "common", "//x/1");
	expect_found(f, "zwei", "");
	expect_whole(f);
	store_read(f->store, count_pending, no_op, &pending);
	store_drain(f->store);
	assert_int_equal(pending, 1);
	/* From any source, newer, under whatever policy. */
	visit_texts(f, 0, "//x/2", T0 + 9000, "drei", "betay common");
	visit_texts(f, 1, "//x/2", T0 + 10000, "vier", "betaz common");
	reopen(f);
	expect_found(f, "common", "//x/1");
	expect_whole(f);
	store_forget_done(f->store, &id, 1, forgotten, NULL);
	store_drain(f->store);
	pending = 0;
	store_read(f->store, count_pending, no_op, &pending);
	store_drain(f->store);
	assert_int_equal(pending, 0);
}

/* Not by way of the index's own steps, but of a trigger. */
static void
test_forget_meets_damage(void **state)
{
	struct fixture *f = *state;
	int64_t id = 2;

	visit_three(f);
	write_beside(PLANT_STRUCTURE);
	store_forget(f->store, &id, 1, forgotten, NULL);
	store_drain(f->store);
	assert_int_equal(mended(f), 1);
	expect_trouble(f, "");
	reopen_indexed(f);
	expect_found(f, "meanwhile", "//x/1");
	expect_whole(f);
}

/* What waits behind who meets it stays behind: an older state that came
 * first is not taken for one that is late. */
static void
test_damage_keeps_order(void **state)
{
	const struct item older = { "//y/1", NULL, T0, "older" },
	    newer = { "//y/1", NULL, T0 + 60000, "newer" };
	struct fixture *f = *state;
	struct visit *first, *last;
	int64_t id = 2;
	sqlite3 *db;

	visit_three(f);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE;"
	    PLANT_STRUCTURE, NULL, NULL, NULL), SQLITE_OK);
	/* The writer waits with this one, the others are a group. */
	store_forget_done(f->store, &id, 1, forgotten, NULL);
	usleep(200 * 1000);
	first = visit_of(f, 0, feed_of(&older, 1));
	last = visit_of(f, 0, feed_of(&newer, 1));
	store_visit(f->store, &first, on_visit, f);
	store_forget(f->store, &id, 1, forgotten, NULL);
	store_visit(f->store, &last, on_visit, f);
	assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL),
	    SQLITE_OK);
	store_drain(f->store);
	sqlite3_close(db);
	assert_int_equal(mended(f), 1);
	assert_string_equal(f->failed, "");
	EXPECT(f, 0, 1, 0);
}

static void
test_order_and_pages(void **state)
{
	struct fixture *f = *state;
	struct asked a = { .words = "common", .filter = { .by_date = 1,
	    .limit = 2 } };

	visit_texts(f, 0, "//x/1", T0, "eins", "common");
	visit_texts(f, 0, "//x/2", T0, "common", "common common");
	visit_texts(f, 0, "//x/3", T0, "drei", "common and others too");
	reopen(f);
	ask(f, &a);
	assert_string_equal(buf_str(&a.keys), "//x/3 //x/2");
	asked_fini(&a);
	a.filter.skip = 2;
	ask(f, &a);
	assert_string_equal(buf_str(&a.keys), "//x/1");
	asked_fini(&a);
	a.filter = (struct store_filter){ .skip = 1, .limit = 1 };
	ask(f, &a);
	assert_string_equal(buf_str(&a.keys), "//x/1");
	asked_fini(&a);
	a.filter.skip = 3;
	ask(f, &a);
	assert_string_equal(buf_str(&a.keys), "");
	asked_fini(&a);
}

static void
test_retention(void **state)
{
	struct fixture *f = *state;

	visit_texts(f, 0, "//x/1", T0, "eins", "alpha common");
	reopen_indexed(f);
	sources[0].keep_s = 86400;
	sources[0].keep_at_least = 1;
	now_ms += INT64_C(10) * 86400 * 1000;
	visit_texts(f, 0, "//x/2", T0 + 1000, "zwei", "beta common");
	visit_texts(f, 0, "//x/3", T0 + 2000, "drei", "gamma common");
	reopen(f);		/* with the rule that nobody knew yet */
	reopen(f);
	expect_found(f, "alpha", "");
	reopen_indexed(f);
	expect_found(f, "beta", "//x/2");
	expect_found(f, "eins", "");
	expect_whole(f);
	/* Gone before it was ever in the index. */
	visit_texts(f, 0, "//x/4", T0 + 3000, "vier", "delta");
	now_ms += INT64_C(10) * 86400 * 1000;
	visit_texts(f, 0, "//x/5", T0 + 4000, "five", "epsilon");
	visit_texts(f, 0, "//x/6", T0 + 5000, "six", "zeta");
	reopen_indexed(f);
	expect_found(f, "epsilon", "//x/5");
	expect_whole(f);
}

static void
test_filter(void **state)
{
	struct fixture *f = *state;
	int64_t ids[] = { 0, 0 };
	struct asked by_source = { .words = "word", .filter = {
	    .source_ids = ids } }, silent = { .words = "word", .filter = {
	    .with_silent = 1 } }, limit = { .words = "word", .filter = {
	    .limit = 1 } };

	sources[2].flood_limit = 1;
	visit_texts(f, 0, "//x/1", T0, "a", "word");
	visit_texts(f, 1, "//x/2", T0, "b", "word");
	VISIT(f, 2, { "//x/3", NULL, T0 + 1, "word c" },
	    { "//x/4", NULL, T0, "word d" });
	assert_int_equal(f->result.silent, 1);
	reopen_indexed(f);
	ids[0] = f->states[1].id;
	ask(f, &by_source);
	assert_string_equal(buf_str(&by_source.keys), "//x/2");
	ask(f, &silent);
	assert_non_null(strstr(buf_str(&silent.keys), "//x/4"));
	ask(f, &limit);
	assert_int_equal(limit.keys.len, 5);
	expect_found(f, "d", "");
	asked_fini(&by_source);
	asked_fini(&silent);
	asked_fini(&limit);
}

/* While the writer has nothing else to do, without being asked. */
static void
test_idle(void **state)
{
	struct fixture *f = *state;
	struct asked a = { .words = "slowly" };

	visit_texts(f, 0, "//x/1", T0, "a", "slowly but surely");
	for (int i = 0; i < 500; i++) {
		ask(f, &a);
		if (a.keys.len > 0)
			break;
		usleep(20000);
	}
	assert_string_equal(buf_str(&a.keys), "//x/1");
	ask(f, &a);
	assert_int_equal(a.behind, 0);
	asked_fini(&a);
}

/* ----------------------------------------------------- an older database */

static const char old_rows[] =
    "INSERT INTO meta VALUES('hash_seed', 5), ('last_seq', 700);"
    "INSERT INTO sources(id, name, configured_url, url, position) "
    "VALUES(1, 'one', 'https://one.example/feed', "
    "'https://one.example/feed', 0);"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
    "WHERE i < 690) INSERT INTO entries(id, key_hash, source_id, seq, key, "
    "first_seen_ms, published_ms, uuid, url, title) SELECT i, i, 1, i, "
    "'//old/' || i, 0, 0, 'u' || i, 'https://old/' || i, 't' || i FROM n;"
    "INSERT INTO revisions(seq, entry_id, source_id, number, silent, "
    "effective_ms, updated_ms, announced_ms, title, summary, content) "
    "SELECT id, id, 1, 0, 0, 0, 0, 0, title, 'kurz' || id, "
    "iif(id % 2, '', '<p>中文' || id || '</p>') FROM entries "
    "WHERE id NOT IN (1, 2, 300);";

static void
test_version_1(void **state)
{
	struct fixture *f = *state;
	char *why = NULL;
	sqlite3 *db;

	close_store(f);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_exec(db, store_v1, NULL, NULL, &why);
	if (why == NULL)
		sqlite3_exec(db, old_rows, NULL, NULL, &why);
	if (why != NULL)
		fail_msg("%s", why);
	sqlite3_close(db);
	open_store(f);
	/* What came after the rows of old is found among them. */
	visit_texts(f, 0, "//x/1", T0, "neu", "t690 auch");
	reopen_indexed(f);
	expect_found(f, "kurz689", "//old/689");
	expect_found(f, "中文 t690", "//old/690");
	expect_found(f, "t690 auch", "//x/1");
	expect_found(f, "kurz690", "");
	expect_found(f, "t300", "");
	expect_whole(f);
}

/* -------------------------------------------------------------- any words */

static void
test_junk(void **state)
{
	static const char *const junk[] = {
		"", " ", "\"", "\"\"", "'", "*", "a*", "^a", "a^", "-", "--",
		"NOT", "AND OR", "NEAR(a b, 3)", "title:a", "title : a", "(",
		")", "{title text}: a", "a + b", "a\"b\"c", "\"a", "a\\", ";",
		"\xff\xfe", "\xe4\xb8", "\xf0\xa0\xae", "中\xe4", "\x01\x02",
		"<b", "<b>a</b>", "&amp;", "-- ; DROP TABLE search", "%s%n",
		"\xe3\x80\x80", "\xef\xbf\xbd", "…", "🙂", "a\tb\nc",
		"\xf4\x90\x80\x80", "\xc0\x80",
	};
	static const char alphabet[] = "a \"*()^:-+{}<>&;\\'\xe4\xb8\xad\xff"
	    "NEAR";
	struct fixture *f = *state;
	uint32_t dice = 12345;
	char text[40];

	visit_texts(f, 0, "//x/1", T0, "zzz", "yyy");
	reopen_indexed(f);
	for (size_t i = 0; i < ARRAY_LEN(junk); i++)
		expect_found(f, junk[i], "");
	for (int i = 0; i < 3000; i++) {
		size_t n = 1 + (dice >> 8) % (sizeof(text) - 1);

		for (size_t k = 0; k < n; k++) {
			dice = dice * 1664525 + 1013904223;
			text[k] = alphabet[(dice >> 16) %
			    (sizeof(alphabet) - 1)];
		}
		text[n - 1] = '\0';
		expect_found(f, text, "");
	}
	/* Words among what is none. */
	expect_found(f, "zzz -- \"*\" (", "//x/1");
	expect_found(f, "zzz AND yyy", "");
}

static void
test_too_many_words(void **state)
{
	struct fixture *f = *state;
	struct buf words = { 0 };
	struct asked a = { .code = 0 };

	for (int i = 0; i < 33; i++)
		buf_puts(&words, "a ");
	a.words = words.data;
	ask(f, &a);
	assert_int_equal(a.code, -1);
	assert_non_null(strstr(a.err.msg, "at most 32 words"));
	asked_fini(&a);
	buf_fini(&words);
}

/* Texts that want a tokenizer to look ahead again and again. */
static void
test_hostile_text(void **state)
{
	static const char *const parts[] = { "<", "<\"", "&", "&a", "中<",
	    "\xe4\xb8", "<a '" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		struct buf text = { 0 };
		char key[16];

		while (text.len < 1 << 20)
			buf_puts(&text, parts[i]);
		snprintf(key, sizeof(key), "//x/%zu", i);
		visit_texts(f, 0, key, T0 + (int64_t)i, "t", text.data);
		buf_fini(&text);
	}
	reopen_indexed(f);
	expect_whole(f);
	expect_found(f, "中中", "//x/4");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_languages),
		TEST(test_markup_is_not_text),
		TEST(test_titles_are_marked),
		TEST(test_title_weighs_more),
		TEST(test_long_text_is_cut),
		TEST(test_no_empty_mark),
		TEST(test_found_at_once),
		TEST(test_long_row_waits),
		TEST(test_broken_index),
		TEST(test_damaged_index),
		TEST(test_damage_at_start),
		TEST(test_damage_of_pages_at_start),
		TEST(test_damage_by_hand),
		TEST(test_damage_meanwhile),
		TEST(test_search_meets_damage),
		TEST(test_forget_meets_damage),
		TEST(test_damage_keeps_order),
		TEST(test_edit),
		TEST(test_edit_waits),
		TEST(test_update),
		TEST(test_retention),
		TEST(test_forget),
		TEST(test_order_and_pages),
		TEST(test_filter),
		TEST(test_idle),
		TEST(test_version_1),
		TEST(test_junk),
		TEST(test_too_many_words),
		TEST(test_hostile_text),
	};

	return UNIT_RUN(tests);
}
