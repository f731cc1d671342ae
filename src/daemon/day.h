/*
 * day.h - /day?date=2025-02-24&in=OUTLET: what an outlet published on
 * a day (UTC, by the time of the entries), page after page.
 */
#ifndef FEEDMILL_DAEMON_DAY_H
#define FEEDMILL_DAEMON_DAY_H

#include "desk.h"

extern const struct desk_kind day_kind;

#endif
