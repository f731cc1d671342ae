/* tokenizer.c - see tokenizer.h. */
#include <ctype.h>
#include <string.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"

#include "tokenizer.h"

/* By first code point; between them it is unicode61's. */
static const struct block {
	uint32_t	 first, last;
} blocks[] = {
	{ 0x2e80, 0x2fdf },		/* radicals */
	{ 0x3005, 0x3007 },		/* iteration mark, zero */
	{ 0x3041, 0x30fa },		/* kana, but not the middle dot */
	{ 0x30fc, 0x312f },		/* long vowel mark, bopomofo */
	{ 0x31a0, 0x31bf }, { 0x31f0, 0x31ff },
	{ 0x3400, 0x4dbf }, { 0x4e00, 0x9fff },
	{ 0xac00, 0xd7a3 },		/* Hangul syllables */
	{ 0xf900, 0xfaff },
	{ 0xff66, 0xff9d },		/* half-width katakana */
	{ 0x1b000, 0x1b16f },
	{ 0x20000, 0x3ffff },
};

static int
is_cjk(uint32_t c)
{
	if (c < blocks[0].first)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(blocks) && c >= blocks[i].first; i++)
		if (c <= blocks[i].last)
			return 1;
	return 0;
}

static size_t
tag_length(const char *p, const char *end)
{
	char quote = 0;

	for (const char *q = p + 1; q < end; q++) {
		if (quote != 0)
			quote = *q == quote ? 0 : quote;
		else if (*q == '"' || *q == '\'')
			quote = *q;
		else if (*q == '>')
			return (size_t)(q + 1 - p);
	}
	return 0;
}

enum { REFERENCE_MAX = 32 };

static size_t
reference_length(const char *p, const char *end)
{
	const char *q = p + 1;

	while (q < end && q - p < REFERENCE_MAX &&
	    (isalnum((unsigned char)*q) || *q == '#'))
		q++;
	return q < end && q > p + 1 && *q == ';' ? (size_t)(q + 1 - p) : 0;
}

size_t
markup_length(const char *p, const char *end)
{
	return *p == '<' ? tag_length(p, end) :
	    *p == '&' ? reference_length(p, end) : 0;
}

/* ------------------------------------------------------ the interface */

typedef int token_fn(void *arg, int flags, const char *token, int len,
    int start, int end);

enum { GUARD_TOKENS = 1024 };

struct context {
	fts5_api	*api;
	const struct tokenizer_guard *guard;	/* or NULL */
};

struct cjk {
	fts5_tokenizer	 inner;		/* unicode61 */
	Fts5Tokenizer	*words;
	const struct tokenizer_guard *guard;
};

/* One text on its way through. */
struct walk {
	struct cjk	*cjk;
	token_fn	*fn;
	void		*arg;
	int		 flags;
	const char	*text;
	int		 shift;		/* of the part that unicode61 sees */
	int		 has_tags;	/* as far as is known */
	unsigned	 tokens;	/* given */
};

static int
give(struct walk *w, int flags, const char *token, int len, int start,
    int end)
{
	const struct tokenizer_guard *g = w->cjk->guard;

	if (++w->tokens % GUARD_TOKENS == 0 && g != NULL &&
	    g->is_to_end != NULL && g->is_to_end(g->arg))
		return SQLITE_INTERRUPT;
	return w->fn(w->arg, flags, token, len, start, end);
}

enum { OTHER_WIDTH_MAX = 96 };

