#!/usr/bin/env python3
"""Small worlds by dice, some days each: few URLs in many spellings, few guids,
few times, sources that list the same, come, go and are renamed.  After every
round the table of entries, the outlet, its sealed pages and the archive are
what tests/tools/model.py says they should be.

SEED=5 WORLDS=300 STEPS=12 for other ones and more.
"""
import importlib.util
import os
import random
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from datetime import datetime, timezone

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), 'tools'))
from feedmill import *
from model import Model

SEED = int(os.environ.get('SEED', '1'))
WORLDS = int(os.environ.get('WORLDS', '8'))
STEPS = int(os.environ.get('STEPS', '8'))
ATOM = '{http://www.w3.org/2005/Atom}'
HOUR, DAY = 3600, 86400
SLACK_MS = 60000                # what is dated by the clock, on a slow machine
SPELLINGS = ('http://a.example/%d', 'https://a.example/%d',
             'https://www.a.example/%d', 'http://a.example/%d/',
             'http://a.example/%d?utm_source=x', 'http://b.example/%d',
             'http://a.example:80/./%d#top', 'HTTP://A.EXAMPLE/%d')
# Lends the release build another clock.
SHIM = r'''
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *t)
{
	int rc = (int)syscall(SYS_clock_gettime, id, t);

	if (id == CLOCK_REALTIME)
		t->tv_sec += atol(getenv("CLOCK_BY"));
	return rc;
}
'''


def canonical():
    """The rule for URLs, as ../shared has it."""
    spec = importlib.util.spec_from_file_location(
        'reference', os.path.join(need_shared('series'), 'reference.py'))
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    return reference.canon


def text_of(ms):
    return datetime.fromtimestamp(ms // 1000, timezone.utc).strftime(
        '%Y-%m-%dT%H:%M:%SZ')


def ms_of(text):
    return round(datetime.fromisoformat(
        text.replace('Z', '+00:00')).timestamp() * 1000)


# ------------------------------------------------------------- documents

def element(name, text, attributes=''):
    if text is None:
        return ''
    text = text.replace('&', '&amp;').replace('<', '&lt;')
    return '<%s%s>%s</%s>' % (name, attributes, text, name)


def rss_item(i):
    said = {None: '', True: ' isPermaLink="true"',
            False: ' isPermaLink="false"'}[i['permalink']]
    return '<item>%s</item>' % (
        element('link', i['link']) + element('title', i['title']) +
        element('guid', i['guid'], said) + element('pubDate', i['date']) +
        element('description', i['written']))


def atom_entry(i):
    link = '<link href="%s"/>' % i['link'] if i['link'] else ''
    return '<entry>%s</entry>' % (
        link + element('title', i['title']) + element('id', i['guid']) +
        element('updated', i['date']) + element('published', i['first']) +
        element('content', i['written'], ' type="html"'))


def document(kind, items):
    if kind == 'rss':
        return ('<rss version="2.0"><channel><title>T</title>%s</channel>'
                '</rss>' % '\n'.join(map(rss_item, items))).encode()
    return ('<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title>%s'
            '</feed>' % '\n'.join(map(atom_entry, items))).encode()


# ----------------------------------------------------------------- a world

