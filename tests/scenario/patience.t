#!/usr/bin/env python3
"""How often sources are asked, with a daemon that asks every second: what it
waits for, whom it leaves alone, and that a restart changes neither.

Each source has a loopback address of its own, because politeness is per
host.  Times are the origin's; only "not before" is judged, a loaded machine
may always be late.
"""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *


def doc(name, *numbers):
    return rss(*[('http://%s.example/%d' % (name, n), 'Item %d' % n,
                  'Sat, 22 Feb 2025 18:08:%02d GMT' % n, 'text')
                 for n in numbers]).decode()


def answer(*headers, **more):
    return {'headers': [list(h) for h in headers], **more}


def feed(name, *headers, **more):
    return answer(*headers, body=doc(name, 1), **more)


answers = {
    'steady': feed('steady', ('ETag', '"s"'), conditional=True),
    'gone': [feed('gone', ('ETag', '"g"')), answer(status=410, body='no')],
    'gone-elsewhere': answer(('Location', '/gone-there'), status=302),
    'missing': answer(status=404, body='no'),
    'busy': answer(('Retry-After', '4'), status=429, body='no'),
    'unavailable': answer(('Retry-After', '4'), status=503, body='no'),
    'forbidden': answer(('Retry-After', '4'), status=403, body='no'),
    'fresh': feed('fresh', ('Cache-Control', 'max-age=4')),
    'liar': [feed('liar', ('ETag', '"l"')), answer(status=304)],
    'refreshed': feed('refreshed', ('ETag', '"l"'), conditional=True),
    'drip': feed('drip', drip_ms=400),
    'silent': {'hang': 'start'},
    'kept': [feed('kept'), {'raw': ''}, feed('kept')],
    'held': answer(('Retry-After', '3600'), status=429, body='no'),
    'neighbour': feed('neighbour'),
}
options = {
    'refreshed': {'full-every': '3s'}, 'drip': {'timeout': '2s'},
    'silent': {'timeout': '2s'},
}
host = {n: '127.0.2.%d' % (i + 1) for i, n in enumerate(answers)}
host['neighbour'] = host['held']

origin = Origin(addresses=sorted(set(host.values())),
                script={'/' + n: a for n, a in answers.items()})
origin.set({'/gone-there': answer(status=410, body='no')})
mill = Mill(fetch={'interval': '1s', 'interval-min': '1s',
                   'interval-max': '60s', 'jitter': '0%',
                   'concurrency-per-host': 1,
                   'allow-private-addresses': True},
            feeds={n: {'url': origin.url('/' + n, host[n]),
                       **options.get(n, {})} for n in answers})


def times(name):
    return [q['ms'] / 1000 for q in origin.requests('/' + name)]


def distances(name):
    at = times(name)
    return [b - a for a, b in zip(at, at[1:])]


def at_least(name, expected, what):
    """So many requests, and none too soon after the one before."""
    got = distances(name)
    ok(len(got) >= len(expected) and
       all(g > e - 0.05 for g, e in zip(got, expected)), what,
       'distances %r, expected at least %r' % (got, expected))


daemon = mill.start()
eventually(lambda: len(times('missing')) >= 4 and
           min(len(times(n)) for n in (
               'busy', 'unavailable', 'forbidden', 'fresh')) >= 2, 25)
at_least('steady', 4 * [1], 'a source is asked at its interval, not sooner')
ok(all(d > 0.95 for d in distances('steady')), 'at no time',
   distances('steady'))
same([q['h'].get('if-none-match') for q in origin.requests('/steady')][:5],
     [None] + 4 * ['"s"'], 'without conditions the first time only')
same(len(times('gone')), 2, '410 is not asked again')
same(len(daemon.events('visit')) and
     len([v for v in daemon.events('visit') if v['source'] == 'gone' and
          v['outcome'] == 'gone']), 1, 'and said once')
ok(len(times('gone-elsewhere')) > 1,
   '410 where a temporary redirect leads ends nothing')
at_least('missing', [1, 2, 4], '404 is asked ever more rarely')
for name, status in (('busy', 429), ('unavailable', 503),
                     ('forbidden', 403)):
    at_least(name, [4], 'Retry-After of %d is waited for' % status)
same((len(times('held')), len(times('neighbour'))), (1, 0),
     'Retry-After is meant for all sources of that host')
at_least('fresh', [4], 'max-age is waited for')
same([q for q in origin.requests('/liar')[1:]
      if q['h'].get('if-none-match') != '"l"'], [],
     'nobody is asked without conditions again to be on the safe side')
ok([q for q in origin.requests('/refreshed')[1:]
    if 'if-none-match' not in q['h']],
   'but who lies with 304 is, every full-every', times('refreshed'))
at = [q['ms'] / 1000 for q in origin.requests('/refreshed')
      if 'if-none-match' not in q['h']]
ok(all(b - a > 2.9 for a, b in zip(at, at[1:])), 'and not more often', at)
for name, what in (('drip', 'a server that sends a byte now and then'),
                   ('silent', 'a server that says nothing')):
    visit = daemon.seen('visit', source=name)
    ok(visit and visit['outcome'] == 'timeout' and
       1900 < int(visit['took_ms']) < 6000, what + ' ends at the timeout',
       visit)
at = origin.requests('/kept')
same([at[0]['connection'] == at[1]['connection'],
      at[1]['connection'] == at[2]['connection'],
      [v['outcome'] for v in daemon.events('visit')
       if v['source'] == 'kept'][:2]], [True, False, ['ok', 'unchanged']],
     'a kept connection that turns out closed is no failure: once more on a '
     'new one')
