#!/usr/bin/env python3
"""Beside a daemon an import goes through it: what comes of it, on paper and
in the database, is what an import without one makes; who is killed in the
middle loses nothing that was stored, and imports the rest; what is said to
the socket by others is refused."""
import os
import signal
import socket
import sqlite3
import sys
import threading
import time
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

ATOM = '{http://www.w3.org/2005/Atom}'

# ----------------------------------------------------------- what there is

POST = '''---
layout: post
title: "%(title)s"
date: 2021-06-01T00:00:00.000Z
author: me
from: https://old.example/%(n)d
tags: [ old ]
categories: [ %(site)s ]
---
<!--%(stamp)s-->
[%(title)s](https://old.example/%(n)d)
------

<div>
<p>text %(n)d</p>
</div>
'''


def post(n, stamp=None, site='old'):
    return POST % {'n': n, 'title': 'Title %d' % n, 'site': site,
                   'stamp': stamp or 1622505600000 + n}


def item(n, revision=0):
    return ('http://a.example/%d' % n, 'Entry %d, %d' % (n, revision),
            'Sat, 22 Feb 2025 18:%02d:%02d GMT' % (n % 60, revision),
            '<p>text %d</p>' % n)


def archive_of(top, files):
    """Posts of both dialects, feeds, what is known twice, what is none."""
    for i in range(files):
        write('%s/_posts/%05d.md' % (top, i), post(i))
    write(top + '/a-again.md', post(3))
    write(top + '/a-newer.md', post(4, 1722505600000))
    write(top + '/a-older.md', post(5, 1522505600000))
    write(top + '/a-undated.md', post(files, 'NaN'))
    write(top + '/articles/voa/1.md', '<!--1600000000000-->\n'
          '[v](https://voa.example/1)\n------\n\n<p>v</p>')
    write(top + '/b.xml', rss(*map(item, range(40)), title='The A'))
    write(top + '/b-cut.xml', rss(*map(item, range(40, 80)),
                                  title='The A')[:-2000])
    write(top + '/c.xml', rss(item(1, 1), item(2), item(90), title='The A'))
    write(top + '/none.xml', '<html>no feed</html>')
    write(top + '/empty.md', '')
    write(top + '/picture.png', 'x')
    write(top + '/zz.json', json.dumps({
        'version': 'https://jsonfeed.org/version/1.1', 'title': 'Jay',
        'items': [{'id': str(i), 'url': 'http://j.example/%d' % i,
                   'content_text': 'j'} for i in range(3)]}))
    # One that fills more than a batch.
    write(top + '/z-large.xml', rss(*[
        ('http://l.example/%d' % i, 'large', '', 'x' * 60000)
        for i in range(30)]))
    return top


site = Site({'/a.xml': rss(item(1), item(500)), '/b.xml': rss(item(600))})


def mill_of():
    mill = Mill(fetch={'concurrency': 1}, feeds={
        'a': site.source('/a.xml', title='The A', interval='1h'),
        'old': site.source('/b.xml', interval='1h')})
    mill.sections['publish']['all'].update(entries=1000, formats=['atom'])
    mill.set()
    return mill


def dump(mill):
    """All that an import has a say in."""
    db = sqlite3.connect(mill.path('feedmill.db'))
    rows = {'entries': db.execute(
        'SELECT e.key, e.ts, e.updates, e.first_ts, e.url, e.title, s.name, '
        'e.seq, e.id, e.announced, e.stored, e.scope, coalesce('
        'nullif(e.published_ms, e.first_seen_ms), 0) FROM entries e '
        'JOIN sources s ON s.id = e.source_id ORDER BY e.id').fetchall(),
        'revisions': db.execute(
            'SELECT seq, entry_id, number, silent, ts, title, summary, '
            'content, extra FROM revisions ORDER BY seq').fetchall(),
        'sightings': db.execute(
            'SELECT entry_id, name, ts FROM sightings JOIN sources s '
            'ON s.id = source_id ORDER BY 1, 2').fetchall(),
        'sources': db.execute('SELECT name, entries, announced, documents '
                              'FROM sources ORDER BY id').fetchall(),
        'aliases': db.execute('SELECT source_id, guid, entry_id FROM aliases '
                              'ORDER BY 1, 2').fetchall()}
    db.close()
    return rows


