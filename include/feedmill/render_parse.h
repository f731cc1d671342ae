/*
 * render_parse.h - from a normalised feed to the JSON of `feedmill parse`.
 *
 * Pure.  The schema is feedmill.parse/1: what was understood of a document,
 * field by field; what the document did not say is left out.  Texts are what
 * a reader may see (normalise_text()); other strings are as in the model.
 * One JSON document and a newline are appended.
 */
#ifndef FEEDMILL_RENDER_PARSE_H
#define FEEDMILL_RENDER_PARSE_H

struct buf;
struct feed;

void render_parse_json(struct buf *, const struct feed *);

#endif
