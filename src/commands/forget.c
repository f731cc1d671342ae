/* forget.c - feedmill forget: entries are taken away. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/err.h"
#include "feedmill/config.h"
#include "feedmill/mill.h"

#include "private.h"

static int
print(const char *what, int status, const char *text)
{
	fprintf(status == 0 ? stdout : stderr, "%s%s: %s",
	    status == 0 ? "" : "feedmill forget: ", what, text);
	return status;
}

struct errand {
	struct own_mill	*own;
	const char	*what;
};

static void
forgotten(int status, const char *text, size_t len, void *arg)
{
	struct errand *e = arg;

	(void)len;
	own_mill_done(e->own, print(e->what, status, text));
}

static int
forget_all(struct call *c, struct mill *mill, struct own_mill *own,
    void *arg)
{
	struct errand e = { .own = own };
	int status = 0, rc;

	(void)c;
	for (char **what = arg; *what != NULL; what++) {
		e.what = *what;
		mill_forget(mill, *what, forgotten, &e);
		rc = own_mill_wait(own);
		status = status != 0 ? status : rc;
	}
	return status;
}

/* Those that the daemon took care of are passed; -1: there is none. */
static int
ask_each(const struct config *config, char ***what)
{
	int status = 0;

	for (; **what != NULL; ++*what) {
		const char *words[] = { "forget", **what, NULL };
		struct buf text = { 0 };
		struct err e;
		int rc = ask_daemon(config->state, words, &text, &e);

		if (rc != -1)
			print(**what, rc, buf_str(&text));
		buf_fini(&text);
		if (rc == -1)
			return status != 0 ? status : -1;
		status = status != 0 ? status : rc;
	}
	return status;
}

int
command_forget(struct call *c)
{
	const struct config *config;
	char **what = c->operands;
	int status, rc;

	/* One line, tab-separated: what it cannot say is no address. */
	for (char **w = what; *w != NULL; w++) {
		if ((*w)[strcspn(*w, "\t\r\n")] != '\0')
			return usage_error(c, "an address has no tab or line "
			    "feed");
	}
	config = load_config(c, SECRETS_LEFT_OUT);
	if (config == NULL)
		return 1;
	status = ask_each(config, &what);
	config_unref(config);
	if (*what == NULL)
		return status;
	/* What is written of the sources has to be all of it. */
	config = load_config(c, SECRETS_NEEDED);
	if (config == NULL)
		return 1;
	rc = own_mill(c, config, forget_all, what);
	config_unref(config);
	return status > 0 ? status : rc;
}
