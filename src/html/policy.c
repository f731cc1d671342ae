/*
 * policy.c - the allow-lists: elements, attributes, and what else has
 * to be known of an element, as tables.
 *
 * What is not listed is not written.  The names that are written come from
 * here, never from the input.
 */
#include <string.h>
#include <strings.h>

#include "feedmill/base/mem.h"
#include "parts.h"

enum {
	ENDS_P = 1,		/* HTML's rule: its start ends an open <p> */
	BREAKS = 2,		/* its text is a paragraph or a cell of its own */
};

static const struct element {
	const char	*name;		/* NULL: its tags are not written */
	unsigned char	 class, flags;
} elements[GUMBO_TAG_LAST + 1] = {
#define E(tag, name, class, flags) \
	[GUMBO_TAG_##tag] = { name, CLASS_##class, flags },
	E(A, "a", FORMAT, 0)
	E(ABBR, "abbr", PLAIN, 0)
	E(ACRONYM, "acronym", PLAIN, 0)
	E(ADDRESS, "address", SPECIAL, ENDS_P | BREAKS)
	E(ARTICLE, "article", SPECIAL, ENDS_P | BREAKS)
	E(ASIDE, "aside", SPECIAL, ENDS_P | BREAKS)
	E(AUDIO, "audio", PLAIN, 0)
	E(B, "b", FORMAT, 0)
	E(BDI, "bdi", PLAIN, 0)
	E(BDO, "bdo", PLAIN, 0)
	E(BIG, "big", FORMAT, 0)
	E(BLOCKQUOTE, "blockquote", SPECIAL, ENDS_P | BREAKS)
	E(BR, "br", VOID, BREAKS)
	E(CAPTION, "caption", CELL, BREAKS)
	E(CENTER, "center", SPECIAL, ENDS_P | BREAKS)
	E(CITE, "cite", PLAIN, 0)
	E(CODE, "code", FORMAT, 0)
	E(COL, "col", VOID, 0)
	E(COLGROUP, "colgroup", ROW, 0)
	E(DD, "dd", ITEM, ENDS_P | BREAKS)
	E(DEL, "del", PLAIN, 0)
	E(DETAILS, "details", SPECIAL, ENDS_P | BREAKS)
	E(DFN, "dfn", PLAIN, 0)
	E(DIV, "div", SPECIAL, ENDS_P | BREAKS)
	E(DL, "dl", SPECIAL, ENDS_P | BREAKS)
	E(DT, "dt", ITEM, ENDS_P | BREAKS)
	E(EM, "em", FORMAT, 0)
	E(FIGCAPTION, "figcaption", SPECIAL, ENDS_P | BREAKS)
	E(FIGURE, "figure", SPECIAL, ENDS_P | BREAKS)
	E(FONT, "font", FORMAT, 0)
	E(FOOTER, "footer", SPECIAL, ENDS_P | BREAKS)
	E(H1, "h1", SPECIAL, ENDS_P | BREAKS)
	E(H2, "h2", SPECIAL, ENDS_P | BREAKS)
	E(H3, "h3", SPECIAL, ENDS_P | BREAKS)
	E(H4, "h4", SPECIAL, ENDS_P | BREAKS)
	E(H5, "h5", SPECIAL, ENDS_P | BREAKS)
	E(H6, "h6", SPECIAL, ENDS_P | BREAKS)
	E(HEADER, "header", SPECIAL, ENDS_P | BREAKS)
	E(HR, "hr", VOID, ENDS_P | BREAKS)
	E(I, "i", FORMAT, 0)
	E(IFRAME, "iframe", FRAME, 0)
	E(IMAGE, "img", VOID, 0)
	E(IMG, "img", VOID, 0)
	E(INS, "ins", PLAIN, 0)
	E(KBD, "kbd", PLAIN, 0)
	E(LI, "li", ITEM, ENDS_P | BREAKS)
	E(MAIN, "main", SPECIAL, ENDS_P | BREAKS)
	E(MARK, "mark", PLAIN, 0)
	E(NAV, "nav", SPECIAL, ENDS_P | BREAKS)
	E(OL, "ol", SPECIAL, ENDS_P | BREAKS)
	E(P, "p", P, ENDS_P | BREAKS)
	E(PRE, "pre", SPECIAL, ENDS_P | BREAKS)
	E(Q, "q", PLAIN, 0)
	E(RP, "rp", PLAIN, 0)
	E(RT, "rt", PLAIN, 0)
	E(RUBY, "ruby", PLAIN, 0)
	E(S, "s", FORMAT, 0)
	E(SAMP, "samp", PLAIN, 0)
	E(SECTION, "section", SPECIAL, ENDS_P | BREAKS)
	E(SMALL, "small", FORMAT, 0)
	E(SOURCE, "source", VOID, 0)
	E(SPAN, "span", PLAIN, 0)
	E(STRIKE, "strike", FORMAT, 0)
	E(STRONG, "strong", FORMAT, 0)
	E(SUB, "sub", PLAIN, 0)
	E(SUMMARY, "summary", SPECIAL, ENDS_P | BREAKS)
	E(SUP, "sup", PLAIN, 0)
	E(TABLE, "table", TABLE, ENDS_P | BREAKS)
	E(TBODY, "tbody", ROW, BREAKS)
	E(TD, "td", CELL, BREAKS)
	E(TFOOT, "tfoot", ROW, BREAKS)
	E(TH, "th", CELL, BREAKS)
	E(THEAD, "thead", ROW, BREAKS)
	E(TIME, "time", PLAIN, 0)
	E(TR, "tr", ROW, BREAKS)
	E(TT, "tt", FORMAT, 0)
	E(U, "u", FORMAT, 0)
	E(UL, "ul", SPECIAL, ENDS_P | BREAKS)
	E(VAR, "var", PLAIN, 0)
	E(VIDEO, "video", PLAIN, 0)
	E(WBR, "wbr", VOID, 0)
	/* Nothing in these is for the reader. */
	E(MATH, NULL, SKIP, 0)
	E(SVG, NULL, SKIP, 0)
	E(TEMPLATE, NULL, SKIP, 0)
	/* These go, their text does not. */
	E(BODY, NULL, NONE, BREAKS)
	E(BUTTON, NULL, NONE, BREAKS)
	E(DIR, NULL, NONE, BREAKS)
	E(FIELDSET, NULL, NONE, BREAKS)
	E(FORM, NULL, NONE, BREAKS)
	E(HEAD, NULL, NONE, BREAKS)
	E(HGROUP, NULL, NONE, BREAKS)
	E(HTML, NULL, NONE, BREAKS)
	E(LEGEND, NULL, NONE, BREAKS)
	E(LISTING, NULL, NONE, BREAKS)
	E(MENU, NULL, NONE, BREAKS)
	E(OPTION, NULL, NONE, BREAKS)
	E(PLAINTEXT, NULL, NONE, BREAKS)
	E(SELECT, NULL, NONE, BREAKS)
	E(TEXTAREA, NULL, NONE, BREAKS)
	E(TITLE, NULL, NONE, BREAKS)
	E(XMP, NULL, NONE, BREAKS)
#undef E
};

/* gumbo 0.10 has not heard of it. */
static int
is_picture(const char *name, size_t len)
{
	return html_name_is(name, len, "picture");
}

enum html_class
html_class(GumboTag tag, const char *name, size_t len)
{
	if (tag == GUMBO_TAG_UNKNOWN)
		return is_picture(name, len) ? CLASS_PLAIN : CLASS_NONE;
	return elements[tag].class;
}

const char *
html_element_name(const GumboElement *e)
{
	GumboStringPiece name = e->original_tag;

	if (e->tag_namespace != GUMBO_NAMESPACE_HTML)
		return NULL;
	if (e->tag != GUMBO_TAG_UNKNOWN)
		return elements[e->tag].name;
	gumbo_tag_from_original_text(&name);
	return name.data != NULL && is_picture(name.data, name.length) ?
	    "picture" : NULL;
}

int
html_is_void(GumboTag tag)
{
	return elements[tag].class == CLASS_VOID;
}

int
html_ends_p(GumboTag tag)
{
	return elements[tag].flags & ENDS_P;
}

int
html_breaks_text(GumboTag tag)
{
	return elements[tag].flags & BREAKS;
}

/* ------------------------------------------------------------ attributes */

/* "*" is any element.  No id and no class: they would clash with the names
 * of the page around.  No style: it can draw over that page. */
static const struct attribute {
	const char	*name, *element;
	enum html_value	 value;
} attributes[] = {
	{ "abbr", "td", VALUE_TEXT },
	{ "abbr", "th", VALUE_TEXT },
	{ "alt", "img", VALUE_TEXT },
	{ "cite", "blockquote", VALUE_MEDIA },
	{ "cite", "del", VALUE_MEDIA },
	{ "cite", "ins", VALUE_MEDIA },
	{ "cite", "q", VALUE_MEDIA },
	{ "color", "font", VALUE_TEXT },
	{ "colspan", "td", VALUE_NUMBER },
	{ "colspan", "th", VALUE_NUMBER },
	{ "datetime", "del", VALUE_TEXT },
	{ "datetime", "ins", VALUE_TEXT },
	{ "datetime", "time", VALUE_TEXT },
	{ "dir", "*", VALUE_DIR },
	{ "face", "font", VALUE_TEXT },
	{ "height", "img", VALUE_NUMBER },
	{ "height", "source", VALUE_NUMBER },
	{ "height", "video", VALUE_NUMBER },
	{ "href", "a", VALUE_LINK },
	{ "hreflang", "a", VALUE_TEXT },
	{ "lang", "*", VALUE_TEXT },
	{ "media", "source", VALUE_TEXT },
	{ "open", "details", VALUE_EMPTY },
	{ "poster", "video", VALUE_IMAGE },
	{ "reversed", "ol", VALUE_EMPTY },
	{ "rowspan", "td", VALUE_NUMBER },
	{ "rowspan", "th", VALUE_NUMBER },
	{ "scope", "th", VALUE_TEXT },
	{ "size", "font", VALUE_TEXT },
	{ "sizes", "img", VALUE_TEXT },
	{ "sizes", "source", VALUE_TEXT },
	{ "span", "col", VALUE_NUMBER },
	{ "span", "colgroup", VALUE_NUMBER },
	{ "src", "audio", VALUE_MEDIA },
	{ "src", "img", VALUE_IMAGE },
	{ "src", "source", VALUE_MEDIA },
	{ "src", "video", VALUE_MEDIA },
	{ "srcset", "img", VALUE_SRCSET },
	{ "srcset", "source", VALUE_SRCSET },
	{ "start", "ol", VALUE_NUMBER },
	{ "title", "*", VALUE_TEXT },
	{ "type", "ol", VALUE_TEXT },
	{ "type", "source", VALUE_TEXT },
	{ "value", "li", VALUE_NUMBER },
	{ "width", "img", VALUE_NUMBER },
	{ "width", "source", VALUE_NUMBER },
	{ "width", "video", VALUE_NUMBER },
};

enum html_value
html_attribute_value(const char *element, const char *name,
    const char **ret_name)
{
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
		const struct attribute *a = &attributes[i];

		/* The names are sorted and gumbo's are lower-case. */
		if (a->name[0] < name[0] || strcmp(a->name, name) != 0)
			continue;
		if (a->element[0] == '*' || strcmp(a->element, element) == 0) {
			*ret_name = a->name;
			return a->value;
		}
	}
	return VALUE_NONE;
}

int
html_attribute_matters(const char *name, size_t len)
{
	/* Not written, but looked at: see html.c. */
	static const char *const others[] = {
		"style", "data-src", "data-original", "data-lazy-src",
		"data-actualsrc",
	};
	char first = (char)(name[0] | 0x20);

	for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
		if (attributes[i].name[0] == first &&
		    html_name_is(name, len, attributes[i].name))
			return 1;
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		if (others[i][0] == first &&
		    html_name_is(name, len, others[i]))
			return 1;
	}
	return 0;
}
