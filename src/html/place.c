/*
 * place.c - where a reader's parser would leave an element that is
 * written, and where it would move it.
 */
#include "parts.h"

int
html_has_place(GumboTag tag, GumboTag parent)
{
	switch (tag) {
	case GUMBO_TAG_CAPTION:
	case GUMBO_TAG_COLGROUP:
	case GUMBO_TAG_TBODY:
	case GUMBO_TAG_THEAD:
	case GUMBO_TAG_TFOOT:
		return parent == GUMBO_TAG_TABLE;
	case GUMBO_TAG_COL:
		return parent == GUMBO_TAG_COLGROUP;
	case GUMBO_TAG_TR:
		return parent == GUMBO_TAG_TBODY ||
		    parent == GUMBO_TAG_THEAD || parent == GUMBO_TAG_TFOOT;
	case GUMBO_TAG_TD:
	case GUMBO_TAG_TH:
		return parent == GUMBO_TAG_TR;
	default:
		return parent != GUMBO_TAG_TABLE &&
		    parent != GUMBO_TAG_COLGROUP &&
		    parent != GUMBO_TAG_TBODY && parent != GUMBO_TAG_THEAD &&
		    parent != GUMBO_TAG_TFOOT && parent != GUMBO_TAG_TR;
	}
}

static int
is_heading(GumboTag tag)
{
	return tag >= GUMBO_TAG_H1 && tag <= GUMBO_TAG_H6;
}

/* The tags that are closed where a part of a ruby begins ("generate implied
 * end tags"), so that none stays inside. */
static int
ends_for_ruby(GumboTag tag, GumboTag parent)
{
	switch (parent) {
	case GUMBO_TAG_RTC:
		return tag == GUMBO_TAG_RB || tag == GUMBO_TAG_RTC;
	case GUMBO_TAG_RB:
	case GUMBO_TAG_RP:
	case GUMBO_TAG_RT:
	case GUMBO_TAG_P:
	case GUMBO_TAG_LI:
	case GUMBO_TAG_DD:
	case GUMBO_TAG_DT:
		return tag == GUMBO_TAG_RB || tag == GUMBO_TAG_RP ||
		    tag == GUMBO_TAG_RT || tag == GUMBO_TAG_RTC;
	default:
		return 0;
	}
}

int
html_stays(GumboTag tag, GumboTag parent, unsigned in)
{
	if (!html_has_place(tag, parent) || ends_for_ruby(tag, parent))
		return 0;
	if (tag == GUMBO_TAG_A && (in & HTML_IN_A))
		return 0;
	if ((in & HTML_IN_P) && html_ends_p(tag))
		return 0;
	if ((in & HTML_IN_LI) && tag == GUMBO_TAG_LI)
		return 0;
	if ((in & HTML_IN_DD) &&
	    (tag == GUMBO_TAG_DD || tag == GUMBO_TAG_DT))
		return 0;
	return !(is_heading(tag) && is_heading(parent));
}

unsigned
html_inside(GumboTag tag, unsigned in)
{
	switch (tag) {
	case GUMBO_TAG_A:
		return in | HTML_IN_A;
	case GUMBO_TAG_P:
		return in | HTML_IN_P;
	case GUMBO_TAG_LI:
		return (in & ~(unsigned)HTML_IN_DD) | HTML_IN_LI;
	case GUMBO_TAG_DD:
	case GUMBO_TAG_DT:
		return (in & ~(unsigned)HTML_IN_LI) | HTML_IN_DD;
	case GUMBO_TAG_TABLE:
		return in & HTML_IN_A;
	case GUMBO_TAG_CAPTION:
	case GUMBO_TAG_TD:
	case GUMBO_TAG_TH:
		return 0;
	case GUMBO_TAG_ADDRESS:
	case GUMBO_TAG_DIV:
	/* Parsers do not agree on these. */
	case GUMBO_TAG_FIGCAPTION:
	case GUMBO_TAG_MAIN:
	case GUMBO_TAG_SUMMARY:
		return in;
	default:
		return html_ends_p(tag) ?
		    in & ~(unsigned)(HTML_IN_LI | HTML_IN_DD) : in;
	}
}
