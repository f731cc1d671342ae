/*
 * dump.c - back to YAML: what is in force, or what there is to set.
 *
 * A dump loads again to the same dump.  Every setting is there; of a feed
 * only those that differ from what fetch and retention say, which stand
 * above it.  A secret is shown as its tag, or as "...".
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/text.h"
#include "feedmill/base/url.h"
#include "private.h"

/* ----------------------------------------------------------------- quoting */

/* Text that YAML takes as it is, in a list too, and not as null. */
static int
is_plain(const char *s)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

	return *s != '\0' && strcmp(s, "null") != 0 &&
	    strchr(letters, *s) != NULL &&
	    s[1 + strspn(s + 1, letters)] == '\0' ? 1 :
	    *s == '\0' || strchr("-.~+", *s) != NULL ? 0 :
	    s[strspn(s, letters)] != '\0' &&
	    strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789._/%+-") == strlen(s);
}

void
config_put_text(struct buf *out, const char *s)
{
	const char *p = s, *end = s + strlen(s);

	if (is_plain(s)) {
		buf_puts(out, s);
		return;
	}
	buf_putc(out, '"');
	while (p < end) {
		const char *from = p;
		uint32_t c = text_utf8_next(&p, end);

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", (char)c);
		else if (c < 0x20 || c == 0x7F)
			buf_printf(out, "\\x%02X", (unsigned)c);
		else if ((c >= 0x80 && c < 0xA0) || c == 0x2028 ||
		    c == 0x2029 || c == 0xFEFF)
			buf_printf(out, "\\u%04X", (unsigned)c);
		else if (c == 0xFFFD)
			text_utf8_put(out, c);
		else
			buf_append(out, from, (size_t)(p - from));
	}
	buf_putc(out, '"');
}

/* "!env NAME": the name quoted where it must be. */
static void
put_origin(struct buf *out, const char *from)
{
	const char *blank = strchr(from, ' ');

	buf_append(out, from, (size_t)(blank - from) + 1);
	config_put_text(out, blank + 1);
}

/* What is below state is shown as the rest of the way, so that a dump can be
 * loaded with another --state. */
static const char *
relative(const char *path, const char *state)
{
	size_t len = strlen(state);

	if (strncmp(path, state, len) == 0 && path[len] == '/' &&
	    path[len + 1] != '\0' && strstr(path, "://") == NULL)
		return path + len + 1;
	return path;
}

/* ------------------------------------------------------------------ values */

static void
put_list(struct buf *out, const char *const *list)
{
	buf_putc(out, '[');
	for (size_t i = 0; list[i] != NULL; i++) {
		buf_puts(out, i > 0 ? ", " : "");
		config_put_text(out, list[i]);
	}
	buf_putc(out, ']');
}

static void
put_path(struct buf *out, const char *path, const char *state)
{
	if (path != NULL)
		config_put_text(out, relative(path, state));
	else
		buf_puts(out, "null");
}

static void
put_listen(struct buf *out, const char *const *list, const char *state)
{
	struct buf item = { 0 };

	buf_putc(out, '[');
	for (size_t i = 0; list[i] != NULL; i++) {
		int is_unix = strncmp(list[i], "unix:", 5) == 0;

		buf_reset(&item);
		buf_printf(&item, "%s%s", is_unix ? "unix:" : "", is_unix ?
		    relative(list[i] + 5, state) : list[i]);
		buf_puts(out, i > 0 ? ", " : "");
		config_put_text(out, item.data);
	}
	buf_putc(out, ']');
	buf_fini(&item);
}

static void
put_words(struct buf *out, const struct option *o, unsigned bits)
{
	const char *between = "";

	buf_putc(out, '[');
	for (unsigned i = 0; o->words[i] != NULL; i++) {
		if ((bits & 1U << i) == 0)
			continue;
		buf_printf(out, "%s%s", between, o->words[i]);
		between = ", ";
	}
	buf_putc(out, ']');
}

static void
put_number(struct buf *out, const struct option *o, int64_t value)
{
	char text[24];

	if (value == 0 && o->zero != NULL) {
		buf_puts(out, o->zero);
		return;
	}
	switch (o->type) {
	case OPTION_SIZE:
		text_format_size(value, text);
		buf_puts(out, text);
		break;
	case OPTION_SECONDS:
	case OPTION_MILLISECONDS:
		text_format_duration(o->type == OPTION_SECONDS ? value :
		    value / 1000, text);
		buf_puts(out, text);
		break;
	default:
		buf_printf(out, "%lld%s", (long long)value,
		    o->type == OPTION_PERCENT ? "%" : "");
	}
}

static void
put_zone(struct buf *out, int zone_s)
{
	int minutes = abs(zone_s) / 60;

	if (zone_s == 0)
		buf_puts(out, "UTC");
	else
		buf_printf(out, "\"%c%02d:%02d\"", zone_s < 0 ? '-' : '+',
		    minutes / 60, minutes % 60);
}

/* Hides what url_redact() finds; userinfo, too, for a proxy. */
static void
put_url(struct buf *out, const char *url)
{
	char *shown = url_redact(url);

	config_put_text(out, shown != NULL ? shown : url);
	free(shown);
}

static void
put_secret(struct buf *out, const struct option *o, const char *value,
    const char *from)
{
	if (value == NULL)
		buf_puts(out, "null");
	else if (from != NULL)
		put_origin(out, from);
	else if (o->type == OPTION_SECRET_URL || o->type == OPTION_PROXY)
		put_url(out, value);
	else if (o->offset == offsetof(struct config_source, user))
		config_put_text(out, value);
	else
		buf_puts(out, "\"...\"");
}

