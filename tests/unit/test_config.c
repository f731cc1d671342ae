/*
 * The corpus holds a file for each kind of mistake, NAME.yaml, and the
 * report it must give, NAME.expected.  With UPDATE=1 in the environment the
 * reports are written anew, to be read before they are committed.
 */
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/mem.h"
#include "feedmill/config.h"
#include "../../src/config/private.h"

static char root[PATH_MAX];	/* of the tree */

static const struct config_options in_state = { NULL, "/s" };

/* From memory; the report, to be freed, in *ret. */
static const struct config *
load(const char *text, char **ret)
{
	struct buf report = { 0 };
	const struct config *c = config_load_text(&in_state, "t.yaml", text,
	    strlen(text), &report, NULL);

	if (ret != NULL)
		*ret = buf_take(&report);
	buf_fini(&report);
	return c;
}

static const struct config *
load_good(const char *text)
{
	char *report;
	const struct config *c = load(text, &report);

	if (c == NULL || *report != '\0')
		fail_msg("%s", report);
	free(report);
	return c;
}

static void
assert_mistake(const char *text, const char *expected)
{
	char *report;
	const struct config *c = load(text, &report);

	if (c != NULL || strstr(report, expected) == NULL)
		fail_msg("wanted: %s\ngot: %s", expected, report);
	free(report);
}

/* ------------------------------------------------------------------ corpus */

static char *
slurp(const char *path)
{
	struct buf b = { 0 };
	struct err e;

	if (file_read(path, 1 << 22, &b, &e) == -1)
		buf_reset(&b);
	return buf_take(&b);
}

static void
check_corpus_file(const char *name, int update)
{
	struct config_options o = { name, "/s" };
	struct buf report = { 0 }, path = { 0 };
	const struct config *c;
	unsigned mistakes;
	char *expected;
	FILE *f;

	c = config_load(&o, &report, &mistakes);
	assert_int_equal(c == NULL, mistakes > 0);
	buf_printf(&path, "%.*s.expected", (int)strlen(name) - 5, name);
	if (update) {
		assert_non_null(f = fopen(path.data, "w"));
		fputs(buf_str(&report), f);
		fclose(f);
	}
	assert_int_equal(access(path.data, R_OK), 0);
	expected = slurp(path.data);
	assert_string_equal(buf_str(&report), expected);
	assert_null(strstr(buf_str(&report), "hunter2"));
	config_unref(c);
	free(expected);
	buf_fini(&report);
	buf_fini(&path);
}

static void
test_corpus(void **state)
{
	struct dirent **names;
	int n, seen = 0;

	(void)state;
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_int_equal(chdir(root), 0);
	assert_int_equal(chdir("tests/corpus/config"), 0);
	n = scandir(".", &names, NULL, alphasort);
	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		const char *dot = strrchr(names[i]->d_name, '.');

		if (dot != NULL && strcmp(dot, ".yaml") == 0) {
			check_corpus_file(names[i]->d_name,
			    getenv("UPDATE") != NULL);
			seen++;
		}
		free(names[i]);
	}
	free(names);
	assert_int_equal(chdir(root), 0);
	assert_true(seen >= 10);
}

/* All nine of one file, each at its line and column. */
static void
test_nine_mistakes(void **state)
{
	static const char *const places[] = {
		":3:3: error: unknown setting", ":4:12: error: timeout",
		":6:1: error: a tab", ":9:10: error: url",
		":11:5: error: the setting", ":12:3: error: feed",
		":16:6: error: this line", ":17:15: error: max-size",
		":21:27: error: credential", ":23:10: error: level",
	};
	struct config_options o = { "tests/corpus/config/nine.yaml", NULL };
	struct buf report = { 0 };
	unsigned mistakes;

	(void)state;
	assert_null(config_load(&o, &report, &mistakes));
	assert_int_equal(mistakes, ARRAY_LEN(places));
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (strstr(report.data, places[i]) == NULL)
			fail_msg("%s is not in\n%s", places[i], report.data);
	buf_fini(&report);
}

/* ---------------------------------------------------------------- defaults */

