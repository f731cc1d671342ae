/*
 * pages.h - from what an outlet has announced to sealed pages, the
 * archive documents of RFC 5005 section 4.
 *
 * Private to publish.  Page N holds the announcements that follow those of
 * page N - 1, in their order: silent ones and superseded states too, so that
 * who follows prev-archive to its end has read everything.  A page is written
 * once: it names the page before it, and none after it.
 *
 * What no page holds yet is in the outlet's own document: a page is sealed
 * before it has more announcements than that shows entries, and at once when
 * there is a silent one, which that never shows, or one that retention would
 * take: it waits for the page.
 */
#ifndef FEEDMILL_PUBLISH_PAGES_H
#define FEEDMILL_PUBLISH_PAGES_H

#include <stdint.h>

struct config;
struct config_outlet;
struct err;
struct outlet_head;
struct selection;
struct store;
struct store_reader;

struct pages {
	int64_t		 seq;		/* up to here all is on a page */
	int64_t		 count;
	int		 changed;	/* the store does not know it yet */
	int		 more;		/* to be sealed in the next round */
};

struct paging {
	struct store_reader *reader;
	const struct config *config;
	const struct config_outlet *outlet;
	const struct outlet_head *head;	/* of the outlet's document */
	const struct selection *selection;	/* its sources */
	double		 share;		/* struct store_filter's, of them */
	int		 dirfd;		/* of its folder */
	int		 is_last;	/* struct round's */
};

/* On the reader thread; *files counts those that were written. */
int pages_seal(const struct paging *, struct pages *ret, unsigned *files,
    struct err *);

/* On the loop: keep how far it is. */
void pages_mark(struct store *, const char *outlet, const struct pages *);

#endif
