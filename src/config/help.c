/*
 * help.c - the table of options as people read it: as a file to begin
 * with (`check --defaults`) and as the options of feedmill.yaml(5).
 */
#include <string.h>

#include "private.h"

enum { HELP_COLUMNS = 76 };

/* Words of text, wrapped, each line after prefix. */
static void
put_wrapped(struct buf *out, const char *prefix, const char *text)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		if (column > 0 && column + 1 + len > HELP_COLUMNS) {
			buf_putc(out, '\n');
			column = 0;
		}
		if (column == 0) {
			buf_puts(out, prefix);
			column = strlen(prefix);
		} else {
			buf_putc(out, ' ');
			column++;
		}
		buf_append(out, text, len);
		column += len;
		text += len + strspn(text + len, " ");
	}
	buf_putc(out, '\n');
}

static const char *
shown_default(const struct option *o)
{
	return o->shown != NULL ? o->shown : o->initial;
}

/* -------------------------------------------------------------------- YAML */

/* A setting with its help above it; a comment if it has no default, or one
 * that depends. */
static void
put_option(struct buf *out, const struct option *o, const char *indent,
    int is_comment)
{
	const char *shown = shown_default(o);
	struct buf prefix = { 0 };

	buf_printf(&prefix, "%s%s# ", is_comment ? "# " : "", indent);
	put_wrapped(out, buf_str(&prefix), o->help);
	buf_printf(out, "%s%s%s%s:%s%s\n", is_comment ? "# " : "", indent,
	    is_comment || (o->initial != NULL && o->shown == NULL) ? "" :
	    "# ", o->name,
	    shown != NULL ? " " : "", shown != NULL ? shown : "");
	buf_fini(&prefix);
}

static void
put_yaml_section(struct buf *out, const struct section *s)
{
	const char *indent = s->in == IN_TOP ? "" : s->named ? "    " :
	    s->in == IN_FILTER ? "      " : "  ";
	int is_comment = s->named || s->in == IN_FILTER;

	buf_putc(out, '\n');
	put_wrapped(out, "# ", s->help);
	if (s->name != NULL)
		buf_printf(out, "%s%s:\n", !is_comment ? "" :
		    s->in == IN_FILTER ? "#     " : "# ", s->name);
	if (s->named)
		buf_puts(out, "#   NAME:\n");
	for (size_t i = 0; i < config_options_count; i++)
		if ((config_options[i].in & s->in) != 0)
			put_option(out, &config_options[i], indent,
			    is_comment);
}

/* -------------------------------------------------------------------- mdoc */

/* Text for mdoc: each sentence begins a line, no line is long, and nothing of
 * it is taken for a macro. */
static void
put_mdoc_text(struct buf *out, const char *text)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		if (column > 0 && (text[-2] == '.' ||
		    column + 1 + len > HELP_COLUMNS)) {
			buf_putc(out, '\n');
			column = 0;
		} else if (column > 0) {
			buf_putc(out, ' ');
		}
		if (column == 0 && (*text == '.' || *text == '\''))
			buf_puts(out, "\\&");
		buf_append(out, text, len);
		column += len + 1;
		text += len + strspn(text + len, " ");
	}
	buf_putc(out, '\n');
}

static void
put_mdoc_section(struct buf *out, const struct section *s)
{
	if (s->name == NULL)
		buf_puts(out, ".Ss The main level\n");
	else
		buf_printf(out, ".Ss %s\n", s->name);
	put_mdoc_text(out, s->help);
	buf_puts(out, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < config_options_count; i++) {
		const struct option *o = &config_options[i];
		const char *shown = shown_default(o);

		if ((o->in & s->in) == 0)
			continue;
		/* Quoted: a default of several words is one argument. */
		buf_printf(out, ".It Cm %s", o->name);
		if (shown != NULL)
			buf_printf(out, " Pq \"default: %s\"", shown);
		buf_putc(out, '\n');
		put_mdoc_text(out, o->help);
	}
	buf_puts(out, ".El\n");
}

void
config_print_options(struct buf *out, int as_mdoc)
{
	for (size_t i = 0; i < config_sections_count; i++) {
		if (as_mdoc)
			put_mdoc_section(out, &config_sections[i]);
		else
			put_yaml_section(out, &config_sections[i]);
	}
}
