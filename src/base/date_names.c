/* date_names.c - see date_names.h. */
#include <string.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "date_names.h"

/* Longer words are nothing of ours. */
enum { WORD_BYTES = 32 };

/* English, German, French, Spanish, Italian, Portuguese, Dutch, Danish and
 * Norwegian, Swedish, Finnish, Polish, Czech, Hungarian, Romanian, Turkish,
 * Indonesian, Russian, Ukrainian, Greek, Chinese and Japanese, as fold()
 * leaves them; the second word of each is the English one. */
static const char *const months[12] = {
	" jan january januar jänner jän janv janvier enero ene gennaio"
	    " genn gen janeiro januari tammikuu tammikuuta stycznia styczeń"
	    " sty ledna leden január ianuarie ian ocak oca янв января январь"
	    " січня січ ιαν ιανουαριου ιανουαριοσ 一月 tammi led ",
	" feb february februar feber févr fév février fevrier fevr"
	    " febrero febbraio febbr fevereiro fev februari helmikuu"
	    " helmikuuta lutego luty lut února únor február februarie şubat"
	    " şub pebruari фев февр февраля февраль лютого лют φεβ"
	    " φεβρουαριου φεβρουαριοσ 二月 helmi úno subat ",
	" mar march märz mär mrz maerz mars marzo março marco maart mrt"
	    " maaliskuu maaliskuuta marca marzec března březen március márc"
	    " martie mart maret мар мрт марта март березня бер μαρ μαρτιου"
	    " μαρτιοσ 三月 marts maalis bře marec ",
	" apr april avril avr abril abr aprile huhtikuu huhtikuuta"
	    " kwietnia kwiecień kwi dubna duben április ápr aprilie nisan nis"
	    " апр апреля апрель квітня квіт απρ απριλιου απριλιοσ 四月 huhti"
	    " dub кві ",
	" may mai mayo maggio magg mag maio mei maj toukokuu toukokuuta"
	    " maja května květen május máj mayıs мая май травня трав μαι"
	    " μαιου μαιοσ 五月 touko kvě mayis тра ",
	" jun june juni juin junio giugno giu junho kesäkuu kesäkuuta"
	    " czerwca czerwiec cze června červen június jún iunie iun haziran"
	    " haz июн июня июнь червня черв ιουν ιουνιου ιουνιοσ 六月 kesä čen"
	    " чер ",
	" jul july juli juil juillet julio luglio lug julho heinäkuu"
	    " heinäkuuta lipca lipiec lip července červenec július júl iulie"
	    " iul temmuz tem июл июля июль липня лип ιουλ ιουλιου ιουλιοσ 七月"
	    " heinä čec ",
	" aug august août aout aoû agosto ago augustus augusti elokuu"
	    " elokuuta sierpnia sierpień sie srpna srpen augusztus ağustos"
	    " ağu agustus agu авг августа август серпня серп αυγ αυγουστου"
	    " αυγουστοσ 八月 elo agustos srp сер ",
	" sep september sept septembre septiembre setiembre settembre"
	    " sett set setembro syyskuu syyskuuta września wrzesień wrz září"
	    " szeptember szept septembrie eylül eyl сен сент сентября"
	    " сентябрь вересня вер σεπ σεπτεμβριου σεπτεμβριοσ 九月 syys zář"
	    " eylul ",
	" oct october oktober okt octobre octubre ottobre ott outubro out"
	    " lokakuu lokakuuta października październik paź října říjen"
	    " október octombrie ekim eki окт октября октябрь жовтня жовт οκτ"
	    " οκτωβριου οκτωβριοσ 十月 loka říj жов ",
	" nov november novembre noviembre novembro marraskuu marraskuuta"
	    " listopada listopad lis listopadu noiembrie noi kasım kas ноя"
	    " нояб ноября ноябрь листопада лист νοε νοεμβριου νοεμβριοσ 十一月"
	    " marras kasim лис ",
	" dec december dezember dez déc décembre decembre diciembre dic"
	    " dicembre dezembro desember des joulukuu joulukuuta grudnia"
	    " grudzień gru prosince prosinec decembrie aralık ara дек декабря"
	    " декабрь грудня груд δεκ δεκεμβριου δεκεμβριοσ 十二月 joulu pro"
	    " aralik гру ",
};