static void
test_defaults(void **state)
{
	const struct config *c = load_good("feeds: {a: {url: "
	    "'http://example.org/'}}\n");
	const struct config_source *s = &c->sources[0];

	(void)state;
	assert_string_equal(c->state, "/s");
	assert_string_equal(c->database, "/s/feedmill.db");
	assert_int_equal(c->fetch.concurrency, 64);
	assert_int_equal(c->fetch.concurrency_per_host, 2);
	assert_int_equal(c->fetch.bytes_in_flight, 64 << 20);
	assert_int_equal(c->fetch.header_bytes, 64 << 10);
	assert_int_equal(c->fetch.header_lines, 300);
	assert_int_equal(c->fetch.redirects, 5);
	assert_int_equal(c->fetch.permanent_redirects, 3);
	assert_int_equal(c->fetch.low_speed_bytes_s, 1024);
	assert_int_equal(c->fetch.low_speed_time_s, 20);
	assert_int_equal(c->fetch.jitter_percent, 10);
	assert_null(c->fetch.keep_bad);
	assert_int_equal(s->interval_s, 1800);
	assert_int_equal(s->interval_min_s, 900);
	assert_int_equal(s->interval_max_s, 86400);
	assert_int_equal(s->full_every_s, 0);
	assert_int_equal(s->timeout_ms, 60000);
	assert_int_equal(s->connect_timeout_ms, 10000);
	assert_int_equal(s->max_size_bytes, 10 << 20);
	assert_int_equal(s->flood_limit, 20);
	assert_int_equal(s->keep_s, 0);
	assert_int_equal(s->updates, UPDATES_CHANGED);
	assert_int_equal(s->allow_private_addresses, 0);
	assert_int_equal(s->enabled && s->publish && s->archive, 1);
	assert_null(s->headers[0].name);
	assert_null(s->tags[0]);
	assert_int_equal(c->http.enabled, 1);
	assert_string_equal(c->http.listen[0], "127.0.0.1:8080");
	assert_null(c->http.listen[1]);
	assert_int_equal(c->http.connections, 1024);
	assert_int_equal(c->http.connections_per_address, 64);
	assert_int_equal(c->log_level, LOG_INFO);
	assert_int_equal(c->archives_count, 0);
	assert_int_equal(c->outlets_count, 1);
	assert_string_equal(c->outlets[0].name, "all");
	assert_string_equal(c->outlets[0].directory, "/s/www");
	assert_string_equal(c->outlets[0].url, "http://127.0.0.1:8080/");
	assert_int_equal(c->outlets[0].entries, 200);
	assert_int_equal(c->outlets[0].content, CONTENT_FULL);
	config_unref(c);
}

static void
test_values(void **state)
{
	const struct config *c = load_good(
	    "fetch: {interval: 1h30m, jitter: 5 %, proxy: 'http://p:1'}\n"
	    "http: {listen: [localhost:81, unix:sock]}\n"
	    "publish: {a: {formats: [rss, opml], directory: ./x//y/}}\n"
	    "feeds:\n"
	    "  a: {url: 'http://example.org/', timezone: -03:30,\n"
	    "    updates: never, tags: [x, 中], publish: no, proxy: ~,\n"
	    "    headers: {X-A: b}, filter: {frames: e.org}}\n"
	    "  b: {url: 'http://example.org/b'}\n");
	const struct config_source *s = &c->sources[0];

	(void)state;
	assert_int_equal(s->interval_s, 5400);
	assert_int_equal(c->fetch.jitter_percent, 5);
	assert_int_equal(s->zone_s, -12600);
	assert_int_equal(s->updates, UPDATES_NEVER);
	assert_string_equal(s->tags[1], "中");
	assert_int_equal(s->publish, 0);
	assert_null(s->proxy);
	assert_string_equal(c->sources[1].proxy, "http://p:1");
	assert_string_equal(s->headers[0].value, "b");
	assert_string_equal(s->html.frames[0], "e.org");
	assert_string_equal(c->http.listen[0], "127.0.0.1:81");
	assert_string_equal(c->http.listen[1], "unix:/s/sock");
	assert_int_equal(c->outlets[0].formats, OUTLET_RSS | OUTLET_OPML);
	assert_string_equal(c->outlets[0].directory, "/s/x/y");
	assert_string_equal(c->outlets[0].url, "http://127.0.0.1:81/");
	config_unref(c);
}

