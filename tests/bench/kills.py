#!/usr/bin/env python3
"""kills.py FEEDMILL HOURS [SEED] - kill -9 at random moments, under load.

Sources get new entries all the time; the daemon is killed again and again, up
to LIFE_S after its start.  After each death the outlets must be whole, every
id must be what it was, and what was shown there or archived must be in the
database.  At the end each entry that was ever offered is in the database, in
the archive and, page by page, in the merged feed: once.
"""
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree

import made

SOURCES = 40
WINDOW = 40                     # entries a document has
LIFE_S = 4.0
LOOK_EVERY = 5                  # deaths, then the database is read
PATIENCE_S = 300
ATOM = '{http://www.w3.org/2005/Atom}'
URL = re.compile(r'^from: (http://s\d+\.example/\d+)$', re.M)


class Fault(Exception):
    pass


def require(truth, *words):
    if not truth:
        raise Fault(' '.join(str(w) for w in words))


class World:
    """What outlets and archive have shown, and must not take back."""

    def __init__(self, folder):
        self.www = os.path.join(folder, 'www')
        self.archive = os.path.join(folder, 'archive')
        self.ids = {}           # url: (id, published)
        self.posts = {}         # file name: url

    def read_feed(self, name):
        """The urls of one document, in order, and of what comes before."""
        path = os.path.join(self.www, name)
        if not os.path.exists(path):
            return [], None
        try:
            root = ElementTree.parse(path).getroot()
        except ElementTree.ParseError as e:
            raise Fault(name, 'is broken:', e) from e
        urls = []
        for entry in root.findall(ATOM + 'entry'):
            url = entry.find(ATOM + "link[@rel='alternate']").get('href')
            is_now = (entry.findtext(ATOM + 'id'),
                      entry.findtext(ATOM + 'published'))
            was = self.ids.setdefault(url, is_now)
            require(was == is_now, url, 'was', was, 'and is', is_now)
            urls.append(url)
        require(len(urls) == len(set(urls)), name, 'repeats an entry')
        before = root.find(ATOM + "link[@rel='prev-archive']")
        return urls, (None if before is None else
                      os.path.basename(before.get('href')))

    def read_archive(self):
        names = os.listdir(self.archive) if os.path.isdir(self.archive) else []
        for name in names:
            if name in self.posts or not name.endswith('.md') or \
                    name.startswith('.'):
                continue
            with open(os.path.join(self.archive, name)) as f:
                text = f.read()
            got = URL.search(text)
            if got is None:
                require(name == 'index.md', name, 'is no post')
                continue
            require(text.endswith('</div>\n'), name, 'is cut off')
            self.posts[name] = got.group(1)

    def look(self):
        self.read_feed('all.atom')
        self.read_archive()
        with_json = os.path.join(self.www, 'all.json')
        if os.path.exists(with_json):
            with open(with_json) as f:
                json.load(f)

    def pages(self):
        """Every entry of the merged feed, by the way of its pages."""
        name, urls = 'all.atom', set()
        while name is not None:
            got, name = self.read_feed(name)
            require(got or name is None, 'an empty page')
            urls.update(got)
        return urls


