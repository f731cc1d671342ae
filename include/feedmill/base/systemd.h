/*
 * systemd.h - the documented protocols between a service and systemd.
 *
 * sd_notify(3) and the watchdog, by hand: forty lines instead of a library
 * that brings five more.  Without systemd every call does nothing.
 */
#ifndef FEEDMILL_BASE_SYSTEMD_H
#define FEEDMILL_BASE_SYSTEMD_H

/* "READY=1\nSTATUS=..." to $NOTIFY_SOCKET. */
void systemd_notify(const char *message);

/* RELOADING=1 with the monotonic time that systemd 253 asks for. */
void systemd_notify_reloading(void);

/* Seconds between two pings: half of what is allowed; 0: no watchdog. */
double systemd_watchdog_s(void);

#endif