/* Quoting, folding, escapes: text as YAML means it. */
static void
test_text(void **state)
{
	const struct config *c = load_good("feeds:\n  a:\n"
	    "    url: 'http://e.org/'\n    title: \"\\u4e2d \\\"x\\\"\\\n"
	    "      y\"\n    tags:\n    - 'it''s''s''s''s''s''s''s''s''s'\n"
	    "    - >-\n      fold\n      ed\n    - plain 'text' # no\n");

	(void)state;
	assert_string_equal(c->sources[0].title, "中 \"x\"y");
	assert_string_equal(c->sources[0].tags[0], "it's's's's's's's's's");
	assert_string_equal(c->sources[0].tags[1], "fold ed");
	assert_string_equal(c->sources[0].tags[2], "plain 'text'");
	config_unref(c);
}

static void
test_switched_off(void **state)
{
	const struct config *c = load_good("http: {listen: []}\npublish: {}\n"
	    "feeds: {a: {url: 'http://example.org/'}}\n");

	(void)state;
	assert_int_equal(c->http.enabled, 0);
	assert_int_equal(c->outlets_count, 0);
	config_unref(c);
}

static void
test_state(void **state)
{
	const char *text = "state: given\nfeeds: {a: {url: 'http://e.org/'}}\n";
	struct config_options none = { 0 };
	const struct config *c;
	char cwd[PATH_MAX], wanted[PATH_MAX + 10];

	(void)state;
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	c = config_load_text(&none, "t", text, strlen(text), NULL, NULL);
	snprintf(wanted, sizeof(wanted), "%s/given", cwd);
	assert_string_equal(c->state, wanted);
	config_unref(c);

	/* --state goes before it, also for the paths that follow. */
	c = load_good("state: /given\ndatabase: d\nfeeds: {a: {url: "
	    "'http://e.org/'}}\n");
	assert_string_equal(c->state, "/s");
	assert_string_equal(c->database, "/s/d");
	config_unref(c);

	text += strlen("state: given\n");
	setenv("STATE_DIRECTORY", "/var/lib/x:/y", 1);
	c = config_load_text(&none, "t", text, strlen(text), NULL, NULL);
	assert_string_equal(c->state, "/var/lib/x");
	config_unref(c);
	unsetenv("STATE_DIRECTORY");
	c = config_load_text(&none, "t", text, strlen(text), NULL, NULL);
	snprintf(wanted, sizeof(wanted), "%s/var", cwd);
	assert_string_equal(c->state, wanted);
	config_unref(c);
}

/* ----------------------------------------------------------------- secrets */

static void
write_file(const char *dir, const char *name, const char *text)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	struct err e;

	assert_true(fd >= 0);
	assert_int_equal(file_replace(fd, name, text, strlen(text), &e), 0);
	close(fd);
}

static void
test_secrets(void **state)
{
	static const char text[] =
	    "feeds:\n  a:\n    url: !env FM_URL\n    user: me\n"
	    "    password: !credential pass\n"
	    "    headers: {X-Key: !env FM_KEY, Y-Key: hunter2}\n";
	char dir[] = "/tmp/feedmill-test-XXXXXX", path[64];
	const struct config_options from_file = { path, "/s" };
	struct buf dump = { 0 };
	const struct config *c;

	(void)state;
	assert_non_null(mkdtemp(dir));
	write_file(dir, "pass", "hunter2\n");
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	setenv("FM_URL", "https://example.org/?hunter2", 1);
	setenv("FM_KEY", "hunter2", 1);
	c = load_good(text);
	assert_string_equal(c->sources[0].password, "hunter2");
	assert_string_equal(c->sources[0].url,
	    "https://example.org/?hunter2");
	assert_string_equal(c->sources[0].headers[0].value, "hunter2");
	config_dump(c, &dump);
	assert_null(strstr(dump.data, "hunter2"));
	assert_non_null(strstr(dump.data, "password: !credential pass\n"));
	assert_non_null(strstr(dump.data, "\"X-Key\": !env FM_KEY"));
	config_unref(c);
	unsetenv("FM_URL");
	unsetenv("FM_KEY");
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_mistake(text, "t.yaml:3:15: error: environment variable");
	assert_mistake("feeds: {a: {url: 'http://e.org/', user: !credential "
	    "../pass}}\n", "t.yaml:1:53: error: a credential's name");
	/* Who asks only where the database is need not know them. */
	write_file(dir, "t.yaml", text);
	snprintf(path, sizeof(path), "%s/t.yaml", dir);
	assert_null(config_load(&from_file, NULL, NULL));
	c = config_load_public(&from_file, NULL, NULL);
	assert_non_null(c);
	assert_string_equal(c->database, "/s/feedmill.db");
	assert_string_equal(c->sources[0].url, "...");
	config_unref(c);
	unlink(path);
	snprintf(path, sizeof(path), "%s/pass", dir);
	unlink(path);
	rmdir(dir);
	buf_fini(&dump);
}

