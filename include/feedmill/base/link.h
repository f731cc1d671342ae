/*
 * link.h - from a Link header field (RFC 8288) to the links in it.
 *
 * Pure, and tolerant: what is no link is passed over up to the next comma.
 * Several fields are one, joined by commas.
 */
#ifndef FEEDMILL_BASE_LINK_H
#define FEEDMILL_BASE_LINK_H

/* All borrowed; NULL: not said. */
struct header_link {
	const char	*target;	/* a URL reference, as written */
	const char	*rel, *type, *title;
};

/* In their order; links of which something else is the context (anchor) are
 * left out. */
typedef void link_visit_fn(const struct header_link *, void *arg);
void link_each(const char *field, link_visit_fn *visit, void *arg);

#endif
