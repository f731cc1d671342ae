/*
 * front.h - from the lines of a post to what its front matter says.
 *
 * Private to archive.  The old dialects' YAML is not always valid, so it is
 * read line by line, not by a YAML parser; what cannot be read is absent.
 */
#ifndef FEEDMILL_ARCHIVE_FRONT_H
#define FEEDMILL_ARCHIVE_FRONT_H

#include <stddef.h>

struct arena;
struct category;

/* What is not read yet. */
struct lines {
	const char	*at, *end;
};

/* The line at hand, without its line feed. */
size_t line_length(const struct lines *);
int line_is(const struct lines *, const char *text);	/* but for blanks */
void line_skip(struct lines *);
void line_skip_blank(struct lines *);

/* NULL: absent or empty. */
struct front {
	const char	*title, *date, *author, *from;
	const char	*tags, *categories;	/* lists, as written */
	const char	*key;			/* to the letter */
	int		 is_ours;		/* render/post.c wrote it */
};

/* All absent, and no line read, where there is none. */
void front_read(struct front *, struct arena *, struct lines *);

/* A flow sequence, "[ a, "b" ]" or NULL, to categories. */
struct category *front_list(struct arena *, const char *);

#endif
