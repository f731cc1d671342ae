#!/usr/bin/env python3
"""Configuration mistakes are all reported at once, each with its place; the
command line says what it did in its exit status."""
import os
import re
import shutil
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

bad = write(os.path.join(good.dir, 'bad.yaml'), 'feedz: {}\n')
fine = write(os.path.join(good.dir, 'fine.yaml'),
             'feeds: {a: {url: https://a.example/}}\n')
r = good.run('check', fine)
same((r.status, 'fine.yaml: ok' in r.out), (0, True),
     'a file is checked in place of the configuration') or note(r)
r = good.run('check', bad, fine)
ok(r.status == 1 and 'bad.yaml:1:1: error' in r.err and
   'fine.yaml: ok' in r.out, 'and so are several', r)

# ------------------------------------------------------------------- conf.d


def lines(r):
    return [line.replace(many.dir + '/', '') for line in r.err.splitlines()]


many = Mill(feeds={'a': {'url': 'https://a.example/'}})
beside = os.path.join(many.dir, 'conf.d')
write(os.path.join(beside, '10 with space.yaml'),
      'feeds:\n  b:\n    url: https://b.example/\n    tittle: B\n')
write(os.path.join(beside, '15.yml'), 'feeds: nonsense\n')
os.mkdir(os.path.join(beside, '20.yaml'))
os.symlink('nowhere', os.path.join(beside, '30.yaml'))
os.symlink('40.yaml', os.path.join(beside, '40.yaml'))
r = many.run('check')
same((r.status, [l for l in lines(r) if l[:1] != ' ']), (1, [
    'conf.d/10 with space.yaml:4:5: error: unknown setting "tittle" in feed '
    '"b"; did you mean "title"?',
    'conf.d/15.yml: warning: not read: in conf.d names end in .yaml',
    'conf.d/20.yaml: error: cannot be read: Is a directory',
    'conf.d/30.yaml: error: cannot be read: No such file or directory',
    'conf.d/40.yaml: error: cannot be read: Too many levels of symbolic '
    'links']), 'what cannot be read in conf.d is named')
shutil.rmtree(beside)
same(many.run('check').status, 0, 'conf.d may be absent')
for what, make in (('Not a directory', lambda: write(beside, '')),
                   ('No such file or directory',
                    lambda: os.symlink('nowhere', beside)),
                   ('Too many levels of symbolic links',
                    lambda: os.symlink('conf.d', beside))):
    make()
    r = many.run('check')
    same((r.status, lines(r)),
         (1, ['conf.d: error: cannot be read: ' + what]),
         'but not be nothing: ' + what)
    os.unlink(beside)
os.mkdir(beside)
for i in range(1001):
    os.symlink('/dev/null', os.path.join(beside, '%d.yaml' % i))
same(lines(many.run('check')),
     ['conf.d: error: cannot be read: too many files'],
     'too many files are not left out in silence')
many.conf = '/dev/zero'
matches('cannot be read: larger than', many.run('check').err,
        'nor is a file too large one that is not there')

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
for library in 'curl', 'expat', 'sqlite', 'libmicrohttpd':
    matches(r'(?m)^  %s \d+\.\d+' % library, r.out, 'and that of ' + library)
r = mill.run('reload')
same(r.status, 69, 'reload without a daemon: 69') or note(r)
done()
