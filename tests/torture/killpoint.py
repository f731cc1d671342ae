#!/usr/bin/env python3
"""killpoint.py [EVERY [MODE...]] - the real program, killed or failed at its
calls that change a file, by ../shared/hostile/killpoint.c (LD_PRELOAD).

One round is made, then the sources change, and the next round is made once
for each of its calls (each EVERYth) and each mode: killed before it or half
way (short), or told that the disk is full or broken, once or from then on.
After it what the outlets and posts show must be in the database; and after
one more round, undisturbed, everything is there, once, and every file whole.
Then the order of its writes is judged, by durability_lint.py.  Prints TAP.
"""
import collections
import concurrent.futures
import glob
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), 'scenario'))
from feedmill import *

MODES = {'kill': ('kill', False), 'short': ('short', False),
         'enospc': ('enospc', False), 'enospc-on': ('enospc', True),
         'eio': ('eio', False), 'eio-on': ('eio', True)}
ATOM = '{http://www.w3.org/2005/Atom}'
every = int(sys.argv[1]) if len(sys.argv) > 1 else 1
modes = sys.argv[2:] or list(MODES)
source = need_shared('hostile/killpoint.c')
top = folder()
library = os.path.join(top, 'killpoint.so')
subprocess.run(['gcc', '-O2', '-w', '-shared', '-fPIC', '-o', library, source,
                '-ldl'], check=True)


