/*
 * names.c - namespaces by URI, prefixes by habit, rules by name.
 *
 * Publishers write namespace URIs with other case, without the last slash,
 * or forget them: a prefix nobody declared keeps its usual meaning.
 */
#include <string.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "reader.h"

static const struct {
	const char	*uri;
	uint32_t	 ns;
} spaces[] = {
	{ "http://www.w3.org/1999/xhtml", NS_XHTML },
	{ "http://www.w3.org/2005/Atom", NS_ATOM },
	{ "https://www.w3.org/2005/Atom", NS_ATOM },
	{ "http://www.w3.org/2005/Atom/", NS_ATOM },
	{ "http://purl.org/atom/ns#", NS_ATOM03 },
	{ "http://purl.org/atom/ns", NS_ATOM03 },
	{ "http://purl.org/atom/app#", NS_FOREIGN },
	{ "http://example.com/newformat#", NS_ATOM03 },
	{ "http://example.com/necho", NS_ATOM03 },
	{ "http://purl.org/echo/", NS_ATOM03 },
	{ "uri/of/echo/namespace#", NS_ATOM03 },
	{ "http://purl.org/pie/", NS_ATOM03 },
	{ "http://purl.org/rss/1.0/", NS_RSS },
	{ "http://purl.org/rss/1.0", NS_RSS },
	{ "http://my.netscape.com/rdf/simple/0.9/", NS_RSS },
	{ "http://my.netscape.com/rdf/simple/0.9", NS_RSS },
	{ "http://channel.netscape.com/rdf/simple/0.9/", NS_RSS },
	{ "http://my.netscape.com/publish/formats/rss-0.91.dtd", NS_RSS },
	{ "http://purl.org/rss/1.0/modules/rss091#", NS_RSS },
	{ "http://purl.org/net/rss1.1#", NS_RSS },
	{ "http://backend.userland.com/rss", NS_RSS },
	{ "http://backend.userland.com/rss2", NS_RSS },
	{ "http://backend.userland.com/RSS2", NS_RSS },
	{ "http://backend.userland.com/rss091", NS_RSS },
	{ "http://backend.userland.com/rss092", NS_RSS },
	{ "http://blogs.law.harvard.edu/tech/rss", NS_RSS },
	{ "http://cyber.law.harvard.edu/rss/rss.html", NS_RSS },
	{ "http://www.rssboard.org/rss-specification", NS_RSS },
	{ "http://www.w3.org/1999/02/22-rdf-syntax-ns#", NS_RDF },
	{ "http://www.w3.org/1999/02/22-rdf-syntax-ns", NS_RDF },
	{ "http://purl.org/dc/elements/1.1/", NS_DC },
	{ "http://purl.org/dc/elements/1.1", NS_DC },
	{ "http://purl.org/dc/elements/1.0/", NS_DC },
	{ "http://purl.org/dc/terms/", NS_DCTERMS },
	{ "http://purl.org/dc/terms", NS_DCTERMS },
	{ "http://purl.org/rss/1.0/modules/content/", NS_CONTENT },
	{ "http://purl.org/rss/1.0/modules/content", NS_CONTENT },
	{ "http://search.yahoo.com/mrss/", NS_MEDIA },
	{ "http://search.yahoo.com/mrss", NS_MEDIA },
	{ "http://video.search.yahoo.com/mrss", NS_MEDIA },
	{ "http://video.search.yahoo.com/mrss/", NS_MEDIA },
	{ "http://www.rssboard.org/media-rss", NS_MEDIA },
	{ "http://tools.search.yahoo.com/mrss/", NS_MEDIA },
	{ "http://www.itunes.com/DTDs/PodCast-1.0.dtd", NS_ITUNES },
	{ "http://www.itunes.com/DTDs/Podcast-1.0.dtd", NS_ITUNES },
	{ "http://example.com/DTDs/PodCast-1.0.dtd", NS_ITUNES },
	{ "http://www.google.com/schemas/play-podcasts/1.0", NS_ITUNES },
	{ "https://www.google.com/schemas/play-podcasts/1.0/", NS_ITUNES },
	{ "http://www.google.com/schemas/play-podcasts/1.0/play-podcasts.xsd",
	    NS_ITUNES },
	{ "http://purl.org/rss/1.0/modules/syndication/", NS_SY },
	{ "http://purl.org/rss/1.0/modules/syndication", NS_SY },
	{ "http://purl.org/rss/1.0/modules/slash/", NS_SLASH },
	{ "http://purl.org/rss/1.0/modules/slash", NS_SLASH },
	{ "http://purl.org/syndication/thread/1.0", NS_THR },
	{ "http://www.georss.org/georss", NS_GEORSS },
	{ "http://www.georss.org/georss/", NS_GEORSS },
	{ "http://www.georss.org/georss/10", NS_GEORSS },
	{ "http://www.w3.org/2003/01/geo/wgs84_pos#", NS_GEO },
	{ "http://postneo.com/icbm/", NS_GEO },
	{ "http://www.opengis.net/gml", NS_GML },
	{ "http://rssnamespace.org/feedburner/ext/1.0", NS_FEEDBURNER },
	{ "http://wellformedweb.org/CommentAPI/", NS_WFW },
	{ "http://podlove.org/simple-chapters", NS_PSC },
	{ "http://podlove.org/simple-chapters/", NS_PSC },
	{ "http://backend.userland.com/creativeCommonsRssModule", NS_CC },
	{ "http://cyber.law.harvard.edu/rss/creativeCommonsRssModule.html",
	    NS_CC },
	{ "http://web.resource.org/cc/", NS_CC },
	{ "http://creativecommons.org/ns#", NS_CC },
	{ "http://webns.net/mvcb/", NS_ADMIN },
	{ "http://www.w3.org/XML/1998/namespace", NS_XML },
};

