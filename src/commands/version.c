/*
 * version.c - feedmill's version, and those of the libraries it runs with:
 * what is wrong, or mended, may be theirs.
 */
#include <ares.h>
#include <ev.h>
#include <jansson.h>
#include <libdeflate.h>
#include <libfyaml.h>
#include <microhttpd.h>
#include <xxhash.h>
#include <zlib.h>

#include "feedmill/base/buf.h"
#include "feedmill/commands.h"
#include "feedmill/fetch.h"
#include "feedmill/parse.h"
#include "feedmill/store.h"

#include "private.h"

static void
put(struct buf *b, const char *name, const char *version)
{
	buf_printf(b, "  %s %s\n", name, version);
}

int
command_version(struct call *c)
{
	unsigned xxhash = XXH_versionNumber();
	struct buf b = { 0 };
	int status;

	(void)c;
	buf_puts(&b, "feedmill " FEEDMILL_VERSION "\n");
	put(&b, "c-ares", ares_version(NULL));
	/* It tells those it stands on, too. */
	put(&b, "curl", fetch_library_version());
	put(&b, "expat", parse_library_version());
	put(&b, "jansson", jansson_version_str());
	put(&b, "libdeflate", LIBDEFLATE_VERSION_STRING);
	buf_printf(&b, "  libev %d.%d\n", ev_version_major(),
	    ev_version_minor());
	put(&b, "libfyaml", fy_library_version());
	put(&b, "libmicrohttpd", MHD_get_version());
	put(&b, "sqlite", store_library_version());
	buf_printf(&b, "  xxhash %u.%u.%u\n", xxhash / 10000,
	    xxhash / 100 % 100, xxhash % 100);
	put(&b, "zlib", zlibVersion());
	status = print_out(buf_str(&b), b.len);
	buf_fini(&b);
	return status;
}
