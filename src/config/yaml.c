/*
 * yaml.c - from the bytes of a file to nodes that know their place.
 *
 * libfyaml gives events; the tree is ours, so that its depth is bounded,
 * anchors and aliases are refused (no bombs), and nothing above knows the
 * library.  The only home of <libfyaml.h>.
 *
 * libfyaml stops at a syntax mistake.  To show all of them in one run, the
 * line is repaired, or else blanked, in a private copy, and the copy read
 * again.  Nodes on such lines are marked damaged: what is missing there may
 * have been written, so nobody complains about it a second time.
 */
#include <assert.h>
#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "private.h"

struct repair {
	unsigned	 line;
	int		 shift;		/* characters the text moved right */
	int		 blanked;
};

struct reader {
	struct arena	*arena;
	const struct config_file *file;
	struct mistakes	*mistakes;
	struct config_file copy;	/* with repairs */
	struct repair	 repairs[CONFIG_REPAIRS_MAX];
	unsigned	 repairs_count;
	/* Of the pass under way: */
	struct mistakes	 found;		/* counts only from the last pass */
	struct node	*root;
	struct node	*open[CONFIG_DEPTH_MAX];
	struct node	*key;		/* of the map that is open, or NULL */
	unsigned	 depth;
	int		 documents;
};

/* What libfyaml says, and what a person can do about it. */
static const struct {
	const char	*says, *sentence;
} advice[] = {
	{ "invalid tab used as indentation",
	    "a tab cannot indent; use spaces" },
	{ "tab character may not be used as indentation",
	    "a tab cannot indent; use spaces" },
	{ "invalid multiline plain key",
	    "this line is indented deeper than the setting above it, which "
	    "has a value already" },
	{ "invalid indentation in mapping",
	    "this line is indented unlike the settings around it" },
	{ "invalid nested block mapping on the same line",
	    "text with \": \" in it must be quoted" },
	{ "invalid value after mapping",
	    "a setting needs a colon and a blank between name and value" },
	{ "did not find expected node content",
	    "a value or a closing bracket is missing" },
	{ "flow sequence without a closing bracket",
	    "a list that begins above, with \"[\", is not closed" },
	{ "flow mapping without a closing brace",
	    "a group that begins above, with \"{\", is not closed" },
	{ "wrongly indented double-quoted scalar",
	    "the quotation that begins here is not closed" },
	{ "wrongly indented single-quoted scalar",
	    "the quotation that begins here is not closed" },
};

static const struct repair *
repair_of(const struct reader *r, unsigned line)
{
	for (unsigned i = 0; i < r->repairs_count; i++)
		if (r->repairs[i].line == line)
			return &r->repairs[i];
	return NULL;
}

static int
repairs_between(const struct reader *r, unsigned from, unsigned to)
{
	for (unsigned i = 0; i < r->repairs_count; i++)
		if (r->repairs[i].line >= from && r->repairs[i].line <= to)
			return 1;
	return 0;
}

/* libfyaml counts lines and columns from 0. */
static struct place
place_of(const struct reader *r, struct fy_event *event)
{
	const struct fy_mark *from = fy_event_start_mark(event);
	const struct fy_mark *to = fy_event_end_mark(event);
	struct place at = { .file = r->file, .line = 1, .column = 1,
	    .width = 1 };
	const struct repair *repair;
	int column;

	if (from == NULL)
		return at;
	at.line = (unsigned)from->line + 1;
	column = from->column + 1;
	repair = repair_of(r, at.line);
	if (repair != NULL)
		column -= repair->shift;
	at.column = column > 0 ? (unsigned)column : 1;
	if (to != NULL && to->line == from->line && to->column > from->column)
		at.width = (unsigned)(to->column - from->column);
	else if (to != NULL && to->line > from->line)
		at.width = 1000;	/* to the end of the line */
	return at;
}

/* By chunks: fy_token_get_text() of libfyaml 0.7.12 loses memory where there
 * are many (tests/fuzz/corpus/config/leak.yaml). */
static const char *
token_text(struct reader *r, struct fy_token *token, size_t *ret_len)
{
	const struct fy_iter_chunk *chunk = NULL;
	struct fy_token_iter *iterator;
	struct buf b = { 0 };
	const char *text;

	if (token != NULL && (iterator = fy_token_iter_create(token)) != NULL) {
		while ((chunk = fy_token_iter_chunk_next(iterator, chunk,
		    NULL)) != NULL)
			buf_append(&b, chunk->str, chunk->len);
		fy_token_iter_destroy(iterator);
	}
	*ret_len = b.len;
	text = arena_strndup(r->arena, buf_str(&b), b.len);
	buf_fini(&b);
	return text;
}

/* Put the node where it belongs; a map takes keys and values in turn. */
static void
place_node(struct reader *r, struct node *n)
{
	struct node *parent = r->depth > 0 ? r->open[r->depth - 1] : NULL;

	if (parent == NULL) {
		if (r->root == NULL)
			r->root = n;
		return;
	}
	if (parent->kind == NODE_MAP && r->key == NULL) {
		r->key = n;
		return;
	}
	n->key = TAKE(r->key);
	if (parent->last != NULL)
		parent->last->next = n;
	else
		parent->first = n;
	parent->last = n;
}