static const struct {
	const char	*prefix;
	uint32_t	 ns;
} prefixes[] = {
	{ "rss", NS_RSS }, { "atom", NS_ATOM }, { "atom10", NS_ATOM },
	{ "a10", NS_ATOM }, { "atom03", NS_ATOM03 }, { "rdf", NS_RDF },
	{ "dc", NS_DC }, { "dcterms", NS_DCTERMS }, { "dct", NS_DCTERMS },
	{ "content", NS_CONTENT }, { "media", NS_MEDIA },
	{ "mrss", NS_MEDIA }, { "itunes", NS_ITUNES },
	{ "googleplay", NS_ITUNES }, { "sy", NS_SY }, { "slash", NS_SLASH },
	{ "thr", NS_THR }, { "georss", NS_GEORSS }, { "geo", NS_GEO },
	{ "icbm", NS_GEO }, { "gml", NS_GML },
	{ "feedburner", NS_FEEDBURNER }, { "wfw", NS_WFW },
	{ "psc", NS_PSC }, { "creativeCommons", NS_CC }, { "cc", NS_CC },
	{ "admin", NS_ADMIN }, { "xhtml", NS_XHTML }, { "html", NS_XHTML },
	{ "xml", NS_XML },
};

uint32_t
name_space(const char *uri)
{
	while (*uri == ' ' || *uri == '\t' || *uri == '\n' || *uri == '\r')
		uri++;
	if (*uri == '\0')
		return NS_RSS;
	for (size_t i = 0; i < ARRAY_LEN(spaces); i++) {
		if (text_equal_nocase(uri, spaces[i].uri))
			return spaces[i].ns;
	}
	return NS_FOREIGN;
}

uint32_t
name_prefix(const char *prefix, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		if (strncasecmp(prefixes[i].prefix, prefix, len) == 0 &&
		    prefixes[i].prefix[len] == '\0')
			return prefixes[i].ns;
	}
	return NS_FOREIGN;
}

/* First row of the name, by bisection; the rows of a name are few. */
const struct rule *
name_rule(uint32_t ns, const char *local, uint32_t where)
{
	size_t lo = 0, hi = rules_count;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (strcasecmp(rules[mid].name, local) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < rules_count; lo++) {
		if (strcasecmp(rules[lo].name, local) != 0)
			break;
		if ((rules[lo].ns & ns) != 0 && (rules[lo].where & where) != 0)
			return &rules[lo];
	}
	return NULL;
}
