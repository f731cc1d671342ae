#!/usr/bin/env python3
"""The merged feed: valid, byte-stable, cheap to ask for again, and read by
the programs people use."""
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

ATOM = '{http://www.w3.org/2005/Atom}'

site = Site({
    '/a.xml': rss(
        ('http://a.example/1', 'First & foremost',
         'Sat, 22 Feb 2025 18:08:09 GMT', '<p>One <b>bold</b> word.</p>'),
        ('http://a.example/2', '第二篇文章', 'Sun, 23 Feb 2025 10:00:00 GMT',
         '<p onclick="x()">点击<script>alert(1)</script><img src="/i.png">'
         '</p>'),
        ('http://a.example/3', 'No date at all', '', 'Plain < text')),
    '/b.xml': rss(
        ('https://a.example/1?utm_source=rss', 'First & foremost',
         'Sat, 22 Feb 2025 18:08:09 GMT', 'the same, from elsewhere'),
        ('http://b.example/x?a=1&b=2', '"Quotes" <and> tags',
         'Mon, 24 Feb 2025 08:00:00 +0800', ']]> and &amp;amp; &nbsp;')),
})
mill = Mill(feeds={'a': site.source('/a.xml'), 'b': site.source('/b.xml')})


def published(name='all.atom'):
    return mill.path('www', name)


r = mill.round()
same(r.status, 0, 'a round ends well') or note(r)
ok(os.path.exists(published()), 'the merged feed is there',
   sorted(os.listdir(mill.state)))
first = read(published())
feed = ET.fromstring(first)
same(feed.tag, ATOM + 'feed', 'it is well-formed Atom')
same(len(feed.findall(ATOM + 'entry')), 4,
     'five items of two sources are four entries')
ok(b'<script' not in first and b'onclick' not in first,
   'nothing active is in it')
ids = [e.findtext(ATOM + 'id') for e in feed.findall(ATOM + 'entry')]
same(len(ids), len(set(ids)), 'no entry id is there twice')

schema = os.path.join(ROOT, 'tests/tools/atom.rnc')
if shutil.which('jing') and os.path.exists(schema):
    p = subprocess.run(['jing', '-c', schema, published()],
                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    same((p.returncode, p.stdout), (0, b''), 'it is valid by RFC 4287')
else:
    skip('it is valid by RFC 4287', 'jing is absent')

os.remove(published())
r = mill.round()
same(os.path.exists(published()) and read(published()), first,
     'rendered again it has the same bytes') or note(r)

daemon = mill.start()
url = mill.url + '/all.atom'
full = get(url)
same((full.status, full.body), (200, first), 'the server gives those bytes')
tag = full.headers.get('ETag')
ok(tag and not tag.startswith('W/'), 'with a strong ETag', full.headers)
again = get(url, If_None_Match=tag or '')
same((again.status, again.body), (304, b''), 'asked with its ETag it is 304')
matches(r'application/atom\+xml', full.headers.get('Content-Type', ''),
        'it is called application/atom+xml')
head = get(url, method='HEAD')
same((head.status, head.body, head.headers.get('Content-Length')),
     (200, b'', str(len(first))), 'HEAD answers without a body')
same(get(mill.url + '/no-such').status, 404, 'what is not there is 404')
same(get(mill.url + '/../feedmill.yaml').status in (400, 404), True,
     'nothing outside is given')


def newsboat():
    home = folder()
    urls = write(os.path.join(home, 'urls'), url + '\n')
    cache = os.path.join(home, 'cache.db')
    config = write(os.path.join(home, 'config'), 'error-log "%s/errors"\n'
                   % home)
    env = dict(mill.env(), HOME=home, TERM='dumb', LC_ALL='C.UTF-8')
    base = ['newsboat', '-q', '-u', urls, '-c', cache, '-C', config]
    p = subprocess.run(base + ['-x', 'reload'], env=env, timeout=60,
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT)
    same((p.returncode, p.stdout), (0, b''), 'newsboat reloads quietly')
    errors = os.path.join(home, 'errors')
    same(os.path.exists(errors) and read(errors) or b'', b'',
         'newsboat logs no error')
    import sqlite3
    rows = sqlite3.connect(cache).execute(
        'SELECT url FROM rss_item').fetchall()
    same(len(rows), 4, 'newsboat sees four entries')


def sfeed():
    p = subprocess.run(['sfeed', mill.url + '/'], input=get(url).body,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       timeout=60)
    same((p.returncode, p.stderr), (0, b''), 'sfeed reads without complaint')
    lines = p.stdout.decode().splitlines()
    same(len(lines), 4, 'sfeed sees four entries')
    ok(all(int(l.split('\t')[0]) > 0 for l in lines),
       'sfeed reads every date', '\n'.join(lines))


for program, run in (('newsboat', newsboat), ('sfeed', sfeed)):
    if shutil.which(program):
        run()
    else:
        skip(program, program + ' is absent')
same(daemon.stop(), 0, 'the daemon stops')
done()
