/*
 * delta.h - from a document and a state of it that a subscriber has to
 * a document of what is new (RFC 3229, "feed").
 *
 * Private to serve.  Made of the bytes that are held; sealed pages are read
 * for those alone who were away for longer than the document shows.
 */
#ifndef FEEDMILL_SERVE_DELTA_H
#define FEEDMILL_SERVE_DELTA_H

struct buf;
struct config;
struct delta_base;
struct document;
struct documents;

/* -1: it cannot be told, or is too much: give the whole document. */
int delta_compose(struct documents *, const struct config *,
    const struct document *, const struct delta_base *, struct buf *ret);

#endif
