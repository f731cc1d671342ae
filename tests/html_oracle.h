/*
 * html_oracle.h - is this HTML safe and well-formed?  For the unit test and
 * the fuzzer of html.h: a second opinion that shares nothing with src/.
 *
 * html_fault() returns NULL, or what is wrong.  expat reads the HTML inside
 * of a <div>; every element, attribute and URL it reports is looked at.
 */
#ifndef FEEDMILL_TESTS_HTML_ORACLE_H
#define FEEDMILL_TESTS_HTML_ORACLE_H

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <expat.h>

static char html_fault_text[256];

static int
html_word_in(const char *word, const char *list)
{
	size_t len = strlen(word);

	for (const char *p = list; (p = strstr(p, word)) != NULL; p += len) {
		if ((p == list || p[-1] == ' ') &&
		    (p[len] == ' ' || p[len] == '\0'))
			return 1;
	}
	return 0;
}

static int
html_url_fault(const char *element, const char *name, const char *url)
{
	static const char links[] = "mailto tel sms geo xmpp sip irc magnet "
	    "news ftp gemini gopher webcal";
	char scheme[32];
	size_t len = strcspn(url, ":/?#");

	if (url[len] != ':' || len == 0 || len >= sizeof(scheme))
		return 1;
	for (const char *p = url; *p != '\0'; p++) {
		if ((unsigned char)*p <= ' ' || strchr("\"<>\\^`{|}", *p) ||
		    (unsigned char)*p >= 0x7F)
			return 1;
	}
	memcpy(scheme, url, len);
	scheme[len] = '\0';
	if (strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0)
		return strncmp(url + len, "://", 3) != 0 ||
		    strchr("/?#", url[len + 3]) != NULL;
	if (strcmp(name, "src") == 0 && strcmp(element, "img") == 0 &&
	    strncmp(url, "data:image/", 11) == 0)
		return strstr(url, "svg") != NULL && strstr(url, "svg") <
		    strchr(url, ',');
	for (char *p = scheme; *p != '\0'; p++)
		*p = (char)(*p | 0x20);
	return strcmp(name, "href") != 0 || !html_word_in(scheme, links);
}

static int
html_attribute_fault(const char *element, const char *name, const char *value)
{
	static const char allowed[] = "abbr alt cite color colspan controls "
	    "datetime dir face height href hreflang lang loading media open "
	    "poster preload referrerpolicy reversed rowspan scope size sizes "
	    "span src srcset start title type value width";

	if (strcmp(element, "iframe") == 0 && strcmp(name, "sandbox") == 0)
		return 0;
	if (!html_word_in(name, allowed))
		return 1;
	if (html_word_in(name, "href src cite poster"))
		return html_url_fault(element, name, value);
	return strcmp(name, "srcset") == 0 && strncasecmp(value, "http", 4);
}

static void
html_oracle_start(void *frames, const char *element, const char **atts)
{
	static const char allowed[] = "a abbr acronym address article aside "
	    "audio b bdi bdo big blockquote br caption center cite code col "
	    "colgroup dd del details dfn div dl dt em figcaption figure font "
	    "footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark "
	    "nav ol p picture pre q rp rt ruby s samp section small source "
	    "span strike strong sub summary sup table tbody td tfoot th thead "
	    "time tr tt u ul var video wbr";

	if (!html_word_in(element, allowed) &&
	    !(frames != NULL && strcmp(element, "iframe") == 0))
		snprintf(html_fault_text, sizeof(html_fault_text),
		    "element <%s>", element);
	for (; atts[0] != NULL; atts += 2) {
		if (html_attribute_fault(element, atts[0], atts[1]))
			snprintf(html_fault_text, sizeof(html_fault_text),
			    "attribute <%s %s=\"%.100s\">", element, atts[0],
			    atts[1]);
	}
}

/* frames: may there be an <iframe>? */
static const char *
html_fault(const char *html, size_t len, int frames)
{
	XML_Parser p = XML_ParserCreate("UTF-8");

	html_fault_text[0] = '\0';
	XML_SetStartElementHandler(p, html_oracle_start);
	XML_SetUserData(p, frames ? p : NULL);
	if (XML_Parse(p, "<div>", 5, 0) == XML_STATUS_ERROR ||
	    XML_Parse(p, html, (int)len, 0) == XML_STATUS_ERROR ||
	    XML_Parse(p, "</div>", 6, 1) == XML_STATUS_ERROR)
		snprintf(html_fault_text, sizeof(html_fault_text),
		    "not well-formed: %s, byte %ld",
		    XML_ErrorString(XML_GetErrorCode(p)),
		    (long)XML_GetCurrentByteIndex(p));
	XML_ParserFree(p);
	return html_fault_text[0] != '\0' ? html_fault_text : NULL;
}

#endif