static const char am_anywhere[] = " 上午 午前 凌晨 早上 오전 ";
static const char pm_anywhere[] = " 下午 午後 晚上 오후 ";

static const struct {
	const char	*text;
	enum date_unit	 unit;
} units[] = {
	{ "年", UNIT_YEAR }, { "년", UNIT_YEAR },
	{ "月", UNIT_MONTH }, { "월", UNIT_MONTH },
	{ "日", UNIT_DAY }, { "일", UNIT_DAY }, { "号", UNIT_DAY },
	{ "时", UNIT_HOUR }, { "時", UNIT_HOUR }, { "시", UNIT_HOUR },
	{ "点", UNIT_HOUR }, { "點", UNIT_HOUR }, { "h", UNIT_HOUR },
	{ "分", UNIT_MINUTE }, { "분", UNIT_MINUTE },
	{ "秒", UNIT_SECOND }, { "초", UNIT_SECOND },
};

/* Offsets in minutes.  Names that several countries use mean what feeds mean
 * by them: North America's, then Europe's. */
static const struct {
	const char	*name;
	int		 minutes;
} zones[] = {
	{ "gmt", 0 }, { "utc", 0 }, { "ut", 0 }, { "uct", 0 }, { "wet", 0 },
	{ "z", 0 }, { "zulu", 0 }, { "greenwich", 0 }, { "azot", -60 },
	{ "brt", -180 }, { "brst", -120 }, { "art", -180 }, { "uyt", -180 },
	{ "clt", -240 }, { "clst", -180 }, { "cot", -300 }, { "pet", -300 },
	{ "nst", -210 }, { "ndt", -150 }, { "nt", -210 },
	{ "ast", -240 }, { "adt", -180 }, { "at", -240 },
	{ "est", -300 }, { "edt", -240 }, { "et", -300 },
	{ "cst", -360 }, { "cdt", -300 }, { "ct", -360 },
	{ "mst", -420 }, { "mdt", -360 }, { "mt", -420 },
	{ "pst", -480 }, { "pdt", -420 }, { "pt", -480 },
	{ "akst", -540 }, { "akdt", -480 }, { "hst", -600 }, { "hdt", -540 },
	{ "west", 60 }, { "bst", 60 }, { "cet", 60 }, { "met", 60 },
	{ "mez", 60 }, { "wat", 60 }, { "cest", 120 }, { "mest", 120 },
	{ "mesz", 120 }, { "eet", 120 }, { "cat", 120 }, { "sast", 120 },
	{ "eest", 180 }, { "msk", 180 }, { "eat", 180 }, { "trt", 180 },
	{ "msd", 240 }, { "gst", 240 }, { "irst", 210 }, { "pkt", 300 },
	{ "ist", 330 }, { "npt", 345 }, { "ict", 420 }, { "wib", 420 },
	{ "hkt", 480 }, { "sgt", 480 }, { "myt", 480 }, { "pht", 480 },
	{ "awst", 480 }, { "wita", 480 }, { "wit", 540 }, { "jst", 540 },
	{ "kst", 540 }, { "acst", 570 }, { "acdt", 630 }, { "aest", 600 },
	{ "aedt", 660 }, { "nzst", 720 }, { "nzdt", 780 },
};

/* Where the zone of the database is written out: the large ones, with the
 * rules of today for summer time. */
enum summer { SUMMER_NONE, SUMMER_EU, SUMMER_US };

