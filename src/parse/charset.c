/*
 * charset.c - labels as publishers write them, iconv underneath.
 *
 * A label means the superset browsers read it as (gb2312 is GB18030,
 * iso-8859-1 is windows-1252): what is declared narrow is written wide.
 * UTF-7 has no row: it exists to smuggle markup past filters.
 */
#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <uchardet.h>

#include "charset.h"
#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"

static const struct charset charsets[] = {
	{ "utf-8", "UTF-8", "utf8 unicode-1-1-utf-8 utf-8-sig unicode11utf8 "
	    "unicode20utf8 x-unicode20utf8 u8 cp65001", 1, 0 },
	{ "windows-1252", "CP1252", "iso-8859-1 iso8859-1 iso88591 "
	    "iso-8859-1:1987 latin1 latin-1 l1 us-ascii ascii "
	    "ansi-x3.4-1968 iso-ir-100 csisolatin1 cp1252 x-cp1252 cp819 "
	    "ibm819 8859-1 windows1252 iso-646-us iso646-us us "
	    "iso-8859-1-windows-3.1-latin-1", 1, 0 },
	{ "gb18030", "GB18030", "gbk gb2312 gb-2312 gb-2312-80 x-gbk cp936 "
	    "ms936 windows-936 euc-cn euccn chinese csgb2312 "
	    "csiso58gb231280 iso-ir-58 gb18030-2000 936 eucgb2312-cn",
	    1, 0 },
	{ "big5", "BIG5-HKSCS", "big5-hkscs big5hkscs cn-big5 csbig5 "
	    "x-x-big5 cp950 ms950 big-5 950 big5-tw hkscs", 1, 0 },
	{ "shift_jis", "CP932", "shift-jis sjis x-sjis ms-kanji ms932 "
	    "windows-31j cp932 csshiftjis shiftjis s-jis "
	    "shift-jis-2004 shift-jisx0213 sjis-2004 932 mskanji", 1, 0 },
	{ "euc-jp", "EUC-JP-MS", "eucjp x-euc-jp cseucpkdfmtjapanese ujis "
	    "u-jis euc-jis-2004 euc-jisx0213 eucjis2004", 1, 0 },
	{ "iso-2022-jp", "ISO-2022-JP-2", "csiso2022jp iso2022jp iso2022-jp "
	    "iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-3 iso-2022-jp-2004 "
	    "iso-2022-jp-ext jis", 1, 1 },
	{ "iso-2022-kr", "ISO-2022-KR", "csiso2022kr iso2022kr", 1, 1 },
	{ "hz-gb-2312", "HZ", "hz hzgb hz-gb", 1, 1 },
	{ "euc-kr", "UHC", "euckr cseuckr korean ks-c-5601-1987 "
	    "ks-c-5601-1989 ksc5601 ksc-5601 ks-c-5601 windows-949 cp949 "
	    "ms949 uhc iso-ir-149 csksc56011987 949 ksx1001 ks-x-1001",
	    1, 0 },
	{ "johab", "JOHAB", "cp1361 ms1361", 1, 0 },
	{ "windows-1250", "CP1250", "cp1250 x-cp1250", 1, 0 },
	{ "windows-1251", "CP1251", "cp1251 x-cp1251", 1, 0 },
	{ "windows-1253", "CP1253", "cp1253 x-cp1253", 1, 0 },
	{ "windows-1254", "CP1254", "cp1254 x-cp1254 iso-8859-9 iso8859-9 "
	    "iso88599 latin5 l5 iso-ir-148 csisolatin5 iso-8859-9:1989",
	    1, 0 },
	{ "windows-1255", "CP1255", "cp1255 x-cp1255", 1, 0 },
	{ "windows-1256", "CP1256", "cp1256 x-cp1256", 1, 0 },
	{ "windows-1257", "CP1257", "cp1257 x-cp1257", 1, 0 },
	{ "windows-1258", "CP1258", "cp1258 x-cp1258", 1, 0 },
	{ "windows-874", "CP874", "tis-620 tis620 iso-8859-11 iso8859-11 "
	    "iso885911 dos-874 cp874 thai tis-620-0 tis-620-2529-0 "
	    "tis-620-2529-1 iso-ir-166", 1, 0 },
	{ "iso-8859-2", "ISO-8859-2", "latin2 l2 iso8859-2 iso88592 "
	    "iso-ir-101 csisolatin2 iso-8859-2:1987", 1, 0 },
	{ "iso-8859-3", "ISO-8859-3", "latin3 l3 iso8859-3 iso88593 "
	    "iso-ir-109 csisolatin3 iso-8859-3:1988", 1, 0 },
	{ "iso-8859-4", "ISO-8859-4", "latin4 l4 iso8859-4 iso88594 "
	    "iso-ir-110 csisolatin4 iso-8859-4:1988", 1, 0 },
	{ "iso-8859-5", "ISO-8859-5", "cyrillic iso8859-5 iso88595 "
	    "iso-ir-144 csisolatincyrillic iso-8859-5:1988", 1, 0 },
	{ "iso-8859-6", "ISO-8859-6", "arabic iso8859-6 iso88596 ecma-114 "
	    "asmo-708 iso-ir-127 csisolatinarabic csiso88596e csiso88596i "
	    "iso-8859-6-e iso-8859-6-i iso-8859-6:1987", 1, 0 },
	{ "iso-8859-7", "ISO-8859-7", "greek greek8 iso8859-7 iso88597 "
	    "ecma-118 elot-928 iso-ir-126 csisolatingreek sun-eu-greek "
	    "iso-8859-7:1987", 1, 0 },
	{ "iso-8859-8", "ISO-8859-8", "hebrew visual iso8859-8 iso88598 "
	    "iso-ir-138 csisolatinhebrew csiso88598e iso-8859-8-e "
	    "iso-8859-8:1988", 1, 0 },
	{ "iso-8859-8-i", "ISO-8859-8", "csiso88598i logical", 1, 0 },
	{ "iso-8859-10", "ISO-8859-10", "latin6 l6 iso8859-10 iso885910 "
	    "iso-ir-157 csisolatin6 iso-8859-10:1992", 1, 0 },
	{ "iso-8859-13", "ISO-8859-13", "iso8859-13 iso885913 latin7 l7",
	    1, 0 },
	{ "iso-8859-14", "ISO-8859-14", "iso8859-14 iso885914 latin8 l8 "
	    "iso-celtic iso-ir-199 iso-8859-14:1998", 1, 0 },
	{ "iso-8859-15", "ISO-8859-15", "iso8859-15 iso885915 latin9 "
	    "latin-9 l9 csisolatin9", 1, 0 },
	{ "iso-8859-16", "ISO-8859-16", "iso8859-16 iso885916 latin10 l10 "
	    "iso-ir-226 iso-8859-16:2001", 1, 0 },
	{ "koi8-r", "KOI8-R", "koi koi8 koi8r cskoi8r", 1, 0 },
	{ "koi8-u", "KOI8-U", "koi8-ru koi8u", 1, 0 },
	{ "koi8-t", "KOI8-T", "", 1, 0 },
	{ "macintosh", "MACINTOSH", "mac macroman x-mac-roman mac-roman "
	    "csmacintosh", 1, 0 },
	{ "x-mac-cyrillic", "MAC-CYRILLIC", "mac-cyrillic maccyrillic "
	    "x-mac-ukrainian", 1, 0 },
	{ "mac-greek", "MACGREEK", "macgreek x-mac-greek", 1, 0 },
	{ "mac-turkish", "MACTURKISH", "macturkish x-mac-turkish", 1, 0 },
	{ "mac-iceland", "MACICELAND", "maciceland x-mac-icelandic", 1, 0 },
	{ "mac-centraleurope", "MACCENTRALEUROPE", "maclatin2 mac-latin2 "
	    "x-mac-ce maccentraleurope", 1, 0 },
	{ "ibm866", "CP866", "cp866 866 csibm866 dos-866", 1, 0 },
	{ "ibm437", "CP437", "cp437 437 cspc8codepage437", 1, 0 },
	{ "ibm850", "CP850", "cp850 850 cspc850multilingual", 1, 0 },
	{ "ibm852", "CP852", "cp852 852 cspcp852", 1, 0 },
	{ "ibm855", "CP855", "cp855 855 csibm855", 1, 0 },
	{ "ibm857", "CP857", "cp857 857 csibm857", 1, 0 },
	{ "ibm858", "CP858", "cp858 858", 1, 0 },
	{ "ibm860", "CP860", "cp860 860 csibm860", 1, 0 },
	{ "ibm861", "CP861", "cp861 861 csibm861 cp-is", 1, 0 },
	{ "ibm862", "CP862", "cp862 862 cspc862latinhebrew", 1, 0 },
	{ "ibm863", "CP863", "cp863 863 csibm863", 1, 0 },
	{ "ibm864", "CP864", "cp864 864 csibm864", 1, 0 },
	{ "ibm865", "CP865", "cp865 865 csibm865", 1, 0 },
	{ "ibm869", "CP869", "cp869 869 csibm869 cp-gr", 1, 0 },
	{ "ibm737", "CP737", "cp737 737", 1, 0 },
	{ "ibm775", "CP775", "cp775 775 cspc775baltic", 1, 0 },
	{ "ibm856", "CP856", "cp856 856", 1, 0 },
	{ "ibm1006", "IBM1006", "cp1006 1006", 1, 0 },
	{ "ptcp154", "PT154", "pt154 cp154 cyrillic-asian csptcp154", 1, 0 },
	{ "rk1048", "RK1048", "kz-1048 kz1048 strk1048-2002", 1, 0 },
	{ "hp-roman8", "HP-ROMAN8", "roman8 r8 cshproman8", 1, 0 },
	{ "ibm037", "IBM037", "cp037 037 ebcdic-cp-us ebcdic-cp-ca "
	    "ebcdic-cp-nl ebcdic-cp-wt csibm037", 1, 0 },
	{ "ibm500", "IBM500", "cp500 500 ebcdic-cp-be ebcdic-cp-ch "
	    "csibm500", 1, 0 },
	{ "ibm1026", "IBM1026", "cp1026 1026 csibm1026", 1, 0 },
	{ "ibm1140", "IBM1140", "cp1140 1140", 1, 0 },
	{ "ibm424", "IBM424", "cp424 424 ebcdic-cp-he csibm424", 1, 0 },
	{ "ibm875", "CP875", "cp875 875", 1, 0 },
	{ "utf-16le", "UTF-16LE", "utf-16 utf16 utf16le utf16-le u16 "
	    "utf-16-le ucs-2 ucs2 iso-10646-ucs-2 csunicode unicode "
	    "unicodefeff", 2, 0 },
	{ "utf-16be", "UTF-16BE", "utf16be utf16-be utf-16-be unicodefffe",
	    2, 0 },
	{ "utf-32le", "UTF-32LE", "utf32 utf-32 u32 utf32le utf-32-le ucs-4 "
	    "iso-10646-ucs-4 ucs4", 4, 0 },
	{ "utf-32be", "UTF-32BE", "utf32be utf-32-be", 4, 0 },
};

