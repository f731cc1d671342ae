/* hosts.c - the hosts that want https: out of the database, and into it. */
#include "feedmill/base/clock.h"
#include "feedmill/base/err.h"
#include "feedmill/base/log.h"
#include "feedmill/hsts.h"

#include "private.h"

static void
host_has_spoken(const struct hsts_entry *e, void *arg)
{
	struct mill *m = arg;

	log_event(LOG_DEBUG, e->until_ms != 0 ? "host wants https" :
	    "host wants https no longer", LOG_STR("host", e->host),
	    LOG_INT("subdomains", e->subdomains));
	store_save_hsts(m->store, e);
}

static int
remember_host(const struct hsts_entry *e, void *arg)
{
	hsts_remember(arg, e, clock_wall_ms());
	return 0;
}

static void
read_hosts(struct store_reader *r, void *arg)
{
	struct err e;

	if (store_each_hsts(r, remember_host, arg, &e) == -1)
		log_event(LOG_WARN, "hosts that want https are not known: "
		    "asked as the configuration says",
		    LOG_STR("error", e.msg));
}

static void
hosts_were_read(void *arg)
{
	(void)arg;
}

void
mill_read_hosts(struct store *store, struct hsts *hsts)
{
	store_read(store, read_hosts, hosts_were_read, hsts);
	store_drain(store);
}

struct hsts *
mill_know_hosts(struct mill *m)
{
	struct hsts *hsts = hsts_new(host_has_spoken, m);

	mill_read_hosts(m->store, hsts);
	return hsts;
}