static int
is_narrow(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

/* U+FF01 to U+FF5E are "!" to "~", as wide as a Chinese character. */
static int
widen(const char *token, int len, char *ret)
{
	int n = 0;

	if (len * 3 > OTHER_WIDTH_MAX)
		return 0;
	for (; len > 0; token++, len--) {
		unsigned c = (unsigned)(unsigned char)*token - 0x20;

		if (!is_narrow(*token))
			return 0;
		ret[n++] = '\xef';
		ret[n++] = (char)(0xbc + c / 64);
		ret[n++] = (char)(0x80 + c % 64);
	}
	return n;
}

static int
narrow(const char *token, int len, char *ret)
{
	const char *end = token + len;
	int n = 0;

	if (len / 3 > OTHER_WIDTH_MAX)
		return 0;
	while (token < end) {
		uint32_t c = text_utf8_next(&token, end);

		if (c < 0xff01 || c > 0xff5e)
			return 0;
		ret[n++] = (char)(c - 0xff00 + 0x20);
	}
	return n;
}

/* A word is found in either width: Chinese and Japanese texts have both. */
static int
give_shifted(void *arg, int flags, const char *token, int len, int start,
    int end)
{
	struct walk *w = arg;
	char other[OTHER_WIDTH_MAX];
	int code = give(w, flags, token, len, start + w->shift,
	    end + w->shift), n;

	if (code != SQLITE_OK || (w->flags & FTS5_TOKENIZE_QUERY) == 0)
		return code;
	n = is_narrow(*token) ? widen(token, len, other) :
	    narrow(token, len, other);
	return n == 0 ? code : give(w, flags | FTS5_TOKEN_COLOCATED, other,
	    n, start + w->shift, end + w->shift);
}

static int
give_words(struct walk *w, const char *from, const char *to)
{
	if (from == to)
		return SQLITE_OK;
	w->shift = (int)(from - w->text);
	return w->cjk->inner.xTokenize(w->cjk->words, w, w->flags, from,
	    (int)(to - from), give_shifted);
}

/* A tag that never ends is text, and so are all after it: asked once. */
static size_t
skip_markup(struct walk *w, const char *p, const char *end)
{
	size_t n;

	if (!w->has_tags || (*p != '<' && *p != '&'))
		return 0;
	n = markup_length(p, end);
	if (n == 0 && *p == '<')
		w->has_tags = 0;
	return n;
}

static int
cjk_tokenize(Fts5Tokenizer *self, void *arg, int flags, const char *text,
    int len, token_fn *fn)
{
	struct walk w = { .cjk = (struct cjk *)self, .fn = fn, .arg = arg,
	    .flags = flags, .text = text,
	    .has_tags = (flags & FTS5_TOKENIZE_QUERY) == 0 };
	const char *end = text + len, *words = text, *p, *at;
	int code = SQLITE_OK, is_char;

	for (p = text; p < end && code == SQLITE_OK; ) {
		at = p;
		p += skip_markup(&w, p, end);
		is_char = p == at && (unsigned char)*p >= 0xe2 &&
		    is_cjk(text_utf8_next(&p, end));
		if (p == at) {
			p++;
			continue;
		}
		if (!is_char && *at != '<' && *at != '&')
			continue;
		code = give_words(&w, words, at);
		if (code == SQLITE_OK && is_char)
			code = give(&w, 0, at, (int)(p - at),
			    (int)(at - text), (int)(p - text));
		words = p;
	}
	return code == SQLITE_OK ? give_words(&w, words, end) : code;
}

static int
cjk_create(void *arg, const char **args, int count, Fts5Tokenizer **ret)
{
	static const char *options[] = { "remove_diacritics", "2" };
	const struct context *context = arg;
	fts5_api *api = context->api;
	struct cjk *c = sqlite3_malloc(sizeof(*c));
	void *user;
	int code;

	(void)args;
	(void)count;
	if (c == NULL)
		return SQLITE_NOMEM;
	c->guard = context->guard;
	code = api->xFindTokenizer(api, "unicode61", &user, &c->inner);
	if (code == SQLITE_OK)
		code = c->inner.xCreate(user, options, ARRAY_LEN(options),
		    &c->words);
	if (code != SQLITE_OK)
		sqlite3_free(TAKE(c));
	*ret = (Fts5Tokenizer *)c;
	return code;
}

static void
cjk_delete(Fts5Tokenizer *self)
{
	struct cjk *c = (struct cjk *)self;

	c->inner.xDelete(c->words);
	sqlite3_free(c);
}

/* As the manual has it: a pointer through a query. */
static fts5_api *
find_api(sqlite3 *db)
{
	fts5_api *api = NULL;
	sqlite3_stmt *q;

	if (sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &q, NULL) !=
	    SQLITE_OK)
		return NULL;
	sqlite3_bind_pointer(q, 1, &api, "fts5_api_ptr", NULL);
	sqlite3_step(q);
	sqlite3_finalize(q);
	return api;
}

int
tokenizer_register(sqlite3 *db, struct tokenizer_guard *guard)
{
	fts5_tokenizer cjk = { cjk_create, cjk_delete, cjk_tokenize };
	fts5_api *api = find_api(db);
	struct context *context = sqlite3_malloc(sizeof(*context));

	if (context == NULL)
		return SQLITE_NOMEM;
	*context = (struct context){ api, guard };
	if (api != NULL)
		return api->xCreateTokenizer(api, "cjk", context, &cjk,
		    sqlite3_free);
	sqlite3_free(context);
	return SQLITE_ERROR;
}