def items(name, first, last, words='x'):
    return [('http://%s.example/%d' % (name, i), '%s %d' % (name, i),
             'Sat, 22 Feb 2025 %02d:%02d:09 GMT' % (i // 60, i % 60),
             words * 300) for i in range(last, first - 1, -1)]


site = Site()
NAMES = {'a': 12, 'b': 30, 'c': 3}
mill = Mill(binary=RELEASE, feeds={n: site.source('/' + n) for n in NAMES},
            fetch={'flood-limit': 0},
            publish={'all': {'directory': 'www', 'entries': 20,
                             'url': 'http://p.example/',
                             'formats': ['atom', 'json', 'html']}})
for n, count in NAMES.items():
    site.documents['/' + n] = rss(*items(n, 1, count))
first = mill.round()
same(first.status, 0, 'the first round') or note(first)
for n, count in NAMES.items():
    site.documents['/' + n] = rss(*items(n, 3, count + 4))
before = mill.state
WANTED = sorted('//%s.example/%d' % (n, i) for n, count in NAMES.items()
                for i in range(1, count + 5))


def run(state, *words, env=None, seconds=60):
    p = subprocess.run([RELEASE, '-c', mill.conf, '--state', state, *words],
                       env=mill.env(env), stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       timeout=seconds)
    return p


def disturb(state, mode, at):
    """The round with the fault: its exit status and the calls it made."""
    count = state + '.count'
    word, sticky = MODES.get(mode, (mode, False))
    env = {'LD_PRELOAD': library, 'KP_COUNT': count, 'KP_MODE': word,
           'KP_AT': str(at), 'KP_PATH': state}
    if sticky:
        env['KP_STICKY'] = '1'
    p = run(state, 'run', '--once', '--now', env=env)
    with open(count, 'rb') as f:
        calls = int.from_bytes(f.read(8), 'little')
    os.unlink(count)
    return p, calls


def shown(state):
    """The keys of what can be seen; raises if a file is not whole."""
    keys = set()
    for path in glob.glob(state + '/www/*.atom'):
        for e in xml.etree.ElementTree.parse(path).iter(ATOM + 'entry'):
            keys.add(e.find(ATOM + 'link').get('href').partition(':')[2])
    for path in glob.glob(state + '/www/*.json'):
        with open(path) as f:
            keys |= {i['url'].partition(':')[2] for i in
                     json.load(f)['items']}
    posts = collections.Counter()
    for path in glob.glob(state + '/archive/*.md'):
        with open(path) as f:
            lines = f.read().split('\n')
        posts[[x for x in lines if x.startswith('from: ')][0].partition(
            ':')[2].strip().partition(':')[2]] += 1
    return keys, posts


def stored(state):
    """From a copy: opening it repairs it."""
    copy = state + '.copy'
    os.makedirs(copy)
    for path in glob.glob(state + '/feedmill.db*'):
        shutil.copy(path, copy)
    db = sqlite3.connect(copy + '/feedmill.db')
    whole = db.execute('PRAGMA integrity_check').fetchone()[0]
    keys = [k for k, in db.execute('SELECT key FROM entries')]
    db.close()
    shutil.rmtree(copy)
    return whole, keys


def one(job):
    mode, at = job
    state = os.path.join(top, '%s-%d' % job)
    shutil.copytree(before, state)
    wrong = []
    try:
        p, calls = disturb(state, mode, at)
        if p.returncode < 0 and mode not in ('kill', 'short'):
            wrong.append('it died: %d %s' % (p.returncode, p.stderr[-400:]))
        whole, keys = stored(state)
        if whole != 'ok' or len(keys) != len(set(keys)):
            wrong.append('the database: %s' % whole)
        seen, posts = shown(state)
        if (seen | set(posts)) - set(keys):
            wrong.append('shown, not stored: %r' % sorted(
                (seen | set(posts)) - set(keys))[:3])
        # What is missing was said.
        if p.returncode == 0 and sorted(keys) != WANTED:
            wrong.append('nothing was said')
        p = run(state, 'run', '--once', '--now')
        whole, keys = stored(state)
        seen, posts = shown(state)
        if p.returncode != 0:
            wrong.append('afterwards: %d %s' % (p.returncode,
                                                p.stderr[-400:]))
        if whole != 'ok' or sorted(keys) != WANTED:
            wrong.append('in the end: %s, %d entries' % (whole, len(keys)))
        if sorted(posts) != WANTED or set(posts.values()) != {1}:
            wrong.append('in the end: %d posts' % len(posts))
        if glob.glob(state + '/*/.*.new'):
            wrong.append('left behind: %r' % glob.glob(state + '/*/.*.new'))
    except Exception as e:
        wrong.append(repr(e))
    shutil.rmtree(state, ignore_errors=True)
    return '; '.join(wrong)


# How many calls a round makes.
state = os.path.join(top, 'count')
shutil.copytree(before, state)
p, calls = disturb(state, 'count', 0)
same(p.returncode, 0, 'undisturbed: %d calls' % calls) or note(p.stderr)
shutil.rmtree(state)
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    for mode in modes:
        jobs = [(mode, at) for at in range(1, calls + 1, every)]
        answers = list(pool.map(one, jobs))
        bad = ['%s-%d: %s' % (*job, a) for job, a in zip(jobs, answers) if a]
        ok(not bad, '%s at %d calls' % (mode, len(jobs)), '\n'.join(bad))

# ---------------------------------------------- the order of what is written

lint = need_shared('hostile/durability_lint.py')
CALLS = ('openat,creat,write,pwrite64,writev,fsync,fdatasync,rename,renameat,'
         'renameat2,unlink,unlinkat,close')


def join_halves(log):
    """A call another thread's came between stands in two lines; the lint
    knows none of these."""
    begun, lines = {}, []
    with open(log, errors='replace') as f:
        for line in f:
            pid = line.split(' ', 1)[0]
            if line.endswith('<unfinished ...>\n'):
                begun[pid] = line[:-len(' <unfinished ...>\n')]
                continue
            if ' resumed>' in line and pid in begun:
                line = begun.pop(pid) + line.partition(' resumed>')[2]
            lines.append(line)
    write(log, ''.join(lines))


def judge(name, state, *words):
    log = os.path.join(top, 'strace')
    p = mill.run(*words, wrapper=['strace', '-f', '-y', '-e',
                                  'trace=' + CALLS, '-o', log], seconds=120)
    same(p.status, 0, name) or note(p)
    join_halves(log)
    p = subprocess.run([sys.executable, lint, log, '--dir', state, '--final',
                        'all.atom', '--final', 'all.json'],
                       stdout=subprocess.PIPE, text=True)
    ok(p.returncode == 0, 'durability_lint.py: %s' %
       p.stdout.strip().splitlines()[-1], p.stdout)


if shutil.which('strace') is None:
    skip('durability_lint.py', 'strace is not installed')
else:
    judge('a round', mill.state, '-v', 'run', '--once', '--now')
    mill = Mill(binary=RELEASE, fetch={'flood-limit': 0},
                feeds={n: site.source('/' + n) for n in NAMES})
    for n in NAMES:
        site.documents['/' + n] = rss(*items(n, 1, 300))
    judge('a first round of 900 entries', mill.dir, '-v', 'run', '--once',
          '--now')
    judge('an export of 900 posts', mill.dir, 'export', '--format', 'md',
          '--output', mill.dir + '/out')
done()