/* ------------------------------------------------------------------ conf.d */

static void
test_fragments(void **state)
{
	char dir[] = "/tmp/feedmill-test-XXXXXX", path[128], sub[64];
	struct config_options o = { path, "/s" };
	struct buf report = { 0 }, wanted = { 0 };
	const struct config *c;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(sub, sizeof(sub), "%s/conf.d", dir);
	snprintf(path, sizeof(path), "%s/feedmill.yaml", dir);
	assert_null(config_load(&o, &report, NULL));
	assert_non_null(strstr(report.data, ": error: there is no such file"));
	buf_reset(&report);

	assert_int_equal(mkdir(sub, 0755), 0);
	write_file(dir, "feedmill.yaml", "fetch: {interval: 1h}\n"
	    "feeds:\n  m: {url: 'http://e.org/m', tags: [t]}\n");
	write_file(sub, "20-b.yaml", "feeds:\n  b: {url: 'http://e.org/b'}\n");
	write_file(sub, "10-a.yaml", "feeds:\n  a: {url: 'http://e.org/a'}\n"
	    "publish: {t: {tags: [t]}}\n");
	write_file(sub, "30-c.yaml.bak", "nonsense");
	c = config_load(&o, &report, NULL);
	assert_non_null(c);
	assert_int_equal(c->sources_count, 3);
	assert_string_equal(c->sources[0].name, "m");
	assert_string_equal(c->sources[1].name, "a");
	assert_string_equal(c->sources[2].name, "b");
	assert_int_equal(c->sources[2].interval_s, 3600);
	assert_int_equal(c->sources[2].line, 2);
	assert_non_null(strstr(c->sources[2].file, "conf.d/20-b.yaml"));
	config_unref(c);

	write_file(sub, "20-b.yaml", "fetch:\n  interval: 2h\nfeeds:\n"
	    "  m: {url: 'http://e.org/x'}\n");
	assert_null(config_load(&o, &report, NULL));
	buf_printf(&wanted, "%s/20-b.yaml:2:3: error: the setting "
	    "\"interval\" is given twice; first at %s:1:9\n", sub, path);
	assert_non_null(strstr(report.data, wanted.data));
	buf_reset(&wanted);
	buf_printf(&wanted, "%s/20-b.yaml:4:3: error: feed \"m\" is given "
	    "twice; first at %s:3:3\n", sub, path);
	assert_non_null(strstr(report.data, wanted.data));
	buf_fini(&report);
	buf_fini(&wanted);
	snprintf(path, sizeof(path), "rm -r %s", dir);
	assert_int_equal(system(path), 0);
}

/* -------------------------------------------------------------- properties */

static char *
dump_of(const struct config *c)
{
	struct buf b = { 0 };

	config_dump(c, &b);
	return buf_take(&b);
}

static void
assert_dump_is_stable(const char *text)
{
	const struct config *c = load(text, NULL), *again;
	char *first, *second;

	assert_non_null(c);
	first = dump_of(c);
	again = load_good(first);
	second = dump_of(again);
	assert_string_equal(first, second);
	free(first);
	free(second);
	config_unref(c);
	config_unref(again);
}

