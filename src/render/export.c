/* export.c - an entry as a line of JSON. */
#include "feedmill/base/buf.h"
#include "feedmill/base/date.h"
#include "feedmill/render.h"
#include "text.h"

static void
put_string(struct buf *b, const char *key, const char *value)
{
	buf_printf(b, "\"%s\":", key);
	if (value == NULL)
		buf_puts(b, "null");
	else
		quote_json(b, value);
}

static void
put_time(struct buf *b, const char *key, int64_t ms)
{
	if (ms == DATE_NONE)
		buf_printf(b, "\"%s\":null", key);
	else
		buf_printf(b, "\"%s\":%lld", key, (long long)ms);
}

void
render_export_line(struct buf *b, const struct export_line *line)
{
	buf_putc(b, '{');
	put_string(b, "key", line->key);
	buf_putc(b, ',');
	put_string(b, "url", line->url);
	buf_putc(b, ',');
	put_string(b, "id", line->id);
	buf_putc(b, ',');
	put_time(b, "ts", line->ts_ms);
	buf_putc(b, ',');
	put_time(b, "first_ts", line->first_ts_ms);
	buf_putc(b, ',');
	put_string(b, "title", line->title);
	buf_putc(b, ',');
	put_string(b, "source", line->source);
	buf_printf(b, ",\"updates\":%u,\"seq\":%lld,", line->updates,
	    (long long)line->seq);
	put_string(b, "stamp", line->stamp);
	buf_puts(b, "}\n");
}
