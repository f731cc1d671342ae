/* repair_names.h - what a tag's name says about where it may stand. */
#ifndef FEEDMILL_PARSE_REPAIR_NAMES_H
#define FEEDMILL_PARSE_REPAIR_NAMES_H

#include <stddef.h>

enum name_kind {
	NAME_OTHER,	/* nothing we know */
	NAME_PREFIXED,	/* the same, of another namespace */
	NAME_FEED,	/* channel, feed...: holds entries */
	NAME_HOLDER,	/* image, author...: holds other elements */
	NAME_ENTRY,	/* item, entry */
	NAME_LEAF,	/* title, link...: holds text, in an entry or head */
	NAME_TEXT,	/* content, summary...: text that HTML also names */
	NAME_HTML
};

enum name_kind name_kind(const char *name, size_t len);
int name_is_void(const char *name, size_t len);	/* <br> */
int name_is_root(const char *name, size_t len);	/* with any prefix */
int name_is_head(const char *name, size_t len);	/* the same */

#endif
