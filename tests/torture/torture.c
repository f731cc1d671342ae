/*
 * torture.c - every way in which the world below can fail, one at a time.
 *
 *	torture [-j JOBS] [-n SAMPLE] [-t SECONDS] [-v] [STEP/OP/MODE[/N]...]
 *
 * A story of some steps (world.c) is told once without a fault; what is kept
 * and published after each step is written down (truth.c), and how often each
 * kind of call was made (disk.c).  Then, for each step, each kind of call,
 * each way to fail and each of these calls: the step is told again by a
 * process of its own with that fault, beginning with what the steps before
 * have left.  After it,
 *
 *	- nothing that was acknowledged is missing, no file is half;
 *	- what is missing was said: in the log or by the end of the round;
 *
 * and when the step is told once more without a fault, everything is as if
 * there had never been one.
 *
 * Prints TAP: one test, and what was done as comments.
 */
#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <ev.h>

#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/log.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/url.h"
#include "feedmill/config.h"
#include "feedmill/mill.h"

#include "disk.h"
#include "truth.h"
#include "world.h"

enum {
	PATIENCE_S = 60,	/* a process that takes longer hangs */
	COMPLAINTS = 4096,	/* bytes */
	SPREAD = 7919,		/* a prime */
	MEMORY_POINTS = 100	/* of each kind of allocation, in a step */
};

struct point {
	int		 step;
	struct fault	 fault;
};

enum result { RESULT_NONE, RESULT_MISSED, RESULT_OK, RESULT_BAD };

/* What one process says to another. */
struct told {
	struct disk_log	 log;
	int		 visits[SOURCES];
	int		 said;		/* that something is wrong */
	char		 words[256];
	char		 complaints[COMPLAINTS];
};

static struct {
	char		 base[64];
	unsigned	 calls[STEPS][OP_COUNT];
	char		*expected[STEPS];
	struct point	*points;
	size_t		 count, room;
	unsigned char	*results;	/* shared */
	time_t		 until;		/* no further point; 0: all */
	int		 verbose;
} all;

static struct told *told;		/* shared, of this worker */

/* ----------------------------------------------------------------- folders */

static void
remove_tree(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	char inner[PATH_MAX];

	if (dir == NULL)
		return;
	while ((d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") == 0 ||
		    strcmp(d->d_name, "..") == 0)
			continue;
		snprintf(inner, sizeof(inner), "%.3000s/%s", path,
		    d->d_name);
		if (unlink(inner) != 0)
			remove_tree(inner);
	}
	closedir(dir);
	rmdir(path);
}

static void
copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY), out = open(to,
	    O_WRONLY | O_CREAT | O_TRUNC, 0644);
	char bytes[65536];
	ssize_t n;

	assert(in != -1 && out != -1);
	while ((n = read(in, bytes, sizeof(bytes))) > 0)
		assert(write(out, bytes, (size_t)n) == n);
	assert(n == 0);
	close(in);
	close(out);
}

/* The folders in it as well, or not. */
static void
copy_tree(const char *from, const char *to, int all_of_it)
{
	DIR *dir = opendir(from);
	struct dirent *d;
	char a[PATH_MAX], b[PATH_MAX];
	struct stat st;

	assert(dir != NULL && mkdir(to, 0755) == 0);
	while ((d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") == 0 ||
		    strcmp(d->d_name, "..") == 0)
			continue;
		snprintf(a, sizeof(a), "%.3000s/%s", from, d->d_name);
		snprintf(b, sizeof(b), "%.3000s/%s", to, d->d_name);
		assert(lstat(a, &st) == 0);
		if (S_ISDIR(st.st_mode) && all_of_it)
			copy_tree(a, b, 1);
		else if (S_ISREG(st.st_mode))
			copy_file(a, b);
	}
	closedir(dir);
}

static void
put_copy(const char *from, const char *to)
{
	remove_tree(to);
	copy_tree(from, to, 1);
}

/* What the steps before this one have left. */
static void
name_snapshot(char out[PATH_MAX], int step)
{
	snprintf(out, PATH_MAX, "%s/before-%d", all.base, step);
}

