/*
 * attribute.c - the attributes of an element, as they may be written.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "parts.h"

/* To spell a host in ASCII takes as long as a page of text: of more than a
 * text can mean, the links go. */
enum { FOREIGN_HOSTS_MAX = 1000, SRCSET_HOSTS = 32 };

/* DEL, the C1 controls and the non-characters: references may name them,
 * but a parser that meets the character itself replaces it. */
static int
is_unwanted(uint32_t c)
{
	return (c >= 0x7F && c <= 0x9F) || (c >= 0xFDD0 && c <= 0xFDEF) ||
	    (c & 0xFFFE) == 0xFFFE;
}

void
html_put_escaped(struct buf *b, const char *s, int in_attribute)
{
	const char *from = s, *end = s + strlen(s);

	while (s < end) {
		unsigned char c = (unsigned char)*s;
		const char *next = s + 1;

		if ((c == 0x7F || c == 0xC2 || c >= 0xEF) &&
		    (next = s, is_unwanted(text_utf8_next(&next, end)))) {
			text_xml_escape(b, from, (size_t)(s - from),
			    in_attribute);
			from = next;
		}
		s = next;
	}
	text_xml_escape(b, from, (size_t)(end - from), in_attribute);
}

const char *
html_attribute(const GumboElement *e, const char *name)
{
	const GumboAttribute *a = gumbo_get_attribute(&e->attributes, name);

	return a != NULL ? a->value : NULL;
}

long
html_number(const char *value, int *ret_percent)
{
	size_t digits;

	if (value == NULL)
		return -1;
	value += strspn(value, " \t\r\n");
	digits = strspn(value, "0123456789");
	if (digits == 0 || digits > 6)
		return -1;
	*ret_percent = value[digits] == '%';
	return strtol(value, NULL, 10);
}

static int
put_number(struct buf *b, const char *value)
{
	int percent;
	long n = html_number(value, &percent);

	if (n != -1)
		buf_printf(b, "%ld%s", n, percent ? "%" : "");
	return n != -1;
}

static int
put_direction(struct buf *b, const char *value)
{
	static const char *const known[] = { "ltr", "rtl", "auto" };

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (text_equal_nocase(value, known[i])) {
			buf_puts(b, known[i]);
			return 1;
		}
	}
	return 0;
}

static int
has_foreign_host(const char *url)
{
	const char *p = strstr(url, "//");

	for (p = p != NULL ? p + 2 : ""; strchr("/?#", *p) == NULL; p++) {
		if (*p & 0x80)
			return 1;
	}
	return 0;
}

static int
put_url(struct html_sink *sink, enum html_value kind, const char *value)
{
	if (has_foreign_host(value) &&
	    (sink->foreign += kind == VALUE_SRCSET ? SRCSET_HOSTS : 1) >
	    FOREIGN_HOSTS_MAX)
		return 0;
	return kind == VALUE_SRCSET ?
	    html_put_srcset(sink->out, value, sink->base, sink->rules) :
	    html_put_url(sink->out, kind, value, sink->base, sink->rules);
}

static int
put_value(struct html_sink *sink, enum html_value kind, const char *value)
{
	switch (kind) {
	case VALUE_NONE:
		return 0;
	case VALUE_TEXT:
		html_put_escaped(sink->out, value, 1);
		return 1;
	case VALUE_NUMBER:
		return put_number(sink->out, value);
	case VALUE_EMPTY:
		return 1;
	case VALUE_DIR:
		return put_direction(sink->out, value);
	case VALUE_SRCSET:
	case VALUE_LINK:
	case VALUE_IMAGE:
	case VALUE_MEDIA:
		break;
	}
	return put_url(sink, kind, value);
}

int
sink_put_attribute(struct html_sink *sink, const char *name,
    enum html_value kind, const char *value)
{
	size_t from = sink->out->len;

	buf_putc(sink->out, ' ');
	buf_puts(sink->out, name);
	buf_puts(sink->out, "=\"");
	if (put_value(sink, kind, value)) {
		buf_putc(sink->out, '"');
		return 1;
	}
	sink->out->len = from;
	sink->out->data[from] = '\0';
	return 0;
}

void
sink_put_attributes(struct html_sink *sink, const GumboElement *e,
    const char *element)
{
	for (unsigned i = 0; i < e->attributes.length; i++) {
		const GumboAttribute *a = e->attributes.data[i];
		const char *name;
		enum html_value kind = html_attribute_value(element, a->name,
		    &name);

		if (kind != VALUE_NONE)
			sink_put_attribute(sink, name, kind, a->value);
	}
}
