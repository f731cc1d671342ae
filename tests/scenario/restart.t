#!/usr/bin/env python3
"""What a start, a kill, a reload and a refusing host do to the times at which
sources are asked: an origin on loopback counts the requests."""
import os
import signal
import sqlite3
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

ITEM = ('http://a.example/1', 'One', 'Sat, 22 Feb 2025 18:08:09 GMT', 'x')
INM = 'If-None-Match'


def database(mill):
    found = [os.path.join(d, f) for d, _, files in os.walk(mill.state)
             for f in files if f.endswith('.db')]
    return found[0]


def alter(mill, sql, *values):
    """Between two runs: as if time had passed."""
    with sqlite3.connect(database(mill)) as db:
        db.execute(sql, values)
    db.close()


def why(mill, name):
    """The lines of status --why by their first words."""
    r = mill.run('status', '--why', name)
    ok(r.status == 0, 'status --why %s' % name, r)
    return {line[:26].strip(): line[26:].strip()
            for line in r.out.splitlines()}


def settle(site, seconds=1.5):
    """The number of requests when no more come."""
    n = -1
    while n != len(site.requests):
        n = len(site.requests)
        time.sleep(seconds)
    return n


# ---------------------------------------------------- two starts in a minute

NAMES = ['s%d' % i for i in range(12)]
site = Site({'/%s' % n: rss(ITEM) for n in NAMES})
mill = Mill(feeds={n: site.source('/' + n) for n in NAMES})
daemon = mill.start()
ok(all(daemon.seen('visit', source=n) for n in NAMES),
   'newcomers are asked at once', daemon.log)
same(daemon.stop(), 0, 'stopped')
same(sorted(site.asked()), sorted('/' + n for n in NAMES), 'each once')
for i in (1, 2):
    daemon = mill.start()
    time.sleep(1.5)
    same(daemon.stop(), 0, 'start %d' % i)
    same(len(site.requests), 12, 'causes no request')

# ------------------------------------------------- why, without the daemon

lines = why(mill, 's3')
same((lines['interval'], lines['interval-min'], lines['interval-max']),
     ('30m', '15m', '1d'), 'the settings are told')
ok(lines['last outcome'] == 'ok' and lines['next visit'].startswith('20') and
   lines['ttl'] == '-', 'and what is known', lines)
ok(lines['because of'] == 'interval', 'and the rule that won', lines)
by_address = mill.run('status', '--why', site.url + '/s3')
ok(by_address.status == 0 and 'because of' in by_address.out,
   'also by address', by_address)
same(mill.run('status', '--why', 'nobody').status, 1, 'no such source')
daemon = mill.start()
alive = why(mill, 's3')
same({k: v for k, v in alive.items() if k != 'now'},
     {k: v for k, v in lines.items() if k != 'now'},
     'a running daemon says the same')
same(daemon.stop(), 0, 'stopped')

# ------------------------------------------------------------ what is overdue

alter(mill, 'UPDATE dues SET next_due_ms = next_due_ms - 36000000, '
      'visited_ms = visited_ms - 36000000')
alter(mill, 'UPDATE sources SET changed_ms = changed_ms - 36000000')
n = len(site.requests)
begun = time.monotonic()
daemon = mill.start()
ok(all(daemon.seen('visit', source=s, outcome='not-modified')
       for s in NAMES), 'after ten hours all are asked', daemon.log)
took = time.monotonic() - begun
ok(took >= 11 * 0.125, 'not all at the same moment (%.1f s)' % took)
same(len(site.requests), n + 12, 'each once')
ok(all(INM in h for _, h in site.requests[n:]),
   'and with conditions: a restart asks for no document twice',
   site.requests[n:])

# ------------------------------------------------------------------ kill -9

daemon.kill()
n = len(site.requests)
alter(mill, 'UPDATE dues SET next_due_ms = next_due_ms')  # it is whole
daemon = mill.start()
seen = settle(site)
ok(seen - n <= 12, 'kill -9 repeats no more than the last half minute',
   site.requests[n:])
ok(all(INM in h for _, h in site.requests[n:]), 'with conditions')
time.sleep(31)
daemon.kill()
n = len(site.requests)
daemon = mill.start()
same(settle(site), n, 'what is older than half a minute is not repeated')

# ------------------------------------------------------------ a new interval