/* -------------------------------------------------------------- one round */

static const char of_before[] = "the database was not closed: ";

void __wrap_log_write(enum log_level, const char *, const struct log_field *);

void
__wrap_log_write(enum log_level level, const char *event,
    const struct log_field *f)
{
	char words[256];
	size_t n;

	/* That it was killed is told of the run before, and rightly. */
	if (level > LOG_WARN || strncmp(event, of_before,
	    strlen(of_before)) == 0)
		return;
	n = (size_t)snprintf(words, sizeof(words), "%s", event);
	for (; f->key != NULL && n < sizeof(words); f++)
		n += (size_t)snprintf(words + n, sizeof(words) - n, " %s=%s",
		    f->key, f->str != NULL ? f->str : "#");
	if (all.verbose)
		fprintf(stderr, "# %s\n", words);
	if (told != NULL && !told->said) {
		told->said = 1;
		memcpy(told->words, words, sizeof(words));
	}
}

static void
say(const char *what, const char *why)
{
	const struct log_field fields[] = { LOG_STR("why", why),
	    { 0, 0, 0 } };

	__wrap_log_write(LOG_ERROR, what, fields);
}

struct round_of_mill {
	struct ev_loop	*loop;
	struct mill	*mill;
};

static void
round_done(void *arg)
{
	struct round_of_mill *r = arg;

	if (mill_round(r->mill).storage_failed)
		say("the round ends badly", "storage");
	ev_break(r->loop, EVBREAK_ALL);
}

static void
applied(const struct err *failed, void *arg)
{
	struct round_of_mill *r = arg;

	if (failed == NULL)
		return;
	say("not configured", failed->msg);
	ev_break(r->loop, EVBREAK_ALL);
}

static const struct config *
load(const char *state)
{
	const struct config_options options = { .path = "torture.yaml",
	    .state = state };
	struct buf text = { 0 }, report = { 0 };
	const struct config *config;
	unsigned mistakes;

	world_put_config(&text, state);
	config = config_load_text(&options, "torture.yaml", buf_str(&text),
	    text.len, &report, &mistakes);
	if (config == NULL) {
		fputs(buf_str(&report), stderr);
		abort();
	}
	buf_fini(&text);
	buf_fini(&report);
	return config;
}

/* As daemon_run() does with --once --now. */
static void
run_round(const char *state)
{
	const struct config *config = load(state);
	struct round_of_mill r = { .loop = ev_loop_new(EVFLAG_AUTO) };
	const struct mill_options options = { .once = 1, .now = 1,
		.done = round_done, .arg = &r };
	struct err err = { 0 };

	r.mill = mill_new(r.loop, config, &options, &err);
	if (r.mill == NULL) {
		say("cannot start", err.msg);
	} else {
		mill_configure(r.mill, config, applied, &r);
		ev_run(r.loop, 0);
		mill_free(r.mill);
	}
	config_unref(config);
	ev_loop_destroy(r.loop);
}

/* ------------------------------------------------------------- one point */

static void
complain(const char *fmt, const char *words)
{
	size_t n = strlen(told->complaints);

	snprintf(told->complaints + n, COMPLAINTS - n, fmt, words);
}

/* The exit status of fn(arg) in a process of its own; -1: a signal. */
static int
in_child(void (*fn)(const struct point *, const char *),
    const struct point *p, const char *state)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert(pid != -1);
	if (pid == 0) {
		alarm(PATIENCE_S);
		fn(p, state);
		_exit(0);
	}
	assert(waitpid(pid, &status, 0) == pid);
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	complain("killed by signal: %s\n", strsignal(WTERMSIG(status)));
	return -1;
}

static void
suffer(const struct point *p, const char *state)
{
	const struct fault *f = &p->fault;

	world_told = &told->visits;
	disk_begin(state, f, (uint64_t)p->step << 32 ^ (uint64_t)f->op << 24 ^
	    (uint64_t)f->mode << 16 ^ f->at, &told->log);
	run_round(state);
	disk_end();
}

