/*
 * notes.h - from a document about to be published to the notes
 * beside it (delta.h), ".all.atom.delta".
 *
 * Private to publish.  The notes are there before the document: without it
 * they say nothing, and the server takes those that fit alone.
 */
#ifndef FEEDMILL_PUBLISH_NOTES_H
#define FEEDMILL_PUBLISH_NOTES_H

struct delta;
struct err;
struct file_batch;

/* Completes the notes from those that are there, and replaces them with the
 * batch. */
int notes_put(struct file_batch *, const char *name, struct delta *now,
    struct err *);

#endif