class Run:
    def __init__(self, binary, seed, life_s):
        self.life_s = life_s
        self.dice = random.Random(seed)
        self.folder = tempfile.mkdtemp(prefix='feedmill-kills-')
        self.sources = made.Sources(SOURCES, WINDOW)
        self.state = os.path.join(self.folder, 'state')
        self.world = World(self.state)
        self.log = open(os.path.join(self.folder, 'log'), 'wb')
        self.deaths = 0
        self.known = {}         # source: newest entry that is stored
        conf = os.path.join(self.folder, 'feedmill.yaml')
        with open(conf, 'w') as f:
            f.write(made.config(self.sources, made.free_address(), {
                'interval': '1s', 'interval-min': '1s',
                'interval-max': '1s'}))
        self.command = [binary, '-c', conf, '--state', self.state]

    def close(self, keep):
        self.sources.close()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def grow(self):
        """Only what has been taken grows, or it would leave the window."""
        for n in self.dice.sample(range(SOURCES), SOURCES // 4):
            if self.sources.newest[n] - self.known.get(n, 0) < WINDOW // 8:
                self.sources.newest[n] += self.dice.randint(1, 3)

    def entries(self):
        out = subprocess.run(self.command + ['export', '--format', 'jsonl'],
                             stdout=subprocess.PIPE, check=True).stdout
        urls = [json.loads(line)['url'] for line in out.splitlines()]
        self.known = {}
        for url in urls:
            n, i = re.findall(r'\d+', url)
            self.known[int(n)] = max(self.known.get(int(n), 0), int(i))
        require(len(urls) == len(set(urls)), 'an entry is stored twice')
        return set(urls)

    def start(self):
        return subprocess.Popen(self.command + ['run'], stderr=self.log,
                                stdin=subprocess.DEVNULL)

    def live(self):
        """One life, of any length, and its sudden end."""
        daemon = self.start()
        end = time.monotonic() + self.dice.uniform(0, self.life_s)
        try:
            while time.monotonic() < end:
                self.grow()
                time.sleep(min(0.25, max(end - time.monotonic(), 0)))
                require(daemon.poll() is None, 'it ended by itself:',
                        daemon.returncode)
        finally:
            daemon.send_signal(signal.SIGKILL)
            daemon.wait()
        self.deaths += 1

    def look(self):
        self.world.look()
        if self.deaths % LOOK_EVERY:
            return
        stored = self.entries()
        for where, shown in (('the feed', set(self.world.ids)),
                             ('the archive', set(self.world.posts.values()))):
            lost = shown - stored
            require(not lost, 'in', where, 'but not stored:',
                    sorted(lost)[:5])

    def settle(self):
        """Left alone, it comes to the whole truth."""
        want = {'http://s%d.example/%d' % (n, i) for n, newest in
                enumerate(self.sources.newest) for i in range(1, newest + 1)}
        daemon = self.start()
        end = time.monotonic() + PATIENCE_S
        try:
            while True:
                self.world.read_archive()
                missing = {
                    'the database': want - self.entries(),
                    'the archive': want - set(self.world.posts.values()),
                    'the feed': want - self.world.pages()}
                if not any(missing.values()):
                    break
                require(time.monotonic() < end, *[
                    '%d missing in %s, such as %s;' % (
                        len(m), where, sorted(m)[:3])
                    for where, m in missing.items() if m])
                time.sleep(1)
        finally:
            daemon.send_signal(signal.SIGTERM)
            status = daemon.wait(60)
        require(status == 0, 'it did not stop well:', status)
        require(self.entries() == want, 'there is more than was offered')
        require(len(self.world.posts) == len(want), len(self.world.posts),
                'posts of', len(want), 'entries')
        return len(want)


def run(binary, seconds, seed, life_s=LIFE_S, tell=lambda line: None):
    """Entries and deaths; raises Fault, and keeps the folder then."""
    r = Run(binary, seed, life_s)
    fault = True
    end = time.monotonic() + seconds
    told = time.monotonic()
    try:
        while time.monotonic() < end:
            r.live()
            r.look()
            if time.monotonic() - told > 60:
                told += 60
                tell('%4d min left  %5d deaths  %7d entries' % (
                    (end - told) // 60, r.deaths, sum(r.sources.newest)))
        n = r.settle()
        fault = False
        return n, r.deaths
    except Fault as e:
        raise Fault('%s; after %d deaths, seed %d, see %s' % (
            e, r.deaths, seed, r.folder)) from e
    finally:
        r.close(fault)


def main():
    binary, hours = sys.argv[1], float(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 30)
    try:
        n, deaths = run(binary, hours * 3600, seed,
                        tell=lambda line: print(line, flush=True))
    except Fault as e:
        sys.exit('kills: ' + str(e))
    print('kills: %d entries, %d deaths: none lost, none twice' % (n, deaths))


if __name__ == '__main__':
    main()