/* Both texts from the first line that differs. */
static void
show_difference(const char *got, const char *expected)
{
	const char *g = got, *e = expected, *at;
	struct buf b = { 0 };

	for (at = got; *at != '\0' && *at == *e; at++, e++)
		if (*at == '\n') {
			g = at + 1;
			expected = e + 1;
		}
	buf_printf(&b, "got      %.*s\n  expected %.*s\n",
	    (int)strcspn(g, "\n"), g, (int)strcspn(expected, "\n"), expected);
	complain("  %s", buf_str(&b));
	buf_fini(&b);
}

/* Nothing acknowledged is missing; the database is a copy, because looking
 * repairs it. */
static void
look(const struct point *p, const char *state)
{
	struct buf b = { 0 };
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%.2000s-seen", state);
	remove_tree(copy);
	copy_tree(state, copy, 0);
	truth_check_crash(copy, state, p->step, &told->visits, &b);
	if (b.len > 0)
		complain("after the fault: %s", buf_str(&b));
	buf_fini(&b);
	remove_tree(copy);
}

/* Is everything as if there had been no fault? */
static int
is_expected(const struct point *p, const char *state, const char *when)
{
	struct buf b = { 0 };
	int same;

	truth_describe(state, &b);
	same = strcmp(buf_str(&b), all.expected[p->step]) == 0;
	if (!same && when != NULL) {
		complain("%s\n", when);
		show_difference(buf_str(&b), all.expected[p->step]);
	}
	buf_fini(&b);
	return same;
}

/* In a process of its own: it may die of what it finds. */
static void
recover(const struct point *p, const char *state)
{
	int ends = mode_ends(p->fault.mode);

	if (ends || told->said)
		look(p, state);
	if (!ends && is_expected(p, state, told->said ? NULL :
	    "something is missing and nothing was said:"))
		return;
	told->said = 0;
	run_round(state);
	if (told->said)
		complain("well again, it said: %s\n", told->words);
	is_expected(p, state, "after recovery:");
}

static void
print_point(const struct point *p)
{
	printf("%d/%s/%s/%u", p->step, op_names[p->fault.op],
	    mode_names[p->fault.mode], p->fault.at);
}

static enum result
run_point(const struct point *p, const char *state)
{
	char before[PATH_MAX], said[256];
	int status;

	*told = (struct told){ 0 };
	world_set_step(p->step);
	name_snapshot(before, p->step);
	put_copy(before, state);
	status = in_child(suffer, p, state);
	if (!told->log.reached && status == 0)
		return RESULT_MISSED;
	if (status > 0 && (status != 137 || !mode_ends(p->fault.mode)))
		complain("%s\n", "an exit of its own");
	memcpy(said, told->words, sizeof(said));
	in_child(recover, p, state);
	if (told->complaints[0] == '\0')
		return RESULT_OK;
	flockfile(stdout);
	printf("# ");
	print_point(p);
	printf(": %s# (it said: %s)\n", told->complaints, said);
	funlockfile(stdout);
	fflush(stdout);
	return RESULT_BAD;
}

/* ------------------------------------------------------------- all points */

/* Which ways to fail a call has. */
static int
has_mode(enum op op, enum mode mode)
{
	int is_memory = op == OP_MEMORY || op == OP_DB_MEMORY;
	int is_sync = op == OP_DB_SYNC || op == OP_SYNC;
	int is_write = op == OP_DB_WRITE || op == OP_WRITE;

	if (is_memory)
		return mode == MODE_NO_MEMORY || mode == MODE_NO_MEMORY_ON;
	switch (mode) {
	case MODE_EIO:
	case MODE_EIO_ON:
	case MODE_BURST:
		return 1;
	case MODE_FULL:
	case MODE_FULL_ON:
		return op_changes(op) || op == OP_DB_SHM;
	case MODE_SHORT:
		return is_write || op == OP_READ || op == OP_DB_READ;
	case MODE_SLOW:
		return is_sync || is_write;
	case MODE_GATE:
		return is_sync;
	case MODE_TORN:
		return is_write;
	case MODE_NO_MEMORY:
	case MODE_NO_MEMORY_ON:
	case MODE_COUNT:
		return 0;
	default:
		return op_changes(op);
	}
}

