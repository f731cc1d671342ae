#!/usr/bin/env python3
"""Four subscribers of one outlet, each asking in its own way, while entries
come and are updated, the daemon is stopped and killed, and retention takes
what is old: all have the same in the end, each entry once.

INTERVAL=10 STEPS=360 for a long version: seconds between two questions of a
subscriber, and how often there is something new.
"""
import os
import random
import sqlite3
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), 'tools'))
from feedmill import *
import subscribers

INTERVAL = float(os.environ.get('INTERVAL', '0.3'))
STEPS = int(os.environ.get('STEPS', '12'))
SOURCES, ENTRIES, LISTED = 3, 10, 12
# Two of them sleep longer than the outlet shows.
SLEEPY = 6 * max(INTERVAL, 1)


class World:
    """Entries and their revisions, and the documents that list them."""

    def __init__(self):
        self.count = 0
        self.items = [[] for _ in range(SOURCES)]
        self.state = {}

    def item(self, n, revision=0):
        url = 'http://a.example/%d' % n
        self.state[url] = title = 'Entry %d, revision %d' % (n, revision)
        return (url, title, time.strftime(
            '%a, %d %b %Y %H:%M:%S GMT',
            time.gmtime(1740000000 + 60 * n + revision)), 'text %d' % revision)

    def step(self, k):
        """New ones in each source, and one that is revised."""
        for s, items in enumerate(self.items):
            for _ in range(1 + (s + k) % 3):
                items.insert(0, self.item(self.count))
                self.count += 1
            # The next source lists some of them, too.
            if k % 3 == s:
                self.items[(s + 1) % SOURCES].insert(0, items[0])
        # An update is its owner's to tell: of those nobody else lists.
        items = self.items[k % SOURCES]
        for i, (url, title, *_) in enumerate(items[:6]):
            if i >= 2 and self.state[url] == title and not any(
                    url == other[0] for others in self.items
                    if others is not items for other in others):
                n, revision = map(int, re.findall(r'\d+', title))
                items[i] = self.item(n, revision + 1)
                break
        return {'/%d' % s: rss(*items[:LISTED])
                for s, items in enumerate(self.items)}


world = World()
site = Site()
mill = Mill(
    feeds={'s%d' % s: site.source('/%d' % s, **{
        'interval': '1s', 'interval-min': '1s', 'interval-max': '1s'})
        for s in range(SOURCES)},
    fetch={'flood-limit': 'none', 'jitter': '0%'},
    retention={'keep': '1h', 'keep-at-least': 4})
mill.sections['publish']['all'].update(entries=ENTRIES, formats=['atom'])
mill.set()
same(mill.run('check').status, 0, 'the configuration is well') or \
    note(mill.run('check'))


def is_stored():
    """Everything offered is announced."""
    try:
        db = sqlite3.connect('file:%s?mode=ro' % mill.path('feedmill.db'),
                             uri=True, timeout=10)
        rows = dict(db.execute('SELECT url, title FROM entries'))
        db.close()
    except sqlite3.OperationalError:
        return False
    return rows == world.state


def age():
    """Two hours pass while nothing runs."""
    db = sqlite3.connect(mill.path('feedmill.db'))
    n = db.execute('SELECT count(*) FROM revisions').fetchone()[0]
    db.execute('UPDATE revisions SET announced_ms = announced_ms - 7200000')
    db.commit()
    db.close()
    return n


def revisions():
    db = sqlite3.connect('file:%s?mode=ro' % mill.path('feedmill.db'),
                         uri=True, timeout=10)
    n = db.execute('SELECT count(*) FROM revisions').fetchone()[0]
    db.close()
    return n


url = mill.url + '/all.atom'
site.documents.update(world.step(0))
daemon = mill.start()
ok(eventually(is_stored, 60), 'the first entries are there',
   daemon.log[-2000:])
eventually(lambda: get(url).status == 200, 30)
all_ = {name: kind(url, SLEEPY if name in ('delta', 'pages') else INTERVAL)
        for name, kind in subscribers.KINDS.items()}
for s in all_.values():
    s.poll()
    s.start()
announced = 0
for k in range(1, STEPS):
    site.documents.update(world.step(k))
    # Nobody may be stopped before the quick ones have seen it.
    if not eventually(is_stored, 60, 0.1):
        ok(False, 'step %d is stored' % k, daemon.log[-2000:])
        break
    time.sleep(1.5 + 2 * INTERVAL)
    if k % 8 == 3:
        same(daemon.stop(), 0, 'stopped in step %d' % k)
        age()
        daemon = mill.start()
    elif k % 8 == 6:
        site.documents.update(world.step(1000 + k))
        time.sleep(random.random() * 2)
        daemon.kill()
        daemon = mill.start()
    elif k % 8 == 7:
        daemon.kill()
        daemon = mill.start()
ok(eventually(is_stored, 60), 'all is stored')
last = get(url).headers['ETag']
time.sleep(2.5)
ok(eventually(lambda: get(url).headers['ETag'] ==
              get(url, If_None_Match='"x"').headers['ETag'], 20), 'and out')
ok(revisions() < len(world.state), 'retention has taken %d of %d' % (
    len(world.state) - revisions(), len(world.state)))
for name, s in all_.items():
    s.end()
    same(s.wrong[:10], [], name + ': nothing is wrong')
    got = s.state()
    same_set(got.items(), world.state.items(),
             '%s: %d entries, each in its last state' % (name, len(got)))
    note('%s: %s, %d bytes' % (name, s.answers, s.bytes))
ok(all_['delta'].answers.get(226, 0) > 0 and
   all_['delta'].answers.get(200) == 1, 'delta: everything once, then news',
   all_['delta'].answers)
ok(all_['etag'].answers.get(304, 0) > 0, 'etag: often nothing')
ok(all_['delta'].bytes < all_['etag'].bytes, 'delta costs least')
same(daemon.stop(), 0, 'stopped')
done()