static struct node *
add_node(struct reader *r, struct fy_event *event, enum node_kind kind,
    struct fy_token *anchor, struct fy_token *tag)
{
	struct node *n = arena_zalloc(r->arena, sizeof(*n));
	size_t len;

	n->kind = kind;
	n->at = place_of(r, event);
	n->damaged = repair_of(r, n->at.line) != NULL;
	n->text = "";
	if (tag != NULL)
		n->tag = token_text(r, tag, &len);
	if (anchor != NULL)
		mistake_add(&r->found, n->at, 0,
		    "anchors (&) are not supported; write it out");
	return n;
}

/* -1: too deep, give up. */
static int
begin(struct reader *r, struct node *n)
{
	if (r->depth == CONFIG_DEPTH_MAX) {
		mistake_add(&r->found, n->at, 0, "nested too deeply");
		return -1;
	}
	if (r->depth > 0 && r->open[r->depth - 1]->kind == NODE_MAP &&
	    r->key == NULL) {
		mistake_add(&r->found, n->at, 0,
		    "the name of a setting must be plain text");
		return -1;
	}
	place_node(r, n);
	r->open[r->depth++] = n;
	return 0;
}

static void
end(struct reader *r, struct fy_event *event)
{
	const struct fy_mark *to = fy_event_end_mark(event);
	struct node *n;

	assert(r->depth > 0);
	n = r->open[--r->depth];
	n->damaged |= repairs_between(r, n->at.line,
	    to != NULL ? (unsigned)to->line + 1 : n->at.line);
}

static int
take_scalar(struct reader *r, struct fy_event *event)
{
	struct node *n = add_node(r, event, NODE_TEXT, event->scalar.anchor,
	    event->scalar.tag);
	size_t len;

	n->text = token_text(r, event->scalar.value, &len);
	if (strlen(n->text) != len)
		mistake_add(&r->found, n->at, 0, "a value cannot have \"\\0\" "
		    "in it");
	n->plain = event->scalar.value == NULL ||
	    fy_token_scalar_style(event->scalar.value) == FYSS_PLAIN;
	place_node(r, n);
	return 0;
}

static int
take_alias(struct reader *r, struct fy_event *event)
{
	struct node *n = add_node(r, event, NODE_TEXT, NULL, NULL);

	mistake_add(&r->found, n->at, 0,
	    "a value cannot begin with \"*\" unless it is quoted");
	n->damaged = 1;
	place_node(r, n);
	return 0;
}

/* -1: no use going on. */
static int
take(struct reader *r, struct fy_event *event)
{
	switch (event->type) {
	case FYET_DOCUMENT_START:
		if (++r->documents == 1)
			return 0;
		mistake_add(&r->found, place_of(r, event), 0,
		    "a second document (\"---\") begins here; a file has one");
		return -1;
	case FYET_MAPPING_START:
		return begin(r, add_node(r, event, NODE_MAP,
		    event->mapping_start.anchor, event->mapping_start.tag));
	case FYET_SEQUENCE_START:
		return begin(r, add_node(r, event, NODE_LIST,
		    event->sequence_start.anchor, event->sequence_start.tag));
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		end(r, event);
		return 0;
	case FYET_SCALAR:
		return take_scalar(r, event);
	case FYET_ALIAS:
		return take_alias(r, event);
	default:
		return 0;
	}
}

/* 0: the line was changed, it is worth reading again. */
static int
repair(struct reader *r, unsigned line)
{
	struct repair *was = (struct repair *)repair_of(r, line);
	size_t len;
	const char *s = config_file_line(&r->copy, line, &len);
	unsigned blanks = config_line_blanks(s, len);
	unsigned expected = config_line_expected(&r->copy, line);

	if (blanks == len || (was != NULL && was->blanked))
		return -1;
	if (was == NULL) {
		if (r->repairs_count == CONFIG_REPAIRS_MAX)
			return -1;
		was = &r->repairs[r->repairs_count++];
		*was = (struct repair){ .line = line };
		was->blanked = expected == blanks &&
		    memchr(s, '\t', blanks) == NULL;
		was->shift = (int)expected - (int)blanks;
	} else {
		was->blanked = 1;
	}
	config_line_replace(&r->copy, line, expected, was->blanked);
	return 0;
}

/* Where a person would look, from where the library stopped. */
static struct place
point_at(const struct reader *r, const char *message, int line, int column)
{
	struct place at = { .file = r->file, .line = 1, .column = 1,
	    .width = 1 };
	const char *s;
	size_t len;
	unsigned blanks;

	if (line > 0)
		at.line = (unsigned)line;
	if (column > 0)
		at.column = (unsigned)column;
	if (at.line > r->file->lines_count)
		at.line = (unsigned)r->file->lines_count;
	if (strcmp(message, "invalid multiline plain key") == 0) {
		at.line = config_line_below(&r->copy, at.line);
		at.column = 0;
	}
	s = config_file_line(r->file, at.line, &len);
	blanks = config_line_blanks(s, len);
	if (at.column == 0)
		at.column = blanks + 1;
	if (strstr(message, "tab") != NULL &&
	    memchr(s, '\t', blanks) != NULL)
		at.column = (unsigned)((const char *)memchr(s, '\t', blanks) -
		    s) + 1;
	/* Past the end, as for what was never closed: the last line. */
	if (len == 0 && at.line == r->file->lines_count && at.line > 1) {
		at.line = config_line_above(r->file, at.line);
		if (at.line == 0)
			at.line = 1;
		config_file_line(r->file, at.line, &len);
		at.column = (unsigned)len + 1;
	}
	return at;
}

