/* repair_names.c - see repair_names.h. */
#include <string.h>
#include <strings.h>

#include "feedmill/base/mem.h"
#include "repair_names.h"

/* One blank-separated list per kind; a name stands in one of them. */
static const char entries[] = " item entry ";
static const char leaves[] =
    " title link description guid pubdate category comments id "
    "updated published subtitle tagline modified issued created language "
    "copyright rights managingeditor webmaster lastbuilddate generator docs "
    "ttl url width height name email uri icon logo rating "
    "content:encoded dc:title dc:creator dc:date dc:subject dc:description "
    "dc:language dc:rights dc:publisher wfw:commentrss slash:comments "
    "feedburner:origlink ";
static const char texts[] = " content summary info ";
static const char feeds[] = " rss rdf:rdf feed channel items opml ";
static const char holders[] =
    " image textinput source author contributor skiphours skipdays outline ";
static const char html[] =
    " a abbr acronym address applet area article aside audio b base basefont "
    "bdi bdo big blink blockquote body br button canvas caption center cite "
    "code col colgroup data datalist dd del details dfn dialog dir div dl dt "
    "em embed fieldset figcaption figure font footer form frame frameset h1 "
    "h2 h3 h4 h5 h6 head header hr html i iframe img input ins kbd label "
    "legend li main map mark marquee menu meta meter nav nobr noframes "
    "noscript object ol optgroup option output p param picture pre progress "
    "q rp rt ruby s samp script section select small span strike strong "
    "style sub sup svg math table tbody td template textarea tfoot th thead "
    "time tr track tt u ul var video wbr xmp ";
static const char voids[] =
    " area base basefont br col embed frame hr img input meta param track "
    "wbr ";
static const char heads[] = " feed channel ";
static const char roots[] = " rss rdf feed channel opml ";

enum { NAME_LONGEST = 24 };

static int
listed(const char *list, const char *name, size_t len)
{
	char word[NAME_LONGEST + 3];

	if (len > NAME_LONGEST)
		return 0;
	word[0] = ' ';
	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		word[i + 1] = c >= 'A' && c <= 'Z' ?
		    (char)(c + ('a' - 'A')) : c;
	}
	word[len + 1] = ' ';
	word[len + 2] = '\0';
	return strstr(list, word) != NULL;
}

enum name_kind
name_kind(const char *name, size_t len)
{
	static const struct {
		const char	*list;
		enum name_kind	 kind;
	} kinds[] = {
		{ entries, NAME_ENTRY }, { leaves, NAME_LEAF },
		{ texts, NAME_TEXT }, { feeds, NAME_FEED },
		{ holders, NAME_HOLDER }, { html, NAME_HTML },
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (listed(kinds[i].list, name, len))
			return kinds[i].kind;
	}
	return memchr(name, ':', len) != NULL ? NAME_PREFIXED : NAME_OTHER;
}

int
name_is_void(const char *name, size_t len)
{
	return listed(voids, name, len);
}

static int
listed_local(const char *list, const char *name, size_t len)
{
	const char *colon = memchr(name, ':', len);

	if (colon != NULL) {
		len -= (size_t)(colon + 1 - name);
		name = colon + 1;
	}
	return listed(list, name, len);
}

int
name_is_root(const char *name, size_t len)
{
	return listed_local(roots, name, len);
}

int
name_is_head(const char *name, size_t len)
{
	return listed_local(heads, name, len);
}
