#!/usr/bin/env python3
"""What README.md names exists: make targets, verbs and their options,
settings, files; and its example configuration is accepted."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

text = read(os.path.join(ROOT, 'README.md')).decode()
makefile = read(os.path.join(ROOT, 'Makefile')).decode()
code = re.findall(r'`([^`\n]+(?:\n[^`\n]+)?)`', text) + \
    re.findall(r'(?m)^    (\S.*)$', text)
code = [' '.join(c.split()) for c in code]

targets = {m for c in code for m in re.findall(r'\bmake ([a-z-]+)', c)}
known = set(re.findall(r'(?m)^([a-z-]+):', makefile))
ok({'run', 'check', 'demo'} <= targets, 'the main targets are named', targets)
same(sorted(targets - known), [], 'every make target exists')

mill = Mill()
help_ = mill.run('--help').out
verbs = re.findall(r'(?m)^  ([a-z]+) ', help_)
ok(len(verbs) >= 9, 'help lists the verbs', help_)
commands = [c for c in code if re.match(r'(sudo )?feedmill ', c)]
ok(len(commands) >= 6, 'commands are named', code)
for c in commands:
    words = c.split('#')[0].split()[1:]
    while words[0] in ('-c', '--state'):
        words = words[2:]
    rest = words[1:]
    if words[0] in ('check', 'run') or words[0] in verbs:
        while '--state' in rest:
            i = rest.index('--state')
            del rest[i:i + 2]
    if not ok(words[0] in verbs, 'feedmill %s is a verb' % words[0], c):
        continue
    options = [w for w in rest if w.startswith('--')]
    about = mill.run(words[0], '--help').out
    missing = [o for o in options if o not in about]
    same(missing, [], '"%s": its options exist' % c)

for path in sorted(set(re.findall(
        r'`((?:src|include|conf|systemd|tests)/[\w./-]*)`', text))):
    ok(os.path.exists(os.path.join(ROOT, path)), path + ' exists')

example = re.search(r'(?m)^    feeds:\n(?:    .*\n)+', text)
lines = [l[4:] for l in example.group(0).splitlines()]
write(mill.conf, '\n'.join(lines) + '\n')
r = mill.run('check')
same(r.status, 0, 'the example configuration is accepted') or note(r)

shipped = read(os.path.join(ROOT, 'conf/feedmill.yaml')).decode()
for setting in ('listen', 'proxy', 'allow-private-addresses', 'updates',
                'interval'):
    ok(setting in text and re.search(r'(?m)^\s*(# )?%s:' % setting, shipped),
       'setting %s exists' % setting)
matches(r'(?m)^\s*-? ?\[?127\.0\.0\.1:8080|listen:.*127\.0\.0\.1:8080',
        shipped, 'the address is the default one')
done()