def outlet(mill):
    feed = ET.parse(mill.path('www', 'all.atom'))
    return [(e.findtext(ATOM + 'title'), e.findtext(ATOM + 'content'),
             e.find(ATOM + 'link').get('href'))
            for e in feed.iter(ATOM + 'entry')]


def told(err):
    return [{k: v for k, v in e.items() if k not in ('ts', 'time')}
            for e in events(err) if e.get('event') not in (None,)]


# --------------------------------------- the same with a daemon and without

top = archive_of(folder(), 300)
words = (top, top + '/nothing', top + '/none.xml')
stopped, beside = mill_of(), mill_of()
for m in (stopped, beside):
    m.round()                   # both know what the feeds have now
a = stopped.run('import', *words)
daemon = beside.start()
b = beside.run('import', *words)
same((b.status, b.out), (a.status, a.out), 'beside a daemon: same status, '
     'same sum') or note(b)
matches(r'^310 files: 403 new entries, 2 revisions, 4 known; 4 not '
        r'readable, 1 passed over$', b.out, 'which says all')
same(told(b.err), told(a.err), 'and the same mistakes, in order')
ok(eventually(lambda: any(t == 'Title 299' for t, *_ in outlet(beside)), 30),
   'what was imported is published at once')
ok(eventually(lambda: any('Title-299-' in p for p in beside.posts()), 30),
   'and archived', beside.posts()[:5])
again = beside.run('import', *words)
ok(again.status == 1 and ': 0 new entries, 0 revisions, ' in again.out,
   'imported twice it adds nothing', again)
same(daemon.stop(), 0, 'the daemon ends')
stopped.run('import', *words)
d = stopped.start()
eventually(lambda: any('Title-299-' in p for p in stopped.posts()), 30)
d.stop()
x, y = dump(stopped), dump(beside)
ok(len(x['entries']) > 400, 'there is much to compare', len(x['entries']))
for table in x:
    same(y[table], x[table], 'the same ' + table)
same(outlet(beside), outlet(stopped), 'the same outlet')
same(*[[re.sub('-[0-9a-f]{16}', '', p) for p in m.posts()]
       for m in (beside, stopped)], 'the same archive')

# ------------------------------------------------------------ interruptions

many = folder()
for i in range(3000):
    write('%s/%05d.md' % (many, i), post(i))
for i in range(20):
    write('%s/%05d-feed.xml' % (many, i * 150), rss(*map(
        item, range(1000 * i, 1000 * i + 10))))
ENTRIES = 3200


def importing(mill):
    return Daemon(mill.argv('import', many), mill.env())


def count(mill):
    db = sqlite3.connect('file:%s?mode=ro' % mill.path('feedmill.db'),
                         uri=True, timeout=20)
    all_, halves = db.execute(
        'SELECT (SELECT count(*) FROM entries), (SELECT count(*) FROM ('
        'SELECT count(*) n FROM entries WHERE key LIKE \'//a.example/%\' '
        'GROUP BY CAST(substr(key, 13) AS INTEGER) / 1000 HAVING n < 10))'
        ).fetchone()
    db.close()
    return all_, halves


mill = Mill(feeds={})
mill.sections['feeds'] = {'z': site.source('/b.xml', interval='1h')}
mill.set()
daemon = mill.start()
ok(daemon.seen('visit', source='z'), 'the feed was asked')
had = 1
for k in range(3):
    mark = daemon.mark()
    client = importing(mill)
    ok(daemon.seen('imported', since=mark, count=2 + k), 'an import runs')
    client.kill()
    got = sum(int(e['new']) for e in daemon.events('imported'))
    ok(got > 0 and count(mill)[0] >= 1 + got, 'a client that is killed: what '
       'was answered is stored', (got, count(mill)))
eventually(lambda: mill.run('status').status == 0)
time.sleep(0.3)
had, halves = count(mill)
same(halves, 0, 'no file is stored in half')
ok(had > 1, 'and there are %d entries of %d' % (had, 1 + ENTRIES))



def cut_off(end):
    """A daemon that has ended in an import of this client's; on a busy
    machine the client may have been ready first."""
    for _ in range(5):
        daemon = mill.start()
        client = importing(mill)
        daemon.seen('imported')
        client.signal(signal.SIGSTOP)
        end(daemon)
        client.signal(signal.SIGCONT)
        if client.wait() != 0:
            break
    return client


