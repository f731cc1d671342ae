/*
 * value.h - the parts of value.c: one function a type.
 *
 * Each reads the node and sets *field, or adds a mistake and leaves it.
 */
#ifndef FEEDMILL_CONFIG_VALUE_H
#define FEEDMILL_CONFIG_VALUE_H

#include "private.h"

typedef void value_set_fn(struct loader *, const struct option *,
    const struct node *, void *field);

value_set_fn value_set_text, value_set_path, value_set_url,
    value_set_charset, value_set_language, value_set_zone, value_set_regex;
value_set_fn value_set_secret, value_set_secret_url, value_set_proxy,
    value_set_headers;

/* The node as one line of text; NULL: it is none, and that is said. */
const char *value_take_text(struct loader *, const struct option *,
    const struct node *);
/* The node as a URL that anybody may see, to be kept; NULL: likewise. */
const char *value_take_url(struct loader *, const struct option *,
    const struct node *);
/* "NAME must be WHAT, not "VALUE"": not for secrets. */
void value_refuse(struct loader *, const struct option *,
    const struct node *, const char *what, ...)
    __attribute__((format(printf, 4, 5)));
const char *value_kind_name(const struct node *);
int value_has_controls(const char *);
/* Why it is no URL to ask, in the arena; NULL: it is one. */
const char *value_url_fault(struct arena *, const char *url);
int value_has_userinfo(const char *url);

#endif
