/*
 * texts.c - text constructs: what type a text has and what it says.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/html.h"
#include "reader.h"

static enum taken_as
type_taken_as(const char *type)
{
	char plain[64];
	size_t n = strcspn(type, "; \t\r\n");

	if (n == 0 || n >= sizeof(plain))
		return n == 0 ? AS_PLAIN : AS_OTHER;
	memcpy(plain, type, n);
	plain[n] = '\0';
	if (text_equal_nocase(plain, "text") ||
	    text_equal_nocase(plain, "text/plain"))
		return AS_PLAIN;
	if (text_equal_nocase(plain, "html") ||
	    text_equal_nocase(plain, "text/html"))
		return AS_HTML;
	if (text_equal_nocase(plain, "xhtml") ||
	    name_ends_with(plain, "/xml") || name_ends_with(plain, "+xml"))
		return AS_XHTML;
	if (strchr(plain, '/') == NULL || text_prefix_nocase(plain, "text/"))
		return AS_GUESS;
	return AS_OTHER;
}

/* Atom says the type, 0.3 also the mode; RSS says nothing. */
void
begin_text(struct reader *r, const struct rule *rule, const char **atts)
{
	struct frame *f = reader_top(r);
	const char *type = attribute(atts, "type");
	const char *mode = attribute(atts, "mode");
	int atom = f->as == AS_PLAIN || f->as == AS_OTHER;

	(void)rule;
	f->as = type != NULL ? (uint8_t)type_taken_as(type) :
	    atom ? AS_PLAIN : AS_GUESS;
	if (mode == NULL)
		return;
	if (text_equal_nocase(mode, "base64"))
		f->base64 = 1;
	else if (text_equal_nocase(mode, "escaped") && f->as == AS_XHTML)
		f->as = AS_HTML;
}

void
begin_content(struct reader *r, const struct rule *rule, const char **atts)
{
	struct entry *e = reader_entry(r);
	const char *type = attribute(atts, "type");
	const char *src = attribute(atts, "src");
	struct frame *f = reader_top(r);

	begin_text(r, rule, atts);
	if (strcmp(rule->name, "content") != 0)
		f->as = AS_XHTML;
	if (src != NULL && e->content_src == NULL) {
		e->content_src = reader_url(r, src);
		e->content_type = reader_attribute(r, type);
	}
}

static size_t
base64_decode(char *s, size_t len)
{
	uint32_t bits = 0;
	int have = 0;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = s[i];
		int v = c >= 'A' && c <= 'Z' ? c - 'A' :
		    c >= 'a' && c <= 'z' ? c - 'a' + 26 :
		    c >= '0' && c <= '9' ? c - '0' + 52 :
		    c == '+' || c == '-' ? 62 :
		    c == '/' || c == '_' ? 63 : -1;

		if (c == '=')
			break;
		if (v < 0) {
			if (c == ' ' || c == '\n' || c == '\r' || c == '\t')
				continue;
			return 0;
		}
		bits = bits << 6 | (uint32_t)v;
		if ((have += 6) >= 8) {
			have -= 8;
			s[n++] = (char)(bits >> have & 0xff);
		}
	}
	return n;
}

/*
 * What is not text in base64 stays out: images and the like.  A type that
 * only should be base64 (application/json) is text if it reads as such.
 */
static size_t
decode_base64_text(char *s, size_t len, int perhaps)
{
	char *copy = xstrndup(s, len);
	size_t n = base64_decode(copy, len);

	if (n > 0 && (text_utf8_valid(copy, n) != n ||
	    memchr(copy, '\0', n) != NULL))
		n = 0;
	if (n > 0)
		memcpy(s, copy, n + 1 < len ? n + 1 : n);
	else if (perhaps && strpbrk(s, " {<:,\"") != NULL)
		n = len;	/* prose, JSON: no base64 at all */
	free(copy);
	s[n] = '\0';
	return n;
}

static enum text_type
text_type(enum taken_as as, const char *s, size_t len)
{
	switch (as) {
	case AS_PLAIN:
		return TEXT_PLAIN;
	case AS_XHTML:
		return TEXT_XHTML;
	case AS_HTML:
		return TEXT_HTML;
	default:
		return html_looks_like(s, len) ? TEXT_HTML : TEXT_PLAIN;
	}
}

/* XHTML without one element is plain text; in RSS it may be escaped. */
static enum taken_as
settle(struct frame *f, int had_markup)
{
	if (had_markup)
		return f->as == AS_HTML ? AS_HTML : AS_XHTML;
	if (f->as == AS_XHTML)
		return f->rule->ns & NS_XHTML ? AS_GUESS : AS_PLAIN;
	return f->as;
}

static void
note_body(struct reader *r, const struct rule *rule, const char *value)
{
	if (r->entry == NULL || rule->identity <= r->bodied)
		return;
	r->entry->body = value;
	r->bodied = rule->identity;
}

void
end_text(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	struct frame *f = reader_top(r);
	struct text *text = reader_field(r, rule);
	char *value;

	if (f->base64 || f->as == AS_OTHER) {
		len = decode_base64_text(s, len, f->as == AS_OTHER);
		f->as = f->as == AS_OTHER ? AS_PLAIN : f->as;
	}
	if (strcmp(rule->name, "title") == 0)
		len = text_utf8_cut(s, len, r->limits->title_bytes);
	if (len == 0)
		return;
	value = reader_keep(r, s, len);
	note_body(r, rule, value);
	if (!reader_outranks(r, rule))
		return;
	text->value = value;
	text->type = text_type(settle(f, r->marked), s, len);
	text->lang = f->lang;
	text->base = f->base;
}
