/*
 * options.c - every setting: where it stands, its default, its help.
 *
 * The one source of defaults, of `check --defaults`, of the options in
 * feedmill.yaml(5); the shipped conf/feedmill.yaml is tested against it.
 * Help is one or more sentences of plain text; the manual marks nothing up.
 */
#include <stddef.h>
#include <string.h>

#include "feedmill/base/mem.h"
#include "private.h"

#define CONFIG(f)	OF_CONFIG, offsetof(struct config, f)
#define SOURCE(f)	OF_SOURCE, offsetof(struct config_source, f)
#define OUTLET(f)	OF_OUTLET, offsetof(struct config_outlet, f)
#define ARCHIVE(f)	OF_ARCHIVE, offsetof(struct config_archive, f)

#define HOUR_S	INT64_C(3600)
#define YEAR_S	(366 * 24 * HOUR_S)
#define GIGA	(INT64_C(1) << 30)

static const char *const updates_words[] = {
	[UPDATES_CHANGED] = "changed", [UPDATES_STRICT] = "strict",
	[UPDATES_NEVER] = "never", NULL
};
static const char *const identity_words[] = { "shared", "own", NULL };
static const char *const auth_words[] = { "basic", "digest", NULL };
static const char *const format_words[] = {	/* bits of outlet_format */
	"atom", "rss", "json", "html", "opml", NULL
};
static const char *const content_words[] = {
	[CONTENT_FULL] = "full", [CONTENT_SUMMARY] = "summary",
	[CONTENT_NONE] = "none", NULL
};
static const char *const tombstone_words[] = {
	[TOMBSTONES_NONE] = "none", [TOMBSTONES_FORGOTTEN] = "forgotten",
	[TOMBSTONES_ALL] = "all", NULL
};
static const char *const per_words[] = { "entry", "revision", NULL };
static const char *const post_format_words[] = { "markdown", "html", NULL };
static const char *const level_words[] = {
	[LOG_ERROR] = "error", [LOG_WARN] = "warning", [LOG_INFO] = "info",
	[LOG_DEBUG] = "debug", NULL
};

const struct section config_sections[] = {
	{ IN_TOP, NULL, "the main level", 0,
	    "Settings of the main level." },
	{ IN_FETCH, "fetch", "fetch", 0,
	    "How feeds are asked. What a feed may set too is its default "
	    "here." },
	{ IN_RETENTION, "retention", "retention", 0,
	    "What the database keeps. The names of entries are kept forever, "
	    "so that nothing old appears as new again." },
	{ IN_HTTP, "http", "http", 0,
	    "The built-in server of the published files, the status and the "
	    "search. It is on unless it is switched off." },
	{ IN_OUTLET, "publish", "outlet", 1,
	    "Outlets: each is one feed made of many, by its name. Without "
	    "this section there is one, \"all\", of every feed; \"publish: "
	    "{}\" publishes nothing." },
	{ IN_ARCHIVE, "archive", "archive", 1,
	    "Archives: each is a folder with one Markdown post per entry. "
	    "Without this section there is none. An archive of a new name "
	    "gets all that is in the database; where one that is there gets "
	    "other settings, only what comes from then on follows them." },
	{ IN_LOG, "log", "log", 0,
	    "The log, written to standard error." },
	{ IN_FEED, "feeds", "feed", 1,
	    "The feeds, by a name of your choice. A feed needs a url, all "
	    "else is optional." },
	{ IN_FILTER, "filter", "filter", 0,
	    "Inside a feed: what to leave out of it." },
};
const size_t config_sections_count = ARRAY_LEN(config_sections);

