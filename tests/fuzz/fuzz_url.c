/*
 * fuzz_url.c - "base LF reference" as any bytes.
 *
 * A key is its own key; what was resolved resolves to itself, whatever the
 * base, and has no byte that ends a line or an attribute.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/mem.h"
#include "feedmill/base/text.h"
#include "feedmill/base/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_same(char *got, const char *want)
{
	if (got == NULL || strcmp(got, want) != 0)
		abort();
	free(got);
}

static void
check_bytes(const char *url)
{
	for (const char *p = url; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7F)
			abort();
	}
	if (text_utf8_valid(url, strlen(url)) != strlen(url))
		abort();
}

static void
check_key(const char *url)
{
	char *key = url_canonical(url);

	if (key == NULL)
		return;
	check_bytes(key);
	check_same(url_canonical(key), key);
	free(key);
}

static void
check_resolved(const char *base, const char *ref)
{
	char *url = url_resolve(base, ref), *host;

	if (url == NULL)
		return;
	check_bytes(url);
	check_same(url_resolve(NULL, url), url);
	check_same(url_resolve(base, url), url);
	check_key(url);
	host = url_host(url);
	if (url_is_http(url) && (host == NULL ||
	    strpbrk(host, "\"<> \\/?#@") != NULL ||
	    strlen(url) > URL_MAX_BYTES))
		abort();
	free(host);
	free(url_origin(url));
	free(url);
}

static void
check_redacted(const char *url)
{
	char *shown = url_redact(url), *host = url_host(shown);
	const char *at = host != NULL ? strchr(shown, '@') : NULL;

	/* No userinfo, wherever else an "@" may be. */
	if (at != NULL && at < strstr(shown, "//") + 2 +
	    strcspn(strstr(shown, "//") + 2, "/?#"))
		abort();
	free(host);
	free(shown);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int begun;
	char *base = xstrndup((const char *)data, size);
	char *ref = strchr(base, '\n');

	if (!begun)
		url_init();
	begun = 1;
	if (ref != NULL)
		*ref++ = '\0';
	check_key(base);
	check_redacted(base);
	check_resolved(NULL, base);
	if (ref != NULL) {
		check_key(ref);
		check_resolved(base, ref);
	}
	free(base);
	return 0;
}
