/* fields.c - see fields.h. */
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/text.h"
#include "fields.h"

static const char *const names[FIELD_COUNT] = {
	[FIELD_HOST] = "Host",
	[FIELD_CONTENT_LENGTH] = "Content-Length",
	[FIELD_TRANSFER_ENCODING] = "Transfer-Encoding",
	[FIELD_ACCEPT_ENCODING] = "Accept-Encoding",
	[FIELD_A_IM] = "A-IM",
	[FIELD_IF_MATCH] = "If-Match",
	[FIELD_IF_NONE_MATCH] = "If-None-Match",
	[FIELD_IF_MODIFIED_SINCE] = "If-Modified-Since",
	[FIELD_IF_UNMODIFIED_SINCE] = "If-Unmodified-Since",
	[FIELD_RANGE] = "Range",
	[FIELD_IF_RANGE] = "If-Range",
};

static void
join(struct fields *f, int i, const char *value)
{
	struct buf b = { 0 };

	buf_puts(&b, f->value[i]);
	buf_puts(&b, ", ");
	buf_puts(&b, value);
	free(f->joined[i]);
	f->joined[i] = buf_take(&b);
	f->value[i] = f->joined[i];
}

static enum MHD_Result
take_line(void *arg, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
	struct fields *f = arg;

	(void)kind;
	for (int i = 0; i < FIELD_COUNT; i++) {
		if (!text_equal_nocase(name, names[i]))
			continue;
		value = value != NULL ? value : "";
		if (f->lines[i]++ == 0)
			f->value[i] = value;
		else
			join(f, i, value);
		break;
	}
	return MHD_YES;
}

void
fields_read(struct fields *f, struct MHD_Connection *c)
{
	memset(f, 0, sizeof(*f));
	MHD_get_connection_values(c, MHD_HEADER_KIND, take_line, f);
}

void
fields_fini(struct fields *f)
{
	for (int i = 0; i < FIELD_COUNT; i++)
		free(f->joined[i]);
}

int
fields_tell_body(const struct fields *f)
{
	const char *length = f->value[FIELD_CONTENT_LENGTH];

	return f->value[FIELD_TRANSFER_ENCODING] != NULL ||
	    (length != NULL && strcmp(length, "0") != 0);
}

int
fields_are_ambiguous(const struct fields *f)
{
	return f->lines[FIELD_HOST] > 1 || f->lines[FIELD_CONTENT_LENGTH] > 1;
}