static int
has_word(const char *words, const char *word, size_t len)
{
	while (*words != '\0') {
		size_t n = strcspn(words, " ");

		if (n == len && memcmp(words, word, len) == 0)
			return 1;
		words += n + (words[n] == ' ');
	}
	return 0;
}

/* Lower case, no quotes or blanks, "_" as "-": "ISO_8859-1" is known. */
static size_t
plain_label(const char *label, size_t len, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = label[i];

		if (c == ' ' || c == '\t' || c == '"' || c == '\'' ||
		    c == '\r' || c == '\n')
			continue;
		if (n + 1 >= size)
			return 0;
		if (c >= 'A' && c <= 'Z')
			c = (char)(c + ('a' - 'A'));
		out[n++] = c == '_' ? '-' : c;
	}
	out[n] = '\0';
	return n;
}

const struct charset *
charset_find(const char *label, size_t len)
{
	char plain[48], name[48];
	size_t n = plain_label(label, len, plain, sizeof(plain));

	if (n == 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(charsets); i++) {
		const struct charset *c = &charsets[i];

		plain_label(c->name, strlen(c->name), name, sizeof(name));
		if (strcmp(name, plain) == 0 || has_word(c->labels, plain, n))
			return c;
	}
	return NULL;
}

enum { GUESS_BYTES = 64 * 1024, FEW_BYTES = 16 };

