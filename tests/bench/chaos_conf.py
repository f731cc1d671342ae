"""What chaos.py configures: changed at random, and spoilt."""
import json
import os
import re
import shutil
import socket

import tempers

SOURCES = 20
FORMATS = ['atom', 'rss', 'json', 'html', 'opml']
NAMES = ['one', 'two', 'th.ree', 'four']


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + '.~', 'w') as f:
        f.write(text)
    os.replace(path + '.~', path)


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Conf:
    """What is configured, changed at random; write() says so."""

    def __init__(self, dice, folder, site, with_retention):
        self.dice, self.folder, self.site = dice, folder, site
        self.top = os.path.join(folder, 'etc')
        self.path = os.path.join(self.top, 'feedmill.yaml')
        self.ports = [free_port(), free_port()]
        self.with_retention = with_retention
        self.changed = 0        # how often it was written
        self.broken = False
        self.left_out = set()   # sources that were, for a while
        self.calm()

    def calm(self):
        """As it is in the end."""
        self.sources = {'s%d' % n: self.source(n) for n in range(SOURCES)}
        self.outlets = {'all': self.outlet('www'), 'two': {
            **self.outlet('other'), 'formats': ['rss'], 'content': 'none'}}
        self.archives = {'posts': {'directory': 'archive'}}
        self.listen = ['127.0.0.1:%d' % self.ports[0]]
        self.retention = {}
        self.fetch = {'updates': 'changed'}
        self.opml = None

    def source(self, n, variant=0):
        return {'url': self.site.address(n, variant)}

    def outlet(self, directory):
        return {'title': 'All of it', 'directory': directory,
                'url': 'http://planet.example/', 'entries': 60,
                'formats': ['atom', 'json', 'html', 'opml']}

    def chosen(self):
        """The outlets, but for tags that no source has."""
        tags = {t for s in self.sources.values() if s.get('publish', True)
                for t in s.get('tags', ())}
        return {n: {**o, 'tags': [t for t in o.get('tags', ()) if t in tags]}
                for n, o in self.outlets.items()}

    def text(self):
        # JSON is YAML.
        c = {'fetch': {'interval': '1s', 'interval-min': '1s',
                       'interval-max': '1s', 'timeout': '3s',
                       'connect-timeout': '2s', 'flood-limit': 0,
                       'concurrency-per-host': 64,
                       'allow-private-addresses': True,
                       'keep-bad': 'bad', **self.fetch},
             'http': {'listen': self.listen}, 'publish': self.chosen(),
             'archive': self.archives, 'feeds': self.sources}
        if self.retention:
            c['retention'] = self.retention
        if self.opml:
            c['include-opml'] = [os.path.join(self.top, self.opml)]
        return json.dumps(c, indent=1, ensure_ascii=False) + '\n'

    def is_everywhere(self, key):
        """Was this entry's source never left out?"""
        n = re.fullmatch(r'//s(\d+)\.example/\d+', key)
        return n and int(n[1]) < SOURCES and int(n[1]) not in self.left_out

    def write(self):
        remove(self.path)
        write(self.path, self.text())
        self.changed += 1
        self.broken = False

    # Each change returns nothing and leaves a configuration that is right.

    def add_or_remove(self):
        n = self.dice.randrange(SOURCES)
        there = [k for k, s in self.sources.items()
                 if self.site.number(s['url']) == n]
        if there:
            del self.sources[there[0]]
            self.left_out.add(n)
        else:
            self.sources['y%d' % self.dice.randrange(1000)] = self.source(n)

    def pick(self, count, rest):
        """Names of sources: who changes both name and URL is another one, so
        of even numbers the one changes, of odd ones the other."""
        names = [k for k, s in self.sources.items()
                 if self.site.number(s['url']) % 2 == rest]
        return self.dice.sample(names, count) if len(names) >= count else []

    def rename(self):
        for old in self.pick(1, 0):
            new = 'x%d' % self.dice.randrange(10000)
            self.sources[new] = self.sources.pop(old)

    def change_url(self):
        for name in self.pick(1, 1):
            n = self.site.number(self.sources[name]['url'])
            self.sources[name]['url'] = self.site.address(
                n, self.dice.randrange(1000))

    def swap(self):
        two = self.pick(2, 0)
        if two:
            s, (a, b) = self.sources, two
            s[a], s[b] = s[b], s[a]

    def own_settings(self):
        name = self.dice.choice(sorted(self.sources) or [None])
        if name is None:
            return
        s = self.sources[name]
        for key, values in (('interval-max', ['2s', '3s', None]),
                            ('updates', ['strict', 'never', None]),
                            ('enabled', [True, False, None]),
                            ('publish', [True, False, None]),
                            ('tags', [['news'], ['a', 'b'], None]),
                            ('identity', ['shared', None]),
                            ('full-every', ['1s', None]),
                            ('title', ['Another', None])):
            value = self.dice.choice(values)
            if self.dice.random() < 0.3:
                if value is False:
                    self.left_out.add(self.site.number(s['url']))
                s.pop(key, None)
                s.update({} if value is None else {key: value})

    def shuffle(self):
        names = list(self.sources)
        self.dice.shuffle(names)
        self.sources = {n: self.sources[n] for n in names}

    def outlets_change(self):
        d = self.dice
        name = d.choice(NAMES + ['all'])
        if name in self.outlets and name != 'all' and d.random() < 0.3:
            del self.outlets[name]
            return
        o = self.outlets.setdefault(name, self.outlet('www'))
        key, value = d.choice([
            ('title', 'T%d' % d.randrange(9)),
            ('url', 'http://p%d.example/' % d.randrange(9)),
            ('directory', d.choice(['www', 'other', 'deep/er'])),
            ('formats', d.sample(FORMATS, d.randint(1, 5))),
            ('entries', d.choice([1, 5, 60, 200])),
            ('content', d.choice(['full', 'summary', 'none'])),
            ('hubs', d.choice([[], [self.site.url + '/hub']])),
            ('tombstones', d.choice(['none', 'forgotten', 'all'])),
            ('tags', d.choice([[], ['news'], ['a', 'b']]))])
        if name != 'all' or key != 'tags':      # it shows them all
            o[key] = value

    def archives_change(self):
        d = self.dice
        name = d.choice(['posts', 'more'])
        if name == 'more' and name in self.archives and d.random() < 0.3:
            del self.archives[name]
            return
        a = self.archives.setdefault(name, {'directory': 'more'})
        key, value = d.choice([
            ('directory', '%s%d/_posts' % (name, d.randrange(3))),
            ('per', d.choice(['revision', 'entry'])),
            ('format', d.choice(['markdown', 'html'])),
            ('lists', d.choice([True, False]))])
        a[key] = value

    def retention_change(self):
        if self.with_retention:
            self.retention = self.dice.choice([
                {}, {'keep': '1d', 'keep-at-least': 3},
                {'keep': '20d', 'keep-at-least': 10}])

    def listen_change(self):
        self.listen = self.dice.choice([
            ['127.0.0.1:%d' % self.ports[0]],
            ['127.0.0.1:%d' % self.ports[1]],
            ['127.0.0.1:%d' % p for p in self.ports],
            ['unix:http.sock', '127.0.0.1:%d' % self.ports[0]]])

    def fetch_change(self):
        self.fetch = self.dice.choice([
            {}, {'updates': 'strict'}, {'updates': 'never'},
            {'concurrency': 2},
            {'bytes-in-flight': '1M', 'max-size': '500K'},
            {'max-size': '20K'}, {'flood-limit': 3}, {'full-every': '2s'}])

    def opml_change(self):
        self.opml = self.dice.choice([None, 'list.opml'])
        write(os.path.join(self.top, 'list.opml'),
              tempers.opml(self.site.address(
                  100 + self.dice.randrange(4), 0) for _ in range(3)))

    def confd_change(self):
        path = os.path.join(self.top, 'conf.d', '50-more.yaml')
        if os.path.exists(path) and self.dice.random() < 0.5:
            os.unlink(path)
        else:
            write(path, json.dumps({'feeds': {'more': self.source(
                110 + self.dice.randrange(3))}}))

    CHANGES = [add_or_remove, add_or_remove, rename, change_url, swap, swap,
               own_settings, own_settings, shuffle, outlets_change,
               outlets_change, outlets_change, archives_change,
               archives_change, retention_change, listen_change,
               fetch_change, opml_change, confd_change]

    def change(self):
        for _ in range(self.dice.choice([1, 1, 1, 2, 5])):
            self.dice.choice(self.CHANGES)(self)
        self.write()

    def spoil(self):
        """A configuration that must be refused."""
        self.broken = True
        self.changed += 1
        text = self.text()
        bad = self.dice.choice([
            'feeds: [', 'feeds:\n  a: {url: "ftp://x/"}\n', '\x00\xff',
            text.replace('"fetch"', '"fitch"'), text[:len(text) // 2],
            text.replace('"1s"', '"soon"'), 'a', None])
        remove(self.path)
        if bad is None:
            os.mkdir(self.path)
        else:
            write(self.path, bad)
