#!/usr/bin/env python3
"""soak.py FEEDMILL HOURS [SOURCES] - one daemon, sources that change.

Every few seconds some sources get new entries.  Told each minute: memory,
descriptors, entries.  Fails if memory or descriptors grow by more than a
quarter in the second half, if it does not stop well, or if in the end an
entry is lost or repeated, in the database or among the posts, or the database
is not whole.  (kills.py kills it.)
"""
import collections
import glob
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
import urllib.request

import made

EVERY_S = 5
TELL_S = 60


class Daemon:
    def __init__(self, command, log):
        self.log = log
        self.process = subprocess.Popen(command + ['run'], stderr=log,
                                        stdin=subprocess.DEVNULL)

    def proc(self, name):
        return '/proc/%d/%s' % (self.process.pid, name)

    def memory_mib(self):
        with open(self.proc('status')) as f:
            for line in f:
                if line.startswith('VmRSS:'):
                    return int(line.split()[1]) / 1024
        return 0

    def descriptors(self):
        return len(os.listdir(self.proc('fd')))

    def end(self, number):
        self.process.send_signal(number)
        return self.process.wait(60)

    def must_live(self):
        if self.process.poll() is not None:
            sys.exit('soak: the daemon ended: %d, see %s' % (
                self.process.returncode, self.log.name))


def entries(command):
    out = subprocess.run(command + ['export', '--format', 'jsonl'],
                         stdout=subprocess.PIPE, check=True).stdout
    return [json.loads(line)['key'] for line in out.splitlines()]


def check_end(command, sources):
    """Every entry that was ever offered is there, once."""
    want = {'//s%d.example/%d' % (n, i) for n, newest in
            enumerate(sources.newest) for i in range(1, newest + 1)}
    end = time.monotonic() + 90
    while True:
        got = entries(command)
        if set(got) == want and len(got) == len(want):
            return want
        if time.monotonic() > end:
            sys.exit('soak: %d entries, expected %d; missing %r' % (
                len(got), len(want), sorted(want - set(got))[:5]))
        time.sleep(1)


def check_rest(command, state, want):
    """Nobody runs: the database is whole, and each entry has its post."""
    p = subprocess.run(command + ['db', 'check'], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT)
    if p.returncode != 0:
        sys.exit('soak: db check: %s' % p.stdout.decode()[-2000:])
    posts = collections.Counter()
    for path in glob.glob(os.path.join(state, 'archive', '*.md')):
        with open(path) as f:
            posts[re.search(r'^from: https?:(\S+)', f.read(),
                            re.M).group(1)] += 1
    if set(posts) != want or set(posts.values()) != {1}:
        sys.exit('soak: %d posts of %d entries; missing %r, twice %r' % (
            sum(posts.values()), len(want), sorted(want - set(posts))[:5],
            [k for k, n in posts.items() if n > 1][:5]))


def check_growth(samples):
    half = len(samples) // 2
    for what, i, slack in (('memory', 0, 4), ('descriptors', 1, 8)):
        if half == 0:
            return
        before = max(s[i] for s in samples[:half])
        after = max(s[i] for s in samples[half:])
        if after > before * 1.25 + slack:
            sys.exit('soak: %s grew from %.1f to %.1f' % (
                what, before, after))


class Soak:
    def __init__(self, binary, count, folder):
        self.sources = made.Sources(count)
        self.listen = made.free_address()
        self.state = os.path.join(folder, 'state')
        conf = os.path.join(folder, 'feedmill.yaml')
        with open(conf, 'w') as f:
            f.write(made.config(self.sources, self.listen, {
                'interval': '5s', 'interval-min': '5s',
                'interval-max': '5s'}))
        self.command = [binary, '-c', conf, '--state', self.state]
        self.log = open(os.path.join(folder, 'log'), 'wb')
        self.dice = random.Random(1)
        self.start = time.monotonic()
        self.grown = self.start
        self.daemon = Daemon(self.command, self.log)

    def grow(self):
        """Sources move on every EVERY_S, whatever the daemon does."""
        while self.grown + EVERY_S <= time.monotonic():
            self.grown += EVERY_S
            newest = self.sources.newest
            for n in self.dice.sample(range(len(newest)),
                                      max(len(newest) // 10, 1)):
                newest[n] += self.dice.randint(1, 3)

    def wait(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(max(0, min(1, end - time.monotonic())))
            self.grow()

    def watch(self, until):
        samples, told = [], 0
        self.wait(4 * EVERY_S)
        while time.monotonic() < until:
            self.daemon.must_live()
            urllib.request.urlopen('http://%s/all.atom' % self.listen).read()
            samples.append((self.daemon.memory_mib(),
                            self.daemon.descriptors()))
            if told + TELL_S < time.monotonic():
                told = time.monotonic()
                print('%6.1f min  %7.1f MiB  %3d descriptors  %7d entries' % (
                    (told - self.start) / 60, *samples[-1],
                    sum(self.sources.newest)), flush=True)
            self.wait(EVERY_S)
        return samples

    def run(self, seconds):
        # A document holds 20 entries: who was not yet asked would miss some.
        while not os.path.exists(os.path.join(self.state, 'www')):
            self.daemon.must_live()
            time.sleep(1)
        check_end(self.command, self.sources)
        self.start = self.grown = time.monotonic()
        samples = self.watch(self.start + seconds)
        want = check_end(self.command, self.sources)
        if self.daemon.end(signal.SIGTERM) != 0:
            sys.exit('soak: it did not stop well')
        check_rest(self.command, self.state, want)
        check_growth(samples)
        print('soak: %d entries, none lost, none twice' % len(want))


def main():
    binary, hours = sys.argv[1], float(sys.argv[2])
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    folder = tempfile.mkdtemp(prefix='feedmill-soak-')
    soak = Soak(binary, count, folder)
    try:
        soak.run(hours * 3600)
    finally:
        if soak.daemon.process.poll() is None:
            soak.daemon.process.kill()
        soak.sources.close()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == '__main__':
    main()
