#!/usr/bin/env python3
"""No network: seen, said once, held against nobody, and over as soon as it is.
And a host that wants to be left alone is, whoever sent us there.

In a network namespace, so that its names and addresses are ours to take away.
"""
import calendar
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

enter_namespace(__file__)

HOSTS = ['127.0.5.%d' % i for i in range(1, 10)]
script = {'/': {'body': rss(('http://a.example/1', 'One',
                             'Sat, 22 Feb 2025 18:08:01 GMT',
                             'text')).decode()}}
options = {'interval': '1s', 'interval-min': '1s', 'interval-max': '60s',
           'jitter': '0%', 'allow-private-addresses': True}


def rows(mill):
    return json.loads(mill.run('status', '--format', 'json').out)['sources']


def seconds_until(text):
    return calendar.timegm(time.strptime(
        text[:19], '%Y-%m-%dT%H:%M:%S')) - time.time()


def failures(mill):
    return sorted({(s['failures'], s['state']) for s in rows(mill)})


# ------------------------------------------------- addresses that are silent

origin = Origin(addresses=HOSTS, script=script)
feeds = {'h%d' % i: {'url': origin.url('/', h)} for i, h in enumerate(HOSTS)}
feeds['h8']['interval'] = '15s'         # so it is due when there is none
mill = Mill(fetch=options, feeds=feeds)
daemon = mill.start()
for i in range(len(HOSTS)):
    daemon.seen('visit', source='h%d' % i, outcome='ok')
origin.process.kill()
origin.process.wait()
down = daemon.seen('no network: no host can be reached, trying one now and '
                   'then')
ok(down is not None, 'when nobody answers any more, there is no network') or \
    note(daemon.log[-3000:])
matches('refused', (down or {}).get('last', ''), 'with the last reason')
same(failures(mill), [(0, 'ok')], 'and nobody is to blame, not even who '
     'noticed')
mark = daemon.mark()
time.sleep(4)
tries = daemon.events('visit', mark)
ok(len(tries) <= 1, 'nobody is asked in vain every second', tries)
r = mill.run('status', '--why', 'h1')
matches('network', r.out, 'status --why says so') or note(r)
same(len([e for e in daemon.events() if 'no network' in e['event']]), 1,
     'it is said once')
same(failures(mill), [(0, 'ok')], 'however long it takes')
due = {s['name']: s['next_visit'] for s in rows(mill)}
mark = daemon.mark()
again = Origin('--port', str(origin.port), addresses=HOSTS, script=script)
ok(daemon.seen('network is back', since=mark) is not None,
   'the first answer ends it', daemon.log[-9000:])
# A try that came before the network did has moved who was tried.
tries = daemon.events('visit', mark)
in_vain = {v['source'] for v in tries if v['outcome'] != 'ok'}
asked = {v['source'] for v in tries} - in_vain
later = set(due) - asked - in_vain
ok(tries and later and max([due[a] for a in asked] or ['']) <=
   min(due[name] for name in later), 'of who was due next', (due, tries))
due = [seconds_until(s['next_visit']) for s in rows(mill)]
ok(max(due) <= 61, 'all others are asked again within a minute', due)
same(failures(mill), [(0, 'ok')], 'with their history as it was')
same(daemon.stop(), 0, 'it stops')

# ------------------------------------------------------ names nobody resolves

mill = Mill(fetch={'allow-private-addresses': True}, feeds={
    'n%d' % i: {'url': again.url('/', 'host%d.test' % i)} for i in range(6)})
r = mill.round()
same({v['outcome'] for v in r.events('visit')}, {'dns'},
     '(no name server)') or note(r)
ok([e for e in r.events() if 'no network' in e['event']],
   'no name that resolves is no network, either', r)
same(sorted({s['failures'] for s in rows(mill)}), [0], 'nobody is to blame')
waits = [seconds_until(s['next_visit']) for s in rows(mill)]
ok(max(waits) <= 67, 'nor asked later than in a minute, about', waits)

names = Names(lambda name, kind: [] if name == 'host5.test'
              else ['127.0.5.1'])
r = mill.round()
same({v['source']: v['outcome'] for v in r.events('visit')},
     {'n%d' % i: 'dns' if i == 5 else 'ok' for i in range(6)},
     '(a name server that knows all but one)') or note(r)
same({s['name']: s['failures'] for s in rows(mill)},
     {'n%d' % i: int(i == 5) for i in range(6)},
     'where others are reached, it is what is wrong') or note(r)

# ------------------------------------------------- whom Retry-After is about

HERE, THERE = '11.22.33.44', '11.22.33.45'


def answer(number, name, value):
    return {'status': number, 'headers': [[name, value]]}


both = Origin(addresses=[HERE, THERE], script={
    '/sent': answer(302, 'Location', 'http://%s:{port}/busy' % THERE),
    '/busy': answer(429, 'Retry-After', '7200'),
    '/beside': script['/'], '/there': script['/'], '/later': script['/']})
mill = Mill(feeds={'sent': {'url': both.url('/sent', HERE)}})
r = mill.round()
same([e.get('host') for e in r.events() if 'left alone' in e['event']],
     [THERE], '(a redirect leads to a host that wants to be left alone)') or \
    note(r)
mill.set(feeds={**mill.sections['feeds'],
                'beside': {'url': both.url('/beside', HERE)},
                'there': {'url': both.url('/there', THERE)}})
r = mill.run('-v', 'run', '--once')
same([v['source'] for v in r.events('visit')], ['beside'],
     'it is that host which is, after a restart, and not the one that sent '
     'us there') or note(r)
r = mill.run('status', '--why', 'there')
matches('^because of +Retry-After of its host$', r.out,
        'status --why of its neighbours says so') or note(r)
r = mill.run('status', '--why', 'beside')
ok('of its host' not in r.out, 'and not that of others', r)
done()
