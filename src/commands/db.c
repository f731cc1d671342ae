/* db.c - `feedmill db`: the database, looked after. */
#include <stdio.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/config.h"
#include "feedmill/store_upkeep.h"

#include "private.h"

enum { DB_FORCE };
const struct option_row db_options[] = {
	[DB_FORCE] = { "force", 'f', NULL,
	    "backup: replace the file that is there", 0 },
	{ NULL, 0, NULL, NULL, 0 }
};

enum { EXIT_DAMAGED = 65, TELL_MS = 200 };

/* --------------------------------------------------------------- progress */

struct teller {
	int64_t	 told_ms;		/* monotonic */
	int64_t	 since_ms;
	const char *what;
};

/* On a terminal, now and then. */
static void
tell(const char *what, int64_t done, int64_t total, void *arg)
{
	struct teller *t = arg;
	int64_t now_ms = clock_mono_ms();

	if (t->what != what) {
		t->what = what;
		t->since_ms = now_ms;
	} else if (now_ms - t->told_ms < TELL_MS) {
		return;
	}
	t->told_ms = now_ms;
	if (total > 0)
		log_progress("%s: %d %%", what, (int)(100 * done / total));
	else
		log_progress("%s: %d s", what,
		    (int)((now_ms - t->since_ms) / 1000));
}

/* ------------------------------------------------------------ the actions */

static int
print_text(struct buf *b)
{
	int status;

	log_progress("%s", "");
	status = print_out(buf_str(b), b->len);
	buf_fini(b);
	return status;
}

static int
fail_quietly(const struct call *c, const struct err *e)
{
	log_progress("%s", "");
	return fail(c, e, 1);
}

static void
put_finding(const char *sentence, void *arg)
{
	buf_printf(arg, "%s\n", sentence);
}

static void
put_verdict(struct buf *b, const char *path, const struct store_checked *r)
{
	if (r->findings > 0) {
		buf_printf(b, "%s: damaged, %u findings\n", path,
		    r->findings);
		if (r->in_index > 0)
			buf_printf(b, "%u of them in the index for search: "
			    "`feedmill db reindex` makes that anew\n",
			    r->in_index);
		return;
	}
	buf_printf(b, "%s: ok, schema %lld", path, (long long)r->version);
	if (r->version != r->wanted_version)
		buf_printf(b, "; only its pages were looked at, as this "
		    "feedmill has schema %lld\n",
		    (long long)r->wanted_version);
	else
		buf_printf(b, ", %lld entries, %lld revisions, last number "
		    "%lld%s\n", (long long)r->entries,
		    (long long)r->revisions, (long long)r->last_seq,
		    r->was_index_read ? "" : "; the index for search was "
		    "only counted");
}

static int
db_check(struct call *c, const char *path,
    const struct store_progress *progress)
{
	struct buf out = { 0 };
	const struct store_findings findings = { put_finding, &out };
	struct store_checked checked;
	struct err e;
	int status;

	if (c->operands[1] != NULL)
		path = c->operands[1];
	if (store_check(path, progress, &findings, &checked, &e) != 0) {
		print_text(&out);
		return fail_quietly(c, &e);
	}
	put_verdict(&out, path, &checked);
	status = print_text(&out);
	return status == 0 && checked.findings > 0 ? EXIT_DAMAGED : status;
}

static int
db_backup(struct call *c, const char *path,
    const struct store_progress *progress)
{
	struct buf out = { 0 };
	int64_t bytes;
	char size[24];
	struct err e;

	if (store_backup(path, c->operands[1], c->option[DB_FORCE] != NULL,
	    progress, &bytes, &e) != 0)
		return fail_quietly(c, &e);
	text_format_size(bytes, size);
	buf_printf(&out, "%s: %s\n", c->operands[1], size);
	return print_text(&out);
}

static int
db_vacuum(struct call *c, const char *path,
    const struct store_progress *progress)
{
	struct buf out = { 0 };
	int64_t before, after;
	char from[24], to[24];
	struct err e;

	if (store_vacuum(path, progress, &before, &after, &e) != 0)
		return fail_quietly(c, &e);
	text_format_size(before, from);
	text_format_size(after, to);
	buf_printf(&out, "%s: %s, was %s\n", path, to, from);
	return print_text(&out);
}

static int
db_reindex(struct call *c, const char *path,
    const struct store_progress *progress)
{
	struct buf out = { 0 };
	int64_t revisions;
	struct err e;

	if (store_reindex(path, progress, &revisions, &e) != 0)
		return fail_quietly(c, &e);
	buf_printf(&out, "%s: the index for search is made anew, of %lld "
	    "revisions\n", path, (long long)revisions);
	return print_text(&out);
}

static int
db_upgrade(struct call *c, const char *path,
    const struct store_progress *progress)
{
	struct buf out = { 0 };
	int64_t from, to;
	struct err e;

	(void)progress;
	if (store_upgrade(path, &from, &to, &e) != 0)
		return fail_quietly(c, &e);
	buf_printf(&out, from == to ? "%s: has schema %lld already\n" :
	    "%s: schema %lld, was %lld\n", path, (long long)to,
	    (long long)from);
	return print_text(&out);
}

static const struct action {
	const char	*name;
	size_t		 least, most;	/* words after it */
	int		(*run)(struct call *, const char *path,
			    const struct store_progress *);
} actions[] = {
	{ "check", 0, 1, db_check },
	{ "backup", 1, 1, db_backup },
	{ "vacuum", 0, 0, db_vacuum },
	{ "reindex", 0, 0, db_reindex },
	{ "upgrade", 0, 0, db_upgrade },
};

static int
run_action(struct call *c, const struct action *a)
{
	struct teller teller = { 0 };
	const struct store_progress progress = { tell, &teller };
	size_t words = c->operands_count - 1;
	const struct config *config;
	int status;

	if (words < a->least)
		return usage_error(c, "%s: which FILE?", a->name);
	if (words > a->most)
		return usage_error(c, "%s: \"%s\" is one word too many",
		    a->name, c->operands[a->most + 1]);
	config = load_config(c, SECRETS_LEFT_OUT);
	if (config == NULL)
		return 1;
	status = a->run(c, config->database, &progress);
	config_unref(config);
	return status;
}

int
command_db(struct call *c)
{
	const char *names[ARRAY_LEN(actions) + 1] = { NULL };
	const char *near;

	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		if (strcmp(actions[i].name, c->operands[0]) == 0)
			return run_action(c, &actions[i]);
		names[i] = actions[i].name;
	}
	near = config_suggest(c->operands[0], names);
	return usage_error(c, "\"%s\" is none of check, backup, vacuum, "
	    "reindex, upgrade%s%s%s", c->operands[0],
	    near != NULL ? "; did you mean \"" : "",
	    near != NULL ? near : "", near != NULL ? "\"?" : "");
}