ok(at[3]['ms'] - at[2]['ms'] > 950, 'and that is all', at[3])
r = mill.run('status', '--format', 'json')
rows = {s['name']: s for s in json.loads(r.out)['sources']}
same((rows['gone']['state'], rows['gone']['next_visit']), ('gone', None),
     'status tells who is gone') or note(rows['gone'])
r = mill.run('status', '--why', 'gone')
matches('^because of +410 Gone$', r.out, 'and --why tells why')
r = mill.run('status', '--why', 'neighbour')
matches('^because of +Retry-After of its host$', r.out,
        '--why tells when a neighbour is to blame')

# ----------------------------------------------------------------- restarts

for end in ('SIGTERM', 'kill -9'):
    last = {n: times(n)[-1:] for n in answers}
    if end == 'SIGTERM':
        same(daemon.stop(), 0, 'it stops')
    else:
        daemon.kill()
    daemon = mill.start()
    eventually(lambda: len(times('steady')) > 40, 2.5)
    # Killed, it forgets the visits of its last seconds.
    ok(len([d for d in distances('steady') if d < 0.95]) <=
       (end == 'kill -9') and times('steady')[-1:] > last['steady'],
       'after %s nobody is asked before it is due' % end,
       distances('steady'))
    same([q['h'].get('if-none-match')
          for q in origin.requests('/steady')][1:],
         (len(times('steady')) - 1) * ['"s"'],
         'nor without conditions, after %s' % end)
    same(len(times('gone')), 2, '410 holds, after %s' % end)
    same((len(times('held')), len(times('neighbour'))), (1, 0),
         'Retry-After holds for the host, after %s' % end)
    ok(all(d > e - 0.05 for d, e in zip(distances('missing'), [1, 2, 4, 8])),
       'the back-off goes on where it was, after %s' % end,
       distances('missing'))
    same([e for e in daemon.events('visit') if e['source'] == 'gone'], [],
         'and nothing is said again, after %s' % end)
last = len(times('fresh')), len(times('steady'))
for i in range(5):
    daemon.signal(signal.SIGHUP)
    daemon.seen('reloaded', count=i + 1)
ok(all(d > 3.95 for d in distances('fresh')[last[0] - 1:]) and
   all(d > 0.95 for d in distances('steady')[last[1]:]) and
   (len(times('held')), len(times('neighbour'))) == (1, 0),
   'five reloads cause no request', (distances('fresh'),
                                     distances('steady')))
feeds = mill.sections['feeds']
feeds['gone'] = {'url': origin.url('/steady', host['gone'])}
mill.set()
daemon.signal(signal.SIGHUP)
ok(daemon.seen('visit', source='gone', outcome='ok') or
   daemon.seen('visit', source='gone', outcome='unchanged'),
   'who is gone is asked again at another URL') or note(daemon.log[-2000:])
same(daemon.stop(), 0, 'it stops')

# ------------------------------------------------------------ many together

crowd = Origin(script={'/%d' % i: feed('c%d' % i, delay_ms=200)
                       for i in range(20)})
mill = Mill(fetch={'allow-private-addresses': True},
            feeds={'c%d' % i: {'url': crowd.url('/%d' % i)}
                   for i in range(20)})
r = mill.round()
at = sorted(q['ms'] for q in crowd.requests())
same(len(at), 20, '(twenty sources of one host)') or note(r)
ok(all(c - a > 190 for a, c in zip(at, at[2:])),
   'one host is asked by at most concurrency-per-host (2) at a time', at)
ok(len({q['connection'] for q in crowd.requests()}) <= 4,
   'and over few connections, used again',
   [q['connection'] for q in crowd.requests()])


def status_rows():
    r = mill.run('status', '--format', 'json')
    return json.loads(r.out)['sources']


many = Origin(script={'/%d' % i: feed('m%d' % i) for i in range(200)})
mill = Mill(fetch={'allow-private-addresses': True,
                   'concurrency-per-host': 8},
            feeds={'m%d' % i: {'url': many.url('/%d' % i)}
                   for i in range(200)})
mill.round()
waits = [seconds_of(s['next_visit']) - seconds_of(s['last_visit'])
         for s in status_rows()]
ok(len(waits) == 200 and min(waits) >= 1799 and max(waits) <= 1981,
   'the next visits are late by up to a tenth, never early', sorted(waits))
ok(max(waits.count(w) for w in waits) <= 10 and
   max(waits) - min(waits) > 150,
   'two hundred sources of one host do not stay together', sorted(waits))

mill.set(fetch={**mill.sections['fetch'], 'interval': '4s',
                'interval-min': '4s', 'jitter': '0%'})
mill.round()
before = len(many.requests())
time.sleep(4.5)
daemon = mill.start()
eventually(lambda: len(many.requests()) > before + 16)
at = [q['ms'] for q in many.requests()[before:]]
ok(len(at) > 16 and at[16] - at[0] > 1500,
   'what has become due while nobody was there is spread, 8 a second', at)
daemon.stop()

dead = {'d%d' % i: {'url': 'http://127.0.3.%d:%d/' % (i, free_port())}
        for i in range(1, 7)}
mill = Mill(fetch={'allow-private-addresses': True}, feeds=dead)
r = mill.round()
same(sorted({s['failures'] for s in status_rows()}), [0],
     'when no host can be reached no source is to blame') or note(r)
ok(any('no network' in e['event'] for e in r.events()),
   'and the network is said to be', r)
mill = Mill(fetch={'allow-private-addresses': True},
            feeds={'dead': dead['d1'], 'well': {'url': crowd.url('/1')}})
r = mill.round()
same({s['name']: s['failures'] for s in status_rows()},
     {'dead': 1, 'well': 0}, 'a host that is down alone is') or note(r)
done()
