/*
 * fields.h - from the header lines of a request to one value for each
 * field that matters here.
 *
 * Private to serve.  A list may be sent in several lines (RFC 9110 section
 * 5.3): they are joined.  For a field that is no list that makes a value
 * which nobody can read, and a field that cannot be read is ignored.
 */
#ifndef FEEDMILL_SERVE_FIELDS_H
#define FEEDMILL_SERVE_FIELDS_H

struct MHD_Connection;

enum field {
	FIELD_HOST, FIELD_CONTENT_LENGTH, FIELD_TRANSFER_ENCODING,
	FIELD_ACCEPT_ENCODING, FIELD_A_IM,
	FIELD_IF_MATCH, FIELD_IF_NONE_MATCH,
	FIELD_IF_MODIFIED_SINCE, FIELD_IF_UNMODIFIED_SINCE,
	FIELD_RANGE, FIELD_IF_RANGE,
	FIELD_COUNT
};

struct fields {
	const char	*value[FIELD_COUNT];	/* NULL: not there */
	unsigned	 lines[FIELD_COUNT];
	char		*joined[FIELD_COUNT];
};

void fields_read(struct fields *, struct MHD_Connection *);
void fields_fini(struct fields *);

/* Says it that a body follows? */
int fields_tell_body(const struct fields *);
/* Is there twice what two readers of a request could believe different ones
 * of (RFC 9112 sections 3.2 and 6.3)? */
int fields_are_ambiguous(const struct fields *);

#endif
