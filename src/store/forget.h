/*
 * forget.h - entries that are taken away by hand.
 */
#ifndef FEEDMILL_STORE_FORGET_H
#define FEEDMILL_STORE_FORGET_H

#include <stddef.h>
#include <stdint.h>

#include "feedmill/store.h"

struct task;

/* Forget them; or, is_done: note that their files are gone, too. */
struct task *forget_task(const int64_t *ids, size_t count, int is_done,
    store_forget_fn *done, void *arg);

#endif
