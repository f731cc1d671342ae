/*
 * names.c - namespaces by URI, prefixes by habit, rules by name.
 *
 * Publishers write namespace URIs with other case, with https, without the
 * last slash, or forget them: a prefix nobody declared keeps its usual
 * meaning.
 */
#include <string.h>
#include <strings.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "reader.h"

/* As trim_uri() leaves them. */
static const struct {
	const char	*uri;
	uint32_t	 ns;
} spaces[] = {
	{ "w3.org/1999/xhtml", NS_XHTML },
	{ "w3.org/2005/Atom", NS_ATOM },
	{ "purl.org/atom/ns", NS_ATOM03 },
	{ "purl.org/atom/app", NS_FOREIGN },
	{ "example.com/newformat", NS_ATOM03 },
	{ "example.com/necho", NS_ATOM03 },
	{ "purl.org/echo", NS_ATOM03 },
	{ "uri/of/echo/namespace", NS_ATOM03 },
	{ "purl.org/pie", NS_ATOM03 },
	{ "purl.org/rss/1.0", NS_RSS },
	{ "my.netscape.com/rdf/simple/0.9", NS_RSS },
	{ "channel.netscape.com/rdf/simple/0.9", NS_RSS },
	{ "my.netscape.com/publish/formats/rss-0.91.dtd", NS_RSS },
	{ "purl.org/rss/1.0/modules/rss091", NS_RSS },
	{ "purl.org/net/rss1.1", NS_RSS },
	{ "backend.userland.com/rss", NS_RSS },
	{ "backend.userland.com/rss2", NS_RSS },
	{ "backend.userland.com/rss091", NS_RSS },
	{ "backend.userland.com/rss092", NS_RSS },
	{ "blogs.law.harvard.edu/tech/rss", NS_RSS },
	{ "cyber.law.harvard.edu/rss/rss.html", NS_RSS },
	{ "rssboard.org/rss-specification", NS_RSS },
	{ "w3.org/1999/02/22-rdf-syntax-ns", NS_RDF },
	{ "purl.org/dc/elements/1.1", NS_DC },
	{ "purl.org/dc/elements/1.0", NS_DC },
	{ "purl.org/dc/terms", NS_DCTERMS },
	{ "purl.org/rss/1.0/modules/content", NS_CONTENT },
	{ "search.yahoo.com/mrss", NS_MEDIA },
	{ "video.search.yahoo.com/mrss", NS_MEDIA },
	{ "rssboard.org/media-rss", NS_MEDIA },
	{ "tools.search.yahoo.com/mrss", NS_MEDIA },
	{ "itunes.com/DTDs/PodCast-1.0.dtd", NS_ITUNES },
	{ "example.com/DTDs/PodCast-1.0.dtd", NS_ITUNES },
	{ "google.com/schemas/play-podcasts/1.0", NS_ITUNES },
	{ "google.com/schemas/play-podcasts/1.0/play-podcasts.xsd",
	    NS_ITUNES },
	{ "purl.org/rss/1.0/modules/syndication", NS_SY },
	{ "purl.org/rss/1.0/modules/slash", NS_SLASH },
	{ "purl.org/syndication/thread/1.0", NS_THR },
	{ "georss.org/georss", NS_GEORSS },
	{ "georss.org/georss/10", NS_GEORSS },
	{ "w3.org/2003/01/geo/wgs84_pos", NS_GEO },
	{ "postneo.com/icbm", NS_GEO },
	{ "opengis.net/gml", NS_GML },
	{ "rssnamespace.org/feedburner/ext/1.0", NS_FEEDBURNER },
	{ "wellformedweb.org/CommentAPI", NS_WFW },
	{ "podlove.org/simple-chapters", NS_PSC },
	{ "backend.userland.com/creativeCommonsRssModule", NS_CC },
	{ "cyber.law.harvard.edu/rss/creativeCommonsRssModule.html", NS_CC },
	{ "web.resource.org/cc", NS_CC },
	{ "creativecommons.org/ns", NS_CC },
	{ "webns.net/mvcb", NS_ADMIN },
	{ "w3.org/XML/1998/namespace", NS_XML },
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

/* "https://www.w3.org/2005/Atom/" is "w3.org/2005/Atom". */
static size_t
trim_uri(const char **uri)
{
	static const char *const starts[] = { "http://", "https://", "www." };
	size_t len = text_trim(uri, strlen(*uri));

	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		size_t n = strlen(starts[i]);

		if (n <= len && strncasecmp(*uri, starts[i], n) == 0) {
			*uri += n;
			len -= n;
		}
	}
	while (len > 0 && ((*uri)[len - 1] == '/' || (*uri)[len - 1] == '#'))
		len--;
	return len;
}

uint32_t
name_space(const char *uri)
{
	size_t len = trim_uri(&uri);

	if (len == 0)
		return NS_RSS;
	for (size_t i = 0; i < ARRAY_LEN(spaces); i++) {
		if (strncasecmp(uri, spaces[i].uri, len) == 0 &&
		    spaces[i].uri[len] == '\0')
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
