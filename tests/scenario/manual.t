#!/usr/bin/env python3
"""feedmill(8) names what there is, and nothing else: verbs, their options,
outcomes, metrics, events of the log."""
import glob
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

page = read(os.path.join(ROOT, 'src/feedmill.8')).decode()


def section(name, kind='S[sh]'):
    """What stands below a heading, up to the next one of its kind."""
    found = re.search(r'(?ms)^\.%s %s$(.*?)(?=^\.%s |\Z)' %
                      (kind, name, kind), page)
    return found.group(1) if found else ''


def flags(text):
    return set(re.findall(r'(?:\bFl|\|) -([a-z-]+)', text))


# ---------------------------------------------------- the verbs, their options

mill = Mill()
help_ = mill.run('help').out
verbs = re.findall(r'(?m)^  ([a-z]+) ', help_)
common = set(re.findall(r'--([a-z-]+)', help_.split('options:')[1]))
same(set(verbs) - set(re.findall(r'(?m)^\.Ss (\S+)$', page)),
     {'version', 'help'}, 'there is a section for each verb')
synopsis = {}
for call in re.split(r'(?m)^\.Nm\n', section('SYNOPSIS', 'Sh')):
    verb = re.search(r'(?m)^\.Cm ([a-z]+)', call)
    if verb:
        synopsis[verb.group(1)] = synopsis.get(verb.group(1), '') + call
same_set(synopsis, verbs, 'and each is in the synopsis')
for verb in verbs:
    own = mill.run('help', verb).out.split('common options')[0]
    options = set(re.findall(r'--([a-z-]+)', own))
    same(options - flags(section(verb)), set(), verb + ': its options')
    same((flags(section(verb)) | flags(synopsis.get(verb, ''))) - common -
         options, set(), verb + ': and no others')
    short = {l: o for l, o in re.findall(r'-(\w), --([a-z-]+)', own)}
    given = flags(synopsis.get(verb, '')) | {
        short[l] for l in re.findall(r'\bFl (\w)\b', synopsis.get(verb, ''))
        if l in short}
    same(options - given, set(), verb + ': in the synopsis, too')

# ---------------------------------------------------------- while it runs

daemon = mill.start()
answer = get(mill.url + '/metrics').body.decode()
daemon.stop()
told = re.findall(r'(?m)^# HELP (\S+) (.*)$', answer)
ok(len(told) > 20, 'there are metrics', answer)
same(re.findall(r'(?m)^\.It Cm ((?:feedmill|process)_\S+)\n(.*)$',
                section('METRICS')), told, 'each with what it is, in their order')
same_set(re.findall(r'(?m)^\.It Cm (\S+)$', section('OUTCOMES')),
         re.findall(r'(?m)^feedmill_visits_total\{outcome="(\S+)"\}', answer),
         'every outcome')

# -------------------------------------------------------------- the log

events = set()
for path in glob.glob(os.path.join(ROOT, 'src', '**', '*.c'), recursive=True):
    # The log itself tells what it has lost.
    name = 'put_line' if path.endswith('base/log.c') else 'log_event'
    for call in re.findall(r'(?s)\b%s\((?!struct)(.*?)\);' % name,
                           read(path).decode()):
        call = re.split(r'\bLOG_(?:STR|INT)\(', call)[0]
        for text in re.findall(r'(?:"[^"]*"\s*)+', call):
            events.add(''.join(re.findall(r'"([^"]*)"', text)))
ok(len(events) > 20, 'there are events', events)
lines = re.findall(r'(?m)^\.(?:It )?Li (.*)$',
                   section('DIAGNOSTICS', 'Sh').replace('\\\n', ''))
same_set({e.rstrip(' ,.') for l in lines for e in l.split(' , ')}, events,
         'every event')
done()