static void
test_dump_loads_again(void **state)
{
	char *good = slurp("tests/corpus/config/good.yaml");
	char *shipped = slurp("conf/feedmill.yaml");

	(void)state;
	assert_true(strlen(good) > 100 && strlen(shipped) > 100);
	assert_dump_is_stable(good);
	assert_dump_is_stable(shipped);
	assert_dump_is_stable("publish: {}\nfeeds: {a: {url: "
	    "'http://e.org/'}, '-': {url: 'http://e.org/%20?a=b&c#d'}}\n");
	free(good);
	free(shipped);
}

/* What `check --defaults` prints is a file that changes nothing. */
static void
test_printed_defaults(void **state)
{
	static const char feed[] = "feeds: {a: {url: 'http://e.org/'}}\n";
	struct buf printed = { 0 };
	const struct config *plain = load_good(feed), *full;
	char *one, *other;

	(void)state;
	config_print_options(&printed, 0);
	buf_puts(&printed, feed);
	full = load_good(printed.data);
	one = dump_of(plain);
	other = dump_of(full);
	assert_string_equal(one, other);
	free(one);
	free(other);
	config_unref(plain);
	config_unref(full);
	buf_fini(&printed);
}

static void
test_manual(void **state)
{
	char *page = slurp("src/feedmill.yaml.5");
	struct buf options = { 0 };

	(void)state;
	config_print_options(&options, 1);
	if (strstr(page, options.data) == NULL) {
		/* In pieces: a long message is cut. */
		for (char *rest = options.data, *line;
		    (line = strsep(&rest, "\n")) != NULL;)
			print_message("# %s%s\n", strstr(page, line) == NULL ?
			    "+ " : "  ", line);
		fail_msg("these are not the options in src/feedmill.yaml.5; "
		    "\"+\": the line is not there at all");
	}
	free(page);
	buf_fini(&options);
}

/* Each option is in the shipped file, at its default. */
static void
test_shipped_file(void **state)
{
	struct config_options o = { "conf/feedmill.yaml", "/s" };
	struct buf report = { 0 }, line = { 0 };
	char *text = slurp(o.path);
	const struct config *c = config_load(&o, &report, NULL);

	(void)state;
	if (c == NULL || report.len > 0)
		fail_msg("%s", buf_str(&report));
	assert_int_equal(c->sources_count, 3);
	assert_non_null(config_find_source(c, "nyt-chinese"));
	assert_non_null(config_find_source(c,
	    "https://cn.nikkei.com/rss.html"));
	assert_string_equal(config_find_source(c, "voa-chinese")->url,
	    "https://www.voachinese.com/api/zm_yql-vomx-tpeybti");
	assert_int_equal(c->outlets_count, 1);
	assert_string_equal(c->outlets[0].name, "all");
	assert_string_equal(c->outlets[0].directory, "/s/www");
	assert_int_equal(c->archives_count, 1);
	for (size_t i = 0; i < config_options_count; i++) {
		const struct option *opt = &config_options[i];

		buf_reset(&line);
		buf_printf(&line, " %s:%s%s", opt->name, opt->initial != NULL ?
		    " " : "", opt->shown != NULL && opt->initial != NULL ?
		    opt->shown : opt->initial != NULL ? opt->initial : "");
		if (opt->in == IN_TOP && opt->initial != NULL)
			line.data[0] = '\n';
		if (strstr(text, line.data) == NULL)
			fail_msg("\"%s\" is not in %s", line.data, o.path);
	}
	config_unref(c);
	free(text);
	buf_fini(&report);
	buf_fini(&line);
}

/* ------------------------------------------------------------------ asking */

