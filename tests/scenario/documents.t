#!/usr/bin/env python3
"""Real and hostile documents of ../shared, all through one daemon: it lives,
what it publishes is well-formed and harmless, and asked again it finds
nothing new."""
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

DIRS = ['realfeeds/rss', 'realfeeds/derived-encodings', 'hostile/hostile']
need_shared('realfeeds')
need_shared('hostile')


class Serve:
    """A document without validators; more makes its bytes others."""
    more = b''

    def __init__(self, path):
        self.bytes = read(path)

    def __call__(self, handler):
        return 200, {'Content-Type': 'application/xml'}, \
            self.bytes + Serve.more


site = Site()
feeds = {}
for d in DIRS:
    top = os.path.join(SHARED, d)
    for name in sorted(os.listdir(top)):
        if name.endswith(('.md', '.tsv', '.json', '.opml')):
            continue
        path = '/%d/%s' % (DIRS.index(d), name)
        site.documents[path] = Serve(os.path.join(top, name))
        feeds['%d-%s' % (DIRS.index(d), name)] = site.source(path)

mill = Mill(feeds=feeds, fetch={'flood-limit': 0, 'concurrency-per-host': 8})


def round_is_well(what):
    r = mill.round(seconds=180)
    ok(r.status in (0, 1) and 'Sanitizer' not in r.err,
       what + ': it lives', r)
    visits = r.events('visit')
    same_set([v['source'] for v in visits], feeds,
             what + ': each source has one outcome')
    same(len(visits), len(feeds), what + ': and only one')
    slow = [v for v in visits if int(v.get('took_ms', 0)) > 30000]
    same(slow, [], what + ': none takes for ever')
    broken = [l for l in r.err.splitlines() if l and not logfmt(l)]
    same(broken, [], what + ': every line of the log is an event')
    return visits


def totals(visits):
    return {k: sum(int(v[k]) for v in visits) for k in ('new', 'updated')}


first = totals(round_is_well('first'))
ok(first['new'] > 800, '%d entries are read' % first['new'])
Serve.more = b'\n'
again = totals(round_is_well('again'))
same(again['new'], 0, 'asked again there is nothing new')

bytes_ = read(mill.path('www/all.atom'))
try:
    entries = ET.fromstring(bytes_).findall(
        '{http://www.w3.org/2005/Atom}entry')
except ET.ParseError as e:
    entries = []
    note(e)
ok(len(entries) >= 200, 'the merged feed is well-formed')
contents = [(c.text or '') for e in entries for c in e
            if c.tag.endswith(('}content', '}summary', '}title'))]
# Looked for in tags only, as text it is harmless.
active = re.compile(r'<(script|iframe|object|embed|form|meta|base|style)\b|'
                    r'<[^>]+\s(on\w+\s*=|(href|src)="?\s*(javascript|data:'
                    r'text|vbscript))', re.I)
same([c[:200] for c in contents if active.search(c)], [],
     'nothing active is in it')
schema = os.path.join(ROOT, 'tests/tools/atom.rnc')
if shutil.which('jing'):
    p = subprocess.run(['jing', '-c', schema, mill.path('www/all.atom')],
                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    same((p.returncode, p.stdout[:2000]), (0, b''),
         'it is valid by RFC 4287')
else:
    skip('it is valid by RFC 4287', 'jing is absent')

known = mill.export()
fresh = Mill()
r = fresh.run('import', mill.path('archive'), seconds=180)
same(r.status, 0, 'the archive of all of it is imported') or note(r)
stamps = lambda m: {(k, e['stamp']) for k, e in m.items() if
                    k.startswith('//')}
same_set(stamps(fresh.export()), stamps(known),
         'with the same URLs and stamps')
done()
