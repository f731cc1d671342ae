#!/usr/bin/env python3
"""Configuration mistakes are all reported at once, each with its place; the
command line says what it did in its exit status."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

# (line as written, what its message must speak of)
MISTAKES = [
    ('fetch:', None),
    ('  intervall: 30m', 'interval'),
    ('  timeout: soon', 'timeout'),
    ('  concurrency: -3', 'concurrency'),
    ('  max-size: 10 furlongs', 'max-size'),
    ('  jitter: 10%', None),
    ('  jitter: 20%', 'jitter'),
    ('feeds:', None),
    ('  one:', None),
    ('    url: ftp://example.org/rss', 'http'),
    ('  two:', 'url'),
    ('    title: There is no address', None),
    ('  three:', None),
    ('    url: http://example.org/3', None),
    ('    updates: sometimes', 'updates'),
    ('  four:', None),
    ('    url: http://example.org/4', None),
    ('    filter: {drop-title: "("}', 'drop-title|regular|\\('),
]

mill = Mill()
text = '\n'.join(line for line, _ in MISTAKES) + '\n'
write(mill.conf, text)
wanted = [(i + 1, word) for i, (_, word) in enumerate(MISTAKES) if word]

r = mill.run('check')
same(r.status, 1, 'check exits with 1')
reported = {}
for m in re.finditer(r'^(\S+):(\d+):(\d+): error: (.*)$', r.out + r.err, re.M):
    reported.setdefault(int(m[2]), m[4])
    if m[1] != mill.conf and os.path.basename(m[1]) != 'feedmill.yaml':
        ok(False, 'the file is named', m[0])
same(len(wanted), 9, 'there are nine mistakes')
same_set(reported, [n for n, _ in wanted], 'all are reported in one run') or \
    note(r)
for line, word in wanted:
    matches('(?i)' + word, reported.get(line, ''),
            'line %d is about %s' % (line, word))
matches(r'^\s*[0-9| ]*\s*\^', r.out + r.err, 'a caret shows the place')
matches(r'did you mean.*interval', r.out + r.err, 'a name is suggested')

r = mill.run('run', seconds=20)
same(r.status, 78, 'run exits with 78')
ok(not os.path.exists(mill.path('feedmill.db')), 'and has made no database')

write(mill.conf, 'feeds:\n  a:\n   url: "http://example.org/\n')
r = mill.run('check')
ok(r.status == 1 and re.search(r':\d+:\d+: error: ', r.out + r.err),
   'broken YAML is a mistake with a place', r)

r = Mill(feeds={'a': {'url': 'https://example.org/'}}).run('check')
same((r.status, 'error' in r.err), (0, False), 'a good file passes')
shipped = os.path.join(ROOT, 'conf/feedmill.yaml')
good = Mill()
good.conf = shipped
r = good.run('check')
same(r.status, 0, 'the shipped configuration passes') or note(r)
r = good.run('check', '--dump')
ok(r.status == 0 and 'cn.nytimes.com' in r.out, 'and is dumped', r)
dumped = Mill()
write(dumped.conf, r.out)
again = dumped.run('check', '--dump')
strip = lambda s: re.sub(r'(?m)^#.*\n', '', s)
ok(again.status == 0 and strip(again.out) == strip(r.out).replace(
    good.state, dumped.state), 'the dump loads and dumps the same', again)
good.conf = os.path.join(good.dir, 'no-such.yaml')
ok(good.run('check').status in (1, 78), 'a file that is not there is told')

# --------------------------------------------------------- the command line

VERBS = ['run', 'check', 'parse', 'status', 'reload', 'import', 'export',
         'version', 'help']
mill = Mill()
for words in [['--help'], ['help']] + [[v, '--help'] for v in VERBS]:
    r = mill.run(*words)
    ok(r.status == 0 and r.out.strip() and not r.err.strip(),
       'feedmill %s explains itself' % ' '.join(words), r)
r = mill.run('--help')
same([v for v in VERBS if v not in r.out], [], 'help names every verb')
for words in (['frobnicate'], ['run', '--frobnicate'], [],
              ['export', '--format', 'stone']):
    r = mill.run(*words)
    ok(r.status == 2 and r.err.strip(),
       'feedmill %s is wrong usage: 2' % ' '.join(words), r)
r = mill.run('version')
matches(r'^feedmill \d+\.\d+', r.out, 'version tells the version')
r = mill.run('reload')
same(r.status, 69, 'reload without a daemon: 69') or note(r)
done()
