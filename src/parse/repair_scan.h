/*
 * repair_scan.h - names and blanks in a text, and what lies around its root.
 *
 * Pure, on text that need not end with a NUL.
 */
#ifndef FEEDMILL_PARSE_REPAIR_SCAN_H
#define FEEDMILL_PARSE_REPAIR_SCAN_H

#include <stddef.h>

int scan_is_blank(char);
const char *scan_blanks(const char *s, const char *end);	/* behind them */
const char *scan_find(const char *s, const char *end, const char *what);
int scan_name_start(char);
size_t scan_name(const char *s, const char *end);	/* 0: no name */

/* The root's '<': the first tag named like a feed, else the first tag. */
const char *repair_find_root(const char *s, const char *end);

/* Nothing but what XML allows before a root, and after it? */
int repair_clean_prolog(const char *s, const char *end);
int repair_only_trailing(const char *s, const char *end);

#endif
