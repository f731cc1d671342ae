/* link.c - see link.h. */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/link.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"

enum { REL, TYPE, TITLE, ANCHOR, PARAMS };

static const char *const param_names[PARAMS] = {
	[REL] = "rel", [TYPE] = "type", [TITLE] = "title",
	[ANCHOR] = "anchor",
};

static const char *
skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* A quoted string (RFC 9110 section 5.6.4), or what stands before the next
 * delimiter. */
static const char *
read_value(const char *p, struct buf *ret)
{
	size_t len;

	if (*p != '"') {
		len = strcspn(p, ";, \t");
		buf_append(ret, p, len);
		return p + len;
	}
	for (p++; *p != '\0' && *p != '"'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		buf_putc(ret, *p);
	}
	return *p == '"' ? p + 1 : p;
}

/* After its ';'.  The first of a name counts. */
static const char *
read_param(const char *p, char *params[PARAMS])
{
	struct buf name = { 0 }, value = { 0 };
	size_t len;

	p = skip_blanks(p);
	len = strcspn(p, "=;, \t");
	buf_append(&name, p, len);
	p = skip_blanks(p + len);
	if (*p == '=')
		p = read_value(skip_blanks(p + 1), &value);
	for (int i = 0; i < PARAMS; i++)
		if (params[i] == NULL &&
		    text_equal_nocase(buf_str(&name), param_names[i]))
			params[i] = buf_take(&value);
	buf_fini(&name);
	buf_fini(&value);
	return skip_blanks(p);
}

/* After its '<'. */
static const char *
read_link(const char *p, link_visit_fn *visit, void *arg)
{
	char *params[PARAMS] = { NULL }, *target;
	const char *end = strchr(p, '>');

	if (end == NULL)
		return p + strlen(p);
	target = xstrndup(p, (size_t)(end - p));
	p = skip_blanks(end + 1);
	while (*p == ';')
		p = read_param(p + 1, params);
	if (params[ANCHOR] == NULL)
		visit(&(struct header_link){ target, params[REL], params[TYPE],
		    params[TITLE] }, arg);
	for (int i = 0; i < PARAMS; i++)
		free(params[i]);
	free(target);
	return p;
}

void
link_each(const char *field, link_visit_fn *visit, void *arg)
{
	const char *p = field;

	while (*p != '\0') {
		p += strspn(p, " \t,");
		if (*p == '<')
			p = read_link(p + 1, visit, arg);
		p += strcspn(p, ",");
	}
}
