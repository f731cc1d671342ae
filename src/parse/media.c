/*
 * media.c - Media RSS, iTunes, GeoRSS and chapters.
 *
 * These namespaces have titles, links and images of their own: each goes to
 * a field of its own and never over what the feed says itself.
 */
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "list.h"
#include "reader.h"

static int
small_int(const char *s)
{
	long v = s != NULL ? strtol(s, NULL, 10) : 0;

	return v > 0 && v < 1000000 ? (int)v : 0;
}

/* The entry an element of media: belongs to, however deep the groups. */
static struct entry *
entry_of(struct reader *r)
{
	return reader_parent(r)->object;
}

void
begin_group(struct reader *r, const struct rule *rule, const char **atts)
{
	(void)r, (void)rule, (void)atts;
}

void
begin_media(struct reader *r, const struct rule *rule, const char **atts)
{
	struct media_content *m;
	const char *size = attribute(atts, "fileSize");
	const char *url = reader_url(r, attribute(atts, "url"));

	(void)rule;
	if (url == NULL)
		return;
	m = arena_zalloc(r->arena, sizeof(*m));
	m->url = url;
	m->type = reader_attribute(r, attribute(atts, "type"));
	m->medium = reader_attribute(r, attribute(atts, "medium"));
	m->length = size != NULL ? reader_count(size) : -1;
	LIST_APPEND(&entry_of(r)->media, m);
}

void
begin_thumbnail(struct reader *r, const struct rule *rule, const char **atts)
{
	struct media_thumbnail *t;
	const char *url = reader_url(r, attribute(atts, "url"));

	(void)rule;
	if (url == NULL)
		return;
	t = arena_zalloc(r->arena, sizeof(*t));
	t->url = url;
	t->width = small_int(attribute(atts, "width"));
	t->height = small_int(attribute(atts, "height"));
	LIST_APPEND(&entry_of(r)->thumbnails, t);
}

void
begin_peer(struct reader *r, const struct rule *rule, const char **atts)
{
	struct link *l;
	const char *href = reader_url(r, attribute(atts, "href"));

	(void)rule;
	if (href == NULL)
		return;
	l = arena_zalloc(r->arena, sizeof(*l));
	l->href = href;
	l->rel = "enclosure";
	l->type = reader_attribute(r, attribute(atts, "type"));
	l->length = -1;
	LIST_APPEND(&entry_of(r)->peer_links, l);
}

void
begin_itunes_image(struct reader *r, const struct rule *rule,
    const char **atts)
{
	const char *url = attribute(atts, "href");
	const char **at;

	url = reader_url(r, url != NULL ? url : attribute(atts, "url"));
	at = reader_field(r, rule);
	if (url != NULL && reader_outranks(r, rule))
		*at = url;
}

/* Nested categories stand beside each other. */
void
begin_itunes_category(struct reader *r, const struct rule *rule,
    const char **atts)
{
	struct category *c;
	const char *term = reader_attribute(r, attribute(atts, "text"));
	struct category **list;

	list = reader_field(r, rule);
	reader_top(r)->object = list;
	if (term == NULL)
		return;
	c = arena_zalloc(r->arena, sizeof(*c));
	c->term = term;
	c->scheme = "http://www.itunes.com/";
	category_add(list, c);
}

void
end_keywords(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	struct category **list;
	const char *end = s + len;

	list = reader_field(r, rule);
	for (const char *p = s; p < end; ) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		const char *word = p;
		size_t n = (size_t)((comma != NULL ? comma : end) - p);
		struct category *c;

		p += n + 1;
		n = text_trim(&word, n);
		if (n == 0)
			continue;
		c = arena_zalloc(r->arena, sizeof(*c));
		c->term = reader_keep(r, word, n);
		c->scheme = "http://www.itunes.com/";
		category_add(list, c);
	}
}

/* "1:02:03", "62:03", "3723", "3723.5" */
static double
clock_seconds(const char *s)
{
	double total = 0;

	for (int part = 0; part < 3; part++) {
		char *end;
		double v = strtod(s, &end);

		if (end == s || v < 0 || v > 1e9)
			return -1;
		total = total * 60 + v;
		if (*end != ':')
			break;
		s = end + 1;
	}
	return total;
}