/* Add the library's message; 0: repaired, read again. */
static int
syntax_mistake(struct reader *r, struct fy_diag *diag)
{
	const char *sentence = "not YAML", *message = "";
	struct fy_diag_error *error;
	struct place at;
	void *iterator = NULL;
	int line = 0, column = 0;

	error = fy_diag_errors_iterate(diag, &iterator);
	if (error != NULL) {
		sentence = message = error->msg;
		line = error->line;
		column = error->column;
	}
	for (size_t i = 0; i < ARRAY_LEN(advice); i++)
		if (strcmp(message, advice[i].says) == 0)
			sentence = advice[i].sentence;
	at = point_at(r, message, line, column);
	if (repair_of(r, at.line) == NULL)
		mistake_add(r->mistakes, at, 0, "%s", sentence);
	return repair(r, at.line);
}

/* 0: all read; 1: stopped by a syntax mistake; -1: no use going on. */
static int
read_events(struct reader *r, struct fy_parser *parser)
{
	struct fy_event *event;
	int verdict = 0;

	while (verdict == 0 && (event = fy_parser_parse(parser)) != NULL) {
		verdict = take(r, event);
		fy_parser_event_free(parser, event);
	}
	if (verdict == 0 && fy_parser_get_stream_error(parser))
		verdict = 1;
	/* What is open ends here, unfinished. */
	while (r->depth > 0)
		r->open[--r->depth]->damaged = 1;
	return verdict;
}

/* One pass over the copy; 1: a line was repaired, read again. */
static int
read_once(struct reader *r)
{
	struct fy_diag_cfg diag_cfg;
	struct fy_parse_cfg cfg = { 0 };
	struct fy_parser *parser;
	int again = 0;

	mistakes_fini(&r->found);
	r->root = r->key = NULL;
	r->depth = 0;
	r->documents = 0;
	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	diag_cfg.colorize = 0;
	diag_cfg.show_source = 0;
	cfg.diag = fy_diag_create(&diag_cfg);
	fy_diag_set_collect_errors(cfg.diag, 1);
	parser = fy_parser_create(&cfg);
	if (fy_parser_set_string(parser, r->copy.text, r->copy.len) == 0 &&
	    read_events(r, parser) == 1)
		again = syntax_mistake(r, cfg.diag) == 0;
	fy_parser_destroy(parser);
	fy_diag_destroy(cfg.diag);
	return again;
}

/* YAML is text: the first byte that is none, or len. */
static size_t
first_bad_byte(const struct config_file *f)
{
	size_t valid = text_utf8_valid(f->text, f->len);

	for (size_t i = 0; i < valid; i++) {
		unsigned char c = (unsigned char)f->text[i];

		if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') ||
		    c == 0x7F || (c == '\r' && f->text[i + 1] != '\n'))
			return i;
	}
	return valid;
}

static int
refuse_bytes(const struct config_file *f, struct mistakes *m)
{
	size_t bad = first_bad_byte(f), line = f->lines_count;
	struct place at = { .file = f, .width = 1 };
	const char *p;

	if (bad == f->len)
		return 0;
	while (f->lines[line - 1] > bad)
		line--;
	at.line = (unsigned)line;
	p = f->text + f->lines[line - 1];
	for (at.column = 1; p < f->text + bad; at.column++)
		text_utf8_next(&p, f->text + bad);
	mistake_add(m, at, 0, "byte 0x%02X is no text; the file must be UTF-8",
	    (unsigned char)f->text[bad]);
	return -1;
}

struct node *
config_yaml_read(struct arena *arena, const struct config_file *file,
    struct mistakes *mistakes)
{
	struct reader r = { .arena = arena, .file = file,
	    .mistakes = mistakes };

	if (refuse_bytes(file, mistakes) == -1)
		return NULL;
	config_file_set(&r.copy, file->name, file->text, file->len);
	while (read_once(&r))
		continue;
	for (size_t i = 0; i < r.found.count; i++)
		mistake_add(mistakes, r.found.list[i].at,
		    r.found.list[i].is_warning, "%s",
		    r.found.list[i].sentence);
	mistakes_fini(&r.found);
	config_file_fini(&r.copy);
	return r.root;
}

int
node_is_null(const struct node *n)
{
	return n->kind == NODE_TEXT && n->plain && n->tag == NULL &&
	    (n->text[0] == '\0' || strcmp(n->text, "~") == 0 ||
	    strcmp(n->text, "null") == 0);
}
