/*
 * lines.c - the lines of a file by their indentation, and a line
 * replaced: what yaml.c needs to mend a mistake and read on.
 */
#include "private.h"

unsigned
config_line_blanks(const char *line, size_t len)
{
	size_t n = 0;

	while (n < len && (line[n] == ' ' || line[n] == '\t'))
		n++;
	return (unsigned)n;
}

unsigned
config_line_above(const struct config_file *f, unsigned line)
{
	while (--line > 0) {
		size_t len;
		const char *s = config_file_line(f, line, &len);
		unsigned blanks = config_line_blanks(s, len);

		if (blanks < len && s[blanks] != '#')
			return line;
	}
	return 0;
}

unsigned
config_line_below(const struct config_file *f, unsigned line)
{
	for (unsigned l = line + 1; l <= f->lines_count; l++) {
		size_t len;
		const char *s = config_file_line(f, l, &len);
		unsigned blanks = config_line_blanks(s, len);

		if (blanks < len && s[blanks] != '#')
			return l;
	}
	return line;
}

unsigned
config_line_expected(const struct config_file *f, unsigned line)
{
	unsigned above = config_line_above(f, line), blanks;
	size_t len;
	const char *s;

	if (above == 0)
		return 0;
	s = config_file_line(f, above, &len);
	blanks = config_line_blanks(s, len);
	while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
		len--;
	return len > 0 && s[len - 1] == ':' ? blanks + 2 : blanks;
}

void
config_line_replace(struct config_file *f, unsigned line, unsigned indent,
    int blank)
{
	struct config_file old = *f;
	struct buf b = { 0 };
	size_t len;
	const char *s = config_file_line(&old, line, &len);
	unsigned blanks = config_line_blanks(s, len);
	size_t offset = (size_t)(s - old.text);

	buf_append(&b, old.text, offset);
	if (!blank) {
		for (unsigned i = 0; i < indent; i++)
			buf_putc(&b, ' ');
		buf_append(&b, s + blanks, len - blanks);
	}
	buf_append(&b, s + len, old.len - offset - len);
	config_file_set(f, old.name, buf_str(&b), b.len);
	f->number = old.number;
	buf_fini(&b);
	config_file_fini(&old);
}