void
end_duration(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	int64_t *at;
	double v;

	at = reader_field(r, rule);
	v = len > 0 ? clock_seconds(s) : -1;
	if (v >= 0 && *at < 0)
		*at = (int64_t)v;
}

void
end_flag(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	static const struct {
		const char	*word;
		int		 value;
	} words[] = {
		{ "yes", 1 }, { "true", 1 }, { "explicit", 1 }, { "no", 0 },
		{ "false", 0 }, { "clean", 0 },
	};
	int *at = reader_field(r, rule);

	(void)len;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (*at < 0 && text_equal_nocase(s, words[i].word))
			*at = words[i].value;
	}
}

void
begin_chapter(struct reader *r, const struct rule *rule, const char **atts)
{
	const char *start = attribute(atts, "start");
	double at = start != NULL ? clock_seconds(start) : -1;
	struct chapter *c;

	(void)rule;
	if (at < 0)
		return;
	c = arena_zalloc(r->arena, sizeof(*c));
	c->start_s = at;
	c->title = reader_attribute(r, attribute(atts, "title"));
	c->link = reader_url(r, attribute(atts, "href"));
	c->image = reader_url(r, attribute(atts, "image"));
	LIST_APPEND(&entry_of(r)->chapters, c);
}

static int
latitude_longitude(const char *s, double *lat, double *lon)
{
	char *end;

	*lat = strtod(s, &end);
	if (end == s)
		return 0;
	s = end + strspn(end, " \t\r\n,");
	*lon = strtod(s, &end);
	return end != s && *lat >= -90 && *lat <= 90 && *lon >= -360 &&
	    *lon <= 360;
}

/* The shape is the name of the element, or in GML that of its parent. */
static const char *
shape_name(struct reader *r, const struct rule *rule)
{
	static const struct {
		const char	*element, *shape;
	} shapes[] = {
		{ "point", "point" }, { "pos", "point" },
		{ "line", "line" }, { "LineString", "line" },
		{ "polygon", "polygon" }, { "LinearRing", "polygon" },
		{ "box", "box" }, { "Envelope", "box" },
	};
	const struct rule *up = reader_parent(r)->rule;

	for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
		if (text_equal_nocase(shapes[i].element, rule->name))
			return shapes[i].shape;
	}
	for (size_t i = 0; up != NULL && i < ARRAY_LEN(shapes); i++) {
		if (text_equal_nocase(shapes[i].element, up->name))
			return shapes[i].shape;
	}
	return "point";
}

void
end_shape(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	struct geo *g;
	struct buf flat = { 0 };
	const char *type;

	if (len == 0 || r->entry == NULL)
		return;
	g = &r->entry->geo;
	type = shape_name(r, rule);
	text_collapse(&flat, s, len);
	if (g->coordinates != NULL && g->type != NULL &&
	    strcmp(rule->name, "upperCorner") == 0 &&
	    strcmp(g->type, "box") == 0) {
		g->coordinates = arena_printf(r->arena, "%s %s",
		    g->coordinates, buf_str(&flat));
	} else if (g->coordinates == NULL) {
		g->type = type;
		g->coordinates = arena_strndup(r->arena, buf_str(&flat),
		    flat.len);
		if (strcmp(type, "point") == 0)
			g->has_point = latitude_longitude(g->coordinates,
			    &g->lat, &g->lon);
	}
	buf_fini(&flat);
}

static void
settle_point(struct reader *r)
{
	struct geo *g;

	if (r->entry == NULL || !r->has_lat || !r->has_lon)
		return;
	g = &r->entry->geo;
	if (g->coordinates != NULL)
		return;
	g->type = "point";
	g->coordinates = arena_printf(r->arena, "%.9g %.9g", r->lat, r->lon);
	g->lat = r->lat;
	g->lon = r->lon;
	g->has_point = 1;
}

static int
degrees(const char *s, double *ret)
{
	char *end;

	*ret = strtod(s, &end);
	return end != s && *ret >= -360 && *ret <= 360;
}

void
end_lat(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	(void)rule, (void)len;
	r->has_lat = degrees(s, &r->lat);
	settle_point(r);
}

void
end_lon(struct reader *r, const struct rule *rule, char *s, size_t len)
{
	(void)rule, (void)len;
	r->has_lon = degrees(s, &r->lon);
	settle_point(r);
}
