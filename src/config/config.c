/*
 * config.c - the files of a configuration, and what the rest of feedmill
 * asks of it.  See private.h for the parts.
 *
 *	read all files -> trees -> merge -> check -> report, or a config
 */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feedmill/base/err.h"
#include "feedmill/base/mem.h"
#include "private.h"

#ifndef FEEDMILL_SYSCONFDIR
#define FEEDMILL_SYSCONFDIR	"/etc/feedmill"
#endif

/* Without -c; ./conf/feedmill.yaml is not looked for. */
static const char *
default_path(void)
{
	const char *env = getenv("FEEDMILL_CONFIG");

	return env != NULL && *env != '\0' ? env :
	    FEEDMILL_SYSCONFDIR "/feedmill.yaml";
}

/* ------------------------------------------------------------------- files */

struct files {
	struct config_file *list;
	size_t		 count;
};

/* why: "PATH: what is wrong with it", or that alone. */
static void
complain(struct loader *l, struct config_file *file, const char *why)
{
	struct place at = { .file = file };
	size_t len = strlen(file->name);

	if (strncmp(why, file->name, len) == 0 && why[len] == ':')
		why += len + 2;
	mistake_add(&l->mistakes, at, 0, "cannot be read: %s", why);
}

static void
add_file(struct files *f, const char *path, struct loader *l)
{
	struct config_file *file = &f->list[f->count];
	struct place at = { .file = file };
	struct err e;

	file->number = (unsigned)f->count++;
	errno = 0;
	if (config_file_read(file, path, &e) == 0)
		return;
	if (errno == ENOENT && file->number == 0)
		mistake_add(&l->mistakes, at, 0,
		    "there is no such file; -c FILE names another");
	else
		complain(l, file, e.msg);
}

static int
ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len > end_len && strcmp(name + len - end_len, end) == 0;
}

/* ".yml" is none, but meant to be one. */
static int
is_fragment(const struct dirent *d)
{
	return d->d_name[0] != '.' && (ends_with(d->d_name, ".yaml") ||
	    ends_with(d->d_name, ".yml"));
}

static int
by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

char *
config_fragments(const char *main_path)
{
	const char *slash = strrchr(main_path, '/');
	size_t len = slash != NULL ? (size_t)(slash - main_path) + 1 : 0;
	struct buf b = { 0 };

	buf_append(&b, main_path, len);
	buf_puts(&b, "conf.d");
	return buf_take(&b);
}

static void
warn_unread(struct files *f, const char *path, struct loader *l)
{
	struct config_file *file = &f->list[f->count];
	struct place at = { .file = file };

	file->number = (unsigned)f->count++;
	config_file_set(file, path, "", 0);
	mistake_add(&l->mistakes, at, 1,
	    "not read: in conf.d names end in .yaml");
}

/* Also the one that is only as if, in its place; name NULL: the end. */
static void
add_fragment(struct files *f, const char *dir, const char *name,
    struct loader *l)
{
	const struct config_fragment *own = l->fragment;
	char *path = NULL;

	if (own != NULL && (name == NULL || strcmp(own->name, name) <= 0)) {
		l->fragment = NULL;
		if (asprintf(&path, "%s/%s", dir, own->name) == -1)
			return;
		config_file_set(&f->list[f->count], path, own->text,
		    own->len);
		f->list[f->count].number = (unsigned)f->count;
		f->count++;
		free(path);
		if (name != NULL && strcmp(own->name, name) == 0)
			return;
	}
	if (name == NULL || asprintf(&path, "%s/%s", dir, name) == -1)
		return;
	if (ends_with(name, ".yml"))
		warn_unread(f, path, l);
	else
		add_file(f, path, l);
	free(path);
}

/* It may be absent; a link to nowhere is not. */
static int
is_absent(const char *dir)
{
	struct stat st;

	return errno == ENOENT && lstat(dir, &st) == -1 && errno == ENOENT;
}

static void
add_unreadable(struct files *f, const char *dir, const char *why,
    struct loader *l)
{
	struct config_file *file = &f->list[f->count];

	file->number = (unsigned)f->count++;
	config_file_set(file, dir, "", 0);
	complain(l, file, why);
}

/* conf.d beside the main file, in name order. */
static void
add_fragments(struct files *f, const char *main_path, struct loader *l)
{
	struct dirent **names = NULL;
	char *dir = config_fragments(main_path);
	int n;

	n = scandir(dir, &names, is_fragment, by_bytes);
	if (n == -1 && !is_absent(dir))
		add_unreadable(f, dir, strerror(errno), l);
	if (n > CONFIG_FILES_MAX)
		add_unreadable(f, dir, "too many files", l);
	for (int i = 0; i < n; i++) {
		if (n <= CONFIG_FILES_MAX)
			add_fragment(f, dir, names[i]->d_name, l);
		free(names[i]);
	}
	add_fragment(f, dir, NULL, l);
	free(names);
	free(dir);
}

/* ----------------------------------------------------------------- loading */

static int
order_by_name(const void *pa, const void *pb)
{
	const struct config_source *const *a = pa, *const *b = pb;

	return strcmp((*a)->name, (*b)->name);
}

static int
order_by_url(const void *pa, const void *pb)
{
	const struct config_source *const *a = pa, *const *b = pb;

	return strcmp((*a)->url, (*b)->url);
}

