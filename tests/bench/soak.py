#!/usr/bin/env python3
"""soak.py FEEDMILL HOURS [SOURCES] - one daemon, sources that change.

Every few seconds some sources get new entries.  Told each minute: memory,
descriptors, entries.  Fails if an entry is lost or repeated, if memory in the
second half, or descriptors, grow by more than a quarter; now and then the
daemon is killed and must come back to the same truth.
"""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

import made

EVERY_S = 5
KILL_EVERY = 60                 # rounds


class Daemon:
    def __init__(self, command, log):
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
        return self.process.wait(30)


def entries(command):
    out = subprocess.run(command + ['export', '--format', 'jsonl'],
                         stdout=subprocess.PIPE, check=True).stdout
    return [json.loads(line)['key'] for line in out.splitlines()]


def check(command, sources):
    """Every entry that was ever offered is there, once."""
    want = {'//s%d.example/%d' % (n, i) for n, newest in
            enumerate(sources.newest) for i in range(1, newest + 1)}
    end = time.monotonic() + 90
    while True:
        got = entries(command)
        if set(got) == want and len(got) == len(want):
            return len(got)
        if time.monotonic() > end:
            sys.exit('soak: %d entries, expected %d; missing %r' % (
                len(got), len(want), sorted(want - set(got))[:5]))
        time.sleep(1)


def main():
    binary, hours = sys.argv[1], float(sys.argv[2])
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    folder = tempfile.mkdtemp(prefix='feedmill-soak-')
    sources = made.Sources(count)
    listen = made.free_address()
    conf = os.path.join(folder, 'feedmill.yaml')
    with open(conf, 'w') as f:
        f.write(made.config(sources, listen, {
            'interval': '5s', 'interval-min': '5s', 'interval-max': '5s'}))
    command = [binary, '-c', conf, '--state', os.path.join(folder, 'state')]
    log = open(os.path.join(folder, 'log'), 'wb')
    dice = random.Random(1)
    daemon = Daemon(command, log)
    start = time.monotonic()
    samples = []
    rounds = 0
    try:
        while time.monotonic() - start < hours * 3600:
            time.sleep(EVERY_S)
            rounds += 1
            for n in dice.sample(range(count), max(count // 10, 1)):
                sources.newest[n] += dice.randint(1, 3)
            if daemon.process.poll() is not None:
                sys.exit('soak: the daemon ended: %d, see %s' % (
                    daemon.process.returncode, log.name))
            if rounds % KILL_EVERY == 0:
                daemon.end(signal.SIGKILL)
                daemon = Daemon(command, log)
                samples = []
                continue
            urllib.request.urlopen('http://%s/all.atom' % listen).read()
            if rounds > 3:
                samples.append((daemon.memory_mib(), daemon.descriptors()))
            if rounds % 12 == 0 and samples:
                print('%6.1f min  %7.1f MiB  %3d descriptors  %7d entries' % (
                    (time.monotonic() - start) / 60, *samples[-1],
                    sum(sources.newest)), flush=True)
        n = check(command, sources)
        early = samples[:len(samples) // 2]
        late = samples[len(samples) // 2:]
        for what, i, slack in (('memory', 0, 4), ('descriptors', 1, 8)):
            if early:
                before = max(s[i] for s in early)
                after = max(s[i] for s in late)
                if after > before * 1.25 + slack:
                    sys.exit('soak: %s grew from %.1f to %.1f' % (
                        what, before, after))
        if daemon.end(signal.SIGTERM) != 0:
            sys.exit('soak: it did not stop well')
        print('soak: %d entries, none lost, none twice' % n)
    finally:
        if daemon.process.poll() is None:
            daemon.process.kill()
        sources.close()
        if sys.exc_info()[0] is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == '__main__':
    main()