class World:
    """What its sources say, by dice."""

    def __init__(self, seed):
        self.dice = d = random.Random(seed)
        self.began = self.now = int(time.time())
        self.urls, self.guids = d.choice((2, 3, 5, 8)), d.choice((1, 2, 4, 8))
        pace = d.choice((1, HOUR, DAY))
        self.times = [self.now - 30 * DAY + k * pace
                      for k in range(d.choice((1, 3, 5)))]
        self.entries = d.choice((1, 2, 3, 10))
        self.sources = [self.source(k) for k in range(d.choice((1, 2, 3)))]
        self.removed, self.items = [], {}
        self.was_moved = False

    def source(self, k):
        d = self.dice
        host = d.choice(('feeds.a.example', 'www.a.example', 'b.example',
                         'c.example'))
        return {'name': 's%d' % k, 'url': 'http://%s/%d' % (host, k),
                'path': '/%d' % k, 'kind': d.choice(('rss', 'atom')),
                'updates': d.choice(('changed',) * 3 + ('strict', 'never')),
                'own': d.random() < .15, 'flood': d.choice((0, 0, 1, 2, 20))}

    def item(self, kind):
        """As it is written, and as the model is to read it."""
        d = self.dice
        n = d.randrange(self.urls)
        link = d.choice(SPELLINGS) % n
        guid = d.choice((None, 'g', 'g', 'g', link.lower(),
                         'http://a.example/%d' % d.randrange(self.urls)))
        if guid == 'g':
            guid = 'tag:x:%d' % d.randrange(self.guids)
        i = {'link': link if d.random() < .94 else None, 'guid': guid,
             'permalink': d.choice((None, True, False)),
             'title': 'T%d' % d.randrange(3), 'body': 'b%d' % d.randrange(2)}
        i['written'] = i['body']
        self.date(i, kind)
        return i

    def date(self, i, kind):
        """Near, one of a few, ahead; missing, or none that is whole."""
        d = self.dice
        s = d.choice((self.now - d.choice((120, HOUR, 5 * DAY)),) * 2 +
                     (d.choice(self.times),) * 4 + (None,) * 2 +
                     (self.now + d.choice((HOUR // 2, 2 * HOUR, 400 * DAY)),))
        i['ts'] = s and s * 1000
        i['date'] = text_of(s * 1000) if s else d.choice((None, '', '22:11'))
        i['first'], i['published'] = None, i['ts']
        if kind == 'atom':
            i['published'] = d.choice((None, d.choice(self.times) * 1000))
            i['first'] = i['published'] and text_of(i['published'])
            if i['date'] is None:
                i['ts'] = i['published']
        if d.random() < .08:
            i['ts'] = d.choice((None, self.times[0] * 1000 + 7, -5000))
            i['written'] = '<!--%s-->%s' % (
                'NaN' if i['ts'] is None else i['ts'], i['body'])

    def edit(self, i, kind):
        new = self.item(kind)
        dated = ('ts', 'date', 'first', 'published', 'body', 'written')
        for field in self.dice.choice((
                ('link',), ('guid', 'permalink'), ('title',), dated,
                dated + ('title',))):
            i[field] = new[field]

    def read(self, source):
        """The next document of a source."""
        d, kind = self.dice, source['kind']
        before = self.items.get(source['path'], [])
        if before and d.random() < .1:
            return before
        items = [dict(i) for i in before if d.random() < .8] \
            if d.random() < .7 else []
        if d.random() < .3:
            d.shuffle(items)
        for i in items:
            if d.random() < .3:
                self.edit(i, kind)
        for _ in range(d.choice((0, 0, 1, 1, 2, 6))):
            items.insert(0, self.item(kind))
        return items if d.random() < .95 else []

    def pass_time(self):
        self.now += 617 + self.dice.choice((HOUR // 2, HOUR, 6 * HOUR, DAY,
                                            3 * DAY))

    def reconfigure(self):
        d = self.dice
        what = d.random()
        if what < .15 and len(self.sources) > 1:
            self.was_moved = True
            for _ in range(d.randrange(1, len(self.sources))):
                self.removed.append(self.sources.pop(
                    d.randrange(len(self.sources))))
        elif what < .3 and self.removed:
            self.sources.append(self.removed.pop())
        elif what < .35:
            d.choice(self.sources)['name'] += 'x'
        elif what < .4:
            d.choice(self.sources)['updates'] = d.choice(
                ('changed', 'strict', 'never'))


class Proxy(Site):
    """The sources have hosts of their own, and all are here."""

    def _answer(self, h):
        h.path = '/' + h.path.split('/', 3)[3]
        super()._answer(h)


# ---------------------------------------------------------------- the same?

class Run:
    def __init__(self, seed, shim, canon):
        self.world, self.model = World(seed), Model(canon)
        self.site, self.shim = Proxy(), shim
        self.mill = Mill(binary=RELEASE, feeds={})
        self.ids, self.wrong = {}, []

    def close(self):
        self.site.server.shutdown()
        self.site.server.server_close()
        if not os.environ.get('KEEP'):
            shutil.rmtree(self.mill.dir, ignore_errors=True)

    def env(self):
        return {'LD_PRELOAD': self.shim,
                'CLOCK_BY': str(self.world.now - self.world.began)}

    def configure(self):
        self.mill.sections.update(
            fetch={'proxy': self.site.url, 'concurrency': 1},
            feeds={s['name']: {
                'url': s['url'], 'updates': s['updates'],
                'flood-limit': s['flood'] or 'none',
                'identity': 'own' if s['own'] else 'shared'}
                for s in self.world.sources},
            publish={'all': {'directory': 'www', 'formats': ['atom'],
                             'entries': self.world.entries}})
        self.mill.set()
        self.model.configure(self.world.sources)

    def step(self):
        w = self.world
        w.pass_time()
        w.reconfigure()
        self.configure()
        for s in w.sources:
            w.items[s['path']] = w.read(s)
            self.site.documents[s['path']] = b'<html><p>sorry</p></html>' \
                if w.dice.random() < .06 else document(
                    s['kind'], w.items[s['path']])
        r = self.mill.round(env=self.env())
        outcomes = {v['source']: v['outcome'] for v in r.events('visit')}
        for sid, s in zip(self.model.order, w.sources):
            outcome = outcomes.get(s['name'])
            if outcome == 'ok':
                self.model.visit(sid, s['kind'], w.items[s['path']],
                                 w.now * 1000)
            elif outcome not in ('unchanged', 'not-modified', 'not-a-feed'):
                self.differ(s['name'], 'outcome', outcome, r)
        self.compare_table()
        if not self.wrong:
            self.compare_pages()
            self.compare_window()
            self.same('archive', 'posts', len(self.mill.posts()),
                      self.model.seq)

    def differ(self, what, field, got, expected):
        self.wrong.append('%s: %s is %s, expected %s' % (
            what, field, got, expected))

    def same(self, what, field, got, expected):
        if got != expected:
            self.differ(what, field, got, expected)

    def near(self, what, field, got, expected):
        if abs(got - expected) > SLACK_MS:
            self.differ(what, field, got, expected)

    def compare_table(self):
        rows = sorted(self.mill.export().values(), key=lambda r: r['seq'])
        entries = sorted(self.model.entries.values(), key=lambda e: e.seq)
        self.same('table', 'sequence', [(r['seq'], r['title']) for r in rows],
                  [(e.seq, e.title) for e in entries])
        for r, e in zip(rows, entries):
            names = {i: s['name'] for i, s in self.model.sources.items()}
            key = names.get(e.scope, '') + e.key
            if '#title:' not in key:
                self.same(key, 'key', r['key'], key)
            for field, expected in (
                    ('source', names[e.owner]), ('ts', e.ts.get(e.owner)),
                    ('first_ts', e.first_ts), ('updates', e.updates),
                    ('id', self.ids.setdefault(e, r['id']))):
                self.same(key, field, r[field], expected)
            # As it was written, but for what no URL may have.
            self.same(key, 'url', r['url'] and r['url'].lower(),
                      e.url and e.url.lower())

    def feed(self, name):
        return ET.parse(self.mill.path('www', name)).getroot()

    def compare_pages(self):
        """Who follows prev-archive has everything, as it is now."""
        newest, name = {}, 'all.atom'
        while name and not self.world.was_moved:
            feed = self.feed(name)
            for e in feed.findall(ATOM + 'entry'):
                id = e.findtext(ATOM + 'id')[9:]
                ms = ms_of(e.findtext(ATOM + 'updated'))
                newest[id] = max(newest.get(id, ms), ms)
            name = next((l.get('href').rpartition('/')[2]
                         for l in feed.findall(ATOM + 'link')
                         if l.get('rel') == 'prev-archive'), None)
        for e in [] if self.world.was_moved else self.ids:
            if self.ids[e] not in newest:
                self.differ(e.key, 'page', None, 'one')
            else:
                self.near(e.key, 'page', newest[self.ids[e]], e.updated)

    def compare_window(self):
        by_id = {id: e for e, id in self.ids.items()}
        whole = self.feed('all.atom')
        feed = whole.findall(ATOM + 'entry')
        shown = [by_id[f.findtext(ATOM + 'id')[9:]] for f in feed]
        expected = self.model.window(self.world.entries, self.model.order)
        self.same('outlet', 'window', sorted(e.seq for e in shown),
                  sorted(e.seq for e in expected))
        if expected:
            self.near('outlet', 'updated', ms_of(
                whole.findtext(ATOM + 'updated')),
                max(e.updated for e in expected))
        for e, after in zip(shown, shown[1:]):
            if e.updated + SLACK_MS < after.updated:
                self.differ(e.key, 'place', 'before', after.key)
        for e, f in zip(shown, feed):
            stamp, _, body = f.findtext(ATOM + 'content').partition('-->')
            self.same(e.key, 'title', f.findtext(ATOM + 'title'),
                      e.shown['title'])
            self.same(e.key, 'body', body.strip(), e.shown['body'])
            self.same(e.key, 'stamp', stamp[4:], 'NaN' if e.told_ts is None
                      else str(e.told_ts))
            for field in ('published', 'updated'):
                self.near(e.key, field, ms_of(f.findtext(ATOM + field)),
                          getattr(e, field))
            # To a reader of seconds an update is later, too.
            ms = ms_of(f.findtext(ATOM + 'updated'))
            told = getattr(e, 'was_shown', (-1, None))
            if told[0] not in (-1, e.updates) and ms <= told[1]:
                self.differ(e.key, 'updated', ms, 'more than %d' % told[1])
            if told[0] == e.updates:
                self.same(e.key, 'updated', ms, told[1])
            e.was_shown = e.updates, ms


def one_world(seed, shim, canon):
    run = Run(seed, shim, canon)
    try:
        for step in range(STEPS):
            run.step()
            if run.wrong:
                return ['step %d' % step] + run.wrong
        return []
    finally:
        run.close()


canon = canonical()
cc = shutil.which('cc') or shutil.which('gcc') or skip_all('no compiler')
top = folder()
shim = os.path.join(top, 'shim.so')
subprocess.run([cc, '-shared', '-fPIC', '-O1', '-o', shim,
                write(os.path.join(top, 'shim.c'), SHIM)], check=True)
for seed in range(SEED, SEED + WORLDS):
    wrong = one_world(seed, shim, canon)
    ok(not wrong, 'SEED=%d: %d rounds' % (seed, STEPS), '\n'.join(wrong))
done()