static const struct {
	const char	*name;
	int		 minutes;
	enum summer	 summer;
} places[] = {
	{ "america/new_york", -300, SUMMER_US },
	{ "america/toronto", -300, SUMMER_US },
	{ "america/chicago", -360, SUMMER_US },
	{ "america/denver", -420, SUMMER_US },
	{ "america/los_angeles", -480, SUMMER_US },
	{ "america/vancouver", -480, SUMMER_US },
	{ "america/sao_paulo", -180, SUMMER_NONE },
	{ "europe/london", 0, SUMMER_EU }, { "europe/dublin", 0, SUMMER_EU },
	{ "europe/lisbon", 0, SUMMER_EU }, { "europe/paris", 60, SUMMER_EU },
	{ "europe/berlin", 60, SUMMER_EU }, { "europe/rome", 60, SUMMER_EU },
	{ "europe/madrid", 60, SUMMER_EU },
	{ "europe/vienna", 60, SUMMER_EU },
	{ "europe/zurich", 60, SUMMER_EU },
	{ "europe/prague", 60, SUMMER_EU },
	{ "europe/warsaw", 60, SUMMER_EU },
	{ "europe/budapest", 60, SUMMER_EU },
	{ "europe/brussels", 60, SUMMER_EU },
	{ "europe/amsterdam", 60, SUMMER_EU },
	{ "europe/copenhagen", 60, SUMMER_EU },
	{ "europe/oslo", 60, SUMMER_EU },
	{ "europe/stockholm", 60, SUMMER_EU },
	{ "europe/helsinki", 120, SUMMER_EU },
	{ "europe/athens", 120, SUMMER_EU },
	{ "europe/bucharest", 120, SUMMER_EU },
	{ "europe/kiev", 120, SUMMER_EU },
	{ "europe/istanbul", 180, SUMMER_NONE },
	{ "europe/moscow", 180, SUMMER_NONE },
	{ "asia/dubai", 240, SUMMER_NONE },
	{ "asia/kolkata", 330, SUMMER_NONE },
	{ "asia/calcutta", 330, SUMMER_NONE },
	{ "asia/bangkok", 420, SUMMER_NONE },
	{ "asia/jakarta", 420, SUMMER_NONE },
	{ "asia/shanghai", 480, SUMMER_NONE },
	{ "asia/chongqing", 480, SUMMER_NONE },
	{ "asia/hong_kong", 480, SUMMER_NONE },
	{ "asia/taipei", 480, SUMMER_NONE },
	{ "asia/singapore", 480, SUMMER_NONE },
	{ "asia/tokyo", 540, SUMMER_NONE },
	{ "asia/seoul", 540, SUMMER_NONE },
	{ "australia/brisbane", 600, SUMMER_NONE },
};

/* Greek without its accents, which capitals go without; σ for ς. */
static uint32_t
fold_greek(uint32_t c)
{
	static const struct {
		uint16_t	 from, to;
	} plain[] = {
		{ 0x386, 0x3B1 }, { 0x388, 0x3B5 }, { 0x389, 0x3B7 },
		{ 0x38A, 0x3B9 }, { 0x38C, 0x3BF }, { 0x38E, 0x3C5 },
		{ 0x38F, 0x3C9 }, { 0x390, 0x3B9 }, { 0x3AA, 0x3B9 },
		{ 0x3AC, 0x3B1 }, { 0x3AD, 0x3B5 }, { 0x3AE, 0x3B7 },
		{ 0x3AF, 0x3B9 }, { 0x3C2, 0x3C3 }, { 0x3CA, 0x3B9 },
		{ 0x3CC, 0x3BF }, { 0x3CD, 0x3C5 }, { 0x3CE, 0x3C9 },
	};

	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		if (plain[i].from == c)
			return plain[i].to;
	}
	return c >= 0x391 && c <= 0x3A9 ? c + 0x20 : c;
}

/* Lower case for Latin, Greek and Cyrillic, which the tables are in. */
static uint32_t
fold(uint32_t c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) ||
	    (c >= 0x410 && c <= 0x42F))
		return c + 0x20;
	if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E))
		return c + (c & 1);
	if (c >= 0x100 && c <= 0x177)
		return c | 1;
	if (c >= 0x370 && c <= 0x3FF)
		return fold_greek(c);
	return c >= 0x400 && c <= 0x40F ? c + 0x50 : c;
}

/* " word ", folded: as the lists above have theirs.  Letters keep their
 * length.  0: not of a length that could be there. */
static int
fold_word(const char *p, size_t len, char out[WORD_BYTES + 3])
{
	const char *end = p + len;
	char *to = out;

	if (len == 0 || len > WORD_BYTES)
		return 0;
	*to++ = ' ';
	while (p < end) {
		const char *from = p;
		uint32_t c = text_utf8_next(&p, end), folded = fold(c);

		memcpy(to, from, (size_t)(p - from));
		if (folded != c && c < 0x80) {
			*to = (char)folded;
		} else if (folded != c) {
			to[0] = (char)(0xC0 | folded >> 6);
			to[1] = (char)(0x80 | (folded & 0x3F));
		}
		to += p - from;
	}
	memcpy(to, " ", 2);
	return 1;
}