/* The words of the text with something beyond ASCII in them: markup and
 * English would drown the little there is to judge by. */
static void
telling_words(const char *s, size_t len, struct buf *out)
{
	const char *end = s + len;

	while (s < end && out->len < GUESS_BYTES) {
		const char *word = s;
		int high = 0;

		while (s < end && (unsigned char)*s > ' ' && *s != '<' &&
		    *s != '>' && s - word < 4096)
			high |= *s++ & 0x80;
		if (high) {
			buf_append(out, word, (size_t)(s - word));
			buf_putc(out, ' ');
		}
		s += s < end && s == word;
	}
}

static const struct charset *
ask_uchardet(const char *s, size_t len)
{
	uchardet_t u = uchardet_new();
	const struct charset *c = NULL;

	if (u == NULL)
		return NULL;
	if (uchardet_handle_data(u, s, len) == 0) {
		const char *label;

		uchardet_data_end(u);
		label = uchardet_get_charset(u);
		c = charset_find(label, strlen(label));
	}
	uchardet_delete(u);
	return c;
}

/* All high bytes stand in pairs of GB2312, most of them Chinese characters:
 * no European text looks like that. */
static int
looks_chinese(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + len;
	size_t hanzi = 0, other = 0;

	while (p < end) {
		if (*p < 0x80) {
			p++;
			continue;
		}
		if (p + 1 >= end || *p < 0xa1 || *p > 0xf7 || p[1] < 0xa1)
			return 0;
		if (*p >= 0xb0)
			hanzi++;
		else
			other++;
		p += 2;
	}
	return hanzi > 1 && hanzi >= other;
}

