/*
 * html.h - the pieces of the pages for people; private to render.
 */
#ifndef FEEDMILL_RENDER_HTML_H
#define FEEDMILL_RENDER_HTML_H

#include <stdint.h>

struct buf;
struct item;
struct outlet_head;
struct search_view;

/* To the point in <head> where the title follows. */
void html_begin(struct buf *, const char *language);

/* The form that leads to /search: what is in it already, and where it is
 * looked for; both may be NULL. */
void html_put_search(struct buf *, const char *words, const char *outlet,
    int by_date);

/* name="value", with a space before. */
void html_put_attribute(struct buf *, const char *name, const char *value);

/* text, as a link where the URL is one. */
void html_put_linked(struct buf *, const char *url, const char *text);

/* Source, authors, time. */
void html_put_meta(struct buf *, const struct item *, int with_date);

/* An attribute for the page's own words, where they are not in its
 * language; or "". */
const char *html_english(const struct outlet_head *);

/* A day, and the beginning of a link to the page of it. */
void html_put_day(struct buf *, const struct outlet_head *, int64_t ms);
void html_put_day_link(struct buf *, const struct outlet_head *, int64_t ms,
    unsigned page, const char *rel);

/* Of another page of the same search, relative to this one. */
void search_put_address(struct buf *, const struct search_view *,
    unsigned page, int by_date);

#endif