/* "septem" too: three letters or more of the English name. */
static int
is_cut_english(const char *folded, const char *list)
{
	const char *full = strchr(list + 1, ' ') + 1;
	size_t len = strlen(folded) - 2;

	return len >= 3 && strncmp(folded + 1, full, len) == 0;
}

int
date_month(const char *word, size_t len)
{
	char folded[WORD_BYTES + 3];

	if (!fold_word(word, len, folded))
		return 0;
	for (int i = 0; i < 12; i++) {
		if (strstr(months[i], folded) != NULL ||
		    is_cut_english(folded, months[i]))
			return i + 1;
	}
	return 0;
}

enum date_half
date_half(const char *word, size_t len, int after_time)
{
	char folded[WORD_BYTES + 3];

	if (!fold_word(word, len, folded))
		return HALF_NONE;
	if (strstr(am_anywhere, folded) != NULL)
		return HALF_AM;
	if (strstr(pm_anywhere, folded) != NULL)
		return HALF_PM;
	if (after_time && strcmp(folded, " am ") == 0)
		return HALF_AM;
	if (after_time && strcmp(folded, " pm ") == 0)
		return HALF_PM;
	return HALF_NONE;
}

enum date_unit
date_unit(const char *p, size_t len, size_t *used)
{
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		size_t n = strlen(units[i].text);

		if (n <= len && memcmp(p, units[i].text, n) == 0) {
			*used = n;
			return units[i].unit;
		}
	}
	return UNIT_NONE;
}

/* The Hangul syllables begin with these bytes, Chinese characters do not. */
int
date_unit_is_korean(const char *p)
{
	return (unsigned char)*p >= 0xEA && (unsigned char)*p <= 0xED;
}

/* --------------------------------------------------------------- zones */

/* Hours since 1970 of the n-th (from 1) or, for n = 0, last Sunday. */
static int64_t
sunday_hours(int64_t year, int month, int n)
{
	int64_t first = civil_to_days((struct civil){ year, month, 1 });
	int64_t day = first + (7 - civil_weekday(first)) % 7;

	if (n > 0)
		return (day + 7 * (n - 1)) * 24;
	while (day + 7 < first + civil_month_days(year, month))
		day += 7;
	return day * 24;
}

static int
is_summer(enum summer rule, struct civil c, int hour, int minutes)
{
	int64_t now = civil_to_days(c) * 24 + hour;

	if (rule == SUMMER_EU)		/* 01:00 UTC */
		return now >= sunday_hours(c.year, 3, 0) + 1 + minutes / 60 &&
		    now < sunday_hours(c.year, 10, 0) + 2 + minutes / 60;
	if (rule == SUMMER_US)		/* 02:00 on the clock */
		return now >= sunday_hours(c.year, 3, 2) + 2 &&
		    now < sunday_hours(c.year, 11, 1) + 2;
	return 0;
}

static int
place_zone(const char *folded, struct civil c, int hour, int *ret)
{
	size_t len = strlen(folded) - 2;

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		if (strlen(places[i].name) != len ||
		    memcmp(places[i].name, folded + 1, len) != 0)
			continue;
		*ret = 60 * (places[i].minutes + 60 * is_summer(
		    places[i].summer, c, hour, places[i].minutes));
		return 1;
	}
	return 0;
}

int
date_zone(const char *word, size_t len, struct civil c, int hour, int *ret)
{
	const char *slash = memrchr(word, '/', len);
	char folded[WORD_BYTES + 3];
	const char *name = folded + 1;

	if (!fold_word(word, len, folded))
		return 0;
	if (place_zone(folded, c, hour, ret))
		return 1;
	if (slash != NULL)			/* "Etc/GMT" */
		name = strrchr(folded, '/') + 1;
	/* RFC 5322 section 4.3: one letter means nothing that is known. */
	if (len == 1 && *name >= 'a' && *name <= 'y') {
		*ret = 0;
		return 1;
	}
	for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
		size_t n = strlen(zones[i].name);

		if (strncmp(name, zones[i].name, n) == 0 && name[n] == ' ') {
			*ret = zones[i].minutes * 60;
			return 1;
		}
	}
	return 0;
}