/* Inside braces, so that a value is always on the setting's own line. */
static void
put_headers(struct buf *out, const struct config_header *h)
{
	buf_putc(out, '{');
	for (size_t i = 0; h[i].name != NULL; i++) {
		buf_puts(out, i > 0 ? ", \"" : "\"");
		buf_printf(out, "%s\": ", h[i].name);
		if (h[i].from != NULL)
			put_origin(out, h[i].from);
		else
			buf_puts(out, "\"...\"");
	}
	buf_putc(out, '}');
}

static void
put_value(struct buf *out, const struct option *o, const void *base,
    const char *state)
{
	const void *field = (const char *)base + o->offset;
	const char *const *text = field;

	switch (o->type) {
	case OPTION_BOOL:
		buf_puts(out, *(const int *)field ? "true" : "false");
		break;
	case OPTION_COUNT:
	case OPTION_PERCENT:
	case OPTION_SIZE:
	case OPTION_SECONDS:
	case OPTION_MILLISECONDS:
		put_number(out, o, *(const int64_t *)field);
		break;
	case OPTION_WORD:
		buf_puts(out, o->words[*(const unsigned *)field]);
		break;
	case OPTION_WORDS:
		put_words(out, o, *(const unsigned *)field);
		break;
	case OPTION_ZONE:
		put_zone(out, *(const int *)field);
		break;
	case OPTION_SECRET:
	case OPTION_SECRET_URL:
	case OPTION_PROXY:
		put_secret(out, o, *text, *value_origin(o, field));
		break;
	case OPTION_LIST:
	case OPTION_PATHS:
	case OPTION_URLS:
		put_list(out, *(const char *const *const *)field);
		break;
	case OPTION_LISTEN:
		put_listen(out, *(const char *const *const *)field, state);
		break;
	case OPTION_PATH:
		put_path(out, *text, state);
		break;
	case OPTION_HEADERS:
		put_headers(out, *(const struct config_header *const *)field);
		break;
	default:
		if (*text != NULL)
			config_put_text(out, *text);
		else
			buf_puts(out, "null");
	}
}

/* -------------------------------------------------------------------- dump */

/* The options of one place; with defaults, only those that differ from them
 * are put.  Returns how many. */
static unsigned
put_options(struct buf *out, const struct config *c, unsigned in,
    const char *indent, const void *const bases[OPTION_BASES],
    const void *defaults)
{
	struct buf value = { 0 }, usual = { 0 };
	unsigned count = 0;

	for (size_t i = 0; i < config_options_count; i++) {
		const struct option *o = &config_options[i];

		if ((o->in & in) == 0)
			continue;
		buf_reset(&value);
		put_value(&value, o, bases[o->base], c->state);
		if (defaults != NULL) {
			buf_reset(&usual);
			put_value(&usual, o, defaults, c->state);
			if (strcmp(value.data, usual.data) == 0)
				continue;
		}
		buf_printf(out, "%s%s: %s\n", indent, o->name, value.data);
		count++;
	}
	buf_fini(&value);
	buf_fini(&usual);
	return count;
}

static void
put_name(struct buf *out, const char *name)
{
	buf_puts(out, "  ");
	config_put_text(out, name);
	buf_puts(out, ":\n");
}

static void
put_source(struct buf *out, const struct loaded *l,
    const struct config_source *s)
{
	const void *const bases[OPTION_BASES] = { [OF_SOURCE] = s };
	struct buf filter = { 0 };

	put_name(out, s->name);
	put_options(out, &l->config, IN_FEED, "    ", bases, &l->defaults);
	if (put_options(&filter, &l->config, IN_FILTER, "      ", bases,
	    &l->defaults) > 0)
		buf_printf(out, "    filter:\n%s", filter.data);
	buf_fini(&filter);
}

static void
put_section(struct buf *out, const struct loaded *l, const struct section *s)
{
	const struct config *c = &l->config;
	const void *bases[OPTION_BASES] = {
		[OF_CONFIG] = c, [OF_SOURCE] = &l->defaults
	};
	size_t count = s->in == IN_FEED ? c->sources_count :
	    s->in == IN_OUTLET ? c->outlets_count : c->archives_count;

	buf_printf(out, "\n%s:%s\n", s->name,
	    s->named && count == 0 ? " {}" : "");
	if (!s->named)
		put_options(out, c, s->in, "  ", bases, NULL);
	for (size_t i = 0; s->named && i < count; i++) {
		if (s->in == IN_FEED) {
			put_source(out, l, &c->sources[i]);
			continue;
		}
		bases[OF_OUTLET] = &c->outlets[i];
		bases[OF_ARCHIVE] = &c->archives[i];
		put_name(out, s->in == IN_OUTLET ? c->outlets[i].name :
		    c->archives[i].name);
		put_options(out, c, s->in, "    ", bases, NULL);
	}
}

void
config_dump(const struct config *c, struct buf *out)
{
	const struct loaded *l = (const void *)c;
	const void *const bases[OPTION_BASES] = { [OF_CONFIG] = c };

	put_options(out, c, IN_TOP, "", bases, NULL);
	for (size_t i = 0; i < config_sections_count; i++)
		if (config_sections[i].name != NULL &&
		    config_sections[i].in != IN_FILTER)
			put_section(out, l, &config_sections[i]);
}
