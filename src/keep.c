/* keep.c - see keep.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/base/err.h"
#include "feedmill/base/file.h"
#include "feedmill/base/hash.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "feedmill/keep.h"

static const char magic[] = "feedmill-answer: 1";
static const char ending[] = ".answer";
enum { NAME_SOURCE_MAX = 60, STAMP_LEN = 19 };

/* ------------------------------------------------------------- to a file */

static void
put_line(struct buf *b, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_printf(b, "%s: ", name);
	text_collapse(b, value, strlen(value));
	buf_putc(b, '\n');
}

static void
put_url(struct buf *b, const char *name, const char *url)
{
	char *shown = url != NULL ? url_redact(url) : NULL;

	put_line(b, name, shown);
	free(shown);
}

/* "20261122T050000123Z-source-0123456789abcdef.answer": in order of time. */
static void
put_name(struct buf *b, const struct kept *k)
{
	char when[DATE_TEXT_SIZE], hex[DIGEST_HEX_SIZE];
	const char *s = k->source != NULL ? k->source : "";
	size_t begin;

	date_format_iso24(k->at_ms, when);
	for (const char *p = when; *p != '\0'; p++)
		if (strchr("-:.", *p) == NULL)
			buf_putc(b, *p);
	buf_putc(b, '-');
	for (begin = b->len; *s != '\0' && b->len - begin < NAME_SOURCE_MAX;
	    s++)
		buf_putc(b, (*s >= 'a' && *s <= 'z') ||
		    (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') ?
		    *s : '_');
	digest_hex(hash_128(k->body, k->body_len), hex);
	buf_printf(b, "-%.16s%s", hex, ending);
}

void
keep_format(struct buf *b, struct buf *name, const struct kept *k)
{
	char text[DATE_TEXT_SIZE];

	buf_printf(b, "%s\n", magic);
	put_line(b, "Source", k->source);
	put_url(b, "Url", k->url);
	date_format_rfc3339(k->at_ms, text);
	put_line(b, "Time", text);
	put_line(b, "Outcome", k->outcome);
	put_line(b, "Reason", k->reason);
	put_line(b, "Content-Type", k->content_type);
	put_line(b, "Content-Language", k->content_language);
	put_url(b, "Content-Location", k->content_location);
	put_line(b, "Charset", k->charset);
	if (k->zone_s != 0)
		buf_printf(b, "Zone: %d\n", k->zone_s);
	if (k->exchange != NULL)
		buf_puts(b, k->exchange);
	buf_putc(b, '\n');
	buf_append(b, k->body, k->body_len);
	put_name(name, k);
}

/* -------------------------------------------------------------- and back */

static void
take_line(struct kept *k, const char *line)
{
	const struct {
		const char *name, **to;
	} rows[] = {
		{ "Source: ", &k->source }, { "Url: ", &k->url },
		{ "Outcome: ", &k->outcome }, { "Reason: ", &k->reason },
		{ "Content-Type: ", &k->content_type },
		{ "Content-Language: ", &k->content_language },
		{ "Content-Location: ", &k->content_location },
		{ "Charset: ", &k->charset },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (text_prefix_nocase(line, rows[i].name))
			*rows[i].to = line + strlen(rows[i].name);
	if (text_prefix_nocase(line, "Zone: "))
		k->zone_s = atoi(line + strlen("Zone: "));
}

int
keep_read(char *bytes, size_t len, struct kept *ret, struct err *e)
{
	char *p = bytes, *end = bytes + len, *nl;
	int first = 1;

	*ret = (struct kept){ .zone_s = 0 };
	while ((nl = memchr(p, '\n', (size_t)(end - p))) != NULL && nl > p) {
		*nl = '\0';
		if (first && strcmp(p, magic) != 0)
			break;
		first = 0;
		take_line(ret, p);
		p = nl + 1;
	}
	if (first || nl != p)
		return err_set(e, "not an answer that feedmill kept");
	ret->body = p + 1;
	ret->body_len = (size_t)(end - ret->body);
	if (ret->zone_s < -86400 || ret->zone_s > 86400)
		ret->zone_s = 0;
	return 0;
}

/* ------------------------------------------------------------- the folder */

struct listed {
	char	*name;
	size_t	 bytes;
};

static int
order_by_name(const void *pa, const void *pb)
{
	const struct listed *a = pa, *b = pb;

	return strcmp(a->name, b->name);
}

static int
is_kept(const char *name)
{
	size_t len = strlen(name), end = strlen(ending);

	return len > STAMP_LEN + end && name[8] == 'T' &&
	    strspn(name, "0123456789") == 8 && name[STAMP_LEN] == '-' &&
	    strcmp(name + len - end, ending) == 0;
}

/* Nothing else that is in the folder is ours. */
static struct listed *
list_folder(int dirfd, size_t *ret_count)
{
	int fd = dup(dirfd);
	DIR *dir = fd != -1 ? fdopendir(fd) : NULL;
	struct listed *list = NULL;
	struct dirent *d;
	struct stat st;
	size_t n = 0;

	if (dir == NULL && fd != -1)
		close(fd);
	while (dir != NULL && (d = readdir(dir)) != NULL) {
		if (!is_kept(d->d_name) || fstatat(dirfd, d->d_name, &st,
		    AT_SYMLINK_NOFOLLOW) == -1 || !S_ISREG(st.st_mode))
			continue;
		list = xrealloc(list, (n + 1) * sizeof(*list));
		list[n++] = (struct listed){ xstrdup(d->d_name),
		    (size_t)st.st_size };
	}
	if (dir != NULL)
		closedir(dir);
	if (n > 0)
		qsort(list, n, sizeof(*list), order_by_name);
	*ret_count = n;
	return list;
}

/* "-source-" of a name, as that of another? */
static int
same_source(const char *a, const char *b)
{
	size_t n = (size_t)(strrchr(a, '-') - a) - STAMP_LEN + 1;

	return strncmp(a + STAMP_LEN, b + STAMP_LEN, n) == 0;
}

/* What would be, with the new one. */
struct tally {
	size_t	 files, of_source, bytes;
	int	 there;		/* the same source's same body */
};

static struct tally
count_all(const struct listed *list, size_t count, const char *name,
    size_t bytes)
{
	struct tally t = { .files = count + 1, .of_source = 1,
	    .bytes = bytes };

	for (size_t i = 0; i < count; i++) {
		t.bytes += list[i].bytes;
		t.of_source += same_source(list[i].name, name) != 0;
		t.there |= strcmp(list[i].name + STAMP_LEN,
		    name + STAMP_LEN) == 0;
	}
	return t;
}

static int
remove_one(int dirfd, struct listed *one, struct tally *t)
{
	if (one->name == NULL || unlinkat(dirfd, one->name, 0) == -1)
		return 0;
	free(TAKE(one->name));
	t->files--;
	t->bytes -= one->bytes;
	return 1;
}

/* The oldest go for the new one: first those of a source that has its
 * share, so that one that is always broken costs the others nothing. */
static void
remove_oldest(int dirfd, struct listed *list, size_t count, const char *name,
    struct tally *t)
{
	for (size_t i = 0; i < count && t->of_source > KEEP_OF_SOURCE_MAX;
	    i++)
		if (same_source(list[i].name, name) &&
		    remove_one(dirfd, &list[i], t))
			t->of_source--;
	for (size_t i = 0; i < count && (t->files > KEEP_FILES_MAX ||
	    t->bytes > KEEP_BYTES_MAX); i++)
		remove_one(dirfd, &list[i], t);
}

/* 1: it is there already. */
static int
make_room(int dirfd, const char *name, size_t bytes)
{
	size_t count;
	struct listed *list = list_folder(dirfd, &count);
	struct tally t = count_all(list, count, name, bytes);

	if (!t.there)
		remove_oldest(dirfd, list, count, name, &t);
	for (size_t i = 0; i < count; i++)
		free(list[i].name);
	free(list);
	return t.there;
}

/* What others wrote is not for everybody on this machine to read. */
static int
open_folder(const char *folder, struct err *e)
{
	char *parent = xstrdup(folder), *slash = strrchr(parent, '/');
	int rc = 0;

	if (slash != NULL && slash > parent) {
		*slash = '\0';
		rc = file_make_dirs(parent, e);
	}
	free(parent);
	if (rc == 0 && mkdir(folder, 0700) == -1 && errno != EEXIST)
		rc = err_set(e, "%s: %s", folder, strerror(errno));
	return rc == -1 ? -1 : file_open_dir(folder, e);
}

int
keep_put(const char *folder, const char *name, const void *bytes, size_t len,
    struct err *e)
{
	int dir, rc = 0;

	if (len > KEEP_BYTES_MAX)
		return err_set(e, "%s: larger than all that is kept", name);
	if ((dir = open_folder(folder, e)) == -1)
		return -1;
	file_sweep(dir);
	if (!make_room(dir, name, len) &&
	    file_replace(dir, name, bytes, len, e) == -1)
		rc = err_prefix(e, "%s", folder);
	close(dir);
	return rc;
}