mill.set(fetch={'interval': '2h', 'interval-min': '1h'})
daemon.signal(signal.SIGHUP)
ok(daemon.seen('reloaded'), 'reloaded', daemon.log)
same(settle(site, 0.5), n, 'a reload asks nobody')
lines = why(mill, 's3')
wait_s = [time.mktime(time.strptime(lines[k], '%Y-%m-%dT%H:%M:%SZ'))
          for k in ('last visit', 'next visit')]
# Silent for ten hours: a little more than two.
ok(7200 < wait_s[1] - wait_s[0] <= 8900,
   'the new interval holds at once, from the last visit', lines)
same(daemon.stop(), 0, 'stopped')

# a clock that was a year ahead when the state was written
alter(mill, 'UPDATE dues SET next_due_ms = next_due_ms + 31536000000, '
      'visited_ms = visited_ms + 31536000000')
daemon = mill.start()
same(settle(site, 0.5), n, 'a clock that was a year ahead makes no herd')
due = why(mill, 's3')['next visit']
ok(time.mktime(time.strptime(due, '%Y-%m-%dT%H:%M:%SZ')) <
   time.mktime(time.gmtime()) + 9000, 'and freezes nobody', due)
same(daemon.stop(), 0, 'stopped')

# -------------------------------------------------------------- Retry-After

refusing = True


def busy(h):
    if refusing:
        return 429, {'Retry-After': '3600'}, b'slower\n'
    return 200, {}, rss(ITEM)


def hidden(h):
    return (503, {}, b'no\n')


elsewhere = Site({'/c': rss(ITEM)})
site = Site({'/a': busy, '/b': rss(ITEM), '/c': rss(ITEM)})
site.documents['/later'] = rss(ITEM)
feeds = {n: site.source('/' + n) for n in 'abc'}
other = elsewhere.source('/c')
other['url'] = other['url'].replace('127.0.0.1', 'localhost')
feeds['other'] = other
mill = Mill(feeds=feeds, fetch={'concurrency': 1})
r = mill.run('-v', 'run', '--once')
ok(r.status is not None, 'a round ends though a host refuses', r)
same((site.asked(), elsewhere.asked()), (['/a'], ['/c']),
     'its other sources are not asked, other hosts are') or note(r)
lines = why(mill, 'b')
ok(lines['host held until'].startswith('20') and
   lines['because of'] in ('Retry-After of its host', 'no visit yet'),
   'and why tells, without a daemon', lines)
r = mill.run('-v', 'run', '--once')
same(len(site.requests), 1, 'the next round leaves it alone as well')
daemon = mill.start()
time.sleep(1.5)
same(len(site.requests), 1, 'so does a daemon, newcomers or not')
lines = why(mill, 'b')
ok(lines['because of'] in ('Retry-After of its host', 'no visit yet') and
   lines['its turn'].startswith('20'), 'why tells when their turn is', lines)
ok(lines['next visit'].startswith('20') and
   'next now' not in mill.run('status', 'b', 'c').out,
   'and nobody is said to be asked at once', mill.run('status'))
same(daemon.stop(), 0, 'stopped')
refusing = False
mill.round()
same(sorted(site.asked()), ['/a', '/a', '/b', '/c'],
     'somebody who says --now insists')

# 503 without Retry-After is the affair of one source
site = Site({'/a': hidden, '/b': rss(ITEM)})
mill = Mill(feeds={n: site.source('/' + n) for n in 'ab'},
            fetch={'concurrency': 1})
mill.run('run', '--once')
same(sorted(site.asked()), ['/a', '/b'],
     '503 without Retry-After holds nobody else')
same(why(mill, 'a')['because of'], 'failures', 'it backs off')

# ---------------------------------------------------------------- full-every

site = Site({'/never': rss(ITEM), '/often': rss(ITEM)})
mill = Mill(feeds={
    'never': site.source('/never'),
    'often': site.source('/often', **{'full-every': '2s'})},
    fetch={'interval': '1s', 'interval-min': '1s', 'interval-max': '1s',
           'jitter': 0})
daemon = mill.start()
ok(eventually(lambda: len(site.asked('/often')) >= 7, 30), 'asked often',
   daemon.log)
same(daemon.stop(), 0, 'stopped')
free = {p: sum(INM not in h for q, h in site.requests if q == p)
        for p in site.documents}
same(free['/never'], 1, 'unconditional requests: the first')
ok(2 <= free['/often'] < len(site.asked('/often')),
   'and where full-every wants them', free)
done()