static void
test_asking(void **state)
{
	const struct config *c = load_good("publish:\n"
	    "  t: {tags: [x]}\n  f: {feeds: [b]}\n  both: {tags: x, feeds: b}\n"
	    "  all: {}\nfeeds:\n"
	    "  b: {url: 'http://e.org/1'}\n"
	    "  a: {url: 'http://e.org/2', tags: [y, x]}\n");
	const struct config_outlet *o = c->outlets;
	const struct config_source *b = config_find_source(c, "b");
	const struct config_source *a = config_find_source(c, "http://e.org/2");

	(void)state;
	assert_string_equal(b->url, "http://e.org/1");
	assert_string_equal(a->name, "a");
	assert_int_equal(a->order, 1);
	assert_null(config_find_source(c, "c"));
	assert_true(config_selects(o[0].tags, o[0].sources, a));
	assert_false(config_selects(o[0].tags, o[0].sources, b));
	assert_false(config_selects(o[1].tags, o[1].sources, a));
	assert_true(config_selects(o[1].tags, o[1].sources, b));
	assert_true(config_selects(o[2].tags, o[2].sources, a));
	assert_true(config_selects(o[2].tags, o[2].sources, b));
	assert_true(config_selects(o[3].tags, o[3].sources, b));
	config_ref(c);
	config_unref(c);
	assert_string_equal(b->name, "b");	/* still there */
	config_unref(c);
	config_unref(NULL);
}

static void
test_suggest(void **state)
{
	static const char *const names[] = { "interval", "interval-min",
	    "timeout", "tags", "url", NULL };

	(void)state;
	assert_string_equal(config_suggest("intervall", names), "interval");
	assert_string_equal(config_suggest("interval_min", names),
	    "interval-min");
	assert_string_equal(config_suggest("tiemout", names), "timeout");
	assert_string_equal(config_suggest("ulr", names), "url");
	assert_null(config_suggest("colour", names));
	assert_null(config_suggest("x", names));
}

/* ------------------------------------------------------------------- sizes */

/* libfyaml's own check for duplicate keys takes seconds here. */
static void
test_ten_thousand_feeds(void **state)
{
	struct buf text = { 0 };
	const struct config *c;
	int64_t began, took;

	(void)state;
	buf_puts(&text, "feeds:\n");
	for (int i = 0; i < 10000; i++)
		buf_printf(&text, "  feed-%d:\n    url: "
		    "http://h%d.example/feed\n    tags: [a, b%d]\n"
		    "    interval: 15m\n", i, i, i % 100);
	began = clock_mono_ms();
	c = load_good(text.data);
	took = clock_mono_ms() - began;
	assert_int_equal(c->sources_count, 10000);
	assert_string_equal(config_find_source(c, "feed-9999")->url,
	    "http://h9999.example/feed");
	/* 0.1 s alone; slack for sanitizers and a busy machine. */
	assert_true(took < 5000);
	config_unref(c);
	buf_fini(&text);
}

/* A bomb is refused, and no report is longer than a person reads. */
static void
test_bombs(void **state)
{
	struct buf text = { 0 };
	char *report;

	(void)state;
	assert_mistake("a: &a [x]\nb: [*a, *a]\n", "anchors");
	for (int i = 0; i < 100000; i++)
		buf_putc(&text, '[');
	assert_mistake(text.data, "nested too deeply");
	buf_reset(&text);
	for (int i = 0; i < 20000; i++)
		buf_printf(&text, "k%d: 1\n", i);
	assert_null(load(text.data, &report));
	assert_non_null(strstr(report, "... and 19500 more\n"));
	free(report);
	buf_reset(&text);
	buf_puts(&text, "x: ");
	for (int i = 0; i < 100000; i++)
		buf_puts(&text, "中");
	assert_null(load(text.data, &report));
	assert_true(strlen(report) < 2000);
	free(report);
	buf_fini(&text);
}

static int
find_root(void **state)
{
	(void)state;
	return getcwd(root, sizeof(root)) == NULL;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nine_mistakes),
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_switched_off),
		cmocka_unit_test(test_state),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_dump_loads_again),
		cmocka_unit_test(test_printed_defaults),
		cmocka_unit_test(test_manual),
		cmocka_unit_test(test_shipped_file),
		cmocka_unit_test(test_asking),
		cmocka_unit_test(test_suggest),
		cmocka_unit_test(test_ten_thousand_feeds),
		cmocka_unit_test(test_bombs),
	};

	setenv("CMOCKA_MESSAGE_OUTPUT", "TAP", 0);
	unsetenv("STATE_DIRECTORY");
	return cmocka_run_group_tests(tests, find_root, NULL);
}
