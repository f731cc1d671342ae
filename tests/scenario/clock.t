#!/usr/bin/env python3
"""The wall clock is set, forward and back, by a year: no herd, no freeze.  A
small library between the release build and the C library lends it another
clock."""
import json
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

SHIM = r'''
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *t)
{
	int rc = (int)syscall(SYS_clock_gettime, id, t);
	char text[32] = "";
	int fd;

	if (id != CLOCK_REALTIME || (fd = open(getenv("CLOCK_BY"),
	    O_RDONLY | O_CLOEXEC)) == -1)
		return rc;
	if (read(fd, text, sizeof(text) - 1) > 0)
		t->tv_sec += atol(text);
	close(fd);
	return rc;
}
'''
YEAR_S = 365 * 86400
ITEM = ('http://a.example/1', 'One', 'Sat, 22 Feb 2025 18:08:09 GMT', 'x')
cc = shutil.which('cc') or shutil.which('gcc') or skip_all('no compiler')
site = Site({'/s%d' % i: rss(ITEM) for i in range(20)})
site.documents['/often'] = rss(ITEM)
often = site.source('/often', **{'interval': '1s', 'interval-min': '1s',
                                 'interval-max': '1s'})
mill = Mill(binary=RELEASE, feeds={
    'often': often, **{'s%d' % i: site.source('/s%d' % i)
                       for i in range(20)}})
source = write(os.path.join(mill.dir, 'shim.c'), SHIM)
shim = os.path.join(mill.dir, 'shim.so')
subprocess.run([cc, '-shared', '-fPIC', '-O1', '-o', shim, source],
               check=True)
by = write(os.path.join(mill.dir, 'by'), '0')
daemon = mill.start(env={'LD_PRELOAD': shim, 'CLOCK_BY': by})
ok(eventually(lambda: len(set(site.asked())) == 21, 30), 'all are asked',
   daemon.log)


def others():
    return [p for p in site.asked() if p != '/often']


def due(name):
    r = mill.run('status', '--why', name,
                 env={'LD_PRELOAD': shim, 'CLOCK_BY': by})
    lines = {line[:26].strip(): line[26:].strip()
             for line in r.out.splitlines()}
    at = [time.mktime(time.strptime(lines[k], '%Y-%m-%dT%H:%M:%SZ'))
          for k in ('now', 'next visit')]
    return at[1] - at[0]


jumps = 0
for name, text in (('forward', YEAR_S), ('back again', 0),
                   ('back', -YEAR_S)):
    n, seen = len(site.asked('/often')), daemon.mark()
    write(by, str(text))
    ok(daemon.seen('the clock was set: the schedule moves with it', 15,
               since=seen), 'the clock is set %s: it is noticed' % name,
       daemon.log)
    jumps += 1
    same(mill.metric('clock_sets_total'), jumps, 'and a metric counts it')
    ok(mill.metric('schedule_lag_seconds') < 60, 'nobody is late for it')
    ok(eventually(lambda: len(site.asked('/often')) >= n + 3, 15),
       'no freeze', daemon.log)
    same(len(others()), 20, 'no herd')
    ok(0 < due('s3') <= 1980, 'due as before, by the new clock', due('s3'))
    told = json.loads(mill.run('status', '--format', 'json').out)
    same([told['running'], told['database_error'], len(
        [s for s in told['sources'] if s['state'] == 'ok'])],
         [True, None, 21], 'and all is well')
same(daemon.stop(), 0, 'stopped')
same(sorted(mill.export()), ['//a.example/1'], 'nothing came twice')
for text in (YEAR_S, -YEAR_S, 0):
    write(by, str(text))
    daemon = mill.start(env={'LD_PRELOAD': shim, 'CLOCK_BY': by})
    n = len(site.asked('/often'))
    ok(eventually(lambda: len(site.asked('/often')) > n, 15),
       'started with the clock at %+d years: no freeze' % (text // YEAR_S),
       daemon.log)
    same(daemon.stop(), 0, 'stopped')
    # a day and its jitter: a year of silence by that clock
    ok(due('s3') < 96000, 'nor for the others', due('s3'))

# Rounds by cron(8), after one with a clock that was a year ahead.
write(by, str(YEAR_S))
shifted = {'LD_PRELOAD': shim, 'CLOCK_BY': by}
same(mill.round(env=shifted).status, 0, 'a round a year ahead')
write(by, '0')
n = len(site.asked('/often'))


def rounds():
    mill.run('run', '--once', env=shifted)
    return len(site.asked('/often')) > n


ok(eventually(rounds, 20, 1), 'rounds after it do not wait for that year',
   mill.run('status', '--why', 'often', env=shifted))
ok(due('s3') < 96000, 'nor do the others', due('s3'))
done()