static void
add_point(const struct point *p)
{
	if (all.count == all.room) {
		all.room = all.room * 2 + 1024;
		all.points = xrealloc(all.points,
		    all.room * sizeof(*all.points));
	}
	all.points[all.count++] = *p;
}

static void
add_points(int step, enum op op, enum mode mode)
{
	unsigned calls = all.calls[step][op], by = 1;

	if ((op == OP_DB_MEMORY || op == OP_MEMORY) && calls > MEMORY_POINTS)
		by = calls / MEMORY_POINTS;
	for (unsigned n = 1; n <= calls; n += by)
		add_point(&(struct point){ step, { op, mode, n } });
}

static void
list_points(void)
{
	for (int step = 0; step < STEPS; step++)
		for (enum op op = 0; op < OP_COUNT; op++)
			for (enum mode mode = 0; mode < MODE_COUNT; mode++)
				if (has_mode(op, mode))
					add_points(step, op, mode);
}

/* Evenly over the list, so over steps, calls and modes. */
static void
take_sample(size_t n)
{
	size_t count = all.count;

	if (n >= count)
		return;
	for (size_t i = 0; i < n; i++)
		all.points[i] = all.points[i * count / n +
		    (i * 7919) % (count / n)];
	all.count = n;
}

static int
find_word(const char *const *words, int count, const char *word, size_t len)
{
	for (int i = 0; i < count; i++)
		if (strlen(words[i]) == len &&
		    strncmp(words[i], word, len) == 0)
			return i;
	fprintf(stderr, "torture: what is %.*s?\n", (int)len, word);
	exit(2);
}

/* STEP/OP/MODE/N, as it is printed; all N without it. */
static void
add_named(const char *name)
{
	int step = atoi(name);
	const char *op = strchr(name, '/'), *mode, *n;
	struct point p = { .step = step };

	if (op == NULL || (mode = strchr(op + 1, '/')) == NULL ||
	    step < 0 || step >= STEPS) {
		fprintf(stderr, "torture: STEP/OP/MODE[/N], not %s\n", name);
		exit(2);
	}
	n = strchr(mode + 1, '/');
	p.fault.op = (enum op)find_word(op_names, OP_COUNT, op + 1,
	    (size_t)(mode - op - 1));
	p.fault.mode = (enum mode)find_word(mode_names, MODE_COUNT, mode + 1,
	    n != NULL ? (size_t)(n - mode - 1) : strlen(mode + 1));
	if (n == NULL) {
		add_points(step, p.fault.op, p.fault.mode);
		return;
	}
	p.fault.at = (unsigned)atoi(n + 1);
	add_point(&p);
}

/* -------------------------------------------------------------------- main */

static void *
share(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert(p != MAP_FAILED);
	return p;
}

/* The story without a fault: what is expected, and how many calls it is. */
static void
learn(void)
{
	const struct fault none = { 0 };
	char before[PATH_MAX], after[PATH_MAX];

	told = share(sizeof(*told));
	name_snapshot(before, 0);
	assert(mkdir(before, 0755) == 0);
	for (int step = 0; step < STEPS; step++) {
		struct point p = { .step = step, .fault = none };
		struct buf b = { 0 };

		name_snapshot(before, step);
		name_snapshot(after, step + 1);
		put_copy(before, after);
		*told = (struct told){ 0 };
		world_set_step(step);
		suffer(&p, after);
		if (told->said) {
			printf("Bail out! without a fault: %s\n",
			    told->words);
			exit(1);
		}
		memcpy(all.calls[step], told->log.calls,
		    sizeof(all.calls[step]));
		truth_describe(after, &b);
		all.expected[step] = buf_take(&b);
		if (all.verbose)
			printf("# step %d\n%s", step, all.expected[step]);
	}
}

