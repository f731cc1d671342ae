/* repair_names.h - what a tag's name says about where it may stand. */
#ifndef FEEDMILL_PARSE_REPAIR_NAMES_H
#define FEEDMILL_PARSE_REPAIR_NAMES_H

#include <stddef.h>

enum name_kind {
	NAME_OTHER,	/* nothing we know, or prefixed */
	NAME_HOLDER,	/* channel, image...: holds elements */
	NAME_ENTRY,	/* item, entry */
	NAME_LEAF,	/* title, link...: holds text, in an entry or head */
	NAME_TEXT,	/* content, summary...: text that HTML also names */
	NAME_HTML
};

enum name_kind name_kind(const char *name, size_t len);
int name_is_void(const char *name, size_t len);	/* <br> */
int name_is_root(const char *name, size_t len);

#endif