static const struct config_source **
sorted_sources(struct loaded *c, int (*order)(const void *, const void *))
{
	const struct config_source **list = arena_alloc(&c->arena,
	    (c->config.sources_count + 1) * sizeof(*list));

	for (size_t i = 0; i < c->config.sources_count; i++)
		list[i] = &c->config.sources[i];
	qsort(list, c->config.sources_count, sizeof(*list), order);
	return list;
}

static void
loaded_free(struct loaded *c)
{
	arena_fini(&c->arena);
	free(c);
}

/* Everything but reading the files. */
static const struct config *
load(struct loader *l, struct files *files, struct buf *report,
    unsigned *ret_mistakes)
{
	struct node **roots = xcalloc(files->count + 1, sizeof(*roots));
	const struct config *ret = NULL;

	for (size_t i = 0; i < files->count; i++)
		roots[i] = config_yaml_read(&l->scratch, &files->list[i],
		    &l->mistakes);
	config_merge(l, roots, files->count);
	config_check(l);
	if (report != NULL)
		mistakes_print(&l->mistakes, report);
	if (ret_mistakes != NULL)
		*ret_mistakes = l->mistakes.errors;
	l->state = xstrdup(l->out->config.state);
	if (l->mistakes.errors == 0) {
		l->out->by_name = sorted_sources(l->out, order_by_name);
		l->out->by_url = sorted_sources(l->out, order_by_url);
		l->out->references = 1;
		ret = &TAKE(l->out)->config;
	}
	free(roots);
	return ret;
}

static void
loader_init(struct loader *l, const struct config_options *options,
    const char *path)
{
	*l = (struct loader){ .options = options };
	l->out = xcalloc(1, sizeof(*l->out));
	l->seen = seen_new();
	l->out->config.path = arena_strdup(&l->out->arena, path);
}

static void
loader_fini(struct loader *l, struct files *files)
{
	if (l->out != NULL)
		loaded_free(l->out);
	free(l->state);
	free(l->source_nodes);
	free(l->outlet_nodes);
	free(l->archive_nodes);
	seen_free(l->seen);
	mistakes_fini(&l->mistakes);
	arena_fini(&l->scratch);
	for (size_t i = 0; i < files->count; i++)
		config_file_fini(&files->list[i]);
	free(files->list);
}

/* ret_state: the folder, also when there are mistakes; or NULL. */
static const struct config *
load_files(const struct config_options *options, int without_secrets,
    const struct config_fragment *fragment, struct buf *report,
    unsigned *ret_mistakes, char **ret_state)
{
	const char *path = options != NULL && options->path != NULL ?
	    options->path : default_path();
	const struct config *ret;
	struct files files = { xcalloc(CONFIG_FILES_MAX + 2,
	    sizeof(*files.list)), 0 };
	struct loader l;

	loader_init(&l, options, path);
	l.without_secrets = without_secrets;
	l.fragment = fragment;
	add_file(&files, path, &l);
	add_fragments(&files, path, &l);
	ret = load(&l, &files, report, ret_mistakes);
	if (ret_state != NULL)
		*ret_state = TAKE(l.state);
	loader_fini(&l, &files);
	return ret;
}

const struct config *
config_load(const struct config_options *options, struct buf *report,
    unsigned *ret_mistakes)
{
	return load_files(options, 0, NULL, report, ret_mistakes, NULL);
}

const struct config *
config_load_public(const struct config_options *options, struct buf *report,
    unsigned *ret_mistakes)
{
	return load_files(options, 1, NULL, report, ret_mistakes, NULL);
}

char *
config_state(const struct config_options *options)
{
	char *state;

	config_unref(load_files(options, 1, NULL, NULL, NULL, &state));
	return state;
}

const struct config *
config_load_with(const struct config_options *options,
    const struct config_fragment *fragment, struct buf *report,
    unsigned *ret_mistakes)
{
	return load_files(options, 1, fragment, report, ret_mistakes, NULL);
}

const struct config *
config_load_text(const struct config_options *options, const char *name,
    const char *text, size_t len, struct buf *report, unsigned *ret_mistakes)
{
	struct files files = { xcalloc(1, sizeof(*files.list)), 1 };
	const struct config *ret;
	struct loader l;

	loader_init(&l, options, name);
	config_file_set(&files.list[0], name, text, len);
	ret = load(&l, &files, report, ret_mistakes);
	loader_fini(&l, &files);
	return ret;
}

/* ---------------------------------------------------------------- counting */

static struct loaded *
loaded_of(const struct config *c)
{
	return (struct loaded *)(uintptr_t)c;
}

const struct config *
config_ref(const struct config *c)
{
	__atomic_fetch_add(&loaded_of(c)->references, 1, __ATOMIC_RELAXED);
	return c;
}

void
config_unref(const struct config *c)
{
	if (c == NULL)
		return;
	if (__atomic_fetch_sub(&loaded_of(c)->references, 1,
	    __ATOMIC_ACQ_REL) == 1)
		loaded_free(loaded_of(c));
}

/* ------------------------------------------------------------------ asking */

const struct config_source *
config_find_source(const struct config *c, const char *name_or_url)
{
	const struct loaded *l = loaded_of(c);
	struct config_source wanted = { .name = name_or_url,
	    .url = name_or_url };
	const struct config_source *key = &wanted, **found;

	found = bsearch(&key, l->by_name, c->sources_count,
	    sizeof(*l->by_name), order_by_name);
	if (found == NULL)
		found = bsearch(&key, l->by_url, c->sources_count,
		    sizeof(*l->by_url), order_by_url);
	return found != NULL ? *found : NULL;
}

const struct config_source *
config_defaults(const struct config *c)
{
	return &loaded_of(c)->defaults;
}