daemon.stop()
client = cut_off(lambda d: d.kill())
same(client.wait(), 69, 'a daemon that is killed ends the import')
matches('the import ends before .*/\\d+.*\\.(md|xml)', client.log,
        'which says where')
same(count(mill)[1], 0, 'nothing is stored in half')
client = cut_off(lambda d: same(d.stop(), 0, 'the daemon is stopped'))
same(client.wait(), 69, 'a daemon that stops ends the import')
had = count(mill)[0]
daemon = mill.start()
r = mill.run('import', many)
same(r.status, 0, 'the next import does the rest') or note(r)
matches('^3020 files: %d new entr(?:y|ies), 0 revisions, %d known; '
        '0 not readable$' % (ENTRIES + 1 - had, had - 1), r.out,
        'and only the rest')
same(count(mill)[0], ENTRIES + 1, 'all is there')

# ---------------------------------------------------------- at the same time

two = [Daemon(mill.argv('import', t), mill.env()) for t in (many, top)]
same([c.wait(90) for c in two], [0, 1], 'two at once: each in its turn') or \
    note(two[0].log + two[1].log)

# What a feed that is polled may not have, an export has.
r = mill.run('import', write(os.path.join(folder(), 'all.xml'), rss(*[
    ('http://many.example/%d' % i, 'm', '', '') for i in range(5500)])))
same((r.status, r.out.split(',')[0], r.err),
     (0, '1 file: 5500 new entries', ''), 'a document of all there is')


# ------------------------------------------------------------- bad company

def say(*parts, close=True):
    """What the daemon answers."""
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(mill.path('feedmill.sock'))
    try:
        for p in parts:
            s.sendall(p)
    except OSError:
        pass
    if not close:
        return s
    got = b''
    try:
        while True:
            n = s.recv(65536)
            if not n:
                break
            got += n
    except ConnectionResetError:
        pass
    s.close()
    return got.decode()


before = count(mill)
GOOD = post(999999).encode()
for name, parts, answer in (
        ('no length', (b'import\n',), '2\nhow many'),
        ('a length that is none', (b'import\t-1\n',), '2\nhow many'),
        ('a length with more', (b'import\t12x\n',), '2\nhow many'),
        ('a length beyond all', (b'import\t' + b'9' * 40 + b'\n',),
         '2\nhow many'),
        ('too large', (b'import\t99999999999\n', b'x' * 100000), '2\nmore'),
        ('a bit too large', (b'import\t%d\n' % ((64 << 20) + 17),), '2\nmore'),
        ('more than was said', (b'import\t3\n0\nmore',), '2\nmore bytes'),
        ('garbage', (b'import\t9\n', b'\xff\x00garbage'[:9]), '2\nthis is no'),
        ('a file longer than its batch', (b'import\t7\n', b'100\nabc'),
         '2\nthis is no'),
        ('a good one and a bad one', (
            b'import\t%d\n' % (len(GOOD) + 10), b'%d\n' % len(GOOD), GOOD,
            b'x' * (10 - len(b'%d\n' % len(GOOD)))), '2\nthis is no'),
        ('too many', (b'import\t258\n', b'0\n' * 129), '2\nthis is no'),
        ('nothing', (b'import\t0\n',), '0\n'),
        ('an empty file', (b'import\t2\n', b'0\n'),
         '0\nunreadable 0 0 0 neither a post nor a feed\n')):
    got = say(*parts)
    ok(got.startswith(answer), 'refused or empty: ' + name, repr(got))
held = say(b'import\t%d\n' % (len(GOOD) + 100), GOOD, close=False)
same(mill.run('status').status, 0, 'one that is slow keeps nobody from '
     'asking')
same(get(mill.url + '/healthz').status, 200, 'nor the daemon from serving')
one = write(os.path.join(folder(), 'one.md'), post(888888))
client = Daemon(mill.argv('import', one), mill.env())
same(client.wait(2), None, 'but the next import waits')
held.close()
same(client.wait(30), 0, 'until it is gone') or note(client.log)
same(count(mill), (before[0] + 1, before[1]), 'nothing of bad company is '
     'stored')
held = say(b'import\t500\n', b'300\n', GOOD[:100], close=False)
same(daemon.stop(), 0, 'and the daemon can stop meanwhile')
held.close()
done()