static int
is_european(const struct charset *c)
{
	static const char *const names[] = { "windows-1250", "windows-1252",
	    "windows-1254", "windows-1257", "windows-1258", "iso-8859-2",
	    "iso-8859-3", "iso-8859-4", "iso-8859-10", "iso-8859-13",
	    "iso-8859-14", "iso-8859-15", "iso-8859-16", "ibm852",
	    "macintosh", "mac-centraleurope", "ibm865" };

	for (size_t i = 0; c != NULL && i < ARRAY_LEN(names); i++) {
		if (strcmp(c->name, names[i]) == 0)
			return 1;
	}
	return c == NULL;
}

/* A detector needs text: from a handful of bytes it cannot tell the Latin
 * scripts apart, and there the commonest is the best guess. */
const struct charset *
charset_guess(const char *s, size_t len)
{
	const struct charset *c;
	struct buf words = { 0 };

	telling_words(s, len, &words);
	c = ask_uchardet(buf_str(&words), words.len);
	if (is_european(c) && looks_chinese(buf_str(&words), words.len))
		c = charset_find("gb18030", 7);
	else if (is_european(c) &&
	    text_count_high(buf_str(&words), words.len) < FEW_BYTES)
		c = charset_find("windows-1252", 12);
	buf_fini(&words);
	return c;
}

/* One byte or unit that iconv refused. */
static size_t
decode_bad(const struct charset *c, const char **in, size_t *left,
    struct buf *out)
{
	unsigned char byte = (unsigned char)**in;
	size_t step = (size_t)c->wide < *left ? (size_t)c->wide : *left;

	*in += step;
	*left -= step;
	if (byte == 0x80 && strcmp(c->iconv, "GB18030") == 0) {
		buf_puts(out, "\xe2\x82\xac");
		return 0;
	}
	/* Holes of the windows pages are C1 controls to browsers. */
	if (byte >= 0x80 && byte < 0xa0 && strncmp(c->iconv, "CP125", 5) == 0) {
		text_utf8_put(out, byte);
		return 0;
	}
	buf_puts(out, "\xef\xbf\xbd");
	return 1;
}

size_t
charset_decode(const struct charset *c, const char *s, size_t len,
    struct buf *out)
{
	iconv_t cd = iconv_open("UTF-8", c->iconv);
	size_t bad = 0;

	if (cd == (iconv_t)-1)
		return len;
	while (len > 0) {
		size_t room = len * 2 + 64, before = room;
		char *to = buf_reserve(out, room);
		char *from = (char *)(uintptr_t)s;
		size_t r = iconv(cd, &from, &len, &to, &room);

		s = from;
		out->len += before - room;
		out->data[out->len] = '\0';
		if (r != (size_t)-1 || errno == E2BIG)
			continue;
		bad += decode_bad(c, &s, &len, out);
		if (!c->stateful)
			iconv(cd, NULL, NULL, NULL, NULL);
	}
	iconv_close(cd);
	return bad;
}
