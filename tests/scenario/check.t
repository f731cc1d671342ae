#!/usr/bin/env python3
"""What whoever keeps the configuration by hand asks for: check --feeds, and a
status that does not depend on the file that is just being edited.
"""
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

ONE = ('http://a.example/1', 'One', 'Sat, 22 Feb 2025 18:08:09 GMT', 'x')
TWO = ('http://a.example/2', 'Two', 'Sun, 23 Feb 2025 18:08:09 GMT', 'y')
ATOM = ('<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title>'
        '<id>urn:x</id><updated>2025-02-22T18:08:09Z</updated></feed>')


def body(text, **more):
    return {'body': text.decode() if isinstance(text, bytes) else text,
            **more}


script = {
    '/rss': body(rss(ONE, TWO), delay_ms=700), '/atom': body(ATOM),
    '/cut': body(rss(ONE, TWO)[:-30]),
    '/page': body('<!doctype html><title>x</title><p>y',
                  headers=[['Content-Type', 'text/html']]),
    '/moved': {'status': 301, 'headers': [['Location', '/rss?token=s3cret']]},
    '/steer': body(rss(ONE).replace(b'version="2.0"',
                                    'version="2&#155;31m"'.encode())),
    '/away': {'status': 302, 'headers': [
        ['Location', 'http://127.0.0.9:{port}/rss']]},
}
script.update({'/h%d' % i: body(rss(ONE), delay_ms=100) for i in range(8)})
origin = Origin(script=script)
feeds = {n: {'url': origin.url('/' + n)} for n in (
    'rss', 'atom', 'cut', 'page', 'none', 'moved', 'steer', 'away')}
feeds['off'] = {'url': origin.url('/off'), 'enabled': False}
feeds['closed'] = {'url': 'http://127.0.0.1:%d/' % free_port()}
feeds.update({'h%d' % i: {'url': origin.url('/h%d' % i)} for i in range(8)})
mill = Mill(fetch={'allow-private-addresses': True}, feeds=feeds)

r = mill.run('check', '--feeds')
lines = r.out.splitlines()
same([line.split()[1].rstrip(':') for line in lines], list(feeds),
     'a line about each feed, in the order of the configuration') or note(r)
said = {line.split()[1].rstrip(':'): line for line in lines}
for name, pattern in (
        ('rss', r'^ok       rss: rss 2\.0, utf-8, 2 entries, newest '
         r'2025-02-23T18:08:09Z$'),
        ('atom', r'^ok       atom: atom 1\.0, utf-8, 0 entries$'),
        ('cut', r'^damaged  cut: rss 2\.0, utf-8, 1 entry, newest '
         r'2025-02-22T18:08:09Z; .*line \d+'),
        ('page', r'^failed   page: .*discover.*feedmill\.yaml:\d+\)$'),
        ('none', r'^failed   none: 404: not found \(.*feedmill\.yaml:\d+\)$'),
        ('moved', r'^ok       moved: .*; moved for good to http://127\.0\.0\.1'
         r':\d+/rss\?token=\.\.\. \(.*yaml:\d+\)$'),
        ('steer', r'^ok       steer: rss [^\x80-\x9f]*, 1 entry'),
        ('away', r'^failed   away: the address is not public \(see '
         r'allow-private-addresses\) \('),
        ('closed', r'^failed   closed: connection refused \('),
        ('off', r'^off      off$')):
    matches(pattern, said.get(name, ''), 'what it is: ' + name)
same(r.status, 1, 'exit status 1: not all are well')
same(sorted(q['path'] for q in origin.requests() if q['path'] != '/rss'),
     sorted('/' + n for n in feeds if n not in ('rss', 'off', 'closed')),
     'each is asked once, who is switched off is not')
at = sorted(q['ms'] for q in origin.requests() if q['path'].startswith('/h'))
ok(all(c - a > 90 for a, c in zip(at, at[2:])),
   'at most two of one host at a time, as ever', at)
same(os.path.exists(mill.path('feedmill.db')), False, 'nothing is stored')
mill.set(feeds={n: feeds[n] for n in ('rss', 'atom')})
r = mill.run('check', '--feeds')
same((r.status, len(r.out.splitlines())), (0, 2), 'exit status 0: all are')

# ------------------------------------ a status whatever is in the file by now

daemon = mill.start()
daemon.seen('visit', source='rss')
good = read(mill.conf)
for what, text in (('a mistake', good.replace(b'"fetch"', b'"fecth"')),
                   ('no YAML at all', b'feeds: [\n'),
                   ('not even text', b'\xff\xfe\0\0')):
    write(mill.conf, text)
    r = mill.run('status')
    same(r.status, 0, 'status answers with %s in the file' % what) or note(r)
    matches(r'^ok +rss$', r.out, '(which knows its feeds)')
    matches('error: ', r.err, 'and does not hide it')
    matches('goes on without what is wrong above', r.err, 'nor whose it is')
    r = mill.run('status', '--why', 'rss')
    matches('^because of', r.out, 'nor does --why need it') or note(r)
r = mill.run('status', 'a\tb')
ok(r.status == 1, 'a name with a tab is no two names', r)
r = mill.run('reload')
ok(r.status == 1 and 'error: ' in r.err, 'a reload says what is wrong', r)
daemon.signal(signal.SIGHUP)
ok(daemon.seen('not reloaded, nothing was changed') is not None,
   'the daemon goes on')
write(mill.conf, good)
r = mill.run('status')
same((r.status, r.err), (0, ''), 'and is silent again when all is well')
for what in ('the daemon', 'the database'):
    r = mill.run('status', 'rss', 'nobody')
    same((r.status, r.out, r.err), (1, '', 'no such source: nobody\n'),
         what + ' says which name it does not know')
    r = mill.run('status', '--failing', 'rss')
    same((r.status, r.err), (0, ''), what + ' knows one that is well')
    if what == 'the daemon':
        same(daemon.stop(), 0, 'it stops')
write(mill.conf, b'feeds: [\n')
r = mill.run('status')
ok(r.status == 1 and 'goes on' not in r.err, 'without a daemon the mistake '
   'is all there is', r)
done()