const struct option config_options[] = {
	/* -------------------------------------------------- the main level */
	{ "state", IN_TOP, CONFIG(state), OPTION_PATH, NULL,
	    "$STATE_DIRECTORY, else ./var",
	    "The folder in which relative paths begin. The option --state "
	    "goes before it.", 0, 0, NULL, NULL },
	{ "database", IN_TOP, CONFIG(database), OPTION_PATH, "feedmill.db",
	    NULL, "The SQLite database.", 0, 0, NULL, NULL },

	{ "include-opml", IN_TOP, CONFIG(include_opml), OPTION_PATHS, "[]",
	    NULL, "Lists of feeds kept elsewhere, as any reader exports "
	    "them: their folders become tags. They are read with the "
	    "configuration; a feed that is configured here stays as it is.",
	    0, 0, NULL, NULL },

	/* --------------------------------------------- fetch: all together */
	{ "concurrency", IN_FETCH, CONFIG(fetch.concurrency), OPTION_COUNT,
	    "64", NULL, "Transfers at once.", 1, 10000, NULL, NULL },
	{ "concurrency-per-host", IN_FETCH,
	    CONFIG(fetch.concurrency_per_host), OPTION_COUNT, "2", NULL,
	    "Transfers at once from one host.", 1, 10000, NULL, NULL },
	{ "bytes-in-flight", IN_FETCH, CONFIG(fetch.bytes_in_flight),
	    OPTION_SIZE, "64M", NULL,
	    "Memory that the bodies of all transfers together may take. Once "
	    "it is reached no further feed is asked, and a body that is over "
	    "its even share is put off: it is asked for again after "
	    "interval-min, and that is not held against its feed. At least "
	    "max-size.",
	    1 << 20, 64 * GIGA, NULL, NULL },
	{ "header-size", IN_FETCH, CONFIG(fetch.header_bytes), OPTION_SIZE,
	    "64K", NULL, "The headers of one answer, at most.",
	    1 << 10, 1 << 20, NULL, NULL },
	{ "header-lines", IN_FETCH, CONFIG(fetch.header_lines), OPTION_COUNT,
	    "300", NULL, "The header lines of one answer, at most.",
	    10, 10000, NULL, NULL },
	{ "redirects", IN_FETCH, CONFIG(fetch.redirects), OPTION_COUNT, "5",
	    NULL, "Redirects followed in one visit, at most.", 0, 20, NULL,
	    NULL },
	{ "permanent-redirects", IN_FETCH,
	    CONFIG(fetch.permanent_redirects), OPTION_COUNT, "3", NULL,
	    "Visits in a row that must lead to the same place by 301 or 308 "
	    "before feedmill asks there directly.", 1, 1000, NULL, NULL },
	{ "low-speed", IN_FETCH, CONFIG(fetch.low_speed_bytes_s),
	    OPTION_SIZE, "1K", NULL,
	    "A transfer slower than this many bytes a second...",
	    0, GIGA, NULL, NULL },
	{ "low-speed-time", IN_FETCH, CONFIG(fetch.low_speed_time_s),
	    OPTION_SECONDS, "20s", NULL, "...for this long is given up.",
	    1, HOUR_S, NULL, NULL },
	{ "jitter", IN_FETCH, CONFIG(fetch.jitter_percent), OPTION_PERCENT,
	    "10%", NULL,
	    "Visits are spread by up to this part of their interval, always "
	    "late, never early.", 0, 100, NULL, NULL },
	{ "keep-bad", IN_FETCH, CONFIG(fetch.keep_bad), OPTION_PATH, NULL,
	    NULL, "A folder for documents that were damaged or could not be "
	    "read, for \"feedmill replay\"; the newest 200, 10 of a feed, at "
	    "most 64M.", 0, 0, NULL, NULL },

	/* ---------------------------------------------------- a feed's own */
	{ "url", IN_FEED, SOURCE(url), OPTION_SECRET_URL, NULL, NULL,
	    "Its address, http or https. The only setting a feed must have.",
	    0, 0, NULL, NULL },
	{ "title", IN_FEED, SOURCE(title), OPTION_TEXT, NULL, NULL,
	    "Shown instead of the title the feed gives itself.",
	    0, 0, NULL, NULL },
	{ "tags", IN_FEED, SOURCE(tags), OPTION_LIST, NULL, "[]",
	    "Words of your choice; outlets and archives select by them.",
	    0, 0, NULL, NULL },
	{ "enabled", IN_FEED, SOURCE(enabled), OPTION_BOOL, "true", NULL,
	    "Whether it is asked at all. What was read stays.",
	    0, 0, NULL, NULL },
	{ "publish", IN_FEED, SOURCE(publish), OPTION_BOOL, "true", NULL,
	    "Whether its entries go to the outlets.", 0, 0, NULL, NULL },
	{ "archive", IN_FEED, SOURCE(archive), OPTION_BOOL, "true", NULL,
	    "Whether its entries go to the archives.", 0, 0, NULL, NULL },
	{ "charset", IN_FEED, SOURCE(charset), OPTION_CHARSET, NULL, NULL,
	    "Its encoding, such as gb18030, where its server lies about it.",
	    0, 0, NULL, NULL },
	{ "language", IN_FEED, SOURCE(language), OPTION_LANGUAGE, NULL, NULL,
	    "Its language, such as zh-Hans, where it does not say.",
	    0, 0, NULL, NULL },
	{ "timezone", IN_FEED, SOURCE(zone_s), OPTION_ZONE, "UTC", NULL,
	    "The zone of its dates that name none, such as +08:00.",
	    0, 0, NULL, NULL },
	{ "user", IN_FEED, SOURCE(user), OPTION_SECRET, NULL, NULL,
	    "Name for HTTP authentication; told to the feed's own origin "
	    "alone.", 0, 0, NULL, NULL },
	{ "password", IN_FEED, SOURCE(password), OPTION_SECRET, NULL, NULL,
	    "Password for HTTP authentication. Best given as !credential "
	    "NAME or !env NAME.", 0, 0, NULL, NULL },
	{ "auth", IN_FEED, SOURCE(auth_digest), OPTION_WORD, "basic", NULL,
	    "How user and password are shown: basic, or digest, which costs "
	    "one request more.", 0, 0, NULL, auth_words },
	{ "headers", IN_FEED, SOURCE(headers), OPTION_HEADERS, NULL, "{}",
	    "More request headers, name and value, for the feed's own origin "
	    "alone. A value may be given as !credential NAME or !env NAME.",
	    0, 0, NULL, NULL },
	{ "identity", IN_FEED, SOURCE(identity_own), OPTION_WORD, "shared",
	    NULL, "With own, its entries are compared with no other feed's: "
	    "for a feed that claims what is not its own.",
	    0, 0, NULL, identity_words },
	{ "drop-title", IN_FILTER, SOURCE(drop_title), OPTION_REGEX, NULL,
	    NULL, "Entries whose title matches are left out: a POSIX "
	    "extended regular expression, case ignored.", 0, 0, NULL, NULL },
	{ "keep-title", IN_FILTER, SOURCE(keep_title), OPTION_REGEX, NULL,
	    NULL, "Only entries whose title matches are taken.",
	    0, 0, NULL, NULL },
	{ "drop-text", IN_FILTER, SOURCE(html.drop_text), OPTION_LIST, NULL,
	    "[]", "An element of the content that has one of these texts is "
	    "removed, such as the footer of a feed proxy.",
	    0, 0, NULL, NULL },
	{ "unwrap-images", IN_FILTER, SOURCE(html.unwrap_images),
	    OPTION_LIST, NULL, "[]", "Hosts of image proxies; an image "
	    "there is replaced by the one in its url parameter.",
	    0, 0, NULL, NULL },
	{ "frames", IN_FILTER, SOURCE(html.frames), OPTION_LIST, NULL, "[]",
	    "Hosts whose frames stay frames; others become links.",
	    0, 0, NULL, NULL },

	/* ------------------------------- a feed's, with a default in fetch */
	{ "interval", IN_FETCH | IN_FEED, SOURCE(interval_s),
	    OPTION_SECONDS, "30m", NULL,
	    "How often a feed is asked that publishes every four intervals "
	    "or more often; one that publishes four times as rarely is asked "
	    "half as often. What the feed or its server asks for only makes "
	    "it longer.", 1, YEAR_S, NULL, NULL },
	{ "interval-min", IN_FETCH | IN_FEED, SOURCE(interval_min_s),
	    OPTION_SECONDS, "15m", NULL,
	    "Never more often than this, whatever is set or claimed.",
	    1, YEAR_S, NULL, NULL },
	{ "interval-max", IN_FETCH | IN_FEED, SOURCE(interval_max_s),
	    OPTION_SECONDS, "1d", NULL,
	    "Quiet and failing feeds are asked ever less often, down to "
	    "this.", 1, YEAR_S, NULL, NULL },
	{ "full-every", IN_FETCH | IN_FEED, SOURCE(full_every_s),
	    OPTION_SECONDS, "never", NULL,
	    "Ask without conditions this often, for a server that says "
	    "\"not modified\" and is wrong.", 1, YEAR_S, "never", NULL },
	{ "timeout", IN_FETCH | IN_FEED, SOURCE(timeout_ms),
	    OPTION_MILLISECONDS, "60s", NULL, "Time for a whole visit.",
	    1, HOUR_S, NULL, NULL },
	{ "connect-timeout", IN_FETCH | IN_FEED, SOURCE(connect_timeout_ms),
	    OPTION_MILLISECONDS, "10s", NULL, "Time to connect.",
	    1, HOUR_S, NULL, NULL },
	{ "max-size", IN_FETCH | IN_FEED, SOURCE(max_size_bytes),
	    OPTION_SIZE, "10M", NULL,
	    "Of one document, after decompression.", 1 << 10, GIGA, NULL,
	    NULL },
	{ "user-agent", IN_FETCH | IN_FEED, SOURCE(user_agent), OPTION_TEXT,
	    "feedmill/" FEEDMILL_VERSION " (feed aggregator)",
	    "feedmill/VERSION (feed aggregator)",
	    "What feedmill calls itself; add an address where a publisher "
	    "can reach you.", 0, 0, NULL, NULL },
	{ "proxy", IN_FETCH | IN_FEED, SOURCE(proxy), OPTION_PROXY, NULL,
	    NULL, "Such as http://127.0.0.1:3128, https://..., "
	    "socks5h://127.0.0.1:9050 or socks4a://..., with user:password@ "
	    "if it wants them. Names are resolved by the proxy. Proxies in "
	    "the environment are not used.", 0, 0, NULL, NULL },
	{ "allow-private-addresses", IN_FETCH | IN_FEED,
	    SOURCE(allow_private_addresses), OPTION_BOOL, "false", NULL,
	    "Whether a feed may be on this machine or in a private network, "
	    "such as 127.0.0.0/8, 10.0.0.0/8, 192.168.0.0/16 or fc00::/7.",
	    0, 0, NULL, NULL },
	{ "client-cert", IN_FETCH | IN_FEED, SOURCE(client_cert),
	    OPTION_PATH, NULL, NULL, "A client certificate, PEM, for servers "
	    "that want one; shown to the feed's own origin alone.",
	    0, 0, NULL, NULL },
	{ "client-key", IN_FETCH | IN_FEED, SOURCE(client_key), OPTION_PATH,
	    NULL, NULL, "The key of the client certificate, PEM; without "
	    "this, it is in the same file.",
	    0, 0, NULL, NULL },
	{ "ca-file", IN_FETCH | IN_FEED, SOURCE(ca_file), OPTION_PATH, NULL,
	    NULL, "Certificates to trust instead of the system's, PEM. For a "
	    "proxy that is asked by https, besides the system's.",
	    0, 0, NULL, NULL },
	{ "updates", IN_FETCH | IN_FEED, SOURCE(updates), OPTION_WORD,
	    "changed", NULL,
	    "When a known entry is announced again: changed, if its time is "
	    "newer and its text another; strict, whenever its time is "
	    "newer; never.", 0, 0, NULL, updates_words },
	{ "flood-limit", IN_FETCH | IN_FEED, SOURCE(flood_limit),
	    OPTION_COUNT, "20", NULL,
	    "Entries announced of a feed that is read for the first time, or "
	    "all of whose entries are new; the rest is stored silently.",
	    1, 1000000, "none", NULL },
	{ "keep", IN_RETENTION | IN_FEED, SOURCE(keep_s), OPTION_SECONDS,
	    "forever", NULL,
	    "Entries older than this leave the database; files of the "
	    "archive stay.", 60, 100 * YEAR_S, "forever", NULL },
	{ "keep-at-least", IN_RETENTION | IN_FEED, SOURCE(keep_at_least),
	    OPTION_COUNT, "50", NULL,
	    "Entries of each feed that stay whatever their age.",
	    0, 1000000000, NULL, NULL },

	/* ------------------------------------------------------------ http */
	{ "enabled", IN_HTTP, CONFIG(http.enabled), OPTION_BOOL, "true",
	    NULL, "Whether there is a server.", 0, 0, NULL, NULL },
	{ "listen", IN_HTTP, CONFIG(http.listen), OPTION_LISTEN,
	    "[127.0.0.1:8080]", NULL,
	    "Where: ADDRESS:PORT, [IPV6]:PORT or unix:PATH. An empty list "
	    "switches the server off. Sockets passed by systemd go before "
	    "it.", 0, 0, NULL, NULL },
	{ "metrics", IN_HTTP, CONFIG(http.metrics), OPTION_BOOL, "true",
	    NULL, "Whether /metrics is answered (Prometheus text format).",
	    0, 0, NULL, NULL },
	{ "status", IN_HTTP, CONFIG(http.status), OPTION_BOOL, "true",
	    NULL, "Whether /status and /status.json are answered: every "
	    "feed, its address without secrets, and what is wrong with it.",
	    0, 0, NULL, NULL },
	{ "search", IN_HTTP, CONFIG(http.search), OPTION_BOOL, "true",
	    NULL, "Whether /search and /day are answered: words in, and "
	    "days of, everything published that the database still has.",
	    0, 0, NULL, NULL },
	{ "access-log", IN_HTTP, CONFIG(http.access_log), OPTION_BOOL,
	    "false", NULL, "Whether each request is logged.",
	    0, 0, NULL, NULL },
	{ "connections", IN_HTTP, CONFIG(http.connections), OPTION_COUNT,
	    "1024", NULL, "Connections at once, at most.", 1, 1000000, NULL,
	    NULL },
	{ "connections-per-address", IN_HTTP,
	    CONFIG(http.connections_per_address), OPTION_COUNT, "64", NULL,
	    "Connections at once from one address, at most.", 1, 1000000,
	    NULL, NULL },

	/* --------------------------------------------------------- publish */
	{ "title", IN_OUTLET, OUTLET(title), OPTION_TEXT, NULL,
	    "its name", "Its title.", 0, 0, NULL, NULL },
	{ "subtitle", IN_OUTLET, OUTLET(subtitle), OPTION_TEXT, NULL, NULL,
	    "A sentence below the title.", 0, 0, NULL, NULL },
	{ "language", IN_OUTLET, OUTLET(language), OPTION_LANGUAGE, NULL,
	    NULL, "Its language, such as zh-Hans.", 0, 0, NULL, NULL },
	{ "url", IN_OUTLET, OUTLET(url), OPTION_URL, NULL,
	    "http:// and the first of http.listen",
	    "Where readers reach the folder, for the links in it.",
	    0, 0, NULL, NULL },
	{ "directory", IN_OUTLET, OUTLET(directory), OPTION_PATH, "www",
	    NULL, "The folder its files are written to: the outlet's name "
	    "and .atom, .rss, .json, .html, .opml.", 0, 0, NULL, NULL },
	{ "formats", IN_OUTLET, OUTLET(formats), OPTION_WORDS,
	    "[atom, json, html, opml]", NULL,
	    "Which of them: atom, rss, json, html, opml.", 0, 0, NULL,
	    format_words },
	{ "entries", IN_OUTLET, OUTLET(entries), OPTION_COUNT, "200", NULL,
	    "How many of the newest entries it shows; of those that came in "
	    "the last two days up to four times as many, so that who asks "
	    "rarely misses none.", 1, 10000, NULL, NULL },
	{ "content", IN_OUTLET, OUTLET(content), OPTION_WORD, "full", NULL,
	    "How much of each: full, summary or none.", 0, 0, NULL,
	    content_words },
	{ "tags", IN_OUTLET, OUTLET(tags), OPTION_LIST, NULL, "[]",
	    "Only feeds with one of these tags. Together with feeds: those "
	    "and these.", 0, 0, NULL, NULL },
	{ "feeds", IN_OUTLET, OUTLET(sources), OPTION_LIST, NULL, "[]",
	    "Only these feeds, by name.", 0, 0, NULL, NULL },
	{ "hubs", IN_OUTLET, OUTLET(hubs), OPTION_URLS, NULL, "[]",
	    "WebSub hubs: named in the outlet, told when it has changed.",
	    0, 0, NULL, NULL },

	{ "tombstones", IN_OUTLET, OUTLET(tombstones), OPTION_WORD,
	    "forgotten", NULL, "Which deleted entries its Atom document "
	    "names (RFC 6721): none, those that were forgotten, or all, also "
	    "those that retention deleted.", 0, 0, NULL, tombstone_words },

	/* --------------------------------------------------------- archive */
	{ "directory", IN_ARCHIVE, ARCHIVE(directory), OPTION_PATH,
	    "archive/_posts", NULL, "The folder of its posts.",
	    0, 0, NULL, NULL },
	{ "per", IN_ARCHIVE, ARCHIVE(per_revision), OPTION_WORD,
	    "revision", NULL,
	    "One post per revision, which keeps every state of an entry, or "
	    "one per entry, replaced by its newest state.",
	    0, 0, NULL, per_words },
	{ "format", IN_ARCHIVE, ARCHIVE(html), OPTION_WORD, "markdown",
	    NULL, "Posts in markdown or in html.", 0, 0, NULL,
	    post_format_words },
	{ "lists", IN_ARCHIVE, ARCHIVE(with_lists), OPTION_BOOL, "true",
	    NULL, "Whether there is a list of posts for each feed and month: "
	    "in the folder lists beside _posts, or inside another folder.",
	    0, 0, NULL, NULL },
	{ "tags", IN_ARCHIVE, ARCHIVE(tags), OPTION_LIST, NULL, "[]",
	    "Only feeds with one of these tags.", 0, 0, NULL, NULL },
	{ "feeds", IN_ARCHIVE, ARCHIVE(sources), OPTION_LIST, NULL, "[]",
	    "Only these feeds, by name.", 0, 0, NULL, NULL },

	/* ------------------------------------------------------------- log */
	{ "level", IN_LOG, CONFIG(log_level), OPTION_WORD, "info", NULL,
	    "The least that is logged: error, warning, info or debug.",
	    0, 0, NULL, level_words },
};
const size_t config_options_count = ARRAY_LEN(config_options);

const struct option *
option_find(unsigned in, const char *name)
{
	for (size_t i = 0; i < config_options_count; i++)
		if ((config_options[i].in & in) != 0 &&
		    strcmp(config_options[i].name, name) == 0)
			return &config_options[i];
	return NULL;
}