static void
work(int worker, int workers)
{
	char state[PATH_MAX];

	told = share(sizeof(*told));
	snprintf(state, sizeof(state), "%s/at-%d", all.base, worker);
	for (size_t n = (size_t)worker; n < all.count &&
	    (all.until == 0 || time(NULL) < all.until);
	    n += (size_t)workers) {
		/* Spread, so that a part of them is one of everything. */
		size_t i = all.count % SPREAD == 0 ? n :
		    n * SPREAD % all.count;

		all.results[i] = (unsigned char)run_point(&all.points[i],
		    state);
	}
	remove_tree(state);
}

static int
run_all(int jobs)
{
	int status, failed = 0;

	all.results = share(all.count + 1);
	for (int i = 0; i < jobs; i++) {
		fflush(NULL);
		if (fork() == 0) {
			work(i, jobs);
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		failed |= status != 0;
	return failed;
}

/* By kind of call and what became of it. */
static const struct column {
	const char	*name;
	enum mode	 from, to;
} columns[] = {
	{ "fails", MODE_EIO, MODE_FULL },
	{ "stays", MODE_EIO_ON, MODE_FULL_ON },
	{ "burst", MODE_BURST, MODE_BURST },
	{ "short", MODE_SHORT, MODE_SHORT },
	{ "slow", MODE_SLOW, MODE_SLOW },
	{ "gate", MODE_GATE, MODE_GATE },
	{ "memory", MODE_NO_MEMORY, MODE_NO_MEMORY_ON },
	{ "kill", MODE_KILL, MODE_TORN },
	{ "power", MODE_POWER_NONE, MODE_POWER_BYTES },
};

static unsigned
count_cell(enum op op, const struct column *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < all.count; i++) {
		const struct fault *f = &all.points[i].fault;

		n += f->op == op && f->mode >= c->from && f->mode <= c->to &&
		    all.results[i] >= RESULT_OK;
	}
	return n;
}

static void
print_table(void)
{
	unsigned n, sum;

	printf("# %-12s", "");
	for (size_t c = 0; c < ARRAY_LEN(columns); c++)
		printf("%8s", columns[c].name);
	printf("%8s\n", "all");
	for (enum op op = 0; op < OP_COUNT; op++) {
		sum = 0;
		printf("# %-12s", op_names[op]);
		for (size_t c = 0; c < ARRAY_LEN(columns); c++) {
			n = count_cell(op, &columns[c]);
			sum += n;
			printf("%8.0u", n);
		}
		printf("%8u\n", sum);
	}
}

static unsigned
count_results(enum result result)
{
	unsigned n = 0;

	for (size_t i = 0; i < all.count; i++)
		n += all.results[i] == result;
	return n;
}

static void
make_base(void)
{
	snprintf(all.base, sizeof(all.base), "%s/feedmill-torture-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert(mkdtemp(all.base) != NULL);
}

int
main(int argc, char **argv)
{
	int jobs = (int)sysconf(_SC_NPROCESSORS_ONLN), c, broken;
	size_t sample = SIZE_MAX, listed;
	time_t begun = time(NULL);
	unsigned bad, ok;

	while ((c = getopt(argc, argv, "j:n:t:v")) != -1) {
		if (c == 'j')
			jobs = atoi(optarg);
		else if (c == 'n')
			sample = (size_t)atol(optarg);
		else if (c == 't')
			all.until = begun + atol(optarg);
		else if (c == 'v')
			all.verbose = 1;
		else
			return 2;
	}
	printf("1..1\n");
	url_init();
	memory_install();
	vfs_install();
	make_base();
	learn();
	if (optind == argc)
		list_points();
	for (; optind < argc; optind++)
		add_named(argv[optind]);
	listed = all.count;
	take_sample(sample);
	printf("# %zu of %zu points\n", all.count, listed);
	broken = run_all(jobs);
	remove_tree(all.base);
	print_table();
	bad = count_results(RESULT_BAD);
	ok = count_results(RESULT_OK);
	printf("# %u faults not reached, %u not tried, %ld s\n",
	    count_results(RESULT_MISSED), count_results(RESULT_NONE),
	    (long)(time(NULL) - begun));
	broken |= bad > 0 || ok == 0;
	printf("%sok 1 - %u faults, of %u nothing remains\n",
	    broken ? "not " : "", ok + bad, ok);
	return broken;
}
